"""`--markdown`: the summary of a run as a comment for a pull request."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..goals.thresholds import measured_text
from ..metrics import PERCENTILES
from ..records import ErrorGroup, GroupStats, RunResult, Stats
from ..records.file import iso_utc
from ..records.profile import MISSED, target_text
from ..report_parts.figures import figure, time_text
from ..report_parts.findings import findings
from ..report_parts.messages import message
from ..report_parts.milestones import MILESTONE_HEADS, milestone_cells, shown_milestones
from ..report_parts.server import server_words
from ..report_parts.shape import run_shape
from ..report_parts.tables import after_chunks, group_figures, group_heads
from ..report_parts.verdict import (
    baseline_cells,
    baseline_title,
    goodput_text,
    how_the_load_went,
    load_text,
    shown_percentile,
    verdict,
)
from ..report_parts.wording import in_both
from ..texts import LANGUAGES, printable
from ..trust import verdict_words, words

_GRADE_MARKS = {"good": "✅", "fair": "⚠️", "bad": "❌", "none": "➖"}
_MARKDOWN_METRICS = ("ttfb_ms", "ttft_ms", "itl_ms", "tpot_ms", "latency_ms", "tokens_per_s", "max_gap_ms",
                     "schedule_delay_ms", "ttft_from_schedule_ms", "latency_from_schedule_ms")  # fmt: skip
MARKDOWN_ERRORS = 10
CODE_CHARS = 4_000
"""As many characters as the error of a record may have."""


def to_markdown(result: RunResult) -> str:
    """A comment for a pull request in the language of the run: verdict, metrics, rates, errors and warnings.

    GitHub Flavored Markdown.  Foreign text stands in code spans, where it can be no markup, link or mention.
    """
    column = LANGUAGES.index(result.config.lang)
    found = verdict(result)
    blocks = [
        f"### {_GRADE_MARKS[found.grade]} {found.headline[column]}",
        _tested(result, column),
        _trust_lines(result, column),
        _thresholds_table(result, column),
        goodput_text(result.summary.goodput)[column] if result.summary.goodput else "",
        _baseline_table(result, column),
        _metrics_table(result, column),
        _milestones_table(result, column),
        _groups_table("context", result.summary.context_tiers, result, column),
        _groups_table("turn", result.summary.turns, result, column),
        _rates(result, column) if result.summary.sent else "",
        _server_line(result, column),
        _profile_lines(result, column),
        _bullets(in_both("findings")[column], [each.text[column] for each in findings(result)]),
        _bullets(in_both("section.shape")[column], [text[column] for text in run_shape(result)]),
        _bullets(in_both("errors")[column], _error_lines(result.summary.errors, column)),
        _bullets(in_both("warnings")[column], [_code(text) for text in result.warnings]),
    ]
    return "\n\n".join(filter(None, blocks)) + "\n"


def _code(text: str) -> str:
    """A code span of foreign text: one line, behind more backticks than stand in it."""
    shown = printable(text, CODE_CHARS)
    if not shown:
        return ""
    fence = "`" * (max(map(len, re.findall("`+", shown)), default=0) + 1)
    gap = " " if "`" in shown else ""
    return f"{fence}{gap}{shown}{gap}{fence}"


def _tested(result: RunResult, column: int) -> str:
    """Target, load and time of the run, and what is missing."""
    config = result.config
    facts = [
        _code(config.model or config.model_name or ""),
        _code(config.url),
        load_text(config)[column],
        iso_utc(result.started_unix_ns),
        time_text(result.duration_ns / 1e6),
    ]
    lines = [" · ".join(filter(None, facts))]
    lines += [sentence[column] for sentence in how_the_load_went(result)]
    return "\n\n".join(lines)


def _trust_lines(result: RunResult, column: int) -> str:
    trust = result.trust
    if trust is None or trust.verdict == "not_measured":
        return ""
    verdict = f"**{in_both('trust_title')[column]}** {verdict_words(result)[column]}"
    reasons = [f"- {words(reason, LANGUAGES[column])}" for reason in trust.reasons]
    return "\n".join([verdict, "", *reasons]) if reasons else verdict


_MARKS = {True: "✅", False: "❌"}


def _thresholds_table(result: RunResult, column: int) -> str:
    heads = ["", *(in_both(key)[column] for key in ("threshold", "measured", "note"))]
    rows = [
        [_MARKS[each.ok], _code(each.rule), measured_text(each.rule, each.value, LANGUAGES[column]), each.note]
        for each in result.thresholds
    ]
    return _table(heads, "llrl", rows)


def _baseline_table(result: RunResult, column: int) -> str:
    names = ("allowed", "unit", "baseline.old", "baseline.new", "difference", "interval", "note")
    heads = ["", *(in_both(key)[column] for key in names)]
    rows = []
    for each in result.baseline:
        unit, *cells = baseline_cells(each)
        rows.append([_MARKS[each.ok], _code(each.rule), unit[column], *cells, each.note])
    title = f"**{baseline_title(_code(result.config.baseline or ''))[column]}**"
    return f"{title}\n\n{_table(heads, 'lllrrrrl', rows)}" if rows else ""


def _table(heads: Sequence[str], aligns: str, rows: Sequence[Sequence[str]]) -> str:
    """A table in GitHub Flavored Markdown; `aligns` has an l or r for each column.  Nothing without rows."""
    lines = [heads, [{"l": "---", "r": "--:"}[align] for align in aligns], *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines) if rows else ""


def _metrics_table(result: RunResult, column: int) -> str:
    rows = [(name, result.summary.metrics.get(name, Stats())) for name in _MARKDOWN_METRICS]
    measured = [(name, stats) for name, stats in rows if stats.count]
    if not measured:
        return ""
    if len(result.requests) == 1:
        return _values_of_one(measured, column)
    heads = [in_both(key)[column] for key in ("metric", "mean")] + [f"P{percent}" for percent in PERCENTILES]
    lines = []
    for name, stats in measured:
        values = (stats.mean, *(shown_percentile(stats, percent) for percent in PERCENTILES), stats.max)
        lines.append([_metric_with_unit(name, column), *map(figure, values), f"{stats.count:,}"])
    return _table([*heads, *(in_both(key)[column] for key in ("max", "count"))], "lrrrrrrr", lines)


def _metric_with_unit(name: str, column: int) -> str:
    unit = in_both("tokens_unit")[column] if name == "tokens_per_s" else "ms"
    return f"{in_both(f'metric.{name}')[column]} ({unit})"


def _values_of_one(measured: Sequence[tuple[str, Stats]], column: int) -> str:
    """The values of a run's only request; of its gaps, of which there are many, the longest stands for itself."""
    lines = [[_metric_with_unit(name, column), figure(stats.mean)] for name, stats in measured if stats.count == 1]
    return _table([in_both("metric")[column], in_both("one.value")[column]], "lr", lines)


