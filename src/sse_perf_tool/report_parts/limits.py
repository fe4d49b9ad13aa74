"""The goals of a run as lines in its charts: which metric each is about, where it lies, and what it is called."""

from __future__ import annotations

from typing import Any

from ..goals.thresholds import TEXTS as RULE_TEXTS
from ..goals.thresholds import Rule, parse_rule, parse_slo, unit_of
from ..records import RunResult
from ..texts import LANGUAGES, speaker
from ..trust import REQUIRED
from .figures import Both
from .tiles import goal_text
from .wording import TEXTS, in_both

_SAY = speaker(RULE_TEXTS, LANGUAGES[0])


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
    scale = unit_of(rule.text).scale
    return {
        "metric": rule.subject,
        "function": rule.function if state != "slo" else "",
        "value": rule.limit * scale,
        "state": state,
        "text": _named(rule, state),
    }


def _named(rule: Rule, state: str) -> Both:
    """A goal in a legend: "goal: P95 < 500 ms"."""
    english, chinese = goal_text(rule)
    if rule.function == "avg" and f"metric.{rule.subject}" in TEXTS:  # a chart of means has those of several metrics
        metric = in_both(f"metric.{rule.subject}")
        english, chinese = f"{metric[0]} {english}", f"{metric[1]} {chinese}"
    return in_both("limit.slo" if state == "slo" else "limit.goal", {"goal": (english, chinese)})
