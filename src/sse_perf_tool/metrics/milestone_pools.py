"""`MilestonePools`: what the ok answers of a run did beside bringing text, in bounded memory; pools can be merged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..records import Milestone, RequestRecord, Stats
from .distribution import Distribution
from .milestones import duration_key, first_key, pooled_of

MOST_POOLS = 600
"""Metrics that are kept; a server that has a new name each time must not fill the memory."""
SCALE = 0.001


class MilestonePools:
    """A distribution for each metric that has several values a request, or a name."""

    def __init__(self) -> None:
        self.answers = 0
        """Those that had spans."""
        self._pools: dict[str, Distribution] = {}
        self._counts: dict[tuple[str, str], list[int]] = {}
        """By kind and name: answers, spans, events."""

    def add(self, record: RequestRecord) -> None:
        """Adds an ok answer; its gaps must be there."""
        if not record.spans:
            return
        self.answers += 1
        for metric, values in pooled_of(record):
            self._pool(metric).add(values)
        seen = set()
        for span in record.spans:
            key = span.kind, span.name
            if key in self._counts or len(self._counts) < MOST_POOLS:
                counts = self._counts.setdefault(key, [0, 0, 0])
                counts[0] += key not in seen
                counts[1] += 1
                counts[2] += span.events
                seen.add(key)

    def _pool(self, metric: str) -> Distribution:
        pool = self._pools.get(metric)
        if pool is None:
            pool = Distribution()
            if len(self._pools) < MOST_POOLS:
                self._pools[metric] = pool
        return pool

    def merge(self, other: MilestonePools) -> None:
        """Adds everything of another."""
        self.answers += other.answers
        for metric, pool in other._pools.items():
            self._pool(metric).merge(pool)
        for key, counts in other._counts.items():
            if key in self._counts or len(self._counts) < MOST_POOLS:
                mine = self._counts.setdefault(key, [0, 0, 0])
                mine[:] = map(int.__add__, mine, counts)

    def metrics(self) -> dict[str, Stats]:
        """The `Stats` of each metric that has a value, in ms."""
        return {name: pool.stats(SCALE) for name, pool in self._pools.items() if pool.count}

    def histograms(self) -> Mapping[str, Sequence[tuple[int, int]]]:
        """(microseconds, how many), ascending, of each."""
        return {name: pool.histogram() for name, pool in self._pools.items() if pool.count}

    def milestones(self, ok: int, found: Mapping[str, Stats]) -> tuple[Milestone, ...]:
        """A row for each kind and name, by the median of its first begin; `found` are the metrics of the run."""
        rows = [
            Milestone(
                kind,
                name,
                answers,
                answers / max(1, ok),
                spans,
                events,
                found.get(first_key(kind, name), Stats()),
                found.get(duration_key(kind, name), Stats()),
            )
            for (kind, name), (answers, spans, events) in self._counts.items()
        ]
        return tuple(sorted(rows, key=lambda row: row.first_ms.p50 or 0.0))
