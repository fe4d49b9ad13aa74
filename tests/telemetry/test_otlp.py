"""Metrics and spans, held against the SDK's own readers in memory and the protocol's own messages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from otlp_receiver import Receiver, receiver
from sse_perf_tool.records import IntervalSample
from sse_perf_tool.telemetry.exporter import Exporter, export
from sse_perf_tool.telemetry.instruments import BY_NAME, INSTRUMENTS, Kind
from sse_perf_tool.telemetry.otlp import Deliveries, Otlp, metric_reader, span_processor
from telemetry_lines import FAILED, MS, OK, START_NS, lines_of

SECOND = IntervalSample(0, threads_active=2, threads_total=3, requests_started=2, chunks=4, tokens=6)


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OTEL_SERVICE_NAME", "OTEL_TRACES_SAMPLER", "OTEL_EXPORTER_OTLP_TIMEOUT"):
        monkeypatch.delenv(name, raising=False)


class InMemory:
    """An exporter into memory that has taken these lines."""

    def __init__(self, lines: list[bytes], share: float | None = 1.0) -> None:
        self.reader, self.exported = InMemoryMetricReader(), InMemorySpanExporter()
        otlp = Otlp("1.2", share, Deliveries(), self.reader, SimpleSpanProcessor(self.exported))
        self.exporter = Exporter(otlp=otlp)
        for line in lines:
            self.exporter.take(line)
        assert self.exporter.unread == 0

    @property
    def metrics(self) -> dict[str, list]:
        data = self.reader.get_metrics_data()
        (resource,) = data.resource_metrics
        (scope,) = resource.scope_metrics
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
        if each.kind is Kind.HISTOGRAM:
            assert tuple(point.explicit_bounds) == each.buckets
        elif each.kind is Kind.COUNTER:
            assert metric.data.is_monotonic


def test_the_values_are_those_of_the_requests() -> None:
    found = InMemory(lines_of(OK, OK, FAILED, seconds=[SECOND, SECOND])).metrics
    durations = {
        point.attributes.get("error.type"): (point.count, round(point.sum, 6))
        for point in found["gen_ai.client.operation.duration"].data.data_points
    }
    assert durations == {None: (2, 1.8), "429": (1, 0.03)}
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


@pytest.fixture
def collector() -> Iterator[Receiver]:
    with receiver() as found:
        yield found


def sent(collector: Receiver, *lines: bytes) -> dict:
    """What an exporter says at its end that sent these lines."""
    told = Deliveries()
    url = collector.url
    otlp = Otlp("1", 1.0, told, metric_reader(url, told), span_processor(url, told))
    states: list[dict] = []
    export(Exporter(otlp=otlp), lines, lambda _kind, state: states.append(state))
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


def test_what_a_collector_refuses_is_counted_with_its_reason(collector: Receiver) -> None:
    collector.status = 400
    state = sent(collector, *lines_of(OK))
    assert (state["spans"], state["spans_sent"]) == (1, 0)
    assert state["exports_failed"] == state["exports"] >= 1
    assert state["last_failed"]
    assert "400" in state["reason"]
