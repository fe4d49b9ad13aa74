"""What a profile leaves in its folder gives the same verdict again, and a damaged one is one line."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from profiles import HANDLER, run
from sse_perf_tool.errors import UsageError
from sse_perf_tool.profiling import folder as folders
from sse_perf_tool.profiling.folder import Facts, drawn_of, judged, keep, keep_records, read_back
from sse_perf_tool.profiling.stacks.heap import Growth
from sse_perf_tool.records.profile import ProfileCost

S = 1_000_000_000
PROCESS = {"pid": 7, "name": "python", "kind": "python", "command": ["python", "a.py"], "cores": 2, "fd_limit": 1000}
SPEEDSCOPE = {
    "shared": {"frames": [{"name": HANDLER.function, "file": HANDLER.file, "line": HANDLER.line}]},
    "profiles": [{"name": 'Process 7 Thread 70 "MainThread"', "samples": [[0]] * 9, "weights": [0.01] * 9}],
}


def looks() -> list[dict[str, Any]]:
    """A core is used from the second 90 s of the clock on, at which the run begins, for ten seconds and two more."""
    rows: list[dict[str, Any]] = [{"process": PROCESS}]
    for number in range(26):
        told = {"pid": 7, "cpu_s": number / 2 * 0.99, "wait_s": 0.0, "rss": 60_000_000, "threads": 3, "fds": 9}
        rows.append({"at_ns": 90 * S + number * S // 2, "own_cpu_s": 0.1, "processes": [told]})
    return rows


FACTS = Facts(
    command="python a.py",
    passes=("doctor", "flame", "heap"),
    origin_ns=90 * S,
    limits=("p50<2s", "loop_delay<9ms"),
    decides=True,
    pyspy=(90 * S, 100 * S, 1),
    died=("status 7", "状态码 7"),
    not_measured=[("this was not", "没有测量")],
    steps=[("server: gone", "服务端：已结束")],
    cost=ProfileCost((10.0, 11.5), (None, 2.0), (5, 50)),
    growth=[Growth(9, "python", [(HANDLER, 8.5)], 10.0, "")],
)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    folder = tmp_path / "p_profile"
    folder.mkdir()
    (folder / folders.PYSPY).write_text(json.dumps(SPEEDSCOPE))
    drawn = drawn_of(folder, FACTS, looks())
    keep(folder, FACTS, looks(), judged(run(), drawn, FACTS, folder), "en")
    return folder


def test_the_same_is_found_again(kept: Path) -> None:
    drawn = drawn_of(kept, FACTS, looks())
    first = judged(run(), drawn, FACTS, kept)
    profile, again = read_back(kept, run())
    assert repr(profile) == repr(first), "not equal as values: NaN is not"
    assert repr(again) == repr(drawn)
    assert [each.name for each in profile.findings] == ["cpu_bound"]
    assert profile.findings[0].where == "handler (shop/app.py:12)"
    assert (profile.not_measured, profile.steps, profile.cost) == (FACTS.not_measured, FACTS.steps, FACTS.cost)
    assert {each.rule for each in profile.targets if each.is_target} >= {"p50<2s", "loop_delay<9ms"}


def test_it_stands_in_the_other_language_too(kept: Path) -> None:
    profile, _ = read_back(kept, run(lang="zh"))
    assert profile.not_measured[0][1] == "没有测量"


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[:-50],
        lambda _text: "[]",
        lambda text: text.replace('"session"', '"other"'),
        lambda text: text.replace('"origin_ns": ', '"origin_ns": "x", "y": '),
        lambda text: text.replace('"loop_delay<9ms"]', '"loop_delay<9"]'),
        lambda text: text.replace('"passes"', '"paths"'),
        lambda text: text.replace('["this was not", ', "["),
    ],
)
def test_a_damaged_folder_is_one_line(kept: Path, change: Any) -> None:
    path = kept / "profile.json"
    before = path.read_text("utf-8")
    path.write_text(change(before), "utf-8")
    assert path.read_text("utf-8") != before
    with pytest.raises(UsageError) as caught:
        read_back(kept, run())
    assert str(caught.value) == f"{path}: is damaged, or of another version; name the records beside it, run.jsonl"


def test_looks_that_are_cut_short_are_read_as_far_as_they_go(kept: Path) -> None:
    path = kept / "processes.jsonl"
    path.write_bytes(path.read_bytes()[:-30])
    _, drawn = read_back(kept, run())
    assert len(drawn.processes[0].at_s) == 25
    path.unlink()
    profile, _ = read_back(kept, run())
    assert profile.processes == []


def test_records_that_were_written_elsewhere_are_in_the_folder_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "mine.jsonl").write_text("line\n")
    keep_records(tmp_path / "a", tmp_path / "mine.jsonl")
    assert (tmp_path / "a" / "run.jsonl").read_text() == "line\n"
    keep_records(tmp_path / "a", tmp_path / "a" / "run.jsonl")
    keep_records(tmp_path / "a", Path(os.devnull))

    def refused(*_: object) -> None:
        raise OSError("no links here")

    monkeypatch.setattr(os, "link", refused)
    (tmp_path / "b").mkdir()
    keep_records(tmp_path / "b", tmp_path / "mine.jsonl")
    assert (tmp_path / "b" / "run.jsonl").read_text() == "line\n"
