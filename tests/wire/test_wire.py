"""The parts of the wire that can be held alone: framing, time limits, the gate, who is woken when."""

from __future__ import annotations

import random
import socket
import struct
import sys
import threading
import time

import pytest

from patience import FOREVER_S, PROMPT_S, undisturbed
from scripted_server import DONE, Serve, chunk, chunked, head, sized, token, until_close
from sse_perf_tool.formats import FORMATS
from sse_perf_tool.masking import Masker
from sse_perf_tool.pace.schedule import processes_for, tick_s
from sse_perf_tool.providers import Query, QueryProvider
from sse_perf_tool.records import Outcome
from sse_perf_tool.request.body import BodyBuilder
from sse_perf_tool.request.target import Target
from sse_perf_tool.tester import SSETester
from sse_perf_tool.wire.body import Chunked, Counted
from sse_perf_tool.wire.exchange import Exchange, StoppedError
from sse_perf_tool.wire.gate import Gate, compiled_module
from sse_perf_tool.wire.pump import Pump, _clocks, half_octave
from sse_perf_tool.wire.reading import Reader
from sse_perf_tool.wire.tcp_info import TcpInfo, tcp_info

MS = 1_000_000
S = 1_000_000_000

# Framing.

BODY = b"5\r\nhello\r\n6;name=value\r\n world\r\n0\r\nTrailer: x\r\n\r\n"


def dechunked(data: bytes, cuts: list[int]) -> tuple[bytes, Chunked]:
    framing, got = Chunked(), b""
    for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
        got += framing.feed(data[start:end])
    return got, framing


def test_chunks_come_out_whole_wherever_the_bytes_were_cut() -> None:
    for seed in range(200):
        cuts = sorted(random.Random(seed).sample(range(1, len(BODY)), 5))
        got, framing = dechunked(BODY, cuts)
        assert (got, framing.done, framing.surplus, framing.fault) == (b"hello world", True, b"", None), cuts


def test_chunks_come_out_whole_byte_by_byte() -> None:
    got, framing = dechunked(BODY, list(range(1, len(BODY))))
    assert (got, framing.done) == (b"hello world", True)


def test_what_stands_behind_the_last_chunk_is_surplus() -> None:
    got, framing = dechunked(BODY + b"HTTP/1.1 200", [])
    assert (got, framing.surplus) == (b"hello world", b"HTTP/1.1 200")


@pytest.mark.parametrize("size", [b"", b"xyz", b"-5", b"+5", b"0x5", b"5_0", b" "])
def test_a_chunk_size_is_hexadecimal_digits_and_nothing_else(size: bytes) -> None:
    framing = Chunked()
    assert framing.feed(b"2\r\nok\r\n" + size + b"\r\nhello\r\n") == b"ok"
    assert framing.fault is not None


def test_an_empty_line_before_a_size_is_a_fault_wherever_the_bytes_are_cut() -> None:
    for pieces in ([b"\n5\r\nhello\r\n"], [b"\n"]):
        framing = Chunked()
        assert framing.feed(pieces[0]) == b""
        assert framing.fault is not None


def test_a_chunk_longer_than_it_says_is_a_fault_and_what_came_before_is_kept() -> None:
    framing = Chunked()
    assert framing.feed(b"5\r\nhelloX\r\n") == b"hello"
    assert framing.fault is not None


def test_a_size_line_without_end_is_a_fault() -> None:
    framing = Chunked()
    for _ in range(70):
        framing.feed(b"1" * 1000)
    assert framing.fault is not None


def test_a_counted_body_ends_with_its_last_byte() -> None:
    framing = Counted(7)
    assert (framing.feed(b"hello"), framing.done) == (b"hello", False)
    assert (framing.feed(b"!!rest"), framing.done, framing.surplus) == (b"!!", True, b"rest")


# Time limits, by a clock that stands still.


class FakeClock:
    def __init__(self) -> None:
        self.now_ns = 1_000 * S

    def __call__(self) -> int:
        return self.now_ns


def exchange_at_zero(timeout_s: float, idle_s: float | None = None) -> tuple[Exchange, FakeClock]:
    clock = FakeClock()
    exchange = Exchange(clock)
    exchange.begin(timeout_s, idle_s)
    return exchange, clock


