"""A whole run against servers that send too much: it ends in time, in little memory, and its report is written."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

from patience import FOREVER_S
from scripted_server import Script, Serve, head, token

ROOT = Path(__file__).resolve().parents[2]
THREADS = 30
MOST_MIB = 300
"""What 100 connections are to stay under; without a bound for all together even 30 would take 2 GiB."""

PIECE = b"x" * 2**20
SERVERS: dict[str, Script] = {
    "events without end": [head(), b"data: ", *[PIECE] * 999],
    "text without end": [head(), *[token("x" * 2**20)] * 999],
    "little gzip": [head("200 OK", "text/event-stream", "Content-Encoding: gzip"), gzip.compress(PIECE * 64)] * 9,
}


LAUNCHER = """
import json, resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
peak_mib = used.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
print(json.dumps([done.returncode, done.stderr, peak_mib, used.ru_utime + used.ru_stime]))
"""
"""A process between this one and the tool: a new process begins with the peak of the one that started it."""


@pytest.mark.skipif(sys.platform == "win32", reason="no memory of a child process on this system")
@pytest.mark.parametrize("script", SERVERS.values(), ids=SERVERS)
def test_a_run_against_a_hostile_server(serve: Serve, tmp_path: Path, script: Script) -> None:
    command = [sys.executable, str(ROOT / "sse_perfTestTool.py"), "--url", serve(script).url(), "--api-key", "-"]
    load = ["--threads", str(THREADS), "--duration", "1", "--timeout", "1", "--processes", "1", "--quiet"]
    outputs = ["--json", "run.json", "--html-report", "run.html"]
    launcher = [sys.executable, "-c", LAUNCHER, *command, *load, *outputs]
    done = subprocess.run(launcher, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=5 * FOREVER_S)
    status, err, peak_mib, cpu_s = json.loads(done.stdout)
    assert (status, err) == (1, "")  # all requests failed
    assert cpu_s < 30
    assert peak_mib < MOST_MIB
    outcomes = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))["outcomes"]
    assert set(outcomes) <= {"timeout", "malformed"}
    assert (tmp_path / "run.html").stat().st_size > 10_000
