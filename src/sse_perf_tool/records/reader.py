"""A records file, read as far as it goes, whatever befell it.

A line that is no request is skipped and counted, a last line that a kill has cut short among them.  So is a line whose
times cannot be: lines stand in the order in which requests ended, so one that ended long after all that follow it was
damaged.  A header that is damaged costs the settings, not the requests.
"""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from ..errors import UsageError
from ..texts import LANGUAGES, Texts, printable, speaker
from ..units import NS_PER_MS, NS_PER_S
from .calibration import Calibration
from .checked import counted
from .config import RunConfig
from .file import (
    LAST_UNIX_NS,
    RecordsHeader,
    calibration_of,
    readable_config,
    record_of,
    server_metrics_in,
    workers_in,
)
from .request import RECORDS_SCHEMA, RequestRecord
from .rows import Rows, rows_in
from .server import ServerMetrics
from .workers import WorkerFacts

TEXTS: Texts = {
    "unreadable": ("{path}: cannot be read ({reason}); check the path", "{path}: 无法读取（{reason}），请检查路径"),
    "no_header": (
        "{path}: not a records file: its first line is no header; give a file made by --records",
        "{path}: 不是逐请求记录文件，第一行不是文件头，请给出由 --records 生成的文件",
    ),
    "other_schema": (
        "{path}: holds {schema}, not {wanted}; give a file made by --records",
        "{path}: 内容为 {schema}，不是 {wanted}，请给出由 --records 生成的文件",
    ),
    "skipped": (
        "{path}: damaged lines skipped: {count}, the first is line {number} ({reason}); their requests are missing",
        "{path}：跳过的损坏行数：{count}，第一处在第 {number} 行（{reason}）；缺少这些请求",
    ),
    "header_lost": (
        "{path}: its header is damaged: the settings of the run are not known",
        "{path}：文件头已损坏：该次运行的设置未知",
    ),
    "header_parts": (
        "{path}: its header is damaged: without sense, and left out: {names}",
        "{path}：文件头已损坏，以下内容无意义，已忽略：{names}",
    ),
}

LONGEST_LINE = 1 << 26
"""Bytes; a longer line is damaged."""
FIRST_LINES = 1000
"""From so many requests the start of a run is told whose header is lost."""
JUMP_NS = 600 * NS_PER_S
"""A request that ended so long after all before it is believed when the next one bears it out."""
DISORDER_NS = 60 * NS_PER_S
"""By so much lines may be out of order: each process writes its own."""
LAST_JUMP_S = 3600.0
"""The last request may have ended so long after the one before, or as long as the settings and the run explain."""
AFTER_FILE_NS = 24 * 3600 * NS_PER_S
"""No request ended so long after the file was written, whatever the clocks of two machines say."""

READ_BYTES = 1 << 18
"""So many at once: a system call each 8 KiB would take longer than to look at them."""
MANY_LINES = 256
"""Lines that are looked at together: more cost memory and are not faster."""

NO_RECORD = (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError)
"""What reading a damaged line may raise."""


@dataclass(slots=True)
class Damage:
    """What of a file could not be read."""

    lines: int = 0
    """Lines without a request, but for the header."""
    first: int = 0
    """The number of the first of them, from 1."""
    reason: str = ""
    """What is wrong with that one."""
    header: tuple[str, ...] = ()
    """Parts of the header that make no sense; "header" when all of it is lost."""

    def skip(self, number: int, reason: str) -> None:
        """Counts a line."""
        self.lines += 1
        if not self.first or number < self.first:
            self.first, self.reason = number, printable(reason)[:80]

    def warnings(self, path: Path, lang: str) -> list[str]:
        """What is to be said of it; nothing when the file is whole."""
        say, name, said = speaker(TEXTS, lang), printable(str(path)), []
        if self.header == LOST:
            said.append(say("header_lost", path=name))
        elif self.header:
            said.append(say("header_parts", path=name, names=", ".join(map(printable, self.header))))
        if self.lines:
            said.append(say("skipped", path=name, count=self.lines, number=self.first, reason=self.reason))
        return said


LOST = ("header",)


def read_header(path: Path, lang: str = LANGUAGES[0], damage: Damage | None = None) -> RecordsHeader:
    """The header of a records file; what is wrong with it goes into `damage`.

    UsageError, in `lang`, when the file cannot be read, is something else, or has neither a header nor a request.
    """
    say, name = speaker(TEXTS, lang), printable(str(path))
    damage = Damage() if damage is None else damage
    try:
        with path.open("rb") as file:
            first = _object(next(_lines(file), b""))
        if isinstance(schema := first.get("schema"), str) and schema != RECORDS_SCHEMA and "config" in first:
            raise UsageError(say("other_schema", path=name, schema=printable(schema)[:80], wanted=RECORDS_SCHEMA))
        if schema == RECORDS_SCHEMA:
            return _readable_header(first, path, damage)
        starts = _starts(path)
    except OSError as error:
        raise UsageError(say("unreadable", path=name, reason=error)) from error
    if not starts:
        key = "other_schema" if isinstance(schema, str) else "no_header"
        raise UsageError(say(key, path=name, schema=printable(str(schema))[:80], wanted=RECORDS_SCHEMA))
    damage.header = LOST
    return RecordsHeader(RunConfig(), _begin(starts))


