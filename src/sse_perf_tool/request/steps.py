"""Requests around the one that is measured: a first one that opens a session, and a GET that fetches the stream."""

from __future__ import annotations

import json
from typing import NamedTuple
from urllib.parse import quote

from ..formats.base import id_of
from ..formats.body import load_value
from ..formats.paths import getter

ANSWER_BYTES = 65_536
"""How much of an answer is read to find an id in it."""
PLACE = "{id}"
"""Where the id of the first answer stands in the URL of the second request."""


class Opening(NamedTuple):
    """The first request of each user, a POST: the id in its JSON answer is that of the conversation."""

    url: str
    body: bytes = b"{}"
    path: str = "id"
    """Where the id stands in the answer."""


class Following(NamedTuple):
    """A GET after each POST, whose answer has an id: what it gets is the stream."""

    url: str
    """With `PLACE` in it."""
    path: str = "id"

    def url_for(self, own_id: str) -> str:
        """The URL that fetches the stream of this id."""
        return self.url.replace(PLACE, quote(own_id, safe=""))


def id_in(body: bytes, path: str) -> str | None:
    """The id at a path of a JSON document, None when there is none."""
    doc = load_value(body.decode("utf-8", "replace"))
    return None if doc is None else id_of(getter(path)("", doc))


def body_of(document: object) -> bytes:
    """The body of the first request."""
    return json.dumps(document, ensure_ascii=False).encode()
