"""Stacks over time: what is hottest, and the columns from which a page draws the flame graph of any span."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..hooks.reading import Code
from .code import is_own, module_of, short

Curve = Sequence[tuple[float, float]]
"""(second of the run, CPU seconds used by then) of a thread."""
Curves = Mapping[tuple[int, int], Curve]
"""By PID and the system's number of the thread."""


class Sample(NamedTuple):
    """A stack, the outermost frame first, from `at_s` on for `ms` milliseconds."""

    at_s: float
    ms: float
    stack: tuple[Code, ...]


@dataclass
class Stacks:
    """The CPU time of one process, as samples in seconds of the run; `late`: how often its sampler fell behind."""

    pid: int
    label: str
    samples: list[Sample] = field(default_factory=list)
    late: int = 0

    def hottest(self, begin_s: float, end_s: float) -> tuple[Code, float] | None:
        """The function of the server that takes most of a span's time, at its busiest line, and its share of all.

        Time in a package counts for the innermost own code above it: that called it.
        """
        functions: Counter[tuple[str, str]] = Counter()
        lines: dict[tuple[str, str], Counter[int]] = {}
        total = 0.0
        for sample in self.samples:
            if not begin_s <= sample.at_s <= end_s:
                continue
            total += sample.ms
            own = next((place for place in reversed(sample.stack) if is_own(place)), None)
            if own is not None:
                key = (own.function, own.file)
                functions[key] += sample.ms  # type: ignore[assignment]
                lines.setdefault(key, Counter())[own.line] += sample.ms  # type: ignore[assignment]
        if not functions:
            return None
        (key, ms), *_ = functions.most_common(1)
        return Code(*key, lines[key].most_common(1)[0][0]), ms / total


AROUND_S = 1.0
"""A thread was looked at so long before and after its samples: none of the CPU time that they stand for is missed."""


def points_of(curve: Curve, begin_s: float, end_s: float) -> Curve:
    """The part of a curve that belongs to samples taken between two moments."""
    return [(at_s, cpu_s) for at_s, cpu_s in curve if begin_s - AROUND_S <= at_s <= end_s + AROUND_S]


MOST_NODES = 20_000
MOST_CELLS = 40_000
"""Bounds of what a page holds of one process: it stays below 1.5 MB."""
LEAST_SHARE = 0.001


def columns_of(stacks: Stacks, duration_s: float) -> dict[str, Any]:
    """`names`, `files`, `kinds` by frame; `parents`, `frames` by node, parents first; `cells` [node, step, ms, ...].

    Cells hold the time that ended at a node itself, by steps of `step_s` seconds from `from_s` on.  Nodes below a
    thousandth of the whole, or beyond `MOST_NODES`, are cut off: their time counts for the frame that called them.
    """
    places: dict[tuple[str, str], int] = {}
    frames: list[Code] = []
    root = _Node(-1)
    first_s = min((sample.at_s for sample in stacks.samples), default=0.0)
    from_s = min(0.0, float(int(first_s) - 1)) if first_s < 0 else 0.0
    for sample in stacks.samples:
        node = root
        node.ms += sample.ms
        for place in sample.stack:
            key = (place.function, place.file)
            at = places.setdefault(key, len(places))
            if at == len(frames):
                frames.append(place)
            node = node.child(at)
            node.ms += sample.ms
        second = int(sample.at_s - from_s)
        node.own[second] = node.own.get(second, 0.0) + sample.ms
    kept = _kept(root)
    step_s, cells = _cells(root, kept)
    used: dict[int, int] = {}
    parents, shown = [], []
    for node, parent in _walk(root, kept):
        parents.append(parent)
        shown.append(used.setdefault(node.frame, len(used)))
    return {
        "pid": stacks.pid,
        "label": stacks.label,
        "late": stacks.late,
        "from_s": from_s,
        "step_s": step_s,
        "names": [frames[at].function[:120] for at in used],
        "files": [f"{short(frames[at])[:120]}:{frames[at].line}" for at in used],
        "kinds": [module_of(frames[at]) for at in used],
        "parents": parents,
        "frames": shown,
        "cells": cells,
        "ms": round(root.ms),
        "duration_s": duration_s,
    }


class _Node:
    __slots__ = ("children", "frame", "ms", "number", "own")

    def __init__(self, frame: int) -> None:
        self.frame, self.ms, self.number = frame, 0.0, -1
        self.own: dict[int, float] = {}
        self.children: dict[int, _Node] = {}

    def child(self, frame: int) -> _Node:
        found = self.children.get(frame)
        if found is None:
            found = self.children[frame] = _Node(frame)
        return found


def _kept(root: _Node) -> float:
    """The time above which a node is shown; all are where there are few."""
    times, queue = [], [root]
    while queue:
        node = queue.pop()
        queue.extend(node.children.values())
        times.append(node.ms)
    if len(times) <= MOST_NODES / 4:
        return 0.0
    times.sort(reverse=True)
    return max(root.ms * LEAST_SHARE, times[MOST_NODES] if len(times) > MOST_NODES else 0.0)


def _walk(root: _Node, least: float) -> Iterable[tuple[_Node, int]]:
    """The nodes to be shown with the number of their parent, parents first."""
    root.number = -1
    queue, number = [(root, -1)], 0
    for node, _ in queue:
        for child in node.children.values():
            if child.ms > least:
                child.number = number
                number += 1
                queue.append((child, node.number))
    yield from queue[1:]


def _cells(root: _Node, least: float) -> tuple[int, list[float]]:
    """The own times of the nodes, in steps so wide that they are not too many."""
    list(_walk(root, least))
    found: dict[tuple[int, int], float] = {}

    def gather(node: _Node, number: int) -> None:
        stack = [(node, number)]
        while stack:
            each, holder = stack.pop()
            for second, ms in each.own.items():
                found[holder, second] = found.get((holder, second), 0.0) + ms
            for child in each.children.values():
                shown = child.ms > least
                stack.append((child, child.number if shown else holder))

    gather(root, -1)
    step = 1
    cells = found
    while len(cells) > MOST_CELLS:
        step *= 2
        cells = {}
        for (number, second), ms in found.items():
            key = (number, second // step)
            cells[key] = cells.get(key, 0.0) + ms
    flat: list[float] = []
    for (number, second), ms in cells.items():
        if number >= 0:
            flat += [number, second, round(ms, 1)]
    return step, flat


def by_line(rows: Sequence[tuple[Code, float]]) -> list[tuple[Code, float]]:
    """Values added up by place, the largest first."""
    found: Counter[Code] = Counter()
    for place, value in rows:
        found[place] += value  # type: ignore[assignment]
    return [(place, float(value)) for place, value in found.most_common()]
