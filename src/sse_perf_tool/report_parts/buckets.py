"""The time series in wider intervals: drawn by second, half a request a second is a comb of noughts and ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from ..metrics import success_rate
from ..records import IntervalSample, Outcome
from .reduce import bin_s

REQUESTS_OF_AN_INTERVAL = 5
"""Requests that end in an interval that is drawn, on average."""
FEWEST_INTERVALS = 12
"""With still fewer there would be no course to see, however few requests there are."""
FULL_ENOUGH = 0.5
"""The least share of an interval that tells a rate."""

_SUMS = ("requests_started", "requests_done", "requests_ok", "requests_failed", "chunks", "tokens")
_MEANS = ("avg_latency_ms", "avg_ttfb_ms", "avg_ttft_ms", "avg_tpot_ms")


def drawn_s(samples: Sequence[IntervalSample]) -> int:
    """How many seconds an interval has that is drawn: 1 for all but slow or very long runs."""
    done = sum(sample.requests_done for sample in samples)
    return bin_s(samples, max(FEWEST_INTERVALS, done // REQUESTS_OF_AN_INTERVAL))


def drawn(samples: Sequence[IntervalSample]) -> list[IntervalSample]:
    """The time series in intervals that are wide enough to be drawn."""
    return widened(samples, drawn_s(samples))


def last_share(samples: Sequence[IntervalSample], duration_s: float) -> float | None:
    """The share of the last interval that a run of this length filled: what its counts are divided by to be rates.

    None where it is less than half and there are others: of a moment there is no rate.
    """
    if not samples:
        return 1.0
    last = samples[-1]
    share = min(1.0, (duration_s - last.second) / last.width_s)
    return share if share >= FULL_ENOUGH or (len(samples) == 1 and share > 0) else None


def widened(samples: Sequence[IntervalSample], width_s: int) -> list[IntervalSample]:
    """The same time series in intervals of `width_s` seconds, in which those that there are must be whole.

    What is left over at the end is an interval of its own if it is half as wide or wider, else part of the one before:
    of a moment there is no rate.  Means are means of the given ones, each as heavy as it has ok requests.
    """
    if not samples or samples[0].width_s == width_s:
        return list(samples)
    grouped: dict[int, list[IntervalSample]] = {}
    for sample in samples:
        grouped.setdefault(sample.second // width_s, []).append(sample)
    groups = list(grouped.values())
    if len(groups) > 1 and _length_s(groups[-1]) < FULL_ENOUGH * width_s:
        rest = groups.pop()
        groups[-1] += rest
    return [_together(group, group[0].second // width_s * width_s) for group in groups]


def _length_s(group: Sequence[IntervalSample]) -> int:
    return sum(sample.width_s for sample in group)


def _together(group: Sequence[IntervalSample], second: int) -> IntervalSample:
    outcomes: Counter[str] = Counter()
    for sample in group:
        outcomes.update(sample.outcomes)
    found: dict[str, Any] = {name: sum(getattr(sample, name) for sample in group) for name in _SUMS}
    found |= {name: _mean((getattr(sample, name), sample.requests_ok) for sample in group) for name in _MEANS}
    asked = [sample.rate_asked for sample in group if sample.rate_asked is not None]
    delays = (sample.schedule_delay_ms for sample in group)
    return replace(
        group[-1],
        second=second,
        width_s=_length_s(group),
        threads_active=max(sample.threads_active for sample in group),
        success_rate=success_rate(found["requests_ok"], found["requests_done"] - outcomes[Outcome.CANCELLED.value]),
        outcomes=dict(outcomes),
        rate_asked=sum(asked) if asked else None,
        schedule_delay_ms=max((delay for delay in delays if delay is not None), default=None),
        gap_counts={},
        **found,
    )


def _mean(weighted: Iterable[tuple[float | None, int]]) -> float | None:
    known = [(value, weight) for value, weight in weighted if value is not None and weight]
    total = sum(weight for _, weight in known)
    return sum(value * weight for value, weight in known) / total if total else None
