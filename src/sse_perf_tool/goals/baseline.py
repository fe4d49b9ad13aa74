"""Compares a run with an older one: is it worse than allowed, and is the difference more than chance?

    allowed = subject ":" function ("<" "+" | ">" "-") number ["%"]

`ttft_ms:p(95)<+10%` wants the new figure to be less than 10 % above the old one, `tokens:rate>-5%` less than 5 % below
it, `<+50` less than 50 (in the unit of the figure) above it.  A rule is missed when the new figure is beyond that and
the 95 % interval of new - old shows a worsening at all: it lies wholly above 0, for ">" wholly below.

When more requests fail than did, the figures of the answers left prove nothing: a rule about them that is kept says so,
and `ERRORS_ALLOWED` is held against the run as well, unless it has a rule about errors.

The intervals are those of `compare`; that of a mean is the normal one.  Old records (`--records`) have every
request; an old summary (`--json`) has none, so its percentile is taken to scatter as the new one does, times the square
root of the ratio of their numbers of requests.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

from ..errors import UsageError
from ..metrics import METRICS, MILESTONE_METRICS, values_of
from ..records import (
    SUMMARY_SCHEMA,
    BaselineResult,
    Goodput,
    IntervalSample,
    RequestTable,
    RunResult,
    Stats,
    Summary,
)
from ..records.checked import UnfitError, counted, fits, noun_of
from ..records.file import readable_config
from ..records.reader import NO_RECORD, read_header
from ..texts import Say, Texts, printable, speaker
from ..units import NS_PER_S
from .compare import (
    FEWEST_SAMPLES,
    Figure,
    fails_more_than,
    interval,
    percentile_figure,
    rate_figure,
    share_figure,
    whole_seconds,
)
from .past_run import read_run
from .thresholds import NOTES as RULE_NOTES
from .thresholds import TEXTS as RULE_TEXTS
from .thresholds import Scanner, Slo, figure_of, quantile_of

TEXTS: Texts = {
    **RULE_TEXTS,
    "rule_allowed": (
        "<+ and the increase allowed, or >- and the decrease allowed",
        "<+ 及允许升高的幅度，或 >- 及允许降低的幅度",
    ),
    "rule_sign": ("{sign} and an amount, as in 10% or 50", "{sign} 及幅度，如 10% 或 50"),
    "rule_gaps": (
        "character {place}: gaps within an answer are correlated, so chance is unknown; use tpot_ms or max_gap_ms",
        "第 {place} 个字符：同一回答内的间隔彼此相关，无法判断是否偶然，请改用 tpot_ms 或 max_gap_ms",
    ),
    "unreadable": ("{path}: cannot be read ({reason}); check the path", "{path}：无法读取（{reason}），请检查路径"),
    "not_a_run": (
        "{path}: neither a --json nor a --records file; give one of these",
        "{path}：既不是 --json 文件，也不是 --records 文件，请给出其中之一",
    ),
}

NOTES: Texts = {
    **RULE_NOTES,
    "old": ("old run: {note}", "旧的测试：{note}"),
    "new": ("new run: {note}", "新的测试：{note}"),
    "too_few": (
        "too few samples to rule out chance: {needed} are needed (for rates: whole seconds)",
        "样本太少，无法排除偶然：需要 {needed} 个（速率按整秒计）",
    ),
    "other_slo": ("its --slo rules differ", "其 --slo 不同"),
    "not_in_summary": ("not in its summary; give its records", "汇总中没有此项，请给出其逐请求记录"),
    "by_chance": ("may be chance", "可能是偶然差异"),
    "survivors": ("of the answers left", "仅来自余下的回答"),
    "unasked": ("checked because more requests fail", "因失败的请求增多而检查"),
}

ERRORS_ALLOWED = "errors:rate<+10%"
DEFAULT_ALLOW = ("ttft_ms:p(95)<+10%", "latency_ms:p(95)<+10%", ERRORS_ALLOWED)
WHOLE_ALLOW = DEFAULT_ALLOW[1:]
"""The defaults of --allow, for streams and for whole answers, which have no first token."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """A parsed rule: how much worse one figure may be."""

    text: str
    subject: str
    function: str
    percent: float | None
    worse: int
    """1 when higher is worse, -1 when lower is."""
    by: float
    relative: bool
    """`by` is a share of the old figure, not an amount in its unit."""

    def beyond(self, old: float, new: float) -> bool:
        """Whether the new figure is as much worse as is not allowed, or more."""
        worsening = (new - old) * self.worse
        return worsening > 0 and worsening >= self.by * (abs(old) if self.relative else 1)


RUN_FUNCTIONS = {"errors": ("rate",), "requests": ("rate",), "tokens": ("rate",), "goodput": ("rate",)}
METRIC_FUNCTIONS = ("avg", "med", "p(N)")
_COMPARABLE = tuple(name for name in METRICS if name != "itl_ms")


def parse_allowed(text: str, say: Say) -> Allowed:
    """Parses an --allow rule.  UsageError as in `thresholds.parse_rule`; `say` must know `TEXTS`."""
    scanner = Scanner(text, say)
    if (gaps := scanner.take(r"(itl|\w+_gap)_ms\b")) is not None and gaps != "max_gap_ms":
        scanner.back(gaps)
        raise scanner.error("rule_gaps")
    scanner.back(gaps or "")
    subject = scanner.metric((*_COMPARABLE, *RUN_FUNCTIONS), MILESTONE_METRICS)
    function, percent = scanner.function(RUN_FUNCTIONS.get(subject, METRIC_FUNCTIONS))
    comparison = scanner.take("[<>]")
    if comparison is None:
        raise scanner.expected("rule_allowed")
    sign = "+" if comparison == "<" else "-"
    if scanner.take(rf"\{sign}") is None:
        raise scanner.expected("rule_sign", sign=sign)
    by = scanner.number(signed=False)
    relative = scanner.take("%") is not None
    scanner.end()
    return Allowed(
        text.strip(),
        subject,
        function,
        percent,
        worse=1 if comparison == "<" else -1,
        by=by / 100 if relative else by,
        relative=relative,
    )


@dataclass(frozen=True, slots=True)
class _Side:
    """A figure of one of the two runs, or the reason why it has none."""

    figure: Figure
    note: str = ""


def _figure(result: RunResult, rule: Allowed, say: Say) -> _Side:
    """The figure of a run that a rule names.  A run read from its summary has `Stats`, but no requests."""
    value, note = figure_of(result, rule.subject, rule.function, rule.percent, say)
    if value is None:
        return _Side(Figure(None, None), note)
    if rule.subject in RUN_FUNCTIONS:
        return _Side(_run_figure(result, rule.subject, value))
    if rule.percent is None:
        return _Side(_mean_figure(result.summary.metrics[rule.subject]))
    values = values_of(result, rule.subject)
    return _Side(percentile_figure([values[at] for at in range(len(values))], rule.percent))


def _run_figure(result: RunResult, subject: str, value: float) -> Figure:
    summary = result.summary
    if subject == "errors":
        return share_figure(summary.failed, summary.ok)
    if subject == "goodput" and summary.goodput is not None:
        return share_figure(summary.goodput.met, summary.goodput.of - summary.goodput.met)
    field = {"requests": "requests_done", "tokens": "tokens"}[subject]
    return rate_figure(value, [second.per_s(float(getattr(second, field))) for second in whole_seconds(result)])


def _mean_figure(stats: Stats) -> Figure:
    mean, spread = stats.mean or 0.0, stats.stddev
    if spread is None or stats.count < FEWEST_SAMPLES:
        return Figure(stats.mean, None)
    error = spread / math.sqrt(stats.count)
    return Figure(mean, lambda random: random.gauss(mean, error))


@dataclass(frozen=True, slots=True)
class Baseline:
    """The older run.  `sampled`: its single requests are known."""

    result: RunResult
    sampled: bool
    warnings: tuple[str, ...] = ()
    """What is to be said of its file."""

    def side(self, rule: Allowed, new: RunResult, now: Figure, say: Say) -> _Side:
        """Its figure for a rule; `new` is the run that is compared with it, whose figure is `now`."""
        goodput = self.result.summary.goodput
        if rule.subject == "goodput" and goodput is not None and goodput.rules != tuple(new.config.slo):
            return _Side(Figure(None, None), say("other_slo"))
        if self.sampled or rule.percent is None:
            return _figure(self.result, rule, say)
        stats = self.result.summary.metrics.get(rule.subject, Stats())
        known: Mapping[float, float | None] = {50.0: stats.p50, 90.0: stats.p90, 95.0: stats.p95, 99.0: stats.p99}
        if rule.percent not in known:
            return _Side(Figure(None, None), say("not_in_summary"))
        figure = known[rule.percent]
        value, note = quantile_of(stats, rule.percent, lambda: figure, say)
        if value is None:
            return _Side(Figure(None, None), note)
        count = new.summary.metrics.get(rule.subject, Stats()).count
        return _Side(_scattered_like(now, value, math.sqrt(count / stats.count)))


def _scattered_like(other: Figure, value: float, scale: float) -> Figure:
    """A figure whose draws differ from `value` as those of the other do from its own, `scale` times."""
    draw, middle = other.draw, other.value
    if draw is None or middle is None:
        return Figure(value, None)
    return Figure(value, lambda random: value + (draw(random) - middle) * scale)


def held_against(new: RunResult, old: Baseline, *, seed: int = 1) -> RunResult:
    """The new run with the result of each `RunConfig.allow` rule; the same input gives the same result.

    A rule fails when one of the runs does not have its figure, or when samples are too few to rule out chance.
    """
    grammar, say = (speaker(texts, new.config.lang) for texts in (TEXTS, NOTES))
    random = Random(seed)  # noqa: S311  statistics, not secrets
    rules = [parse_allowed(text, grammar) for text in new.config.allow]
    found = [_held(rule, new, old, say, random) for rule in rules]
    fails_more = fails_more_than(old.result.summary, new.summary, seed=seed)
    if fails_more:
        of_answers = (rule.subject not in RUN_FUNCTIONS for rule in rules)
        found = [_of_survivors(each, say) if of else each for each, of in zip(found, of_answers, strict=True)]
        if all(rule.subject != "errors" for rule in rules):
            unasked = _held(parse_allowed(ERRORS_ALLOWED, grammar), new, old, say, random)
            found.append(replace(unasked, note=say("unasked")))
    return replace(new, baseline=tuple(found), fails_more=fails_more)


def _of_survivors(each: BaselineResult, say: Say) -> BaselineResult:
    return replace(each, note=each.note or say("survivors")) if each.ok else each


def _held(rule: Allowed, new: RunResult, old: Baseline, say: Say, random: Random) -> BaselineResult:
    now = _figure(new, rule, say)
    before = old.side(rule, new, now.figure, say)
    base, other = before.figure, now.figure
    if base.value is None or other.value is None:
        note = say("old", note=before.note) if base.value is None else say("new", note=now.note)
        return BaselineResult(rule.text, base.value, other.value, None, None, False, note)
    beyond = rule.beyond(base.value, other.value)
    if base.draw is None or other.draw is None:
        note = say("too_few", needed=FEWEST_SAMPLES) if beyond else ""
        return BaselineResult(rule.text, base.value, other.value, None, None, not beyond, note)
    low, high = interval(base.draw, other.draw, random)
    shown = low > 0 if rule.worse > 0 else high < 0
    note = say("by_chance") if beyond and not shown else ""
    return BaselineResult(rule.text, base.value, other.value, low, high, not (beyond and shown), note)


def load_baseline(path: Path, slos: Sequence[Slo], lang: str) -> Baseline:
    """The older run, from a `--records` or `--json` file.  UsageError, without the name of a flag.

    Its goodput is computed by `slos`; a summary has only that by its own SLOs.
    """
    say = speaker(TEXTS, lang)
    try:
        if _holds_records(path, lang):
            past = read_run(path, lang, slos)
            return Baseline(past.result(), sampled=True, warnings=past.warnings)
        return Baseline(_result_of_summary(json.loads(path.read_bytes())), sampled=False)
    except OSError as error:
        raise UsageError(say("unreadable", path=printable(str(path)), reason=error)) from error
    except NO_RECORD:
        raise UsageError(say("not_a_run", path=printable(str(path)))) from None


def _holds_records(path: Path, lang: str) -> bool:
    """Whether a file holds the records of a run, even if its header is damaged; OSError when it cannot be read."""
    path.open("rb").close()
    try:
        read_header(path, lang)
    except UsageError:
        return False
    return True


def _result_of_summary(document: Mapping[str, Any]) -> RunResult:
    """The run of a summary, without requests.  KeyError, TypeError or ValueError when it is not a summary."""
    if document["schema"] != SUMMARY_SCHEMA:
        raise ValueError(document["schema"])
    counts, rates, tokens = document["requests"], document["rates"], document["tokens"]
    summary = Summary(
        sent=counted(counts, "sent"),
        ok=counted(counts, "ok"),
        failed=counted(counts, "failed"),
        metrics={name: noun_of(Stats, values) for name, values in document["metrics"].items()},
        requests_per_s=_number(rates, "requests_per_s"),
        output_tokens_per_s=_number(rates, "output_tokens_per_s"),
        output_tokens=counted(tokens, "output"),
        goodput=_goodput(document.get("goodput")),
    )
    return RunResult(
        config=readable_config(document["config"])[0],
        started_unix_ns=0,
        duration_ns=round(_number(document, "duration_s") * NS_PER_S),
        requests=RequestTable(),
        time_series=[noun_of(IntervalSample, _with_buckets(row)) for row in document["time_series"]],
        summary=summary,
    )


def _goodput(values: Mapping[str, Any] | None) -> Goodput | None:
    if values is None:
        return None
    rules = tuple(str(rule) for rule in values["rules"])
    return Goodput(rules, counted(values, "met"), counted(values, "of"), _number(values, "requests_per_s"))


def _number(values: Mapping[str, Any], name: str) -> float:
    """A number that is not negative.  KeyError, `UnfitError`."""
    if not fits(values[name], float, least=0):
        raise UnfitError(name)
    return float(values[name])


def _with_buckets(row: Mapping[str, Any]) -> dict[str, Any]:
    """A second of the run without its gaps, whose buckets JSON has as texts: nothing here looks at them."""
    return {name: value for name, value in row.items() if name != "gap_counts"}
