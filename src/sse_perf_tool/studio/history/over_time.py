"""How the time to the first token went over a run, in percentiles: its summary has means of seconds alone."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from ...metrics import enough_for, percentile
from ..contract.results import Stretch, TtftOverTime
from ..files.records_lines import answer_of, started_ns_of

MOST_STRETCHES = 60
"""A run is cut into at most so many, as a P95 of each needs twenty answers."""


def ttft_over_time(path: Path, most_bytes: int) -> TtftOverTime | None:
    """P50 and P95 of the answers that ended in each stretch of the run; None without records, or with too many.

    A percentile for which a stretch has too few answers is None.  OSError as it comes.
    """
    if not path.is_file() or path.stat().st_size > most_bytes:
        return None
    found: defaultdict[int, list[float]] = defaultdict(list)
    with path.open("rb") as file:
        started_ns = started_ns_of(file.readline())
        if started_ns is None:
            return None
        for line in file:
            if (answer := answer_of(line)) is not None:
                found[max(0, answer.ended_ns - started_ns) // 1_000_000_000].append(answer.ttft_ms)
    if not found:
        return None
    width_s = -(-(max(found) + 1) // MOST_STRETCHES)
    merged: defaultdict[int, list[float]] = defaultdict(list)
    for second, values in found.items():
        merged[second // width_s] += values
    stretches = [_stretch(number * width_s, sorted(merged[number])) for number in sorted(merged)]
    return TtftOverTime(width_s=width_s, stretches=stretches)


def _stretch(second: int, ordered: list[float]) -> Stretch:
    p50, p95 = (percentile(ordered, each) if enough_for(each, len(ordered)) else None for each in (50, 95))
    return Stretch(second=second, p50_ms=p50, p95_ms=p95)
