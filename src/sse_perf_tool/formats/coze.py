"""Coze chat, version 3: the SSE event name is the kind.  Completed messages repeat what the deltas brought."""

from __future__ import annotations

from ..records import Delta
from .base import Doc, Format, dict_of, error_text, id_of, reason_of, text_of, usage_of

_CLOSING = frozenset({"conversation.chat.completed", "conversation.chat.failed", "conversation.chat.requires_action"})


def _body(query: str, model: str, user: str, _conversation_id: str) -> Doc:
    """`model` is the id of the bot.  A conversation goes into the query of the URL, not into the body."""
    message = {"role": "user", "content": query, "content_type": "text"}
    return {"bot_id": model, "user_id": user, "stream": True, "additional_messages": [message]}


def _detects(event: str, _doc: Doc) -> bool:
    return event.startswith("conversation.")


def _read(event: str, doc: Doc) -> Delta:
    conversation_id = id_of(doc.get("conversation_id"))
    if event == "conversation.message.delta":
        if doc.get("type") != "answer":
            return Delta(conversation_id=conversation_id)
        return Delta(
            text_of(doc.get("content")),
            text_of(doc.get("reasoning_content")),
            message_id=id_of(doc.get("id")),
            conversation_id=conversation_id,
        )
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


FORMAT = Format(
    name="coze",
    title="Coze v3",
    reader=lambda _options: _read,
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
