"""Files of lines: what a full disk and a second run do to them."""

from __future__ import annotations

import errno
import io
import stat
from pathlib import Path
from typing import Any

import pytest

from sse_perf_tool.errors import UsageError
from sse_perf_tool.records.writer import LineWriter, left_behind, more_lines, new_lines, said_of_left


class Disk(io.FileIO):
    """A file on a disk with `room` bytes, which takes of a line what there is room for."""

    def __init__(self, path: Path, room: int, mode: str = "w") -> None:
        super().__init__(str(path), mode)
        self.room = room

    def write(self, data: Any) -> int:
        if self.room <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        taken = super().write(bytes(data)[: self.room])
        self.room -= taken
        return taken


def mode_of(path: Path) -> str:
    return oct(stat.S_IMODE(path.stat().st_mode))


def test_a_line_for_which_there_is_half_the_room_is_taken_back(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    said: list[OSError] = []
    writer = LineWriter(Disk(path, 15), path)
    writer.on_error = said.append
    for line in ("123456789", "987654321", "no more"):
        writer.write(line)
    writer.close()
    assert path.read_text() == "123456789\n"
    assert (writer.missing, str(said)) == (2, f"[OSError({errno.ENOSPC}, 'No space left on device')]")
    assert said[0].filename == str(path)


def test_where_others_write_too_a_cut_line_gets_its_end(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    disk = Disk(path, 15, "a")
    writer = LineWriter(disk, path, shared=True)
    writer.write("123456789")
    end_line = writer._end_line
    writer._end_line = lambda written: (setattr(disk, "room", 99), end_line(written))  # type: ignore[assignment]
    writer.write("987654321")
    with path.open("a") as other:
        other.write("whole\n")
    assert path.read_text() == "123456789\n98765\nwhole\n"


def test_a_new_file_is_for_its_owner_and_written_in_its_place(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    with new_lines(path, "en") as writer:
        writer.write("one")
        assert (writer.path, path.read_text()) == (path, "one\n")
    assert mode_of(path) == "0o600"


def test_a_file_that_is_there_stays_until_the_end(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text("old\n")
    path.chmod(0o644)
    with new_lines(path, "en") as writer:
        writer.write("new")
        assert (path.read_text(), writer.path) == ("old\n", tmp_path / "r.part.jsonl")
        assert writer.path.read_text() == "new\n"
    assert (path.read_text(), writer.path) == ("new\n", path)
    assert mode_of(path) == "0o600"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_is_there_stays_for_good_when_a_line_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text("old\n")
    with new_lines(path, "en") as writer:
        writer.write("new")
        writer.fail(OSError(errno.ENOSPC, "No space left on device"))
    assert (path.read_text(), (tmp_path / "r.part.jsonl").read_text()) == ("old\n", "new\n")


def test_what_a_run_that_was_killed_has_left_beside_is_not_written_over(tmp_path: Path) -> None:
    path, left = tmp_path / "r.jsonl", tmp_path / "r.part.jsonl"
    path.write_text("old\n")
    left.write_text("left\n")
    with new_lines(path, "en") as writer:
        assert writer.path == tmp_path / "r.part_2.jsonl"
        assert writer.left == [left]
        assert left_behind(path) == [], "one of the two is of a run that goes on"
    assert left.read_text() == "left\n"
    assert left_behind(path) == [left]


def test_what_is_left_behind_is_known_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "r[1].jsonl"
    ours = [tmp_path / f"r[1].part{number}.jsonl" for number in ("", "_2", "_10")]
    for place in (*ours, tmp_path / "r1.part.jsonl", tmp_path / "r[1].part_x.jsonl", tmp_path / "r[1].part.json"):
        place.write_text("left\n")
    (tmp_path / "r[1].part_3.jsonl").touch()
    assert left_behind(path) == ours, "the file itself may be gone, and what is empty is nothing"
    said = said_of_left(Path("r[1].jsonl"), ours[:1], "en")
    assert said == (
        "r[1].jsonl: a run with this name did not come to its end; its records are in r[1].part.jsonl"
        " (`report r[1].part.jsonl` shows them)"
    )


@pytest.mark.parametrize("before", ["", "old\n"])
def test_a_second_run_is_refused_and_spoils_nothing(tmp_path: Path, before: str) -> None:
    pytest.importorskip("fcntl", reason="this system has no locks of files")
    path = tmp_path / "r.jsonl"
    path.write_text(before)
    with new_lines(path, "en") as first:
        first.write("first")
        with pytest.raises(UsageError, match=r"^\S+r\.jsonl: another run is writing this file; name another one$"):
            new_lines(path, "en").__enter__()
        with pytest.raises(UsageError, match="另一次运行正在写入此文件"):
            more_lines(path, 0, "zh").__enter__()
    assert path.read_text() == "first\n"
    with new_lines(path, "en") as again:
        again.write("again")
    assert path.read_text() == "again\n"


def test_a_link_to_a_file_stays_one(tmp_path: Path) -> None:
    real, link = tmp_path / "real.jsonl", tmp_path / "link.jsonl"
    real.write_text("old\n")
    link.symlink_to(real)
    with new_lines(link, "en") as writer:
        writer.write("new")
    assert link.is_symlink()
    assert real.read_text() == "new\n"


def test_more_lines_go_behind_those_that_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "steps.jsonl"
    path.write_text("one\ncut he")
    with more_lines(path, 4, "en") as writer:
        writer.write("two")
    assert path.read_text() == "one\ntwo\n"
    assert mode_of(path) == "0o600"


def test_a_process_that_cannot_open_the_file_goes_on(tmp_path: Path) -> None:
    writer = LineWriter.appending(tmp_path / "nowhere" / "r.jsonl")
    writer.write("line")
    writer.close()
    assert writer.error is not None
    assert (writer.error.errno, writer.missing) == (errno.ENOENT, 1)
