"""Milestones that the user names: `NAME=PATH`, `NAME=PATH=VALUE`, `NAME=event:EVENT`.

`NAME` is what the milestone is called, a moment of an answer; or the kind of the event (`tool_call`, `tool_result`,
`step_begin`, `step_end`, `citation`, `keep_alive`), whose name is the text at the path; or both, as in
`step_begin:retrieval`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..records import Delta, Kind, Mark
from .base import Doc, ReadEvent, text_of
from .paths import Getter, getter, written

KINDS = {
    kind.value: kind
    for kind in (Kind.TOOL_CALL, Kind.TOOL_RESULT, Kind.STEP_BEGIN, Kind.STEP_END, Kind.CITATION, Kind.KEEP_ALIVE)
}
_EVENT = "event:"


class Marker(NamedTuple):
    """One such rule, parsed."""

    kind: Kind
    name: str
    event: str
    """The event that it is; "" where a path tells."""
    value_at: Getter
    value: str | None
    """What must stand there; None: anything but null."""
    named_by_value: bool

    def mark(self, event: str, doc: Doc) -> Mark | None:
        """What an event is by this rule, None for nothing."""
        if self.event:
            fits = self.event in (event, text_of(doc.get("type")), text_of(doc.get("event")))
            return Mark(self.kind, self.name) if fits else None
        found = self.value_at(event, doc)
        if found is None or (self.value is not None and written(found) != self.value):
            return None
        return Mark(self.kind, text_of(found) if self.named_by_value else self.name)


def parse(text: str) -> Marker | None:
    """The rule that a text is, None when it is none."""
    name, equals, where = text.partition("=")
    name, where = name.strip(), where.strip()
    head, _, label = name.partition(":")
    kind = KINDS.get(head)
    if not (name and equals and where) or (label and kind is None) or where == _EVENT:
        return None
    called = label or ("" if kind is not None else name)
    if where.startswith(_EVENT):
        return Marker(kind or Kind.STEP, called, where.removeprefix(_EVENT), getter(None), None, False)
    path, with_value, value = where.partition("=")
    if not all(path.split(".")):
        return None
    by_value = kind is not None and not label and not with_value
    return Marker(kind or Kind.STEP, called, "", getter(path), written(value) if with_value else None, by_value)


def marking(read: ReadEvent, rules: Sequence[object]) -> ReadEvent:
    """The same reader, whose events also are what the rules say."""
    markers = [marker for rule in rules if isinstance(rule, str) and (marker := parse(rule)) is not None]

    def marked(event: str, doc: Doc) -> Delta:
        delta = read(event, doc)
        found = tuple(mark for marker in markers if (mark := marker.mark(event, doc)) is not None)
        return delta._replace(marks=(*delta.marks, *found)) if found else delta

    return marked if markers else read