def test_patience_is_what_is_left_of_the_whole_answer() -> None:
    exchange, clock = exchange_at_zero(10)
    clock.now_ns += 4 * S
    assert exchange.patience_s() == 6
    clock.now_ns += 6 * S
    with pytest.raises(StoppedError):
        exchange.patience_s()
    assert exchange.stopped_by == "timeout"


def test_idle_time_counts_from_the_newest_bytes() -> None:
    exchange, clock = exchange_at_zero(60, idle_s=2)
    clock.now_ns += 1 * S
    exchange.received(clock.now_ns, b"x")
    clock.now_ns += 1 * S
    assert exchange.patience_s() == 1
    clock.now_ns += 1 * S
    with pytest.raises(StoppedError):
        exchange.patience_s()
    assert exchange.stopped_by == "idle"


def test_an_end_marker_leaves_its_grace_from_its_own_arrival() -> None:
    exchange, clock = exchange_at_zero(60)
    exchange.received(clock.now_ns, b"data: [DONE]")
    clock.now_ns += 300 * MS  # the reader looks late
    exchange.finish_within(0.5)
    assert exchange.patience_s() == pytest.approx(0.2)
    clock.now_ns += 200 * MS
    with pytest.raises(StoppedError):
        exchange.patience_s()
    assert exchange.stopped_by == "enough"


def test_a_request_starts_when_it_is_written_less_what_opening_the_connection_took() -> None:
    exchange, clock = exchange_at_zero(60)
    exchange.attempt(connection_open=False)
    exchange.dns_ns, exchange.connect_ns, exchange.tls_ns = 3 * MS, 4 * MS, 5 * MS
    clock.now_ns += 100 * MS  # 88 of which the thread stood in line behind others of its own process
    exchange.sending()
    assert exchange.started_ns == clock.now_ns - 12 * MS


def test_a_retried_request_starts_with_its_first_attempt() -> None:
    exchange, clock = exchange_at_zero(60)
    exchange.attempt(connection_open=True)
    exchange.sending()
    first_ns = clock.now_ns
    clock.now_ns += 1 * S
    exchange.attempt(connection_open=True)
    exchange.sending()
    assert exchange.started_ns == first_ns


def test_a_cancelled_request_sends_nothing() -> None:
    exchange, _ = exchange_at_zero(60)
    exchange.attempt(connection_open=True)
    exchange.cancel()
    with pytest.raises(StoppedError):
        exchange.sending()
    assert (exchange.stopped_by, exchange.started_ns) == ("cancelled", None)


@undisturbed
def test_the_distance_of_the_clocks_is_that_of_two_looks_close_together() -> None:
    now_ns, ahead_ns = _clocks()
    assert abs(time.perf_counter_ns() - now_ns) < 1 * S
    assert abs(time.time_ns() - (time.perf_counter_ns() + ahead_ns)) < 50 * MS


# The gate.


def test_one_worker_computes_at_a_time(gate: Gate) -> None:
    inside, most = 0, 0
    looks = threading.Lock()

    def work() -> None:
        nonlocal inside, most
        for _ in range(20):
            with gate:
                with looks:
                    inside += 1
                    most = max(most, inside)
                time.sleep(0.0001)
                with looks:
                    inside -= 1

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert most == 1


@pytest.fixture
def gate(reader: Reader) -> Gate:
    """One of each kind."""
    module = compiled_module()
    return Gate() if reader.kind == "python" or module is None else module.Gate()


@undisturbed
def test_the_pump_is_next_however_many_workers_stand_there(gate: Gate) -> None:
    order = list[str]()
    gate.enter()

    def work(number: int) -> None:
        with gate:
            order.append(f"worker {number}")

    workers = [threading.Thread(target=work, args=(number,)) for number in range(20)]
    for worker in workers:
        worker.start()
    time.sleep(0.05)  # all of them stand in line, one of them at the gate

    def pump() -> None:
        gate.enter_pump()
        order.append("pump")
        gate.leave()

    pumping = threading.Thread(target=pump)
    pumping.start()
    time.sleep(0.05)
    gate.leave()
    for thread in [pumping, *workers]:
        thread.join()
    assert len(order) == 21
    assert order[0] == "pump"


