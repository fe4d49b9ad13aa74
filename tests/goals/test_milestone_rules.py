"""Thresholds, SLOs and baselines about tools, steps and the time that answers spend with them."""

from __future__ import annotations

import pytest

from agent_answers import agent_answer, plain_answer, run_of
from sse_perf_tool.errors import UsageError
from sse_perf_tool.goals.baseline import TEXTS as ALLOW_TEXTS
from sse_perf_tool.goals.baseline import Baseline, held_against, parse_allowed
from sse_perf_tool.goals.thresholds import TEXTS, evaluate, parse_rule, parse_slo
from sse_perf_tool.metrics.definitions import row_of
from sse_perf_tool.texts import speaker

SAY, SAY_ALLOWED = speaker(TEXTS, "en"), speaker(ALLOW_TEXTS, "en")
RUN = run_of([agent_answer(1), agent_answer(2), agent_answer(3, scale=2), plain_answer(4)])


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        ("tool_call_ms:avg<500", 400), ("tool_call_ms[weather]:max<=600", 600), ("tool_call_ms[weather]:med<301", 300),
        ("step_ms[agent]:count==3", 3), ("first_tool_call_ms:max<801", 800), ("tool_time_ms:avg<500", 400),
        ("tool_call_ms[weather]:rate>=75%", 0.75), ("first_reasoning_ms:rate>0.7", 0.75), ("step_ms[b]:rate<0.1", 0),
        ("first_tool_call_ms[weather] : min <= 400", 400), ("reasoning_gap_ms:avg<134", 400 / 3),
    ],
)  # fmt: skip
def test_thresholds(rule: str, value: float) -> None:
    found = evaluate(parse_rule(rule, SAY), RUN)
    assert (found.value, found.ok) == (pytest.approx(value), True)


def test_a_milestone_that_never_came_fails_its_threshold() -> None:
    found = evaluate(parse_rule("step_ms[nowhere]:avg<100", SAY), RUN)
    assert (found.value, found.ok, found.note) == (None, False, "no data")
    few = evaluate(parse_rule("step_ms[agent]:p(95)<100", SAY), RUN)
    assert few.note == "too few samples: 3, 20 are needed"


@pytest.mark.parametrize(
    ("slo", "met"),
    [
        ("tool_call_ms[weather]<301", True), ("tool_call_ms[weather]<300", False), ("step_ms<900", False),
        ("step_ms[other]<1", True), ("first_tool_call_ms<=400", True), ("waiting_time_ms<400", False),
        ("tool_calls<2", True),
    ],
)  # fmt: skip
def test_slos(slo: str, met: bool) -> None:
    assert parse_slo(slo, SAY).met_by(row_of(agent_answer(), 0), agent_answer().gaps_us, agent_answer().spans) is met


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("ttft_ms[x]:avg<1", "expected a colon"), ("step_ms[]:avg<1", "expected a colon"),
        ("step_ms[x]:rate<2", "expected a share"), ("ttft_ms:rate<1", "expected a function"),
        ("tool_cal_ms:avg<1", "did you mean tool_call_ms"),
    ],
)  # fmt: skip
def test_mistakes(rule: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        parse_rule(rule, SAY)


def test_gaps_of_a_kind_are_no_slo_and_no_baseline() -> None:
    with pytest.raises(UsageError):
        parse_slo("text_gap_ms<10", SAY)
    with pytest.raises(UsageError, match="correlated"):
        parse_allowed("text_gap_ms:p(95)<+10%", SAY_ALLOWED)
    assert parse_allowed("max_gap_ms:p(95)<+10%", SAY_ALLOWED).subject == "max_gap_ms"


def test_a_step_that_became_slower_misses_its_baseline() -> None:
    old = run_of([agent_answer(number) for number in range(1, 31)])
    new = run_of([agent_answer(number, scale=2) for number in range(1, 31)], allow=("step_ms[agent]:med<+10%",))
    (held,) = held_against(new, Baseline(old, sampled=True)).baseline
    assert (held.old, held.new, held.ok) == (900, 1800, False)
    (same,) = held_against(new, Baseline(new, sampled=True)).baseline
    assert same.ok
