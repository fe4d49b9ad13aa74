"""Requests out of a records file, many at once and column by column.

What `record_of` does for one line takes as long as parsing several: it looks at each of some sixty values by itself.
Nearly every line is as this version writes it, though, with values that fit.  Of such lines each column is checked in
one go, and no `RequestRecord` is made but for those that are asked for.  Where anything is odd, nothing is decided
here: the lines are left to `record_of`, which knows what is wrong.  So both ways take and refuse the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from ..units import NS_PER_MS
from .checked import MOST
from .file import LAST_UNIX_NS, LONGER_NS, LONGEST_MS, SERVER_KEY, estimates_of, head_of, record_of, samples_of
from .head import AnswerHead
from .request import NOT_MEASURED, OUTCOMES, PHASES, SPAN_COLUMNS, Lumps, Phase, RequestRecord
from .trust import TrustSample

_MS = ("ttfb", "ttft", "ttfa", "streaming", "connect", "tls", "dns", "start_slack", "schedule_delay")
_COUNTS = ("request_id", "thread_id", "retries", "chunks", "text_chars", "bytes_received", "bad_events", "resent")
_OPTIONAL_COUNTS = (
    "status", "output_tokens", "prompt_tokens", "reasoning_tokens", "syn_resent", "retransmits", "out_of_order",
    "context_tokens", "reported_tokens", *Lumps._fields,
)  # fmt: skip
_TEXTS = ("query", "format", "clock")
_OPTIONAL_TEXTS = ("error", "token_source", "conversation_id", "message_id", "finish_reason")
_NAMES = (
    "started_at_ns", "latency_ms", "outcome", "phase", "turn", "refused", "gaps_us", *_COUNTS, *_OPTIONAL_COUNTS,
    *_TEXTS, *_OPTIONAL_TEXTS, *(f"{name}_ms" for name in _MS),
)  # fmt: skip
_values_of: Callable[[Mapping[str, Any]], tuple[Any, ...]] = itemgetter(*_NAMES)
_OUTCOME_AT = {outcome.value: at for at, outcome in enumerate(OUTCOMES)}
_PHASE_AT = {phase.value: at for at, phase in enumerate(PHASES) if phase is not Phase.COMPRESSION_CHECK}
MOST_TURNS = 1_000_000

Column = Sequence[Any]

SHORTEST = "min_gap_us"
"""The column of the shortest gaps, which is in no `RequestTable`: 0 where chunks came together."""


class _OddError(ValueError):
    """Something is not as this version writes it."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Requests whose every value fits, in the order of their lines."""

    columns: Mapping[str, Sequence[int]]
    """Those of a `RequestTable` but for `good`, and `SHORTEST`; `started_ns` counts from the start of the run."""
    gaps_us: Sequence[list[int]]
    token_sources: Sequence[str | None]
    estimates: Sequence[tuple[int, int] | None]
    finish_reasons: Sequence[str | None]
    clocks: Sequence[str]
    formats: Sequence[str]
    samples: Sequence[tuple[TrustSample, ...]]
    """What some of them tell that the tool measured of itself."""
    heads: Sequence[AnswerHead]
    """What some of them tell of the server."""
    _parsed: Sequence[Mapping[str, Any]]
    _shift_ns: int

    def __len__(self) -> int:
        return len(self._parsed)

    def record(self, at: int) -> RequestRecord:
        """The whole record in this row."""
        return record_of(self._parsed[at], self._shift_ns)

    def ends_ns(self) -> list[int]:
        """When each ended."""
        started, latency = self.columns["started_ns"], self.columns["latency_ns"]
        return [start_ns + latency_ns for start_ns, latency_ns in zip(started, latency, strict=True)]


def rows_of(parsed: Sequence[Any], shift_ns: int) -> Rows | None:
    """These lines as `Rows`; None when one of them wants a closer look, or began before the run."""
    try:
        values = dict(zip(_NAMES, zip(*map(_values_of, parsed), strict=True), strict=True))
        columns = _columns_of(values, shift_ns)
        _check(not any(SERVER_KEY in row or "spans" in row for row in parsed))
        samples = [samples_of(row) for row in parsed if "self_watch" in row]
        estimates = [estimates_of(row["estimates"]) if "estimates" in row else None for row in parsed]
        heads = [head for row in parsed if (head := head_of(row)) is not None]
    except (_OddError, KeyError, TypeError, ValueError, ArithmeticError, AttributeError, RecursionError):
        return None
    return Rows(
        columns,
        gaps_us=values["gaps_us"],
        token_sources=values["token_source"],
        estimates=estimates,
        finish_reasons=values["finish_reason"],
        clocks=values["clock"],
        formats=values["format"],
        samples=samples,
        heads=heads,
        _parsed=parsed,
        _shift_ns=shift_ns,
    )


