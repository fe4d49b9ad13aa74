"""What a `Console` shows, caught as text, and made-up results to show."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest

from sse_perf_tool.console import Console
from sse_perf_tool.records import RunConfig
from sse_perf_tool.test_runner import Snapshot
from sse_perf_tool.units import NS_PER_MS, NS_PER_S

LANGUAGES = pytest.mark.parametrize("lang", ["en", "zh"])


def shown(show: Callable[[Console], object], lang: str = "en", **options: Any) -> str:
    """What `show` writes to a console."""
    stream = io.StringIO()
    show(Console(stream, lang, **options))
    return stream.getvalue()


def totals(**counts: float) -> Snapshot:
    """Counters of a run, 0 but for those given."""
    return Snapshot(**{name: counts.get(name, 0) for name in Snapshot._fields})  # type: ignore[arg-type]


HALFWAY = totals(
    threads_active=8,
    requests_ok=3,
    requests_failed=1,
    requests_cancelled=2,
    chunks=437,
    latency_ns=6 * NS_PER_S,
    tpot_ns=90.0 * NS_PER_MS,
    tpot_count=3,
)
TEN_SECONDS = RunConfig(threads=10, duration_s=10.0)
