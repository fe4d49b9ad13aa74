"""A load against the paced server: how long, what is compared with what, and that it is a run like any other."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from patience import undisturbed
from sse_perf_tool.calibration import measure
from sse_perf_tool.calibration.measure import Calibrator, Pace, calibration_of, compare, pace_of
from sse_perf_tool.errors import UsageError
from sse_perf_tool.metrics import Tally
from sse_perf_tool.records import Compared, Outcome, RequestRecord, RunConfig, Stats


@pytest.mark.parametrize(
    ("threads", "itl_ms", "duration_s", "pace"),
    [
        (50, 20.0, 3.0, Pace(72, 2.235)),  # two answers of 50 + 72 * 20 = 1490 ms
        (1000, 20.0, 3.0, Pace(72, 2.235)),
        (1, 20.0, 3.0, Pace(12, 2.755)),  # ten of 290 ms
        (20, 20.0, 3.0, Pace(27, 2.655)),  # five of 590 ms: a hundred answers of twenty threads
        (64, 20.0, 2.0, Pace(47, 1.485)),  # two of 990 ms
        (5, 1000.0, 3.0, Pace(2, 3.075)),  # two chunks are the least, two answers too
    ],
)
def test_threads_send_the_same_number_of_whole_answers(
    threads: int, itl_ms: float, duration_s: float, pace: Pace
) -> None:
    chunks, seconds = pace_of(threads, itl_ms, duration_s)
    assert (chunks, round(seconds, 6)) == pace


def test_percentiles_are_compared_where_there_are_enough_values() -> None:
    found = compare([40, 10, 30, 20], Stats(count=4, p50=26, p90=37, p99=40))
    assert found == {"p50": Compared(25, 26, 1), "p90": Compared(), "p99": Compared()}
    found = compare(range(101), Stats(count=101, p50=51, p90=90.0, p99=98.5))
    assert found == {"p50": Compared(50, 51, 1), "p90": Compared(90, 90, 0), "p99": Compared(99, 98.5, -0.5)}


def test_what_was_not_reported_is_not_compared() -> None:
    assert compare([1.0, 2.0], Stats())["p50"] == Compared()


TRUTH: dict[str, Any] = {
    "requests": 3, "chunks": 8, "cpu_s": 0.5,
    "ttft_ns": [50_000_000, 60_000_000, 70_000_000], "gap_ns": [20_000_000, 20_000_000, 22_000_000],
    "late_ns": [0, 100_000, 200_000],
}  # fmt: skip


def test_a_run_and_the_truth_of_it_make_a_calibration() -> None:
    tally = Tally(origin_ns=0)
    for number, ttft_ns in enumerate((51_000_000, 62_000_000), start=1):
        tally.add(
            RequestRecord(
                number, 1, 0, Outcome.OK, 2_000_000_000, ttft_ns=ttft_ns, chunks=4, gaps_us=[20_000, 20_100, 22_000]
            )
        )
    tally.add(RequestRecord(3, 1, 0, Outcome.TIMEOUT, 1_000_000_000, error="late"))
    result = tally.result(RunConfig(threads=3, processes=2, calibrate_itl_ms=20.0), 0)
    found = calibration_of(result, 0.25, TRUTH)
    assert (found.threads, found.processes, found.itl_ms, found.duration_s) == (3, 2, 20.0, 2.0)
    assert (found.requests, found.failed, found.chunks, found.chunks_per_s, found.busiest_second_chunks) == (
        3,
        1,
        8,
        4,
        8,
    )
    assert found.ttft["p50"] == Compared(60.0, 56.5, -3.5)
    assert found.gaps["p50"].truth_ms == 20.0
    assert found.gaps["p50"].error_ms == pytest.approx(0.1)
    assert found.error_ms == 3.5
    assert found.server_late_ms == pytest.approx({"p50": 0.1, "p99": 0.198, "max": 0.2})
    assert (found.cpu_us_per_chunk, found.cpu_share, found.server_cpu_share) == (31_250.0, 0.125, 0.25)


def test_a_load_that_sent_nothing_has_no_error() -> None:
    nothing = {**TRUTH, "requests": 0, "chunks": 0, "ttft_ns": [], "gap_ns": [], "late_ns": []}
    found = calibration_of(Tally(origin_ns=0).result(RunConfig(calibrate_itl_ms=20.0), 0), 0.0, nothing)
    assert (found.error_ms, found.cpu_us_per_chunk, found.chunks_per_s) == (None, None, 0.0)


@pytest.mark.parametrize("processes", [1, 2])
@undisturbed
def test_each_request_of_the_run_is_in_the_truth(processes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")  # which leads nowhere, and is passed by
    found = Calibrator(10.0, processes, cores=2).measure(4, duration_s=0.6)
    assert (found.threads, found.processes, found.failed) == (4, processes, 0)
    assert found.requests == 8  # two answers of 50 + 25 * 10 ms each
    assert found.chunks == 8 * 25
    assert 50 <= (found.ttft["p50"].truth_ms or 0) < (found.ttft["p50"].reported_ms or 0) < 1000
    assert abs(found.gaps["p50"].error_ms or 0) < 5  # the median
    assert found.cpu_us_per_chunk
    assert found.cpu_us_per_chunk > 1
    assert 0 < found.cpu_share < 2


def test_a_stop_ends_the_run_under_way_and_lets_no_other_begin() -> None:
    calibrator = Calibrator(20.0, 1, cores=2)
    timer = threading.Timer(0.3, calibrator.stop)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        calibrator.measure(2, duration_s=60.0)
    with pytest.raises(KeyboardInterrupt):
        calibrator.measure(2, duration_s=60.0)


def test_a_server_that_does_not_start_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_pace: float) -> Any:
        raise RuntimeError("it ended before it had said its port")

    monkeypatch.setattr(measure, "paced_server", broken)
    with pytest.raises(UsageError, match=r"^the calibration server does not start: it ended"):
        Calibrator(20.0, 1, cores=2).measure(2)
