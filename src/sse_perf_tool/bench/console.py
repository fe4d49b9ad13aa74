"""The console output of a benchmark: a progress bar per lane, and a table at the end.  Drawn with Rich."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal, TextIO, cast

from rich.console import Console as Terminal
from rich.progress import BarColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.table import Table
from rich.text import Text

from ..console.writer import fitting, marks_of
from ..goals.thresholds import measured_text
from ..report_parts.server import figures_words
from ..texts import LANGUAGES, Say, display_width, printable, speaker
from ..units import CHUNKS_PER_S, figure, reading
from .benchmark import Hooks, Progress
from .cell import CellResult, Run
from .plan import Cell
from .results import FIGURES, Document, cell_title, difference, name_of
from .store import Listed, cells_of_both
from .wording import (
    SHOWN,
    TEXTS,
    center,
    difference_text,
    fastest_lines,
    left_out,
    ranked,
    remark_lines,
    spread,
    title_of,
    worth_showing,
)

MOST_FAILURES = 3
"""Failed requests of a cell that get a line each; the table counts all of them."""

_COLUMNS = ("provider", "model", "context", *SHOWN, "output_tokens", "ok", "trust")
_DROPPED = {"tpot_ms": 4, "output_tokens": 3, "latency_ms": 2, "context": 1}
"""The order in which a narrow terminal loses columns, the highest first."""
_NAMES = ("provider", "model")
"""Columns whose cells wrap, at words."""
_WORDS = (*_NAMES, "trust")

RATE_S = 2.0
"""Over how long the live chunks a second of a lane are counted."""


def _figures(ttft_ms: float | None, tokens_per_s: float | None, say: Say) -> str:
    return f"TTFT {figure(ttft_ms)} ms, {figure(tokens_per_s)} {say('tokens_per_s')}"


class _Spelled:
    """A stream to which marks that it lacks are written in others; all else of it is its own."""

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._marks = stream, marks_of(stream)

    def write(self, text: str) -> int:
        """As `TextIO.write`."""
        return self._stream.write(text.translate(self._marks))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class BenchConsole:
    """Writes to `stream`, in `lang`; on a terminal with bars, else a line for each cell that has ended."""

    def __init__(self, stream: TextIO, lang: str, *, color: bool, terminal: bool, verbose: bool = False) -> None:
        self.say: Say = speaker(TEXTS, lang)
        self._lang, self._column = lang, LANGUAGES.index(lang)
        self._colon = (": ", "：")[self._column]
        self.terminal = Terminal(
            file=cast("TextIO", _Spelled(stream)), no_color=not color, force_terminal=terminal, highlight=False,
            markup=False, emoji=False,
            width=None if terminal else 120, safe_box=True,
        )  # fmt: skip
        self._verbose = verbose
        self._bars = Bars(
            TextColumn("{task.fields[lane]}"),
            BarColumn(bar_width=20),
            TextColumn("{task.completed:.0f}/{task.total:.0f}"),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[cell]}"),
            console=self.terminal,
            transient=True,
            disable=not terminal,
        )
        self._tasks: dict[int, TaskID] = {}
        self._seen: dict[int, list[tuple[float, int]]] = {}
        self._failures: Counter[tuple[str, str, int]] = Counter()
        self._lock = threading.Lock()

    def __enter__(self) -> BenchConsole:
        self._bars.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._bars.stop()

    # --- while it goes on ---

    def hooks(self) -> Hooks:
        """What it hears of a benchmark."""
        return Hooks(self._lane_begins, self._run_ends, self._cell_ends, self._tick)

    def _lane_begins(self, lane: int, name: str, total: int) -> None:
        with self._lock:
            self._tasks[lane] = self._bars.add_task("", total=total, lane=printable(name, 24), cell="", rate="")

    def _run_ends(self, cell: Cell, run: Run) -> None:
        failures = self._failures[cell.name] = self._failures[cell.name] + int(not run.ok)
        if self._verbose or (not run.ok and failures <= MOST_FAILURES):
            figures = _figures(run.ttft_ms, run.tokens_per_s, self.say) if run.ok else run.error or ""
            line = f"  {printable(cell_title(cell), 60)} #{run.number}: {run.outcome} {printable(figures, 200)}"
            self._bars.console.print(Text(line, style="" if run.ok else "red"))

    def _cell_ends(self, _place: int, result: CellResult) -> None:
        if not self.terminal.is_terminal and result.result is not None:
            metrics = result.result.summary.metrics
            figures = _figures(metrics["ttft_ms"].p50, metrics["tokens_per_s"].p50, self.say)
            ok = f"{result.result.summary.ok}/{result.result.summary.sent}"
            self._bars.console.print(Text(f"  {printable(cell_title(result.cell), 80)}: {figures}, {ok}"))

    def _tick(self, lanes: Sequence[Progress]) -> None:
        now = time.monotonic()
        for each in lanes:
            if each.lane in self._tasks:
                seen = self._seen.setdefault(each.lane, [])
                seen.append((now, each.chunks))
                while len(seen) > 2 and now - seen[0][0] > RATE_S:
                    seen.pop(0)
                past_s, chunks = now - seen[0][0], each.chunks - seen[0][1]
                rate = f"{chunks / past_s:,.0f} {CHUNKS_PER_S[self._column]}" if past_s > 0 else ""
                cell = printable(each.cell.model, 32) if each.cell else ""
                self._bars.update(self._tasks[each.lane], completed=each.done, rate=rate, cell=cell)

    # --- before and after ---

    def start(self, cells: Sequence[Cell], document: Document) -> None:
        """What is about to be sent."""
        say, settings = self.say, document["settings"]
        self._line(say("title"), bold=True)
        measured = [cell for cell in cells if cell.skipped is None]
        requests = len(measured) * settings["threads"] * (settings["runs"] + 1)
        per_cell = settings["threads"] * (settings["runs"] + 1)
        tokens = sum(per_cell * (cell.endpoint.wish.max_tokens or 0) for cell in measured)
        work = say("will_send", cells=len(measured), requests=f"{requests:,}", tokens=f"{tokens:,}")
        self._line(f"  {say('work')}{self._colon}{work}")
        self._line(f"  {say('order')}{self._colon}{say('order_' + settings['order'], seed=settings['seed'])}")
        if document["prompt"]:
            self._line(f"  {say('prompt')}{self._colon}{printable(document['prompt'], 70)}")

    def plan(self, cells: Sequence[Cell]) -> None:
        """Each cell with its address, its format and where its key comes from; nothing is sent."""
        table = self._table(self.say("provider"), self.say("model"), self.say("context"), "URL", "format", "")
        for cell in cells:
            table.add_row(
                cell.provider, cell.model, str(cell.context_tokens), cell.url, cell.format, cell.skipped or ""
            )
        self.terminal.print(table)

    def result(self, document: Document) -> None:
        """The table, who is fastest, what differs, what was left out, what to keep in mind."""
        say, cells = self.say, document["cells"]
        self._figures(ranked(cells))
        for cell in ranked(cells):
            if told := cell.get("server"):
                words = figures_words(told)[self._column]
                self._line(f"  {printable(title_of(cell), 80)}: {words}")
        self._block(say("fastest"), fastest_lines(document, say))
        if document["settings"]["order"] == "interleaved":
            self._differences(document)
        self._block(say("skipped"), (f"{name}{self._colon}{why}" for name, why in left_out(cells, say)))
        self._block(say("remarks"), remark_lines(document, say))
        self._thresholds(document)

    def _figures(self, cells: Sequence[Document]) -> None:
        """The table: on a narrow terminal without ranges, then without the columns that say least."""
        if not cells:
            return
        say, room = self.say, self.terminal.width - 1
        for key in ("median_range", "median_only"):
            rows = [self._row(cell, ranges=key == "median_range") for cell in cells]
            widths = [
                max(display_width(text) for text in (say(name), *(row[at] for row in rows))) + 1
                for at, name in enumerate(_COLUMNS)
            ]
            shown = fitting(widths, [_DROPPED.get(name, 0) for name in _COLUMNS], room)
            if len(shown) == len(_COLUMNS):
                break
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
        for at in shown:
            name = _COLUMNS[at]
            justify: Literal["left", "right"] = "left" if name in _WORDS else "right"
            table.add_column(Text(say(name)), justify=justify, no_wrap=name not in _NAMES, overflow="fold")
        for row in rows:
            table.add_row(*(Text(row[at]) for at in shown))
        self.terminal.print(table)
        self._line(f"  {say('notes', figures=say(key), cold=say('cold_note'))}", dim=True)

    def _row(self, cell: Document, *, ranges: bool) -> list[str]:
        verdict = (cell["trust"] or {}).get("verdict")
        tokens = cell["tokens"]["output_median"]
        return [
            printable(cell["provider"], 24),
            printable(cell["model"], 40),
            str(cell["context_tokens"]),
            *(spread(cell["metrics"], name) if ranges else figure(center(cell["metrics"], name)) for name in SHOWN),
            reading(tokens),
            f"{cell['requests']['ok']}/{cell['requests']['sent']}",
            self.say(verdict) if verdict in TEXTS else "–",
        ]

    def _differences(self, document: Document) -> None:
        titles = {tuple(name_of(cell)): title_of(cell) for cell in document["cells"]}
        for reference in dict.fromkeys(tuple(row["reference"]) for row in document["comparisons"]):
            rows = [row for row in worth_showing(document) if tuple(row["reference"]) == reference]
            lines = (
                f"{titles[tuple(row['other'])]}, {self.say(row['figure'])}{self._colon}{difference_text(row, self.say)}"
                for row in rows
            )
            self._block(self.say("differences", cell=titles[reference]), lines)

    def _thresholds(self, document: Document) -> None:
        rows = document.get("thresholds", ())
        titles = {tuple(name_of(cell)): title_of(cell) for cell in document["cells"]}
        if rows:
            self._line(self.say("goals"), bold=True)
        for row in rows:
            mark, style = ("✓", "green") if row["ok"] else ("✗", "red")
            name = titles[tuple(row["cell"])]
            value = measured_text(row["rule"], row["value"], self._lang)
            text = f"  {mark} {row['rule']}  {value} {row['note']}  {name}"
            self.terminal.print(Text(text.rstrip(), style=style))

    def history(self, results: Sequence[Listed]) -> None:
        """A row for each earlier result."""
        table = self._table("id", "", self.say("model"), self.say("ttft_ms"), self.say("tokens_per_s"))
        for each in results:
            if each.document is None:
                table.add_row(Text(each.id), Text(printable(each.problem, 80), style="red"))
                continue
            for at, cell in enumerate(ranked(each.document["cells"])[:3]):
                first = (each.id, each.document["state"]) if not at else ("", "")
                figures = (figure(center(cell["metrics"], name)) for name in ("ttft_ms", "tokens_per_s"))
                table.add_row(*map(Text, (*first, title_of(cell), *figures)))
        self.terminal.print(table)

    def comparison(self, older: Document, newer: Document) -> None:
        """The cells that stand in both results, side by side."""
        table = self._table(self.say("model"), "", older["id"], newer["id"], "")
        for before, after in cells_of_both(older, newer):
            for name in (each.field for each in FIGURES if each.field in SHOWN):
                found = difference(before, after, name, paired=False)
                values = [figure(center(cell["metrics"], name)) for cell in (before, after)]
                row: dict[str, Any] = {"shift": found.shift, "low": found.low, "high": found.high, "shown": found.shown}
                said = difference_text(row, self.say) if found.shift is not None else ""
                title = title_of(after) if name == SHOWN[0] else ""
                table.add_row(*map(Text, (title, self.say(name), *values, said)))
        self.terminal.print(table)

    def written(self, label: str, path: object) -> None:
        """A file that was written."""
        self._line(f"  {label:<16}  {path}")

    def warn(self, text: str) -> None:
        """A warning."""
        self.terminal.print(Text(printable(text, 600), style="yellow"))

    def _block(self, heading: str, lines: Any) -> None:
        found = list(lines)
        if found:
            self._line(heading, bold=True)
        for line in found:
            self._line(f"  {line}")

    def _line(self, text: str, *, bold: bool = False, dim: bool = False) -> None:
        self.terminal.print(Text(text, style="bold" if bold else "dim" if dim else ""))

    def _table(self, *heads: str, right: range = range(0)) -> Table:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
        for at, head in enumerate(heads):
            table.add_column(Text(head), justify="right" if at in right else "left", overflow="fold")
        return table
