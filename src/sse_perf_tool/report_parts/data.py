"""The data of the charts and tables that the page's script draws, as one plain object."""

from __future__ import annotations

import heapq
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import compress
from typing import Any

from ..records import (
    NOT_MEASURED,
    OUTCOMES,
    PHASES,
    SERVER_FIGURES,
    IntervalSample,
    Phase,
    RequestRecord,
    RequestTable,
    Round,
    RunResult,
    ServerMetrics,
    TrustSample,
)
from ..trust import read_delay_ms
from ..units import NS_PER_MS, NS_PER_S
from .buckets import drawn_s, last_share, widened
from .inside import phases_data
from .limits import limits_data
from .messages import message
from .reduce import (
    MAX_POINTS,
    OK,
    Counted,
    bin_s,
    concurrency_at_start,
    gap_cells,
    histogram,
    percentile_step_s,
    percentiles_by_concurrency,
    percentiles_over_time,
    sample_rows,
    sum_over_time,
    tokens_per_s,
    tpot_ns,
)
from .tables import thread_rows

SLOWEST = 50
DETAILS = 360
TEXT_LIMIT, ERROR_LIMIT, ID_LIMIT = 2_000, 4_000, 200
"""Characters: with all `DETAILS` texts of Chinese at these limits the file stays below 8 MiB."""
ERROR_BINS = 300
HEAT_BINS = 240

Json = dict[str, Any]


def run_data(result: RunResult) -> Json:
    """All data of a run that its page draws or offers for download."""
    duration_s = result.duration_ns / NS_PER_S
    return {
        "started_unix_ms": result.started_unix_ns // NS_PER_MS,
        "duration_s": duration_s,
        "streamed": result.config.stream,
        "left_out_s": left_out_s(result.rounds),
        "outcomes": [outcome.value for outcome in OUTCOMES],
        "requests": requests_data(result),
        "seconds": seconds_data(result.time_series, duration_s, result.self_watch, result.server_metrics),
        "drawn": drawn_data(result.time_series, duration_s),
        "limits": limits_data(result),
        "errors": errors_data(result.time_series),
        "heat": heat_data(result.time_series),
        "percentiles": percentiles_data(result),
        "spreads": spreads_data(result),
        "threads": thread_rows(result.requests.main()),
        "flags": dict(result.config.flags),
    }


def left_out_s(rounds: Sequence[Round]) -> list[list[float]]:
    """The times of warm-ups and cool-downs, from and to; their requests are left out of the metrics."""
    edges = [(*pair,) for each in rounds for pair in ((each[0], each[1]), (each[2], each[3]))]
    return [[begin_ns / NS_PER_S, end_ns / NS_PER_S] for begin_ns, end_ns in edges if begin_ns < end_ns]


def requests_data(result: RunResult) -> Json:
    """Columns of the requests that are shown one by one, the slowest of them, and the texts that are known."""
    table = result.requests
    tpot, rate, concurrency = tpot_ns(table), tokens_per_s(table), concurrency_at_start(table)
    is_main = (PHASES[phase] is Phase.MAIN for phase in table["phase"])
    measured = array("i", compress(concurrency, is_main))
    slowest = _slowest(table)
    named = _examples(result)
    shown = (table["ttft_ns"], table["ttfb_ns"], table["latency_ns"], tpot, rate, table["output_tokens"])
    rows = sorted({*sample_rows(shown, table["outcome"], MAX_POINTS - len(slowest) - len(named)), *slowest, *named})
    rows.sort(key=table["started_ns"].__getitem__)
    position = {row: at for at, row in enumerate(rows)}
    columns: dict[str, Iterable[Any]] = {
        "id": (table["request_id"][row] for row in rows),
        "thread": (table["thread_id"][row] for row in rows),
        "start": (round(table["started_ns"][row] / NS_PER_S, 4) for row in rows),
        "outcome": (table["outcome"][row] for row in rows),
        "status": _known(table["status"], rows),
        "retries": (table["retries"][row] for row in rows),
        "tokens": _known(table["output_tokens"], rows),
        "prompt_tokens": _known(table["prompt_tokens"], rows),
        "chunks": (table["chunks"][row] for row in rows),
        "rate": (None if rate[row] < 0 else round(rate[row], 2) for row in rows),
        "concurrency": (concurrency[row] for row in rows),
    }
    times = {"ttfb": "ttfb_ns", "ttft": "ttft_ns", "ttfa": "ttfa_ns", "latency": "latency_ns", "max_gap": "max_gap_ns"}
    columns.update({name: _in_ms(table[column], rows) for name, column in times.items()})
    columns["tpot"] = _in_ms(tpot, rows)
    return {
        "total": len(table),
        "columns": {name: list(values) for name, values in columns.items()},
        "slowest": [position[row] for row in slowest],
        "details": _details(table.details, [*slowest, *named, *rows], position),
        "by_concurrency": {
            name: percentiles_by_concurrency(table.main(), column, measured)._asdict()
            for name, column in (("ttft", "ttft_ns"), ("latency", "latency_ns"))
        },
    }


