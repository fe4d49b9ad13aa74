"""Queries and API keys: read from files, handed out in turn to all threads.

A parameter file is text (one query a line), JSON Lines, a JSON list or CSV; which, its suffix says.  A row of the JSON
kinds may be a conversation.  What is wrong with a file is one `UsageError` that names the file, the place in it and
what to do.
"""

from __future__ import annotations

import csv
import io
import itertools
import re
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

from .errors import UsageError
from .queries.conversations import conversation_in, human_turns
from .queries.prompts import BREAK, Prompts
from .texts import Say, loads_bounded, speaker

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
    "bad_list": (
        "{path}, line {line}, column {column}: {reason}; write a list, [{{...}}, ...], or one object a line (.jsonl)",
        "{path} 第 {line} 行第 {column} 列：{reason}，请写成对象列表 [{{...}}, ...]，或每行一个对象（.jsonl）",
    ),
    "bad_item": (
        "{path}, item {item} of the list: {reason}; write it e.g. as {example}",
        "{path} 列表第 {item} 项：{reason}，请改写，例如 {example}",
    ),
    "no_object": ("not a JSON object", "不是 JSON 对象"),
    "no_list": ("not a list", "不是列表"),
    "no_text": ('no text in it, the field "query" is missing', "其中没有文本，缺少字段 query"),
    "bad_message": (
        'message {place} of "{name}" has no speaker ("from" or "role") or no text ("value" or "content")',
        "{name} 的第 {place} 条消息缺少说话者（from 或 role）或文本（value 或 content）",
    ),
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
    """What one request asks: the text and, from a file with fields, every field of its row by name."""

    text: str
    fields: Mapping[str, Any] = NO_FIELDS
    later: tuple[str, ...] | None = None
    """Texts of the turns behind it in its conversation; None: it is of no conversation, any query may follow."""
    before: str = ""
    """What is sent before the text and goes into no record: a shared prefix, filler, the words of a made prompt."""
    context_tokens: int | None = None
    """The context tier that it was handed out for."""
    body: bytes | None = None
    """The whole body, to be sent as it stands."""

    @property
    def sent(self) -> str:
        """All that is said in this turn."""
        return self.before + self.text

    def next_turn(self) -> Query | None:
        """What its conversation asks next, if anything."""
        return self._replace(text=self.later[0], later=self.later[1:], before="") if self.later else None


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
        return self._items[self._number() % len(self._items)]

    def _number(self) -> int:
        with self._lock:
            return next(self._numbers)


class QueryProvider(_Turns[Query]):
    """Hands out queries in turn, over all threads; ValueError for none at all.

    `prompts` says what stands before them.  If it makes prompts they take the place of `queries`, none twice.
    """

    def __init__(self, queries: Sequence[Query], part: int = 0, parts: int = 1, prompts: Prompts = Prompts()) -> None:  # noqa: B008 - frozen
        self.queries = tuple(queries)
        self.prompts = prompts
        super().__init__(self.queries, part, parts)
        prompts.prepare()

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        """As that of `_Turns`."""
        return type(self), (self.queries, *self._turn, self.prompts)

    def part(self, part: int, parts: int) -> QueryProvider:
        """The same for process number `part` of `parts`."""
        return QueryProvider(self.queries, part, parts, self.prompts)

    def next(self, turn: int = 1, context_tokens: int | None = None) -> Query:
        """The query whose turn it is.

        The first `turn` of a conversation begins with the shared prefix and with `context_tokens` of filler, which no
        other query has.
        """
        return self.query(self._number(), turn, context_tokens)

    def query(self, number: int, turn: int = 1, context_tokens: int | None = None) -> Query:
        """Query `number` of this run, from 0, as `next` hands it out."""
        prompts = self.prompts
        query = self._items[number % len(self._items)]
        parts = [prompts.prefix(), prompts.filler(number, context_tokens or 0)] if turn == 1 else []
        if prompts.tokens is not None:
            words, text = prompts.prompt(number)
            query = query._replace(text=text)
            parts.append(words)
        before = "".join(part + BREAK for part in parts if part)
        return query._replace(before=before, context_tokens=context_tokens)


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
    return loads_bounded(text, parse_constant=_refuse_constant)


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
    """The queries of a parameter file: `.jsonl` one object a line, `.json` a list of objects, `.csv` with a header row,
    else one query a line.

    The text of a row is its field "query"; in the JSON kinds else what a person says first in a conversation of the
    row, with the later turns behind it; else the first of `QUERY_FIELDS` that it has, else its first text field.  Empty
    lines, and conversations in which no person speaks, are skipped.  UsageError names the file, the place and what to
    do.
    """
    say = speaker(TEXTS, language)
    text = read_text(path, language)
    readers = {".jsonl": _jsonl_queries, ".json": _json_queries, ".csv": _csv_queries}
    read = readers.get(Path(path).suffix.lower(), _text_queries)
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


EXAMPLE_ROW = '{"query": "..."}'


def _jsonl_queries(path: str, text: str, say: Say) -> list[Query]:
    queries = []
    for number, line in _lines(text):
        column = 1
        found: list[Query] | str
        try:
            found = _row_queries(parse_json(line), say)
        except ValueError as error:
            found, column = getattr(error, "msg", str(error)), getattr(error, "colno", 1)
        if isinstance(found, str):
            raise UsageError(say("bad_line", path=path, line=number, column=column, reason=found, example=EXAMPLE_ROW))
        queries += found
    return queries


def _json_queries(path: str, text: str, say: Say) -> list[Query]:
    line, column, reason = 1, 1, say("no_list")
    rows = None
    try:
        rows = parse_json(text)
    except ValueError as error:
        line, column = getattr(error, "lineno", 1), getattr(error, "colno", 1)
        reason = getattr(error, "msg", str(error))
    if not isinstance(rows, list):
        raise UsageError(say("bad_list", path=path, line=line, column=column, reason=reason))
    queries = []
    for item, row in enumerate(rows, 1):
        found = _row_queries(row, say)
        if isinstance(found, str):
            raise UsageError(say("bad_item", path=path, item=item, reason=found, example=EXAMPLE_ROW))
        queries += found
    return queries


def _row_queries(row: Any, say: Say) -> list[Query] | str:
    """The query of one object, or none for a conversation in which no person speaks; or what is wrong with it."""
    if not isinstance(row, dict):
        return say("no_object")
    name = conversation_in(row)
    if name is None or _text_at(row, ("query",)):
        text = _text_at(row, (*QUERY_FIELDS, *row))
        return say("no_text") if text is None else [Query(text, row)]
    turns = human_turns(row[name])
    if isinstance(turns, int):
        return say("bad_message", place=turns, name=name)
    if turns:
        return [Query(turns[0], row, tuple(turns[1:]))]
    text = _text_at(row, QUERY_FIELDS)
    return [] if text is None else [Query(text, row)]


def _text_at(row: Mapping[str, Any], names: Iterable[str]) -> str | None:
    """The first text, not an empty one, in these fields."""
    values = (row.get(name) for name in names)
    return next((value for value in values if isinstance(value, str) and value), None)


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
