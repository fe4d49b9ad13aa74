"""Rules that end a run early (`--abort-on`), checked against the live counters at the end of each second.

They use counters only, which exist with one process or several and cost the same in the last second as in the first.
A percentile would have to sort all values again every second, in the middle of the measurement.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from ..errors import UsageError
from ..goals.thresholds import TEXTS as RULE_TEXTS
from ..goals.thresholds import Rule, parse_rule
from ..records import Abort, RunConfig
from ..texts import Say, Texts, speaker
from ..units import NS_PER_MS

if TYPE_CHECKING:
    from ..test_runner import Snapshot  # which brings the whole of HTTP, and the command line only wants the grammar

TEXTS: Texts = {
    **RULE_TEXTS,
    "rule_not_live": (
        "{name} cannot be checked during a run; use one of {names}",
        "{name} 在运行过程中无法检查，可用的有：{names}",
    ),
}

Live = Callable[["Snapshot", int], "float | None"]
"""(counters, seconds since the start) -> the figure so far, None when it cannot be computed yet."""


def _average_ms(total: str, count: str) -> Live:
    def value(now: Snapshot, _seconds: int) -> float | None:
        number = getattr(now, count)
        return getattr(now, total) / number / NS_PER_MS if number else None

    return value


def _error_rate(now: Snapshot, _seconds: int) -> float | None:
    finished = now.requests_ok + now.requests_failed
    return now.requests_failed / finished if finished else None


def _tokens(now: Snapshot) -> int:
    return now.tokens + now.whole_tokens


LIVE_FIGURES: Mapping[tuple[str, str], Live] = {
    ("errors", "rate"): _error_rate,
    ("errors", "count"): lambda now, _seconds: now.requests_failed,
    ("requests", "rate"): lambda now, seconds: now.requests_done / seconds,
    ("requests", "count"): lambda now, _seconds: now.requests_done,
    ("tokens", "rate"): lambda now, seconds: _tokens(now) / seconds,
    ("tokens", "count"): lambda now, _seconds: _tokens(now),
    ("ttfb_ms", "avg"): _average_ms("ttfb_ns", "requests_ok"),
    ("ttft_ms", "avg"): _average_ms("ttft_ns", "ttft_count"),
    ("tpot_ms", "avg"): _average_ms("tpot_ns", "tpot_count"),
    ("latency_ms", "avg"): _average_ms("latency_ns", "requests_ok"),
}
"""(subject, function) -> the figure of the requests finished so far."""


def parse_abort_rule(text: str, say: Say) -> Rule:
    """Parses an abort rule; UsageError when its figure is not known during a run.  `say` must know `TEXTS`."""
    rule = parse_rule(text, say)
    if (rule.subject, rule.function) not in LIVE_FIGURES:
        names = ", ".join(":".join(key) for key in LIVE_FIGURES)
        raise UsageError(say("rule_not_live", name=text[: text.index(rule.operator)].strip(), names=names))
    return rule


class Watch:
    """The abort rules of one run and the time from which they are checked."""

    def __init__(self, config: RunConfig) -> None:
        say = speaker(TEXTS, config.lang)
        self._rules: Sequence[Rule] = [parse_abort_rule(text, say) for text in config.abort_on]
        self._after_s = config.abort_after_s

    def look(self, seconds: int, now: Snapshot) -> Abort | None:
        """The first rule that is true of the counters `seconds` after the start of the run; None if none is."""
        if seconds < self._after_s:
            return None
        for rule in self._rules:
            value = LIVE_FIGURES[rule.subject, rule.function](now, seconds)
            if value is not None and rule.holds(value):
                return Abort(rule.text, value, seconds)
        return None
