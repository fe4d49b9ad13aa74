"""The differences between two runs, each with a 95 % interval and a verdict: better, worse or not significant.

The interval of a percentile is that of the bootstrap, computed without drawing samples: the k-th smallest of n draws
from n sorted values is the value at position floor(n U), where U, the k-th smallest of n uniform numbers, has the
distribution Beta(k, n - k + 1).  (Efron does so for the median in "Bootstrap methods: another look at the jackknife",
1979.)  So a million requests cost as much as a hundred.

Rates are resampled in blocks of seconds, since neighbouring seconds resemble each other.  The share of ok requests is
drawn from its posterior under Jeffreys' prior, which a bootstrap would give no width when nothing failed.

The intervals cover the variation between the requests of a run, not the variation from one run to the next.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random

from ..metrics import enough_for, ok_values, percentile
from ..records import IntervalSample, Phase, RunResult, Summary
from ..units import NS_PER_S

COMPARED_METRICS = ("ttfb_ms", "ttft_ms", "tpot_ms", "latency_ms", "tokens_per_s", "max_gap_ms")
COMPARED_PERCENTILES = (50, 90, 99)
HIGHER_IS_BETTER = frozenset({"tokens_per_s", "requests_per_s", "output_tokens_per_s", "success_rate"})
RESAMPLES = 2_000
FAILING_SHARE = 0.01
"""From so large a share of requests on that fail more than before, the comparison is about these."""
FEWEST_SAMPLES = 10
"""The fewest samples for which an interval is computed: with fewer it would not be reliable."""

Draw = Callable[[Random], float]
"""Draws a random value of a figure, as a repeated run might have measured it."""


@dataclass(frozen=True, slots=True)
class Difference:
    """How one figure of a run differs from that of the base run, in the unit of the metric's name.

    `statistic` is "P50", "P90" or "P99" of the metric over ok requests, or "" for a figure of the whole run.  `low` and
    `high` bound `other` - `base` with 95 % confidence; they are None and `word` is "unknown" when samples are too few.
    """

    metric: str
    statistic: str
    base: float | None
    other: float | None
    low: float | None
    high: float | None
    word: str
    """"better", "worse", "same" (no difference shown), "survivors" (better, but of the fewer answers that still came
    whole) or "unknown"."""

    @property
    def difference(self) -> float | None:
        """`other` - `base`; None when one of them was not measured."""
        return None if self.base is None or self.other is None else self.other - self.base

    @property
    def relative(self) -> float | None:
        """The difference as a share of `base`; None without a base above 0."""
        difference = self.difference
        return difference / self.base if difference is not None and self.base else None


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of a run and its bootstrap; `draw` is None when there are too few samples."""

    value: float | None
    draw: Draw | None


def differences(base: RunResult, other: RunResult, *, seed: int = 1) -> list[Difference]:
    """Every compared figure of `other` against `base`; the same input gives the same intervals.

    Metrics that neither run could measure (those of streams, for whole answers) are left out.
    """
    random = Random(seed)  # noqa: S311  statistics, not secrets
    ours, theirs = figures(base), figures(other)
    measured = {name for run in (base, other) for name, stats in run.summary.metrics.items() if stats.count}
    left_out = set(COMPARED_METRICS) - measured if "latency_ms" in measured else set()
    found = [_difference(key, ours[key], theirs[key], random) for key in ours if key[0] not in left_out]
    return without_praise(found) if failing_more(found) else found


def without_praise(found: Sequence[Difference]) -> list[Difference]:
    """The same of a run that fails more: who drops the slow requests looks fast, so what is left proves nothing."""
    return [replace(each, word="survivors") if each.word == "better" else each for each in found]


def failing_more(found: Sequence[Difference]) -> float:
    """The share of requests that fail now and did not before; 0 when that is little or may be chance."""
    success = next((each for each in found if each.metric == "success_rate"), None)
    if success is None or success.difference is None or success.word in ("same", "better"):
        return 0.0
    return -success.difference if success.difference <= -FAILING_SHARE else 0.0


def success_difference(base: Summary, other: Summary, *, seed: int = 1) -> Difference:
    """How the share of ok requests differs, from the counts of two runs alone."""
    before, now = (share_figure(each.ok, each.failed) for each in (base, other))
    return _difference(("success_rate", ""), before, now, Random(seed))  # noqa: S311  statistics


