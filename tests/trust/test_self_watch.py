"""The tool watches itself: samples out of sources that a test writes."""

from __future__ import annotations

import gc
import os
import sys
import threading
import time
from pathlib import Path

import pytest

from patience import PROMPT_S
from readers import KINDS, use
from sse_perf_tool.trust.self_watch import (
    CONNECTIONS_A_LOOK,
    HEARTBEAT_NS,
    SLOW_BEAT_NS,
    Connection,
    Counts,
    Heartbeat,
    SelfWatch,
    Sources,
    Ticks,
    _RoundRobin,
    core_ticks,
    process_sources,
    run_queue_ns,
)
from sse_perf_tool.wire import TcpInfo

MS = 1_000_000
S = 1_000_000_000


class World:
    """All that a `SelfWatch` asks for, as plain numbers."""

    def __init__(self) -> None:
        self.now_ns = 5 * S
        self.wall_ahead_ns = 10**18
        self.cpu_ns = 0
        self.queue_ns: int | None = 0
        self.counts = Counts([0] * 8, [0] * 8, [0] * 8)
        self.longest_us = 0
        self.ticks: Ticks | None = Ticks(100, 1000)
        self.connections: list[Connection] = []
        self.closed = False

    def sources(self) -> Sources:
        def close() -> None:
            self.closed = True

        return Sources(
            counts=lambda: self.counts,
            longest_wait_us=lambda: self.longest_us,
            run_queue_ns=lambda: self.queue_ns,
            connections=lambda: self.connections,
            clock=lambda: self.now_ns,
            wall=lambda: self.now_ns + self.wall_ahead_ns,
            cpu_ns=lambda: self.cpu_ns,
            cores=lambda: self.ticks,
            close=close,
        )


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def watch(world: World) -> SelfWatch:
    watch = SelfWatch(world.sources(), origin_ns=5 * S)
    yield watch
    watch.close()


def test_a_sample_has_what_happened_since_the_one_before(world: World, watch: SelfWatch) -> None:
    world.now_ns += S
    world.cpu_ns, world.queue_ns, world.ticks = 250 * MS, 100 * MS, Ticks(250, 1200)
    world.counts, world.longest_us = Counts([1, 0, 3, *[0] * 5], [0, 4, *[0] * 6], [0, 0, 9, *[0] * 5]), 1500
    watch.look()
    (sample,) = watch.samples
    assert (sample.second, sample.cpu_share, sample.cpu_wait, sample.machine_cpu) == (0, 0.25, 0.1, 0.75)
    assert (sample.read_waits, sample.away, sample.wakes) == ({-1: 1, 1: 3}, {0: 4}, {1: 9})
    assert (sample.read_wait_max_ms, sample.clock_step_ms) == (1.5, 0.0)


def test_a_look_within_half_a_second_is_too_soon(world: World, watch: SelfWatch) -> None:
    world.now_ns += 499 * MS
    watch.look()
    assert watch.samples == []
    world.now_ns += 1 * MS
    watch.look()
    watch.look()
    assert len(watch.samples) == 1


def test_a_sample_belongs_to_the_second_in_which_most_of_it_lies(world: World, watch: SelfWatch) -> None:
    for step_ms, second in ((1003, 0), (1003, 1), (520, 2), (990, 3)):
        world.now_ns += step_ms * MS
        watch.look()
        assert watch.samples[-1].second == second


def test_without_stamps_a_read_has_waited_since_the_last_look_at_most(world: World, watch: SelfWatch) -> None:
    world.now_ns += S
    world.counts = world.counts._replace(away=[0, 0, 0, 7, *[0] * 4])
    watch.look()
    # Bucket 2 is [2, 2.83) microseconds.
    assert (watch.samples[0].read_waits, watch.samples[0].read_wait_max_ms) == ({2: 7}, 0.003)


def test_a_system_that_does_not_tell_leaves_none(world: World, watch: SelfWatch) -> None:
    world.ticks = world.queue_ns = None
    world.now_ns += S
    watch.look()
    sample = watch.samples[0]
    assert (sample.machine_cpu, sample.cpu_wait, sample.rtt_ms, sample.retransmits) == (None, None, None, None)


@pytest.mark.parametrize(("moved_ns", "step_ms"), [(900_000, 0.0), (2 * MS, 2.0), (-30 * MS, -30.0)])
def test_a_wall_clock_that_moves_by_more_than_a_millisecond_was_set(
    world: World, watch: SelfWatch, moved_ns: int, step_ms: float
) -> None:
    world.now_ns += S
    world.wall_ahead_ns += moved_ns
    watch.look()
    assert watch.samples[0].clock_step_ms == step_ms


def test_packets_sent_again_are_counted_once_for_each_connection(world: World, watch: SelfWatch) -> None:
    one, other = threading.Event(), threading.Event()  # anything that can be referred to weakly
    for infos in ([(one, 200, 3, 0)], [(one, 300, 5, 1), (other, 900, 1, 0)]):
        world.connections = [Connection(key, TcpInfo(rtt, again, late)) for key, rtt, again, late in infos]
        world.now_ns += S
        watch.look()
    first, second = watch.samples
    assert (first.rtt_ms, first.retransmits, first.out_of_order) == (0.2, 3, 0)
    assert (second.rtt_ms, second.retransmits, second.out_of_order) == (0.9, 3, 1)


