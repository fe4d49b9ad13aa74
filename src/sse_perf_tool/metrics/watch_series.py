"""What the tool measured of itself, in the intervals of the time series of its run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from ..records import TrustSample

FRESH = 120
"""So many seconds are kept by themselves where an interval has several: samples of two processes come one by one."""


def by_second(samples: Iterable[TrustSample]) -> tuple[TrustSample, ...]:
    """The samples of all processes in order, those of one second as one: counts added, of all else the worst."""
    found: dict[int, TrustSample] = {}
    for sample in samples:
        _put(found, sample)
    return tuple(found[second] for second in sorted(found))


def _put(found: dict[int, TrustSample], sample: TrustSample) -> None:
    known = found.get(sample.second)
    found[sample.second] = sample if known is None else _together(known, sample)


def _together(one: TrustSample, other: TrustSample) -> TrustSample:
    def most(name: str) -> float | None:
        values = [value for each in (one, other) if (value := getattr(each, name)) is not None]
        return max(values, default=None)

    def total(name: str) -> int | None:
        values = [value for each in (one, other) if (value := getattr(each, name)) is not None]
        return sum(values) if values else None

    counts = {name: _added(getattr(one, name), getattr(other, name)) for name in _COUNTS}
    worst = {name: most(name) for name in _WORST}
    step_ms = max(one.clock_step_ms, other.clock_step_ms, key=abs)
    added = {name: total(name) for name in ("retransmits", "out_of_order")}
    still = (*one.stood_still, *other.stood_still)
    return replace(one, **counts, **worst, **added, clock_step_ms=step_ms, stood_still=still)  # type: ignore[arg-type]


def _added(one: Mapping[int, int], other: Mapping[int, int]) -> dict[int, int]:
    found = dict(one)
    for bucket, count in other.items():
        found[bucket] = found.get(bucket, 0) + count
    return {bucket: count for bucket, count in found.items() if count > 0}


_COUNTS = ("read_waits", "away", "wakes")
_WORST = ("read_wait_max_ms", "cores", "cpu_share", "cpu_wait", "machine_cpu", "gc_ms", "gc_max_ms", "rtt_ms")
_MEANS = ("cpu_share", "cpu_wait", "machine_cpu", "gc_ms")
"""What is a share of the time: of an interval of several seconds it is their mean."""


class WatchSeries:
    """Samples by second; of a run with wider intervals by these, so that a day takes no more memory than two hours."""

    def __init__(self) -> None:
        self.width_s = 1
        self._seconds: dict[int, TrustSample] = {}
        self._intervals: dict[int, tuple[TrustSample, int]] = {}
        """Number of the interval -> its sample, and of how many seconds that is."""

    def add(self, samples: Iterable[TrustSample]) -> None:
        """Takes samples of any process."""
        for sample in samples:
            _put(self._seconds, sample)
        if self.width_s > 1 and len(self._seconds) > 2 * FRESH:
            self._fold(len(self._seconds) - FRESH)

    def widen(self, width_s: int) -> None:
        """Makes intervals of so many seconds of those that there are; they are whole in the new ones."""
        if width_s == self.width_s:
            return
        before, self.width_s, self._intervals = self._intervals, width_s, {}
        for sample, seconds in before.values():
            self._take_in(sample, seconds)
        self._fold(len(self._seconds) - FRESH)

    def _fold(self, number: int) -> None:
        """Takes the first so many seconds into their intervals."""
        for second in sorted(self._seconds)[: max(0, number)]:
            self._take_in(self._seconds.pop(second), 1)

    def _take_in(self, sample: TrustSample, seconds: int) -> None:
        number = sample.second // self.width_s
        known, of = self._intervals.get(number, (None, 0))
        if known is not None:
            merged = _together(known, sample)
            shares = {name: _mean(getattr(known, name), of, getattr(sample, name), seconds) for name in _MEANS}
            sample = replace(merged, **shares)  # type: ignore[arg-type]
        self._intervals[number] = replace(sample, second=number * self.width_s), of + seconds

    def merge(self, other: WatchSeries) -> None:
        """Adds the samples of another process: in an interval of both, counts are added, all else is the worst."""
        self.widen(max(self.width_s, other.width_s))
        other.widen(self.width_s)
        self.add(other._seconds.values())
        for number, (sample, seconds) in other._intervals.items():
            known = self._intervals.get(number)
            merged = sample if known is None else _together(known[0], sample)
            self._intervals[number] = merged, max(seconds, known[1] if known else 0)

    def samples(self) -> tuple[TrustSample, ...]:
        """One for each interval of which there is any."""
        if self.width_s > 1:
            self._fold(len(self._seconds))
            return tuple(self._intervals[number][0] for number in sorted(self._intervals))
        return tuple(self._seconds[second] for second in sorted(self._seconds))


def _mean(one: float | None, of: int, other: float | None, of_other: int) -> float | None:
    if one is None or other is None:
        return other if one is None else one
    return (one * of + other * of_other) / (of + of_other)
