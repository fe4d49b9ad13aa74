"""Self-monitoring: about once a second each process samples what could distort its figures.

All sources are functions that are passed in (`Sources`), so tests need no clock and no /proc.  The fields of a sample
are described in `records.TrustSample`; `verdict.py` judges them.
"""

from __future__ import annotations

import gc
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import sub
from pathlib import Path
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from ..records import StoodStill, TrustSample
from ..units import NS_PER_MS, NS_PER_S, NS_PER_US, US_PER_MS
from ..wire import TcpInfo, half_octave, the_reader

LEAST_NS = 500_000_000
STEP_NS = 1_000_000
"""NTP makes the wall clock run faster or slower by up to 0.5 ms a second; beyond that it was set."""
HEARTBEAT_NS, HEARTBEAT_BUCKETS = 20_000_000, 56
"""Fifty beats a second cost some 0.2 % of a core and see what happens to one read in a hundred within seconds."""
SLOW_BEAT_NS = 100_000_000
"""Where the reading thread counts by itself how late it is woken, the beats only tell whether the process stood still.
Each asks for the CPU time of all threads, which are thousands in some runs."""
STILL_NS, STILL_CPU = 1_000_000_000, 0.1
"""A process stood still when a thread of it slept so much too long and all of them used less than this share of it: one
that computes is busy, and says so by its CPU."""
CONNECTIONS_A_LOOK = 16
"""Each costs some 2 us, with the interpreter held."""


class Ticks(NamedTuple):
    """Busy and all time of the cores since the system started, in ticks."""

    busy: int
    all: int
    cores: int = 1
    """How many they are."""


class Counts(NamedTuple):
    """Half-octaves of microseconds, all since the start: `[0]` counts what took less than one, `[k]` what took
    [2**((k-1)/2), 2**(k/2)) of them."""

    waits: Sequence[int] = ()
    """See `Reader`."""
    away: Sequence[int] = ()
    """See `Reader`."""
    wakes: Sequence[int] = ()
    """How late sleepers were woken: the reading thread itself when it knows, else a `Heartbeat`."""


class Connection(NamedTuple):
    """A connection, by an object that lives as long as it does, and what the system knows of it."""

    socket: Any
    info: TcpInfo


