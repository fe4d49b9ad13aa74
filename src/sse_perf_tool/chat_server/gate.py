"""The checks before every endpoint: hosts, API keys, limits of concurrent answers and of bodies; and the counters."""

from __future__ import annotations

import asyncio
import hmac
import re
import time

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .dialects import BY_PATH, dialect_at
from .engine import AnswerCutError
from .metrics import Metrics
from .settings import Settings, is_loopback
from .turn import AnswerError

_OPEN_PATHS = frozenset({"/", "/docs", "/health", "/metrics", "/openapi.json"})
"""Paths that ask for no key."""
_MOST_BODY_BYTES = 4 * 1024 * 1024


class Gate:
    """ASGI middleware before all the endpoints."""

    def __init__(self, app: ASGIApp, settings: Settings, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics
        self._keys = [key.encode() for key in settings.accepted_keys]
        self._most = settings.max_concurrent_connections
        self._hosts = settings.accepted_hosts
        self._receive_timeout_s = settings.receive_timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets an HTTP request in or refuses it, and counts how it went."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started_s = time.monotonic()
        status = 500

        async def send_and_note(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self._let_in(scope, receive, send_and_note)
        finally:
            self._metrics.request_done(_route(scope), status, time.monotonic() - started_s)

    async def _let_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        answers = scope["path"] in BY_PATH and scope["method"] == "POST"
        try:
            self._check(scope, answers)
        except AnswerError as error:
            await refusal(scope["path"], error, self._metrics)(scope, receive, send)
            return
        self._metrics.active += answers
        try:
            await self._app(scope, _bounded(receive, self._receive_timeout_s), send)
        except AnswerCutError:
            return  # without the end of the response: uvicorn then drops the connection, which is what was asked for
        finally:
            self._metrics.active -= answers

    def _check(self, scope: Scope, answers: bool) -> None:
        if not self._is_for_us(Headers(scope=scope).get("Host", "")):
            raise AnswerError(403, "wrong_host", "This server does not answer for that host; see ALLOWED_HOSTS.")
        if self._keys and scope["path"] not in _OPEN_PATHS and not self._knows(Headers(scope=scope)):
            raise AnswerError(401, "unauthorized", "The API key is missing or not one that this server accepts.")
        if answers and self._metrics.active >= self._most:
            raise AnswerError(503, "overloaded", f"The server is giving {self._most} answers already; try again later.")

    def _is_for_us(self, host: str) -> bool:
        """Whether a request for `host`, which no browser leaves out, may be answered."""
        name = re.sub(r":\d*$", "", host.strip()).lower().rstrip(".")
        return self._hosts is None or not name or name in self._hosts or is_loopback(name)

    def _knows(self, headers: Headers) -> bool:
        scheme, _, token = headers.get("Authorization", "").partition(" ")
        given = token.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "")
        # no short cut when one fits: the time taken is to tell nothing about the keys
        return sum(hmac.compare_digest(given.encode(), key) for key in self._keys) > 0


def refusal(path: str, error: AnswerError, metrics: Metrics) -> JSONResponse:
    """The response that says `error` in the words of the API at `path`; it is counted."""
    metrics.error(error.code)
    headers = {429: {"Retry-After": "1"}, 503: {"Retry-After": "1"}, 401: {"WWW-Authenticate": "Bearer"}}
    return JSONResponse(dialect_at(path).problem(error), error.status, headers.get(error.status))


def _route(scope: Scope) -> str:
    """The route for the counters; never the path as sent, since of those there is no end."""
    path = str(getattr(scope.get("route"), "path", scope["path"]))
    return path if "route" in scope or path in BY_PATH or path in _OPEN_PATHS else "other"


def _bounded(receive: Receive, timeout_s: float) -> Receive:
    """`receive` that refuses a body once it is too large to hold in memory, and one that is not whole in time."""
    size, whole = 0, False
    deadline_s = time.monotonic() + timeout_s

    async def receive_bounded() -> Message:
        nonlocal size, whole
        if whole:
            return await receive()  # that the client goes away, which may be at any time
        try:
            message = await asyncio.wait_for(receive(), deadline_s - time.monotonic())
        except asyncio.TimeoutError:  # in Python 3.10 it is not the TimeoutError of the language
            raise HTTPException(408, f"The body was not whole after {timeout_s:g} s.") from None
        whole = not message.get("more_body", False)
        size += len(message.get("body", b""))
        if size > _MOST_BODY_BYTES:
            raise HTTPException(413, f"The body is larger than {_MOST_BODY_BYTES} bytes.")
        return message

    return receive_bounded
