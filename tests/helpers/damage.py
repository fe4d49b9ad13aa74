"""A file with every kind of damage at every byte."""

from __future__ import annotations

import random
from collections.abc import Iterator

VALUES = (
    "null", "true", "-1", "0", "1e300", "-1e300", "1" * 40, "NaN", "Infinity", '""', '"x"', "[]", "{}", "[" * 2000,
    '[[[["deep"]]]]', '{"a": {"b": {"c": 1}}}', "0.5", '"' + "9" * 400 + '"', "[1, null]", '"\\ud800"', "1000000000000",
)  # fmt: skip
"""What may stand in the place of any value."""


def damaged(data: bytes, every: int = 1, seed: int = 1) -> Iterator[bytes]:
    """The data with each byte (or each `every`th) flipped, gone, or with something put before it, and cut behind it."""
    chance = random.Random(seed)
    for at in range(0, len(data), every):
        yield data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]
        yield data[:at] + data[at + 1 :]
        yield data[:at] + chance.choice((b"\n", b"9", b'"', b"\x00", b"\xff", b"-", b"[", b"e9")) + data[at:]
        yield data[:at]
