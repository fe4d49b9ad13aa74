"""Formats numbers for readers."""

from __future__ import annotations

from ..units import figure

__all__ = ["Both", "figure", "percent_text", "time_text"]

Both = tuple[str, str]
"""A text in English and in Chinese."""


def time_text(ms: float | None) -> str:
    """A duration for prose: "85.2 ms", "1.25 s", "3 min 20 s"; "n/a" for None."""
    if ms is None:
        return "n/a"
    if ms < 1000:
        return f"{figure(ms)} ms"
    seconds = ms / 1000
    if seconds < 120:
        return f"{figure(seconds)} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def percent_text(share: float | None) -> str:
    """A share of 1 in percent: never 100 % when something is missing, never 0 % when something is there."""
    if share is None:
        return "n/a"
    digits = 1 if 0.001 <= share <= 0.999 else 2 if 0.0001 <= share <= 0.9999 else 3
    kept = min(share, 0.99999) if share < 1 else share
    kept = max(kept, 0.00001) if share > 0 else kept
    return f"{kept * 100:.0f} %" if kept in (0, 1) else f"{kept * 100:.{digits}f} %"
