"""Servers that send as fast as they can, and bytes that arrived in time though this program looks at them late."""

from __future__ import annotations

import time

import pytest

from patience import FOREVER_S, PROMPT_S, undisturbed
from requests_to_server import CHUNKED_HEAD, DONE, HELLO, ask, assert_arrival, target_of
from scripted_server import ScriptedServer, Serve, chunk, head
from sse_perf_tool.records import Outcome
from sse_perf_tool.request import guard
from sse_perf_tool.tester import SSETester
from sse_perf_tool.wire import GATE, Exchange, StoppedError, the_reader
from sse_perf_tool.wire.channel import ALL_QUEUES_BYTES, LARGEST_QUEUE_BYTES, SMALLEST_QUEUE_BYTES, share_bytes
from sse_perf_tool.wire.pump import KERNEL_STAMPS, Pump
from sse_perf_tool.wire.sockets import PumpedSocket

S = 1_000_000_000


@pytest.mark.not_measured
@pytest.mark.parametrize("piece", [b": ping\n\n", b"\n", b"\r\n", b": x\r\n\r\n", b":\r\r", b"retry: 1\n\n"])
def test_a_flood_without_events_ends_as_malformed_before_it_takes_a_core_for_long(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, piece: bytes
) -> None:
    monkeypatch.setattr(guard, "EVENT_BYTES", 2**20)
    server = serve([head(), *[piece * (2**20 // len(piece))] * 999])
    record = ask(server, timeout_s=30)
    assert record.outcome is Outcome.MALFORMED
    assert record.error == "more than 1 MiB of comments and blank lines without any event"
    assert record.bytes_received < 8 * 2**20


def test_a_flood_ends_with_the_timeout(serve: Serve) -> None:
    began_s = time.monotonic()
    record = ask(serve([head(), *[HELLO * 10_000] * 999_999]), timeout_s=0.3)
    assert record.outcome is Outcome.TIMEOUT
    assert time.monotonic() - began_s < PROMPT_S


@pytest.mark.parametrize(
    "piece", [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + (b"X: " + b"y" * 60_000 + b"\r\n") * 9]
)
def test_a_head_without_an_end_is_no_head(serve: Serve, piece: bytes) -> None:
    record = ask(serve([piece * (2**20 // len(piece))]))
    assert record.outcome is Outcome.MALFORMED
    assert (record.error or "").endswith("does not answer in HTTP: a head of more than 256 KiB")


def test_a_queue_that_is_full_makes_the_server_wait(serve: Serve) -> None:
    server = serve([head(), *[HELLO * 10_000] * 200])
    asker = SSETester(target_of(server))
    exchange = asker.exchange
    exchange.begin(timeout_s=FOREVER_S)
    taken = 0
    with GATE:
        response = asker._session.send(asker._request(b"{}", {}, None), stream=True)
        socket = exchange.socket
        assert isinstance(socket, PumpedSocket)
        socket.take()
        share = the_reader().share_bytes
        GATE.leave()
        give_up_s = time.monotonic() + PROMPT_S
        while socket.channel.queued_bytes <= share // 2 and time.monotonic() < give_up_s:
            time.sleep(0.005)
        time.sleep(0.2)  # nobody takes anything out of the queue
        GATE.enter()
        in_hand, held = sum(len(data) for _, data in socket.reads), socket.channel.queued_bytes
        assert share // 2 < held <= share + 65_536
        assert in_hand <= share + 65_536, "what the worker has taken is no more than one queue"
        while taken < 4 * share:  # it goes on where it was
            taken += sum(len(data) for _, data in socket.take_all())
        response.close()
    asker.close()


def test_the_more_connections_the_less_may_each_have_in_its_queue() -> None:
    shares = [share_bytes(number) for number in (0, 1, 10, 100, 5000)]
    assert shares == [LARGEST_QUEUE_BYTES] * 2 + [ALL_QUEUES_BYTES // 10] + [SMALLEST_QUEUE_BYTES] * 2


class Clock:
    now_ns = 100 * S

    def __call__(self) -> int:
        return self.now_ns


def late_exchange(late_s: float) -> tuple[Exchange, Clock, int]:
    """One that looks so long after its time-out of a second, its clock, and when that was."""
    clock = Clock()
    exchange = Exchange(clock)
    exchange.begin(timeout_s=1)
    limit_ns = clock.now_ns + S
    clock.now_ns = limit_ns + round(late_s * S)
    return exchange, clock, limit_ns


def test_what_arrived_in_time_is_processed_though_the_program_stood_still() -> None:
    exchange, _, limit_ns = late_exchange(5)
    exchange.check(limit_ns - 1)
    with pytest.raises(StoppedError):
        exchange.check(limit_ns + 1)
    assert exchange.stopped_by == "timeout"


def test_that_has_an_end_of_its_own() -> None:
    exchange, clock, limit_ns = late_exchange(5)
    exchange.check(limit_ns - 1)
    clock.now_ns += 2 * S
    with pytest.raises(StoppedError):
        exchange.check(limit_ns - 1)


def test_a_flood_is_no_reason_to_go_on_for_long() -> None:
    exchange, _, limit_ns = late_exchange(0.1)
    began_ns = time.thread_time_ns()
    while exchange.may_process(limit_ns - 1):
        assert time.thread_time_ns() - began_ns < S // 5


def late_server(serve: Serve) -> ScriptedServer:
    return serve([CHUNKED_HEAD, chunk(HELLO), 0.2, chunk(HELLO), chunk(DONE), b"0\r\n\r\n"])


@pytest.mark.skipif(not KERNEL_STAMPS, reason="the kernel does not stamp here")
@pytest.mark.parametrize(("stands_s", "outcome"), [(0.0, Outcome.OK), (1.2, Outcome.OK)])
@undisturbed
def test_bytes_in_the_kernel_are_read_before_a_timeout_is_called(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, stands_s: float, outcome: Outcome
) -> None:
    """The reading thread and the worker stand still from the first token on; the rest comes within the time-out."""
    pump = the_reader()
    if not isinstance(pump, Pump):
        pytest.skip("the compiled one does not stand still with the gate")
    stood: list[float] = []
    round_ = pump._round

    def late_round(ready: list[tuple[int, int]], *more: object) -> object:
        found = round_(ready, *more)  # type: ignore[arg-type]
        if not stood and stands_s and any(queue.queued for queue in pump._sockets.values()):
            stood.append(stands_s)
            time.sleep(stands_s)  # with the gate held: nobody goes on
        return found

    monkeypatch.setattr(pump, "_round", late_round)
    record = ask(server := late_server(serve), timeout_s=0.8)
    assert (record.outcome, record.chunks) == (outcome, 2)
    assert_arrival(record, record.latency_ns, server, DONE)
