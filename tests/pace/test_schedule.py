"""Schedules are pure functions of the settings and a seed: to the microsecond, and with the right distribution."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

import pytest

from sse_perf_tool.pace.schedule import (
    asked_between,
    gaps_of,
    leaves_early,
    line_of,
    phase_of,
    rate_line,
    schedule_s,
    spans_of,
    thread_spans_s,
)
from sse_perf_tool.records import Phase, RunConfig


def micros(times_s: Iterable[float]) -> list[int]:
    return [round(at_s * 1e6) for at_s in times_s]


def ks_distance(values: Sequence[float], cdf: Callable[[float], float]) -> float:
    """The Kolmogorov-Smirnov statistic: the largest distance between the values' distribution and `cdf`."""
    ordered, count = sorted(values), len(values)
    return max(max((rank + 1) / count - cdf(value), cdf(value) - rank / count) for rank, value in enumerate(ordered))


def gaps_between(times_s: Sequence[float]) -> list[float]:
    return [after - before for before, after in pairwise(times_s)]


# --- arrivals


def test_a_constant_rate_begins_at_once_and_goes_on_evenly_until_the_end():
    times = list(schedule_s(RunConfig(rate_per_s=50, duration_s=30)))
    assert micros(times[:4]) == [0, 20_000, 40_000, 60_000]
    assert (len(times), micros(times[-1:])) == (1500, [29_980_000])


@pytest.mark.parametrize(("rate", "seconds", "count"), [(0.1, 30, 3), (0.3, 10, 3), (7, 0.3, 3), (333, 7, 2331)])
def test_rounding_makes_no_arrival_too_many(rate, seconds, count):
    assert len(list(schedule_s(RunConfig(rate_per_s=rate, duration_s=seconds)))) == count


def test_the_number_of_requests_ends_a_schedule_that_has_no_other_end():
    assert micros(schedule_s(RunConfig(rate_per_s=4, requests=3))) == [0, 250_000, 500_000]


def test_a_rising_rate_has_its_arrivals_where_the_area_under_it_is_whole():
    """From 0 to 10/s in 5 s the area at t is t squared."""
    times = micros(schedule_s(RunConfig(stages=[[5, 10], [5, 10]], stages_of="rate", duration_s=10)))
    assert times[:26] == [round(math.sqrt(number) * 1e6) for number in range(26)]
    assert times[26:29] == [5_100_000, 5_200_000, 5_300_000]
    assert len(times) == 75


def test_a_falling_rate_ends_with_nothing():
    times = micros(schedule_s(RunConfig(stages=[[0, 4], [2, 0]], stages_of="rate", duration_s=2)))
    # 4t - t^2 = 0, 1, 2, 3
    assert times == [round((2 - math.sqrt(4 - number)) * 1e6) for number in range(4)]


def test_poisson_gaps_pass_a_kolmogorov_smirnov_test_and_others_do_not():
    config = RunConfig(rate_per_s=50, duration_s=60, arrival="poisson", seed=1)
    gaps = gaps_between(list(schedule_s(config)))
    limit = 1.358 / math.sqrt(len(gaps))  # of the 5 % level
    assert ks_distance(gaps, lambda gap: 1 - math.exp(-50 * gap)) < limit
    even = gaps_between(list(schedule_s(RunConfig(rate_per_s=50, duration_s=60))))
    assert ks_distance(even, lambda gap: 1 - math.exp(-50 * gap)) > 0.5


def test_poisson_arrivals_of_a_rising_rate_lie_as_its_area_does():
    config = RunConfig(stages=[[30, 100]], stages_of="rate", duration_s=30, arrival="poisson", seed=2)
    times = list(schedule_s(config))
    assert ks_distance(times, lambda at: (at / 30) ** 2) < 1.358 / math.sqrt(len(times))


@pytest.mark.parametrize("spread", [0.5, 2.0])
def test_gamma_gaps_have_the_spread_that_is_asked_for(spread):
    gaps = gaps_between(list(schedule_s(RunConfig(rate_per_s=10, requests=20_000, arrival=f"gamma:{spread}"))))
    mean = math.fsum(gaps) / len(gaps)
    deviation = math.sqrt(math.fsum((gap - mean) ** 2 for gap in gaps) / len(gaps))
    assert mean == pytest.approx(0.1, rel=0.05)
    assert deviation / mean == pytest.approx(spread, rel=0.05)


