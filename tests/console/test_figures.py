"""How a figure, a share and a time are written."""

from __future__ import annotations

import pytest

from sse_perf_tool.console import clock_time, number, percent


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "n/a"),
        (0, "0.00"),
        (0.004, "0.00"),
        (1.005, "1.00"),
        (9.99, "9.99"),
        (10, "10.0"),
        (-5.5, "-5.50"),
        (123.45, "123.5"),
        (999.94, "999.9"),
        (1000, "1000"),
        (1234567.8, "1234568"),
    ],
)
def test_a_figure_has_three_or_four_digits_and_a_whole_one_above_a_thousand(value: float | None, text: str) -> None:
    assert number(value) == text


def test_a_unit_follows_a_figure_but_not_a_missing_one() -> None:
    assert (number(2.5, " s"), number(None, " s")) == ("2.50 s", "n/a")


@pytest.mark.parametrize(
    ("share", "text"),
    [(None, "n/a"), (1, "100%"), (0, "0.00%"), (0.5, "50.00%"), (2 / 3, "66.67%"), (0.999999, "99.99%")],
)
def test_only_all_of_them_are_100_per_cent(share: float | None, text: str) -> None:
    assert percent(share) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00"), (59.9, "0:59"), (60, "1:00"), (3599, "59:59"), (3600, "1:00:00"), (90061.5, "25:01:01")],
)
def test_a_time_is_minutes_and_seconds_with_hours_when_there_are_any(seconds: float, text: str) -> None:
    assert clock_time(seconds) == text
