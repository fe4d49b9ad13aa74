"""RAGFlow, agents: `/agents/chat/completions` of its HTTP API.  The kind of an event stands in its JSON.

The answer comes as `message` events; components begin and end around them, as far as the server passes that on, and
`[DONE]` ends all, also what has failed.  Source: its API reference, `agent_api.py` and `canvas.py`.
"""

from __future__ import annotations

from ..records import Delta, Kind, Mark
from .base import EMPTY, Doc, Format, Options, ReadEvent, Whole, dict_of, id_of, text_of, usage_of
from .failures import error_text
from .ragflow import is_failure, session, sources, thinks


def _body(query: str, model: str, _user: str, conversation_id: str) -> Doc:
    """`model` is the id of the agent."""
    return {"agent_id": model, "query": query, "stream": True, **session(conversation_id)}


def _detects(_event: str, doc: Doc) -> bool:
    """Dify's events have a `task_id` too, but conversations in place of sessions."""
    return isinstance(doc.get("event"), str) and "task_id" in doc and "session_id" in doc


def _node(kind: Kind, data: Doc) -> Delta:
    """The begin or the end of a component.  Its `error` is none of the answer: the agent may have a way around it."""
    key = text_of(data.get("component_id"))
    return Delta(marks=(Mark(kind, text_of(data.get("component_name")) or key, key),))


def _reader(_options: Options) -> ReadEvent:
    """A reader that remembers whether the model is thinking."""
    thinking = False

    def read(_event: str, doc: Doc) -> Delta:
        nonlocal thinking
        if is_failure(doc):
            return Delta(error=error_text(doc))
        kind, data = doc.get("event"), dict_of(doc.get("data"))
        if kind == "message":
            thinking = thinks(data, thinking)
            text = text_of(data.get("content"))
            delta = Delta("", text) if thinking else Delta(text)
        else:
            delta = _other(kind, data)
        return delta._replace(message_id=id_of(doc.get("message_id")), conversation_id=id_of(doc.get("session_id")))

    return read


def _other(kind: object, data: Doc) -> Delta:
    if kind == "node_started":
        return _node(Kind.STEP_BEGIN, data)
    if kind == "node_finished":
        return _node(Kind.STEP_END, data)
    if kind == "message_end":
        return Delta(marks=sources(data.get("reference")))
    if kind == "workflow_finished":
        usage = dict_of(data.get("usage"))
        return Delta(usage=usage_of(usage.get("prompt_tokens"), usage.get("completion_tokens")), end=True)
    # It waits for what the user is to fill in.
    return Delta(finish_reason="user_inputs", end=True) if kind == "user_inputs" else EMPTY


def _read_whole(doc: Doc, _options: Options) -> Delta:
    """The answer stands in the data of the data of an envelope."""
    if is_failure(doc):
        return Delta(error=error_text(doc))
    inner = dict_of(doc.get("data"))
    data = dict_of(inner.get("data"))
    return Delta(
        text_of(data.get("content")),
        message_id=id_of(inner.get("message_id")),
        conversation_id=id_of(inner.get("session_id")),
        marks=sources(data.get("reference")),
    )


FORMAT = Format(
    name="ragflow_agent",
    title="RAGFlow agent",
    reader=_reader,
    detects=_detects,
    body=_body,
    paths=(r"/agents/[^/]+/completions/?$",),
    carries="id",
    done_ends=True,
    proper_ends=frozenset({"user_inputs"}),
    whole=Whole(read=_read_whole, detects=lambda doc: "content" in dict_of(dict_of(doc.get("data")).get("data"))),
    limit=(),
    temperature=(),
)
