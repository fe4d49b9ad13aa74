"""The UI message stream of the Vercel AI SDK, version 1: the kind of an event stands in its `type`.

It ends with `[DONE]` alone: a `finish` is missing after some errors, and a provider whose connection was cut leaves a
stream that just stops.
"""

from __future__ import annotations

from ..records import Call, Delta, Kind, Mark, TextMode, Usage
from .base import (
    EMPTY,
    Doc,
    Format,
    Options,
    ReadEvent,
    as_text,
    dict_of,
    id_of,
    new_tuple,
    reason_of,
    text_of,
    usage_of,
)
from .failures import error_text

ADD = TextMode.ADD
_OWN = frozenset({"start-step", "text-start", "reasoning-start", "tool-input-start", "tool-input-available"})
_SOURCES = frozenset({"source-url", "source-document"})


def _body(query: str, _model: str, _user: str, _conversation_id: str) -> Doc:
    from uuid import uuid4  # only here: on Python 3.10 it brings half of the standard library

    message = {"id": str(uuid4()), "role": "user", "parts": [{"type": "text", "text": query}]}
    return {"trigger": "submit-message", "id": str(uuid4()), "messages": [message]}


def _detects(_event: str, doc: Doc) -> bool:
    return text_of(doc.get("type")) in _OWN


def _reader(_options: Options) -> ReadEvent:
    """A reader that remembers which calls of tools were streamed: what comes whole behind them repeats them."""
    streamed: set[str] = set()

    def read(_event: str, doc: Doc) -> Delta:
        kind = doc.get("type")
        if kind == "text-delta":
            text = text_of(doc.get("delta"))
            return new_tuple(Delta, (text, "", ADD, (), None, None, None, None, None, False, False, ()))
        if kind == "reasoning-delta":
            return Delta("", text_of(doc.get("delta")))
        kind = text_of(kind)
        if kind.startswith("tool-"):
            return Delta(marks=_tool(kind, doc, streamed))
        if kind in _SOURCES:
            return Delta(marks=(Mark(Kind.CITATION, kind),))
        return _frame(kind, doc)

    return read


def _tool(kind: str, doc: Doc, streamed: set[str]) -> tuple[Mark | Call, ...]:
    """What an event says of a tool: its input begins, goes on, is whole; its output is there, or its error."""
    key, name = text_of(doc.get("toolCallId")), text_of(doc.get("toolName"))
    if kind == "tool-input-start":
        streamed.add(key)
        return (Call(name, "", key, key),)
    if kind == "tool-input-delta":
        return (Call("", text_of(doc.get("inputTextDelta")), key, key),)
    if kind == "tool-input-available":
        whole = () if key in streamed else (Call(name, as_text(doc.get("input")), key, key),)
        return (*whole, Mark(Kind.TOOL_END, "", key))
    return (Mark(Kind.TOOL_RESULT, "", key),) if kind.startswith("tool-output") else ()


def _frame(kind: str, doc: Doc) -> Delta:
    """What stands around the parts.  Steps have no ids: they pair by their order."""
    if kind in ("start-step", "finish-step"):
        return Delta(marks=(Mark(Kind.STEP_BEGIN if kind == "start-step" else Kind.STEP_END, "step"),))
    if kind == "start":
        return Delta(message_id=id_of(doc.get("messageId")), usage=_usage(doc))
    if kind in ("finish", "message-metadata"):
        return Delta(finish_reason=reason_of(doc.get("finishReason")), usage=_usage(doc))
    if kind == "error":
        return Delta(error=error_text(doc))
    return Delta(error="the answer was aborted") if kind == "abort" else EMPTY


def _usage(doc: Doc) -> Usage | None:
    """The protocol has none; this is where most applications put it."""
    counts = dict_of(dict_of(doc.get("messageMetadata")).get("usage"))
    return usage_of(*map(counts.get, ("inputTokens", "outputTokens", "reasoningTokens")))


FORMAT = Format(
    name="vercel_ui",
    title="Vercel AI SDK UI message stream",
    reader=_reader,
    detects=_detects,
    body=_body,
    needs_key=False,
    done_ends=True,
    whole=None,
    limit=(),
    temperature=(),
)
