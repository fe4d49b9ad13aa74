"""The answer of a search in words, and what its page and document hold."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from capacity_steps import P95, S, levels_of, passing_up_to, saturating_at, step, steps_to
from sse_perf_tool.capacity.file import capacity_document, step_document
from sse_perf_tool.capacity.search import answer
from sse_perf_tool.load.capacity_run import step_result
from sse_perf_tool.metrics import Tally
from sse_perf_tool.records import CapacitySearch, Ending, Outcome, RequestRecord, RunConfig, ThresholdResult
from sse_perf_tool.report_parts.capacity import capacity_data, capacity_verdict_html, headline, limits_ms, sentence

pytestmark = pytest.mark.usefixtures("own_folder")


def said(search: CapacitySearch, measure: Callable[[float], Any]) -> tuple[str, str]:
    found = levels_of(search, measure)[1]
    return headline(found)[0], sentence(found)[0]


RULES = CapacitySearch(rules=(P95,))


def ttft_of(level: float) -> Any:
    """At 16 threads 431 and 441 ms, at 17 600 ms; throughput is 12/s from 12 threads on."""
    value = {16: 431.0}.get(level, 100.0 if level < 16 else 600.0)
    return step(level, level <= 16, min(level, 12.0), value=value)


def test_the_answer_names_both_sides_of_the_edge_and_the_limit():
    head, text = said(replace(RULES, most=64), ttft_of)
    assert head == "16 threads"
    assert text == (
        "16 threads: TTFT p95 was 431 ms (in each of 2 steps); at 17 threads TTFT p95 was 600 ms, "
        "not < 500 ms; the limit is the server: throughput stopped growing at 12.0 requests/s"
    )


def test_steps_that_differ_are_said_with_their_spread():
    values = iter([431.0, 441.0])
    measured = said(replace(RULES, most=4), lambda level: step(level, value=next(values) if level == 4 else 100.0))
    assert measured[1].startswith(
        "4 threads: TTFT p95 was 436 ms (431 ms to 441 ms in 2 steps); the search stopped at --max"
    )


def test_the_share_of_requests_is_said_in_per_cent():
    search = CapacitySearch(slo=("ttft_ms<500",), rules=("goodput:rate>=0.95",), most=8)
    measured = said(
        search, lambda level: step(level, level < 4, value=0.982 if level < 4 else 0.9, rule="goodput:rate>=0.95")
    )
    assert measured[1].startswith(
        "3 threads: 98.2 % of requests met ttft_ms<500 (in each of 2 steps); "
        "at 4 threads 90.0 % of requests met ttft_ms<500, not >= 95 %; throughput still grew there"
    )


def test_refusals_are_named():
    rule = "errors:rate<0.01"
    search = CapacitySearch(rules=(rule,), most=8)
    measured = said(
        search, lambda level: step(level, level < 4, value=float(level >= 4), rule=rule, error="http_error: 503")
    )
    assert measured[1] == (
        "3 threads: 0 % of requests failed (in each of 2 steps); at 4 threads 100 % of requests failed, not < 1 %; "
        "the limit is failed requests: most often HTTP error: 503"
    )


def test_a_busy_client_is_named():
    measured = said(RULES, lambda level: step(level, level < 4, client_cpu=0.97))
    assert measured[1].endswith(
        "the limit may be this tool: a process used 97.0 % of its core, so increase --processes"
    )
    doubted = said(RULES, lambda level: step(level, level < 4, trust="invalid"))
    assert doubted[1].endswith("the limit may be this machine: at that load its measurements cannot be trusted")


def test_other_endings_are_said():
    assert said(replace(RULES, most=4), passing_up_to(9)) == (
        "At least 4 threads",
        "4 threads: TTFT p95 was 100 ms (in each of 2 steps); the search stopped at --max",
    )
    assert said(RULES, passing_up_to(0))[0] == "No load meets the goals"
    assert said(RULES, passing_up_to(0))[1] == "even at 1 thread TTFT p95 was 100 ms, not < 500 ms"
    head, text = said(replace(RULES, most=1000), saturating_at(30))
    assert head == "At least 64 threads"
    assert text.endswith(
        "the server is saturated from 32 threads on: more load only waits longer, throughput stays at 30.0 requests/s"
    )
    check = ThresholdResult(P95, None, False, "few samples")
    head, text = said(RULES, lambda level: replace(step(level), checks=(check,)))
    assert head == "Cannot be judged"
    assert text == (
        "ttft_ms:p(95)<500 cannot be judged at 1 thread (few samples): give a longer --step-duration or another rule"
    )
    early = answer(RULES, [], Ending.INTERRUPTED)
    assert headline(early)[0] == "Nothing was measured"
    assert sentence(early)[0] == "the search was interrupted before its first step had ended"
    assert said(RULES, lambda level: replace(step(level, False, value=None), ok=0)) == (
        "Cannot be judged",
        "no request began within the step at 1 thread: give a longer --step-duration",
    )
    interrupted = answer(RULES, steps_to(5)[:2], Ending.INTERRUPTED)
    assert headline(interrupted)[0] == "At least 2 threads"
    assert sentence(interrupted)[0].endswith("; the search was interrupted")


FEW = ThresholdResult(P95, None, False, "few samples")


def of_ladder(unknown: set[int], ending: Ending = Ending.SWEPT) -> Any:
    """2 passes, 4 fails."""
    ladder = (1, 2, 4, 8)
    steps = [replace(step(n), checks=(FEW,)) if n in unknown else step(n, n <= 2) for n in ladder]
    return answer(replace(RULES, ladder=ladder), steps, ending)


def test_a_level_without_a_verdict_that_changes_nothing_is_only_mentioned():
    found = of_ladder({1, 8})
    assert headline(found) == ("2 threads", "2 个线程")
    english, chinese = sentence(found)
    assert english == (
        "2 threads: TTFT p95 was 100 ms; at 4 threads TTFT p95 was 100 ms, not < 500 ms; throughput still grew there "
        "(4.00 requests/s): the goals are missed before the server is saturated; "
        "1 thread: too few samples to judge, but a higher load met the goals; "
        "8 threads: too few samples to judge, but a lower load missed the goals already"
    )
    assert chinese.endswith(
        "；1 个线程：样本太少，无法判断，但更高的负载已满足要求"
        "；8 个线程：样本太少，无法判断，但更低的负载就已未满足要求"
    )
    assert 'class="verdict good"' in capacity_verdict_html(found)


def test_a_level_without_a_verdict_at_the_edge_stands_beside_what_is_known():
    found = of_ladder({4, 8}, Ending.UNJUDGED)
    assert headline(found)[0] == "At least 2 threads"
    assert sentence(found)[0] == (
        "2 threads: TTFT p95 was 100 ms; ttft_ms:p(95)<500 cannot be judged at 4 threads (few samples): "
        "give a longer --step-duration or another rule"
    )
    assert headline(of_ladder({1, 2}, Ending.UNJUDGED))[0] == "Cannot be judged"
    assert headline(of_ladder({1, 2}, Ending.INTERRUPTED))[0] == "Cannot be judged"


def test_the_answer_is_in_chinese_too():
    found = levels_of(replace(RULES, most=64), ttft_of)[1]
    assert sentence(found)[1] == (
        "16 个线程：TTFT p95 为 431 ms（2 次测量均如此）；17 个线程时，TTFT p95 为 600 ms，"
        "未达到 < 500 ms"
        "；受限于服务器：吞吐停在 12.0 请求/s"
    )


@pytest.mark.parametrize(("level", "kept"), [(0.1, True), (2.0, False)])
def test_a_single_request_in_a_step_counts_over_the_time_of_the_step(level: float, kept: bool) -> None:
    config = RunConfig(rate_per_s=level, warmup_s=1.0, duration_s=11.0)
    tally = Tally(0, ())
    tally.add(RequestRecord(1, 1, 5 * S, Outcome.OK, S, intended_ns=5 * S, ttft_ns=S, output_tokens=1, chunks=1))
    found = step_result(level, tally.result(config, 0), [])
    assert found.requests_per_s == pytest.approx(0.1), "one in the ten seconds behind the warm-up"
    assert found.passed is kept


def test_a_rate_that_was_not_kept_is_said():
    search = CapacitySearch(by="rate", rules=(P95,), most=8)

    def measure(level: float) -> Any:
        sent = min(level, 3.0)
        check = ThresholdResult(f"requests:rate>={0.95 * level:g}", sent, sent >= 0.95 * level)
        return replace(step(level), checks=(ThresholdResult(P95, 9.0, True), check))

    assert said(search, measure)[1].startswith(
        "3.125 requests/s: 3.00 requests/s were sent (in each of 2 steps); at 3.25 requests/s"
    )


def test_the_page_knows_the_limits_that_its_charts_show():
    rules = ("ttft_ms:p(95)<=500", "ttft_ms:p(50) < 300", "itl_ms:max<90", "tokens:rate>5", "latency_ms:avg>1")
    found = answer(CapacitySearch(slo=("latency_ms<4000",), rules=rules), [step(1)], Ending.MOST)
    assert limits_ms(found) == {"ttft": 300.0, "itl": 90.0, "latency": 4000.0}
    data = capacity_data(found)
    assert data["curve"] == [{"level": 1, "per_s": 1, "met": True}]
    assert data["steps"][0]["met"] is True


def test_the_document_has_the_answer_and_every_step():
    found = levels_of(replace(RULES, most=64), ttft_of)[1]
    document = capacity_document(found, RunConfig(), sentence(found))
    assert document["schema"] == "sse-perf-capacity/1"
    assert (document["capacity"]["level"], document["capacity"]["ending"], document["capacity"]["limit"]) == (
        16,
        "edge",
        "server",
    )
    assert document["steps"] == [step_document(each) for each in found.steps]
    assert json.loads(json.dumps(document)) is not None
