"""Writes files line by line during a run: records, and the steps of a search.

Each line is handed to the operating system as one write, so a process that is killed leaves whole lines.  A line that
cannot be written (a full disk) ends the file, and nothing else: `LineWriter.error` says why, `missing` how many lines
are not in it.

Two runs never write one file: whoever opens it locks it.  A file that holds something already stays as it is until the
run is over: the new lines go into one beside it, which then takes its place.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from io import FileIO
from pathlib import Path
from typing import Protocol

from ..errors import UsageError
from ..texts import Texts, printable, speaker, unwritten
from .atomic_write import NO_ROOM_BESIDE, PRIVATE, is_regular, only_for_owner, standard_stream, sync
from .file import record_line
from .request import RequestRecord

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

TEXTS: Texts = {
    "taken": (
        "{path}: another run is writing this file; name another one",
        "{path}：另一次运行正在写入此文件，请换一个文件名",
    ),
    "left": (
        "{path}: a run with this name did not come to its end; its records are in {left} (`report {left}` shows them)",
        "{path}：同名的一次测试没有正常结束，其记录在 {left} 中（可用 `report {left}` 查看）",
    ),
}


_TAKEN = (errno.EWOULDBLOCK, errno.EAGAIN)
"""Another process has locked the file."""
_OPEN = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)


class Lines(Protocol):
    """What takes the lines of a run."""

    missing: int

    def write(self, line: str) -> None: ...

    def write_request(self, record: RequestRecord, shift_ns: int) -> None:
        """Takes a finished request; `shift_ns` as `record_line` has it."""
        self.write(record_line(record, shift_ns))


class Tee(Lines):
    """Lines for a file, if there is one, and for somebody who listens."""

    def __init__(self, file: LineWriter | None, listener: Lines) -> None:
        self.file, self.listener = file, listener

    @property
    def missing(self) -> int:
        """Lines that are not in the file."""
        return 0 if self.file is None else self.file.missing

    @missing.setter
    def missing(self, number: int) -> None:
        if self.file is not None:
            self.file.missing = number

    def write(self, line: str) -> None:
        """Hands a line to both."""
        if self.file is not None:
            self.file.write(line)
        self.listener.write(line)

    def write_request(self, record: RequestRecord, shift_ns: int) -> None:
        """Hands a request to both."""
        if self.file is not None:
            self.file.write_request(record, shift_ns)
        self.listener.write_request(record, shift_ns)


class LineWriter(Lines):
    """A file that takes lines, opened without a buffer.

    `shared`: other processes append to it as well.  `on_error` is called once, when a line could not be written.
    """

    def __init__(self, file: FileIO | None, path: Path, *, shared: bool = False) -> None:
        self.path = path
        self.error: OSError | None = None
        """Why nothing more is written; None while all is well."""
        self.missing = 0
        """Lines that are not in the file."""
        self.left: Sequence[Path] = ()
        """Files beside the one asked for, which runs with its name have left that were killed or had no room."""
        self.on_error: Callable[[OSError], None] = lambda _error: None
        self._lock = threading.Lock()
        self._file = file
        self._shared = shared

    @classmethod
    def appending(cls, path: Path) -> LineWriter:
        """Writes behind what others write to the same file; one that cannot be opened is as one that is full."""
        try:
            return cls(FileIO(str(path), "a"), path, shared=True)
        except OSError as error:
            writer = cls(None, path, shared=True)
            writer.error = error
            return writer

    def write(self, line: str) -> None:
        """Hands a line, given without its end, to the system."""
        if self.error is not None or self._file is None:
            self.missing += 1
            return
        rest = data = memoryview(line.encode("utf-8", "replace") + b"\n")
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            self.missing += 1
            self._end_line(len(data) - len(rest))
            self.fail(error)

    def fail(self, error: OSError) -> None:
        """From now on nothing is written, because of `error`; the first one counts."""
        with self._lock:
            if self.error is not None:
                return
            self.error = OSError(error.errno, error.strerror, str(self.path))
        self.on_error(self.error)

    def _end_line(self, written: int) -> None:
        """Takes a line back of which only so many bytes are there; where others write, too, it gets its end."""
        if not written or self._file is None:
            return
        with contextlib.suppress(OSError):  # it is said already
            if self._shared or not self._file.seekable():
                self._file.write(b"\n")
            else:
                self._file.truncate(self._file.tell() - written)

    def close(self) -> None:
        """Waits until it is on the disk; what fails now is an error as any other."""
        if self._file is None:
            return
        try:
            if self.error is None and _is_file(self.path):
                sync(self._file.fileno())
            self._file.close()
        except OSError as error:
            self.fail(error)

    def take_the_place_of(self, path: Path) -> None:
        """Renames the file, which is closed and whole; where that fails it stays under its own name."""
        try:
            self.path.replace(os.path.realpath(path))
            self.path = path
        except OSError as error:
            self.error = OSError(error.errno, error.strerror, str(path))


@contextlib.contextmanager
def new_lines(path: Path, lang: str) -> Iterator[LineWriter]:
    """A new file of lines for its owner alone; UsageError, in `lang`, when it cannot be opened or another run has it.

    `LineWriter.path` is where the lines go: `path` itself, or a file beside it if `path` holds something.  That one is
    renamed at the end, unless a line is missing or an exception goes through.
    """
    with contextlib.ExitStack() as stack:
        with _said(path, lang):
            place = _locked(stack, path, lang) if _is_file(path) else None
            left = _left_beside(path) if place is not None else []
            writer = _beside(path) if place is not None and os.fstat(place.fileno()).st_size else None
            if writer is None:
                writer = LineWriter(place or _stream(stack, path), path)
                if place is not None:
                    place.truncate(0)
            writer.left = left
        try:
            yield writer
        except BaseException:
            writer.close()
            raise
        writer.close()
        if writer.path != path and writer.error is None:
            if fcntl is None and place is not None:
                place.close()  # Windows renames no file over one that is open
            writer.take_the_place_of(path)


def left_behind(path: Path) -> list[Path]:
    """What runs that were killed, or had no room, have left beside a file.

    Nothing while another run writes it, as one of them is its.
    """
    if fcntl is not None and _is_file(path):
        with contextlib.suppress(FileNotFoundError), FileIO(str(path)) as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError as error:
                if error.errno in _TAKEN:
                    return []
    return _left_beside(path)


def said_of_left(path: Path, left: Sequence[Path], lang: str) -> str:
    """One line about the files `left` beside `path`."""
    names = " ".join(printable(str(path.with_name(each.name))) for each in left)
    return speaker(TEXTS, lang)("left", path=printable(str(path)), left=names)


@contextlib.contextmanager
def more_lines(path: Path, keep: int, lang: str) -> Iterator[LineWriter]:
    """A file of lines that is written on behind its first `keep` bytes; otherwise as `new_lines`."""
    with contextlib.ExitStack() as stack:
        with _said(path, lang):
            file = _locked(stack, path, lang) if _is_file(path) else _stream(stack, path)
            if _is_file(path):
                only_for_owner(file.fileno())
                file.truncate(keep)
                file.seek(keep)
        writer = LineWriter(file, path)
        try:
            yield writer
        finally:
            writer.close()


@contextlib.contextmanager
def _said(path: Path, lang: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UsageError(unwritten(path, error, lang)) from error


def _is_file(path: Path) -> bool:
    return is_regular(path) and standard_stream(path) is None


def _stream(stack: contextlib.ExitStack, path: Path) -> FileIO:
    """A device, a pipe, or what standard output goes to: written to as it is."""
    number = standard_stream(path)
    return stack.enter_context(FileIO(str(path) if number is None else os.dup(number), "w"))


def _locked(stack: contextlib.ExitStack, path: Path, lang: str) -> FileIO:
    """The file, opened for reading and writing with what it holds, and locked for as long as it is open."""
    file = stack.enter_context(
        FileIO(os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), PRIVATE), "r+")
    )
    if fcntl is not None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in _TAKEN:
                raise UsageError(speaker(TEXTS, lang)("taken", path=printable(str(path)))) from None
            # A file system without locks: then nobody can tell whether it is taken.
    return file


def _left_beside(path: Path) -> list[Path]:
    """The files that `_beside` has made beside this one, those with something in them, by number."""
    place = Path(os.path.realpath(path))
    name = re.compile(re.escape(f"{place.stem}.part") + r"(?:_([0-9]+))?" + re.escape(place.suffix))
    with contextlib.suppress(OSError):  # a folder that may not be listed: then there is nothing to be said of it
        found = [(int(match[1] or 1), each) for each in place.parent.iterdir() if (match := name.fullmatch(each.name))]
        return [each for _, each in sorted(found) if each.is_file() and each.stat().st_size]
    return []


def _beside(path: Path) -> LineWriter | None:
    """A new file beside this one, RUN.part.jsonl, RUN.part_2.jsonl, ...; None where the folder takes none."""
    place = Path(os.path.realpath(path))
    for number in itertools.count(1):
        name = place.with_name(f"{place.stem}.part{f'_{number}' if number > 1 else ''}{place.suffix}")
        try:
            file = os.open(name, _OPEN | os.O_EXCL, PRIVATE)
        except FileExistsError:
            continue
        except OSError as error:
            if error.errno in NO_ROOM_BESIDE:
                return None
            raise
        return LineWriter(FileIO(file, "r+"), name)
    return None
