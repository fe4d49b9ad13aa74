"""Differences and their intervals: known tables, hand-computed values, and how often they are right."""

from __future__ import annotations

from random import Random

import pytest

from sse_perf_tool.bench import statistics
from sse_perf_tool.bench.statistics import paired_difference, unpaired_difference


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
def test_fewer_than_six_pairs_have_no_interval(n: int) -> None:
    found = paired_difference([0.0] * n, [float(10 + at) for at in range(n)])
    assert (found.low, found.high, found.shown) == (None, None, False)
    assert found.shift is not None


def test_six_pairs_have_the_whole_range_for_an_interval() -> None:
    """The smallest signed rank statistic of 6 has the probability 1/64 on each side, 0.03 in all."""
    found = paired_difference([0.0] * 6, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    assert (found.shift, found.low, found.high, found.shown) == (3.5, 1.0, 6.0, True)


def test_the_interval_of_ten_pairs_is_cut_at_the_ninth_average() -> None:
    """Critical value 8 of the signed rank test for n = 10 and 0.05, both sides, as tables have it."""
    values = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0]
    averages = sorted((x + y) / 2 for at, x in enumerate(values) for y in values[at:])
    found = paired_difference([0.0] * 10, values)
    assert (found.low, found.high) == (averages[8], averages[-9])


def test_the_interval_of_five_and_five_is_cut_at_the_third_difference() -> None:
    """Critical value 2 of the rank sum test for 5 and 5 and 0.05, both sides, as tables have it."""
    a, b = [0.0, 1.0, 2.0, 3.0, 4.0], [10.0, 20.0, 30.0, 40.0, 50.0]
    differences = sorted(y - x for x in a for y in b)
    found = unpaired_difference(a, b)
    assert (found.low, found.high, found.shift) == (differences[2], differences[-3], 28.0)


def test_three_and_three_say_nothing() -> None:
    assert not unpaired_difference([1.0, 1.1, 1.2], [9.0, 9.1, 9.2]).shown
    assert unpaired_difference([1.0, 1.1, 1.2, 1.3], [9.0, 9.1, 9.2, 9.3]).shown


def test_nothing_to_compare_is_no_difference() -> None:
    assert paired_difference([], []).shift is None
    assert unpaired_difference([1.0], []).shift is None


@pytest.mark.parametrize("shape", ["normal", "long tail"])
def test_equal_targets_are_told_apart_in_one_of_twenty_at_most(shape: str) -> None:
    """200 benchmarks of 30 pairs: of 5 % wrong ones more than 18 have a probability below 1 %."""
    random = Random(f"equal {shape}")
    draw = random.gauss if shape == "normal" else lambda _mean, _spread: random.paretovariate(1.5)
    wrong = 0
    for _ in range(200):
        drift = [at / 3 for at in range(30)]
        a, b = ([draw(0, 5) + d for d in drift] for _ in range(2))
        wrong += paired_difference(a, b).shown
    assert wrong <= 18


def test_three_milliseconds_are_found_with_30_requests_a_side() -> None:
    """TTFTs of 50 ms that drift by 20 ms over the benchmark, with a spread of 2 ms: found in at least 95 of 100."""
    random, found = Random("three"), 0
    for _ in range(100):
        drift = [50 + 20 * at / 30 for at in range(30)]
        a = [random.gauss(mean, 2) for mean in drift]
        b = [random.gauss(mean + 3, 2) for mean in drift]
        shown = paired_difference(a, b)
        found += shown.shown and shown.shift is not None and shown.shift > 0
    assert found >= 95


def test_drift_that_falls_on_all_alike_makes_no_difference_and_without_pairs_hides_one() -> None:
    random = Random("drift")
    drift = [50 + 5 * at for at in range(30)]
    a, b = [random.gauss(mean, 1) for mean in drift], [random.gauss(mean + 3, 1) for mean in drift]
    assert paired_difference(a, b).shown
    assert not unpaired_difference(a, b).shown


def test_many_pairs_are_thinned_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statistics, "MOST_PAIRS", 100)  # the work grows with its third power
    found = paired_difference([0.0] * 5000, [float(at % 7) for at in range(5000)])
    assert found.pairs == 5000
    assert found.shift == pytest.approx(3.0, abs=0.6)
