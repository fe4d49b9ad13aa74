"""Checks for the values of the flags that show a run elsewhere while it goes on."""

from __future__ import annotations

from urllib.parse import urlunsplit

from ..errors import UsageError
from ..texts import Say
from . import checks

SIGNALS = ("/v1/metrics", "/v1/traces")
"""What an exporter puts behind the URL of a collector."""


def listening(text: str, say: Say) -> tuple[str, int]:
    """ADDR:PORT to listen on; port 0 is any that is free."""
    host, colon, port = text.rpartition(":")
    bare = ":" not in host or (host.startswith("[") and host.endswith("]"))
    if not colon or not host or not bare or not port.isdecimal() or not port.isascii() or int(port) > 65535:
        raise UsageError(say("listening"))
    return checks.host(host, say), int(port)


def collector(text: str, say: Say) -> str:
    """The URL of a collector without what each signal has behind it."""
    url = checks.otlp_url(text, say)
    if url.query or url.fragment:
        raise UsageError(say("otlp_query"))
    path = url.path.rstrip("/")
    for signal in SIGNALS:
        path = path.removesuffix(signal)
    return urlunsplit(url._replace(path=path))
