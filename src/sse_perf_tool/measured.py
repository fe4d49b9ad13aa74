"""What of a run its figures are of: the main phase, its length, and how an open loop kept its schedule.  Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from .records import OUTCOMES, PHASES, IntervalSample, Outcome, Phase, RequestTable, RunConfig, ScheduleFacts
from .schedule import asked_between, leaves_early, rate_line, schedule_s

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000

LATE_MS = 10
"""A request that starts so much later than intended is late: waking up takes less, unless the machine is busy."""

_CANCELLED = OUTCOMES.index(Outcome.CANCELLED)


def window_ns(config: RunConfig, table: RequestTable, end_ns: int) -> tuple[int, int]:
    """From when to when the main phase of a run lasted that ended at `end_ns`; rates are over that time.

    It begins with the warm-up's end, or with the first request behind it when that is a number of requests.
    """
    begin_ns = round(config.warmup_s * NS_PER_S)
    if config.warmup_requests:
        begin_ns = min(table.main()["started_ns"], default=end_ns)
    if config.cooldown_s and config.planned_s is not None:
        end_ns = min(end_ns, round((config.planned_s - config.cooldown_s) * NS_PER_S))
    return min(begin_ns, end_ns), end_ns


def left_out(table: RequestTable) -> dict[str, dict[str, int]]:
    """Phase -> outcome -> requests, of the phases that are in no figure; {} when there are none."""
    counts = Counter(table.rows("phase", "outcome"))
    found: dict[str, dict[str, int]] = {}
    for (phase, outcome), number in sorted(counts.items()):
        if PHASES[phase] is not Phase.MAIN:
            found.setdefault(PHASES[phase].value, {})[OUTCOMES[outcome].value] = number
    return found


def left_early(config: RunConfig, table: RequestTable) -> tuple[int, int]:
    """How many requests left in mid-answer because they were drawn to, and the output tokens that came until then."""
    if not config.cancel_rate:
        return 0, 0
    rows = table.rows("request_id", "outcome", "output_tokens")
    tokens = [n for number, outcome, n in rows if outcome == _CANCELLED and leaves_early(config, number)]
    return len(tokens), sum(n for n in tokens if n > 0)


def schedule_facts(config: RunConfig, table: RequestTable, end_ns: int, whole: bool = True) -> ScheduleFacts | None:
    """How an open loop kept its schedule; None for a closed loop.  `whole`: the run was not cut short."""
    if not config.open_loop:
        return None
    main = table.main()
    begin_ns, until_ns = window_ns(config, table, end_ns)
    intended = [start - delay for start, delay in main.rows("started_ns", "schedule_delay_ns")]
    asked_per_s = _rate(intended)
    line = rate_line(config)
    if line:
        if config.duration_s:
            until_ns = min(until_ns, round(config.duration_s * NS_PER_S)) if whole else until_ns
        else:
            until_ns = max(intended, default=begin_ns)
        seconds = (until_ns - begin_ns) / NS_PER_S
        asked = asked_between(line, begin_ns / NS_PER_S, until_ns / NS_PER_S)
        asked_per_s = asked / seconds if seconds > 0 else asked_per_s
    delays = main["schedule_delay_ns"]
    return ScheduleFacts(
        asked_per_s=asked_per_s,
        sent_per_s=_rate(main["started_ns"]),
        late=sum(1 for delay in delays if delay > LATE_MS * NS_PER_MS),
        worst_delay_ms=max(delays) / NS_PER_MS if delays else None,
        all_busy=_most_at_a_time(table) >= config.threads,
        dropped=_dropped(config, len(table), end_ns) if whole else 0,
    )


def _rate(times_ns: Sequence[int]) -> float | None:
    """The gaps between moments a second; None when there are none."""
    passed_ns = max(times_ns, default=0) - min(times_ns, default=0)
    return (len(times_ns) - 1) / passed_ns * NS_PER_S if passed_ns else None


def _most_at_a_time(table: RequestTable) -> int:
    """The most requests that were under way at one moment."""
    starts = sorted(table["started_ns"])
    ends = sorted(start + latency for start, latency in table.rows("started_ns", "latency_ns"))
    most = ended = 0
    for begun, start in enumerate(starts, 1):
        while ends[ended] <= start and ended < begun - 1:
            ended += 1
        most = max(most, begun - ended)
    return most


def _dropped(config: RunConfig, sent: int, end_ns: int) -> int:
    """Arrivals that were still waiting for a thread when the time was up.

    A run that ended before its time had sent them all, or was cut short, of which a records file does not tell.
    """
    if not config.duration_s or end_ns < config.duration_s * NS_PER_S:
        return 0
    asked = config.requests if config.replay_file is not None else sum(1 for _ in schedule_s(config))
    return max(0, (asked or 0) - sent)


def in_phases(
    samples: Sequence[IntervalSample], config: RunConfig, window: tuple[int, int], end_ns: int
) -> list[IntervalSample]:
    """The seconds of a run with the phase in which they begin and, in an open loop, the arrivals asked for in them."""
    line = rate_line(config)
    end_s = end_ns / NS_PER_S

    def phase(second: int) -> str:
        at_ns = second * NS_PER_S
        main = Phase.MAIN if at_ns < window[1] or not config.cooldown_s else Phase.COOLDOWN
        return (Phase.WARMUP if at_ns < window[0] else main).value

    def asked(sample: IntervalSample) -> float | None:
        if not line:
            return sample.rate_asked
        return round(asked_between(line, sample.second, min(sample.second + 1, end_s)), 6)

    return [replace(sample, phase=phase(sample.second), rate_asked=asked(sample)) for sample in samples]
