"""Lines on a terminal, in a pipe or in a CI log.

Rich knows terminals: it wraps at words, draws tables with columns as wide as their cells (a Chinese character takes
two), and leaves colours out where they are not wanted.  On a terminal a table drops the columns that say least before
it breaks one; in a pipe nothing is wrapped or dropped, as programs read it line by line.  A mark that the encoding of
the stream lacks is written in ASCII.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat
from typing import NamedTuple, TextIO

from rich.console import Console as Terminal
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ..texts import LANGUAGES, Texts, can_show, display_width, pad, speaker, together

TEXTS: Texts = {
    "warning": ("warning: {text}", "警告：{text}"),
}


FACT_COLUMNS = 20
"""The column in which the values of facts begin."""

TABLE_WIDTH = 80
"""Columns that a table takes at most, whatever the names in it."""

BAR_COLUMNS = 20
SOON_S = 0.4

PIPE_WIDTH = 10_000
"""Nothing is as wide: in a pipe no line is wrapped."""

GREEN, RED, YELLOW, BOLD, DIM = "32", "31", "33", "1", "2"

ASCII_MARKS = {
    "✓": "+", "✗": "x", "…": "...", "±": "+-", "–": "-", "—": "-", "→": "->", "×": "x", "·": ".", "µ": "u", "≥": ">=",
    "≤": "<=", "−": "-", "•": "*", "“": '"', "”": '"', "’": "'", "━": "=", "╸": " ", "╺": " ",
}  # fmt: skip
"""What stands for a character that the encoding of a stream lacks; any other is a question mark there."""


def marks_of(stream: TextIO) -> dict[int, str]:
    """What `str.translate` takes to write the marks that this stream lacks in others."""
    return str.maketrans({mark: text for mark, text in ASCII_MARKS.items() if not can_show(mark, stream)})


class Column(NamedTuple):
    """One column of a table."""

    head: str
    align: str = ">"
    width: int = 0
    """At least so many columns of the terminal."""
    drop: int = 0
    """From the highest number on, columns are dropped that do not fit; 0 stays."""


class _Nowhere(io.StringIO):
    """What Rich takes for its file: all of its text is captured.

    It would flush the stream itself, and end the process when whoever reads that has gone.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._encoding: str = getattr(stream, "encoding", None) or "utf-8"

    @property
    def encoding(self) -> str:  # type: ignore[override]  # typeshed has a variable
        """That of the stream: Rich asks it which characters there are."""
        return self._encoding


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
        self.terminal = terminal
        self.width = columns if terminal else PIPE_WIDTH
        self._stream = stream
        self._marks = marks_of(stream)
        self._rich = Terminal(
            file=_Nowhere(stream),
            width=self.width,
            height=25,
            force_terminal=terminal,
            color_system="standard" if color else None,
            no_color=False,
            legacy_windows=False,
            highlight=False,
            markup=False,
            emoji=False,
            _environ={},  # what the variables say of colours and widths is in the arguments already
        )
        self._facts_at = min(FACT_COLUMNS, max(8, self.width // 3))
        self.room = min(60, max(20, columns - self._facts_at))
        """The width available for the value of a fact."""
        self._lock = threading.Lock()
        self._pending: threading.Timer | None = None
        self._progress_shown = False
        self._gap_shown = True  # nothing stands above
        self._gone = False

    def paint(self, text: str, code: str) -> str:
        """`text` in a colour, where colours are wanted."""
        return f"\x1b[{code}m{text}\x1b[0m"

    def soon(self, text: str) -> None:
        """A line that is written over, as `progress`, unless the next comes at once: quick work is not said."""
        self._forget()
        if self.terminal:
            timer = threading.Timer(SOON_S, self._say_if, [text])
            timer.daemon = True
            self._pending = timer
            timer.start()

    def _say_if(self, text: str) -> None:
        with self._lock:
            if self._pending is threading.current_thread():
                self._pending = None
                self.progress(text)

    def _forget(self) -> None:
        with self._lock:
            if self._pending is not None:
                self._pending.cancel()
                self._pending = None

    def _write(self, text: str) -> None:
        if self._gone:
            return
        try:
            self._stream.write(self._can_be_shown(text))
            self._stream.flush()
        except BrokenPipeError:
            self._gone = True  # the reader (head, a pager) has seen enough; the run and its files go on

    def _can_be_shown(self, text: str) -> str:
        """The same with the marks that this stream has: before it is laid out, as they may be longer."""
        return text.translate(self._marks) if self._marks else text

    def _rendered(self, text: Text) -> str:
        with self._rich.capture() as captured:
            self._rich.print(text, soft_wrap=True, end="")
        return captured.get()

    def _wrapped(self, text: Text, hang: int) -> Iterable[Text]:
        """The lines of a text on this terminal; those behind the first begin at column `hang`."""
        if text.cell_len <= self.width or self.width - hang < 10:
            return [text]
        first, rest = text.divide([_index_at(text.plain, hang)])
        lines = rest.wrap(self._rich, self.width - hang)
        for line in lines:
            line.rstrip()
        return [text[: len(first) + len(lines[0])], *(Text(" " * hang) + line for line in lines[1:])]

    def line(self, text: str | Text = "", hang: int | None = None) -> None:
        """One line, in place of the progress line if there is one; wrapped lines of it begin at column `hang`."""
        self._forget()
        text = self._can_be_shown(text) if isinstance(text, str) else text
        plain = isinstance(text, str) and "\x1b" not in text
        if isinstance(text, str) and plain and display_width(text) <= self.width:
            shown = text
        else:
            styled = Text.from_ansi(text) if isinstance(text, str) else text
            styled.end = ""
            if hang is None:
                hang = _indent_of(styled.plain)
            shown = "\n".join(map(self._rendered, self._wrapped(styled, hang)))
        self._write(("\r\x1b[K" if self._progress_shown else "") + shown + "\n")
        self._progress_shown, self._gap_shown = False, not text

    def gap(self) -> None:
        """An empty line, unless there is one already."""
        if not self._gap_shown:
            self.line()

    def progress(self, text: str, share: float | None = None) -> None:
        """A line that the next one is written over, on a terminal; nothing elsewhere.

        With a bar before it when it is known which share of the whole is done; where it would cut the text, a number.
        """
        if not self.terminal:
            return
        shown = Text(text, style="dim", no_wrap=True, overflow="ellipsis", end="")
        if share is not None and self.width > 2 * BAR_COLUMNS:
            done = f"{min(1.0, share) * 100:3.0f} %"
            drawn = Text.assemble(self._bar(min(1.0, share)), f" {done}")
            fits = drawn.cell_len + 2 + shown.cell_len < self.width
            shown = Text.assemble(drawn if fits else done, "  ", shown)
        shown.truncate(self.width - 1, overflow="ellipsis")
        self._write("\r\x1b[K" + self._rendered(shown))
        self._progress_shown = True

    def done(self) -> None:
        """The line that is written over goes away."""
        self._forget()
        if self._progress_shown:
            self._write("\r\x1b[K")
            self._progress_shown = False

    def _bar(self, share: float) -> Text:
        bar = ProgressBar(
            total=1.0,
            completed=share,
            width=BAR_COLUMNS,
            style="bright_black",
            complete_style="green",  # Rich's own is red, but nothing is wrong
            finished_style="green",
        )
        pieces = self._rich.render(bar, self._rich.options.update(width=BAR_COLUMNS))
        drawn = Text.assemble(*((each.text, each.style or "") for each in pieces))
        drawn.pad_right(BAR_COLUMNS - drawn.cell_len)  # without colours the rest of it is not drawn
        return drawn

    def bold(self, text: str) -> None:
        """A line that stands out."""
        self.line(self.paint(text, BOLD))

    def heading(self, key: str, **values: object) -> None:
        """A text as a line that stands out."""
        self.bold(self.say(key, **values))

    def fact(self, name: str, value: str) -> None:
        """A name and behind it, in a column of its own, a value."""
        self.line(pad(f"  {name}", self._facts_at - 2) + f"  {value}", hang=self._facts_at)

    def facts(self, facts: Iterable[tuple[str, str | None]]) -> None:
        """Facts whose names are said by key, without those that are None."""
        for key, value in facts:
            if value is not None:
                self.fact(self.say(key), value)

    def warn(self, text: str) -> None:
        """A warning, in yellow."""
        self.line(self.paint(self.say("warning", text=text), YELLOW), hang=2)

    def table(self, columns: Sequence[Column], rows: Sequence[Sequence[str]], indent: int = 2) -> None:
        """A table with its heads; on a terminal without the columns that do not fit, in the order of `Column.drop`."""
        cells = [[Text.from_ansi(self._can_be_shown(cell)) for cell in row] for row in rows]
        heads = [self._can_be_shown(each.head) for each in columns]
        widths = [
            max(each.width, display_width(heads[at]), *(row[at].cell_len for row in cells), 1)
            for at, each in enumerate(columns)
        ]
        shown = fitting(widths, [each.drop for each in columns], self.width - indent)
        spare = self.width - indent - sum(widths[at] + 1 for at in shown) + 1
        if spare < 0:
            widths[shown[0]] = max(8, widths[shown[0]] + spare)
        table = Table(box=None, show_header=False, padding=(0, 1, 0, 0), pad_edge=False)
        for at in shown:
            justify = "right" if columns[at].align == ">" else "left"
            table.add_column(width=widths[at], justify=justify, overflow="fold")  # type: ignore[arg-type]
        table.add_row(*(Text(heads[at]) for at in shown), style="bold")
        for row in cells:
            table.add_row(*(row[at] for at in shown))
        options = self._rich.options.update(width=max(self.width, 20))
        for segments in self._rich.render_lines(table, options, pad=False):
            line = Text.assemble(" " * indent, *((each.text, each.style or "") for each in segments))
            line.rstrip()
            self.line(line)


def fitting(widths: Sequence[int], drops: Sequence[int], room: int) -> list[int]:
    """The columns that fit into `room` with a space between them: without those of the highest `drops` first."""
    shown = list(range(len(widths)))
    while sum(widths[at] + 1 for at in shown) - 1 > room and any(drops[at] for at in shown):
        shown.remove(max(shown, key=lambda at: drops[at]))
    return shown


def shown_columns(columns: Mapping[str, int], drop_first: Sequence[str], room: int) -> dict[str, int]:
    """Those of `columns` (name -> width) that fit into `room`, for tables that grow row by row."""
    names = list(columns)
    drops = [len(drop_first) - drop_first.index(name) if name in drop_first else 0 for name in names]
    return {names[at]: columns[names[at]] for at in fitting(list(columns.values()), drops, room)}


def in_columns(cells: Iterable[str], widths: Iterable[int], aligns: str | None = None) -> str:
    """A row of a table; `aligns` has "<" (left) or ">" (right) for each cell, which is right when it is not given."""
    return " ".join(map(pad, cells, widths, aligns or repeat(">")))


def _indent_of(text: str) -> int:
    """Where the lines of a text that is wrapped go on: below its first word, behind the dash of a list."""
    begin = text.lstrip()
    return min(24, len(text) - len(begin) + (2 if begin.startswith("- ") else 0))


def _index_at(text: str, width: int) -> int:
    """How many characters of a text take `width` columns."""
    taken = 0
    for index, character in enumerate(text):
        if taken >= width:
            return index
        taken += display_width(character)
    return len(text)
