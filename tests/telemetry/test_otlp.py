"""Metrics and spans, held against the SDK's own readers in memory and the protocol's own messages."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
import requests
from opentelemetry.sdk.metrics.export import AggregationTemporality, MetricExportResult, MetricsData
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from otlp_receiver import Receiver, receiver
from patience import FOREVER_S
from sse_perf_tool.records import IntervalSample
from sse_perf_tool.telemetry.exporter import Exporter, export
from sse_perf_tool.telemetry.instruments import BY_NAME, INSTRUMENTS, Kind
from sse_perf_tool.telemetry.otlp import (
    EVERY_S,
    Deliveries,
    Otlp,
    Session,
    every_s,
    metric_exporter,
    session,
    span_processor,
    wants_differences,
)
from sse_perf_tool.telemetry.sums import Sums
from telemetry_lines import FAILED, MS, OK, START_NS, lines_of

SECOND = IntervalSample(0, threads_active=2, threads_total=3, requests_started=2, chunks=4, tokens=6)
SDK_VARIABLES = ("OTEL_SERVICE_NAME", "OTEL_TRACES_SAMPLER", "OTEL_EXPORTER_OTLP_TIMEOUT")
INTERVAL, TEMPORALITY = "OTEL_METRIC_EXPORT_INTERVAL", "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*SDK_VARIABLES, INTERVAL, TEMPORALITY):
        monkeypatch.delenv(name, raising=False)


class InMemory:
    """An exporter into memory that has taken these lines."""

    def __init__(self, lines: list[bytes], share: float | None = 1.0) -> None:
        self.exported, self.deliveries = InMemorySpanExporter(), Deliveries()
        self.result: MetricExportResult | Exception = MetricExportResult.SUCCESS
        sums, spans = Sums(forgets=wants_differences()), SimpleSpanProcessor(self.exported)
        clock = count(START_NS, MS)
        self.otlp = Otlp("1.2", share, self.deliveries, sums, self, spans, clock_ns=lambda: next(clock))
        self.exporter = Exporter(sums, otlp=self.otlp)
        self.take(lines)

    def take(self, lines: list[bytes]) -> None:
        for line in lines:
            self.exporter.take(line)
        assert self.exporter.unread == 0

    def export(self, data: MetricsData) -> MetricExportResult:
        """As an exporter of metrics has it."""
        self.data = data
        if isinstance(self.result, Exception):
            raise self.result
        return self.result

    @property
    def metrics(self) -> dict[str, Any]:
        self.otlp.send_metrics()
        (resource,) = self.data.resource_metrics
        (scope,) = resource.scope_metrics
        assert (scope.scope.name, scope.scope.version) == ("sse_perf_tool", "1.2")
        return {metric.name: metric for metric in scope.metrics}

    @property
    def spans(self) -> list:
        return list(self.exported.get_finished_spans())


def test_each_metric_has_name_unit_kind_and_buckets_of_the_table() -> None:
    late = [OK, FAILED]
    found = InMemory(lines_of(*late, seconds=[SECOND])).metrics
    assert set(found) == {each.name for each in INSTRUMENTS} - {"sse_perf.request.schedule_delay"}
    for name, metric in found.items():
        each = BY_NAME[name]
        assert (metric.unit, metric.description) == (each.unit, each.about)
        point = metric.data.data_points[0]
        assert set(point.attributes) <= set(each.attributes)
        assert (point.start_time_unix_nano, point.time_unix_nano) == (START_NS, START_NS + MS)
        if each.kind is Kind.HISTOGRAM:
            assert tuple(point.explicit_bounds) == each.buckets
            assert point.count == sum(point.bucket_counts) > 0
        elif each.kind is Kind.COUNTER:
            assert metric.data.is_monotonic


def test_the_values_are_those_of_the_requests() -> None:
    found = InMemory(lines_of(OK, OK, FAILED, seconds=[SECOND, SECOND])).metrics
    durations = {
        point.attributes.get("error.type"): (point.count, round(point.sum, 6))
        for point in found["gen_ai.client.operation.duration"].data.data_points
    }
    assert durations == {None: (2, 1.8), "429": (1, 0.03)}
    point = found["gen_ai.client.operation.duration"].data.data_points[0]
    assert (point.min, point.max, point.bucket_counts[7]) == (0.9, 0.9, 2), "above 0.64 s and up to 1.28 s"
    tokens = {
        point.attributes["gen_ai.token.type"]: point.sum
        for point in found["gen_ai.client.token.usage"].data.data_points
    }
    assert tokens == {"input": 14, "output": 10}
    assert found["sse_perf.chunks"].data.data_points[0].value == 8
    assert found["sse_perf.requests.active"].data.data_points[0].value == 2


def test_a_span_has_the_times_of_the_request_and_its_first_token() -> None:
    (span,) = InMemory(lines_of(OK)).spans
    assert (span.name, span.kind) == ("chat m", SpanKind.CLIENT)
    assert (span.start_time, span.end_time) == (START_NS, START_NS + 900 * MS)
    assert [(event.name, (event.timestamp - START_NS) // MS) for event in span.events] == [
        ("sse_perf.first_byte", 80),
        ("sse_perf.first_token", 100),
        ("sse_perf.end", 900),
    ]
    assert span.status.status_code is StatusCode.UNSET
    attributes = dict(span.attributes)
    assert attributes["gen_ai.provider.name"] == "openai"
    assert attributes["gen_ai.response.id"] == "chatcmpl-1"
    assert attributes["gen_ai.response.finish_reasons"] == ("stop",)
    assert attributes["gen_ai.usage.output_tokens"] == 5
    assert attributes["gen_ai.response.time_to_first_chunk"] == 0.1
    assert attributes["sse_perf.request.id"] == 1
    assert "http.request.resend_count" not in attributes
    assert span.resource.attributes["service.name"] == "sse-perf"
    assert span.resource.attributes["service.version"] == "1.2"


def test_a_failure_is_an_error_without_the_texts_of_question_and_server() -> None:
    (span,) = InMemory(lines_of(FAILED)).spans
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description is None
    assert span.attributes["error.type"] == "429"
    assert span.attributes["http.request.resend_count"] == 2
    assert not any("what?" in str(value) or "no: sk" in str(value) for value in span.attributes.values())


@pytest.mark.parametrize(("share", "low", "high"), [(0.0, 0, 0), (1.0, 300, 300), (0.5, 100, 200), (None, 5, 70)])
def test_the_sample_is_as_large_as_asked_for(share: float | None, low: int, high: int) -> None:
    # 300 requests: half of them 150 +- 52 and a tenth 30 +- 31 at six standard deviations.
    assert low <= len(InMemory(lines_of(*[OK] * 300), share).spans) <= high


def test_the_environment_of_the_sdk_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_on")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "nightly")
    spans = InMemory(lines_of(OK, OK), None).spans
    assert len(spans) == 2
    assert spans[0].resource.attributes["service.name"] == "nightly"
    assert InMemory(lines_of(OK, OK), 0.0).spans == [], "the flag counts more"


def sums_of(found: dict[str, Any]) -> list[float]:
    """The begin of an export in ms behind the start, its durations, chunks and active requests."""
    durations, chunks, active = (
        found[name].data.data_points
        for name in ("gen_ai.client.operation.duration", "sse_perf.chunks", "sse_perf.requests.active")
    )
    return [
        (durations[0].start_time_unix_nano - START_NS) // MS,
        durations[0].count,
        chunks[0].value,
        active[0].value,
    ]


@pytest.mark.parametrize(
    ("asked", "kind", "second"),
    [
        ("", AggregationTemporality.CUMULATIVE, [0, 3, 8, 2]),
        ("cumulative", AggregationTemporality.CUMULATIVE, [0, 3, 8, 2]),
        ("delta", AggregationTemporality.DELTA, [1, 1, 4, 2]),
        ("LowMemory", AggregationTemporality.DELTA, [1, 1, 4, 2]),
    ],
)
def test_sums_are_from_the_start_or_since_the_export_before(
    asked: str, kind: AggregationTemporality, second: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TEMPORALITY, asked)
    memory = InMemory(lines_of(OK, OK, seconds=[SECOND]))
    first = memory.metrics
    assert sums_of(first) == [0, 2, 4, 2]
    assert first["sse_perf.chunks"].data.aggregation_temporality is kind
    memory.take(lines_of(OK, seconds=[SECOND]))
    assert sums_of(memory.metrics) == second


def test_with_differences_what_has_not_changed_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TEMPORALITY, "delta")
    memory = InMemory(lines_of(OK, seconds=[SECOND]))
    assert len(memory.metrics) > 5
    assert set(memory.metrics) == {"sse_perf.requests.active", "sse_perf.threads"}, "gauges are what they were"


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [("250", 0.25), ("60000", 60), ("", EVERY_S), ("0", EVERY_S), ("-1", EVERY_S), ("nan", EVERY_S), ("1s", EVERY_S)],
)
def test_the_interval_is_what_the_variable_of_the_sdk_says(
    asked: str, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(INTERVAL, asked)
    assert every_s() == seconds


def test_an_export_that_raises_has_failed_with_its_reason() -> None:
    memory = InMemory(lines_of(OK))
    memory.result = OSError("no route")
    assert memory.metrics
    told = memory.deliveries
    assert (told.exports, told.exports_failed, told.last_failed, told.reason) == (1, 1, True, "no route")
    memory.result = MetricExportResult.SUCCESS
    assert memory.metrics
    assert (told.exports, told.exports_failed, told.last_failed) == (2, 1, False)


@pytest.fixture
def collector() -> Iterator[Receiver]:
    with receiver() as found:
        yield found


def sent(collector: Receiver, *lines: bytes) -> dict:
    """What an exporter says at its end that sent these lines."""
    told = Deliveries()
    url = collector.url
    sums = Sums()
    otlp = Otlp("1", 1.0, told, sums, metric_exporter(url), span_processor(url, told))
    otlp.start()
    states: list[dict] = []
    export(Exporter(sums, otlp=otlp), lines, lambda _kind, state: states.append(state))
    otlp.shutdown()
    return states[-1]


def test_a_collector_gets_it_all(collector: Receiver) -> None:
    state = sent(collector, *lines_of(OK, OK, FAILED, seconds=[SECOND]))
    assert (state["spans"], state["spans_sent"], state["exports_failed"], state["unread"]) == (3, 3, 0, 0)
    assert state["exports"] >= 1
    assert len(collector.spans) == 3
    (point,) = collector.points("sse_perf.request.longest_gap")
    assert (point.count, point.sum) == (2, 1.0)
    assert [point.as_int or point.as_double for point in collector.points("sse_perf.chunks")] == [4]


def test_a_session_prepares_its_request_once_and_sends_each_body_with_it(
    collector: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=7")
    exporter, prepared = metric_exporter(collector.url.replace("//", "//me:pass@")), []
    monkeypatch.setattr(
        Session, "prepare_request", lambda *asked: prepared.append(1) or requests.Session.prepare_request(*asked)
    )
    memory = InMemory([])
    for count_of in (1, 2, 3):
        memory.take(lines_of(OK))
        assert memory.metrics
        assert exporter.export(memory.data) is MetricExportResult.SUCCESS
        (point,) = collector.points("sse_perf.request.longest_gap")
        assert point.count == count_of
    assert prepared == [1]
    assert {(head["x-tenant"], head["Authorization"][:6]) for head in collector.heads} == {("7", "Basic ")}
    assert len(collector.heads) == 3


def test_a_session_heeds_proxies_and_leaves_credentials_to_the_package_that_is_named(
    collector: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", collector.url)
    monkeypatch.setenv("no_proxy", "")
    for _ in range(2):
        assert session().post("http://collector.invalid/v1/logs", data=b"x", timeout=FOREVER_S).status_code == 200
    monkeypatch.setenv("OTEL_PYTHON_EXPORTER_OTLP_HTTP_TRACES_CREDENTIAL_PROVIDER", "ours")
    assert session() is None


def test_what_a_collector_refuses_is_counted_with_its_reason(collector: Receiver) -> None:
    collector.status = 400
    state = sent(collector, *lines_of(OK))
    assert (state["spans"], state["spans_sent"]) == (1, 0)
    assert state["exports_failed"] == state["exports"] >= 1
    assert state["last_failed"]
    assert "400" in state["reason"]
