"""A network that loses packets, between two network namespaces: nothing of it is held against this tool."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from patience import FOREVER_S, undisturbed

ROOT = Path(__file__).resolve().parent.parent.parent
SERVER = "10.213.77.1"
PROGRAM = f"""
import sys, time
sys.path[:0] = [{str(ROOT / "tests" / "helpers")!r}]
import socket
from scripted_server import DONE, FINISH, ScriptedServer, chunked, token
create = socket.create_server
socket.create_server = lambda address, **options: create(({SERVER!r}, address[1]), **options)
steps = [step for n in range(60) for step in (token(f"w{{n}} "), 0.02)]
server = ScriptedServer(chunked(*steps, FINISH, DONE))
print(server.port, flush=True)
sys.stdin.read()
"""


def missing() -> str | None:
    """What is missing for namespaces with a rule that drops packets; None when nothing is."""
    if sys.platform != "linux" or os.geteuid():
        return "network namespaces need root on Linux"
    lacking = [name for name in ("ip", "nft") if shutil.which(name) is None]
    if lacking:
        return f"not installed: {', '.join(lacking)}"
    tried = subprocess.run(["ip", "netns", "add", "sse-try"], capture_output=True, text=True, check=False)
    if tried.returncode:
        return f"no network namespace can be made: {tried.stderr.strip()}"
    subprocess.run(["ip", "netns", "del", "sse-try"], check=True)
    return None


@contextlib.contextmanager
def two_namespaces(lost_percent: int) -> Iterator[tuple[str, str]]:
    """Two namespaces with a cable between them, of which the second loses so many of the packets that come."""
    here, there = (f"sse-{os.getpid()}-{end}" for end in "ab")
    cable = [f"sse{os.getpid() % 100_000}{end}" for end in "ab"]
    rules = (
        "add table inet lossy; "
        "add chain inet lossy in { type filter hook input priority 0; }; "
        f"add rule inet lossy in ip saddr {SERVER} numgen random mod 100 < {lost_percent} drop"
    )
    commands = [
        ["ip", "netns", "add", here],
        ["ip", "netns", "add", there],
        ["ip", "link", "add", cable[0], "netns", here, "type", "veth", "peer", "name", cable[1], "netns", there],
        ["ip", "-n", here, "addr", "add", f"{SERVER}/24", "dev", cable[0]],
        ["ip", "-n", there, "addr", "add", f"{SERVER[:-1]}2/24", "dev", cable[1]],
        ["ip", "-n", here, "link", "set", cable[0], "up"],
        ["ip", "-n", there, "link", "set", cable[1], "up"],
        ["ip", "netns", "exec", there, "nft", rules],
    ]
    try:
        for command in commands:
            subprocess.run(command, check=True, capture_output=True)
        yield here, there
    finally:
        for name in (here, there):
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


@undisturbed
def test_lost_packets_are_the_networks(tmp_path: Path) -> None:
    if reason := missing():
        pytest.skip(reason)
    summary = tmp_path / "run.json"
    with two_namespaces(lost_percent=5) as (here, there):
        serving = [*_in(here), sys.executable, "-c", PROGRAM]
        with subprocess.Popen(serving, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            port = server.stdout.readline().strip()
            command = [*_in(there), sys.executable, str(ROOT / "sse_perfTestTool.py")]
            command += ["--url", f"http://{SERVER}:{port}/v1/chat/completions", "--api-key", "-", "--quiet"]
            command += ["--threads", "4", "--requests", "16", "--json", str(summary)]
            command += ["--html-report", str(tmp_path / "run.html")]
            ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=2 * FOREVER_S)
            assert server.stdin is not None
            server.stdin.close()
    assert ran.returncode == 0, ran.stdout + ran.stderr
    document = json.loads(summary.read_text(encoding="utf-8"))
    said = [each["text"] for each in document["findings"] if each["kind"] == "packet_loss"]
    assert [text.partition(":")[0] for text in said] == ["Packets were lost on the way"]
    # Gaps of 20 ms were sent; a lost packet comes again after 40 to 200 ms or more, and that is what a user felt.
    assert document["metrics"]["itl_ms"]["max"] > 50
    trust = document["trust"]
    assert trust["itl_p99_error_bound_ms"] < 0.25 * document["metrics"]["itl_ms"]["max"]
    assert trust["merged_share"] < 0.02


def _in(namespace: str) -> list[str]:
    return ["ip", "netns", "exec", namespace]
