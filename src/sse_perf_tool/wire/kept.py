"""A request on a kept connection: out in one write, and the head of its answer read in one go.

requests, urllib3 and http.client do the same work for each request, and nearly always to the same end: what differs
from one request to the next is its body.  So the first one of a kind goes through them, and its bytes are kept as they
were written (`Written`).  A later one of the same kind, on the connection on which that went, is written like it, and
its answer given out as it stands, when nothing in its head is for the libraries: it is an ordinary 2xx with a framed
body, sets no cookie and keeps the connection.  Redirects, errors, retries, interim answers, odd heads, a connection
that has ended, and time that is over: all of that is theirs.  They are called as ever, then, and find that the request
has been sent (`Early`); of its answer nothing was taken.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple, cast

import requests
from requests.structures import CaseInsensitiveDict

from .exchange import Exchange
from .head import plain_head
from .sockets import PumpedSocket

_LENGTH = re.compile(rb"\r\nContent-Length: (\d+)(?=\r\n|\Z)")
MOST_WRITTEN = 4096
"""So many different heads of requests are kept for all connections of a run: one for each API key, mostly."""

STATE, _NEWEST = "_HTTPConnection__state", "_HTTPConnection__response"
_IDLE, REQUEST_SENT = "Idle", "Request-sent"
"""How http.client's connection notes where it is (`HTTPConnection` in Lib/http/client.py, private but old)."""


class Written(NamedTuple):
    """A request as it was written, but for its body and the length of that."""

    before_length: bytes
    behind_length: bytes
    options: Any
    """What urllib3 notes for the response."""

    @classmethod
    def of(cls, request: bytes, body: bytes, options: Any) -> Written | None:
        """None when another cannot be made of it: it tells no length of its body, or has another body."""
        head, end, written = request.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if length is None or written != body or int(length[1]) != len(body):
            return None
        return cls(head[: length.start(1)], head[length.end(1) :] + end, options)

    def with_body(self, body: bytes) -> bytes:
        """The same request with another body."""
        return b"%b%d%b%b" % (self.before_length, len(body), self.behind_length, body)


class Early(NamedTuple):
    """A request that was sent before urllib3 and http.client were told to."""

    written: Written
    error: OSError | None = None
    """What sending it raised."""


def kind_of(method: str, url: str, headers: Mapping[str, str], options: Mapping[str, Any]) -> tuple[Any, ...]:
    """All that the head of a request depends on, but for the length of its body."""
    named = tuple([item for item in headers.items() if item[0] != "Content-Length"])
    return method, url, named, tuple(options.items())


def is_between_requests(connection: Any) -> bool:
    """Whether a connection of http.client is open and may carry a request now, as `putrequest` finds out."""
    noted = vars(connection)
    newest = noted.get(_NEWEST)
    if newest is not None and newest.isclosed():
        newest = noted[_NEWEST] = None
    return connection.sock is not None and newest is None and noted.get(STATE) == _IDLE


class Headers(dict[str, str]):
    """Headers by their names in small letters; asked for in any."""

    @classmethod
    def of(cls, plain: list[tuple[str, str]]) -> Headers:
        """Those of the same name become one, as in urllib3."""
        made = cls()
        for name, value in plain:
            lowered = name.lower()
            made[lowered] = f"{made[lowered]}, {value}" if lowered in made else value
        return made

    def get(self, name: str, default: Any = None) -> Any:
        """As of a dict."""
        return super().get(name.lower(), default)

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name.lower() if isinstance(name, str) else name)


class _Head(NamedTuple):
    """The head of an answer with which requests, urllib3 and http.client would do nothing."""

    text: bytes
    status: int
    reason: str
    headers: Headers
    length: int | None
    """Of the body; None: it is chunked."""


