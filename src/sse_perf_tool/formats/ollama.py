"""Ollama's own API: one JSON object a line (NDJSON), not an event stream."""

from __future__ import annotations

from ..records import Call, Delta
from .base import (
    Doc,
    Format,
    Whole,
    calls_of,
    dict_of,
    reason_of,
    reasoning_in,
    text_of,
    usage_of,
    with_stream_off,
)


def _body(query: str, model: str, _user: str, _conversation_id: str) -> Doc:
    """For both paths: /api/chat reads `messages`, /api/generate reads `prompt`, each passes over the other."""
    return {"model": model, "messages": [{"role": "user", "content": query}], "prompt": query, "stream": True}


def _detects(_event: str, doc: Doc) -> bool:
    return isinstance(doc.get("done"), bool) and ("message" in doc or "response" in doc)


def _read(_event: str, doc: Doc) -> Delta:
    message = dict_of(doc.get("message"))
    done = doc.get("done") is True
    return Delta(
        text_of(message.get("content")) + text_of(doc.get("response")),
        "".join(dict.fromkeys((reasoning_in(message), reasoning_in(doc)))),
        usage=usage_of(doc.get("prompt_eval_count"), doc.get("eval_count")) if done else None,
        finish_reason=reason_of(doc.get("done_reason")) if done else None,
        end=done,
        last=done,
    )


def _calls(_event: str, doc: Doc) -> list[Call]:
    return calls_of(dict_of(doc.get("message")).get("tool_calls"))


FORMAT = Format(
    name="ollama",
    title="Ollama",
    reader=lambda _options: _read,
    detects=_detects,
    body=_body,
    paths=(r"/api/(chat|generate)/?$",),
    needs_key=False,
    calls=_calls,
    ndjson=True,
    default_model="llama3.2",
    end_hint=b'"done":true',
    whole=Whole(with_stream_off),
    limit=("options", "num_predict"),
    temperature=("options", "temperature"),
)
