"""Detects the type of a body: an event stream, lines of JSON, or a document that is not a stream.

The content type is asked first, and where it says nothing useful, the first bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, Literal, Protocol

from ..records import StreamEvent
from ..sse import BOM, NDJSONParser, SSEParser, held_bytes
from .base import ERROR_LIMIT, Doc, Format, dicts_of
from .failures import error_text, failure_in, find_error, names_failure


def standard_loads(data: str | bytes) -> Any:
    """As `fast_loads`, with the parser of the standard library."""
    # json.loads guesses at the encoding of bytes; here they are UTF-8 or an error.
    return json.loads(data if isinstance(data, str) else data.decode())


fast_loads: Callable[[str | bytes], Any] = standard_loads
"""JSON in UTF-8 to its value; ValueError for what is none, RecursionError for what is too deep."""
with suppress(ImportError):  # without it all is the same, only slower
    import orjson

    fast_loads = orjson.loads

HELD_LIMIT = 1 << 20
"""Bytes of a document that are kept."""

HEAD = 64
"""Bytes in which a stream shows itself as one."""

Lines = Literal["first", "second", "never", "document"]
"""When lines of JSON are a stream: the first line may be one; only a second value behind a whole first line proves it
(`application/json`); never; or nothing at all is a stream (HTML)."""

_HTML = frozenset({"text/html", "application/xhtml+xml"})
_JSON = frozenset({"application/json", "application/problem+json", "text/json"})
_NDJSON = frozenset(
    {"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonl", "application/json-lines"}
)
_FIELD_AT_START = re.compile(rb"(\xef\xbb\xbf)?\s*((data|event|id|retry)[^\S\n]*)?:")
_TITLE = re.compile(r"<title[^>]{0,200}>([^<]{1,200})", re.IGNORECASE)
_UNSEEN = {"<script": "</script>", "<style": "</style>", "<!--": "-->"}
PAGE_CHARS = 1 << 16
"""Characters of a page that are looked at."""
DONE = frozenset({"[DONE]", '"[DONE]"'})
"""The end marker of OpenAI's formats, also as Coze writes it."""


class Parser(Protocol):
    """Bytes in, events out."""

    @property
    def held_bytes(self) -> int:
        """About how many bytes it keeps of what came."""

    @property
    def outside(self) -> str: ...

    def feed(self, data: bytes) -> list[StreamEvent]: ...

    def close(self) -> list[StreamEvent]: ...


def load_object(data: str) -> Doc | None:
    """The JSON object that `data` is, None when it is anything else."""
    if not data.startswith("{") and not data.lstrip().startswith("{"):
        return None
    try:
        value: Any = fast_loads(data)
    except (ValueError, RecursionError):
        value = _load_leniently(data)
    return value if isinstance(value, dict) else None


def load_list(data: str) -> Doc | None:
    """A JSON object as it is, a list as an object whose names are its indexes; None for anything else."""
    return load_value(data) if data.lstrip().startswith(("{", "[")) else None


def load_value(data: str) -> Doc | None:
    """Any JSON value as an object, see `Format.any_value`; None for what is no JSON, and for the end marker."""
    try:
        value: Any = fast_loads(data)
    except (ValueError, RecursionError):
        value = _load_leniently(data)
    if value is None or isinstance(value, dict) or data.strip() in DONE:
        return value if isinstance(value, dict) else None
    return {str(at): each for at, each in enumerate(value)} if isinstance(value, list) else {"": value}


def document_error(text: str) -> str:
    """What a document says that holds no answer: its own error, or what it is."""
    doc = _first_object(text)
    return (find_error(doc) if doc is not None else None) or f"a document instead of a stream: {text}"[:ERROR_LIMIT]


def _load_leniently(data: str) -> Any:
    """JSON as servers send it, with halves of surrogate pairs and NaN, which the fast parser refuses; None for none."""
    if not data.lstrip().startswith(("{", "[")):
        return None
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def looks_like_event_stream(head: bytes) -> bool:
    """Whether a body that begins so begins with a comment or a field of an event."""
    return _FIELD_AT_START.match(head) is not None


