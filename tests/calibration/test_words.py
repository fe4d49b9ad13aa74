"""What a person reads of a calibration."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sse_perf_tool.calibration import words
from sse_perf_tool.calibration.ladder import Rung
from sse_perf_tool.records import Calibration, CalibrationLimit
from sse_perf_tool.texts import display_width


def test_the_table_has_truth_reported_and_error(found: Calibration) -> None:
    assert list(words.table(found, "en")) == [
        "Calibration: 50 threads, a chunk every 20 ms each, 3.1 s, processes: 2",
        "                           truth    reported       error",
        "  TTFT ms        P50      50.000      50.250      +0.250",
        "  TTFT ms        P90      51.000      53.500      +2.500",
        "  TTFT ms        P99         n/a         n/a         n/a",
        "  gap ms         P50      20.000      20.000      +0.000",  # no -0.000
        "  gap ms         P90      20.500      20.000      -0.500",
        "  gap ms         P99    1234.568    1235.000      +0.432",
        "  n/a: too few values (P99 needs 100, P90 10)",
        "  chunks            2,354 per second, 2,501 in the busiest second (7,200 in 101 answers)",
        "  CPU of the tool   34.6 us per chunk, 8 % of a core",
        "  server was late   P50 0.08 ms, P99 0.17 ms, at most 2.53 ms; 6 % of a core",
    ]


def test_the_columns_of_the_chinese_table_stand_straight_too(found: Calibration) -> None:
    lines = list(words.table(found, "zh"))
    assert lines[0] == "校准：50 个线程，每个线程每 20 ms 一个数据块，3.1 秒，进程数：2"
    assert [display_width(line) for line in lines[1:8]] == [56] * 7


def test_a_late_server_is_said(found: Calibration) -> None:
    late = replace(found, server_late_ms={"p50": 1.0, "p99": 10.1, "max": 50.0})
    note = "  The server was late by more than half a gap: the machine is busy, or the load is too high."
    assert list(words.table(late, "en"))[-1] == note
    assert list(words.table(found, "en"))[-1] != note


def test_failed_requests_are_said(found: Calibration) -> None:
    assert "  3 of 101 requests failed" in words.table(replace(found, failed=3), "en")


def test_a_run_has_it_in_two_lines(found: Calibration) -> None:
    assert list(words.summary(found, "en")) == [
        "  calibration       50 threads, a chunk every 20 ms each: 2,354 chunks/s, CPU 8 % of a core",
        "  error in ms       TTFT P50 +0.250, P90 +2.500; gap P50 +0.000, P90 -0.500, P99 +0.432",
    ]
    one = replace(found, threads=1, ttft={})
    assert list(words.summary(one, "zh")) == [
        "  校准              1 个线程，每 20 ms 一个数据块：2,354 数据块/s，占一个核的 8 %",
        "  误差 ms           TTFT n/a；间隔 P50 +0.000, P90 -0.500, P99 +0.432",
    ]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_loads_stand_below_their_headings(lang: str) -> None:
    heads = list(words.ladder_head(20.0, lang))[1]
    assert display_width(heads) == display_width(words.rung_line(Rung(1024, 51_200, 0.5), 12.345))


@pytest.mark.parametrize(
    ("limit", "line"),
    [
        (
            CalibrationLimit(1.0, 1024, 48_000, "tool"),
            "  error up to 1 ms     1,024 threads, 48,000 chunks/s (limit: the tool)",
        ),
        (
            CalibrationLimit(10.0, 96, 4_800, "server"),
            "  error up to 10 ms    at least 96 threads, 4,800 chunks/s (limit: the server)",
        ),
        (
            CalibrationLimit(10.0, 96, 4_800, None),
            "  error up to 10 ms    at least 96 threads, 4,800 chunks/s (higher loads were not tried)",
        ),
        (
            CalibrationLimit(1.0, None, None, "tool"),
            "  error up to 1 ms     none of the loads tried (limit: the tool)",
        ),
        (
            CalibrationLimit(1.0, None, None, "server"),
            "  error up to 1 ms     none of the loads tried (limit: the server)",
        ),
    ],
)
def test_what_the_limit_was_is_said(limit: CalibrationLimit, line: str) -> None:
    assert words.limit_line(limit, "en") == line
    assert words.limit_line(limit, "zh").startswith(f"  误差不超过 {limit.error_ms:g} ms ")
