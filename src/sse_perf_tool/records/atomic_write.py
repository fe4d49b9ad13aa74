"""Files that are whole or not there: written beside their place and renamed into it.

A full disk, a crash or a second run leaves the file of before as it was, because the new one takes its place only when
all of it is on the disk.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from pathlib import Path

PRIVATE, USUAL = 0o600, 0o666
"""Modes of new files: for their owner alone, and as the umask wants it."""

NO_ROOM_BESIDE = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
"""The folder takes no new file, though the file itself may be writable ..."""
_STAYS_IN_PLACE = frozenset({errno.EBUSY, errno.EXDEV, errno.ETXTBSY})
"""... or the file cannot be renamed over, as one that was mounted into a container."""
_NO_SYNC = frozenset({errno.EINVAL, errno.ENOTSUP, errno.ENOSYS})
"""What file systems say that have no `fsync`."""

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


def write_atomically(path: str | Path, data: bytes, *, private: bool = False) -> None:
    """Puts `data` into the file `path`; OSError that names it when that fails, and then the file is as it was.

    `private`: the file is for its owner alone (0600), as it holds queries.  Else a file that is there keeps its mode.
    A symbolic link stays one.  Devices, pipes and what standard output goes to are written to directly, and so is a
    file that cannot be renamed over.
    """
    place = Path(path)
    try:
        if (stream := standard_stream(place)) is not None:
            _fill(stream, data)
        elif not is_regular(place):
            place.write_bytes(data)
        else:
            _replace(Path(os.path.realpath(place)), data, private)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def is_regular(path: Path) -> bool:
    """Whether `path` is an ordinary file or not there at all: no device, no pipe."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except FileNotFoundError:
        return True


def standard_stream(path: Path) -> int | None:
    """1 or 2 when `path` is what standard output or the error output goes to, as /dev/stdout is; else None.

    Opening it once more would begin at its front, over what stands there.
    """
    for stream in (1, 2):
        with contextlib.suppress(OSError):
            if os.path.samestat(path.stat(), os.fstat(stream)):
                return stream
    return None


def _replace(path: Path, data: bytes, private: bool) -> None:
    beside = path.with_name(f".{path.name[:100]}.{secrets.token_hex(6)}.part")
    try:
        file = os.open(beside, _NEW, PRIVATE if private else USUAL)
    except OSError as error:
        if error.errno not in NO_ROOM_BESIDE or not path.exists():
            raise
        _write_in_place(path, data, private)
        return
    try:
        try:
            _fill(file, data)
            sync(file)
            if not private:
                _take_after(file, path)
        finally:
            os.close(file)
        _rename(beside, path, data, private)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise


def _fill(file: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]


def sync(file: int) -> None:
    """Waits until the file is on the disk: some disks are full only then."""
    try:
        os.fsync(file)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise


def _take_after(file: int, path: Path) -> None:
    """Gives the new file the mode and the owner of the old one, if there is one."""
    if not path.exists() or not hasattr(os, "fchown"):
        return
    old, new = path.stat(), os.fstat(file)
    with contextlib.suppress(PermissionError):
        if (old.st_uid, old.st_gid) != (new.st_uid, new.st_gid):
            os.fchown(file, old.st_uid, old.st_gid)
        os.fchmod(file, stat.S_IMODE(old.st_mode))


def _rename(beside: Path, path: Path, data: bytes, private: bool) -> None:
    try:
        beside.replace(path)
    except OSError as error:
        if error.errno not in _STAYS_IN_PLACE:
            raise
        _write_in_place(path, data, private)
        beside.unlink()


def _write_in_place(path: Path, data: bytes, private: bool) -> None:
    """Room is asked for first, so that a full disk is known before the old content is gone."""
    with path.open("r+b") as file:
        if private:
            only_for_owner(file.fileno())
        if data and hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, len(data))
        file.write(data)
        file.truncate()
        file.flush()
        sync(file.fileno())


def only_for_owner(file: int) -> None:
    """Mode 0600 for an open file, where there are modes and it is ours."""
    if hasattr(os, "fchmod"):
        with contextlib.suppress(PermissionError):
            os.fchmod(file, PRIVATE)
