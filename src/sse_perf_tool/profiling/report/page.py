"""The page of a profile: one offline HTML file, with the load's charts and the server's on one time axis."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ...records import RunResult
from ...records.profile import Profile
from ...report_generator import BRAND, frame, of_a_load, written_page
from ...report_parts.libraries import FLAME_LIBRARIES
from ...report_parts.messages import Translation
from ...report_parts.page import More, Place, bar_html, facts_html, moment, warnings_html
from ...report_parts.tables import errors_section
from ...report_parts.tiles import big_figures_html
from ...report_parts.trust import trust_html
from ...report_parts.wording import both
from ..folder import Drawn
from ..judge.wording import TEXTS as JUDGE_TEXTS
from .data import profile_data
from .parts import (
    cost_html,
    findings_html,
    heap_html,
    missing_html,
    processes_html,
    said,
    server_facts,
    targets_html,
    verdict_html,
)
from .wording import TEXTS

STYLE_OF_FLAMES = "PjPkXjWPssRCMzB6p5SnF25xrwIH7ThbVHWlE+SG1DE="
"""The SHA-256 of the style element that d3-flame-graph adds."""
_WAITS = ("lock", "queue", "upstream", "timer", "executor", "other")


def write_page(
    result: RunResult,
    drawn: Drawn,
    path: str | Path,
    *,
    brand: str = BRAND,
    title: str | None = None,
    lang: str | None = None,
    translated: Translation = of_a_load,
) -> list[str]:
    """Writes the page to `path`, see `generate_html_report`."""
    language, profile = lang or result.config.lang, result.profile or Profile()
    parts = {
        **frame(language, brand, TEXTS["profile.title"] if title is None else (title, title)),
        "when": moment(result.started_unix_ns),
        "verdict": verdict_html(profile),
        "findings": findings_html(profile.findings),
        "targets": targets_html(profile.targets),
        "figures": big_figures_html(result),
        "cost": cost_html(profile),
        "missing": missing_html(profile),
        "processes": processes_html(profile),
        "heap": heap_html(drawn.growth),
        "facts": server_facts(profile) + facts_html(result),
        "warnings": warnings_html(result.warnings, translated),
        "trust": trust_html(result),
        "errors": errors_section(result),
        "flame_hint": said("profile.flame_hint"),
        "flame_title": said("profile.section_flame"),
        "waits_title": said("profile.waits"),
        "waits_hint": said("profile.waits_hint"),
    }
    parts["bar"] = bar_html(_places(drawn, parts), ranged=True)
    limits = {each.name: limit for each in profile.targets if (limit := _limit(each.rule)) is not None}
    data = {"lang": language, **profile_data(result, drawn, limits)}
    waits = {f"what.{kind}": JUDGE_TEXTS[f"what.{kind}"] for kind in _WAITS}
    texts = {**TEXTS, **waits, "what.other": TEXTS["profile.other"]}
    more = More(("profile.css",), FLAME_LIBRARIES, (STYLE_OF_FLAMES,)) if drawn.stacks else More(("profile.css",))
    scripts = ["common.js", "charts.js", "profile.js"]
    return written_page(path, "profile.html", parts, data, scripts, texts, more)


def _places(drawn: Drawn, parts: Mapping[str, str]) -> list[Place]:
    """Where the bar leads: the parts of the page in their order, without those that there are not."""
    waits = any(each.waits or each.threads for each in drawn.hooks)
    places = [
        ("overview", both("section.overview"), True),
        ("findings", said("profile.findings"), parts["findings"]),
        ("targets", said("profile.section_targets"), True),
        ("missing", said("profile.missing"), 'id="missing"' in parts["missing"]),
        ("errors", both("section.errors"), parts["errors"]),
        ("load", said("profile.section_load"), True),
        ("server", said("profile.section_server"), drawn.processes),
        ("loop", said("profile.section_loop"), drawn.hooks),
        ("waits", said("profile.section_waits"), waits),
        ("flame", said("profile.section_flame"), drawn.stacks),
        ("heap", said("profile.section_heap"), parts["heap"]),
        ("trust", both("section.trust"), parts["trust"]),
        ("setup", both("section.setup"), True),
    ]
    return [(anchor, label) for anchor, label, there in places if there]


def _limit(rule: str) -> float | None:
    from ...flags.profile_checks import target

    return target(rule, lambda key, **_values: key).most if "<" in rule else None
