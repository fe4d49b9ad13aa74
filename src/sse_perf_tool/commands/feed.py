"""Tells whoever watches a run from beside, the studio, what happens: a line of JSON for each event.

Without anybody who watches, nothing is done.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from ..errors import UsageError
from ..records import IntervalSample, RunConfig
from ..records.writer import LineWriter, new_lines
from ..test_runner import Snapshot

Write = Callable[[str], None]


class Feed:
    """Where the events of a run go; without `write` nowhere."""

    def __init__(self, write: Write | None = None) -> None:
        self._write = write
        self._lock = threading.Lock()

    def tell(self, event: str, **data: Any) -> None:
        """One event."""
        if self._write is not None:
            line = json.dumps({"event": event, **data}, ensure_ascii=False, separators=(",", ":"))
            with self._lock:
                self._write(line)

    def load(self, config: RunConfig, result: Path | None = None, records: Path | None = None) -> None:
        """A load begins, whose summary and records go into these files."""
        self.tell(
            "load",
            result_id=None if result is None else result.stem,
            total=config.requests_wanted if records is not None else None,
            url=config.url,
            format=config.format,
            model=config.model,
            threads=config.threads,
            processes=config.processes,
            duration_s=config.duration_s,
            requests=config.requests,
            rate_per_s=config.rate_per_s,
            arrival=config.arrival,
            stages=[list(stage) for stage in config.stages],
        )
        if records is not None:
            self.tell("records", path=str(records.resolve()))

    def second(self, sample: IntervalSample, totals: Snapshot, step: float | None = None) -> None:
        """A second is over."""
        if self._write is None:
            return
        self.tell(
            "snapshot",
            second=sample.second,
            step=step,
            active=sample.threads_active,
            threads=sample.threads_total,
            started=sample.requests_started,
            done=sample.requests_done,
            ok=sample.requests_ok,
            failed=sample.requests_failed,
            total=totals.requests_done,
            rps=float(sample.requests_done),
            ttft_mean_ms=_rounded(sample.avg_ttft_ms),
            latency_mean_ms=_rounded(sample.avg_latency_ms),
            tokens_per_s=_rounded(sample.tokens),
            success_rate=_rounded(sample.success_rate),
            errors={name: count for name, count in sample.outcomes.items() if name not in ("ok", "cancelled")},
        )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


@contextlib.contextmanager
def feed_for_studio(folder: Path, kind: str, title: str, lang: str) -> Iterator[Feed]:
    """A feed that the studio of a folder reads while the run goes on.  UsageError when it cannot be written."""
    live = folder / ".studio" / "live"
    try:
        live.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise UsageError(f"--studio {folder}: {error.strerror}") from error
    name = f"{datetime.now():%Y%m%d_%H%M%S}_{secrets.token_hex(3)}.jsonl"
    with new_lines(live / name, lang) as lines:
        feed = Feed(lines.write)
        feed.tell("hello", pid=os.getpid(), kind=kind, title=title)
        state = "failed"
        try:
            yield feed
            state = "done"
        finally:
            _end(feed, lines, state)


def _end(feed: Feed, lines: LineWriter, state: str) -> None:
    if lines.error is None:
        feed.tell("end", state=state)