def _nothing() -> None:
    pass


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the figures come from; those of the system as they stand.  None from one: this system does not tell."""

    counts: Callable[[], Counts]
    longest_wait_us: Callable[[], int]
    """The longest of `Counts.waits` since it was asked last."""
    run_queue_ns: Callable[[], int | None]
    """How long the reading thread has waited for a core."""
    connections: Callable[[], Iterable[Connection]] = tuple
    """Some of the open connections, others each time."""
    clock: Callable[[], int] = time.perf_counter_ns
    wall: Callable[[], int] = time.time_ns
    cpu_ns: Callable[[], int] = time.process_time_ns
    cores: Callable[[], Ticks | None] = field(default_factory=lambda: lambda: core_ticks(Path("/proc/stat")))
    stills: Callable[[], Sequence[Still]] = tuple
    """The times for which the process stood still since it was asked last."""
    close: Callable[[], None] = _nothing
    """To be called when nobody will ask any more."""


def core_ticks(stat: Path, allowed: frozenset[int] | None = None) -> Ticks | None:
    """Time of the cores that this process may run on, out of a file like /proc/stat (proc(5)); None without one.

    What a hypervisor took away (steal) counts as busy: it was not to be had.
    """
    if allowed is None:
        if not hasattr(os, "sched_getaffinity"):
            return None
        allowed = frozenset(os.sched_getaffinity(0))
    try:
        lines = stat.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    busy = total = cores = 0
    for line in lines:
        name, *ticks = line.split()
        if name.startswith("cpu") and name[3:].isdigit() and int(name[3:]) in allowed:
            cores += 1
            user, nice, system, idle, iowait, irq, softirq, steal = map(int, ticks[:8])
            busy += user + nice + system + irq + softirq + steal
            total += user + nice + system + irq + softirq + steal + idle + iowait
    return Ticks(busy, total, cores) if total else None


def run_queue_ns(thread_id: int | None) -> int | None:
    """How long a thread of this process has waited for a core, in all (Linux, Documentation/scheduler/sched-stats)."""
    try:
        return int(Path(f"/proc/self/task/{thread_id}/schedstat").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError, ValueError):
        return None


class Moment(NamedTuple):
    """Clocks at one moment, in nanoseconds."""

    ns: int
    cpu_ns: int
    """CPU time of this process."""
    awake_ns: int
    """A clock that goes on while the machine sleeps, where there is one."""

    @classmethod
    def now(cls) -> Moment:
        """This moment."""
        now_ns = time.perf_counter_ns()
        awake_ns = now_ns if _AWAKE is None else time.clock_gettime_ns(_AWAKE)
        return cls(now_ns, time.process_time_ns(), awake_ns)


_AWAKE: int | None = getattr(time, "CLOCK_BOOTTIME", None)


class Still(NamedTuple):
    """See `records.StoodStill`; here on the clock of the process, in nanoseconds."""

    at_ns: int
    ns: int
    counted_ns: int


class Heartbeat(threading.Thread):
    """Sleeps for a moment, again and again, and counts how late it is woken.

    What keeps it waiting, other threads that hold the interpreter and other programs that hold the cores, keeps a
    reading thread in Python waiting as well when bytes wake it; and nothing else tells of it when all bytes that came
    meanwhile are read at once.  The compiled one does not wait for the interpreter and counts how late it is by itself.
    """

    def __init__(self, moment: Callable[[], Moment] = lambda: Moment.now(), every_ns: int = HEARTBEAT_NS) -> None:
        super().__init__(name="heartbeat", daemon=True)
        self._every_ns = every_ns
        self.late = [0] * HEARTBEAT_BUCKETS
        self._over = threading.Event()
        self._moment = moment
        self._lock = threading.Lock()
        self._before = moment()
        self._stills: list[Still] = []
        self.start()

    def run(self) -> None:
        """Beats until it is stopped."""
        while not self._over.is_set():
            with self._lock:
                before = self._before = self._moment()
            if not self._over.wait(self._every_ns / NS_PER_S):
                self.note(self._moment().ns - before.ns)
                with self._lock:
                    self._look_back()

    def take_stills(self) -> list[Still]:
        """The times for which the process stood still since the last call."""
        with self._lock:
            self._look_back()  # this thread may be woken later than the one that asks
            stills, self._stills = self._stills, []
        return stills

    def _look_back(self) -> None:
        before, now = self._before, self._moment()
        counted_ns = now.ns - before.ns - self._every_ns
        still_ns = max(counted_ns, now.awake_ns - before.awake_ns - self._every_ns)
        if still_ns >= STILL_NS and now.cpu_ns - before.cpu_ns <= STILL_CPU * still_ns:
            self._stills.append(Still(before.ns, still_ns, max(0, counted_ns)))
            self._before = now

    def note(self, slept_ns: int) -> None:
        """Counts a sleep of this length."""
        late_us = max(0, slept_ns - self._every_ns) // NS_PER_US
        self.late[min(half_octave(late_us), HEARTBEAT_BUCKETS - 1)] += 1

    def stop(self) -> None:
        """Ends it, soon."""
        self._over.set()


def process_sources(sockets: Sequence[Callable[[], Any]]) -> Sources:
    """The figures of this process; `sockets` give the `PumpedSocket` of each connection, None while there is none."""
    reader, turn = the_reader(), _RoundRobin(sockets)
    heartbeat = Heartbeat(every_ns=HEARTBEAT_NS if reader.wakes is None else SLOW_BEAT_NS)

    def counts() -> Counts:
        wakes = reader.wakes
        return Counts(tuple(reader.waits), tuple(reader.away), tuple(heartbeat.late if wakes is None else wakes))

    return Sources(
        counts=counts,
        longest_wait_us=reader.take_longest_wait_us,
        run_queue_ns=lambda: run_queue_ns(reader.native_id),
        connections=turn.next_few,
        stills=heartbeat.take_stills,
        close=heartbeat.stop,
    )


class _RoundRobin:
    """A few connections at a time, in turn."""

    def __init__(self, sockets: Sequence[Callable[[], Any]]) -> None:
        self._sockets = sockets
        self._at = 0

    def next_few(self) -> list[Connection]:
        """Up to `CONNECTIONS_A_LOOK` of those that are open."""
        number = len(self._sockets)
        few = [self._sockets[(self._at + i) % number]() for i in range(min(CONNECTIONS_A_LOOK, number))]
        self._at += len(few)
        looked = [(pumped, pumped.tcp_info()) for pumped in few if pumped is not None]
        return [Connection(pumped, info) for pumped, info in looked if info is not None]


class _Collections:
    """Times the pauses for garbage collections; `gc.callbacks` call it, within the pause."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._began_ns: int | None = None
        self.total_ns = self.longest_ns = 0

    def __call__(self, phase: str, _info: object) -> None:
        if phase == "start":
            self._began_ns = self._clock()
        elif self._began_ns is not None:
            pause_ns = self._clock() - self._began_ns
            self.total_ns += pause_ns
            self.longest_ns = max(self.longest_ns, pause_ns)

    def take(self) -> tuple[float, float]:
        """(all, the longest) since the last call, in milliseconds."""
        taken = round(self.total_ns / NS_PER_MS, 3), round(self.longest_ns / NS_PER_MS, 3)
        self.total_ns = self.longest_ns = 0
        return taken


class _Look(NamedTuple):
    """The sources at one moment."""

    at_ns: int
    wall_ahead_ns: int
    cpu_ns: int
    counts: Counts
    run_queue_ns: int | None
    cores: Ticks | None


