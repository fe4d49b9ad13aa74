"""What a chart shows of many requests: samples, histograms, percentiles over time, concurrency."""

from __future__ import annotations

import random

import pytest

from sse_perf_tool.records import OUTCOMES, IntervalSample, Outcome, RequestTable
from sse_perf_tool.report_parts.reduce import (
    concurrency_at_start,
    gap_cells,
    histogram,
    histograms,
    percentile_step_s,
    percentiles_by_concurrency,
    percentiles_over_time,
    sample_rows,
    step_s,
    sum_over_time,
    tokens_per_s,
    tpot_ns,
)

MS = 1_000_000
S = 1_000_000_000


def table_of(*rows: dict[str, int]) -> RequestTable:
    """A table with these columns; what a row leaves out is not measured."""
    table = RequestTable()
    for row in rows:
        zeros = dict.fromkeys(("outcome", "thread_id", "request_id"), 0)
        table.append({**dict.fromkeys(table.COLUMNS, -1), **zeros, **row})
    return table


def test_few_rows_are_all_shown() -> None:
    assert sample_rows([[5, 4, 3]], [0, 0, 0], limit=3) == [0, 1, 2]


def test_a_sample_keeps_the_extremes_of_every_column_and_stays_within_its_limit() -> None:
    chance = random.Random(3)
    one = [chance.randint(100, 200) for _ in range(20_000)]
    two = [chance.randint(100, 200) for _ in range(20_000)]
    one[777], one[15_001], two[9_999] = 5_000, 1, 7_000
    rows = sample_rows([one, two], [0] * 20_000, limit=500)
    assert len(rows) <= 500
    assert {777, 15_001, 9_999} <= set(rows)
    assert rows == sorted(set(rows))


def test_values_that_were_not_measured_are_no_minimum() -> None:
    column = [-1] * 1_000
    column[400], column[600] = 9, 8
    assert {400, 600} <= set(sample_rows([column], [0] * 1_000, limit=60))


def test_a_sample_keeps_a_lone_failure() -> None:
    kinds = [0] * 10_000
    kinds[4_321] = 7
    assert 4_321 in sample_rows([[1] * 10_000], kinds, limit=200)


