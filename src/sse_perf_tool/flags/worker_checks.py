"""Checks for the values of the flags of runs on several machines."""

from __future__ import annotations

from typing import NamedTuple

from ..errors import UsageError
from ..texts import Say
from . import checks

PORT = 5557
"""The one that Locust uses."""
LEAST_TOKEN = 16
"""Characters that a token must have: who records messages can try tokens at leisure."""


class Place(NamedTuple):
    """Where a master listens.  `host` has no brackets."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def place(text: str, say: Say) -> Place:
    """HOST:PORT, or a host alone; port 0 is any that is free."""
    host, colon, port = text.rpartition(":")
    if not colon or text.endswith("]"):
        host, port = text, str(PORT)
    if not port.isdecimal() or not port.isascii() or int(port) > 65535:
        raise UsageError(say("place"))
    if not host or (":" in host and not (host.startswith("[") and host.endswith("]"))):
        raise UsageError(say("place"))
    return Place(checks.host(host, say), int(port))


def token(text: str, say: Say) -> str:
    """A token: long enough, and whole."""
    if "…" in text:
        raise UsageError(say("token_masked"))
    if len(text) < LEAST_TOKEN or not text.isascii() or not text.isprintable() or text != text.strip():
        raise UsageError(say("token", least=LEAST_TOKEN))
    return text


def masked_token(_text: str) -> str:
    """A token as files may have it: not at all."""
    return "…"
