"""`calibrate` and `--calibrate` from the command line, with measurements that take no time."""

from __future__ import annotations

import json
import os
import signal
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scripted_server import ANSWER, Serve
from sse_perf_tool.calibration import command
from sse_perf_tool.calibration.measure import Calibrator
from sse_perf_tool.records import Calibration, Compared
from tool_runs import Tool


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch, found: Calibration) -> list[int]:
    """The loads that were measured; the error is a ms for each 200 threads."""
    loads: list[int] = []

    def measure(calibrator: Calibrator, threads: int, duration_s: float = 3.0) -> Calibration:
        loads.append(threads)
        errors = {"p50": Compared(50.0, 50.0 + threads / 200, threads / 200)}
        return replace(
            found, threads=threads, itl_ms=calibrator.itl_ms, ttft=errors, gaps={}, busiest_second_chunks=threads * 1000
        )

    monkeypatch.setattr(Calibrator, "measure", measure)
    return loads


def test_calibrate_prints_the_table_and_how_far_the_machine_goes(tool: Tool, measured: list[int]) -> None:
    status, out, err = tool("calibrate", "--threads", "10", "--itl-ms", "5")
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].startswith("Calibration: 10 threads, a chunk every 5 ms each, 3.1 s")
    assert "Highest load of this machine, at gaps of 5 ms" in lines
    assert "  error up to 1 ms     192 threads, 192,000 chunks/s (limit: the tool)" in lines
    assert measured[:4] == [10, 64, 128, 256]
    assert sum(f"{threads:>9,} " in out for threads in set(measured[1:])) == len(set(measured[1:]))


def test_quick_leaves_the_ladder_out(tool: Tool, measured: list[int]) -> None:
    _, out, _ = tool("calibrate", "--quick")
    assert measured == [50]
    assert "How far" not in out


def test_the_json_file_has_the_calibration_the_ladder_and_the_limits(tool: Tool, measured: list[int]) -> None:
    status, out, _ = tool("calibrate", "--json", "c.json", "--lang", "zh")
    document = json.loads(Path("c.json").read_text(encoding="utf-8"))
    assert status == 0
    assert "c.json" in out
    assert document["schema"] == "sse-perf-calibration/1"
    assert document["calibration"]["threads"] == 50
    assert document["calibration"]["ttft"]["p50"] == {"truth_ms": 50.0, "reported_ms": 50.25, "error_ms": 0.25}
    assert [one["threads"] for one in document["ladder"]] == measured[1:]
    assert [(one["error_ms"], one["threads"], one["limited_by"]) for one in document["limits"]] == [
        (1.0, 192, "tool"),
        (10.0, 1792, "tool"),
    ]


def test_a_ladder_begins_no_load_when_its_time_is_up(measured: list[int], found: Calibration) -> None:
    times = iter(range(0, 1000, 15))  # each look at the clock finds it 15 s later
    said: list[str] = []
    tried, limits = command.climb(Calibrator(20.0, None, 2), found, said.append, lambda: next(times))
    assert [one.threads for one in tried] == measured == [64, 128, 256]
    assert [limit.threads for limit in limits] == [128, 256]


def test_a_json_file_that_cannot_be_written_is_said(tool: Tool, measured: list[int], monkeypatch: Any) -> None:
    def full(_file: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    status, out, err = tool("calibrate", "--quick", "--json", "c.json")
    assert (status, err) == (1, "sse_perfTestTool.py: c.json: cannot be written: No space left on device\n")
    assert "TTFT" in out


def test_ctrl_c_ends_it_with_130(tool: Tool, monkeypatch: pytest.MonkeyPatch) -> None:
    measure = Calibrator.measure

    def interrupted(*asked: Any, **more: Any) -> Calibration:
        threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
        return measure(*asked, **more)

    monkeypatch.setattr(Calibrator, "measure", interrupted)
    status, out, err = tool("calibrate", "--threads", "2")
    assert (status, out, err) == (130, "", "")


def test_a_run_with_calibrate_has_it_on_the_console_and_in_its_files(
    serve: Serve, tool: Tool, measured: list[int]
) -> None:
    server = serve(ANSWER)
    url = ["--url", server.url("/v1/chat/completions"), "--api-key", "-"]
    files = ["--json", "run.json", "--records", "run.jsonl", "--html-report", "run.html"]
    status, out, _ = tool(*url, *files, "--threads", "3", "--calibrate", "--itl-ms", "7")
    assert (status, measured) == (0, [3])
    assert "  calibration       3 threads, a chunk every 7 ms each: 2,354 chunks/s" in out
    assert "  error in ms       TTFT P50 +0.015; gap n/a" in out
    trust = json.loads(Path("run.json").read_text(encoding="utf-8"))["trust"]
    assert (trust["calibration"]["threads"], trust["calibration"]["itl_ms"]) == (3, 7.0)
    tool("report", "run.jsonl", "--json", "again.json", "--html-report", "again.html")
    assert json.loads(Path("again.json").read_text(encoding="utf-8"))["trust"] == trust


def test_a_run_without_it_has_none(serve: Serve, tool: Tool) -> None:
    tool("--url", serve(ANSWER).url("/v1/chat/completions"), "--api-key", "-", "--json", "run.json")
    document = json.loads(Path("run.json").read_text(encoding="utf-8"))
    assert (document["trust"]["calibration"], document["config"]["calibrate_itl_ms"]) == (None, None)


def test_ctrl_c_in_the_calibration_sends_nothing_to_the_service(
    serve: Serve, tool: Tool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_calibrator: Calibrator, _threads: int) -> Calibration:
        raise KeyboardInterrupt

    monkeypatch.setattr(Calibrator, "measure", interrupted)
    server = serve(ANSWER)
    status, _, _ = tool("--url", server.url("/v1/chat/completions"), "--api-key", "-", "--calibrate")
    assert (status, server.requests) == (130, [])