def test_the_seed_decides_and_nothing_else():
    def first(seed: int) -> list[float]:
        gaps = gaps_of("poisson", seed)
        return [next(gaps) for _ in range(5)]

    assert first(1) == first(1)
    assert first(1) != first(2)


def test_a_trace_is_sent_at_its_times():
    assert list(schedule_s(RunConfig(replay_file="t", requests=2), [0.0, 0.5, 9.0])) == [0.0, 0.5]


def test_what_is_asked_of_a_second_is_the_area_under_the_line():
    line = rate_line(RunConfig(stages=[[5, 10], [5, 10], [0, 2], [1, 2]], stages_of="rate"))
    asked = [asked_between(line, second, second + 1) for second in (0, 4, 5, 10, 11)]
    assert asked == pytest.approx([1, 9, 10, 2, 0])


# --- threads


def test_stages_put_a_thread_to_work_while_the_line_is_above_its_number():
    line = line_of([[30, 10], [60, 50], [30, 0]])
    assert spans_of(line, 0) == [(0, 120)]
    assert spans_of(line, 9) == [pytest.approx((27, 114.6))]
    assert spans_of(line, 10) == [pytest.approx((30, 114))]
    assert spans_of(line, 49) == [pytest.approx((88.5, 90.6))]
    assert spans_of(line, 50) == []


def test_threads_are_within_one_of_the_line_at_every_moment():
    line = line_of([[3, 10], [2, 10], [0, 4], [2, 4], [4, 30], [5, 0]])
    spans = [spans_of(line, thread) for thread in range(30)]
    for tick in range(1600):
        at_s = tick / 100 + 0.005
        working = sum(begin_s <= at_s < end_s for each in spans for begin_s, end_s in each)
        piece = next(piece for piece in line if piece.begin_s <= at_s < piece.begin_s + piece.length_s)
        wanted = piece.low + piece.rise() * (at_s - piece.begin_s)
        assert working == math.ceil(wanted - 1e-9)


def test_a_thread_that_is_wanted_again_has_two_spans():
    assert spans_of(line_of([[0, 5], [10, 5], [0, 2], [5, 2], [0, 4], [5, 4]]), 3) == [(0, 10), (15, 20)]


def test_a_ramp_spreads_the_starts_and_each_thread_has_the_whole_duration():
    config = RunConfig(threads=4, ramp_up_s=2, duration_s=10)
    assert [thread_spans_s(config, thread) for thread in range(4)] == [[(n / 2, n / 2 + 10)] for n in range(4)]
    assert thread_spans_s(RunConfig(), 0) == [(0, math.inf)]


# --- phases and lots


def test_the_phase_is_that_of_the_beginning():
    config = RunConfig(duration_s=60, warmup_s=10, cooldown_s=5)
    phases = [phase_of(config, 1, at_s) for at_s in (0, 9.999, 10, 54.999, 55, 61)]
    assert phases == [Phase.WARMUP, Phase.WARMUP, Phase.MAIN, Phase.MAIN, Phase.COOLDOWN, Phase.COOLDOWN]


def test_a_warm_up_may_be_a_number_of_requests():
    config = RunConfig(requests=30, warmup_requests=20)
    assert [phase_of(config, number, 99) for number in (1, 20, 21)] == [Phase.WARMUP, Phase.WARMUP, Phase.MAIN]


def test_the_cool_down_is_counted_back_from_the_end_of_the_ramp_and_the_duration():
    config = RunConfig(ramp_up_s=10, duration_s=20, cooldown_s=5)
    assert [phase_of(config, 1, at_s) for at_s in (24.9, 25)] == [Phase.MAIN, Phase.COOLDOWN]


def test_the_lots_of_those_who_leave_are_drawn_from_the_seed():
    def drawn(seed: int) -> list[int]:
        config = RunConfig(cancel_rate=0.05, cancel_after_s=1, seed=seed)
        return [number for number in range(1, 4001) if leaves_early(config, number)]

    assert len(drawn(0)) == pytest.approx(200, abs=3 * math.sqrt(4000 * 0.05 * 0.95))
    assert drawn(0) == drawn(0) != drawn(1)
    assert not leaves_early(RunConfig(), 1)
