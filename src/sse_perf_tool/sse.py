"""Event streams from bytes to events and back: no sockets, no clock, no JSON.

How `SSEParser` works, and why it may
-------------------------------------
The rules are those of the WHATWG HTML standard, section 9.2.6 "Interpreting an event stream"; sentences in quotation
marks below are the standard's.  It decodes the whole stream as UTF-8 first and parses characters; this parser cuts
bytes and decodes only what is handed out.  Both give the same: a decoder that replaces errors never swallows an ASCII
byte, so line ends, colons, spaces and field names stand at the same places before and after decoding, and decoding
value by value equals decoding the stream.  It is what makes the parser cheap.

What comes in may be cut anywhere.  Three things are carried from one `feed` to the next:

* `_tail`, the pieces of a line whose end has not come.  Pieces are put together only when a line end arrives, so each
  byte is copied a bounded number of times, however small the pieces are and however long the line is.
* the fields of a block whose blank line has not come (`_data`, `_event`, `_id`, `_retry_ms`).
* `_after_cr`: the last byte was a CR, which ended its line at once; an LF that comes next belongs to it.

Nearly all reads of a token stream hold whole blocks of one `data:` line, and nothing is carried (`_idle`).  So, when no
block is half read, all up to the last blank line is split at b"\\n\\n", and a block that is one data line becomes an
event by a slice.  All other blocks, and those that are cut inside, go line by line.
"""

from __future__ import annotations

import re
from typing import NoReturn

from .records import StreamEvent

BOM = b"\xef\xbb\xbf"


class _NoData(str):
    __slots__ = ()


NO_DATA = _NoData()
"""The data of an event without a data field, told from an empty one by its identity: all empty `str` are one."""

STRAY_LIMIT = 8192
"""Bytes that are kept of what stands in no event."""

_new_tuple = tuple.__new__
"""Makes a `StreamEvent` in half the time of calling the class, which goes through a Python function."""


_PIECE_BYTES = 40


def held_bytes(pieces: list[bytes]) -> int:
    """About the memory that pieces take: data, objects and list."""
    return sum(map(len, pieces)) + _PIECE_BYTES * len(pieces)


