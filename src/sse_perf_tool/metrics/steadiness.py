"""Stalls within answers, and the plateau at full load between ramp-up and drain.  Functions of a result."""

from __future__ import annotations

import math
from array import array

from ..records import NOT_MEASURED, OUTCOMES, Outcome, Plateau, RunResult, Stalls
from ..units import NS_PER_MS, NS_PER_S

SHORTEST_PLATEAU_S = 3
"""The fewest seconds at full load that count as a plateau."""
DISTORTING_SHARE = 0.2
"""Ramp-up and drain that take a larger share of the run than this ..."""
DISTORTED_RATE = 0.9
"""... distort a rate that is below this share of that of the plateau."""


def stalls_of(result: RunResult) -> Stalls:
    """The stalls of the ok answers of a run, counted in its distribution of gaps, which is at most 0.05 % off."""
    stall_ms = result.config.stall_ms
    limit_us = stall_ms * 1000
    ok = OUTCOMES.index(Outcome.OK)
    rows = result.requests.main().rows("outcome", "max_gap_ns")
    longest = array("q", (gap_ns for outcome, gap_ns in rows if outcome == ok and gap_ns != NOT_MEASURED))
    stalled = sum(1 for gap_ns in longest if gap_ns > stall_ms * NS_PER_MS)
    over = [(gap_us, count) for gap_us, count in result.gap_histogram if gap_us > limit_us]
    whole_us = math.fsum(gap_us * count for gap_us, count in result.gap_histogram)
    beyond_us = math.fsum((gap_us - limit_us) * count for gap_us, count in over)
    return Stalls(
        stall_ms=stall_ms,
        requests=stalled,
        share=stalled / len(longest) if longest else None,
        count=sum(count for _, count in over),
        time_ratio=beyond_us / whole_us if whole_us else None,
    )


def full_load_ns(result: RunResult) -> tuple[int, int]:
    """Full load: from the start of the last thread to the end of the first thread; the end may be before the start."""
    begun: dict[int, int] = {}
    ended: dict[int, int] = {}
    for thread, start_ns, latency_ns in result.requests.rows("thread_id", "started_ns", "latency_ns"):
        begun[thread] = min(start_ns, begun.get(thread, start_ns))
        ended[thread] = max(start_ns + latency_ns, ended.get(thread, 0))
    return max(begun.values(), default=0), min(ended.values(), default=0)


def _measured_ns(result: RunResult) -> tuple[int, int]:
    """The measured time of the run, from and to: without warm-up and cool-down."""
    first = result.rounds[0] if result.rounds else None
    return (0, result.duration_ns) if first is None else (first.main_begin_ns, first.main_end_ns)


def plateau_of(result: RunResult) -> Plateau | None:
    """The rates at full load; None when it lasted less than `SHORTEST_PLATEAU_S` whole seconds.

    None also for loads that are not a constant number of threads: open loop, stages, batches, several rounds.
    """
    config = result.config
    if config.open_loop or config.stages or config.batch or config.rounds > 1:
        return None
    window_ns = _measured_ns(result)
    begin_ns, end_ns = full_load_ns(result)
    begin_ns, end_ns = max(begin_ns, window_ns[0]), min(end_ns, window_ns[1])
    begin_s, until_s = -(-begin_ns // NS_PER_S), end_ns // NS_PER_S
    seconds = [each for each in result.time_series if begin_s <= each.second and each.second + each.width_s <= until_s]
    if until_s - begin_s < SHORTEST_PLATEAU_S or not seconds:
        return None
    from_s, to_s = seconds[0].second, seconds[-1].second + seconds[-1].width_s
    length_s = to_s - from_s
    return Plateau(
        from_s=from_s,
        to_s=to_s,
        requests_per_s=sum(sample.requests_done for sample in seconds) / length_s,
        output_tokens_per_s=math.fsum(sample.tokens for sample in seconds) / length_s,
        chunks_per_s=sum(sample.chunks for sample in seconds) / length_s,
    )


def distorted(result: RunResult, plateau: Plateau) -> str | None:
    """The rate of the `Summary` that ramp-up and drain made much lower than the rate at full load, if they did.

    The rate of tokens is used if there are tokens: that of requests comes in waves when answers end together.
    """
    begin_ns, end_ns = _measured_ns(result)
    edges = 1 - (plateau.to_s - plateau.from_s) * NS_PER_S / max(1, end_ns - begin_ns)
    if edges <= DISTORTING_SHARE:
        return None
    name = "output_tokens_per_s" if result.summary.output_tokens else "requests_per_s"
    return name if getattr(result.summary, name) < DISTORTED_RATE * getattr(plateau, name) else None
