"""Anthropic Messages."""

from __future__ import annotations

from typing import Any

from ..records import Call, Delta, Kind, Mark, TextMode, Usage
from .base import (
    EMPTY,
    Doc,
    Format,
    Options,
    ReadEvent,
    Whole,
    calls_of,
    count_of,
    dict_of,
    dicts_of,
    id_of,
    new_tuple,
    parts_of,
    reason_of,
    reasoning_in,
    sum_of,
    text_of,
    usage_of,
)
from .failures import error_text

ADD = TextMode.ADD
_KINDS = ("message_start", "content_block_", "message_delta", "message_stop")


def _body(query: str, model: str, _user: str, _conversation_id: str) -> Doc:
    return {"model": model, "max_tokens": 1024, "messages": [{"role": "user", "content": query}], "stream": True}


def _detects(_event: str, doc: Doc) -> bool:
    kind = text_of(doc.get("type"))
    return kind.startswith(_KINDS) or (kind == "error" and "type" in dict_of(doc.get("error")))


def _reader(_options: Options) -> ReadEvent:
    """A reader that remembers the usage: message_start brings some counts, message_delta overwrites one by one."""
    counts: dict[str, int] = {}
    whole = "", ""

    def read(event: str, doc: Doc) -> Delta:
        nonlocal whole
        kind = text_of(doc.get("type")) or event
        if kind == "content_block_delta":
            return _piece(doc.get("delta"))
        if kind == "content_block_start":
            return _piece(doc.get("content_block"))._replace(marks=_block_marks(doc))
        if kind == "content_block_stop":
            key = str(doc.get("index"))
            return Delta(marks=(Mark(Kind.TOOL_END, "", key), Mark(Kind.STEP_END, "", key)))
        if kind == "message_start":
            message = dict_of(doc.get("message"))
            whole = parts_of(message.get("content"))  # a relay that gives the message whole, and perhaps blocks as well
            return Delta(usage=_merged(counts, message.get("usage")), message_id=id_of(message.get("id")))
        if kind == "message_delta":
            reason = reason_of(dict_of(doc.get("delta")).get("stop_reason"))
            usage = _merged(counts, doc.get("usage"))
            return Delta(*whole, TextMode.REPEAT, usage=usage, finish_reason=reason, end=reason is not None)
        if kind == "message_stop":
            return Delta(*whole, TextMode.REPEAT, end=True, last=True)
        return Delta(error=error_text(doc)) if kind == "error" and not doc.get("error") else EMPTY

    return read


def _block_marks(doc: Doc) -> tuple[Mark, ...]:
    """The begin of a block: thinking, the use of a tool, or the answer of one that the server runs itself.

    A block of text is no step: it says no more than its text.
    """
    block = dict_of(doc.get("content_block"))
    kind, name = text_of(block.get("type")), text_of(block.get("name"))
    if kind in ("", "text"):
        return ()
    begin = Mark(Kind.STEP_BEGIN, f"{kind} {name}" if name else kind, str(doc.get("index")))
    asked = text_of(block.get("tool_use_id"))
    return (Mark(Kind.TOOL_RESULT, "", asked), begin) if asked and kind.endswith("tool_result") else (begin,)


def _read_whole(doc: Doc, _options: Options) -> Delta:
    text, thinking = parts_of(doc.get("content"))
    usage, reason = _merged({}, doc.get("usage")), reason_of(doc.get("stop_reason"))
    return Delta(text, thinking, usage=usage, finish_reason=reason, message_id=id_of(doc.get("id")))


_TEXT_TYPES = frozenset({"text", "text_delta"})
_THINKING_TYPES = frozenset({"thinking", "thinking_delta", "reasoning", "reasoning_delta", "reasoning_content_delta"})


_CITES = Delta(marks=(Mark(Kind.CITATION),))


def _piece(block: object) -> Delta:
    """The text or the thinking of a block or a delta; tool input, signatures and citations are neither."""
    piece = dict_of(block)
    kind = text_of(piece.get("type"))
    if kind in _TEXT_TYPES:
        text = text_of(piece.get("text"))
        return new_tuple(Delta, (text, "", ADD, (), None, None, None, None, None, False, False, ()))
    if kind not in _THINKING_TYPES:
        return _CITES if kind == "citations_delta" else EMPTY
    return Delta("", reasoning_in(piece) or text_of(piece.get("text")))


def _calls(event: str, doc: Doc) -> list[Call]:
    """The name of a tool when its block begins, then its input; of a whole message all of them."""
    kind, index = text_of(doc.get("type")) or event, doc.get("index")
    if kind == "content_block_delta":
        piece = text_of(dict_of(doc.get("delta")).get("partial_json"))
        return [Call("", piece, str(index))] if piece else []
    blocks = [doc.get("content_block")] if kind == "content_block_start" else doc.get("content")
    used = calls_of([block for block in dicts_of(blocks) if text_of(block.get("type")).endswith("tool_use")])
    return [call._replace(key=str(index)) for call in used] if kind == "content_block_start" else used


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
    calls=_calls,
    whole=Whole(read=_read_whole, detects=lambda doc: doc.get("type") == "message", as_event=True),
)