class SSEParser:
    """Bytes of a `text/event-stream` body in, events out.

    `last_event_id` is the last event ID that an empty line committed ("" at first), `retry_ms` the reconnection time in
    milliseconds, None until a valid `retry` line came.  Nothing that a server sends raises.  With `bare` a block that
    names its event and has no data comes out as well, with `NO_DATA`: the standard drops it, and some servers end so.
    """

    def __init__(self, *, bare: bool = False) -> None:
        self.last_event_id = ""
        self._bare = bare
        self.retry_ms: int | None = None
        self._start: bytes | None = b""
        self._tail: list[bytes] = []
        self._after_cr = False
        self._idle = False
        self._in_block = False
        self._data: list[bytes] = []
        self._event = ""
        self._id = ""
        self._retry_ms: int | None = None
        self.outside = ""
        """At the end: what stood in no event (lines that are no field, an event without its end), cut to 8 KiB."""
        self._stray: list[bytes] = []
        self._stray_bytes = 0

    @property
    def held_bytes(self) -> int:
        """About how much is kept of what came: the block that is not finished, and the last id."""
        names = len(self._event) + len(self._id) + len(self.last_event_id)
        return held_bytes(self._tail) + held_bytes(self._data) + names

    def lone_data(self, data: bytes) -> bytes | None:
        """The value of the one `data: ` line that `data` is, when that is all: what `feed` would make one event of.

        None in every other case; then `data` is to be fed.  This is the way of nearly every token, so that it is worth
        the event that is not made.
        """
        if (
            self._idle
            and data.startswith(b"data: ")
            and data.find(b"\n") == len(data) - 2
            and data.endswith(b"\n\n")
            and b"\r" not in data
        ):
            return data[6:-2]
        return None

    def feed(self, data: bytes) -> list[StreamEvent]:
        """The events that `data` completes, in order.  An empty `data` says nothing; it is not the end."""
        if self._idle and data.endswith(b"\n\n") and b"\r" not in data:
            return self._blocks(data[:-2])
        events = self._feed(data)
        self._idle = self._start is None and not (self._tail or self._in_block or self._after_cr)
        return events

    def _feed(self, data: bytes) -> list[StreamEvent]:
        """`feed` for bytes of any kind in any state."""
        if self._after_cr and data:
            self._after_cr = False
            if data.startswith(b"\n"):
                data = data[1:]
        if self._start is not None:
            data = self._without_bom(data)
        has_cr = b"\r" in data
        if not has_cr and b"\n" not in data:
            if data:
                self._tail.append(data)
            return []
        if self._tail:
            self._tail.append(data)
            data = b"".join(self._tail)
            self._tail.clear()
        if has_cr:
            # "Lines must be separated by either a U+000D CARRIAGE RETURN U+000A LINE FEED (CRLF) character pair, a
            # single U+000A LINE FEED (LF) character, or a single U+000D CARRIAGE RETURN (CR) character."
            self._after_cr = data.endswith(b"\r")
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        events: list[StreamEvent] = []
        end = data.rfind(b"\n\n") if not self._in_block else -1
        if end >= 0:
            events = self._blocks(data[:end])
            data = data[end + 2 :]
        lines = data.split(b"\n")
        rest = lines.pop()
        if rest:
            self._tail.append(rest)
        self._lines(lines, events)
        return events

    def close(self) -> list[StreamEvent]:
        """The end of the body.  Always [], as a CR has ended its line already; then the parser is used up.

        "Once the end of the file is reached, any pending data must be discarded.  (If the file ends in the middle of an
        event, before the final empty line, the incomplete event is not dispatched.)"
        """
        rest = [*self._data, b"".join(self._tail)]
        self.outside = b"\n".join(filter(None, [*self._stray, *rest]))[:STRAY_LIMIT].decode("utf-8", "replace")
        self._tail.clear()
        self._data.clear()
        return []

    def _without_bom(self, data: bytes) -> bytes:
        """`data` behind what was held back so far, less a BOM; b"" while it can still become one.

        "The UTF-8 decode algorithm strips one leading UTF-8 Byte Order Mark (BOM), if any."
        """
        held = (self._start or b"") + data
        if len(held) < len(BOM) and BOM.startswith(held):
            self._start = held
            return b""
        self._start = None
        return held[len(BOM) :] if held.startswith(BOM) else held

    def _blocks(self, data: bytes) -> list[StreamEvent]:
        """The events of whole blocks: `data` begins with a block and ends before the blank line of its last one."""
        events: list[StreamEvent] = []
        for block in data.split(b"\n\n"):
            if block.startswith(b"data: ") and b"\n" not in block:
                text = str(block[6:], "utf-8", "replace")
                events.append(_new_tuple(StreamEvent, ("message", text, self.last_event_id, None)))
            elif block and (b"\n" in block or not block.startswith(b":")):  # else it is blank or one comment
                self._lines(block.split(b"\n"), events)
                self._dispatch(events)
        return events

    def _lines(self, lines: list[bytes], events: list[StreamEvent]) -> None:
        for line in lines:
            if line:
                self._in_block = True
                self._field(line)
            else:  # "If the line is empty (a blank line): Dispatch the event, as defined below."
                self._dispatch(events)

    def _field(self, line: bytes) -> None:
        """One line that is not empty.

        "Collect the characters on the line before the first U+003A COLON character (:), and let field be that string.
        [...] If value starts with a U+0020 SPACE character, remove it from value."  A comment has no field name, so it
        falls through like every other unknown name: "The field is ignored."
        """
        name, _, value = line.partition(b":")
        if value.startswith(b" "):
            value = value[1:]
        if name == b"data":
            self._data.append(value)
        elif name == b"event":
            self._event = value.decode("utf-8", "replace")
        elif name == b"id":
            # "If the field value does not contain U+0000 NULL, then set the last event ID buffer to the field value.
            # Otherwise, ignore the field."
            if b"\0" not in value:
                self._id = value.decode("utf-8", "replace")
        elif name == b"retry":
            self._retry(value)
        elif name:
            self._keep(line)

    def _keep(self, line: bytes) -> None:
        if self._stray_bytes < STRAY_LIMIT:
            self._stray.append(line[:STRAY_LIMIT])
            self._stray_bytes += len(line)

    def _retry(self, value: bytes) -> None:
        """ "If the field value consists of only ASCII digits, then interpret the field value as an integer in base ten,
        and set the event stream's reconnection time to that integer.  Otherwise, ignore the field."

        More digits than Python is willing to read (4300) are no time that anyone could wait for: ignored.
        """
        if not value.isdigit():
            return
        try:
            self._retry_ms = self.retry_ms = int(value)
        except ValueError:
            return

    def _dispatch(self, events: list[StreamEvent]) -> None:
        """The end of a block.

        "1. Set the last event ID string of the event source to the value of the last event ID buffer. 2. If the data
        buffer is an empty string, set the data buffer and the event type buffer to the empty string and return."  An
        empty `data` field is not an empty buffer: it has put a line feed there.
        """
        self.last_event_id = self._id
        if self._data:
            data = b"\n".join(self._data).decode("utf-8", "replace")
            events.append(StreamEvent(self._event or "message", data, self._id, self._retry_ms))
            self._data.clear()
        elif self._bare and self._event:
            events.append(StreamEvent(self._event, NO_DATA, self._id, self._retry_ms))
        self._event = ""
        self._retry_ms = None
        self._in_block = False