class HeldBody:
    """A body that is held back until it shows what it is; what never shows is a document."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._parser: Parser | None = None
        self._held = bytearray()
        self._settled = lines == "document"
        self._line_seen = False

    @property
    def outside(self) -> str:
        """What stood in no event, once it was closed."""
        return "" if self._parser is None else self._parser.outside

    @property
    def ndjson(self) -> bool:
        """Whether it turned out to be lines of JSON."""
        return isinstance(self._parser, NDJSONParser)

    @property
    def held_bytes(self) -> int:
        """How much is kept of what came."""
        return len(self._held) + (0 if self._parser is None else self._parser.held_bytes)

    def feed(self, data: bytes) -> list[StreamEvent]:
        """The events that `data` completes, once it is known what they are."""
        if self._parser is not None:
            return self._parser.feed(data)
        if not self._held:
            data = data.lstrip(b"\r\n")
        self._held += data[: HELD_LIMIT - len(self._held)]
        self._line_seen = self._line_seen or b"\n" in data
        # A long line need not be looked at again and again: nothing new shows before it ends.
        if self._settled or not (self._line_seen or len(self._held) <= HEAD or len(self._held) == len(data)):
            return []
        return self._recognise()

    def close(self) -> list[StreamEvent]:
        """The end of the body."""
        events = [] if self._settled or self._parser is not None else self._recognise()
        return events + self._parser.close() if self._parser is not None else events

    def document(self) -> str:
        """At the end: the body, when it is no stream and may be a JSON document; else ""."""
        text = "" if self._parser is not None else _text(bytes(self._held))
        return text if text.startswith(("{", "[")) else ""

    def error(self) -> str | None:
        """At the end: what a body says that is no stream though one was asked for, its own error or what it is.

        None for a stream, and for an empty body unless it claims to be a web page.
        """
        text = _text(bytes(self._held))
        if self._parser is not None or not (text or self._lines == "document"):
            return None
        page = "" if not text else page_text(text)
        if page is not None:
            return f"a web page instead of a stream: {page}".removesuffix(": ")[:ERROR_LIMIT]
        return document_error(text)

    def _recognise(self) -> list[StreamEvent]:
        self._look()
        if self._parser is None:
            return []
        held, self._held = bytes(self._held), bytearray()
        return self._parser.feed(held)

    def _look(self) -> None:
        """Sets `_parser` when the body is a stream, `_settled` when it cannot be one."""
        head = bytes(self._held[:HEAD])
        start = head.removeprefix(BOM).lstrip()
        if not start or BOM.startswith(start):
            return
        if start.startswith(b"{"):
            self._look_at_lines()
        elif self._lines == "first" or looks_like_event_stream(start):
            self._parser = SSEParser(bare=True)
        else:
            self._settled = len(head) == HEAD or b"\n" in start

    def _look_at_lines(self) -> None:
        if self._lines == "first":
            self._parser = NDJSONParser()
            return
        line, _, behind = self._held.lstrip().partition(b"\n")
        if self._lines == "never" or (self._line_seen and load_object(line.decode("utf-8", "replace")) is None):
            self._settled = True
        elif behind.strip():
            self._parser = NDJSONParser()


class WholeBody:
    """A body that is one JSON object, or a list of one: it is one event, at the end."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self.cut_short = False
        """At the end: it begins like a JSON object and does not end like one."""
        self.outside = ""
        """At the end: the body as text, as far as an error text may go."""

    @property
    def held_bytes(self) -> int:
        """All that came."""
        return held_bytes(self._pieces)

    def feed(self, data: bytes) -> list[StreamEvent]:
        """Nothing before the end."""
        self._pieces.append(data)
        return []

    def close(self) -> list[StreamEvent]:
        """The end of the body."""
        text = _text(b"".join(self._pieces))
        self._pieces.clear()
        self.outside = text[:ERROR_LIMIT]
        if text.startswith("[") and text.endswith("]"):
            text = text[1:-1].strip()
        self.cut_short = text.startswith("{") and not text.endswith("}")
        return [StreamEvent("message", text)] if text else []


