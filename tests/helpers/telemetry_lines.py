"""Lines of a run as its telemetry gets them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sse_perf_tool.records import IntervalSample, Outcome, RequestRecord, RunConfig
from sse_perf_tool.records.file import RecordsHeader, header_line
from sse_perf_tool.telemetry.lines import Row, columns_in, joined, row_of, sample_line

MS = 1_000_000
START_NS = 1_700_000_000 * 1_000_000_000
OK = RequestRecord(
    1, 1, 0, Outcome.OK, 900 * MS, status=200, ttfb_ns=80 * MS, ttft_ns=100 * MS, output_tokens=5, prompt_tokens=7,
    token_source="usage", chunks=3, gaps_us=(300_000, 500_000), format="openai_chat", query="what?",
    finish_reason="stop", message_id="chatcmpl-1", conversation_id="conv-1",
)  # fmt: skip
"""0.9 s, the first token after 0.1 s, five tokens in 0.8 s."""
FAILED = RequestRecord(
    2,
    2,
    5 * MS,
    Outcome.HTTP_ERROR,
    30 * MS,
    status=429,
    retries=2,
    format="openai_chat",
    query="what?",
    error="no: sk-1",
)


def header(**config: Any) -> str:
    """The first line."""
    return header_line(RecordsHeader(RunConfig(**{"url": "https://h.cn/v1/x", "model": "m"} | config), START_NS))


def lines_of(*records: RequestRecord, seconds: Sequence[IntervalSample] = (), **config: Any) -> list[bytes]:
    """The whole input of the exporter behind its first line."""
    waiting: list[bytes | Row] = [header(**config).encode(), *(row_of(record, START_NS) for record in records)]
    return list(joined([*waiting, *(sample_line(second).encode() for second in seconds)]))


def columns_of(*records: RequestRecord) -> dict[str, Sequence[Any]]:
    """The values of requests, as they are read out of such a line."""
    (line,) = joined([row_of(record, START_NS) for record in records])
    columns = columns_in(json.loads(line))
    assert columns is not None
    return columns
