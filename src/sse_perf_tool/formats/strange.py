"""The events of an answer that its format does not know: how many they are, and where their text may stand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from .base import ERROR_LIMIT, Doc, text_of
from .failures import shown

_WORDS = ("message", "msg", "detail", "error_msg", "errmsg", "reason")
KEPT = 32
"""Events of no known format that are looked into, to find their text."""
MOST_TEXTS = 50
"""Texts of an event that are looked at."""
DEEPEST = 4
"""Objects within objects that are looked into for text."""
FIRST_CHARS = 400

_NAMES = ("delta", "text", "content", "token", "answer", "output", "response", "result", "message", "chunk", "data")
"""What text is called, the likeliest first."""
_NO_TEXT = re.compile(
    r"(^|[._])(ids?|type|event|object|model|role|status|state|time(stamp)?|created(_at)?|name|kind|index|version"
    r"|[a-z_]*_id|[a-zA-Z]*Id)$"
)
"""What text is never called."""
_PULSE = re.compile(r"ping|keep-?alive|heart-?beat", re.IGNORECASE)
_BROKEN = re.compile(r"\s*[{\[]|.*\"\s*:|.*[}\]]\s*$", re.DOTALL)
"""What is, or was, JSON: its begin, a name in it, or its end."""


class StrangeEvents:
    """Counts and examples of what could not be read."""

    def __init__(self) -> None:
        self.no_json = 0
        """Events whose data is no JSON object, though all others of the format are."""
        self.broken = 0
        """Those of them that were one before something cut them: text may have been in them."""
        self.first_no_json = ""
        self.unknown = 0
        """JSON events that say nothing in the format that is read."""
        self.said = ""
        """The words of the newest event that has a message for people."""
        self._looked = 0
        self._texts: dict[str, set[str]] = {}
        """By path, what stood there in the first events."""
        self._first = ""

    def add_data(self, name: str, data: str) -> None:
        """An event whose data is no JSON object."""
        if is_pulse(name, data):
            return
        self.no_json += 1
        if _BROKEN.match(data[:FIRST_CHARS]) or _BROKEN.match(data[-FIRST_CHARS:]):
            self.broken += 1
            if self.broken == 1:
                self.first_no_json = data[:FIRST_CHARS]
        self.first_no_json = self.first_no_json or data[:FIRST_CHARS]

    def add_doc(self, name: str, doc: Doc, nothing_read: bool) -> None:
        """A JSON event that brings no text; `nothing_read`: as have all events before it."""
        if not doc.keys().isdisjoint(_WORDS):
            self.said = next((text for key in _WORDS if (text := text_of(doc.get(key)))), self.said)[:ERROR_LIMIT]
        if not nothing_read or is_pulse(name, str(doc.get("type", ""))):
            return
        self.unknown += 1
        self.add_guessed(doc)

    def add_guessed(self, doc: Doc) -> None:
        """An event that shows no format, whatever a guess has read in it: its texts are kept, as far as they tell."""
        if self._looked < KEPT:
            self._looked += 1
            for path, text in islice(_texts_in(doc), MOST_TEXTS):
                self._texts.setdefault(path, set()).add(text[:FIRST_CHARS])
        self._first = self._first or shown(doc)[:FIRST_CHARS]

    @property
    def first(self) -> str:
        """The first event of no known format."""
        return self._first or self.first_no_json

    def text_path(self) -> str | None:
        """Where the text of these events seems to stand, as `--text-path` takes it; None when nothing looks like it.

        Text differs from event to event, and what it is called is known: `delta`, `text`, `content`, ...
        """
        likely = {path: texts for path, texts in self._texts.items() if not _NO_TEXT.search(path)}
        return min(likely, key=lambda path: (-len(likely[path]), _rank(path), len(path)), default=None)


def is_pulse(name: str, text: str) -> bool:
    """Whether an event is a sign of life: named ping or heartbeat, or saying no more than that."""
    return bool(_PULSE.match(name)) or (len(text) < 40 and bool(_PULSE.search(text)) and not text.startswith("{"))


def _rank(path: str) -> int:
    last = re.split(r"[._]", path.lower())[-1]
    return _NAMES.index(last) if last in _NAMES else len(_NAMES)


def _texts_in(value: Any, path: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """(dotted path, text) of each string in a JSON value."""
    if isinstance(value, str):
        if value and path:
            yield path, value
    elif depth < DEEPEST and isinstance(value, (dict, list)):
        pairs = value.items() if isinstance(value, dict) else enumerate(value[:3])
        for key, inner in pairs:
            if "." not in str(key):
                yield from _texts_in(inner, f"{path}.{key}" if path else str(key), depth + 1)
