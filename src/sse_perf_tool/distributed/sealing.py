"""Every message is sealed: encrypted and authenticated with a key made from the token (Fernet of `cryptography`).

A message also says who sent it, in which direction, and its number there, so that one that was recorded cannot be
played again, nor be sent back to where it came from.
"""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

LEAST_TOKEN = 16
"""Characters that a token must have: who records messages can try tokens at leisure."""

LONGEST_BYTES = 1 << 20
"""A sealed message that is longer is not opened.  The longest of ours carry a piece of a parcel, of 256 KiB, which
sealed is a third longer."""

_HEAD = struct.Struct("!c8sQ")
MASTER, WORKER = b"m", b"w"


class SealError(Exception):
    """A message that was not sealed with this token, for this end, or that was here before."""


def new_token() -> str:
    """A token that nobody guesses."""
    return secrets.token_hex(24)


def key_of(token: str) -> bytes:
    """The key that a token stands for.  Slow on purpose, some 50 ms, which trying tokens costs as well."""
    key = hashlib.scrypt(token.encode(), salt=b"sse-perf cluster", n=1 << 14, r=8, p=1, maxmem=1 << 26, dklen=32)
    return base64.urlsafe_b64encode(key)


class Seal:
    """Seals the messages of one end, `MASTER` or `WORKER`, and opens those of the other."""

    def __init__(self, key: bytes, role: bytes) -> None:
        from cryptography.fernet import Fernet  # only here: nothing else needs it

        self._box: Fernet = Fernet(key)
        self._role = role
        self._name = os.urandom(8)
        self._sent = 0
        self._heard: dict[bytes, int] = {}
        """Sender -> the number of its newest message."""
        self.refused = 0
        """How many messages were not accepted."""
        self.too_long = 0
        """How many of them for their length."""

    def close(self, message: bytes) -> bytes:
        """The message as it may travel."""
        self._sent += 1
        return self._box.encrypt(_HEAD.pack(self._role, self._name, self._sent) + message)

    def open(self, sealed: bytes) -> bytes:
        """The message in it.  `SealError`."""
        from cryptography.fernet import InvalidToken

        if len(sealed) > LONGEST_BYTES:
            self.refused += 1
            self.too_long += 1
            raise SealError("longer than any message of ours")
        try:
            plain = self._box.decrypt(sealed)
        except (InvalidToken, TypeError) as error:
            self.refused += 1
            raise SealError("not sealed with this token") from error
        role, name, number = _HEAD.unpack_from(plain)
        if role == self._role or number <= self._heard.get(name, 0):
            self.refused += 1
            raise SealError("not a new message of the other end")
        self._heard[name] = number
        return plain[_HEAD.size :]
