"""OpenAI Responses: named events, whose name stands in the data as `type` as well.

Only deltas are read: the done and completed events repeat the whole text.
"""

from __future__ import annotations

from ..records import Delta
from .base import (
    EMPTY,
    Doc,
    Format,
    Options,
    Whole,
    dict_of,
    dicts_of,
    error_text,
    id_of,
    reason_of,
    says_error,
    text_of,
    usage_of,
)

_TEXT = frozenset({"response.output_text.delta", "response.refusal.delta"})
_REASONING = frozenset({"response.reasoning_text.delta", "response.reasoning_summary_text.delta"})
_WHOLE = frozenset({"response.completed", "response.incomplete"})
_CLOSING = _WHOLE | {"response.failed"}


def _body(query: str, model: str, _user: str, _conversation_id: str) -> Doc:
    return {"model": model, "input": query, "stream": True}


def _detects(_event: str, doc: Doc) -> bool:
    return text_of(doc.get("type")).startswith("response.")


def _read(event: str, doc: Doc) -> Delta:
    kind = text_of(doc.get("type")) or event
    if kind in _TEXT:
        return Delta(text_of(doc.get("delta")))
    if kind in _REASONING:
        return Delta("", text_of(doc.get("delta")))
    if kind == "error":
        return Delta(error=error_text(doc))
    response = doc.get("response")
    return _read_response(kind, response) if isinstance(response, dict) or kind in _CLOSING else EMPTY


def _read_response(kind: str, response: object) -> Delta:
    """An event that carries the response as it stands: ids always, the outcome when it is a closing one."""
    state = dict_of(response)
    usage = dict_of(state.get("usage"))
    details = dict_of(usage.get("output_tokens_details"))
    reason = None
    if kind in _CLOSING:
        incomplete = dict_of(state.get("incomplete_details"))
        reason = reason_of(incomplete.get("reason")) or reason_of(state.get("status"))
    failed = kind == "response.failed" or says_error(state.get("error"))
    return Delta(
        usage=usage_of(usage.get("input_tokens"), usage.get("output_tokens"), details.get("reasoning_tokens")),
        finish_reason=reason,
        message_id=id_of(state.get("id")),
        conversation_id=id_of(dict_of(state.get("conversation")).get("id")),
        error=error_text({"error": state.get("error") or "the response failed"}) if failed else None,
        end=kind in _WHOLE,
        last=kind in _CLOSING,
    )


def _read_whole(doc: Doc, _options: Options) -> Delta:
    """The response as it stands, with the text of its messages and of its reasoning."""
    text = reasoning = ""
    for item in dicts_of(doc.get("output")):
        said = [*dicts_of(item.get("content")), *dicts_of(item.get("summary"))]
        words = "".join(text_of(part.get("text")) + text_of(part.get("refusal")) for part in said)
        if item.get("type") == "message":
            text += words
        elif item.get("type") == "reasoning":
            reasoning += words
    kind = "response.failed" if doc.get("status") == "failed" else "response.completed"
    return _read_response(kind, doc)._replace(text=text, reasoning=reasoning)


FORMAT = Format(
    name="openai_responses",
    title="OpenAI Responses",
    reader=lambda _options: _read,
    detects=_detects,
    body=_body,
    paths=(r"/responses/?$",),
    default_model="gpt-4o-mini",
    end_hint=b"response.completed",
    whole=Whole(read=_read_whole, detects=lambda doc: doc.get("object") == "response"),
    limit=("max_output_tokens",),
)
