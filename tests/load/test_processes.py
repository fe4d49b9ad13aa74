"""A run over several processes is one run: same requests, same figures, and a lost process is said."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from patience import FOREVER_S, PROMPT_S, undisturbed
from scripted_server import DONE, Serve, chunked, token
from sse_perf_tool.load.run import LoadRun
from sse_perf_tool.masking import Masker
from sse_perf_tool.providers import Query, QueryProvider
from sse_perf_tool.records import RunConfig
from sse_perf_tool.request.body import BodyBuilder
from sse_perf_tool.request.target import Target

pytestmark = pytest.mark.measures_processes

ROOT = Path(__file__).resolve().parents[2]
ANSWER = chunked(token("a"), 0.05, token("b"), DONE)
SLOW = chunked(token("a"), *[0.1, token("b")] * 100, DONE)


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Any]:
    running: list[subprocess.Popen[str]] = []

    def start(url: str, *more: str) -> subprocess.Popen[str]:
        command = [sys.executable, str(ROOT / "sse_perfTestTool.py"), "--url", url, "--api-key", "app-0123456789"]
        outputs = ["--json", "run.json", "--records", "run.jsonl", "--html-report", "run.html", "--lang", "en"]
        running.append(
            subprocess.Popen(
                [*command, *outputs, *more],
                cwd=tmp_path,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
        return running[-1]

    yield start
    for process in running:
        if process.poll() is None:
            process.kill()
        process.communicate()


def result(tmp_path: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    summary = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    lines = (tmp_path / "run.jsonl").read_text(encoding="utf-8").splitlines()
    return summary, [json.loads(line) for line in lines[1:]]


needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc on this system")


def children(pid: int) -> list[int]:
    """The processes of the tool that send load."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it ended just now
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            if parent == pid and b"spawn_main" in stat.with_name("cmdline").read_bytes():
                found.append(int(stat.parent.name))
    return found


def test_a_run_that_is_stopped_before_its_processes_are_ready_is_whole_and_empty(serve: Serve) -> None:
    server = serve(ANSWER)
    config = RunConfig(url=server.url(), threads=2, processes=2, duration_s=60.0)
    load = LoadRun(Target(config.url, BodyBuilder(), QueryProvider([Query("q")]), Masker(())), config)
    load.stop()
    result = load.run()
    assert (result.summary.sent, result.interrupted, result.partial) == (0, True, False)


def test_a_run_that_fails_leaves_no_process_behind() -> None:
    config = RunConfig(url="http://127.0.0.1:9/", threads=2, processes=2, duration_s=60.0, context_tiers=(0,))
    load = LoadRun(Target(config.url, BodyBuilder(), QueryProvider([Query("q")]), Masker(())), config)

    def fail(_number: int) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        load.run(on_tier=fail)
    assert multiprocessing.active_children() == []


def test_three_processes_send_what_one_would(serve: Serve, started: Any, tmp_path: Path) -> None:
    server = serve(ANSWER)
    (tmp_path / "queries.txt").write_text("one\ntwo\nthree\nfour\nfive\n", encoding="utf-8")
    out, err = started(
        server.url(),
        "--threads",
        "4",
        "--requests",
        "10",
        "--processes",
        "3",
        "--param-file",
        "queries.txt",
        "--no-compression-check",
    ).communicate(timeout=2 * FOREVER_S)
    assert err == ""
    summary, records = result(tmp_path)
    assert summary["requests"] == {
        "sent": 10,
        "ok": 10,
        "failed": 0,
        "cancelled": 0,
        "retried": 0,
        "resent": 0,
        "left_early": 0,
    }
    assert summary["config"]["processes"] == 3
    assert sorted(record["request_id"] for record in records) == list(range(1, 11))
    assert {record["thread_id"] for record in records} == {1, 2, 3, 4}
    assert len(server.requests) == 10
    # Each process takes every third query: 4 + 3 + 3 requests see each of five queries twice.
    asked = sorted(record["query"] for record in records)
    assert asked == sorted(["one", "two", "three", "four", "five"] * 2)
    assert summary["metrics"]["ttft_ms"]["count"] == 10
    assert summary["metrics"]["itl_ms"]["count"] == 10
    assert "requests          10" in out


def test_a_report_made_again_has_the_figures_of_all_processes(serve: Serve, started: Any, tmp_path: Path) -> None:
    started(serve(ANSWER).url(), "--threads", "4", "--requests", "12", "--processes", "2").communicate(
        timeout=2 * FOREVER_S
    )
    live, _ = result(tmp_path)
    command = [sys.executable, str(ROOT / "sse_perfTestTool.py"), "report", "run.jsonl", "--json", "again.json"]
    subprocess.run([*command, "--html-report", "again.html"], cwd=tmp_path, check=True, capture_output=True)
    again = json.loads((tmp_path / "again.json").read_text(encoding="utf-8"))
    assert again["metrics"] == live["metrics"]
    assert again["rates"] == live["rates"]


@needs_proc
@undisturbed
def test_a_process_that_dies_is_said_and_makes_the_run_a_part(serve: Serve, started: Any, tmp_path: Path) -> None:
    (tmp_path / "run.jsonl").unlink(missing_ok=True)
    process = started(serve(ANSWER).url(), "--threads", "4", "--duration", "3", "--processes", "2")
    deadline_s = time.monotonic() + PROMPT_S
    while len((tmp_path / "run.jsonl").read_bytes().splitlines() if (tmp_path / "run.jsonl").exists() else []) < 5:
        assert time.monotonic() < deadline_s, "no request was recorded"
        time.sleep(0.05)
    victims = children(process.pid)
    assert victims, "the run is over"
    os.kill(victims[0], signal.SIGKILL)
    out, _ = process.communicate(timeout=2 * FOREVER_S)
    assert process.returncode == 4
    assert "of 2 died during the run (SIGKILL): the results do not include its " in out
    summary, _ = result(tmp_path)
    assert summary["partial"] is True
    assert summary["requests"]["ok"] > 0


@pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX signals")
@undisturbed
def test_ctrl_c_stops_all_processes_and_writes_what_was_done(serve: Serve, started: Any, tmp_path: Path) -> None:
    server = serve(SLOW)
    process = started(server.url(), "--threads", "4", "--duration", "60", "--processes", "2", "--timeout", "1")
    server.seen(4)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=2 * FOREVER_S)
    assert process.returncode == 130
    summary, records = result(tmp_path)
    assert summary["interrupted"] is True
    assert summary["requests"]["sent"] == len(records) == 4
    assert "interrupted" in out


@needs_proc
def test_processes_do_not_outlive_the_one_that_started_them(serve: Serve, started: Any, tmp_path: Path) -> None:
    server = serve(SLOW)
    process = started(server.url(), "--threads", "4", "--duration", "60", "--processes", "2")
    server.seen(4)
    left = children(process.pid)
    assert len(left) == 2
    process.kill()
    deadline_s = time.monotonic() + PROMPT_S
    while any(Path(f"/proc/{pid}").exists() for pid in left):
        assert time.monotonic() < deadline_s, "a child is still there"
        time.sleep(0.05)
