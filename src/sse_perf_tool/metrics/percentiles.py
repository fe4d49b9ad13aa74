"""Percentiles, how many samples they need, and the `Stats` of a list or a histogram."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate

from ..records import Stats
from .intervals import SortedValues

PERCENTILES = (50, 90, 95, 99)


def percentile(ordered: SortedValues, percent: float) -> float | None:
    """The percentile of ascending values by linear interpolation between closest ranks; None when there are none.

    Hyndman and Fan's definition 7, numpy's default: rank = percent / 100 * (n - 1).
    """
    count = len(ordered)
    if not count:
        return None
    rank = percent / 100 * (count - 1)
    below = math.floor(rank)
    low = ordered[below]
    if below + 1 >= count:
        return float(low)
    return low + (ordered[below + 1] - low) * (rank - below)


def enough_for(percent: float, count: int) -> bool:
    """Whether `count` samples are enough for this percentile: at least 100 / (100 - percent)."""
    return count >= samples_needed(percent)


def samples_needed(percent: float) -> int:
    """The fewest samples that are enough for this percentile, which is below 100: 1000 for 99.9."""
    return math.ceil(round(100 / (100 - percent), 6))  # 100 - 99.9 is a little less than 0.1


def stats_of(values: Iterable[float]) -> Stats:
    """`Stats` of plain values, in their own unit."""
    ordered = sorted(values)
    if not ordered:
        return Stats()
    count = len(ordered)
    mean = math.fsum(ordered) / count
    spread = math.sqrt(math.fsum((v - mean) ** 2 for v in ordered) / (count - 1)) if count > 1 else None
    return stats_of_sorted(ordered, mean, spread)


def stats_of_sorted(ordered: SortedValues, mean: float, stddev: float | None, scale: float = 1.0) -> Stats:
    """`Stats` of ascending values (at least one), each multiplied by `scale`."""
    p50, p90, p95, p99 = ((percentile(ordered, p) or 0.0) * scale for p in PERCENTILES)
    return Stats(
        count=len(ordered),
        mean=mean * scale,
        stddev=None if stddev is None else stddev * scale,
        min=ordered[0] * scale,
        p50=p50,
        p90=p90,
        p95=p95,
        p99=p99,
        max=ordered[len(ordered) - 1] * scale,
    )


class Ranked:
    """A histogram of ascending (value, count) as a sequence: the sorted list of all its values."""

    def __init__(self, pairs: Sequence[tuple[float, int]]) -> None:
        self._values = [value for value, _ in pairs]
        self._ends = list(accumulate(count for _, count in pairs))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def __getitem__(self, index: int, /) -> float:
        return self._values[bisect_right(self._ends, index)]
