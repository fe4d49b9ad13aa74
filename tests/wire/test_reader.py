"""The two reading threads: what one knows of its lateness, who has which, forks, and the compiled one under stress."""

from __future__ import annotations

import ctypes
import os
import platform
import socket
import struct
import threading
import time
import weakref
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from patience import FOREVER_S, PROMPT_S, undisturbed
from sse_perf_tool.compiled import PURE
from sse_perf_tool.wire import gate, reading
from sse_perf_tool.wire.channel import Channel
from sse_perf_tool.wire.pump import KERNEL_STAMPS, ask_for_stamps, half_octave
from sse_perf_tool.wire.reading import Reader
from stress_reader import Stress

MS = 1_000_000
compiled_only = pytest.mark.skipif(gate.compiled_module() is None, reason="the compiled reader was not built here")


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """(what a reader reads, the other end)"""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        other = socket.create_connection(listener.getsockname())
        ours, _ = listener.accept()
    ours.setblocking(False)
    with ours, other:
        yield ours, other


def waited_for(channel: Channel, reads: int) -> list[tuple[int, bytes]]:
    found = channel.take()
    give_up_s = time.monotonic() + PROMPT_S
    while len(found) < reads and time.monotonic() < give_up_s:
        channel.wait(0.1)
        found += channel.take()
    return found


# Both.


def test_a_channel_gives_what_came_and_then_the_end_once(reader: Reader, pair: Any) -> None:
    ours, other = pair
    channel = reader.open(ours, ask_for_stamps(ours))
    other.sendall(b"hello")
    assert [data for _, data in waited_for(channel, 1)] == [b"hello"]
    assert (channel.ended, channel.error, channel.queued) == (False, None, 0)
    other.close()
    assert [data for _, data in waited_for(channel, 1)] == [b""]
    assert (channel.ended, channel.error, channel.take()) == (True, None, [])
    channel.drop()


def test_a_connection_that_breaks_says_how(reader: Reader, pair: Any) -> None:
    ours, other = pair
    channel = reader.open(ours, ask_for_stamps(ours))
    other.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    other.close()
    assert [data for _, data in waited_for(channel, 1)] == [b""]
    assert isinstance(channel.error, ConnectionResetError)
    channel.drop()
    channel.drop()


def test_only_what_is_due_ends_a_wait(reader: Reader, pair: Any) -> None:
    ours, other = pair
    channel = reader.open(ours, ask_for_stamps(ours))
    channel.begin(b"[DONE]")
    other.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    time.sleep(0.02)
    other.sendall(b"data: some token\n\n")
    began_s = time.monotonic()
    channel.wait(0.15)
    assert time.monotonic() - began_s >= 0.14
    other.sendall(b"data: [DONE]\n\n")
    channel.wait(FOREVER_S)
    assert time.monotonic() - began_s < PROMPT_S
    assert b"".join(data for _, data in channel.take()).endswith(b"\r\n\r\ndata: some token\n\ndata: [DONE]\n\n")
    channel.drop()


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n",
        b"HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n",
        b"x",
    ],
)
def test_a_head_that_does_not_begin_a_stream_is_due_and_all_behind_it(reader: Reader, pair: Any, head: bytes) -> None:
    ours, other = pair
    channel = reader.open(ours, ask_for_stamps(ours))
    channel.begin(b"[DONE]")
    assert not channel.eager
    other.sendall(head)
    for _ in range(2):
        began_s = time.monotonic()
        channel.wait(FOREVER_S)
        assert time.monotonic() - began_s < PROMPT_S
        assert channel.take()
        other.sendall(b"some bytes of it")
    assert channel.eager
    channel.drop()


def test_a_wait_is_ended_by_another_thread(reader: Reader, pair: Any) -> None:
    channel = reader.open(pair[0], False)
    threading.Timer(0.05, channel.wake).start()
    began_s = time.monotonic()
    channel.wait(FOREVER_S)
    assert time.monotonic() - began_s < PROMPT_S
    channel.drop()


@pytest.mark.skipif(not KERNEL_STAMPS, reason="the kernel does not stamp here")
def test_the_stamp_is_that_of_the_arrival(reader: Reader, pair: Any) -> None:
    ours, other = pair
    channel = reader.open(ours, ask_for_stamps(ours))
    before_ns = time.perf_counter_ns()
    other.sendall(b"x" * 10)
    after_ns = time.perf_counter_ns()
    ((arrived_ns, _),) = waited_for(channel, 1)
    assert before_ns - MS < arrived_ns < after_ns + 20 * MS
    channel.drop()


def test_a_wait_leaves_the_gate_when_there_is_something_to_wait_for(reader: Reader, pair: Any) -> None:
    ours, other = pair
    channel = reader.open(ours, ask_for_stamps(ours))
    gate_here = gate.GATE
    entered = threading.Event()

    def enter() -> None:
        with gate_here:
            entered.set()
            other.sendall(b"x" * 10)

    with gate_here:
        thread = threading.Thread(target=enter)
        thread.start()
        assert not entered.wait(0.05)
        channel.wait(FOREVER_S, gate_here)
        assert entered.is_set()
        assert channel.take()
    thread.join()
    channel.drop()


# Who has which.


