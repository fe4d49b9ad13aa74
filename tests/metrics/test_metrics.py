"""Figures computed by hand against those of `metrics`."""

from __future__ import annotations

import math
import random
import statistics
from typing import Any

import pytest

from sse_perf_tool.metrics import (
    Distribution,
    Tally,
    TimeSeries,
    enough_for,
    estimate_tokens,
    percentile,
    stats_of,
)
from sse_perf_tool.records import Outcome, RequestRecord, RunConfig

MS = 1_000_000
S = 1_000_000_000


def record(**given: Any) -> RequestRecord:
    base: dict[str, Any] = {
        "request_id": 1,
        "thread_id": 1,
        "started_ns": 0,
        "outcome": Outcome.OK,
        "latency_ns": 100 * MS,
    }
    return RequestRecord(**{**base, **given})


# --- percentiles ---


def test_percentile_interpolates_between_closest_ranks() -> None:
    # rank = 0.9 * 3 = 2.7: seven tenths of the way from 30 to 40.
    assert percentile([10, 20, 30, 40], 90) == pytest.approx(37)
    assert percentile([10, 20, 30, 40], 50) == 25
    assert percentile([10, 20, 30, 40], 0) == 10
    assert percentile([10, 20, 30, 40], 100) == 40


def test_percentile_of_one_value_is_that_value() -> None:
    assert percentile([7], 99) == 7


def test_percentile_of_nothing_is_not_measured() -> None:
    assert percentile([], 50) is None


@pytest.mark.parametrize(("percent", "needed"), [(50, 2), (90, 10), (95, 20), (99, 100)])
def test_a_percentile_needs_100_over_100_minus_p_samples(percent: int, needed: int) -> None:
    assert enough_for(percent, needed)
    assert not enough_for(percent, needed - 1)


def test_stats_of_four_values() -> None:
    stats = stats_of([4.0, 1.0, 3.0, 2.0])
    assert (stats.count, stats.mean, stats.min, stats.max, stats.p50) == (4, 2.5, 1.0, 4.0, 2.5)
    # deviations 1.5, 0.5, 0.5, 1.5: squares add up to 5, over n - 1 = 3
    assert stats.stddev == pytest.approx(math.sqrt(5 / 3))


def test_stats_of_nothing_hold_no_zero() -> None:
    assert stats_of([]).mean is None
    assert stats_of([]).p99 is None


def test_one_value_has_no_standard_deviation() -> None:
    assert stats_of([5.0]).stddev is None


# --- token estimate ---


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        ("你好", 2),
        ("你好，世界！", 4),
        ("Hello, world!", 2),
        ("你好 world 123", 4),
        ("don't stop", 2),
        ("カタカナ", 4),
        ("한국어", 3),
        ("...", 1),
        ("\n", 1),
    ],
)
def test_each_cjk_character_and_each_other_word_is_a_token(text: str, tokens: int) -> None:
    assert estimate_tokens(text) == tokens


# --- distribution of gaps ---


def test_small_distributions_are_exact() -> None:
    gaps = Distribution()
    gaps.add([10_000, 20_000, 30_000])
    gaps.add([40_000])
    stats = gaps.stats(scale=0.001)
    assert (stats.count, stats.mean, stats.min, stats.p50, stats.max) == (4, 25.0, 10.0, 25.0, 40.0)
    assert stats.p90 == pytest.approx(37)
    assert stats.stddev == pytest.approx(statistics.stdev([10, 20, 30, 40]))
    assert gaps.histogram() == [(10_000, 1), (20_000, 1), (30_000, 1), (40_000, 1)]


def test_large_distributions_keep_three_significant_digits_in_little_memory() -> None:
    source = random.Random(1)
    values = [int(source.lognormvariate(11, 1.5)) for _ in range(200_000)]
    gaps = Distribution()
    for start in range(0, len(values), 1000):
        gaps.add(values[start : start + 1000])
    ordered = sorted(values)
    stats = gaps.stats()
    for percent, found in ((50, stats.p50), (90, stats.p90), (99, stats.p99)):
        assert found == pytest.approx(percentile(ordered, percent), rel=0.001)
    assert (stats.min, stats.max, stats.count) == (ordered[0], ordered[-1], 200_000)
    assert stats.mean == pytest.approx(statistics.fmean(values), rel=1e-12)
    assert stats.stddev == pytest.approx(statistics.stdev(values), rel=1e-9)
    assert len(gaps.histogram()) < 30_000


