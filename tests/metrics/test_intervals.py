"""How sure the percentiles are: ranks by hand, coverage by trial, and gaps that are not independent."""

from __future__ import annotations

import json
from collections.abc import Sequence
from random import Random

import pytest

from sse_perf_tool.exporters.json_summary import summary_document
from sse_perf_tool.metrics import Tally
from sse_perf_tool.metrics.intervals import FEWEST, GapSample, gap_intervals, interval, intervals, ranks
from sse_perf_tool.records import Interval, Outcome, RequestRecord, RunConfig, RunResult
from sse_perf_tool.report_parts.tables import interval_text, metrics_table

MS = 1_000_000


@pytest.mark.parametrize(
    ("count", "percent", "expected"),
    [
        # Bin(10, 1/2): P(0) + P(1) = 11 / 1024 = 1.1 %, with P(2) 5.5 %: the 2nd and the 9th, as in any table.
        (10, 50, (2, 9)),
        # Bin(100, 1/2): up to 39 1.76 %, up to 40 2.84 %.
        (100, 50, (40, 61)),
        # 0.99 ** 367 is 2.50 % and 0.99 ** 368 2.48 %: only from then on is the largest of them large enough.
        (367, 99, (359, None)),
        (368, 99, (360, 368)),
        # 0.9 ** 35 is 2.503 %, 0.9 ** 36 2.25 %.
        (35, 90, (28, None)),
        (36, 90, (29, 36)),
        (3, 50, (None, None)),
    ],
)
def test_ranks_are_those_of_the_binomial_distribution(count: int, percent: int, expected: tuple[int, int]) -> None:
    assert ranks(count, percent) == expected


def test_the_ranks_of_a_million_values_are_found_without_summing_a_million_terms() -> None:
    # The median of n values lies within 1.96 * sqrt(n) / 2 = 980 of the middle.
    low, high = ranks(1_000_000, 50)
    assert low is not None
    assert high is not None
    assert (low, high) == (pytest.approx(499_020, abs=2), pytest.approx(500_981, abs=2))


@pytest.mark.parametrize(("count", "percent"), [(20, 50), (200, 90), (800, 99)])
def test_nineteen_of_twenty_intervals_hold_the_truth(count: int, percent: int) -> None:
    chance = Random(11)
    held = 0
    for _ in range(1000):
        low, high = interval(sorted(chance.random() for _ in range(count)), percent) or (None, None)
        held += (low is None or low <= percent / 100) and (high is None or high >= percent / 100)
    assert held >= 940  # 95 % less three standard errors of 0.7 %


def test_too_few_values_have_no_interval() -> None:
    assert interval(range(FEWEST - 1), 50) is None
    assert interval(range(FEWEST), 50) == Interval(1, 8)


def test_the_intervals_of_a_metric_are_in_its_unit_and_may_be_open() -> None:
    assert intervals(range(100), (50, 99), scale=0.5) == {"p50": Interval(19.5, 30.0), "p99": Interval(48.0, None)}


def test_values_that_are_worth_fewer_have_wider_intervals() -> None:
    # A thousand values that are worth 100: the 40th and the 61st hundredth, rounded outwards.
    assert interval(range(1000), 50, effective=100) == Interval(390, 609)
    assert interval(range(1000), 50, effective=9) is None
    assert interval(range(100), 50, effective=1e9) == interval(range(100), 50)


# --- gaps


def sample_of(answers: Sequence[Sequence[int]]) -> GapSample:
    sample = GapSample()
    for number, gaps in enumerate(answers):
        sample.add(number, gaps)
    return sample


def test_gaps_that_are_alike_within_an_answer_count_as_one() -> None:
    # Half of the answers have gaps of 10 us, half of 30: the 50 gaps of an answer say no more than one of them.
    sample = sample_of([[10] * 50, [30] * 50] * 20)
    assert sample.design_effect(10) == pytest.approx(50 * 40 / 39)


def test_gaps_in_no_order_count_each() -> None:
    chance = Random(3)
    effect = sample_of([[chance.randint(0, 99) for _ in range(50)] for _ in range(200)]).design_effect(50)
    assert effect is not None
    assert 1 <= effect < 1.4


def test_gaps_that_are_more_alike_between_answers_than_chance_allows_count_each_all_the_same() -> None:
    assert sample_of([[10, 30]] * 20).design_effect(10) == 1
    assert sample_of([[10, 10]] * 20).design_effect(10) == 1


def test_a_few_answers_say_nothing_of_their_gaps() -> None:
    assert sample_of([[10, 30]] * (FEWEST - 1)).design_effect(10) is None
    assert gap_intervals(range(1000), sample_of([[10, 30]] * (FEWEST - 1)), (50,), 1.0) == {}
    assert gap_intervals((), GapSample(), (50,), 1.0) == {}


def test_the_sample_is_bounded_and_the_same_however_it_was_gathered() -> None:
    answers = [[number] * 3 for number in range(2000)]
    whole = sample_of(answers)
    parts = [GapSample(), GapSample()]
    for number, gaps in enumerate(answers):
        parts[number % 2].add(number, gaps)
    parts[0].merge(parts[1])
    assert sorted(whole._kept) == sorted(parts[0]._kept)
    assert len(whole._kept) == GapSample.MOST_ANSWERS
    assert 800 < sum(gaps[0] for _, _, gaps in whole._kept) / 500 < 1200, "from the whole run"


def test_long_answers_are_kept_in_smaller_number() -> None:
    sample = sample_of([[1] * 10_000] * 100)
    assert sum(len(gaps) for _, _, gaps in sample._kept) == GapSample.MOST_GAPS


# --- a run


def run_of(count: int) -> RunResult:
    """Answers of 10, 20, 30, ... ms."""
    tally = Tally(origin_ns=0)
    for n in range(1, count + 1):
        tally.add(RequestRecord(n, 1, 0, Outcome.OK, n * 10 * MS, chunks=4, gaps_us=(2000, 2000, 1000 * n), ttft_ns=MS))
    return tally.result(RunConfig(), 0)


def test_the_summary_has_the_interval_of_each_percentile() -> None:
    document = json.loads(json.dumps(summary_document(run_of(100))["intervals"]))
    assert document["latency_ms"]["p50"] == [400, 610]
    assert document["latency_ms"]["p99"] == [970, None]
    assert document["itl_ms"]["p50"] == [2.0, 2.0]
    assert "tls_ms" not in document


def test_few_requests_have_none() -> None:
    assert summary_document(run_of(9))["intervals"] == {}


def test_the_report_shows_it_below_the_figure() -> None:
    table = metrics_table(run_of(100).summary)
    assert '<td data-v="505">505<small>400–610</small></td>' in table
    assert "95 % intervals" in table
    assert "95 % intervals" not in metrics_table(run_of(9).summary)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (Interval(80.12, 91.0), "80.1–91.0"),
        (Interval(80.1, None), "≥ 80.1"),
        (Interval(None, 91.0), "≤ 91.0"),
        (Interval(80.12, 80.13), ""),
        (None, ""),
    ],
)
def test_an_open_interval_says_what_is_known(given: Interval | None, shown: str) -> None:
    assert interval_text(given) == shown
