"""Queries and API keys: read from files, handed out in turn to all threads.

A parameter file is text (one query a line), JSON Lines or CSV; which, its suffix says.  What is wrong with a file is
one `UsageError` that names the file, the place in it and what to do.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

from .errors import UsageError
from .texts import Say, speaker

QUERY_FIELDS = ("query", "question", "prompt", "text", "input")
"""Names of the field that holds the query text, the first that is there wins."""

NO_FIELDS: Mapping[str, Any] = {}

TEXTS = {
    "missing": ("{path}: no such file; check the path", "{path}：没有这个文件，请检查路径"),
    "directory": ("{path}: is a directory; name a file in it", "{path}：这是一个目录，请指定其中的文件"),
    "unreadable": (
        "{path}: cannot be read ({reason}); check the file and its permissions",
        "{path}：无法读取（{reason}），请检查文件及其权限",
    ),
    "not_utf8": (
        "{path}, line {line}: byte 0x{byte:02X} at offset {offset} is not UTF-8; convert it: iconv -f {guess} -t UTF-8",
        "{path} 第 {line} 行：偏移 {offset} 处的字节 0x{byte:02X} 不是 UTF-8，请先转换：iconv -f {guess} -t UTF-8",
    ),
    "no_query": ("{path}: holds no query; write one query a line", "{path}：没有任何问题，请每行写一个问题"),
    "no_key": ("{path}: holds no API key; write one key a line", "{path}：没有任何 API 密钥，请每行写一个密钥"),
    "bad_key": (
        "{path}, line {line}, column {column}: not a character of an API key; write one key a line, without spaces",
        "{path} 第 {line} 行第 {column} 列：API 密钥中不能有这个字符，请每行写一个密钥，不含空格",
    ),
    "bad_line": (
        "{path}, line {line}, column {column}: {reason}; write one JSON object a line, e.g. {example}",
        "{path} 第 {line} 行第 {column} 列：{reason}，请每行写一个 JSON 对象，例如 {example}",
    ),
    "no_object": ("not a JSON object", "不是 JSON 对象"),
    "no_text": ('no text in it, the field "query" is missing', "其中没有文本，缺少字段 query"),
    "bad_csv": (
        "{path}, line {line}: {reason}; put fields with quotes or line ends in double quotes, doubling those in them",
        "{path} 第 {line} 行：{reason}，含引号或换行的字段要用双引号括起，其中的双引号写两遍",
    ),
    "csv_columns": (
        "{path}, line {line}: {count} columns, but {wanted} in the header; put fields with commas in double quotes",
        "{path} 第 {line} 行：有 {count} 列，而表头有 {wanted} 列，含逗号的字段要用双引号括起",
    ),
    "csv_empty": (
        '{path}, line {line}, column "{column}": no query text; fill it in or delete the line',
        "{path} 第 {line} 行 {column} 列：没有问题文本，请填写或删除该行",
    ),
}

T = TypeVar("T")


class Query(NamedTuple):
    """What one request asks: the text and, from a `.jsonl` or `.csv` file, every field of its row by name."""

    text: str
    fields: Mapping[str, Any] = NO_FIELDS


class _Turns(Generic[T]):
    """Hands out `items` in turn, over all threads; of several processes number `part` takes each `parts`-th."""

    def __init__(self, items: Sequence[T], part: int = 0, parts: int = 1) -> None:
        if not items:
            raise ValueError("nothing to hand out")
        self._items = tuple(items)
        self._turn = part, parts
        self._numbers = itertools.count(part, parts)
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        """Goes to another process as it was at the start: a lock does not travel."""
        return type(self), (self._items, *self._turn)

    def next(self) -> T:
        """The item whose turn it is; after the last comes the first."""
        with self._lock:
            return self._items[next(self._numbers) % len(self._items)]


class QueryProvider(_Turns[Query]):
    """Hands out queries in turn, over all threads; ValueError for none at all."""

    def __init__(self, queries: Sequence[Query], part: int = 0, parts: int = 1) -> None:
        self.queries = tuple(queries)
        super().__init__(self.queries, part, parts)


class ApiKeyProvider(_Turns[str]):
    """Hands out API keys in turn, over all threads; `keys` are bare, without "Bearer ".  ValueError for none at all."""

    def __init__(self, keys: Sequence[str], part: int = 0, parts: int = 1) -> None:
        self.keys = tuple(map(bare_key, keys))
        super().__init__(self.keys, part, parts)


def bare_key(text: str) -> str:
    """The key alone: "Bearer app-xxx" and "app-xxx" are the same key."""
    return re.sub(r"(?i)^bearer\s+", "", text.strip())


def key_fault(key: str) -> int | None:
    """The place (from 1) of the first character that a header cannot carry as part of a key: not visible ASCII."""
    return next((place for place, character in enumerate(key, 1) if not "!" <= character <= "~"), None)


def read_text(path: str | Path, language: str = "en", *, first_line: bool = False) -> str:
    """The text of a UTF-8 file or of its `first_line`, without BOM.  UsageError when there is none: why and where."""
    say = speaker(TEXTS, language)
    try:
        with Path(path).open("rb") as file:
            data = file.readline() if first_line else file.read()
    except FileNotFoundError:
        raise UsageError(say("missing", path=path)) from None
    except IsADirectoryError:
        raise UsageError(say("directory", path=path)) from None
    except OSError as error:
        raise UsageError(say("unreadable", path=path, reason=error.strerror)) from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # The codec counts from behind a BOM; only UTF-8 has one here, three bytes long.
        offset = error.start + (3 if data.startswith(b"\xef\xbb\xbf") else 0)
        guess = "UTF-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "GBK"
        line = data.count(b"\n", 0, offset) + 1
        raise UsageError(
            say("not_utf8", path=path, line=line, byte=data[offset], offset=offset, guess=guess)
        ) from error


def parse_json(text: str) -> Any:
    """The JSON value in `text`.  ValueError (with `lineno`, `colno` where known) also for NaN and infinities."""
    return json.loads(text, parse_constant=_refuse_constant)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def load_keys(path: str | Path, language: str = "en") -> list[str]:
    """The keys of a file, bare, one a line; empty lines and lines that begin with # are skipped.

    UsageError for a file that cannot be read or holds no key, and for a line that cannot be a key.  It never shows one.
    """
    say = speaker(TEXTS, language)
    keys = []
    for number, line in _lines(read_text(path, language)):
        if line.lstrip().startswith("#"):
            continue
        key = bare_key(line)
        fault = key_fault(key)
        if fault is not None:
            column = line.rindex(key) + fault
            raise UsageError(say("bad_key", path=path, line=number, column=column))
        keys.append(key)
    if not keys:
        raise UsageError(say("no_key", path=path))
    return keys


def load_queries(path: str | Path, language: str = "en") -> list[Query]:
    """The queries of a parameter file: `.jsonl` one object a line, `.csv` with a header row, else one query a line.

    The text of a row is the first of `QUERY_FIELDS` that it has, else its first text field.  Empty lines are skipped.
    UsageError names the file, the line, the column and what to do.
    """
    say = speaker(TEXTS, language)
    text = read_text(path, language)
    read = {".jsonl": _jsonl_queries, ".csv": _csv_queries}.get(Path(path).suffix.lower(), _text_queries)
    queries = read(str(path), text, say)
    if not queries:
        raise UsageError(say("no_query", path=path))
    return queries


def _lines(text: str) -> list[tuple[int, str]]:
    """(number from 1, text) of the lines that are not blank.

    Lines end at LF, CRLF and CR alone: U+2028 and its like are ordinary characters of a query.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return [(number, line) for number, line in enumerate(lines, 1) if line.strip()]