def test_the_gate_stays_whole_under_a_pump_that_comes_and_goes(gate: Gate) -> None:
    inside, faults, rounds = 0, 0, 0
    through = threading.Event()

    def hold() -> None:
        nonlocal inside, faults
        inside += 1
        faults += inside != 1
        time.sleep(0)
        inside -= 1

    def work() -> None:
        passes = 0
        while passes < 300 or rounds <= 10:
            with gate:
                hold()
                gate.yield_to_pump()
                hold()
            passes += 1

    def pump() -> None:
        nonlocal rounds
        while not through.is_set():
            gate.enter_pump()
            hold()
            gate.leave()
            rounds += 1

    workers = [threading.Thread(target=work, daemon=True) for _ in range(6)]
    pumping = threading.Thread(target=pump, daemon=True)
    for thread in [pumping, *workers]:
        thread.start()
    for thread in workers:
        thread.join(timeout=FOREVER_S)
        assert not thread.is_alive(), "somebody waits for ever"
    through.set()
    pumping.join(timeout=FOREVER_S)
    assert not pumping.is_alive()
    assert faults == 0


# The end of an answer.


def asker(url: str) -> SSETester:
    chat = FORMATS["openai_chat"]
    return SSETester(Target(url, BodyBuilder(row=chat), QueryProvider([Query("hi")]), Masker(()), format=chat))


@pytest.mark.parametrize(
    "script",
    [
        chunked(token("a"), 0.05, token("b"), 0.05, DONE),
        sized(token("a"), 0.05, token("b"), 0.05, DONE),
        until_close(token("a"), 0.05, token("b"), 0.05, DONE, FOREVER_S),
        [head(), chunk(token("a")), 0.05, chunk(DONE), FOREVER_S, b"0\r\n\r\n"],
        [head(), chunk(token("a")), 0.05, chunk(DONE), b"0\r", 0.01, b"\n\r\n"],
    ],
    ids=["chunked", "counted", "until close, which is late", "last chunk late", "last chunk in pieces"],
)
def test_the_end_of_an_answer_is_noticed_at_once_whatever_marks_it(serve: Serve, script: list[object]) -> None:
    tester = asker(serve(script).url())
    tester.exchange.tick_s = FOREVER_S  # so that no other look at what has come can notice it
    began_s = time.monotonic()
    record = tester.test_streaming(1)
    took_s = time.monotonic() - began_s
    tester.close()
    assert record.outcome is Outcome.OK
    assert took_s < PROMPT_S


# How much is divided, and how often it is looked at.


@pytest.mark.parametrize(
    ("asked", "threads", "cores", "processes"),
    [(None, 1, 8, 1), (None, 256, 8, 1), (None, 257, 8, 2), (None, 5000, 2, 2), (3, 100, 1, 3), (8, 5, 2, 5)],
)
def test_threads_are_divided_over_processes(asked: int | None, threads: int, cores: int, processes: int) -> None:
    assert processes_for(asked, threads, cores) == processes


@pytest.mark.parametrize(("threads", "tick"), [(1, 0.05), (10, 0.2), (100, 2.0), (200, 4.0), (5000, 4.0)])
def test_more_threads_are_looked_at_less_often(threads: int, tick: float) -> None:
    assert tick_s(threads) == pytest.approx(tick)


# What the wire notes of itself.


def test_half_octaves_need_no_logarithm() -> None:
    edges = [2 ** (k / 2) for k in range(40)]
    assert [half_octave(int(edge) + 1) for edge in edges[4:]] == list(range(5, 41))
    assert (half_octave(0), half_octave(1), half_octave(2)) == (0, 1, 3)


