"""The records file gives back what was put in, and survives being cut."""

from __future__ import annotations

import json
import random
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from sse_perf_tool.errors import UsageError
from sse_perf_tool.records import Host, Outcome, RequestRecord, RunConfig, TrustSample
from sse_perf_tool.records.file import (
    LONGEST_MS,
    RecordsHeader,
    config_of,
    header_line,
    iso_utc,
    ms_of,
    readable_config,
    record_line,
    record_of,
)
from sse_perf_tool.records.reader import Damage, read_header, read_records

HEADER = RecordsHeader(RunConfig(threads=3, lang="zh", url="http://h/v1"), 1_700_000_000_123_456_789, ("careful",))
ANSWER = RequestRecord(
    request_id=7,
    thread_id=2,
    started_ns=987_654_321,
    outcome=Outcome.OK,
    latency_ns=123_456_789,
    status=200,
    ttfb_ns=1,
    ttft_ns=50_000_001,
    output_tokens=3,
    token_source="usage",
    chunks=3,
    gaps_us=(20_000, 21_001),
    query="你是谁",
)


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join([header_line(HEADER), *lines]) + "\n", encoding="utf-8")
    return path


def test_a_record_comes_back_to_the_nanosecond(tmp_path: Path) -> None:
    shift = HEADER.started_unix_ns - 500
    path = write(tmp_path / "r.jsonl", record_line(ANSWER, shift))
    header = read_header(path)
    assert header == HEADER
    (back,) = read_records(path, header)
    assert back.latency_ns == ANSWER.latency_ns
    assert back.ttft_ns == ANSWER.ttft_ns
    assert back.gaps_us == ANSWER.gaps_us
    assert back.started_ns == ANSWER.started_ns - 500  # from the start of the run
    assert back.query == "你是谁"


def test_a_line_holds_the_names_and_units_that_others_parse() -> None:
    row = json.loads(record_line(ANSWER, 0))
    assert row["started_at_ns"] == 987_654_321
    assert row["outcome"] == "ok"
    assert row["latency_ms"] == 123.456789
    assert row["tpot_ms"] == 20.5005
    assert row["max_gap_ms"] == 21.001
    assert row["connect_ms"] is None


def test_times_of_whole_nanoseconds_come_as_if_they_were_rounded() -> None:
    chance = random.Random(1)
    most = LONGEST_MS * 1_000_000
    every_size = [chance.randrange(10 ** chance.randint(1, 15)) for _ in range(20_000)]
    for ns in (0, 1, most - 1, most, *every_size, *(chance.randrange(most) for _ in range(20_000))):
        assert ms_of(ns) == round(ns / 1_000_000, 6) == float(f"{ns // 1_000_000}.{ns % 1_000_000:06}")
    assert (ms_of(20_500_499.6), ms_of(None)) == (20.5005, None)


@pytest.mark.parametrize("odd", [{"query": "half \ud83d"}, {"self_watch": (TrustSample(second=3, read_waits={3: 4}),)}])
def test_what_the_fast_writer_does_not_know_is_written_in_the_same_form(odd: dict) -> None:
    plain, line = record_line(ANSWER, 0), record_line(replace(ANSWER, **odd), 0)
    assert line.startswith(plain[: plain.index(',"query"')])
    assert '"query":"你是谁"' in plain
    assert record_of(json.loads(line), 0) == replace(record_of(json.loads(plain), 0), **odd)


def test_a_last_line_cut_by_a_kill_is_skipped(tmp_path: Path) -> None:
    line, damage = record_line(ANSWER, HEADER.started_unix_ns), Damage()
    path = write(tmp_path / "r.jsonl", line)
    with path.open("a", encoding="utf-8") as file:
        file.write(line[:40])
    assert len(list(read_records(path, read_header(path), damage=damage))) == 1
    assert (damage.lines, damage.first) == (1, 3)


def test_a_broken_line_in_the_middle_is_skipped_and_counted(tmp_path: Path) -> None:
    line = record_line(ANSWER, HEADER.started_unix_ns)
    path, damage = write(tmp_path / "r.jsonl", line, "{}", line), Damage()
    assert len(list(read_records(path, read_header(path), damage=damage))) == 2
    assert (damage.lines, damage.first) == (1, 3)


@pytest.mark.parametrize("content", ["", "hello\n", "[]\n", '{"schema": "other/1"}\n'])
def test_something_else_is_no_records_file(tmp_path: Path, content: str) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UsageError, match=r"r\.jsonl: "):
        read_header(path)


def test_what_is_no_records_file_is_said_in_the_language_of_the_run(tmp_path: Path) -> None:
    path = tmp_path / "search.jsonl"
    path.write_text('{"schema": "sse-perf-capacity/1"}\n', encoding="utf-8")
    with pytest.raises(UsageError, match=r"search\.jsonl: holds sse-perf-capacity/1, not sse-perf-records/1; give"):
        read_header(path)
    with pytest.raises(UsageError, match=r"search\.jsonl: 内容为 sse-perf-capacity/1，不是 sse-perf-records/1"):
        read_header(path, "zh")


def test_a_missing_file_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_header(tmp_path / "none.jsonl")


HOST = Host("Linux 6.1 x86_64", "3.12.3", 8, "compiled")
OF_AN_OLDER_VERSION = [
    (HOST.line, HOST),
    ("Linux, with a comma, Python 3.12.3, 8 CPUs, python reader", Host("Linux, with a comma", "3.12.3", 8, "python")),
    ("Linux, Python 3.11.2, 8 CPUs", Host("Linux", "3.11.2", 8, "")),
    ("Linux, 8 CPUs", Host("Linux", "", 8, "")),
    ("Linux, 9999999999 CPUs", None),
    ("a machine", None),
    ("", None),
]


@pytest.mark.parametrize(("line", "host"), OF_AN_OLDER_VERSION)
def test_of_an_older_version_the_machine_is_read_out_of_its_line(line: str, host: Host | None) -> None:
    assert config_of({"host_info": line}).host == host


def test_the_machine_comes_back_in_its_parts(tmp_path: Path) -> None:
    config = RunConfig(host_info=HOST.line, host=HOST)
    path = tmp_path / "r.jsonl"
    path.write_text(header_line(RecordsHeader(config, 0)) + "\n", encoding="utf-8")
    assert read_header(path).config == config
    written = json.loads(path.read_text(encoding="utf-8"))["config"]
    assert written["host"] == {"system": "Linux 6.1 x86_64", "python": "3.12.3", "cpus": 8, "reader": "compiled"}
    assert written["host_info"] == "Linux 6.1 x86_64, Python 3.12.3, 8 CPUs, compiled reader"


@pytest.mark.parametrize("host", [5, [], {}, {"system": "Linux"}, {**asdict(HOST), "cpus": "8"}])
def test_a_machine_that_makes_no_sense_is_left_out_and_named(host: object) -> None:
    config, unfit = readable_config({"host_info": HOST.line, "host": host})
    assert (config.host, config.host_info, unfit) == (None, HOST.line, ["host"])


def test_a_machine_may_say_more_in_a_later_version() -> None:
    assert config_of({"host": {**asdict(HOST), "memory_gb": 64}}).host == HOST


def test_times_are_written_in_utc_to_the_millisecond() -> None:
    assert iso_utc(1_700_000_000_123_456_789) == "2023-11-14T22:13:20.123Z"
