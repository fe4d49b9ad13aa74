"""LangGraph Server, version 2 of its protocol of events: one request starts a run, another one reads what happens.

Both are about a thread, which the first one makes when it is new.  The server plays all that has happened in a thread
to whoever comes, so nothing is lost between the two, and each run gets a thread of its own: in an old one the answers
of before would come first.  Behind the end the connection stays open; the client has to leave.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from ..records import Call, Delta, Kind, Mark, Usage
from .base import EMPTY, Doc, Format, Options, ReadEvent, as_text, dict_of, sum_of, text_of, usage_of
from .session import Pair

CHANNELS = ("messages", "tools", "lifecycle", "input")
"""The kinds of events that are read here; there are more, with the whole state of the graph in each."""
INTERRUPTED = "interrupted"
_ENDS = frozenset({"completed", INTERRUPTED})
_NO_OUTPUT = frozenset({"tool", "human", "system"})
"""Roles whose messages are what the model is given."""
_THREADS = "/threads"
_THREAD = re.compile(rf"(?P<base>.*{_THREADS})(?:/[^/]+/(?:commands|stream/events))?/?(?P<query>\?.*)?")


def _body(query: str, model: str, _user: str, _conversation_id: str) -> Doc:
    """`model` is the id of the assistant."""
    message = {"role": "user", "content": query}
    params = {"assistant_id": model, "input": {"messages": [message]}}
    return {"id": 1, "method": "run.start", "params": params}


def _pair(url: str) -> Pair:
    """The requests of a new thread, whichever is named in the URL."""
    from uuid import uuid4  # only here: on Python 3.10 it brings half of the standard library

    found = _THREAD.fullmatch(url)
    base, query = (url.rstrip("/"), "") if found is None else (found["base"], found["query"] or "")
    thread = f"{base}/{uuid4()}"
    asked = json.dumps({"channels": CHANNELS}).encode()
    return Pair(f"{thread}/commands{query}", f"{thread}/stream/events{query}", asked, "result.run_id")


def _detects(_event: str, doc: Doc) -> bool:
    return doc.get("type") == "event" and "method" in doc and "namespace" in dict_of(doc.get("params"))


def events_reader() -> Callable[[Doc], Delta]:
    """A reader that remembers who speaks in which part of the graph, and the tokens of the messages so far."""
    speakers: dict[str, str] = {}
    calls: dict[str, str] = {}
    counts: list[Usage] = []

    def begin(place: str, data: Doc) -> Delta:
        speakers[place] = text_of(data.get("role"))
        return EMPTY

    def piece(place: str, data: Doc) -> Delta:
        return _piece(f"{place}/{data.get('index')}", dict_of(data.get("content") or data.get("delta")), calls)

    def finish(_place: str, data: Doc) -> Delta:
        if (usage := _usage(dict_of(data.get("usage")))) is None:
            return EMPTY
        counts.append(usage)
        return Delta(usage=Usage(*(sum_of(*each) for each in zip(*counts, strict=True))))

    of_message = {"message-start": begin, "content-block-start": piece, "content-block-delta": piece,
                  "message-finish": finish, "error": _error}  # fmt: skip

    def message(place: str, data: Doc) -> Delta:
        kind = text_of(data.get("event"))
        heard = kind == "message-start" or speakers.get(place) not in _NO_OUTPUT
        return of_message[kind](place, data) if heard and kind in of_message else EMPTY

    of_event = {"messages": message, "tools": _tool, "lifecycle": _lifecycle, "input.requested": _question}

    def read(doc: Doc) -> Delta:
        params, method = dict_of(doc.get("params")), text_of(doc.get("method"))
        space = params.get("namespace")
        place = "/".join(map(text_of, space)) if isinstance(space, list) else ""
        return of_event[method](place, dict_of(params.get("data"))) if method in of_event else EMPTY

    return read


def _piece(block: str, said: Doc, calls: dict[str, str]) -> Delta:
    """The begin of a part of a message, or a piece of it; `calls` has the id of the tool call that a part is."""
    kind = text_of(said.get("type"))
    if kind.startswith("reasoning"):
        return Delta("", text_of(said.get("reasoning")))
    if kind.startswith("text"):
        return Delta(text_of(said.get("text")))
    if "tool" not in kind or kind.endswith("result"):
        return EMPTY
    name, given, own = text_of(said.get("name")), as_text(said.get("args") or ""), text_of(said.get("id"))
    if own or name:
        calls[block] = own or block
    return Delta(marks=(Call(name, given, calls.get(block, block), own),)) if name or given else EMPTY


def _usage(said: Doc) -> Usage | None:
    details = dict_of(said.get("output_token_details"))
    return usage_of(said.get("input_tokens"), said.get("output_tokens"), details.get("reasoning"))


def _error(_place: str, data: Doc) -> Delta:
    return Delta(error=text_of(data.get("message")) or "the message failed")


def _question(_place: str, data: Doc) -> Delta:
    """What a person is asked."""
    return Delta(as_text(data.get("payload") or ""))


def _tool(_place: str, data: Doc) -> Delta:
    kind, key = text_of(data.get("event")), text_of(data.get("tool_call_id"))
    if kind == "tool-started":
        name = text_of(data.get("tool_name"))
        return Delta(marks=(Mark(Kind.TOOL_CALL, name, key), Mark(Kind.TOOL_END, "", key)))
    return Delta(marks=(Mark(Kind.TOOL_RESULT, "", key),)) if kind in ("tool-finished", "tool-error") else EMPTY


def _lifecycle(place: str, data: Doc) -> Delta:
    """The run begins and ends, and in it the graphs that are nodes of it: their ends are not that of the run."""
    kind, error = text_of(data.get("event")), text_of(data.get("error"))
    if place:
        name = text_of(data.get("graph_name"))
        marks = {"started": Mark(Kind.STEP_BEGIN, name, place)}
        marks |= dict.fromkeys(("completed", "failed", INTERRUPTED), Mark(Kind.STEP_END, name, place))
        return Delta(marks=(marks[kind],)) if kind in marks else EMPTY
    if kind == "failed":
        return Delta(error=error or "the run failed", last=True)
    return Delta(finish_reason=kind, end=True, last=True) if kind in _ENDS else EMPTY


def _reader(_options: Options) -> ReadEvent:
    read = events_reader()
    return lambda _event, doc: read(doc)


FORMAT = Format(
    name="langgraph_v2",
    title="LangGraph Server, event streaming",
    reader=_reader,
    detects=_detects,
    body=_body,
    paths=(rf"{_THREADS}/?$", rf"{_THREADS}/[^/]+/(commands|stream/events)/?$"),
    auth=("x-api-key", ""),
    needs_key=False,
    default_model="agent",
    end_hint=b'"completed"',
    proper_ends=frozenset({INTERRUPTED}),
    whole=None,
    limit=(),
    temperature=(),
    pair=_pair,
    threads=_THREADS,
)