def fails_more_than(base: Summary, other: Summary, *, seed: int = 1) -> float:
    """`failing_more` from the counts of two runs alone."""
    return failing_more([success_difference(base, other, seed=seed)])


def _difference(key: tuple[str, str], base: Figure, other: Figure, random: Random) -> Difference:
    metric, statistic = key
    if base.draw is None or other.draw is None:
        return Difference(metric, statistic, base.value, other.value, None, None, "unknown")
    low, high = interval(base.draw, other.draw, random)
    return Difference(metric, statistic, base.value, other.value, low, high, judge(metric, low, high))


def interval(base: Draw, other: Draw, random: Random) -> tuple[float, float]:
    """The middle 95 % of `RESAMPLES` draws of `other` - `base`."""
    drawn = sorted(other(random) - base(random) for _ in range(RESAMPLES))
    return percentile(drawn, 2.5) or 0.0, percentile(drawn, 97.5) or 0.0


def judge(metric: str, low: float | None, high: float | None) -> str:
    """The verdict on an interval of differences: "same" when it contains 0, else "better" or "worse"."""
    if low is None or high is None:
        return "unknown"
    if low <= 0 <= high:
        return "same"
    return "better" if (low > 0) == (metric in HIGHER_IS_BETTER) else "worse"


def figures(result: RunResult) -> dict[tuple[str, str], Figure]:
    """(metric, statistic) -> the figure and its bootstrap, in the order in which they are shown."""
    summary = result.summary
    seconds = whole_seconds(result)
    found = {
        ("success_rate", ""): share_figure(summary.ok, summary.failed),
        ("requests_per_s", ""): rate_figure(summary.requests_per_s, [s.per_s(float(s.requests_done)) for s in seconds]),
        ("output_tokens_per_s", ""): rate_figure(summary.output_tokens_per_s, [s.per_s(s.tokens) for s in seconds]),
    }
    for metric in COMPARED_METRICS:
        ordered = ok_values(result.requests, metric)
        for percent in COMPARED_PERCENTILES:
            found[metric, f"P{percent}"] = percentile_figure(ordered, percent)
    return found


def whole_seconds(result: RunResult) -> list[IntervalSample]:
    """The intervals that begin in a main phase, without the last of the run, which was cut short."""
    series = result.time_series
    whole = [sample for sample in series if (sample.second + sample.width_s) * NS_PER_S <= result.duration_ns]
    return [sample for sample in whole if sample.phase == Phase.MAIN.value]


def percentile_figure(ordered: Sequence[float], percent: float) -> Figure:
    """The percentile of ascending values; it has none when they are too few."""
    count = len(ordered)
    if not enough_for(percent, count):
        return Figure(None, None)
    value = percentile(ordered, percent)
    if count < FEWEST_SAMPLES:
        return Figure(value, None)
    rank = percent / 100 * (count - 1)
    below = math.floor(rank)
    share = rank - below

    def draw(random: Random) -> float:
        # The order statistics number below + 1 and below + 2 of `count` uniform numbers, the second given the first.
        first = random.betavariate(below + 1, count - below)
        low = ordered[min(int(first * count), count - 1)]
        if not share:
            return low
        second = 1 - (1 - first) * math.pow(1 - random.random(), 1 / (count - below - 1))
        return low + (ordered[min(int(second * count), count - 1)] - low) * share

    return Figure(value, draw)


def share_figure(ok: int, failed: int) -> Figure:
    """The share of the first count in the sum of both."""
    if not ok + failed:
        return Figure(None, None)
    value = ok / (ok + failed)
    if ok + failed < FEWEST_SAMPLES:
        return Figure(value, None)
    return Figure(value, lambda random: random.betavariate(ok + 0.5, failed + 0.5))


def rate_figure(value: float, seconds: Sequence[float]) -> Figure:
    """A rate of the whole run; `seconds` has the count of each second."""
    count = len(seconds)
    if count < FEWEST_SAMPLES:
        return Figure(value, None)
    length = max(1, round(math.pow(count, 1 / 3)))
    # Blocks run on from the last second to the first, so that each second is drawn equally often.
    around = [*seconds, *seconds[:length]]
    sums = [sum(around[start : start + length]) for start in range(count)]
    blocks = round(count / length)
    middle = sum(seconds) / count

    def draw(random: Random) -> float:
        return value + sum(random.choices(sums, k=blocks)) / (blocks * length) - middle

    return Figure(value, draw)