def _columns_of(values: Mapping[str, Column], shift_ns: int) -> dict[str, Sequence[int]]:
    for name in _TEXTS:
        _check(set(map(type, values[name])) == {str})
    for name in _OPTIONAL_TEXTS:
        _check(set(map(type, values[name])) <= {str, type(None)})
    _check(set(map(type, values["refused"])) == {bool})
    _check(min(values["turn"]) > 0)
    columns: dict[str, Sequence[int]] = {name: _counts(values[name]) for name in _COUNTS}
    columns |= {name: _optional_counts(values[name]) for name in _OPTIONAL_COUNTS}
    columns |= {f"{name}_ns": _optional_ns(values[f"{name}_ms"]) for name in _MS}
    columns |= dict.fromkeys(SPAN_COLUMNS, (NOT_MEASURED,) * len(values["turn"]))
    columns["latency_ns"] = _ns(values["latency_ms"])
    columns["turn"] = _counts(values["turn"], MOST_TURNS)
    columns["refused"] = values["refused"]
    columns["outcome"] = [_OUTCOME_AT[outcome] for outcome in values["outcome"]]
    columns["phase"] = [_PHASE_AT[phase] for phase in values["phase"]]
    columns["started_ns"] = started = [ns - shift_ns for ns in _counts(values["started_at_ns"], LAST_UNIX_NS)]
    _check(min(started) >= 0)
    columns |= _gap_columns(values["gaps_us"], columns["chunks"])
    _check_parts(columns)
    return columns


def _gap_columns(gaps_us: Sequence[list[int]], chunks: Sequence[int]) -> dict[str, Sequence[int]]:
    sums, shortest, longest, firsts = [], [], [], []
    for gaps, number in zip(gaps_us, chunks, strict=True):
        if not gaps:
            _check(type(gaps) is list)
            sums.append(0)
            shortest.append(NOT_MEASURED)
            longest.append(NOT_MEASURED)
            firsts.append(min(1, number))
            continue
        least = min(gaps)
        _check(type(gaps) is list and set(map(type, gaps)) == {int} and least >= 0)
        shortest.append(least)
        sums.append(sum(gaps) * 1000)
        longest.append(max(gaps) * 1000)
        first = min(1, number) if gaps[0] else 1 + next((at for at, gap in enumerate(gaps) if gap), len(gaps))
        firsts.append(first)
    return {"gap_sum_ns": sums, "max_gap_ns": longest, "first_chunks": firsts, SHORTEST: shortest}


def _check_parts(columns: Mapping[str, Sequence[int]]) -> None:
    """As `file._check_parts`, for the usual answer at least: no part ended a good while behind its end."""
    named = ("latency_ns", "ttfb_ns", "ttfa_ns", "streaming_ns", "start_slack_ns", "ttft_ns", "gap_sum_ns", "chunks")
    for latency, ttfb, ttfa, streaming, slack, ttft, gaps, chunks in zip(
        *(columns[name] for name in named), strict=True
    ):
        most = latency + LONGER_NS
        _check(ttfb <= most and ttfa <= most and streaming <= most and slack <= most and max(0, ttft) + gaps <= most)
        _check(chunks > 0 or ttft == NOT_MEASURED)


def _check(holds: bool) -> None:
    if not holds:
        raise _OddError


def _counts(values: Column, most: int = MOST) -> Column:
    _check(set(map(type, values)) == {int} and min(values) >= 0 and max(values) <= most)
    return values


def _optional_counts(values: Column) -> Column:
    kinds = set(map(type, values))
    if kinds == {type(None)}:
        return (NOT_MEASURED,) * len(values)
    if kinds == {int}:
        return _counts(values)
    _counts([value for value in values if value is not None])
    return [NOT_MEASURED if value is None else value for value in values]


def _ns(values: Column) -> list[int]:
    _check(set(map(type, values)) <= {int, float} and min(values) >= 0 and max(values) <= LONGEST_MS)
    return [round(ms * NS_PER_MS) for ms in values]


def _optional_ns(values: Column) -> Column:
    kinds = set(map(type, values))
    if kinds == {type(None)}:
        return (NOT_MEASURED,) * len(values)
    if type(None) not in kinds:
        return _ns(values)
    known = iter(_ns([value for value in values if value is not None]))
    return [NOT_MEASURED if value is None else next(known) for value in values]
