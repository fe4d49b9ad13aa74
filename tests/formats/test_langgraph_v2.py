"""LangGraph's event streaming: which requests it takes, and what its events say."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from sse_perf_tool.formats import FORMATS, guess_from_url
from sse_perf_tool.records import Usage
from stream_bodies import read

ROW = FORMATS["langgraph_v2"]
THREAD = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def tells(method: str, space: tuple[str, ...] = (), **data: Any) -> tuple[str, dict[str, Any]]:
    """An event as the server sends it."""
    doc = {"type": "event", "event_id": "e", "seq": 1, "method": method}
    return method, {**doc, "params": {"namespace": list(space), "timestamp": 1, "data": data}}


def says(text: str, *space: str) -> tuple[str, dict[str, Any]]:
    return tells("messages", space, event="content-block-delta", index=0, delta={"type": "text-delta", "text": text})


def speaks(role: str, *space: str) -> tuple[str, dict[str, Any]]:
    return tells("messages", space, event="message-start", role=role, id="m")


def runs(state: str, *space: str, **more: str) -> tuple[str, dict[str, Any]]:
    return tells("lifecycle", space, event=state, graph_name="g", **more)


@pytest.mark.parametrize(
    "url",
    [
        "http://h:2024/threads", "http://h:2024/threads/", "http://h:2024/threads/{id}/stream/events",
        "http://h:2024/threads/t1/commands",
    ],
)  # fmt: skip
def test_each_answer_has_a_thread_of_its_own_in_both_of_its_requests(url: str) -> None:
    assert guess_from_url("h", url.removeprefix("http://h:2024")) is ROW
    assert ROW.pair is not None
    first, second = ROW.pair(url), ROW.pair(url)
    started = re.fullmatch(rf"http://h:2024/threads/({THREAD})/commands", first.start_url)
    assert started is not None
    assert first.fetch_url == f"http://h:2024/threads/{started[1]}/stream/events"
    assert second.start_url != first.start_url
    assert json.loads(first.fetch_body) == {"channels": ["messages", "tools", "lifecycle", "input"]}


def test_a_prefix_and_a_query_stay() -> None:
    assert ROW.pair is not None
    pair = ROW.pair("https://h/api/threads?team=a")
    assert re.fullmatch(rf"https://h/api/threads/{THREAD}/commands\?team=a", pair.start_url)
    assert re.fullmatch(rf"https://h/api/threads/{THREAD}/stream/events\?team=a", pair.fetch_url)


def test_the_command_has_the_query_and_the_assistant() -> None:
    params = {"assistant_id": "team", "input": {"messages": [{"role": "user", "content": "hi"}]}}
    assert ROW.body("hi", "team", "", "") == {"id": 1, "method": "run.start", "params": params}


@pytest.mark.parametrize("name", ["langgraph_v2", "langgraph", None])
def test_the_end_of_a_graph_within_the_graph_is_not_the_end(name: str | None) -> None:
    reader = read(
        name,
        runs("running"), runs("started", "team:1"), speaks("ai", "team:1"), says("a", "team:1"),
        runs("completed", "team:1"), speaks("ai"), says("b"), runs("completed"),
    )  # fmt: skip
    assert (reader.text, reader.complete, reader.last, reader.finish_reason) == ("ab", True, True, "completed")
    steps = [(part.name, part.end is not None) for part in reader.trail.parts if part.kind == "step"]
    assert steps == [("g", True)]
    cut = read("langgraph_v2", says("a", "team:1"), runs("completed", "team:1"))
    assert not cut.complete


def test_a_run_fails_by_its_own_word_and_not_by_that_of_a_part() -> None:
    assert read("langgraph_v2", says("a"), runs("failed", error="engine died")).error == "engine died"
    assert read("langgraph_v2", runs("failed")).error == "the run failed"
    mended = read("langgraph_v2", runs("failed", "x:1", error="no"), says("a"), runs("completed"))
    assert (mended.error, mended.complete) == (None, True)


def test_what_a_person_is_asked_is_the_answer_and_a_proper_end() -> None:
    asks = tells("input.requested", interrupt_id="i", payload="Are you sure?")
    reader = read("langgraph_v2", runs("running"), asks, runs("interrupted"))
    assert (reader.text, reader.complete, reader.broke_off) == ("Are you sure?", True, None)
    asks = tells("input.requested", interrupt_id="i", payload={"q": 1})
    assert read("langgraph_v2", asks, runs("interrupted")).text == '{"q": 1}'


def test_messages_that_the_model_is_given_are_no_output() -> None:
    reader = read(
        "langgraph_v2", speaks("human"), says("q"), speaks("tool", "tools:1"), says("r", "tools:1"),
        speaks("ai"), says("a"), runs("completed"),
    )  # fmt: skip
    assert (reader.text, reader.chunks) == ("a", 1)


def test_tokens_are_those_of_all_messages() -> None:
    ends = [
        tells("messages", event="message-finish", usage={"input_tokens": 9, "output_tokens": 4}),
        tells("messages", event="message-finish"),
        tells(
            "messages", event="message-finish",
            usage={"input_tokens": 5, "output_tokens": 2, "output_token_details": {"reasoning": 1}},
        ),
    ]  # fmt: skip
    reader = read("langgraph_v2", says("a"), *ends, runs("completed"))
    assert reader.usage == Usage(14, 6, 1)


def test_a_tool_is_called_in_pieces_and_answers() -> None:
    def block(event: str, key: str, **said: Any) -> tuple[str, dict[str, Any]]:
        return tells("messages", event=event, index=0, **{key: said})

    reader = read(
        "langgraph_v2",
        speaks("ai"),
        block("content-block-start", "content", type="tool_call_chunk", id="c1", name="weather", args=""),
        block("content-block-delta", "delta", type="tool-call-delta", args='{"city"'),
        block("content-block-delta", "delta", type="tool-call-delta", args=':"Rome"}'),
        block("content-block-finish", "content", type="tool_call", id="c1", name="weather", args={"city": "Rome"}),
        tells("tools", event="tool-started", tool_call_id="c1", tool_name="weather"),
        tells("tools", event="tool-output-delta", tool_call_id="c1", delta="."),
        tells("tools", event="tool-finished", tool_call_id="c1"),
        speaks("ai"),
        block("content-block-start", "content", type="reasoning", reasoning="hm"),
        says("a"),
        runs("completed"),
    )
    parts = [(part.kind.value, part.name, part.count) for part in reader.trail.parts if part.kind != "end"]
    assert parts == [("tool_call", "weather", 3), ("tool_result", "weather", 1), ("reasoning", "", 1), ("text", "", 1)]
    assert (reader.calls, reader.text, reader.reasoning) == ('weather{"city":"Rome"}', "a", "hm")


@pytest.mark.parametrize(
    "event",
    [
        tells("messages", event="content-block-start", index=0, content={"type": "image"}),
        tells("messages", event="content-block-delta", index=0, delta={"type": "tool-call-delta", "args": ""}),
        tells("messages", event=7), tells("values", x=1), tells("lifecycle", ("a",), event="running"),
        ("messages", {"type": "event", "method": [], "params": {"namespace": 7, "data": "x"}}),
    ],
)  # fmt: skip
def test_what_says_nothing_of_the_answer_is_passed_over(event: Any) -> None:
    reader = read("langgraph_v2", event)
    assert (reader.text, reader.error, reader.complete, reader.trail.parts) == ("", None, False, [])


def test_a_message_that_fails_is_an_error() -> None:
    assert read("langgraph_v2", tells("messages", event="error", message="too long")).error == "too long"
