"""Each chunk counts in the second in which it came, however its answer is cut up for that."""

from __future__ import annotations

import random
from collections import Counter
from itertools import accumulate

from sse_perf_tool.metrics.time_series import TimeSeries, _half_octaves
from sse_perf_tool.records import Outcome, RequestRecord

MS, S = 1_000_000, 1_000_000_000


def answer(chance: random.Random) -> RequestRecord:
    most = chance.choice((1, 300, 30_000, 400_000, 2_500_000))
    gaps = tuple(chance.choice((0, chance.randint(0, most), most)) for _ in range(chance.randint(0, 60)))
    ttft_ns = chance.randint(0, 2 * S)
    return RequestRecord(
        request_id=1, thread_id=1, started_ns=0, outcome=Outcome.OK, latency_ns=ttft_ns + sum(gaps) * 1000 + 999,
        ttft_ns=ttft_ns, chunks=len(gaps) + 1, output_tokens=2 * len(gaps) + 2, gaps_us=gaps,
    )  # fmt: skip


def test_every_chunk_and_gap_is_in_its_second() -> None:
    chance = random.Random(5)
    for _ in range(400):
        record, start_ns = answer(chance), chance.randint(0, 3 * S)
        series = TimeSeries()
        series.add(record, start_ns)
        rows = series.rows(start_ns + record.latency_ns + 1)
        first_us = (start_ns + (record.ttft_ns or 0)) // 1000
        at_us = list(accumulate(record.gaps_us, initial=first_us))
        chunks = Counter(us // 1_000_000 for us in at_us)
        assert {row.second: row.chunks for row in rows if row.chunks} == chunks
        assert {row.second: row.tokens for row in rows if row.tokens} == {at: 2.0 * n for at, n in chunks.items()}
        gaps: dict[int, Counter[int]] = {}
        for us, gap in zip(at_us[1:], record.gaps_us, strict=True):
            gaps.setdefault(us // 1_000_000, Counter())[(gap * gap).bit_length() - 1] += 1
        assert {row.second: Counter(row.gap_counts) for row in rows if row.gap_counts} == gaps


def test_half_octaves_of_small_and_large_gaps_are_the_same_numbers() -> None:
    gaps = [0, 1, 2, 3, 511, 512, 262_143, 262_144, 40_000_000_000]
    expected = bytes((gap * gap).bit_length() for gap in gaps)
    assert _half_octaves(gaps, max(gaps)) == expected
    assert _half_octaves(gaps[:7], 262_143) == expected[:7]
