"""Each command that reads a file of a run reads a damaged one as far as it goes, and says so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scripted_server import ANSWER, ScriptedServer, Serve
from tool_runs import KEY, Tool


def at(server: ScriptedServer, *more: str) -> list[str]:
    return ["--url", server.url("/v1/chat/completions"), "--api-key", KEY, "--lang", "en", "--quiet",
            "--html-report", "run.html", *more]  # fmt: skip


def document(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(name).read_text(encoding="utf-8"))
    return found


@pytest.fixture
def records(serve: Serve, tool: Tool) -> Path:
    """The records of 30 requests, of which lines 4 and 9 are damaged."""
    assert tool(*at(serve(ANSWER), "--requests", "30", "--records", "whole.jsonl")).status == 0
    lines = Path("whole.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    lines[3] = lines[3].replace('"latency_ms":', '"latency_ms":-')
    lines[8] = lines[8][:100] + "\n"
    Path("damaged.jsonl").write_text("".join(lines), encoding="utf-8")
    return Path("damaged.jsonl")


SAID = "damaged.jsonl: damaged lines skipped: 2, the first is line 4 (latency_ms); their requests are missing"


def test_the_report_is_of_the_whole_lines_and_says_so(tool: Tool, records: Path) -> None:
    ran = tool("report", str(records), "--json", "again.json", "--junit", "again.xml", "--markdown", "again.md",
               "--html-report", "again.html", "--csv", "again.csv")  # fmt: skip
    assert (ran.status, ran.err) == (0, "")
    found = document("again.json")
    assert (found["requests"]["ok"], found["skipped_lines"], found["partial"]) == (28, 2, True)
    assert found["warnings"][0] == SAID
    assert SAID in ran.out
    for name in ("again.html", "again.md"):
        assert SAID in Path(name).read_text(encoding="utf-8")
    for name in ("again.html", "again.md", "again.xml"):
        assert "Damaged lines of the records were skipped" in Path(name).read_text(encoding="utf-8")


def test_a_whole_file_is_not_spoken_of(tool: Tool, records: Path) -> None:
    ran = tool("report", "whole.jsonl", "--json", "again.json", "--html-report", "again.html")
    found = document("again.json")
    assert (ran.status, found["skipped_lines"], found["partial"], found["warnings"]) == (0, 0, False, [])


def test_a_comparison_says_which_file_is_damaged(tool: Tool, records: Path) -> None:
    ran = tool("report", "whole.jsonl", str(records), "--html-report", "both.html", "--lang", "en")
    assert (ran.status, SAID in ran.out) == (0, True)
    assert SAID in Path("both.html").read_text(encoding="utf-8")


def test_a_damaged_baseline_is_of_its_whole_lines_and_says_so(serve: Serve, tool: Tool, records: Path) -> None:
    ran = tool(*at(serve(ANSWER), "--requests", "30", "--json", "run.json", "--baseline", str(records)))
    assert f"--baseline {SAID}" in ran.out
    assert f"--baseline {SAID}" in document("run.json")["warnings"]
    assert document("run.json")["skipped_lines"] == 0


def test_settings_of_damaged_records_are_those_of_their_header(serve: Serve, tool: Tool, records: Path) -> None:
    ran = tool("--config", str(records), "--api-key", KEY, "--json", "run.json")
    assert (ran.status, document("run.json")["requests"]["ok"]) == (0, 30)
    Path("headless.jsonl").write_text('{"schema": "sse-perf-records/1", "conf', encoding="utf-8")
    ran = tool("--config", "headless.jsonl", "--api-key", KEY)
    assert (ran.status, ran.out, ran.err.count("\n")) == (2, "", 1)


def test_a_search_goes_on_from_a_damaged_file_and_says_so(serve: Serve, tool: Tool) -> None:
    search = ["capacity", *at(serve(ANSWER)), "--sweep", "1,2", "--step-duration", "0.3", "--pause", "0",
              "--resume", "steps.jsonl"]  # fmt: skip
    assert tool(*search).status in (0, 99)
    lines = Path("steps.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    assert len(lines) == 3
    Path("steps.jsonl").write_text(lines[0] + lines[1][:50] + "\n" + lines[2], encoding="utf-8")
    ran = tool(*search, "--json", "capacity.json")
    assert (
        "--resume steps.jsonl: damaged lines skipped: 1, the first is line 2; their steps are measured again" in ran.out
    )
    assert sorted(step["level"] for step in document("capacity.json")["steps"]) == [1, 2]
    assert len(Path("steps.jsonl").read_text(encoding="utf-8").splitlines()) == 4


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_full_disk_under_the_steps_costs_the_steps_only(serve: Serve, tool: Tool) -> None:
    ran = tool("capacity", *at(serve(ANSWER)), "--sweep", "1", "--step-duration", "0.3", "--pause", "0",
               "--resume", "/dev/full", "--json", "capacity.json")  # fmt: skip
    assert ran.out.count("/dev/full: cannot be written: No space left on device: the search goes on") == 1
    assert "the steps are not whole: /dev/full: No space left on device: 2 lines are missing" in ran.out
    assert ran.err == "sse_perfTestTool.py: /dev/full: cannot be written: No space left on device\n"
    assert ran.status in (4, 99)  # 99 where one of the few requests was too slow
    assert len(document("capacity.json")["steps"]) == 1