def _milestones_table(result: RunResult, column: int) -> str:
    heads = [in_both(key)[column] for key in MILESTONE_HEADS]
    rows = [
        [in_both(f"kind.{each.kind}")[column], _code(each.name), *milestone_cells(each)]
        for each in shown_milestones(result.summary)
    ]
    return f"{in_both('milestones')[column]}\n\n{_table(heads, 'llrrrrrr', rows)}" if rows else ""


def _groups_table(kind: str, groups: Sequence[GroupStats], result: RunResult, column: int) -> str:
    if not groups:
        return ""
    stream = result.config.stream
    heads = [in_both(key)[column] for key in group_heads(kind, stream)]
    rows = [
        [f"{each.value:,}", f"{each.sent:,}", f"{each.ok:,}", *map(figure, group_figures(each, stream))]
        for each in groups
    ]
    return f"{in_both(f'by_{kind}')[column]}\n\n" + _table(heads, "r" * len(heads), rows)


def _rates(result: RunResult, column: int) -> str:
    summary = result.summary
    rates = [f"{figure(summary.requests_per_s)} {in_both('rps_unit')[column]}"]
    if summary.output_tokens:
        total = in_both("total_n", n=f"{summary.output_tokens:,}")[column]
        source = in_both(f"tokens.{summary.token_source}")[column]
        rates.append(f"{figure(summary.output_tokens_per_s)} {in_both('tokens_unit')[column]} ({total}, {source})")
    if not result.config.stream:
        rates.append(f"{figure(summary.bytes_per_s / 1000)} kB/s")
    return " · ".join(rates)


def _server_line(result: RunResult, column: int) -> str:
    """The highest values that the server told of itself."""
    told = server_words(result.server_metrics)
    return "" if told is None else f"**{in_both('section.server')[column]}** {_code(told[column])}"


def _profile_lines(result: RunResult, column: int) -> str:
    """What was found inside the server, and the targets that were missed."""
    if result.profile is None:
        return ""
    found = [f"{_code(each.where)} {each.figure[column]} {each.advice[column]}" for each in result.profile.findings]
    missed = [each for each in result.profile.targets if each.state == MISSED]
    found += [f"❌ {_code(each.rule)}: {target_text(each.rule, each.value, each.unit)}" for each in missed]
    return _bullets(in_both("profile")[column], [line.strip() for line in found])


def _error_lines(groups: tuple[ErrorGroup, ...], column: int) -> list[str]:
    lines = [
        f"{group.count:,} × {in_both(f'outcome.{group.outcome}')[column]}: {_code(message(group.message)[column])}"
        f" ({_after(group, column)}{in_both('error_example', n=group.example_request)[column]})"
        for group in groups[:MARKDOWN_ERRORS]
    ]
    return [*lines, f"… +{len(groups) - MARKDOWN_ERRORS}"] if len(groups) > MARKDOWN_ERRORS else lines


def _after(group: ErrorGroup, column: int) -> str:
    said = after_chunks(group)
    return "" if said is None else f"{said[column]}, "


def _bullets(title: str, lines: list[str]) -> str:
    return "\n".join([f"**{title}**", "", *(f"- {line}" for line in lines)]) if lines else ""
