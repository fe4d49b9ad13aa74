"""How long a step takes."""

from __future__ import annotations

from typing import Any

import pytest

from capacity_steps import P95, step
from sse_perf_tool.capacity.search import StepPlan, requests_wanted, step_times
from sse_perf_tool.goals.thresholds import TEXTS as RULE_TEXTS
from sse_perf_tool.goals.thresholds import parse_rule
from sse_perf_tool.records import CapacitySearch
from sse_perf_tool.texts import speaker

pytestmark = pytest.mark.usefixtures("own_folder")


def rules_of(*texts: str) -> list[Any]:
    return [parse_rule(text, speaker(RULE_TEXTS, "en")) for text in texts]


@pytest.mark.parametrize(
    ("rule", "wanted", "least"),
    [
        (P95, 100, 20),
        ("ttft_ms:p(99)<500", 500, 100),
        ("ttft_ms:med<500", 10, 2),
        ("goodput:rate>=0.95", 100, 20),
        ("errors:rate<0.01", 100, 1),
        ("ttft_ms:avg<500", 1, 1),
        ("goodput:rate>=1", 1, 1),
    ],
)
def test_a_step_has_five_times_the_fewest_requests_of_its_percentile(rule: str, wanted: int, least: int) -> None:
    assert requests_wanted(rules_of(rule)) == (wanted, least)
    assert requests_wanted(rules_of(rule, "latency_ms:p(99.9)<1")) == (5000, 1000)


def times_of(level: float, *steps: Any, search: CapacitySearch = CapacitySearch(), rule: str = P95, **plan: Any) -> Any:  # noqa: B008
    return step_times(search, StepPlan(**plan), rules_of(rule), steps, level, 0.5)


def test_the_first_step_goes_by_the_time_of_one_answer():
    # 1 thread, 0.5 s an answer: 2 a second, so 100 take 50 s, which is more than the most; 20 take 10 s.
    assert times_of(1) == (0.0, 1.0, 20.0)
    # 10 threads: 20 a second, 100 take 5 s.  The ramp is an answer long, and 1 s at least follows.
    assert times_of(10) == (0.5, 1.5, 5.0)


def test_a_percentile_that_needs_more_time_gets_it_unless_the_time_is_asked_for():
    assert times_of(1, rule="ttft_ms:p(99)<500").measured_s == 50.0
    assert times_of(1, rule="ttft_ms:p(99)<500", step_s=(5.0, 8.0)).measured_s == 8.0
    assert times_of(100, step_s=(7.0, 7.0)).measured_s == 7.0


def test_later_steps_go_by_the_level_below():
    # At 16 threads 16/s and 1 s an answer; at 32 answers may take 2 s, and there are 16 * sqrt(2) a second or more.
    below = step(16)
    # 250 requests are five times the fewest for p(98): 250 / 22.627 s.
    assert times_of(32, below, rule="ttft_ms:p(98)<500") == (2.0, 4.0, 11.049)
    assert times_of(32, below, step(64), rule="ttft_ms:p(98)<500").measured_s == 11.049, "the level above says nothing"


def test_each_thread_sends_at_least_four_requests():
    assert times_of(16, step(16, latency_ms=2500.0)).measured_s == 10.0


def test_a_rate_is_known_beforehand_and_has_no_ramp():
    by_rate = CapacitySearch(by="rate")
    assert times_of(10, search=by_rate) == (0.0, 1.0, 10.0)
    assert times_of(10, step(5, latency_ms=100.0), search=by_rate) == (0.0, 1.0, 10.0)