class SelfWatch:
    """Samples of one process, each of `LEAST_NS` or more; any thread may call.

    `look()` is to be called once a second or oftener, and whenever a request has ended: samples go with the record of
    a request (`fresh`), so that whoever reads the records knows them as well.
    """

    def __init__(self, sources: Sources, origin_ns: int) -> None:
        self.samples: list[TrustSample] = []
        """Those that `fresh` has not given out."""
        self._sources = sources
        self._origin_ns = origin_ns
        self._lock = threading.Lock()
        self._closed = False
        self._known: WeakKeyDictionary[Any, TcpInfo] = WeakKeyDictionary()
        self._pauses = _Collections(sources.clock)
        gc.callbacks.append(self._pauses)
        sources.longest_wait_us()  # what was before is not ours
        self._last = self._now()

    def look(self) -> None:
        """Takes a sample unless the last was just now."""
        with self._lock:
            if not self._closed and self._sources.clock() - self._last.at_ns >= LEAST_NS:
                self._sample()

    def close(self) -> None:
        """Watches no more."""
        with self._lock:
            self._closed = True
        gc.callbacks.remove(self._pauses)
        self._sources.close()

    def _second(self, at_ns: int) -> int:
        return (at_ns - self._origin_ns) // NS_PER_S

    def fresh(self) -> tuple[TrustSample, ...]:
        """The samples that were not given out yet; they are forgotten here, as a day has 170,000 of them."""
        given = tuple(self.samples)
        del self.samples[: len(given)]
        return given

    def _now(self) -> _Look:
        sources = self._sources
        before_ns, wall_ns, at_ns = sources.clock(), sources.wall(), sources.clock()
        wall_ahead_ns = wall_ns - (before_ns + at_ns) // 2
        return _Look(at_ns, wall_ahead_ns, sources.cpu_ns(), sources.counts(), sources.run_queue_ns(), sources.cores())

    def _sample(self) -> None:
        before, now = self._last, self._now()
        self._last = now
        length_ns = now.at_ns - before.at_ns
        waits, away, wakes = (_since(*pair) for pair in zip(before.counts, now.counts, strict=True))
        longest_us = self._sources.longest_wait_us()
        gc_ms, gc_max_ms = self._pauses.take()
        rtt_ms, retransmits, out_of_order = self._network()
        sample = TrustSample(
            second=self._second((before.at_ns + now.at_ns) // 2),
            # Where nobody stamps, a read has waited since the last look at most.
            read_waits=waits or away,
            read_wait_max_ms=longest_us / US_PER_MS if waits else _most_ms(away),
            away=away,
            wakes=wakes,
            cpu_share=round((now.cpu_ns - before.cpu_ns) / length_ns, 4),
            cpu_wait=_share(before.run_queue_ns, now.run_queue_ns, length_ns),
            machine_cpu=_busy_share(before.cores, now.cores),
            cores=None if now.cores is None else now.cores.cores,
            gc_ms=gc_ms,
            gc_max_ms=gc_max_ms,
            rtt_ms=rtt_ms,
            retransmits=retransmits,
            out_of_order=out_of_order,
            clock_step_ms=_step_ms(now.wall_ahead_ns - before.wall_ahead_ns),
            stood_still=tuple(map(self._stood_still, self._sources.stills())),
        )
        self.samples.append(sample)

    def _stood_still(self, still: Still) -> StoodStill:
        at_ns, ns, counted_ns = still
        return StoodStill(max(0, at_ns - self._origin_ns) // NS_PER_MS, ns // NS_PER_MS, counted_ns // NS_PER_MS)

    def _network(self) -> tuple[float | None, int | None, int | None]:
        """(largest round trip in ms, packets sent again, packets out of order) of some connections since their last."""
        again = late = 0
        rtts_us = []
        for connection, info in self._sources.connections():
            known = self._known.get(connection, TcpInfo(0, 0, 0))
            again += info.retransmits - known.retransmits
            late += info.out_of_order - known.out_of_order
            rtts_us.append(info.rtt_us)
            self._known[connection] = info
        return (max(rtts_us) / US_PER_MS, again, late) if rtts_us else (None, None, None)


def _since(before: Sequence[int], now: Sequence[int]) -> Mapping[int, int]:
    """What was counted between two looks, by the buckets of `TrustSample`."""
    return {at - 1: count for at, count in enumerate(map(sub, now, before)) if count}


def _most_ms(counts: Mapping[int, int]) -> float | None:
    """The upper edge of the last bucket."""
    return round(2 ** ((max(counts) + 1) / 2) / US_PER_MS, 3) if counts else None


def _share(before_ns: int | None, now_ns: int | None, length_ns: int) -> float | None:
    # The system adds a wait when it is over, so that a long one may be more than the time since the last look.
    return None if before_ns is None or now_ns is None else round(min(1.0, (now_ns - before_ns) / length_ns), 4)


def _busy_share(before: Ticks | None, now: Ticks | None) -> float | None:
    if before is None or now is None or now.all <= before.all:
        return None
    return round((now.busy - before.busy) / (now.all - before.all), 4)


def _step_ms(moved_ns: int) -> float:
    return round(moved_ns / NS_PER_MS, 3) if abs(moved_ns) > STEP_NS else 0.0
