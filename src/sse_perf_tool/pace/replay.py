"""Reads a recorded trace to replay: JSON lines or CSV, each line a request and the time at which to send it.

Each line has a time and what to ask: `{"timestamp": 1500, "query": "..."}`, the `messages` or the whole `body` of a
request, or the length of a prompt (Mooncake's `input_length`, Azure's `ContextTokens`), of which one is then made.  A
line with none of these takes the queries of the run in turn.  Names are the same in any case and with or without `_`
and spaces.

`timestamp_s` and `timestamp_ms` name their unit.  A plain `timestamp` may be a date with a time of day; else its unit
is guessed from its size: Unix time in seconds, milliseconds, ...  or, counted from the start of the trace, seconds when
one has a fraction or all are below `WHOLE_SECONDS`, else milliseconds.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import UsageError
from ..providers import TEXTS as FILE_TEXTS
from ..providers import Query, Warn, csv_rows, fault_text, nobody, parse_json, read_text
from ..queries.conversations import conversation_in
from ..queries.rows import QUERY, QUERY_FIELDS, Asked, Fault, asked_in, names_in
from ..texts import Say, printable, speaker

WHOLE_SECONDS = 100
"""Whole numbers that all stay below this are seconds: as milliseconds the trace would last no time."""

UNIX_S, UNIX_MS = 1e9, 1e11
"""From this number on a time is Unix time: 2001 when it is in seconds, 1973 in milliseconds."""

TIME_FIELDS: Mapping[str, float | None] = {"timestamp_ms": 0.001, "timestamp_s": 1.0, "timestamp": None, "date": 1.0}
"""Field -> seconds in its unit; None: guessed from the sizes.  "date" is a `timestamp` that is one."""

PROMPT_LENGTHS = ("inputlength", "contexttokens", "inputtokens", "prompttokens", "requesttokens", "numprefilltokens")
ANSWER_LENGTHS = ("outputlength", "generatedtokens", "outputtokens", "completiontokens", "responsetokens", "maxtokens",
                  "numdecodetokens")  # fmt: skip
"""Names of the lengths in tokens that traces bring in place of texts (Mooncake, Azure, BurstGPT, Vidur), as `_bare`
writes them."""

MAX_TOKENS = 10_000_000
"""A prompt longer than this is a mistake."""

TEXTS = {
    **FILE_TEXTS,
    "bad_line": (
        "{path}, line {line}: {reason}; write one JSON object a line, e.g. {example}",
        "{path} 第 {line} 行：{reason}，请每行写一个 JSON 对象，例如 {example}",
    ),
    "bad_row": (
        "{path}, line {line}: {reason}; correct or delete the line",
        "{path} 第 {line} 行：{reason}，请改正或删除该行",
    ),
    "no_time": ('no number in the field "timestamp"', "字段 timestamp 中没有数字"),
    "no_body": ('the field "body" is not a JSON object', "字段 body 不是 JSON 对象"),
    "no_length": (
        'the field "{name}" is {value}, not a number of tokens (from {least} to {most})',
        "字段 {name} 是 {value}，而不是词元数（{least} 到 {most}）",
    ),
    "mixed": (
        'its time is in "{found}", that of the lines before in "{known}"',
        "时间字段为 {found}，而之前各行为 {known}",
    ),
    "nothing": (
        "{path}: holds no request; write one a line, e.g. {example}",
        "{path}：没有任何请求，请每行写一个，例如 {example}",
    ),
    "no_texts": (
        (
            "{path}: {count} of {rows} lines bring no text (line {line}: {names}), the queries of the run are asked; "
            "give query, messages, body or input_length"
        ),
        (
            "{path}：{rows} 行中有 {count} 行没有文本（第 {line} 行：{names}），改用本次运行的问题，"
            "请给出 query、messages、body 或 input_length"
        ),
    ),
}
EXAMPLE = '{"timestamp": 1500, "query": "..."}'


class Replayed(NamedTuple):
    """One request of a trace: when it is due, in seconds after the first, and its query; None: the run's next query."""

    at_s: float
    query: Query | None


class _Line(NamedTuple):
    """What a line says; `time` in the unit of its `kind`, one of `TIME_FIELDS`."""

    kind: str
    time: float
    query: Query | None


def load_replay(path: str | Path, language: str = "en", warn: Warn = nobody) -> list[Replayed]:
    """The requests of a trace in order of their times.  UsageError names the file, the line and what to do.

    `warn` is told how many lines bring no text, unless all bring nothing but their time.
    """
    say = speaker(TEXTS, language)
    lines: list[_Line] = []
    textless: list[tuple[int, str]] = []
    for number, row, bad in _rows(path, language, say):
        line = _read(row, lines[0].kind if lines else "", say)
        if isinstance(line, str):
            raise UsageError(say(bad, path=path, line=number, reason=line, example=EXAMPLE))
        lines.append(line)
        if line.query is None:
            textless.append((number, ", ".join(row)))
    if not lines:
        raise UsageError(say("nothing", path=path, example=EXAMPLE))
    if textless and (len(textless) < len(lines) or any("," in names for _, names in textless)):
        number, names = max(textless, key=lambda each: "," in each[1])
        of = {"path": path, "count": len(textless), "rows": len(lines), "line": number}
        warn(say("no_texts", **of, names=printable(names, 80)))
    times = [line.time for line in lines]
    unit_s, first = TIME_FIELDS[lines[0].kind] or _unit_s(times), min(times)
    found = (Replayed((line.time - first) * unit_s, line.query) for line in lines)
    return sorted(found, key=lambda each: each.at_s)


