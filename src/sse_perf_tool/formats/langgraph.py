"""LangGraph Server: `messages-tuple`, `messages`, `events`.  It ends with its connection.

Each stream mode is an SSE event name.  With a token of `messages-tuple` comes the name of its node: where it changes, a
step ends and the next begins.
"""

from __future__ import annotations

from ..records import Delta, Kind, Mark, Usage
from .base import (
    EMPTY,
    Doc,
    Format,
    Options,
    ReadEvent,
    calls_of,
    dict_of,
    id_of,
    parts_of,
    reasoning_in,
    text_of,
    usage_of,
)
from .langgraph_v2 import events_reader

_TOKENS = frozenset({"AIMessageChunk", "ai"})


def _body(query: str, model: str, _user: str, _conversation_id: str) -> Doc:
    """`model` is the id of the assistant."""
    message = {"role": "user", "content": query}
    return {"assistant_id": model, "input": {"messages": [message]}, "stream_mode": ["messages-tuple"]}


def _detects(event: str, doc: Doc) -> bool:
    return event == "metadata" and "run_id" in doc and "attempt" in doc


def message_delta(message: Doc) -> Delta:
    """What a message object of LangChain says: a chunk of it, or all at once."""
    kind = text_of(message.get("type"))
    if kind == "tool":
        return Delta(
            marks=(Mark(Kind.TOOL_RESULT, text_of(message.get("name")), text_of(message.get("tool_call_id"))),)
        )
    text, reasoning = parts_of(message.get("content"))
    reasoning = reasoning or reasoning_in(dict_of(message.get("additional_kwargs")))
    own = text_of(message.get("id"))
    calls = calls_of(message.get("tool_call_chunks"), f"{own}/") or calls_of(message.get("tool_calls"))
    return Delta(text, reasoning, usage=message_usage(message), marks=tuple(calls))


def message_usage(message: Doc) -> Usage | None:
    """The counts that a message has."""
    counts = dict_of(message.get("usage_metadata"))
    details = dict_of(counts.get("output_token_details"))
    return usage_of(counts.get("input_tokens"), counts.get("output_tokens"), details.get("reasoning"))


def read_runnable(doc: Doc) -> Delta:
    """An event of `astream_events`: tokens of a model, and the begin and the end of tools."""
    kind, data = text_of(doc.get("event")), dict_of(doc.get("data"))
    name, key = text_of(doc.get("name")), text_of(doc.get("run_id"))
    if kind == "on_chat_model_stream":
        return message_delta(dict_of(data.get("chunk")))._replace(message_id=key or None)
    if kind == "on_chat_model_end":
        return Delta(usage=message_usage(dict_of(data.get("output"))))
    if kind == "on_tool_start":
        return Delta(marks=(Mark(Kind.TOOL_CALL, name, key), Mark(Kind.TOOL_END, "", key)))
    return Delta(marks=(Mark(Kind.TOOL_RESULT, name, key),)) if kind == "on_tool_end" else EMPTY


def _reader(_options: Options) -> ReadEvent:
    """A reader that remembers the node, and what came of each message where an event brings all of it."""
    node = ""
    whole: dict[str, str] = {}
    read_event = events_reader()

    def of_tuple(doc: Doc) -> Delta:
        nonlocal node
        message, about = dict_of(doc.get("0")), dict_of(doc.get("1"))
        now = text_of(about.get("langgraph_node"))
        delta = message_delta(message) if text_of(message.get("type")) in (*_TOKENS, "tool") else EMPTY
        if now == node:
            return delta
        marks = (Mark(Kind.STEP_END, node),) if node else ()
        node = now
        return delta._replace(marks=(*marks, Mark(Kind.STEP_BEGIN, now), *delta.marks))

    def of_partial(doc: Doc) -> Delta:
        text = ""
        for message in (dict_of(each) for each in doc.values()):
            if text_of(message.get("type")) not in _TOKENS:
                continue
            own, now = text_of(message.get("id")), parts_of(message.get("content"))[0]
            before, whole[own] = whole.get(own, ""), now
            text += now[len(before) :] if now.startswith(before) else ""
        return Delta(text)

    def read(event: str, doc: Doc) -> Delta:
        if event == "messages" and "0" in doc:
            return of_tuple(doc)
        if event == "messages/partial":
            return of_partial(doc)
        if event == "events":
            return read_runnable(doc)
        if event == "metadata":
            return Delta(message_id=id_of(doc.get("run_id")))
        return read_event(doc) if doc.get("type") == "event" else EMPTY

    return read


FORMAT = Format(
    name="langgraph",
    title="LangGraph Server",
    reader=_reader,
    detects=_detects,
    body=_body,
    paths=(r"/runs/stream/?$",),
    auth=("x-api-key", ""),
    needs_key=False,
    default_model="agent",
    end_event="end",
    close_ends=True,
    any_value=True,
    end_hint=b'"last"',
    whole=None,
    limit=(),
    temperature=(),
)