def test_the_python_one_is_had_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PURE, "1")
    assert reading.reader_kind() == "python"
    monkeypatch.delenv(PURE)
    assert reading.reader_kind() == ("python" if gate.compiled_module() is None else "compiled")


@compiled_only
def test_a_module_left_behind_by_an_older_checkout_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PURE, raising=False)
    monkeypatch.setattr(gate, "API", gate.API + 1)
    assert reading.reader_kind() == "python"


# The compiled one alone.


@pytest.fixture
def module(reader: Reader) -> Any:
    """The compiled module, once."""
    module = gate.compiled_module()
    if reader.kind != "compiled" or module is None:
        pytest.skip("of the compiled reader")
    return module


@undisturbed
def test_the_loop_counts_how_long_reads_have_waited_and_sockets_were_not_looked_at(module: Any, pair: Any) -> None:
    ours, other = pair
    loop = module.Loop()
    channel = module.Channel(loop, ours, ask_for_stamps(ours))
    other.sendall(b"hello")
    time.sleep(0.3)  # nobody reads
    thread = threading.Thread(target=loop.run)
    thread.start()
    waited_for(channel, 1)
    loop.stop()
    thread.join()
    (at,) = [at for at, count in enumerate(loop.waits) if count]
    assert half_octave(250_000) <= at <= half_octave(5_000_000)
    assert at in [each for each, count in enumerate(loop.away) if count]
    assert 250_000 < loop.take_longest_wait_us() < 5_000_000
    assert (loop.take_longest_wait_us(), loop.reads) == (0, 1)
    channel.drop()


@undisturbed
def test_the_loop_counts_how_late_its_own_sleeps_end_though_nothing_comes(module: Any) -> None:
    loop = module.Loop()
    thread = threading.Thread(target=loop.run)
    thread.start()
    time.sleep(0.3)
    loop.stop()
    thread.join()
    assert 3 <= sum(loop.wakes) <= 15
    assert sum(loop.waits) == 0


def test_a_watched_channel_is_named_when_something_has_come(module: Any, pair: Any) -> None:
    ours, other = pair
    loop = module.Loop()
    thread = threading.Thread(target=loop.run)
    thread.start()
    channel = module.Channel(loop, ours, False)
    other.sendall(b"hello")
    assert len(waited_for(channel, 1)) == 1
    channel.watch(7)
    other.sendall(b"more")
    assert loop.next_news() == [7]
    assert [data for _, data in channel.take()] == [b"more"]
    loop.stop()
    assert loop.next_news() == []
    thread.join()
    channel.drop()


def test_the_compiled_thread_asks_the_system_for_the_shortest_slice(module: Any) -> None:
    """`sched_getattr`: size, policy, flags, nice, priority, then the slice; 0 where the system knows none."""
    number = {"x86_64": 315, "aarch64": 275}.get(platform.machine())
    if number is None:
        pytest.skip("the number of sched_getattr is not known for this machine")

    def slice_ns_of(thread: int) -> int:
        found = ctypes.create_string_buffer(48)
        assert ctypes.CDLL(None).syscall(number, thread, found, len(found), 0) == 0
        return int(struct.unpack("IIQiIQQQ", found.raw)[5])

    if not slice_ns_of(0):
        pytest.skip("this system has no slices of one's own (Linux 6.12)")
    thread = reading.Compiled(module)
    try:
        give_up_s = time.monotonic() + PROMPT_S
        while slice_ns_of(thread.native_id or 0) != 100_000 and time.monotonic() < give_up_s:
            time.sleep(0.01)
        assert slice_ns_of(thread.native_id or 0) == 100_000
    finally:
        thread.stop()
    assert slice_ns_of(0) != 100_000


def test_a_process_that_is_forked_off_touches_nothing_of_its_parents(module: Any, pair: Any) -> None:
    ours, other = pair
    channel = reading.the_reader().open(ours, False)
    pid = os.fork()
    if pid == 0:  # no test framework in the child: it leaves by _exit
        try:
            channel.drop()
            refused = False
            try:
                channel.take()
            except RuntimeError:
                refused = True
            os._exit(0 if refused and reading.the_reader().native_id else 1)
        except BaseException:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    other.sendall(b"still read")
    assert [data for _, data in waited_for(channel, 1)] == [b"still read"]
    channel.drop()


def test_a_socket_lives_as_long_as_its_channel(module: Any, pair: Any) -> None:
    class Sock(SimpleNamespace):
        def fileno(self) -> int:
            return pair[0].fileno()

    loop, sock = module.Loop(), Sock()
    channel = module.Channel(loop, sock, False)
    gone = weakref.ref(sock)
    del sock
    assert gone() is not None
    channel.drop()
    del channel
    assert gone() is None
    assert loop.open == 0


@pytest.mark.parametrize("arguments", [(), (1, 2, 3), ("loop", "sock")])
def test_what_is_no_loop_or_socket_is_refused(module: Any, arguments: tuple[object, ...]) -> None:
    with pytest.raises(TypeError):
        module.Channel(*arguments)


def test_many_threads_for_two_seconds(module: Any) -> None:
    stress = Stress(module, seconds=2.0)
    stress.run()
    assert stress.faults == []
    assert min(stress.counts.values()) > 0, stress.counts
