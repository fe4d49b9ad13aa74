"""The page that a Prometheus reads, read by the parser of its own library."""

from __future__ import annotations

import socket

import pytest
import requests
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from patience import FOREVER_S
from sse_perf_tool.records import IntervalSample
from sse_perf_tool.telemetry.exporter import Exporter, exporter_of
from sse_perf_tool.telemetry.instruments import INSTRUMENTS
from sse_perf_tool.telemetry.prometheus import Page
from sse_perf_tool.telemetry.readings import Reading
from sse_perf_tool.telemetry.sums import Sums
from telemetry_lines import FAILED, OK, lines_of

ASKED = {"otlp": None, "share": None, "version": "1"}


def served(exporter: Exporter, page: Page) -> dict[tuple[str, str], float]:
    """(name, the label that is no common one) -> value, as they are read over the socket."""
    port = page.serve("127.0.0.1", 0)
    text = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=FOREVER_S).text
    common = {
        "gen_ai_operation_name": "chat",
        "gen_ai_provider_name": "openai",
        "gen_ai_request_model": "m",
        "server_address": "h.cn",
        "server_port": "443",
    }
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = {**common, "gen_ai_provider_name": "custom"} if family.name in LIVE else common
            assert sample.labels.items() >= labels.items()
            found[sample.name, "".join(v for k, v in sample.labels.items() if k not in common)] = sample.value
    return found


LIVE = (
    "sse_perf_requests_started",
    "sse_perf_requests_active",
    "sse_perf_threads",
    "sse_perf_chunks",
    "sse_perf_output_tokens",
)
"""Of seconds, in which it is not known yet how answers will be read."""


def test_the_page_has_the_values_of_requests_and_seconds() -> None:
    sums = Sums()
    page, exporter = Page(sums), Exporter(sums)
    seconds = [
        IntervalSample(0, threads_active=2, threads_total=2, requests_started=2, chunks=4, tokens=6),
        IntervalSample(1, threads_active=1, threads_total=2, requests_started=1, chunks=5, tokens=6),
    ]
    for line in lines_of(OK, OK, FAILED, seconds=seconds):
        exporter.take(line)
    found = served(exporter, page)
    assert exporter.unread == 0
    assert found["gen_ai_client_operation_duration_seconds_count", ""] == 2
    assert found["gen_ai_client_operation_duration_seconds_count", "429"] == 1
    assert found["gen_ai_client_operation_duration_seconds_sum", ""] == pytest.approx(1.8)
    assert found["gen_ai_client_operation_duration_seconds_bucket", "0.64"] == 0
    assert found["gen_ai_client_operation_duration_seconds_bucket", "1.28"] == 2
    assert found["gen_ai_client_operation_time_to_first_chunk_seconds_sum", ""] == pytest.approx(0.2)
    assert found["gen_ai_client_token_usage_sum", "input"] == 14
    assert found["gen_ai_client_token_usage_sum", "output"] == 10
    assert found["sse_perf_request_time_per_output_token_seconds_sum", ""] == pytest.approx(0.4)
    assert found["sse_perf_requests_total", "ok"] == 2
    assert found["sse_perf_requests_total", "http_error"] == 1
    assert found["sse_perf_retries_total", ""] == 2
    assert found["sse_perf_requests_started_total", ""] == 3
    assert found["sse_perf_requests_active", ""] == 1
    assert found["sse_perf_chunks_total", ""] == 9
    assert found["sse_perf_output_tokens_total", ""] == 12


def test_the_page_names_what_has_no_value_yet_and_gives_out_one_metric_alone() -> None:
    sums = Sums()
    page = Page(sums)
    text = generate_latest(page.registry).decode()
    assert {family.name for family in text_string_to_metric_families(text)} == {each.on_page for each in INSTRUMENTS}
    assert "# TYPE sse_perf_chunks_total counter\n" in text
    sums.take(Reading("sse_perf.threads", (3,), (("gen_ai.request.model", 'a "b"'),)))
    (alone,) = page.registry.restricted_registry(["sse_perf_threads"]).collect()
    (sample,) = alone.samples
    assert (sample.value, sample.labels["gen_ai_request_model"], sample.labels["server_port"]) == (3, 'a "b"', "")


def test_a_place_that_is_taken_is_an_error_of_the_system() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match="in use"):
            exporter_of({**ASKED, "prometheus": ["127.0.0.1", taken.getsockname()[1]]})
