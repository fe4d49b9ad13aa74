"""Brings the hooks into the server by its environment, and tells them what to do by files in the folder."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

_HERE = Path(__file__).resolve().parent
PYTHON, NODE = _HERE / "python", _HERE / "node" / "hook.cjs"
SIGNS = ("cpu.start", "cpu.stop", "heap.start", "heap.stop", "rest", "gc.1", "gc.2")
"""The files that hooks look for."""
SEEN_S = 1.3
"""After this time each hook has seen a new file: they look once a second."""


def environment_with_hooks(environ: Mapping[str, str], folder: Path) -> dict[str, str]:
    """The environment of the server, what the user has set kept: his own path and options come behind ours."""
    found = dict(environ)
    found["SSE_PROFILE_DIR"] = str(folder)
    found["PYTHONPATH"] = os.pathsep.join(filter(None, [str(PYTHON), environ.get("PYTHONPATH", "")]))
    found["NODE_OPTIONS"] = " ".join(filter(None, [f'--require="{NODE}"', environ.get("NODE_OPTIONS", "")]))
    spec = find_spec("memray")
    if spec is not None and spec.origin is not None:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        found["SSE_PROFILE_MEMRAY"] = f"{version}:{Path(spec.origin).parents[1]}"
    return found


def tell(folder: Path, sign: str) -> None:
    """Makes one of `SIGNS`."""
    (folder / sign).touch()
