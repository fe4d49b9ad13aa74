"""Google Gemini: `streamGenerateContent?alt=sse`.  No end marker but the finish reason."""

from __future__ import annotations

from ..records import Call, Delta, Other, TextMode, Usage
from .base import (
    Doc,
    Format,
    Whole,
    calls_of,
    count_of,
    dict_of,
    dicts_of,
    id_of,
    reason_of,
    sum_of,
    text_of,
    usage_of,
)
from .openai_chat import choice_index


def _body(query: str, _model: str, _user: str, _conversation_id: str) -> Doc:
    return {"contents": [{"role": "user", "parts": [{"text": query}]}]}


def _detects(_event: str, doc: Doc) -> bool:
    return isinstance(doc.get("candidates"), list) or isinstance(doc.get("promptFeedback"), dict)


def _read(_event: str, doc: Doc) -> Delta:
    text, reasoning, reason = "", "", None
    others: tuple[Other, ...] = ()
    for position, candidate in enumerate(dicts_of(doc.get("candidates"))):
        visible, hidden = _parts(candidate)
        reasoning += hidden
        index = choice_index(candidate, position)
        if index == 0:
            text += visible
            reason = reason_of(candidate.get("finishReason")) or reason
        else:
            others += ((index, visible, reason_of(candidate.get("finishReason"))),)
    return Delta(
        text,
        reasoning,
        TextMode.ADD,
        others,
        usage_of_metadata(doc.get("usageMetadata")),
        reason,
        id_of(doc.get("responseId")),
        error=_blocked(doc.get("promptFeedback")),
        end=reason is not None,
    )


def _parts(candidate: Doc) -> tuple[str, str]:
    """(text, reasoning) of a candidate: function calls, code and inline data have no `text`."""
    visible: list[str] = []
    hidden: list[str] = []
    for part in dicts_of(dict_of(candidate.get("content")).get("parts")):
        (hidden if part.get("thought") is True else visible).append(text_of(part.get("text")))
    return "".join(visible), "".join(hidden)


def _calls(_name: str, doc: Doc) -> list[Call]:
    parts = (dict_of(each.get("content")).get("parts") for each in dicts_of(doc.get("candidates")))
    return [call for own in parts for part in dicts_of(own) for call in calls_of([part.get("functionCall")])]


def usage_of_metadata(metadata: object) -> Usage | None:
    """The tokens of `usageMetadata`, whose candidatesTokenCount leaves out the thoughts."""
    counts = dict_of(metadata)
    thoughts = count_of(counts.get("thoughtsTokenCount"))
    completion = sum_of(count_of(counts.get("candidatesTokenCount")), thoughts)
    return usage_of(counts.get("promptTokenCount"), completion, thoughts)


def _blocked(feedback: object) -> str | None:
    why = dict_of(feedback)
    reason = text_of(why.get("blockReason"))
    return (
        ": ".join(filter(None, ["prompt blocked", reason, text_of(why.get("blockReasonMessage"))])) if reason else None
    )


FORMAT = Format(
    name="gemini",
    title="Google Gemini",
    reader=lambda _options: _read,
    detects=_detects,
    body=_body,
    paths=(r":streamGenerateContent$",),
    hosts=(r"^generativelanguage\.googleapis\.com$",),
    auth=("x-goog-api-key", ""),
    default_model="gemini-2.0-flash",
    end_hint=b"finishReason",
    calls=_calls,
    broken_off=frozenset({"UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS"}),
    whole=Whole(path=(":streamGenerateContent", ":generateContent")),
    limit=("generationConfig", "maxOutputTokens"),
    temperature=("generationConfig", "temperature"),
)
