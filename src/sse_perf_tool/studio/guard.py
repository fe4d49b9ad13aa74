"""Decides whether a request is answered at all, before any route sees it, and puts the headers on every answer.

A page of another origin must neither read nor start anything here, though it runs in a browser on the same machine:

* `Host` has to be a name of this server, so that a name that was rebound to 127.0.0.1 does not count as ours.
* `Sec-Fetch-Site` and `Origin`, where a browser sends them, have to say that the request comes from our own page; what
  changes something has to say so.
* The token of this start has to be there: as a cookie that scripts cannot read, or as `Authorization: Bearer`.
"""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Iterable, Mapping
from hashlib import sha256
from html import escape
from typing import Any
from urllib.parse import parse_qs

from ..texts import Texts, speaker
from .errors import refusal

TEXTS: Texts = {
    "host": (
        "this name is not one of the studio's; start it with --allow-host NAME if it should be",
        "该主机名不属于此 Studio；如需使用，请以 --allow-host 名称 启动",
    ),
    "origin": ("asked for by a page of another origin", "请求来自其他来源的页面"),
    "token": (
        "open the link that stands in the terminal in which the studio was started",
        "请打开启动 Studio 的终端中显示的链接",
    ),
    "media_type": ("send a body as application/json", "请求体须为 application/json"),
    "too_large": ("the body is larger than 1 MiB", "请求体超过 1 MiB"),
    "continue": ("open the studio", "打开 Studio"),
}

