"""Metrics and spans over the OpenTelemetry SDK, sent as OTLP over HTTP with protobuf.

The SDK batches, retries and sends in threads of its own, with bounded queues.  What it loses it only logs, so what both
exporters sent is counted here.  Its own environment variables hold: `OTEL_EXPORTER_OTLP_HEADERS` and the other settings
of its exporters, `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_BSP_*`, and without `--otlp-sample` also
`OTEL_TRACES_SAMPLER`.
"""

from __future__ import annotations

import logging
import os
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.metrics import Meter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    MetricExportResult,
    MetricReader,
    MetricsData,
    PeriodicExportingMetricReader,
)
from opentelemetry.sdk.metrics.view import ExplicitBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult
from opentelemetry.sdk.trace.sampling import ParentBased, Sampler, TraceIdRatioBased
from opentelemetry.trace import Span, SpanKind, Status, StatusCode

from ..request.tracing import Tracing
from .instruments import INSTRUMENTS, Instrument, Kind
from .readings import COUNTED, Reading, Run, error_type

EVERY_MS = 1000
TIMEOUT_S = 5
"""How long one export may take, with its retries."""
DEFAULT_SAMPLE = 0.1
FLUSH_MS = 3000
NS_PER_MS = 1_000_000
SERVICE = "sse-perf"


class Deliveries:
    """What came of the exports: counts, and the newest reason of a failure."""

    def __init__(self) -> None:
        self.spans = 0
        """Spans that were made."""
        self.spans_sent = 0
        self.exports = 0
        """Of metrics; each has all values so far, so that a later one makes up for one that failed."""
        self.exports_failed = 0
        self.last_failed = False
        """Whether the newest export of metrics failed: then the last seconds are missing."""
        self.reason = ""

    def exported(self, *, failed: bool) -> None:
        """An export of metrics has ended."""
        self.exports += 1
        self.exports_failed += failed
        self.last_failed = failed


class _Reasons(logging.Handler):
    """Keeps the newest warning of the SDK, which says why something was not sent."""

    def __init__(self, deliveries: Deliveries) -> None:
        super().__init__(logging.WARNING)
        self._deliveries = deliveries

    def emit(self, record: logging.LogRecord) -> None:
        self._deliveries.reason = record.getMessage()


def metric_reader(url: str, deliveries: Deliveries) -> MetricReader:
    """Sends all metrics once a second, or as often as the SDK's own variable says."""
    exporter = OTLPMetricExporter(endpoint=f"{url}/v1/metrics", timeout=_timeout_s())
    send = exporter.export

    def counted(metrics: MetricsData, *how: Any, **more: Any) -> MetricExportResult:
        result = send(metrics, *how, **more)
        deliveries.exported(failed=result is not MetricExportResult.SUCCESS)
        return result

    exporter.export = counted
    every_ms = _unless("OTEL_METRIC_EXPORT_INTERVAL", EVERY_MS)
    return PeriodicExportingMetricReader(exporter, export_interval_millis=every_ms)


