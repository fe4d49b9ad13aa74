"""The definition of a format, and helpers for reading the JSON of foreign services.

A format module holds one `FORMAT` row and small functions: one decoded JSON object in, one `Delta` out.  `table.py`
lists the rows.  Nothing here knows of sockets, time or threads.

JSON from a server may have any shape, so the helpers give a value of the wanted type or a harmless empty one, and no
reader may raise, whatever the object holds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from ..records import Call, Delta, Usage
from ..texts import is_too_deep
from .session import Opens, Pair

EMPTY = Delta()
"""An event that says nothing."""

new_tuple = tuple.__new__
"""Makes a `Delta` in half the time of calling the class: for the events that bring the tokens."""

ERROR_LIMIT = 4_000
"""Characters that an error text may have: more than people read, less than fills a memory or a terminal."""

MAX_COUNT = 2**53
"""Token counts from here on are garbage."""

Doc = dict[str, Any]

END_HINT = b"[DONE]"

ReadEvent = Callable[[str, Doc], Delta]
"""(name of the event, its data as a JSON object) -> what it adds to the answer."""

Body = Callable[[str, str, str, str], Doc]
"""(query, model, user, conversation id) -> the smallest request that streams and asks for usage."""

ReadData = Callable[[str, str], Delta]
"""(name of the event, its data) -> what it adds to the answer, for streams whose data is no JSON."""

ReadCalls = Callable[[str, Doc], Sequence[Call]]
"""(name of the event, its data) -> the pieces of tool calls in it."""

Carries = Literal["", "id", "history"]
"""How a request goes on with a conversation: not at all, by the id of the answer before, or by all that was said."""

Options = Mapping[str, Any]
"""What the user or the request says about the stream: keys as in tests/vectors/README.md."""


def without_stream(body: Doc) -> Doc:
    """The body with what most APIs take for the wish for a stream turned off, as far as it is there."""
    off = {"stream": False, "response_mode": "blocking"}
    return {name: off.get(name, value) for name, value in body.items() if name != "stream_options"}


def with_stream_off(body: Doc) -> Doc:
    """The same for APIs that stream unless they are told not to."""
    return {**without_stream(body), "stream": False}


def with_field(body: Doc, path: Sequence[str], value: object) -> Doc:
    """A copy of a body with `value` at `path`, names from the outside in; objects on the way are made when missing."""
    name, *inner = path
    return {**body, name: with_field(dict_of(body.get(name)), inner, value) if inner else value}


def no_calls(_name: str, _doc: Doc) -> Sequence[Call]:
    """For formats without tool calls."""
    return ()


@dataclass(frozen=True, slots=True)
class Whole:
    """How an API gives an answer whole: as one JSON object.

    `ask` makes a body that asks for it of one that asks for a stream.  `read` and `detects` are as those of `Format`,
    for the object; None: it has the shape of an event.  `path` is what the URL's path ends with for a stream and for
    a whole answer, None where it is the same.
    """

    ask: Callable[[Doc], Doc] = without_stream
    read: Callable[[Doc, Options], Delta] | None = None
    detects: Callable[[Doc], bool] | None = None
    path: tuple[str, str] | None = None
    as_event: bool = False
    """Whether an object that `detects` is may come as an event of a stream, beside those of a stream or instead."""


@dataclass(frozen=True, slots=True)
class Format:
    """One API format.

    `reader(options)` gives a fresh function for one answer (most formats give the same pure function each time; one
    that must remember something closes over it).  `detects(event_name, document)` is True when an event can only be of
    this format.  `paths` are regular expressions searched in the URL's path, `hosts` in its host name.  `body` makes
    the request.  `auth` is the header that carries the key and the text before it, None for none; `needs_key` says
    whether a run without a key is a mistake.
    """

    name: str
    title: str
    reader: Callable[[Options], ReadEvent]
    detects: Callable[[str, Doc], bool]
    body: Body
    paths: Sequence[str] = ()
    bodies: Mapping[str, Body] = field(default_factory=dict)
    """Other bodies, by a regular expression that is searched in the URL's path: some APIs have several requests for one
    kind of stream."""
    hosts: Sequence[str] = ()
    auth: tuple[str, str] | None = ("Authorization", "Bearer ")
    headers: Mapping[str, str] = field(default_factory=dict)
    stream_headers: Mapping[str, str] = field(default_factory=dict)
    """Those that ask for a stream, sent beside `headers` unless the answer is wanted whole."""
    needs_key: bool = True
    ndjson: bool = False
    carries: Carries = ""
    """What `body` has a place for; "history" stands as messages with `role` and `content` in its `history_key`."""
    history_key: str = "messages"
    calls: ReadCalls = no_calls
    """Reads the tool calls of an event."""
    broken_off: frozenset[str] = frozenset()
    """Finish reasons that say that the server broke off, beside those that say so in every API (`broke_off`)."""
    end_hint: bytes = END_HINT
    """Bytes that the last event of an answer holds, and hardly any other: they wake whoever waits for the end."""
    default_model: str = ""
    limit: tuple[str, ...] = ("max_tokens",)
    """Where `body` says how many tokens an answer may have at most: names from the outside in, () where nowhere."""
    temperature: tuple[str, ...] = ("temperature",)
    """The same for the temperature."""
    ignore_eos: tuple[str, ...] = ()
    """The same for what makes an answer go on to its limit, which servers of open models understand."""
    done_ends: bool = False
    """Whether `[DONE]` is an end marker of the format: elsewhere it ends the reading, but proves nothing."""
    end_event: str | None = None
    """An SSE event name that is an end marker whatever its data is, and without any."""
    ends_of: Callable[[Options], frozenset[str]] = lambda _options: frozenset()
    """Gives more such names."""
    close_ends: bool = False
    """Whether the end of the body in good order is an end marker: there is no other."""
    documents: bool = False
    """Whether a JSON document may be the answer to the request for a stream: it is one if text is found in it."""
    lists: bool = False
    """Whether the data of an event may be a list: it is read as an object whose names are its indexes."""
    any_value: bool = False
    """Whether it may be any JSON value: what is neither object nor list is one whose only value has the name ""."""
    proper_ends: frozenset[str] = frozenset()
    """Finish reasons that are no failure, though they may sound so."""
    any_framing: bool = False
    """Whether it comes as an event stream or as NDJSON: the content type and the body tell."""
    error_anywhere: bool = True
    """Whether an event named error, or a top-level `error` that is not empty, is an error whatever else is said."""
    verbatim: bool = False
    """Whether the text of an event stands in it as it is given out, whatever it says, and events that differ in it
    alone, one behind the other, are read alike: then the text is taken out of the bytes of most (shape.py)."""
    raw_reader: Callable[[Options], ReadData | None] | None = None
    """Gives a reader for data that is no JSON, or None when the options do not ask for one."""
    whole: Whole | None = Whole()
    """How it answers without a stream; None: it does not."""
    pair: Callable[[str], Pair] | None = None
    """(URL of a run) -> the two requests of the next answer; None: it is one, to that URL."""
    threads: str = ""
    """The folder in the URL's path in which `pair` makes a new thread for each answer, whichever the path names."""
    opens: Opens | None = None
    """How a user's session is opened, before the first request; None: its requests need none."""

    def body_at(self, path: str) -> Body:
        """What makes the body of a request to the path of a URL."""
        return next((body for pattern, body in self.bodies.items() if re.search(pattern, path)), self.body)

    def whole_reader(self, options: Options) -> ReadEvent:
        """A reader for an answer that comes whole; such an object is the end of its answer."""
        read_event = self.reader(options)
        read_whole = None if self.whole is None else self.whole.read

        def read(event: str, doc: Doc) -> Delta:
            delta = read_event(event, doc) if read_whole is None else read_whole(doc, options)
            return delta._replace(end=True, last=True)

        return read


