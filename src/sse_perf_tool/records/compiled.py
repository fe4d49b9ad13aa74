"""The compiled part of reading records, `_lines.c`, where it was built; without it Python does the same."""

from __future__ import annotations

from functools import cache
from types import ModuleType

from ..compiled import compiled_part

API = 1


@cache
def compiled_lines() -> ModuleType | None:
    """`_lines`; None where it is not to be had, see `compiled_part`."""
    return compiled_part(f"{__package__}._lines", API)
