"""Steps of a search for capacity, made up, and a search over them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from sse_perf_tool.arguments import Arguments, parse_arguments
from sse_perf_tool.capacity.search import (
    answer,
    next_level,
)
from sse_perf_tool.errors import UsageError
from sse_perf_tool.metrics import stats_of
from sse_perf_tool.records import Capacity, CapacitySearch, Ending, Stats, StepResult, ThresholdResult

Measure = Callable[[float], StepResult]


def step(
    level: float,
    ok: bool = True,
    per_s: float | None = None,
    latency_ms: float = 1000.0,
    value: float | None = 100.0,
    rule: str = "ttft_ms:p(95)<500",
    **more: object,
) -> StepResult:
    """A step whose throughput is one request a second for each of its level, unless told otherwise."""
    rate = level if per_s is None else per_s
    times = {name: stats_of([latency_ms] * 2) for name in ("ttft_ms", "latency_ms")}
    checks = (ThresholdResult(rule, value, ok),)
    return StepResult(level, 0, 10.0, 100, 100, 0, rate, 10 * rate, {**times, "itl_ms": Stats()}, checks, **more)  # type: ignore[arg-type]


def levels_of(
    search: CapacitySearch, measure: Measure, steps: Sequence[StepResult] = ()
) -> tuple[list[float], Capacity]:
    """The levels measured in order, beyond the `steps` known already, and the answer."""
    known, asked = list(steps), []
    while not isinstance(level := next_level(search, known), Ending):
        asked.append(level)
        known.append(measure(level))
        assert len(known) < 100, "it does not end"
    return asked, answer(search, known, level)


def passing_up_to(capacity: float) -> Measure:
    return lambda level: step(level, level <= capacity)


def saturating_at(knee_level: float, passing: float = math.inf) -> Measure:
    """A closed loop whose throughput grows up to a level and whose answers then wait, by Little's law."""

    def measure(level: float) -> StepResult:
        rate = min(level, knee_level)
        return step(level, level <= passing, rate, 1000 * level / rate)

    return measure


MS, S = 1_000_000, 1_000_000_000
TARGET = ("--url", "http://127.0.0.1:9/v1/chat-messages", "--api-key", "app-0123456789abcdef")
P95 = "ttft_ms:p(95)<500"


def asked(*argv: str) -> Arguments:
    return parse_arguments(["capacity", *TARGET, *argv], {})


def problem(*argv: str) -> str:
    with pytest.raises(UsageError) as caught:
        asked(*argv)
    return str(caught.value)


def steps_to(capacity: float) -> list[Any]:
    return list(levels_of(CapacitySearch(), passing_up_to(capacity))[1].steps)
