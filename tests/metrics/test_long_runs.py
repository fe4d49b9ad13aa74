"""A run of a day takes no more memory by second than one of two hours, and says how wide its intervals are."""

from __future__ import annotations

import json
import math
from array import array
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from sse_perf_tool.exporters.json_summary import summary_document
from sse_perf_tool.goals.compare import differences, whole_seconds
from sse_perf_tool.metrics import Tally
from sse_perf_tool.metrics.steadiness import plateau_of
from sse_perf_tool.metrics.time_series import MOST_INTERVALS, WIDTHS_S
from sse_perf_tool.metrics.watch_series import WatchSeries, by_second
from sse_perf_tool.records import NOT_MEASURED, Outcome, Phase, RequestRecord, RequestTable, RunConfig, TrustSample
from sse_perf_tool.report_generator import generate_html_report
from sse_perf_tool.report_parts.data import errors_data, heat_data, run_data, seconds_data
from sse_perf_tool.trust import judge

S = 1_000_000_000
HOUR = 3600


def answer(number: int, at_s: float, latency_s: float = 0.5, thread: int = 1) -> RequestRecord:
    """An answer of three chunks 100 ms apart, the first after 200 ms."""
    return RequestRecord(
        request_id=number, thread_id=thread, started_ns=round(at_s * S), outcome=Outcome.OK, status=200,
        latency_ns=round(latency_s * S), ttfb_ns=S // 10, ttft_ns=S // 5, chunks=3, gaps_us=(100_000, 100_000),
        output_tokens=6, token_source="usage", streaming_ns=S // 5, clock="kernel",
    )  # fmt: skip


def every(step_s: float, hours: float) -> Iterator[RequestRecord]:
    """A request every so many seconds, two threads in turn."""
    for number in range(int(hours * HOUR / step_s)):
        yield answer(number + 1, number * step_s + 0.1, thread=number % 2 + 1)


def tally_of(*records: RequestRecord) -> Tally:
    tally = Tally(0)
    for record in records:
        tally.add(record)
    return tally


def test_two_hours_are_told_by_second() -> None:
    rows = tally_of(*every(60, 1.99)).series.rows(round(1.99 * HOUR * S))
    assert {row.width_s for row in rows} == {1}
    assert len(rows) == math.ceil(1.99 * HOUR)


@pytest.mark.parametrize(("hours", "width_s"), [(2.5, 5), (9.9, 5), (10.1, 15), (24, 15), (31, 60), (24 * 30, 900)])
def test_longer_runs_have_as_few_intervals(hours: float, width_s: int) -> None:
    series = tally_of(*every(600, hours)).series
    rows = series.rows(round(hours * HOUR * S))
    assert {row.width_s for row in rows} == {width_s}
    assert [row.second for row in rows] == list(range(0, math.ceil(hours * HOUR), width_s))
    assert len(rows) <= MOST_INTERVALS


def test_each_width_is_whole_in_the_next() -> None:
    assert all(wide % narrow == 0 for narrow, wide in pairwise(WIDTHS_S))


def test_wide_intervals_hold_the_sums_of_their_seconds() -> None:
    """The same requests, once with the intervals of a day that they are part of, and once by second."""
    near = [answer(number, 0.3 + number * 1.7, 0.5 + number % 3) for number in range(40)]
    far = answer(99, 10 * HOUR + 100)
    narrow, wide = tally_of(*near).series.rows(90 * S), tally_of(*near, far).series.rows(11 * HOUR * S)
    assert wide[0].width_s == 15
    for row in wide[:6]:
        part = narrow[row.second : row.second + 15]
        for name in ("requests_started", "requests_done", "requests_ok", "chunks"):
            assert getattr(row, name) == sum(getattr(each, name) for each in part)
        assert row.tokens == pytest.approx(math.fsum(each.tokens for each in part))
        assert row.requests_total == part[-1].requests_total
        gaps = {key: sum(each.gap_counts.get(key, 0) for each in part) for key in row.gap_counts}
        assert row.gap_counts == gaps


def test_the_order_of_requests_does_not_matter() -> None:
    records = [*every(300, 12)]
    assert tally_of(*records).series.rows(12 * HOUR * S) == tally_of(*reversed(records)).series.rows(12 * HOUR * S)


