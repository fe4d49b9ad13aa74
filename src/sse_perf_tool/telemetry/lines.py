"""What a run tells its telemetry, as lines: a second, and requests that have ended.

A request is told with the values that are shown somewhere and no others: no gap, which are nearly all of its line in a
file of records, and no text of question, answer or error.  The thread that got the answer takes the values out and
nothing more; those of many requests become one line later and elsewhere, and get their names where they are read.
Requests of other processes and machines come as lines of records, which are put together as well: to take a hundred at
once costs a third.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from itertools import groupby
from operator import attrgetter
from typing import Any

from ..records import IntervalSample, RequestRecord
from ..records.file import ms_of, written

Row = Sequence[Any]
"""The values of a request, in the order of `_NAMES`; times in nanoseconds."""

_PLAIN = (
    "request_id", "thread_id", "turn", "status", "retries", "output_tokens", "prompt_tokens", "reasoning_tokens",
    "token_source", "chunks", "conversation_id", "message_id", "finish_reason", "format", "outcome", "phase",
)  # fmt: skip
_TIMES = ("latency", "ttfb", "ttft", "tpot", "max_gap", "schedule_delay")
_TIMES_MS = tuple(f"{name}_ms" for name in _TIMES)
_NAMES = ("started_at_ns", *_PLAIN, *_TIMES_MS)
_RECORD = b'{"request_id":'
"""How the line of a record begins."""
MOST_IN_LINE = 1000
"""Requests; so that whoever reads the line needs little memory, however much has waited."""
_values_of = attrgetter(*_PLAIN, *(f"{name}_ns" for name in _TIMES))


def row_of(record: RequestRecord, shift_ns: int) -> Row:
    """What there is to show of a request; `shift_ns` as `record_line` has it."""
    return (record.started_ns + shift_ns, *_values_of(record))


def joined(waiting: Iterable[bytes | Row]) -> Iterator[bytes]:
    """Lines and rows as fewer lines, in their order: requests that follow each other stand in one."""
    for kind, alike in groupby(waiting, _kind_of):
        found: list[Any] = list(alike)
        if kind is _Kind.OTHER:
            yield from found
            continue
        for at in range(0, len(found), MOST_IN_LINE):
            some = found[at : at + MOST_IN_LINE]
            if kind is _Kind.ROW:
                yield written({"requests": some}).encode("utf-8", "replace")
            else:
                yield b'{"records":[%b]}' % b",".join(some)


class _Kind(Enum):
    ROW = 1
    RECORD = 2
    OTHER = 3


def _kind_of(each: bytes | Row) -> _Kind:
    if not isinstance(each, bytes):
        return _Kind.ROW
    return _Kind.RECORD if each.startswith(_RECORD) else _Kind.OTHER


def columns_in(line: Mapping[str, Any]) -> dict[str, Sequence[Any]] | None:
    """The values of the requests in such a line by the names that they have in lines of records; None: it has none."""
    if "requests" in line:
        columns: dict[str, Sequence[Any]] = dict(zip(_NAMES, zip(*line["requests"], strict=True), strict=True))
        return columns | {name: list(map(ms_of, columns[name])) for name in _TIMES_MS}
    if "records" in line:
        return {name: [record[name] for record in line["records"]] for name in _NAMES}
    return None


def sample_line(sample: IntervalSample) -> str:
    """A second of a run: what it began, what is under way, and what came."""
    told = {
        "started": sample.requests_started,
        "active": sample.threads_active,
        "threads": sample.threads_total,
        "chunks": sample.chunks,
        "tokens": sample.tokens,
    }
    return json.dumps({"sample": told}, separators=(",", ":"))
