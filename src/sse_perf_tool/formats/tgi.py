"""Hugging Face Text Generation Inference.  The last event repeats the text and, when asked, says the details."""

from __future__ import annotations

from ..records import Delta
from .base import Doc, Format, Options, ReadEvent, Whole, dict_of, reason_of, text_of, usage_of


def _body(query: str, _model: str, _user: str, _conversation_id: str) -> Doc:
    return {"inputs": query, "parameters": {"details": True}, "stream": True}


def _detects(_event: str, doc: Doc) -> bool:
    return "text" in dict_of(doc.get("token"))


def _reader(_options: Options) -> ReadEvent:
    """A reader that remembers whether tokens came: else what the last event repeats is the answer."""
    streamed = False

    def read(_event: str, doc: Doc) -> Delta:
        nonlocal streamed
        delta = _read(doc)
        whole = text_of(doc.get("generated_text"))
        if whole and not streamed:
            return delta._replace(text=whole)
        streamed = streamed or delta.text != ""
        return delta

    return read


def _read(doc: Doc) -> Delta:
    token = dict_of(doc.get("token"))
    details = dict_of(doc.get("details"))
    ended = doc.get("generated_text") is not None
    return Delta(
        "" if token.get("special") is True else text_of(token.get("text")),
        usage=usage_of(details.get("input_length"), details.get("generated_tokens")),
        finish_reason=reason_of(details.get("finish_reason")),
        end=ended,
        last=ended,
    )


def _read_whole(doc: Doc, _options: Options) -> Delta:
    """The last event without its token; here the text has not come before."""
    return _read(doc)._replace(text=text_of(doc.get("generated_text")))


FORMAT = Format(
    name="tgi",
    title="Hugging Face TGI",
    reader=_reader,
    detects=_detects,
    body=_body,
    paths=(r"/generate_stream/?$",),
    needs_key=False,
    end_hint=b'"generated_text":"',
    whole=Whole(
        read=_read_whole,
        detects=lambda doc: "generated_text" in doc,
        path=("/generate_stream", "/generate"),
    ),
    limit=("parameters", "max_new_tokens"),
    temperature=("parameters", "temperature"),
)
