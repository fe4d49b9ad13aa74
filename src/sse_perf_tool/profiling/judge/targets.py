"""The targets of a server and the warning signs: what was measured, held against the limits."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median

from ...flags.profile_checks import BY_DEFAULT, TARGETS
from ...metrics import enough_for
from ...metrics.intervals import interval
from ...records import Stats
from ...records.profile import MET, MISSED, NOT_MEASURED_STATE, ProfileTarget, Words
from .evidence import Evidence
from .wording import words

Measured = tuple[float | None, Words]
_NO_REASON = ("", "")


def targets(evidence: Evidence, asked: frozenset[str] = frozenset()) -> list[ProfileTarget]:
    """All of them in the order of the table; those in `asked` are targets, whatever they are else."""
    found = []
    for name, measure in _MEASURES.items():
        value, why = measure(evidence)
        limit = evidence.limits[name]
        state = NOT_MEASURED_STATE if value is None else MET if value < limit.most else MISSED
        unit = next(iter(TARGETS[name][0]))
        is_target = name in BY_DEFAULT or name in asked
        shown = None if value is None else round(value, 3)
        found.append(ProfileTarget(name, limit.rule, shown, unit, state, is_target, why))
    return found


def _of_metric(metric: str, percent: int) -> Callable[[Evidence], Measured]:
    def measured(evidence: Evidence) -> Measured:
        stats = evidence.result.summary.metrics.get(metric, Stats())
        if not stats.count:
            return None, words("no_ok")
        if not enough_for(percent, stats.count):
            return None, words("few", n=round(100 / (100 - percent)))
        return getattr(stats, f"p{percent}"), _NO_REASON

    return measured


def _first_chunk(evidence: Evidence) -> Measured:
    return _of_metric("ttft_ms" if evidence.result.config.stream else "ttfb_ms", 50)(evidence)


def _failures(evidence: Evidence) -> Measured:
    found = evidence.result.summary
    finished = found.ok + found.failed
    return (found.failed / finished * 100, _NO_REASON) if finished else (None, words("no_ok"))


def _memory(evidence: Evidence) -> Measured:
    peaks = [peak for each in evidence.processes if (peak := evidence.peak_mb(each)) is not None]
    return (max(peaks), _NO_REASON) if peaks else (None, words("no_samples"))


def _cpu(evidence: Evidence) -> Measured:
    """Of one core for what computes on one at a time, else of all that the process may use."""
    shares = []
    for each in evidence.processes:
        cpu = evidence.mean_of(each, "cpu")
        if cpu is not None:
            shares.append(cpu if each.kind in ("python", "node") else cpu / (each.cores or 1))
    return (max(shares), _NO_REASON) if shares else (None, words("no_samples"))


def loop_delay(evidence: Evidence) -> Measured:
    """The worst of all event loops."""
    found = [p99 for hook in evidence.hooks.values() if (p99 := evidence.loop_p99_ms(hook)) is not None]
    return (max(found), _NO_REASON) if found else (None, words("no_loop" if evidence.hooks else "no_hook"))


MOST_FOR_GROWTH = 20
"""So many ok requests a third needs."""


def growth(evidence: Evidence) -> Measured:
    """By how many percent the median response time of the last third is above the first third's; 0 when that may be
    chance: their 95 % intervals overlap."""
    config = evidence.result.config
    if config.stages or config.replay_file:
        return None, words("not_constant")
    rows = evidence.ok_latencies()
    third = len(rows) // 3
    if third < MOST_FOR_GROWTH:
        return None, words("few", n=3 * MOST_FOR_GROWTH)
    first, last = (sorted(latency for _, latency in part) for part in (rows[:third], rows[-third:]))
    of_first, of_last = interval(first, 50), interval(last, 50)
    apart = of_first and of_last and of_first[1] and of_last[0] and of_last[0] > of_first[1]
    return (median(last) / median(first) - 1) * 100 if apart else 0.0, _NO_REASON


_MEASURES: dict[str, Callable[[Evidence], Measured]] = {
    "p50": _of_metric("latency_ms", 50),
    "ttfc": _first_chunk,
    "rss": _memory,
    "cpu": _cpu,
    "p99": _of_metric("latency_ms", 99),
    "failures": _failures,
    "ttfc_slow": _first_chunk,
    "growth": growth,
    "loop_delay": loop_delay,
}