def _slowest(table: RequestTable) -> list[int]:
    latency = table["latency_ns"]
    return heapq.nlargest(SLOWEST, range(len(latency)), key=latency.__getitem__)


def _examples(result: RunResult) -> list[int]:
    wanted = {group.example_request for group in result.summary.errors[:SLOWEST]}
    return [row for row, record in result.requests.details.items() if record.request_id in wanted]


def _known(column: Sequence[int], rows: Sequence[int]) -> Iterable[int | None]:
    return (None if column[row] == NOT_MEASURED else column[row] for row in rows)


def _in_ms(column: Sequence[int], rows: Sequence[int]) -> Iterable[float | None]:
    return (None if column[row] == NOT_MEASURED else round(column[row] / NS_PER_MS, 3) for row in rows)


def _details(known: Mapping[int, RequestRecord], wanted: Iterable[int], position: Mapping[int, int]) -> Json:
    chosen = list(dict.fromkeys(row for row in wanted if row in known))[:DETAILS]
    return {str(position[row]): _texts(known[row]) for row in chosen}


def _texts(record: RequestRecord) -> Json:
    limits = {"query": TEXT_LIMIT, "error": ERROR_LIMIT}
    limits |= dict.fromkeys(("conversation_id", "message_id", "finish_reason"), ID_LIMIT)
    found: Json = {name: text[:limit] for name, limit in limits.items() if (text := getattr(record, name))}
    if record.error and (both := message(found["error"]))[0] != both[1]:
        found["error_in_both"] = both
    return {**found, "phases": phases} if (phases := phases_data(record)) else found


_SECOND_COLUMNS = {
    "second": "second",
    "started": "requests_started",
    "done": "requests_done",
    "failed": "requests_failed",
    "total": "requests_total",
    "active": "threads_active",
    "threads": "threads_total",
    "tokens": "tokens",
    "chunks": "chunks",
    "latency": "avg_latency_ms",
    "ttfb": "avg_ttfb_ms",
    "ttft": "avg_ttft_ms",
    "tpot": "avg_tpot_ms",
    "asked": "rate_asked",
    "delay": "schedule_delay_ms",
}


_COUNTS = ("started", "done", "failed", "tokens", "chunks", "asked")
"""Columns of counts, which are shown by second: of wider intervals it is their mean."""


def _percent(share: float | None) -> float | None:
    return None if share is None else share * 100


_WATCH_COLUMNS: Mapping[str, Callable[[TrustSample], float | None]] = {
    "read_p99": lambda sample: read_delay_ms([sample])["p99"],
    "read_max": lambda sample: sample.read_wait_max_ms,
    "gc_max": lambda sample: sample.gc_max_ms,
    "own_cpu": lambda sample: _percent(sample.cpu_share),
    "machine_cpu": lambda sample: _percent(sample.machine_cpu),
    "cpu_wait": lambda sample: _percent(sample.cpu_wait),
}


