"""Cohere chat, version 2."""

from __future__ import annotations

from ..records import Call, Delta, Kind, Mark, TextMode, Usage
from .base import (
    Doc,
    Format,
    Options,
    Whole,
    calls_of,
    dict_of,
    id_of,
    parts_of,
    reason_of,
    reasoning_in,
    text_of,
    usage_of,
)
from .failures import error_text, says_error

_KINDS = ("message-start", "message-end", "content-", "tool-plan-delta")


def _body(query: str, model: str, _user: str, _conversation_id: str) -> Doc:
    return {"model": model, "messages": [{"role": "user", "content": query}], "stream": True}


def _detects(_event: str, doc: Doc) -> bool:
    return text_of(doc.get("type")).startswith(_KINDS)


def _read(event: str, doc: Doc) -> Delta:
    kind = text_of(doc.get("type")) or event
    delta = dict_of(doc.get("delta"))
    ends = kind == "message-end"
    message = dict_of(delta.get("message"))
    content = dict_of(message.get("content"))
    text, thinking = parts_of(message.get("content")) if ends else (text_of(content.get("text")), reasoning_in(content))
    return Delta(
        text,
        thinking + text_of(message.get("tool_plan")),
        TextMode.REPEAT if ends else TextMode.ADD,
        usage=_usage(delta.get("usage")),
        finish_reason=reason_of(delta.get("finish_reason")),
        message_id=id_of(doc.get("id")) if kind == "message-start" else None,
        error=error_text(delta) if says_error(delta.get("error")) else None,
        end=ends,
        last=ends,
        marks=_MARKS.get(kind, ()),
    )


_MARKS = {"citation-start": (Mark(Kind.CITATION),), "tool-call-end": (Mark(Kind.TOOL_END),)}


def _calls(_event: str, doc: Doc) -> list[Call]:
    """`tool_calls` is one call in the events of a stream, a list of them in a whole answer."""
    calls = dict_of(dict_of(doc.get("delta")).get("message") or doc.get("message")).get("tool_calls")
    if not isinstance(calls, dict):
        return calls_of(calls)
    return [call._replace(key=str(doc.get("index"))) for call in calls_of([calls])]


def _detects_whole(doc: Doc) -> bool:
    return "finish_reason" in doc and dict_of(doc.get("message")).get("role") == "assistant"


def _read_whole(doc: Doc, _options: Options) -> Delta:
    message = dict_of(doc.get("message"))
    text, thinking = parts_of(message.get("content"))
    return Delta(
        text,
        thinking + text_of(message.get("tool_plan")),
        usage=_usage(doc.get("usage")),
        finish_reason=reason_of(doc.get("finish_reason")),
        message_id=id_of(doc.get("id")),
    )


def _usage(usage: object) -> Usage | None:
    """The tokens that went through the model; else those that are billed, which are fewer."""
    for name in ("tokens", "billed_units"):
        counts = dict_of(dict_of(usage).get(name))
        found = usage_of(counts.get("input_tokens"), counts.get("output_tokens"))
        if found is not None:
            return found
    return None


FORMAT = Format(
    name="cohere",
    title="Cohere Chat v2",
    reader=lambda _options: _read,
    detects=_detects,
    body=_body,
    paths=(r"/v2/chat/?$",),
    hosts=(r"(^|\.)cohere\.(com|ai)$",),
    default_model="command-r-plus",
    done_ends=True,
    end_hint=b"message-end",
    calls=_calls,
    whole=Whole(read=_read_whole, detects=_detects_whole, as_event=True),
)
