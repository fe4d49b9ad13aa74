"""The part of the response headers that is recorded: who sent the answer, and how."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..records import AnswerHead
from ..texts import printable

HEADER_CHARACTERS = 200
"""So much of a header is kept: it may be anything."""


class Heads:
    """Those of the answers that one thread gets; `mask` takes secrets out of foreign text."""

    def __init__(self, mask: Callable[[str], str]) -> None:
        self._mask = mask
        self._before: tuple[object, ...] = ()
        self._headers: Mapping[str, str] = {}

    def new(self, headers: Mapping[str, str], raw: Any) -> AnswerHead | None:
        """The head of an answer whose body was not read yet, None when it is that of the answer before.

        `raw` is urllib3's response: it knows how the end of the body is told.
        """
        if headers is self._headers:
            return None  # the wire has seen that the bytes of the head are the same
        self._headers = headers
        get = headers.get
        named = (get("Server"), get("Via"), get("X-Powered-By"), get("Content-Encoding"))
        framing = "chunked" if raw.chunked else "close" if raw.length_remaining is None else "length"
        connection = get("Connection")
        seen = (*named, framing, connection)
        if seen == self._before:
            return None
        self._before = seen
        server, via, powered_by, encoding = map(self._kept, named)
        encoding = None if encoding is not None and encoding.lower() == "identity" else encoding
        options = {option.strip().lower() for option in (connection or "").split(",")}
        return AnswerHead(server, via, powered_by, encoding, framing, "close" in options)

    def _kept(self, value: str | None) -> str | None:
        return printable(self._mask(value), HEADER_CHARACTERS) or None if value else None