def test_pauses_for_the_garbage_collection_are_timed(world: World, watch: SelfWatch) -> None:
    pauses = watch._pauses
    assert pauses in gc.callbacks
    for pause_ms in (2, 7):
        pauses("start", {})
        world.now_ns += pause_ms * MS
        pauses("stop", {})
    world.now_ns += S
    watch.look()
    assert watch.samples[0].gc_max_ms >= 7
    assert watch.samples[0].gc_ms >= 9


def test_fresh_samples_are_given_out_once(world: World, watch: SelfWatch) -> None:
    world.now_ns += S
    watch.look()
    assert (len(watch.fresh()), watch.fresh()) == (1, ())


def test_what_was_given_out_is_not_kept(world: World, watch: SelfWatch) -> None:
    """A day of samples, two a second, would be some 170,000 objects."""
    given = 0
    for half_second in range(2 * 3600):
        world.now_ns += S // 2
        watch.look()
        if half_second % 10 == 9:
            assert len(watch.samples) == 10
            given += len(watch.fresh())
    assert (given, watch.samples) == (2 * 3600, [])


def test_nothing_is_watched_after_the_end(world: World) -> None:
    watch = SelfWatch(world.sources(), origin_ns=5 * S)
    watch.close()
    world.now_ns += 2 * S
    watch.look()
    assert (watch.samples, world.closed, watch._pauses in gc.callbacks) == ([], True, False)


# Sources.


def test_cores_are_those_that_the_process_may_run_on(tmp_path: Path) -> None:
    stat = tmp_path / "stat"
    stat.write_text(
        "cpu  9 9 9 9 9 9 9 9 9 9\ncpu0 10 1 5 80 4 1 2 3 0 0\ncpu1 500 0 0 500 0 0 0 0 0 0\nintr 5 6\n",
        encoding="ascii",
    )
    assert core_ticks(stat, frozenset({0})) == Ticks(busy=22, all=106), "idle and iowait are not busy, steal is"
    assert core_ticks(stat, frozenset({0, 1})) == Ticks(busy=522, all=1106, cores=2)
    assert core_ticks(stat, frozenset({7})) is None
    assert core_ticks(tmp_path / "none", frozenset({0})) is None


def test_a_thread_that_is_not_there_has_not_waited() -> None:
    assert run_queue_ns(0) is None
    assert run_queue_ns(None) is None


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_this_process_can_be_watched() -> None:
    sources = process_sources([lambda: None])
    try:
        assert run_queue_ns(threading.get_native_id()) is not None
        assert sources.run_queue_ns() is not None
        assert (ticks := sources.cores()) is not None
        assert 0 < ticks.busy <= ticks.all
        assert [len(each) for each in sources.counts()] == [56, 56, 56]
        assert list(sources.connections()) == []
    finally:
        sources.close()
    assert core_ticks(Path("/proc/stat"), frozenset(os.sched_getaffinity(0))) is not None


def test_connections_are_looked_at_in_turn() -> None:
    class Socket:
        def __init__(self, number: int) -> None:
            self.number = number

        def tcp_info(self) -> TcpInfo | None:
            return None if self.number == 3 else TcpInfo(self.number, 0, 0)

    sockets = [Socket(number) for number in range(20)]
    turn = _RoundRobin([*(lambda each=each: each for each in sockets), lambda: None])
    seen = [[connection.socket.number for connection in turn.next_few()] for _ in range(2)]
    assert seen == [[0, 1, 2, *range(4, CONNECTIONS_A_LOOK)], [16, 17, 18, 19, *range(3), *range(4, 11)]]
    assert _RoundRobin([]).next_few() == []


def test_a_heartbeat_counts_how_late_it_is_woken() -> None:
    heartbeat = Heartbeat()
    heartbeat.stop()
    heartbeat.join(PROMPT_S)
    heartbeat.late = [0] * len(heartbeat.late)
    for late_us in (-3, 0, 1, 2, 3, 1000, 10**15):
        heartbeat.note(HEARTBEAT_NS + late_us * 1000)
    # 2**9.5 is 724 and 2**10 1024: 1000 microseconds are in bucket 20.
    assert {at: count for at, count in enumerate(heartbeat.late) if count} == {0: 2, 1: 1, 3: 1, 4: 1, 20: 1, 55: 1}


@pytest.mark.parametrize("kind", KINDS)
def test_late_wake_ups_are_those_of_the_reading_thread_where_it_counts_them(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    beats: list[int] = []
    monkeypatch.setattr(Heartbeat, "start", lambda self: beats.append(self._every_ns))
    reader = use(kind, monkeypatch)
    sources = process_sources([])
    assert beats == [HEARTBEAT_NS if kind == "python" else SLOW_BEAT_NS]
    assert (reader.wakes is None) is (kind == "python")
    assert sum(sources.counts().wakes) <= sum(reader.wakes or ())  # which goes on counting


def test_a_heartbeat_beats_until_it_is_stopped() -> None:
    heartbeat = Heartbeat()
    patience_s = time.monotonic() + PROMPT_S
    while sum(heartbeat.late) < 2 and time.monotonic() < patience_s:
        time.sleep(0.02)
    heartbeat.stop()
    heartbeat.join(PROMPT_S)
    assert sum(heartbeat.late) >= 2
    assert not heartbeat.is_alive()
