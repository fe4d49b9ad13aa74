"""The threads of a run, the shared counters that they update, and an aggregator that samples these every second."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from random import Random
from typing import NamedTuple, TypedDict, cast

from .goals.thresholds import slos_of
from .metrics import Tally, success_rate
from .pace.division import Share
from .pace.schedule import pause_after_refusals_s, refused_at_once, tick_s
from .pace.tickets import Batches, Pace, pace_for
from .records import IntervalSample, Outcome, RequestRecord, RunConfig
from .records.writer import Lines
from .request.target import Target
from .tester import Notice, SSETester, surroundings
from .trust.self_watch import SelfWatch, process_sources
from .units import NS_PER_MS, NS_PER_S
from .wire import GATE, outside

SAMPLE_S = 1.0

LIVE_SAMPLES = 3600
"""So many seconds of live figures are kept: those of a day would be as large as its requests."""

SWITCH_S = 0.0005
"""How long a thread may keep the interpreter while another wants it: the pump should not wait for Python's 5 ms."""

MANY_THREADS, STACK_BYTES = 500, 1 << 20
"""From this many threads on, the stack of each: thousands with the usual 8 MiB would use up the address space."""

GC_THRESHOLD = 50_000
"""Allocations before a garbage collection (Python's default is 700): queued reads are many, and none is garbage."""


class SharedStats(TypedDict):
    """The counters that threads update and the aggregator samples; every access holds `lock`.

    All count from the start of the run.  `chunks` also counts those of answers still under way; everything else is of
    finished requests, sums of ok ones only.  `tokens` are those of answers that came in chunks, `whole_tokens` those of
    all others.  `queued()` is the number of reads that have not been processed yet; `begun()` is called, with the lock
    held, as each request begins.
    """

    lock: threading.Lock
    queued: Callable[[], int]
    begun: Callable[[], None]
    under_way: Callable[[], tuple[int, int, float, int]]
    """The four figures `way_...` of `Snapshot`."""
    threads_total: int
    threads_active: int
    requests_started: int
    requests_ok: int
    requests_failed: int
    requests_cancelled: int
    chunks: int
    finished_chunks: int
    tokens: int
    whole_tokens: int
    latency_ns: int
    ttfb_ns: int
    ttft_ns: int
    ttft_count: int
    tpot_ns: float
    tpot_count: int
    way_ttft_ns: int
    way_ttft_count: int
    way_tpot_ns: float
    way_tpot_count: int
    outcomes: dict[str, int]
    time_series: list[IntervalSample]


class Snapshot(NamedTuple):
    """The shared counters at one moment, see `SharedStats`."""

    threads_total: int
    threads_active: int
    requests_started: int
    requests_ok: int
    requests_failed: int
    requests_cancelled: int
    chunks: int
    finished_chunks: int
    tokens: int
    whole_tokens: int
    latency_ns: int
    ttfb_ns: int
    ttft_ns: int
    ttft_count: int
    tpot_ns: float
    tpot_count: int
    way_ttft_ns: int = 0
    """This and the next three: of answers that are under way at this moment."""
    way_ttft_count: int = 0
    way_tpot_ns: float = 0.0
    """From the first chunk so far to the newest, for each chunk between."""
    way_tpot_count: int = 0

    @property
    def ttft_so_far(self) -> tuple[float, int]:
        """Sum and number of the times to the first token, of finished answers and of those under way."""
        return self.ttft_ns + self.way_ttft_ns, self.ttft_count + self.way_ttft_count

    @property
    def tpot_so_far(self) -> tuple[float, int]:
        """The same for the time of a token; chunks of answers under way have as many as those before."""
        return self.tpot_ns + self.way_tpot_ns / self.tokens_per_chunk, self.tpot_count + self.way_tpot_count

    @property
    def requests_done(self) -> int:
        """Finished requests of any outcome."""
        return self.requests_ok + self.requests_failed + self.requests_cancelled

    @property
    def tokens_per_chunk(self) -> float:
        """The mean over finished answers; 1 until one has finished."""
        return self.tokens / self.finished_chunks if self.finished_chunks and self.tokens else 1.0


def _nothing() -> None:
    pass


def new_shared_stats() -> SharedStats:
    """Counters at zero."""
    zeros = dict.fromkeys(Snapshot._fields, 0)
    others = {
        "lock": threading.Lock(),
        "queued": lambda: 0,
        "under_way": lambda: (0, 0, 0.0, 0),
        "begun": _nothing,
        "outcomes": {},
        "time_series": [],
    }
    return cast(SharedStats, {**others, **zeros})


