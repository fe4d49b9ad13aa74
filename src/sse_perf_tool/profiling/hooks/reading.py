"""What the hooks wrote, as series."""

from __future__ import annotations

import contextlib
import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from ...texts import printable

MOST_BYTES = 64 << 20
"""The files are written by the server's own processes: no more of one is read."""
UNKNOWN = float("nan")


class Code(NamedTuple):
    """A place in the server's code."""

    function: str
    file: str
    line: int

    @property
    def text(self) -> str:
        """As it is shown: "handler (app/server.py:12)", the last two parts of the path."""
        parts = re.split(r"[\\/]", self.file)
        return f"{printable(self.function, 80)} ({printable('/'.join(parts[-2:]), 80)}:{self.line})"


class Seen(NamedTuple):
    """`number` tasks, threads or calls that were seen at `own`, below which they wait at `leaf`."""

    at_s: float
    own: Code
    leaf: Code | str
    """A place, or for Node.js what a call waits for: "connection", "answer" or "body"."""
    number: int


@dataclass
class HookSeries:
    """What one process told, a value for each second; NaN where there is none."""

    pid: int
    kind: str
    at_s: list[float] = field(default_factory=list)
    p50_ms: list[float] = field(default_factory=list)
    p99_ms: list[float] = field(default_factory=list)
    max_ms: list[float] = field(default_factory=list)
    tasks: list[float] = field(default_factory=list)
    gc_ms: list[float] = field(default_factory=list)
    heap_mb: list[float] = field(default_factory=list)
    """Of Node.js: V8's heap and what it holds outside."""
    busy: list[float] = field(default_factory=list)
    """Of Node.js: event loop utilisation in percent."""
    held: list[tuple[int, int]] = field(default_factory=list)
    """Of Python: how many of how many looks had to wait for the interpreter, which another thread held."""
    late: list[Mapping[int, int]] = field(default_factory=list)
    """Of Python: half-octave of microseconds -> beats, by second."""
    blocks: list[Seen] = field(default_factory=list)
    waits: list[Seen] = field(default_factory=list)
    threads: list[Seen] = field(default_factory=list)
    collected_mb: dict[int, float] = field(default_factory=dict)
    """Of Node.js: memory behind a full collection, before the load (1) and after it (2)."""

    @property
    def has_loop(self) -> bool:
        """Whether there was an event loop."""
        return any(value == value for value in self.p99_ms)


def read_hooks(folder: Path, origin_ns: int) -> list[HookSeries]:
    """The series of each process that wrote something, for a run that began at `origin_ns`; what is damaged is left."""
    found = []
    for kind in ("python", "node"):
        for path in sorted(folder.glob(f"{kind}.*.jsonl")):
            with contextlib.suppress(ValueError, OSError):
                series = HookSeries(int(path.name.split(".")[1]), kind)
                for line in _lines(path):
                    with contextlib.suppress(KeyError, TypeError, ValueError, AttributeError):
                        _READERS[kind](series, line, (line["at_ns"] - origin_ns) / 1e9)
                found.append(series)
    return found


def _lines(path: Path) -> Iterable[Any]:
    with path.open("rb") as file:
        for line in file.read(MOST_BYTES).splitlines():
            with contextlib.suppress(ValueError):
                yield json.loads(line)


def percentile_of(late: Mapping[int, int], percent: float) -> float:
    """The percentile of half-octaves of microseconds, in ms; NaN without any."""
    total, below = sum(late.values()), 0
    for octave in sorted(late):
        below += late[octave]
        if below >= total * percent / 100:
            return round(2 ** ((octave + 0.5) / 2) / 1000, 3)
    return UNKNOWN


def merged(series: HookSeries, begin_s: float, end_s: float) -> dict[int, int]:
    """The beats of a span."""
    found: dict[int, int] = {}
    for at_s, late in zip(series.at_s, series.late, strict=False):
        if begin_s <= at_s <= end_s:
            for octave, number in late.items():
                found[octave] = found.get(octave, 0) + number
    return found


def _read_python(series: HookSeries, line: Mapping[str, Any], at_s: float) -> None:
    late = {int(octave): int(number) for octave, number in line["late"].items()}
    series.late.append(late)
    series.p50_ms.append(percentile_of(late, 50))
    series.p99_ms.append(percentile_of(late, 99))
    series.max_ms.append(float(line["late_max_us"]) / 1000 if late else UNKNOWN)
    series.tasks.append(float(line["tasks"]) if line["loops"] else UNKNOWN)
    series.gc_ms.append(float(line["gc_ms"]))
    held, looks = line.get("held", (0, 0))
    series.held.append((int(held), int(looks)))
    series.heap_mb.append(UNKNOWN)
    series.busy.append(UNKNOWN)
    series.at_s.append(round(at_s, 3))
    for into, rows in ((series.blocks, "blocks"), (series.waits, "groups"), (series.threads, "threads")):
        into.extend(Seen(at_s, _code(own), _code(leaf), int(number)) for own, leaf, number in line[rows])


def _read_node(series: HookSeries, line: Mapping[str, Any], at_s: float) -> None:
    delay = line["delay"] or {}
    for into, name in ((series.p50_ms, "p50"), (series.p99_ms, "p99"), (series.max_ms, "max")):
        into.append(float(delay.get(name, UNKNOWN)))
    series.tasks.append(UNKNOWN)
    series.gc_ms.append(float(line["gc_ms"]))
    series.heap_mb.append(round(float(line["mb"]), 3))
    series.busy.append(round(float(line["elu"]) * 100, 1))
    series.at_s.append(round(at_s, 3))
    series.waits.extend(Seen(at_s, _code(own), str(phase)[:20], int(number)) for own, phase, number in line["waits"])
    series.collected_mb.update((int(stage), float(mb)) for stage, mb in line["collected"].items())


_READERS = {"python": _read_python, "node": _read_node}


def _code(text: str) -> Code:
    function, file, line = str(text)[:2000].rsplit("|", 2)
    return Code(function, file, int(line))


def is_finite(value: float) -> bool:
    """Whether it is a value at all."""
    return math.isfinite(value)
