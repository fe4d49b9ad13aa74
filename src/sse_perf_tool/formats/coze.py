"""Coze chat, version 3: the SSE event name is the kind.  Completed messages repeat what the deltas brought."""

from __future__ import annotations

import re

from ..records import Call, Delta, Kind, Mark, TextMode
from .base import (
    Doc,
    Format,
    Options,
    ReadEvent,
    calls_of,
    dict_of,
    id_of,
    reason_of,
    reasoning_in,
    text_of,
    usage_of,
)
from .failures import error_text

_CLOSING = frozenset(
    f"conversation.chat.{state}" for state in ("completed", "failed", "requires_action", "canceled", "cancelled")
)


def _body(query: str, model: str, user: str, _conversation_id: str) -> Doc:
    """`model` is the id of the bot.  A conversation goes into the query of the URL, not into the body."""
    message = {"role": "user", "content": query, "content_type": "text"}
    return {"bot_id": model, "user_id": user, "stream": True, "additional_messages": [message]}


def _detects(event: str, _doc: Doc) -> bool:
    return event.startswith("conversation.")


_MESSAGES = {"conversation.message.delta": TextMode.ADD, "conversation.message.completed": TextMode.PART}


def _reader(_options: Options) -> ReadEvent:
    """A reader that remembers which messages were streamed: what repeats them says nothing new."""
    streamed: set[str | None] = set()

    def read(event: str, doc: Doc) -> Delta:
        mode = _MESSAGES.get(event)
        if mode is None:
            return _read_chat(event, doc)
        conversation_id, message_id = id_of(doc.get("conversation_id")), id_of(doc.get("id"))
        if text_of(doc.get("type")) in _TOOLS and mode is TextMode.PART:
            return Delta(conversation_id=conversation_id, marks=_tool_marks(doc))
        if doc.get("type") != "answer" or (mode is TextMode.PART and message_id in streamed):
            return Delta(conversation_id=conversation_id)
        streamed.add(message_id)
        return Delta(
            text_of(doc.get("content")),
            reasoning_in(doc),
            mode,
            message_id=message_id,
            conversation_id=conversation_id,
        )

    return read


_TOOLS = frozenset({"function_call", "tool_response", "tool_output", "knowledge"})


def _tool_marks(doc: Doc) -> tuple[Mark, ...]:
    """What a bot called, and what came back: the ids of the two messages differ, so the order pairs them."""
    kind = text_of(doc.get("type"))
    if kind == "knowledge":
        return (Mark(Kind.CITATION),)
    if kind != "function_call":
        return (Mark(Kind.TOOL_RESULT),)
    found = re.search(r'"name"\s*:\s*"([^"]{1,80})"', text_of(doc.get("content")))
    return (Mark(Kind.TOOL_CALL, found[1] if found else "", ""),)


def _read_chat(event: str, doc: Doc) -> Delta:
    conversation_id = id_of(doc.get("conversation_id"))
    usage = dict_of(doc.get("usage"))
    closing = event in _CLOSING
    return Delta(
        usage=usage_of(usage.get("input_count"), usage.get("output_count")),
        finish_reason=reason_of(doc.get("status")) if closing else None,
        conversation_id=conversation_id,
        error=_failure(doc) if event == "conversation.chat.failed" else None,
        end=closing or event == "done",
        last=closing or event == "done",
    )


def _failure(doc: Doc) -> str:
    why = dict_of(doc.get("last_error"))
    return error_text(why if any(why.values()) else {"error": "the chat failed"})


def _calls(_event: str, doc: Doc) -> list[Call]:
    asked = dict_of(dict_of(doc.get("required_action")).get("submit_tool_outputs"))
    return calls_of(asked.get("tool_calls"))


FORMAT = Format(
    name="coze",
    title="Coze v3",
    reader=_reader,
    calls=_calls,
    detects=_detects,
    body=_body,
    paths=(r"/v3/chat/?$",),
    hosts=(r"(^|\.)coze\.(cn|com)$",),
    end_event="done",
    end_hint=b"chat.completed",
    whole=None,  # without a stream it says at once that it has begun, and the answer must be asked for again and again
    limit=(),
    temperature=(),
)
