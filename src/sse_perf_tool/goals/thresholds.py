"""Rules such as `ttft_ms:p(95)<500`: parses them and evaluates them for a run (thresholds) or a request (SLOs).

    threshold = subject ":" function operator number
    slo       = metric [":" function] operator number
    subject   = name ["[" milestone "]"]

A subject is a metric (of the run: all values of ok requests) or one of `RUN_FIGURES`.  In an SLO the metric is that of
one request and has one value; only `itl_ms` has many, the gaps of that request, and takes a function.  A metric of
steps, tools and other milestones may name one of them (`step_ms[retrieval]`); in an SLO it is the longest of them (the
first, where the metric is about that).  Spaces may stand between the parts.  The error for a rule names the first
character that does not fit.

Pure: no clock, no thread, no socket.
"""

from __future__ import annotations

import difflib
import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from ..errors import UsageError
from ..metrics import (
    METRICS,
    MILESTONE_METRICS,
    REQUEST_METRICS,
    enough_for,
    percentile,
    request_value,
    samples_needed,
    values_of,
)
from ..metrics.milestones import first_key, milestone_of, named_value
from ..records import RunConfig, RunResult, Span, Stats, ThresholdResult
from ..texts import LANGUAGES, Say, Texts, speaker
from ..units import REQUESTS_PER_S, TOKENS_PER_S, figure, telling_digits

TEXTS: Texts = {
    "rule_expected": ("character {place}: expected {what}", "第 {place} 个字符：此处应该是{what}"),
    "rule_unknown": (
        "character {place}: there is no {name}; did you mean {closest}?",
        "第 {place} 个字符：没有名为 {name} 的指标，是否想用 {closest}？",
    ),
    "rule_end": (
        "character {place}: expected the end of the rule; quote each rule on its own",
        "第 {place} 个字符：规则应到此结束，请把每条规则分别用引号括起",
    ),
    "rule_one_value": (
        "character {place}: a request has a single {metric}, so it takes no function; write {metric} and an operator",
        "第 {place} 个字符：每个请求只有一个 {metric}，不需要函数，请直接写 {metric} 和运算符",
    ),
    "rule_percent": (
        "a percentile from 0 to below 100 (max is the largest value)",
        "不小于 0 且小于 100 的百分位数（最大值请用 max）",
    ),
    "rule_metric": ("one of {names}", "以下之一：{names}"),
    "rule_colon": ("a colon, then {functions}", "冒号，然后是 {functions}"),
    "rule_function": ("a function: {functions}", "函数：{functions}"),
    "rule_operator": ("an operator: < <= > >= == !=", "运算符：< <= > >= == !="),
    "rule_bracket": ("a percentile in brackets, as in p(95)", "括号中的百分位数，如 p(95)"),
    "rule_number": ("a number, without a unit", "数字（不带单位）"),
    "rule_share": ("a share from 0 to 1 or a percentage, as in 0.05 or 5%", "0 到 1 之间的比例或百分数，如 0.05 或 5%"),
}

NOTES: Texts = {
    "no_data": ("no data", "无数据"),
    "few_samples": (
        "too few samples: {count}, {needed} are needed",
        "样本不足：现有 {count} 个，需要 {needed} 个",
    ),
}

OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
}

METRIC_FUNCTIONS = ("avg", "min", "max", "med", "p(N)", "count")

_STATS: Mapping[str, Callable[[Stats], float | None]] = {
    "avg": lambda stats: stats.mean,
    "min": lambda stats: stats.min,
    "max": lambda stats: stats.max,
    "count": lambda stats: stats.count,
}

RunFigure = Callable[[RunResult], float | None]


def _finished(result: RunResult) -> int:
    return result.summary.ok + result.summary.failed


RUN_FIGURES: Mapping[str, Mapping[str, RunFigure]] = {
    "errors": {
        "rate": lambda result: result.summary.failed / _finished(result) if _finished(result) else None,
        "count": lambda result: result.summary.failed if _finished(result) else None,
    },
    "requests": {
        "rate": lambda result: result.summary.requests_per_s if result.summary.sent else None,
        "count": lambda result: result.summary.sent or None,
    },
    "tokens": {
        "rate": lambda result: result.summary.output_tokens_per_s if result.summary.sent else None,
        "count": lambda result: result.summary.output_tokens if result.summary.sent else None,
    },
    "goodput": {
        "rate": lambda result: result.summary.goodput.share if result.summary.goodput else None,
        "count": lambda result: result.summary.goodput.met if result.summary.goodput else None,
        "per_s": lambda result: result.summary.goodput.requests_per_s if result.summary.goodput else None,
    },
}
"""Subject -> function -> the figure of a whole run, None when it cannot be computed."""

