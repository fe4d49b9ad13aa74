"""Whether the figures of a run can be trusted, and the reasons why not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from ..metrics import enough_for, percentile
from ..metrics.stream_shape import unless_late
from ..metrics.watch_series import by_second
from ..records import Reason, RunResult, Stats, ThresholdResult, Trust, TrustSample
from ..records.workers import clock_uncertainty_ms
from ..texts import LANGUAGES, clock_time
from ..units import NS_PER_S, percent_text
from .evidence import RESOLUTION_MS, Evidence, evidence_of
from .samples import HalfOctaves, own_cpu, read_delay_ms, stood_still
from .wording import TEXTS, ms_text

REQUIRED = "--require-trust"
"""What stands for it among the thresholds."""

LIMIT_MS, LIMIT_SHARE = 10.0, 0.2
"""Figures are trusted when their bound is within both: milliseconds, and share of the figure."""
LEAST_MS = 1.0
"""The share is that of this at least: what is shorter is as good as nothing, and need not be known to a fifth."""
INVALID_SHARE = 0.5
"""From this share of the figure on it says more of this program than of the service."""

BUSY_CORE = 0.95
"""A process that keeps a core so busy sends as fast as it can, not as fast as it was asked to."""
FULL, STARVED_FULL, STARVED = 0.95, 0.02, 0.25
"""Where all cores are so busy and the reading thread waited for one for the second share of time, or wherever it waited
for the third, those that send waited as well: the load was not the one that was asked for."""
TIGHT, TIGHT_WAIT, MANY = 0.8, 0.1, 0.01
"""In a second in which the cores were so busy and the reading thread waited for one so much of the time, whatever began
may have been late, here or with a service on the same machine.  A P99 hangs on one request in a hundred."""
OWN_HALF = 0.5
"""Below this share of the time in which cores were busy it was other programs that kept them busy."""
LATE_SHARE = 0.01
"""An open loop in which so many requests started late, though threads were free, is another load than was asked for."""
CALM_SHARE, CALM_MS = 0.5, 1.0
"""Arrivals that this program stamps are trusted when the cores are half idle and 99 % of wake-ups this prompt."""


def judge(result: RunResult) -> RunResult:
    """The run with its `trust`, samples of its processes put together, and bursts told from what was read late."""
    samples = by_second(result.self_watch)
    delay_ms = read_delay_ms(samples)
    summary = replace(result.summary, shape=unless_late(result.summary.shape, delay_ms["p99"]))
    result = replace(result, self_watch=samples, summary=summary)
    found = evidence_of(result)
    again, late = (
        [value for sample in samples if (value := getattr(sample, name)) is not None]
        for name in ("retransmits", "out_of_order")
    )
    trust = Trust(
        ttft_p99_error_bound_ms=None if found.ttft_ms is None else round(found.ttft_ms, 3),
        itl_p99_error_bound_ms=None if found.gap_ms is None else round(found.gap_ms, 3),
        clock=result.clock,
        read_delay_ms=delay_ms,
        cpu_share=_busiest(samples, "cpu_share"),
        machine_cpu=_busiest(samples, "machine_cpu"),
        own_cpu=own_cpu(samples, result.config.processes),
        cpu_wait=_at_most_1(_busiest(samples, "cpu_wait")),
        merged_share=None if found.merged_share is None else round(found.merged_share, 6),
        gc_max_ms=max((sample.gc_max_ms for sample in samples), default=None),
        rtt_ms=max((sample.rtt_ms for sample in samples if sample.rtt_ms is not None), default=None),
        retransmits=sum(again) if again else None,
        out_of_order=sum(late) if late else None,
        clock_steps=sum(1 for sample in samples if sample.clock_step_ms),
        stood_still=stood_still(samples),
    )
    if not result.summary.ok or not samples:
        still = tuple(_stood_still(result, trust, found))
        return replace(result, trust=replace(trust, verdict="invalid", reasons=still) if still else trust)
    reasons = tuple(reason for rule in _RULES for reason in rule(result, trust, found))
    verdict = "degraded" if reasons else "trusted"
    if any(bound_ms > INVALID_SHARE * max(LEAST_MS, value_ms) for value_ms, bound_ms, _ in _bounds(result, trust)):
        verdict = "invalid"
    if trust.stood_still:
        verdict = "invalid"  # what came meanwhile is measured right; when requests went out, and how many, is not
    return replace(result, trust=replace(trust, verdict=verdict, reasons=reasons))


def held(result: RunResult) -> RunResult:
    """The judged run with `RunConfig.require_trust` among its thresholds."""
    trust = result.trust
    if not result.config.require_trust or trust is None:
        return result
    verdict = TEXTS[trust.verdict][LANGUAGES.index(result.config.lang)]
    required = ThresholdResult(REQUIRED, None, trust.verdict == "trusted", verdict)
    return replace(result, thresholds=(*result.thresholds, required))


def _busiest(samples: Sequence[TrustSample], name: str) -> float | None:
    """What the busiest tenth of the seconds reached; None when it was not measured."""
    value = percentile(sorted(value for sample in samples if (value := getattr(sample, name)) is not None), 90)
    return None if value is None else round(value, 4)


def _at_most_1(share: float | None) -> float | None:
    return None if share is None else min(1.0, share)


def _bounds(result: RunResult, trust: Trust) -> list[tuple[float, float, str]]:
    """(P99, its bound, key of the reason when it is too large) of each figure that there is.

    Of too few requests no P99 is shown anywhere, nor in the reason.
    """
    metrics = result.summary.metrics
    rows = (
        ("ttft_ms", trust.ttft_p99_error_bound_ms, "ttft_bound"),
        ("itl_ms", trust.itl_p99_error_bound_ms, "itl_bound"),
    )
    return [
        (stats.p99, bound_ms, key if enough_for(99, stats.count) else f"{key}_few")
        for name, bound_ms, key in rows
        if (stats := metrics.get(name, Stats())).p99 is not None and bound_ms is not None
    ]


MS_PER_S = 1_000
STILL_SAID = 3
"""So many times of standing still are said one by one."""


def _stood_still(_result: RunResult, trust: Trust, _found: Evidence) -> list[Reason]:
    times = trust.stood_still
    said = [
        Reason("stood_still", {"seconds": f"{each.ms / MS_PER_S:.1f}", "at": clock_time(each.at_ms / MS_PER_S)})
        for each in times[:STILL_SAID]
    ]
    if rest := times[STILL_SAID:]:
        seconds = sum(each.ms for each in rest) / MS_PER_S
        said.append(Reason("stood_still_more", {"count": str(len(rest)), "seconds": f"{seconds:.1f}"}))
    return said


def _too_far_off(result: RunResult, trust: Trust, found: Evidence) -> list[Reason]:
    """Bounds that are too large, and what made them so."""
    said = [
        Reason(key, {"value": ms_text(value_ms), "bound": ms_text(bound_ms)})
        for value_ms, bound_ms, key in _bounds(result, trust)
        if _too_large(value_ms, bound_ms)
    ]
    if said and found.merged_share:
        said.append(_reason(result, trust, "merged", share=percent_text(found.merged_share)))
    if said and found.slack_ms > RESOLUTION_MS and said[0].key.startswith("ttft_bound"):
        said.append(_reason(result, trust, "start", ms=ms_text(found.slack_ms)))
    return said


def others_busy(trust: Trust) -> bool:
    """Whether it is other programs that keep the cores busy: of that time this one had less than half."""
    busy = trust.machine_cpu or 0.0
    return busy >= TIGHT and (trust.own_cpu or 0.0) < OWN_HALF * busy


def _reason(result: RunResult, trust: Trust, key: str, **values: str) -> Reason:
    """A reason with what to do about it, which depends on who keeps the cores busy and on how many threads send."""
    if key != "busy" and others_busy(trust):
        return Reason(
            key, {**values, "others": percent_text((trust.machine_cpu or 0.0) - (trust.own_cpu or 0.0))}, "others"
        )
    return Reason(key, values, f"{key}_todo" if result.config.threads > 1 else f"{key}_todo_one")


def _others_alone(result: RunResult, trust: Trust) -> bool:
    """Whether nothing is wrong but that other programs keep the cores busy: with small bounds the figures are true."""
    return others_busy(trust) and not any(
        _too_large(value_ms, bound_ms) for value_ms, bound_ms, _ in _bounds(result, trust)
    )


def _too_large(value_ms: float, bound_ms: float) -> bool:
    return bound_ms > min(LIMIT_MS, LIMIT_SHARE * max(LEAST_MS, value_ms))


def _starved(result: RunResult, trust: Trust, _found: Evidence) -> list[Reason]:
    share, full = trust.cpu_wait, (trust.machine_cpu or 0.0) >= FULL
    if _others_alone(result, trust):
        return []
    if share is None:  # not known: full cores must do
        return [_reason(result, trust, "full")] if full else []
    if share >= (STARVED_FULL if full else STARVED):
        return [_reason(result, trust, "starved", share=percent_text(share))]
    return _tight_starts(result, trust)


def _tight_starts(result: RunResult, trust: Trust) -> list[Reason]:
    """A burst of requests that all begin at once fills the cores for less than the run, but it is all of that burst."""
    tight = {
        sample.second
        for sample in result.self_watch
        if (sample.machine_cpu or 0.0) >= TIGHT and (sample.cpu_wait or 0.0) >= TIGHT_WAIT
    }
    width_s = result.time_series[0].width_s if result.time_series else 1
    starts, width_ns = result.requests.main()["started_ns"], width_s * NS_PER_S
    share = sum(start_ns // width_ns * width_s in tight for start_ns in starts) / max(1, len(starts))
    return [_reason(result, trust, "tight", share=percent_text(share))] if share >= MANY else []


def _busy(result: RunResult, trust: Trust, _found: Evidence) -> list[Reason]:
    share = trust.cpu_share or 0.0
    return [_reason(result, trust, "busy", share=percent_text(share))] if share >= BUSY_CORE else []


def _user_clock(result: RunResult, trust: Trust, _found: Evidence) -> list[Reason]:
    if trust.clock == "kernel":
        return []
    late_ms = HalfOctaves(sample.wakes for sample in result.self_watch).percentile_ms(99)
    idle = (trust.cpu_share or 0.0) <= CALM_SHARE and (trust.machine_cpu or 0.0) <= CALM_SHARE
    return [] if idle and late_ms is not None and late_ms <= CALM_MS else [Reason("user_clock", {})]


def _clock_steps(_result: RunResult, trust: Trust, _found: Evidence) -> list[Reason]:
    return [Reason("steps", {"count": str(trust.clock_steps)})] if trust.clock_steps else []


def _schedule(result: RunResult, _trust: Trust, _found: Evidence) -> list[Reason]:
    kept, sent = result.summary.schedule, result.summary.sent
    if kept is None or kept.all_busy or not sent or kept.late < LATE_SHARE * sent:
        return []  # with all threads busy the service is slow, or there are too few of them: a warning says so
    return [Reason("schedule", {"share": percent_text(kept.late / sent)})]


ALIGNED_MS = 100.0
"""Seconds of several machines that are put together worse than a tenth of a second are not the same seconds."""


def _alignment(result: RunResult, _trust: Trust, _found: Evidence) -> list[Reason]:
    apart_ms = clock_uncertainty_ms(result.workers)
    return [] if apart_ms is None or apart_ms <= ALIGNED_MS else [Reason("alignment", {"ms": ms_text(apart_ms)})]


def _lost(result: RunResult, _trust: Trust, _found: Evidence) -> list[Reason]:
    return [Reason("left" if result.missing_requests == 0 else "lost", {})] if result.partial else []


_RULES: tuple[Callable[[RunResult, Trust, Evidence], list[Reason]], ...] = (
    _stood_still, _too_far_off, _busy, _starved, _schedule, _user_clock, _clock_steps, _alignment, _lost,
)  # fmt: skip
