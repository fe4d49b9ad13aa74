"""A histogram in bounded memory, for all the gaps between the chunks of a run."""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import compress
from operator import mul
from typing import Any

from ..records import Stats
from ..records.compiled import compiled_lines
from .percentiles import Ranked, stats_of_sorted


class Distribution:
    """A histogram of whole numbers, such as microseconds, in bounded memory.

    Exact up to `EXACT_VALUES` different values.  With more, each value is rounded to its 11 leading bits, which is at
    most 0.05 % off (3 significant digits).  Count, mean, standard deviation, minimum and maximum stay exact.
    """

    EXACT_VALUES = 16_384
    _UNFOLDED_VALUES = 4 * EXACT_VALUES
    """Once values are rounded, so many are gathered before they are: each time costs as much as there are different."""
    _KEPT_BITS = 11
    _COUNTED_FLAT = 1 << 18
    """Values below it have a place of their own where the compiled part counts them: a quarter of a second, in us."""
    _FEW = 16
    """So few values are not worth such places."""

    def __init__(self) -> None:
        self.count = 0
        self._total = 0
        self._squares = 0
        self._low: int | None = None
        self._high = 0
        self._exact: Counter[int] = Counter()
        """Counted, and not yet in any of the sums."""
        self._coarse: Counter[int] = Counter()
        self._flat: array[int] | None = None
        """How often each small value came since `_gather`: counted without an object for each."""

    def add(self, values: Sequence[int]) -> None:
        """Counts each of the values, which must not be negative."""
        self.count += len(values)
        if len(values) >= self._FEW and (compiled := compiled_lines()) is not None:
            if self._flat is None:
                self._flat = array("I", bytes(4 * self._COUNTED_FLAT))
            values = compiled.count(values, self._flat)
        if values:
            self._exact.update(values)
            if len(self._exact) > self.EXACT_VALUES:
                self._fold_many()

    def _gather(self) -> None:
        """Takes in what was counted in `_flat`."""
        flat, self._flat = self._flat, None
        if flat is not None:
            self._exact.update(dict(zip(compress(range(len(flat)), flat), filter(None, flat), strict=True)))
            if len(self._exact) > self.EXACT_VALUES:
                self._fold_many()

    def __getstate__(self) -> dict[str, Any]:
        self._gather()
        return self.__dict__

    def merge(self, other: Distribution) -> None:
        """Adds everything that `other` has counted."""
        other._gather()
        self.count += other.count
        self._total += other._total
        self._squares += other._squares
        if other._low is not None:
            self._low = other._low if self._low is None else min(self._low, other._low)
        self._high = max(self._high, other._high)
        self._exact.update(other._exact)
        self._coarse.update(other._coarse)
        if len(self._exact) > self.EXACT_VALUES:
            self._fold_many()

    def _fold_many(self) -> None:
        if not self._coarse or len(self._exact) > self._UNFOLDED_VALUES:
            self._fold()

    def _fold(self) -> None:
        """Rounds what was counted exactly, when its sums have been taken."""
        self._total, self._squares, self._low, self._high = self._sums()
        coarse, kept = self._coarse, self._KEPT_BITS
        for value, count in self._exact.items():
            if (shift := value.bit_length() - kept) > 0:  # as `leading_bits`, of which this is the inner loop
                value = (value >> shift << shift) + (1 << shift - 1)
            coarse[value] += count
        self._exact = Counter()

    def _sums(self) -> tuple[int, int, int | None, int]:
        """Sum, sum of squares, least and largest of all values."""
        exact = self._exact
        if not exact:
            return self._total, self._squares, self._low, self._high
        least = min(exact)
        low = least if self._low is None else min(self._low, least)
        weighted = list(map(mul, exact, exact.values()))
        return (
            self._total + sum(weighted),
            self._squares + sum(map(mul, exact, weighted)),
            low,
            max(self._high, max(exact)),
        )

    def histogram(self) -> list[tuple[int, int]]:
        """(value, count), ascending by value."""
        self._gather()
        if self._coarse:
            self._fold()
        found = self._coarse or self._exact
        values = sorted(found)  # of pairs it would take four times as long
        return list(zip(values, map(found.__getitem__, values), strict=True))

    def stats(self, scale: float = 1.0) -> Stats:
        """`Stats` of all values, each multiplied by `scale` (0.001 makes milliseconds of microseconds)."""
        if not self.count:
            return Stats()
        self._gather()
        total, squares, low, high = self._sums()
        mean = total / self.count
        # Whole numbers: no cancellation, however far the values lie from zero.
        spread = self.count * squares - total * total
        stddev = math.sqrt(spread / self.count / (self.count - 1)) if self.count > 1 else None
        found = stats_of_sorted(Ranked(self.histogram()), mean, stddev, scale)
        return replace(found, min=(low or 0) * scale, max=high * scale)


def leading_bits(value: int, bits: int) -> int:
    """The middle of the range of numbers that share the `bits` leading bits of `value`."""
    shift = value.bit_length() - bits
    if shift <= 0:
        return value
    return (value >> shift << shift) + (1 << shift - 1)