def snapshot(stats: SharedStats) -> Snapshot:
    """The counters as they are now.  A read that is not yet processed counts as a chunk, which most reads are."""
    queued = stats["queued"]()
    ttft_ns, ttfts, tpot_ns, tpots = stats["under_way"]()
    with stats["lock"]:
        now = Snapshot(*(stats[name] for name in Snapshot._fields))  # type: ignore[literal-required]
    return now._replace(
        chunks=now.chunks + queued,
        # What processes have told, and this one's own.
        way_ttft_ns=now.way_ttft_ns + ttft_ns,
        way_ttft_count=now.way_ttft_count + ttfts,
        way_tpot_ns=now.way_tpot_ns + tpot_ns,
        way_tpot_count=now.way_tpot_count + tpots,
    )


def sample_between(second: int, before: Snapshot, now: Snapshot, outcomes: dict[str, int]) -> IntervalSample:
    """What happened between two snapshots."""

    def average_ms(total: float, number: int) -> float | None:
        return total / number / NS_PER_MS if number else None

    ok = now.requests_ok - before.requests_ok
    failed = now.requests_failed - before.requests_failed
    ttfts = now.ttft_count - before.ttft_count
    chunks = max(0, now.chunks - before.chunks)  # queued reads can turn out to have no text
    return IntervalSample(
        second=second,
        threads_active=now.threads_active,
        threads_total=now.threads_total,
        requests_started=now.requests_started - before.requests_started,
        requests_done=now.requests_done - before.requests_done,
        requests_ok=ok,
        requests_failed=failed,
        requests_total=now.requests_done,
        chunks=chunks,
        tokens=chunks * now.tokens_per_chunk + now.whole_tokens - before.whole_tokens,
        avg_latency_ms=average_ms(now.latency_ns - before.latency_ns, ok),
        avg_ttfb_ms=average_ms(now.ttfb_ns - before.ttfb_ns, ok),
        avg_ttft_ms=average_ms(now.ttft_ns - before.ttft_ns, ttfts),
        avg_tpot_ms=average_ms(now.tpot_ns - before.tpot_ns, now.tpot_count - before.tpot_count),
        success_rate=success_rate(ok, ok + failed),
        outcomes=outcomes,
    )


OnSample = Callable[[IntervalSample, Snapshot], None]
"""Called at the end of each second with the sample of that second and the counters so far."""


def aggregate_stats(
    stats: SharedStats, finished: threading.Event, on_sample: OnSample, clock: Callable[[], float] = time.monotonic
) -> None:
    """Appends an `IntervalSample` to `stats["time_series"]` every second until `finished`, and then one for the rest,
    for which `on_sample` is not called.

    The seconds are those since the call, by the clock: a late sample does not push back the next.
    """
    begun_s, before = clock(), snapshot(stats)
    outcomes_before: dict[str, int] = {}
    for second in count():
        done = finished.wait(max(0.0, begun_s + (second + 1) * SAMPLE_S - clock()))
        now = snapshot(stats)
        with stats["lock"]:
            outcomes_now = dict(stats["outcomes"])
        changed = {name: n - outcomes_before.get(name, 0) for name, n in outcomes_now.items()}
        sample = sample_between(second, before, now, {name: n for name, n in changed.items() if n})
        with stats["lock"]:
            stats["time_series"].append(sample)
            del stats["time_series"][:-LIVE_SAMPLES]
        if done:
            return
        on_sample(sample, now)
        before, outcomes_before = now, outcomes_now


class Origin(NamedTuple):
    """The moment at which a run began, on the monotonic and on the wall clock."""

    ns: int
    unix_ns: int

    @classmethod
    def now(cls) -> Origin:
        """This moment."""
        return cls(time.perf_counter_ns(), time.time_ns())

    def later(self, seconds: float) -> Origin:
        """So much later."""
        return Origin(self.ns + round(seconds * NS_PER_S), self.unix_ns + round(seconds * NS_PER_S))


