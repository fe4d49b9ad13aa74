"""Figures for a terminal."""

from __future__ import annotations

from ..metrics import PERCENTILES, enough_for
from ..records import Stats
from ..units import NS_PER_MS


def number(value: float | None, unit: str = "") -> str:
    """A figure for a table: three to four significant digits below 1000, whole above; n/a for None."""
    if value is None:
        return "n/a"
    size = abs(value)
    text = f"{value:.2f}" if size < 10 else f"{value:.1f}" if size < 1000 else f"{value:.0f}"
    return text + unit


def percent(share: float | None) -> str:
    """A share of 1 as per cent; only 1 itself is 100 %, so that one failure in a million still shows."""
    if share is None:
        return "n/a"
    return "100%" if share == 1 else f"{min(share * 100, 99.99):.2f}%"


def ms_text(ns: float | None) -> str | None:
    """Nanoseconds as milliseconds with their unit; None for None."""
    return None if ns is None else number(ns / NS_PER_MS, " ms")


def signed(value: float | None, scale: float) -> str:
    """A difference, multiplied by `scale`, with its sign; n/a for None."""
    if value is None:
        return "n/a"
    sign = "+" if value > 0 else "-" if value < 0 else ""
    return sign + number(abs(value) * scale)


def stats_cells(stats: Stats) -> list[str]:
    """Mean, minimum, the `PERCENTILES` and maximum; n/a for a percentile of too few."""
    percentiles = (
        number(value) if enough_for(p, stats.count) else "n/a"
        for p, value in zip(PERCENTILES, (stats.p50, stats.p90, stats.p95, stats.p99), strict=True)
    )
    return [number(stats.mean), number(stats.min), *percentiles, number(stats.max)]