def test_merged_distributions_equal_one_that_saw_all() -> None:
    left, right, both = Distribution(), Distribution(), Distribution()
    left.add([1, 2, 3])
    right.add([3, 400_000])
    both.add([1, 2, 3, 3, 400_000])
    left.merge(right)
    assert left.histogram() == both.histogram()
    assert left.stats() == both.stats()


def test_an_empty_distribution_measures_nothing() -> None:
    assert Distribution().stats().p50 is None


# --- per request ---


def test_tpot_is_the_time_from_first_to_last_token_over_the_tokens_after_the_first() -> None:
    # 3 gaps of 20, 30 and 40 ms; 10 tokens came in 4 chunks: 90 ms over 9 tokens.
    answer = record(ttft_ns=50 * MS, output_tokens=10, chunks=4, gaps_us=(20_000, 30_000, 40_000))
    assert answer.tpot_ns == 10 * MS
    assert answer.max_gap_ns == 40 * MS


def test_one_token_has_no_tpot() -> None:
    assert record(ttft_ns=50 * MS, output_tokens=1, chunks=1).tpot_ns is None


# --- seconds ---


def test_chunks_are_counted_in_the_second_in_which_they_came() -> None:
    series = TimeSeries()
    # First text at 0.5 s, the next at 0.9, 1.1 and 2.6 s; 8 tokens in 4 chunks.
    series.add(
        record(
            latency_ns=2600 * MS,
            ttft_ns=500 * MS,
            output_tokens=8,
            chunks=4,
            gaps_us=(400_000, 200_000, 1_500_000),
        ),
        start_ns=0,
    )
    rows = series.rows(2600 * MS)
    assert [row.chunks for row in rows] == [2, 1, 1]
    assert [row.tokens for row in rows] == [4, 2, 2]
    assert [row.requests_started for row in rows] == [1, 0, 0]
    assert [row.requests_done for row in rows] == [0, 0, 1]
    assert [row.threads_active for row in rows] == [1, 1, 1]
    # 400,000 us = 2**18.61: bucket floor(2 * 18.61) = 37
    assert rows[0].gap_counts == {37: 1}
    assert rows[2].avg_latency_ms == 2600


def test_threads_active_is_the_time_they_were_busy() -> None:
    series = TimeSeries()
    for thread in (1, 2):
        series.add(record(thread_id=thread, latency_ns=1 * S), start_ns=0)
    series.add(record(thread_id=1, latency_ns=1 * S), start_ns=1 * S)
    rows = series.rows(2 * S)
    assert [row.threads_active for row in rows] == [2, 1]
    assert [row.threads_total for row in rows] == [2, 2]


def test_failed_requests_enter_no_average_of_a_second() -> None:
    series = TimeSeries()
    series.add(record(latency_ns=100 * MS), start_ns=0)
    series.add(record(latency_ns=900 * MS, outcome=Outcome.TIMEOUT), start_ns=0)
    series.add(record(latency_ns=800 * MS, outcome=Outcome.CANCELLED), start_ns=0)
    (row,) = series.rows(900 * MS)
    assert row.avg_latency_ms == 100
    assert (row.requests_ok, row.requests_failed, row.requests_done) == (1, 1, 3)
    assert row.success_rate == 0.5
    assert row.outcomes == {"ok": 1, "timeout": 1, "cancelled": 1}


# --- summary ---


