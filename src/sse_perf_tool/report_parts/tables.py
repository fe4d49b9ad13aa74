"""Tables as markup of the page, and the rows of the tables that the page's script builds."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from html import escape

from ..metrics import percentile, stats_of
from ..metrics.milestones import in_milestones_alone
from ..records import (
    NOT_MEASURED,
    OUTCOMES,
    ErrorGroup,
    GroupStats,
    Interval,
    Outcome,
    RequestTable,
    RunResult,
    Stats,
    Summary,
)
from ..texts import printable
from ..units import NS_PER_MS
from .figures import Both, figure, percent_text
from .messages import message
from .reduce import OK, by_key
from .verdict import shown_percentile
from .wording import TEXTS, both, count_of, in_both, pair

_UNITS = {
    "tokens_per_s": "tokens_unit",
    "output_tokens_per_s": "tokens_unit",
    "requests_per_s": "rps_unit",
}
"""Metric -> key of the text of its unit."""
_TEXT_COLUMNS = ("metric", "figure", "unit", "outcome", "message", "judgement", "threshold", "allowed", "note",
                 "capacity.rules", "trust_column", "worker", "worker.trust", "milestone.kind",
                 "milestone.name")  # fmt: skip


def unit_html(metric: str) -> str:
    """Markup of a metric's unit, "" when it has none."""
    if metric in _UNITS:
        return both(_UNITS[metric])
    return "B" if metric == "response_bytes" else "ms" if metric.endswith("_ms") else ""


def metric_name(name: str) -> str:
    """Markup of a metric's short name, of its unit, and of what it measures."""
    short = both(f"metric.{name}") if f"metric.{name}" in TEXTS else escape(name)
    unit = unit_html(name)
    shown_unit = f' <span class="unit">{unit}</span>' if unit else ""
    about = f"<small>{both(f'about.{name}')}</small>" if f"about.{name}" in TEXTS else ""
    return f"{short}{shown_unit}{about}"


PAPER_ROWS = 5
"""Rows of a `short` table on the printed page; the style sheet knows it, too."""


def table(heads: Sequence[str], rows: Iterable[str], *, caption: str, table_id: str, short: bool = False) -> str:
    """A sortable table; `heads` are keys of `TEXTS` or plain words such as P50.

    Of a `short` one the printed page has its first rows only, and says how many are left out.
    """
    rows = list(rows)
    rest = len(rows) - PAPER_ROWS
    kind = " class=short" if short else ""
    left_out = f'<p class="notes rest">{both("rest_n", n=f"{rest:,}")}</p>' if short and rest > 0 else ""
    cells = "".join(
        f'<th scope="col"{" class=text" if head in _TEXT_COLUMNS else ""}>'
        f"{both(head) if head in TEXTS else escape(head)}</th>"
        for head in heads
    )
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-labelledby="{table_id}-caption">'
        f'<table class="sortable" id="{table_id}"><caption id="{table_id}-caption">{caption}</caption>'
        f"<thead><tr>{cells}</tr></thead><tbody{kind}>{''.join(rows)}</tbody></table></div>{left_out}"
    )


def number_cell(value: float | None, text: str | Both | None = None, note: str = "") -> str:
    """A cell that sorts by `value` and shows that or `text`, with a `note` in small letters below."""
    sort_key = "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)
    shown = figure(value) if text is None else text
    small = f"<small>{escape(note)}</small>" if note else ""
    said = escape(shown) if isinstance(shown, str) else pair(*shown)
    return f'<td data-v="{sort_key}"{" class=na" if value is None else ""}>{said}{small}</td>'


def metrics_table(summary: Summary) -> str:
    """Every metric that was measured: P50, P90, P95, P99, mean, standard deviation, min, max, count."""
    shown = ((name, stats) for name, stats in summary.metrics.items() if stats.count)
    rows = [
        _metric_row(name, stats, summary.intervals.get(name, {}))
        for name, stats in shown
        if not in_milestones_alone(name)
    ]
    if not rows:
        return f"<p>{both('nothing_measured')}</p>" if summary.sent else ""
    heads = ("metric", "P50", "P90", "P95", "P99", "mean", "stddev", "min", "max", "count")
    note = f'<p class="notes">{both("intervals")}</p>' if summary.intervals else ""
    return table(heads, rows, caption=both("metrics"), table_id="metrics-table") + note