STATUS = {"host": 421, "origin": 403, "token": 401, "media_type": 415, "too_large": 413}

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""What a page of ours may load and do."""

LARGEST_BODY = 1 << 20

SAFE_METHODS = frozenset({"GET", "HEAD"})

Scope = Mapping[str, Any]


class Door:
    """The names and the token under which the studio may be asked for.  A new token each start."""

    def __init__(self, host: str, port: int, allowed: Iterable[str] = (), token: str | None = None) -> None:
        self.token = token or secrets.token_urlsafe(32)
        self.cookie = f"sse_perf_studio_{port}"
        # What the browser keeps is not what stands in the link.
        self.secret = sha256(f"cookie {self.token}".encode()).hexdigest()
        own = host if host not in ("", "0.0.0.0", "::") else "localhost"  # noqa: S104 - compared, not listened on
        names = {"127.0.0.1", "localhost", "[::1]", f"[{own}]" if ":" in own else own}
        self.hosts = {f"{name}:{port}" for name in names}
        if port == 80:
            self.hosts |= names
        for name in (name.lower() for name in allowed):
            bare = name.endswith("]") or ":" not in name
            self.hosts |= {name, f"{name}:{port}"} if bare else {name}
        self.origins = {f"{scheme}://{name}" for scheme in ("http", "https") for name in self.hosts}
        shown = "127.0.0.1" if own == "localhost" else (f"[{own}]" if ":" in own else own)
        self.url = f"http://{shown}:{port}/"

    @property
    def link(self) -> str:
        """What a person opens."""
        return f"{self.url}?token={self.token}"

    def knows(self, given: str, secret: str) -> bool:
        """Compares in a time that tells nothing."""
        return hmac.compare_digest(given.encode("utf-8", "replace"), secret.encode())


class Guard:
    """ASGI middleware around the whole application."""

    def __init__(self, app: Any, door: Door, lang: str = "en") -> None:
        self._app, self._door, self._lang = app, door, lang

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Passes on what may be asked; every other request is answered here."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        headers = _Headers(scope)
        path = scope["path"]
        refused = self._refused(scope, headers)
        if refused in (None, "origin") and self._is_entry(scope):
            await self._enter(headers, send)
        elif refused is not None or not self._is_known(headers):
            await self._refuse(refused or "token", path, headers, send)
        else:
            await self._app(scope, _bounded(receive), _with_headers(send, path))

    def _refused(self, scope: Scope, headers: _Headers) -> str | None:
        """Why a request is refused whatever it knows; None when it is not."""
        hosts = headers.all("host")
        if len(hosts) != 1 or hosts[0].lower() not in self._door.hosts:
            return "host"
        if headers.get("sec-fetch-site") not in ("", "same-origin", "none"):
            return "origin"
        origins = headers.all("origin")
        if any(origin.lower() not in self._door.origins for origin in origins):
            return "origin"
        if scope["method"] in SAFE_METHODS:
            return None
        if not origins and not self._has_bearer(headers):
            return "origin"
        length = headers.get("content-length")
        if length.isdecimal() and int(length) > LARGEST_BODY:
            return "too_large"
        has_body = length not in ("", "0") or headers.get("transfer-encoding")
        media_type = headers.get("content-type").partition(";")[0].strip().lower()
        return "media_type" if (has_body or media_type) and media_type != "application/json" else None

    def _is_entry(self, scope: Scope) -> bool:
        """Whether it is the link of the terminal, with the right token."""
        if scope["method"] != "GET" or scope["path"] != "/":
            return False
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [])
        return len(given) == 1 and self._door.knows(given[0], self._door.token)

    def _is_known(self, headers: _Headers) -> bool:
        if self._has_bearer(headers):
            return True
        pairs = (part.strip().partition("=") for line in headers.all("cookie") for part in line.split(";"))
        return any(name == self._door.cookie and self._door.knows(value, self._door.secret) for name, _, value in pairs)

    def _has_bearer(self, headers: _Headers) -> bool:
        """Whether it is a script that was given the token; no page of another origin can say so."""
        scheme, _, given = headers.get("authorization").partition(" ")
        return scheme.lower() == "bearer" and self._door.knows(given.strip(), self._door.token)

    async def _enter(self, headers: _Headers, send: Any) -> None:
        """Changes the token for a cookie.

        A link that was followed on a page of another site, as a terminal in the browser is one, would not carry the
        cookie over a redirect: there a page of ours leads on.
        """
        cookie = f"{self._door.cookie}={self._door.secret}; Path=/; HttpOnly; SameSite=Strict"
        own = [(b"set-cookie", cookie.encode())]
        if headers.get("sec-fetch-site") in ("", "same-origin", "none"):
            await _answer(send, 303, b"", [*own, (b"location", b"/")])
            return
        said = escape(speaker(TEXTS, self._language(headers))("continue"))
        page = f'<!doctype html><meta http-equiv="refresh" content="0;url=/"><a href="/">{said}</a>'
        await _answer(send, 200, page.encode(), [*own, (b"content-type", b"text/html; charset=utf-8")])

    async def _refuse(self, code: str, path: str, headers: _Headers, send: Any) -> None:
        message = speaker(TEXTS, self._language(headers))(code)
        if path.startswith("/api") or code != "token":
            body, kind = json.dumps(refusal(code, message), ensure_ascii=False), "application/json"
        else:
            body, kind = f"<!doctype html><title>STUDIO</title><p>{escape(message)}</p>", "text/html; charset=utf-8"
        await _answer(send, STATUS[code], body.encode(), [(b"content-type", kind.encode())])

    def _language(self, headers: _Headers) -> str:
        return language_asked(headers.get("accept-language")) or self._lang


def language_asked(accepted: str) -> str | None:
    """The first language of ours that `Accept-Language` names; its order is taken for its preference."""
    for part in accepted.split(","):
        name = part.partition(";")[0].strip().lower()[:2]
        if name in ("en", "zh"):
            return name
    return None


class _Headers:
    """The headers of a request, by their names in lower case."""

    def __init__(self, scope: Scope) -> None:
        self._pairs = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"]]

    def all(self, wanted: str) -> list[str]:
        return [value for name, value in self._pairs if name == wanted]

    def get(self, wanted: str) -> str:
        return next(iter(self.all(wanted)), "")


_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
_POLICY_HEADER = (b"content-security-policy", POLICY.encode())
_NO_STORE = (b"cache-control", b"no-store")


async def _answer(send: Any, status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    length = (b"content-length", str(len(body)).encode())
    all_headers = [*headers, length, _POLICY_HEADER, _NO_STORE, *_HEADERS]
    await send({"type": "http.response.start", "status": status, "headers": all_headers})
    await send({"type": "http.response.body", "body": body})


def _with_headers(send: Any, path: str) -> Any:
    """`send`, with our headers on the answer; a policy and a cache rule of its own stay."""

    async def sending(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            headers = list(message.get("headers", ()))
            own = {name.lower() for name, _ in headers}
            added = list(_HEADERS) + [pair for pair in (_POLICY_HEADER,) if pair[0] not in own]
            if b"cache-control" not in own and not path.startswith("/static/"):
                added.append(_NO_STORE)
            message = {**message, "headers": [*headers, *added]}
        await send(message)

    return sending


def _bounded(receive: Any) -> Any:
    """`receive`, which ends a body that grows beyond the bound as if the client had left."""
    seen = 0

    async def receiving() -> Any:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        return message if seen <= LARGEST_BODY else {"type": "http.disconnect"}

    return receiving
