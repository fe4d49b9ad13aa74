"""Figures by group: requests of the same turn of a conversation, or of the same context tier."""

from __future__ import annotations

from collections.abc import Sequence

from ..records import NOT_MEASURED, OUTCOMES, GroupStats, Outcome, RequestTable
from .definitions import REQUEST_METRICS
from .percentiles import stats_of


def groups_of(table: RequestTable, column: str, alone: int) -> tuple[GroupStats, ...]:
    """One row per value of `column`, ascending; () when the only value is `alone`."""
    rows: dict[int, list[int]] = {}
    for row, value in enumerate(table[column]):
        rows.setdefault(value, []).append(row)
    if rows.keys() <= {alone}:
        return ()
    return tuple(_group_stats(table, value, rows[value]) for value in sorted(rows))


def _group_stats(table: RequestTable, value: int, rows: Sequence[int]) -> GroupStats:
    """The figures of `rows`, the requests that have this value."""
    ok = [row for row in rows if OUTCOMES[table["outcome"][row]] is Outcome.OK]
    ttft, latency = (
        stats_of(found for row in ok if (found := REQUEST_METRICS[name](table, row)) is not None)
        for name in ("ttft_ms", "latency_ms")
    )

    def mean(column: str) -> float | None:
        counts = [count for row in ok if (count := table[column][row]) != NOT_MEASURED]
        return sum(counts) / len(counts) if counts else None

    return GroupStats(value, len(rows), len(ok), ttft, latency, mean("output_tokens"), mean("prompt_tokens"))
