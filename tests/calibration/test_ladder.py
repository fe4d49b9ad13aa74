"""How far a machine goes, found out with made-up machines whose limits are known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from sse_perf_tool.calibration.ladder import Ladder, Rung, rung_of
from sse_perf_tool.records import Calibration, CalibrationLimit


class Machine:
    """Its error is 1 ms for each `threads_a_ms` threads; from `server_at` threads on the server sends too little."""

    def __init__(self, threads_a_ms: float, server_at: int = 10**9, hiccups: tuple[int, ...] = ()) -> None:
        self.threads_a_ms, self.server_at, self.hiccups = threads_a_ms, server_at, list(hiccups)
        self.tried: list[int] = []

    def __call__(self, threads: int) -> Rung:
        self.tried.append(threads)
        error_ms = threads / self.threads_a_ms
        if threads in self.hiccups:
            self.hiccups.remove(threads)
            error_ms += 50
        beyond = threads >= self.server_at
        return Rung(threads, threads * 50, error_ms, delivered=not beyond, server_late=beyond)


def always() -> bool:
    return True


def ladder(machine: Machine, more: Callable[[], bool] = always, most: int = 8192) -> Ladder:
    return Ladder(machine, more, most)


def test_it_doubles_until_the_error_passes_and_narrows_twice() -> None:
    machine = Machine(threads_a_ms=300)
    # 64, 128, 256 are within 1 ms, 512 is not, nor 384; 320 is not either.  What misses is tried twice.
    assert ladder(machine).limit(1.0, 64) == CalibrationLimit(1.0, 256, 256 * 50, "tool")
    assert machine.tried == [64, 128, 256, 512, 512, 384, 384, 320, 320]


def test_narrowing_comes_within_a_quarter_of_the_step() -> None:
    assert ladder(Machine(threads_a_ms=460)).limit(1.0, 64).threads == 448  # 256, 512; 384, 448


def test_a_load_that_is_known_is_not_measured_again_for_the_next_limit() -> None:
    machine = Machine(threads_a_ms=100)
    both = ladder(machine)
    assert [both.limit(limit_ms, 64).threads for limit_ms in (1.0, 10.0)] == [96, 896]
    # 1 ms: 64, 128 (twice), 96, 112 (twice).  10 ms: 256, 512, 1024 (twice), 768, 896.
    assert machine.tried == [64, 128, 128, 96, 112, 112, 256, 512, 1024, 1024, 768, 896]


def test_it_halves_when_the_first_load_is_too_much() -> None:
    machine = Machine(threads_a_ms=20)
    assert ladder(machine).limit(1.0, 64) == CalibrationLimit(1.0, 20, 1000, "tool")
    assert machine.tried == [64, 64, 32, 32, 16, 24, 24, 20]


def test_a_machine_on_which_no_load_is_within_the_limit_says_so() -> None:
    assert ladder(Machine(threads_a_ms=0.5)).limit(1.0, 4) == CalibrationLimit(1.0, None, None, "tool")


def test_a_single_hiccup_is_no_limit() -> None:
    machine = Machine(threads_a_ms=10_000, hiccups=(128,))
    assert ladder(machine, most=256).limit(1.0, 64) == CalibrationLimit(1.0, 256, 256 * 50, None)
    assert machine.tried == [64, 128, 128, 256]


def test_a_server_that_cannot_send_more_is_the_limit_however_small_the_error() -> None:
    found = ladder(Machine(threads_a_ms=10_000, server_at=200)).limit(1.0, 64)
    assert found == CalibrationLimit(1.0, 192, 192 * 50, "server")  # 128, 256; 192, 224


def test_the_highest_load_that_may_be_tried_is_no_limit() -> None:
    machine = Machine(threads_a_ms=10_000)
    assert ladder(machine, most=200).limit(1.0, 64) == CalibrationLimit(1.0, 128, 6400, None)
    assert ladder(machine, most=40).limit(1.0, 64) == CalibrationLimit(1.0, 40, 2000, None)


def test_when_time_is_up_it_says_what_it_knows() -> None:
    machine = Machine(threads_a_ms=10_000)
    found = ladder(machine, more=lambda: len(machine.tried) < 3).limit(1.0, 64)
    assert (found, machine.tried) == (CalibrationLimit(1.0, 256, 256 * 50, None), [64, 128, 256])


def test_a_late_server_that_sends_what_was_asked_for_is_no_limit() -> None:
    assert Rung(64, 3000, 0.5, delivered=True, server_late=True).within(1.0)


@pytest.mark.parametrize(("late_ms", "late"), [(10.0, False), (10.1, True)])
def test_a_server_is_late_from_half_a_gap_on(found: Calibration, late_ms: float, late: bool) -> None:
    rung = rung_of(replace(found, server_late_ms={"p50": 0.1, "p99": late_ms, "max": 20.0}))
    assert rung == Rung(50, 2501, 2.5, True, late)


@pytest.mark.parametrize(("chunks", "delivered"), [(1500, True), (1499, False)])
def test_a_load_is_delivered_when_the_busiest_second_had_three_fifths(
    found: Calibration, chunks: int, delivered: bool
) -> None:
    assert rung_of(replace(found, busiest_second_chunks=chunks)).delivered is delivered  # of 50 * 1000 / 20 = 2500
