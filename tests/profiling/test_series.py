"""From scrapes to seconds of a run."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from typing import Any

from sse_perf_tool.profiling.series import Pages, metrics_of
from sse_perf_tool.records import ServerMetrics

S = 1_000_000_000
ORIGIN = 100 * S


def scrape(at_s: float, **values: float) -> dict[str, Any]:
    return {"at_ns": ORIGIN + round(at_s * S), "server": "TGI", "values": values}


def found(*lines: dict[str, Any]) -> ServerMetrics:
    return metrics_of("http://h/metrics", Pages(lines), ORIGIN)


def rows(*lines: dict[str, Any]) -> list[tuple[int, dict[str, float]]]:
    return [(each.second, dict(each.values)) for each in found(*lines).samples]


def test_gauges_are_as_they_are_and_counters_become_rates() -> None:
    assert rows(
        scrape(-0.5, running=0, generated_tokens_per_s=1000),
        scrape(0.5, running=2, generated_tokens_per_s=1300),
        scrape(2.5, running=3, generated_tokens_per_s=1400),
    ) == [(0, {"running": 2, "generated_tokens_per_s": 300}), (2, {"running": 3, "generated_tokens_per_s": 50})]


def test_a_counter_that_began_anew_has_no_rate_for_one_scrape() -> None:
    counts = [1000, 10, 30]
    told = rows(*(scrape(second, generated_tokens_per_s=count) for second, count in enumerate(counts)))
    assert told == [(2, {"generated_tokens_per_s": 20})]


def test_a_rate_goes_over_a_scrape_that_failed() -> None:
    failed = {"at_ns": ORIGIN + S, "error": "HTTP 503"}
    told = found(scrape(0, prompt_tokens_per_s=0), failed, scrape(2, prompt_tokens_per_s=10))
    assert [(each.second, dict(each.values)) for each in told.samples] == [(2, {"prompt_tokens_per_s": 5})]
    assert (told.scrapes, told.failed, told.error, told.server) == (3, 1, "HTTP 503", "TGI")


def test_the_last_scrape_of_a_second_counts() -> None:
    assert rows(scrape(0.1, waiting=1), scrape(0.9, waiting=4)) == [(0, {"waiting": 4})]


def test_the_highest_value_of_a_figure() -> None:
    told = found(scrape(0, waiting=1), scrape(1, waiting=4), scrape(2, running=9))
    assert (told.highest("waiting"), told.highest("running"), told.highest("memory_mb")) == (4, 9, None)


def test_nothing_was_scraped() -> None:
    assert found() == ServerMetrics("http://h/metrics")


def test_a_figure_that_comes_and_goes_keeps_its_seconds() -> None:
    assert rows(scrape(0, running=1), scrape(1, waiting=2), scrape(2, running=3), scrape(3)) == [
        (0, {"running": 1}),
        (1, {"waiting": 2}),
        (2, {"running": 3}),
    ]


def day(seconds: int) -> Iterator[dict[str, Any]]:
    """A scrape a second; the queue is 9 long in the seventh second of each minute, and tokens come at 10/s."""
    for second in range(seconds):
        yield scrape(second, waiting=9 if second % 60 == 7 else 1, generated_tokens_per_s=10 * second)


def test_two_hours_are_by_second_and_more_is_by_intervals_as_the_time_series_is() -> None:
    assert (len(found(*day(7200)).samples), found(*day(7200)).width_s) == (7200, 1)
    told = found(*day(7500))
    assert (len(told.samples), told.width_s, told.scrapes) == (1500, 5, 7500)
    assert [each.second for each in told.samples[:3]] == [0, 5, 10]
    assert [each.values["waiting"] for each in told.samples[:4]] == [1, 9, 1, 1], "the highest of its interval"
    assert {each.values["generated_tokens_per_s"] for each in told.samples} == {10}


def test_a_day_of_scrapes_is_small_while_the_run_goes_on() -> None:
    tracemalloc.start()
    pages = Pages(day(5_000))
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert pages.scrapes == 5_000
    assert held < 5_000 * 40, "three numbers a scrape, 8 bytes each"
