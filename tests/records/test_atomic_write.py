"""A file is whole, or as it was before."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from sse_perf_tool.records import atomic_write
from sse_perf_tool.records.atomic_write import write_atomically

no_space = OSError(errno.ENOSPC, "No space left on device")


def mode_of(path: Path) -> str:
    return oct(stat.S_IMODE(path.stat().st_mode))


@pytest.mark.parametrize("call", ["write", "fsync", "replace"])
def test_what_fails_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    path = tmp_path / "run.json"
    path.write_bytes(b"old")

    def fail(*_given: object, **_named: object) -> int:
        raise no_space

    monkeypatch.setattr(*((Path, "replace") if call == "replace" else (os, call)), fail)
    with pytest.raises(OSError, match="No space left") as caught:
        write_atomically(path, b"new")
    assert caught.value.filename == str(path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_new_file_that_cannot_be_written_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _file: (_ for _ in ()).throw(no_space))
    with pytest.raises(OSError, match="No space left"):
        write_atomically(tmp_path / "run.json", b"new")
    assert list(tmp_path.iterdir()) == []


def test_modes(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_atomically(tmp_path / "run.csv", b"1")
        write_atomically(tmp_path / "run.json", b"1", private=True)
    finally:
        os.umask(before)
    assert (mode_of(tmp_path / "run.csv"), mode_of(tmp_path / "run.json")) == ("0o640", "0o600")
    for name in ("run.csv", "run.json"):
        (tmp_path / name).chmod(0o664)
    write_atomically(tmp_path / "run.csv", b"2")
    write_atomically(tmp_path / "run.json", b"2", private=True)
    assert (mode_of(tmp_path / "run.csv"), mode_of(tmp_path / "run.json")) == ("0o664", "0o600")


def test_a_link_stays_one_and_its_target_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "real.json").write_bytes(b"old")
    (tmp_path / "link.json").symlink_to("real.json")
    write_atomically(tmp_path / "link.json", b"new")
    assert (tmp_path / "link.json").is_symlink()
    assert (tmp_path / "real.json").read_bytes() == b"new"


def test_a_pipe_is_written_to_and_stays(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    write_atomically(pipe, b"through")
    reader.join(10)
    assert read == [b"through"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.skipif(not Path("/dev/stdout").exists(), reason="no /dev/stdout on this system")
def test_standard_output_into_a_file_is_written_on(tmp_path: Path) -> None:
    code = "import os\nfrom sse_perf_tool.records.atomic_write import write_atomically\n"
    code += "os.write(1, b'before ')\nwrite_atomically('/dev/stdout', b'json ')\nos.write(1, b'after')\n"
    with (tmp_path / "out.txt").open("wb") as out:
        subprocess.run([sys.executable, "-c", code], stdout=out, check=True)
    assert (tmp_path / "out.txt").read_bytes() == b"before json after"


@pytest.mark.parametrize("reason", [errno.EACCES, errno.EROFS])
def test_a_folder_that_takes_no_file_is_gone_round(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reason: int
) -> None:
    path = tmp_path / "run.json"
    path.write_bytes(b"old and longer")

    def refuse(*_given: object) -> int:
        raise OSError(reason, os.strerror(reason))

    monkeypatch.setattr(atomic_write.os, "open", refuse)
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    with pytest.raises(OSError, match=os.strerror(reason)):
        write_atomically(tmp_path / "other.json", b"new")


def test_a_file_that_cannot_be_renamed_over_is_filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "run.json"
    path.write_bytes(b"old and longer")

    def busy(*_given: object) -> None:
        raise OSError(errno.EBUSY, "Device or resource busy")

    monkeypatch.setattr(Path, "replace", busy)
    write_atomically(path, b"new", private=True)
    assert path.read_bytes() == b"new"
    assert mode_of(path) == "0o600"
    assert list(tmp_path.iterdir()) == [path]