def _object(line: bytes | None) -> dict[str, Any]:
    """The object that a line holds; {} when it holds none."""
    try:
        found = orjson.loads(line or b"")
    except NO_RECORD:
        return {}
    return found if isinstance(found, dict) else {}


def _readable_header(first: dict[str, Any], path: Path, damage: Damage) -> RecordsHeader:
    config, unfit = readable_config(first.get("config"))
    warnings: tuple[str, ...] = ()
    calibration: Calibration | None = None
    found = first.get("warnings")
    if isinstance(found, list) and all(isinstance(text, str) for text in found):
        warnings = tuple(found)
    else:
        unfit.append("warnings")
    try:
        calibration = calibration_of(first.get("calibration"))
    except NO_RECORD:
        unfit.append("calibration")
    begin_ns = _told_begin(first)
    if begin_ns is None:
        unfit.append("started_at_ns")
        begin_ns = _nearest_begin(first, _starts(path))
    damage.header = tuple(unfit)
    return RecordsHeader(config, begin_ns, warnings, calibration)


def _told_begin(first: dict[str, Any]) -> int | None:
    """The start of the run, which stands in the header twice; None when the two differ."""
    begin_ns, again_ns = _begin_ns(first), _iso_ns(first.get("started_at"))
    if begin_ns is None or again_ns is None or abs(begin_ns - again_ns) > NS_PER_S:
        return None
    return begin_ns


def _begin_ns(first: dict[str, Any]) -> int | None:
    try:
        return counted(first, "started_at_ns", LAST_UNIX_NS)
    except NO_RECORD:
        return None


def _iso_ns(text: object) -> int | None:
    try:
        return round(datetime.fromisoformat(str(text).replace("Z", "+00:00")).timestamp() * 1000) * NS_PER_MS
    except NO_RECORD:
        return None


def _nearest_begin(first: dict[str, Any], starts: list[int]) -> int:
    """Whichever start of the header is shortly before that of the first requests, else theirs."""
    begin_ns = _begin(starts)
    told = (_begin_ns(first), _iso_ns(first.get("started_at")))
    before = [ns for ns in told if ns is not None and begin_ns - JUMP_NS <= ns <= begin_ns]
    return min(before, default=begin_ns)


def _begin(starts: list[int]) -> int:
    """When the first of these requests began, in ns since 1970, but for times that are a day away from the others."""
    if not starts:
        return 0
    middle = statistics.median_low(starts)
    return min(start for start in starts if abs(start - middle) < AFTER_FILE_NS)


def _starts(path: Path) -> list[int]:
    """When the first requests of a file began, in ns since 1970."""
    with path.open("rb") as file:
        found = [_start_ns(line) for line in itertools.islice(_lines(file), FIRST_LINES)]
    return [start_ns for start_ns in found if start_ns is not None]


def _start_ns(line: bytes | None) -> int | None:
    try:
        return record_of(orjson.loads(line or b""), 0).started_ns
    except NO_RECORD:
        return None


def _lines(file: BinaryIO) -> Iterator[bytes | None]:
    """The lines with their ends; None for one that is too long, of which no more than that is in memory."""
    while line := file.readline(LONGEST_LINE):
        if len(line) < LONGEST_LINE or line.endswith(b"\n"):
            yield line
            continue
        while (line := file.readline(LONGEST_LINE)) and not line.endswith(b"\n"):
            pass
        yield None


OnServer = Callable[[ServerMetrics], None]
OnWorkers = Callable[[tuple[WorkerFacts, ...], int], None]


def read_records(
    path: str | Path,
    header: RecordsHeader | None = None,
    lang: str = LANGUAGES[0],
    damage: Damage | None = None,
    on_server: OnServer = lambda _found: None,
    on_workers: OnWorkers = lambda _found, _missing: None,
) -> Iterator[RequestRecord]:
    """The requests of a records file, times counted from the run's start.  `header` is read where it is not given.

    `on_server` is called with what the server said of itself, if that stands there, `on_workers` with what each machine
    did and how many requests are missing.  Other lines that are no requests
    are skipped, and counted in `damage`.  UsageError, in `lang`, when the file cannot be
    read, or is something else.
    """
    for part in read_parts(path, header, lang, damage, on_server, on_workers, many=1):
        if isinstance(part, RequestRecord):
            yield part


