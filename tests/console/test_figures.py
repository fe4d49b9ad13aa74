"""How a share and a time are written."""

from __future__ import annotations

import pytest

from sse_perf_tool.console import clock_time
from sse_perf_tool.report_parts.figures import percent_text


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (None, "n/a"), (1, "100 %"), (0, "0 %"), (0.5, "50.0 %"), (2 / 3, "66.7 %"), (0.9995, "99.95 %"),
        (0.9999999, "99.999 %"), (0.0000001, "0.001 %"), (1.5, "150 %"), (-0.123, "-12.3 %"),
    ],
)  # fmt: skip
def test_only_all_of_them_are_100_per_cent_and_only_none_are_0(share: float | None, text: str) -> None:
    assert percent_text(share) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00"), (59.9, "0:59"), (60, "1:00"), (3599, "59:59"), (3600, "1:00:00"), (90061.5, "25:01:01")],
)
def test_a_time_is_minutes_and_seconds_with_hours_when_there_are_any(seconds: float, text: str) -> None:
    assert clock_time(seconds) == text
