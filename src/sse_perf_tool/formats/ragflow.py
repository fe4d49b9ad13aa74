"""RAGFlow, chat assistants: `/chat/completions` and `/chats/ID/completions` of its HTTP API.

An event is an envelope, `{"code", "message", "data"}`, and `data: true` in it is the end, also behind an error.  Since
0.24 events bring what is new, and the last, marked by `final`, says the whole answer once more; before, they brought
all so far and had no `final`.  A request with `legacy: true` gets all so far with that mark, which cannot be told from
new text: do not send it.  Source: its API reference and `chat_api.py`.
"""

from __future__ import annotations

from ..records import Delta, Kind, Mark, TextMode
from .base import Doc, Format, Options, ReadEvent, Whole, dict_of, dicts_of, id_of, text_of
from .failures import error_text

END = Delta(end=True, last=True)


def session(conversation_id: str) -> Doc:
    """The part of a body that goes on with a conversation."""
    return {"session_id": conversation_id} if conversation_id else {}


def sources(reference: object) -> tuple[Mark, ...]:
    """A mark for each chunk of a document that an answer names."""
    return (Mark(Kind.CITATION),) * len(dicts_of(dict_of(reference).get("chunks")))


def is_failure(doc: Doc) -> bool:
    """Whether an envelope reports one: any code but 0."""
    return bool(doc.get("code", 0) != 0)


def thinks(data: Doc, before: bool) -> bool:
    """Whether the model is thinking after an event, when it was so `before`: marks without text say when it changes."""
    return (before or data.get("start_to_think") is True) and data.get("end_to_think") is not True


def _body(query: str, model: str, _user: str, conversation_id: str) -> Doc:
    """`model` is the id of the chat assistant; without one the default model of the tenant answers."""
    chat = {"chat_id": model} if model else {}
    return {**chat, "question": query, "stream": True, **session(conversation_id)}


def _detects(_event: str, doc: Doc) -> bool:
    data = doc.get("data")
    return "code" in doc and isinstance(data, dict) and "answer" in data and "reference" in data


def _reader(_options: Options) -> ReadEvent:
    """A reader that remembers whether the model is thinking."""
    thinking = False

    def read(_event: str, doc: Doc) -> Delta:
        nonlocal thinking
        if is_failure(doc):
            return Delta(error=error_text(doc))
        data = doc.get("data")
        if data is True:
            return END
        data = dict_of(data)
        thinking = thinks(data, thinking)
        if "final" not in data:
            return _answer(data, TextMode.WHOLE)
        if data["final"] is True:
            return _answer(data, TextMode.REPEAT)._replace(marks=sources(data.get("reference")))
        delta = _answer(data, TextMode.ADD)
        return delta._replace(text="", reasoning=delta.text) if thinking else delta

    return read


def _answer(data: Doc, mode: TextMode) -> Delta:
    return Delta(
        text_of(data.get("answer")),
        mode=mode,
        message_id=id_of(data.get("id")),
        conversation_id=id_of(data.get("session_id")),
    )


def _read_whole(doc: Doc, _options: Options) -> Delta:
    if is_failure(doc):
        return Delta(error=error_text(doc))
    data = dict_of(doc.get("data"))
    return _answer(data, TextMode.ADD)._replace(marks=sources(data.get("reference")))


FORMAT = Format(
    name="ragflow",
    title="RAGFlow",
    reader=_reader,
    detects=_detects,
    body=_body,
    paths=(r"/chats/[^/]+/completions/?$",),
    end_hint=b'"data": true',
    carries="id",
    whole=Whole(read=_read_whole, detects=lambda doc: _detects("", doc)),
    limit=(),
    temperature=(),
)
