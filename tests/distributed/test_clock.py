"""The offset of two clocks: inside its bounds however unequal the ways are, and close where they are equal."""

from __future__ import annotations

from random import Random

import pytest

from sse_perf_tool.distributed.clock import DRIFT, Offset

MS, S = 1_000_000, 1_000_000_000


def trips(offset: Offset, ahead_ns: int, there_ms: float, back_ms: float, number: int, random: Random, at_ns: int = 0):
    """Round trips to a clock that is so far ahead, over ways that take so long and up to 3 ms more."""
    now_ns = at_ns
    for _ in range(number):
        sent_ns = now_ns
        came_ns = sent_ns + round((there_ms + random.expovariate(2)) * MS)
        left_ns = came_ns + random.randrange(MS)
        back_ns = left_ns + round((back_ms + random.expovariate(2)) * MS)
        offset.add(sent_ns, came_ns + ahead_ns, left_ns + ahead_ns, back_ns)
        now_ns = back_ns + 5 * MS


@pytest.mark.parametrize("way_ms", [0, 20, 80])
@pytest.mark.parametrize("ahead_s", [0, -3600, 86_400 * 400])
def test_with_equal_ways_the_offset_is_known_to_2_ms(way_ms, ahead_s):
    for seed in range(20):
        offset = Offset()
        trips(offset, ahead_s * S, way_ms, way_ms, 24, Random(seed))
        assert abs(offset.use() - ahead_s * S) < 2 * MS
        assert abs(offset.use() - ahead_s * S) <= offset.uncertainty_ns
        assert offset.round_trip_ns >= 2 * way_ms * MS


@pytest.mark.parametrize(("there_ms", "back_ms"), [(0, 80), (80, 0), (5, 25), (0.1, 0.9)])
def test_with_unequal_ways_the_truth_lies_within_the_bounds(there_ms, back_ms):
    for seed in range(20):
        offset = Offset()
        trips(offset, 7 * S, there_ms, back_ms, 24, Random(seed))
        wrong_ns = abs(offset.use() - 7 * S)
        assert wrong_ns > abs(there_ms - back_ms) * MS / 4, "nothing tells which way took longer"
        assert wrong_ns <= offset.uncertainty_ns <= (there_ms + back_ms + 4) * MS


def test_a_clock_that_drifts_is_within_the_bounds_at_every_time_of_the_run():
    offset, random, drift = Offset(), Random(1), DRIFT / 2
    trips(offset, 0, 1, 1, 24, random)
    used_ns, wrong_ns = offset.use(), 0
    before_ns = offset.uncertainty_ns
    for minute in range(1, 11):
        at_ns = minute * 60 * S
        offset.burst(at_ns)
        ahead_ns = round(at_ns * drift)
        trips(offset, ahead_ns, 1, 1, 8, random, at_ns)
        wrong_ns = max(wrong_ns, abs(used_ns - ahead_ns))
        assert wrong_ns <= offset.uncertainty_ns
    assert offset.uncertainty_ns > before_ns + 25 * MS, "ten minutes at 50 ppm are 30 ms"
    assert offset.uncertainty_ns < wrong_ns + 3 * MS
    assert offset.use() == used_ns, "a run has one offset"


def test_later_round_trips_that_are_slow_say_nothing_new():
    offset, random = Offset(), Random(2)
    trips(offset, 0, 0.1, 0.1, 24, random)
    offset.use()
    before_ns = offset.uncertainty_ns
    offset.burst(S)
    trips(offset, 0, 0.1, 60, 8, random, S)
    assert offset.uncertainty_ns <= before_ns + 2 * DRIFT * S + MS // 100


def test_a_clock_that_was_set_counts_as_it_is_now():
    offset, random = Offset(), Random(3)
    trips(offset, 0, 0.1, 0.1, 24, random)
    offset.use()
    offset.burst(S)
    trips(offset, 5 * S, 0.1, 0.1, 8, random, S)
    assert offset.uncertainty_ns + 2 * MS >= 5 * S


def test_without_a_round_trip_nothing_is_known():
    offset = Offset()
    assert (offset.use(), offset.uncertainty_ns, offset.round_trip_ns) == (0, None, None)
