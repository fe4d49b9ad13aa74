"""Formats numbers for readers."""

from __future__ import annotations

import re

from ..units import figure, percent_text

__all__ = ["Both", "figure", "percent_text", "time_text", "unbroken"]

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


_UNIT = re.compile(r"(?<=\d) (?=(?:ms|s|min|h|%|[kMG]?B|tokens?/s|requests/s|请求/s)(?![\w/]))| (?=±)|(?<=±) ")


def unbroken(text: Both) -> Both:
    """The same with its figures held together: a line does not end between a number and its unit."""
    english, chinese = (_UNIT.sub("\N{NO-BREAK SPACE}", each) for each in text)
    return english, chinese
