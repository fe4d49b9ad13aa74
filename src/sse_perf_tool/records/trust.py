"""The samples that the tool takes of itself, and the trust in the figures of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class StoodStill(NamedTuple):
    """A time for which a process of the tool was stopped, or the machine asleep or paused."""

    at_ms: int
    """When it began, from the start of the run."""
    ms: int
    """How long it took, on the clock that goes on while the machine sleeps where there is one."""
    counted_ms: int
    """How much of it the clock of the run has counted; that of Linux stands still while the machine sleeps."""


@dataclass(frozen=True, slots=True)
class TrustSample:
    """What a process of the tool measured of itself in half a second or more, or all that was measured in one second.

    Shares are of one core, 0 to 1 and above where a process keeps several busy.  None: this system does not tell.
    """

    second: int
    """Counted from 0, from the start of the run; that in which most of it lies."""
    read_waits: Mapping[int, int] = field(default_factory=dict)
    """Reads by how long they waited for the reading thread: bucket k counts those of [2**(k/2), 2**((k+1)/2))
    microseconds, -1 those of less than one."""
    read_wait_max_ms: float | None = None
    """None when nothing was read."""
    away: Mapping[int, int] = field(default_factory=dict)
    """Reads by how long nobody had looked at their socket, in the same buckets: what was read came within that time."""
    wakes: Mapping[int, int] = field(default_factory=dict)
    """How late a thread that had slept was woken, in the same buckets, some fifty times a second."""
    cpu_share: float = 0.0
    """CPU time of the process, of several that of the busiest."""
    cpu_wait: float | None = None
    """The share of time for which the reading thread could have run and had no core, of several the largest."""
    machine_cpu: float | None = None
    """Busy share of all cores that the process may run on, 0 to 1, whoever keeps them busy."""
    cores: int | None = None
    """How many cores that are."""
    gc_ms: float = 0.0
    """All pauses for the garbage collection, of several processes the most."""
    gc_max_ms: float = 0.0
    rtt_ms: float | None = None
    """The largest smoothed round trip of the connections looked at."""
    retransmits: int | None = None
    """Packets sent again on the connections looked at."""
    out_of_order: int | None = None
    """Packets received out of order on them: what a loss on the way to us looks like."""
    clock_step_ms: float = 0.0
    """By how much the wall clock was set, beyond a millisecond."""

    stood_still: tuple[StoodStill, ...] = ()
    """The times over a second for which the whole process did nothing, of several processes those of each."""


class Reason(NamedTuple):
    """Why figures are not wholly to be trusted: a key of `trust.TEXTS` and what is put into that text."""

    key: str
    values: Mapping[str, str]
    todo: str = ""
    """Likewise the text of what to do; "" where the first one says it."""


@dataclass(frozen=True, slots=True)
class Trust:
    """Whether the figures of a run are true, see `trust.judge`.  None is "not measured"."""

    verdict: str = "not_measured"
    """"trusted", "degraded", "invalid", or "not_measured" when no answer was whole or it was too short to tell."""
    reasons: tuple[Reason, ...] = ()
    ttft_p99_error_bound_ms: float | None = None
    itl_p99_error_bound_ms: float | None = None
    clock: str | None = None
    """Where arrivals were stamped: "kernel", "user" or "mixed"."""
    read_delay_ms: Mapping[str, float | None] = field(default_factory=dict)
    """"p50", "p99" and "max" of how long reads waited for the reading thread."""
    cpu_share: float | None = None
    """This and the next two: what the busiest tenth of the seconds reached, see `TrustSample`."""
    machine_cpu: float | None = None
    cpu_wait: float | None = None
    own_cpu: float | None = None
    """Share of the cores that the tool's own processes kept busy, at most; of the rest of `machine_cpu` others did."""
    merged_share: float | None = None
    """Share of chunks that came in one read with the chunk before, and did so because the read was late."""
    gc_max_ms: float | None = None
    rtt_ms: float | None = None
    retransmits: int | None = None
    out_of_order: int | None = None
    clock_steps: int = 0
    stood_still: tuple[StoodStill, ...] = ()
    """When this tool did nothing for over a second, all its processes together."""
