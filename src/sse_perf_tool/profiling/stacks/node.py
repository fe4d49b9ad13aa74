"""Reads the profiles that Node.js' inspector gave to the hook."""

from __future__ import annotations

import contextlib
import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from ..hooks.reading import Code
from .code import is_own
from .samples import Curves, Sample, Stacks, points_of

MOST_BYTES = 256 << 20
_NO_WORK = ("(idle)", "(root)")


def read_cpu(path: Path, origin_ns: int, curves: Curves) -> Stacks:
    """The stacks of `cpu.node.PID.json`.  ValueError, KeyError, TypeError, OSError for one that cannot be read.

    Its samples are of the time on the clock.  Where the main thread had to wait for a core it used less of the CPU:
    they weigh so much in all.
    """
    pid = int(path.name.split(".")[2])
    document = _json(path)
    profile = document["profile"]
    nodes, parents = {node["id"]: node for node in profile["nodes"]}, {}
    for node in profile["nodes"]:
        parents.update(dict.fromkeys(node.get("children", ()), node["id"]))
    lines = _busiest_lines(nodes, parents, document.get("functions") or {})
    stacks: dict[int, tuple[Code, ...]] = {}

    def stack_of(number: int) -> tuple[Code, ...]:
        if number not in stacks:
            above = stack_of(parents[number]) if number in parents else ()
            place = _place(nodes[number])
            place = place._replace(line=lines.get(place, place.line))
            stacks[number] = above if place.function == "(root)" else (*above, place)
        return stacks[number]

    found = Stacks(pid, f"node {pid}")
    at_us = (int(document["from_ns"]) - origin_ns) / 1000
    deltas = profile["timeDeltas"]
    for position, number in enumerate(profile["samples"]):
        # A delta is the time since the sample before: a sample lasts until the next.
        at_us += max(0, deltas[position]) if position else 0
        after_us = max(0, deltas[position + 1]) if position + 1 < len(deltas) else 0
        stack = stack_of(number)
        if stack and stack[-1].function not in _NO_WORK:
            found.samples.append(Sample(at_us / 1e6, after_us / 1000, stack))
    on_clock_ms = math.fsum(sample.ms for sample in found.samples)
    points = points_of(curves.get((pid, pid), ()), (int(document["from_ns"]) - origin_ns) / 1e9, at_us / 1e6)
    on_cpu_ms = (points[-1][1] - points[0][1]) * 1000 if points else 0.0
    if 0 < on_cpu_ms < on_clock_ms:
        weight = on_cpu_ms / on_clock_ms
        found.samples = [sample._replace(ms=sample.ms * weight) for sample in found.samples]
    return found


def _place(node: Mapping[str, Any]) -> Code:
    """A function at its first line."""
    call = node["callFrame"]
    url = str(call["url"])
    file = unquote(urlsplit(url).path) if url.startswith("file:") else url
    return Code(str(call["functionName"]) or "(anonymous)", file, int(call["lineNumber"]) + 1)


LEAST_SELF = 0.03
"""A function has to be at work itself, if only to call another, for so much of its time before a line stands for it."""


def _busiest_lines(
    nodes: Mapping[int, Mapping[str, Any]], parents: Mapping[int, int], functions: Mapping[str, Any]
) -> dict[Code, int]:
    """Function at its first line -> the line at which most samples found it at work, where that can be told.

    V8 tells the line of what works itself, not of what calls that.  What it has inlined into a function has lines of
    another place: only those are the function's that lie within it, and the hook told how far it goes.
    """
    places = {number: _place(node) for number, node in nodes.items()}
    ticks: dict[Code, Counter[int]] = {}
    below: Counter[Code] = Counter()
    for number, node in nodes.items():
        for place in {places[each] for each in _upwards(number, parents)}:
            below[place] += int(node.get("hitCount", 0))
        first = places[number]
        ends = (int(end) for begin, end in functions.get(node["callFrame"]["url"], ()) if begin == first.line)
        last = max(ends, default=0)
        for each in node.get("positionTicks", ()):
            if first.line <= each["line"] <= last:
                ticks.setdefault(first, Counter())[int(each["line"])] += int(each["ticks"])
    return {
        place: lines.most_common(1)[0][0]
        for place, lines in ticks.items()
        if lines.total() >= LEAST_SELF * below[place]
    }


def _upwards(number: int, parents: Mapping[int, int]) -> Iterator[int]:
    """A node and all that called it."""
    for _ in range(len(parents) + 1):  # a damaged file may lead in a circle
        yield number
        if number not in parents:
            return
        number = parents[number]


def read_heap(path: Path) -> list[tuple[Code, float]]:
    """(own code, 10^6 bytes) of what lived at the end and was taken during the load; errors as `read_cpu`."""
    rows: list[tuple[Code, float]] = []
    queue: list[tuple[Mapping[str, Any], Code | None]] = [(_json(path)["head"], None)]
    while queue:
        node, own = queue.pop()
        place = _place(node)
        own = place if is_own(place) else own
        size = float(node.get("selfSize", 0))
        if own is not None and size:
            rows.append((own, size / 1e6))
        queue.extend((child, own) for child in node.get("children", ()))
    return rows


def _json(path: Path) -> Any:
    with path.open("rb") as file:
        return json.loads(file.read(MOST_BYTES))


def read_all(folder: Path, origin_ns: int, curves: Curves) -> list[Stacks]:
    """The CPU time of all processes of Node.js in the folder; a file that cannot be read is left out."""
    found = []
    for path in sorted(folder.glob("cpu.node.*.json")):
        with contextlib.suppress(ValueError, KeyError, TypeError, OSError, RecursionError):
            found.append(read_cpu(path, origin_ns, curves))
    return found
