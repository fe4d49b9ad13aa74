"""Google's Agent Development Kit: `/run_sse` of its API server.  It ends with its connection.

Partial events bring what is new, and then an event without `partial` repeats all of its turn.  A finish reason comes
with each turn of the model, also with one that only calls a tool: it is no end of the answer.
"""

from __future__ import annotations

from ..records import Call, Delta, Kind, Mark, Usage
from .base import (
    Doc,
    Format,
    Options,
    ReadEvent,
    as_text,
    dict_of,
    dicts_of,
    id_of,
    reason_of,
    sum_of,
    text_of,
)
from .failures import error_text
from .gemini import usage_of_metadata


def _body(query: str, model: str, user: str, conversation_id: str) -> Doc:
    """`model` is the name of the app; the session must exist."""
    message = {"role": "user", "parts": [{"text": query}]}
    facts = {"appName": model, "userId": user, "sessionId": conversation_id}
    return {**facts, "newMessage": message, "streaming": True}


def _detects(_event: str, doc: Doc) -> bool:
    return "invocationId" in doc and "author" in doc


def _reader(_options: Options) -> ReadEvent:
    """A reader that remembers which turns were streamed, who speaks, and the tokens of the turns so far."""
    streamed: set[str] = set()
    author = ""
    counts: dict[str, Usage] = {}

    def steps(now: str) -> tuple[Mark, ...]:
        nonlocal author
        if now in ("", author):
            return ()
        marks = (Mark(Kind.STEP_END, author),) if author else ()
        author = now
        return (*marks, Mark(Kind.STEP_BEGIN, now))

    def read(_event: str, doc: Doc) -> Delta:
        turn = text_of(doc.get("id"))
        parts = dicts_of(dict_of(doc.get("content")).get("parts"))
        text, reasoning, marks = _said(parts)
        if doc.get("partial") is True:
            streamed.add(turn)
        elif turn in streamed:
            text = reasoning = ""
        return Delta(
            text,
            reasoning,
            usage=_usage(counts, turn, doc.get("usageMetadata")),
            finish_reason=reason_of(doc.get("finishReason")),
            message_id=id_of(doc.get("invocationId")),
            error=error_text(doc) if doc.get("errorMessage") or doc.get("errorCode") else None,
            marks=(*steps(text_of(doc.get("author"))), *marks),
        )

    return read


def _said(parts: list[Doc]) -> tuple[str, str, tuple[Mark | Call, ...]]:
    """(text, reasoning, calls and results of tools) of the parts of an event."""
    text = reasoning = ""
    marks: list[Mark | Call] = []
    for part in parts:
        words = text_of(part.get("text"))
        if part.get("thought") is True:
            reasoning += words
        else:
            text += words
        if type(call := part.get("functionCall")) is dict:
            key = text_of(call.get("id"))
            marks += (
                Call(text_of(call.get("name")), as_text(call.get("args")), key, key),
                Mark(Kind.TOOL_END, "", key),
            )
        if type(done := part.get("functionResponse")) is dict:
            marks.append(Mark(Kind.TOOL_RESULT, text_of(done.get("name")), text_of(done.get("id"))))
    return text, reasoning, tuple(marks)


def _usage(turns: dict[str, Usage], turn: str, metadata: object) -> Usage | None:
    """The tokens of all turns so far: each is a request to the model, and its newest counts hold."""
    found = usage_of_metadata(metadata)
    if found is None:
        return None
    turns[turn] = found
    return Usage(*(sum_of(*column) for column in zip(*turns.values(), strict=True)))


FORMAT = Format(
    name="adk",
    title="Google ADK",
    reader=_reader,
    detects=_detects,
    body=_body,
    paths=(r"/run_sse/?$",),
    needs_key=False,
    close_ends=True,
    end_hint=b"finishReason",
    whole=None,
    limit=(),
    temperature=(),
)
