"""`/chat` of the chat server that comes with this tool (docs/chat-server.md).  The kind of an event is its SSE name."""

from __future__ import annotations

from ..records import Delta, TextMode
from .base import (
    EMPTY,
    Doc,
    Format,
    Options,
    ReadEvent,
    Whole,
    dict_of,
    id_of,
    new_tuple,
    reason_of,
    text_of,
    usage_of,
    with_stream_off,
)

ADD = TextMode.ADD

_FRAME = ("connected", "completed")
"""The first and the last event of a stream: both name the conversation and the turn."""


def _body(query: str, _model: str, _user: str, conversation_id: str) -> Doc:
    return {"message": query, "conversation_id": conversation_id} if conversation_id else {"message": query}


def _detects(event: str, doc: Doc) -> bool:
    return event in _FRAME and "conversation_id" in doc and "turn" in doc


def _read(event: str, doc: Doc) -> Delta:
    """One event.  `completed` repeats the whole text; `error` is understood everywhere."""
    if event == "message":
        return new_tuple(
            Delta, (text_of(doc.get("content")), "", ADD, (), None, None, None, None, None, False, False, ())
        )
    if event not in _FRAME:
        return EMPTY
    usage = dict_of(doc.get("usage"))
    completed = event == "completed"
    return Delta(
        text_of(doc.get("content")) if completed else "",
        mode=TextMode.REPEAT,
        usage=usage_of(usage.get("prompt_tokens"), usage.get("completion_tokens")),
        finish_reason=reason_of(doc.get("finish_reason")),
        message_id=id_of(doc.get("message_id")),
        conversation_id=id_of(doc.get("conversation_id")),
        end=completed,
        last=completed,
    )


def _read_whole(doc: Doc, _options: Options) -> Delta:
    """The data of a `completed` event, whose text counts here."""
    return _read("completed", doc)


def _reader(_options: Options) -> ReadEvent:
    return _read


FORMAT = Format(
    name="chatbot",
    title="The chat server of this tool",
    reader=_reader,
    detects=_detects,
    body=_body,
    paths=(r"^/chat/?$",),
    needs_key=False,
    carries="id",
    end_hint=b"event: completed",
    whole=Whole(with_stream_off, _read_whole, lambda doc: "turn" in doc and "content" in doc),
    limit=(),
    temperature=(),
)