def run_test_thread(
    tester: SSETester,
    stats: SharedStats,
    pace: Pace,
    sink: Callable[[RequestRecord], None],
    think_time_s: tuple[float, float] = (0.0, 0.0),
) -> None:
    """The main function of a thread: takes tickets from the pace and sends requests, until there are no more tickets.

    Between the turns of a conversation it waits for a random time between the two `think_time_s`.
    """
    random = Random(tester.thread_id)  # noqa: S311 - no secret, and the same for every run
    sent, refused, pause_s = 0, 0, 0.0
    try:
        with GATE:  # left while it waits, for a ticket or for the server: each time that it is entered may be a wait
            while (ticket := pace.take(tester.thread_id - 1, sent, pause_s)) is not None:
                _count(stats, requests_started=1, threads_active=1, threads_total=int(not sent))
                record = tester.send(*ticket)
                sent += 1
                count_finished(stats, record)
                sink(record)
                _count(stats, threads_active=-1)
                pace.ended()
                refused = refused + 1 if refused_at_once(record) else 0
                pause_s = pause_after_refusals_s(refused)
                if tester.conversation.turn > 1:
                    pause_s = random.uniform(*think_time_s)
    finally:
        tester.close()


def _count(stats: SharedStats, **more: int) -> None:
    with stats["lock"]:
        for name, number in more.items():
            stats[name] += number  # type: ignore[literal-required]
        if "requests_started" in more:
            stats["begun"]()


def count_finished(stats: SharedStats, record: RequestRecord) -> None:
    """Adds a finished request to the shared counters."""
    with stats["lock"]:
        name = record.outcome.value
        stats["outcomes"][name] = stats["outcomes"].get(name, 0) + 1
        stats["finished_chunks"] += record.chunks
        stats["tokens" if record.chunks else "whole_tokens"] += record.output_tokens or 0
        if record.outcome is Outcome.CANCELLED:
            stats["requests_cancelled"] += 1
        elif record.outcome is not Outcome.OK:
            stats["requests_failed"] += 1
        else:
            stats["requests_ok"] += 1
            stats["latency_ns"] += record.latency_ns
            stats["ttfb_ns"] += record.ttfb_ns or 0
            if record.ttft_ns is not None:
                stats["ttft_ns"] += record.ttft_ns
                stats["ttft_count"] += 1
            if record.tpot_ns is not None:
                stats["tpot_ns"] += record.tpot_ns
                stats["tpot_count"] += 1


def prepare_interpreter(threads: int) -> None:
    """Sets up the interpreter for a run with many threads."""
    if threads > MANY_THREADS:
        threading.stack_size(STACK_BYTES)
    sys.setswitchinterval(SWITCH_S)
    # Imported modules stay: a full collection would scan them again and again while every thread waits.
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD)
    _keep_memory_together()
    _load_what_ends_threads()


