"""Failed requests, grouped by error: messages that differ only in ids, addresses and numbers are one group."""

from __future__ import annotations

import re
from dataclasses import replace

from ..records import ErrorGroup, RequestRecord
from .distribution import Distribution

MOST_GROUPS = 1000
"""Limit, since a server that puts something new into every message must not fill the memory."""

_NUMBERS = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|0x[0-9a-f]+|\d+(?:\.\d+)?", re.IGNORECASE)
"""The parts of a message that are ignored when messages are compared: ids, addresses, numbers."""


class ErrorGroups:
    """Counts failed requests by outcome and message, with the first of each as its example."""

    def __init__(self) -> None:
        self._groups: dict[tuple[str, str], ErrorGroup] = {}
        self._chunks: dict[tuple[str, str], Distribution] = {}
        """How many chunks had come in each; without the groups in which none had."""

    def add(self, record: RequestRecord) -> None:
        """Counts a request that failed."""
        message = record.error or ""
        key = (record.outcome.value, _NUMBERS.sub("#", message))
        known = self._groups.get(key)
        if known is None:
            if len(self._groups) >= MOST_GROUPS:
                key = (record.outcome.value, "")
                known = self._groups.get(key)
            self._groups[key] = known or ErrorGroup(record.outcome.value, message, 0, record.request_id)
        group = self._groups[key]
        self._groups[key] = replace(group, count=group.count + 1)
        if record.chunks or key in self._chunks:
            self._chunks_of(key, group.count).add((record.chunks,))

    def _chunks_of(self, key: tuple[str, str], without: int) -> Distribution:
        """The chunks of a group, of which `without` requests had none before the first that had some."""
        if key not in self._chunks:
            self._chunks[key] = Distribution()
            self._chunks[key].add((0,) * without)
        return self._chunks[key]

    def merge(self, other: ErrorGroups) -> None:
        """Adds everything that `other` has counted; the example is the earlier one."""
        for key, group in other._groups.items():
            mine = self._groups.get(key, group)
            known = mine.count if key in self._groups else 0
            if key in self._chunks or key in other._chunks:
                self._chunks_of(key, known).merge(other._chunks_of(key, group.count))
            first = min(mine, group, key=lambda each: each.example_request)
            self._groups[key] = replace(first, count=known + group.count)

    def groups(self) -> tuple[ErrorGroup, ...]:
        """All groups, the most frequent first."""
        return tuple(sorted(map(self._with_chunks, self._groups), key=lambda group: -group.count))

    def _with_chunks(self, key: tuple[str, str]) -> ErrorGroup:
        group = self._groups[key]
        if key not in self._chunks:
            return group
        found = self._chunks[key].stats()
        least, most = (None if each is None else round(each) for each in (found.min, found.max))
        return replace(group, chunks_min=least, chunks_median=found.p50, chunks_max=most)
