"""Where the parts in C are found: `wire/_reader.c`, `records/_lines.c` and `formats/_alike.c`.

Each stands in the room whose work it does, and is there only where it was built; without it Python does the same.  What
is to be known of all of them alike is here.
"""

from __future__ import annotations

import os
from importlib import import_module
from types import ModuleType

_PACKAGE = __package__.rpartition(".")[0]
PURE = "SSE_PERF_PURE"
"""With this in the environment no compiled part is used."""


PARTS = ("wire._reader", "records._lines", "formats._alike")
"""Their names in this package."""


def missing_parts() -> list[str]:
    """The names of those that cannot be imported: for whoever builds a wheel or an image and wants them all."""
    return [name for name in PARTS if not _can_import(f"{_PACKAGE}.{name}")]


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


def _can_import(name: str) -> bool:
    try:
        import_module(name)
    except ImportError:
        return False
    return True
