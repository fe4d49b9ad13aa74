"""No time of a request is less than none, whatever came first."""

from __future__ import annotations

import io
import socket
import threading
from pathlib import Path

import pytest

from sse_perf_tool.cli import Environment, main
from sse_perf_tool.masking import Masker
from sse_perf_tool.providers import Query
from sse_perf_tool.records import Outcome
from sse_perf_tool.records.reader import Damage, read_records
from sse_perf_tool.request.timeline import AnswerTimeline
from sse_perf_tool.wire import Exchange

EARLY = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
    b'data: {"choices": [{"index": 0, "delta": {"content": "x"}}]}\n\ndata: [DONE]\n\n'
)


def test_stamps_that_are_out_of_order_by_nanoseconds_make_no_negative_time() -> None:
    exchange = Exchange(clock=lambda: 1_000)
    exchange.started_ns, exchange.first_byte_ns, exchange.arrived_ns = 500, 490, 480
    timeline = AnswerTimeline(1, 1, Query("q"), 1, streamed=True)
    timeline.outcome = Outcome.OK
    record = timeline.record(exchange, Masker(()))
    assert (record.ttfb_ns, record.streaming_ns, record.latency_ns) == (0, 0, 0)


@pytest.fixture
def hasty() -> object:
    """The port of a server that answers each connection at once, before anything was asked, and then reads."""

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.sendall(EARLY)
            connection.shutdown(socket.SHUT_WR)
            connection.recv(65_536)
            connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(10)


def test_the_records_of_answers_that_came_before_they_were_asked_for_are_read_again(
    hasty: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    url = f"http://127.0.0.1:{hasty}/v1/chat/completions"
    words = ["--url", url, "--api-key", "-", "--requests", "4", "--threads", "2", "--retries", "0", "--timeout", "5"]
    main([*words, "--records", "run.jsonl", "--html-report", "run.html"], Environment(io.StringIO(), io.StringIO(), {}))
    damage = Damage()
    records = list(read_records("run.jsonl", damage=damage))
    assert (len(records), damage.lines) == (4, 0)
    assert all(record.latency_ns >= 0 and (record.ttfb_ns or 0) >= 0 for record in records)
