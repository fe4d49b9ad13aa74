"""Memory that was taken while the load ran and was kept, by line of the server's own code."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from ..hooks.reading import Code
from .code import is_own
from .node import read_heap
from .samples import by_line

MOST_LINES = 20
_STACK = 40


@dataclass
class Growth:
    """What one process kept: (place, 10^6 bytes), the most first, and the whole of what was traced."""

    pid: int
    kind: str
    lines: list[tuple[Code, float]] = field(default_factory=list)
    total_mb: float = 0.0
    error: str = ""
    """Why there is nothing."""


def is_installed() -> bool:
    """Whether what reads memray's files is there."""
    return find_spec("memray") is not None


def read_growth(folder: Path) -> list[Growth]:
    """What the hooks left behind in the folder of a heap pass; a file that cannot be read is said in its `error`."""
    found = [_of_memray(path) for path in sorted(folder.glob("heap.*.bin"))]
    for path in sorted(folder.glob("heap.*.error")):
        with contextlib.suppress(OSError, ValueError):
            found.append(Growth(int(path.name.split(".")[1]), "python", error=path.read_text(errors="replace")[:200]))
    for path in sorted(folder.glob("heap.node.*.json")):
        growth = Growth(int(path.name.split(".")[2]), "node")
        try:
            growth.lines = by_line(read_heap(path))[:MOST_LINES]
            growth.total_mb = sum(mb for _, mb in growth.lines)
        except (ValueError, KeyError, TypeError, OSError, json.JSONDecodeError) as error:
            growth.error = type(error).__name__
        found.append(growth)
    return found


def _of_memray(path: Path) -> Growth:
    growth = Growth(int(path.name.split(".")[1]), "python")
    try:
        import memray

        with memray.FileReader(path) as reader:
            rows = []
            for record in reader.get_leaked_allocation_records(merge_threads=True):
                growth.total_mb += record.size / 1e6
                stack = [Code(function, file, line) for function, file, line in record.stack_trace(_STACK)]
                own = next((place for place in stack if is_own(place)), None)  # the innermost is the first
                if own is not None:
                    rows.append((own, record.size / 1e6))
        growth.lines = by_line(rows)[:MOST_LINES]
    except (ImportError, OSError, ValueError) as error:
        growth.error = f"{type(error).__name__}: {error}"[:200]
    return growth
