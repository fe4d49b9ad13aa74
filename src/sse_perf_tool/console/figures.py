"""Figures for a terminal."""

from __future__ import annotations

from ..metrics import PERCENTILES, enough_for
from ..records import Stats
from ..units import NS_PER_MS, figure


def ms_text(ns: float | None) -> str | None:
    """Nanoseconds as milliseconds with their unit; None for None."""
    return None if ns is None else f"{figure(ns / NS_PER_MS)} ms"


def stats_cells(stats: Stats) -> list[str]:
    """Mean, minimum, the `PERCENTILES` and maximum; n/a for a percentile of too few."""
    percentiles = (
        figure(value) if enough_for(p, stats.count) else "n/a"
        for p, value in zip(PERCENTILES, (stats.p50, stats.p90, stats.p95, stats.p99), strict=True)
    )
    return [figure(stats.mean), figure(stats.min), *percentiles, figure(stats.max)]
