"""Finds the number of threads at which the error passes a limit.  Pure: loads are measured by a function passed in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from ..records import Calibration, CalibrationLimit

LIMITS_MS = (1.0, 10.0)
FIRST_THREADS, MOST_THREADS = 64, 8192
DELIVERED = 0.6
"""Share of the chunk rate asked for that the busiest second must reach; waits for first tokens leave 0.8 and more."""
NARROWINGS = 2
"""How often the span between the last good and the first bad load is halved."""


class Rung(NamedTuple):
    """A load and what it came to."""

    threads: int
    chunks_per_s: int
    """In the busiest second."""
    error_ms: float
    delivered: bool = True
    """The load came to what was asked for.  A late server alone does no harm: the truth is when it did send."""
    server_late: bool = False

    def within(self, limit_ms: float) -> bool:
        """Whether the tool carries this load within that error."""
        return self.error_ms <= limit_ms and self.delivered


def rung_of(found: Calibration) -> Rung:
    """What the ladder needs of a calibration."""
    asked_per_s = found.threads * 1000 / found.itl_ms
    delivered = found.busiest_second_chunks >= DELIVERED * asked_per_s
    return Rung(found.threads, found.busiest_second_chunks, found.error_ms or 0.0, delivered, server_late(found))


def server_late(found: Calibration) -> bool:
    """Whether the server missed its timetable by more than half a gap: then its load is not the one asked for."""
    return found.server_late_ms["p99"] > found.itl_ms / 2


@dataclass(slots=True)
class Ladder:
    """Looks for the highest load within a limit: doubled (or halved) until the answer changes, then narrowed down.

    `measure` tells what a number of threads comes to; `more` says whether there is time for another.  A load that
    misses is measured once more, and the better of the two counts: a machine is put aside now and then, and only what
    happens again is its limit.
    """

    measure: Callable[[int], Rung]
    more: Callable[[], bool]
    most: int = MOST_THREADS
    _best: dict[int, Rung] = field(default_factory=dict)
    _repeated: set[int] = field(default_factory=set)

    def limit(self, limit_ms: float, first: int) -> CalibrationLimit:
        """The highest load within `limit_ms`, looked for from `first` threads on."""
        good, bad = self._span(limit_ms, min(first, self.most))
        for _ in range(NARROWINGS):
            if good is None or bad is None or bad.threads - good.threads < 2:
                break
            between = (good.threads + bad.threads) // 2
            if not self._can_look(between):
                break
            middle = self._look(between, limit_ms)
            good, bad = (middle, bad) if middle.within(limit_ms) else (good, middle)
        by = None if bad is None else "server" if bad.server_late else "tool"
        return CalibrationLimit(limit_ms, good.threads if good else None, good.chunks_per_s if good else None, by)

    def _span(self, limit_ms: float, threads: int) -> tuple[Rung | None, Rung | None]:
        """A load within the limit and a higher one that is not; None for one that was not met."""
        good: Rung | None = None
        bad: Rung | None = None
        while good is None or bad is None:
            rung = self._look(threads, limit_ms)
            if rung.within(limit_ms):
                good, threads = rung, threads * 2
            else:
                bad, threads = rung, threads // 2
            if not 1 <= threads <= self.most or not self._can_look(threads):
                break
        return good, bad

    def _can_look(self, threads: int) -> bool:
        return threads in self._best or self.more()

    def _look(self, threads: int, limit_ms: float) -> Rung:
        if threads not in self._best:
            self._best[threads] = self.measure(threads)
        best = self._best[threads]
        if not best.within(limit_ms) and threads not in self._repeated and self.more():
            self._repeated.add(threads)
            again = self.measure(threads)
            best = self._best[threads] = min(best, again, key=lambda rung: (not rung.delivered, rung.error_ms))
        return best
