"""What the figures of a run are of, computed by hand: the main phase, its length, how a schedule was kept."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from sse_perf_tool.goals.compare import whole_seconds
from sse_perf_tool.goals.thresholds import TEXTS as RULES
from sse_perf_tool.goals.thresholds import parse_slo
from sse_perf_tool.load.run import load_warnings
from sse_perf_tool.metrics import Tally, ok_values, values_of
from sse_perf_tool.pace.schedule import schedule_s
from sse_perf_tool.records import (
    Abort,
    IntervalSample,
    Outcome,
    Phase,
    RequestRecord,
    Round,
    RunConfig,
    RunResult,
    ScheduleFacts,
)
from sse_perf_tool.records.file import record_line, record_of
from sse_perf_tool.report_parts.data import run_data
from sse_perf_tool.report_parts.verdict import load_text, verdict
from sse_perf_tool.texts import speaker

MS, S = 1_000_000, 1_000_000_000


def record(number: int, start_ms: float, latency_ms: float = 100, **more: Any) -> RequestRecord:
    outcome = more.pop("outcome", Outcome.OK)
    return RequestRecord(
        number, more.pop("thread_id", 1), round(start_ms * MS), outcome, round(latency_ms * MS), **more
    )


def due(number: int, intended_ms: float, start_ms: float, latency_ms: float = 100, **more: Any) -> RequestRecord:
    times = {"ttfb_ns": 10 * MS, "ttft_ns": 20 * MS, "chunks": 1, "intended_ns": round(intended_ms * MS)}
    return record(number, start_ms, latency_ms, **{**times, **more})


def result_of(config: RunConfig, *records: RequestRecord, **more: Any) -> RunResult:
    tally = Tally(origin_ns=0)
    for each in records:
        tally.add(each)
    return tally.result(config, 0, **more)


def facts_of(result: RunResult) -> ScheduleFacts:
    assert result.summary.schedule is not None
    return result.summary.schedule


# --- phases

PHASED = RunConfig(duration_s=10, warmup_s=2, cooldown_s=3)
IN_PHASES = (
    record(1, 0, 500, phase=Phase.WARMUP, output_tokens=5, token_source="usage", chunks=2, gaps_us=(7,), ttft_ns=MS),
    record(2, 1000, 9000, phase=Phase.WARMUP, outcome=Outcome.TIMEOUT, error="too late"),
    record(3, 2000, 200, output_tokens=10, token_source="estimate", chunks=2, gaps_us=(9,), ttft_ns=MS),
    record(4, 6000, 400, output_tokens=20, token_source="estimate", chunks=2, gaps_us=(11,), ttft_ns=MS),
    record(5, 8000, 800, phase=Phase.COOLDOWN),
)


def test_only_the_main_phase_is_in_the_figures():
    result = result_of(PHASED, *IN_PHASES)
    found = result.summary
    assert (found.sent, found.ok, found.failed, found.errors, found.outcomes) == (2, 2, 0, (), {"ok": 2})
    assert (found.metrics["latency_ms"].mean, found.metrics["itl_ms"].mean) == (300, 0.01)
    assert (found.output_tokens, found.token_source) == (30, "estimate")
    assert found.left_out == {"warmup": {"ok": 1, "timeout": 1}, "cooldown": {"ok": 1}}
    assert ok_values(result.requests, "latency_ms") == [200, 400]


def test_rates_are_over_the_main_phase():
    """From 2 s to 7 s."""
    result = result_of(PHASED, *IN_PHASES)
    assert (result.summary.measured_s, result.rounds) == (5, [Round(0, 2 * S, 7 * S, 10 * S)])
    assert (result.summary.requests_per_s, result.summary.output_tokens_per_s) == (0.4, 6)
    assert result.duration_ns == 10 * S


def test_a_warm_up_of_requests_ends_with_the_first_one_behind_it():
    result = result_of(
        RunConfig(requests=5, warmup_requests=2),
        *(replace(each, phase=Phase.MAIN) for each in IN_PHASES[2:]),
        *IN_PHASES[:2],
    )
    assert result.rounds == [Round(0, 2 * S, 10 * S, 10 * S)]
    assert result_of(RunConfig(requests=5, warmup_requests=2)).summary.measured_s == 0


def test_without_phases_the_figures_are_of_the_whole_run():
    result = result_of(RunConfig(), *IN_PHASES[2:4])
    assert result.requests.main() is result.requests
    assert result.rounds == [Round(0, 0, 6400 * MS, 6400 * MS)]


def test_the_seconds_show_all_requests_and_their_phase():
    series = result_of(PHASED, *IN_PHASES).time_series
    assert [sample.phase for sample in series] == ["warmup"] * 2 + ["main"] * 5 + ["cooldown"] * 3
    assert sum(sample.requests_started for sample in series) == 5
    assert {sample.rate_asked for sample in series} == {None}


def test_the_texts_of_the_main_rows_are_theirs():
    main = result_of(PHASED, *IN_PHASES).requests.main()
    assert {row: each.request_id for row, each in main.details.items()} == {0: 3, 1: 4}
    assert list(main["request_id"]) == [3, 4]


def test_distributions_and_threads_of_the_report_leave_them_out_and_charts_show_them():
    data = run_data(result_of(PHASED, *IN_PHASES))
    assert sum(data["spreads"]["latency"]["counts"]) == 2
    assert [row[:2] for row in data["threads"]] == [[1, 2], [-1, 2]]
    assert data["requests"]["total"] == 5
    assert sum(data["requests"]["by_concurrency"]["latency"]["samples"]) == 2
    assert data["left_out_s"] == [[0, 2], [7, 10]]


def test_what_failed_outside_is_said():
    assert load_warnings(result_of(PHASED, *IN_PHASES), "en") == [
        "failed requests in the warm-up, which the metrics leave out: 1; --records keeps them"
    ]
    assert "预热阶段有 1 个请求失败" in load_warnings(result_of(PHASED, *IN_PHASES), "zh")[0]


# --- an open loop

OPEN = RunConfig(rate_per_s=2, duration_s=2, threads=1)
LATE = (due(1, 0, 0), due(2, 500, 502, 900), due(3, 1000, 1402, 700))
"""The fourth, due at 1500 ms, was never sent: at 2102 ms the run was over."""


def test_times_are_from_the_start_and_from_the_intended_start():
    metrics = result_of(OPEN, *LATE).summary.metrics
    assert metrics["schedule_delay_ms"].max == 402
    assert (metrics["latency_ms"].max, metrics["latency_from_schedule_ms"].max) == (900, 1102)
    assert metrics["ttfb_from_schedule_ms"].max == 412
    assert metrics["ttft_from_schedule_ms"].mean == pytest.approx((20 + 22 + 422) / 3)


def test_in_a_closed_loop_there_is_no_time_from_a_schedule():
    summary = result_of(RunConfig(), record(1, 0, ttft_ns=MS, chunks=1)).summary
    assert summary.metrics["ttft_from_schedule_ms"].count == summary.metrics["schedule_delay_ms"].count == 0
    assert summary.schedule is None


def test_how_a_schedule_was_kept_is_counted():
    facts = facts_of(result_of(OPEN, *LATE))
    assert facts == ScheduleFacts(2.0, pytest.approx(2 / 1.402), 1, 402.0, True, 1)


def test_a_run_that_was_cut_short_dropped_nothing():
    assert facts_of(result_of(OPEN, *LATE, interrupted=True)).dropped == 0
    aborted = Abort("errors:count>0", 1, 2)
    assert facts_of(result_of(OPEN, *LATE, aborted=aborted)).dropped == 0
    assert facts_of(result_of(OPEN, due(1, 0, 0))).dropped == 0, "as its records show: it ended at 0.1 of 2 s"


def test_the_rate_asked_of_a_schedule_that_requests_end_is_that_until_the_last():
    facts = facts_of(result_of(RunConfig(rate_per_s=4, requests=3), due(1, 0, 0), due(2, 250, 250), due(3, 500, 500)))
    assert (facts.asked_per_s, facts.sent_per_s, facts.dropped, facts.all_busy) == (4, 4, 0, True)


def test_the_rate_asked_of_a_trace_is_that_of_its_times():
    config = RunConfig(replay_file="t", replay_s=1.0, requests=4, duration_s=1, threads=9)
    result = result_of(config, due(1, 0, 0), due(2, 200, 300), due(3, 800, 900, 200))
    facts = facts_of(result)
    assert (facts.asked_per_s, facts.sent_per_s) == (pytest.approx(2.5), pytest.approx(2 / 0.9))
    assert (facts.all_busy, facts.dropped) == (False, 1)
    assert [sample.rate_asked for sample in result.time_series] == [3, 0]


def test_one_request_has_no_rate():
    facts = facts_of(result_of(RunConfig(replay_file="t", replay_s=0.0, requests=1), due(1, 0, 0)))
    assert (facts.asked_per_s, facts.sent_per_s) == (None, None)


def test_seconds_have_the_arrivals_asked_for_and_the_longest_delay():
    config = RunConfig(stages=[[2, 4]], stages_of="rate", duration_s=2)
    first, second, third = result_of(config, due(1, 0, 0), due(2, 1000, 1100), due(3, 1400, 1410, 900)).time_series
    assert (first.rate_asked, second.rate_asked, third.rate_asked) == (1, 3, 0)
    assert (first.schedule_delay_ms, second.schedule_delay_ms, third.schedule_delay_ms) == (0, 100, None)


def test_tallies_of_several_processes_add_up_to_the_same():
    whole, left, right = Tally(0), Tally(0), Tally(0)
    for at, each in enumerate((*IN_PHASES, *LATE)):
        whole.add(each)
        (left, right)[at % 2].add(each)
    left.merge(right)
    assert left.result(OPEN, 0).summary == whole.result(OPEN, 0).summary
    assert left.result(OPEN, 0).time_series == whole.result(OPEN, 0).time_series


def test_late_requests_are_said_and_what_to_do():
    assert load_warnings(result_of(OPEN, *LATE), "en") == [
        "33.3 % of the requests started late, by up to 0.402 s, because no thread was free: increase --threads",
        "scheduled requests that were never sent, because no thread became free: 1; increase --threads",
    ]
    free = result_of(replace(OPEN, threads=9), *LATE)
    assert load_warnings(free, "en")[0].endswith("by up to 0.402 s, with threads free: this machine is too busy")
    assert load_warnings(free, "zh")[0] == "33.3 % 的请求未能按时发出，最多晚 0.402 秒，而线程有空闲：本机过于繁忙"


def test_a_little_lateness_is_not_worth_a_warning():
    on_time = [due(number, number, number + (12 if number == 200 else 1), 1) for number in range(1, 201)]
    assert load_warnings(result_of(RunConfig(rate_per_s=1000, requests=200), *on_time), "en") == []


# --- context tiers: each is a round of its own, which begins 0.1 s after the end of the one before

TIERED = RunConfig(context_tiers=[0, 9], rate_per_s=2, duration_s=2, warmup_s=1, threads=1)
IN_TIERS = (
    *(due(n, at, at, context_tokens=0, phase=Phase.WARMUP) for n, at in ((1, 0), (2, 500))),
    *(due(n, at, at, context_tokens=0) for n, at in ((3, 1000), (4, 1500))),
    *(due(n, at, at + 2, context_tokens=9, phase=Phase.WARMUP) for n, at in ((5, 1700), (6, 2200))),
    due(7, 2700, 2702, 1300, context_tokens=9),
)
"""The last of the second tier, due at 3200 ms, was never sent: at 4002 ms its 2 s were over."""


def test_each_tier_has_its_own_phases_and_rates_are_over_both_main_ones():
    result = result_of(TIERED, *IN_TIERS)
    assert result.rounds == [
        Round(0, 1 * S, 1600 * MS, 1600 * MS),
        Round(1700 * MS, 2700 * MS, 4002 * MS, 4002 * MS),
    ]
    found = result.summary
    assert (found.sent, found.measured_s) == (3, pytest.approx(0.6 + 1.302))
    assert found.requests_per_s == pytest.approx(3 / 1.902)
    assert found.left_out == {"warmup": {"ok": 4}}
    assert [(row.value, row.sent) for row in found.context_tiers] == [(0, 2), (9, 1)]


def test_how_a_schedule_was_kept_is_added_up_over_the_tiers():
    """1.2 requests in the 0.6 s of the first main phase, 2 in the 1 s of the second: of its 1.302 s, 0.302 are tail."""
    facts = facts_of(result_of(TIERED, *IN_TIERS))
    assert facts == ScheduleFacts(pytest.approx(3.2 / 1.6), pytest.approx(1 / 0.5), 0, 2.0, True, 1)


def test_the_seconds_of_tiers_have_their_phase_and_the_arrivals_asked_for():
    series = result_of(TIERED, *IN_TIERS).time_series
    assert [sample.phase for sample in series] == ["warmup", "main", "warmup", "main", "main"]
    # 1.7 to 2 s are the first of the second tier's 2 s, which end at 3.7 s.
    assert [sample.rate_asked for sample in series] == [2, 1.8, 2, 1.4, 0]
    assert run_data(result_of(TIERED, *IN_TIERS))["left_out_s"] == [[0, 1], [1.7, 2.7]]


def test_a_tier_begins_before_its_first_arrival_by_as_much_as_the_schedule_says():
    config = replace(TIERED, arrival="poisson", seed=4)
    first_ns = round(next(schedule_s(config)) * S)
    moved = [
        replace(each, started_ns=each.started_ns + first_ns, intended_ns=each.intended_ns + first_ns)
        for each in IN_TIERS
    ]
    assert first_ns > 100 * MS
    assert result_of(config, *moved).rounds[1].begin_ns == 1700 * MS


def test_those_outside_the_main_phase_are_no_part_of_the_goodput():
    tally = Tally(0, (parse_slo("latency_ms<350", speaker(RULES, "en")),))
    for each in IN_PHASES:
        tally.add(each)
    goodput = tally.result(PHASED, 0).summary.goodput
    assert goodput is not None
    assert (goodput.met, goodput.of, goodput.requests_per_s) == (1, 2, 0.2)


def test_a_percentile_of_a_goal_and_the_seconds_of_a_comparison_are_of_the_main_phase():
    result = result_of(PHASED, *IN_PHASES)
    assert list(values_of(result, "latency_ms")) == [200, 400]
    assert [sample.second for sample in whole_seconds(result)] == [2, 3, 4, 5, 6]


# --- those who leave


def test_those_who_left_as_asked_are_told_from_those_that_were_interrupted():
    config = RunConfig(cancel_rate=0.5, cancel_after_s=1, requests=40)
    cancelled = [record(number, number, outcome=Outcome.CANCELLED, output_tokens=3) for number in range(1, 41)]
    found = result_of(config, *cancelled).summary
    assert (found.cancelled, found.failed) == (40, 0)
    assert 10 < found.left_early < 30
    assert found.left_early_tokens == 3 * found.left_early
    assert result_of(RunConfig(), *cancelled).summary.left_early == 0


# --- files and words


def test_a_record_comes_back_from_its_line_with_schedule_and_phase():
    before = due(7, 1000, 1402.5, phase=Phase.COOLDOWN)
    row = json.loads(record_line(before, 0))
    assert (row["schedule_delay_ms"], row["phase"]) == (402.5, "cooldown")
    assert record_of(row, 0) == before
    old = {name: value for name, value in row.items() if name not in ("schedule_delay_ms", "phase")}
    assert (record_of(old, 0).intended_ns, record_of(old, 0).phase) == (None, Phase.MAIN)


@pytest.mark.parametrize(
    ("config", "english", "chinese"),
    [
        (RunConfig(rate_per_s=20, threads=200, duration_s=30, timeout_s=0),
         "20 requests/s, at most 200 threads at a time, duration 30 s",
         "每秒 20 个请求，最多 200 个线程同时发送，持续 30 秒"),
        (RunConfig(rate_per_s=2.5, arrival="gamma:2", requests=9, threads=25, timeout_s=0),
         "2.5 requests/s (gamma:2), at most 25 threads at a time, 9 requests in total", None),
        (RunConfig(stages=[[30, 10], [60, 50]], stages_of="threads", threads=50, duration_s=90, timeout_s=0),
         "threads from 0 to 10 in 30 s, 50 in 60 s, duration 90 s", None),
        (RunConfig(stages=[[30, 1.5]], stages_of="rate", threads=15, duration_s=30, timeout_s=0),
         "requests/s from 0 to 1.5 in 30 s, at most 15 threads at a time, duration 30 s", None),
        (RunConfig(replay_file="t.jsonl", replay_s=59.3, speed=2, requests=120, threads=20, timeout_s=0),
         "trace t.jsonl over 59.3 s (2 times as fast), at most 20 threads at a time, 120 requests in total", None),
        (RunConfig(batch=4, threads=4, requests=8, warmup_requests=1, timeout_s=0),
         "4 threads, 8 requests in total, batches of 4, warm-up 1 request",
         "4 个线程，共 8 个请求，每批 4 个，预热 1 个请求"),
        (RunConfig(duration_s=9, warmup_s=2, cooldown_s=1, cancel_rate=0.05, cancel_after_s=2, timeout_s=0),
         "1 thread, warm-up 2 s, cool-down 1 s, 5.0 % cancelled after 2 s, duration 9 s", None),
    ],
)  # fmt: skip
def test_the_load_is_said_in_words(config, english, chinese):
    assert load_text(config)[0] == english
    assert chinese is None or load_text(config)[1] == chinese


def test_the_verdict_says_how_the_load_went():
    sentences = [english for english, _ in verdict(result_of(OPEN, *LATE)).sentences]
    assert "The target rate was 2.00 requests/s, 1.43 were sent; 1 request started late, by up to 402 ms." in sentences
    assert "Never sent: 1 request." in sentences
    assert sentences[0].startswith("Up to 1 thread sent 3 requests to ")
    on_time = verdict(result_of(RunConfig(rate_per_s=4, requests=2), due(1, 0, 0), due(2, 250, 253)))
    assert "The target rate was 4.00 requests/s, 3.95 were sent, none more than 3.00 ms late." in dict(
        on_time.sentences
    )
    phased = [english for english, _ in verdict(result_of(PHASED, *IN_PHASES)).sentences]
    assert "Not counted in the metrics: 3 requests of the warm-up and cool-down." in phased


def test_a_sample_is_of_the_main_phase_unless_told():
    assert IntervalSample(0).phase == "main"
