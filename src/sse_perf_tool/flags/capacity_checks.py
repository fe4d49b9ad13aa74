"""Checks of the values of the flags of the capacity command, see `checks.py`."""

from __future__ import annotations

import math

from ..errors import UsageError
from ..texts import Say, Texts

TEXTS: Texts = {
    "level": ("give a number above 0", "请给出大于 0 的数"),
    "levels": ("give numbers above 0 with commas, e.g. 1,2,4,8", "请给出用逗号分隔的大于 0 的数，例如 1,2,4,8"),
}

MAX_LEVEL = 1e6


def level(text: str, say: Say) -> float:
    """A load: a number above 0."""
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not 0 < found <= MAX_LEVEL:
        raise UsageError(say("level"))
    return found


def levels(text: str, say: Say) -> tuple[float, ...]:
    """Loads joined by commas, each once."""
    try:
        return tuple(dict.fromkeys(level(part, say) for part in text.split(",")))
    except UsageError:
        raise UsageError(say("levels")) from None
