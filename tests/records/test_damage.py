"""A damaged records file is read as far as it goes, whatever befell it."""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from damage import VALUES, damaged
from sse_perf_tool.arguments.config_file import load_settings
from sse_perf_tool.capacity.file import SearchHeader, read_search, step_line
from sse_perf_tool.capacity.file import header_line as search_line
from sse_perf_tool.errors import UsageError
from sse_perf_tool.exporters.json_summary import to_json
from sse_perf_tool.goals.baseline import load_baseline
from sse_perf_tool.goals.past_run import PastRun, read_run
from sse_perf_tool.records import CapacitySearch, Outcome, RequestRecord, RunConfig, Stats, StepResult, TrustSample
from sse_perf_tool.records import ThresholdResult as Checked
from sse_perf_tool.records import reader as reader_of
from sse_perf_tool.records.file import RecordsHeader, header_line, record_line

S = 1_000_000_000
STARTED = 1_700_000_000_123_456_789
CONFIG = RunConfig(
    url="http://h/v1", threads=3, rate_per_s=5.0, duration_s=3.0, slo=["ttft_ms<500"], flags={"port": 80}
)
EN = "en"


def answer(number: int) -> RequestRecord:
    """Request `number` of a run that sends one a second, over three threads."""
    watch = (TrustSample(second=number, read_waits={3: 4}, away={2: 2}, wakes={3: 3}, read_wait_max_ms=0.3),)
    return RequestRecord(
        request_id=number, thread_id=number % 3 + 1, started_ns=number * S, outcome=Outcome.OK, latency_ns=123_456_789,
        status=200, ttfb_ns=1, ttft_ns=50_000_001, ttfa_ns=50_000_001, streaming_ns=73_000_000, output_tokens=3,
        token_source="usage", chunks=3, gaps_us=(20_000, 21_001), query="你是谁", self_watch=watch[: number % 2],
    )  # fmt: skip


def lines_of(*records: RequestRecord, config: RunConfig = CONFIG) -> list[str]:
    return [
        header_line(RecordsHeader(config, STARTED, ("careful",))),
        *(record_line(each, STARTED) for each in records),
    ]


LINES = lines_of(*map(answer, range(1, 7)))


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., PastRun]:
    """Reads lines, or bytes, as a records file."""
    path = tmp_path / "r.jsonl"

    def from_lines(content: list[str] | bytes, lang: str = EN) -> PastRun:
        data = content if isinstance(content, bytes) else ("\n".join(content) + "\n").encode("utf-8", "surrogatepass")
        path.write_bytes(data)
        return read_run(path, lang)

    return from_lines


def ids(run: PastRun) -> list[int]:
    return list(run.tally.table["request_id"])


def changed(line: str, **values: str) -> str:
    """A line with other values, given as JSON."""
    document = json.loads(line)
    for number, name in enumerate(values):
        document[name] = f"@{number}@"
    text = json.dumps(document, ensure_ascii=False)
    for number, value in enumerate(values.values()):
        text = text.replace(f'"@{number}@"', value)
    return text


def one_line(error: UsageError, text: str = "") -> None:
    """An error is one line, with this in it."""
    assert "\n" not in str(error)
    assert text in str(error)


# Lines that are no requests.


@pytest.mark.parametrize(
    "line", ["", "{}", "[]", "null", "1", '"x"', "{" * 3000, "[" * 3000, "\x00", '{"a":NaN}', "\ud800"]
)
def test_a_line_that_is_no_request_is_skipped_and_said_unless_it_is_empty(
    read: Callable[..., PastRun], line: str
) -> None:
    run = read([*LINES[:3], line, *LINES[3:]])
    assert ids(run) == [1, 2, 3, 4, 5, 6]
    assert (run.damage.lines, run.damage.first) == ((1, 4) if line else (0, 0))
    if line:
        assert run.warnings[0].endswith("; their requests are missing")
        assert "r.jsonl: damaged lines skipped: 1, the first is line 4 (" in run.warnings[0]
        assert "跳过的损坏行数：1，第一处在第 4 行" in read([*LINES[:3], line, *LINES[3:]], "zh").warnings[0]


@pytest.mark.parametrize("name", list(json.loads(LINES[1])))
def test_no_value_of_a_request_breaks_anything(read: Callable[..., PastRun], name: str) -> None:
    for value in random.Random(name).sample(VALUES, 7):
        run = read([*LINES[:3], changed(LINES[3], **{name: value}), *LINES[4:]])
        assert set(ids(run)) - {3} >= {1, 2, 4, 5, 6} - {int(value) if value == "0" else -1}
        assert len(run.result().time_series) <= 7


def test_whole_lines_of_a_file_without_a_last_line_end_count(read: Callable[..., PastRun]) -> None:
    run = read("\n".join(LINES).encode())
    assert (ids(run), run.warnings) == ([1, 2, 3, 4, 5, 6], ())


