"""`profile` from the command line to the page: with a server of a few lines, quick, and without what may be missing."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from profiles import hook
from profiles import process as helper
from sse_perf_tool.arguments import parse_arguments
from sse_perf_tool.profiling import session
from sse_perf_tool.profiling.hooks import install
from sse_perf_tool.profiling.server import process
from tool_runs import Ran, Tool, summary

CODE = """
import http.server, sys, threading
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for event in ('{"choices":[{"delta":{"content":"a"}}]}',
            '{"choices":[{"delta":{},"finish_reason":"stop"}]}', '[DONE]'):
            data = f"data: {event}\\n\\n".encode()
            self.wfile.write(b"%x\\r\\n%s\\r\\n" % (len(data), data))
        self.wfile.write(b"0\\r\\n\\r\\n")
    def log_message(self, *_): pass
print("serving sk-0123456789abcdef4Knu", flush=True)
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


@pytest.fixture(autouse=True)
def _in_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("REST_S", 0.3), ("QUIET_S", 0.0), ("COMPARE_LEAST_S", 0.5), ("SEEN_S", 0.1)):
        monkeypatch.setattr(session, name, value)


@pytest.fixture
def port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def run(tool: Tool, port: int, *flags: str, server: tuple[str, ...] = (), code: str = CODE, **environ: str) -> Ran:
    url = f"http://127.0.0.1:{port}/v1/chat/completions"
    load = ("--url", url, "--threads", "2", "--duration", "0.5", "--no-compression-check", "--no-metrics", "--quiet")
    files = ("--html-report", "page.html", "--json", "run.json", "--junit", "run.xml")
    behind = ("--", *(server or (sys.executable, "-c", code, str(port))))
    return tool("profile", *flags, *load, *files, *(() if "--pid" in flags else behind), **environ)


def found() -> dict[str, Any]:
    """The profile; that the machine is busy is no matter of it."""
    told: dict[str, Any] = summary()["profile"]
    return {**told, "findings": [each for each in told["findings"] if each["name"] != "machine_busy"]}


def data_of(page: str) -> dict[str, Any]:
    text = Path(page).read_text("utf-8")
    data: dict[str, Any] = json.loads(
        re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)[1]  # type: ignore[index]
    )
    return data


