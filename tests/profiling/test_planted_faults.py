"""Faults planted in small servers: each gives its finding with function and line, and no other (`make test-profile`).

Needs the extras `server` and `profile`, Flask and uvloop in this Python, Node.js with Express in `servers/`.  Opt-in,
as a run takes some twenty seconds: TEST_PROFILE=1, and TEST_PROFILE_ROUNDS=3 for three of each.
"""

from __future__ import annotations

import http.server
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

if not os.environ.get("TEST_PROFILE"):
    pytest.skip("make test-profile runs these", allow_module_level=True)

HERE = Path(__file__).resolve().parent / "servers"
TOOL = Path(__file__).resolve().parents[2] / "sse_perfTestTool.py"
GUNICORN = ("-m", "gunicorn", "--chdir", str(HERE), "-b", "127.0.0.1:{port}")
SERVERS: dict[str, tuple[str, ...]] = {
    "asyncio": (sys.executable, str(HERE / "asgi_app.py"), "{port}", "asyncio"),
    "uvloop": (sys.executable, str(HERE / "asgi_app.py"), "{port}", "uvloop"),
    "gunicorn": (sys.executable, *GUNICORN, "-w", "2", "-k", "uvicorn_worker.UvicornWorker", "asgi_app:app"),
    "flask": (sys.executable, *GUNICORN, "-k", "gthread", "--threads", "16", "flask_app:app"),
    "node": ("node", str(HERE / "node_server.cjs"), "{port}"),
    "express": ("node", str(HERE / "node_server.cjs"), "{port}", "express"),
}


class Fault(NamedTuple):
    """The load that shows a fault, the finding that it gives, and the functions of which one is named."""

    passes: str
    threads: int
    finding: str | None
    functions: tuple[str, ...] = ()
    duration_s: int = 8
    upstream_s: float = 0.0


FAULTS = {
    "healthy": Fault("flame", 4, None),
    "cpu": Fault("flame", 12, "cpu_bound", ("burn",)),
    "block": Fault("flame", 1, "loop_blocked", ("block",)),
    "leak": Fault("heap", 2, "memory_grows", ("remember",), 10),
    "pool": Fault("doctor", 16, "waits_on", ("use_pool", "ask"), upstream_s=0.2),
    "upstream": Fault("doctor", 8, "waits_on", ("ask_upstream", "ask"), upstream_s=1.2),
}
NOT_ANY = {("flask", "block")}
"""There is no event loop."""
ROUNDS = int(os.environ.get("TEST_PROFILE_ROUNDS", "1"))
CASES = [
    pytest.param(server, fault, id=f"{server}-{fault}-{number}")
    for number in range(ROUNDS)
    for server in SERVERS
    for fault in FAULTS
    if (server, fault) not in NOT_ANY
]


