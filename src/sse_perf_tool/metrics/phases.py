"""Which requests count: the rounds of a run, their main phases without warm-up and cool-down, and schedule lateness.

Pure.  All of it is computed from the settings and the requests alone, so a records file gives the same result as the
run itself.
"""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from ..pace.schedule import Line, asked_between, first_s, leaves_early, rate_line, schedule_s
from ..records import (
    NOT_MEASURED,
    OUTCOMES,
    PHASES,
    IntervalSample,
    Outcome,
    Phase,
    RequestTable,
    Round,
    RunConfig,
    ScheduleFacts,
    TrustSample,
)
from ..units import NS_PER_MS, NS_PER_S
from .concurrency import most_under_way

LATE_MS = 10
"""A request that starts this much after its scheduled time is late: waking a thread takes less on an idle machine."""

_CANCELLED = OUTCOMES.index(Outcome.CANCELLED)
_MAIN = PHASES.index(Phase.MAIN)


def rounds_of(config: RunConfig, table: RequestTable, end_ns: int) -> list[Round]:
    """The rounds of a run that ended at `end_ns`; rates are computed over their main phases.

    The first round begins with the run.  A later round begins before its first request, by the delay that follows from
    the settings.  A round ends with its last answer.
    """
    if not config.context_tiers:
        return [_in_phases(config, table, range(len(table)), 0, end_ns)]
    found: list[Round] = []
    for rows in _rows_of_rounds(config, table):
        begin_ns = min(map(_intended_ns(table), rows)) - round(first_s(config) * NS_PER_S) if found else 0
        last_ns = max(table["started_ns"][row] + table["latency_ns"][row] for row in rows)
        found.append(_in_phases(config, table, rows, begin_ns, last_ns))
    return found


def _rows_of_rounds(config: RunConfig, table: RequestTable) -> list[Sequence[int]]:
    """The rows of the requests of each round, without empty rounds."""
    if not config.context_tiers:
        return [range(len(table))]
    rows: dict[int, array[int]] = {}
    for row, tier in enumerate(table["context_tokens"]):
        rows.setdefault(tier, array("q")).append(row)
    return list(rows.values())


def _in_phases(config: RunConfig, table: RequestTable, rows: Sequence[int], begin_ns: int, end_ns: int) -> Round:
    """The round that consists of these requests.

    Its main phase begins when the warm-up ends; with a warm-up of N requests, it begins with the request after them.
    """
    main_begin_ns = begin_ns + round(config.warmup_s * NS_PER_S)
    if config.warmup_requests:
        main_begin_ns = min((table["started_ns"][row] for row in rows if table["phase"][row] == _MAIN), default=end_ns)
    main_end_ns = end_ns
    if config.cooldown_s and config.planned_s is not None:
        main_end_ns = min(end_ns, begin_ns + round((config.planned_s - config.cooldown_s) * NS_PER_S))
    return Round(begin_ns, min(main_begin_ns, main_end_ns), main_end_ns, end_ns)


def _intended_ns(table: RequestTable) -> Callable[[int], int]:
    """The scheduled start of a request; in a closed loop its actual start."""
    starts, delays = table["started_ns"], table["schedule_delay_ns"]
    return lambda row: starts[row] - (0 if delays[row] == NOT_MEASURED else delays[row])


def stood_still_s(samples: Iterable[TrustSample], rounds: Sequence[Round], processes: int) -> float:
    """The seconds of the main phases in which the tool did nothing; of one of N processes a part of N of them."""
    total_ns = 0
    for at_ms, _, counted_ms in (still for sample in samples for still in sample.stood_still):
        from_ns, until_ns = at_ms * NS_PER_MS, (at_ms + counted_ms) * NS_PER_MS
        overlaps = (min(until_ns, each.main_end_ns) - max(from_ns, each.main_begin_ns) for each in rounds)
        total_ns += sum(max(0, ns) for ns in overlaps)
    return total_ns / NS_PER_S / processes


def left_out(table: RequestTable) -> dict[str, dict[str, int]]:
    """The requests that are excluded from the figures: phase -> outcome -> requests; {} when there are none."""
    counts = Counter(table.rows("phase", "outcome"))
    found: dict[str, dict[str, int]] = {}
    for (phase, outcome), number in sorted(counts.items()):
        if PHASES[phase] is not Phase.MAIN:
            found.setdefault(PHASES[phase].value, {})[OUTCOMES[outcome].value] = number
    return found


def left_early(config: RunConfig, table: RequestTable) -> tuple[int, int]:
    """The requests that were cancelled on purpose (`cancel_rate`): how many, and the output tokens they received."""
    if not config.cancel_rate:
        return 0, 0
    rows = table.rows("request_id", "outcome", "output_tokens")
    tokens = [n for number, outcome, n in rows if outcome == _CANCELLED and leaves_early(config, number)]
    return len(tokens), sum(n for n in tokens if n > 0)


