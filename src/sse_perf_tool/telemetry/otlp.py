"""Metrics and spans of a run, sent as OTLP over HTTP with protobuf by the exporters of the OpenTelemetry SDK.

The SDK encodes, retries and sends, and batches spans in a thread of its own with a bounded queue.  What it loses it
only logs, so what both exporters sent is counted here.  Its own environment variables hold:
`OTEL_EXPORTER_OTLP_HEADERS` and the other settings of its exporters, `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`,
`OTEL_BSP_*`, `OTEL_METRIC_EXPORT_INTERVAL`, and without `--otlp-sample` also `OTEL_TRACES_SAMPLER`.
"""

from __future__ import annotations

import logging
import os
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import requests
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics.export import AggregationTemporality, MetricExporter, MetricExportResult
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult

from ..request.tracing import Tracing
from .points import Stretch, metrics_data
from .readings import Columns, Run
from .spans import Spans
from .sums import Sums

EVERY_S = 1.0
TIMEOUT_S = 5
"""How long one export may take, with its retries."""
DEFAULT_SAMPLE = 0.1
FLUSH_S = 3.0
SERVICE = "sse-perf"
_CREDENTIALS = "OTEL_PYTHON_EXPORTER_OTLP_HTTP_", "CREDENTIAL_PROVIDER"
"""How the variables of the SDK begin and end that name a package with credentials."""


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


def metric_exporter(url: str) -> MetricExporter:
    """Sends metrics to a collector."""
    return OTLPMetricExporter(endpoint=f"{url}/v1/metrics", timeout=_timeout_s(), session=session())


def span_processor(url: str, deliveries: Deliveries) -> SpanProcessor:
    """Sends spans in batches."""
    exporter = OTLPSpanExporter(endpoint=f"{url}/v1/traces", timeout=_timeout_s(), session=session())
    send = exporter.export

    def counted(spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = send(spans)
        if result is SpanExportResult.SUCCESS:
            deliveries.spans_sent += len(spans)
        return result

    exporter.export = counted
    return BatchSpanProcessor(exporter)


def _timeout_s() -> int | None:
    """None, for which the SDK reads the variable, when that is set."""
    return None if os.environ.get("OTEL_EXPORTER_OTLP_TIMEOUT") else TIMEOUT_S


class Session(requests.Session):
    """Prepares its request once and sends it with each body: an exporter sends all to one place with the same headers.

    To prepare one, and to look for proxies, certificates and passwords in the environment, is half of what it costs.
    """

    _first: requests.PreparedRequest | None = None
    _settings: Mapping[str, Any]

    def request(self, method: Any, url: Any, data: Any = None, **more: Any) -> requests.Response:  # type: ignore[override]
        """As the exporters of the SDK call it."""
        if self._first is None:
            self._first = self.prepare_request(requests.Request(method, url, more.get("headers"), data=data))
            asked: Any = more.get("verify"), more.get("cert")
            self._settings = self.merge_environment_settings(self._first.url, {}, None, *asked)
        prepared = self._first.copy()
        prepared.prepare_body(data, None)
        sending = {name: more[name] for name in ("timeout", "allow_redirects") if name in more}
        return self.send(prepared, **sending, **self._settings)


def session() -> Session | None:
    """None, for which the SDK asks the package that brings credentials, when one is named."""
    named = any(name.startswith(_CREDENTIALS[0]) and name.endswith(_CREDENTIALS[1]) for name in os.environ)
    return None if named else Session()


def every_s() -> float:
    """The time from one export of metrics to the next: what the SDK's own variable says, if that can be."""
    try:
        asked_ms = float(os.environ.get("OTEL_METRIC_EXPORT_INTERVAL", ""))
    except ValueError:
        return EVERY_S
    return asked_ms / 1000 if 1 <= asked_ms < threading.TIMEOUT_MAX else EVERY_S


def wants_differences() -> bool:
    """Whether the collector wants what came since the export before, and not sums since the start."""
    asked = os.environ.get("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "")
    return asked.strip().lower() in ("delta", "lowmemory")


def share_of(share: float | None) -> float | None:
    """The share of requests that have a span; None leaves it to the SDK, which asks `OTEL_TRACES_SAMPLER`."""
    if share is None and os.environ.get("OTEL_TRACES_SAMPLER"):
        return None
    return DEFAULT_SAMPLE if share is None else share


class Otlp:
    """The metrics and spans of a run on their way to an exporter and a processor of the SDK."""

    def __init__(
        self,
        version: str,
        share: float | None,
        deliveries: Deliveries,
        sums: Sums,
        metrics: MetricExporter,
        spans: SpanProcessor,
        tracing: Tracing | None = None,
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self.deliveries = deliveries
        logging.getLogger("opentelemetry").addHandler(_Reasons(deliveries))
        about = {"service.version": version, "service.instance.id": str(uuid.uuid4())}
        if not os.environ.get("OTEL_SERVICE_NAME"):
            about["service.name"] = SERVICE
        self._resource = Resource.create({**about})
        self._scope = ("sse_perf_tool", version)
        self._sums, self._metrics, self._clock_ns = sums, metrics, clock_ns
        self._begin_ns, self._differences = clock_ns(), wants_differences()
        self._spans = Spans(self._scope, self._resource, share_of(share), spans, tracing)
        self._over = threading.Event()
        self._sender = threading.Thread(target=self._send_on, name="otlp-metrics", daemon=True)

    def start(self) -> None:
        """Sends metrics from now on."""
        self._sender.start()

    def take(self, run: Run, columns: Columns) -> None:
        """Makes the spans of those finished requests that are of the sample."""
        self.deliveries.spans += self._spans.take(run, columns)

    def _send_on(self) -> None:
        last = False
        while not last:
            last = self._over.wait(every_s())
            self.send_metrics()

    def send_metrics(self) -> None:
        """One export, which counts as failed whatever goes wrong."""
        end_ns = self._clock_ns()
        temporality = AggregationTemporality.DELTA if self._differences else AggregationTemporality.CUMULATIVE
        data = metrics_data(self._sums, self._resource, self._scope, Stretch(self._begin_ns, end_ns, temporality))
        if self._differences:
            self._begin_ns = end_ns
        failed = True
        try:
            failed = self._metrics.export(data) is not MetricExportResult.SUCCESS
        except Exception as error:  # the SDK lets some of requests through
            self.deliveries.reason = str(error)
        self.deliveries.exported(failed=failed)

    def close(self) -> None:
        """Sends what is left, as far as that goes within `FLUSH_S`."""
        until_s = time.monotonic() + FLUSH_S
        self._over.set()
        self._spans.flush(round(FLUSH_S * 1000))
        if self._sender.ident is not None:
            self._sender.join(max(0.0, until_s - time.monotonic()))

    def shutdown(self) -> None:
        """Ends the threads of the SDK."""
        self._spans.shutdown()
        self._metrics.shutdown()
