"""What each machine of a run over several did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from .checked import noun_of

LOST = ("lost", "died", "left", "alone")
"""Not heard any more; its process ended, those that made its load told the rest; ended there by its user; ended by
itself, as it did not hear the master."""


@dataclass(frozen=True, slots=True)
class WorkerFacts:
    """One machine; None is "not measured", as of one that was lost before it told its results."""

    number: int
    """Counted from 1."""
    name: str = ""
    """What the machine calls itself."""
    cores: int = 1
    processes: int = 1
    requests: int = 0
    """Those that are in the figures, and how they ended."""
    ok: int = 0
    failed: int = 0
    missing: int = 0
    """Those that it had begun and whose results are gone."""
    requests_per_s: float | None = None
    chunks_per_s: float | None = None
    ttft_p50_ms: float | None = None
    cpu_share: float | None = None
    """As in `Trust`; of this machine alone, as the next two are."""
    machine_cpu: float | None = None
    trust: str = "not_measured"
    clock_offset_ms: float | None = None
    """By how much its monotonic clock is ahead of that of the master."""
    clock_uncertainty_ms: float | None = None
    """That offset is known to plus or minus so much, over the whole run."""
    round_trip_ms: float | None = None
    """The fastest of its messages to the master and back."""
    lost: str = ""
    """How it was lost in mid-run: one of `LOST`, or words of another version; "" when it was not."""
    slow: str = ""
    """In which figure it is behind the others: "requests_per_s", "ttft_p50_ms", "schedule", or ""."""


WORKERS_KEY = "workers"


def workers_document(workers: Sequence[WorkerFacts]) -> list[dict[str, Any]]:
    """Them as JSON has them, in the order of their numbers."""
    return [{name: _rounded(value) for name, value in asdict(each).items()} for each in workers]


def _rounded(value: Any) -> Any:
    return round(value, 6) if isinstance(value, float) else value


def workers_of(document: Any) -> tuple[WorkerFacts, ...]:
    """Them from such a list.  TypeError, ValueError for one that is damaged."""
    if not isinstance(document, list):
        raise TypeError(WORKERS_KEY)
    return tuple(noun_of(WorkerFacts, each) for each in document)


def over_rounds(before: Sequence[WorkerFacts], now: Sequence[WorkerFacts]) -> tuple[WorkerFacts, ...]:
    """Them after one more round: requests are added, and what was lost stays lost; all else is that of the last."""
    known = {each.number: each for each in before}
    return tuple(_after(known[each.number], each) if each.number in known else each for each in now)


def _after(before: WorkerFacts, now: WorkerFacts) -> WorkerFacts:
    counts = {name: getattr(before, name) + getattr(now, name) for name in ("requests", "ok", "failed", "missing")}
    return replace(now, **counts, lost=before.lost or now.lost, slow=before.slow or now.slow)


def clock_uncertainty_ms(workers: Sequence[WorkerFacts]) -> float | None:
    """By how much the seconds of two machines may be apart; None where there is but one, or nothing is known."""
    known = [each.clock_uncertainty_ms for each in workers if each.clock_uncertainty_ms is not None]
    return max(known, default=None)
