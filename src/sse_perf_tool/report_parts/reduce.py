"""Reduces up to a million requests to what a chart can show: samples, histograms, percentiles over time.

All statistics are computed from all requests.  Only the points of single requests are sampled, and the extremes are
always kept.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

from ..metrics import enough_for, percentile
from ..records import NOT_MEASURED, OUTCOMES, IntervalSample, Outcome, RequestTable
from ..records import tokens_per_s as rate
from ..units import NS_PER_MS, NS_PER_S

MAX_POINTS = 5_000
"""The most points that one series of a chart shows."""

OK = OUTCOMES.index(Outcome.OK)
_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400)


def step_s(duration_s: float, most: int) -> int:
    """The shortest round number of seconds that cuts `duration_s` into at most `most` pieces."""
    wanted = duration_s / most
    return next((step for step in _STEPS_S if step >= wanted), math.ceil(wanted / 86400) * 86400)


def sample_rows(columns: Sequence[Sequence[float]], kinds: Sequence[int], limit: int = MAX_POINTS) -> list[int]:
    """Row numbers, ascending, at most `limit` of them, that stand for all rows.

    All rows when they are few.  Else the rows are cut into equal slices; of each slice the rows with the lowest and the
    highest measured value of each column stay, and the first of each of up to four kinds; evenly spaced rows fill up.
    """
    total = len(kinds)
    if total <= limit:
        return list(range(total))
    most_of_a_slice = 2 * len(columns) + 4
    slices = max(1, limit // (2 * most_of_a_slice))
    kept: set[int] = set()
    for number in range(slices):
        first, end = number * total // slices, (number + 1) * total // slices
        kept.update(_extremes(columns, first, end))
        kept.update(_first_of_each(kinds, first, end))
    room = limit - len(kept)
    kept.update(number * total // room for number in range(room))
    return sorted(kept)


def _extremes(columns: Sequence[Sequence[float]], first: int, end: int) -> Iterator[int]:
    for column in columns:
        part = list(column[first:end])
        measured = [value for value in part if value >= 0]
        if measured:
            yield first + part.index(min(measured))
            yield first + part.index(max(measured))


def _first_of_each(kinds: Sequence[int], first: int, end: int) -> list[int]:
    part = list(kinds[first:end])
    return [first + part.index(kind) for kind in sorted(set(part))[:4]]


class Histogram(NamedTuple):
    """`counts[i]` values lie in [edges[i], edges[i + 1]), the last bin with its upper edge."""

    edges: list[float]
    counts: list[int]
    geometric: bool
    """Whether each bin is a fixed ratio wide rather than a fixed amount."""


def histogram(pairs: Sequence[tuple[float, int]], bins: int = 40) -> Histogram:
    """How ascending (value, count) pairs spread, in some `bins` bins that suit their range; empty without values.

    When the largest value is over ten times the smallest above 0, bins grow by a fixed ratio and powers of ten are
    edges; else they are equally wide with round edges.  Zeros get a bin of their own in front of geometric bins.
    """
    return histograms([pairs], bins)[0]


def histograms(runs: Sequence[Sequence[tuple[float, int]]], bins: int = 40) -> list[Histogram]:
    """A `histogram` of each of several runs, all in the same bins."""
    measured = [pairs for pairs in runs if pairs]
    if not measured:
        return [Histogram([], [], False) for _ in runs]
    low, high = min(pairs[0][0] for pairs in measured), max(pairs[-1][0] for pairs in measured)
    positive = min(next((value for value, _ in pairs if value > 0), high) for pairs in measured)
    geometric = positive > 0 and high / positive > 10
    edges = _geometric_edges(positive, high, bins) if geometric else _even_edges(low, high, bins)
    if geometric and low <= 0:
        edges.insert(0, 0.0)
    return [Histogram(edges, _counts(pairs, edges), geometric) for pairs in runs]


def _counts(pairs: Sequence[tuple[float, int]], edges: Sequence[float]) -> list[int]:
    values = array("d", (value for value, _ in pairs))
    ends = array("q", accumulate((count for _, count in pairs), initial=0))
    # The outer edges stand for the extremes themselves: rounding must not lose them.
    cuts = [0, *(bisect_left(values, edge) for edge in edges[1:-1]), len(values)]
    return [ends[b] - ends[a] for a, b in pairwise(cuts)]


def _geometric_edges(low: float, high: float, bins: int) -> list[float]:
    """Edges at 10, 20, 30 or 40 to the decade, from at most `low` to above `high`."""
    decades = math.log10(high / low)
    per_decade = next((n for n in (40, 30, 20) if n * decades <= bins), 10)
    first, last = math.floor(math.log10(low) * per_decade), math.floor(math.log10(high) * per_decade) + 1
    return [10 ** (number / per_decade) for number in range(first, last + 1)]


def _even_edges(low: float, high: float, bins: int) -> list[float]:
    """Edges at round numbers from at most `low` to above `high`."""
    wanted = (high - low) / bins or max(abs(high), 1.0) / 100
    power = 10.0 ** math.floor(math.log10(wanted))
    width = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= wanted * (1 - 1e-9))
    first, last = math.floor(low / width), math.floor(high / width) + 1
    return [number * width for number in range(first, last + 1)]


class Percentiles(NamedTuple):
    """P50, P95 and P99 of each group; None where a group has too few values for it."""

    at: list[float]
    samples: list[int]
    p50: list[float | None]
    p95: list[float | None]
    p99: list[float | None]


def percentiles_by_group(groups: Iterable[tuple[int, int]], width: float, scale: float) -> Percentiles:
    """Percentiles of (group number, value) pairs; `at` is the middle of each group, `scale` multiplies the values."""
    gathered: dict[int, array[int]] = {}
    for number, value in groups:
        gathered.setdefault(number, array("q")).append(value)
    found = Percentiles([], [], [], [], [])
    for number in sorted(gathered):
        ordered = sorted(gathered[number])
        found.at.append((number + 0.5) * width)
        found.samples.append(len(ordered))
        for percent, line in ((50, found.p50), (95, found.p95), (99, found.p99)):
            value_at = percentile(ordered, percent) if enough_for(percent, len(ordered)) else None
            line.append(None if value_at is None else round(value_at * scale, 3))
    return found


def percentile_step_s(ok: int, duration_s: float) -> int:
    """Seconds a point of the percentile charts: some 150 requests each, so that P99 can be shown, 10 to 240 points."""
    return step_s(max(duration_s, 1e-9), min(240, max(10, ok // 150)))


def percentiles_over_time(table: RequestTable, column: str, width_s: int, duration_s: float) -> Percentiles:
    """Percentiles (ms) of `column` over ok requests, by when they ended; the last group ends with the run."""
    width_ns = width_s * NS_PER_S
    rows = table.rows("started_ns", "latency_ns", "outcome", column)
    found = percentiles_by_group(
        (
            ((start + latency) // width_ns, value)
            for start, latency, outcome, value in rows
            if outcome == OK and value != NOT_MEASURED
        ),
        width_s,
        1 / NS_PER_MS,
    )
    begins = (middle - width_s / 2 for middle in found.at)
    return found._replace(at=[(begin + min(begin + width_s, duration_s)) / 2 for begin in begins])


def concurrency_at_start(table: RequestTable) -> array[int]:
    """For each row, the number of requests in flight when it began, itself included."""
    starts = table["started_ns"]
    ends = array("q", sorted(start + latency for start, latency in table.rows("started_ns", "latency_ns")))
    order = array("q", sorted(range(len(starts)), key=starts.__getitem__))
    found = array("i", bytes(4 * len(starts)))
    for begun, row in enumerate(order, 1):
        found[row] = max(1, begun - bisect_right(ends, starts[row]))
    return found


def percentiles_by_concurrency(
    table: RequestTable, column: str, concurrency: Sequence[int], bins: int = 40
) -> Percentiles:
    """Percentiles (ms) of `column` over ok requests, by the number of requests in flight when they began."""
    highest = max(concurrency, default=0)
    width = max(1, math.ceil(highest / bins))
    rows = zip(concurrency, table[column], table["outcome"], strict=True)
    found = percentiles_by_group(
        (((level - 1) // width, ns) for level, ns, outcome in rows if outcome == OK and ns != NOT_MEASURED),
        width,
        1 / NS_PER_MS,
    )
    return found._replace(at=[at + 0.5 for at in found.at])


def length_s(samples: Sequence[IntervalSample]) -> int:
    """How many seconds the intervals of a run are."""
    return samples[-1].second + samples[-1].width_s if samples else 0


def bin_s(samples: Sequence[IntervalSample], most: int) -> int:
    """As `step_s` for these intervals, which are whole in a bin."""
    width_s = step_s(length_s(samples) or 1, most)
    return max(width_s, samples[0].width_s) if samples else width_s


def sum_over_time(samples: Sequence[IntervalSample], width_s: int) -> dict[str, list[int]]:
    """Outcome other than ok -> requests that ended so in each `width_s` seconds."""
    bins = length_s(samples) // width_s + 1
    found: dict[str, list[int]] = {}
    for sample in samples:
        for name, count in sample.outcomes.items():
            if name != Outcome.OK.value and count:
                found.setdefault(name, [0] * bins)[sample.second // width_s] += count
    return found


def gap_cells(samples: Sequence[IntervalSample], width_s: int) -> list[tuple[int, int, int]]:
    """(time bin, half-octave bucket of `IntervalSample.gap_counts`, gaps) for each cell that is not empty."""
    cells: dict[tuple[int, int], int] = {}
    for sample in samples:
        for bucket, count in sample.gap_counts.items():
            cell = (sample.second // width_s, bucket)
            cells[cell] = cells.get(cell, 0) + count
    return [(*cell, count) for cell, count in sorted(cells.items())]


class Counted(Sequence[tuple[float, int]]):
    """Ascending values as the (value, 1) pairs that `histogram` takes, of which there may be a million."""

    def __init__(self, ordered: Iterable[float]) -> None:
        self._ordered = array("d", ordered)

    def __len__(self) -> int:
        return len(self._ordered)

    def __iter__(self) -> Iterator[tuple[float, int]]:
        return ((value, 1) for value in self._ordered)

    def __getitem__(self, index: Any) -> Any:
        return self._ordered[index], 1


def tpot_ns(table: RequestTable) -> array[int]:
    """Time per output token after the first, for each row; NOT_MEASURED below 2 tokens."""
    rows = table.rows("gap_sum_ns", "output_tokens", "ttft_ns")
    each = (
        gaps // (tokens - 1) if tokens > 1 and ttft != NOT_MEASURED else NOT_MEASURED for gaps, tokens, ttft in rows
    )
    return array("q", each)


def tokens_per_s(table: RequestTable) -> array[float]:
    """`tokens_per_s` of each row; NOT_MEASURED when there is nothing to divide."""
    rates = (rate(*row) for row in table.rows("output_tokens", "streaming_ns", "latency_ns"))
    return array("d", (NOT_MEASURED if each is None else each for each in rates))


def by_key(keys: Iterable[tuple[int, ...]]) -> Mapping[tuple[int, ...], array[int]]:
    """Row numbers gathered by their key, keys ascending."""
    found: dict[tuple[int, ...], array[int]] = {}
    for row, key in enumerate(keys):
        found.setdefault(key, array("q")).append(row)
    return dict(sorted(found.items()))
