"""Where the parts in C are found: `wire/_reader.c` and `records/_lines.c`.

Each stands in the room whose work it does, and is there only where it was built; without it Python does the same.  What
is to be known of all of them alike is here.
"""

from __future__ import annotations

import os
from importlib import import_module
from types import ModuleType

PURE = "SSE_PERF_PURE"
"""With this in the environment no compiled part is used."""


def compiled_part(name: str, api: int) -> ModuleType | None:
    """The compiled module of that full name; None where there is none for this Python, or `PURE` says not to use it.

    `api` is the one that its room understands: an older one may lie in a checkout that was updated.
    """
    if os.environ.get(PURE):
        return None
    try:
        module = import_module(name)
    except ImportError:
        return None
    return module if api == module.API else None
