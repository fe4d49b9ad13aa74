"""The verdict on a run in words: what was tested, with which load, how it went, what to look at next."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from ..goals.thresholds import measured_text, unit_of
from ..metrics import enough_for, percentile, success_rate
from ..metrics.steadiness import plateau_of, stalls_of
from ..records import (
    NOT_MEASURED,
    Abort,
    BaselineResult,
    Goodput,
    Outcome,
    RunConfig,
    RunResult,
    Stats,
    Summary,
)
from ..texts import LANGUAGES, printable
from ..trust import verdict_words
from ..units import NS_PER_S
from .figures import Both, figure, percent_text, time_text
from .findings import findings
from .reduce import OK
from .shape import edges_text, notable, stalls_text, stream_text
from .wording import count_of, in_both

TAIL_RATIO = 5.0
"""A P99 of at least this many times the median is a tail worth a look."""
DRIFT_RATIO = 1.5
ACHIEVED_SHARE = 0.99
"""A rate below this share of the target rate was not reached."""
GOOD_SHARE = 0.95
"""A goodput below this share is worth a look."""
STALLED_SHARE = 0.01
"""Stalls are worth a look when at least this share of answers had one."""
DRIFT_SAMPLES = 20
"""The fewest requests in a fifth of the run for which a trend is computed."""


class Look(NamedTuple):
    """Something worth a look, and the id of the element on the page that shows it."""

    text: Both
    anchor: str


Rule = Callable[[RunResult], Look | None]


class Verdict(NamedTuple):
    """`grade` is good, fair (some failed, or figures in doubt), bad (more than one in twenty failed, or a goal
    missed) or none (nothing to judge)."""

    grade: str
    word: str
    """The key of the text that says it in a word or two."""
    headline: Both
    sentences: list[Both]
    looks: list[Look]


def shown_percentile(stats: Stats, percent: int) -> float | None:
    """P50, P90, P95 or P99 of `stats`, None when there are too few samples for it."""
    value: float | None = getattr(stats, f"p{percent}")
    return value if enough_for(percent, stats.count) else None


def think_text(config: RunConfig) -> Both:
    """The wait between two turns, in seconds."""
    least_s, most_s = config.think_time_s, config.think_time_max_s
    return in_both("think_n", n=f"{least_s:g}" if least_s == most_s else f"{least_s:g}–{most_s:g}")


def prompts_texts(config: RunConfig) -> list[Both]:
    """How the tool changes the queries: generated prompts, shared prefix, context tiers."""
    length = f"{config.prompt_tokens}" + (f"±{config.prompt_spread_tokens}" if config.prompt_spread_tokens else "")
    tiers = ", ".join(map(str, config.context_tiers))
    said = {"prompts_n": config.prompt_tokens and length, "prefix_n": config.shared_prefix_tokens, "tiers_n": tiers}
    return [in_both(key, n=n) for key, n in said.items() if n]


def shape_text(config: RunConfig) -> Both | None:
    """The load of an open loop or of stages in words: rate, arrivals, limit of concurrency; None for other loads."""
    most = in_both("shape.most", {"threads": count_of("threads", config.threads)}) if config.open_loop else ("", "")
    found = None
    if config.stages:
        found = in_both(f"shape.stages_{config.stages_of}", {"stages": _stages_text(config)})
    elif config.rate_per_s is not None:
        even = config.arrival == "constant"
        arrival = ("", "") if even else in_both("shape.arrival", kind=config.arrival)
        found = in_both("shape.rate", {"arrival": arrival}, rate=f"{config.rate_per_s:g}")
    elif config.replay_file is not None:
        found = in_both(
            "shape.replay", file=printable(config.replay_file, 80), time=time_text((config.replay_s or 0.0) * 1000)
        )
        if config.speed != 1:
            found = _and(found, in_both("shape.speed", speed=f"{config.speed:g}"), ("", ""))
    return None if found is None else _and(found, most, ("", ""))


def _stages_text(config: RunConfig) -> Both:
    stages = [in_both("shape.stage", target=f"{target:g}", seconds=f"{seconds:g}") for seconds, target in config.stages]
    return ", ".join(text for text, _ in stages), "、".join(text for _, text in stages)


def _and(text: Both, more: Both, between: Both = (", ", "，")) -> Both:
    return text[0] + between[0] + more[0], text[1] + between[1] + more[1]


def also_text(config: RunConfig) -> list[Both]:
    """Other settings of the load in words: whole answers, conversations, batches, phases, cancellations, prompts."""
    said = [] if config.stream else [in_both("whole_answers")]
    if config.turns > 1:
        said.append(in_both("turns_n", n=str(config.turns)))
    if config.think_time_max_s:
        said.append(think_text(config))
    if config.batch:
        said.append(in_both("shape.batch", n=str(config.batch)))
    if config.warmup_s:
        said.append(in_both("shape.warmup_s", n=f"{config.warmup_s:g}"))
    if config.warmup_requests:
        said.append(in_both("shape.warmup_n", {"n": count_of("requests", config.warmup_requests)}))
    if config.cooldown_s:
        said.append(in_both("shape.cooldown", n=f"{config.cooldown_s:g}"))
    if config.cancel_rate:
        said.append(in_both("shape.leave", share=percent_text(config.cancel_rate), n=f"{config.cancel_after_s:g}"))
    return said + prompts_texts(config)


def load_text(config: RunConfig) -> Both:
    """The load in words: threads, requests in total, ramp-up, duration, timeout."""
    text = shape_text(config) or count_of("threads", config.threads)
    if config.requests is not None:
        total = count_of("requests", config.requests)
        text = _and(text, (f"{total[0]} in total", f"共 {total[1]}"))
    for more in also_text(config):
        text = _and(text, more)
    extras = [
        ("ramp-up", "逐步启动", config.ramp_up_s),
        ("duration", "持续", config.duration_s),
        ("timeout", "超时", config.timeout_s),
    ]
    for word, chinese_word, seconds in extras:
        if seconds:
            text = _and(text, (f"{word} {seconds:g} s", f"{chinese_word} {seconds:g} 秒"))
    return text


def aborted_text(abort: Abort) -> Both:
    """Why the run was aborted."""
    value = measured(abort.rule, abort.value)
    return in_both("aborted", {"value": value}, rule=abort.rule, at=abort.at_s)


def goodput_text(goodput: Goodput) -> Both:
    """The goodput in words: how many requests met all SLOs."""
    return in_both(
        "goodput",
        {"n": count_of("requests", goodput.of)},
        met=f"{goodput.met:,}",
        share=percent_text(goodput.share),
        rate=figure(goodput.requests_per_s),
        rules=", ".join(goodput.rules),
    )


def failing_text(summary: Summary) -> Both:
    """What comes before all else when a run fails more than the one it is compared with."""
    return in_both("fails_now", share=percent_text(summary.failed / (summary.ok + summary.failed)))


def baseline_title(file: str) -> Both:
    """The title above the figures of the two runs."""
    return in_both("against", file=file)


def measured(rule: str, value: float | None) -> Both:
    """The measured value of a rule with its unit, see `measured_text`."""
    english, chinese = (measured_text(rule, value, lang) for lang in LANGUAGES)
    return english, chinese


class BaselineCells(NamedTuple):
    """The old figure, the new one, their difference and its interval, all in one unit."""

    unit: Both
    old: str
    new: str
    difference: str
    interval: str


def baseline_cells(each: BaselineResult) -> BaselineCells:
    """The figures of a row of the comparison with an older run."""
    scale, unit, whole = unit_of(each.rule)

    def shown(value: float | None, digits: int = 3) -> str:
        return "n/a" if value is None else figure(value * scale, 0 if whole else digits)

    difference = None if each.old is None or each.new is None else each.new - each.old
    interval = "n/a" if each.low is None else f"{shown(each.low)} … {shown(each.high)}"
    return BaselineCells(unit, shown(each.old, 4), shown(each.new, 4), shown(difference), interval)


def verdict(result: RunResult) -> Verdict:
    """The verdict on the run."""
    summary = result.summary
    finished = summary.ok + summary.failed
    found = (Look(each.text, each.anchor) for each in findings(result))
    looks = [*_looks(_FIRST, result), *found, *_looks(_RULES, result)]
    if not looks and finished:
        looks = [Look(in_both("look.nothing"), "load")]
    grade = "bad" if result.missed or result.fails_more else _grade(summary)
    if grade == "good" and result.trust is not None and result.trust.reasons:
        grade = "fair"
    return Verdict(grade, _word(result, grade), _with_goals(result, _headline(summary)), _sentences(result), looks)


def _word(result: RunResult, grade: str) -> str:
    """Passed is a run of which something was demanded; without goals nothing is known but that none failed."""
    if result.missed:
        return "word.missed"
    demanded = bool(result.thresholds or result.baseline)
    return "word.passed" if grade == "good" and demanded else f"word.{grade}"


def _looks(rules: Iterable[Rule], result: RunResult) -> Iterator[Look]:
    return (look for rule in rules if (look := rule(result)) is not None)


def _with_goals(result: RunResult, headline: Both) -> Both:
    """The headline, with the missed goals before it; where more requests fail than before, that in its place."""
    said: list[Both] = [failing_text(result.summary)] if result.fails_more else []
    if result.aborted:
        said.append(in_both("aborted_headline", rule=result.aborted.rule))
    kept = [each.ok for rows in (result.thresholds, result.baseline) for each in rows]
    if not all(kept):
        said.append(in_both("missed_headline", missed=kept.count(False), all=len(kept)))
    elif kept:
        said.append(in_both("kept_headline.one" if len(kept) == 1 else "kept_headline.many", all=len(kept)))
    if not result.fails_more:
        said.append(headline)
    if result.missing_requests:
        said.append(in_both("missing_headline", {"n": count_of("requests", result.missing_requests)}))
    return ". ".join(each[0] for each in said), "。".join(each[1] for each in said)


def _grade(summary: Summary) -> str:
    rate = success_rate(summary.ok, summary.ok + summary.failed)
    if rate is None:
        return "none"
    return "good" if rate == 1 else "fair" if rate >= 0.95 else "bad"


def _headline(summary: Summary) -> Both:
    finished = summary.ok + summary.failed
    if not finished:
        return in_both("nothing_sent")
    if finished == 1:
        return in_both("one_ok" if summary.ok else "one_failed")
    key = "all_ok" if not summary.failed else "some_ok" if summary.ok else "none_ok"
    share = percent_text(summary.ok / finished)
    return in_both(key, {"n": count_of("requests", finished)}, share=share)


def _sentences(result: RunResult) -> list[Both]:
    summary, config = result.summary, result.config
    model = config.model or config.model_name
    threads = count_of("threads", config.threads)
    if config.open_loop:
        threads = in_both("up_to", {"threads": threads})
    tested = in_both(
        "tested_model" if model else "tested",
        {"threads": threads, "requests": count_of("requests", summary.sent)},
        model=printable(model or "", 80),
        target=printable(config.url, 200),
        duration=time_text(result.duration_ns / 1e6),
    )
    return [tested, *_how_it_went(summary, config.stream), *_trust(result), *how_the_load_went(result)]


def _how_it_went(summary: Summary, stream: bool) -> list[Both]:
    latency = summary.metrics.get("latency_ms", Stats())
    first, key = (summary.metrics.get("ttft_ms", Stats()), "began") if stream else (latency, "complete")
    if first.p50 is None or not enough_for(50, first.count):
        return []
    p99 = shown_percentile(first, 99)
    times = {"p50": time_text(first.p50), "p99": time_text(p99), "latency": time_text(latency.p50)}
    return [
        in_both(f"{key}_few" if p99 is None else key, None, **times),
        in_both(
            "pace_failed" if summary.failed else "pace",
            tokens=figure(summary.output_tokens_per_s),
            rps=figure(summary.requests_per_s),
        ),
    ]


def how_the_load_went(result: RunResult) -> list[Both]:
    """How the schedule was kept, what was cancelled or left out of the metrics, and why the run is incomplete."""
    summary = result.summary
    said = []
    if (kept := summary.schedule) is not None and kept.worst_delay_ms is not None:
        key, late = "schedule.kept" if kept.late else "schedule.kept_well", {"late": count_of("requests", kept.late)}
        rates = {"asked": figure(kept.asked_per_s), "sent": figure(kept.sent_per_s)}
        said.append(in_both(key, late, **rates, worst=time_text(kept.worst_delay_ms)))
        if kept.dropped:
            said.append(in_both("schedule.dropped", {"n": count_of("requests", kept.dropped)}))
    if summary.left_early:
        left = {"n": count_of("requests", summary.left_early)}
        said.append(in_both("left_early", left, tokens=f"{summary.left_early_tokens:,}"))
    if left_out := sum(sum(counts.values()) for counts in summary.left_out.values()):
        said.append(in_both("left_out", {"n": count_of("requests", left_out)}))
    if summary.cancelled > summary.left_early:
        said.append(in_both("cancelled", {"n": count_of("requests", summary.cancelled - summary.left_early)}))
    if result.aborted:
        said.append(aborted_text(result.aborted))
    if result.interrupted:
        said.append(in_both("interrupted"))
    if result.partial:
        said.append(partial_text(result.missing_requests))
    return said + [in_both(key) for key in _MISSING if getattr(result, key)]


def partial_text(missing: int | None) -> tuple[str, str]:
    """That a part of the tool was lost, and how many requests with it; None: an older version has not said."""
    if missing == 0:
        return in_both("partial_none")
    return in_both("partial", {"n": in_both("not_said") if missing is None else count_of("requests", missing)})


_MISSING = ("records_partial", "skipped_lines")


def _failed(result: RunResult) -> Look | None:
    summary = result.summary
    kinds = {name: n for name, n in summary.outcomes.items() if name not in (Outcome.OK.value, Outcome.CANCELLED.value)}
    if not summary.failed or not kinds:
        return None
    worst = max(kinds, key=kinds.__getitem__)
    values = {"n": count_of("requests", summary.failed), "outcome": in_both(f"outcome.{worst}")}
    return Look(in_both("look.failed", values), "errors")


MISSED_NAMED = 3
"""Missed goals that are named at the top; all of them stand in their table."""


def _missed(result: RunResult) -> Look | None:
    missed = [(each.rule, measured(each.rule, each.value)) for each in result.thresholds if not each.ok]
    rules = [tuple(f"{rule} ({value})" for value in values) for rule, values in missed]
    rules += [(each.rule,) * 2 for each in result.baseline if not each.ok]
    if not rules:
        return None
    english, chinese = (printable(", ".join(texts), 300) for texts in zip(*rules[:MISSED_NAMED], strict=True))
    more = len(rules) - MISSED_NAMED
    key = "look.missed_more" if more > 0 else "look.missed"
    return Look(in_both(key, {"rules": (english, chinese)}, n=more), "goals")


def _goodput(result: RunResult) -> Look | None:
    goodput = result.summary.goodput
    if goodput is None or goodput.share is None or goodput.share >= GOOD_SHARE:
        return None
    values = {"n": count_of("requests", goodput.of)}
    return Look(in_both("look.goodput", values, met=f"{goodput.met:,}", rules=", ".join(goodput.rules)), "goals")


def _drift(result: RunResult) -> Look | None:
    if len(result.rounds) != 1:  # each has another context
        return None
    begin_ns, fifth_ns = result.rounds[0].main_begin_ns, result.rounds[0].main_ns // 5
    first, last = array("q"), array("q")
    column, key = ("ttft_ns", "look.drift") if result.config.stream else ("latency_ns", "look.drift_whole")
    for start, time, outcome in result.requests.main().rows("started_ns", column, "outcome"):
        if outcome == OK and time != NOT_MEASURED:
            if start < begin_ns + fifth_ns:
                first.append(time)
            elif start >= begin_ns + 4 * fifth_ns:
                last.append(time)
    # A ramp-up or stages change the load within the run: slower is then what was asked for.
    changing = result.config.stages or result.config.ramp_up_s * NS_PER_S > fifth_ns
    if min(len(first), len(last)) < DRIFT_SAMPLES or changing:
        return None
    ratio = _median(last) / max(_median(first), 1)
    return Look(in_both(key, ratio=figure(ratio)), "tails") if ratio >= DRIFT_RATIO else None


def _groups(result: RunResult) -> Look | None:
    """How much of the time is that of the context, or of the turn: what such a run was made for."""
    for anchor, groups in (("contexts", result.summary.context_tiers), ("turns", result.summary.turns)):
        times = [group.ttft_ms if result.config.stream else group.latency_ms for group in groups]
        ends = [shown_percentile(stats, 50) for stats in (times[:1] + times[-1:])]
        if len(groups) > 1 and None not in ends:
            values = {"first": f"{groups[0].value:,}", "last": f"{groups[-1].value:,}"}
            key = f"look.{anchor}" if result.config.stream else f"look.{anchor}_whole"
            return Look(in_both(key, None, **values, low=time_text(ends[0]), high=time_text(ends[1])), anchor)
    return None


def _median(values: Sequence[int]) -> float:
    return percentile(sorted(values), 50) or 0.0


def _tail(result: RunResult) -> Look | None:
    metric, key = ("ttft_ms", "look.tail") if result.config.stream else ("latency_ms", "look.tail_whole")
    times = result.summary.metrics.get(metric, Stats())
    p99 = shown_percentile(times, 99)
    if p99 is None or not times.p50 or p99 < TAIL_RATIO * times.p50:
        return None
    return Look(in_both(key, ratio=figure(p99 / times.p50)), "tails")


def _shape(result: RunResult) -> Look | None:
    shape = result.summary.shape
    said = stream_text(result) if notable(shape) else None
    return None if said is None else Look(said, "shape")


def _stall(result: RunResult) -> Look | None:
    stalls = stalls_of(result)
    said = stalls_text(stalls)
    return Look(said, "spread") if said is not None and (stalls.share or 0) >= STALLED_SHARE else None


def _edges(result: RunResult) -> Look | None:
    said = edges_text(result, plateau_of(result))
    return None if said is None else Look(said, "load")


def _rate(result: RunResult) -> Look | None:
    kept = result.summary.schedule
    if kept is None or not kept.asked_per_s or kept.sent_per_s is None:
        return None
    share = kept.sent_per_s / kept.asked_per_s
    if share >= ACHIEVED_SHARE:
        return None
    key = "look.rate_threads" if kept.all_busy else "look.rate"
    return Look(in_both(key, share=percent_text(share), asked=figure(kept.asked_per_s)), "load")


def _retried(result: RunResult) -> Look | None:
    retried = result.summary.retried
    return Look(in_both("look.retried", {"n": count_of("requests", retried)}), "slowest") if retried else None


def _resent(result: RunResult) -> Look | None:
    resent = result.summary.resent
    return Look(in_both("look.resent", {"n": count_of("requests", resent)}), "slowest") if resent else None


def _few(result: RunResult) -> Look | None:
    ok = result.summary.ok
    few = 0 < ok < 100 and result.summary.sent > 1  # of one nobody expects percentiles
    return Look(in_both("look.few", {"n": count_of("requests", ok)}), "metrics") if few else None


def _estimate(result: RunResult) -> Look | None:
    source = result.summary.token_source or ""
    estimated = dict.fromkeys(("estimate", "weighted", "chunks"), "look.estimate")
    key = {**estimated, "mixed": "look.mixed"}.get(source)
    return Look(in_both(key), "metrics") if key else None


def _trust(result: RunResult) -> list[Both]:
    trust = result.trust
    if trust is None or trust.verdict == "not_measured":
        return []
    verdict = verdict_words(result)
    return [in_both("trust_said", {"verdict": verdict})]


def _doubt(result: RunResult) -> Look | None:
    return Look(in_both("look.trust"), "trust") if result.trust is not None and result.trust.reasons else None


_FIRST: tuple[Rule, ...] = (_missed, _failed, _doubt)
_RULES: tuple[Rule, ...] = (
    _goodput, _groups, _shape, _drift, _tail, _stall, _edges, _rate, _retried, _resent, _few, _estimate,
)  # fmt: skip