def test_two_lines_that_became_one_cost_both(read: Callable[..., PastRun]) -> None:
    run = read([*LINES[:2], LINES[2] + LINES[3], *LINES[4:]])
    assert (ids(run), run.damage.lines) == ([1, 4, 5, 6], 1)


def test_a_line_of_any_length_is_not_held_in_memory(
    read: Callable[..., PastRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader_of, "LONGEST_LINE", 4096)
    run = read([*LINES[:2], "9" * 20_000, *LINES[2:]])
    assert (ids(run), run.damage.reason) == ([1, 2, 3, 4, 5, 6], "too long")


# Times that cannot be.


@pytest.mark.parametrize("at", [1, 3, 6])
@pytest.mark.parametrize("away_s", [-100_000_000, -5, 5000, 1_000_000, 100_000_000])
def test_a_start_that_the_requests_around_it_belie_is_skipped(
    read: Callable[..., PastRun], at: int, away_s: int
) -> None:
    lines = [*LINES]
    lines[at] = changed(lines[at], started_at_ns=str(STARTED + (at + away_s) * S))
    run = read(lines)
    expected = [number for number in range(1, 7) if number != at or (at == 6 and away_s == -5)]
    assert ids(run) == expected
    assert len(run.result().time_series) <= 7


def test_a_latency_of_a_month_makes_no_series_of_a_month(read: Callable[..., PastRun]) -> None:
    run = read([*LINES[:3], changed(LINES[3], latency_ms="2500000000.0"), *LINES[4:]])
    assert (ids(run), len(run.result().time_series)) == ([1, 2, 4, 5, 6], 7)


def test_two_nonsense_times_that_agree_are_held_against_the_age_of_the_file(
    tmp_path: Path, read: Callable[..., PastRun]
) -> None:
    far = [changed(line, started_at_ns=str(STARTED + 10**16 + number * S)) for number, line in enumerate(LINES[5:])]
    assert ids(read([*LINES[:5], *far])) == [1, 2, 3, 4, 5, 6]  # the file is of today: who knows
    path = tmp_path / "r.jsonl"
    os.utime(path, ns=(STARTED + 60 * S, STARTED + 60 * S))
    assert list(read_run(path, EN).tally.table["request_id"]) == [1, 2, 3, 4]


def test_a_run_with_long_pauses_is_whole(read: Callable[..., PastRun]) -> None:
    """The second request comes an hour after the first, the third two hours later, the last after a day's time-out."""
    hours = [0, 1, 3, 6]
    records = [replace(answer(number), started_ns=hour * 3600 * S) for number, hour in enumerate(hours, 1)]
    records[-1] = replace(records[-1], latency_ns=9 * 3600 * S)
    run = read(lines_of(*records, config=replace(CONFIG, timeout_s=9 * 3600.0)))
    assert (ids(run), run.warnings) == ([1, 2, 3, 4], ())


# The header.


def test_a_header_that_is_lost_costs_the_settings_only(read: Callable[..., PastRun]) -> None:
    for header in ("{", '{"schema": 3}', LINES[0][:-4], ""):
        run = read([header, *LINES[1:]])
        assert ids(run) == [1, 2, 3, 4, 5, 6]
        assert run.header.config == RunConfig()
        assert run.header.started_unix_ns == STARTED + S
        assert run.warnings == (
            f"{run.warnings[0].split(':')[0]}: its header is damaged: the settings of the run are not known",
        )


def test_a_header_that_is_gone_does_not_cost_the_first_request(read: Callable[..., PastRun]) -> None:
    assert ids(read(LINES[1:])) == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("value", VALUES[::2])
def test_a_setting_without_sense_is_left_out_and_named(read: Callable[..., PastRun], value: str) -> None:
    for name in ("threads", "url", "duration_s", "rate_per_s", "stages", "slo", "thresholds", "arrival", "lang"):
        document = json.loads(LINES[0])
        document["config"][name] = "@"
        run = read([json.dumps(document).replace('"@"', value), *LINES[1:]])
        assert ids(run) == [1, 2, 3, 4, 5, 6]
        run.result()
        kept = getattr(run.header.config, name)
        assert kept == getattr(RunConfig(), name) or not run.warnings
        assert not run.warnings or name in run.warnings[0] or "settings of the run are not known" in run.warnings[0]


@pytest.mark.parametrize("name", ["started_at", "started_at_ns"])
@pytest.mark.parametrize("value", ['"2031-01-01T00:00:00.000Z"', str(STARTED + 10**17), "0", "null", "-1", '"x"'])
def test_a_start_that_is_damaged_is_told_by_its_twin(read: Callable[..., PastRun], name: str, value: str) -> None:
    run = read([changed(LINES[0], **{name: value}), *LINES[1:]])
    assert ids(run) == [1, 2, 3, 4, 5, 6]
    assert abs(run.header.started_unix_ns - STARTED) < 1_000_000
    assert "left out: started_at_ns" in run.warnings[0]


# Every byte.


def test_a_file_damaged_at_any_byte_keeps_all_other_requests(read: Callable[..., PastRun]) -> None:
    header, *lines = lines_of(*map(answer, range(1, 4)))
    whole = ("\n".join(lines) + "\n").encode()
    for number, data in enumerate(damaged(whole, every=17)):
        run = read(header.encode() + b"\n" + data)
        is_cut = number % 4 == 3
        lost = data.count(b"\n") - len(ids(run)) if is_cut else 3 - len(ids(run))
        assert -1 <= lost <= (0 if is_cut else 2)
        assert bool(run.warnings) >= (lost > 0)


def test_a_header_damaged_at_any_byte_costs_no_request(read: Callable[..., PastRun]) -> None:
    for number, data in enumerate(damaged(LINES[0].encode(), every=29)):
        if number % 4 == 3:
            continue  # cut: there is nothing behind it
        try:
            run = read(data + ("\n" + "\n".join(LINES[1:]) + "\n").encode())
        except UsageError as error:
            one_line(error, "holds ")  # its schema is another one now
            continue
        assert ids(run) == [1, 2, 3, 4, 5, 6]
        run.result()


def test_a_baseline_damaged_at_any_byte_is_read_or_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "old.jsonl"
    for data in damaged(("\n".join(LINES[:4]) + "\n").encode(), every=211):
        path.write_bytes(data)
        try:
            found = load_baseline(path, (), EN)
        except UsageError as error:
            one_line(error)
            continue
        whole = found.result.summary.sent == 3
        assert whole or found.warnings or b"\n" not in data[-1:]


def test_a_summary_damaged_at_any_byte_is_a_baseline_or_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "old.json"
    path.write_text("\n".join(LINES) + "\n", encoding="utf-8")
    data = to_json(read_run(path, EN).result()).encode()
    refused = 0
    for changed_data in damaged(data, every=401):
        path.write_bytes(changed_data)
        try:
            load_baseline(path, (), EN)
        except UsageError as error:
            one_line(error)
            refused += 1
    assert refused > 10


def test_settings_of_damaged_records_are_read_or_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "old.jsonl"
    for data in damaged(("\n".join(LINES[:3]) + "\n").encode(), every=83):
        path.write_bytes(data)
        try:
            assert isinstance(load_settings(str(path)), dict)
        except UsageError as error:
            one_line(error)


STEP = StepResult(4, STARTED, 3.0, 9, 8, 1, 2.7, 8.1, {"ttft_ms": Stats(8, 2.0, 0.1, 1.0)}, (Checked("a", 1.0, True),))


def test_the_file_of_a_search_damaged_at_any_byte_keeps_all_other_steps(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    header = search_line(SearchHeader(CONFIG, CapacitySearch(), STARTED))
    steps = "\n".join(step_line(replace(STEP, level=level)) for level in (1, 2, 3)) + "\n"
    for data in damaged(steps.encode(), every=17):
        path.write_bytes(header.encode() + b"\n" + data)
        found = read_search(path, EN)
        assert len(found.steps) + found.skipped >= min(2, data.count(b"\n"))
        assert bool(found.warnings(path, EN)) == bool(found.skipped)
    for data in damaged(header.encode(), every=23):
        path.write_bytes(data + b"\n" + steps.encode())
        try:
            read_search(path, EN)
        except UsageError as error:
            one_line(error)


@pytest.mark.parametrize("name", list(json.loads(step_line(STEP))))
def test_no_value_of_a_step_breaks_anything(tmp_path: Path, name: str) -> None:
    path = tmp_path / "s.jsonl"
    header = search_line(SearchHeader(CONFIG, CapacitySearch(), STARTED))
    for value in VALUES:
        path.write_text(f"{header}\n{changed(step_line(STEP), **{name: value})}\n", encoding="utf-8", errors="replace")
        assert len(read_search(path, EN).steps) <= 1


def test_damage_by_chance_is_read_in_a_moment(read: Callable[..., PastRun]) -> None:
    """Ten bytes anywhere, forty times."""
    data, chance, begun = ("\n".join(LINES) + "\n").encode(), random.Random(3), time.process_time()
    for _ in range(40):
        bad: Any = bytearray(data)
        for _ in range(10):
            bad[chance.randrange(len(bad))] = chance.randrange(256)
        try:
            assert len(read(bytes(bad)).result().time_series) <= 7
        except UsageError as error:
            one_line(error)
    assert time.process_time() - begun < 20
