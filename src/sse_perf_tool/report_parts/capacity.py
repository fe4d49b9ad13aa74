"""The capacity in words, and the parts of its page: verdict, table of steps, and the data of the charts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..capacity.search import BUSY_CLIENT, curve, unjudged_step, verdicts, without_verdict
from ..goals.thresholds import SHARES, Rule, parse_rule, unit_of
from ..goals.thresholds import TEXTS as RULE_TEXTS
from ..metrics import percentile, success_rate
from ..records import Capacity, Ending, Limit, RunConfig, Stats, StepResult, ThresholdResult
from ..texts import LANGUAGES, printable, speaker
from ..trust import TEXTS as TRUST_TEXTS
from .figures import Both, figure, percent_text, time_text
from .messages import message
from .page import code, command_html, host_text, moment
from .server import figures_words
from .tables import number_cell, table
from .tiles import Tile, tile_html
from .verdict import measured, shown_percentile
from .wording import TEXTS, both, count_of, in_both, pair, terms_html

_SAY = speaker(RULE_TEXTS, LANGUAGES[0])


def level_text(capacity: Capacity, level: float) -> Both:
    """A level in words: "48 threads", "2.5 requests/s"."""
    if capacity.search.by == "threads":
        return count_of("threads", round(level))
    return in_both("capacity.rate", n=f"{level:g}")


def headline(capacity: Capacity) -> Both:
    """The result in a few words."""
    if not capacity.steps:
        return in_both("capacity.nothing")
    if capacity.level is None:
        return in_both("capacity.none" if unjudged_step(capacity.steps) is None else "capacity.unjudged_short")
    return in_both(_HEADLINES[_open(capacity)], {"level": level_text(capacity, capacity.level)})


_HEADLINES = {False: "capacity.up_to", True: "capacity.at_least"}


def _open(capacity: Capacity) -> bool:
    """Whether the capacity may be higher than the level found."""
    return capacity.failing is None or capacity.ending in (Ending.INTERRUPTED, Ending.UNJUDGED)


def sentence(capacity: Capacity) -> Both:
    """The result with its evidence, one sentence, without a full stop."""
    if not capacity.steps:
        return in_both(_NO_STEP.get(capacity.ending, "capacity.nothing"))
    unjudged = unjudged_step(capacity.steps)
    if unjudged is not None and capacity.level is None:
        return _unjudged(capacity, unjudged)
    parts: list[Both] = []
    if capacity.level is not None:
        parts.append(_passing(capacity, capacity.level))
    if capacity.failing is not None:
        parts.append(_failing(capacity, capacity.failing))
    if unjudged is not None:
        parts.append(_unjudged(capacity, unjudged))
    if capacity.ending in _ENDED:
        parts.append(in_both(_ENDED[capacity.ending]))
    parts += _limit(capacity)
    parts += _passed_over(capacity)
    return "; ".join(english for english, _ in parts), "；".join(chinese for _, chinese in parts)


def _step_at_capacity(capacity: Capacity) -> StepResult | None:
    """The last step that passed at the capacity."""
    return next((each for each in reversed(capacity.steps) if each.level == capacity.level and each.passed), None)


def _trust_of_deciding(capacity: Capacity) -> str:
    """The worst trust among the steps on both sides of the edge."""
    decided = [each.trust for each in capacity.steps if each.level in (capacity.level, capacity.failing)]
    return max(decided, key=_TRUST_ORDER.index)


def evidence(capacity: Capacity) -> Both | None:
    """What the service gave at the capacity, and how far the steps that decided can be trusted; None without one."""
    step = _step_at_capacity(capacity)
    if step is None:
        return None
    ttft = step.metrics.get("ttft_ms", Stats())
    shown = ", ".join(
        f"P{percent} {time_text(value)}"
        for percent in (50, 95)
        if (value := shown_percentile(ttft, percent)) is not None
    )
    times = in_both("capacity.ttft", shown=shown) if shown else ("", "")
    said = {"trust": TRUST_TEXTS[_trust_of_deciding(capacity)], "ttft": times}
    rates = {"rate": figure(step.requests_per_s), "tokens": figure(step.output_tokens_per_s)}
    return in_both("capacity.evidence", said, **rates)


_TRUST_ORDER = ("trusted", "not_measured", "degraded", "invalid")

_NO_STEP = {Ending.INTERRUPTED: "capacity.interrupted_early"}
_ENDED = {Ending.MOST: "capacity.ended_most", Ending.INTERRUPTED: "capacity.ended_interrupted"}


def _unjudged(capacity: Capacity, step: StepResult) -> Both:
    values = {"level": level_text(capacity, step.level)}
    if not step.ok + step.failed:
        return in_both("capacity.no_request", values)
    check = next(check for check in step.checks if not check.ok)
    return in_both("capacity.unjudged", values, rule=check.rule, note=check.note)


def _passed_over(capacity: Capacity) -> list[Both]:
    """The levels without a verdict below the capacity or above the level that fails: they change nothing."""
    silent = sorted({step.level for step in without_verdict(capacity.steps)})
    low, high = capacity.level, capacity.failing
    sides = (
        ("capacity.below", [level for level in silent if low is not None and level < low]),
        ("capacity.above", [level for level in silent if high is not None and level > high]),
    )
    return [in_both(key, {"levels": _levels_text(capacity, levels)}) for key, levels in sides if levels]


def _levels_text(capacity: Capacity, levels: Sequence[float]) -> Both:
    said = [level_text(capacity, level) for level in levels]
    return ", ".join(english for english, _ in said), "、".join(chinese for _, chinese in said)


def _passing(capacity: Capacity, level: float) -> Both:
    """The level that passes, and the value measured there for the rule that is missed above it."""
    rule = _missed_rule(capacity, capacity.failing)
    values = _values(capacity.steps, level, rule)
    shown = _figure(capacity, rule, values)
    said = in_both("capacity.passing", {"level": level_text(capacity, level), "figure": shown})
    if len(values) < 2:
        return said
    low, high = _value_words(rule, min(values)), _value_words(rule, max(values))
    key = "capacity.no_spread" if low == high else "capacity.spread"
    spread = in_both(key, {"low": low, "high": high}, n=len(values))
    return said[0] + spread[0], said[1] + spread[1]


def _failing(capacity: Capacity, level: float) -> Both:
    """The level that fails, the value measured there, and its limit."""
    rule = _missed_rule(capacity, level)
    values = _values(capacity.steps, level, rule, missed=True)
    shown = _figure(capacity, rule, values)
    said = {"level": level_text(capacity, level), "figure": shown, "demand": _demand(rule)}
    return in_both("capacity.failing" if capacity.level is not None else "capacity.least", said)


def _missed_rule(capacity: Capacity, level: float | None) -> str:
    """The first rule that is missed at the level; the first of all when none is."""
    steps = [step for step in capacity.steps if step.level == level]
    missed = (check.rule for step in steps for check in step.checks if not check.ok)
    return next(missed, capacity.steps[0].checks[0].rule)


def _values(steps: Sequence[StepResult], level: float, rule: str, missed: bool = False) -> list[float]:
    """The values of the rule's figure in the steps at this level; only those that miss it if `missed`."""
    wanted = _subject(rule)
    checks = (check for step in steps if step.level == level for check in step.checks if _subject(check.rule) == wanted)
    return [check.value for check in checks if check.value is not None and not (missed and check.ok)]


