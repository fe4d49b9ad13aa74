"""Requests through LiteLLM: what is asked of the package, and what its chunks become.  The package is a stand-in."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from sse_perf_tool.bench.cell import CellRun
from sse_perf_tool.bench.endpoint import Endpoint, Wish
from sse_perf_tool.bench.plan import Cell
from sse_perf_tool.bench.results import cell_document, remarks
from sse_perf_tool.bench.settings import Settings
from sse_perf_tool.bench.through_litellm import LiteLLMSender
from sse_perf_tool.errors import UsageError
from sse_perf_tool.masking import Masker
from sse_perf_tool.providers import Query
from sse_perf_tool.test_runner import Origin

CELL = Cell(
    "aws", "AWS", "bedrock/m", "M", 0, Endpoint("", None, "bedrock/m", needs_key=False, wish=Wish(64, 0.5)), "key-12345"
)


def chunk(content: str | None = None, reasoning: str | None = None, finish: str | None = None, **more: Any) -> Any:
    delta = SimpleNamespace(content=content, reasoning_content=reasoning)
    return SimpleNamespace(id="id-1", choices=[SimpleNamespace(delta=delta, finish_reason=finish)], **more)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A package whose `completion` notes what it is asked and streams `chunks`, or raises `error`."""
    seen: dict[str, Any] = {"chunks": [], "error": None}

    def completion(**options: Any) -> Any:
        seen["options"] = options
        if seen["error"] is not None:
            raise seen["error"]
        return iter(seen["chunks"])

    monkeypatch.setitem(sys.modules, "litellm", SimpleNamespace(completion=completion))
    return seen


def sender(chunks_heard: list[int] | None = None) -> LiteLLMSender:
    settings = Settings(queries=(Query("hi"),), masker=Masker(["key-12345"]), timeout_s=7)
    heard = [] if chunks_heard is None else chunks_heard
    return LiteLLMSender(CELL, settings, 1, heard.append)


def test_it_is_asked_once_with_what_was_wished_for(asked: dict[str, Any]) -> None:
    asked["chunks"] = [chunk("a")]
    sender().test_streaming(1)
    assert asked["options"] == {
        "model": "bedrock/m",
        "messages": [{"role": "user", "content": "hi"}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "api_base": None,
        "api_key": "key-12345",
        "timeout": 7,
        "num_retries": 0,
        "max_retries": 0,
        "max_tokens": 64,
        "temperature": 0.5,
    }


def test_chunks_become_a_record(asked: dict[str, Any]) -> None:
    heard: list[int] = []
    counts = SimpleNamespace(completion_tokens=5, prompt_tokens=9)
    asked["chunks"] = [chunk(), chunk(reasoning="hm"), chunk("a"), chunk(" b"), chunk(finish="stop", usage=counts)]
    record = sender(heard).test_streaming(4)
    assert (record.outcome.value, record.chunks, heard) == ("ok", 3, [1, 1, 1])
    assert (record.output_tokens, record.prompt_tokens, record.token_source) == (5, 9, "usage")
    assert (record.finish_reason, record.message_id, record.clock, record.format) == ("stop", "id-1", "user", "litellm")
    assert record.ttft_ns is not None
    assert record.ttfa_ns is not None
    assert 0 < record.ttft_ns <= record.ttfa_ns <= record.latency_ns


def test_without_usage_tokens_are_estimated(asked: dict[str, Any]) -> None:
    asked["chunks"] = [chunk("two"), chunk(" words")]
    record = sender().test_streaming()
    assert (record.output_tokens, record.token_source) == (2, "estimate")


def test_what_the_package_raises_is_how_the_request_ended(asked: dict[str, Any]) -> None:
    error = type("RateLimitError", (Exception,), {"status_code": 429})
    asked["error"] = error("slow down, key-12345")
    record = sender().test_streaming()
    assert (record.outcome.value, record.status) == ("http_error", 429)
    assert record.error == "RateLimitError: slow down, " + Masker(["key-12345"])("key-12345")
    asked["error"] = type("APITimeoutError", (Exception,), {})("late")
    assert sender().test_streaming().outcome.value == "timeout"


def test_no_text_is_empty_and_a_cancelled_one_leaves(asked: dict[str, Any]) -> None:
    assert sender().test_streaming().outcome.value == "empty"
    asked["chunks"] = [chunk("a"), chunk("b")]
    leaving = sender()
    leaving.cancel()
    assert leaving.test_streaming().outcome.value == "cancelled"


def test_without_the_package_one_line_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "litellm", None)
    with pytest.raises(UsageError) as caught:
        sender()
    assert str(caught.value) == (
        'bedrock/m: is asked through LiteLLM; install it: pip install "sse-perf-tool[litellm]"'
    )


def test_such_a_cell_is_marked_and_has_no_trust_of_our_wire(asked: dict[str, Any]) -> None:
    asked["chunks"] = [chunk("a"), chunk(" b")]
    run = CellRun(CELL, Settings(runs=1, queries=(Query("hi"),)))
    run.begin(Origin.now())
    for block in (0, 1):
        run.send(0, block)
    found = cell_document(run.result())
    assert (found["timed_by"], found["format"], found["trust"], found["state"]) == ("litellm", "litellm", None, "done")
    assert remarks([found])[0] == {"key": "timed_by_litellm", "models": ["AWS / M"]}
