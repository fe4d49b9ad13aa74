"""Records of answers of an agent, whose times are worked out by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sse_perf_tool.metrics import Tally
from sse_perf_tool.metrics.definitions import REQUEST_METRICS, request_value, row_of
from sse_perf_tool.metrics.milestones import named_value
from sse_perf_tool.records import Outcome, RequestRecord, RunConfig, RunResult, Span

MS = 1_000_000


def agent_answer(number: int = 1, scale: int = 1, **facts: Any) -> RequestRecord:
    """An answer of 1 s times `scale`: it waits 100 ms, thinks for 200, calls a tool (50, which works 250), then speaks.

    All of it stands in a step of 900 ms.  Chunks: 3 of reasoning (100, 200, 300 ms), 2 of the call (400, 450), 3 of
    text (800, 850, 900).
    """
    ms = 1000 * scale
    spans = (
        Span("step", "agent", 50 * ms, 900 * ms, 1),
        Span("reasoning", "", 100 * ms, 200 * ms, 3),
        Span("tool_call", "weather", 400 * ms, 300 * ms, 2),
        Span("tool_result", "weather", 450 * ms, 250 * ms, 1),
        Span("text", "", 800 * ms, 100 * ms, 3),
        Span("citation", "web", 900 * ms, None, 2),
        Span("end", "", 950 * ms, None, 1),
    )
    values: dict[str, Any] = {
        "latency_ns": 1000 * MS * scale,
        "ttfb_ns": 50 * MS * scale,
        "ttft_ns": 100 * MS * scale,
        "ttfa_ns": 800 * MS * scale,
        "streaming_ns": 950 * MS * scale,
        "output_tokens": 8,
        "token_source": "usage",
        "chunks": 8,
        "gaps_us": tuple(gap * ms for gap in (100, 100, 100, 50, 350, 50, 50)),
        "spans": spans,
    }
    return RequestRecord(number, 1, (number - 1) * 2000 * MS, Outcome.OK, **{**values, **facts})


def plain_answer(number: int) -> RequestRecord:
    return agent_answer(number, spans=(), ttfa_ns=100 * MS)


def run_of(records: Sequence[RequestRecord], **config: Any) -> RunResult:
    tally = Tally(0)
    for record in records:
        tally.add(record)
    return tally.result(RunConfig(**config), 0)


def value_of(record: RequestRecord, metric: str) -> float | None:
    """A metric of one request, with or without a name in brackets."""
    if metric in REQUEST_METRICS:
        return request_value(row_of(record, 0), metric)
    return named_value(record.spans, metric)