def filled() -> Tally:
    tally = Tally(origin_ns=1000)
    for number, ttft in enumerate((40, 50, 60)):
        tally.add(
            record(
                request_id=number + 1,
                started_ns=1000 + number * 100 * MS,
                latency_ns=200 * MS,
                ttfb_ns=(ttft - 10) * MS,
                ttft_ns=ttft * MS,
                streaming_ns=100 * MS,
                output_tokens=5,
                prompt_tokens=7,
                token_source="usage",
                chunks=3,
                gaps_us=(10_000, 30_000),
            )
        )
    tally.add(
        record(
            request_id=4,
            started_ns=1000 + 300 * MS,
            latency_ns=700 * MS,
            outcome=Outcome.TIMEOUT,
            error="no whole answer within 1 s",
            ttft_ns=690 * MS,
            output_tokens=1,
            token_source="estimate",
            chunks=1,
        )
    )
    return tally


def test_the_summary_of_three_ok_and_one_failed_request() -> None:
    found = filled().result(RunConfig(), started_unix_ns=0).summary
    assert (found.sent, found.ok, found.failed, found.cancelled) == (4, 3, 1, 0)
    assert found.outcomes == {"ok": 3, "timeout": 1}
    assert found.metrics["ttft_ms"].mean == 50
    assert found.metrics["ttft_ms"].max == 60  # the failed request's 690 ms is not in it
    assert found.metrics["itl_ms"].count == 6
    assert found.metrics["itl_ms"].p50 == 20
    assert found.metrics["tpot_ms"].mean == 10  # 40 ms over 4 tokens
    assert found.metrics["tokens_per_s"].p50 == 50  # 5 tokens in 0.1 s
    assert found.metrics["max_gap_ms"].p50 == 30
    assert found.metrics["connect_ms"].count == 0
    assert found.metrics["connect_ms"].mean is None
    assert found.token_source == "mixed"


def test_rates_are_over_the_wall_time_of_the_run() -> None:
    result = filled().result(RunConfig(), started_unix_ns=0)
    assert result.duration_ns == 1000 * MS
    assert result.summary.requests_per_s == 4
    assert result.summary.output_tokens_per_s == 16
    assert result.summary.chunks_per_s == 10


def test_messages_that_differ_in_numbers_are_one_kind_of_error() -> None:
    tally = Tally(origin_ns=0)
    for number in (3, 4):
        tally.add(record(request_id=number, outcome=Outcome.HTTP_ERROR, error=f"HTTP 500: request {number} broke"))
    (group,) = tally.result(RunConfig(), 0).summary.errors
    assert (group.count, group.message, group.example_request) == (2, "HTTP 500: request 3 broke", 3)


def test_two_tallies_merge_into_what_one_would_have_seen() -> None:
    whole, left, right = Tally(0), Tally(0), Tally(0)
    for number in range(20):
        outcome = Outcome.OK if number % 5 else Outcome.EMPTY
        answer = record(
            request_id=number,
            thread_id=number % 2,
            started_ns=number * 90 * MS,
            ttft_ns=(30 + number) * MS,
            output_tokens=3,
            chunks=2,
            gaps_us=(number * 1000,),
            outcome=outcome,
            error=None if number % 5 else "the body is empty",
        )
        whole.add(answer)
        (left if number % 2 else right).add(answer)
    left.merge(right)
    assert left.result(RunConfig(), 0).summary == whole.result(RunConfig(), 0).summary
    assert left.series.rows(2 * S) == whole.series.rows(2 * S)
    assert left.end_ns == whole.end_ns


def test_texts_are_kept_for_slow_failed_and_first_requests_only() -> None:
    tally = Tally(0)
    total = Tally.DETAILS_FIRST + Tally.DETAILS_SLOWEST + 500
    for number in range(total):
        tally.add(record(request_id=number, latency_ns=(number + 1) * MS, gaps_us=(5,), ttft_ns=MS, chunks=2))
    details = tally.table.details
    assert set(range(Tally.DETAILS_FIRST)) <= set(details)
    assert set(range(total - Tally.DETAILS_SLOWEST, total)) <= set(details)
    assert len(details) == Tally.DETAILS_FIRST + Tally.DETAILS_SLOWEST
    assert {row for row, kept in details.items() if kept.gaps_us} == {0}, "the course of a run's only answer is shown"