@pytest.fixture
def upstream(request: pytest.FixtureRequest) -> Iterator[int]:
    """Another service, which takes as long as the fault says."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            time.sleep(FAULTS[request.node.callspec.params["fault"]].upstream_s)
            self.send_response(200)
            self.send_header("Content-Length", "1")
            self.end_headers()
            self.wfile.write(b"x")

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def profiled(tmp_path: Path, command: tuple[str, ...], *flags: str, **environ: str) -> dict[str, Any]:
    """The `profile` of the JSON, of a server that `command` starts at {port}."""
    port = str(free_port())
    url = f"http://127.0.0.1:{port}/v1/chat/completions"
    asked = [sys.executable, str(TOOL), "profile", *flags, "--url", url, "--no-compression-check", "--no-metrics"]
    files = ["--json", "run.json", "--html-report", "page.html", "--quiet"]
    server = [word.replace("{port}", port) for word in command]
    done = subprocess.run(
        [*asked, *files, "--", *server], cwd=tmp_path, env={**os.environ, **environ}, capture_output=True, text=True,
        timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    document = json.loads((tmp_path / "run.json").read_text())
    assert document["requests"]["failed"] == 0, document["errors"]
    return {**document["profile"], "requests": document["requests"]}


def lines_of(function: str, *, body: bool) -> set[str]:
    """FILE:LINE of each line of a function of the servers, or of its `body`, whatever it is called in the language."""
    found = set()
    for path in HERE.glob("*.*"):
        lines = path.read_text().splitlines()
        for at, line in enumerate(lines):
            if any(
                line.lstrip().startswith(f"{word} {function}(")
                for word in ("def", "async def", "function", "async function")
            ):
                end = next(
                    (n for n in range(at + 1, len(lines)) if lines[n] and not lines[n].startswith((" ", "\t"))),
                    len(lines),
                )
                found |= {f"{path.name}:{number}" for number in range(at + 1 + body, end + 1)}
    return found


CAMEL = {"use_pool": "usePool", "ask_upstream": "askUpstream"}


@pytest.mark.parametrize(("server", "fault"), CASES)
def test_a_planted_fault_gives_its_finding_and_no_other(tmp_path: Path, server: str, fault: str, upstream: int) -> None:
    if shutil.which(SERVERS[server][0]) is None:
        pytest.skip(f"{SERVERS[server][0]} is missing")
    if server == "express" and not (HERE / "node_modules" / "express").is_dir():
        pytest.skip("Express is missing: npm install in tests/profiling/servers")
    planted = FAULTS[fault]
    load = ("--threads", str(planted.threads), "--duration", str(planted.duration_s))
    found = profiled(tmp_path, SERVERS[server], planted.passes, *load, FAULT=fault, UPSTREAM=str(upstream))
    # That other programs keep this machine busy is no matter of the server.
    causes = [each for each in found["findings"] if each["name"] != "machine_busy"]
    assert [each["name"] for each in causes] == ([planted.finding] if planted.finding else []), found
    if planted.finding:
        place = causes[0]["where"]
        body = not (fault == "leak" and SERVERS[server][0] == "node")  # its sampling of memory knows functions alone
        names = {*planted.functions, *(CAMEL.get(name, name) for name in planted.functions)}
        wanted = set().union(*(lines_of(name, body=body) for name in names))
        assert any(place.endswith(f"{line})") for line in wanted), (place, wanted, found)
        assert any(name in place for name in names), place


def ttft_p50(tmp_path: Path, *, profile: bool) -> float:
    """The load's TTFT P50 of a healthy server, with `doctor` or without."""
    port = str(free_port())
    url = ("--url", f"http://127.0.0.1:{port}/v1/chat/completions", "--threads", "4", "--duration", "8")
    files = ("--no-compression-check", "--json", "run.json", "--html-report", "page.html", "--quiet")
    server = [word.replace("{port}", port) for word in SERVERS["asyncio"]]
    tool = [sys.executable, str(TOOL)]
    if profile:
        command = [*tool, "profile", "doctor", *url, *files, "--no-metrics", "--", *server]
        subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=120, check=True)
    else:
        with subprocess.Popen(server) as process:
            while process.poll() is None and not is_open(int(port)):
                time.sleep(0.1)
            asked = [*tool, *url, *files, "--api-key", "-"]
            subprocess.run(asked, cwd=tmp_path, capture_output=True, timeout=120, check=True)
            process.terminate()
    return json.loads((tmp_path / "run.json").read_text())["metrics"]["ttft_ms"]["p50"]


def is_open(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def test_doctor_does_not_change_what_the_load_measures(tmp_path: Path) -> None:
    """Five pairs, alternating; needs a machine on which nothing else runs."""
    pairs = []
    for number in range(5):
        first = bool(number % 2)
        found = {kind: ttft_p50(tmp_path, profile=kind) for kind in (first, not first)}
        pairs.append(found[True] / found[False])
    assert abs(sorted(pairs)[2] - 1) < 0.03, pairs
