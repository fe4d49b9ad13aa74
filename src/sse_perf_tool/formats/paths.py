"""Dotted paths into the JSON of an event, as users give them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .base import Doc

EVENT_NAME = "@event"
"""Stands for the name of the SSE event."""
ALL = "*"
"""A step that means every item of a list, every value of an object."""

Getter = Callable[[str, Doc], Any]


def getter(path: object) -> Getter:
    """A function that gives what stands at `path`, None when there is nothing.

    With `*` in it, the texts of all places that fit, put together.
    """
    if not isinstance(path, str) or not path:
        return lambda _event, _doc: None
    if path == EVENT_NAME:
        return lambda event, _doc: event
    steps = path.split(".")
    if ALL in steps:
        return lambda _event, doc: "".join(_texts(doc, steps)) or None
    return lambda _event, doc: _at(doc, steps)


def _at(value: Any, steps: list[str]) -> Any:
    for step in steps:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def _texts(value: Any, steps: list[str]) -> list[str]:
    """The texts at a path with `*`."""
    if ALL not in steps:
        found = _at(value, steps)
        return [found] if isinstance(found, str) else []
    at = steps.index(ALL)
    many = _at(value, steps[:at])
    inner = many.values() if isinstance(many, dict) else many if isinstance(many, list) else ()
    return [text for each in inner for text in _texts(each, steps[at + 1 :])]


def written(value: object) -> str:
    """A value as text, true, false and null as JSON writes them; "True" and "False" are taken for these."""
    if value is None:
        return "null"
    if isinstance(value, bool) or value in ("True", "False"):
        return str(value).lower()
    return str(value)