SHARES = frozenset({("errors", "rate"), ("goodput", "rate")})
"""The rates that are a share of requests, 0 to 1; those of `requests` and `tokens` are per second."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A parsed threshold.  `text` is what was typed."""

    text: str
    subject: str
    function: str
    """The function without its argument; "" for the single value of a request."""
    percent: float | None
    """The percentile of `p(N)` and `med`."""
    operator: str
    limit: float

    def holds(self, value: float) -> bool:
        """Whether `value` is on the right side of the limit."""
        return OPERATORS[self.operator](value, self.limit)


@dataclass(frozen=True, slots=True)
class Slo:
    """A parsed SLO: a rule for a metric with one value per request, or for the gaps of that request."""

    rule: Rule

    @property
    def text(self) -> str:
        """What was typed."""
        return self.rule.text

    @property
    def subject(self) -> str:
        """The metric."""
        return self.rule.subject

    def met_by(self, row: Mapping[str, int], gaps_us: Sequence[int], spans: Sequence[Span] = ()) -> bool:
        """Whether an answer meets the rule: its row in a `RequestTable`, its gaps and its spans.

        A value that an answer cannot have meets the rule (a gap with one chunk, TPOT of one token, the handshake of a
        reused connection), but a missing TTFB, TTFT or response time does not.
        """
        value = self._value(row, gaps_us, spans)
        return self.rule.subject not in MOMENTS if value is None else self.rule.holds(value)

    def _value(self, row: Mapping[str, int], gaps_us: Sequence[int], spans: Sequence[Span]) -> float | None:
        if self.rule.subject not in REQUEST_METRICS and self.rule.subject != "itl_ms":
            return named_value(spans, self.rule.subject)
        if self.rule.subject != "itl_ms":
            return request_value(row, self.rule.subject)
        gaps = sorted(gaps_us)
        if not gaps:
            return None
        us = GAP_FUNCTIONS[self.rule.function](gaps, self.rule.percent or 0.0)
        return None if us is None else us / 1000


MOMENTS = frozenset(
    {"ttfb_ms", "ttft_ms", "ttfa_ms", "latency_ms"}
    | {"ttfb_from_schedule_ms", "ttft_from_schedule_ms", "latency_from_schedule_ms"}
)
"""Metrics that every complete answer must have."""

GAP_FUNCTIONS: Mapping[str, Callable[[Sequence[int], float], float | None]] = {
    "avg": lambda gaps, _percent: sum(gaps) / len(gaps),
    "min": lambda gaps, _percent: gaps[0],
    "max": lambda gaps, _percent: gaps[-1],
    "med": percentile,
    "p": percentile,
}


def parse_rule(text: str, say: Say) -> Rule:
    """Parses a threshold.  UsageError: the first character that does not fit, and what is expected there.

    `say` must know `TEXTS`.
    """
    scanner = Scanner(text, say)
    subject = scanner.metric((*METRICS, *RUN_FIGURES), MILESTONE_METRICS)
    function, percent = scanner.function(functions_of(subject))
    comparison = scanner.operator()
    limit = scanner.share() if is_share(subject, function) else scanner.number()
    scanner.end()
    return Rule(text.strip(), subject, function, percent, comparison, limit)


def functions_of(subject: str) -> tuple[str, ...]:
    """The functions that a subject of thresholds has."""
    if subject in RUN_FIGURES:
        return tuple(RUN_FIGURES[subject])
    return METRIC_FUNCTIONS if milestone_of(subject) is None else (*METRIC_FUNCTIONS, "rate")


def is_share(subject: str, function: str) -> bool:
    """Whether a figure is a share, 0 to 1."""
    return (subject, function) in SHARES or (function == "rate" and subject not in RUN_FIGURES)


def parse_slo(text: str, say: Say) -> Slo:
    """Parses a rule for one request; UsageError as `parse_rule`."""
    scanner = Scanner(text, say)
    subject = scanner.metric(METRICS, (name for name in MILESTONE_METRICS if not name.endswith("_gap_ms")))
    function, percent = "", None
    if subject == "itl_ms":
        function, percent = scanner.function(("avg", "min", "max", "med", "p(N)"))
    elif scanner.at_colon():
        raise scanner.error("rule_one_value", metric=subject)
    comparison = scanner.operator()
    limit = scanner.number()
    scanner.end()
    return Slo(Rule(text.strip(), subject, function, percent, comparison, limit))


