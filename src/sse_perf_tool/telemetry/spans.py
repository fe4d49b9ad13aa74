"""The span of a finished request, made by the OpenTelemetry SDK out of the line of its record."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import Span, SpanKind, Status, StatusCode

from ..request.tracing import Tracing, is_sampled
from .readings import COUNTED, OK, Columns, Run, error_type

NS_PER_MS = 1_000_000


class Spans:
    """Makes spans for a processor of the SDK.

    `share`: of the requests that have one; None leaves it to the SDK, which asks `OTEL_TRACES_SAMPLER`.  `tracing`: the
    ids are those that the requests had.
    """

    def __init__(
        self,
        scope: tuple[str, str],
        resource: Resource,
        share: float | None,
        to: SpanProcessor,
        tracing: Tracing | None = None,
    ) -> None:
        self._share, self._ids = share, _Ids(tracing)
        # A request that has no span costs nothing: so it is chosen here, as `TraceIdRatioBased` of the SDK would.
        sampler = None if share is None else ALWAYS_ON
        self._tracers = TracerProvider(sampler, resource, shutdown_on_exit=False, id_generator=self._ids)
        self._tracers.add_span_processor(to)
        self._tracer = self._tracers.get_tracer(*scope)

    def take(self, run: Run, columns: Columns) -> int:
        """Makes the spans of those finished requests that are of the sample: how many."""
        made = 0
        for at, request_id in enumerate(columns["request_id"]):
            trace_id = self._ids.of(request_id)
            if self._share is None or is_sampled(trace_id, self._share):
                made += self._make(run, {name: column[at] for name, column in columns.items()})
        return made

    def _make(self, run: Run, row: Mapping[str, Any]) -> bool:
        """Makes the span of a request; False: the sampler of the SDK does not want it."""
        common = dict(run.common(row["format"]))
        begin_ns = row["started_at_ns"]
        span = self._tracer.start_span(
            " ".join(str(common[key]) for key in ("gen_ai.operation.name", "gen_ai.request.model") if key in common),
            kind=SpanKind.CLIENT,
            start_time=begin_ns,
            attributes={**common, **_attributes_of(run, row)},
        )
        if not span.is_recording():
            return False
        end_ns = begin_ns + round(row["latency_ms"] * NS_PER_MS)
        _add_events(span, row, end_ns)
        if row["outcome"] != OK:
            span.set_status(Status(StatusCode.ERROR))
        span.end(end_ns)
        return True

    def flush(self, within_ms: int) -> None:
        """Sends what waits, as far as that goes in this time."""
        self._tracers.force_flush(within_ms)

    def shutdown(self) -> None:
        """Ends the threads of the SDK."""
        self._tracers.shutdown()


class _Ids:
    """The ids of the next span, in the form in which the SDK asks for them."""

    def __init__(self, tracing: Tracing | None) -> None:
        self._tracing = tracing
        self._next = (1, 1)

    def of(self, request_id: int) -> int:
        """The trace id of the next span, which is that of this request; without a trace context any."""
        if self._tracing is not None:
            self._next = self._tracing.ids(request_id)
        else:
            self._next = random.getrandbits(128) or 1, random.getrandbits(64) or 1
        return self._next[0]

    def generate_trace_id(self) -> int:
        return self._next[0]

    def generate_span_id(self) -> int:
        return self._next[1]

    def is_trace_id_random(self) -> bool:
        return True


_PLAIN = {
    "gen_ai.response.id": "message_id",
    "gen_ai.conversation.id": "conversation_id",
    "http.response.status_code": "status",
    "http.request.resend_count": "retries",
    "sse_perf.request.id": "request_id",
    "sse_perf.thread.id": "thread_id",
    "sse_perf.phase": "phase",
    "sse_perf.turn": "turn",
    "sse_perf.outcome": "outcome",
    "sse_perf.chunks": "chunks",
    "sse_perf.token_source": "token_source",
}
"""Attribute of a span -> name in the line of a request."""
_TOKENS = {
    "gen_ai.usage.input_tokens": "prompt_tokens",
    "gen_ai.usage.output_tokens": "output_tokens",
    "gen_ai.usage.reasoning.output_tokens": "reasoning_tokens",
}
_SECONDS = {
    "gen_ai.response.time_to_first_chunk": "ttft_ms",
    "sse_perf.time_per_output_token": "tpot_ms",
    "sse_perf.longest_gap": "max_gap_ms",
}
LONGEST_TEXT = 200
"""Characters of a text of the server."""


def _attributes_of(run: Run, row: Mapping[str, Any]) -> Mapping[str, Any]:
    """No text of the question or the answer, and none of an error: these may hold what is nobody's business."""
    found: dict[str, Any] = {"gen_ai.request.stream": run.streams}
    for name, key in _PLAIN.items():
        if row[key] not in (None, "") and (row[key] or key != "retries"):
            found[name] = row[key][:LONGEST_TEXT] if isinstance(row[key], str) else row[key]
    if row["token_source"] in COUNTED:
        found |= {name: row[key] for name, key in _TOKENS.items() if row[key] is not None}
    found |= {name: row[key] / 1000 for name, key in _SECONDS.items() if row[key] is not None}
    if row["finish_reason"]:
        found["gen_ai.response.finish_reasons"] = [row["finish_reason"][:LONGEST_TEXT]]
    if row["outcome"] != OK:
        found["error.type"] = error_type(row["outcome"], row["status"])
    return found


def _add_events(span: Span, row: Mapping[str, Any], end_ns: int) -> None:
    """The first byte, the first token and the end, each at its time."""
    begin_ns = row["started_at_ns"]
    for name, key in (("sse_perf.first_byte", "ttfb_ms"), ("sse_perf.first_token", "ttft_ms")):
        if row[key] is not None:
            span.add_event(name, timestamp=begin_ns + round(row[key] * NS_PER_MS))
    span.add_event("sse_perf.end", {"sse_perf.outcome": row["outcome"]}, end_ns)
