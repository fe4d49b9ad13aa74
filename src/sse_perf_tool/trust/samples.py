"""Combines the samples that the processes took of themselves, and histograms of their delays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from ..metrics import percentile
from ..records import StoodStill, TrustSample
from ..units import US_PER_MS


def stood_still(samples: Iterable[TrustSample]) -> tuple[StoodStill, ...]:
    """When the tool stood still, in order; times of several processes that overlap are one."""
    found: list[StoodStill] = []
    for each in sorted(each for sample in samples for each in sample.stood_still):
        if found and each.at_ms <= found[-1].at_ms + found[-1].ms:
            at_ms, ms, counted_ms = found.pop()
            later_ms = each.at_ms - at_ms
            each = StoodStill(at_ms, max(ms, later_ms + each.ms), max(counted_ms, later_ms + each.counted_ms))
        found.append(each)
    return tuple(found)


class HalfOctaves:
    """Half-octave buckets of microseconds, as in `TrustSample`."""

    def __init__(self, buckets: Iterable[Mapping[int, int]]) -> None:
        self._buckets: Counter[int] = Counter()
        for each in buckets:
            self._buckets.update(each)
        self.count = sum(self._buckets.values())

    def above(self, us: float) -> int:
        """How many may have been longer."""
        return sum(count for bucket, count in self._buckets.items() if edge_us(bucket + 1) > us)

    def percentile_ms(self, percent: float) -> float | None:
        """The upper edge of the bucket in which the percentile lies; None when nothing was counted."""
        passed = 0
        for bucket, count in sorted(self._buckets.items()):
            passed += count
            if passed >= percent / 100 * self.count:
                return edge_us(bucket + 1) / US_PER_MS
        return None


def edge_us(bucket: int) -> float:
    """The lower edge of a bucket."""
    return 2.0 ** (bucket / 2) if bucket >= 0 else 0.0


def bucket_of(us: float) -> int:
    """The bucket in which so many microseconds are counted."""
    return (int(us) * int(us)).bit_length() - 1


def own_cpu(samples: Sequence[TrustSample], processes: int) -> float | None:
    """The share of the cores that the tool's own processes kept busy, at most, in the busiest tenth of the time.

    Each is taken to be as busy as the busiest, and all to share one core where their number is not known.
    """
    shares = sorted(sample.cpu_share * processes / (sample.cores or 1) for sample in samples)
    found = percentile(shares, 90)
    return None if found is None else round(min(1.0, found), 4)


def read_delay_ms(samples: Sequence[TrustSample]) -> dict[str, float | None]:
    """How long reads waited, as "p50", "p99" and "max"; the percentiles to half an octave, upwards."""
    waits = HalfOctaves(sample.read_waits for sample in samples)
    most = max((ms for sample in samples if (ms := sample.read_wait_max_ms) is not None), default=None)
    found: dict[str, float | None] = {"max": most}
    for name, percent in (("p50", 50), ("p99", 99)):
        value = waits.percentile_ms(percent)
        found[name] = None if value is None or most is None else round(min(value, most), 3)
    return found
