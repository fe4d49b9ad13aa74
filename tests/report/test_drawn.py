"""What the charts over time draw: intervals wide enough for the rate of requests, and the goals of the run as lines."""

from __future__ import annotations

from dataclasses import replace

import pytest

from report_runs import sample_run
from sse_perf_tool.goals.thresholds import judged
from sse_perf_tool.records import Goodput, IntervalSample, RunResult, ThresholdResult
from sse_perf_tool.report_parts.buckets import drawn_s, last_share, widened
from sse_perf_tool.report_parts.data import drawn_data, seconds_data
from sse_perf_tool.report_parts.limits import limits_data
from sse_perf_tool.report_parts.tiles import Tile, tile_course
from sse_perf_tool.trust import REQUIRED


def second(number: int, ok: int = 0, failed: int = 0, **more: object) -> IntervalSample:
    outcomes = {name: count for name, count in (("ok", ok), ("timeout", failed)) if count}
    counts = {"requests_done": ok + failed, "requests_ok": ok, "requests_failed": failed, "outcomes": outcomes}
    return IntervalSample(number, **{**counts, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("per_second", "seconds", "width_s"),
    [
        ([9], 60, 1),  # 540 requests: more than five a second
        ([1, 0], 60, 5),  # 30 requests would be six intervals of ten seconds, but twelve are wanted
        ([1, 0], 1000, 10),  # half a request a second: five in ten seconds
        ([0], 8, 1),
    ],
)
def test_an_interval_holds_some_five_requests(per_second: list[int], seconds: int, width_s: int) -> None:
    samples = [second(at, ok=per_second[at % len(per_second)]) for at in range(seconds)]
    assert drawn_s(samples) == width_s


def test_wider_intervals_add_up_what_is_counted_and_average_what_was_timed() -> None:
    samples = [
        second(0, ok=1, requests_started=3, tokens=5.0, avg_ttft_ms=100.0, requests_total=1, schedule_delay_ms=2.0),
        second(1, ok=3, failed=4, requests_started=0, tokens=1.0, avg_ttft_ms=200.0, requests_total=8),
        second(2, ok=1, avg_ttft_ms=7.0, requests_total=9),
        second(3),
    ]
    one, two = widened(samples, 2)
    assert (one.second, one.width_s, two.second, two.width_s) == (0, 2, 2, 2)
    assert (one.requests_started, one.requests_done, one.requests_failed, one.tokens) == (3, 8, 4, 6.0)
    assert one.avg_ttft_ms == 175.0  # (1 x 100 + 3 x 200) / 4
    assert one.success_rate == 0.5
    assert (one.requests_total, two.requests_total) == (8, 0)  # that of the last second in it
    assert one.schedule_delay_ms == 2.0
    assert one.outcomes == {"ok": 4, "timeout": 4}
    assert two.avg_ttft_ms == 7.0


def test_a_cancelled_request_is_neither_ok_nor_failed() -> None:
    (found,) = widened([second(0, ok=1, requests_done=2, outcomes={"ok": 1, "cancelled": 1}), second(1)], 2)
    assert found.success_rate == 1.0


@pytest.mark.parametrize(("seconds", "lengths"), [(10, [5, 5]), (12, [5, 7]), (13, [5, 5, 3]), (2, [2])])
def test_a_short_rest_at_the_end_makes_no_interval_of_its_own(seconds: int, lengths: list[int]) -> None:
    found = widened([second(at, ok=1) for at in range(seconds)], 5)
    assert [sample.width_s for sample in found] == lengths
    assert seconds_data(found, seconds)["columns"]["done"] == [1.0] * len(lengths)  # by second, whatever the length


@pytest.mark.parametrize(
    ("duration_s", "share"),
    [(3.0, 1.0), (2.75, 0.75), (2.5, 0.5), (2.4, None), (60.0, 1.0)],
)
def test_an_interval_that_the_end_cut_short_is_scaled_and_a_moment_has_no_rate(
    duration_s: float, share: float | None
) -> None:
    samples = [second(at, ok=9) for at in range(3)]
    assert last_share(samples, duration_s) == share
    cut = seconds_data(samples, duration_s)["cut"]
    assert (cut and (cut["second"], cut["share"])) == (None if share == 1 else (2, share))


def test_of_a_run_within_a_second_the_rate_is_that_of_its_moment() -> None:
    assert last_share([second(0, ok=1)], 0.1) == 0.1
    assert last_share([], 0.0) == 1.0


def test_the_course_of_a_tile_does_not_fall_because_the_run_is_over() -> None:
    run = replace(sample_run(), time_series=[second(at, ok=10, tokens=40) for at in range(3)])
    tile = Tile("big.rps", [], "", ("", ""), course=lambda each: each.per_s(each.requests_done), counted=True)
    assert tile_course(tile, replace(run, duration_ns=2_500_000_000)) == [10, 10, 20]
    assert tile_course(tile, replace(run, duration_ns=2_100_000_000)) == [10, 10, None]
    assert tile_course(tile._replace(counted=False), replace(run, duration_ns=2_500_000_000)) == [10, 10, 10]
    assert tile_course(tile._replace(course=None), run) == []


def test_a_busy_run_is_drawn_by_second() -> None:
    assert drawn_data([second(at, ok=9) for at in range(60)], 60) is None
    assert drawn_data([], 0) is None


def test_the_share_of_failed_requests_is_in_percent_and_none_where_nothing_ended() -> None:
    samples = [second(0, ok=3, failed=1, success_rate=0.75), second(1)]
    assert seconds_data(samples, 2)["columns"]["failed_share"] == [25.0, None]


# --- goals as lines


def goals_of(result: RunResult) -> list[tuple[object, ...]]:
    return [
        tuple(row[name] for name in ("metric", "function", "value", "state", "text")) for row in limits_data(result)
    ]


def test_goals_are_lines_in_the_units_of_their_charts() -> None:
    rules = ["ttft_ms:p(95)<500", "errors:rate<0.01", "tpot_ms:avg<=0.5", "requests:rate>3", "latency_ms:max<9e3"]
    run = sample_run(60)
    run = judged(replace(run, config=replace(run.config, thresholds=rules)))
    assert [row[:3] for row in goals_of(run)] == [
        ("ttft_ms", "p", 500.0), ("errors", "rate", 1.0), ("tpot_ms", "avg", 0.5), ("requests", "rate", 3.0),
        ("latency_ms", "max", 9000.0),
    ]  # fmt: skip
    assert [row[4] for row in goals_of(run)] == [
        ("goal: P95 < 500 ms", "目标：P95 < 500 ms"),
        ("goal: failed < 1 %", "目标：失败 < 1 %"),
        ("goal: TPOT Mean ≤ 0.5 ms", "目标：TPOT 平均 ≤ 0.5 ms"),
        ("goal: > 3", "目标：> 3"),
        ("goal: Max < 9,000 ms", "目标：最大 < 9,000 ms"),
    ]
    assert [row[3] for row in goals_of(run)][2] == "missed"


def test_slos_are_lines_for_each_request() -> None:
    run = sample_run(20)
    goodput = Goodput(("ttft_ms<400", "itl_ms:p(99)<100"), 1, 2, 1.0)
    run = replace(run, summary=replace(run.summary, goodput=goodput))
    assert goals_of(run) == [
        ("ttft_ms", "", 400.0, "slo", ("SLO: < 400 ms", "SLO：< 400 ms")),
        ("itl_ms", "", 100.0, "slo", ("SLO: P99 < 100 ms", "SLO：P99 < 100 ms")),
    ]


def test_what_has_no_number_is_no_line() -> None:
    assert limits_data(replace(sample_run(5), thresholds=(ThresholdResult(REQUIRED, None, True),))) == []
