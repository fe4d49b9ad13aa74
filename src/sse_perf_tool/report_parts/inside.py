"""The section of the page that shows what happens inside the answers: bars of phases, waterfalls, a table by name.

All of it is markup with inline SVG: it needs no script, and prints.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from ..metrics import percentile
from ..metrics.milestones import Stretch, stretches_of
from ..records import Milestone, Outcome, Phase, RequestRecord, RunResult, Span
from ..texts import printable
from ..units import NS_PER_MS
from .figures import Both, figure, percent_text, time_text
from .milestones import MILESTONE_HEADS, QUIET_KINDS, shown_milestones
from .tables import number_cell, table
from .verdict import shown_percentile
from .wording import both, in_both, pair

SHOWN_ANSWERS = (50, 99)
"""Percentiles of the response time whose answers are shown."""
MOST_ROWS = 60
"""Spans of a waterfall that are shown."""
NAME_CHARS = 60


def inside_html(result: RunResult) -> str:
    """The section; "" for a run whose answers did nothing but bring text."""
    milestones = shown_milestones(result.summary)
    if not milestones:
        return ""
    shown = _shown_answers(result)
    bars = "".join(_bar_html(record, title) for record, title in shown)
    waterfalls = "".join(_waterfall_html(record) for record, _ in shown)
    legend = "".join(
        f"<li>{_swatch(kind)}{both(f'stretch.{kind}')}</li>" for kind in _present(record for record, _ in shown)
    )
    rows = [
        f'<tr><th scope="row" class="text">{both(f"kind.{each.kind}")}</th>'
        f'<td class="text wide">{escape(printable(each.name, NAME_CHARS))}</td>'
        + number_cell(each.share, percent_text(each.share))
        + number_cell(each.spans / max(1, each.answers))
        + number_cell(each.first_ms.p50)
        + _length_cells(each)
        + "</tr>"
        for each in milestones
    ]
    found = table(MILESTONE_HEADS, rows, caption=both("milestones"), table_id="milestones-table")
    figures = f'<ul class="legend">{legend}</ul>{bars}{waterfalls}' if shown else ""
    return f'<section class="card" id="inside"><h2>{both("section.inside")}</h2>{figures}{found}</section>'


def _length_cells(each: Milestone) -> str:
    if not each.duration_ms.count:
        return number_cell(None, "–") * 3
    return "".join(number_cell(shown_percentile(each.duration_ms, percent)) for percent in (50, 95, 99))


def _shown_answers(result: RunResult) -> list[tuple[RequestRecord, Both]]:
    """Of the answers whose spans are known, those whose response times are nearest to the median and the P99."""
    known = [
        record
        for record in result.requests.details.values()
        if record.spans and record.outcome is Outcome.OK and record.phase is Phase.MAIN
    ]
    table = result.requests.main()
    latencies = sorted(ns for ns, spans in zip(table["latency_ns"], table["steps"], strict=True) if spans >= 0)
    found: dict[int, tuple[RequestRecord, Both]] = {}
    for percent in SHOWN_ANSWERS if known else ():
        nearest = _nearest(known, percentile(latencies, percent) or 0.0)
        title = in_both(f"inside.p{percent}", n=nearest.request_id, time=time_text(nearest.latency_ns / NS_PER_MS))
        found.setdefault(nearest.request_id, (nearest, title))
    return list(found.values())


def _nearest(records: Iterable[RequestRecord], latency_ns: float) -> RequestRecord:
    return min(records, key=lambda record: abs(record.latency_ns - latency_ns))


def _stretches(record: RequestRecord) -> list[Stretch]:
    return stretches_of(record.spans, record.latency_ns // 1000)


def _present(records: Iterable[RequestRecord]) -> list[str]:
    """The kinds of stretches that these answers have, in the order of the legend."""
    kinds = {stretch.kind for record in records for stretch in _stretches(record)}
    return [kind for kind in ("waiting", "step", "reasoning", "tool", "text") if kind in kinds]


def _label(kind: str, name: str) -> Both:
    """What a stretch is called: its kind, and its name where it has one."""
    english, chinese = in_both(f"stretch.{kind}")
    shown = printable(name, NAME_CHARS)
    return (f"{english} {shown}", f"{chinese} {shown}") if shown else (english, chinese)


def _bar_html(record: RequestRecord, title: Both) -> str:
    """All of an answer as one bar."""
    parts = [
        (stretch.kind, stretch.begin_us / 1000, stretch.end_us / 1000, _label(stretch.kind, stretch.name))
        for stretch in _stretches(record)
    ]
    return bar_figure(parts, record.latency_ns / NS_PER_MS, title)


def _swatch(kind: str) -> str:
    return f'<svg class="swatch" aria-hidden="true"><rect class="kind-{kind}" width="100%" height="100%"/></svg>'


Part = tuple[str, float, float, Both]
"""A part of an answer: its colour, begin and end in ms, its name."""


def bar_figure(parts: Sequence[Part], total_ms: float, title: Both) -> str:
    """A bar, each part as wide as it is long, and the sums in words beneath: none below a thousandth of the whole."""
    rects = "".join(_rect(kind, begin, end, total_ms, name) for kind, begin, end, name in parts)
    sums: dict[tuple[str, Both], float] = {}
    for kind, begin, end, name in parts:
        sums[kind, name] = sums.get((kind, name), 0) + end - begin
    said = [(*part, time_text(ms)) for part, ms in sums.items() if ms * 1000 >= total_ms]
    words = " · ".join(
        f'<span class="part-of">{_swatch(kind)}{pair(f"{label[0]} {time}", f"{label[1]} {time}")}</span>'
        for kind, label, time in said
    )
    return (
        f'<figure class="phases"><figcaption>{pair(*title)}</figcaption>'
        f'<svg class="phasebar" role="img" aria-label="{escape(title[0])}">{rects}</svg>'
        f"<p><small>{words}</small></p></figure>"
    )


def _rect(kind: str, begin: float, end: float, total: float, label: Both) -> str:
    """A part of a bar, its times in ms."""
    left, width = 100 * begin / max(total, 0.001), 100 * (end - begin) / max(total, 0.001)
    time = time_text(end - begin)
    said = f"{label[0]} / {label[1]}: {time}" if label[0] != label[1] else f"{label[0]}: {time}"
    return (
        f'<rect class="kind-{kind}" x="{left:.3f}%" width="{max(width, 0.15):.3f}%" height="100%">'
        f"<title>{escape(said)}</title></rect>"
    )


_WATERFALL_KINDS = {"tool_call": "tool", "tool_result": "tool"}


def _waterfall_html(record: RequestRecord) -> str:
    """A row for each span of an answer, in the order in which they began."""
    total = max(1, record.latency_ns // 1000)
    spans = sorted((span for span in record.spans if span.kind not in QUIET_KINDS), key=lambda span: span.begin_us)
    rows = "".join(_waterfall_row(span, total) for span in spans[:MOST_ROWS])
    return (
        f"<details class=waterfall><summary>{both('inside.waterfall', n=record.request_id)}</summary>"
        f'<div class="scroll" tabindex="0"><table><thead><tr><th scope="col" class="text">{both("milestone.kind")}</th>'
        f'<th scope="col" class="text spancell">{both("inside.time")}</th><th scope="col">{both("inside.begin")}</th>'
        f'<th scope="col">{both("inside.length")}</th></tr></thead><tbody>{rows}</tbody></table></div></details>'
    )


def _waterfall_row(span: Span, total_us: int) -> str:
    kind = both(f"kind.{span.kind}")
    name = escape(printable(span.name, NAME_CHARS))
    style = _WATERFALL_KINDS.get(span.kind, span.kind)
    end_us = span.begin_us + (span.lasted_us or 0)
    rect = _rect(style, span.begin_us, min(end_us, total_us), total_us, in_both(f"kind.{span.kind}"))
    return (
        f'<tr><th scope="row" class="text">{kind} {name}</th>'
        f'<td class="spancell"><svg class="spanbar" aria-hidden="true">{rect}</svg></td>'
        f"<td>{figure(span.begin_us / 1000)}</td>"
        f"<td>{'–' if span.lasted_us is None else figure(span.lasted_us / 1000)}</td></tr>"
    )


def phases_data(record: RequestRecord) -> list[list[object]]:
    """The stretches of an answer for the page's script: [kind, name, begin and end in ms]; [] where none are known."""
    if not record.spans:
        return []
    shown = _stretches(record)[:MOST_ROWS]
    return [[each.kind, printable(each.name, NAME_CHARS), each.begin_us / 1000, each.end_us / 1000] for each in shown]