def parse_demand(text: str, say: Say) -> Rule | Slo:
    """Parses a rule for a run if it has a function, for each request if not; UsageError as `parse_rule`."""
    return parse_rule(text, say) if ":" in text else parse_slo(text, say)


class Scanner:
    """Reads a rule from left to right, part by part; UsageError at the first part that is missing."""

    def __init__(self, text: str, say: Say) -> None:
        self._text, self._say, self._at = text, say, 0

    def error(self, key: str, **values: object) -> UsageError:
        """The error `key` at the current position."""
        return UsageError(self._say(key, place=self._at + 1, **values))

    def expected(self, what: str, **values: object) -> UsageError:
        """The error that something else is expected at the current position."""
        return self.error("rule_expected", what=self._say(what, **values))

    def take(self, pattern: str) -> str | None:
        """The match at the current position, after spaces; None if there is none, and only spaces are skipped."""
        self._at = _SPACES.match(self._text, self._at).end()  # type: ignore[union-attr]  # it matches anywhere
        found = re.compile(pattern).match(self._text, self._at)
        if found is None:
            return None
        self._at = found.end()
        return found[0]

    def back(self, taken: str) -> None:
        """Goes back to the beginning of the last match."""
        self._at -= len(taken)

    def subject(self, names: Iterable[str], more: Iterable[str] = ()) -> str:
        """One of the names; the error for an unknown one suggests a similar one, or lists all but those in `more`."""
        choices = tuple(names)
        known = (*choices, *more)
        name = self.take(r"\w+") or ""
        if name in known:
            return name
        self.back(name)
        closest = difflib.get_close_matches(name.lower(), known, 1, 0.5)
        if closest:
            raise self.error("rule_unknown", name=name, closest=closest[0])
        raise self.expected("rule_metric", names=", ".join(choices))

    def metric(self, names: Iterable[str], more: Iterable[str]) -> str:
        """A subject, with the name of a milestone in brackets behind it where it may have one."""
        subject = self.subject(names, more)
        name = self.take(r"\[[^\]]{1,80}\]") if milestone_of(subject) is not None else None
        return subject + (name or "")

    def at_colon(self) -> bool:
        """Whether a function follows; nothing is read but spaces."""
        colon = self.take(":")
        self.back(colon or "")
        return colon is not None

    def function(self, functions: Sequence[str]) -> tuple[str, float | None]:
        """A colon and one of the functions: its name, and its percentile if it has one."""
        shown = ", ".join(functions)
        if self.take(":") is None:
            raise self.expected("rule_colon", functions=shown)
        name = self.take(r"[a-z_]+") or ""
        if name not in [each.partition("(")[0] for each in functions]:
            self.back(name)
            raise self.expected("rule_function", functions=shown)
        if name == "p":
            return name, self._percent()
        return name, 50.0 if name == "med" else None

    def _percent(self) -> float:
        if self.take(r"\(") is None:
            raise self.expected("rule_bracket")
        digits = self.take(r"[0-9]+(\.[0-9]+)?") or ""
        if not digits or float(digits) >= 100:
            self.back(digits)
            raise self.expected("rule_percent")
        if self.take(r"\)") is None:
            raise self.expected("rule_bracket")
        return float(digits)

    def operator(self) -> str:
        """One of `OPERATORS`."""
        found = self.take("|".join(map(re.escape, OPERATORS)))
        if found is None:
            raise self.expected("rule_operator")
        return found

    def number(self, *, signed: bool = True) -> float:
        """A number, as 500, 0.01 or 1e3."""
        found = self.take(("-?" if signed else "") + _NUMBER)
        if found is None:
            raise self.expected("rule_number")
        return float(found)

    def share(self) -> float:
        """A number from 0 to 1, or a percentage."""
        self.take("")
        begun_at, scale = self._at, 1.0
        digits = self.take("-?" + _NUMBER)
        if digits is not None and self.take("%") is not None:
            scale = 100.0
        if digits is None or not 0 <= float(digits) / scale <= 1:
            self._at = begun_at
            raise self.expected("rule_share")
        return float(digits) / scale

    def end(self) -> None:
        """Nothing more."""
        if self.take("$") is None:
            raise self.error("rule_end")


_SPACES = re.compile(" *")
_NUMBER = r"[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,2})?(?![\w.])"


class Figure(NamedTuple):
    """The figure of a rule.  `value` is None when there is none, and `note` says why in the language of the run."""

    value: float | None
    note: str = ""


