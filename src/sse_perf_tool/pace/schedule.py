"""The schedule of a load: when threads start and stop, and when requests arrive.  Pure functions of the settings.

The target load is a `Line`: a number of threads, or of requests a second, at each moment.  A thread sends while the
line is above its number.  Arrivals come from a process with one arrival a second on average, whose time is stretched so
that it runs as fast as the line is high; for Poisson arrivals that is exact for any line (Cinlar, "Introduction to
Stochastic Processes", 1975, 4.7).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import islice, repeat
from random import Random
from typing import NamedTuple

from ..records import Outcome, Phase, RequestRecord, RunConfig

ROUNDING = 1e-9
"""An arrival this close to the end of a piece of the line, in arrivals, belongs to the next piece."""


class Piece(NamedTuple):
    """A straight piece of a line, from `low` at `begin_s` to `high` after `length_s`, which may be infinite."""

    begin_s: float
    length_s: float
    low: float
    high: float

    def rise(self) -> float:
        """Its slope, per second."""
        return (self.high - self.low) / self.length_s if self.low != self.high else 0.0

    def area(self, seconds: float) -> float:
        """The area under the piece, which is the number of arrivals in it."""
        within_s = min(max(seconds, 0.0), self.length_s)
        return (self.low + self.rise() * within_s / 2) * within_s

    def when(self, area: float) -> float:
        """The seconds from its begin until the area under it is `area`."""
        # The solution of low t + rise t^2 / 2 = area that loses no digits when the rise is small.
        speed = self.low + math.sqrt(max(0.0, self.low * self.low + 2 * self.rise() * area))
        return 2 * area / speed if speed else 0.0


Line = Sequence[Piece]


def line_of(stages: Sequence[Sequence[float]]) -> list[Piece]:
    """The line from 0 through the targets of the stages; a stage of 0 seconds is a step."""
    pieces = []
    begin_s = level = 0.0
    for seconds, target in stages:
        if seconds:
            pieces.append(Piece(begin_s, seconds, level, target))
        begin_s, level = begin_s + seconds, target
    return pieces


def rate_line(config: RunConfig) -> list[Piece]:
    """The target rate in requests a second; () for a load without rate."""
    if config.stages_of == "rate":
        return line_of(config.stages)
    if config.rate_per_s is None:
        return []
    return [Piece(0.0, config.duration_s or math.inf, config.rate_per_s, config.rate_per_s)]


def asked_between(line: Line, from_s: float, to_s: float) -> float:
    """The number of arrivals of a line between two moments."""
    return math.fsum(piece.area(to_s - piece.begin_s) - piece.area(from_s - piece.begin_s) for piece in line)


def gaps_of(arrival: str, seed: int) -> Iterator[float]:
    """The gaps between arrivals, one on average, the first of them before the first arrival.

    "constant" begins with an arrival and goes on evenly, "poisson" has exponential gaps, "gamma:CV" gaps whose standard
    deviation is CV.
    """
    random = Random(seed)  # noqa: S311 - a schedule, no secret
    name, _, spread = arrival.partition(":")
    if name == "poisson":
        yield from (random.expovariate(1.0) for _ in repeat(None))
    elif name == "gamma":
        variance = float(spread) ** 2
        yield from (random.gammavariate(1 / variance, variance) for _ in repeat(None))
    else:
        yield 0.0
        yield from repeat(1.0)


def arrivals_s(line: Line, gaps: Iterator[float]) -> Iterator[float]:
    """The times of the arrivals, ascending, in seconds after the start of the run."""
    passed, wanted = 0.0, next(gaps)
    for piece in line:
        area = piece.area(piece.length_s) if piece.length_s < math.inf else math.inf
        while wanted - passed < area - ROUNDING:
            yield piece.begin_s + piece.when(wanted - passed)
            wanted += next(gaps)
        passed += area


def schedule_s(config: RunConfig, replayed_s: Sequence[float] = ()) -> Iterator[float]:
    """The start times of the requests of an open loop, in order; those of a trace are given in it.

    A rate without `duration_s` or `requests` has no end.
    """
    line = rate_line(config)
    times = arrivals_s(line, gaps_of(config.arrival, config.seed)) if line else iter(replayed_s)
    return islice(times, config.requests)


def spans_of(line: Line, thread: int) -> list[tuple[float, float]]:
    """The times, from and to, when a line is above `thread` (counted from 0): when that thread sends."""
    spans: list[tuple[float, float]] = []
    for piece in line:
        begin_s, end_s = piece.begin_s, piece.begin_s + piece.length_s
        if max(piece.low, piece.high) <= thread:
            continue
        if min(piece.low, piece.high) < thread or piece.low == thread or piece.high == thread:
            crossing_s = begin_s + (thread - piece.low) / piece.rise()
            begin_s, end_s = (crossing_s, end_s) if piece.rise() > 0 else (begin_s, crossing_s)
        if spans and spans[-1][1] == begin_s:
            begin_s = spans.pop()[0]
        spans.append((begin_s, end_s))
    return spans


def thread_spans_s(config: RunConfig, thread: int) -> list[tuple[float, float]]:
    """The times, from and to, in which a thread (counted from 0) of a closed loop begins requests."""
    if config.stages_of == "threads":
        return spans_of(line_of(config.stages), thread)
    start_s = start_offset_s(thread, config.threads, config.ramp_up_s)
    return [(start_s, start_s + (config.duration_s or math.inf))]


def first_s(config: RunConfig) -> float:
    """The scheduled start of the first request of a round, in seconds after the start of the round."""
    if config.open_loop:
        return next(schedule_s(config, [0.0]), 0.0)
    return min((begin_s for begin_s, _ in thread_spans_s(config, 0)), default=0.0)


def phase_of(config: RunConfig, number: int, at_s: float) -> Phase:
    """The phase of the request with this number (from 1) of a round that begins `at_s` seconds after the round."""
    if number <= config.warmup_requests or at_s < config.warmup_s:
        return Phase.WARMUP
    if config.cooldown_s and at_s >= (config.planned_s or math.inf) - config.cooldown_s:
        return Phase.COOLDOWN
    return Phase.MAIN


def leaves_early(config: RunConfig, number: int) -> bool:
    """Whether the request with this number is one of the `cancel_rate` that the client cancels."""
    if not config.cancel_rate:
        return False
    return Random(config.seed << 40 | number).random() < config.cancel_rate  # noqa: S311 - a lot, no secret


THREADS_A_RATE, FEWEST_THREADS, MOST_THREADS = 10, 10, 1000


def threads_for(highest_rate_per_s: float) -> int:
    """The default number of threads of an open loop: enough for answers of 10 s, at least 10, at most 1000."""
    return min(MOST_THREADS, max(FEWEST_THREADS, math.ceil(THREADS_A_RATE * highest_rate_per_s)))


def start_offset_s(thread: int, threads: int, ramp_up_s: float) -> float:
    """When a thread (counted from 0) starts, in seconds after the run does: evenly over the ramp, the first at once.

    The last of n threads starts at ramp * (n - 1) / n, so that thread k of n is running once k/n of the ramp is over.
    """
    return ramp_up_s * thread / threads


THREADS_A_PROCESS = 256


def processes_for(asked: int | None, threads: int, cores: int) -> int:
    """The number of processes that share the threads; `asked` None is "auto".

    One process uses one core.  256 threads keep it about a third busy at 50 chunks a second each (see
    docs/performance.md); more processes than cores, or than threads, would bring nothing.
    """
    if asked is None:
        return max(1, min(cores, -(-threads // THREADS_A_PROCESS)))
    return min(asked, threads)


def tick_s(threads: int) -> float:
    """The interval at which a thread processes what has arrived of a long answer.

    20 ms per thread, which is 50 times a second over all of them, but at least 50 ms and at most 4 s.  At most so much
    of an answer is left to be processed when its end has come.
    """
    return min(4.0, max(0.05, threads * 0.02))


INSTANT_NS = 100_000_000
"""A request that failed within this time, without any text, was refused at once."""


def refused_at_once(record: RequestRecord) -> bool:
    """Whether a request was refused, in whatever way, so fast that a loop of them would be a flood."""
    if record.outcome in (Outcome.OK, Outcome.CANCELLED):
        return False
    return record.outcome is Outcome.CONNECT_ERROR or (not record.chunks and record.latency_ns < INSTANT_NS)


def pause_after_refusals_s(in_a_row: int) -> float:
    """How long a thread waits after so many instant refusals in a row: 0.1 s, doubled each time, up to 1 s.

    A server that is down answers in microseconds; without a pause a closed loop would count thousands of failures a
    second and hit the server with all of them at the moment it comes back.
    """
    return min(1.0, 0.1 * 2.0 ** min(in_a_row - 1, 10)) if in_a_row > 0 else 0.0
