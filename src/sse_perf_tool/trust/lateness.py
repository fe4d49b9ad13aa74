"""Estimates which chunks were merged by a late read, and not sent together by the server."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ..records import TrustSample
from ..units import NS_PER_MS
from .samples import HalfOctaves, bucket_of, edge_us

SUCCESSION = 1
"""What was seen k times in n trials is expected with a probability of (k + 1)/(n + 2), also when k is 0 (Laplace)."""
SUSPICIOUS = 0.1
"""When waiting explains so much of what came together, it may explain all of it: waits come in clumps, and none of the
three ways to count them sees all."""
RARE = 99.9
"""The percentile of what a read can have waited that stands for the longest: the maximum would be one accident."""


class Lateness:
    """Which share of the reads with several chunks held them because they were late.

    A read of k chunks that were not sent together needs its first one to have waited while k - 1 others came.  How many
    reads can have waited so long is known in three ways, and the largest number counts: reads whose last byte had
    waited so long; reads whose socket had not been looked at for so long; and all reads, times the share of wake-ups
    that were so late.

    Where no wake-up was so late they were too few to exclude it, but stamps can: a late read comes at any time after
    the last chunk that it holds, so in half of such reads that one has waited for half a chunk's time or more.

    The share is that number over the number of reads with several chunks that would have had to wait so long or
    longer, or all from `SUSPICIOUS` on.  Without samples it is 1: then nobody knows.
    """

    def __init__(self, samples: Sequence[TrustSample], first_waits: Counter[int]) -> None:
        """`first_waits` are the reads with several chunks by the bucket of the wait that their first would have had."""
        self._waits = HalfOctaves(sample.read_waits for sample in samples)
        self._away = HalfOctaves(sample.away for sample in samples)
        self._wakes = HalfOctaves(sample.wakes for sample in samples)
        self._first_waits = first_waits
        self._known: dict[tuple[int, int], float] = {}
        rare = (counts.percentile_ms(RARE) for counts in (self._waits, self._away, self._wakes))
        self.longest_ns = max((ms for ms in rare if ms is not None), default=0.0) * NS_PER_MS
        """How long a read can have waited, but for one in a thousand."""

    def share(self, wait_us: float, pace_us: float) -> float:
        """That of the reads whose first chunk would have waited for so long, in a stream with so much time a chunk.

        Half of the wait is enough to be counted.
        """
        bucket = bucket_of(wait_us), bucket_of(pace_us)
        if bucket not in self._known:
            self._known[bucket] = self._share(*bucket)
        return self._known[bucket]

    def _share(self, bucket: int, pace: int) -> float:
        reads, enough_us = self._away.count, edge_us(bucket) / 2
        if not reads:
            return 1.0
        woken = self._woken_late(reads, enough_us, min(enough_us, edge_us(pace) / 2))
        waited = max(self._waits.above(enough_us), self._away.above(enough_us), woken)
        alike = sum(count for each, count in self._first_waits.items() if each >= bucket)
        explained = waited / max(1, alike)
        return explained if explained < SUSPICIOUS else 1.0

    def _woken_late(self, reads: int, enough_us: float, trace_us: float) -> float:
        """How many reads began so late, by the wake-ups; `trace_us` is what half of them show in the wait of the last
        chunk."""
        if not self._wakes.count:
            return 0.0
        seen = self._wakes.above(enough_us)
        if seen:
            return reads * (seen + SUCCESSION) / (self._wakes.count + 2 * SUCCESSION)
        return min(reads * SUCCESSION / (self._wakes.count + 2 * SUCCESSION), 2.0 * self._waits.above(trace_us))
