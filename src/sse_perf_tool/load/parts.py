"""A run that others send: what its parts, processes or machines, report is added up to one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..metrics import Tally
from ..records import WorkerFacts
from ..records.writer import Lines
from ..test_runner import SharedStats, Snapshot, new_shared_stats


@dataclass(slots=True)
class Part:
    """The last counters that a part sent."""

    counters: Snapshot = Snapshot(*[0] * len(Snapshot._fields))  # noqa: RUF009 - a NamedTuple cannot change
    outcomes: dict[str, int] | None = None


class Parts:
    """What is known of a run over its parts; `stats` are the counters over all of them.

    `lost` has the number of each part that ended too early, and how it ended, `missing` how many requests they had
    begun: those are in no figure.
    """

    lead_s = 0.0
    """So long before its begin a round must be started."""

    def __init__(self, stats: SharedStats | None, records: Lines | None) -> None:
        self.shared_stats = new_shared_stats() if stats is None else stats
        self.formats_seen: dict[str, None] = {}
        self.tally = Tally(0)
        self.cpu_s = 0.0
        self.lost: dict[int, str] = {}
        self.missing = 0
        self.workers: tuple[WorkerFacts, ...] = ()
        """What each machine did; () where there is but this one."""
        self.notes: list[str] = []
        """What else there is to say of the parts."""
        self._records = records

    def losses(self, lang: str) -> list[str]:
        """A line for each part that was lost."""
        raise NotImplementedError

    def add_counters(self, part: Part, counters: Snapshot, outcomes: dict[str, int]) -> None:
        """The part has come so far, counted from the start."""
        stats = self.shared_stats
        with stats["lock"]:
            for name, before, now in zip(Snapshot._fields, part.counters, counters, strict=True):
                stats[name] += now - before  # type: ignore[literal-required]
            known = part.outcomes or {}
            for name, number in outcomes.items():
                stats["outcomes"][name] = stats["outcomes"].get(name, 0) + number - known.get(name, 0)
        part.counters, part.outcomes = counters, outcomes

    def add_result(self, tally: Tally, formats: Iterable[str], cpu_s: float, missing_lines: int) -> None:
        """All that a part has measured."""
        with self.shared_stats["lock"]:
            self.cpu_s += cpu_s
            self.tally.merge(tally)
            self.formats_seen.update(dict.fromkeys(formats))
            if self._records is not None:
                self._records.missing += missing_lines

    def lose(self, number: int, part: Part, how: str, begun: int | None = None) -> None:
        """A part has ended and its results are gone; `begun`: the requests that it began, if that is known better."""
        self.lost[number] = how
        with self.shared_stats["lock"]:
            self.shared_stats["threads_active"] -= part.counters.threads_active
            self.missing += part.counters.requests_started if begun is None else begun