def _text_queries(_path: str, text: str, _say: Say) -> list[Query]:
    return [Query(line.strip()) for _, line in _lines(text)]


def _jsonl_queries(path: str, text: str, say: Say) -> list[Query]:
    queries = []
    for number, line in _lines(text):
        reason, column = "", 1
        try:
            fields = parse_json(line)
            if not isinstance(fields, dict):
                reason = say("no_object")
            elif (query := _query_text(fields)) is None:
                reason = say("no_text")
            else:
                queries.append(Query(query, fields))
        except ValueError as error:
            reason, column = getattr(error, "msg", str(error)), getattr(error, "colno", 1)
        if reason:
            example = '{"query": "..."}'
            raise UsageError(say("bad_line", path=path, line=number, column=column, reason=reason, example=example))
    return queries


def _query_text(fields: Mapping[str, Any]) -> str | None:
    named = (fields.get(name) for name in QUERY_FIELDS)
    return next((value for value in (*named, *fields.values()) if isinstance(value, str) and value), None)


def _csv_queries(path: str, text: str, say: Say) -> list[Query]:
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))  # prompts may be longer than its 128 KiB
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    queries = []
    line = 1
    try:
        header = [name.strip() for name in next(reader, [])]
        column = next((header.index(name) for name in QUERY_FIELDS if name in header), 0)
        line = reader.line_num + 1
        for row in reader:
            if any(map(str.strip, row)):
                _check_row(path, line, header, row, column, say)
                queries.append(Query(row[column], dict(zip(header, row, strict=True))))
            line = reader.line_num + 1
    except csv.Error as error:
        raise UsageError(say("bad_csv", path=path, line=line, reason=error)) from error
    return queries


def _check_row(path: str, line: int, header: Sequence[str], row: Sequence[str], column: int, say: Say) -> None:
    if len(row) != len(header):
        raise UsageError(say("csv_columns", path=path, line=line, count=len(row), wanted=len(header)))
    if not row[column].strip():
        raise UsageError(say("csv_empty", path=path, line=line, column=header[column]))