KEY_METRICS = ("ttft_ms", "itl_ms", "tpot_ms", "latency_ms", "tokens_per_s")
"""Those that stand on the printed page."""


def _metric_row(name: str, stats: Stats, intervals: Mapping[str, Interval]) -> str:
    cells = []
    for percent in (50, 90, 95, 99):
        value = shown_percentile(stats, percent)
        cells.append(number_cell(value, note="" if value is None else interval_text(intervals.get(f"p{percent}"))))
    cells += [number_cell(value) for value in (stats.mean, stats.stddev, stats.min, stats.max)]
    cells.append(number_cell(stats.count, f"{stats.count:,}"))
    kind = "" if name in KEY_METRICS else ' class="off-paper"'
    return f'<tr{kind}><th scope="row">{metric_name(name)}</th>{"".join(cells)}</tr>'


def interval_text(interval: Interval | None) -> str:
    """ "80.1–91.0", "≥ 80.1" where nothing is known of the upper side, "≤ 91.0" likewise.

    "" for nothing at all, and where both sides read alike: the figure itself says as much.
    """
    low, high = interval or (None, None)
    if low is None or high is None:
        return f"≥ {figure(low)}" if low is not None else f"≤ {figure(high)}" if high is not None else ""
    return f"{figure(low)}–{figure(high)}" if figure(low) != figure(high) else ""


def _group_times(stream: bool) -> tuple[str, ...]:
    return ("ttft", "latency") if stream else ("latency",)


def group_figures(group: GroupStats, stream: bool) -> tuple[float | None, ...]:
    """The figures of a group for its table, for streams or whole answers; None also for a percentile of too few."""
    times = (
        value
        for stats in (getattr(group, f"{name}_ms") for name in _group_times(stream))
        for value in (stats.mean, *(shown_percentile(stats, percent) for percent in (50, 95)))
    )
    return (*times, group.output_tokens, group.prompt_tokens)


def group_heads(kind: str, stream: bool) -> tuple[str, ...]:
    """Keys of `TEXTS` for the columns of groups of one kind, "turn" or "context": value, counts, `group_figures`."""
    times = (f"{name}_{statistic}" for name in _group_times(stream) for statistic in ("mean", "p50", "p95"))
    return (kind, "requests", "group.ok", *(f"group.{name}" for name in (*times, "tokens", "prompt_tokens")))


def groups_section(kind: str, groups: Sequence[GroupStats], stream: bool = True) -> str:
    """A section with a row for each group of requests; nothing when there are none."""
    if not groups:
        return ""
    rows = [
        f'<tr><th scope="row" data-v="{each.value}">{each.value:,}</th>'
        + number_cell(each.sent, f"{each.sent:,}")
        + number_cell(each.ok, f"{each.ok:,}")
        + "".join(map(number_cell, group_figures(each, stream)))
        + "</tr>"
        for each in groups
    ]
    shown = table(group_heads(kind, stream), rows, caption=both(f"by_{kind}"), table_id=f"{kind}s-table")
    return f'<section class="card" id="{kind}s">{shown}</section>'


def outcomes_table(table_of: RequestTable) -> str:
    """Requests by HTTP status and outcome with their share and response times, whatever the outcome."""
    total = len(table_of)
    if not total:
        return ""
    latencies_ns, rows = table_of["latency_ns"], []
    for (outcome, status), members in by_key(table_of.rows("outcome", "status")).items():
        latency = stats_of(latencies_ns[row] / NS_PER_MS for row in members)
        times = (latency.mean, *(shown_percentile(latency, p) for p in (50, 90, 99)), latency.max)
        rows.append(
            f'<tr><th scope="row">{outcome_name(OUTCOMES[outcome].value)}</th>'
            + number_cell(status, "–" if status == NOT_MEASURED else str(status))
            + number_cell(len(members), f"{len(members):,}")
            + number_cell(len(members) / total, percent_text(len(members) / total))
            + "".join(map(number_cell, times))
            + "</tr>"
        )
    heads = ("outcome", "status", "requests", "share", "mean", "P50", "P90", "P99", "max")
    caption = f"{both('outcomes_table')} <small>{both('metric.latency_ms')}, ms</small>"
    return table(heads, rows, caption=caption, table_id="outcomes-table")


def outcome_name(name: str) -> str:
    """Markup of an outcome in words, marked by its kind."""
    kind = name if name in (Outcome.OK.value, Outcome.CANCELLED.value) else "failed"
    return f'<span class="mark {kind}">{both(f"outcome.{name}")}</span>'