def read_parts(
    path: str | Path,
    header: RecordsHeader | None = None,
    lang: str = LANGUAGES[0],
    damage: Damage | None = None,
    on_server: OnServer = lambda _found: None,
    on_workers: OnWorkers = lambda _found, _missing: None,
    many: int = MANY_LINES,
) -> Iterator[RequestRecord | Rows]:
    """The same as `read_records`, up to so many requests at once where each of them is as a run writes it."""
    path, damage = Path(path), Damage() if damage is None else damage
    header = header or read_header(path, lang, damage)
    try:
        with path.open("rb", buffering=READ_BYTES) as file:
            written_ns = max(round(path.stat().st_mtime * NS_PER_S), header.started_unix_ns) + AFTER_FILE_NS
            order = _Order(header.config, written_ns - header.started_unix_ns, damage)
            lines = enumerate(_lines(file), 1)
            number_of_lines = 1  # the header by itself
            while some := list(itertools.islice(lines, number_of_lines)):
                number_of_lines = many
                rows = _plain_rows(some, header.started_unix_ns, order) if len(some) > 1 else None
                if rows is not None:
                    yield rows
                    continue
                for number, record in _numbered(some, header.started_unix_ns, damage, on_server, on_workers):
                    yield from order.admit(number, record)
            yield from order.rest()
    except OSError as error:
        reason = {"path": printable(str(path)), "reason": error}
        raise UsageError(speaker(TEXTS, lang)("unreadable", **reason)) from error


def _plain_rows(lines: Sequence[tuple[int, bytes | None]], shift_ns: int, order: _Order) -> Rows | None:
    """These lines, when all of them are requests in order as a run writes them."""
    rows = rows_in([line for _, line in lines], shift_ns)
    return rows if rows is not None and order.admits_all(rows.ends_ns()) else None


def _numbered(
    lines: Iterable[tuple[int, bytes | None]],
    shift_ns: int,
    damage: Damage,
    on_server: OnServer,
    on_workers: OnWorkers,
) -> Iterator[tuple[int, RequestRecord]]:
    """The requests with the numbers of their lines."""
    for number, line in lines:
        if number == 1 and damage.header != LOST:
            continue
        if line is not None and line.isspace():
            continue
        try:
            row = orjson.loads(line or b"")
            if (server := server_metrics_in(row)) is not None:
                on_server(server)
                continue
            if (workers := workers_in(row)) is not None:
                on_workers(*workers)
                continue
            record = record_of(row, shift_ns)
        except NO_RECORD as error:
            if number > 1:  # the header is said by itself
                damage.skip(number, "too long" if line is None else str(error))
            continue
        if record.started_ns < -NS_PER_S:
            damage.skip(number, "started_at_ns")
        else:
            yield number, record if record.started_ns >= 0 else replace(record, started_ns=0)


class _Order:
    """Takes out the requests that ended at a time that the ones around them belie, or after `last_ns`."""

    def __init__(self, config: RunConfig, last_ns: int, damage: Damage) -> None:
        self._config, self._last_ns, self._damage = config, last_ns, damage
        self._newest_ns = 0
        self._held: tuple[int, RequestRecord, int] | None = None
        """One that ended long after all before it, with the number of its line and its end."""

    def admits_all(self, ends_ns: Sequence[int]) -> bool:
        """Whether requests that ended then are all to be taken as they stand; then they are."""
        newest_ns = max(ends_ns)
        if self._held is not None or newest_ns > min(self._last_ns, self._newest_ns + JUMP_NS):
            return False
        self._newest_ns = max(self._newest_ns, newest_ns)
        return True

    def admit(self, number: int, record: RequestRecord) -> Iterator[RequestRecord]:
        """Those of which it is known now that they are to be taken, this one or the one before it."""
        end_ns = record.started_ns + record.latency_ns
        if end_ns > self._last_ns:
            self._damage.skip(number, "started_at_ns")
            return
        if self._held is not None:
            held_number, held_record, held_ns = self._held
            self._held = None
            if end_ns >= held_ns - DISORDER_NS:
                self._newest_ns = held_ns
                yield held_record
            else:
                self._damage.skip(held_number, "started_at_ns")
        if end_ns > self._newest_ns + JUMP_NS:
            self._held = number, record, end_ns
            return
        self._newest_ns = max(self._newest_ns, end_ns)
        yield record

    def rest(self) -> Iterator[RequestRecord]:
        """The last one, when it was held and the settings explain it."""
        if self._held is None:
            return
        number, record, end_ns = self._held
        if end_ns <= self._newest_ns + max(self._newest_ns, _explained_ns(self._config)):
            yield record
        else:
            self._damage.skip(number, "started_at_ns")


def _explained_ns(config: RunConfig) -> int:
    """How long after all others the last request of a run may have ended."""
    waits_s = (
        LAST_JUMP_S,
        2 * config.timeout_s * (config.retries + 1),
        config.planned_s or 0.0,
        config.think_time_max_s,
        2 / config.rate_per_s if config.rate_per_s else 0.0,
    )
    return round(max(waits_s) * NS_PER_S)
