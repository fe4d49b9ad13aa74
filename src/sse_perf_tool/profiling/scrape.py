"""Fetches a page of metrics, bounded in time and size."""

from __future__ import annotations

import time
from urllib.parse import unquote, urlsplit, urlunsplit

import urllib3

CONNECT_S, WHOLE_S = 1.0, 2.0
"""How long a connection and a whole page may take."""
MOST_BYTES = 8 << 20
"""Pages of inference servers have some 50 kB."""
_HEADERS = {"Accept": "text/plain;version=0.0.4, */*;q=0.1", "User-Agent": "sse-perf"}


class ScrapeError(Exception):
    """Why there is no page, in a few words without the URL."""


class Scraper:
    """Fetches one URL again and again over one connection; `verify` as `requests` takes it."""

    def __init__(self, url: str, verify: bool | str = True) -> None:
        parts = urlsplit(url)
        headers = dict(_HEADERS)
        if parts.username is not None:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            headers |= urllib3.make_headers(basic_auth=pair)
        self._url = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment=""))
        self._pool = urllib3.PoolManager(
            headers=headers,
            retries=False,
            timeout=urllib3.Timeout(connect=CONNECT_S, read=WHOLE_S),
            cert_reqs="CERT_REQUIRED" if verify else "CERT_NONE",
            ca_certs=verify if isinstance(verify, str) else None,
        )

    def page(self) -> str:
        """The page as text; ScrapeError."""
        end_s = time.monotonic() + WHOLE_S
        try:
            answer = self._pool.request("GET", self._url, redirect=False, preload_content=False, decode_content=False)
            try:
                return self._read(answer, end_s)
            finally:
                answer.release_conn()
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise ScrapeError(_words(error)) from error

    def _read(self, answer: urllib3.BaseHTTPResponse, end_s: float) -> str:
        if answer.status != 200:
            answer.close()
            raise ScrapeError(f"HTTP {answer.status}")
        body = bytearray()
        while piece := answer.read1(1 << 16):
            body += piece
            if len(body) > MOST_BYTES or time.monotonic() > end_s:
                answer.close()
                said = f"more than {MOST_BYTES >> 20} MB" if len(body) > MOST_BYTES else f"took over {WHOLE_S:g} s"
                raise ScrapeError(said)
        return body.decode("utf-8", "replace")


_KINDS = (
    (urllib3.exceptions.SSLError, "TLS error"),
    (urllib3.exceptions.NewConnectionError, "no connection"),  # before its base class
    (urllib3.exceptions.ConnectTimeoutError, "no connection in time"),
    (urllib3.exceptions.ReadTimeoutError, "no answer in time"),
)


def _words(error: Exception) -> str:
    """What kind of failure it is; the words of the error itself hold the URL."""
    return next((words for kind, words in _KINDS if isinstance(error, kind)), type(error).__name__)
