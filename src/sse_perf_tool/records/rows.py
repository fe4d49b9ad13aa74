"""Requests out of a records file, many at once and column by column.

What `record_of` does for one line takes as long as parsing several: it looks at each of some sixty values by itself.
Nearly every line is as this version writes it, though, with values that fit.  Of such lines each column is checked in
one go, and no `RequestRecord` is made but for those that are asked for.  Where anything is odd, nothing is decided
here: the lines are left to `record_of`, which knows what is wrong.  So both ways take and refuse the same.

There are two ways to the columns.  The one in C (`_lines.c`) goes through the bytes of the lines once and makes no
object of a value; it takes lines that are byte for byte as this version writes them.  The one in Python parses them; it
is for all others, and for where the one in C was not built.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import repeat
from operator import add, gt, itemgetter
from types import ModuleType
from typing import Any, overload

import orjson

from ..units import NS_PER_MS
from .checked import MOST
from .compiled import compiled_lines
from .file import (
    LAST_UNIX_NS,
    LONGER_NS,
    LONGEST_MS,
    SERVER_KEY,
    estimates_of,
    head_of,
    record_line,
    record_of,
    samples_of,
)
from .head import AnswerHead
from .request import NOT_MEASURED, OUTCOMES, PHASES, SPAN_COLUMNS, Lumps, Outcome, Phase, RequestRecord
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
MOST_TURNS = 1_000_000
_OUTCOME_AT = {outcome.value: at for at, outcome in enumerate(OUTCOMES)}
_PHASE_AT = {phase.value: at for at, phase in enumerate(PHASES) if phase is not Phase.COMPRESSION_CHECK}

Column = Sequence[Any]

SHORTEST = "min_gap_us"
"""The column of the shortest gaps, which is in no `RequestTable`: 0 where chunks came together."""

ODD = (KeyError, TypeError, ValueError, ArithmeticError, AttributeError, RecursionError)
"""What looking at lines raises that are not as this version writes them."""


class _OddError(ValueError):
    """Something is not as this version writes it."""


class Gaps(Sequence[Sequence[int]]):
    """The gaps of several answers, all in one array."""

    def __init__(self, flat: array[int], ends: Sequence[int]) -> None:
        self.flat = flat
        self.ends = ends

    def __len__(self) -> int:
        return len(self.ends)

    @overload
    def __getitem__(self, at: int, /) -> array[int]: ...
    @overload
    def __getitem__(self, at: slice, /) -> Sequence[Sequence[int]]: ...
    def __getitem__(self, at: Any, /) -> Any:
        if isinstance(at, slice):
            return [self[row] for row in range(*at.indices(len(self)))]
        return self.flat[self.ends[at - 1] if at else 0 : self.ends[at]]

    def __iter__(self) -> Iterator[array[int]]:
        begin, flat = 0, self.flat
        for end in self.ends:
            yield flat[begin:end]
            begin = end


@dataclass(frozen=True, slots=True)
class Rows:
    """Requests whose every value fits, in the order of their lines."""

    columns: Mapping[str, Sequence[int]]
    """Those of a `RequestTable` but for `good`, and `SHORTEST`; `started_ns` counts from the start of the run."""
    gaps_us: Sequence[Sequence[int]]
    token_sources: Sequence[str | None]
    estimates: Sequence[tuple[int, int] | None]
    finish_reasons: Sequence[str | None]
    clocks: Sequence[str]
    formats: Sequence[str]
    samples: Sequence[tuple[TrustSample, ...]]
    """What some of them tell that the tool measured of itself."""
    heads: Sequence[AnswerHead]
    """What some of them tell of the server."""
    _document: Callable[[int], Mapping[str, Any]]
    """The object in the line of a row."""
    _shift_ns: int

    def __len__(self) -> int:
        return len(self.gaps_us)

    def record(self, at: int) -> RequestRecord:
        """The whole record in this row."""
        return record_of(self._document(at), self._shift_ns)

    def gaps_of(self, chosen: Sequence[int]) -> Iterable[Sequence[int]]:
        """All gaps of these rows, in as few parts as they go."""
        if isinstance(self.gaps_us, Gaps) and len(chosen) == len(self):
            return (self.gaps_us.flat,)
        return map(self.gaps_us.__getitem__, chosen)

    def ends_ns(self) -> list[int]:
        """When each ended."""
        return list(map(add, self.columns["started_ns"], self.columns["latency_ns"]))


def rows_in(lines: Sequence[bytes | None], shift_ns: int) -> Rows | None:
    """These lines as `Rows`; None when one of them wants a closer look, or began before the run."""
    module = compiled_lines()
    rows = None if module is None else _read_compiled(module, list(lines), shift_ns)
    if rows is not None:
        return rows
    try:
        return rows_of([orjson.loads(line or b"") for line in lines], shift_ns)
    except ODD:
        return None


def rows_of(parsed: Sequence[Any], shift_ns: int) -> Rows | None:
    """The same of the objects in lines."""
    try:
        values = dict(zip(_NAMES, zip(*map(_values_of, parsed), strict=True), strict=True))
        columns = _columns_of(values, shift_ns)
        _check(not any(SERVER_KEY in row or "spans" in row for row in parsed))
        return Rows(
            columns,
            values["gaps_us"],
            token_sources=values["token_source"],
            finish_reasons=values["finish_reason"],
            clocks=values["clock"],
            formats=values["format"],
            **_told_by_some(parsed),
            _document=parsed.__getitem__,
            _shift_ns=shift_ns,
        )
    except ODD:
        return None


def _told_by_some(parsed: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What stands in some lines only."""
    return {
        "samples": [samples_of(row) for row in parsed if "self_watch" in row],
        "estimates": [estimates_of(row["estimates"]) if "estimates" in row else None for row in parsed],
        "heads": [head for row in parsed if "head" in row and (head := head_of(row)) is not None],
    }


