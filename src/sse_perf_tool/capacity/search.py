"""The search for the highest load under which a service meets its goals: which level comes next, and the result.

Pure: a search is a function of the steps measured so far (`next_level`), so an interrupted search is resumed by calling
it with the steps of the file.  The rules, and their sources:

* **Doubling, then bisection**: from the least level twice as much each time until a level fails, then the middle
  between the highest that passed and the lowest that failed, as binary search has always done it and evalscope
  (`--sla-auto-tune`) and AIPerf (recipe max-concurrency-under-sla) do.  It ends when the two are one thread apart, or
  `RESOLUTION` of the level, whichever is more: a finer result would be within the variation of runs.
* **Repeats at the edge**: both are measured again until one verdict has the majority of `REPEATS` (evalscope measures
  every level three times, which far from the edge only takes time).  A level whose verdict changes moves the edge, and
  the search goes on from there, so a level that failed by chance is found, however low it is.
* **Saturation**: when a level passes but its throughput has grown by less than `FLAT` of the growth of the load, and
  answers take longer instead (Little's law: the additional requests only wait), more load cannot bring more throughput.
  The search ends there, as GuideLLM ends a run on over-saturation.  k6's breakpoint test leaves that to thresholds.
* **Knee**: of the curve of throughput against load from (0, 0) on, both scaled to 1, the point farthest above the
  diagonal: Satopää et al., "Finding a 'Kneedle' in a Haystack" (ICDCS Workshops 2011), without its smoothing, as each
  point is a mean of many requests.  There is none when it is less than `KNEE_HEIGHT` above.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..goals.thresholds import SHARES, Rule
from ..metrics import percentile
from ..records import Capacity, CapacitySearch, Ending, Limit, Stats, StepResult

REPEATS = 3
RESOLUTION = 0.05
FLAT = 0.1
"""Growth of throughput over growth of load, both as logarithms: 1 is in proportion, 0 none at all."""
SLOWER = 1.3
"""The least factor by which answers take longer in a saturated service."""
WIDE = 1.5
"""The least factor between two levels for which growth is computed: below it, runs vary as much."""
KNEE_HEIGHT = 0.1
AROUND, SPREAD = 0.95, 1.2
"""The part of the curve that is checked for growth: how far it begins below the edge, and its least length."""
STILL = 0.33
"""Growth below which throughput counts as constant at the edge."""
BUSY_CLIENT = 0.95
"""From this CPU share of its core on, the tool itself may be the bottleneck, as in `trust`."""


class Point(NamedTuple):
    """What was measured at one level: medians over its steps; times in ms, None when no answer was whole."""

    level: float
    requests_per_s: float
    latency_p50_ms: float | None


def next_level(search: CapacitySearch, steps: Sequence[StepResult]) -> float | Ending:
    """The level to measure next, or the reason why the search ends."""
    unjudged = unjudged_step(steps) is not None
    if search.ladder:
        measured = {step.level for step in steps}
        ending = Ending.UNJUDGED if unjudged else Ending.SWEPT
        return next((level for level in search.ladder if level not in measured), ending)
    if unjudged:
        return Ending.UNJUDGED
    low, high = edge(steps)
    if high is None:
        return search.least if low is None else _higher(search, steps, low)
    if low is None and high > search.least:  # a search that was begun higher goes on lower
        return search.least
    if low is not None and high - low > _resolution(search, low):
        return _middle(search, low, high)
    unsettled = next((level for level in (high, low) if level is not None and not _settled(steps, level)), None)
    if unsettled is not None:
        return unsettled
    return Ending.LEAST if low is None else Ending.EDGE


def without_verdict(steps: Sequence[StepResult]) -> list[StepResult]:
    """The steps that say nothing of their level.

    One of their rules could not be judged, or no request fell into the measured time.  The latter counts at the lowest
    level only: above it, the service held the requests of the warm-up for longer than the step.
    """
    lowest = min((step.level for step in steps), default=0.0)
    return [step for step in steps if step.passed is None or (step.level == lowest and not step.ok + step.failed)]


def unjudged_step(steps: Sequence[StepResult]) -> StepResult | None:
    """The first step without a verdict that leaves the edge open; None when there is none.

    Below a level that passes it would have passed, and above one that fails it would not have counted, so it changes
    nothing there: a `--sweep` goes on beyond it.
    """
    low, high = edge(steps)
    return next(
        (
            step
            for step in without_verdict(steps)
            if (low is None or step.level >= low) and (high is None or step.level <= high)
        ),
        None,
    )


def _higher(search: CapacitySearch, steps: Sequence[StepResult], low: float) -> float | Ending:
    """The level above `low`, after all levels passed; there is none when `low` is the maximum or saturated."""
    ending = Ending.MOST if low >= search.most else Ending.SATURATED if is_saturated(curve(steps)) else None
    if ending is None:
        return min(low * 2, search.most)
    return ending if _settled(steps, low) else low


def _resolution(search: CapacitySearch, low: float) -> float:
    """The largest distance between the highest passing and the lowest failing level at the end of the search."""
    return max(1, math.floor(low * RESOLUTION)) if search.by == "threads" else low * RESOLUTION


def _middle(search: CapacitySearch, low: float, high: float) -> float:
    if search.by == "threads":
        return (low + high) // 2
    return float(f"{(low + high) / 2:.4g}")


def verdicts(steps: Sequence[StepResult], level: float) -> list[bool]:
    """The verdict of each step at this level that has one, in order."""
    return [step.passed is True for step in steps if step.level == level and step.passed is not None]


def _passes(steps: Sequence[StepResult], level: float) -> bool:
    """The verdict of the majority, the first while there is none."""
    said = verdicts(steps, level)
    return said[0] if 2 * sum(said) == len(said) else 2 * sum(said) > len(said)


def _settled(steps: Sequence[StepResult], level: float) -> bool:
    """Whether no further step at this level could change the majority of `REPEATS`."""
    said = verdicts(steps, level)
    return max(sum(said), len(said) - sum(said)) > REPEATS // 2


def edge(steps: Sequence[StepResult]) -> tuple[float | None, float | None]:
    """The highest level that passes below the lowest that fails, and that one; None for one that is not there.

    A level without a verdict is neither.
    """
    silent = without_verdict(steps)
    levels = sorted({step.level for step in steps if step not in silent})
    high = next((level for level in levels if not _passes(steps, level)), None)
    return max((level for level in levels if high is None or level < high), default=None), high


def curve(steps: Sequence[StepResult]) -> list[Point]:
    """A point a level, ascending."""
    points = []
    for level in sorted({step.level for step in steps}):
        here = [step for step in steps if step.level == level]
        times = [time for step in here if (time := step.metrics.get("latency_ms", Stats()).p50) is not None]
        rate = percentile(sorted(step.requests_per_s for step in here), 50) or 0.0
        points.append(Point(level, rate, percentile(sorted(times), 50)))
    return points


def growth(low: Point, high: Point) -> float | None:
    """The exponent by which throughput grew with the load between two points: 1 is in proportion, 0 not at all.

    None when the points are too close to each other, or nothing was measured.
    """
    if high.level < low.level * WIDE or not low.requests_per_s or not high.requests_per_s:
        return None
    return math.log(high.requests_per_s / low.requests_per_s) / math.log(high.level / low.level)


def is_saturated(points: Sequence[Point]) -> bool:
    """Whether the last of the points has no more throughput than the one below it, but answers that take longer."""
    if len(points) < 2:
        return False
    low, high = points[-2:]
    grown = growth(low, high)
    if grown is None or low.latency_p50_ms is None or high.latency_p50_ms is None:
        return False
    return grown < FLAT and high.latency_p50_ms > low.latency_p50_ms * SLOWER


def knee(points: Sequence[Point]) -> float | None:
    """The knee: the level above which more load brings little more throughput; None when the curve has none."""
    most = max((point.requests_per_s for point in points), default=0.0)
    if len(points) < 2 or not most:
        return None
    heights = [(point.requests_per_s / most - point.level / points[-1].level, point.level) for point in points]
    height, level = max(heights, key=lambda each: each[0])
    return level if height >= KNEE_HEIGHT else None


def limit(steps: Sequence[StepResult], low: float | None, high: float | None) -> Limit | None:
    """What limits the load to `low`, from the steps at `high`, the level that fails (None: none did)."""
    failed = [step for step in steps if step.level == high and not step.passed]
    if any(step.error and _misses(step, "errors:") for step in failed):
        return Limit.ERRORS
    top = [step for step in steps if step.level == (low if high is None else high)]
    if any((step.client_cpu or 0.0) >= BUSY_CLIENT or step.trust == "invalid" for step in top):
        return Limit.CLIENT
    slope = slope_of(about_edge(curve(steps), low or 0.0))
    return None if slope is None else Limit.SERVER if slope < STILL else Limit.GROWING


def about_edge(points: Sequence[Point], level: float) -> list[Point]:
    """The points from `AROUND` of the level on, or from as far below as it takes for them to be `SPREAD` apart."""
    known = [point for point in points if point.requests_per_s]
    wanted = sum(1 for point in known if point.level >= level * AROUND)
    while wanted < len(known) and known[-1].level < known[-max(wanted, 1)].level * SPREAD:
        wanted += 1
    return known[-wanted:]


def slope_of(points: Sequence[Point]) -> float | None:
    """The exponent by which throughput grows with the load over these points, as `growth`; None when it is unknown.

    It is the slope of the least-squares line through their logarithms.
    """
    if not points or points[-1].level < points[0].level * SPREAD:
        return None
    logs = [(math.log(point.level), math.log(point.requests_per_s)) for point in points]
    middle_x, middle_y = (sum(values) / len(logs) for values in zip(*logs, strict=True))
    rise = math.fsum((x - middle_x) * (y - middle_y) for x, y in logs)
    return rise / math.fsum((x - middle_x) ** 2 for x, _ in logs)


def _misses(step: StepResult, beginning: str) -> bool:
    return any(not check.ok and check.rule.startswith(beginning) for check in step.checks)


def answer(search: CapacitySearch, steps: Sequence[StepResult], ending: Ending) -> Capacity:
    """The result of the steps: the capacity, its evidence and what limits it."""
    low, high = edge(steps)
    points = curve(steps)
    rates = sorted(point.requests_per_s for point in about_edge(points, low or 0.0))
    return Capacity(
        search=search,
        steps=tuple(steps),
        ending=ending,
        level=low,
        failing=high,
        knee=knee(points),
        limit=limit(steps, low, high) if steps else None,
        edge_per_s=percentile(rates, 50) or 0.0,
    )


# --- how long a step takes

MARGIN = 5
"""A step should have this many times the fewest samples of its percentiles."""
ROUNDS = 4
"""The requests per thread that a step should have: the first requests of all threads compete with each other."""
STEP_S = (5.0, 20.0)
"""The default shortest and longest measuring time of a step; it is longer when a percentile needs more samples."""
WARMUP_S = (1.0, 20.0)
RAMP_MOST_S = 5.0


@dataclass(frozen=True, slots=True)
class StepPlan:
    """The settings that all steps of a search share."""

    step_s: tuple[float, float] | None = None
    """The shortest and longest measuring time, kept even if percentiles need more samples; None for `STEP_S`."""
    pause_s: float = 0.0
    processes: int | None = None
    """The argument of `schedule.processes_for`."""
    threads: int | None = None
    """The limit of concurrent requests when the level is a rate; None: derived from the rate."""


class StepTimes(NamedTuple):
    """The parts of a step, in seconds: threads start over `ramp_s`; requests begun before `warmup_s` do not count."""

    ramp_s: float
    warmup_s: float
    measured_s: float


def requests_wanted(rules: Iterable[Rule]) -> tuple[int, int]:
    """The number of requests that a step should have for these rules, and the least with which they can be judged."""
    wanted = least = 1
    for rule in rules:
        tail = _tail(rule)
        if tail:
            needed = math.ceil(round(1 / tail, 6))
            wanted = max(wanted, needed * (1 if rule.subject == "errors" else MARGIN))
            least = max(least, needed if rule.subject != "errors" else 1)
    return wanted, least


def _tail(rule: Rule) -> float:
    """The share of requests that decides the rule: 0.05 for p(95) and for 95 % goodput; 0 when all of them do."""
    if rule.percent is not None:
        return min(1 - rule.percent / 100, rule.percent / 100) or 0.0
    if rule.subject == "errors" and rule.function == "rate":
        return rule.limit
    return 1 - rule.limit if (rule.subject, rule.function) in SHARES else 0.0


def step_times(
    search: CapacitySearch,
    plan: StepPlan,
    rules: Iterable[Rule],
    steps: Sequence[StepResult],
    level: float,
    answer_s: float | None,
) -> StepTimes:
    """The times of a step at this level, estimated from the levels below, else from the time of one answer.

    The warm-up lasts two answers.  Threads start over the first of these (the ramp), so that they do not all send at
    once.
    """
    latency_s, per_s = _expected(search, steps, level, answer_s or 1.0)
    wanted, least = requests_wanted(rules)
    low_s, high_s = plan.step_s or STEP_S
    measured_s = min(high_s, max(low_s, wanted / per_s, ROUNDS * latency_s))
    if plan.step_s is None:
        measured_s = max(measured_s, least / per_s)
    ramp_s = min(latency_s, RAMP_MOST_S) if search.by == "threads" and level > 1 else 0.0
    warmup_s = min(max(2 * latency_s, ramp_s + WARMUP_S[0]), max(WARMUP_S[1], ramp_s))
    return StepTimes(round(ramp_s, 3), round(warmup_s, 3), round(measured_s, 3))


def _expected(
    search: CapacitySearch, steps: Sequence[StepResult], level: float, answer_s: float
) -> tuple[float, float]:
    """The expected time of an answer in seconds, and the expected answers per second, at this level.

    Extrapolated from the nearest level at or below: times grow in proportion to the load, throughput half-way between
    not at all and in proportion.
    """
    known = [point for point in curve(steps) if point.level <= level and point.requests_per_s and point.latency_p50_ms]
    if not known:
        return answer_s, level if search.by == "rate" else level / answer_s
    near = known[-1]
    more = level / near.level
    latency_s = (near.latency_p50_ms or 0.0) / 1000 * more
    return latency_s, near.requests_per_s * math.sqrt(more) if search.by == "threads" else level