def parser_for(fmt: Format | None, content_type: str) -> Parser:
    """The parser of a body of this content type (parameters and all, "" for none) in this format (None: not known)."""
    kind = content_type.partition(";")[0].strip().lower()
    either = fmt is None or fmt.any_framing
    if kind in _HTML:
        return HeldBody("document")
    if kind in _JSON:
        return HeldBody("second" if either or (fmt is not None and fmt.ndjson) else "never")
    if fmt is not None and not either:
        return NDJSONParser() if fmt.ndjson else SSEParser(bare=True)
    if kind in _NDJSON:
        return NDJSONParser()
    return SSEParser(bare=True) if kind == "text/event-stream" else HeldBody("first")


def error_in_body(body: bytes, charset: str = "utf-8") -> str | None:
    """The error text in the body of a failed request: JSON, an event stream, a page's text, plain text; or None.

    At most `ERROR_LIMIT` characters of it.  A `charset` that nobody knows is taken for UTF-8.
    """
    text = _text(body, charset)
    if looks_like_event_stream(body):
        text = _error_in_events(SSEParser().feed(body + b"\n\n")) or text
    doc = _first_object(text)
    if doc is not None:
        return error_text(doc)
    page = page_text(text)
    return (text if page is None else page)[:ERROR_LIMIT] or None


def _error_in_events(events: list[StreamEvent]) -> str:
    """The data of the first event that reports a failure; without one that of all but the end marker."""
    for event in events:
        doc = load_object(event.data)
        if names_failure(event.event) or (doc is not None and failure_in(event.event, doc) is not None):
            return event.data
    return "\n".join(event.data for event in events if event.data.strip() not in DONE)


def error_outside(text: str) -> str | None:
    """The error in what stood in no event of a stream: a line of JSON that reports one, or a field `error`."""
    for line in [text, *text.splitlines()]:
        name, _, value = line.partition(":")
        named = names_failure(name.strip())
        doc = load_object(value if named else line.removeprefix("data:"))
        failure = None if doc is None else error_text(doc) if named else failure_in("", doc)
        if failure is not None:
            return failure
    return None


def _text(body: bytes, charset: str = "utf-8") -> str:
    body = body.removeprefix(BOM)
    try:
        return body.decode(charset, "replace").strip()
    except (LookupError, UnicodeError):
        return body.decode("utf-8", "replace").strip()


def page_text(text: str) -> str | None:
    """What a web page or XML document says: its title, then the text that a person sees; None when it is none."""
    if not text.startswith("<"):
        return None
    text = text[:PAGE_CHARS]
    title = _TITLE.search(text)
    from html import unescape  # only here: --help has no need of its table of names

    heading = " ".join(unescape(title[1]).split()) if title else ""
    seen = " ".join(unescape(" ".join(_between_tags(_TITLE.sub("", text, count=1)))).split())
    return ": ".join(filter(None, [heading, seen.removeprefix("</title>").strip()]))


def _between_tags(text: str) -> Iterator[str]:
    """The text between the tags of markup, without scripts, styles and comments.  One pass, whatever it is."""
    at, lower = 0, text.lower()
    while (begin := text.find("<", at)) >= 0:
        yield text[at:begin]
        end = next((close for tag, close in _UNSEEN.items() if lower.startswith(tag, begin)), ">")
        found = lower.find(end, begin)
        at = len(text) if found < 0 else found + len(end)
    yield text[at:]


def _first_object(text: str) -> Doc | None:
    """The JSON object that `text` is, or the first one in the list that it is."""
    if text.startswith("["):
        return next(iter(dicts_of(_load_leniently(text))), None)
    return load_object(text)