def _read_compiled(module: ModuleType, lines: list[bytes | None], shift_ns: int) -> Rows | None:
    found = module.read(lines, _layout(module, shift_ns))
    if found is None:
        return None
    numbers, texts, flat, ends, rests = found
    columns: dict[str, Sequence[int]] = dict(zip(_COLUMNS, (array(*each) for each in numbers), strict=True))
    sources, reasons, formats, clocks = texts
    zeros = columns.pop(_LEADING_ZEROS)
    try:
        columns["first_chunks"] = [
            1 + leading if leading else min(1, chunks) for leading, chunks in zip(zeros, columns["chunks"], strict=True)
        ]
        columns |= dict.fromkeys(SPAN_COLUMNS, array("b", [NOT_MEASURED]) * len(lines))
        _check_parts(columns)
        parsed = [_NOTHING if rest is None else orjson.loads(rest) for rest in rests]
        _check(all(row.keys() <= _IN_SOME for row in parsed if row is not _NOTHING))
        return Rows(
            columns,
            Gaps(array("i", flat), array("q", ends)),
            token_sources=sources,
            finish_reasons=reasons,
            clocks=clocks,
            formats=formats,
            **_told_by_some(parsed),
            _document=lambda at: orjson.loads(lines[at] or b""),
            _shift_ns=shift_ns,
        )
    except ODD:
        return None


_NOTHING: Mapping[str, Any] = {}
_IN_SOME = {"estimates", "head", "self_watch"}
"""What may stand behind the gaps."""

_WRITTEN = tuple(json.loads(record_line(RequestRecord(1, 1, 1, Outcome.OK, 1), 0)))
"""The names of a line in their order."""
_KEPT_TEXTS = ("token_source", "finish_reason", "format", "clock")
_PASSED_NUMBERS = ("tpot_ms", "max_gap_ms")
"""What follows from other values."""
_LEADING_ZEROS = "leading_zeros"
_COLUMN_OF = {"started_at_ns": "started_ns", **{f"{name}_ms": f"{name}_ns" for name in (*_MS, "latency")}}
_NO_COLUMN = {*_TEXTS, *_OPTIONAL_TEXTS, *_PASSED_NUMBERS, "gaps_us"}
_COLUMNS = (
    *(_COLUMN_OF.get(name, name) for name in _WRITTEN if name not in _NO_COLUMN),
    "gap_sum_ns", SHORTEST, "max_gap_ns", _LEADING_ZEROS,
)  # fmt: skip


@lru_cache(maxsize=1)
def _layout(c: ModuleType, shift_ns: int) -> tuple[Any, ...]:
    """What a line is to be like, see `_lines.pyi`."""
    most_ns, no_number = LONGEST_MS * NS_PER_MS, (0, 0, 0, ())
    fields: dict[str, tuple[Any, ...]] = {
        **dict.fromkeys(_COUNTS, (c.COUNT, False, 0, MOST, 0, ())),
        **dict.fromkeys(_OPTIONAL_COUNTS, (c.COUNT, True, 0, MOST, 0, ())),
        **{f"{name}_ms": (c.MS, True, 0, most_ns, 0, ()) for name in _MS},
        **dict.fromkeys(_TEXTS, (c.PASSED_TEXT, False, *no_number)),
        **dict.fromkeys(_OPTIONAL_TEXTS, (c.PASSED_TEXT, True, *no_number)),
        **{name: (c.TEXT, name in _OPTIONAL_TEXTS, *no_number) for name in _KEPT_TEXTS},
        **dict.fromkeys(_PASSED_NUMBERS, (c.PASSED_NUMBER, True, *no_number)),
        "started_at_ns": (c.COUNT, False, shift_ns, LAST_UNIX_NS, shift_ns, ()),
        "latency_ms": (c.MS, False, 0, most_ns, 0, ()),
        "turn": (c.COUNT, False, 1, MOST_TURNS, 0, ()),
        "outcome": (c.WORD, False, 0, 0, 0, tuple(f'"{word}"'.encode() for word in _OUTCOME_AT)),
        "phase": (c.WORD, False, 0, 0, 0, tuple(f'"{word}"'.encode() for word in _PHASE_AT)),
        "refused": (c.WORD, False, 0, 0, 0, (b"false", b"true")),
        "gaps_us": (c.GAPS, False, *no_number),
    }
    return tuple((f'{"," if at else "{"}"{name}":'.encode(), *fields[name]) for at, name in enumerate(_WRITTEN))


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
    ttft_ns, chunks = columns["ttft_ns"], columns["chunks"]
    most_ns = list(map(add, columns["latency_ns"], repeat(LONGER_NS)))
    last_ns = map(add, map(max, ttft_ns, repeat(0)), columns["gap_sum_ns"])
    parts = (columns[name] for name in ("ttfb_ns", "ttfa_ns", "streaming_ns", "start_slack_ns"))
    _check(not any(any(map(gt, part_ns, most_ns)) for part_ns in (*parts, last_ns)))
    if not min(chunks):
        _check(all(number or ns == NOT_MEASURED for number, ns in zip(chunks, ttft_ns, strict=True)))


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
