"""Evaluates the goals of a run and derives the exit status."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ..console.comparison import TEXTS
from ..errors import UsageError
from ..goals.baseline import TEXTS as ALLOW_TEXTS
from ..goals.baseline import Baseline, held_against, load_baseline, parse_allowed
from ..goals.past_run import is_rule
from ..goals.thresholds import judged as with_thresholds
from ..goals.thresholds import slos_of
from ..records import RunResult
from ..report_parts.comparison import unlike_settings
from ..texts import LANGUAGES, speaker
from ..trust import REQUIRED, held
from .environment import INTERRUPTED, MISSED, OK, PARTIAL, SOME_FAILED


def judged(result: RunResult, old: Baseline | None) -> RunResult:
    """The run with the results of its thresholds and of its baseline."""
    result = held(with_thresholds(result))
    if old is None:
        return result
    if old.warnings:
        result = replace(result, warnings=(*result.warnings, *(f"--baseline {text}" for text in old.warnings)))
    unlike = unlike_settings([old.result, result])
    if unlike is not None:
        said = TEXTS["unlike"][column := LANGUAGES.index(result.config.lang)].format(names=unlike[column])
        result = replace(result, warnings=(*result.warnings, f"--baseline: {said}"))
    return held_against(result, old)


def judged_again(result: RunResult) -> RunResult:
    """The run with the results of its own rules; a missing baseline file becomes a warning.

    In a damaged file rules may be damaged, too: those that are none are left out.
    """
    path = result.config.baseline
    if path is None:
        return judged(result, None)
    say = speaker(ALLOW_TEXTS, result.config.lang)
    allow = [text for text in result.config.allow if is_rule(text, parse_allowed, say)]
    if len(allow) < len(result.config.allow):
        result = replace(result, config=replace(result.config, allow=allow))
    try:
        old = load_baseline(Path(path), slos_of(result.config), result.config.lang)
    except UsageError as error:
        return judged(replace(result, warnings=(*result.warnings, f"--baseline {error}")), None)
    return judged(result, old)


def status_of(result: RunResult) -> int:
    """The exit status of a judged run."""
    if result.interrupted:
        return INTERRUPTED
    if result.partial:
        return PARTIAL
    if result.missed:
        return MISSED
    if result.records_partial:
        return PARTIAL
    decided = bool(result.baseline) or any(each.rule != REQUIRED for each in result.thresholds)
    if not result.summary.sent:
        return SOME_FAILED  # whatever the goals: a pipeline must not be green for a run that measured nothing
    return SOME_FAILED if result.summary.failed and not decided else OK
