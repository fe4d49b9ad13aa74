"""A request and a second become the values of metrics: worked out by hand, and by the names of the conventions."""

from __future__ import annotations

import json
import re

import pytest

from sse_perf_tool.formats import FORMATS
from sse_perf_tool.records import IntervalSample, Outcome, RequestRecord
from sse_perf_tool.telemetry.instruments import BY_NAME, COMMON, INSTRUMENTS, Kind
from sse_perf_tool.telemetry.lines import sample_line
from sse_perf_tool.telemetry.readings import OPERATIONS, PROVIDERS, Run
from telemetry_lines import MS, OK, columns_of, header

COMMON_OF_M = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "m",
    "server.address": "h.cn",
    "server.port": 443,
}


def run_of(**config) -> Run:
    return Run(json.loads(header(**config))["config"])


def readings(record: RequestRecord, **config) -> dict[str, list[tuple[float, dict[str, object]]]]:
    """Metric -> (value, attributes besides the common ones) of a finished request."""
    found: dict[str, list[tuple[float, dict[str, object]]]] = {}
    run = run_of(**config)
    for name, values, attributes in run.of_requests(columns_of(record)):
        common = run.common(record.format)
        assert attributes[: len(common)] == common
        more = dict(attributes[len(common) :])
        found.setdefault(name, []).extend((round(value, 9), more) for value in values)
    return found


def test_an_ok_answer_has_times_in_seconds_and_the_tokens_that_the_server_counted() -> None:
    assert readings(OK) == {
        "gen_ai.client.operation.duration": [(0.9, {})],
        "gen_ai.client.operation.time_to_first_chunk": [(0.1, {})],
        "gen_ai.client.token.usage": [(7, {"gen_ai.token.type": "input"}), (5, {"gen_ai.token.type": "output"})],
        "sse_perf.request.time_per_output_token": [(0.2, {})],
        "sse_perf.request.longest_gap": [(0.5, {})],
        "sse_perf.requests": [(1, {"sse_perf.outcome": "ok"})],
    }


def test_common_attributes_are_those_of_the_settings() -> None:
    assert dict(run_of().common("openai_chat")) == COMMON_OF_M
    assert dict(run_of(url="http://[::1]:8000/x", model=None).common("dify")) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "dify",
        "server.address": "::1",
        "server.port": 8000,
    }
    of_nobody = run_of(url="http://…@h/x", model=None, format="auto").common("")
    assert dict(of_nobody)["gen_ai.provider.name"] == "custom"
    assert dict(run_of().common("tgi"))["gen_ai.operation.name"] == "text_completion"
    assert dict(run_of().common("gemini"))["gen_ai.provider.name"] == "gcp.gemini"


def test_the_tables_of_formats_name_formats_that_there_are() -> None:
    assert {*PROVIDERS, *OPERATIONS} <= set(FORMATS)


@pytest.mark.parametrize(
    ("outcome", "status", "error"), [(Outcome.HTTP_ERROR, 429, "429"), (Outcome.TIMEOUT, 200, "timeout")]
)
def test_a_failure_has_its_type_and_no_times_of_an_answer(outcome: Outcome, status: int, error: str) -> None:
    failed = RequestRecord(1, 1, 0, outcome, 30 * MS, status=status, retries=2, ttft_ns=9 * MS, format="openai_chat")
    assert readings(failed) == {
        "gen_ai.client.operation.duration": [(0.03, {"error.type": error})],
        "sse_perf.requests": [(1, {"sse_perf.outcome": outcome.value})],
        "sse_perf.retries": [(2, {})],
    }


def test_tokens_that_are_estimated_are_not_told_as_usage() -> None:
    estimated = RequestRecord(1, 1, 0, Outcome.OK, MS, output_tokens=5, token_source="estimate", format="openai_chat")
    assert "gen_ai.client.token.usage" not in readings(estimated)


def test_an_answer_that_is_not_streamed_has_no_first_chunk() -> None:
    assert "gen_ai.client.operation.time_to_first_chunk" not in readings(OK, stream=False)


def test_a_request_of_a_schedule_says_how_late_it_began() -> None:
    late = RequestRecord(1, 1, 50 * MS, Outcome.OK, MS, intended_ns=20 * MS, format="openai_chat")
    assert readings(late)["sse_perf.request.schedule_delay"] == [(0.03, {})]


def test_a_second_counts_what_came_in_it() -> None:
    sample = IntervalSample(
        3, threads_active=4, threads_total=5, requests_started=6, requests_done=2, chunks=70, tokens=140.5
    )
    told = json.loads(sample_line(sample))["sample"]
    assert {name: value for name, (value,), _ in run_of().of_second(told)} == {
        "sse_perf.requests.active": 4,
        "sse_perf.threads": 5,
        "sse_perf.requests.started": 6,
        "sse_perf.chunks": 70,
        "sse_perf.output_tokens": 140.5,
    }


def test_the_table_keeps_the_rules_for_names_and_units() -> None:
    assert len(BY_NAME) == len(INSTRUMENTS) == len({each.on_page for each in INSTRUMENTS})
    for each in INSTRUMENTS:
        assert re.fullmatch(r"(gen_ai\.client|sse_perf)(\.[a-z_]+)+", each.name)
        assert re.fullmatch(r"s|\{[a-z]+\}", each.unit)
        assert bool(each.buckets) == (each.kind is Kind.HISTOGRAM)
        assert list(each.buckets) == sorted(set(each.buckets))
        assert each.attributes[: len(COMMON)] == COMMON
    assert BY_NAME["gen_ai.client.operation.duration"].on_page == "gen_ai_client_operation_duration_seconds"
    assert BY_NAME["sse_perf.requests"].on_page == "sse_perf_requests"
    assert BY_NAME["gen_ai.client.token.usage"].buckets[-1] == 67_108_864