def figure_of(result: RunResult, subject: str, function: str, percent: float | None, say: Say) -> Figure:
    """The figure of a run that a rule names; `say` must know `NOTES`."""
    if subject in RUN_FIGURES:
        value = RUN_FIGURES[subject][function](result)
        return Figure(value, "" if value is not None else say("no_data"))
    stats = result.summary.metrics.get(subject, Stats())
    if function == "rate":
        return _share_of(result, subject, say)
    if percent is not None:
        return quantile_of(stats, percent, lambda: percentile(values_of(result, subject), percent), say)
    return Figure(_STATS[function](stats)) if stats.count else Figure(None, say("no_data"))


def _share_of(result: RunResult, subject: str, say: Say) -> Figure:
    """The share of ok answers that have the milestone of a subject."""
    kind, name = milestone_of(subject) or ("", "")
    ok = result.summary.ok
    if not ok:
        return Figure(None, say("no_data"))
    return Figure(result.summary.metrics.get(first_key(kind, name), Stats()).count / ok)


def quantile_of(stats: Stats, percent: float, value: Callable[[], float | None], say: Say) -> Figure:
    """A percentile, computed by `value`, if the number of values in `stats` is enough for it."""
    if not stats.count:
        return Figure(None, say("no_data"))
    if not enough_for(percent, stats.count):
        return Figure(None, say("few_samples", count=stats.count, needed=samples_needed(percent)))
    return Figure(value())


def evaluate(rule: Rule, result: RunResult) -> ThresholdResult:
    """The result of a rule for a run.  It fails when there is no value, or too few for its percentile."""
    say = speaker(NOTES, result.config.lang)
    value, note = figure_of(result, rule.subject, rule.function, rule.percent, say)
    return ThresholdResult(rule.text, value, value is not None and rule.holds(value), note)


def judged(result: RunResult) -> RunResult:
    """The same run with the result of each of its `RunConfig.thresholds`.  UsageError for an invalid rule."""
    say = speaker(TEXTS, result.config.lang)
    found = tuple(evaluate(parse_rule(text, say), result) for text in result.config.thresholds)
    return replace(result, thresholds=found)


def slos_of(config: RunConfig) -> tuple[Slo, ...]:
    """The SLOs of the requests of this run.  UsageError for an invalid rule."""
    say = speaker(TEXTS, config.lang)
    return tuple(parse_slo(text, say) for text in config.slo)


_RULE = re.compile(r"\s*(\w+)\s*(?::\s*(\w+))?.*?(<=|>=|==|!=|<|>)\s*([-+]?[0-9.]+(?:e[-+]?[0-9]+)?)\s*(%?)\s*", re.I)
RATE_UNITS = {
    ("requests", "rate"): REQUESTS_PER_S,
    ("goodput", "per_s"): REQUESTS_PER_S,
    ("tokens", "rate"): TOKENS_PER_S,
}


class Unit(NamedTuple):
    """What a figure is multiplied with to be shown, and what stands behind it in English and Chinese."""

    scale: float
    texts: tuple[str, str]
    whole: bool = False
    """Whether it counts things, which have no decimals."""


def unit_of(rule: str) -> Unit:
    """The unit of the figure of a rule, as typed."""
    found = _RULE.fullmatch(rule)
    subject, function = (found[1].lower(), (found[2] or "").lower()) if found else ("", "")
    if (subject, function) in SHARES:
        return Unit(100.0, ("%", "%"))
    if function == "count":
        return Unit(1.0, ("", ""), whole=True)
    if subject.endswith("_ms"):
        return Unit(1.0, ("ms", "ms"))
    return Unit(1.0, TOKENS_PER_S if subject == "tokens_per_s" else RATE_UNITS.get((subject, function), ("", "")))


def with_unit(rule: str, value: float | None, digits: int = 6, lang: str = LANGUAGES[0]) -> str:
    """A value of the figure of a rule with its unit: "405 ms", "58.3 %", "2,100 tokens/s"."""
    if value is None:
        return "n/a"
    scale, units, whole = unit_of(rule)
    return f"{figure(value * scale, 0 if whole else digits)} {units[LANGUAGES.index(lang)]}".rstrip()


def measured_text(rule: str, value: float | None, lang: str = LANGUAGES[0]) -> str:
    """The same, of as few digits as show on which side of the rule's limit it is, three at least."""
    found = _RULE.fullmatch(rule)
    if value is None or found is None:
        return with_unit(rule, value, lang=lang)
    scale = unit_of(rule).scale
    limit = float(found[4]) / (100 if found[5] else 1)
    holds = OPERATORS[found[3]]
    return with_unit(rule, value, telling_digits(value * scale, lambda shown: holds(shown / scale, limit)), lang)