def text_of(value: object) -> str:
    """`value` when it is a string, else ""."""
    return value if isinstance(value, str) else ""


def dict_of(value: object) -> Doc:
    """`value` when it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def dicts_of(value: object) -> list[Doc]:
    """The JSON objects of the list `value`; [] when it is none."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def id_of(value: object) -> str | None:
    """An identifier that is not empty: a string, or an integer in digits."""
    if isinstance(value, str):
        return value or None
    return str(value) if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63 else None


def reason_of(value: object) -> str | None:
    """A finish reason as the API spells it; "" and DashScope's string "null" mean that there is none yet.

    SGLang's own API has an object there, whose `type` it is.
    """
    if type(value) is dict:
        value = value.get("type")
    return value if isinstance(value, str) and value not in ("", "null") else None


def count_of(value: object) -> int | None:
    """A token count: an integer or a float without a fraction, from 0 up.  None for all else, True and False too."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return int(value) if 0 <= value < MAX_COUNT and value == int(value) else None


def sum_of(*counts: int | None) -> int | None:
    """The sum of the counts that are known, None when none is."""
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def usage_of(prompt: object, completion: object, reasoning: object = None) -> Usage | None:
    """The counts as `Usage`.  None when no count came, or all that came are 0: that is a placeholder."""
    counts = Usage(count_of(prompt), count_of(completion), count_of(reasoning))
    return counts if any(counts) else None


def parts_of(content: object) -> tuple[str, str]:
    """(text, reasoning) of a message's content: a string, or a list of parts with `text` or of type `thinking`."""
    if isinstance(content, str):
        return content, ""
    if not isinstance(content, list):
        return "", ""
    text, reasoning = [], []
    for part in content:
        if isinstance(part, str):
            text.append(part)
        elif isinstance(part, dict) and text_of(part.get("type")) in _THINKING_PARTS:
            reasoning.append(_thoughts_of(part))
        elif isinstance(part, dict):
            text.append(text_of(part.get("text")))
    return "".join(text), "".join(reasoning)


