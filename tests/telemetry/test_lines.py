"""What a run tells its telemetry of requests is what their lines of records say, in fewer and shorter lines."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from sse_perf_tool.records import Outcome, Phase, RequestRecord
from sse_perf_tool.records.file import record_line
from sse_perf_tool.telemetry import lines
from sse_perf_tool.telemetry.exporter import Exporter
from sse_perf_tool.telemetry.lines import columns_in, joined, row_of
from sse_perf_tool.telemetry.sums import Sums
from telemetry_lines import FAILED, MS, OK, START_NS, columns_of, header

RECORDS = (
    OK,
    FAILED,
    RequestRecord(
        3, 7, 123_456_789, Outcome.OK, 987_654_321, ttfb_ns=1, ttft_ns=333_333_333, intended_ns=100_000_001, turn=4,
        output_tokens=7, token_source="tokenizer", chunks=3, gaps_us=(1, 2_000_003), phase=Phase.WARMUP, format="dify",
        conversation_id="会话", message_id="half an emoji: \ud83d", reasoning_tokens=2,
    ),
    replace(OK, request_id=4, format="dify", latency_ns=100 * MS, gaps_us=(7,), gap_sum_us=None),
)  # fmt: skip


@pytest.mark.parametrize("record", RECORDS)
def test_every_value_is_the_one_that_a_line_of_records_has(record: RequestRecord) -> None:
    found, written = columns_of(record), json.loads(record_line(record, START_NS).encode("utf-8", "replace"))
    for name, (value,) in found.items():
        assert (type(value), value) == (type(written[name]), written[name]), name
    assert {"latency_ms", "ttft_ms", "tpot_ms", "max_gap_ms", "schedule_delay_ms", "started_at_ns"} < found.keys()


def test_no_gap_and_no_text_of_question_or_error_is_told() -> None:
    (line,) = joined([row_of(replace(FAILED, gaps_us=(123_457,), max_gap_us=5, gap_sum_us=5), 0)])
    assert len(line) < 300
    for text in (b"what?", b"sk-1", b"123457"):
        assert text not in line


def sums_of(*told: bytes) -> list[object]:
    """What an exporter makes of it."""
    sums = Sums()
    exporter = Exporter(sums)
    for line in (header().encode(), *told):
        exporter.take(line)
    assert exporter.unread == 0
    return sorted(map(repr, (series for found in sums.given().values() for series in found)))


def test_the_sums_are_the_same_one_by_one_and_all_at_once_as_rows_and_as_records() -> None:
    rows = [row_of(record, START_NS) for record in RECORDS * 3]
    records = [record_line(record, START_NS).encode("utf-8", "replace") for record in RECORDS * 3]
    (all_rows,), (all_records,) = joined(rows), joined(records)
    one_by_one = sums_of(*(line for row in rows for line in joined([row])))
    assert sums_of(all_rows) == sums_of(all_records) == one_by_one
    assert len(one_by_one) > 10


def test_lines_keep_their_order_and_requests_are_joined_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "MOST_IN_LINE", 2)
    row, record = row_of(OK, 0), record_line(OK, 0).encode()
    found = list(joined([b'{"schema":1}', row, row, row, b'{"sample":{}}', record, row]))
    heads = ["schema", "requests", "requests", "sample", "records", "requests"]
    assert [next(iter(json.loads(line))) for line in found] == heads
    told = [columns_in(json.loads(line)) for line in found]
    assert [len(columns["request_id"]) if columns else 0 for columns in told] == [0, 2, 1, 0, 1, 1]
