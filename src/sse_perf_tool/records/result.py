"""The result of a finished run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from .calibration import Calibration
from .config import RunConfig
from .figures import CompressionCheck, IntervalSample, Summary
from .goals import Abort, BaselineResult, ThresholdResult
from .head import AnswerHead
from .profile import Profile
from .request import RequestTable
from .server import ServerMetrics
from .trust import Trust, TrustSample
from .workers import WorkerFacts

SUMMARY_SCHEMA = "sse-perf-summary/1"


class Round(NamedTuple):
    """When the whole load was sent once, in nanoseconds after the start of the run.

    A run has one round, with context tiers one for each of them.
    """

    begin_ns: int
    main_begin_ns: int
    main_end_ns: int
    end_ns: int

    @property
    def main_ns(self) -> int:
        """How long its main phase lasted."""
        return self.main_end_ns - self.main_begin_ns


@dataclass(frozen=True, slots=True)
class RunResult:
    """All that is known of a finished run, as plain data: what every output is a function of."""

    config: RunConfig
    started_unix_ns: int
    duration_ns: int
    requests: RequestTable
    time_series: Sequence[IntervalSample]
    summary: Summary
    gap_histogram: Sequence[tuple[int, int]] = ()
    """(gap in microseconds, how many), ascending, all gaps of all ok answers."""
    pools: Mapping[str, Sequence[tuple[int, int]]] = field(default_factory=dict)
    """The same of each metric that has several values a request, or a name, see `metrics.milestones`."""
    warnings: Sequence[str] = ()
    interrupted: bool = False
    partial: bool = False
    """A process or a worker of the tool was lost in mid-run: its requests are missing."""
    missing_requests: int = 0
    """How many those are, as far as is known."""
    workers: Sequence[WorkerFacts] = ()
    """What each machine did; () for a run on one."""
    records_partial: bool = False
    """The records file lacks requests, because it could not be written; all else here is of all of them."""
    skipped_lines: int = 0
    """Lines of the records file, from which this was made, that could not be read: their requests are missing."""
    rounds: Sequence[Round] = ()
    """Those whose requests are there, in order; () when nothing is known of them."""
    calibration: Calibration | None = None
    """What the tool's own error came to just before the run; None when it was not asked for."""
    aborted: Abort | None = None
    """Set when a rule of `RunConfig.abort_on` ended the run."""
    thresholds: Sequence[ThresholdResult] = ()
    """Each of `RunConfig.thresholds`, in their order."""
    baseline: Sequence[BaselineResult] = ()
    """Each of `RunConfig.allow`, in their order; behind them a rule about errors if more requests fail than did."""
    fails_more: float = 0.0
    """The share of requests that fail and did not in the baseline; 0 when little, perhaps chance, or without one."""
    clock: str | None = None
    """Where the arrivals of ok answers were stamped: "kernel", "user" or "mixed"; None when there were none."""
    merged_reads: Sequence[tuple[int, int, int]] = ()
    """Reads with several chunks of ok answers, but for the first of each: (the time since the read before in
    microseconds, how many chunks, how many such reads)."""
    self_watch: Sequence[TrustSample] = ()
    """What the tool measured of itself, by second."""
    heads: Sequence[AnswerHead] = ()
    """The different heads of successful answers, in the order of coming, up to `MOST_HEADS`."""
    compression_check: CompressionCheck | None = None
    """None when it was not made, or showed nothing."""
    server_metrics: ServerMetrics | None = None
    """None when they were not asked for."""
    profile: Profile | None = None
    """What was seen inside the server; None when nobody looked."""
    trust: Trust | None = None
    """The judgement on it; None before there is one."""

    @property
    def missed(self) -> bool:
        """Whether anything that was demanded of the run was not reached."""
        kept = (each.ok for rows in (self.thresholds, self.baseline) for each in rows)
        of_profile = self.profile is not None and self.profile.missed
        return self.aborted is not None or of_profile or not all(kept)
