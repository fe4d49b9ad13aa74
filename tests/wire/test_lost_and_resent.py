"""What is lost and sent again: SYNs before a full accept queue, packets that wait for one that was lost."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from patience import undisturbed
from scripted_server import DONE, FINISH, chunked, token
from sse_perf_tool.formats.table import FORMATS
from sse_perf_tool.masking import Masker
from sse_perf_tool.providers import Query, QueryProvider
from sse_perf_tool.records import Outcome, RequestRecord
from sse_perf_tool.request.body import BodyBuilder
from sse_perf_tool.request.target import Target
from sse_perf_tool.tester import SSETester
from sse_perf_tool.wire import Exchange
from sse_perf_tool.wire.pump import KERNEL_STAMPS, LATEST_NS, _readable_ns
from sse_perf_tool.wire.tcp_info import TcpInfo

MS, S = 1_000_000, 1_000_000_000


@pytest.mark.parametrize(
    ("connect_ms", "resent", "slack_ms"),
    [
        (1016, 1, 3), (2030, 2, 3), (3045, 2, 3), (7080, 3, 3),
        (1500, 1, 3 + 499),
        (1016, 0, 3 + 1015),
    ],
    ids=["1 s", "2 s", "3 s", "7 s", "half a second more was ours", "none was sent again"],
)  # fmt: skip
def test_the_time_until_a_syn_is_sent_again_is_not_this_tools(connect_ms: int, resent: int, slack_ms: int) -> None:
    now = [10 * S]
    exchange = Exchange(clock=lambda: now[0])
    exchange.begin(timeout_s=60)
    exchange.attempt(connection_open=False)
    exchange.connect_ns = connect_ms * MS
    exchange.connected(TcpInfo(1000, resent, 0))
    exchange.sending()
    now[0] += 3 * MS
    exchange.sent()
    assert (exchange.start_slack_ns, exchange.syn_resent) == (slack_ms * MS, resent)


class Lossy:
    """A connection on which so many packets have come out of order since it was asked last."""

    def __init__(self, lost: bool) -> None:
        self.lost = lost

    def lost_packets(self) -> bool:
        return self.lost


def test_what_waited_for_a_lost_packet_could_be_read_when_that_had_come() -> None:
    now = 100 * S
    assert _readable_ns(Lossy(True), now - 180 * MS, now) == now  # type: ignore[arg-type]
    assert _readable_ns(Lossy(False), now - 180 * MS, now) == now - 180 * MS, "a read that was late"  # type: ignore[arg-type]
    before = time.perf_counter_ns()
    assert _readable_ns(Lossy(False), now - LATEST_NS - 1, now) >= before, "the wall clock was set"  # type: ignore[arg-type]


@contextmanager
def crowded() -> Iterator[int]:
    """The port of a server that takes connections one by one, long after they came: its accept queue is full."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=1)
    over = threading.Event()

    def serve() -> None:
        over.wait(0.4)
        while not over.is_set():
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            with sock:
                sock.recv(65_536)
                for step in chunked(token("a"), token("b"), FINISH, DONE):
                    sock.sendall(step)  # type: ignore[arg-type]

    threading.Thread(target=serve, daemon=True).start()
    yield listener.getsockname()[1]
    over.set()
    listener.close()


@pytest.mark.skipif(not KERNEL_STAMPS, reason="only Linux tells how often a SYN was sent")
@undisturbed
def test_a_full_accept_queue_is_seen_and_held_against_the_server() -> None:
    with crowded() as port:
        records = asked_at_once(f"http://127.0.0.1:{port}/v1/chat/completions", 8)
    resent = [each for each in records if each.syn_resent]
    assert resent, "nobody waited: the queue was not full"
    for each in resent:
        assert each.outcome is Outcome.OK
        assert (each.connect_ns or 0) >= 0.9 * S
        assert (each.start_slack_ns or 0) < 0.5 * S
    assert {each.syn_resent for each in records if (each.connect_ns or 0) < 0.5 * S} == {0}


def asked_at_once(url: str, times: int) -> list[RequestRecord]:
    row = FORMATS["openai_chat"]
    target = Target(url, BodyBuilder(row=row), QueryProvider([Query("?")]), Masker([]), format=row)
    records: list[RequestRecord] = []

    def send(number: int) -> None:
        tester = SSETester(target, number)
        records.append(tester.test_streaming(number))
        tester.close()

    threads = [threading.Thread(target=send, args=(number,)) for number in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return records
