"""OpenAI Responses: named events, whose name stands in the data as `type` as well.

Deltas bring the text.  The done events repeat each part of it, and the closing one all: they count where nothing of it
was streamed.
"""

from __future__ import annotations

from collections.abc import Container

from ..records import Call, Delta, Kind, Mark, TextMode
from .base import (
    EMPTY,
    Doc,
    Format,
    Options,
    ReadEvent,
    Whole,
    calls_of,
    dict_of,
    dicts_of,
    id_of,
    new_tuple,
    reason_of,
    text_of,
    usage_of,
)
from .failures import error_text, says_error

ADD = TextMode.ADD
_TEXT = frozenset({"response.output_text.delta", "response.refusal.delta"})
_REASONING = frozenset(
    {
        "response.reasoning_text.delta", "response.reasoning_summary_text.delta", "response.reasoning.delta",
        "response.reasoning_summary.delta",
    }
)  # fmt: skip
_DONE = {kind.replace(".delta", ".done"): kind in _TEXT for kind in (*_TEXT, *_REASONING)}
"""The events that repeat a part, and whether it is one of the visible text."""
_WHOLE = frozenset({"response.completed", "response.incomplete"})
_CLOSING = _WHOLE | {"response.failed", "response.cancelled"}


def _body(query: str, model: str, _user: str, _conversation_id: str) -> Doc:
    return {"model": model, "input": query, "stream": True}


def _detects(_event: str, doc: Doc) -> bool:
    return text_of(doc.get("type")).startswith("response.")


def _reader(_options: Options) -> ReadEvent:
    """A reader that remembers which items of the output were streamed: what repeats them says nothing new."""
    streamed: set[str | None] = set()
    newest: object = ""
    echo = _Echo()

    def read(event: str, doc: Doc) -> Delta:
        nonlocal newest
        kind = doc.get("type")
        if type(kind) is not str or not kind:
            kind = event
        if kind in _TEXT or kind in _REASONING:
            item = doc.get("item_id")
            if item != newest:
                newest = item
                streamed.add(id_of(item))
            words = doc.get("delta")
            if type(words) is not str:
                words = text_of(dict_of(words).get("text"))  # some servers wrap it into an object
            text, reasoning = (words, "") if kind in _TEXT else ("", echo.less(kind, item, words))
            return new_tuple(Delta, (text, reasoning, ADD, (), None, None, None, None, None, False, False, ()))
        if kind == "error":
            return Delta(error=error_text(doc))
        if kind in _DONE or kind == "response.output_item.done":
            return _read_done(kind, doc, streamed)
        if marks := _marks_of(kind, doc):
            return Delta(marks=marks)
        response = doc.get("response")
        return _read_response(kind, response) if isinstance(response, dict) or kind in _CLOSING else EMPTY

    return read


class _Echo:
    """Tells reasoning that comes once more under its other name: as text of the reasoning and as its summary."""

    def __init__(self) -> None:
        self._said: dict[str | None, tuple[str, list[str]]] = {}
        """By item: under which name its reasoning came first, and what came so."""
        self._repeated: dict[str | None, int] = {}
        """By item: how many characters of it have come again; -1: it is no repeat."""

    def less(self, kind: str, item: object, words: str) -> str:
        """`words` of an item, "" when they repeat what came before under another name."""
        own = id_of(item)
        first, pieces = self._said.setdefault(own, (kind, []))
        if first == kind:
            pieces.append(words)
            return words
        at = self._repeated.get(own, 0)
        if at < 0 or not "".join(pieces).startswith(words, at):
            self._repeated[own] = -1  # a summary in its own words
            return words
        self._repeated[own] = at + len(words)
        return ""


def _marks_of(kind: str, doc: Doc) -> tuple[Mark, ...]:
    """What an event says of items, tools and sources."""
    if kind == "response.output_item.added":
        return _item_marks(Kind.STEP_BEGIN, doc)
    if kind == "response.output_text.annotation.added":
        return (Mark(Kind.CITATION, text_of(dict_of(doc.get("annotation")).get("type"))),)
    if kind.endswith("_arguments.done"):
        return (Mark(Kind.TOOL_END, "", text_of(doc.get("item_id"))),)
    return ()