class NDJSONParser:
    """Bytes of a body with one JSON value a line in, one event named "message" for each line out.

    Lines end at LF or CRLF and nowhere else; blank ones are skipped; one BOM at the very start is dropped.  The lines
    are not looked into: data that is no JSON comes out as well.
    """

    outside = ""
    """Nothing: each line counts, whatever it is."""

    def __init__(self) -> None:
        self._tail: list[bytes] = []
        self._first = True

    @property
    def held_bytes(self) -> int:
        """How much is kept of what came: the line that is not finished."""
        return held_bytes(self._tail)

    def feed(self, data: bytes) -> list[StreamEvent]:
        """The lines that `data` completes, in order."""
        lines = data.split(b"\n")
        if len(lines) == 1:
            if data:
                self._tail.append(data)
            return []
        self._tail.append(lines[0])
        lines[0] = b"".join(self._tail)
        rest = lines.pop()
        self._tail = [rest] if rest else []
        return self._events(lines)

    def close(self) -> list[StreamEvent]:
        """The end of the body: a last line without a line end counts."""
        rest, self._tail = b"".join(self._tail), []
        return self._events([rest])

    def _events(self, lines: list[bytes]) -> list[StreamEvent]:
        if self._first:
            self._first = False
            lines[0] = lines[0].removeprefix(BOM)
        return [
            StreamEvent("message", line.removesuffix(b"\r").decode("utf-8", "replace"))
            for line in lines
            if line and not line.isspace()
        ]


_LINE_END = re.compile("\r\n|\r|\n")


def encode(
    data: str,
    event: str | None = None,
    id: str | None = None,  # noqa: A002 - it is the field's name
    retry_ms: int | None = None,
) -> bytes:
    """One event as it goes over the wire: `event`, `id` and `retry` lines as given, a `data` line for each of `data`.

    Line ends in `data` arrive as LF, whatever they were.  ValueError for what the format cannot carry: a line end in
    `event` or `id`, a NUL in `id`, a negative time.
    """
    lines = []
    if event is not None:
        lines.append(f"event: {event}" if not _LINE_END.search(event) else _refuse("event", event))
    if id is not None:
        lines.append(f"id: {id}" if not _LINE_END.search(id) and "\0" not in id else _refuse("id", id))
    if retry_ms is not None:
        lines.append(f"retry: {retry_ms}" if retry_ms >= 0 else _refuse("retry_ms", retry_ms))
    lines += [f"data: {line}" for line in _LINE_END.split(data)]
    return ("\n".join(lines) + "\n\n").encode()


def comment(text: str = "") -> bytes:
    """A comment block, which clients ignore: the usual sign of life of an idle stream."""
    return ("".join(f": {line}\n" for line in _LINE_END.split(text)) + "\n").encode()


def _refuse(name: str, value: object) -> NoReturn:
    raise ValueError(f"{name} cannot be sent in an event: {value!r}")