def test_a_healthy_server_from_start_to_stop(tool: Tool, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSE_PERF_API_KEY", "sk-0123456789abcdef4Knu")
    ran = run(tool, port, code="import json, os; json.dump(dict(os.environ), open('seen.json', 'w'))\n" + CODE)
    assert ran.status == 0, ran.out + ran.err
    assert "that limits the server at this load" in ran.out or "The machine was busy" in ran.out
    told = found()
    assert (told["findings"], told["passes"], told["folder"]) == ([], ["doctor"], "page_profile")
    (row,) = told["processes"]
    assert row["kind"] == "python"
    assert row["peak_mb"] > 5
    states = {each["name"]: each["state"] for each in told["targets"]}
    assert (states["p50"], states["rss"], states["loop_delay"]) == ("met", "met", "not_measured")
    (step,) = told["steps"]
    assert step.startswith("server: SIGINT sent, it ended after")
    assert {path.name for path in Path("page_profile").iterdir()} >= {"server.log", "profile.json"}
    assert Path("page_profile").stat().st_mode & 0o077 == 0
    cases = {case.get("name"): case for case in ET.parse("run.xml").getroot().iter("testcase")}
    assert [child.tag for child in cases["loop_delay<50ms"]] == ["skipped"]
    assert list(cases["p50<1s"]) == []
    page, data = Path("page.html").read_text("utf-8"), data_of("page.html")
    assert data["processes"][0]["cpu"]
    assert data["flames"] == []
    assert "flamegraph={}" not in page, "without flame graphs there is nothing to draw them"
    seen = json.loads(Path("seen.json").read_text())
    assert "SSE_PERF_API_KEY" not in seen, "secrets of the tool do not reach the server"
    assert seen["SSE_PROFILE_DIR"] == str(Path("page_profile").resolve())
    again = tool("report", "page_profile", "--json", "again.json", "--html-report", "again.html")
    assert again.status == 0, again.err
    assert json.loads(Path("again.json").read_text())["profile"] == summary()["profile"]
    assert data_of("again.html") == data, "the page is made again from the folder"
    assert "Targets and warning signs" in again.out


def test_a_target_that_is_missed_decides_when_asked(tool: Tool, port: int) -> None:
    ran = run(tool, port, "--target", "rss<1MB", "--fail-on-targets", "--lang", "zh")
    assert ran.status == 99
    cases = {case.get("name"): case for case in ET.parse("run.xml").getroot().iter("testcase")}
    assert [child.tag for child in cases["rss<1MB"]] == ["failure"]
    assert "未达到" in ran.out


def test_each_missing_package_is_one_line_and_the_rest_of_the_page(
    tool: Tool, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session.pyspy, "program", lambda: None)
    monkeypatch.setattr(session, "psutil_is_installed", lambda: False)
    ran = run(tool, port, "flame", "--no-inject")
    assert ran.status == 0, ran.out + ran.err
    said = found()["not_measured"]
    assert [line.partition(":")[0] for line in said] == [
        "event-loop delay and waits", "CPU, memory, threads", "CPU by function of Python",
    ]  # fmt: skip
    assert all(ran.out.count(line) == 1 for line in said)
    assert found()["processes"] == []
    cost = found()["cost"]
    assert all(value > 0 for value in (*cost["ttft_ms"], *cost["requests"])), "load without profilers came first"
    assert Path("page.html").stat().st_size > 50_000


def test_a_server_that_does_not_come_up_shows_its_last_lines_without_secrets(tool: Tool, port: int) -> None:
    secret = "sk-0123456789abcdef4Knu"
    ran = run(tool, port, "--api-key", secret, code=f"print('key is {secret}'); raise SystemExit(3)")
    assert ran.status == 1
    assert "the server ended with status 3 before it was ready" in ran.err
    assert "key is" in ran.err
    assert secret not in ran.err
    assert not Path("run.json").exists()


def test_a_port_that_is_taken(tool: Tool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ran = run(tool, taken.getsockname()[1])
    assert ran.status == 1
    assert "is taken: something listens there already; stop it, or profile it with --pid" in ran.err


def test_a_log_that_cannot_be_written_is_one_line(tool: Tool, port: int) -> None:
    ran = run(tool, port, "--server-log", "nowhere/s.log")
    assert (ran.status, ran.err) == (
        2,
        "sse_perfTestTool.py: nowhere/s.log: cannot be made or run (No such file or directory)\n",
    )


def test_a_command_that_there_is_none_of(tool: Tool, port: int) -> None:
    ran = run(tool, port, server=("no-such-program",))
    assert ran.status == 1
    assert ran.err == "sse_perfTestTool.py: no-such-program: no such program; check the name behind --\n"
    Path("server.py").touch(0o600)
    ran = run(tool, port, server=("./server.py",))
    assert ran.err == (
        "sse_perfTestTool.py: ./server.py: is no program that can be started; "
        "name what runs it, e.g. python3 ./server.py, or chmod +x it\n"
    )
    assert not Path("page_profile").exists(), "nothing is begun"


def test_load_waits_for_a_text_and_a_page_and_a_server_may_run_on(tool: Tool, port: int) -> None:
    late = "import threading\nthreading.Timer(0.5, lambda: print('now', flush=True)).start()\n"
    page = CODE.replace("def do_POST", "def do_GET(self): self.send_error(404)\n    def do_POST")
    ready = ("--ready-text", "now", "--ready", f"http://127.0.0.1:{port}/health")
    log = "import os; print('pid', os.getpid(), flush=True)\n"
    ran = run(tool, port, *ready, "--keep-running", "--server-log", "s.log", code=log + late + page)
    assert ran.status == 0, ran.out + ran.err
    os.kill(int(Path("s.log").read_text().split()[1]), signal.SIGKILL)  # ProcessLookupError if it had been stopped
    assert found()["steps"] == []
    ready = re.search(r"the server is ready after (\d+\.\d+) s", ran.out)
    assert ready is not None, ran.out
    assert float(ready[1]) >= 0.5
    assert summary()["requests"]["failed"] == 0


def test_a_server_that_dies_in_mid_run(tool: Tool, port: int) -> None:
    dies = "self.server.asked = getattr(self.server, 'asked', 0) + 1; self.server.asked < 9 or os._exit(7)"
    ran = run(tool, port, code="import os\n" + CODE.replace("self.rfile", f"{dies}; self.rfile", 1))
    assert ran.status == 1, "requests failed"
    told = found()
    ended, failed = told["findings"]
    assert (ended["name"], failed["name"]) == ("process_ended", "failures")
    assert "(status 7)" in ended["figure"]
    assert told["steps"] == ["server: it ended by itself during the run, with status 7"]


def test_a_server_that_forks_away_is_measured_and_left_alone(tool: Tool, port: int) -> None:
    away = "import os\nif os.fork(): os._exit(0)\nos.setsid()\nopen('pid', 'w').write(str(os.getpid()))\n"
    ran = run(tool, port, code=away + CODE)
    pid = int(Path("pid").read_text())
    os.kill(pid, signal.SIGKILL)  # ProcessLookupError if it had been stopped
    assert ran.status == 0, ran.out + ran.err
    assert found()["steps"] == [f"server: process {pid} has left its group and goes on; stop it yourself"]
    assert [row["pid"] for row in found()["processes"] if row["peak_mb"]] == [pid]


def test_a_hook_that_said_nothing_is_one_line_with_the_reason() -> None:
    arguments = parse_arguments(["profile", "--port", "8000", "--", "serve"], {}, lambda: datetime(2026, 1, 1))
    assert arguments.profile is not None
    looked = session.Session(arguments, arguments.profile, print)
    ours, others, short = helper(1), replace(helper(2), is_ours=False), replace(helper(3), at_s=[0.0, 2.0])
    looked._miss_hooks([ours, others, short, helper(4)], [hook(4)])
    why = "(python -I, -E or -S, a node that ignores NODE_OPTIONS, a frozen program)"
    assert [english for english, _ in looked.not_measured] == [
        f"event-loop delay and waits of python 1: its hook was not loaded {why}",
        "event-loop delay and waits of python 2: it runs as another user, whose hook may not write into the folder",
    ]


def test_a_server_that_runs_is_attached_to_and_never_gets_a_signal(
    tool: Tool, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[int, int]] = []
    real = os.kill
    with subprocess.Popen([sys.executable, "-c", CODE, str(port)], stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        server.stdout.readline()
        with monkeypatch.context() as recorded:
            recorded.setattr(os, "killpg", lambda *what: sent.append(what))
            recorded.setattr(os, "kill", lambda pid, number: sent.append((pid, number)) if number else real(pid, 0))
            ran = run(tool, port, "--pid", str(server.pid), "--target", "rss<1MB")
        goes_on = server.poll() is None
        server.kill()
    assert ran.status == 0, "a missed target decides only with --fail-on-targets"
    (row,) = [each for each in found()["targets"] if each["name"] == "rss"]
    assert (row["rule"], row["state"], row["is_target"]) == ("rss<1MB", "missed", True)
    assert goes_on
    assert sent == []
    assert found()["steps"] == []
    (row,) = [each for each in found()["targets"] if each["name"] == "loop_delay"]
    assert row["why"] == "no hook was loaded into the server"
    assert found()["not_measured"] == ["event-loop delay and waits: only of a server that this command starts"]


def test_a_process_that_there_is_none_of(tool: Tool, port: int) -> None:
    ran = run(tool, port, "--pid", "2147483647")
    assert (ran.status, ran.err) == (2, "sse_perfTestTool.py: --pid 2147483647: there is no such process\n")


def test_an_interrupt_before_the_load_stops_the_server(tool: Tool, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[process.Server] = []
    real = process.Server.start

    def start(server: process.Server) -> None:
        real(server)
        started.append(server)
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(session.Server, "start", start)
    from sse_perf_tool.commands import interrupts

    interrupts.listen()
    ran = run(tool, port, code="import time; time.sleep(60)")
    assert ran.status == 130
    assert started[0].has_ended()


def test_what_is_the_users_stays_in_the_environment_of_the_server(tmp_path: Path) -> None:
    environ = {"PYTHONPATH": "/mine", "NODE_OPTIONS": "--max-old-space-size=300", "A": "b"}
    told = install.environment_with_hooks(environ, tmp_path)
    assert told["PYTHONPATH"] == f"{install.PYTHON}{os.pathsep}/mine"
    assert told["NODE_OPTIONS"] == f'--require="{install.NODE}" --max-old-space-size=300'
    assert (told["A"], told["SSE_PROFILE_DIR"]) == ("b", str(tmp_path))


def test_the_demo_starts_our_chat_server_at_a_port_of_its_own(tool: Tool, monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[list[str]] = []

    def start(server: process.Server) -> None:
        commands.append(list(server.command))
        raise process.ServerError("not today")

    monkeypatch.setattr(session.Server, "start", start)
    ran = tool("profile", "--demo")
    assert (ran.status, ran.err) == (1, "sse_perfTestTool.py: not today\n")
    ((*program, port),) = commands
    assert program == [sys.executable, "-m", "sse_perf_tool.chat_server", "--port"]
    assert int(port) > 1024
    assert find_spec("sse_perf_tool.chat_server.__main__")
    assert list(Path("report").iterdir())