ERRORS_SHOWN, ERROR_CHARS = 50, 4_000
"""Groups, and characters of the message of each: as many as a record keeps."""


def after_chunks(group: ErrorGroup) -> Both | None:
    """After how many chunks the requests of a group failed; None where no chunk came, or where there is one request."""
    if group.chunks_max is None or group.chunks_median is None or group.count == 1:
        return None
    if group.chunks_min == group.chunks_max:
        return in_both("after_chunks.same", {"n": count_of("chunks", group.chunks_max)})
    numbers = {"least": f"{group.chunks_min or 0:,}", "most": f"{group.chunks_max:,}"}
    return in_both("after_chunks", None, **numbers, median=f"{group.chunks_median:,.0f}")


def _after_chunks_html(group: ErrorGroup) -> str:
    said = after_chunks(group)
    return "" if said is None else f" <small>{pair(*said)}</small>"


def _message_html(said: str) -> str:
    return pair(*(printable(text, ERROR_CHARS) for text in message(said)))


def errors_table(result: RunResult) -> str:
    """Failed requests grouped by outcome and message, the most frequent first, each with an example to open."""
    groups = result.summary.errors[:ERRORS_SHOWN]
    if not groups:
        return f"<p>{both('no_errors')}</p>" if result.summary.sent else ""
    failed = max(1, result.summary.failed)
    rows = (
        f'<tr><th scope="row">{outcome_name(group.outcome)}</th>'
        f'<td class="text wide"><div class="message">{_message_html(group.message)}</div>'
        f"{_after_chunks_html(group)}</td>"
        + number_cell(group.count, f"{group.count:,}")
        + number_cell(group.count / failed, percent_text(group.count / failed))
        + f'<td data-v="{group.example_request}"><button class="link" type="button" '
        f'data-request="{group.example_request}">#{group.example_request}</button></td></tr>'
        for group in groups
    )
    heads = ("outcome", "message", "requests", "share", "example")
    return table(heads, rows, caption=both("errors"), table_id="errors-table", short=True)


def errors_section(result: RunResult) -> str:
    """What failed, how and when, as a section; nothing when nothing failed."""
    if not result.summary.errors:
        return ""
    chart = '<div class="grid of-charts off-paper" id="errors-charts"></div>'
    return (
        f'<section class="part" id="errors"><h2>{both("section.errors")}</h2>'
        f'<div class="card">{errors_table(result)}</div>{chart}'
        f'<details class="card fold off-paper" id="outcomes"><summary><h3>{both("outcomes_table")}</h3></summary>'
        f"{outcomes_table(result.requests.main())}</details></section>"
    )


def thread_rows(table_of: RequestTable) -> list[list[float | None]]:
    """A row a thread, and one of all requests with thread number -1 at the end.

    Each is [thread, requests, failed, mean TTFT, P50 TTFT, P99 TTFT, mean latency, P50 latency, P99 latency, tokens];
    times in ms, of ok requests.
    """
    groups = by_key(table_of.rows("thread_id"))
    rows = [_thread_row(table_of, key[0], members) for key, members in groups.items()]
    return [*rows, _thread_row(table_of, -1, range(len(table_of)))] if rows else []


def _thread_row(table_of: RequestTable, thread: int, members: Sequence[int]) -> list[float | None]:
    outcomes, tokens = table_of["outcome"], table_of["output_tokens"]
    ok = array("q", (row for row in members if outcomes[row] == OK))
    cancelled = OUTCOMES.index(Outcome.CANCELLED)
    failed = len(members) - len(ok) - sum(1 for row in members if outcomes[row] == cancelled)
    times = [value for column in ("ttft_ns", "latency_ns") for value in _mean_and_percentiles(table_of[column], ok)]
    return [thread, len(members), failed, *times, sum(tokens[row] for row in members if tokens[row] > 0)]


def _mean_and_percentiles(column: Sequence[int], rows: Sequence[int]) -> list[float | None]:
    ordered = array("q", sorted(column[row] for row in rows if column[row] != NOT_MEASURED))
    if not ordered:
        return [None, None, None]
    p50 = percentile(ordered, 50) if len(ordered) >= 2 else None
    p99 = percentile(ordered, 99) if len(ordered) >= 100 else None
    return [None if value is None else round(value / NS_PER_MS, 3) for value in (sum(ordered) / len(ordered), p50, p99)]
