"""The search for the highest load: which level comes next, where it ends, and what is said of it."""

from __future__ import annotations

import heapq
import math
from dataclasses import replace
from random import Random

import pytest

from capacity_steps import Measure, levels_of, passing_up_to, saturating_at, step
from sse_perf_tool.capacity.search import (
    Point,
    about_edge,
    answer,
    curve,
    edge,
    growth,
    is_saturated,
    knee,
    limit,
    slope_of,
)
from sse_perf_tool.metrics import stats_of
from sse_perf_tool.records import Capacity, CapacitySearch, Ending, Limit, StepResult, ThresholdResult

# --- the way to the edge


def test_it_doubles_until_a_level_fails_then_halves_and_measures_both_sides_of_the_edge_again():
    asked, found = levels_of(CapacitySearch(), passing_up_to(11))
    assert asked == [1, 2, 4, 8, 16, 12, 10, 11, 12, 11]
    assert (found.level, found.failing, found.ending) == (11, 12, Ending.EDGE)


@pytest.mark.not_measured
@pytest.mark.parametrize("capacity", range(1, 201))
def test_every_capacity_is_found_within_a_twentieth(capacity):
    _, found = levels_of(CapacitySearch(most=400), passing_up_to(capacity))
    assert found.level is not None
    assert capacity - max(1, capacity // 20) < found.level <= capacity


def test_a_rate_is_found_within_a_twentieth():
    asked, found = levels_of(CapacitySearch(by="rate", least=0.5), passing_up_to(3.3))
    assert asked[:6] == [0.5, 1, 2, 4, 3, 3.5]
    assert found.level is not None
    assert found.failing is not None
    assert 3.3 / 1.05 < found.level <= 3.3 < found.failing <= 1.05 * found.level


def test_the_most_is_not_exceeded_and_answers_at_least():
    asked, found = levels_of(CapacitySearch(least=3, most=40), passing_up_to(math.inf))
    assert asked == [3, 6, 12, 24, 40, 40]
    assert (found.level, found.failing, found.ending) == (40, None, Ending.MOST)


def test_when_the_least_fails_twice_there_is_no_capacity():
    asked, found = levels_of(CapacitySearch(least=4), passing_up_to(3))
    assert asked == [4, 4]
    assert (found.level, found.failing, found.ending) == (None, 4, Ending.LEAST)


def test_one_level_is_a_search_too():
    assert levels_of(CapacitySearch(least=7, most=7), passing_up_to(7))[0] == [7, 7]


# --- chance


def test_a_level_that_failed_by_chance_is_found_out_and_the_search_goes_on():
    verdicts = iter([False])
    asked, found = levels_of(
        CapacitySearch(most=64), lambda level: step(level, next(verdicts, True) if level == 4 else level <= 20)
    )
    assert asked[:6] == [1, 2, 4, 3, 4, 4], "the edge at 3 and 4 is measured again: 4 passes twice"
    assert found.level == 20


def test_a_level_that_passed_by_chance_is_found_out_and_the_search_goes_lower():
    verdicts = iter([True])
    _, found = levels_of(
        CapacitySearch(most=64), lambda level: step(level, next(verdicts, False) if level == 8 else level <= 5)
    )
    assert (found.level, found.failing) == (5, 6)
    assert [each.passed for each in found.steps if each.level == 8] == [True, False, False]


def test_one_of_three_does_not_count():
    said = {4: iter([True, False, True]), 5: iter([False, True, False])}
    asked, found = levels_of(
        CapacitySearch(most=5), lambda level: step(level, next(said[int(level)], level < 5) if level >= 4 else True)
    )
    assert asked == [1, 2, 4, 5, 5, 5, 4, 4]
    assert (found.level, found.failing) == (4, 5)


# --- going on


def test_going_on_with_the_steps_of_an_interrupted_search_gives_the_same_answer():
    search, measure = CapacitySearch(), passing_up_to(37)
    asked, whole = levels_of(search, measure)
    for done in range(len(asked) + 1):
        rest, found = levels_of(search, measure, whole.steps[:done])
        assert rest == asked[done:]
        assert found == whole


def test_a_search_goes_on_with_wider_bounds():
    _, first = levels_of(CapacitySearch(least=8, most=16), passing_up_to(37))
    assert levels_of(CapacitySearch(least=8, most=64), passing_up_to(37), first.steps)[1].level == 37
    _, second = levels_of(CapacitySearch(least=8, most=16), passing_up_to(3))
    assert levels_of(CapacitySearch(least=1, most=16), passing_up_to(3), second.steps)[1].level == 3


def test_before_the_first_step_nothing_is_known():
    found = answer(CapacitySearch(), [], Ending.INTERRUPTED)
    assert (found.level, found.failing, found.knee, found.limit, found.edge_per_s) == (None, None, None, None, 0.0)


# --- a ladder


def test_a_ladder_is_measured_once_each_whatever_passes():
    asked, found = levels_of(CapacitySearch(ladder=(4, 1, 16, 2)), passing_up_to(3))
    assert asked == [4, 1, 16, 2]
    assert (found.level, found.failing, found.ending) == (2, 4, Ending.SWEPT)


# --- what cannot be judged


def unjudged(level: float) -> StepResult:
    return step(level, False, value=None)


def test_a_rule_without_a_value_ends_the_search():
    asked, found = levels_of(CapacitySearch(), unjudged)
    assert (asked, found.ending) == ([1], Ending.UNJUDGED)


def test_a_ladder_goes_on_beyond_a_level_that_cannot_be_judged():
    asked, found = levels_of(CapacitySearch(ladder=(1, 2)), unjudged)
    assert (asked, found.ending) == ([1, 2], Ending.UNJUDGED)


@pytest.mark.parametrize(
    ("unknown", "expected"),
    [
        ({1}, (4, 8, Ending.SWEPT)),
        ({1, 2}, (4, 8, Ending.SWEPT)),
        ({2}, (4, 8, Ending.SWEPT)),
        ({16}, (4, 8, Ending.SWEPT)),
        ({1, 16}, (4, 8, Ending.SWEPT)),
        ({4}, (2, 8, Ending.UNJUDGED)),
        ({8, 16}, (4, None, Ending.UNJUDGED)),
        ({1, 2, 4}, (None, 8, Ending.UNJUDGED)),
        ({1, 2, 4, 8, 16}, (None, None, Ending.UNJUDGED)),
    ],
)
def test_of_a_ladder_only_a_level_at_the_edge_needs_a_verdict(unknown, expected):
    """4 passes, 8 fails."""
    asked, found = levels_of(
        CapacitySearch(ladder=(1, 2, 4, 8, 16)),
        lambda level: unjudged(level) if level in unknown else step(level, level <= 4),
    )
    assert asked == [1, 2, 4, 8, 16]
    assert (found.level, found.failing, found.ending) == expected


def test_a_lowest_level_of_a_ladder_into_which_no_request_fell_does_not_hide_that_a_higher_one_passes():
    _, found = levels_of(
        CapacitySearch(ladder=(1, 2, 4)), lambda level: replace(step(level, level == 2), ok=0 if level == 1 else 100)
    )
    assert (found.level, found.failing, found.ending) == (2, 4, Ending.SWEPT)


def test_a_search_that_cannot_judge_a_level_above_one_that_passes_has_that_one():
    asked, found = levels_of(CapacitySearch(), lambda level: step(level) if level < 4 else unjudged(level))
    assert (asked, found.level, found.failing, found.ending) == ([1, 2, 4], 2, None, Ending.UNJUDGED)


def test_without_any_whole_answer_a_rule_without_a_value_is_missed():
    failed = StepResult(1, 0, 1.0, 9, 0, 9, 0.0, 0.0, {}, (ThresholdResult("ttft_ms:p(95)<500", None, False),))
    assert failed.passed is False


def test_a_step_into_which_no_request_fell_says_nothing_of_the_least_load():
    asked, found = levels_of(CapacitySearch(), lambda level: replace(step(level, False, value=None), ok=0))
    assert (asked, found.ending, found.level) == ([1], Ending.UNJUDGED, None)


def test_above_a_level_that_passes_a_step_without_requests_is_a_service_that_keeps_them():
    asked, found = levels_of(
        CapacitySearch(), lambda level: step(level) if level < 4 else replace(step(level, False, value=None), ok=0)
    )
    assert asked[:4] == [1, 2, 4, 3]
    assert (found.ending, found.level, found.failing) == (Ending.EDGE, 3, 4)


# --- saturation, knee, limit


def test_a_saturated_server_ends_the_search_though_all_levels_pass():
    asked, found = levels_of(CapacitySearch(most=1000), saturating_at(30))
    assert asked == [1, 2, 4, 8, 16, 32, 64, 64]
    assert (found.ending, found.level, found.failing) == (Ending.SATURATED, 64, None)
    assert (found.knee, found.limit, found.edge_per_s) == (32, Limit.SERVER, 30)


def test_throughput_that_stands_still_without_longer_answers_is_no_saturation():
    points = [Point(8, 10.0, 1000.0), Point(16, 10.0, 1000.0)]
    assert not is_saturated(points)
    assert is_saturated([points[0], Point(16, 10.0, 2000.0)])
    assert not is_saturated([points[0], Point(9, 10.0, 2000.0)]), "too near to tell"
    assert not is_saturated(points[:1])
    assert not is_saturated([points[0], Point(16, 0.0, None)])


def test_growth_is_one_in_proportion_and_none_when_it_cannot_be_told():
    assert growth(Point(4, 10.0, None), Point(16, 40.0, None)) == pytest.approx(1.0)
    assert growth(Point(4, 10.0, None), Point(16, 20.0, None)) == pytest.approx(0.5)
    assert growth(Point(4, 10.0, None), Point(5, 20.0, None)) is None
    assert growth(Point(4, 0.0, None), Point(16, 20.0, None)) is None


def test_the_knee_is_the_point_farthest_above_the_diagonal():
    points = [Point(level, min(level, 8.0), None) for level in (1, 2, 4, 8, 16, 32)]
    assert knee(points) == 8, "1 - 8/32 is more than 4/8 - 4/32 and 1 - 16/32"
    assert knee([Point(level, level, None) for level in (1, 2, 4, 8)]) is None, "a straight line has no knee"
    assert knee(points[:1]) is None
    assert knee([]) is None


def test_the_curve_has_the_median_of_each_level():
    steps = [step(2, per_s=1.0), step(1), step(2, per_s=5.0), step(2, per_s=2.0, latency_ms=3000.0)]
    assert curve(steps) == [Point(1, 1.0, 1000.0), Point(2, 2.0, 1000.0)]


def test_the_slope_is_that_of_the_curve_about_the_edge():
    flat = [Point(level, min(level, 20.0), None) for level in (1, 2, 4, 8, 16, 20, 21, 22, 24, 32)]
    assert [point.level for point in about_edge(flat, 21)] == [20, 21, 22, 24, 32]
    assert slope_of(about_edge(flat, 21)) == pytest.approx(0.0)
    root = [Point(level, level**0.5, None) for level in (1, 2, 4, 8)]
    assert about_edge(root, 16) == root[2:], "one point has no slope"
    assert slope_of(root[2:]) == pytest.approx(0.5)
    assert slope_of([Point(level, float(level), None) for level in (10, 11)]) is None
    assert about_edge([Point(1, 0.0, None), Point(2, 0.0, None)], 1) == []
    assert slope_of([]) is None


def test_the_limit_is_told_by_what_is_missed_and_by_how_throughput_grows():
    _, full = levels_of(CapacitySearch(most=64), saturating_at(20, passing=22))
    assert (full.level, full.limit) == (22, Limit.SERVER)
    _, growing = levels_of(CapacitySearch(most=64), passing_up_to(22))
    assert growing.limit is Limit.GROWING
    refused = step(8, False, rule="errors:rate<0.01", value=0.2, error="http_error: HTTP 503")
    assert limit([step(4), refused], 4, 8) is Limit.ERRORS
    assert limit([step(4), step(8, False, client_cpu=0.97)], 4, 8) is Limit.CLIENT
    assert limit([step(4)], 4, None) is None


def test_the_edge_of_steps_that_pass_and_fail_in_turn_is_the_lowest_failure():
    steps = [step(1), step(2, False), step(4), step(8, False)]
    assert edge(steps) == (1, 2)


# --- models with a known answer

SERVERS, WAIT_MOST_S, SHARE = 48, 1.0, 0.95
"""So many servers, each with one customer at a time; 95 % are to wait less than so long."""


def queue(level: int, requests: int, random: Random) -> list[tuple[float, float, float]]:
    """(start, wait, end) of so many requests of `level` threads that share `SERVERS` servers, behind a warm-up.

    A closed network without think time; service takes 1 s, with an exponential half.  First come, first served.
    """
    idle, waiting = [0.0] * SERVERS, [0.0] * level
    served = []
    for _ in range(4 * level + requests):
        arrived, free = heapq.heappop(waiting), heapq.heappop(idle)
        ends = max(arrived, free) + 0.5 + random.expovariate(2.0)
        heapq.heappush(idle, ends)
        heapq.heappush(waiting, ends)
        served.append((arrived, max(0.0, free - arrived), ends))
    return served[4 * level :]


def queue_step(level: float, random: Random, requests: int = 100) -> StepResult:
    served = queue(int(level), max(requests, 4 * int(level)), random)
    met = sum(1 for _, wait, _ in served if wait < WAIT_MOST_S) / len(served)
    per_s = (len(served) - 1) / (served[-1][0] - served[0][0])
    latency = stats_of(1000 * (end - start) for start, _, end in served)
    check = ThresholdResult("goodput:rate>=0.95", met, met >= SHARE)
    return StepResult(level, 0, 1.0, len(served), len(served), 0, per_s, 0.0, {"latency_ms": latency}, (check,))


def noisy_queue(random: Random) -> Measure:
    return lambda level: queue_step(level, random)


def true_capacity() -> int:
    """By bisection over steps that are long enough to be sure."""
    low, high = SERVERS, 4 * SERVERS
    while high - low > 1:
        middle = (low + high) // 2
        passed = queue_step(middle, Random(0), 20_000).passed
        low, high = (middle, high) if passed else (low, middle)
    return low


def is_within_one_step(found: Capacity, truth: float) -> bool:
    """Whether the truth lies between the two sides of the edge or at most as far beyond them as they are apart."""
    assert found.level is not None
    assert found.failing is not None
    one_step = found.failing - found.level
    assert one_step <= max(1, found.level / 20)
    return found.level - one_step <= truth < found.failing + one_step


@pytest.mark.not_measured
def test_the_capacity_of_a_queue_is_found_within_one_step_in_95_of_100_noisy_searches():
    truth = true_capacity()
    assert SERVERS < truth < 2 * SERVERS
    found = [levels_of(CapacitySearch(most=400), noisy_queue(Random(seed)))[1] for seed in range(100)]
    near = [each for each in found if is_within_one_step(each, truth)]
    assert len(near) >= 0.95 * len(found)
    assert {each.limit for each in found} == {Limit.SERVER}
    assert all(each.edge_per_s == pytest.approx(SERVERS, rel=0.1) for each in found)


def mean_latency_s(level: int, servers: int, think_s: float) -> tuple[float, float]:
    """Mean response time and throughput of `level` customers at `servers` servers of mean service 1 s, exactly.

    Mean value analysis of a closed network: a queue with load-dependent service and a delay (Reiser and Lavenberg,
    1980).
    """
    busy = [1.0]  # probability of j customers at the queue, of a network with one customer less
    response = throughput = 0.0
    for customers in range(1, level + 1):
        response = sum(j / min(j, servers) * busy[j - 1] for j in range(1, customers + 1))
        throughput = customers / (response + think_s)
        more = [throughput / min(j, servers) * busy[j - 1] for j in range(1, customers + 1)]
        busy = [max(0.0, 1.0 - sum(more)), *more]
    return response, throughput


def test_the_knee_of_an_exact_queueing_model_is_found():
    """20 servers and 3 s to think: the bounds of throughput, N / (1 + 3) and 20, meet at 80 customers."""
    _, found = levels_of(CapacitySearch(most=400), lambda level: model_step(int(level)))
    assert found.level is not None
    response_s, _ = mean_latency_s(int(found.level), 20, 3.0)
    beyond_s, _ = mean_latency_s(int(found.level) + max(1, int(found.level) // 20), 20, 3.0)
    assert response_s < 1.5 <= beyond_s
    assert found.knee is not None
    assert 64 <= found.knee <= 96


def model_step(level: int) -> StepResult:
    response_s, per_s = mean_latency_s(level, 20, 3.0)
    return step(level, response_s < 1.5, per_s, 1000 * response_s, value=1000 * response_s, rule="latency_ms:avg<1500")
