"""From request records to figures: percentiles, token estimates, distributions, per-second series, the summary.

Pure: no clock, no thread, no socket.  Each metric is defined once, in `docs/metrics.md`, and computed once, here.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from heapq import heappush, heapreplace
from itertools import accumulate
from typing import Protocol

from .intervals import GapSample, SortedValues, gap_intervals, intervals
from .measured import in_phases, left_early, left_out, rounds_of, schedule_facts
from .records import (
    NOT_MEASURED,
    OUTCOMES,
    PHASES,
    Abort,
    ErrorGroup,
    Goodput,
    GroupStats,
    Interval,
    IntervalSample,
    Outcome,
    Phase,
    RequestRecord,
    RequestTable,
    Round,
    RunConfig,
    RunResult,
    Stats,
    Summary,
    TrustSample,
    tokens_per_s,
)
from .stream_shape import shape_of
from .units import NS_PER_MS, NS_PER_S, US_PER_S

PERCENTILES = (50, 90, 95, 99)

# One letter of these scripts is about one token: kana, Han with its extensions and compatibility forms, Hangul.
_CJK = (
    "\u3041-\u3096\u30a1-\u30fa\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U000323af"
)
_ESTIMATED_TOKEN = re.compile(rf"[{_CJK}]|[^\W{_CJK}]+(?:['’][^\W{_CJK}]+)*")


def percentile(ordered: SortedValues, percent: float) -> float | None:
    """The percentile of ascending values by linear interpolation between closest ranks; None when there are none.

    Hyndman and Fan's definition 7, numpy's default: rank = percent / 100 * (n - 1).
    """
    count = len(ordered)
    if not count:
        return None
    rank = percent / 100 * (count - 1)
    below = math.floor(rank)
    low = ordered[below]
    if below + 1 >= count:
        return float(low)
    return low + (ordered[below + 1] - low) * (rank - below)


def enough_for(percent: float, count: int) -> bool:
    """Whether `count` samples say anything about this percentile: at least 100 / (100 - percent) of them."""
    return count >= samples_needed(percent)


def samples_needed(percent: float) -> int:
    """The fewest samples that say anything about this percentile, which is below 100: 1000 for 99.9."""
    return math.ceil(round(100 / (100 - percent), 6))  # 100 - 99.9 is a little less than 0.1


def estimate_tokens(text: str) -> int:
    """A guess at the token count of `text`: each CJK letter one, each other word one; at least one for any text."""
    if not text:
        return 0
    return max(1, len(_ESTIMATED_TOKEN.findall(text)))


def stats_of(values: Iterable[float]) -> Stats:
    """`Stats` of plain values, in their own unit."""
    ordered = sorted(values)
    if not ordered:
        return Stats()
    count = len(ordered)
    mean = math.fsum(ordered) / count
    spread = math.sqrt(math.fsum((v - mean) ** 2 for v in ordered) / (count - 1)) if count > 1 else None
    return _stats(ordered, mean, spread)


def _stats(ordered: SortedValues, mean: float, stddev: float | None, scale: float = 1.0) -> Stats:
    p50, p90, p95, p99 = ((percentile(ordered, p) or 0.0) * scale for p in PERCENTILES)
    return Stats(
        count=len(ordered),
        mean=mean * scale,
        stddev=None if stddev is None else stddev * scale,
        min=ordered[0] * scale,
        p50=p50,
        p90=p90,
        p95=p95,
        p99=p99,
        max=ordered[len(ordered) - 1] * scale,
    )


class Distribution:
    """Counts of whole numbers (microseconds, say) in bounded memory.

    Exact while there are up to `EXACT_VALUES` different ones; after that each value keeps its 11 leading bits, which is
    at most 0.05 % off (3 significant digits).  Count, mean, standard deviation, minimum and maximum stay exact.
    """

    EXACT_VALUES = 16_384
    _KEPT_BITS = 11

    def __init__(self) -> None:
        self.count = 0
        self._total = 0
        self._squares = 0
        self._low: int | None = None
        self._high = 0
        self._exact: Counter[int] = Counter()
        self._coarse: Counter[int] = Counter()

    def add(self, values: Sequence[int]) -> None:
        """Counts each of the values, which must not be negative."""
        if not values:
            return
        self.count += len(values)
        self._total += sum(values)
        self._squares += sum(v * v for v in values)
        low, high = min(values), max(values)
        self._low = low if self._low is None else min(self._low, low)
        self._high = max(self._high, high)
        self._exact.update(values)
        if len(self._exact) > self.EXACT_VALUES:
            self._fold()

    def merge(self, other: Distribution) -> None:
        """Adds everything that `other` has counted."""
        self.count += other.count
        self._total += other._total
        self._squares += other._squares
        if other._low is not None:
            self._low = other._low if self._low is None else min(self._low, other._low)
        self._high = max(self._high, other._high)
        self._exact.update(other._exact)
        self._coarse.update(other._coarse)
        if len(self._exact) > self.EXACT_VALUES:
            self._fold()

    def _fold(self) -> None:
        for value, count in self._exact.items():
            self._coarse[_leading_bits(value, self._KEPT_BITS)] += count
        self._exact = Counter()

    def histogram(self) -> list[tuple[int, int]]:
        """(value, how many), ascending."""
        if self._coarse:
            self._fold()
        return sorted((self._coarse or self._exact).items())

    def stats(self, scale: float = 1.0) -> Stats:
        """`Stats` of all values, each multiplied by `scale` (0.001 makes milliseconds of microseconds)."""
        if not self.count:
            return Stats()
        mean = self._total / self.count
        # Whole numbers: no cancellation, however far the values lie from zero.
        spread = self.count * self._squares - self._total * self._total
        stddev = math.sqrt(spread / self.count / (self.count - 1)) if self.count > 1 else None
        found = _stats(Ranked(self.histogram()), mean, stddev, scale)
        return replace(found, min=(self._low or 0) * scale, max=self._high * scale)


def _leading_bits(value: int, bits: int) -> int:
    """The middle of the range of numbers that share the `bits` leading bits of `value`."""
    shift = value.bit_length() - bits
    if shift <= 0:
        return value
    return (value >> shift << shift) + (1 << shift - 1)


class Ranked:
    """A histogram, (value, how many) in ascending order, seen as the long sorted list that it stands for."""

    def __init__(self, pairs: Sequence[tuple[float, int]]) -> None:
        self._values = [value for value, _ in pairs]
        self._ends = list(accumulate(count for _, count in pairs))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def __getitem__(self, index: int, /) -> float:
        return self._values[bisect_right(self._ends, index)]


class _Second:
    """What is added up for one second of a run."""

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
        """A request that started in this second was so late."""
        self.delay_ns = delay_ns if self.delay_ns is None else max(self.delay_ns, delay_ns)


class TimeSeries:
    """Per-second figures, exact by the time of each arrival rather than by when somebody looked."""

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
        else:  # an answer that came whole, or calls of tools, which are in no chunk
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


def success_rate(ok: int, finished: int) -> float | None:
    """Share of ok among the requests that were not cancelled, 0 to 1; None when there were none."""
    return ok / finished if finished else None


class Columns(Protocol):
    """What a `RequestTable` is to a metric."""

    def __getitem__(self, column: str, /) -> Sequence[int]: ...


def _in_ms(column: str) -> Callable[[Columns, int], float | None]:
    def value(table: Columns, row: int) -> float | None:
        ns = table[column][row]
        return None if ns == NOT_MEASURED else ns / NS_PER_MS

    return value


def _tpot_ms(table: Columns, row: int) -> float | None:
    tokens = table["output_tokens"][row]
    if tokens < 2 or table["ttft_ns"][row] == NOT_MEASURED:
        return None
    return table["gap_sum_ns"][row] / (tokens - 1) / NS_PER_MS


def _tokens_per_s(table: Columns, row: int) -> float | None:
    return tokens_per_s(table["output_tokens"][row], table["streaming_ns"][row], table["latency_ns"][row])


def _response_bytes(table: Columns, row: int) -> float | None:
    return table["bytes_received"][row] or None


def _from_schedule_ms(column: str) -> Callable[[Columns, int], float | None]:
    def value(table: Columns, row: int) -> float | None:
        ns, delay_ns = table[column][row], table["schedule_delay_ns"][row]
        return None if NOT_MEASURED in (ns, delay_ns) else (ns + delay_ns) / NS_PER_MS

    return value


REQUEST_METRICS: Mapping[str, Callable[[Columns, int], float | None]] = {
    "ttfb_ms": _in_ms("ttfb_ns"),
    "ttft_ms": _in_ms("ttft_ns"),
    "ttfa_ms": _in_ms("ttfa_ns"),
    "tpot_ms": _tpot_ms,
    "latency_ms": _in_ms("latency_ns"),
    "streaming_ms": _in_ms("streaming_ns"),
    "tokens_per_s": _tokens_per_s,
    "max_gap_ms": _in_ms("max_gap_ns"),
    "response_bytes": _response_bytes,
    "connect_ms": _in_ms("connect_ns"),
    "tls_ms": _in_ms("tls_ns"),
    "dns_ms": _in_ms("dns_ns"),
    "schedule_delay_ms": _in_ms("schedule_delay_ns"),
    "ttfb_from_schedule_ms": _from_schedule_ms("ttfb_ns"),
    "ttft_from_schedule_ms": _from_schedule_ms("ttft_ns"),
    "latency_from_schedule_ms": _from_schedule_ms("latency_ns"),
}
"""Metrics with one value a request: name -> (table, row) -> value, None when it was not measured."""

METRICS = ("ttfb_ms", "ttft_ms", "ttfa_ms", "itl_ms", *list(REQUEST_METRICS)[3:])
"""Every metric of a `Summary`, in the order in which people read them."""

STREAM_METRICS = frozenset(
    {"ttft_ms", "ttfa_ms", "itl_ms", "tpot_ms", "streaming_ms", "max_gap_ms", "ttft_from_schedule_ms"}
)
"""Those that only a stream has."""

SCHEDULE_METRICS = frozenset(name for name in METRICS if name.endswith(("_from_schedule_ms", "schedule_delay_ms")))
"""Those that only an open loop has."""


def row_of(record: RequestRecord, start_ns: int) -> dict[str, int]:
    """What a `RequestTable` holds of a request that began `start_ns` after the run did: column -> value.

    `good` is not known from the record alone.
    """
    derived = {
        "started_ns": start_ns,
        "outcome": OUTCOMES.index(record.outcome),
        "phase": PHASES.index(record.phase),
        "gap_sum_ns": (record.gap_sum_us or 0) * 1000,
        "good": NOT_MEASURED,
        **record.came._asdict(),
    }
    values = ((name, derived[name] if name in derived else getattr(record, name)) for name in RequestTable.COLUMNS)
    return {name: NOT_MEASURED if value is None else value for name, value in values}


def request_value(record: RequestRecord, metric: str) -> float | None:
    """One of `REQUEST_METRICS` of one request, whatever its outcome; None when it was not measured."""
    return REQUEST_METRICS[metric]({name: (value,) for name, value in row_of(record, 0).items()}, 0)


def ok_values(table: RequestTable, metric: str) -> list[float]:
    """One of `REQUEST_METRICS` of every ok request of the main phase that has it, ascending."""
    table = table.main()
    ok, value_at = OUTCOMES.index(Outcome.OK), REQUEST_METRICS[metric]
    values = (value_at(table, row) for row, outcome in enumerate(table["outcome"]) if outcome == ok)
    return sorted(value for value in values if value is not None)


def values_of(result: RunResult, metric: str) -> SortedValues:
    """All values of one of `METRICS` behind its `Stats`, ascending, in the unit of its name."""
    if metric == "itl_ms":
        return Ranked([(gap_us / 1000, count) for gap_us, count in result.gap_histogram])
    return ok_values(result.requests, metric)


def _group_stats(table: RequestTable, value: int, rows: Sequence[int]) -> GroupStats:
    """The figures of `rows`, which are all requests with this value."""
    ok = [row for row in rows if OUTCOMES[table["outcome"][row]] is Outcome.OK]
    ttft, latency = (
        stats_of(found for row in ok if (found := REQUEST_METRICS[name](table, row)) is not None)
        for name in ("ttft_ms", "latency_ms")
    )

    def mean(column: str) -> float | None:
        counts = [count for row in ok if (count := table[column][row]) != NOT_MEASURED]
        return sum(counts) / len(counts) if counts else None

    return GroupStats(value, len(rows), len(ok), ttft, latency, mean("output_tokens"), mean("prompt_tokens"))


def _groups(table: RequestTable, column: str, alone: int) -> tuple[GroupStats, ...]:
    """A row for each value of `column`, ascending; () when all requests have the value `alone`."""
    rows: dict[int, list[int]] = {}
    for row, value in enumerate(table[column]):
        rows.setdefault(value, []).append(row)
    if rows.keys() <= {alone}:
        return ()
    return tuple(_group_stats(table, value, rows[value]) for value in sorted(rows))


class RequestRule(Protocol):
    """Something that a request meets or not."""

    @property
    def text(self) -> str: ...
    def met_by(self, record: RequestRecord, /) -> bool: ...


def merged_reads(gaps_us: Iterable[int], ended_together: bool = False) -> Iterator[tuple[int, int]]:
    """The reads of an answer, but for the first, that held several chunks, out of the gaps between its chunks.

    Each is (microseconds since the read before, with 8 leading bits, number of chunks): all chunks of a read arrived
    at the same moment, so a gap is 0 just when the chunk before it came in the same read.  The end of the answer counts
    as a chunk when it was read with the last one (`RequestRecord.ended_together`).
    """
    read_us, chunks = 0, 1
    for gap_us in gaps_us:
        if gap_us:
            if chunks > 1 and read_us:
                yield _leading_bits(read_us, 8), chunks
            read_us, chunks = gap_us, 1
        else:
            chunks += 1
    chunks += ended_together
    if chunks > 1 and read_us:
        yield _leading_bits(read_us, 8), chunks


class Tally:
    """Everything that a run's figures need, gathered record by record in bounded memory, and mergeable.

    One process keeps one; those of several processes are merged; reading a records file back fills one as well, so that
    live and re-made reports come out of the same code.
    """

    DETAILS_SLOWEST = 200
    DETAILS_FAILED = 1000
    DETAILS_FIRST = 300

    def __init__(self, origin_ns: int, slos: Sequence[RequestRule] = ()) -> None:
        self.origin_ns = origin_ns
        """The monotonic time at which the run began."""
        self.slos = slos
        """What a request must meet to be a good one."""
        self.table = RequestTable()
        self.gaps = Distribution()
        self.gap_sample = GapSample()
        self.series = TimeSeries()
        self.end_ns = 0
        self.token_sources: Counter[str] = Counter()
        self.clocks: Counter[str] = Counter()
        self.merged_reads: Counter[tuple[int, int]] = Counter()
        self.self_watch: list[TrustSample] = []
        self._errors: dict[tuple[str, str], ErrorGroup] = {}
        self._slowest: list[tuple[int, int]] = []
        self._failed_rows: set[int] = set()

    def add(self, record: RequestRecord) -> None:
        """Takes one finished request in."""
        start_ns = record.started_ns - self.origin_ns
        self.end_ns = max(self.end_ns, start_ns + record.latency_ns)
        row = len(self.table)
        self._append_row(record, start_ns)
        self.self_watch += record.self_watch
        self._keep_details(record, row)
        self.series.add(record, start_ns)
        if record.phase is not Phase.MAIN:
            return  # it is in the charts, and in no figure
        if record.token_source:
            self.token_sources[record.token_source] += 1
        if record.outcome is Outcome.OK:
            self.gaps.add(record.gaps_us)
            self.gap_sample.add(record.request_id, record.gaps_us)
            self.clocks[record.clock] += 1
            ended_together = record.ended_together
            if ended_together or 0 in record.gaps_us:
                self.merged_reads.update(merged_reads(record.gaps_us, ended_together))
        elif record.outcome is not Outcome.CANCELLED:
            self._count_error(record)

    def _append_row(self, record: RequestRecord, start_ns: int) -> None:
        row = row_of(record, start_ns)
        if self.slos and record.outcome is not Outcome.CANCELLED:
            row["good"] = int(record.outcome is Outcome.OK and all(slo.met_by(record) for slo in self.slos))
        for name, column in self.table.columns.items():
            column.append(row[name])

    def _keep_details(self, record: RequestRecord, row: int) -> None:
        wanted = row < self.DETAILS_FIRST
        if record.outcome is not Outcome.OK and len(self._failed_rows) < self.DETAILS_FAILED:
            self._failed_rows.add(row)
            wanted = True
        entry = (record.latency_ns, row)
        if len(self._slowest) < self.DETAILS_SLOWEST:
            heappush(self._slowest, entry)
            wanted = True
        elif entry > self._slowest[0]:
            _, dropped = heapreplace(self._slowest, entry)
            if dropped >= self.DETAILS_FIRST and dropped not in self._failed_rows:
                del self.table.details[dropped]
            wanted = True
        if wanted:
            self.table.details[row] = replace(record, gaps_us=(), self_watch=())

    def _count_error(self, record: RequestRecord) -> None:
        message = record.error or ""
        key = (record.outcome.value, _NUMBERS.sub("#", message))
        known = self._errors.get(key)
        if known is None:
            if len(self._errors) >= 1000:  # a server that puts something new into every message
                key = (record.outcome.value, "")
                known = self._errors.get(key)
            self._errors[key] = known or ErrorGroup(record.outcome.value, message, 0, record.request_id)
        group = self._errors[key]
        self._errors[key] = replace(group, count=group.count + 1)

    def merge(self, other: Tally) -> None:
        """Takes in everything of another tally of the same run."""
        shift = len(self.table)
        for name, column in self.table.columns.items():
            column.extend(other.table[name])
        self.table.details.update({row + shift: record for row, record in other.table.details.items()})
        self.gaps.merge(other.gaps)
        self.gap_sample.merge(other.gap_sample)
        self.series.merge(other.series)
        self.end_ns = max(self.end_ns, other.end_ns)
        self.token_sources.update(other.token_sources)
        self.clocks.update(other.clocks)
        self.merged_reads.update(other.merged_reads)
        self.self_watch += other.self_watch
        for key, group in other._errors.items():
            mine = self._errors.get(key, group)
            known = mine.count if key in self._errors else 0
            first = min(mine, group, key=lambda each: each.example_request)
            self._errors[key] = replace(first, count=known + group.count)

    def summary(self, config: RunConfig, rounds: Sequence[Round], whole: bool = True) -> Summary:
        """The figures of everything taken in so far, in these rounds; `whole`: the run was not cut short."""
        table = self.table.main()
        outcomes = Counter(table["outcome"])
        ok = outcomes[OUTCOMES.index(Outcome.OK)]
        cancelled = outcomes[OUTCOMES.index(Outcome.CANCELLED)]
        tokens = sum(n for n in table["output_tokens"] if n > 0)
        prompts = [n for n in table["prompt_tokens"] if n != NOT_MEASURED]
        chunks = sum(table["chunks"])
        seconds = sum(each.main_ns for each in rounds) / NS_PER_S
        left, left_tokens = left_early(config, table)
        metrics, sure = self._metrics(table)
        token_source = self._token_source()
        return Summary(
            sent=len(table),
            ok=ok,
            failed=len(table) - ok - cancelled,
            cancelled=cancelled,
            retried=sum(1 for n in table["retries"] if n > 0),
            outcomes={outcome.value: outcomes[i] for i, outcome in enumerate(OUTCOMES) if outcomes[i]},
            errors=tuple(sorted(self._errors.values(), key=lambda group: -group.count)),
            metrics=metrics,
            requests_per_s=len(table) / seconds if seconds else 0.0,
            output_tokens_per_s=tokens / seconds if seconds else 0.0,
            chunks_per_s=chunks / seconds if seconds else 0.0,
            bytes_per_s=sum(table["bytes_received"]) / seconds if seconds else 0.0,
            chunks=chunks,
            output_tokens=tokens,
            prompt_tokens=sum(prompts) if prompts else None,
            token_source=token_source,
            turns=_groups(table, "turn", alone=1),
            context_tiers=_groups(table, "context_tokens", alone=NOT_MEASURED),
            goodput=self._goodput(table, seconds) if self.slos else None,
            measured_s=seconds,
            left_out=left_out(self.table),
            left_early=left,
            left_early_tokens=left_tokens,
            schedule=schedule_facts(config, self.table, rounds, whole),
            shape=shape_of(table, token_source),
            intervals=sure,
        )

    def _goodput(self, table: RequestTable, seconds: float) -> Goodput:
        good = Counter(table["good"])
        met, of = good[1], good[1] + good[0]
        return Goodput(tuple(slo.text for slo in self.slos), met, of, met / seconds if seconds else 0.0)

    def _metrics(self, table: RequestTable) -> tuple[dict[str, Stats], dict[str, dict[str, Interval]]]:
        """Each metric's distribution, and the intervals of its percentiles where there are any."""
        found, sure = {"itl_ms": self.gaps.stats(scale=0.001)}, {}
        sure["itl_ms"] = gap_intervals(Ranked(self.gaps.histogram()), self.gap_sample, PERCENTILES, scale=0.001)
        for name in REQUEST_METRICS:
            ordered = ok_values(table, name)
            found[name], sure[name] = stats_of(ordered), intervals(ordered, PERCENTILES)
        return {name: found[name] for name in METRICS}, {name: sure[name] for name in METRICS if sure[name]}

    def _token_source(self) -> str | None:
        if len(self.token_sources) > 1:
            return "mixed"
        return next(iter(self.token_sources), None)

    def result(
        self,
        config: RunConfig,
        started_unix_ns: int,
        warnings: Sequence[str] = (),
        *,
        interrupted: bool = False,
        partial: bool = False,
        aborted: Abort | None = None,
    ) -> RunResult:
        """The finished run as plain data; its duration is from the start of the run to the end of its last request."""
        rounds = rounds_of(config, self.table, self.end_ns)
        return RunResult(
            config=config,
            started_unix_ns=started_unix_ns,
            duration_ns=self.end_ns,
            requests=self.table,
            time_series=in_phases(self.series.rows(self.end_ns), config, rounds),
            summary=self.summary(config, rounds, whole=not (interrupted or partial or aborted)),
            gap_histogram=self.gaps.histogram(),
            warnings=tuple(warnings),
            interrupted=interrupted,
            partial=partial,
            aborted=aborted,
            rounds=rounds,
            clock="mixed" if len(self.clocks) > 1 else next(iter(self.clocks), None),
            merged_reads=tuple(
                (gap_us, chunks, count) for (gap_us, chunks), count in sorted(self.merged_reads.items())
            ),
            self_watch=tuple(self.self_watch),
        )


_NUMBERS = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|0x[0-9a-f]+|\d+", re.IGNORECASE)
"""What differs between two messages that mean the same: ids, addresses, numbers."""