def _head_in(data: bytes) -> _Head | None:
    """The head that the first read of an answer begins with; None when the libraries have to see it."""
    if (found := plain_head(data)) is None or not 200 <= found.status < 300:
        return None
    headers = Headers.of(found.headers)
    chunked, length = headers.get("transfer-encoding", "").lower(), headers.get("content-length", "0")
    if "set-cookie" in headers or "close" in headers.get("connection", "").lower():
        return None
    if (chunked != "chunked" and chunked) or not (chunked or int(length)):
        return None
    return _Head(data[: found.size], found.status, found.reason, headers, None if chunked else int(length))


class KeptRaw:
    """What is used of urllib3's response: the body, and what becomes of the connection, which never left its pool."""

    def __init__(self, connection: Any, length: int | None, first: bytes) -> None:
        self.chunked = length is None
        self.length_remaining = length
        self.first = first
        """What came of the body with its head."""
        self._connection = connection

    def release_conn(self) -> None:
        """The connection may carry the next request."""
        self._connection = None

    def close(self) -> None:
        """Closes the connection, unless it was released."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


class KeptResponse(requests.Response):
    """A response of requests; `raw` gives its body."""

    def __init__(self, request: requests.PreparedRequest, head: _Head, raw: KeptRaw) -> None:
        # Not that of the library: it makes a jar for cookies, of which there are none, and half a dozen other things.
        self._content, self._content_consumed = cast(Any, False), False
        self.status_code, self.reason, self.url, self.request = head.status, head.reason, request.url or "", request
        self.headers, self.raw = cast(Any, head.headers), raw


class Kept:
    """The short way of the requests of one session."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._written: dict[tuple[Any, ...], Written] = {}
        """By URL, method and headers, those that went over `_connection` and are kept there, too."""
        self._connection: Any = None
        self._head: _Head | None = None
        """The newest: that of the next answer may be the same."""

    def learn(self, request: requests.PreparedRequest, response: requests.Response) -> None:
        """Notes how the libraries have written a request, whose answer has come."""
        connection = getattr(response.raw, "_connection", None)
        written, kind = getattr(connection, "newest", None), _kind_of_prepared(request)
        if written is None or kind is None:
            return
        if connection is not self._connection:
            self._connection = connection
            self._written.clear()
        self._written[kind] = written

    def send(self, request: requests.PreparedRequest, connection: Any) -> requests.Response | None:
        """Sends a request over this idle connection; None: the libraries are to send it.

        When they are, and its bytes have gone already, `connection.early` says so.
        """
        if connection is not self._connection or (kind := _kind_of_prepared(request)) is None:
            return None
        written = self._written.get(kind)
        if written is None or not is_between_requests(connection) or not connection.is_connected:
            return None
        exchange, pumped = self._exchange, connection.sock
        exchange.socket = pumped
        exchange.attempt(connection_open=True)
        try:
            pumped.sendall(written.with_body(cast(bytes, request.body)))
        except OSError as error:
            connection.early = Early(written, error)
            return None
        head = self._head_on(pumped)
        if head is None:
            connection.early = Early(written)
            return None
        _, data = pumped.take()
        raw = KeptRaw(connection, head.length, data[len(head.text) :])
        return KeptResponse(request, head, raw)

    def _head_on(self, pumped: PumpedSocket) -> _Head | None:
        """The head of the answer that comes; None when that, or what came in its place, is for the libraries."""
        try:
            arrived_ns, data = pumped.peek()
        except OSError:
            return None  # the time is over: it is over for them as well
        if not self._exchange.may_process(arrived_ns):
            return None
        if self._head is None or not data.startswith(self._head.text):
            self._head = _head_in(data)
        return self._head


def _kind_of_prepared(request: requests.PreparedRequest) -> tuple[Any, ...] | None:
    """All that the bytes of a request depend on but for its body; None when they depend on more."""
    headers, body = request.headers, request.body
    if type(body) is not bytes or type(headers) is not CaseInsensitiveDict:
        return None
    stored = vars(headers)["_store"]  # small letters -> (name, value); to ask for the items costs ten times as much
    if stored.get("content-length", ("", ""))[1] != str(len(body)):
        return None
    return request.method, request.url, *[item for name, item in stored.items() if name != "content-length"]