def span_processor(url: str, deliveries: Deliveries) -> SpanProcessor:
    """Sends spans in batches."""
    exporter = OTLPSpanExporter(endpoint=f"{url}/v1/traces", timeout=_timeout_s())
    send = exporter.export

    def counted(spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = send(spans)
        if result is SpanExportResult.SUCCESS:
            deliveries.spans_sent += len(spans)
        return result

    exporter.export = counted
    return BatchSpanProcessor(exporter)


def _timeout_s() -> int | None:
    return _unless("OTEL_EXPORTER_OTLP_TIMEOUT", TIMEOUT_S)


def _unless(variable: str, value: int) -> int | None:
    """None, for which the SDK reads the variable, when that is set."""
    return None if os.environ.get(variable) else value


def sampler_of(share: float | None) -> Sampler | None:
    """The sampler for a share; None leaves it to the SDK, which asks `OTEL_TRACES_SAMPLER`."""
    if share is None and os.environ.get("OTEL_TRACES_SAMPLER"):
        return None
    return ParentBased(TraceIdRatioBased(DEFAULT_SAMPLE if share is None else share))


class Otlp:
    """The metrics and spans of a run, given to a reader and a processor of the SDK."""

    def __init__(
        self,
        version: str,
        share: float | None,
        deliveries: Deliveries,
        reader: MetricReader,
        spans: SpanProcessor,
        tracing: Tracing | None = None,
    ) -> None:
        self.deliveries = deliveries
        logging.getLogger("opentelemetry").addHandler(_Reasons(deliveries))
        about = {"service.version": version, "service.instance.id": str(uuid.uuid4())}
        if not os.environ.get("OTEL_SERVICE_NAME"):
            about["service.name"] = SERVICE
        resource = Resource.create({**about})
        self._meters = MeterProvider([reader], resource, shutdown_on_exit=False, views=_views())
        self._ids = None if tracing is None else _Ids(tracing)
        self._tracers = TracerProvider(sampler_of(share), resource, shutdown_on_exit=False, id_generator=self._ids)
        self._tracers.add_span_processor(spans)
        meter = self._meters.get_meter("sse_perf_tool", version)
        self._tracer = self._tracers.get_tracer("sse_perf_tool", version)
        self._takes = {each.name: _instrument(meter, each) for each in INSTRUMENTS}

    def take(self, reading: Reading) -> None:
        """One value."""
        self._takes[reading.name](reading.value, reading.attributes)

    def span(self, run: Run, row: Mapping[str, Any]) -> None:
        """The span of a finished request, if it is one of the sample."""
        common = run.common(row["format"])
        begin_ns = row["started_at_ns"]
        if self._ids is not None:
            self._ids.request_id = row["request_id"]
        span = self._tracer.start_span(
            " ".join(str(common[key]) for key in ("gen_ai.operation.name", "gen_ai.request.model") if key in common),
            kind=SpanKind.CLIENT,
            start_time=begin_ns,
            attributes=common,
        )
        if not span.is_recording():
            return
        self.deliveries.spans += 1
        end_ns = begin_ns + round(row["latency_ms"] * NS_PER_MS)
        span.set_attributes(dict(_attributes_of(run, row)))
        _add_events(span, row, end_ns)
        if row["outcome"] != "ok":
            span.set_attribute("error.type", error_type(row))
            span.set_status(Status(StatusCode.ERROR))
        span.end(end_ns)

    def close(self) -> None:
        """Sends what is left, as far as that goes within `FLUSH_MS` each."""
        self._tracers.force_flush(FLUSH_MS)
        self._meters.force_flush(FLUSH_MS)

    def shutdown(self) -> None:
        """Ends the threads of the SDK."""
        self._tracers.shutdown()
        self._meters.shutdown()


class _Ids:
    """The ids of the trace context that the request of the next span had; in the form that the SDK asks for."""

    def __init__(self, tracing: Tracing) -> None:
        self._tracing = tracing
        self.request_id = 0

    def generate_trace_id(self) -> int:
        return self._tracing.ids(self.request_id)[0]

    def generate_span_id(self) -> int:
        return self._tracing.ids(self.request_id)[1]

    def is_trace_id_random(self) -> bool:
        return True


def _views() -> list[View]:
    return [
        View(instrument_name=each.name, aggregation=ExplicitBucketHistogramAggregation(each.buckets))
        for each in INSTRUMENTS
        if each.kind is Kind.HISTOGRAM
    ]


def _instrument(meter: Meter, each: Instrument) -> Any:
    """What takes a value and its attributes."""
    if each.kind is Kind.HISTOGRAM:
        return meter.create_histogram(each.name, each.unit, each.about).record
    if each.kind is Kind.COUNTER:
        return meter.create_counter(each.name, each.unit, each.about).add
    return meter.create_gauge(each.name, each.unit, each.about).set


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
    return found


def _add_events(span: Span, row: Mapping[str, Any], end_ns: int) -> None:
    """The first byte, the first token and the end, each at its time."""
    begin_ns = row["started_at_ns"]
    for name, key in (("sse_perf.first_byte", "ttfb_ms"), ("sse_perf.first_token", "ttft_ms")):
        if row[key] is not None:
            span.add_event(name, timestamp=begin_ns + round(row[key] * NS_PER_MS))
    span.add_event("sse_perf.end", {"sse_perf.outcome": row["outcome"]}, end_ns)
