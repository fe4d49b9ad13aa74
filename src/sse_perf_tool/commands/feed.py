"""Tells whoever watches a run from beside, the studio, what happens: a line of JSON for each event.

Without anybody who watches, nothing is done.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..records import IntervalSample, RunConfig
from ..test_runner import Snapshot

Write = Callable[[str], None]


class Feed:
    """Where the events of a run go; without `write` nowhere."""

    def __init__(self, write: Write | None = None) -> None:
        self.status: int | None = None
        """The exit status of the command, once it is known."""
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