def schedule_facts(
    config: RunConfig, table: RequestTable, rounds: Sequence[Round], whole: bool = True
) -> ScheduleFacts | None:
    """How an open loop kept its schedule; None for a closed loop.  `whole`: the run was not cut short."""
    if not config.open_loop:
        return None
    every = _rows_of_rounds(config, table)
    main = [array("q", (row for row in rows if table["phase"][row] == _MAIN)) for rows in every]
    intended = [array("q", map(_intended_ns(table), rows)) for rows in main]
    delays = array("q", (table["schedule_delay_ns"][row] for rows in main for row in rows))
    return ScheduleFacts(
        asked_per_s=_asked_per_s(config, intended, rounds, whole) or _rate(intended),
        sent_per_s=_rate([array("q", (table["started_ns"][row] for row in rows)) for rows in main]),
        late=sum(1 for delay in delays if delay > LATE_MS * NS_PER_MS),
        worst_delay_ms=max(delays) / NS_PER_MS if delays else None,
        all_busy=most_under_way(table) >= config.threads,
        dropped=_dropped(config, every, rounds) if whole else 0,
    )


def _asked_per_s(
    config: RunConfig, intended_ns: Sequence[Sequence[int]], rounds: Sequence[Round], whole: bool
) -> float | None:
    """The mean target rate over the main phases, in requests a second; None without a rate or without main phase."""
    line, asked, length_ns = rate_line(config), 0.0, 0
    for times_ns, each in zip(intended_ns, rounds, strict=False):
        until_ns = each.main_end_ns
        if not config.duration_s:  # the last request ends it
            until_ns = max(times_ns, default=each.main_begin_ns)
        elif whole:
            until_ns = min(until_ns, each.begin_ns + round(config.duration_s * NS_PER_S))
        from_s, to_s = ((ns - each.begin_ns) / NS_PER_S for ns in (each.main_begin_ns, until_ns))
        asked += asked_between(line, from_s, to_s)
        length_ns += until_ns - each.main_begin_ns
    return asked / length_ns * NS_PER_S if line and length_ns > 0 else None


def _rate(times_ns: Sequence[Sequence[int]]) -> float | None:
    """The rate of these moments: the gaps between them per second, over all rounds; None when there are none."""
    passed_ns = sum(max(each) - min(each) for each in times_ns if each)
    return sum(len(each) - 1 for each in times_ns if each) / passed_ns * NS_PER_S if passed_ns else None


def _dropped(config: RunConfig, rows: Sequence[Sequence[int]], rounds: Sequence[Round]) -> int:
    """Arrivals that were still waiting for a thread when the time was up, so they were never sent.

    None are counted in a round that ended before its time: it had sent them all, or was cut short, which a records file
    does not tell.
    """
    if not config.duration_s:
        return 0
    asked = config.requests if config.replay_file is not None else _arrivals(config)
    over = [sent for sent, each in zip(rows, rounds, strict=False) if _lasted_s(each) >= config.duration_s]
    return sum(max(0, (asked or 0) - len(sent)) for sent in over)


MOST_COUNTED = 20_000_000
"""More arrivals are not drawn one by one: a day at 200 a second, or a rate that makes no sense."""


def _arrivals(config: RunConfig) -> int:
    """The number of requests that an open loop with an end asks for."""
    expected = asked_between(rate_line(config), 0.0, config.duration_s)
    if expected < MOST_COUNTED:
        return sum(1 for _ in schedule_s(config))
    return round(expected) if config.requests is None else min(round(expected), config.requests)


def _lasted_s(each: Round) -> float:
    return (each.end_ns - each.begin_ns) / NS_PER_S


def in_phases(samples: Sequence[IntervalSample], config: RunConfig, rounds: Sequence[Round]) -> list[IntervalSample]:
    """The seconds of a run, each with the phase in which it begins and, in an open loop, its scheduled arrivals."""
    line = rate_line(config)

    def phase(second: int) -> str:
        at_ns = second * NS_PER_S
        of = next((each for each in reversed(rounds) if each.begin_ns <= at_ns), rounds[0])
        main = Phase.MAIN if at_ns < of.main_end_ns or not config.cooldown_s else Phase.COOLDOWN
        return (Phase.WARMUP if at_ns < of.main_begin_ns else main).value

    def asked(sample: IntervalSample) -> float | None:
        if not line:
            return sample.rate_asked
        return round(math.fsum(_asked_in(line, sample, each) for each in rounds), 6)

    return [replace(sample, phase=phase(sample.second), rate_asked=asked(sample)) for sample in samples]


def _asked_in(line: Line, sample: IntervalSample, each: Round) -> float:
    """The arrivals that a round schedules in one interval of the run."""
    begin_s, end_s = each.begin_ns / NS_PER_S, each.end_ns / NS_PER_S
    from_s, to_s = max(sample.second, begin_s), min(sample.second + sample.width_s, end_s)
    return asked_between(line, from_s - begin_s, to_s - begin_s) if from_s < to_s else 0.0