def seconds_data(
    samples: Sequence[IntervalSample],
    duration_s: float,
    watched: Sequence[TrustSample] = (),
    server: ServerMetrics | None = None,
) -> Json:
    """The time series of a run of this length as columns, sampled when it took more seconds than a chart shows.

    With what the tool measured of itself, and with what the server said, if that is given.  `cut` says where the end of
    the run cut the last interval short, which share of it there was (see `last_share`), and what is to be scaled by it.
    """
    columns: dict[str, list[Any]] = {
        name: [getattr(sample, source) for sample in samples] for name, source in _SECOND_COLUMNS.items()
    }
    for name in _COUNTS if samples and samples[0].width_s > 1 else ():
        pairs = zip(samples, columns[name], strict=True)
        columns[name] = [None if count is None else sample.per_s(count) for sample, count in pairs]
    if watched:
        known = {sample.second: sample for sample in watched}
        for name, value_of in _WATCH_COLUMNS.items():
            found = (known.get(sample.second) for sample in samples)
            columns[name] = [None if sample is None else value_of(sample) for sample in found]
    columns["failed_share"] = [
        None if sample.success_rate is None else 100 * (1 - sample.success_rate) for sample in samples
    ]
    columns |= _server_columns(samples, server) if server else {}
    measured = [[-1 if value is None else value for value in column] for column in columns.values()]
    rows = sample_rows(measured, [0] * len(samples))
    return {
        "total": len(samples),
        "width_s": samples[0].width_s if samples else 1,
        "cut": _cut(samples, duration_s),
        "columns": {name: [_short(column[row]) for row in rows] for name, column in columns.items()},
    }


def _cut(samples: Sequence[IntervalSample], duration_s: float) -> Json | None:
    share = last_share(samples, duration_s)
    if share == 1:
        return None
    return {"second": samples[-1].second, "share": share, "counts": _COUNTS}


def drawn_data(samples: Sequence[IntervalSample], duration_s: float) -> Json | None:
    """What is counted in the time series, in intervals wide enough to be drawn; None where they are so already."""
    width_s = drawn_s(samples)
    if not samples or samples[0].width_s == width_s:
        return None
    return seconds_data(widened(samples, width_s), duration_s)


def _server_columns(samples: Sequence[IntervalSample], server: ServerMetrics) -> dict[str, list[Any]]:
    """The figures that the server told, each by second."""
    width_s = samples[0].width_s if samples else 1
    told = {sample.second // width_s * width_s: sample.values for sample in server.samples}
    by_second = [told.get(sample.second, {}) for sample in samples]
    columns = {f"server_{name}": [values.get(name) for values in by_second] for name in SERVER_FIGURES}
    return {name: column for name, column in columns.items() if any(value is not None for value in column)}


def _short(value: float | None) -> float | None:
    return round(value, 3) if isinstance(value, float) else value


def errors_data(samples: Sequence[IntervalSample]) -> Json:
    """Requests that did not end ok, by outcome, added up over `step_s` seconds."""
    width = max(bin_s(samples, ERROR_BINS), drawn_s(samples))
    return {"step_s": width, "counts": sum_over_time(samples, width)}


def heat_data(samples: Sequence[IntervalSample]) -> Json:
    """The gap heat map as [time bin, half-octave bucket, gaps] cells of `step_s` seconds."""
    width = max(bin_s(samples, HEAT_BINS), drawn_s(samples))
    return {"step_s": width, "cells": gap_cells(samples, width)}


def percentiles_data(result: RunResult) -> Json:
    """P50, P95 and P99 of TTFT and latency over the run."""
    duration_s = result.duration_ns / NS_PER_S
    width = percentile_step_s(result.summary.ok, duration_s)
    found = {
        name: percentiles_over_time(result.requests, column, width, duration_s)._asdict()
        for name, column in (("ttft", "ttft_ns"), ("latency", "latency_ns"))
    }
    return {"step_s": width, **found}


def spreads_data(result: RunResult) -> Json:
    """Histograms (ms) of TTFT and latency of ok requests and of all their gaps."""
    found: Json = {}
    for name, column in (("ttft", "ttft_ns"), ("latency", "latency_ns")):
        rows = result.requests.main().rows("outcome", column)
        ok = (value / NS_PER_MS for outcome, value in rows if outcome == OK and value != NOT_MEASURED)
        found[name] = histogram(Counted(sorted(ok)))._asdict()
    found["gap"] = histogram([(gap_us / 1000, count) for gap_us, count in result.gap_histogram])._asdict()
    return found
