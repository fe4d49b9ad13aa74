"""Plans and results as bytes, in pieces that do not hold up other messages.

They are pickles, as between processes, but what is opened may make nothing but values of this package and a few plain
ones: whoever knows the token can have a load sent, and nothing else be run.
"""

from __future__ import annotations

import importlib
import io
import os
import pickle
from collections.abc import Iterator
from typing import Any

PIECE_BYTES = 256 << 10
"""A message of 1 MB takes 10 ms; heartbeats wait behind it."""

_PACKAGE = __name__.rpartition(".distributed.")[0]
_ROOMS = ("formats", "goals", "masking", "metrics", "pace", "providers", "queries", "records", "request")
"""Where the types stand of which plans and results are made: none of them does anything when it is made."""
_FUNCTIONS = {(f"{_PACKAGE}.formats.table", "_format_named")}
"""A row of a table travels by its name."""
_PLAIN = {
    ("array", "_array_reconstructor"),
    ("array", "array"),
    ("builtins", "bytearray"),
    ("builtins", "dict"),
    ("builtins", "frozenset"),
    ("builtins", "range"),
    ("builtins", "set"),
    ("collections", "Counter"),
    ("collections", "deque"),
    ("re", "_compile"),
}
"""What else is in them."""


class ParcelError(ValueError):
    """Bytes that hold something else than values of ours."""


class _Opener(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """What a pickle names; `ParcelError` for everything but types of values."""
        room = module.removeprefix(f"{_PACKAGE}.").partition(".")[0]
        if (module, name) in _PLAIN or (module, name) in _FUNCTIONS:
            return super().find_class(module, name)
        if (
            module.startswith(f"{_PACKAGE}.")
            and room in _ROOMS
            and isinstance(found := getattr(importlib.import_module(module), name, None), type)
        ):
            return found
        raise ParcelError(f"{module}.{name}")


def packed(value: Any) -> bytes:
    """A value as bytes."""
    return pickle.dumps(value, protocol=4)


def opened(data: bytes) -> Any:
    """The value in these bytes.  `ParcelError`."""
    try:
        return _Opener(io.BytesIO(data)).load()
    except (pickle.UnpicklingError, EOFError, AttributeError, IndexError, ImportError) as error:
        raise ParcelError(str(error)) from error


def pieces(data: bytes) -> Iterator[dict[str, Any]]:
    """The bodies of the messages that carry these bytes."""
    parcel, of = os.urandom(8), max(1, -(-len(data) // PIECE_BYTES))
    for number in range(of):
        part = data[number * PIECE_BYTES : (number + 1) * PIECE_BYTES]
        yield {"parcel": parcel, "number": number, "of": of, "data": part}


class Parcel:
    """Bytes that come in pieces.  Those of a parcel that did not come whole are dropped when the next one begins."""

    def __init__(self) -> None:
        self._parcel = b""
        self._pieces: dict[int, bytes] = {}

    def add(self, piece: dict[str, Any]) -> bytes | None:
        """One more piece; all of the bytes when it was the last that was missing."""
        if piece["parcel"] != self._parcel:
            self._parcel, self._pieces = piece["parcel"], {}
        self._pieces[piece["number"]] = piece["data"]
        if len(self._pieces) < piece["of"]:
            return None
        whole = b"".join(self._pieces[number] for number in range(piece["of"]))
        self._pieces = {}
        return whole
