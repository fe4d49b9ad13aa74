"""Names of files and folders do not push a table over the width of a terminal."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from report_runs import STARTED_UNIX_NS, whole_answer
from sse_perf_tool.cli import Environment, main
from sse_perf_tool.records import RunConfig
from sse_perf_tool.records.file import RecordsHeader, header_line, record_line
from sse_perf_tool.texts import clip_middle, display_width


def write_records(path: Path) -> None:
    """A records file of two answers."""
    lines = [header_line(RecordsHeader(RunConfig(), STARTED_UNIX_NS))]
    lines += [record_line(whole_answer(number), STARTED_UNIX_NS) for number in (1, 2)]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")


def compared(*argv: str) -> str:
    """What the console shows of these files beside each other."""
    out = io.StringIO()
    assert main(["report", *argv, "--html-report", "page.html"], Environment(out, io.StringIO(), {})) == 0
    assert max(map(display_width, out.getvalue().splitlines())) <= 80
    return out.getvalue()


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("folder", ["a" * 120, "很长的文件夹" * 12])
def test_a_comparison_is_80_columns_wide_in_a_folder_of_any_name(lang: str, folder: str) -> None:
    paths = [Path(folder, run, "run.jsonl").absolute() for run in ("monday", "tuesday")]
    for path in paths:
        write_records(path)
    out = compared(*map(str, paths), "--lang", lang)
    assert "  A  monday/run.jsonl: 2" in out
    assert "  B  tuesday/run.jsonl: 2" in out


def test_a_file_with_a_long_name_is_shown_by_its_begin_and_end() -> None:
    for name in ("before", "after"):
        write_records(Path(f"{name}-{'x' * 150}-of-june.jsonl"))
    out = compared(*sorted(map(str, Path().glob("*.jsonl"))))
    assert "  A  after-xx" in out
    assert "  B  before-xx" in out
    assert out.count("xxx-of-june.jsonl: 2 requests, 100 % ok") == 2


def test_one_file_given_twice_is_named_in_full() -> None:
    write_records(Path("run.jsonl"))
    assert compared("run.jsonl", "run.jsonl").count("  run.jsonl: 2") == 2


def test_text_is_cut_in_its_middle() -> None:
    assert clip_middle("abcdefghij", 10) == "abcdefghij"
    assert clip_middle("abcdefghijk", 10) == "abcd…ghijk"
    assert clip_middle("你好abcdefghijk", 9) == "你好…hijk"
    assert all(display_width(clip_middle("你a" * 9, width)) <= width for width in range(2, 30))
