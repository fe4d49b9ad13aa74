"""All that was seen of a server while a load ran."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import mean

from ...flags.profile_checks import Limit, limits
from ...records import NOT_MEASURED, RunResult
from ...records.profile import Words
from ..hooks.reading import HookSeries, merged, percentile_of
from ..server.watch import ProcessSeries
from ..stacks.heap import Growth
from ..stacks.samples import Stacks

OK = 0
SKIP_S = 0.5
"""The first moments of a load are those of its begin."""


@dataclass
class Evidence:
    """`processes` and the others by PID; seconds count from the start of the run, which lasts `end_s`."""

    result: RunResult
    processes: Sequence[ProcessSeries] = ()
    hooks: Mapping[int, HookSeries] = field(default_factory=dict)
    stacks: Mapping[int, Stacks] = field(default_factory=dict)
    growth: Mapping[int, Growth] = field(default_factory=dict)
    """Of the heap pass, whose processes are others: by kind and order they are matched."""
    limits: Mapping[str, Limit] = field(default_factory=lambda: limits([]))
    sampled: bool = False
    """Whether a CPU sampler stopped the server a hundred times a second."""
    died: Words | None = None
    """How the server ended by itself, if it did."""

    @property
    def end_s(self) -> float:
        """When the load ended."""
        return self.result.duration_ns / 1e9

    @property
    def begin_s(self) -> float:
        """From when on figures count."""
        return min(SKIP_S, self.end_s / 10)

    def mean_of(self, process: ProcessSeries, series: str) -> float | None:
        """The mean of a series during the load."""
        values = process.values(series, self.begin_s, self.end_s)
        return mean(values) if values else None

    def peak_mb(self, process: ProcessSeries) -> float | None:
        """The most memory during the load; where that fell between two looks, what the one before it found."""
        during = process.values("rss_mb", 0.0, self.end_s)
        return max(during or process.values("rss_mb", -math.inf, self.end_s)[-1:], default=None)

    def loop_p99_ms(self, hook: HookSeries) -> float | None:
        """The 99th percentile of the loop's delay in the worst five seconds of the load."""
        worst: list[float] = []
        if hook.kind == "python":
            for at_s in hook.at_s:
                if self.begin_s < at_s <= self.end_s + 0.5:
                    p99 = percentile_of(merged(hook, at_s - 4.5, at_s), 99)
                    worst += [p99] if math.isfinite(p99) else []
            return max(worst, default=None)
        rows = [(at_s, ms) for at_s, ms in zip(hook.at_s, hook.p99_ms, strict=True) if math.isfinite(ms)]
        seconds = [ms for at_s, ms in rows if self.begin_s < at_s <= self.end_s + 0.5]
        # A second holds a hundred beats, so that its P99 is its worst: the median of five says how it usually was.
        for last in range(len(seconds)):
            five = sorted(seconds[max(0, last - 4) : last + 1])
            worst.append(five[len(five) // 2])
        return max(worst, default=None)

    def ok_latencies(self) -> list[tuple[int, int]]:
        """(start, response time) of the ok requests that count, in ns, in order of their start."""
        rows = self.result.requests.main().rows("outcome", "started_ns", "latency_ns")
        return sorted((start, latency) for outcome, start, latency in rows if outcome == OK and latency != NOT_MEASURED)

    @property
    def in_flight(self) -> float:
        """How many requests were under way on average while load was sent."""
        active = [sample.threads_active for sample in self.result.time_series]
        return mean(active) if active else 0.0


def process_of(evidence: Evidence, pid: int) -> ProcessSeries:
    """The series of a process; an empty one for a PID that only a hook knows."""
    found = next((each for each in evidence.processes if each.pid == pid), None)
    return found or ProcessSeries(pid, evidence.hooks[pid].kind if pid in evidence.hooks else "")
