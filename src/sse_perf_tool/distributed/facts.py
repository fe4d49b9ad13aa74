"""What each worker did, and which of them is behind the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import median
from typing import Any

from ..metrics import Tally
from ..records import RunConfig, RunResult, WorkerFacts
from ..trust import judge
from ..units import NS_PER_MS
from .clock import Offset

BEHIND = 0.8
"""A worker that does less than this share of what the others do in the middle is slow."""
LATER, LATER_MS = 1.25, 10.0
"""So is one whose first tokens come so many times, and so much, later: it stands farther off, or is busy."""
FEWEST = 20
"""Fewer requests say nothing of a worker."""


def facts_of(tally: Tally, config: RunConfig, started_unix_ns: int, known: WorkerFacts) -> WorkerFacts:
    """`known` with what the worker's own requests say; `config` is that of the worker."""
    # As interrupted: the schedule of the whole run is not what this worker was to keep alone.
    result: RunResult = judge(tally.result(config, started_unix_ns, interrupted=True))
    found, trust = result.summary, result.trust
    return replace(
        known,
        requests=len(tally.table),
        ok=found.ok,
        failed=found.failed,
        requests_per_s=found.requests_per_s,
        chunks_per_s=found.chunks_per_s,
        ttft_p50_ms=found.metrics["ttft_ms"].p50,
        cpu_share=trust.cpu_share if trust else None,
        machine_cpu=trust.machine_cpu if trust else None,
        trust=trust.verdict if trust else "not_measured",
    )


def clocked(known: WorkerFacts, offset: Offset) -> WorkerFacts:
    """`known` with what the messages say of its clock."""
    return replace(
        known,
        clock_offset_ms=_ms(offset.used_ns),
        clock_uncertainty_ms=_ms(offset.uncertainty_ns),
        round_trip_ms=_ms(offset.round_trip_ns),
    )


def _ms(ns: int | None) -> float | None:
    return None if ns is None else ns / NS_PER_MS


def slow_ones(
    workers: Sequence[WorkerFacts], threads: Sequence[int], *, open_loop: bool
) -> dict[int, tuple[str, float, float]]:
    """Worker -> the figure in which it is behind the others, its value, and the median of the others.

    In a closed loop it is requests a second, of as many threads; else, and besides, the time to the first token.
    """
    found: dict[int, tuple[str, float, float]] = {}
    whole = [(each, of) for each, of in zip(workers, threads, strict=True) if not each.lost and each.requests >= FEWEST]
    for each, of in whole:
        others = [(other, count) for other, count in whole if other is not each]
        if not open_loop and (
            rates := [other.requests_per_s / count for other, count in others if other.requests_per_s]
        ):
            usual = median(rates) * of
            if (each.requests_per_s or 0.0) < BEHIND * usual:
                found[each.number] = "requests_per_s", each.requests_per_s or 0.0, usual
                continue
        times = [other.ttft_p50_ms for other, _ in others if other.ttft_p50_ms is not None]
        if times and each.ttft_p50_ms is not None:
            usual = median(times)
            if each.ttft_p50_ms > max(LATER * usual, usual + LATER_MS):
                found[each.number] = "ttft_p50_ms", each.ttft_p50_ms, usual
    return found


def name_of(text: Any) -> str:
    """What a machine calls itself, as far as it may be shown."""
    return "".join(character for character in str(text)[:64] if character.isprintable()) or "?"
