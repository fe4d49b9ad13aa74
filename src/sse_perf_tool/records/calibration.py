"""The measured error of the tool, from a run against a server with known timing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

CALIBRATION_SCHEMA = "sse-perf-calibration/1"


@dataclass(frozen=True, slots=True)
class Compared:
    """One percentile in milliseconds: what was sent, what the tool reported, and the difference; None: too few."""

    truth_ms: float | None = None
    reported_ms: float | None = None
    error_ms: float | None = None
    """Reported less truth."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """A run of the tool against a server that knows what it sent and when."""

    threads: int
    processes: int
    itl_ms: float
    """The gap between two chunks of an answer that the server was asked for."""
    duration_s: float
    requests: int
    failed: int
    """Requests that were not ok: they are in the truth and not in what was reported."""
    chunks: int
    chunks_per_s: float
    """Over the whole run, the start of its threads and the waits for first tokens included."""
    busiest_second_chunks: int
    """Most chunks that arrived in one second."""
    ttft: Mapping[str, Compared]
    """"p50", "p90" and "p99"; the truth is from the arrival of a request to the writing of its first chunk."""
    gaps: Mapping[str, Compared]
    cpu_us_per_chunk: float | None
    """CPU time of the tool, all its processes."""
    cpu_share: float
    """CPU seconds of the tool a second: 1 is a whole core."""
    server_late_ms: Mapping[str, float]
    """"p50", "p99" and "max": by how much the server missed its own timetable.  No figure is corrected for it."""
    server_cpu_share: float

    @property
    def error_ms(self) -> float | None:
        """The largest error of all percentiles, without its sign; None when nothing could be compared."""
        errors = [
            abs(each.error_ms) for each in (*self.ttft.values(), *self.gaps.values()) if each.error_ms is not None
        ]
        return max(errors, default=None)


@dataclass(frozen=True, slots=True)
class CalibrationLimit:
    """How far a machine goes before the error of the tool passes `error_ms`."""

    error_ms: float
    threads: int | None
    """The highest load that stayed within it, of those tried; None: none did."""
    chunks_per_s: float | None
    """The busiest second at that load."""
    limited_by: str | None
    """"tool", or "server" when the server missed its own timetable first; None: the limit was not met."""
