"""The time series of a run: requests, chunks, tokens and delays in each second.

Of a run of more than `MOST_INTERVALS` seconds several seconds are one interval, each interval of the run as wide as the
others: what is counted stays exact, and how wide an interval is stands in each (`IntervalSample.width_s`).
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise

from ..records import NOT_MEASURED, OUTCOMES, IntervalSample, Outcome, RequestRecord
from ..records.compiled import compiled_lines
from ..records.rows import Gaps, Rows
from ..units import NS_PER_MS, NS_PER_S, US_PER_S
from .definitions import success_rate

MOST_INTERVALS = 7200
"""Two hours by second; a day by 15 seconds."""
MOST_NEW = 1024
"""Gaps of an interval that are gathered before they are counted."""
WIDTHS_S = (1, 5, 15, 60, 300, 900, 3600, 14400, 86400)
"""How wide an interval may be: each is whole in the next, so that sums are added up further."""


def width_s_of(end_ns: int) -> int:
    """How wide the intervals of a run are whose last event is `end_ns` behind its start."""
    wide_enough = (width_s for width_s in WIDTHS_S if end_ns < MOST_INTERVALS * width_s * NS_PER_S)
    return next(wide_enough, WIDTHS_S[-1])


_OUTCOME_NAMES = tuple(outcome.value for outcome in OUTCOMES)


class _Interval:
    """The sums of one interval of a run."""

    __slots__ = (
        "_new", "chunks", "delay_ns", "done", "due", "gaps", "latency_ns", "ok", "outcomes", "started", "tokens",
        "tpot", "ttfb", "ttft",
    )  # fmt: skip

    def __init__(self) -> None:
        self.started = self.done = self.chunks = self.due = 0
        self.delay_ns: int | None = None
        self.ok = 0
        self.tokens = 0.0
        self.latency_ns = 0
        self.ttfb: list[float] = [0, 0.0]
        self.ttft: list[float] = [0, 0.0]
        self.tpot: list[float] = [0, 0.0]
        self.outcomes: Counter[str] = Counter()
        self.gaps: Counter[int] = Counter()
        """By half octave of microseconds, floor(2 * log2(gap)) + 1."""
        self._new = bytearray()
        """Half octaves that are not counted yet: many of them cost little more than one."""

    def add_gaps(self, half_octaves: bytes) -> None:
        """Counts gaps."""
        self._new += half_octaves
        if len(self._new) > MOST_NEW:
            self.count_new()

    def count_new(self) -> None:
        """Brings `gaps` up to date."""
        new, self._new = self._new, bytearray()
        for bucket in set(new):
            self.gaps[bucket] += new.count(bucket)

    def merge(self, other: _Interval) -> None:
        other.count_new()
        for name in ("started", "done", "ok", "chunks", "tokens", "latency_ns", "due"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        if other.delay_ns is not None:
            self.delayed(other.delay_ns)
        for name in ("ttfb", "ttft", "tpot"):
            mine, theirs = getattr(self, name), getattr(other, name)
            mine[0] += theirs[0]
            mine[1] += theirs[1]
        self.outcomes.update(other.outcomes)
        self.gaps.update(other.gaps)

    def delayed(self, delay_ns: int) -> None:
        """Counts the schedule delay of a request that started in this second."""
        self.delay_ns = delay_ns if self.delay_ns is None else max(self.delay_ns, delay_ns)


class TimeSeries:
    """Figures per second: each chunk counts in the second in which it arrived, not when it was processed."""

    def __init__(self) -> None:
        self.width_s = 1
        """How many seconds an interval has."""
        self._intervals: dict[int, _Interval] = {}
        self._busy_ns: Counter[int] = Counter()
        self._first_use_ns: dict[int, int] = {}
        self._scheduled = False

    def add(self, record: RequestRecord, start_ns: int) -> None:
        """Counts a finished request that began `start_ns` after the run did."""
        first_ns, delay_ns, tokens = record.ttft_ns, record.schedule_delay_ns, record.output_tokens or 0
        last = self._add_times(record.thread_id, start_ns, record.latency_ns, delay_ns)
        self._add_end(last, record.outcome, record.latency_ns, record.ttfb_ns, first_ns, record.tpot_ns)
        if first_ns is not None:
            first_us, most_us = (start_ns + first_ns) // 1000, record.max_gap_us or 0
            self._add_chunks(first_us, record.gaps_us, most_us, tokens / record.chunks)
        else:  # a non-streamed answer, or tool calls, which are not in any text chunk
            last.tokens += tokens

    def add_rows(self, rows: Rows) -> None:
        """The same of several requests."""
        starts, ends = rows.columns["started_ns"], rows.ends_ns()
        if max(ends) >= MOST_INTERVALS * self.width_s * NS_PER_S:
            for at, start_ns in enumerate(starts):  # as one by one: which of them makes the intervals wider tells sums
                self.add(rows.record(at), start_ns)
            return
        width_ns = self.width_s * NS_PER_S
        for thread, start_ns in zip(rows.columns["thread_id"], starts, strict=True):
            if start_ns < self._first_use_ns.get(thread, start_ns + 1):
                self._first_use_ns[thread] = start_ns
        for start_ns, end_ns in zip(starts, ends, strict=True):
            self._add_busy(start_ns, end_ns, width_ns)
        self._add_ends(rows, self._add_places(rows, [ns // width_ns for ns in ends], width_ns))

    def _add_ends(self, rows: Rows, intervals: Sequence[_Interval]) -> None:
        """Counts each of the requests in the interval in which it ended."""
        names = ("outcome", "latency_ns", "ttfb_ns", "ttft_ns", "output_tokens", "gap_sum_ns")
        ok = OUTCOMES.index(Outcome.OK)
        for interval, outcome, latency_ns, ttfb_ns, ttft_ns, tokens, sum_ns in zip(
            intervals, *(rows.columns[name] for name in names), strict=True
        ):
            interval.done += 1
            interval.outcomes[_OUTCOME_NAMES[outcome]] += 1
            if outcome != ok:
                continue
            interval.ok += 1
            interval.latency_ns += latency_ns
            if ttfb_ns != NOT_MEASURED:
                interval.ttfb[0] += 1
                interval.ttfb[1] += ttfb_ns
            if ttft_ns != NOT_MEASURED:
                interval.ttft[0] += 1
                interval.ttft[1] += ttft_ns
                if tokens > 1:
                    interval.tpot[0] += 1
                    interval.tpot[1] += sum_ns / (tokens - 1)

    def _add_places(self, rows: Rows, lasts: Sequence[int], width_ns: int) -> list[_Interval]:
        """Counts where each request began, was due, and got its chunks; gives the intervals in which each ended.

        They are begun in the order in which `add` begins them: by that they are added up when they become wider.
        """
        names = ("started_ns", "ttft_ns", "output_tokens", "chunks")
        starts, ttfts, known, chunks = (rows.columns[name] for name in names)
        firsts_us = [
            ttft_ns if ttft_ns == NOT_MEASURED else (start_ns + ttft_ns) // 1000
            for start_ns, ttft_ns in zip(starts, ttfts, strict=True)
        ]
        tokens = [max(0, number) / (of or 1) for number, of in zip(known, chunks, strict=True)]
        gaps, compiled = rows.gaps_us, compiled_lines()
        if not isinstance(gaps, Gaps) or compiled is None or min(ttfts) == NOT_MEASURED:
            return [
                self._add_place(row, rows, last, firsts_us[row], tokens[row], width_ns)
                for row, last in enumerate(lasts)
            ]
        runs, counts = compiled.places(gaps.flat, gaps.ends, firsts_us, self.width_s * US_PER_S)
        began, delays = [ns // width_ns for ns in starts], rows.columns["schedule_delay_ns"]
        scheduled = () if max(delays) == NOT_MEASURED else [row for row, ns in enumerate(delays) if ns != NOT_MEASURED]
        due = [(row, max(0, starts[row] - delays[row]) // width_ns) for row in scheduled]
        self._begin(list(enumerate(began)), list(enumerate(lasts)), due, [(row, number) for row, number, _ in runs])
        for number, count in Counter(began).items():
            self._at(number).started += count
        for row in scheduled:
            self._add_delay(starts[row], delays[row], width_ns)
        for row, number, count in runs:
            interval = self._intervals[number]
            interval.chunks += count
            interval.tokens += count * tokens[row]
        self._add_gaps(counts)
        return [self._at(number) for number in lasts]

    def _begin(self, *touched: Sequence[tuple[int, int]]) -> None:
        """Begins the intervals that requests touch, each at its first touch: (row, number of the interval), by row.

        Of one row the first of `touched` comes first; within one of them it touches the intervals in their order.
        """
        first: dict[int, int] = {}
        for kind, pairs in enumerate(touched):
            for number, row in {number: row for row, number in reversed(pairs)}.items():
                at = len(touched) * row + kind
                first[number] = min(at, first.get(number, at))
        for number in sorted(first, key=lambda number: (first[number], number)):
            self._at(number)

    def _add_place(
        self, row: int, rows: Rows, last: int, first_us: int, tokens_per_chunk: float, width_ns: int
    ) -> _Interval:
        """The same of one request; `last` is the number of the interval in which it ended."""
        columns, gaps_us = rows.columns, rows.gaps_us[row]
        start_ns, delay_ns = columns["started_ns"][row], columns["schedule_delay_ns"][row]
        self._at(start_ns // width_ns).started += 1
        ended = self._at(last)
        if delay_ns != NOT_MEASURED:
            self._add_delay(start_ns, delay_ns, width_ns)
        if first_us != NOT_MEASURED:
            self._add_chunks(first_us, gaps_us, columns["max_gap_ns"][row] // 1000, tokens_per_chunk)
        else:
            ended.tokens += max(0, columns["output_tokens"][row])
        return ended

    def _add_gaps(self, counts: Mapping[int, Mapping[int, int]]) -> None:
        for number, half_octaves in counts.items():
            gaps = self._at(number).gaps
            for bucket, count in half_octaves.items():
                gaps[bucket] += count

    def _add_times(self, thread: int, start_ns: int, latency_ns: int, delay_ns: int | None) -> _Interval:
        """Counts a request where it began, and gives the interval in which it ended."""
        end_ns = start_ns + latency_ns
        self._make_room(end_ns)
        width_ns = self.width_s * NS_PER_S
        first, last = self._at(start_ns // width_ns), self._at(end_ns // width_ns)
        first.started += 1
        if delay_ns is not None:
            self._add_delay(start_ns, delay_ns, width_ns)
        known = self._first_use_ns.get(thread)
        if known is None or start_ns < known:
            self._first_use_ns[thread] = start_ns
        self._add_busy(start_ns, end_ns, width_ns)
        return last

    def _add_delay(self, start_ns: int, delay_ns: int, width_ns: int) -> None:
        self._at(start_ns // width_ns).delayed(delay_ns)
        self._at(max(0, start_ns - delay_ns) // width_ns).due += 1
        self._scheduled = True

    def _make_room(self, end_ns: int) -> None:
        """Widens the intervals until there are few enough up to `end_ns`."""
        if end_ns >= MOST_INTERVALS * self.width_s * NS_PER_S:
            self.widen(width_s_of(end_ns))

    def widen(self, width_s: int) -> None:
        """Makes intervals of so many seconds of those that there are; they are whole in the new ones."""
        factor = width_s // self.width_s
        before, busy = self._intervals, self._busy_ns
        self.width_s, self._intervals, self._busy_ns = width_s, {}, Counter()
        for number, interval in before.items():
            self._at(number // factor).merge(interval)
        for number, busy_ns in busy.items():
            self._busy_ns[number // factor] += busy_ns

    def _at(self, number: int) -> _Interval:
        found = self._intervals.get(number)
        if found is None:
            found = self._intervals[number] = _Interval()
        return found

    def _add_busy(self, start_ns: int, end_ns: int, width_ns: int) -> None:
        first, last = start_ns // width_ns, end_ns // width_ns
        if first == last:
            self._busy_ns[first] += end_ns - start_ns
            return
        self._busy_ns[first] += (first + 1) * width_ns - start_ns
        self._busy_ns[last] += end_ns - last * width_ns
        for number in range(first + 1, last):
            self._busy_ns[number] += width_ns

    @staticmethod
    def _add_end(
        interval: _Interval,
        outcome: Outcome,
        latency_ns: int,
        ttfb_ns: int | None,
        ttft_ns: int | None,
        tpot_ns: float | None,
    ) -> None:
        interval.done += 1
        interval.outcomes[outcome.value] += 1
        if outcome is not Outcome.OK:
            return
        interval.ok += 1
        interval.latency_ns += latency_ns
        for sums, value in ((interval.ttfb, ttfb_ns), (interval.ttft, ttft_ns), (interval.tpot, tpot_ns)):
            if value is not None:
                sums[0] += 1
                sums[1] += value

    def _add_chunks(self, first_us: int, gaps_us: Sequence[int], max_gap_us: int, tokens_per_chunk: float) -> None:
        """Counts the chunks of an answer, each where it came: the first at `first_us`, the others behind their gaps."""
        width_us, compiled = self.width_s * US_PER_S, compiled_lines()
        if compiled is not None and first_us >= 0:
            runs, counts = compiled.places(gaps_us, (len(gaps_us),), (first_us,), width_us)
            for _, number, chunks in runs:
                interval = self._at(number)
                interval.chunks += chunks
                interval.tokens += chunks * tokens_per_chunk
            self._add_gaps(counts)
            return
        first = self._at(first_us // width_us)
        first.chunks += 1
        first.tokens += tokens_per_chunk
        if not gaps_us:
            return
        half_octaves = _half_octaves(gaps_us, max_gap_us)
        ends_us = list(accumulate(gaps_us, initial=first_us))
        at, number = 0, len(gaps_us)
        while at < number:
            interval_number = ends_us[at + 1] // width_us
            # Those up to the end of this interval: mostly all, else up to where the next one begins.
            behind_us = (interval_number + 1) * width_us
            upto = number if ends_us[-1] < behind_us else bisect_left(ends_us, behind_us, at + 1) - 1
            interval = self._at(interval_number)
            interval.chunks += upto - at
            interval.tokens += (upto - at) * tokens_per_chunk
            interval.add_gaps(half_octaves[at:upto])
            at = upto

    def merge(self, other: TimeSeries) -> None:
        """Adds everything that `other` has counted, which is left as it is but for its width.

        Both must have begun at the same moment.
        """
        for each in (self, other):
            if each.width_s < max(self.width_s, other.width_s):
                each.widen(max(self.width_s, other.width_s))
        for number, interval in other._intervals.items():
            self._at(number).merge(interval)
        self._busy_ns.update(other._busy_ns)
        self._scheduled = self._scheduled or other._scheduled
        for thread, first_ns in other._first_use_ns.items():
            self._first_use_ns[thread] = min(first_ns, self._first_use_ns.get(thread, first_ns))

    def rows(self, duration_ns: int) -> list[IntervalSample]:
        """One sample for each interval that the run has begun; its last may be cut short by the end of the run."""
        self._make_room(duration_ns - 1)
        begun = sorted(self._first_use_ns.values())
        width_ns, total, samples = self.width_s * NS_PER_S, 0, []
        for number in range(math.ceil(duration_ns / width_ns)):
            interval = self._intervals.get(number) or _Interval()
            interval.count_new()
            total += interval.done
            length_ns = min(width_ns, duration_ns - number * width_ns)
            cancelled = interval.outcomes[Outcome.CANCELLED.value]
            samples.append(
                IntervalSample(
                    second=number * self.width_s,
                    width_s=self.width_s,
                    threads_active=math.ceil(self._busy_ns[number] / length_ns - 0.001),
                    threads_total=bisect_right(begun, (number + 1) * width_ns),
                    requests_started=interval.started,
                    requests_done=interval.done,
                    requests_ok=interval.ok,
                    requests_failed=interval.done - interval.ok - cancelled,
                    requests_total=total,
                    chunks=interval.chunks,
                    tokens=round(interval.tokens, 3),
                    avg_latency_ms=interval.latency_ns / interval.ok / NS_PER_MS if interval.ok else None,
                    avg_ttfb_ms=_mean_ms(interval.ttfb),
                    avg_ttft_ms=_mean_ms(interval.ttft),
                    avg_tpot_ms=_mean_ms(interval.tpot),
                    success_rate=success_rate(interval.ok, interval.done - cancelled),
                    outcomes=dict(interval.outcomes),
                    gap_counts={bucket - 1: count for bucket, count in sorted(interval.gaps.items())},
                    rate_asked=interval.due if self._scheduled else None,
                    schedule_delay_ms=None if interval.delay_ns is None else interval.delay_ns / NS_PER_MS,
                )
            )
        return samples


def _half_octaves(gaps_us: Sequence[int], max_gap_us: int) -> bytes:
    """floor(2 * log2(gap)) + 1 of each, 0 for 0: half-octave buckets, without a logarithm."""
    if max_gap_us < len(_HALF_OCTAVES):
        return bytes(map(_HALF_OCTAVES.__getitem__, gaps_us))
    return bytes([(gap_us * gap_us).bit_length() for gap_us in gaps_us])


def _buckets_up_to(most: int) -> bytes:
    """The half octave of each number below `most`."""
    edges = [
        math.isqrt((1 << bits) - 1) for bits in range((most * most).bit_length() + 1)
    ]  # the last with so many bits
    runs = (bytes([bits]) * (edge - before) for bits, (before, edge) in enumerate(pairwise([-1, *edges])))
    return b"".join(runs)[:most]


_HALF_OCTAVES = _buckets_up_to(1 << 18)
"""Of gaps up to a quarter of a second, so that one look tells it."""


def _mean_ms(sums: Sequence[float]) -> float | None:
    return sums[1] / sums[0] / NS_PER_MS if sums[0] else None
