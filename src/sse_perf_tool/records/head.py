"""The response headers that tell which server or proxy sent an answer."""

from __future__ import annotations

from typing import NamedTuple

MOST_HEADS = 8
"""So many different ones are kept: a service has one, one of many parts a few."""


class AnswerHead(NamedTuple):
    """What a head says of the server and of what stands before it; None: it does not say.

    Texts are as they came, in one line of printable characters, without secrets.
    """

    server: str | None = None
    """`Server`."""
    via: str | None = None
    """`Via`: the proxies that name themselves."""
    powered_by: str | None = None
    """`X-Powered-By`."""
    content_encoding: str | None = None
    """`Content-Encoding`; None when the body came as it is."""
    framing: str = ""
    """How the end of the body is told: "chunked", "length" (`Content-Length`) or "close" (of the connection)."""
    connection_close: bool = False
    """`Connection: close`: each request needs a connection of its own."""
