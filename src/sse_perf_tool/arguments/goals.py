"""The goals of a run (thresholds, SLOs, rules that end it early) and the older run that it is compared with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..goals import baseline
from ..goals.baseline import DEFAULT_ALLOW, WHOLE_ALLOW, Allowed, Baseline, load_baseline
from ..goals.thresholds import Rule, Slo
from ..load import abort
from ..metrics import SCHEDULE_METRICS, STREAM_METRICS
from ..texts import Texts
from .flag_values import FlagValues

TEXTS: Texts = {
    **abort.TEXTS,
    **baseline.TEXTS,
    "needs_slo": (
        "goodput needs an --slo; add one, e.g. --slo 'ttft_ms<500'",
        "没有 --slo 就没有 goodput，请加上，例如 --slo 'ttft_ms<500'",
    ),
    "of_streams": (
        "{metric} is not measured with {flag}; use another metric, e.g. latency_ms",
        "使用 {flag} 时不测量 {metric}，请改用其他指标，例如 latency_ms",
    ),
    "of_open_loops": (
        "{metric} is only measured with --rate, --replay or --stages of a rate; add one, or use another metric",
        "{metric} 仅在使用 --rate、--replay 或按速率的 --stages 时测量，请加上其一或改用其他指标",
    ),
}


def goal_settings(flags: FlagValues) -> dict[str, Any]:
    """The fields of `RunConfig` for the goals of the run."""
    return {
        "thresholds": _typed(flags["threshold"]),
        "require_trust": bool(flags["require_trust"]),
        "slo": _typed(flags["slo"]),
        "abort_on": _typed(flags["abort_on"]),
        "abort_after_s": flags["abort_after"],
        "baseline": flags["baseline"],
        "allow": _allow(flags),
    }


def check_goals(flags: FlagValues, open_loop: bool) -> None:
    """UsageError for a goal that this kind of run cannot measure."""
    for key in ("threshold", "slo", "abort_on", "allow"):
        for rule in flags[key] or ():
            if flags["no_stream"] and rule.subject.partition("[")[0] in STREAM_METRICS:
                raise flags.wrong(key, "of_streams", metric=rule.subject, flag=flags.name("no_stream"))
            if not open_loop and rule.subject in SCHEDULE_METRICS:
                raise flags.wrong(key, "of_open_loops", metric=rule.subject)
    for key in ("threshold", "allow"):
        if not flags["slo"] and any(rule.subject == "goodput" for rule in flags[key] or ()):
            raise flags.wrong(key, "needs_slo")


def baseline_of(flags: FlagValues) -> Baseline | None:
    """The older run of --baseline, with its goodput computed by the SLOs of this run."""
    if not flags["baseline"]:
        return None
    slos: Sequence[Slo] = flags["slo"] or ()
    loaded: Baseline = flags.load("baseline", lambda path, lang: load_baseline(Path(path), slos, lang))
    return loaded


def _typed(rules: Sequence[Rule | Slo | Allowed] | None) -> list[str]:
    return [rule.text for rule in rules or ()]


def _allow(flags: FlagValues) -> list[str]:
    if flags["allow"] or not flags["baseline"]:
        return _typed(flags["allow"])
    return list(WHOLE_ALLOW if flags["no_stream"] else DEFAULT_ALLOW)
