"""Masters and workers as processes, and what a test wants to know of them."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from patience import FOREVER_S

ROOT = Path(__file__).resolve().parents[2]
TOOL = [sys.executable, str(ROOT / "sse_perfTestTool.py")]
NEEDS_LOCUST = pytest.mark.skipif(find_spec("locust") is None, reason="needs the extra [distributed]")
"""Not `importorskip`: where it is imported in the usual way, Locust changes how all sockets and threads work."""


def _has_ipv6() -> bool:
    with contextlib.suppress(OSError), socket.create_server(("::1", 0), family=socket.AF_INET6):
        return True
    return False


needs_ipv6 = pytest.mark.skipif(not _has_ipv6(), reason="no IPv6 on this machine")
TOKEN = "a-token-for-the-tests-0123456789"


class Started:
    """A process of the tool; `out` is what it has written so far."""

    def __init__(self, command: list[str], folder: Path) -> None:
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
            start_new_session=True,
        )
        self.pid = self._process.pid
        self._lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self._process.stdout or ():
            self._lines.append(line)

    @property
    def out(self) -> str:
        return "".join(self._lines)

    def says(self, pattern: str, within_s: float = FOREVER_S) -> re.Match[str]:
        """Waits until its output has such a text."""
        until_s = time.monotonic() + within_s
        while (found := re.search(pattern, self.out)) is None:
            assert time.monotonic() < until_s, f"{pattern!r} is not in: {self.out}"
            time.sleep(0.02)
        return found

    def ends(self, within_s: float = 2 * FOREVER_S) -> int:
        """Its exit status."""
        status = self._process.wait(within_s)
        self._reader.join(FOREVER_S)
        return status

    def send(self, number: int) -> None:
        self._process.send_signal(number)

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        if self.running:
            self._process.kill()
        self._process.wait(FOREVER_S)


Start = Callable[..., Started]


@contextlib.contextmanager
def starting(folder: Path) -> Iterator[Start]:
    """Starts processes of the tool that end with the block."""
    running: list[Started] = []

    def start(*words: str) -> Started:
        running.append(Started([*TOOL, *words, "--lang", "en"], folder))
        return running[-1]

    yield start
    for each in running:
        each.kill()


def load(url: str, *more: str) -> list[str]:
    """The words of a run that writes all its files."""
    files = ["--json", "run.json", "--records", "run.jsonl", "--html-report", "run.html"]
    return ["--url", url, "--api-key", "app-0123456789", "--no-compression-check", *files, *more]


def summary(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    return found


def records(folder: Path) -> tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]:
    """Header, requests, and the other lines of the records."""
    lines = [json.loads(line) for line in (folder / "run.jsonl").read_text(encoding="utf-8").splitlines()]
    requests = [line for line in lines[1:] if "request_id" in line]
    return lines[0], requests, [line for line in lines[1:] if "request_id" not in line]


def children(pid: int) -> list[int]:
    """The child processes of a process (Linux)."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it ended just now
            if int(stat.read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(stat.parent.name))
    return found


def senders(worker: int) -> list[int]:
    """Those of the processes of a worker that make its load."""
    found = []
    for pid in children(worker):
        with contextlib.suppress(OSError):
            if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(pid)
    return found