def test_processes_of_different_lengths_are_merged_at_the_wider_intervals() -> None:
    short, long = [*every(10, 1)], [*every(300, 12)]
    together = tally_of(*short, *long)
    for one, other in ((short, long), (long, short)):
        merged = tally_of(*one)
        merged.merge(tally_of(*other))
        assert merged.series.rows(12 * HOUR * S) == together.series.rows(12 * HOUR * S)


@pytest.mark.not_measured
def test_rates_are_by_second_whatever_the_width() -> None:
    """A request every four seconds for three hours."""
    result = tally_of(*every(4, 3)).result(RunConfig(threads=2), 0)
    assert result.time_series[0].width_s == 5
    plateau = plateau_of(result)
    assert plateau is not None
    assert (plateau.requests_per_s, plateau.chunks_per_s) == (
        pytest.approx(0.25, abs=0.01),
        pytest.approx(0.75, abs=0.02),
    )
    assert plateau.from_s % 5 == plateau.to_s % 5 == 0
    rates = {each.metric: each for each in differences(result, result)}
    assert rates["requests_per_s"].base == pytest.approx(0.25, abs=0.01)
    assert (rates["requests_per_s"].low or 0) > -0.01
    shown = seconds_data(result.time_series, result.duration_ns / 1e9)
    assert (shown["width_s"], shown["total"]) == (5, 2160)
    assert max(shown["columns"]["done"]) == 2 / 5
    assert len(whole_seconds(result)) == 2159


def test_asked_for_and_phases_are_those_of_the_interval() -> None:
    config = RunConfig(rate_per_s=0.2, duration_s=3 * HOUR, warmup_s=60, threads=2)
    records = [
        replace(each, intended_ns=each.started_ns, phase=Phase.WARMUP if each.started_ns < 60 * S else Phase.MAIN)
        for each in every(5, 3)
    ]
    rows = tally_of(*records).result(config, 0).time_series
    assert [row.rate_asked for row in rows[:-1]] == [1.0] * (len(rows) - 1)
    assert [row.phase for row in rows[:13]] == ["warmup"] * 12 + ["main"]


def test_bins_of_the_page_are_whole_intervals() -> None:
    rows = tally_of(*every(30, 24)).series.rows(24 * HOUR * S)
    for found in (heat_data(rows), errors_data(rows)):
        assert found["step_s"] % 15 == 0
    assert sum(count for _, _, count in heat_data(rows)["cells"]) == 2 * 24 * 120
    assert max(at for at, _, _ in heat_data(rows)["cells"]) * heat_data(rows)["step_s"] < 24 * HOUR


def test_summary_and_page_state_the_width(tmp_path: Path) -> None:
    result = judge(tally_of(*every(60, 3)).result(RunConfig(threads=2), 0))
    assert {row["width_s"] for row in summary_document(result)["time_series"]} == {5}
    generate_html_report(result, tmp_path / "r.html")
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert '"width_s":5' in page
    assert "Each point is the mean of {step} s" in page
    assert run_data(result)["seconds"]["total"] == len(result.time_series)


# What the tool measures of itself.


def sample(second: int, cpu: float = 0.1, waits: int = 1, longest_ms: float = 1.0) -> TrustSample:
    return TrustSample(second, read_waits={4: waits}, read_wait_max_ms=longest_ms, cpu_share=cpu, machine_cpu=cpu)


def test_samples_by_second_are_what_they_were() -> None:
    samples = [sample(3, 0.1), sample(1, 0.2), sample(3, 0.5, longest_ms=9.0)]
    series = WatchSeries()
    series.add(samples)
    assert series.samples() == by_second(samples)
    assert series.samples()[1].read_waits == {4: 2}


def test_shares_of_a_wide_interval_are_means_counts_are_sums_and_the_longest_stays() -> None:
    series = WatchSeries()
    series.add([sample(second, cpu=0.1 * (second % 5), longest_ms=float(second)) for second in range(10)])
    series.widen(5)
    first, second = series.samples()
    assert (first.second, second.second) == (0, 5)
    assert (first.cpu_share, second.machine_cpu) == (pytest.approx(0.2), pytest.approx(0.2))
    assert (first.read_waits, second.read_wait_max_ms) == ({4: 5}, 9.0)


