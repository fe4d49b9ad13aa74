"""Requests beside the one of each answer: how a session is opened, and how a stream is started before it is fetched.

A format says it as a generator: it yields each request that has to be sent before those that are measured (`Ask`), is
given what came back (`Told`), and returns the `Session`, or None when the last answer says why there is none.  Who
drives it has the sockets.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any, NamedTuple


class Ask(NamedTuple):
    """A request beside those that are measured."""

    name: str
    """What it does, for the message when it fails."""
    body: bytes = b""
    headers: Mapping[str, str | None] = {}
    """Instead of those of other requests; None: without that header."""
    method: str = "POST"
    url: str = ""
    """"": that of the requests."""
    answered: Callable[[dict[str, Any]], bool] = lambda _doc: False
    """Whether an object in a stream of events is all that is waited for: some servers end none."""


class Told(NamedTuple):
    """What came back."""

    status: int
    headers: Mapping[str, str]
    """By their names in small letters."""
    docs: Sequence[dict[str, Any]]
    """The JSON object that the body is, or those of its events."""
    body: bytes = b""

    @property
    def ok(self) -> bool:
        """Whether the status says so."""
        return 200 <= self.status < 300


def as_it_is(body: bytes) -> tuple[bytes, Mapping[str, str | None]]:
    """A request that the session changes nothing in."""
    return body, {}


def any_error(_status: int, _body: bytes) -> bool:
    """The session is given up whatever the HTTP error is."""
    return True


class Session(NamedTuple):
    """What the requests of a user have of their session."""

    id: str = ""
    """Stands for the id of the conversation in their bodies."""
    headers: Mapping[str, str | None] = {}
    """As in `Ask`, for all of them."""
    dress: Callable[[bytes], tuple[bytes, Mapping[str, str | None]]] = as_it_is
    """The body of a request -> that body and the headers as they go out."""
    end: Ask | None = None
    """What tells the server that it may forget the session."""
    lost: Callable[[int, bytes], bool] = any_error
    """(status, body) of an HTTP error -> whether the server does not know the session any more."""


class Pair(NamedTuple):
    """Two POSTs for one answer: the first starts it and has the query, the second one fetches its stream."""

    start_url: str
    fetch_url: str
    fetch_body: bytes
    told: str
    """Where the JSON answer to the first has the id of what has started."""


Opening = Generator[Ask, Told, "Session | None"]

Opens = Callable[[Mapping[str, str]], Opening]
"""(what the user has given as headers, by their names in small letters) -> how a session is opened."""
