"""95 % confidence intervals of percentiles, without any assumption on the distribution of the values.

Of n independent values, the number below the true percentile p has the distribution Bin(n, p / 100).  So the
probability that the percentile lies between the l-th and the u-th smallest value is a sum of binomial terms, whatever
the values are (H. A. David and H. N. Nagaraja, "Order Statistics", 2003, section 7.1).  l is the largest and u the
smallest rank that leaves at most 2.5 % on its side.  With few values there is no such rank: that side stays open.

`compare` uses the same fact in the form of Beta variables.  It draws from them, because it needs the distribution of a
difference.  For a single percentile the ranks follow directly.

The gaps of one answer are not independent: a slow answer has slow gaps.  `GapSample` keeps the gaps of some answers and
estimates to how many independent gaps they are equivalent (`design_effect`); that number is used in place of n.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache
from heapq import heappop, heappush
from typing import Protocol

from ..records import Interval

TAIL = 0.025
"""The probability left on each side of an interval."""
FEWEST = 10
"""With fewer values, or answers, there is no interval: it would not be reliable."""


class SortedValues(Protocol):
    """Values in ascending order that can be counted and indexed."""

    def __len__(self) -> int: ...
    def __getitem__(self, index: int, /) -> float: ...


@lru_cache(maxsize=256)
def ranks(count: int, percent: float) -> tuple[int | None, int | None]:
    """The ranks (from 1) of the two bounds of a percentile of `count` values; None for a side that stays open."""
    low = high = None
    below = 0.0
    for successes, chance in _binomial(count, percent / 100):
        # `below` is the chance that fewer values than `successes` lie below the percentile.
        if below <= TAIL and successes > 0:
            low = successes
        if high is None and 1 - below <= TAIL and successes <= count:
            high = successes
        below += chance
    return low, high


def _binomial(count: int, share: float) -> Iterator[tuple[int, float]]:
    """(k, P(Bin(count, share) = k)) for ascending k, without the tails of less than 1e-15."""
    spread = 9 * math.sqrt(count * share * (1 - share)) + 40
    first, last = max(0, int(count * share - spread)), min(count, int(count * share + spread))
    log_chance = (
        math.lgamma(count + 1) - math.lgamma(first + 1) - math.lgamma(count - first + 1)
        + first * math.log(share) + (count - first) * math.log1p(-share)
    )  # fmt: skip
    log_odds = math.log(share) - math.log1p(-share)
    for successes in range(first, last + 1):
        yield successes, math.exp(log_chance)
        if successes < count:
            log_chance += math.log((count - successes) / (successes + 1)) + log_odds


def interval(ordered: SortedValues, percent: float, effective: float | None = None) -> Interval | None:
    """The 95 % interval of a percentile of ascending values; None for fewer than `FEWEST` values.

    `effective` is the equivalent number of independent values; by default all are independent.
    """
    count = len(ordered)
    worth = count if effective is None else min(count, int(effective))
    if worth < FEWEST:
        return None
    low, high = ranks(worth, percent)
    # A rank among `worth` values is that share of all: rounded outwards, so that the interval never shrinks by it.
    low_at = None if low is None else (low - 1) * count // worth
    high_at = None if high is None else min(count - 1, -(-high * count // worth) - 1)
    return Interval(None if low_at is None else ordered[low_at], None if high_at is None else ordered[high_at])


def intervals(ordered: SortedValues, percents: Sequence[int], scale: float = 1.0) -> dict[str, Interval]:
    """The `interval` of each percentile ("p50" and so on) that has one."""
    found = {f"p{percent}": interval(ordered, percent) for percent in percents}
    return {name: scaled(each, scale) for name, each in found.items() if each is not None}


def scaled(given: Interval, scale: float) -> Interval:
    """The interval in another unit."""
    return Interval(*(None if side is None else side * scale for side in given))


class GapSample:
    """All gaps of a sample of answers: drawn at random, yet the same whenever the same requests are read.

    It keeps the answers whose numbers come first in a shuffled order, up to `MOST_ANSWERS` answers and `MOST_GAPS`
    gaps.  Samples of several processes can therefore be merged.
    """

    MOST_ANSWERS = 500
    MOST_GAPS = 200_000

    def __init__(self) -> None:
        self._kept: list[tuple[int, int, array[int]]] = []
        self._gaps = 0

    def add(self, request_id: int, gaps_us: Sequence[int]) -> None:
        """Adds the gaps of an answer, if the answer belongs to the sample."""
        if gaps_us and self.wants(request_id):
            self._push((-_shuffled(request_id), request_id, array("q", sorted(gaps_us))))

    def wants(self, request_id: int) -> bool:
        """Whether this answer belongs to the sample, if it has gaps."""
        return not (self._full and -_shuffled(request_id) < self._kept[0][0])

    def merge(self, other: GapSample) -> None:
        """Adds the answers of another sample."""
        for entry in other._kept:
            self._push(entry)

    @property
    def _full(self) -> bool:
        return len(self._kept) >= self.MOST_ANSWERS or self._gaps >= self.MOST_GAPS

    def _push(self, entry: tuple[int, int, array[int]]) -> None:
        heappush(self._kept, entry)
        self._gaps += len(entry[2])
        while len(self._kept) > self.MOST_ANSWERS or (self._gaps > self.MOST_GAPS and len(self._kept) > FEWEST):
            self._gaps -= len(heappop(self._kept)[2])

    def design_effect(self, value_us: float) -> float | None:
        """The design effect of clustering: how much larger the variance is than that of independent gaps; at least 1.

        It is that of the share of gaps up to `value_us`; None for fewer than `FEWEST` answers.  The variance is that
        of a ratio whose clusters are the answers (W. G. Cochran, "Sampling Techniques", 1977, section 9A.1).
        """
        answers = len(self._kept)
        if answers < FEWEST:
            return None
        below = [(bisect_right(gaps, value_us), len(gaps)) for _, _, gaps in self._kept]
        total = sum(size for _, size in below)
        share = sum(count for count, _ in below) / total
        independent = share * (1 - share) * total
        if not independent:
            return 1.0
        squares = math.fsum((count - share * size) ** 2 for count, size in below)
        return max(1.0, squares * answers / (answers - 1) / independent)


def gap_intervals(
    ordered: SortedValues, sample: GapSample, percents: Sequence[int], scale: float
) -> dict[str, Interval]:
    """The intervals of the percentiles of all gaps, in microseconds, each corrected by its design effect."""
    found = {}
    for percent in percents:
        if not len(ordered):
            break
        effect = sample.design_effect(ordered[(len(ordered) - 1) * percent // 100])
        each = None if effect is None else interval(ordered, percent, len(ordered) / effect)
        if each is not None:
            found[f"p{percent}"] = scaled(each, scale)
    return found


def _shuffled(number: int) -> int:
    """Scrambles a number of 32 bits: the finalizer of MurmurHash3 (A. Appleby, public domain)."""
    mixed = number & 0xFFFFFFFF
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        mixed = (mixed ^ mixed >> shift) * factor & 0xFFFFFFFF
    return mixed ^ mixed >> 16