def _subject(rule: str) -> str:
    """The rule without its operator and number."""
    return re.split("[<>=!]", rule)[0].strip()


def _error_words(told: str) -> Both:
    """What failed, as `StepResult.error` has it, in words."""
    outcome, _, said = told.partition(": ")
    name = TEXTS.get(f"outcome.{outcome}")
    if name is None:
        return (printable(told, 120),) * 2
    english, chinese = message(said)
    return f"{name[0]}: {printable(english, 120)}", f"{name[1]}：{printable(chinese, 120)}"


def _limit(capacity: Capacity) -> list[Both]:
    rate = figure(capacity.edge_per_s)
    match capacity.limit:
        case Limit.SERVER:
            if capacity.failing is None and capacity.knee is not None:
                return [in_both("capacity.limit_full", {"knee": level_text(capacity, capacity.knee)}, rate=rate)]
            return [in_both("capacity.limit_server", rate=rate)]
        case Limit.ERRORS:
            errors = [step.error for step in capacity.steps if step.level == capacity.failing and step.error]
            return [in_both("capacity.limit_errors", {"error": _error_words(errors[0])})]
        case Limit.CLIENT:
            top = capacity.level if capacity.failing is None else capacity.failing
            cpu = max(step.client_cpu or 0.0 for step in capacity.steps if step.level == top)
            busy = cpu >= BUSY_CLIENT
            return [
                in_both("capacity.limit_client" if busy else "capacity.limit_doubt", cpu=percent_text(min(cpu, 1.0)))
            ]
        case Limit.GROWING if capacity.failing is not None:
            return [in_both("capacity.limit_growing", rate=rate)]
    return []


# --- rules in words


def _parsed(text: str) -> Rule:
    return parse_rule(text, _SAY)


