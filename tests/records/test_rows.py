"""Lines that are read many at once are taken for the same, and refused for the same, as one by one."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from damage import VALUES
from line_readers import KINDS, lines_read_by
from sse_perf_tool.goals.past_run import read_run
from sse_perf_tool.goals.thresholds import TEXTS, parse_slo
from sse_perf_tool.metrics import Tally, time_series
from sse_perf_tool.metrics.definitions import row_of
from sse_perf_tool.records import AnswerHead, Lumps, Outcome, Phase, RequestRecord, RunConfig, RunResult, TrustSample
from sse_perf_tool.records import reader as reader_module
from sse_perf_tool.records.file import RecordsHeader, header_line, record_line, record_of
from sse_perf_tool.records.reader import read_parts, read_records
from sse_perf_tool.records.rows import SHORTEST, Rows, rows_of
from sse_perf_tool.texts import speaker

MS, S = 1_000_000, 1_000_000_000


@pytest.fixture(params=KINDS, autouse=True)
def _way(request: pytest.FixtureRequest) -> Iterator[None]:
    with lines_read_by(request.param):
        yield


STARTED = 1_700_000_000_123_456_789


def record(number: int, chance: random.Random) -> RequestRecord:
    """One of all the kinds of requests that a run may have."""
    gaps = tuple(
        chance.choice((0, 1, 20_000, 262_143, 262_144, 2_000_001)) for _ in range(chance.choice((0, 1, 2, 40)))
    )
    ttft_ns = chance.choice((None, chance.randint(1, 3 * S)))
    chunks = 0 if ttft_ns is None else len(gaps) + 1
    gaps = gaps if chunks else ()
    outcome = chance.choice((Outcome.OK, Outcome.OK, Outcome.OK, Outcome.CANCELLED, Outcome.HTTP_ERROR))
    watch = TrustSample(second=number, read_waits={3: 4}, away={2: 2}, wakes={-1: 3}, read_wait_max_ms=0.3)
    optional = {name: chance.choice((None, chance.randrange(9))) for name in ("prompt_tokens", "syn_resent", "status")}
    return RequestRecord(
        request_id=number, thread_id=number % 3, started_ns=number * S // 7, outcome=outcome,
        latency_ns=(ttft_ns or 0) + sum(gaps) * 1000 + chance.randint(0, MS), ttfb_ns=ttft_ns, ttft_ns=ttft_ns,
        streaming_ns=chance.choice((None, sum(gaps) * 1000)), start_slack_ns=chance.choice((None, 0, 5_001)),
        output_tokens=chance.choice((None, 0, 1, 41)), token_source=chance.choice((None, "usage", "estimate")),
        chunks=chunks, gaps_us=gaps, text_chars=7, bytes_received=chance.choice((0, 10**6)), query="为什么",
        finish_reason=chance.choice((None, "stop", "length")), clock="kernel", format=chance.choice(("a", "b")),
        error="503: busy 7" if outcome is Outcome.HTTP_ERROR else None, refused=chance.random() < 0.1,
        intended_ns=None if chance.random() < 0.5 else number * S // 7 - chance.randrange(3 * S),
        phase=chance.choice((Phase.MAIN, Phase.MAIN, Phase.WARMUP)), came=Lumps(chunks, chunks, lump_bytes=None),
        head=AnswerHead("nginx") if number % 50 == 1 else None, self_watch=(watch,) if number % 5 == 0 else (),
        **optional,
    )  # fmt: skip


RECORDS = [record(number, random.Random(number)) for number in range(1, 701)]
LINES = [record_line(each, STARTED) for each in RECORDS]
CONFIG = RunConfig(url="http://h/v1", threads=3)


def records_file(folder: Path, lines: list[str], config: RunConfig = CONFIG) -> Path:
    path = folder / "r.jsonl"
    path.write_text("\n".join([header_line(RecordsHeader(config, STARTED)), *lines, ""]), encoding="utf-8")
    return path


def columns_by_rows(rows: Rows) -> list[dict[str, int]]:
    named = {name: values for name, values in rows.columns.items() if name != SHORTEST}
    return [{name: values[at] for name, values in named.items()} for at in range(len(rows))]


def columns_by_records(parsed: list[Any]) -> list[dict[str, int]]:
    found = (record_of(row, STARTED) for row in parsed)
    rows = [row_of(each, each.started_ns) for each in found]
    return [{name: value for name, value in row.items() if name != "good"} for row in rows]


def test_the_columns_of_many_are_those_of_each() -> None:
    parsed = [json.loads(line) for line in LINES]
    rows = rows_of(parsed, STARTED)
    assert rows is not None
    assert columns_by_rows(rows) == columns_by_records(parsed)
    assert [rows.record(at) for at in (0, 5, 699)] == [record_of(parsed[at], STARTED) for at in (0, 5, 699)]
    assert rows.columns[SHORTEST] == [min(each.gaps_us, default=-1) for each in RECORDS]
    assert rows.ends_ns() == [each.started_ns + each.latency_ns for each in map(rows.record, range(700))]


@pytest.mark.parametrize("name", list(json.loads(LINES[0])))
def test_what_is_taken_many_at_once_is_taken_one_by_one_and_for_the_same(name: str) -> None:
    taken = 0
    for value in VALUES:
        if len(value) > 1000:
            continue
        row = json.loads(LINES[1])
        try:
            row[name] = json.loads(value)
        except ValueError:
            continue
        parsed = [json.loads(LINES[0]), row, json.loads(LINES[2])]
        rows = rows_of(parsed, STARTED)
        if rows is not None:
            assert columns_by_rows(rows) == columns_by_records(parsed), value
            taken += 1
    missing = json.loads(LINES[1])
    missing.pop(name, None)
    rows = rows_of([missing], STARTED)
    assert rows is None or columns_by_rows(rows) == columns_by_records([missing])
    assert taken < len(VALUES)


@pytest.mark.parametrize("odd", [[], {}, 1, None, "x", {"server_metrics": {}}])
def test_what_is_no_request_is_left_to_a_closer_look(odd: object) -> None:
    assert rows_of([json.loads(LINES[0]), odd], STARTED) is None


def plain(result: RunResult) -> dict[str, object]:
    """All of a result that can be compared."""
    found = {name: getattr(result, name) for name in RunResult.__dataclass_fields__ if name != "requests"}
    table = result.requests
    return found | {name: list(table[name]) for name in table.COLUMNS} | {"details": table.details}


@pytest.mark.parametrize("slo", [[], ["ttft_ms<1500", "max_gap_ms<300"]])
def test_a_run_read_many_lines_at_once_is_the_run_read_one_by_one(tmp_path: Path, slo: list[str]) -> None:
    config = replace(CONFIG, slo=slo)
    path = records_file(tmp_path, LINES, config)
    tally = Tally(0, [parse_slo(text, speaker(TEXTS, "en")) for text in slo])
    for each in read_records(path):
        tally.add(each)
    run = read_run(path, "en")
    assert sum(isinstance(part, Rows) for part in read_parts(path)) >= 2
    assert plain(run.result()) == plain(tally.result(config, STARTED))
    assert run.formats == {name: sum(each.format == name for each in RECORDS) for name in ("a", "b")}


def test_a_run_that_outgrows_its_intervals_is_the_same_to_the_last_digit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time_series, "MOST_INTERVALS", 200)
    chance, records = random.Random(3), []
    for number in range(1, 901):
        gaps = tuple(chance.randrange(9_000, 900_000) for _ in range(chance.choice((7, 13))))
        records.append(
            RequestRecord(
                number, number % 5, number * S // 3, Outcome.OK, (2_000_000 + sum(gaps)) * 1000, ttfb_ns=MS,
                ttft_ns=chance.randrange(2 * S), output_tokens=len(gaps) + 3, chunks=len(gaps) + 1, gaps_us=gaps,
            )
        )  # fmt: skip
    path = records_file(tmp_path, [record_line(each, STARTED) for each in records])
    tally = Tally(0)
    for each in records:
        tally.add(each)
    whole = tally.result(CONFIG, STARTED)
    assert whole.time_series[0].width_s == 5, "seconds were added up, in an order that the last digits show"
    assert read_run(path, "en").result().time_series == whole.time_series


@pytest.mark.parametrize("many", [2, 3, 256])
def test_damage_is_the_same_wherever_the_lines_are_divided(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    late = record_line(replace(RECORDS[0], started_ns=40 * 86_400 * S), STARTED)
    early = record_line(replace(RECORDS[0], started_ns=-2 * S), STARTED)
    lines = [*LINES[:20], "{", *LINES[20:23], late, "", *LINES[23:40], early, *LINES[40:60], late]
    path = records_file(tmp_path, lines)
    whole = read_run(path, "en")
    monkeypatch.setattr(reader_module.read_parts, "__defaults__", (*reader_module.read_parts.__defaults__[:-1], many))
    found = read_run(path, "en")
    assert (found.damage, found.warnings) == (whole.damage, whole.warnings)
    assert found.damage.lines == 4
    assert plain(found.result()) == plain(whole.result())
    assert len(found.tally.table) == 60
