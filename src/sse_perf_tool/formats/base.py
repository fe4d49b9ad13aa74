"""What a format is: one row of facts and one function that reads an event.

A format module holds pure functions over one decoded JSON object and a `FORMAT` row; `formats/__init__.py` lists the
rows.  Nothing here knows of sockets, time or threads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..records import Delta

EMPTY = Delta()
"""An event that says nothing."""

ReadEvent = Callable[[str, dict[str, Any]], Delta]
"""(name of the event, its data as a JSON object) -> what it adds to the answer."""

Options = Mapping[str, Any]
"""What the user or the request says about the stream: keys as in tests/vectors/README.md."""


@dataclass(frozen=True, slots=True)
class Format:
    """One API format.

    `reader(options)` gives a fresh function for one answer (most formats give the same pure function each time; one
    that must remember something closes over it).  `detects(event_name, document)` is True when an event can only be of
    this format.  `paths` are regular expressions searched in the URL's path, `hosts` in its host name.  `body(query, model,
    user, conversation_id)` is the smallest request that streams and asks for usage.  `auth` is the header that carries
    the key and the text before it, None for none; `needs_key` says whether a run without a key makes sense.
    """

    name: str
    title: str
    reader: Callable[[Options], ReadEvent]
    detects: Callable[[str, dict[str, Any]], bool]
    body: Callable[[str, str, str, str], dict[str, Any]]
    paths: Sequence[str] = ()
    hosts: Sequence[str] = ()
    auth: tuple[str, str] = ("Authorization", "Bearer ")
    headers: Mapping[str, str] = field(default_factory=dict)
    needs_key: bool = True
    ndjson: bool = False
    default_model: str = ""
