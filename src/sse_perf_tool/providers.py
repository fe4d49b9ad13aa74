"""Queries and API keys: read from files and handed out to all threads in turn.

A parameter file is text (one query a line), JSON Lines, a JSON list or CSV; which, its suffix says.  What a row asks
`queries.rows` tells.  What is wrong with a file is one `UsageError` that names the file, the place in it and
what to do.
"""

from __future__ import annotations

import csv
import io
import itertools
import re
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

from .errors import UsageError
from .queries.prompts import BREAK, Prompts
from .queries.rows import FAULTS, INSTRUCTION, QUERY_FIELDS, Asked, Fault, asked_in
from .queries.tables import separator_of
from .texts import Say, loads_bounded, printable, speaker

NO_FIELDS: Mapping[str, Any] = {}

KNOWN_COLUMNS = (*QUERY_FIELDS, INSTRUCTION)

MAX_WARNINGS = 3
"""Fields that a file is warned of by name."""

Warn = Callable[[str], None]


def nobody(_text: str) -> None:
    """Whom nothing is told."""


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
    "no_list": ("not a list", "不是列表"),
    "bad_csv": (
        "{path}, line {line}: {reason}; put fields with quotes or line ends in double quotes, doubling those in them",
        "{path} 第 {line} 行：{reason}，含引号或换行的字段要用双引号括起，其中的双引号写两遍",
    ),
    "csv_columns": (
        "{path}, line {line}: {count} columns, but {wanted} in the header; put fields with {mark} in double quotes",
        "{path} 第 {line} 行：有 {count} 列，而表头有 {wanted} 列，含{mark}的字段要用双引号括起",
    ),
    "commas": ("commas", "逗号"),
    "semicolons": ("semicolons", "分号"),
    "tabs": ("tabs", "制表符"),
    "csv_empty": (
        '{path}, line {line}, column "{column}": no query text; fill it in or delete the line',
        "{path} 第 {line} 行 {column} 列：没有问题文本，请填写或删除该行",
    ),
    "at_line": ("line {line}", "第 {line} 行"),
    "at_item": ("item {item}", "第 {item} 项"),
    "guessed": (
        (
            '{path}: {count} of {rows} rows have none of {names}: asked is the first text, "{field}" (e.g. {example}); '
            "call the right field query"
        ),
        (
            "{path}：{rows} 行中有 {count} 行没有 {names} 中的任何字段，改用第一个文本 {field}（例如 {example}），"
            "请把正确的字段命名为 query"
        ),
    ),
    "guessed_more": (
        "{path}: {count} more fields were taken for the query in this way",
        "{path}：另有 {count} 个字段也这样被当作问题",
    ),
    "silent": (
        "{path}: {count} of {rows} rows are left out, no person speaks in these conversations",
        "{path}：{rows} 行中有 {count} 行被略去，这些会话中没有用户发言",
    ),
    "json_lines": (
        "{path}: the lines are sent as they stand, but look like JSON; call the file .jsonl to have its fields read",
        "{path}：各行将原样发送，但看起来是 JSON，若要读取其中的字段，请把文件命名为 .jsonl",
    ),
    **FAULTS,
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
    messages: tuple[Mapping[str, Any], ...] = ()
    """All that is said, by all who speak, for a body with a place for it; elsewhere the text alone is asked."""
    made_tokens: int | None = None
    """The text is yet to be made, so many tokens of it; see `QueryProvider.made`."""
    max_tokens: int | None = None
    """How long the answer may become, for a body with a place for it."""

    @property
    def sent(self) -> str:
        """All that is said in this turn."""
        return self.before + self.text

    def next_turn(self) -> Query | None:
        """What its conversation asks next, if anything."""
        return self._replace(text=self.later[0], later=self.later[1:], before="") if self.later else None


def numbers_in_turn(part: int, parts: int, batch: int | None = None) -> Iterator[int]:
    """`part`, `part + parts`, ... without end; with a batch those places in it, then the same of the next batch."""
    if batch is None or part >= batch:
        return itertools.count(part, parts)
    return (begin + place for begin in itertools.count(0, batch) for place in range(part, batch, parts))