def _rows(path: str | Path, language: str, say: Say) -> Iterator[tuple[int, Mapping[str, Any], str]]:
    """(line, its fields, the key of the text about a mistake in it)."""
    text = read_text(path, language)
    if Path(path).suffix.lower() in (".csv", ".tsv"):
        for number, cells in csv_rows(path, text, say, ("timestamp", *QUERY_FIELDS)):
            yield number, {name: _cell(name, cell) for name, cell in cells.items() if cell.strip()}, "bad_row"
        return
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = parse_json(line)
            reason = "" if isinstance(row, dict) else say("no_object")
        except ValueError as error:
            reason = getattr(error, "msg", str(error))
        if reason:
            raise UsageError(say("bad_line", path=path, line=number, reason=reason, example=EXAMPLE))
        yield number, row, "bad_line"


def _cell(name: str, cell: str) -> str | int:
    """A cell as JSON would have it: a number of tokens as one, for a template that holds `{output_length}`."""
    return int(cell) if _bare(name) in (*PROMPT_LENGTHS, *ANSWER_LENGTHS) and cell.strip().isdecimal() else cell


def _read(row: Mapping[str, Any], known: str, say: Say) -> _Line | str:
    """What a line says, or what is wrong with it; `known` is the kind of the times before."""
    names = names_in(row)
    name = next((name for name in TIME_FIELDS if name in names), "timestamp")
    kind, time = _time_of(name, row.get(names.get(name, "")))
    if time is None:
        return say("no_time")
    if known and kind != known:
        return say("mixed", found=kind, known=known)
    query = _query_of(row, names, say)
    return query if isinstance(query, str) else _Line(kind, time, query)


def _time_of(name: str, value: Any) -> tuple[str, float | None]:
    """The kind of a time and its number, None when it is none."""
    if name == "timestamp" and isinstance(value, str) and (date_s := _date_s(value)) is not None:
        return "date", date_s
    return name, _number(value)


def _number(value: Any) -> float | None:
    """A finite number, or one in a text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _date_s(text: str) -> float | None:
    """The Unix time of a date with a time of day, as ISO 8601 writes it, with any number of digits; UTC unless said."""
    whole = re.fullmatch(r"\s*(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(?:[.,](\d+))?\s*(Z|[+-]\d\d:?\d\d)?\s*", text)
    if whole is None:
        return None
    day, clock, fraction, zone = whole.groups()
    try:
        second = datetime.fromisoformat(f"{day} {clock}+00:00")
        offset = datetime.strptime(zone, "%z").utcoffset() if zone and zone != "Z" else None
    except ValueError:
        return None
    return second.timestamp() - (offset.total_seconds() if offset else 0.0) + float(f"0.{fraction or 0}")


def _query_of(row: Mapping[str, Any], names: Mapping[str, str], say: Say) -> Query | str | None:
    """What a row asks, what is wrong with it, or None when it asks nothing of its own."""
    limit = _length(row, ANSWER_LENGTHS, 0, say)
    if isinstance(limit, str):
        return limit
    body = row.get(names.get("body", ""))
    if body is not None:
        return _as_it_stands(row, body, say)
    asked = asked_in({name: value for name, value in row.items() if value is not None or name == QUERY}, guess=False)
    if isinstance(asked, Fault) and asked.key != "no_text":
        return fault_text(asked, say)
    if isinstance(asked, Asked) and asked.turns:
        return _said(row, names, asked)._replace(max_tokens=limit or None)
    length = _length(row, PROMPT_LENGTHS, 1, say)
    if isinstance(length, str):
        return length
    return None if length is None else Query("", row, made_tokens=length, max_tokens=limit or None)


def _said(row: Mapping[str, Any], names: Mapping[str, str], asked: Asked) -> Query:
    """The query with this text.  Of messages it is the last that the person says, and they go along whole."""
    name = conversation_in(names, row) if asked.conversation else None
    said = row[name] if name is not None else ()
    usual = all(isinstance(each, dict) and {"role", "content"} <= each.keys() for each in said)
    messages = tuple(said) if usual else ()
    return Query(asked.turns[-1], row, messages=messages)


def _as_it_stands(row: Mapping[str, Any], body: Any, say: Say) -> Query | str:
    if not isinstance(body, dict):
        return say("no_body")
    written = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    asked, own = asked_in(body, guess=False), asked_in({k: v for k, v in row.items() if v is not body}, guess=False)
    turns = next((each.turns for each in (own, asked) if isinstance(each, Asked) and each.turns), ("",))
    return Query(turns[-1], row, body=written)


def _length(row: Mapping[str, Any], names: Sequence[str], least: int, say: Say) -> int | str | None:
    """A number of tokens in one of these fields, None when it is not there, or what is wrong with it."""
    bare = {_bare(name): name for name in row}
    name = next((bare[name] for name in names if name in bare), None)
    value = None if name is None else row[name]
    if value is None:
        return None
    number = _number(value)
    if number is None or number % 1 or not least <= number <= MAX_TOKENS:
        shown = printable(json.dumps(value, ensure_ascii=False), 20)
        return say("no_length", name=printable(str(name), 40), value=shown, least=least, most=MAX_TOKENS)
    return int(number)


def _bare(name: str) -> str:
    """The name of a field without what writers differ in."""
    return re.sub(r"[\s_-]", "", name).casefold()


def _unit_s(times: Sequence[float]) -> float:
    """The seconds in one unit of plain timestamps, by the rule at the top."""
    first, last = min(times), max(times)
    if first >= UNIX_S:
        return 1.0 if last < UNIX_MS else 0.001
    return 1.0 if last - first < WHOLE_SECONDS or any(time % 1 for time in times) else 0.001
