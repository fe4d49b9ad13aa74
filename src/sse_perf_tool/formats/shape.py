"""The text of an event that differs from the one before in its text alone, without reading its JSON.

The chunks of an answer are the same document again and again (same id, same model, same choice), with another text at
one place.  So a `Shape` is what stands before and behind that text in the bytes of an event.  What begins and ends so
and has between the two nothing that JSON escapes is the same document with that text; see `shape_of` for how the place
is made sure of.

Where it was built, `_alike.c` takes many such events at once out of the reads that an answer has gathered.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ..compiled import compiled_part
from ..records import Delta, TextMode
from .base import Doc
from .body import fast_loads

PROBE = "\ue000probe\ue001"
"""A text that no answer has: characters of the private use area."""
_FIELD, _END = b"data: ", b"\n\n"
API = 1


Queued = tuple[Sequence[tuple[int, bytes]], int, int, bool]
"""Reads of a body as (time, bytes), the first that is next, how many may be taken at once, and whether each is framed
as a chunk of HTTP/1.1."""


class Alike(NamedTuple):
    """Of reads of one event of a shape each: when they came, three numbers of each as `lumps_of` takes them, and texts.

    The second of the three is how many bytes of the body there were up to its end.
    """

    times: list[int]
    notes: list[int]
    texts: list[str]


NONE_ALIKE = Alike([], [], [])


def compiled_take() -> Callable[..., tuple[list[int], list[int], list[str]]] | None:
    """`take` of `_alike`; None where it is not to be had, see `compiled_part`."""
    module: Any = compiled_part(f"{__package__}._alike", API)
    return None if module is None else module.take


class Shape:
    """Bytes of an event before and behind its text."""

    __slots__ = ("_before", "_behind", "_from", "_take", "_to")

    def __init__(self, before: bytes, behind: bytes) -> None:
        self._before, self._behind = before, behind
        self._from, self._to = len(before), -len(behind)
        self._take = compiled_take()

    def text_in(self, data: bytes) -> str:
        """The text of an event of this shape; "" when it is none, and when its text wants a closer look."""
        if not (data.startswith(self._before) and data.endswith(self._behind)):
            return ""
        raw = data[self._from : self._to]
        if b'"' in raw or b"\\" in raw:
            return ""
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            return ""
        # Which says that there are no control characters either; JSON has them escaped.
        return text if text.isprintable() else ""

    def texts_in(self, data: bytes) -> list[str]:
        """The texts of several events of this shape that came in one read; [] when that is not all that it holds."""
        events = data.split(_END)
        if len(events) < 3 or events.pop():
            return []
        texts = [self.text_in(event + _END) for event in events]
        return texts if all(texts) else []

    def take(self, queued: Queued, body_bytes: int) -> Alike:
        """What the next reads bring that are one event of this shape each; `body_bytes` of the body came before them.

        Nothing is taken from a read on that wants a closer look, and nothing at all where `_alike.c` was not built.
        """
        take = self._take
        return NONE_ALIKE if take is None else Alike(*take(*queued, self._before, self._behind, body_bytes))

    def fits(self, data: bytes) -> bool:
        """Whether this is an event of this shape whose text may hold escapes, but no quotation marks."""
        raw = data[self._from : self._to]
        return data.startswith(self._before) and data.endswith(self._behind) and b'"' not in raw


def shape_of(data: bytes, delta: Delta, read: Callable[[Doc], Delta]) -> Shape | None:
    """The shape of an event of one `data` line, which was read as `delta`; None when it has none.

    It has one when it brought text and nothing that comes once, the text stands in it at one place only, and with
    `PROBE` at that place it is read as the same with that text.
    """
    text = delta.text
    usual = Delta(text, message_id=delta.message_id, conversation_id=delta.conversation_id)
    if not text or delta != usual or delta.mode is not TextMode.ADD or not text.isprintable():
        return None
    quoted = b'"%b"' % text.encode("utf-8", "replace")
    at = data.find(quoted)
    if at < 0 or data.find(quoted, at + 1) >= 0:
        return None
    before, behind = data[: at + 1], data[at + len(quoted) - 1 :]
    try:
        probed = fast_loads((before + PROBE.encode() + behind)[len(_FIELD) : -len(_END)])
    except ValueError:
        return None
    if type(probed) is not dict or read(probed) != delta._replace(text=PROBE):
        return None
    return Shape(before, behind)
