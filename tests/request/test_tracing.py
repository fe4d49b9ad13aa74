"""The trace context of a request: its form, and that it is what a span can be given later."""

from __future__ import annotations

import re

import pytest

from sse_perf_tool.request.tracing import Tracing


def test_a_header_has_the_form_of_the_standard() -> None:
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", Tracing(7, 1.0).header(1))
    assert Tracing(7, 0.0).header(1).endswith("-00")


def test_ids_are_those_of_the_number_of_the_request_and_of_the_run() -> None:
    tracing = Tracing(7, 1.0)
    trace_id, span_id = tracing.ids(3)
    assert tracing.header(3) == f"00-{trace_id:032x}-{span_id:016x}-01"
    assert Tracing(7, 0.5).ids(3) == (trace_id, span_id)
    assert len({Tracing(seed, 1.0).ids(number) for seed in (7, 8) for number in range(100)}) == 200


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
def test_the_sample_is_that_of_the_sampler_of_opentelemetry(share: float) -> None:
    from opentelemetry.sdk.trace.sampling import Decision, TraceIdRatioBased

    tracing, sampler = Tracing(7, share), TraceIdRatioBased(share)
    for number in range(200):
        decision = sampler.should_sample(None, tracing.ids(number)[0], "span").decision
        assert tracing.header(number).endswith("-01") == (decision is Decision.RECORD_AND_SAMPLE)