def _figure(capacity: Capacity, text: str, values: Sequence[float]) -> Both:
    """The median of the values of a rule, in words: "TTFT p95 was 431 ms", "98.2 % of requests met ttft_ms<500"."""
    value = percentile(sorted(values), 50)
    if value is None:
        return in_both("capacity.no_value")
    rule, shown = _parsed(text), _value_words(text, value)
    key = _FIGURES.get((rule.subject, rule.function), "capacity.figure")
    return in_both(key, {"value": shown}, name=_figure_name(rule), rules=", ".join(capacity.search.slo))


_FIGURES = {
    ("goodput", "rate"): "capacity.figure_goodput",
    ("errors", "rate"): "capacity.figure_errors",
    ("requests", "rate"): "capacity.figure_sent",
}


_NAMES: Mapping[str, str] = {"ttft_ms": "TTFT", "ttfb_ms": "TTFB", "itl_ms": "ITL", "tpot_ms": "TPOT"}


def _figure_name(rule: Rule) -> str:
    function = f"p{rule.percent:g}" if rule.function == "p" else rule.function
    return f"{_NAMES.get(rule.subject, rule.subject)} {function}"


def _value_words(text: str, value: float) -> Both:
    """A value of the figure of a rule in prose: "1.25 s", "98.2 %", "512 tokens/s"."""
    rule, unit = _parsed(text), unit_of(text)
    if (rule.subject, rule.function) in SHARES:
        return (percent_text(value),) * 2
    if unit.texts == ("ms", "ms"):
        return (time_text(value),) * 2
    english, chinese = (f"{figure(value, 0 if unit.whole else 3)} {name}".rstrip() for name in unit.texts)
    return english, chinese


def _demand(text: str) -> Both:
    rule = _parsed(text)
    share = (rule.subject, rule.function) in SHARES
    english, chinese = (f"{rule.limit * 100:g} %",) * 2 if share else _value_words(text, rule.limit)
    return f"{rule.operator} {english}", f"{rule.operator} {chinese}"


# --- the page


def capacity_verdict_html(capacity: Capacity) -> str:
    """Headline and sentence, as on the page of a run."""
    grade = "bad" if capacity.level is None else "fair" if _open(capacity) else "good"
    english, chinese = sentence(capacity)
    return (
        f'<div class="verdict {grade}"><h2><span class="badge">{both("capacity_report")}</span> '
        f"{pair(*headline(capacity))}</h2>"
        f'<p class="lead">{pair(f"{english}.", f"{chinese}。")}</p></div>'
    )


def capacity_tiles(capacity: Capacity) -> str:
    """What the service gave at the capacity, and how far the steps that decided can be trusted; "" without one."""
    step = _step_at_capacity(capacity)
    if step is None:
        return ""
    none, share = ("", ""), success_rate(step.ok, step.ok + step.failed)
    trust = _trust_of_deciding(capacity)
    said = in_both("capacity.tile_trust", {"trust": TRUST_TEXTS[trust]})
    found = [
        Tile("big.rps", [("", figure(step.requests_per_s))], both("rps_unit"), none),
        Tile("big.tokens", [("", figure(step.output_tokens_per_s))], both("tokens_unit"), none),
        *(
            Tile(key, [(f"P{percent}", figure(shown_percentile(stats, percent))) for percent in (50, 95)], "ms", none)
            for key, name in (("big.ttft", "ttft_ms"), ("big.latency", "latency_ms"))
            if (stats := step.metrics.get(name, Stats())).count
        ),
        Tile("big.success", [("", percent_text(share).removesuffix(" %"))], "%", said),
    ]
    return "".join(map(tile_html, found))


def capacity_facts_html(capacity: Capacity, config: RunConfig) -> str:
    """The facts of the search: target, goals, time and machine."""
    search, steps = capacity.search, capacity.steps
    levels = ", ".join(f"{level:g}" for level in search.ladder) or f"{search.least:g} – {search.most:g}"
    bend = level_text(capacity, capacity.knee) if capacity.knee is not None else None
    facts = [
        ("target", code(config.url)),
        ("model", code(" / ".join(dict.fromkeys(name for name in (config.model, config.model_name) if name)))),
        ("capacity.slo", code(", ".join(search.slo))),
        ("capacity.rules", code(", ".join(search.rules))),
        ("capacity.levels", pair(*in_both(f"capacity.levels_{search.by}", levels=levels))),
        ("capacity.knee", pair(*bend) if bend else ""),
        ("capacity.steps", str(len(steps))),
        ("started", moment(steps[0].started_unix_ns) if steps else ""),
        ("version", code(config.version)),
        ("host", pair(*host_text(config.host, config.host_info))),
        ("command", command_html(config.command)),
    ]
    return terms_html(facts)


