"""Runs a search for capacity: one `LoadRun` per step, until `search.next_level` has no further level."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace

from ..capacity.search import StepPlan, StepTimes, next_level, step_times
from ..errors import UsageError
from ..goals.thresholds import TEXTS as RULE_TEXTS
from ..goals.thresholds import evaluate, parse_rule
from ..pace.schedule import processes_for, threads_for
from ..records import (
    CapacitySearch,
    Ending,
    Outcome,
    RunConfig,
    RunResult,
    ServerMetrics,
    Stats,
    StepResult,
    ThresholdResult,
    Trust,
)
from ..records.server import highest
from ..records.writer import Lines
from ..request.target import Target
from ..test_runner import OnSample
from ..texts import speaker
from ..units import NS_PER_S
from .run import Groups, LoadRun

NO_SERVER = (Outcome.CONNECT_ERROR.value, Outcome.TLS_ERROR.value)
RATE_KEPT = 0.95
"""The share of a target rate that must really be sent for its level to count as reached."""


OnStepStart = Callable[[float, StepTimes, RunConfig], OnSample]
"""Called before a step begins; the function that it returns is called every second of the step."""


class CapacityRun:
    """A search against `target`; `config` has all settings but the load.  With `groups` others send it.

    `told` gives what the server said of itself since a moment (`time.perf_counter_ns`); `lines` takes a line for each
    request.  `stop()` may be called from a signal handler.
    """

    def __init__(
        self,
        target: Target,
        config: RunConfig,
        search: CapacitySearch,
        plan: StepPlan,
        told: Callable[[int], ServerMetrics] | None = None,
        groups: Groups | None = None,
        lines: Lines | None = None,
    ) -> None:
        self._lines = lines
        self._told, self._origin_ns = told, 0
        self.search = search
        self.warnings: list[str] = []
        """Warnings of the first request and of a step that lost a process; failed requests of a step are no warning."""
        self._target, self._config, self._plan = target, replace(config, slo=search.slo, thresholds=search.rules), plan
        self._rules = [parse_rule(text, speaker(RULE_TEXTS, config.lang)) for text in search.rules]
        self._groups = groups
        self._stopped = threading.Event()
        self._running: LoadRun | None = None
        self._answer_s: float | None = None

    def stop(self) -> None:
        """Ends the search; the current step does not count."""
        self._stopped.set()
        if self._running is not None:
            self._running.cancel()

    def run(self, steps: list[StepResult], on_start: OnStepStart, on_step: Callable[[StepResult], None]) -> Ending:
        """Measures level after level, appends each step to `steps`, and returns why the search ended."""
        if not steps and not self._stopped.is_set():
            self._answer_s = self._one_answer_s()
        first = True
        while not isinstance(level := next_level(self.search, steps), Ending):
            if not first:
                self._stopped.wait(self._plan.pause_s)
            first = False
            step = None if self._stopped.is_set() else self._measure(level, steps, on_start)
            if step is None:
                return Ending.INTERRUPTED
            steps.append(step)
            on_step(step)
        return level

    def _one_answer_s(self) -> float | None:
        """The time of one answer without other load; None when it failed.  This also warms up the server.

        UsageError when the server cannot be reached: no level would succeed.
        """
        result = self._result(replace(self._config, threads=1, processes=1, requests=1))
        for error in result.summary.errors:
            if error.outcome in NO_SERVER:
                raise UsageError(error.message)
        self.warnings += result.warnings
        latency_ms = result.summary.metrics["latency_ms"].p50
        return None if latency_ms is None else latency_ms / 1000

    def _measure(self, level: float, steps: list[StepResult], on_start: OnStepStart) -> StepResult | None:
        """Runs one step; None when it was stopped or lost a process."""
        times = step_times(self.search, self._plan, self._rules, steps, level, self._answer_s)
        config = self.config_of(level, times)
        result = self._result(config, on_start(level, times, config))
        if result.partial:
            self.warnings += result.warnings
        if result.interrupted or result.partial or self._stopped.is_set():
            return None
        step = step_result(level, result, [evaluate(rule, result) for rule in self._rules])
        return step if self._told is None else replace(step, server=self._highest(self._told, result))

    def _highest(self, told: Callable[[int], ServerMetrics], result: RunResult) -> Mapping[str, float]:
        """The highest values that the server told while this step was measured."""
        found = told(self._origin_ns)
        kept = [each for each in found.samples if each.second <= result.duration_ns // NS_PER_S]
        return highest(replace(found, samples=kept))

    def config_of(self, level: float, times: StepTimes) -> RunConfig:
        """The settings of the run at this level."""
        by_rate = self.search.by == "rate"
        threads = (self._plan.threads or threads_for(level)) if by_rate else round(level)
        return replace(
            self._config,
            threads=threads,
            rate_per_s=level if by_rate else None,
            processes=processes_for(self._plan.processes, threads, os.cpu_count() or 1),
            ramp_up_s=times.ramp_s,
            warmup_s=times.warmup_s,
            # Threads stop one by one over the time of the ramp-up: that is left out as a cool-down.
            cooldown_s=times.ramp_s,
            duration_s=times.warmup_s + times.measured_s,
        )

    def _result(self, config: RunConfig, on_sample: OnSample = lambda _sample, _totals: None) -> RunResult:
        self._running = LoadRun(self._target, config, records=self._lines, groups=self._groups)
        try:
            if self._stopped.is_set():
                self._running.cancel()
            result = self._running.run(on_sample)
            if self._told is not None:
                self._origin_ns = self._running.origin.ns
            return result
        finally:
            self._running = None


STEP_METRICS = ("ttft_ms", "itl_ms", "latency_ms")


def step_result(level: float, result: RunResult, checks: list[ThresholdResult]) -> StepResult:
    """The step that a run at this level gives."""
    found = result.summary
    per_s = found.requests_per_s
    if found.schedule is not None:
        # The rate from first to last start, since the last answers of an open loop end after its schedule.  With a
        # single start it is taken over the measured time.
        kept, run = found.schedule.sent_per_s, result.config
        per_s = found.sent / (run.duration_s - run.warmup_s) if kept is None else kept
        least_per_s = RATE_KEPT * level
        checks = [*checks, ThresholdResult(f"requests:rate>={least_per_s:.4g}", per_s, per_s >= least_per_s)]
    trust = result.trust or Trust()
    worst = found.errors[0] if found.errors else None
    return StepResult(
        level=level,
        started_unix_ns=result.started_unix_ns,
        measured_s=round(found.measured_s, 6),
        sent=found.sent,
        ok=found.ok,
        failed=found.failed,
        requests_per_s=per_s * found.ok / found.sent if found.sent else 0.0,
        output_tokens_per_s=found.output_tokens_per_s,
        metrics={name: found.metrics.get(name, Stats()) for name in STEP_METRICS},
        checks=tuple(checks),
        error=f"{worst.outcome}: {worst.message}" if worst else "",
        client_cpu=trust.cpu_share,
        trust=trust.verdict,
    )
