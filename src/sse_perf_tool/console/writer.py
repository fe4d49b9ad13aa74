"""Lines on a terminal, in a pipe or in a CI log."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import repeat
from typing import TextIO

from ..texts import LANGUAGES, Texts, clip, pad, speaker, together

TEXTS: Texts = {
    "warning": ("warning: {text}", "警告：{text}"),
}


FACT_COLUMNS = 20
"""The column in which the values of facts begin."""

TABLE_WIDTH = 80
"""Columns that a table takes at most, whatever the names in it."""

GREEN, RED, YELLOW, BOLD, DIM = "32", "31", "33", "1", "2"


class Writer:
    """Writes to `stream`, in `lang`, with colours when `color`; `terminal` also gets a line that is written over.

    `texts` are those that can be said by their key.
    """

    def __init__(
        self,
        stream: TextIO,
        lang: str,
        texts: Texts,
        *,
        color: bool = False,
        terminal: bool = False,
        columns: int = 80,
    ) -> None:
        self.say = speaker(together(TEXTS, texts), lang)
        self.lang = lang
        self.column = LANGUAGES.index(lang)
        """The index of the text in its language."""
        self._stream = stream
        self._color = color
        self._terminal = terminal
        self._columns = columns
        self.room = min(60, max(20, columns - FACT_COLUMNS))
        """The width available for the value of a fact."""
        self._progress_shown = False
        self._gap_shown = True  # nothing stands above
        self._gone = False

    def paint(self, text: str, code: str) -> str:
        """`text` in a colour, where colours are wanted."""
        return f"\x1b[{code}m{text}\x1b[0m" if self._color else text

    def _write(self, text: str) -> None:
        if self._gone:
            return
        try:
            self._stream.write(text)
            self._stream.flush()
        except BrokenPipeError:
            self._gone = True  # the reader (head, a pager) has seen enough; the run and its files go on

    def line(self, text: str = "") -> None:
        """One line, in place of the progress line if there is one."""
        self._write(("\r\x1b[K" if self._progress_shown else "") + text + "\n")
        self._progress_shown, self._gap_shown = False, not text

    def gap(self) -> None:
        """An empty line, unless there is one already."""
        if not self._gap_shown:
            self.line()

    def progress(self, text: str) -> None:
        """A line that the next one is written over, on a terminal; nothing elsewhere."""
        if self._terminal:
            self._write("\r\x1b[K" + self.paint(clip(text, self._columns - 1), DIM))
            self._progress_shown = True

    def bold(self, text: str) -> None:
        """A line that stands out."""
        self.line(self.paint(text, BOLD))

    def heading(self, key: str, **values: object) -> None:
        """A text as a line that stands out."""
        self.bold(self.say(key, **values))

    def fact(self, name: str, value: str) -> None:
        """A name and behind it, in a column of its own, a value."""
        self.line(pad(f"  {name}", FACT_COLUMNS - 2) + f"  {value}")

    def facts(self, facts: Iterable[tuple[str, str | None]]) -> None:
        """Facts whose names are said by key, without those that are None."""
        for key, value in facts:
            if value is not None:
                self.fact(self.say(key), value)

    def warn(self, text: str) -> None:
        """A warning, in yellow."""
        self.line(self.paint(self.say("warning", text=text), YELLOW))


def in_columns(cells: Iterable[str], widths: Iterable[int], aligns: str | None = None) -> str:
    """A row of a table; `aligns` has "<" (left) or ">" (right) for each cell, which is right when it is not given."""
    return " ".join(map(pad, cells, widths, aligns or repeat(">")))
