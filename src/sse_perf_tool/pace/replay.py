"""Reads a recorded trace to replay: JSON lines, each a request and the time at which to send it.

Each line has a time and a query, `{"timestamp": 1500, "query": "..."}`, or a whole `body` instead of the query.  With
neither, the queries of the run are used in turn.  `timestamp_s` and `timestamp_ms` name their unit.  The unit of a
plain `timestamp` is guessed from its size: Unix time in seconds, milliseconds, ...  or, counted from the start of the
trace, seconds when one has a fraction or all are below `WHOLE_SECONDS`, else milliseconds.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import UsageError
from ..providers import QUERY_FIELDS, Query, parse_json, read_text
from ..texts import Say, speaker

WHOLE_SECONDS = 100
"""Whole numbers that all stay below this are seconds: as milliseconds the trace would last no time."""

UNIX_S, UNIX_MS = 1e9, 1e11
"""From this number on a time is Unix time: 2001 when it is in seconds, 1973 in milliseconds."""

TIME_FIELDS: Mapping[str, float | None] = {"timestamp_ms": 0.001, "timestamp_s": 1.0, "timestamp": None}
"""Field -> seconds in its unit; None: guessed from the sizes."""

TEXTS = {
    "bad_line": (
        "{path}, line {line}: {reason}; write one JSON object a line, e.g. {example}",
        "{path} 第 {line} 行：{reason}，请每行写一个 JSON 对象，例如 {example}",
    ),
    "no_object": ("not a JSON object", "不是 JSON 对象"),
    "no_time": ('no number in the field "timestamp"', "字段 timestamp 中没有数字"),
    "no_body": ('the field "body" is not a JSON object', "字段 body 不是 JSON 对象"),
    "mixed": (
        'its time is in "{found}", that of the lines before in "{known}"',
        "时间字段为 {found}，而之前各行为 {known}",
    ),
    "nothing": (
        "{path}: holds no request; write one a line, e.g. {example}",
        "{path}：没有任何请求，请每行写一个，例如 {example}",
    ),
}
EXAMPLE = '{"timestamp": 1500, "query": "..."}'


class Replayed(NamedTuple):
    """One request of a trace: when it is due, in seconds after the first, and its query; None: the run's next query."""

    at_s: float
    query: Query | None


def load_replay(path: str | Path, language: str = "en") -> list[Replayed]:
    """The requests of a trace in order of their times.  UsageError names the file, the line and what to do."""
    say = speaker(TEXTS, language)
    times: list[float] = []
    queries: list[Query | None] = []
    known = ""
    for number, row in _rows(path, language, say):
        name, time, reason = _time_of(row, known, say)
        query, fault = _query_of(row, say)
        if reason or fault:
            raise _bad_line(path, number, reason or fault, say)
        known = name
        times.append(time)
        queries.append(query)
    if not times:
        raise UsageError(say("nothing", path=path, example=EXAMPLE))
    unit_s, first = TIME_FIELDS[known] or _unit_s(times), min(times)
    found = (Replayed((time - first) * unit_s, query) for time, query in zip(times, queries, strict=True))
    return sorted(found, key=lambda each: each.at_s)


def _bad_line(path: str | Path, number: int, reason: str, say: Say) -> UsageError:
    return UsageError(say("bad_line", path=path, line=number, reason=reason, example=EXAMPLE))


def _rows(path: str | Path, language: str, say: Say) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for number, line in enumerate(read_text(path, language).split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = parse_json(line)
        except ValueError as error:
            raise _bad_line(path, number, getattr(error, "msg", str(error)), say) from error
        if not isinstance(row, dict):
            raise _bad_line(path, number, say("no_object"), say)
        yield number, row


def _time_of(row: Mapping[str, Any], known: str, say: Say) -> tuple[str, float, str]:
    """The name of the time field, its value, and an error text if it is wrong."""
    name = next((name for name in TIME_FIELDS if name in row), "timestamp")
    time = row.get(name)
    if isinstance(time, bool) or not isinstance(time, (int, float)) or not math.isfinite(time):
        return name, 0.0, say("no_time")
    if known and name != known:
        return name, 0.0, say("mixed", found=name, known=known)
    return name, float(time), ""


def _query_of(row: Mapping[str, Any], say: Say) -> tuple[Query | None, str]:
    """The query of a row, and an error text if it is wrong."""
    text = next((value for name in QUERY_FIELDS if isinstance(value := row.get(name), str) and value), None)
    body = row.get("body")
    if body is None:
        return (None if text is None else Query(text, row)), ""
    if not isinstance(body, dict):
        return None, say("no_body")
    written = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return Query(text or _text_in(body), row, body=written), ""


def _text_in(body: Mapping[str, Any]) -> str:
    """The query text in a body, by which the report shows it; "" when it is in no known field."""
    named = (body.get(name) for name in QUERY_FIELDS)
    messages = body.get("messages")
    last = (
        messages[-1].get("content")
        if isinstance(messages, list) and messages and isinstance(messages[-1], dict)
        else None
    )
    return next((text for text in (*named, last) if isinstance(text, str)), "")


def _unit_s(times: Sequence[float]) -> float:
    """The seconds in one unit of plain timestamps, by the rule at the top."""
    first, last = min(times), max(times)
    if first >= UNIX_S:
        return 1.0 if last < UNIX_MS else 0.001
    return 1.0 if last - first < WHOLE_SECONDS or any(time % 1 for time in times) else 0.001