def test_samples_that_come_after_the_widening_count_as_those_before() -> None:
    early, late = WatchSeries(), WatchSeries()
    samples = [sample(second, cpu=0.01 * (second % 30)) for second in range(1000)]
    early.widen(5)
    early.add(samples[:700])
    early.widen(15)
    early.add(samples[700:])
    late.add(samples)
    late.widen(15)
    for one, other in zip(early.samples(), late.samples(), strict=True):
        assert (one.second, one.read_waits) == (other.second, other.read_waits)
        assert one.cpu_share == pytest.approx(other.cpu_share)


def test_samples_of_two_processes_are_merged_as_those_of_one_second() -> None:
    one, other = WatchSeries(), WatchSeries()
    one.add(sample(second, cpu=0.2) for second in range(10))
    other.add(sample(second, cpu=0.4, waits=3) for second in range(10))
    one.widen(5)
    one.merge(other)
    assert [(each.cpu_share, each.read_waits) for each in one.samples()] == [(pytest.approx(0.4), {4: 20})] * 2


@pytest.mark.not_measured
def test_a_day_of_samples_takes_no_more_than_two_hours_of_them() -> None:
    tally = Tally(0)
    for second in range(0, 24 * HOUR, 100):
        tally.add(replace(answer(second, second), self_watch=(sample(second), sample(second + 20))))
    watched = tally.result(RunConfig(), 0).self_watch
    assert len(watched) <= MOST_INTERVALS
    assert sum(each.read_waits[4] for each in watched) == 24 * HOUR // 50


# Columns of the table.


def test_columns_are_as_wide_as_their_values() -> None:
    table = RequestTable()
    rows = [0, 127, -1, 128, 40_000, -129, 2**31, -(2**63), 2**63 - 1]
    for value in rows:
        table.append(dict.fromkeys(table.COLUMNS, value))
        assert set(map(len, (table[name] for name in table.COLUMNS))) == {len(table)}
    assert list(table["latency_ns"]) == rows
    assert RequestTable()["chunks"].itemsize == 1


def test_a_table_takes_another_whose_columns_are_narrower_or_wider() -> None:
    tables = []
    for value in (1, 2**40):
        table = RequestTable()
        table.append(dict.fromkeys(table.COLUMNS, value))
        tables.append(table)
    one, other = tables
    one.extend(other)
    other.extend(one)
    assert list(one["ttft_ns"]) == [1, 2**40]
    assert list(other["ttft_ns"]) == [2**40, 1, 2**40]


def test_the_main_part_of_a_table_is_made_as_it_is_asked_for() -> None:
    records = [replace(answer(n, n), phase=Phase.WARMUP if n < 4 else Phase.MAIN) for n in range(10)]
    table = tally_of(*records).table
    main = table.main()
    assert main is table.main()
    assert list(main["request_id"]) == [4, 5, 6, 7, 8, 9]
    assert main["started_ns"] == array(main["started_ns"].typecode, table["started_ns"][4:])
    assert [row[0] for row in main.rows("request_id", "outcome")] == [4, 5, 6, 7, 8, 9]
    assert (len(main), sorted(main.details), main.details[0].request_id) == (6, [0, 1, 2, 3, 4, 5], 4)
    assert main.main() is main


@pytest.mark.not_measured
def test_a_million_requests_take_150_bytes_each() -> None:
    """The columns of a usual closed loop: nanoseconds in 8 bytes, counts in 1 or 2."""
    tally = tally_of(*every(60, 3))
    size = sum(tally.table[name].itemsize for name in RequestTable.COLUMNS)
    assert size <= 150
    assert NOT_MEASURED in tally.table["schedule_delay_ns"]


def test_long_queries_are_not_kept_whole() -> None:
    tally = tally_of(replace(answer(1, 0), query="q" * 100_000))
    assert len(tally.table.details[0].query) == 10_000


def test_the_summary_of_a_day_is_as_long_as_that_of_two_hours() -> None:
    result = judge(tally_of(*every(120, 24)).result(RunConfig(threads=2), 0))
    assert len(result.time_series) == 24 * HOUR // 15 - 7
    assert len(json.dumps(summary_document(result))) < 8_000_000
