"""Request bodies: a JSON template or a format's own minimal request, filled in for each query.

A template is compiled once into pieces of ready JSON with slots between them, so that a body costs one join.  Text goes
into a slot already escaped and is not looked at again: a query that holds "{user}" stays as it is.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import UsageError
from ..formats.base import Carries, Format, with_field, without_stream
from ..providers import Query, parse_json, read_text
from ..texts import speaker

DEFAULT_TEMPLATE: Mapping[str, Any] = {
    "inputs": {"query": "{query}"},
    "query": "{query}",
    "response_mode": "streaming",
    "conversation_id": "{conversation_id}",
    "user": "{user}",
    "files": [],
}
"""The body of Dify's chat-messages."""

TEXTS = {
    "bad_json": (
        "{path}, line {line}, column {column}: {reason}; correct the JSON there",
        "{path} 第 {line} 行第 {column} 列：{reason}，请改正该处的 JSON",
    ),
    "no_object": (
        "{path}, line 1, column 1: a template is one JSON object, {{...}}, but this is {kind}",
        "{path} 第 1 行第 1 列：模板应是一个 JSON 对象 {{...}}，而这里是 {kind}",
    ),
}

_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
_KINDS = {list: "[...]", str: '"..."', bool: "true/false", type(None): "null"}
_MISSING = object()


class _Slot(NamedTuple):
    """A place for a value.  `whole`: the placeholder was all of its string, so the value may be any JSON."""

    name: str
    whole: bool


def load_template(path: str | Path, language: str = "en") -> dict[str, Any]:
    """The template in a JSON file.  UsageError when it cannot be read, with line and column when it is not JSON."""
    say = speaker(TEXTS, language)
    try:
        template = parse_json(read_text(path, language))
    except ValueError as error:
        line, column = getattr(error, "lineno", 1), getattr(error, "colno", 1)
        reason = getattr(error, "msg", str(error))
        raise UsageError(say("bad_json", path=path, line=line, column=column, reason=reason)) from error
    if not isinstance(template, dict):
        raise UsageError(say("no_object", path=path, kind=_KINDS.get(type(template), "a number")))
    return template


