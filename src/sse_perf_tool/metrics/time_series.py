"""The time series of a run: requests, chunks, tokens and delays in each second."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate

from ..records import IntervalSample, Outcome, RequestRecord
from ..units import NS_PER_MS, NS_PER_S, US_PER_S
from .definitions import success_rate


class _Second:
    """The sums of one second of a run."""

    __slots__ = (
        "chunks", "delay_ns", "done", "due", "gaps", "latency_ns", "ok", "outcomes", "started", "tokens", "tpot",
        "ttfb", "ttft",
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

    def merge(self, other: _Second) -> None:
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
        self._seconds: dict[int, _Second] = {}
        self._busy_ns: Counter[int] = Counter()
        self._first_use_ns: dict[int, int] = {}
        self._scheduled = False

    def add(self, record: RequestRecord, start_ns: int) -> None:
        """Counts a finished request that began `start_ns` after the run did."""
        end_ns = start_ns + record.latency_ns
        self._at(start_ns // NS_PER_S).started += 1
        if (delay_ns := record.schedule_delay_ns) is not None:
            self._at(start_ns // NS_PER_S).delayed(delay_ns)
            self._at((start_ns - delay_ns) // NS_PER_S).due += 1
            self._scheduled = True
        known = self._first_use_ns.get(record.thread_id)
        self._first_use_ns[record.thread_id] = start_ns if known is None else min(known, start_ns)
        self._add_busy(start_ns, end_ns)
        self._add_end(self._at(end_ns // NS_PER_S), record)
        if record.ttft_ns is not None:
            self._add_chunks(record, (start_ns + record.ttft_ns) // 1000)
        else:  # a non-streamed answer, or tool calls, which are not in any text chunk
            self._at(end_ns // NS_PER_S).tokens += record.output_tokens or 0

    def _at(self, second: int) -> _Second:
        found = self._seconds.get(second)
        if found is None:
            found = self._seconds[second] = _Second()
        return found

    def _add_busy(self, start_ns: int, end_ns: int) -> None:
        first, last = start_ns // NS_PER_S, end_ns // NS_PER_S
        if first == last:
            self._busy_ns[first] += end_ns - start_ns
            return
        self._busy_ns[first] += (first + 1) * NS_PER_S - start_ns
        self._busy_ns[last] += end_ns - last * NS_PER_S
        for second in range(first + 1, last):
            self._busy_ns[second] += NS_PER_S

    @staticmethod
    def _add_end(second: _Second, record: RequestRecord) -> None:
        second.done += 1
        second.outcomes[record.outcome.value] += 1
        if record.outcome is not Outcome.OK:
            return
        second.ok += 1
        second.latency_ns += record.latency_ns
        for sums, value in (
            (second.ttfb, record.ttfb_ns),
            (second.ttft, record.ttft_ns),
            (second.tpot, record.tpot_ns),
        ):
            if value is not None:
                sums[0] += 1
                sums[1] += value

    def _add_chunks(self, record: RequestRecord, first_us: int) -> None:
        tokens_per_chunk = (record.output_tokens or 0) / record.chunks
        first = self._at(first_us // US_PER_S)
        first.chunks += 1
        first.tokens += tokens_per_chunk
        # (gap * gap).bit_length() is floor(2 * log2(gap)) + 1: half-octave buckets without a logarithm.
        keys = Counter(
            (at // US_PER_S) << 8 | (gap * gap).bit_length()
            for at, gap in zip(accumulate(record.gaps_us, initial=first_us), (0, *record.gaps_us), strict=True)
        )
        keys[first_us // US_PER_S << 8] -= 1  # the first chunk ends no gap
        for key, count in keys.items():
            if count:
                second = self._at(key >> 8)
                second.chunks += count
                second.tokens += count * tokens_per_chunk
                second.gaps[(key & 255) - 1] += count

    def merge(self, other: TimeSeries) -> None:
        """Adds everything that `other` has counted; both must have begun at the same moment."""
        for number, second in other._seconds.items():
            self._at(number).merge(second)
        self._busy_ns.update(other._busy_ns)
        self._scheduled = self._scheduled or other._scheduled
        for thread, first_ns in other._first_use_ns.items():
            self._first_use_ns[thread] = min(first_ns, self._first_use_ns.get(thread, first_ns))

    def rows(self, duration_ns: int) -> list[IntervalSample]:
        """One sample for each second that the run has begun."""
        begun = sorted(self._first_use_ns.values())
        total, samples = 0, []
        for number in range(math.ceil(duration_ns / NS_PER_S)):
            second = self._seconds.get(number) or _Second()
            total += second.done
            length_ns = min(NS_PER_S, duration_ns - number * NS_PER_S)
            samples.append(
                IntervalSample(
                    second=number,
                    threads_active=math.ceil(self._busy_ns[number] / length_ns - 0.001),
                    threads_total=bisect_right(begun, (number + 1) * NS_PER_S),
                    requests_started=second.started,
                    requests_done=second.done,
                    requests_ok=second.ok,
                    requests_failed=second.done - second.ok - second.outcomes[Outcome.CANCELLED.value],
                    requests_total=total,
                    chunks=second.chunks,
                    tokens=round(second.tokens, 3),
                    avg_latency_ms=second.latency_ns / second.ok / NS_PER_MS if second.ok else None,
                    avg_ttfb_ms=_mean_ms(second.ttfb),
                    avg_ttft_ms=_mean_ms(second.ttft),
                    avg_tpot_ms=_mean_ms(second.tpot),
                    success_rate=success_rate(second.ok, second.done - second.outcomes[Outcome.CANCELLED.value]),
                    outcomes=dict(second.outcomes),
                    gap_counts=dict(sorted(second.gaps.items())),
                    rate_asked=second.due if self._scheduled else None,
                    schedule_delay_ms=None if second.delay_ns is None else second.delay_ns / NS_PER_MS,
                )
            )
        return samples


def _mean_ms(sums: Sequence[float]) -> float | None:
    return sums[1] / sums[0] / NS_PER_MS if sums[0] else None
