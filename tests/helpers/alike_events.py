"""Events of the formats whose texts are taken out of their bytes, and all that a reader knows after them."""

from __future__ import annotations

import json
from typing import Any

from sse_perf_tool.formats import FORMATS, AnswerReader
from sse_perf_tool.formats.shape import PROBE
from sse_perf_tool.formats.strange import StrangeEvents
from sse_perf_tool.formats.trail import Part, Trail

VERBATIM = [name for name, row in FORMATS.items() if row.verbatim]

TEXTS = [
    "Hello", " world", "x", "你好", "é", "", " ", "\n", '"', "\\", "a\\", 'say "hi"', "</think>", "[DONE]", "stop",
    "data: x", "\u2028", "\x7f", "\u200b", PROBE, "emoji 😀", '","finish_reason":"stop', "1", "null", "0",
]  # fmt: skip


def raw(document: object, *, ascii_only: bool = False) -> bytes:
    return b"data: " + json.dumps(document, ensure_ascii=ascii_only, separators=(",", ":")).encode() + b"\n\n"


def chat(text: str, **more: Any) -> dict[str, Any]:
    return {"id": "c1", "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}], **more}


def completion(text: str, **more: Any) -> dict[str, Any]:
    return {"id": "c1", "object": "text_completion", "choices": [{"index": 0, "text": text, **more}]}


def dify(text: str, event: str = "message", **more: Any) -> dict[str, Any]:
    return {"event": event, "task_id": "t", "message_id": "m", "conversation_id": "c", "answer": text, **more}


TOKEN = {"openai_chat": chat, "openai_completions": completion, "dify": dify}
BETWEEN: dict[str, list[bytes]] = {
    "openai_chat": [
        raw(chat("late", usage={"prompt_tokens": 1, "completion_tokens": 2})),
        raw({"id": "c1", "choices": [{"index": 1, "delta": {"content": "other"}}]}),
        raw({"id": "c1", "choices": [{"index": 0, "delta": {"reasoning_content": "hm"}}]}),
        raw({"id": "c1", "choices": [{"index": 0, "delta": {"tool_calls": [{"id": "f", "function": {"name": "g"}}]}}]}),
        raw({"id": "c1", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}),
        b'data: {"id":"c1","choices":[{"index":0,"delta":{"content":"a","content":"b"},"finish_reason":null}]}\n\n',
        b'data: {"id":"c1","choices":[{"index":0,"delta":{"content":"\xff"},"finish_reason":null}]}\n\n',
        b'data: {"id":"c1","choices":[{"index":0,"delta":{"content":"a\nb"},"finish_reason":null}]}\n\n',
        b'data: {"id":"c1","choices":[{"index":0,"delta":{"content":"a\tb"},"finish_reason":null}]}\n\n',
        b'data: {"id":"c1","choices":[{"index":0,"delta":{"content":"\\ud83d"},"finish_reason":null}]}\n\n',
    ],
    "openai_completions": [raw(completion("end", finish_reason="length"))],
    "dify": [
        raw(dify("agent", "agent_message")),
        raw(dify("", "agent_thought", tool="t", id="1")),
        raw(dify("instead", "message_replace")),
        raw(dify("", "message_end", metadata={"usage": {"completion_tokens": 3}})),
    ],
}
COMMON = [
    b": ping\n\n",
    b"data: [DONE]\n\n",
    b'data: {"error":{"message":"no"}}\n\n',
    b"event: x\ndata: {}\n\n",
    b"data: ",
]


def plain(value: object) -> object:
    """A value with the objects in it as what they hold, so that two can be compared."""
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, Trail | StrangeEvents | Part):
        return {name: plain(getattr(value, name)) for name in getattr(value, "__slots__", None) or vars(value)}
    return value


def state_of(reader: AnswerReader) -> dict[str, Any]:
    """All that a reader knows, but for the functions that it calls and how it goes about it."""
    return {name: plain(value) for name, value in vars(reader).items() if name not in OWN}


OWN = {"_shape", "_shapes", "_read", "_raw", "_load", "_parser", "_lone_data"}