class BodyBuilder:
    """Makes the body of each request; thread-safe, as nothing changes after the start.

    From `template`, if there is one, else from the format's own minimal body at the `path` of the URL, else (no format
    is known, or it is Dify) from `DEFAULT_TEMPLATE`.  The model of a format's body is `model`, else `model_name`, else
    the format's default.  A template keeps its own model unless `model` is given.

    Placeholders stand in string values, at any depth, never in names: `{query}`, `{conversation_id}`, `{user}`,
    `{files}`, `{inputs.KEY}` and the name of any field of the query's row.  A field of the row goes before `user`,
    `conversation_id` and `files` given here.  A string that is nothing but one placeholder takes a value that is no
    text (list, number, ...) as it is; inside longer text such a value appears as JSON, and null as nothing.  What names
    nothing is not a placeholder and stays.

    `fields` are (path, value) pairs to be put into the body, and `extra` is an object that is merged into it, objects
    into objects.  In a template they may hold placeholders, as the rest of it.

    Without `stream` the body asks for a whole answer, in the way of `row`; `switched` names what that changed in the
    template.
    """

    def __init__(
        self,
        template: Mapping[str, Any] | None = None,
        row: Format | None = None,
        *,
        path: str = "",
        model: str | None = None,
        model_name: str | None = None,
        user: str = "gaolou",
        conversation_id: str = "",
        files: Sequence[Any] = (),
        stream: bool = True,
        fields: Sequence[tuple[Sequence[str], Any]] = (),
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        self._fields, self._extra = tuple(fields), extra
        self._given = {"user": user, "conversation_id": conversation_id, "files": list(files)}
        self._row = row if template is None and row is not None and row.name != "dify" else None
        self._path = path  # and not the body, which is a function: what is sent to a worker holds values alone
        self.from_template = template is not None
        self._model = model or model_name or (row.default_model if row else "")
        ask_whole = without_stream if row is None or row.whole is None else row.whole.ask
        self._ask: Callable[[dict[str, Any]], dict[str, Any]] = dict if stream else ask_whole
        given = dict(DEFAULT_TEMPLATE if template is None else template)
        document = self._ask(given)
        self.switched = tuple(
            name for name in {**given, **document} if given.get(name, _MISSING) != document.get(name, _MISSING)
        )
        if model and "model" in document:
            document["model"] = model
        document = self._with_more(document)
        self.takes_model = self._row is not None or "model" in document
        """Whether a model given has a place in the body."""
        self._pieces = _joined(_compiled(document))
        self.carries: Carries = ""
        """How the body goes on with a conversation; a template does by its `{conversation_id}`."""
        if self._row is not None:
            self.carries = self._row.carries
        elif any(isinstance(piece, _Slot) and piece.name == "conversation_id" for piece in self._pieces):
            self.carries = "id"

    def build(self, query: Query, conversation_id: str = "", history: Sequence[Mapping[str, str]] = ()) -> bytes:
        """The body for `query` as UTF-8 JSON.  A `conversation_id` (that of an earlier answer) goes before all others.

        `history` is what was said before, `{"role", "content"}` each; it counts where the body `carries` that.

        What UTF-8 cannot say, half of a surrogate pair, becomes "?".
        """
        if query.body is not None:
            return query.body
        if self._row is not None:
            user = _text(self._value("user", query, conversation_id))
            conversation = _text(self._value("conversation_id", query, conversation_id))
            make = self._row.body_at(self._path)
            document = self._with_more(self._ask(make(query.sent, self._model, user, conversation)))
            if history and self.carries == "history":
                key = self._row.history_key
                asked = document[key]
                new = [{"role": "user", "content": asked}] if isinstance(asked, str) else asked
                document[key] = [*history, *new]
            if query.messages and self._row.history_key in document:
                document[self._row.history_key] = list(query.messages)
            if query.max_tokens is not None and self._row.limit:
                document = with_field(document, self._row.limit, query.max_tokens)
            return _to_json(document)
        return b"".join(
            piece if isinstance(piece, bytes) else self._fill(piece, query, conversation_id) for piece in self._pieces
        )

    def _with_more(self, document: dict[str, Any]) -> dict[str, Any]:
        for path, value in self._fields:
            document = with_field(document, path, value)
        return document if self._extra is None else merged(document, self._extra)

    def no_place_for(self, query: Query) -> tuple[bool, bool]:
        """Whether (what others say in) its messages, and the limit of its answer, are left out of the body."""
        if query.body is not None:
            return False, False
        if self._row is not None:
            empty = self._row.body_at(self._path)("", "", "", "")
            messages, limit = self._row.history_key in empty, bool(self._row.limit)
        else:
            values = [self._value(piece.name, query, "") for piece in self._pieces if isinstance(piece, _Slot)]
            messages, limit = list(query.messages) in values, query.max_tokens in values
        return len(query.messages) > 1 and not messages, query.max_tokens is not None and not limit

    def unfilled(self, query: Query) -> list[str]:
        """What looks like a placeholder of the template and has no value for `query`, as it stands there.

        That is `{inputs.KEY}`, and a name that is all of its string: within longer text braces may mean themselves.
        """
        if self._row is not None:
            return []
        slots = (piece for piece in self._pieces if isinstance(piece, _Slot))
        meant = [
            slot.name for slot in slots if slot.name.startswith("inputs.") or (slot.whole and slot.name.isidentifier())
        ]
        return [f"{{{name}}}" for name in dict.fromkeys(meant) if self._value(name, query, "") is _MISSING]

    def _fill(self, slot: _Slot, query: Query, conversation_id: str) -> bytes:
        value = self._value(slot.name, query, conversation_id)
        if value is _MISSING:
            value = f"{{{slot.name}}}"
        if slot.whole:
            return _to_json(value)
        return _to_json(_text(value))[1:-1]

    def _value(self, name: str, query: Query, conversation_id: str) -> Any:
        if name == "query":
            return query.sent
        if name == "conversation_id" and conversation_id:
            return conversation_id
        if name in query.fields:
            return query.fields[name]
        if name.startswith("inputs."):
            key = name.removeprefix("inputs.")
            inputs = query.fields.get("inputs")
            return inputs[key] if isinstance(inputs, Mapping) and key in inputs else query.fields.get(key, _MISSING)
        return self._given.get(name, _MISSING)


def merged(body: Mapping[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of `body` with the fields of `extra`: an object goes into an object, anything else replaces."""
    found = dict(body)
    for name, value in extra.items():
        inner = found.get(name)
        both = isinstance(inner, Mapping) and isinstance(value, Mapping)
        found[name] = merged(inner, value) if both else value  # type: ignore[arg-type]  # both are mappings
    return found


def _compiled(value: Any) -> Iterator[bytes | _Slot]:
    """`value` as pieces of JSON and the slots between them."""
    if isinstance(value, str):
        yield from _compiled_text(value)
    elif isinstance(value, dict):
        for count, (name, inner) in enumerate(value.items()):
            yield (b"," if count else b"{") + _standard_json(name) + b":"
            yield from _compiled(inner)
        yield b"}" if value else b"{}"
    elif isinstance(value, list):
        yield b"["
        for count, inner in enumerate(value):
            yield b"," if count else b""
            yield from _compiled(inner)
        yield b"]"
    else:
        yield _standard_json(value)


def _compiled_text(text: str) -> Iterator[bytes | _Slot]:
    if whole := _PLACEHOLDER.fullmatch(text):
        yield _Slot(whole[1], whole=True)
        return
    yield b'"'
    for place, part in enumerate(_PLACEHOLDER.split(text)):
        # re.split puts what the group matched at the odd places
        yield _Slot(part, whole=False) if place % 2 else _standard_json(part)[1:-1]
    yield b'"'


def _joined(pieces: Iterator[bytes | _Slot]) -> list[bytes | _Slot]:
    """The same with neighbouring bytes made one."""
    joined: list[bytes | _Slot] = []
    run: list[bytes] = []
    for piece in pieces:
        if isinstance(piece, bytes):
            run.append(piece)
        else:
            joined += [b"".join(run), piece]
            run = []
    return [*joined, b"".join(run)]


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else _to_json(value).decode()


def _to_json(value: Any) -> bytes:
    """Compact UTF-8 JSON."""
    return _json_encoder()(value)


@functools.cache
def _json_encoder() -> Callable[[Any], bytes]:
    """orjson's encoder where it is installed, loaded on first use; else that of the standard library."""
    try:
        import orjson
    except ImportError:
        return _standard_json

    def fast_json(value: Any) -> bytes:
        try:
            return orjson.dumps(value)
        except TypeError:  # lone surrogates and integers above 64 bits
            return _standard_json(value)

    return fast_json


def _standard_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