class Readable:
    """A pumped socket whose next read is given: what it brings and the ancillary data of the kernel."""

    def __init__(self, fd: int, arrived_unix_ns: int | None) -> None:
        self.fd, self.sock, self.stamped = fd, self, arrived_unix_ns is not None
        self._arrived_unix_ns = arrived_unix_ns or 0
        self.came_at: list[int] = []

    def recvmsg_into(self, _buffers: object, _size: int) -> tuple[int, list[tuple[int, int, bytes]], int, object]:
        stamp = struct.pack("qq", *divmod(self._arrived_unix_ns, S))
        return 5, [(socket.SOL_SOCKET, 35, stamp)], 0, None

    def recv_into(self, _buffer: object) -> int:
        return 5

    def lost_packets(self) -> bool:
        return False

    def came(self, arrived_ns: int, _data: bytes) -> bool:
        self.came_at.append(arrived_ns)
        return False


class PumpByHand(Pump):
    """A pump whose rounds a test makes."""

    def start(self) -> None:
        """Not."""


def test_the_pump_counts_how_long_reads_have_waited_and_sockets_were_not_looked_at() -> None:
    pump = PumpByHand()
    now_ns, unix_ns = time.perf_counter_ns(), time.time_ns()
    ages_ns = (3 * S, 300 * MS, -20 * MS)
    pump._sockets = {fd: Readable(fd, unix_ns - age_ns) for fd, age_ns in enumerate(ages_ns)}
    pump._looked_ns = now_ns - 10 * S
    buffer = bytearray(64)
    pump._round([(fd, 1) for fd in pump._sockets], [buffer], memoryview(buffer))
    # 3 s are within [2**21.5, 2**22) microseconds, 0.3 s within [2**18, 2**18.5), 10 s within [2**23, 2**23.5).
    assert {at: count for at, count in enumerate(pump.waits) if count} == {0: 1, 37: 1, 44: 1}
    assert {at: count for at, count in enumerate(pump.away) if count} == {47: 3}
    assert pump.take_longest_wait_us() == pytest.approx(3_000_000, rel=0.01)
    assert pump.take_longest_wait_us() == 0


def test_reads_without_a_stamp_are_in_no_wait_but_their_sockets_were_away() -> None:
    pump = PumpByHand()
    pump._sockets = {3: Readable(3, None)}
    buffer = bytearray(64)
    pump._round([(3, 1)], [buffer], memoryview(buffer))
    assert (sum(pump.waits), sum(pump.away)) == (0, 1)


def exchange_at(now: list[int]) -> Exchange:
    exchange = Exchange(clock=lambda: now[0])
    exchange.begin(timeout_s=60)
    return exchange


def test_a_start_may_be_too_early_by_the_time_of_the_write() -> None:
    now = [10 * S]
    exchange = exchange_at(now)
    exchange.attempt(connection_open=True)
    exchange.sending()
    now[0] += 3 * MS
    exchange.sent()
    now[0] += 5 * MS
    exchange.sent()
    assert exchange.start_slack_ns == 3 * MS, "the first write counts"


@pytest.mark.parametrize(
    ("handshake", "slack_ms"), [(TcpInfo(500, 0, 0), 3 + 7.5), (None, 3), (TcpInfo(9000, 0, 0), 3)]
)
def test_connecting_that_took_longer_than_the_handshake_makes_a_start_too_early(
    handshake: TcpInfo | None, slack_ms: float
) -> None:
    now = [10 * S]
    exchange = exchange_at(now)
    exchange.attempt(connection_open=False)
    exchange.connect_ns = 8 * MS
    exchange.connected(handshake)
    exchange.sending()
    now[0] += 3 * MS
    exchange.sent()
    assert exchange.start_slack_ns == slack_ms * MS


@undisturbed
def test_an_answer_tells_how_early_its_start_may_be_and_its_connection_what_the_system_knows(serve: Serve) -> None:
    tester = asker(serve(chunked(token("hi"), DONE)).url())
    record = tester.test_streaming(1)
    assert record.start_slack_ns is not None
    assert 0 < record.start_slack_ns < S
    connection = tester.socket()
    info = None if connection is None else connection.tcp_info()
    assert info is None or info.rtt_us > 0
    assert (info is not None) == (sys.platform == "linux")
    tester.close()


def test_a_closed_socket_tells_nothing() -> None:
    with socket.socket() as sock:
        pass
    assert tcp_info(sock) is None
