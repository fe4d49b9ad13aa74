"""The rows of all results in SQLite, beside the files: for filters, order and pages.

Whether it is up to date is told by the names, times and sizes of the files, which are looked at before each page.
What has changed is read again: the newest at once, many others by a thread, so that the first page does not wait for
thousands.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from ..contract.results import Head
from .finding import Found, found_in
from .heads import NoResult, head_of

AT_ONCE = 60
"""So many files are read before an answer."""
FRESH_S = 0.5
"""The folders are not looked at more often."""
VERSION = 2
"""Of the rows; an index of another one is made anew."""

_TABLE = """
CREATE TABLE IF NOT EXISTS results (
    id TEXT PRIMARY KEY, folder TEXT, stem TEXT, ours INTEGER, endings TEXT, stamp TEXT,
    kind TEXT, state TEXT, started_at TEXT, words TEXT, providers TEXT, models TEXT, head TEXT
);
CREATE INDEX IF NOT EXISTS by_time ON results (started_at DESC, id DESC);
"""


class Wanted(NamedTuple):
    """What a page of the list has to have; "" is anything."""

    text: str = ""
    provider: str = ""
    model: str = ""
    kind: str = ""
    state: str = ""
    ids: tuple[str, ...] = ()
    """Results that have the text in their label or note."""


class Page(NamedTuple):
    """A page of rows."""

    heads: list[Head]
    next: str | None
    total: int
    matching: int


class Index:
    """The index of a folder of results and of the folders that are watched."""

    def __init__(self, path: Path, results: Path, watched: Sequence[Path] = ()) -> None:
        self._path, self._results, self._watched = path, results, tuple(watched)
        self._lock = threading.Lock()
        self._looked_s = 0.0
        self._database: sqlite3.Connection | None = None
        self._filler: threading.Thread | None = None
        self._unread = 0

    def page(self, wanted: Wanted, limit: int, before: str, state_of: Callable[[Head], Head]) -> Page:
        """The rows behind the cursor `before`, the newest first."""
        with self._lock:
            self._look()
            where, values = _conditions(wanted)
            matching = self._rows(f"SELECT count(*) FROM results WHERE {where}", values)[0][0]  # noqa: S608 - own text
            if before:
                started_at, _, result_id = before.rpartition("~")
                where += " AND (started_at, id) < (?, ?)"
                values = [*values, started_at, result_id]
            rows = self._rows(
                f"SELECT head FROM results WHERE {where} ORDER BY started_at DESC, id DESC LIMIT ?",  # noqa: S608
                [*values, limit + 1],
            )
            total = int(self._rows("SELECT count(*) FROM results WHERE kind != ''", [])[0][0]) + self._unread
        heads = [state_of(Head.model_validate_json(row[0])) for row in rows[:limit]]
        last = heads[-1] if len(rows) > limit else None
        return Page(heads, None if last is None else f"{last.started_at}~{last.id}", total, int(matching))

    def get(self, result_id: str) -> tuple[Found, Head] | None:
        """The files of a result and its row."""
        with self._lock:
            self._look()
            rows = self._rows(
                "SELECT id, folder, stem, ours, stamp, endings, head FROM results WHERE id = ?", [result_id]
            )
        if not rows:
            return None
        name, folder, stem, ours, stamp, endings, head = rows[0]
        found = Found(name, Path(folder), stem, bool(ours), stamp, tuple(json.loads(endings)))
        return found, Head.model_validate_json(head)

    def changed(self) -> None:
        """Something was written or deleted: the folders are looked at before the next page."""
        self._looked_s = 0.0

    def wait(self) -> None:
        """Until all that was found is read."""
        if self._filler is not None:
            self._filler.join()

    def close(self) -> None:
        """Nobody asks any more."""
        with self._lock:
            if self._database is not None:
                self._database.close()
                self._database = None

    def _look(self) -> None:
        if time.monotonic() - self._looked_s < FRESH_S and self._database is not None:
            return
        found = {each.id: each for each in found_in(self._results, self._watched)}
        known = {row[0]: row[1] for row in self._rows("SELECT id, stamp FROM results", [])}
        gone = known.keys() - found.keys()
        stale = [each for name, each in found.items() if known.get(name) != each.stamp]
        # Names of results begin with the kind and hold the time, so the last of each kind are the newest.
        stale.sort(key=lambda each: each.stem.partition("_")[2] or each.stem, reverse=True)
        self._write(stale[:AT_ONCE], gone)
        self._unread = max(0, len(stale) - AT_ONCE)
        self._looked_s = time.monotonic()
        if len(stale) > AT_ONCE and (self._filler is None or not self._filler.is_alive()):
            self._filler = threading.Thread(target=self._fill, args=(stale[AT_ONCE:],), daemon=True)
            self._filler.start()

    def _fill(self, stale: Sequence[Found]) -> None:
        for at in range(0, len(stale), AT_ONCE):
            rows = [_row_of(each) for each in stale[at : at + AT_ONCE]]
            with self._lock:
                if self._database is None:
                    return
                self._put(rows, ())

    def _write(self, stale: Iterable[Found], gone: Iterable[str]) -> None:
        self._put([_row_of(each) for each in stale], gone)

    def _put(self, rows: Sequence[tuple[object, ...]], gone: Iterable[str]) -> None:
        database = self._open()
        with database:
            database.executemany("DELETE FROM results WHERE id = ?", [(name,) for name in gone])
            database.executemany(f"INSERT OR REPLACE INTO results VALUES ({', '.join('?' * 13)})", rows)  # noqa: S608

    def _rows(self, sql: str, values: Sequence[object]) -> list[tuple[str, ...]]:
        return self._open().execute(sql, list(values)).fetchall()

    def _open(self) -> sqlite3.Connection:
        if self._database is None:
            try:
                self._database = self._opened(str(self._path))
            except (sqlite3.Error, OSError):
                self._path.unlink(missing_ok=True)  # damaged, or of before: the files are the truth
                try:
                    self._database = self._opened(str(self._path))
                except (sqlite3.Error, OSError):
                    self._database = self._opened(":memory:")  # a folder that takes no file
        return self._database

    def _opened(self, name: str) -> sqlite3.Connection:
        if name != ":memory:":
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        database = sqlite3.connect(name, check_same_thread=False)
        try:
            if database.execute("PRAGMA user_version").fetchone()[0] not in (0, VERSION):
                raise sqlite3.DatabaseError("of another version")
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = OFF")  # it can be made again
            database.execute(f"PRAGMA user_version = {VERSION}")
            database.executescript(_TABLE)
            database.execute("SELECT count(*), max(head) FROM results").fetchone()
        except sqlite3.Error:
            database.close()
            raise
        return database


def _row_of(found: Found) -> tuple[object, ...]:
    common = (found.id, str(found.folder), found.stem, int(found.ours), json.dumps(found.endings), found.stamp)
    try:
        head = head_of(found)
    except NoResult:
        return (*common, "", "", "", "", "", "", "")
    words = " ".join([head.file, head.kind, head.state, *head.providers, *head.models, head.started_at])
    providers, models = ("\n".join(names).lower() for names in (head.providers, head.models))
    return (*common, head.kind, head.state, head.started_at, words.lower(), providers, models, head.model_dump_json())


def _conditions(wanted: Wanted) -> tuple[str, list[object]]:
    where, values = ["kind != ''"], list[object]()
    for word in wanted.text.lower().split():
        marks = ", ".join("?" * len(wanted.ids))
        where.append(f"(instr(words, ?) > 0 OR id IN ({marks}))")
        values += [word, *wanted.ids]
    for column, text in (("providers", wanted.provider), ("models", wanted.model)):
        if text:
            where.append(f"instr({column}, ?) > 0")
            values.append(text.lower())
    for column, text in (("kind", wanted.kind), ("state", wanted.state)):
        if text:
            where.append(f"{column} = ?")
            values.append(text)
    return " AND ".join(where), values
