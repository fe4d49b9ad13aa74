"""Reasoning under all its names, tool calls, and what both are worth."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sse_perf_tool.formats import FORMATS, AnswerReader
from sse_perf_tool.records import Kind
from stream_bodies import Item, chunk, read, read_body

NAMES: list[tuple[str, Any]] = [
    ("reasoning_content", "why"),
    ("reasoning", "why"),
    ("reasoning", {"text": "why"}),
    ("reasoning_text", "why"),
    ("thinking", "why"),
    ("thinking", {"content": "why"}),
    ("reasoning_details", [{"type": "reasoning.text", "text": "w"}, {"text": "hy"}]),
    ("reasoning_details", [{"type": "reasoning.summary", "summary": "why"}]),
    ("thinking_blocks", [{"type": "thinking", "thinking": "why"}]),
]
CHAT = ("openai_chat", "openai_completions", "dashscope", "ollama", "coze", "qianfan", "cohere")


def thinks(name: str, delta: dict) -> Item:
    """An event of this format that brings this reasoning."""
    docs: dict[str, Item] = {
        "openai_chat": chunk(delta),
        "openai_completions": {"choices": [delta]},
        "dashscope": {"request_id": "r", "output": {"choices": [{"message": delta}]}},
        "ollama": {"message": delta, "done": False},
        "coze": ("conversation.message.delta", {"type": "answer", **delta}),
        "qianfan": {"result": "", "is_end": False, **delta},
        "cohere": {"type": "content-delta", "delta": {"message": {"content": delta}}},
    }
    return docs[name]


@pytest.mark.parametrize("name", CHAT)
@pytest.mark.parametrize(("key", "value"), NAMES)
def test_reasoning_is_read_under_every_name(name: str, key: str, value: Any) -> None:
    reader = read(name, thinks(name, {key: value}), incremental_output=True)
    assert (reader.reasoning, reader.chunks, reader.first_token_event, reader.text) == ("why", 1, 0, "")


@pytest.mark.parametrize("name", CHAT)
def test_the_same_under_several_names_counts_once(name: str) -> None:
    said = {"reasoning": "why", "reasoning_content": "why", "reasoning_details": [{"text": "why"}], "thinking": "why"}
    assert read(name, thinks(name, said), incremental_output=True).reasoning == "why"


def test_different_reasoning_under_two_names_is_all_read() -> None:
    assert read("openai_chat", chunk({"reasoning": "a", "thinking": "b"})).reasoning == "ab"


def test_whole_answers_have_it_under_the_same_names() -> None:
    for key, value in NAMES:
        reader = AnswerReader(FORMATS["openai_chat"], {}, "application/json", whole=True)
        reader.feed(json.dumps({"choices": [{"message": {"content": "x", key: value}}]}).encode())
        reader.close()
        assert (reader.text, reader.reasoning) == ("x", "why")


@pytest.mark.parametrize("kind", ["thinking_delta", "reasoning_delta"])
@pytest.mark.parametrize("key", ["thinking", "reasoning", "text"])
def test_relays_of_anthropic_call_it_otherwise(kind: str, key: str) -> None:
    reader = read("anthropic", {"type": "content_block_delta", "delta": {"type": kind, key: "why"}})
    assert (reader.reasoning, reader.text) == ("why", "")


@pytest.mark.parametrize(
    "kind",
    ["response.reasoning_text.delta", "response.reasoning_summary_text.delta", "response.reasoning.delta"],
)
@pytest.mark.parametrize("delta", ["why", {"text": "why"}])
def test_reasoning_of_responses(kind: str, delta: Any) -> None:
    assert read("openai_responses", {"type": kind, "delta": delta}).reasoning == "why"


@pytest.mark.parametrize("part", [{"type": "reasoning", "text": "why"}, {"type": "thinking", "thinking": "why"}])
def test_parts_of_a_message_that_are_reasoning(part: dict) -> None:
    reader = read("openai_chat", chunk({"content": [part, {"type": "text", "text": "x"}]}))
    assert (reader.reasoning, reader.text) == ("why", "x")


# Tool calls: output, but no text.

FUNCTION = {"name": "weather", "arguments": '{"city": "Paris"}'}
CALLS: dict[str, list[Item]] = {
    "openai_chat": [
        chunk({"tool_calls": [{"index": 0, "function": {"name": "weather", "arguments": ""}}]}),
        chunk({"tool_calls": [{"index": 0, "function": {"arguments": '{"city": "Paris"}'}}]}),
        chunk(finish="tool_calls"),
    ],
    "openai_responses": [
        {"type": "response.output_item.added", "item": {"type": "function_call", "name": "weather"}},
        {"type": "response.function_call_arguments.delta", "delta": '{"city": "Paris"}'},
        {"type": "response.function_call_arguments.done", "arguments": '{"city": "Paris"}'},
        {
            "type": "response.completed",
            "response": {"status": "completed", "output": [{"type": "function_call", **FUNCTION}]},
        },
    ],
    "anthropic": [
        {"type": "content_block_start", "content_block": {"type": "tool_use", "name": "weather", "input": {}}},
        {"type": "content_block_delta", "delta": {"type": "input_json_delta", "partial_json": '{"city": "Paris"}'}},
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}},
        {"type": "message_stop"},
    ],
    "gemini": [
        {"candidates": [{"content": {"parts": [{"functionCall": {"name": "weather", "args": {"city": "Paris"}}}]}}]},
        {"candidates": [{"finishReason": "STOP"}]},
    ],
    "cohere": [
        {"type": "tool-call-start", "delta": {"message": {"tool_calls": {"function": {"name": "weather"}}}}},
        {
            "type": "tool-call-delta",
            "delta": {"message": {"tool_calls": {"function": {"arguments": '{"city": "Paris"}'}}}},
        },
        {"type": "message-end", "delta": {"finish_reason": "TOOL_CALL"}},
    ],
    "ollama": [
        {
            "message": {
                "content": "",
                "tool_calls": [{"function": {"name": "weather", "arguments": {"city": "Paris"}}}],
            },
            "done": False,
        },
        {"message": {"content": ""}, "done": True, "done_reason": "stop"},
    ],
    "dashscope": [
        {
            "request_id": "r",
            "output": {
                "choices": [{"message": {"tool_calls": [{"function": FUNCTION}]}, "finish_reason": "tool_calls"}]
            },
        },
    ],
    "qianfan": [{"result": "", "is_end": True, "function_call": FUNCTION}],
    "coze": [
        (
            "conversation.chat.requires_action",
            {
                "status": "requires_action",
                "required_action": {"submit_tool_outputs": {"tool_calls": [{"function": FUNCTION}]}},
            },
        ),
    ],
}


PIECEWISE = {"openai_chat", "openai_responses", "anthropic", "cohere"}
"""The formats that bring the arguments of a call in pieces."""


@pytest.mark.parametrize("name", CALLS)
def test_tool_calls_are_output_and_no_text(name: str) -> None:
    reader = read(name, *CALLS[name])
    assert (reader.text, reader.first_token_event, reader.complete, reader.unknown) == ("", None, True, False)
    assert (reader.chunks, reader.chunks) == (reader.call_chunks, 2 if name in PIECEWISE else 1)
    assert reader.first_output_event == 0
    assert [(part.kind, part.name) for part in reader.trail.parts if part.kind is Kind.TOOL_CALL] == [
        (Kind.TOOL_CALL, "weather")
    ]
    assert reader.calls.count("weather") == 1
    assert reader.calls.count("Paris") == 1


def test_older_function_call_and_calls_of_whole_answers() -> None:
    older = read("openai_chat", chunk({"function_call": FUNCTION}), chunk(finish="function_call"))
    assert older.calls == 'weather {"city": "Paris"}'
    body = b'{"choices": [{"message": {"content": null, "tool_calls": [{"function": {"name": "f"}}]}}]}'
    reader = AnswerReader(FORMATS["openai_chat"], {}, "application/json", whole=True)
    reader.feed(body)
    reader.close()
    assert (reader.calls, reader.text) == ("f", "")
    assert read_body("openai_chat", body, "text/event-stream").calls == ""