_THINKING_PARTS = frozenset({"thinking", "reasoning", "reasoning_text", "summary_text", "thought"})
_THOUGHT_KEYS = ("text", "summary", "thinking", "content", "reasoning")

REASONING = frozenset(
    {
        "reasoning_content", "reasoning", "reasoning_details", "thinking", "reasoning_text", "thinking_content",
        "thinking_blocks", "reasoning_summary", "thought", "thoughts",
    }
)  # fmt: skip
"""The names under which APIs and gateways give reasoning beside the text."""


def reasoning_in(source: Doc) -> str:
    """The reasoning of a message or delta under all its names; the same text under several names counts once."""
    said = [value for name, value in source.items() if value and name in REASONING]
    if len(said) == 1:
        return said[0] if isinstance(said[0], str) else _thoughts_of(said[0])
    return "".join(dict.fromkeys(map(_thoughts_of, said))) if said else ""


def _thoughts_of(value: object) -> str:
    """The text of a thought: a string, an object with `text`, `summary`, `thinking`, ..., or a list of these."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(map(_flat_thought, value))
    return _flat_thought(value)


def _flat_thought(piece: object) -> str:
    """The same for one piece, which may hold a list of pieces again, but no deeper."""
    if isinstance(piece, str):
        return piece
    found = [dict_of(piece).get(key) for key in _THOUGHT_KEYS]
    texts = [
        each if isinstance(each, str) else "".join(text_of(inner.get("text")) for inner in dicts_of(each))
        for each in found
    ]
    return "".join(dict.fromkeys(filter(None, texts)))


def broke_off(reason: str, more: Container[str] = ()) -> bool:
    """Whether a finish reason says that the server broke off: network_error, abort, insufficient_system_resource, ...

    `more` are those that only one API means so.  What filters say (`ERROR_TOXIC`) is none.
    """
    plain = reason.lower().replace("-", "_")
    return plain not in _FILTERED and (reason in more or any(word in plain for word in _BROKEN_WORDS))


_BROKEN_WORDS = ("error", "abort", "fail", "cancel", "timeout", "timed_out", "insufficient", "interrupt", "unavailable",
                 "overload", "exception", "disconnect", "malformed")  # fmt: skip
_FILTERED = frozenset({"error_toxic"})


def calls_of(calls: object, place: str = "") -> list[Call]:
    """The pieces of tool calls in a list, each with its `function` or flat; those that say nothing are left out.

    `place` stands before the index of a call in its key.
    """
    said: list[Call] = []
    for call in dicts_of(calls):
        function = call.get("function")
        if type(function) is not dict:
            function = call
        given = " ".join(as_text(value) for value in map(function.get, _ARGUMENTS) if value)
        name, index = text_of(function.get("name")), call.get("index")
        if name or given:
            own = next(filter(None, map(id_of, map(call.get, _CALL_IDS))), "")
            said.append(Call(name, given, f"{place}{index}" if type(index) is int else own, own))
    return said


_ARGUMENTS = ("arguments", "input", "args")
_CALL_IDS = ("call_id", "id", "tool_call_id")


def as_text(value: object) -> str:
    """A string as it is, any other JSON value as JSON; "" for what is nested too deep."""
    if isinstance(value, str):
        return value
    return "" if is_too_deep(value) else json.dumps(value)


LONG_TEXT = 16
"""Two texts of so many characters are not alike by chance."""


def is_repeat(text: str, pieces: Sequence[str], chunks: int) -> bool:
    """Whether `text` is all of `pieces` once more, which came in so many events.

    Of two short texts alike each may be a token (哈 and 哈).
    """
    return (chunks > 1 or len(text) >= LONG_TEXT) and text == "".join(pieces)