def _item_marks(kind: Kind, doc: Doc) -> tuple[Mark, ...]:
    """The begin or the end of an item of the output: reasoning, the call of a tool.

    A message is no step, it says no more than its text.  A tool that the server runs itself (a search, a program)
    answers when its item is done.
    """
    item = dict_of(doc.get("item"))
    name, key, called = text_of(item.get("type")), text_of(item.get("id")), text_of(item.get("name"))
    if name in ("", "message"):
        return ()
    step = Mark(kind, f"{name} {called}" if called else name, key or str(doc.get("output_index")))
    if not name.endswith("_call") or name in _OWN_CALLS:
        return (step,)
    return step, Mark(Kind.TOOL_CALL if kind is Kind.STEP_BEGIN else Kind.TOOL_RESULT, called or name, key)


_OWN_CALLS = frozenset({"function_call", "custom_tool_call"})
"""Calls that whoever has asked must answer."""


def _read_done(kind: str, doc: Doc, streamed: Container[str | None]) -> Delta:
    """A part, or a whole item, that is finished: new when nothing of its item was streamed."""
    item = dict_of(doc.get("item"))
    marks = () if kind in _DONE else _item_marks(Kind.STEP_END, doc)
    if id_of(doc.get("item_id") if kind in _DONE else item.get("id")) in streamed:
        return Delta(marks=marks)
    if kind not in _DONE:
        text, reasoning = _said([item])
    else:
        words = text_of(doc.get("text")) or text_of(doc.get("refusal"))
        text, reasoning = (words, "") if _DONE[kind] else ("", words)
    return Delta(text, reasoning, TextMode.PART, marks=marks)


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
    text, reasoning = _said(state.get("output")) if kind in _WHOLE else ("", "")
    return Delta(
        text,
        reasoning,
        TextMode.REPEAT,
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
    kind = "response.failed" if doc.get("status") == "failed" else "response.completed"
    text, reasoning = _said(doc.get("output"))
    return _read_response(kind, doc)._replace(text=text, reasoning=reasoning)


def _said(output: object) -> tuple[str, str]:
    """(text, reasoning) of the items of an output."""
    text = reasoning = ""
    for item in dicts_of(output):
        said = [*dicts_of(item.get("content")), *dicts_of(item.get("summary"))]
        words = "".join(text_of(part.get("text")) + text_of(part.get("refusal")) for part in said)
        if item.get("type") == "message":
            text += words
        elif item.get("type") == "reasoning":
            reasoning += words
    return text, reasoning


def _calls(event: str, doc: Doc) -> list[Call]:
    """The names of functions when their items begin, then their arguments; of whole answers all of them."""
    kind = text_of(doc.get("type")) or event
    if kind.endswith(("_arguments.delta", "_tool_call_input.delta")):
        piece = text_of(doc.get("delta"))
        return [Call("", piece, text_of(doc.get("item_id")))] if piece else []
    if kind == "response.output_item.added":
        item = dict_of(doc.get("item"))
        return [call._replace(key=text_of(item.get("id"))) for call in calls_of([item])]
    response = dict_of(doc.get("response")) if kind in _CLOSING else doc
    return calls_of([item for item in dicts_of(response.get("output")) if text_of(item.get("type")).endswith("_call")])


FORMAT = Format(
    name="openai_responses",
    title="OpenAI Responses",
    reader=_reader,
    detects=_detects,
    body=_body,
    paths=(r"/responses/?$",),
    default_model="gpt-4o-mini",
    end_hint=b"response.completed",
    carries="history",
    history_key="input",
    calls=_calls,
    whole=Whole(read=_read_whole, detects=lambda doc: doc.get("object") == "response", as_event=True),
    limit=("max_output_tokens",),
)
