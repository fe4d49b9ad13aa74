"""The compiled part of reading records, `_lines.c`, where it was built; without it Python does the same."""

from __future__ import annotations

import os
from functools import cache
from importlib import import_module
from types import ModuleType

PURE = "SSE_PERF_PURE"
"""With this in the environment no compiled part is used, that of the wire (gate.py there) as little as this one."""
API = 1
"""The compiled module that is understood here: an older one may lie in a checkout that was updated."""


@cache
def compiled_lines() -> ModuleType | None:
    """`_lines`; None where there is none for this Python, or `PURE` says that it is not to be used."""
    if os.environ.get(PURE):
        return None
    try:
        module = import_module("._lines", __package__)
    except ImportError:
        return None
    return module if module.API == API else None
