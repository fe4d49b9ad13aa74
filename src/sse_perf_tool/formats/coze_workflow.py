"""Coze workflows, `stream_run`: the SSE event name is the kind, and nodes say when they are done."""

from __future__ import annotations

from ..records import Delta, Kind, Mark, Usage
from .base import EMPTY, Doc, Format, Options, ReadEvent, dict_of, text_of, usage_of
from .failures import error_text


def _body(query: str, model: str, _user: str, _conversation_id: str) -> Doc:
    """`model` is the id of the workflow, whose start node gets the query as `input`."""
    return {"workflow_id": model, "parameters": {"input": query}}


def _detects(event: str, doc: Doc) -> bool:
    return event == "Message" and "node_is_finish" in doc


def _reader(_options: Options) -> ReadEvent:
    """A reader that remembers which node speaks: it begins with its first message."""
    node: str | None = None

    def read(event: str, doc: Doc) -> Delta:
        nonlocal node
        if event != "Message":
            return _frame(event, doc)
        title = text_of(doc.get("node_title")) or text_of(doc.get("node_type"))
        marks: tuple[Mark, ...] = () if node == title else (Mark(Kind.STEP_BEGIN, title),)
        node = title
        if doc.get("node_is_finish") is True:
            node, marks = None, (*marks, Mark(Kind.STEP_END, title))
        return Delta(text_of(doc.get("content")), usage=_usage(doc), marks=marks)

    return read


def _frame(event: str, doc: Doc) -> Delta:
    if event == "Done":
        return Delta(usage=_usage(doc), end=True, last=True)
    if event == "Interrupt":
        return Delta(finish_reason="Interrupt", end=True, last=True)
    if event == "Error":
        return Delta(error=error_text(doc))
    return Delta(marks=(Mark(Kind.KEEP_ALIVE),)) if event == "PING" else EMPTY


def _usage(doc: Doc) -> Usage | None:
    counts = dict_of(doc.get("usage"))
    return usage_of(counts.get("input_count"), counts.get("output_count"))


FORMAT = Format(
    name="coze_workflow",
    title="Coze workflow",
    reader=_reader,
    detects=_detects,
    body=_body,
    paths=(r"/v1/workflow/stream_run/?$",),
    end_event="Done",
    end_hint=b"event: Done",
    proper_ends=frozenset({"Interrupt"}),
    whole=None,
    limit=(),
    temperature=(),
)