class _Turns(Generic[T]):
    """Hands out `items` in turn, over all threads; of several parts of a run number `part` takes each `parts`-th.

    `batch`: of each so many.
    """

    def __init__(self, items: Sequence[T], part: int = 0, parts: int = 1, batch: int | None = None) -> None:
        if not items:
            raise ValueError("nothing to hand out")
        self._items = tuple(items)
        self._turn = part, parts, batch
        self._numbers = numbers_in_turn(part, parts, batch)
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

    def __init__(
        self,
        queries: Sequence[Query],
        part: int = 0,
        parts: int = 1,
        batch: int | None = None,
        prompts: Prompts = Prompts(),  # noqa: B008 - frozen
    ) -> None:
        self.queries = tuple(queries)
        self.prompts = prompts
        super().__init__(self.queries, part, parts, batch)
        prompts.prepare()

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        """As that of `_Turns`."""
        return type(self), (self.queries, *self._turn, self.prompts)

    def part(self, part: int, parts: int, batch: int | None = None) -> QueryProvider:
        """The same for part number `part` of `parts`."""
        return QueryProvider(self.queries, part, parts, batch, self.prompts)

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

    def made(self, query: Query, number: int) -> Query:
        """Request `number` of a trace, from 0, with its text made now if only the length of it is known.

        Not before it is sent: the texts of a long trace would not fit into memory.
        """
        if query.made_tokens is None:
            return query
        words, text = self.prompts.prompt(number, query.made_tokens)
        return query._replace(before=words + BREAK if words else "", text=text)


class ApiKeyProvider(_Turns[str]):
    """Hands out API keys in turn, over all threads; `keys` are bare, without "Bearer ".  ValueError for none at all."""

    def __init__(self, keys: Sequence[str], part: int = 0, parts: int = 1, batch: int | None = None) -> None:
        self.keys = tuple(map(bare_key, keys))
        super().__init__(self.keys, part, parts, batch)


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
        raise UsageError(say("unreadable", path=path, reason=error)) from error
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


def load_queries(path: str | Path, language: str = "en", warn: Warn = nobody) -> list[Query]:
    """The queries of a parameter file: `.jsonl` one object a line, `.json` a list of objects, `.csv` and `.tsv` with a
    header row, else one query a line.

    What a row asks `queries.rows` tells; where no field has a known name it is the first text (of a CSV: the first
    column), which `warn` is told with the field and an example.  Empty lines, and conversations in which no person
    speaks, are skipped, those with a warning.  UsageError names the file, the place and what to do.
    """
    say = speaker(TEXTS, language)
    text = read_text(path, language)
    read = _READERS.get(Path(path).suffix.lower(), _read_lines)
    found = _Found(path, say)
    read(found, text)
    for warning in found.warnings():
        warn(warning)
    if not found.queries:
        raise UsageError(say("no_query", path=path))
    return found.queries


class _Found:
    """The queries of a file as its rows come, and what there is to say about how they were read."""

    def __init__(self, path: str | Path, say: Say) -> None:
        self.path, self.say = path, say
        self.queries: list[Query] = []
        self.odd_lines = False
        self._rows = self._silent = 0
        self._guessed: dict[str, tuple[int, str]] = {}

    def add(self, row: Any, asked: Asked, place: str) -> None:
        """One more row."""
        self._rows += 1
        fields = row if isinstance(row, dict) else NO_FIELDS
        if asked.turns:
            self.queries.append(Query(asked.turns[0], fields, asked.turns[1:] if asked.conversation else None))
        else:
            self._silent += 1
        if asked.guessed:
            count, example = self._guessed.get(asked.guessed, (0, f'"{printable(asked.turns[0], 40)}", {place}'))
            self._guessed[asked.guessed] = count + 1, example

    def warnings(self) -> Iterator[str]:
        """One line each."""
        say, of = self.say, {"path": self.path, "rows": self._rows}
        for field, (count, example) in itertools.islice(self._guessed.items(), MAX_WARNINGS):
            names = ", ".join(QUERY_FIELDS)
            yield say("guessed", **of, count=count, names=names, field=printable(field, 40), example=example)
        if len(self._guessed) > MAX_WARNINGS:
            yield say("guessed_more", path=self.path, count=len(self._guessed) - MAX_WARNINGS)
        if self._silent and self.queries:
            yield say("silent", **of, count=self._silent)
        if self.odd_lines:
            yield say("json_lines", path=self.path)

    def fault(self, key: str, fault: Fault, **place: object) -> UsageError:
        """The error about a row, its text that of `key`."""
        return UsageError(
            self.say(key, path=self.path, reason=fault_text(fault, self.say), example=EXAMPLE_ROW, **place)
        )


