"""A search for capacity: its settings, its steps and its result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from .figures import Stats
from .goals import ThresholdResult

CAPACITY_SCHEMA = "sse-perf-capacity/1"


@dataclass(frozen=True, slots=True)
class StepResult:
    """One step of a search for capacity: a level of load, held until there were enough requests.

    Everything is of the time behind the warm-up.  `requests_per_s` counts whole answers only.
    """

    level: float
    """Threads (whole) or requests per second, see `CapacitySearch.by`."""
    started_unix_ns: int
    measured_s: float
    sent: int
    ok: int
    failed: int
    requests_per_s: float
    output_tokens_per_s: float
    metrics: Mapping[str, Stats]
    """`ttft_ms`, `itl_ms` and `latency_ms` of whole answers."""
    checks: tuple[ThresholdResult, ...] = ()
    error: str = ""
    """What failed most often, outcome and message; "" when nothing did."""
    client_cpu: float | None = None
    """`Trust.cpu_share`: how busy the busiest process of the tool kept its core."""
    trust: str = "not_measured"
    """`Trust.verdict` of the run."""
    server: Mapping[str, float] = field(default_factory=dict)
    """The highest values that the server told of itself, by `SERVER_FIGURES`."""

    @property
    def passed(self) -> bool | None:
        """Whether every rule was met; None when nothing speaks against it but a rule that could not be judged."""
        missed = [check for check in self.checks if not check.ok]
        if missed and self.ok and all(check.value is None for check in missed):
            return None
        return not missed


@dataclass(frozen=True, slots=True)
class CapacitySearch:
    """What a search for capacity looks for, and between which levels."""

    by: str = "threads"
    """"threads" or "rate" (requests per second)."""
    least: float = 1
    most: float = 200
    ladder: tuple[float, ...] = ()
    """Levels to measure one after the other instead of searching."""
    rules: tuple[str, ...] = ()
    """What the run of a step has to reach, as `RunConfig.thresholds`."""
    slo: tuple[str, ...] = ()
    """What a request has to meet, as `RunConfig.slo`; which share of them must stands in `rules`."""


class Ending(str, Enum):
    """Why a search for capacity measures no further level."""

    EDGE = "edge"
    """The highest level that passes and the lowest that fails are next to each other."""
    MOST = "most"
    """The highest level allowed passes."""
    LEAST = "least"
    """The lowest level allowed fails."""
    SATURATED = "saturated"
    """More load brought no more throughput, though the rules were still met."""
    UNJUDGED = "unjudged"
    """A rule could not be judged where it decides: too few requests, or a metric that this service does not give."""
    SWEPT = "swept"
    """All levels of the ladder were measured."""
    INTERRUPTED = "interrupted"


class Limit(str, Enum):
    """What keeps the load from going higher."""

    ERRORS = "errors"
    CLIENT = "client"
    """The tool itself was short of processor time."""
    SERVER = "server"
    """Throughput does not grow any more."""
    GROWING = "growing"
    """None of these: throughput still grows, the rules are missed first."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """The answer of a search: `level` is the highest that meets the rules (None: none does), `failing` the lowest that
    does not (None: none failed).  A level without a verdict is neither: below `level` it is taken to pass.
    `edge_per_s` is the throughput about there and above, whole answers per second."""

    search: CapacitySearch
    steps: tuple[StepResult, ...]
    ending: Ending
    level: float | None
    failing: float | None
    knee: float | None
    limit: Limit | None
    edge_per_s: float