def test_a_sample_covers_the_whole_run_evenly() -> None:
    rows = sample_rows([[1] * 100_000], [0] * 100_000, limit=1_000)
    tenths = [sum(1 for row in rows if row // 10_000 == tenth) for tenth in range(10)]
    assert min(tenths) > 80


def test_narrow_values_get_even_bins_with_round_edges() -> None:
    found = histogram([(50.0, 2), (50.5, 1), (51.0, 1)], bins=4)
    assert not found.geometric
    assert found.edges == pytest.approx([50.0, 50.25, 50.5, 50.75, 51.0, 51.25])
    assert found.counts == [2, 0, 1, 0, 1]


def test_wide_values_get_bins_of_one_ratio_that_meet_the_powers_of_ten() -> None:
    found = histogram([(1.0, 1), (10.0, 3), (1000.0, 1)], bins=40)
    assert found.geometric
    assert 10.0 in [round(edge, 9) for edge in found.edges]
    assert sum(found.counts) == 5
    at_ten = next(i for i, edge in enumerate(found.edges) if round(edge, 9) == 10.0)
    assert found.counts[at_ten] == 3
    ratios = {round(b / a, 6) for a, b in zip(found.edges, found.edges[1:], strict=False)}
    assert len(ratios) == 1


def test_zeros_stand_in_a_bin_of_their_own() -> None:
    found = histogram([(0.0, 4), (1.0, 1), (100.0, 1)])
    assert found.edges[0] == 0.0
    assert found.counts[0] == 4


@pytest.mark.parametrize("pairs", [[], [(0.0, 3)], [(7.0, 3)]])
def test_no_value_or_one_value_still_makes_a_histogram(pairs: list[tuple[float, int]]) -> None:
    assert sum(histogram(pairs).counts) == sum(count for _, count in pairs)


def test_histograms_of_two_runs_share_their_bins() -> None:
    one, two, empty = histograms([[(10.0, 1)], [(12.0, 5)], []], bins=2)
    assert one.edges == two.edges == empty.edges
    assert (sum(one.counts), sum(two.counts), sum(empty.counts)) == (1, 5, 0)


def test_steps_are_the_shortest_round_seconds_that_are_few_enough() -> None:
    assert step_s(60, 60) == 1
    assert step_s(61, 60) == 2
    assert step_s(3600, 240) == 15
    assert step_s(10 * 365 * 86_400, 300) == 13 * 86_400


def test_percentile_steps_hold_some_150_requests_where_they_can() -> None:
    assert percentile_step_s(ok=100, duration_s=100) == 10
    assert percentile_step_s(ok=30_000, duration_s=1_000) == 5
    assert percentile_step_s(ok=0, duration_s=0) == 1


def test_percentiles_over_time_are_those_of_ok_requests_by_their_end() -> None:
    rows = [{"started_ns": 0, "latency_ns": (i + 1) * 90 * MS, "ttft_ns": (i + 1) * 10 * MS} for i in range(11)]
    failed = {"started_ns": 0, "latency_ns": MS, "ttft_ns": 900 * MS, "outcome": OUTCOMES.index(Outcome.TIMEOUT)}
    late = {"started_ns": 2 * S, "latency_ns": MS, "ttft_ns": 5 * MS}
    found = percentiles_over_time(table_of(*rows, failed, late), "ttft_ns", 1, duration_s=2.25)
    assert found.at == [0.5, 2.125]  # the middles of 0 .. 1 s and 2 .. 2.25 s
    assert found.samples == [11, 1]
    assert found.p50 == [60.0, None]  # ranks 0 to 10 of 10, 20 .. 110: the middle is 60; one value is too few
    assert found.p95 == [None, None]  # needs 20 values
    assert found.p99 == [None, None]


def test_concurrency_counts_the_requests_in_flight_when_each_began() -> None:
    # 0..10, 2..4, 3..12, 4..5 (the second has just ended), 20..21
    spans = [(0, 10), (2, 4), (3, 12), (4, 5), (20, 21)]
    table = table_of(*({"started_ns": a, "latency_ns": b - a} for a, b in spans))
    assert list(concurrency_at_start(table)) == [1, 2, 3, 3, 1]


def test_percentiles_by_concurrency_stand_at_their_level() -> None:
    table = table_of(*({"latency_ns": ms * MS} for ms in (10, 20, 30, 40)))
    found = percentiles_by_concurrency(table, "latency_ns", [1, 1, 3, 3])
    assert found.at == [1.0, 3.0]
    assert found.p50 == [15.0, 35.0]


def test_errors_are_added_up_and_ok_is_none() -> None:
    samples = [
        IntervalSample(0, outcomes={"ok": 5, "timeout": 1}),
        IntervalSample(1, outcomes={"timeout": 2, "http_error": 1}),
        IntervalSample(2, outcomes={"ok": 9}),
    ]
    assert sum_over_time(samples, 2) == {"timeout": [3, 0], "http_error": [1, 0]}


def test_gap_cells_add_up_the_seconds_of_a_column() -> None:
    samples = [IntervalSample(0, gap_counts={4: 1, -1: 2}), IntervalSample(1, gap_counts={4: 10})]
    assert gap_cells(samples, 2) == [(0, -1, 2), (0, 4, 11)]


def test_tpot_and_throughput_are_not_measured_below_two_tokens_and_without_time() -> None:
    table = table_of(
        {"gap_sum_ns": 90 * MS, "output_tokens": 10, "ttft_ns": 1, "streaming_ns": S},
        {"gap_sum_ns": 0, "output_tokens": 1, "ttft_ns": 1, "streaming_ns": 0},
    )
    assert list(tpot_ns(table)) == [10 * MS, -1]
    assert list(tokens_per_s(table)) == [10.0, -1]
