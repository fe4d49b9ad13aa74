"""Signals, a killed process, readers that go: what a run leaves behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from patience import FOREVER_S, PROMPT_S, undisturbed
from scripted_server import ANSWER, DONE, Serve, chunk, chunked, head, token
from tool_runs import FILES, SCRIPT, SLOW, Tool, at, lines_written, records

ROOT = Path(__file__).resolve().parents[2]
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts the tool as a process of its own in the test's directory; what still runs at the end is killed."""
    processes: list[subprocess.Popen[str]] = []

    def begin(*argv: str, **environ: str) -> subprocess.Popen[str]:
        command = [sys.executable, SCRIPT, *argv]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        given = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **environ}
        processes.append(subprocess.Popen(command, cwd=tmp_path, env=given, encoding="utf-8", **pipes))  # type: ignore[call-overload]
        return processes[-1]

    yield begin
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module", autouse=True)
def _hang_ups_are_heard() -> Iterator[None]:
    """Also where the tests themselves were started by `nohup`, which their processes would inherit."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL) if hasattr(signal, "SIGHUP") else None
    yield
    if before is not None:
        signal.signal(signal.SIGHUP, before)


WHILE_RUNNING = ("--threads", "2", "--duration", str(FOREVER_S), *FILES)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_first_signal_lets_answers_finish_and_writes_everything(
    serve: Serve, start: Start, tmp_path: Path, number: signal.Signals
) -> None:
    server = serve(chunked(token("a"), 0.3, token("b"), DONE))
    process = start(*at(server, *WHILE_RUNNING))
    server.seen(3)
    process.send_signal(number)
    out, err = process.communicate(timeout=FOREVER_S)
    assert (process.returncode, err) == (130, "")
    assert "stopping: " in out
    found = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    assert found["interrupted"] is True
    assert found["outcomes"] == {"ok": len(server.requests)}
    assert len(records(tmp_path / "run.jsonl")) == len(server.requests)
    assert (tmp_path / "report.html").stat().st_size > 1_000


def test_second_signal_ends_at_once(serve: Serve, start: Start, tmp_path: Path) -> None:
    server = serve([head("200 OK", "text/event-stream", "Transfer-Encoding: chunked"), chunk(token("a"))])
    process = start(*at(server, *WHILE_RUNNING))
    server.seen(2)
    process.send_signal(signal.SIGINT)
    assert process.stdout is not None
    while "stopping" not in process.stdout.readline():
        assert process.poll() is None
    time.sleep(0.1)  # two within 20 ms are one
    process.send_signal(signal.SIGINT)
    began_s = time.monotonic()
    assert process.wait(timeout=FOREVER_S) == 130
    assert time.monotonic() - began_s < PROMPT_S, "the server never ends its answers"
    assert records(tmp_path / "run.jsonl") == []  # the header is there, and can be read


def test_killed_process_leaves_records_that_report_accepts(
    serve: Serve, start: Start, tool: Tool, tmp_path: Path
) -> None:
    server = serve(chunked(token("a"), 0.05, token("b"), DONE))
    process = start(*at(server, *WHILE_RUNNING))
    while lines_written(tmp_path / "run.jsonl") < 1 + 5:
        assert process.poll() is None
        time.sleep(0.005)
    process.kill()
    process.wait(timeout=FOREVER_S)
    ran = tool("report", "run.jsonl", "--html-report", "again.html", "--json", "again.json")
    assert ran.status == 0
    found = json.loads((tmp_path / "again.json").read_text(encoding="utf-8"))
    assert found["requests"]["ok"] == found["requests"]["sent"] == len(records(tmp_path / "run.jsonl"))
    assert 5 <= found["requests"]["ok"] <= len(server.requests)


def test_reader_that_has_seen_enough_does_not_break_the_run(serve: Serve, start: Start, tmp_path: Path) -> None:
    process = start(*at(serve(SLOW), "--threads", "2", "--requests", "30", *FILES))
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline() == "SSE performance test\n"
    process.stdout.close()
    assert process.wait(timeout=FOREVER_S) == 0
    assert process.stderr.read() == ""
    found = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    assert found["requests"]["ok"] == found["requests"]["sent"] == 30


def test_terminal_that_lacks_characters_does_not_break_the_run(serve: Serve, start: Start) -> None:
    process = start(*at(serve(ANSWER), "--lang", "zh"), PYTHONIOENCODING="ascii")
    out, err = process.communicate(timeout=FOREVER_S)
    assert process.returncode == 0
    assert err.count("\n") == 1, "one line says that English is used"
    assert "cannot show Chinese" in err
    assert "chatcmpl-1" in out
    assert "??" not in out


def hears(process: subprocess.Popen[str], number: signal.Signals) -> None:
    """Waits until the process has a handler of its own for a signal; before that the system ends it."""
    deadline_s = time.monotonic() + FOREVER_S
    while time.monotonic() < deadline_s:
        status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
        caught = int(next(line for line in status.splitlines() if line.startswith("SigCgt")).split()[1], 16)
        if caught >> (number - 1) & 1:
            return
        time.sleep(0.001)
    raise TimeoutError


needs_proc = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc on this system")
SHORT_ANSWER = chunked(token("a"), 0.02, token("b"), DONE)


@needs_proc
@pytest.mark.parametrize("processes", ["1", "2"])
@pytest.mark.parametrize("after_s", [0.0, 0.05, 0.15, 0.3, 0.6, 1.0])
def test_whenever_the_first_signal_comes_the_status_is_130(
    serve: Serve, start: Start, tmp_path: Path, after_s: float, processes: str
) -> None:
    number = [signal.SIGTERM, signal.SIGHUP, signal.SIGINT][int(after_s * 100) % 3]
    process = start(*at(serve(SHORT_ANSWER), *WHILE_RUNNING, "--processes", processes))
    hears(process, signal.SIGTERM)
    time.sleep(after_s)
    process.send_signal(number)
    _, err = process.communicate(timeout=FOREVER_S)
    assert (process.returncode, err) == (130, "")
    if (tmp_path / "run.json").exists():
        assert json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))["interrupted"] is True


@needs_proc
@undisturbed
def test_a_signal_while_the_files_are_written_leaves_them_whole(serve: Serve, start: Start, tmp_path: Path) -> None:
    (tmp_path / "run.jsonl").unlink(missing_ok=True)
    process = start(*at(serve(SHORT_ANSWER), "--requests", "5", *FILES))
    while lines_written(tmp_path / "run.jsonl") < 1 + 5:
        assert process.poll() is None
        time.sleep(0.002)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=FOREVER_S)
    assert (process.returncode, err) == (130, "")
    assert json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))["requests"]["ok"] == 5
    assert "</html>" in (tmp_path / "report.html").read_text(encoding="utf-8")


@needs_proc
def test_two_signals_at_once_are_one_as_the_command_timeout_sends_them(
    serve: Serve, start: Start, tmp_path: Path
) -> None:
    server = serve(SHORT_ANSWER)
    process = start(*at(server, *WHILE_RUNNING))
    server.seen(3)
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGHUP)
    assert process.communicate(timeout=FOREVER_S)[1] == ""
    assert process.returncode == 130
    assert json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))["interrupted"] is True


@needs_proc
def test_nohup_keeps_its_promise(serve: Serve, start: Start, tmp_path: Path) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # is handed down to what is started
    try:
        process = start(*at(serve(SHORT_ANSWER), "--threads", "1", "--duration", "1", *FILES))
    finally:
        signal.signal(signal.SIGHUP, before)
    hears(process, signal.SIGTERM)
    process.send_signal(signal.SIGHUP)
    assert process.communicate(timeout=FOREVER_S)[1] == ""
    assert process.returncode == 0


@pytest.mark.skipif(sys.platform == "win32", reason="no terminals of this kind")
def test_a_terminal_that_goes_away_costs_what_is_shown_on_it_only(serve: Serve, tmp_path: Path) -> None:
    """SIGHUP, and from then on each write to the terminal fails."""
    server = serve(SHORT_ANSWER)
    leader, follower = os.openpty()
    process = subprocess.Popen(
        [sys.executable, SCRIPT, *at(server, *WHILE_RUNNING)],
        cwd=tmp_path, stdin=follower, stdout=follower, stderr=follower, start_new_session=True,
    )  # fmt: skip
    os.close(follower)
    server.seen(3)
    process.send_signal(signal.SIGHUP)
    os.close(leader)
    assert process.wait(timeout=FOREVER_S) == 130
    assert json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))["interrupted"] is True
    assert "</html>" in (tmp_path / "report.html").read_text(encoding="utf-8")
