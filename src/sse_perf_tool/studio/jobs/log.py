"""The events of a job in a file: each on disk before anybody is told of it, numbered 1, 2, 3, ... without gaps."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ...records.atomic_write import PRIVATE

Data = dict[str, Any]


class Event(NamedTuple):
    """One event; `id` 0 is one that is not kept."""

    id: int
    kind: str
    data: Data


class EventLog:
    """The file of one job.  OSError when it cannot be written; then the event has no number and did not happen."""

    def __init__(self, path: Path, now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000) -> None:
        self.path = path
        self._now_ms = now_ms
        self.last_id, length = _end_of(path)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0), PRIVATE)
        os.ftruncate(self._file, length)  # half a line is what a killed process left behind
        os.lseek(self._file, length, os.SEEK_SET)
        self._length = length

    def append(self, kind: str, data: Data) -> Event:
        """Writes an event and gives it with its number."""
        event = Event(self.last_id + 1, kind, {"at": self._now_ms(), **data})
        line = json.dumps([event.id, kind, event.data], ensure_ascii=False, separators=(",", ":"))
        rest = whole = memoryview(line.encode("utf-8", "replace") + b"\n")
        try:
            while rest:
                rest = rest[os.write(self._file, rest) :]
        except OSError:
            os.ftruncate(self._file, self._length)
            os.lseek(self._file, self._length, os.SEEK_SET)
            raise
        self._length += len(whole)
        self.last_id = event.id
        return event

    def close(self) -> None:
        """Nothing more comes."""
        os.close(self._file)


MOST_SECONDS = 1800
"""So many snapshots are read again of a job that goes on for a day: charts have no more points."""

_SNAPSHOT = b',"snapshot",'


class LogReader:
    """Reads a log from behind an event, and again what has come since.

    Of the snapshots that are there at the beginning, at most about `MOST_SECONDS` are given, evenly over the time; all
    other events, and all that come later, are given each.
    """

    def __init__(self, path: Path, after: int = 0) -> None:
        self._path, self._after, self._offset = path, after, 0
        self._stride, self._thinned_until = _stride_of(path)
        self._snapshots = 0

    def new(self) -> Iterator[Event]:
        """The events that have come since the last call."""
        try:
            file = self._path.open("rb")
        except FileNotFoundError:
            return
        with file:
            file.seek(self._offset)
            for line in file:
                if not line.endswith(b"\n"):
                    return
                self._offset += len(line)
                if self._is_passed_over(line):
                    continue
                if (event := _event_of(line)) is not None and event.id > self._after:
                    yield event

    def _is_passed_over(self, line: bytes) -> bool:
        if self._stride == 1 or self._offset > self._thinned_until or _SNAPSHOT not in line[:40]:
            return False
        self._snapshots += 1
        return self._snapshots % self._stride != 0


def _stride_of(path: Path) -> tuple[int, int]:
    """(of how many snapshots one is given, up to which byte)."""
    number = length = 0
    try:
        with path.open("rb") as file:
            for line in file:
                number += _SNAPSHOT in line[:40]
                length += len(line)
    except OSError:
        return 1, 0
    return max(1, -(-number // MOST_SECONDS)), length


def _end_of(path: Path) -> tuple[int, int]:
    """(number of the last whole event, up to which byte the lines are whole)."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return 0, 0
    length = data.rfind(b"\n") + 1
    last = next((event for line in reversed(data[:length].splitlines()) if (event := _event_of(line))), None)
    return (last.id if last else 0), length


def _event_of(line: bytes) -> Event | None:
    try:
        number, kind, data = json.loads(line)
    except (ValueError, TypeError, RecursionError):
        return None
    return Event(number, kind, data) if isinstance(number, int) and isinstance(data, dict) else None
