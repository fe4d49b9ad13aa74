"""LangServe: `/stream`, `/stream_events` and `/stream_log` of a runnable.

It ends with a block that has a name and no data, which a reader that keeps to the standard never sees.
"""

from __future__ import annotations

from ..records import Delta
from .base import Doc, Format, Options, ReadEvent, dict_of, dicts_of, id_of, text_of
from .langgraph import message_delta, read_runnable


def _body(query: str, _model: str, _user: str, _conversation_id: str) -> Doc:
    return {"input": query}


def _detects(event: str, doc: Doc) -> bool:
    return event == "metadata" and "run_id" in doc and "attempt" not in doc


def _chunk(value: object) -> Delta:
    """A piece of output: a text, a message, or an object with a text in `output`."""
    if isinstance(value, str):
        return Delta(value)
    piece = dict_of(value)
    return message_delta(piece) if "content" in piece else Delta(text_of(piece.get("output")))


def _read(event: str, doc: Doc) -> Delta:
    if event == "metadata":
        return Delta(message_id=id_of(doc.get("run_id")))
    if "ops" in doc:
        added = [op for op in dicts_of(doc.get("ops")) if text_of(op.get("path")) == "/streamed_output/-"]
        return _chunk(added[0].get("value")) if added else Delta()
    if text_of(doc.get("event")).startswith("on_"):
        return read_runnable(doc)
    return _chunk(doc.get("", doc)) if event in ("data", "message") else Delta()


def _reader(_options: Options) -> ReadEvent:
    return _read


FORMAT = Format(
    name="langserve",
    title="LangServe",
    reader=_reader,
    detects=_detects,
    body=_body,
    paths=(r"/stream_(events|log)/?$",),
    needs_key=False,
    end_event="end",
    any_value=True,
    end_hint=b"event: end",
    whole=None,
    limit=(),
    temperature=(),
)
