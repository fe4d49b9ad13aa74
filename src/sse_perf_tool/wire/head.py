"""Parses the status line and headers of a response in one step when they are ordinary.

http.client hands every head to the parser for e-mails, line by line; that takes a tenth of all that a request costs
this process.  Nearly every head is plain, though: it came whole, each line is `name: value`, and it answers with
HTTP/1.1.  Such a one is cut up here; everything else goes the usual way, so that what is odd is judged by http.client.
"""

from __future__ import annotations

import re
from http.client import HTTPMessage, HTTPResponse
from typing import Any, NamedTuple

from .sockets import PumpedSocket

HEAD_BYTES = 16_384
"""A longer head is not ordinary."""

_ORDINARY = re.compile(
    # RFC 9112, sections 4 and 5: a status line, then lines `name: value` without folding or stray line ends.  204 and
    # 304 have no body, whatever their head says.
    rb"HTTP/1\.1 (?!204|304)([2-5][0-9]{2})(?: ([^\r\n]*))?\r\n((?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\r\n\0]*\r\n)*)\r\n"
)
SWITCHING = 101
MOST_HEADERS = 100
"""As many as http.client takes."""


class PlainHead(NamedTuple):
    """An ordinary head of an answer, cut up."""

    size: int
    status: int
    reason: str
    headers: list[tuple[str, str]]


def plain_head(data: bytes) -> PlainHead | None:
    """The head that `data`, the first read of an answer, begins with; None when it wants a closer look."""
    found = _ORDINARY.match(data[:HEAD_BYTES])
    headers = None if found is None else _plain_headers(found[3])
    if found is None or headers is None:
        return None
    return PlainHead(found.end(), int(found[1]), (found[2] or b"").decode("iso-8859-1").strip(), headers)


class TimedResponse(HTTPResponse):
    """http.client's response with a short cut for its head."""

    fp: Any
    _method: str | None
    headers: Any
    plain: list[tuple[str, str]] | None = None
    """The headers of an ordinary head, one by one; None: http.client has read it."""

    def _read_status(self) -> tuple[str, int, str]:
        """The status line of the final answer: those before it (100, 102, 103, ...) only say that it will come."""
        while True:  # as long as the head is not longer than a head may be
            version, status, reason = super()._read_status()  # type: ignore[misc]
            if not 100 <= status < 200 or status == SWITCHING:
                return version, status, reason
            while self.fp.readline(HEAD_BYTES).strip():
                pass
            if isinstance(pumped := getattr(getattr(self.fp, "raw", None), "_sock", None), PumpedSocket):
                pumped.exchange.interim(pumped.holds_more(self.fp))

    def _close_conn(self) -> None:
        """The end of this answer.  What its reader holds of the connection beyond it belongs to no other."""
        pumped = getattr(getattr(self.fp, "raw", None), "_sock", None)
        if isinstance(pumped, PumpedSocket) and pumped.left_in(self.fp):
            pumped.soiled = True
        super()._close_conn()  # type: ignore[misc]

    def begin(self) -> None:
        """Reads the head, as `HTTPResponse.begin` does."""
        found = plain_head(self.fp.peek(1)) if self.headers is None and self._method != "HEAD" else None
        if found is None:
            super().begin()
            return
        self.plain, message = found.headers, HTTPMessage()
        for name, value in found.headers:
            message.set_raw(name, value)
        self.fp.read(found.size)
        self.code = self.status = found.status
        self.reason = found.reason
        self.version = 11
        self.headers = self.msg = message
        self.chunked = (message.get("transfer-encoding") or "").lower() == "chunked"
        self.chunk_left = None
        length = message.get("content-length")
        self.length = None if self.chunked or length is None else int(length)
        self.will_close = self._check_close() or not (self.chunked or self.length is not None)  # type: ignore[attr-defined]


def _plain_headers(lines: bytes) -> list[tuple[str, str]] | None:
    """The headers in lines that each have their end; None when they want a closer look."""
    headers = []
    for line in lines.decode("iso-8859-1").split("\r\n")[:-1]:
        name, _, value = line.partition(":")
        headers.append((name, value.lstrip(" \t")))
    lengths = [value for name, value in headers if name.lower() == "content-length"]
    plain = len(lengths) < 2 and all(re.fullmatch(r"[0-9]{1,18}", length) for length in lengths)
    return headers if plain and len(headers) <= MOST_HEADERS else None
