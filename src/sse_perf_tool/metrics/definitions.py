"""The definition of each metric: a function of one request, which is a row in the table of all requests."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from ..records import NOT_MEASURED, OUTCOMES, PHASES, Outcome, RequestRecord, RequestTable, RunResult, tokens_per_s
from ..units import NS_PER_MS
from .intervals import SortedValues
from .percentiles import Ranked


class Columns(Protocol):
    """What a `RequestTable` is to a metric."""

    def __getitem__(self, column: str, /) -> Sequence[int]: ...


def _in_ms(column: str) -> Callable[[Columns, int], float | None]:
    def value(table: Columns, row: int) -> float | None:
        ns = table[column][row]
        return None if ns == NOT_MEASURED else ns / NS_PER_MS

    return value


def _tpot_ms(table: Columns, row: int) -> float | None:
    tokens = table["output_tokens"][row]
    if tokens < 2 or table["ttft_ns"][row] == NOT_MEASURED:
        return None
    return table["gap_sum_ns"][row] / (tokens - 1) / NS_PER_MS


def _tokens_per_s(table: Columns, row: int) -> float | None:
    return tokens_per_s(table["output_tokens"][row], table["streaming_ns"][row], table["latency_ns"][row])


def _response_bytes(table: Columns, row: int) -> float | None:
    return table["bytes_received"][row] or None


def _from_schedule_ms(column: str) -> Callable[[Columns, int], float | None]:
    def value(table: Columns, row: int) -> float | None:
        ns, delay_ns = table[column][row], table["schedule_delay_ns"][row]
        return None if NOT_MEASURED in (ns, delay_ns) else (ns + delay_ns) / NS_PER_MS

    return value


REQUEST_METRICS: Mapping[str, Callable[[Columns, int], float | None]] = {
    "ttfb_ms": _in_ms("ttfb_ns"),
    "ttft_ms": _in_ms("ttft_ns"),
    "ttfa_ms": _in_ms("ttfa_ns"),
    "tpot_ms": _tpot_ms,
    "latency_ms": _in_ms("latency_ns"),
    "streaming_ms": _in_ms("streaming_ns"),
    "tokens_per_s": _tokens_per_s,
    "max_gap_ms": _in_ms("max_gap_ns"),
    "response_bytes": _response_bytes,
    "connect_ms": _in_ms("connect_ns"),
    "tls_ms": _in_ms("tls_ns"),
    "dns_ms": _in_ms("dns_ns"),
    "schedule_delay_ms": _in_ms("schedule_delay_ns"),
    "ttfb_from_schedule_ms": _from_schedule_ms("ttfb_ns"),
    "ttft_from_schedule_ms": _from_schedule_ms("ttft_ns"),
    "latency_from_schedule_ms": _from_schedule_ms("latency_ns"),
}
"""Metrics with one value a request: name -> (table, row) -> value, None when it was not measured."""

METRICS = ("ttfb_ms", "ttft_ms", "ttfa_ms", "itl_ms", *list(REQUEST_METRICS)[3:])
"""Every metric of a `Summary`, in the order in which people read them."""

STREAM_METRICS = frozenset(
    {"ttft_ms", "ttfa_ms", "itl_ms", "tpot_ms", "streaming_ms", "max_gap_ms", "ttft_from_schedule_ms"}
)
"""The metrics that exist only for streams."""

SCHEDULE_METRICS = frozenset(name for name in METRICS if name.endswith(("_from_schedule_ms", "schedule_delay_ms")))
"""The metrics that exist only in an open loop."""


def row_of(record: RequestRecord, start_ns: int) -> dict[str, int]:
    """The row of a `RequestTable` for a request that began `start_ns` after the run: column -> value.

    `good` is left out: it cannot be computed from the record alone.
    """
    derived = {
        "started_ns": start_ns,
        "outcome": OUTCOMES.index(record.outcome),
        "phase": PHASES.index(record.phase),
        "gap_sum_ns": (record.gap_sum_us or 0) * 1000,
        "good": NOT_MEASURED,
        **record.came._asdict(),
    }
    values = ((name, derived[name] if name in derived else getattr(record, name)) for name in RequestTable.COLUMNS)
    return {name: NOT_MEASURED if value is None else value for name, value in values}


def request_value(record: RequestRecord, metric: str) -> float | None:
    """One of `REQUEST_METRICS` of one request, whatever its outcome; None when it was not measured."""
    return REQUEST_METRICS[metric]({name: (value,) for name, value in row_of(record, 0).items()}, 0)


def ok_values(table: RequestTable, metric: str) -> list[float]:
    """One of `REQUEST_METRICS` of every ok request of the main phase that has it, ascending."""
    table = table.main()
    ok, value_at = OUTCOMES.index(Outcome.OK), REQUEST_METRICS[metric]
    values = (value_at(table, row) for row, outcome in enumerate(table["outcome"]) if outcome == ok)
    return sorted(value for value in values if value is not None)


def values_of(result: RunResult, metric: str) -> SortedValues:
    """All values of one of `METRICS` behind its `Stats`, ascending, in the unit of its name."""
    if metric == "itl_ms":
        return Ranked([(gap_us / 1000, count) for gap_us, count in result.gap_histogram])
    return ok_values(result.requests, metric)


def success_rate(ok: int, finished: int) -> float | None:
    """Share of ok among the requests that were not cancelled, 0 to 1; None when there were none."""
    return ok / finished if finished else None
