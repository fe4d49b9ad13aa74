"""What the server reads of a records file itself: when an answer was there, and its time to the first token.

All else of a request is for the command line, which reads a million of them in a process of its own.
"""

from __future__ import annotations

from typing import NamedTuple

import orjson


class Answer(NamedTuple):
    """A whole answer."""

    ended_ns: int
    """Of the Unix epoch."""
    ttft_ms: float


def started_ns_of(header: bytes) -> int | None:
    """When the run began whose records have this first line, in ns of the Unix epoch."""
    try:
        found = orjson.loads(header)["started_at_ns"]
    except (ValueError, KeyError, TypeError):
        return None
    return found if isinstance(found, int) else None


def answer_of(line: bytes) -> Answer | None:
    """The whole answer that a line is about; None for any other line, or the rest of one that was cut off."""
    try:
        row = orjson.loads(line)
        if row["outcome"] != "ok" or not isinstance(row["ttft_ms"], (int, float)):
            return None
        return Answer(int(row["started_at_ns"]) + int(row["latency_ms"] * 1e6), row["ttft_ms"])
    except (ValueError, KeyError, TypeError):
        return None
