"""The paced server keeps its timetable, tells exactly what it sent, and ends with its parent."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from patience import FOREVER_S, PROMPT_S, undisturbed
from sse_perf_tool.calibration.server import NS_PER_MS, Server, ask, paced_server

pytestmark = pytest.mark.measures_processes

TTFT_MS, ITL_MS, CHUNKS = 40.0, 10.0, 8
POST = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"
LAST = b"\r\n0\r\n\r\n"


@pytest.fixture
def port() -> Iterator[int]:
    """A server in a thread of this process."""
    server = Server(TTFT_MS, ITL_MS, CHUNKS)
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    yield server.port
    server.stop()
    thread.join(PROMPT_S)
    assert not thread.is_alive()


def read_until(sock: socket.socket, end: bytes) -> bytes:
    data = b""
    while not data.endswith(end):
        more = sock.recv(65_536)
        assert more, "the server has closed the connection"
        data += more
    return data


def answer_of(port: int) -> bytes:
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.sendall(POST)
        return read_until(sock, LAST)


def test_an_answer_has_all_its_chunks_and_the_end(port: int) -> None:
    lines = [line for line in answer_of(port).splitlines() if line.startswith(b"data: ")]
    assert lines[-1] == b"data: [DONE]"
    documents = [json.loads(line[6:]) for line in lines[:-1]]
    texts = [choice["delta"].get("content") for one in documents for choice in one["choices"]]
    assert texts == ["tok "] * CHUNKS + [None]
    assert documents[-1]["usage"]["completion_tokens"] == CHUNKS


@undisturbed
def test_it_counts_exactly_and_keeps_its_timetable(port: int) -> None:
    ask(port, "/reset")
    streams = [threading.Thread(target=answer_of, args=(port,)) for _ in range(5)]
    began_ns = time.monotonic_ns()
    for stream in streams:
        stream.start()
    for stream in streams:
        stream.join()
    took_ns = time.monotonic_ns() - began_ns
    truth = ask(port, "/stats")
    assert [truth[key] for key in ("requests", "done", "chunks", "aborted")] == [5, 5, 40, 0]
    assert [len(truth[key]) for key in ("ttft_ns", "gap_ns", "late_ns")] == [5, 35, 40]
    assert TTFT_MS * NS_PER_MS <= min(truth["ttft_ns"]) <= max(truth["ttft_ns"]) < took_ns
    # A stream that was late catches up: the mean gap is the one asked for, give or take the first and the last chunk.
    assert sum(truth["gap_ns"]) / 35 == pytest.approx(ITL_MS * NS_PER_MS, rel=0.5)
    assert 0 <= min(truth["late_ns"]) <= max(truth["late_ns"]) < took_ns


@undisturbed
def test_the_truth_is_what_a_client_that_does_nothing_else_sees(port: int) -> None:
    ask(port, "/reset")
    with socket.create_connection(("127.0.0.1", port)) as sock:
        seen_ns = []
        sock.sendall(POST)
        sent_ns = time.monotonic_ns()
        read_until(sock, b"\r\n\r\n")  # the head goes out at once
        for _ in range(CHUNKS):
            read_until(sock, b"\n\n\r\n")
            seen_ns.append(time.monotonic_ns())
        read_until(sock, LAST)
    truth = ask(port, "/stats")
    # Each chunk is seen after it was sent, and this reader may be put aside: the median tells.
    late_ns, at_ns = [], sent_ns
    for step_ns, seen in zip([*truth["ttft_ns"], *truth["gap_ns"]], seen_ns, strict=True):
        at_ns += step_ns
        late_ns.append(seen - at_ns)
    assert -1 * NS_PER_MS < sorted(late_ns)[CHUNKS // 2] < 5 * NS_PER_MS


def test_lateness_is_the_gap_between_the_timetable_and_the_writing(port: int) -> None:
    answer_of(port)
    truth = ask(port, "/stats")
    at_ns = truth["ttft_ns"][0] - TTFT_MS * NS_PER_MS
    late_ns = [at_ns]
    for gap_ns in truth["gap_ns"]:
        at_ns += gap_ns - ITL_MS * NS_PER_MS
        late_ns.append(at_ns)
    assert truth["late_ns"] == late_ns


def test_it_forgets_when_told_to(port: int) -> None:
    answer_of(port)
    ask(port, "/reset")
    truth = ask(port, "/stats")
    assert (truth["requests"], truth["chunks"], truth["ttft_ns"]) == (0, 0, [])


def test_a_client_that_goes_away_is_counted_and_harms_no_one(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.sendall(POST)
        sock.recv(1)
    answer_of(port)
    truth = ask(port, "/stats")
    assert (truth["requests"], truth["done"], truth["aborted"]) == (2, 1, 1)


@undisturbed
def test_a_request_in_pieces_arrives_with_its_last_piece(port: int) -> None:
    ask(port, "/reset")
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.sendall(POST[:-1])
        time.sleep(0.05)
        assert ask(port, "/stats")["requests"] == 0
        sock.sendall(POST[-1:])
        read_until(sock, LAST)
    assert ask(port, "/stats")["ttft_ns"][0] == pytest.approx(TTFT_MS * NS_PER_MS, rel=0.9)


def test_what_it_does_not_know_is_not_found(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.sendall(b"GET /nothing HTTP/1.1\r\n\r\n")
        assert sock.recv(65_536).startswith(b"HTTP/1.1 404 ")


def test_a_client_that_reads_slowly_gets_every_chunk() -> None:
    server = Server(ttft_ms=0, itl_ms=0, chunks=20_000)
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        sock.connect(("127.0.0.1", server.port))
        sock.sendall(POST)
        time.sleep(0.1)  # meanwhile all buffers on the way fill up
        assert read_until(sock, LAST).count(b"tok ") == 20_000
    server.stop()
    thread.join(PROMPT_S)
    assert not thread.is_alive()


def test_a_request_without_end_is_cut_off(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as sock, pytest.raises(OSError):  # noqa: PT011 - reset or pipe
        sock.sendall(b"x" * (64 << 20))
    assert ask(port, "/stats")["requests"] == 0


def test_a_process_that_does_not_start_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    with pytest.raises(RuntimeError, match="before it had said its port"), paced_server(1.0, 1.0, 3):
        pass


def test_as_a_process_it_serves_and_is_gone_behind_the_block() -> None:
    with paced_server(1.0, 1.0, 3) as port:
        assert answer_of(port).count(b"tok ") == 3
    with pytest.raises(ConnectionRefusedError):
        ask(port, "/stats")


PARENT = """
import os, signal
from sse_perf_tool.calibration.server import paced_server
with paced_server(1.0, 1.0, 3) as port:
    print(port, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no SIGKILL")
def test_it_ends_when_its_parent_is_killed() -> None:
    environ = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    parent = subprocess.run(
        [sys.executable, "-c", PARENT], capture_output=True, text=True, env=environ, timeout=FOREVER_S
    )
    assert parent.returncode == -signal.SIGKILL
    deadline_s = time.monotonic() + PROMPT_S
    while time.monotonic() < deadline_s:
        try:
            ask(int(parent.stdout), "/stats")
        except OSError:
            return
        time.sleep(0.02)
    pytest.fail("the server goes on without its parent")
