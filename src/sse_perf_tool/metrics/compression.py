"""What clients that accept compressed answers get, beside the answers of the run, which asked for none.  Pure."""

from __future__ import annotations

from ..records import NOT_MEASURED, OUTCOMES, CompressionCheck, Outcome, RequestRecord, RequestTable
from ..units import NS_PER_MS
from .definitions import ok_values
from .percentiles import percentile
from .stream_shape import LUMPY_CHUNKS, SHORT_CHUNKS

LATER, LATER_MS = 2.0, 100.0
"""A first token is held back when it comes so many times as late as nine in ten of the run, and so much later."""


def compression_check_of(record: RequestRecord, table: RequestTable) -> CompressionCheck:
    """What the one `record` shows, beside the ok requests of the run in `table`."""
    head, ttfts_ms = record.head, ok_values(table, "ttft_ms")
    return CompressionCheck(
        outcome=record.outcome.value,
        error=record.error,
        content_encoding=None if head is None else head.content_encoding,
        server=None if head is None else head.server or head.powered_by,
        held_back=record.outcome is Outcome.OK and _held_back(record, ttfts_ms, table),
        ttft_ms=None if record.ttft_ns is None else record.ttft_ns / NS_PER_MS,
        latency_ms=record.latency_ns / NS_PER_MS,
        run_ttft_ms=percentile(ttfts_ms, 50),
    )


def _held_back(record: RequestRecord, ttfts_ms: list[float], table: RequestTable) -> bool:
    """Whether its text came later, or in larger lumps, than that of the run."""
    most_ms = percentile(ttfts_ms, 90)
    if most_ms is None or record.ttft_ns is None:
        return False
    if record.ttft_ns / NS_PER_MS > max(LATER * most_ms, most_ms + LATER_MS):
        return True
    return record.chunks >= SHORT_CHUNKS and _lumpy(record.chunks, record.came.lumps) and not _lumpy(*_sums(table))


def _sums(table: RequestTable) -> tuple[int, int]:
    """Chunks and lumps of all ok answers."""
    ok = OUTCOMES.index(Outcome.OK)
    rows = [row for row in table.main().rows("outcome", "chunks", "lumps") if row[0] == ok and NOT_MEASURED not in row]
    return sum(row[1] for row in rows), sum(row[2] for row in rows)


def _lumpy(chunks: int, lumps: int) -> bool:
    return chunks >= LUMPY_CHUNKS * lumps > 0