def _lines(text: str) -> list[tuple[int, str]]:
    """(number from 1, text) of the lines that are not blank.

    Lines end at LF, CRLF and CR alone: U+2028 and its like are ordinary characters of a query.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return [(number, line) for number, line in enumerate(lines, 1) if line.strip()]


EXAMPLE_ROW = '{"query": "..."}'


def fault_text(fault: Fault, say: Say) -> str:
    """What is wrong with a row; `say` knows the `FAULTS`."""
    values = dict(fault.values)
    if "kind" in values:
        values["kind"] = say(str(values["kind"]))
    return say(fault.key, **{name: printable(str(value), 40) for name, value in values.items()})


def _read_lines(found: _Found, text: str) -> None:
    for number, line in _lines(text):
        found.add(None, Asked((line.strip(),)), found.say("at_line", line=number))
    found.odd_lines = bool(found.queries) and _is_object(found.queries[0].text)


def _is_object(line: str) -> bool:
    try:
        return line.startswith("{") and isinstance(parse_json(line), dict)
    except ValueError:
        return False


def _read_json_lines(found: _Found, text: str) -> None:
    for number, line in _lines(text):
        try:
            row = parse_json(line)
        except ValueError as error:
            reason, column = getattr(error, "msg", str(error)), getattr(error, "colno", 1)
            place = {"path": found.path, "line": number, "column": column}
            raise UsageError(found.say("bad_line", **place, reason=reason, example=EXAMPLE_ROW)) from error
        asked = asked_in(row)
        if isinstance(asked, Fault):
            raise found.fault("bad_line", asked, line=number, column=1)
        found.add(row, asked, found.say("at_line", line=number))


def _read_json(found: _Found, text: str) -> None:
    line, column, reason = 1, 1, found.say("no_list")
    rows = None
    try:
        rows = parse_json(text)
    except ValueError as error:
        line, column = getattr(error, "lineno", 1), getattr(error, "colno", 1)
        reason = getattr(error, "msg", str(error))
    if not isinstance(rows, list):
        raise UsageError(found.say("bad_list", path=found.path, line=line, column=column, reason=reason))
    for item, row in enumerate(rows, 1):
        asked = asked_in(row)
        if isinstance(asked, Fault):
            raise found.fault("bad_item", asked, item=item)
        found.add(row, asked, found.say("at_item", item=item))


def _read_csv(found: _Found, text: str) -> None:
    for line, row in csv_rows(found.path, text, found.say, KNOWN_COLUMNS):
        asked = asked_in(row, guess=False)
        if isinstance(asked, Fault):
            column = str(asked.values.get("name", next(iter(row))))
            if asked.key == "not_a_text" or not row[column].strip():
                raise UsageError(found.say("csv_empty", path=found.path, line=line, column=printable(column, 40)))
            asked = Asked((row[column],), guessed=column)
        found.add(row, asked, found.say("at_line", line=line))


_MARKS = {",": "commas", ";": "semicolons", "\t": "tabs"}


def csv_rows(path: str | Path, text: str, say: Say, known: Collection[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """(line, the fields by the names in the header) of each row that is not blank.

    What separates fields is told by the text, see `tables.separator_of`; `known` are names of columns, in small
    letters.  UsageError for what is no CSV and for a row with more or fewer columns than the header.
    """
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))  # prompts may be longer than its 128 KiB
    separator, begin = separator_of(text, known, first="\t" if Path(path).suffix.lower() == ".tsv" else ",")
    reader = csv.reader(io.StringIO(text[begin:], newline=""), delimiter=separator, strict=True)
    before = 1 if begin else 0
    line = 1 + before
    try:
        header = [name.strip() for name in next(reader, [])]
        line = reader.line_num + 1 + before
        for row in reader:
            if any(map(str.strip, row)):
                if len(row) != len(header):
                    mark = say(_MARKS[separator]) if separator in _MARKS else separator
                    place = {"path": path, "line": line, "count": len(row), "wanted": len(header)}
                    raise UsageError(say("csv_columns", **place, mark=mark))
                yield line, dict(zip(header, row, strict=True))
            line = reader.line_num + 1 + before
    except csv.Error as error:
        raise UsageError(say("bad_csv", path=path, line=line, reason=error)) from error


_READERS: Mapping[str, Callable[[_Found, str], None]] = {
    ".jsonl": _read_json_lines,
    ".ndjson": _read_json_lines,
    ".json": _read_json,
    ".csv": _read_csv,
    ".tsv": _read_csv,
}
"""By the suffix of the file."""
