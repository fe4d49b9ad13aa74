"""Keeps secrets out of everything that is shown or written.

The tool knows the keys it was given; a `Masker` made from them is applied to each text that leaves memory, also to what
the server says (some echo the key in their error message).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote

_SECRET_NAME = re.compile(r"auth|key|token|secret|passw|cookie|credential|signature", re.IGNORECASE)
_USERINFO = re.compile(r"(?<=://)[^/?#@\s]+@")
_QUERY_VALUE = re.compile(r"([?&])([^=&#\s]+)=([^&#\s]+)")


def mask_key(key: str) -> str:
    """A key as it may be shown: its prefix up to the first dash (8 characters at most) and its last four: `app-…4Knu`.

    Keys of fewer than 12 characters show nothing of themselves, so that most of a key is always hidden.
    """
    token = key.strip()
    scheme, _, rest = token.partition(" ")
    if rest:
        return f"{scheme} {mask_key(rest)}"
    if len(token) < 12:
        return "…"
    prefix, dash, _ = token[:8].partition("-")
    return f"{prefix}-…{token[-4:]}" if dash else f"…{token[-4:]}"


def names_a_secret(name: str) -> bool:
    """Whether a header or query parameter of this name usually carries a secret."""
    return bool(_SECRET_NAME.search(name))


def mask_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers with the values of those that may carry a secret masked."""
    return {name: mask_key(value) if names_a_secret(name) else value for name, value in headers.items()}


def mask_url(url: str) -> str:
    """The URL without user and password, and with the values of secret query parameters masked."""
    without_user = _USERINFO.sub("…@", url)
    return _QUERY_VALUE.sub(lambda m: f"{m[1]}{m[2]}={mask_key(m[3])}" if names_a_secret(m[2]) else m[0], without_user)


def url_secrets(url: str) -> list[str]:
    """The secrets that stand in a URL: user:password and the values of secret query parameters."""
    users = [match[0][:-1] for match in _USERINFO.finditer(url)]
    return users + [match[3] for match in _QUERY_VALUE.finditer(url) if names_a_secret(match[2])]


class Masker:
    """Replaces every known secret in a text by its masked form."""

    def __init__(self, secrets: Iterable[str]) -> None:
        known = {form for secret in secrets for form in _spellings(secret) if len(form) >= 4}
        longest_first = sorted(known, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if known else None

    def __call__(self, text: str) -> str:
        if self._pattern is None:
            return text
        return self._pattern.sub(lambda match: mask_key(match[0]), text)


def _spellings(secret: str) -> list[str]:
    token = secret.strip().removeprefix("Bearer ").strip()
    return [token, quote(token, safe="")]