def _load_what_ends_threads() -> None:
    """Loads the library with which glibc ends a thread that still runs when the process is over, while there is room.

    Where the stacks of the threads have taken all the address space it would find none, and write a line of its own
    among ours.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError):  # another C library, which has no need of it
            ctypes.CDLL("libgcc_s.so.1")


M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8
"""glibc, malloc.h."""
MMAP_BYTES = 128 << 10


def _keep_memory_together() -> None:
    """Makes glibc give freed memory back to the system, as far as it is there.

    By itself it keeps a heap for each thread, and what one thread allocated and another freed leaves holes there: large
    answers over a hundred connections then take twice the memory that they hold.
    """
    if sys.platform == "linux" and (mallopt := getattr(ctypes.CDLL(None), "mallopt", None)) is not None:
        mallopt(M_ARENA_MAX, 1)
        mallopt(M_MMAP_THRESHOLD, MMAP_BYTES)


class ThreadGroup:
    """The threads of one process, and their measurements.

    `stats` are the counters that they update, `after_id` is the last request number of the rounds before; `records`
    takes a line for each request; `notice` is called as each answer begins.
    """

    def __init__(
        self,
        target: Target,
        config: RunConfig,
        share: Share = Share(),  # noqa: B008 - a NamedTuple cannot change
        records: Lines | None = None,
        notice: Notice | None = None,
        stats: SharedStats | None = None,
        after_id: int = 0,
    ) -> None:
        self.config = config
        self.shared_stats = new_shared_stats() if stats is None else stats
        self.formats_seen: dict[str, None] = {}
        self.tally = Tally(0)
        self.cpu_s = 0.0
        self.lead_s = 0.0
        self._pace = pace_for(config, share, target.replayed, after_id=after_id)
        self._origin = Origin(0, 0)
        self._cpu_before_s = 0.0
        self._records = records
        self._lock = threading.Lock()
        self._broken_by: BaseException | None = None
        self._workers: list[threading.Thread] = []
        self._watch: SelfWatch | None = None
        target.counting.prepare()
        around = surroundings(target)
        self._testers = [
            SSETester(target, number + 1, self._count_chunks, self._note_format, notice, around=around)
            for number in share.numbers(config.threads)
        ]
        for tester in self._testers:
            tester.exchange.tick_s = tick_s(config.threads)

    def prepare(self) -> None:
        """Nothing to do: threads are ready at once."""

    def start(self, origin: Origin, begin_ns: int) -> None:
        """Starts the threads of a round that begins at `begin_ns`; if the pace asks for them one by one, the first."""
        self._origin, self.tally = origin, Tally(origin.ns, slos_of(self.config))
        self._cpu_before_s = time.process_time()
        self.shared_stats["queued"] = self._queued
        self.shared_stats["under_way"] = self._under_way
        self._pace.origin_ns, self._pace.more, self._pace.aside = begin_ns, self._start_one, outside
        self._watch = SelfWatch(process_sources([tester.socket for tester in self._testers]), origin.ns)
        prepare_interpreter(len(self._testers))
        for _ in self._testers if self._pace.start_all else self._testers[:1]:
            self._start_one()

    def _start_one(self) -> None:
        """Starts the next thread, if there is one."""
        with self._lock:
            number = len(self._workers)
            if number == len(self._testers):
                return
            tester = self._testers[number]
            name = f"worker-{tester.thread_id}"
            worker = threading.Thread(target=self._work, args=(tester,), name=name, daemon=True)
            worker.start()
            self._workers.append(worker)

    def wait(self) -> None:
        """Waits until all threads have finished.  Raises the error of a thread that died."""
        for worker in self._workers:  # the list may grow meanwhile, as long as one of them lives
            worker.join()
        self.cpu_s = time.process_time() - self._cpu_before_s
        if self._watch is not None:
            self._watch.close()
        if self._broken_by is not None:
            raise self._broken_by

    def look(self) -> None:
        """Takes a sample of this process (see `self_watch`); to be called at least once a second."""
        if self._watch is not None:
            self._watch.look()

    def stop(self) -> None:
        """No new requests."""
        self._pace.stop()

    def cancel(self) -> None:
        """Cancels every request in flight."""
        self._pace.stop()
        for tester in self._testers:
            tester.cancel()

    def share_batches(self, tell_ended: Callable[[int | None], None]) -> None:
        """Others do the rest of each batch, see `Batches`."""
        if isinstance(self._pace, Batches):
            self._pace.tell_ended = tell_ended

    def allow(self, batches: int) -> None:
        """So many batches have ended everywhere."""
        if isinstance(self._pace, Batches):
            self._pace.allow(batches)

    def close(self) -> None:
        """Nothing: threads end with their process."""

    def _work(self, tester: SSETester) -> None:
        try:
            think_time_s = (self.config.think_time_s, self.config.think_time_max_s)
            run_test_thread(tester, self.shared_stats, self._pace, self._take, think_time_s)
        except BaseException as error:
            # A thread that died (a bug) must not leave a run that looks complete.
            self._broken_by = self._broken_by or error
            self.stop()

    def _count_chunks(self, chunks: int) -> None:
        with self.shared_stats["lock"]:
            self.shared_stats["chunks"] += chunks

    def _queued(self) -> int:
        """Reads that are not yet processed; those of non-streamed answers are no chunks."""
        return sum(tester.exchange.queued for tester in self._testers) if self.config.stream else 0

    def _under_way(self) -> tuple[int, int, float, int]:
        """Of answers under way: sum and number of their times to the first token, and of their times between chunks."""
        found = [each for tester in self._testers if (each := tester.so_far) is not None]
        betweens = [between_ns for _, between_ns in found if between_ns is not None]
        return sum(ttft_ns for ttft_ns, _ in found), len(found), sum(betweens), len(betweens)

    def _note_format(self, name: str) -> None:
        self.formats_seen[name] = None

    def _take(self, record: RequestRecord) -> None:
        with self._lock:
            self.look()
            if self._watch is not None and (samples := self._watch.fresh()):
                record = replace(record, self_watch=samples)
            self.tally.add(record)
            if self._records is not None:
                self._records.write_request(record, self._origin.unix_ns - self._origin.ns)
