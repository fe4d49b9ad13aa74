"""Error bounds: the interval in which the true percentiles lie."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import accumulate
from operator import sub
from typing import NamedTuple

from ..metrics import percentile
from ..records import NOT_MEASURED, OUTCOMES, Outcome, RunResult, Stats, TrustSample
from ..units import NS_PER_MS, US_PER_MS
from .lateness import Lateness
from .samples import HalfOctaves, bucket_of

RESOLUTION_MS = 0.1
"""Two programs agree on a moment no better: a system call stands between clock and wire on each side."""


class _Merged(NamedTuple):
    """Reads with several chunks: the time since the read before, chunks, how many, and how many of them were late."""

    gap_us: int
    chunks: int
    reads: int
    late: float = 0.0

    @property
    def first_wait_us(self) -> float:
        """How long the first chunk waited, if they were sent evenly."""
        return self.gap_us * (self.chunks - 1) / self.chunks

    @property
    def pace_us(self) -> float:
        """The time a chunk, if they were sent evenly."""
        return self.gap_us / self.chunks


class _Firsts(NamedTuple):
    """The first chunks of ok answers, a row each, in nanoseconds: there may be a million of them."""

    ttft_ns: array[int]
    slack_ns: array[int]
    """By how much the start may be too early."""
    wait_ns: array[int]
    """How long it waited for others that came in the same read; 0 when it came alone."""
    together: array[int]
    """How many came in its read, itself among them."""
    most_ns: array[int]
    """What it can have waited at most: it came behind the first byte."""


def _firsts(result: RunResult) -> _Firsts:
    """When k chunks came in the first read, k - 1 others came while the first waited, at the pace of the rest of the
    answer; of an answer that came in one read nothing is known but that its first chunk came behind its first byte."""
    names = ("outcome", "ttft_ns", "ttfb_ns", "start_slack_ns", "first_chunks", "chunks", "gap_sum_ns")
    ok, rows = OUTCOMES.index(Outcome.OK), array("q")
    for outcome, ttft_ns, ttfb_ns, slack_ns, together, chunks, gap_sum_ns in result.requests.main().rows(*names):
        if outcome != ok or ttft_ns == NOT_MEASURED:
            continue
        most_ns = wait_ns = ttft_ns - max(0, ttfb_ns)
        if together < chunks or together <= 1:
            wait_ns = min(most_ns, (together - 1) * gap_sum_ns // max(1, chunks - together))
        rows.extend((ttft_ns, max(0, slack_ns), max(0, wait_ns), max(1, together), most_ns))
    return _Firsts(*(rows[at :: len(_Firsts._fields)] for at in range(len(_Firsts._fields))))


class Evidence(NamedTuple):
    """The error bounds of the percentiles and their causes, in milliseconds."""

    ttft_ms: float | None
    gap_ms: float | None
    slack_ms: float
    """P99 of by how much starts may be too early."""
    merged_share: float | None
    """Share of chunks that came late and with the next one."""


def evidence_of(result: RunResult) -> Evidence:
    """Computes the error bounds from the arrivals of a run and the samples of its processes."""
    firsts = _firsts(result)
    merged = [_Merged(*each) for each in result.merged_reads]
    merged = _not_lost_on_the_way(merged, firsts, packets_out_of_order(result))
    waits: Counter[int] = Counter()
    for read in merged:
        waits[bucket_of(read.first_wait_us)] += read.reads
    waits.update(bucket_of(wait_ns / 1000) for wait_ns in firsts.wait_ns if wait_ns)
    lateness = Lateness(result.self_watch, waits)
    merged = [each._replace(late=each.reads * lateness.share(each.first_wait_us, each.pace_us)) for each in merged]
    gaps = result.summary.metrics.get("itl_ms", Stats()).count
    user_ms = 0.0 if result.clock == "kernel" else _user_clock_ms(result.self_watch)
    ttft_ms = gap_ms = None
    if firsts.ttft_ns:
        ttft_ms = _ttft_bound_ms(firsts, lateness) + user_ms + RESOLUTION_MS
    if gaps:
        gap_ms = _gap_bound_ms(result.gap_histogram, merged) + user_ms + RESOLUTION_MS
    late = sum(each.late * (each.chunks - 1) for each in merged)
    slack = percentile(sorted(firsts.slack_ns), 99) or 0.0
    return Evidence(ttft_ms, gap_ms, slack / NS_PER_MS, late / gaps if gaps else None)


def packets_out_of_order(result: RunResult) -> int:
    """How many packets came behind later ones, as requests or the samples of connections tell, whichever saw more."""
    seen = sum(number for number in result.requests.main()["out_of_order"] if number > 0)
    return max(seen, sum(sample.out_of_order or 0 for sample in result.self_watch))


def _not_lost_on_the_way(merged: Sequence[_Merged], firsts: _Firsts, packets: int) -> list[_Merged]:
    """The reads with several chunks that are left when those are taken off which so many packets explain.

    When a packet is lost, those behind it come out of order and wait in the system until it has come again, and the
    sender holds back the rest meanwhile: then all are read at once, however prompt the reading thread is.  So each such
    packet explains one read; the longest waits are taken off first, and a first chunk that waited for the network did
    not wait here.
    """
    left: list[_Merged] = []
    for each in sorted(merged, key=lambda each: each.first_wait_us, reverse=True):
        explained = min(each.reads, packets)
        packets -= explained
        if each.reads > explained:
            left.append(each._replace(reads=each.reads - explained))
    waited = (row for row, wait_ns in enumerate(firsts.wait_ns) if wait_ns)
    for row in sorted(waited, key=firsts.wait_ns.__getitem__, reverse=True)[:packets]:
        firsts.wait_ns[row] = 0
    return sorted(left)


def _ttft_bound_ms(firsts: _Firsts, lateness: Lateness) -> float:
    """The P99 as it was reported, less what it would be with all that may be too much taken off.

    As many of the first chunks as are likely to have waited for others are taken to be those of the largest TTFTs.
    Each waited as `_firsts` tells, or as long as reads had to wait here, whichever is more.
    """
    ttft_ns, _, waits_ns, together, most_ns = firsts
    least = array("q", map(sub, ttft_ns, firsts.slack_ns))
    waited = sorted((row for row, wait_ns in enumerate(waits_ns) if wait_ns), key=ttft_ns.__getitem__, reverse=True)
    late = sum(lateness.share(waits_ns[row] / 1000, waits_ns[row] / 1000 / together[row]) for row in waited)
    for row in waited[: math.ceil(late)]:
        wait_ns = min(most_ns[row], max(waits_ns[row], lateness.longest_ns))
        least[row] -= round(wait_ns * min(1.0, late))  # of the last one only a part is likely
        late -= 1
    reported, lowest = (percentile(sorted(values), 99) or 0.0 for values in (ttft_ns, least))
    return (reported - lowest) / NS_PER_MS


def _user_clock_ms(samples: Sequence[TrustSample]) -> float:
    """By how much arrivals that this program stamps may be late: no more than one gap in a hundred has an end that is
    later, as no more than one read in two hundred is."""
    found = (HalfOctaves(getattr(sample, name) for sample in samples).percentile_ms(99.5) for name in ("away", "wakes"))
    return max((ms for ms in found if ms is not None), default=0.0)


def _gap_bound_ms(gaps: Sequence[tuple[int, int]], merged: Sequence[_Merged]) -> float:
    """The greater distance from the reported P99 of the gaps to the ends of the interval in which the true one lies.

    Above a value v lie as many gaps as were reported.  But the gaps of a late read with k chunks, which add up to g and
    were reported as g and zeros, may all be g/k, so that none of them is above v if g/k is not; and of
    them n may be above v when n v is less than g, but not more than k.
    """
    values = [value for value, _ in gaps]
    ends = [0, *accumulate(count for _, count in gaps)]
    candidates = {each.gap_us // part for each in merged for part in (each.chunks, *range(2, min(each.chunks, 9)))}
    marks: list[int] = sorted({*values, *candidates})

    def p99_us(change: Callable[[_Merged, int], float]) -> int:
        """The least mark above which lies no more than one gap in a hundred."""

        def too_low(mark: int) -> bool:
            above: float = ends[-1] - ends[bisect_right(values, mark)]
            above += sum(each.late * change(each, mark) for each in merged if each.gap_us > mark)
            return above > 0.01 * ends[-1]

        low, high = 0, len(marks) - 1
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if too_low(marks[middle]) else (low, middle)
        return marks[low]

    reported = p99_us(lambda _each, _mark: 0.0)
    least = p99_us(lambda each, mark: 0.0 if each.gap_us > mark * each.chunks else -1.0)
    most = p99_us(lambda each, mark: min(each.chunks, (each.gap_us - 1) // max(mark, 1)) - 1.0)
    return max(reported - least, most - reported) / US_PER_MS
