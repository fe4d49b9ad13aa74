"""Compares two targets: the difference and its interval, without any assumption on the distribution of the values.

The difference of two targets is that of Hodges and Lehmann: of paired requests the median of the Walsh averages of
their differences, of unpaired ones the median of all differences.  Its 95 % interval is cut from the same sorted list
at the quantile of the signed rank or the rank sum distribution (M. Hollander and D. A. Wolfe, "Nonparametric
Statistical Methods", 2nd edition, 3.2 and 4.2).  Both are computed exactly, so an interval holds for small numbers,
too; with too few values (below 6 pairs, or below 4 on each side) there is none, and nothing may be said.
"""

from __future__ import annotations

import functools
import itertools
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

ALPHA = 0.05
MOST_PAIRS = 300
"""More pairs than that are thinned evenly: all averages of 300 are 45,150 already."""


@dataclass(frozen=True, slots=True)
class Difference:
    """By how much b is above a: `shift` in the unit of the values, its 95 % interval from `low` to `high`.

    Without an interval (`low` None) the values were too few for one.
    """

    shift: float | None
    low: float | None = None
    high: float | None = None
    pairs: int = 0
    """How many pairs, or the smaller number of values of the two sides."""

    @property
    def shown(self) -> bool:
        """Whether a difference is shown: the interval excludes 0."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


def paired_difference(a: Sequence[float], b: Sequence[float]) -> Difference:
    """Of values that belong together: `a[i]` and `b[i]` were measured one right after the other."""
    differences = _thinned([second - first for first, second in zip(a, b, strict=True)])
    if not differences:
        return Difference(None)
    averages = sorted((x + y) / 2 for x, y in itertools.combinations_with_replacement(differences, 2))
    cut = _lowest_kept(_signed_rank_counts(len(differences)))
    return _difference(averages, cut, len(a))


def unpaired_difference(a: Sequence[float], b: Sequence[float]) -> Difference:
    """Of values that have nothing to do with each other."""
    first, second = _thinned(a), _thinned(b)
    if not first or not second:
        return Difference(None)
    differences = sorted(y - x for x in first for y in second)
    cut = _lowest_kept(_rank_sum_counts(len(first), len(second)))
    return _difference(differences, cut, min(len(a), len(b)))


def _difference(values: Sequence[float], cut: int, pairs: int) -> Difference:
    shift = statistics.median(values)
    if cut == 0:
        return Difference(shift, pairs=pairs)
    return Difference(shift, values[cut - 1], values[-cut], pairs)


def _lowest_kept(counts: Sequence[float]) -> int:
    """The number of smallest values that lie outside the interval, plus 1; 0 when even the whole range holds less.

    `counts[s]` is in how many of all equally likely orders the statistic is s.
    """
    total, seen = sum(counts), 0.0
    for score, count in enumerate(counts):
        seen += count
        if seen / total > ALPHA / 2:
            return score
    return 0


@functools.cache
def _signed_rank_counts(n: int) -> tuple[float, ...]:
    """In how many of the 2**n choices of signs the sum of the positive ranks is 0, 1, 2, ..."""
    counts = [1.0] + [0.0] * (n * (n + 1) // 2)
    for rank in range(1, n + 1):
        for score in range(len(counts) - 1, rank - 1, -1):
            counts[score] += counts[score - rank]
        counts = [count / 2 for count in counts]  # shares instead of counts: 2**300 is no number to add to
    return tuple(counts)


@functools.cache
def _rank_sum_counts(m: int, n: int) -> tuple[float, ...]:
    """In which share of all orders of m and n values so many of the m * n pairs are the other way round: 0, 1, 2, ...

    The numbers of ways are the coefficients of the Gaussian binomial (m + n over m), built up factor by factor.
    """
    m, n = min(m, n), max(m, n)
    size = m * n + 1
    counts = [1] + [0] * (size - 1)
    for i in range(1, m + 1):
        for score in range(size - 1, n + i - 1, -1):  # times (1 - q**(n + i))
            counts[score] -= counts[score - n - i]
        for score in range(i, size):  # divided by (1 - q**i)
            counts[score] += counts[score - i]
    total = sum(counts)
    return tuple(count / total for count in counts)


def _thinned(values: Sequence[float]) -> list[float]:
    if len(values) <= MOST_PAIRS:
        return list(values)
    step = len(values) / MOST_PAIRS
    return [values[int(at * step)] for at in range(MOST_PAIRS)]
