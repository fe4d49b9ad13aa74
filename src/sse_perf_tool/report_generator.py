"""The HTML reports: offline pages that explain a run, a comparison or a search for capacity to any reader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from . import __version__
from .goals.compare import Difference, differences
from .load.run import TEXTS as LOAD_TEXTS
from .records import Capacity, RequestRecord, RunConfig, RunResult
from .records.atomic_write import write_atomically
from .report_parts.comparison import (
    compare_verdict_html,
    comparison_data,
    default_names,
    differences_html,
    runs_table,
)
from .report_parts.data import run_data
from .report_parts.figures import Both
from .report_parts.goals import goals_html
from .report_parts.inside import inside_html
from .report_parts.messages import Translation, message
from .report_parts.one import (
    course_html,
    one_data,
    one_tiles,
    one_verdict,
    only_request,
    request_facts_html,
    values_table,
)
from .report_parts.page import (
    NO_TEXTS,
    NOTHING_MORE,
    More,
    Place,
    again_html,
    bar_html,
    build_page,
    facts_html,
    moment,
    read_template,
    verdict_html,
    warnings_html,
)
from .report_parts.shape import shape_html
from .report_parts.tables import errors_section, groups_section, metrics_table
from .report_parts.tiles import big_figures_html
from .report_parts.trust import trust_html
from .report_parts.verdict import verdict
from .report_parts.wording import both, in_both, pair
from .report_parts.workers import workers_html
from .texts import Texts, printable, speaker

BRAND = "7DGroup"

OFFLINE_NOTES: Texts = {
    "linked": (
        "The charts of this report need the network. For offline reports run once: python tools/build_assets.py",
        "查看此报告的图表需要网络。要生成离线报告，请先运行一次：python tools/build_assets.py",
    ),
}


def of_a_load(said: str) -> Both:
    """A warning of a load in (English, Chinese)."""
    return message(said, [LOAD_TEXTS])


def generate_html_report(
    result: RunResult,
    path: str | Path,
    *,
    brand: str = BRAND,
    title: str | None = None,
    lang: str | None = None,
    translated: Translation = of_a_load,
) -> list[str]:
    """Writes the report of a run to `path`; OSError when it cannot be written.

    `lang` ("en" or "zh") is the language in which the page opens, by default that of the run; `translated` finds a
    warning in both.  Returns notes for the console, such as that the page is not offline, in that language.
    """
    record = only_request(result)
    if record is not None:
        return _write_report_of_one(record, result, path, (brand, title, lang or result.config.lang), translated)
    language = lang or result.config.lang
    parts = {
        **_common_parts(result, (brand, title, language), translated),
        "verdict": verdict_html(verdict(result)),
        "trust": trust_html(result, _SELF_CHARTS),
        "figures": big_figures_html(result),
        "errors": errors_section(result),
        "metrics": metrics_table(result.summary),
        "turns": groups_section("turn", result.summary.turns, result.config.stream),
        "contexts": groups_section("context", result.summary.context_tiers, result.config.stream),
    }
    parts["bar"] = bar_html(_places(result, parts), ranged=True)
    data = {"lang": language, **run_data(result)}
    scripts = ["common.js", "charts.js", "seconds.js", "phases.js", "report.js"]
    return written_page(path, "report.html", parts, data, scripts)


def written_page(
    path: str | Path,
    template: str,
    parts: dict[str, str],
    data: dict[str, Any],
    scripts: list[str],
    texts: Texts = NO_TEXTS,
    more: More = NOTHING_MORE,
) -> list[str]:
    """Writes a page (see `build_page`) of that template to `path`; OSError when it cannot be written.

    Returns notes for the console, in the language in which the page opens: `data["lang"]`.
    """
    page, offline = build_page(read_template(template), parts, data, scripts, texts, more)
    write_atomically(path, page, private=True)
    return [] if offline else [speaker(OFFLINE_NOTES, data["lang"])("linked")]


def _common_parts(result: RunResult, framing: tuple[str, str | None, str], translated: Translation) -> dict[str, str]:
    """What stands in the report of one request and in that of many; `framing` is brand, title and language."""
    brand, title, language = framing
    return {
        **frame(language, brand, in_both("report") if title is None else (title, title)),
        "when": moment(result.started_unix_ns),
        "goals": goals_html(result),
        "facts": facts_html(result),
        "warnings": warnings_html(result.warnings, translated),
        "inside": inside_html(result),
        "server": _SERVER_CHARTS if result.server_metrics else "",
        "workers": workers_html(result),
        "shape": shape_html(result),
        "again": again_html(result),
    }


def _write_report_of_one(
    record: RequestRecord,
    result: RunResult,
    path: str | Path,
    framing: tuple[str, str | None, str],
    translated: Translation,
) -> list[str]:
    """As `generate_html_report`, of a run with one request; `framing` as in `_common_parts`."""
    *_, language = framing
    parts = {
        **_common_parts(result, framing, translated),
        "trust": trust_html(result),
        "figures": one_tiles(record, result),
        "course": course_html(record),
        "values": values_table(result),
        "request": request_facts_html(record),
    }
    places = _there(
        ("overview", both("section.overview"), True),
        ("goals", both("goals"), parts["goals"]),
        ("inside", both("section.inside"), parts["inside"]),
        ("shape", both("section.shape"), parts["shape"]),
        ("server", both("section.server"), parts["server"]),
        ("workers", both("workers"), parts["workers"]),
        ("values", both("one.values"), True),
        ("request", both("one.request"), True),
        ("trust", both("section.trust"), parts["trust"]),
        ("setup", both("section.setup"), True),
    )
    parts["bar"] = bar_html(places)
    parts["verdict"] = verdict_html(one_verdict(verdict(result), record, [anchor for anchor, _ in places]))
    data = {"lang": language, **one_data(record, result)}
    return written_page(path, "one.html", parts, data, ["common.js", "charts.js", "seconds.js", "one.js"])


_SERVER_CHARTS = (
    f'<section class="part of-charts" id="server" hidden><h2>{both("section.server")}</h2>'
    '<div class="grid" id="server-charts"></div></section>'
)
_SELF_CHARTS = (
    f'<details class="fold of-charts" id="self"><summary><h3>{both("section.self")}</h3></summary>'
    '<div class="grid" id="self-charts"></div></details>'
)


def _places(result: RunResult, parts: Mapping[str, str]) -> list[Place]:
    """Where the bar of a report leads: its parts in their order, without those that this run does not have."""
    failed = f'{both("section.errors")} <span class="count">{result.summary.failed:,}</span>'
    return _there(
        ("overview", both("section.overview"), True),
        ("goals", both("goals"), parts["goals"]),
        ("errors", failed, parts["errors"]),
        ("times", both("section.times"), result.summary.sent),
        ("load", both("section.load"), result.summary.sent),
        ("server", both("section.server"), parts["server"]),
        ("inside", both("section.inside"), parts["inside"]),
        ("requests", both("section.requests"), result.summary.sent),
        ("trust", both("section.trust"), parts["trust"]),
        ("setup", both("section.setup"), True),
    )


def _there(*places: tuple[str, str, object]) -> list[Place]:
    """The places whose part, the last of each, is on the page."""
    return [(anchor, label) for anchor, label, there in places if there]


def generate_compare_report(
    results: Sequence[RunResult],
    path: str | Path,
    *,
    names: Sequence[str] | None = None,
    compared: Sequence[Sequence[Difference]] | None = None,
    warnings: Sequence[str] = (),
    brand: str = BRAND,
    title: str | None = None,
    lang: str | None = None,
) -> list[str]:
    """Writes one page that sets two or more runs side by side, each against the first; OSError, ValueError for one run.

    `names` say what to call the runs beside their letters A, B, ..., say their files; by default their models.
    `compared` is what `differences` finds for each run but the first, if that is known already; `warnings` go onto the
    page.  Otherwise as
    `generate_html_report`.
    """
    if len(results) < 2:
        raise ValueError("a comparison needs at least two runs")
    language = lang or results[0].config.lang
    shown_names = list(names or default_names(results))
    if compared is None:
        compared = [differences(results[0], other) for other in results[1:]]
    parts = {
        **frame(language, brand, in_both("compare_report") if title is None else (title, title)),
        "bar": bar_html([(anchor, both(key)) for anchor, key in _COMPARE_PLACES], ranged=True),
        "verdict": compare_verdict_html(compared, results, shown_names),
        "warnings": warnings_html(warnings),
        "differences": differences_html(compared),
        "runs": runs_table(results, shown_names),
    }
    data = {"lang": language, **comparison_data(results, shown_names)}
    return written_page(path, "compare.html", parts, data, ["common.js", "charts.js", "compare.js"])


_COMPARE_PLACES = (
    ("overview", "section.overview"),
    ("differences", "section.differences"),
    ("spread", "section.compare_spread"),
    ("runs", "runs"),
)


def generate_capacity_report(
    capacity: Capacity,
    config: RunConfig,
    path: str | Path,
    *,
    brand: str = BRAND,
    title: str | None = None,
    lang: str | None = None,
) -> list[str]:
    """Writes the page of a search for capacity, whose steps were made with `config`; as `generate_html_report`."""
    from .report_parts import capacity as parts_of  # only here: a run has no need of it

    language = lang or config.lang
    parts = {
        **frame(language, brand, in_both("capacity_report") if title is None else (title, title)),
        "bar": bar_html([(anchor, both(key)) for anchor, key in _CAPACITY_PLACES]),
        "when": moment(capacity.steps[0].started_unix_ns) if capacity.steps else "",
        "verdict": parts_of.capacity_verdict_html(capacity),
        "figures": parts_of.capacity_tiles(capacity),
        "facts": parts_of.capacity_facts_html(capacity, config),
        "steps": parts_of.steps_table(capacity),
    }
    data = {"lang": language, **parts_of.capacity_data(capacity)}
    return written_page(path, "capacity.html", parts, data, ["common.js", "charts.js", "capacity.js"])


_CAPACITY_PLACES = (("overview", "section.overview"), ("steps", "capacity.each"), ("setup", "capacity.setup"))


def frame(language: str, brand: str, title: tuple[str, str]) -> dict[str, str]:
    """What stands around the content of a page: language, brand, title, version; all of it escaped.

    A page may put in markup of its own for `bar` (see `bar_html`) and for `when`, the moment that stands in its head.
    """
    english, chinese = (printable(text, 200) for text in title)
    shown_brand = printable(brand, 80)
    return {
        "lang": "zh-CN" if language == "zh" else "en",
        "ui": language,
        "brand": escape(shown_brand),
        "title": pair(english, chinese),
        "page_title": escape(f"{chinese if language == 'zh' else english} · {shown_brand}"),
        "made_by": both("made_by", version=__version__),
        "bar": "",
        "when": "",
    }
