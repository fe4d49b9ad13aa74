"""Figures by group: requests of the same turn of a conversation, or of the same context tier."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

from ..records import NOT_MEASURED, OUTCOMES, GroupStats, Outcome, RequestTable
from .definitions import values_at
from .percentiles import stats_of


def groups_of(table: RequestTable, column: str, alone: int) -> tuple[GroupStats, ...]:
    """A row for each value of `column`, ascending; () when all requests have the value `alone`."""
    if set(table[column]) <= {alone}:
        return ()
    rows: dict[int, array[int]] = {}
    for row, value in enumerate(table[column]):
        rows.setdefault(value, array("q")).append(row)
    return tuple(_group_stats(table, value, rows[value]) for value in sorted(rows))


def _group_stats(table: RequestTable, value: int, rows: Sequence[int]) -> GroupStats:
    """The statistics of `rows`, which are all requests with this value."""
    outcomes, is_ok = table["outcome"], OUTCOMES.index(Outcome.OK)
    ok = array("q", (row for row in rows if outcomes[row] == is_ok))

    def mean(name: str) -> float | None:
        column = table[name]
        counts = [count for row in ok if (count := column[row]) != NOT_MEASURED]
        return sum(counts) / len(counts) if counts else None

    ttft, latency = (stats_of(values_at(table, name, ok)) for name in ("ttft_ms", "latency_ms"))
    return GroupStats(value, len(rows), len(ok), ttft, latency, mean("output_tokens"), mean("prompt_tokens"))
