"""The page that compares runs: its tables, its verdict and the data of its charts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from ..goals.compare import COMPARED_METRICS, Difference, failing_more
from ..metrics import success_rate
from ..metrics.milestones import in_milestones_alone
from ..records import NOT_MEASURED, SERVER_FIGURES, RunConfig, RunResult, Stats, Summary
from ..records.server import highest
from ..texts import printable
from ..units import NS_PER_MS, NS_PER_S, signed
from .buckets import drawn_s, widened
from .data import seconds_data
from .figures import Both, figure, percent_text, time_text
from .page import code, format_html, host_text, moment
from .reduce import OK, Counted, histograms, percentile_step_s, percentiles_over_time
from .tables import number_cell, table, unit_html
from .verdict import failing_text, load_text, shown_percentile
from .wording import COLON, TEXTS, both, in_both, pair

_WORDS = ("better", "worse", "same", "unknown")


def run_letter(number: int) -> str:
    """A, B, ... Z, then A1, B1, ..."""
    letter = chr(ord("A") + number % 26)
    return letter if number < 26 else f"{letter}{number // 26}"


def compare_verdict_html(
    compared: Sequence[Sequence[Difference]], results: Sequence[RunResult], names: Sequence[str]
) -> str:
    """The result of each run compared with the first, in words, and the settings in which the runs differ."""
    blocks = [_verdict_block(number, found, results[number], names) for number, found in enumerate(compared, 1)]
    unlike = unlike_settings(results)
    said = f'<p class="notice">{pair(*in_both("compare_unlike", {"names": unlike}))}</p>' if unlike else ""
    return f'<div class="verdicts{" several" if len(blocks) > 1 else ""}">{"".join(blocks)}</div>{said}'


class CompareVerdict(NamedTuple):
    """How a run compares with the first, in words; `grade` is good, bad or none."""

    grade: str
    headline: Both
    lead: Both | None
    """How many figures differ, and which way; None when there are too few samples to tell."""


def compare_verdict(found: Sequence[Difference], summary: Summary) -> CompareVerdict:
    """The verdict on the differences of a run from the first; `summary` has what of it failed."""
    counts = {word: sum(1 for each in found if each.word == word) for word in _WORDS}
    grade = "bad" if counts["worse"] > counts["better"] else "good" if counts["better"] > counts["worse"] else "none"
    shown: dict[str, object] = {name: counts[name] for name in ("better", "worse", "same")}
    known = len(found) - counts["unknown"]
    changed = counts["better"] + counts["worse"]
    headline = in_both("compare_headline" if changed else "compare_nothing" if known else "compare_few", None, **shown)
    lead = "compare_verdict"
    if failing_more(found):
        grade, headline, lead = "bad", failing_text(summary), "compare_left"
        shown["left"] = sum(1 for each in found if each.word == "survivors")
    return CompareVerdict(grade, headline, in_both(lead, None, n=known, **shown) if known else None)


def _verdict_block(number: int, found: Sequence[Difference], result: RunResult, names: Sequence[str]) -> str:
    several = len(names) > 2
    grade, headline, said = compare_verdict(found, result.summary)
    lead = f'<p class="lead">{pair(*said)}</p>' if said else ""
    badge = f'<span class="badge">{both("compared", other=run_letter(number), base="A")}</span>'
    which = " · ".join(f"{run_letter(at)} {code(names[at], 80)}" for at in (0, number) if names[at])
    return (
        f'<div class="verdict {grade}{"" if several else " two"}"><div><h2>{badge} {pair(*headline)}</h2>'
        f'<p class="over">{which}</p>{lead}</div>{_changes(found, FEW_CHANGES if several else CHANGES_SHOWN)}</div>'
    )


CHANGES_SHOWN, FEW_CHANGES = 6, 3
"""Figures that a verdict names, of two runs and of several."""


def _changes(found: Sequence[Difference], most: int) -> str:
    """The significant differences, one figure per metric, as a list."""
    first: dict[str, Difference] = {}
    for each in found:
        if each.word in ("better", "worse"):
            first.setdefault(each.metric, each)
    items = (
        f"<li>{_figure_title(each)}{COLON}{figure(_shown(each, each.base))} → "
        f"{figure(_shown(each, each.other))} {_unit(each)} "
        f'<span class="word {each.word}">{both(f"word.{each.word}")}</span></li>'
        for each in list(first.values())[:most]
    )
    return f'<ul class="next">{"".join(items)}</ul>' if first else ""


def _prompts(config: RunConfig) -> str:
    """What was asked: of two runs that asked different things, no figure can be compared."""
    asked = (config.query, config.param_file, config.prompt_tokens, config.prompt_spread_tokens, config.turns)
    return repr((*asked, config.shared_prefix_tokens, [*config.context_tiers], config.replay_file))


def _format(result: RunResult) -> str:
    """The format of the answers, "" where it was to be detected and no answer is known."""
    asked = result.config.format
    seen = dict.fromkeys(record.format for record in result.requests.details.values() if record.format)
    return asked if asked != "auto" else ", ".join(seen)


def _target(result: RunResult) -> str:
    """Where it was sent; the embedded server of --demo has another port each time."""
    url = result.config.url
    return f"demo {urlsplit(url).path}" if result.config.flags.get("demo") else url


def _body(config: RunConfig) -> str:
    limits = (config.max_tokens, config.temperature, config.ignore_eos)
    return repr((config.request_body_file, config.extra_body, *limits))


_SETTINGS: tuple[tuple[str, Callable[[RunResult], str]], ...] = (
    ("target", lambda result: code(result.config.url)),
    ("model", lambda result: code(result.config.model or result.config.model_name or "–")),
    ("format", format_html),
    ("load", lambda result: pair(*load_text(result.config))),
    ("host", lambda result: pair(*host_text(result.config.host, result.config.host_info)) or "–"),
    ("version", lambda result: code(result.config.version) or "–"),
)
"""Settings whose difference a reader must know: key of the text, markup of the value."""


_Shown = Callable[[RunResult], str]
_ASKED: tuple[tuple[str, _Shown], ...] = (
    ("unlike_prompts", lambda result: _prompts(result.config)),
    ("unlike_template", lambda result: _body(result.config)),
    ("unlike_tokens", lambda result: result.summary.token_source or ""),
)
"""What makes figures of two runs not comparable, the worst first; "" is what a file does not tell."""
_COMPARED: tuple[tuple[str, _Shown], ...] = tuple(
    (key, {"format": _format, "target": _target}.get(key, show)) for key, show in _SETTINGS
)


def unlike_settings(results: Sequence[RunResult]) -> Both | None:
    """The settings in which the runs differ, as (English, Chinese) lists of names; None when they do not."""
    headers = _unlike_headers([result.config for result in results])
    named = [in_both("unlike_headers", names=", ".join(headers))] if headers else []
    unlike = [*_unlike(_ASKED, results), *named, *_unlike(_COMPARED, results)]
    unlike = [(english[0].lower() + english[1:], chinese) for english, chinese in unlike]
    return (", ".join(each[0] for each in unlike), "、".join(each[1] for each in unlike)) if unlike else None


def _unlike(settings: Sequence[tuple[str, _Shown]], results: Sequence[RunResult]) -> list[Both]:
    return [in_both(key) for key, show in settings if len({shown for each in results if (shown := show(each))}) > 1]


def _unlike_headers(configs: Sequence[RunConfig]) -> list[str]:
    """The names of the request headers that not all runs had alike, as far as masked values tell."""
    sent = [{name.lower(): value for name, value in config.headers.items()} for config in configs]
    names = {name.lower(): printable(name, 60) for config in configs for name in config.headers}
    return [name for key, name in names.items() if len({each.get(key) for each in sent}) > 1]


def _headers_html(config: RunConfig) -> str:
    return "<br>".join(code(f"{name}: {value}", 200) for name, value in config.headers.items()) or "–"


def runs_table(results: Sequence[RunResult], names: Sequence[str]) -> str:
    """Settings and figures, one column a run."""
    heads = "".join(
        f'<th scope="col"><b>{run_letter(number)}</b> <small>{escape(printable(name, 80))}</small></th>'
        for number, name in enumerate(names)
    )
    rows = [_plain_row(both(key), [show(result) for result in results]) for key, show in _SETTINGS]
    if any(result.config.headers for result in results):
        rows.append(_plain_row(both("headers"), [_headers_html(result.config) for result in results]))
    rows += [
        _plain_row(both("started"), [moment(result.started_unix_ns) for result in results]),
        _plain_row(both("duration"), [escape(time_text(result.duration_ns / 1e6)) for result in results]),
        _plain_row(both("requests"), [f"{result.summary.sent:,}" for result in results]),
        _plain_row(both("metric.success_rate"), [_success_text(result) for result in results]),
    ]
    found = (item for result in results for item in result.summary.metrics.items())
    # The others stand in the table of differences.
    left = (name for name, stats in found if stats.count and name not in COMPARED_METRICS)
    metrics = dict.fromkeys(name for name in left if not in_milestones_alone(name))
    rows += [_metric_row(name, percent, results) for name in metrics for percent in (50, 99)]
    rows += _server_rows(results)
    return (
        '<div class="scroll" tabindex="0" role="region" aria-labelledby="runs-caption"><table id="runs-table">'
        f'<caption id="runs-caption">{both("runs_table")}</caption>'
        f'<thead><tr><th scope="col">{both("run")}</th>{heads}</tr>'
        f"</thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _server_rows(results: Sequence[RunResult]) -> list[str]:
    """The highest values that servers told of themselves, a row for each that any did."""
    told = [highest(result.server_metrics) for result in results]
    names = [name for name in SERVER_FIGURES if any(name in each for each in told)]
    return [
        f'<tr><th scope="row">{both(f"server.name.{name}")}</th>'
        + "".join(number_cell(each.get(name)) for each in told)
        + "</tr>"
        for name in names
    ]


def _plain_row(name_html: str, cells: Sequence[str]) -> str:
    return f'<tr><th scope="row">{name_html}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>'


def _success_text(result: RunResult) -> str:
    summary = result.summary
    return percent_text(success_rate(summary.ok, summary.ok + summary.failed))


def _metric_row(name: str, percent: int, results: Sequence[RunResult]) -> str:
    values = (shown_percentile(result.summary.metrics.get(name, Stats()), percent) for result in results)
    title = f'{_metric_title(name)} P{percent} <span class="unit">{unit_html(name)}</span>'
    return f'<tr><th scope="row">{title}</th>{"".join(map(number_cell, values))}</tr>'


def _metric_title(name: str) -> str:
    return both(f"metric.{name}") if f"metric.{name}" in TEXTS else escape(name)


def _figure_title(each: Difference) -> str:
    return f"{_metric_title(each.metric)} {each.statistic}".rstrip()


def differences_html(compared: Sequence[Sequence[Difference]]) -> str:
    """Every compared figure: of two runs with its interval and a word, of several with a column for each run."""
    notes = f'<p class="notes">{both("compare_note")} {both("compare_limits")}</p>'
    if len(compared) > 1:
        return _differences_of_several(compared) + notes
    heads = ("figure", "unit", "A", "B", "difference", "relative", "interval", "judgement")
    caption = both("compared", other="B", base="A")
    return table(heads, map(_difference_row, compared[0]), caption=caption, table_id="compare-table") + notes


def _differences_of_several(compared: Sequence[Sequence[Difference]]) -> str:
    keys = list(dict.fromkeys((each.metric, each.statistic) for found in compared for each in found))
    by_run = [{(each.metric, each.statistic): each for each in found} for found in compared]
    rows = []
    for key in keys:
        each = [found.get(key) for found in by_run]
        known = next(one for one in each if one is not None)
        rows.append(
            f'<tr><th scope="row">{_figure_title(known)}</th>'
            f'<td class="text">{_unit(known)}</td>{number_cell(_shown(known, known.base))}'
            + "".join(map(_against_first, each))
            + "</tr>"
        )
    heads = ("figure", "unit", *map(run_letter, range(len(compared) + 1)))
    return table(heads, rows, caption=both("compared_all"), table_id="compare-table")


def _against_first(each: Difference | None) -> str:
    """A cell: the figure of a run, how it differs from the first, and within which bounds."""
    if each is None or each.other is None:
        return number_cell(None)
    value = _shown(each, each.other)
    low, high = _shown(each, each.low), _shown(each, each.high)
    relative = "" if each.relative is None else f"{signed(each.relative * 100)} %"
    bounds = "" if low is None or high is None else f" ({signed(low)} … {signed(high)})"
    word = f'<small class="word {each.word}">{relative}{bounds}</small>' if relative or bounds else ""
    return f'<td data-v="{value:.6g}">{figure(value)}{word}</td>'


def _difference_row(each: Difference) -> str:
    base, other, difference, low, high = (
        _shown(each, value) for value in (each.base, each.other, each.difference, each.low, each.high)
    )
    interval = "n/a" if low is None or high is None else f"{signed(low)} … {signed(high)}"
    relative = "n/a" if each.relative is None else f"{signed(each.relative * 100)} %"
    return (
        f'<tr><th scope="row">{_figure_title(each)}</th><td class="text">{_unit(each)}</td>'
        + number_cell(base)
        + number_cell(other)
        + number_cell(difference, signed(difference))
        + number_cell(each.relative, relative)
        + f'<td data-v="{"" if low is None else f"{low:.6g}"}">{interval}</td>'
        + f'<td class="text"><span class="word {each.word}">{both(f"word.{each.word}")}</span></td></tr>'
    )


def _shown(each: Difference, value: float | None) -> float | None:
    """Shares are shown in percent."""
    return value * 100 if value is not None and each.metric == "success_rate" else value


def _unit(each: Difference) -> str:
    return "%" if each.metric == "success_rate" else unit_html(each.metric)


def comparison_data(results: Sequence[RunResult], names: Sequence[str]) -> dict[str, Any]:
    """The data of the charts: per-second series, medians over time and distributions of each run, in the same bins."""
    width = max(percentile_step_s(result.summary.ok, result.duration_ns / NS_PER_S) for result in results)
    drawn = max(drawn_s(result.time_series) for result in results)
    times = {"ttft": "ttft_ns", "latency": "latency_ns"}
    spreads = {name: histograms([_ok_ms(result, column) for result in results]) for name, column in times.items()}
    spreads["gap"] = histograms([[(gap / 1000, count) for gap, count in result.gap_histogram] for result in results])
    return {
        "duration_s": max(result.duration_ns for result in results) / NS_PER_S,
        "step_s": width,
        "streamed": any(result.config.stream for result in results),
        "runs": [
            {
                # Of several the names stand above: in each legend they would be longer than the chart.
                "name": f"{run_letter(number)} {printable(names[number], 60) if len(results) == 2 else ''}".strip(),
                "duration_s": result.duration_ns / NS_PER_S,
                "seconds": seconds_data(widened(result.time_series, drawn), result.duration_ns / NS_PER_S),
                "percentiles": {
                    name: percentiles_over_time(result.requests, column, width, result.duration_ns / NS_PER_S)._asdict()
                    for name, column in times.items()
                },
                "spreads": {name: found[number]._asdict() for name, found in spreads.items()},
            }
            for number, result in enumerate(results)
        ],
    }


def _ok_ms(result: RunResult, column: str) -> Counted:
    rows = result.requests.main().rows("outcome", column)
    return Counted(sorted(ns / NS_PER_MS for outcome, ns in rows if outcome == OK and ns != NOT_MEASURED))


def default_names(results: Sequence[RunResult]) -> list[str]:
    """Names for runs without one: their model, else only their letter."""
    return [result.config.model_name or result.config.model or "" for result in results]
