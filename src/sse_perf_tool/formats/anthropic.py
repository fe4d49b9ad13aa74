"""Anthropic Messages."""

from __future__ import annotations

from typing import Any

from ..records import Delta, Usage
from .base import (
    EMPTY,
    Doc,
    Format,
    Options,
    ReadEvent,
    Whole,
    count_of,
    dict_of,
    error_text,
    id_of,
    parts_of,
    reason_of,
    sum_of,
    text_of,
    usage_of,
)

_KINDS = ("message_start", "content_block_", "message_delta", "message_stop")


def _body(query: str, model: str, _user: str, _conversation_id: str) -> Doc:
    return {"model": model, "max_tokens": 1024, "messages": [{"role": "user", "content": query}], "stream": True}


def _detects(_event: str, doc: Doc) -> bool:
    kind = text_of(doc.get("type"))
    return kind.startswith(_KINDS) or (kind == "error" and "type" in dict_of(doc.get("error")))


def _reader(_options: Options) -> ReadEvent:
    """A reader that remembers the usage: message_start brings some counts, message_delta overwrites one by one."""
    counts: dict[str, int] = {}

    def read(event: str, doc: Doc) -> Delta:
        kind = text_of(doc.get("type")) or event
        if kind == "content_block_delta":
            return _piece(doc.get("delta"), "text_delta", "thinking_delta")
        if kind == "content_block_start":
            return _piece(doc.get("content_block"), "text", "thinking")
        if kind == "message_start":
            message = dict_of(doc.get("message"))
            return Delta(usage=_merged(counts, message.get("usage")), message_id=id_of(message.get("id")))
        if kind == "message_delta":
            reason = reason_of(dict_of(doc.get("delta")).get("stop_reason"))
            usage = _merged(counts, doc.get("usage"))
            return Delta(usage=usage, finish_reason=reason, end=reason is not None)
        if kind == "message_stop":
            return Delta(end=True, last=True)
        return Delta(error=error_text(doc)) if kind == "error" and not doc.get("error") else EMPTY

    return read


def _read_whole(doc: Doc, _options: Options) -> Delta:
    text, thinking = parts_of(doc.get("content"))
    usage, reason = _merged({}, doc.get("usage")), reason_of(doc.get("stop_reason"))
    return Delta(text, thinking, usage=usage, finish_reason=reason, message_id=id_of(doc.get("id")))


def _piece(block: object, text_type: str, thinking_type: str) -> Delta:
    """The text or the thinking of a block or a delta; tool input, signatures and citations are neither."""
    piece = dict_of(block)
    kind = piece.get("type")
    if kind == text_type:
        return Delta(text_of(piece.get("text")))
    return Delta("", text_of(piece.get("thinking"))) if kind == thinking_type else EMPTY


def _merged(counts: dict[str, int], usage: Any) -> Usage | None:
    """What is known of the usage after this object.  input_tokens leaves out what came from or went into the cache."""
    given = dict_of(usage)
    details = dict_of(given.get("output_tokens_details"))
    for name, value in {**given, "thinking_tokens": details.get("thinking_tokens")}.items():
        count = count_of(value)
        if count is not None:
            counts[name] = count
    prompt = sum_of(*map(counts.get, ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")))
    return usage_of(prompt, counts.get("output_tokens"), counts.get("thinking_tokens"))


FORMAT = Format(
    name="anthropic",
    title="Anthropic Messages",
    reader=_reader,
    detects=_detects,
    body=_body,
    paths=(r"/v1/messages/?$",),
    hosts=(r"(^|\.)anthropic\.com$",),
    auth=("x-api-key", ""),
    headers={"anthropic-version": "2023-06-01"},
    default_model="claude-3-5-haiku-latest",
    end_hint=b"message_stop",
    carries="history",
    whole=Whole(read=_read_whole, detects=lambda doc: doc.get("type") == "message"),
)
