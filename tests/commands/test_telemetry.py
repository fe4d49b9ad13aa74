"""`--otlp` and `--prometheus` of whole runs: what a collector gets is what was sent, and the run never waits."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from otlp_receiver import Receiver, plain, receiver
from scripted_server import DONE, FINISH, Serve, chunked, token, usage
from sse_perf_tool.telemetry import link
from tool_runs import FILES, KEY, Tool, at, records, summary

pytestmark = pytest.mark.measures_processes

ANSWER = chunked(token("a"), 0.05, token("b"), FINISH, usage(9, 2), DONE)
PASSWORD = "s3cr3t-pass-word"
PLAIN = ["--no-compression-check", "--threads", "2"]


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    for name in ("OTEL_TRACES_SAMPLER", "OTEL_SERVICE_NAME"):
        monkeypatch.delenv(name, raising=False)
    with receiver() as found:
        yield found


def total(collector: Receiver, name: str) -> int:
    """A counter over all its attributes."""
    return sum(point.as_int or round(point.as_double) for point in collector.points(name))


def test_a_collector_gets_each_request_of_all_processes(serve: Serve, tool: Tool, collector: Receiver) -> None:
    load = ["--requests", "12", "--processes", "2", "--otlp-sample", "1", "--otlp-traceparent"]
    server = serve(ANSWER)
    url = collector.url.replace("//", f"//me:{PASSWORD}@") + "/v1/metrics/"
    ran = tool(*at(server, *FILES, *PLAIN, *load, "--model", "m", "--query", "what?", "--otlp", url))
    assert ran.status == 0, ran.err
    assert summary()["warnings"] == []
    assert total(collector, "sse_perf.requests") == total(collector, "sse_perf.requests.started") == 12
    assert total(collector, "sse_perf.chunks") == 24
    (durations,) = collector.points("gen_ai.client.operation.duration")
    assert durations.count == 12
    assert durations.sum == pytest.approx(summary()["metrics"]["latency_ms"]["mean"] * 12 / 1000, rel=1e-6)
    assert sorted(plain(span.attributes)["sse_perf.request.id"] for span in collector.spans) == [*range(1, 13)]
    assert {span.name for span in collector.spans} == {"chat m"}
    assert {plain(span.attributes)["gen_ai.provider.name"] for span in collector.spans} == {"openai"}
    spans = {f"00-{span.trace_id.hex()}-{span.span_id.hex()}-01" for span in collector.spans}
    assert {request.header("traceparent") for request in server.requests} == spans
    assert len(spans) == 12
    assert sorted(row["request_id"] for row in records()) == [*range(1, 13)], "the file has them all as well"
    assert collector.heads[0]["Authorization"].startswith("Basic ")
    for secret in (KEY, PASSWORD, "what?"):
        assert secret.encode() not in collector.bodies
        assert secret == "what?" or not any(secret in path.read_text("utf-8") for path in Path().iterdir())
    shown = summary()["config"]["flags"]["otlp"]
    assert shown == f"http://…@127.0.0.1:{collector.port}/v1/metrics/"


def test_a_prometheus_reads_the_page_while_the_run_goes_on(
    serve: Serve, tool: Tool, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages: list[str] = []
    closed = link.Telemetry.close

    def close(telemetry: link.Telemetry) -> None:
        """Reads the page at the end of the load, when all of it has been handed over."""
        deadline_s = time.monotonic() + 30
        while not pages or ("requests_total{" not in pages[-1] and time.monotonic() < deadline_s):
            pages.append(requests.get(f"http://127.0.0.1:{telemetry.port}/metrics", timeout=10).text)
            time.sleep(0.05)
        closed(telemetry)

    monkeypatch.setattr(link.Telemetry, "close", close)
    ran = tool(*at(serve(ANSWER), *PLAIN, "--requests", "2", "--prometheus", "127.0.0.1:0"))
    assert ran.status == 0, ran.err
    assert re.search(r"metrics for Prometheus: http://127\.0\.0\.1:\d+/metrics\n", ran.out)
    assert re.search(r'^sse_perf_requests_total\{.*sse_perf_outcome="ok".*\} \d\.0$', pages[-1], re.MULTILINE)
    assert KEY not in pages[-1]


def test_a_collector_that_is_gone_costs_two_lines_and_no_request(
    serve: Serve, tool: Tool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        server = serve(ANSWER)
        ran = tool(*at(server, *FILES, *PLAIN, "--requests", "4", "--otlp", url, "--otlp-sample", "1"))
    assert ran.status == 0
    assert not any(request.header("traceparent") for request in server.requests)
    said = [text for text in summary()["warnings"] if "--otlp" in text]
    assert said[0].startswith(f"--otlp {url}: 4 of 4 spans did not arrive")
    assert summary()["requests"]["ok"] == 4


def test_a_search_for_capacity_is_shown_too(serve: Serve, tool: Tool, collector: Receiver) -> None:
    steps = ["--slo", "latency_ms:p(50)<60000", "--sweep", "1", "--step-duration", "0.5", "--no-report"]
    target = ["--url", serve(ANSWER).url("/v1/chat/completions"), "--api-key", KEY]
    ran = tool("capacity", *target, *steps, "--otlp", collector.url)
    assert ran.status == 0, ran.err
    assert total(collector, "sse_perf.requests") > 2, "the first answer and those of the step"