_HEADS = (
    "capacity.step", "capacity.level", "requests", "capacity.per_s", "capacity.tokens_per_s", "capacity.ttft_p50",
    "capacity.ttft_p95", "capacity.itl_p95", "capacity.latency_p95", "capacity.failed", "trust_column",
    "capacity.rules", "judgement",
)  # fmt: skip


def steps_table(capacity: Capacity) -> str:
    """Every step in the order in which it was measured."""
    told = any(step.server for step in capacity.steps)
    rows = (_step_row(number, step, told=told) for number, step in enumerate(capacity.steps, 1))
    return table(
        (*_HEADS, *(("server.column",) if told else ())), rows, caption=both("capacity.table"), table_id="steps-table"
    )


def _step_row(number: int, step: StepResult, *, told: bool = False) -> str:
    finished = step.ok + step.failed
    failed = step.failed / finished if finished else None
    times = (("ttft_ms", 50), ("ttft_ms", 95), ("itl_ms", 95), ("latency_ms", 95))
    checks = "<br>".join(pair(*check_text(check)) for check in step.checks)
    word = "unknown" if step.passed is None else "better" if step.passed else "worse"
    said = {"unknown": "capacity.unknown", "better": "capacity.met", "worse": "capacity.missed"}[word]
    return (
        f'<tr><th scope="row" data-v="{number}">{number}</th>'
        + number_cell(step.level, f"{step.level:g}")
        + number_cell(step.sent, f"{step.sent:,}")
        + number_cell(step.requests_per_s)
        + number_cell(step.output_tokens_per_s)
        + "".join(number_cell(shown_percentile(step.metrics.get(name, Stats()), p)) for name, p in times)
        + number_cell(failed, percent_text(failed))
        + f'<td class="text">{pair(*TRUST_TEXTS.get(step.trust, (step.trust, step.trust)))}</td>'
        + f'<td class="text">{checks}</td><td class="text"><span class="word {word}">{both(said)}</span></td>'
        + (f'<td class="text">{pair(*figures_words(step.server))}</td></tr>' if told else "</tr>")
    )


def check_text(check: ThresholdResult) -> Both:
    """A rule with what was measured: "ttft_ms:p(95)<500: 431 ms"; the note where there is no value."""
    nothing = (check.note or "n/a",) * 2
    english, chinese = nothing if check.value is None else measured(check.rule, check.value)
    return f"{check.rule}: {english}", f"{check.rule}: {chinese}"


def capacity_data(capacity: Capacity) -> dict[str, Any]:
    """The data of the charts: a row per step, a point per level, and what is to be marked."""
    return {
        "by": capacity.search.by,
        "capacity": capacity.level,
        "failing": capacity.failing,
        "knee": capacity.knee,
        "limits_ms": limits_ms(capacity),
        "curve": [_point_data(capacity, point.level, point.requests_per_s) for point in curve(capacity.steps)],
        "steps": [_step_data(step) for step in capacity.steps],
    }


def _point_data(capacity: Capacity, level: float, per_s: float) -> dict[str, Any]:
    said = verdicts(capacity.steps, level)
    return {"level": level, "per_s": per_s, "met": 2 * sum(said) > len(said)}


_CHARTED = (("ttft", "ttft_ms"), ("itl", "itl_ms"), ("latency", "latency_ms"))


def _step_data(step: StepResult) -> dict[str, Any]:
    finished = step.ok + step.failed
    times = {
        f"{short}_p{percent}": shown_percentile(step.metrics.get(name, Stats()), percent)
        for short, name in _CHARTED
        for percent in (50, 95)
    }
    return {
        "level": step.level,
        "per_s": step.requests_per_s,
        "tokens": step.output_tokens_per_s,
        "failed": 100 * step.failed / finished if finished else None,
        "met": step.passed,
        **times,
    }


def limits_ms(capacity: Capacity) -> dict[str, float]:
    """The upper limits in ms that the rules set for what is drawn: {"ttft": 500}; the lowest of each."""
    found: dict[str, float] = {}
    for short, name in _CHARTED:
        rules = (rule.replace(" ", "") for rule in (*capacity.search.slo, *capacity.search.rules))
        upper = [rule for rule in rules if rule.startswith((f"{name}<", f"{name}:")) and "<" in rule]
        if upper:
            found[short] = min(float(rule.rpartition("<")[2].lstrip("=")) for rule in upper)
    return found
