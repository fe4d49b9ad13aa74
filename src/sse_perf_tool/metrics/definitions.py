"""The definition of each metric: a function of one request, which is a row in the table of all requests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import compress
from operator import attrgetter
from typing import NamedTuple

from ..records import (
    NOT_MEASURED,
    OUTCOMES,
    PHASES,
    Lumps,
    Outcome,
    RequestRecord,
    RequestTable,
    RunResult,
    tokens_per_s,
)
from ..records.request import SPAN_COLUMNS
from ..units import NS_PER_MS
from .intervals import SortedValues
from .milestones import POOLED_METRICS, columns_of
from .percentiles import Ranked


class RequestMetric(NamedTuple):
    """What a metric is of one request: a function of its values in some columns of a `RequestTable`."""

    columns: tuple[str, ...]
    of: Callable[..., float | None]
    """None when it was not measured."""


def _ms(ns: int) -> float | None:
    return None if ns == NOT_MEASURED else ns / NS_PER_MS


def _in_ms(column: str) -> RequestMetric:
    return RequestMetric((column,), _ms)


def _count(number: int) -> float | None:
    return None if number == NOT_MEASURED else float(number)


def _tpot_ms(tokens: int, ttft_ns: int, gap_sum_ns: int) -> float | None:
    if tokens < 2 or ttft_ns == NOT_MEASURED:
        return None
    return gap_sum_ns / (tokens - 1) / NS_PER_MS


def _from_schedule_ms(column: str) -> RequestMetric:
    def value(ns: int, delay_ns: int) -> float | None:
        return None if NOT_MEASURED in (ns, delay_ns) else (ns + delay_ns) / NS_PER_MS

    return RequestMetric((column, "schedule_delay_ns"), value)


REQUEST_METRICS: Mapping[str, RequestMetric] = {
    "ttfb_ms": _in_ms("ttfb_ns"),
    "ttft_ms": _in_ms("ttft_ns"),
    "ttfa_ms": _in_ms("ttfa_ns"),
    "tpot_ms": RequestMetric(("output_tokens", "ttft_ns", "gap_sum_ns"), _tpot_ms),
    "latency_ms": _in_ms("latency_ns"),
    "streaming_ms": _in_ms("streaming_ns"),
    "tokens_per_s": RequestMetric(("output_tokens", "streaming_ns", "latency_ns"), tokens_per_s),
    "max_gap_ms": _in_ms("max_gap_ns"),
    "response_bytes": RequestMetric(("bytes_received",), lambda number: number or None),
    "connect_ms": _in_ms("connect_ns"),
    "tls_ms": _in_ms("tls_ns"),
    "dns_ms": _in_ms("dns_ns"),
    "schedule_delay_ms": _in_ms("schedule_delay_ns"),
    "ttfb_from_schedule_ms": _from_schedule_ms("ttfb_ns"),
    "ttft_from_schedule_ms": _from_schedule_ms("ttft_ns"),
    "latency_from_schedule_ms": _from_schedule_ms("latency_ns"),
    **{column.removesuffix("_ns") + "_ms": _in_ms(column) for column in SPAN_COLUMNS if column.endswith("_ns")},
    **{column: RequestMetric((column,), _count) for column in SPAN_COLUMNS if not column.endswith("_ns")},
}
"""Metrics with one value a request, by name."""

METRICS = ("ttfb_ms", "ttft_ms", "ttfa_ms", "itl_ms", *list(REQUEST_METRICS)[3 : -len(SPAN_COLUMNS)])
"""The metrics that every `Summary` has, in the order in which people read them."""

MILESTONE_METRICS = (*list(REQUEST_METRICS)[-len(SPAN_COLUMNS) :], *POOLED_METRICS)
"""Those that only runs have whose answers did more than bring text; by name, too (`step_ms[retrieval]`)."""

STREAM_METRICS = frozenset(
    {"ttft_ms", "ttfa_ms", "itl_ms", "tpot_ms", "streaming_ms", "max_gap_ms", "ttft_from_schedule_ms"}
    | set(MILESTONE_METRICS)
)
"""The metrics that exist only for streams."""

SCHEDULE_METRICS = frozenset(name for name in METRICS if name.endswith(("_from_schedule_ms", "schedule_delay_ms")))
"""The metrics that exist only in an open loop."""


NO_MILESTONES: Mapping[str, int] = dict.fromkeys(SPAN_COLUMNS, NOT_MEASURED)


_DERIVED = {"started_ns", "outcome", "phase", "gap_sum_ns", "good", *Lumps._fields, *SPAN_COLUMNS}
_SAME = tuple(name for name in RequestTable.COLUMNS if name not in _DERIVED)
"""The columns that are fields of a record."""
_same_of = attrgetter(*_SAME)
_SAME_COLUMNS = (*_SAME, *Lumps._fields)


def row_of(record: RequestRecord, start_ns: int) -> dict[str, int]:
    """The row of a `RequestTable` for a request that began `start_ns` after the run: column -> value.

    `good` is left out: it cannot be computed from the record alone.
    """
    row = {
        name: NOT_MEASURED if value is None else value
        for name, value in zip(_SAME_COLUMNS, (*_same_of(record), *record.came), strict=True)
    }
    row.update(
        started_ns=start_ns,
        outcome=OUTCOMES.index(record.outcome),
        phase=PHASES.index(record.phase),
        gap_sum_ns=(record.gap_sum_us or 0) * 1000,
        good=NOT_MEASURED,
    )
    row.update(NO_MILESTONES)
    row.update(columns_of(record))
    return row


def request_value(row: Mapping[str, int], metric: str) -> float | None:
    """One of `REQUEST_METRICS` of one request, whatever its outcome; None when it was not measured."""
    found = REQUEST_METRICS[metric]
    return found.of(*(row[name] for name in found.columns))


def ok_values(table: RequestTable, metric: str) -> list[float]:
    """One of `REQUEST_METRICS` of every ok request of the main phase that has it, ascending."""
    table, ok, found = table.main(), OUTCOMES.index(Outcome.OK), REQUEST_METRICS[metric]
    chosen = map(ok.__eq__, table["outcome"])
    if found.of is _ms:  # most are: one call less for each request
        ordered = sorted(compress(table[found.columns[0]], chosen))
        return [ns / NS_PER_MS for ns in ordered if ns != NOT_MEASURED]
    rows = compress(table.rows(*found.columns), chosen)
    return sorted(value for row in rows if (value := found.of(*row)) is not None)


def values_at(table: RequestTable, metric: str, rows: Iterable[int]) -> Iterator[float]:
    """One of `REQUEST_METRICS` of each of these rows that has it."""
    found = REQUEST_METRICS[metric]
    columns = [table[name] for name in found.columns]
    values = (found.of(*(column[row] for column in columns)) for row in rows)
    return (value for value in values if value is not None)


def values_of(result: RunResult, metric: str) -> SortedValues:
    """All values of a metric behind its `Stats`, ascending, in the unit of its name."""
    if metric not in REQUEST_METRICS:
        pool = result.gap_histogram if metric == "itl_ms" else result.pools.get(metric, ())
        return Ranked([(us / 1000, count) for us, count in pool])
    return ok_values(result.requests, metric)


def success_rate(ok: int, finished: int) -> float | None:
    """Share of ok among the requests that were not cancelled, 0 to 1; None when there were none."""
    return ok / finished if finished else None
