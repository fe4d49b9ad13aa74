"""Percentiles for the bench, made apart from those of the tool, so that a fault in the one shows against the other."""

from __future__ import annotations

from collections.abc import Sequence

NS_PER_MS = 1_000_000

Distribution = dict[str, float]
"""{"count": n, "mean": ..., "p50": ..., "p90": ..., "p99": ...}, in milliseconds; only "count" when n is 0."""


def percentile(ordered: Sequence[float], percent: float) -> float:
    """The percentile of ascending values, at least one, by linear interpolation (Hyndman and Fan's definition 7)."""
    place = (len(ordered) - 1) * percent / 100
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def distribution(times_ns: Sequence[int]) -> Distribution:
    """What nanoseconds look like, in milliseconds."""
    if not times_ns:
        return {"count": 0}
    ordered = sorted(times_ns)
    found = {"count": float(len(ordered)), "mean": sum(ordered) / len(ordered) / NS_PER_MS}
    return found | {f"p{percent}": percentile(ordered, percent) / NS_PER_MS for percent in (50, 90, 99)}
