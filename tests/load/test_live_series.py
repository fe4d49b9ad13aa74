"""The seconds of a run as they pass: what the live table is made of, however long it goes on."""

from __future__ import annotations

import threading
from typing import cast

from sse_perf_tool.records import IntervalSample
from sse_perf_tool.test_runner import LIVE_SAMPLES, Snapshot, aggregate_stats, new_shared_stats

HOUR = 3600


class Course:
    """An event and a clock: each wait takes as long as it may, and one request begins in it, until the run is over."""

    def __init__(self, seconds: int) -> None:
        self.now_s, self.end_s = 1000.0, 1000.0 + seconds
        self.stats = new_shared_stats()

    def clock(self) -> float:
        return self.now_s

    def wait(self, timeout_s: float) -> bool:
        self.now_s = min(self.now_s + timeout_s, self.end_s)
        self.stats["requests_started"] += 1
        return self.now_s >= self.end_s


def test_an_hour_of_seconds_is_kept_and_each_was_shown() -> None:
    course, shown = Course(3 * HOUR), list[int]()

    def on_sample(sample: IntervalSample, totals: Snapshot) -> None:
        assert (sample.requests_started, totals.requests_started) == (1, sample.second + 1)
        assert len(course.stats["time_series"]) <= LIVE_SAMPLES
        shown.append(sample.second)

    aggregate_stats(course.stats, cast(threading.Event, course), on_sample, course.clock)
    assert shown == list(range(3 * HOUR - 1))
    kept = [sample.second for sample in course.stats["time_series"]]
    assert kept == list(range(3 * HOUR - LIVE_SAMPLES, 3 * HOUR)), "the newest"


def test_a_late_second_does_not_push_back_the_next() -> None:
    course, at_s = Course(4), list[float]()

    def on_sample(_sample: IntervalSample, _totals: Snapshot) -> None:
        at_s.append(course.now_s)
        course.now_s += 0.3

    aggregate_stats(course.stats, cast(threading.Event, course), on_sample, course.clock)
    assert at_s == [1001, 1002, 1003]
