"""The goals of a run as lines in its charts: which metric each is about, where it lies, and what it is called."""

from __future__ import annotations

from typing import Any

from ..goals.thresholds import TEXTS as RULE_TEXTS
from ..goals.thresholds import Rule, is_share, parse_rule, parse_slo, unit_of, value_text
from ..records import RunResult
from ..texts import LANGUAGES, speaker
from ..trust import REQUIRED
from .figures import Both
from .wording import TEXTS, in_both

_SAY = speaker(RULE_TEXTS, LANGUAGES[0])
_SIGNS = {"<=": "≤", ">=": "≥", "==": "=", "!=": "≠"}


def limits_data(result: RunResult) -> list[dict[str, Any]]:
    """A row for each threshold and SLO, in the units of the charts (a share in percent).

    `metric` and `function` are those of the rule ("" for an SLO, which is about each request), `text` is in both
    languages, `state` is "met", "missed" or "slo".
    """
    rows = [
        _row(parse_rule(each.rule, _SAY), "met" if each.ok else "missed")
        for each in result.thresholds
        if each.rule != REQUIRED
    ]
    goodput = result.summary.goodput
    rows += [_row(parse_slo(text, _SAY).rule, "slo") for text in (goodput.rules if goodput else ())]
    return rows


def _row(rule: Rule, state: str) -> dict[str, Any]:
    scale = unit_of(rule.text)[0]
    return {
        "metric": rule.subject,
        "function": rule.function if state != "slo" else "",
        "value": rule.limit * scale,
        "state": state,
        "text": _named(rule, state),
    }


def _named(rule: Rule, state: str) -> Both:
    """A goal in a legend: "goal: P95 < 500 ms"."""
    scale, unit = unit_of(rule.text)
    limit = f"{_SIGNS.get(rule.operator, rule.operator)} {value_text(rule.limit * scale)}{unit}"
    if state == "slo":
        return in_both("limit.slo", limit=f"{_percentile(rule)} {limit}".strip())
    name = ("", "") if is_share(rule.subject, rule.function) else _statistic(rule)
    return in_both("limit.goal", {"name": name}, limit=limit)


def _statistic(rule: Rule) -> Both:
    if percentile := _percentile(rule):
        return f"{percentile} ", f"{percentile} "
    if rule.function not in ("avg", "max", "min"):
        return "", ""
    english, chinese = in_both(f"limit.{rule.function}")
    if rule.function != "avg" or f"metric.{rule.subject}" not in TEXTS:
        return f"{english} ", f"{chinese} "
    # The chart of means has those of several metrics.
    metric = in_both(f"metric.{rule.subject}")
    return f"{metric[0]} {english} ", f"{metric[1]}{chinese} "


def _percentile(rule: Rule) -> str:
    return "" if rule.percent is None else f"P{rule.percent:g}"
