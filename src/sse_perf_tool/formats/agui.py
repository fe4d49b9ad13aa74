"""AG-UI, which agent frameworks speak to their user interfaces: the kind of an event stands in its `type`.

Text, reasoning and the arguments of tools have the same `delta`: only the type tells them apart.  A message may begin
and end without any text in it.
"""

from __future__ import annotations

from collections.abc import Callable

from ..records import Call, Delta, Kind, Mark, TextMode
from .base import (
    EMPTY,
    Doc,
    Format,
    Options,
    ReadEvent,
    count_of,
    dict_of,
    dicts_of,
    id_of,
    new_tuple,
    reason_of,
    sum_of,
    text_of,
    usage_of,
)
from .failures import error_text

ADD = TextMode.ADD
_TEXT = frozenset({"TEXT_MESSAGE_CONTENT", "TEXT_MESSAGE_CHUNK"})
_REASONING = frozenset(
    {"REASONING_MESSAGE_CONTENT", "REASONING_MESSAGE_CHUNK", "THINKING_TEXT_MESSAGE_CONTENT"}
)  # the last one in versions below 1.0


def _body(query: str, _model: str, _user: str, _conversation_id: str) -> Doc:
    """Servers of versions below 1.0 want the empty ones as well."""
    from uuid import uuid4  # only here: on Python 3.10 it brings half of the standard library

    return {
        "threadId": str(uuid4()),
        "runId": str(uuid4()),
        "messages": [{"id": str(uuid4()), "role": "user", "content": query}],
        "state": {},
        "tools": [],
        "context": [],
        "forwardedProps": {},
    }


def _detects(_event: str, doc: Doc) -> bool:
    return doc.get("type") == "RUN_STARTED" and "threadId" in doc and "runId" in doc


def _read(_event: str, doc: Doc) -> Delta:
    kind = doc.get("type")
    if type(kind) is not str:
        return EMPTY
    if kind in _TEXT:
        text = text_of(doc.get("delta"))
        return new_tuple(Delta, (text, "", ADD, (), None, None, None, None, None, False, False, ()))
    if kind in _REASONING:
        return Delta("", text_of(doc.get("delta")))
    read = _READERS.get(kind)
    return EMPTY if read is None else read(doc)


def _call(doc: Doc) -> Delta:
    name, piece, key = (text_of(doc.get(field)) for field in ("toolCallName", "delta", "toolCallId"))
    return Delta(marks=(Call(name, piece, key, key),)) if name or piece else EMPTY


def _mark(kind: Kind, name: str, key: str) -> Callable[[Doc], Delta]:
    """Reads an event that is of one kind; `name` and `key` are the fields that have them."""
    return lambda doc: Delta(marks=(Mark(kind, text_of(doc.get(name)), text_of(doc.get(key))),))


def _finished(doc: Doc) -> Delta:
    """The end: `outcome` since version 1.0, `usage` a list where the server gives it, one row a model."""
    rows = dicts_of(doc.get("usage"))
    usage = usage_of(*(sum_of(*(count_of(row.get(name)) for row in rows)) for name in _COUNTS))
    return Delta(usage=usage, finish_reason=reason_of(dict_of(doc.get("outcome")).get("type")), end=True, last=True)


_COUNTS = ("inputTokens", "outputTokens", "reasoningTokens")

_READERS: dict[str, Callable[[Doc], Delta]] = {
    "RUN_STARTED": lambda doc: Delta(message_id=id_of(doc.get("runId")), conversation_id=id_of(doc.get("threadId"))),
    "RUN_FINISHED": _finished,
    "RUN_ERROR": lambda doc: Delta(error=error_text(doc)),
    **dict.fromkeys(("TOOL_CALL_START", "TOOL_CALL_ARGS", "TOOL_CALL_CHUNK"), _call),
    "TOOL_CALL_END": _mark(Kind.TOOL_END, "", "toolCallId"),
    "TOOL_CALL_RESULT": _mark(Kind.TOOL_RESULT, "", "toolCallId"),
    "STEP_STARTED": _mark(Kind.STEP_BEGIN, "stepName", ""),
    "STEP_FINISHED": _mark(Kind.STEP_END, "stepName", ""),
    "SUBAGENT_STARTED": _mark(Kind.STEP_BEGIN, "name", "subagentRunId"),
    **dict.fromkeys(("SUBAGENT_FINISHED", "SUBAGENT_ERROR"), _mark(Kind.STEP_END, "name", "subagentRunId")),
}


def _reader(_options: Options) -> ReadEvent:
    return _read


FORMAT = Format(
    name="ag_ui",
    title="AG-UI",
    reader=_reader,
    detects=_detects,
    body=_body,
    paths=(r"/ag-?ui/?$", r"/agent/[^/]+/run/?$"),
    needs_key=False,
    end_hint=b"RUN_FINISHED",
    proper_ends=frozenset({"interrupt"}),
    whole=None,
    limit=(),
    temperature=(),
)
