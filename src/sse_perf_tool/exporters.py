"""Outputs for programs and pipelines: each is one function from a `RunResult` to text and one row in `EXPORTERS`."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any, NamedTuple

from .metrics import PERCENTILES, enough_for
from .records import (
    OUTCOMES,
    SUMMARY_SCHEMA,
    Abort,
    BaselineResult,
    ErrorGroup,
    Goodput,
    GroupStats,
    Interval,
    Outcome,
    Plateau,
    RunResult,
    Stalls,
    Stats,
    StreamShape,
    ThresholdResult,
    Trust,
    TrustSample,
)
from .records_file import iso_utc
from .report_parts.figures import Both, figure, time_text
from .report_parts.shape import run_shape, stream_text
from .report_parts.tables import group_figures, group_heads
from .report_parts.verdict import (
    aborted_text,
    baseline_cells,
    baseline_title,
    goodput_text,
    how_the_load_went,
    load_text,
    shown_percentile,
    verdict,
)
from .report_parts.wording import in_both
from .steadiness import plateau_of, stalls_of
from .texts import LANGUAGES, printable
from .thresholds import value_text
from .trust import REQUIRED, read_delay_ms, verdict_words, words
from .units import NS_PER_S

_Noun = Stats | ThresholdResult | BaselineResult | Abort | StreamShape | Stalls | Plateau


def summary_document(result: RunResult) -> dict[str, Any]:
    """The object of `--json`; its names are fixed by docs/files.md."""
    found, plateau = result.summary, plateau_of(result)
    return {
        "schema": SUMMARY_SCHEMA,
        "config": asdict(result.config),
        "started_at": iso_utc(result.started_unix_ns),
        "duration_s": round(result.duration_ns / NS_PER_S, 6),
        "requests": {
            "sent": found.sent,
            "ok": found.ok,
            "failed": found.failed,
            "cancelled": found.cancelled,
            "retried": found.retried,
            "left_early": found.left_early,
        },
        "measured_s": round(found.measured_s, 6),
        "left_out": {phase: dict(counts) for phase, counts in found.left_out.items()},
        "schedule": None if found.schedule is None else asdict(found.schedule),
        "outcomes": dict(found.outcomes),
        "errors": [asdict(group) for group in found.errors],
        "metrics": {name: _rounded(stats) for name, stats in found.metrics.items()},
        "intervals": {name: _intervals(each) for name, each in found.intervals.items()},
        "rates": {
            "requests_per_s": round(found.requests_per_s, 6),
            "output_tokens_per_s": round(found.output_tokens_per_s, 6),
            "chunks_per_s": round(found.chunks_per_s, 6),
            "bytes_per_s": round(found.bytes_per_s, 6),
        },
        "plateau": plateau and _rounded(plateau),
        "stream_shape": _shape(result),
        "stalls": _rounded(stalls_of(result)),
        "tokens": {
            "output": found.output_tokens,
            "prompt": found.prompt_tokens,
            "source": found.token_source,
            "left_early": found.left_early_tokens,
        },
        "turns": [_group("turn", group) for group in found.turns],
        "context_tiers": [_group("context_tokens", group) for group in found.context_tiers],
        "time_series": _time_series(result),
        "goodput": _goodput(found.goodput),
        "trust": _trust(result),
        "thresholds": [_rounded(each) for each in result.thresholds],
        "baseline": [_rounded(each) for each in result.baseline],
        "warnings": list(result.warnings),
        "interrupted": result.interrupted,
        "aborted": result.aborted and _rounded(result.aborted),
        "partial": result.partial,
    }


def _calibration(result: RunResult) -> dict[str, Any] | None:
    return None if result.calibration is None else asdict(result.calibration)


def _time_series(result: RunResult) -> list[dict[str, Any]]:
    watched = {sample.second: sample for sample in result.self_watch}
    return [{**asdict(row), "self_watch": _self_watch(watched.get(row.second))} for row in result.time_series]


def _self_watch(sample: TrustSample | None) -> dict[str, Any] | None:
    if sample is None:
        return None
    row = {name: value for name, value in asdict(sample).items() if name not in _NOT_IN_A_ROW}
    return {"read_delay_ms": read_delay_ms([sample]), **row}


_NOT_IN_A_ROW = ("second", "read_waits", "read_wait_max_ms", "away", "wakes")
"""What a row says in other words, or is there only for the verdict."""


def _trust(result: RunResult) -> dict[str, Any]:
    trust = result.trust or Trust()
    return {
        **asdict(trust),
        "read_delay_ms": read_delay_ms(result.self_watch),
        "reasons": [words(reason, result.config.lang) for reason in trust.reasons],
        "calibration": _calibration(result),
    }


def _goodput(found: Goodput | None) -> dict[str, Any] | None:
    if found is None:
        return None
    share = None if found.share is None else round(found.share, 6)
    return {**asdict(found), "share": share, "requests_per_s": round(found.requests_per_s, 6)}


def _intervals(found: Mapping[str, Interval]) -> dict[str, list[float | None]]:
    return {name: [None if side is None else round(side, 6) for side in each] for name, each in found.items()}


def _shape(result: RunResult) -> dict[str, Any]:
    said = stream_text(result.summary.shape) or ("", "")
    return {**_rounded(result.summary.shape), "evidence": said[LANGUAGES.index(result.config.lang)]}


def _group(name: str, group: GroupStats) -> dict[str, Any]:
    means = {"output_tokens": group.output_tokens, "prompt_tokens": group.prompt_tokens}
    return {
        name: group.value,
        "sent": group.sent,
        "ok": group.ok,
        "ttft_ms": _rounded(group.ttft_ms),
        "latency_ms": _rounded(group.latency_ms),
        **{mean: None if value is None else round(value, 6) for mean, value in means.items()},
    }


def _rounded(noun: _Noun) -> dict[str, Any]:
    return {name: round(value, 6) if isinstance(value, float) else value for name, value in asdict(noun).items()}


def to_json(result: RunResult) -> str:
    """The summary as indented JSON with a final line end."""
    return json.dumps(summary_document(result), ensure_ascii=False, indent=2) + "\n"


STATISTICS = tuple(field.name for field in fields(Stats))


def to_csv(result: RunResult) -> str:
    """One table, a row a metric (RFC 4180: commas, CRLF); an empty cell is "not measured" or a percentile of too few.

    All of it is ASCII, which Excel reads alike in every country's code page, so there is no byte order mark: programs
    that do not expect one would take it for a part of the first column's name.
    """
    import csv  # only here, it costs start-up time

    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\r\n")
    rows.writerow(["metric", *STATISTICS])
    for name, stats in result.summary.metrics.items():
        shown = _rounded(stats)
        shown |= {f"p{percent}": None for percent in PERCENTILES if not enough_for(percent, stats.count)}
        rows.writerow([name, *(shown[statistic] for statistic in STATISTICS)])
    return text.getvalue()


_GRADE_MARKS = {"good": "✅", "fair": "⚠️", "bad": "❌", "none": "➖"}
_MARKDOWN_METRICS = ("ttfb_ms", "ttft_ms", "itl_ms", "tpot_ms", "latency_ms", "tokens_per_s", "max_gap_ms",
                     "schedule_delay_ms", "ttft_from_schedule_ms", "latency_from_schedule_ms")  # fmt: skip
MARKDOWN_ERRORS = 10


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
        _groups_table("context", result.summary.context_tiers, result, column),
        _groups_table("turn", result.summary.turns, result, column),
        _rates(result, column) if result.summary.sent else "",
        _bullets(in_both("section.shape")[column], [text[column] for text in run_shape(result)]),
        _bullets(in_both("errors")[column], _error_lines(result.summary.errors, column)),
        _bullets(in_both("warnings")[column], [_code(text) for text in result.warnings]),
    ]
    return "\n\n".join(filter(None, blocks)) + "\n"


def _code(text: str) -> str:
    """A code span of foreign text: one line, behind more backticks than stand in it."""
    shown = printable(text)
    if not shown:
        return ""
    fence = "`" * (max(map(len, re.findall("`+", shown)), default=0) + 1)
    gap = " " if "`" in shown else ""
    return f"{fence}{gap}{shown}{gap}{fence}"


def _tested(result: RunResult, column: int) -> str:
    """What was tested, how hard, when; and what is missing."""
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
    verdict = f"**{in_both('trust_title')[column]}** {verdict_words(trust)[column]}"
    reasons = [f"- {words(reason, LANGUAGES[column])}" for reason in trust.reasons]
    return "\n".join([verdict, "", *reasons]) if reasons else verdict


_MARKS = {True: "✅", False: "❌"}


def _thresholds_table(result: RunResult, column: int) -> str:
    heads = ["", *(in_both(key)[column] for key in ("threshold", "measured", "note"))]
    rows = [[_MARKS[each.ok], _code(each.rule), value_text(each.value), each.note] for each in result.thresholds]
    return _table(heads, "llrl", rows)


def _baseline_table(result: RunResult, column: int) -> str:
    names = ("allowed", "baseline.old", "baseline.new", "difference", "interval", "note")
    heads = ["", *(in_both(key)[column] for key in names)]
    rows = [[_MARKS[each.ok], _code(each.rule), *baseline_cells(each), each.note] for each in result.baseline]
    title = f"**{baseline_title(_code(result.config.baseline or ''))[column]}**"
    return f"{title}\n\n{_table(heads, 'llrrrrl', rows)}" if rows else ""


def _table(heads: Sequence[str], aligns: str, rows: Sequence[Sequence[str]]) -> str:
    """A table in GitHub Flavored Markdown; `aligns` has an l or r for each column.  Nothing without rows."""
    lines = [heads, [{"l": "---", "r": "--:"}[align] for align in aligns], *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines) if rows else ""


def _metrics_table(result: RunResult, column: int) -> str:
    rows = [(name, result.summary.metrics.get(name, Stats())) for name in _MARKDOWN_METRICS]
    measured = [(name, stats) for name, stats in rows if stats.count]
    if not measured:
        return ""
    heads = [in_both(key)[column] for key in ("metric", "mean")] + [f"P{percent}" for percent in PERCENTILES]
    lines = []
    for name, stats in measured:
        unit = in_both("tokens_unit")[column] if name == "tokens_per_s" else "ms"
        values = (stats.mean, *(shown_percentile(stats, percent) for percent in PERCENTILES), stats.max)
        lines.append([f"{in_both(f'metric.{name}')[column]} ({unit})", *map(figure, values), f"{stats.count:,}"])
    return _table([*heads, *(in_both(key)[column] for key in ("max", "count"))], "lrrrrrrr", lines)


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


def _error_lines(groups: tuple[ErrorGroup, ...], column: int) -> list[str]:
    lines = [
        f"{group.count:,} × {in_both(f'outcome.{group.outcome}')[column]}: "
        f"{_code(group.message)} ({in_both('error_example', n=group.example_request)[column]})"
        for group in groups[:MARKDOWN_ERRORS]
    ]
    return [*lines, f"… +{len(groups) - MARKDOWN_ERRORS}"] if len(groups) > MARKDOWN_ERRORS else lines


def _bullets(title: str, lines: list[str]) -> str:
    return "\n".join([f"**{title}**", "", *(f"- {line}" for line in lines)]) if lines else ""


def to_junit(result: RunResult) -> str:
    """JUnit XML of the summary, see `junit_of`."""
    return junit_of(summary_document(result))


class _Check(NamedTuple):
    """A test case: what was expected, and where it was not met what to say: in one line, and in full."""

    group: str
    name: str
    problem: str = ""
    text: str = ""
    state: str = "failure"
    """What it is when there is a problem: "failure" or "skipped"."""


def junit_of(document: Mapping[str, Any]) -> str:
    """JUnit XML from the object of `--json`, also of an older version.

    There is a case for: run whole, all requests ok, none of each failed outcome, each threshold, each allowance over
    the baseline.  A test case fails where the exit status does: with either of these they decide, and failed requests
    are "skipped" with the same message.  When no request came to an end, none of them passed: "skipped" too.
    """
    import xml.etree.ElementTree as ET  # only here, it costs start-up time

    cut_short = [in_both(key)[0] for key in ("interrupted", "partial") if document[key]]
    if aborted := document.get("aborted"):
        cut_short.append(aborted_text(Abort(**aborted))[0])
    whole = _Check("run", "run is whole", " ".join(cut_short))
    goals = [*_threshold_checks(document), *_baseline_checks(document)]
    checks = [whole, *_request_checks(document), *_trust_checks(document), *goals]
    states = [check.state if check.problem else "" for check in checks]
    numbers = {
        "tests": str(len(checks)),
        "failures": str(states.count("failure")),
        "errors": "0",
        "skipped": str(states.count("skipped")),
        "time": str(document["duration_s"]),
    }
    suites = ET.Element("testsuites", {"name": "sse-perf", **numbers})
    about = {"name": _xml(f"sse-perf {document['config']['url']}"), "timestamp": document["started_at"]}
    suite = ET.SubElement(suites, "testsuite", {**about, **numbers})
    for check in checks:
        seconds = numbers["time"] if check.group == "requests" else "0"
        names = {"classname": f"sse-perf.{check.group}", "name": _xml(check.name), "time": seconds}
        case = ET.SubElement(suite, "testcase", names)
        if check.problem:
            ET.SubElement(case, check.state, {"message": _xml(check.problem)}).text = _xml(check.text)
    ET.indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(suites, encoding="unicode") + "\n"


def _request_checks(document: Mapping[str, Any]) -> list[_Check]:
    failed, finished = document["requests"]["failed"], document["requests"]["ok"] + document["requests"]["failed"]
    decided = _threshold_checks(document) or document.get("baseline")
    state = "skipped" if decided or not finished else "failure"
    nothing = "" if finished else "no request came to an end"
    problem = f"{failed} of {finished} requests failed" if failed else nothing
    checks = [_Check("requests", "all requests ok", problem, _errors_text(document["errors"]), state)]
    for outcome in OUTCOMES:
        if outcome not in (Outcome.OK, Outcome.CANCELLED):
            count = document["outcomes"].get(outcome.value, 0)
            problem = f"{count} of {finished} requests ended with {outcome.value}" if count else nothing
            errors = [group for group in document["errors"] if group["outcome"] == outcome.value]
            checks.append(_Check("outcomes", f"no {outcome.value}", problem, _errors_text(errors), state))
    return checks


def _threshold_checks(document: Mapping[str, Any]) -> list[_Check]:
    # Whether trust was required decides how the case "trust" ends: one case is enough for one thing.
    return [
        _Check("thresholds", rule["rule"], "" if rule["ok"] else f"{rule['rule']} is missed: {_why(rule, 'value')}")
        for rule in document["thresholds"]
        if rule["rule"] != REQUIRED
    ]


def _trust_checks(document: Mapping[str, Any]) -> list[_Check]:
    """Fails only if trust was required; else there is none where nothing was measured."""
    trust, required = document["trust"], any(rule["rule"] == REQUIRED for rule in document["thresholds"])
    if trust["verdict"] == "not_measured" and not required:
        return []
    problem = "" if trust["verdict"] == "trusted" else f"the figures are {trust['verdict'].replace('_', ' ')}"
    return [_Check("trust", "trust", problem, "\n".join(trust["reasons"]), "failure" if required else "skipped")]


def _baseline_checks(document: Mapping[str, Any]) -> list[_Check]:
    return [
        _Check(
            "baseline",
            rule["rule"],
            "" if rule["ok"] else f"{rule['rule']} is missed: {value_text(rule['old'])} before, {_why(rule, 'new')}",
        )
        for rule in document.get("baseline", ())
    ]


def _why(rule: Mapping[str, Any], name: str) -> str:
    """The measured value of a rule that is missed, and what is said of it."""
    return ", ".join(filter(None, [value_text(rule[name]), rule.get("note")]))


def _errors_text(groups: Iterable[Mapping[str, Any]]) -> str:
    """The errors of the summary, a line each."""
    return "\n".join(
        "{count} x {outcome}: {said} (e.g. request {example_request})".format(said=printable(group["message"]), **group)
        for group in groups
    )


_NOT_XML = "[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"


def _xml(text: str) -> str:
    """`text` with what XML 1.0 cannot hold in any form (production 2, Char) as U+FFFD."""
    return re.sub(_NOT_XML, "\ufffd", text)


class Exporter(NamedTuple):
    """One output, with what the console calls its file and what `--help` says of its flag, in (English, Chinese)."""

    text_of: Callable[[RunResult], str]
    label: Both
    about: Both


EXPORTERS: Mapping[str, Exporter] = {
    "json": Exporter(
        to_json,
        label=("summary as JSON", "JSON 汇总"),
        about=("write the summary as JSON", "把汇总写成 JSON"),
    ),
    "csv": Exporter(
        to_csv,
        label=("metrics as CSV", "CSV 指标表"),
        about=("write the metrics as a CSV table", "把指标写成 CSV 表格"),
    ),
    "markdown": Exporter(
        to_markdown,
        label=("Markdown", "Markdown"),
        about=("write a summary for a pull request comment", "写一份用于合并请求评论的摘要"),
    ),
    "junit": Exporter(
        to_junit,
        label=("JUnit XML", "JUnit XML"),
        about=("write what failed as JUnit XML, for CI", "把失败情况写成 JUnit XML，供 CI 使用"),
    ),
}
"""Name of the output (its flag is `--NAME FILE`) -> what makes its text, which goes into the file as UTF-8."""
