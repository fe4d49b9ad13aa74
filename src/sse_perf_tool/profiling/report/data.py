"""What the charts and the flame graphs of a profile are drawn from, as one plain object."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...records import RunResult
from ...report_parts.data import left_out_s, percentiles_data, seconds_data
from ...units import NS_PER_MS
from ..folder import Drawn
from ..hooks.reading import HookSeries, Seen
from ..judge.waits import kind_of
from ..server.watch import ProcessSeries
from ..stacks.samples import Stacks, columns_of

MOST_POINTS = 1500
MOST_PROCESSES = 12
"""Of more the busiest are drawn."""
MOST_GROUPS = 6
PROCESS_SERIES = ("cpu", "waiting", "rss_mb", "threads", "fds", "switches_per_s")
HOOK_SERIES = ("p99_ms", "max_ms", "tasks", "gc_ms", "heap_mb")


def profile_data(result: RunResult, drawn: Drawn, limits: Mapping[str, float]) -> dict[str, Any]:
    """All of it; points are [second, value]."""
    duration_s = result.duration_ns / 1e9
    last = [each.at_s[-1] for each in drawn.processes if each.at_s]
    return {
        "started_unix_ms": result.started_unix_ns // NS_PER_MS,
        "duration_s": duration_s,
        "end_s": max([duration_s, *last]),
        "streamed": result.config.stream,
        "left_out_s": left_out_s(result.rounds),
        "seconds": seconds_data(result.time_series, duration_s, result.self_watch, result.server_metrics),
        "percentiles": percentiles_data(result),
        "limits": dict(limits),
        "processes": [_process(each) for each in _busiest(drawn.processes)],
        "hooks": [_hook(each, drawn.processes) for each in drawn.hooks[:MOST_PROCESSES]],
        "groups": _groups(drawn.hooks, duration_s),
        "flames": [columns_of(each, duration_s) for each in sorted(drawn.stacks, key=_cpu_ms)[:MOST_PROCESSES]],
    }


def _cpu_ms(stacks: Stacks) -> float:
    """Negative, so that the busiest come first."""
    return -math.fsum(sample.ms for sample in stacks.samples)


def _busiest(processes: Sequence[ProcessSeries]) -> list[ProcessSeries]:
    def used(each: ProcessSeries) -> float:
        return sum(value for value in each.cpu if math.isfinite(value))

    kept = sorted(processes, key=used, reverse=True)[:MOST_PROCESSES]
    return [each for each in processes if each in kept]


def _points(at_s: Iterable[float], values: Iterable[float]) -> list[list[float]]:
    """The finite values from the start of the run on; of very many, the highest of each step."""
    rows = [[at, round(value, 2)] for at, value in zip(at_s, values, strict=False) if math.isfinite(value) and at >= 0]
    step = -(-len(rows) // MOST_POINTS)
    if step <= 1:
        return rows
    return [max(rows[at : at + step], key=lambda row: row[1]) for at in range(0, len(rows), step)]


def _process(each: ProcessSeries) -> dict[str, Any]:
    found = {name: _points(each.at_s, getattr(each, name)) for name in PROCESS_SERIES}
    return {"label": each.label, "pid": each.pid, **found}


def _hook(each: HookSeries, processes: Sequence[ProcessSeries]) -> dict[str, Any]:
    label = next((process.label for process in processes if process.pid == each.pid), f"{each.kind} {each.pid}")
    return {"label": label, **{name: _points(each.at_s, getattr(each, name)) for name in HOOK_SERIES}}


def _groups(hooks: Sequence[HookSeries], duration_s: float) -> list[dict[str, Any]]:
    """The places at which most waited, over all processes: for each how many, by second."""
    rows: list[tuple[Seen, int]] = [
        (row, int(row.at_s))
        for hook in hooks
        for row in (hook.waits or hook.threads)
        if 0 <= row.at_s <= duration_s + 1
    ]
    total: Counter[tuple[str, str]] = Counter()
    by_second: dict[tuple[str, str], Counter[int]] = {}
    for row, second in rows:
        key = (row.own.text, kind_of(row.leaf))
        total[key] += row.number
        by_second.setdefault(key, Counter())[second] += row.number
    looks = max(1, len({second for _, second in rows}))
    return [
        {
            "place": place,
            "kind": kind,
            "mean": round(number / looks, 2),
            "points": [[second + 0.5, by_second[place, kind].get(second, 0)] for second in range(int(duration_s) + 1)],
        }
        for (place, kind), number in total.most_common(MOST_GROUPS)
    ]
