"""The spans of a line of records, checked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .checked import UnfitError
from .stream import Kind, Span

MOST_SPANS, NAME_CHARS = 256, 80
LONGEST_US = 31 * 24 * 3600 * 1_000_000

SPAN_KINDS = frozenset(kind.value for kind in Kind) - {"step_begin", "step_end", "tool_end"}


def spans_of(document: Any) -> tuple[Span, ...]:
    """The spans of a line of records, () where there are none; `UnfitError`."""
    if document is None:
        return ()
    if type(document) is not list or len(document) > MOST_SPANS:
        raise UnfitError("spans")
    return tuple(map(_span_of, document))


def _span_of(row: Any) -> Span:
    fits = type(row) is list and len(row) == len(Span._fields) and _fits(row)
    if not fits:
        raise UnfitError("spans")
    return Span(*row)


def _fits(row: Sequence[Any]) -> bool:
    kind, name, begin_us, lasted_us, events = row
    numbers = [begin_us, events] if lasted_us is None else [begin_us, events, lasted_us]
    return (
        kind in SPAN_KINDS
        and type(name) is str
        and len(name) <= NAME_CHARS
        and all(type(number) is int and 0 <= number <= LONGEST_US for number in numbers)
    )
