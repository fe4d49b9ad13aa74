"""What a benchmark does, told to a studio as it goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any

from ..bench.benchmark import Hooks, Progress
from ..bench.cell import CellResult, Run
from ..bench.order import lanes_of
from ..bench.plan import Cell
from ..bench.results import Document, cell_document
from ..bench.settings import Settings
from .feed import Feed


class BenchFeed:
    """Is told what a `BenchConsole` is told, and tells the studio."""

    def __init__(self, feed: Feed, settings: Settings) -> None:
        self.result_id = ""
        self._feed, self._order = feed, settings.order
        self._each = settings.threads * (settings.runs + 1)
        self._places: dict[tuple[str, str, int], int] = {}
        self._lane_of: dict[int, int] = {}
        self._ticked = (0.0, dict[int, int]())

    def __enter__(self) -> BenchFeed:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to be left in order."""

    def start(self, cells: Sequence[Cell], document: Document) -> None:
        """Before the first request."""
        self.result_id = document["id"]
        self._places = {cell.name: place for place, cell in enumerate(cells)}
        lanes = lanes_of(cells, self._order)
        self._lane_of = {place: number for number, lane in enumerate(lanes) for group in lane.groups for place in group}
        shown = [{"name": lane.name, "requests": self._each * sum(map(len, lane.groups))} for lane in lanes]
        self._feed.tell(
            "plan",
            cells=[cell.row for cell in cells],
            lanes=shown,
            runs=document["settings"]["runs"],
            threads=document["settings"]["threads"],
            result_id=self.result_id or None,
            total=sum(lane["requests"] for lane in shown),
            cells_measured=len(self._lane_of),
        )

    def hooks(self) -> Hooks:
        """Who is told while it goes on."""
        return Hooks(self._lane_begins, self._run_ends, self._cell_ends, self._tick)

    def result(self, _document: Document) -> None:
        """The end, which the file has."""

    def written(self, _label: str, _path: object) -> None:
        """The files are where the studio looks for them."""

    def warn(self, text: str) -> None:
        """Something to be said."""
        self._feed.tell("warning", text=text)

    def _lane_begins(self, number: int, name: str, total: int) -> None:
        self._feed.tell("lane", lane=number, name=name, total=total)

    def _run_ends(self, cell: Cell, run: Run) -> None:
        place = self._places[cell.name]
        self._feed.tell(
            "run",
            cell=place,
            lane=self._lane_of[place],
            thread=run.thread,
            number=run.number,
            cold=run.cold,
            outcome=run.outcome,
            error=run.error,
            ttft_ms=run.ttft_ms,
            tokens_per_s=run.tokens_per_s,
            latency_ms=run.latency_ms,
            output_tokens=run.output_tokens,
        )

    def _cell_ends(self, place: int, result: CellResult) -> None:
        document: dict[str, Any] = {name: value for name, value in cell_document(result).items() if name != "runs"}
        self._feed.tell("cell", cell=place, document=document)

    def _tick(self, lanes: Sequence[Progress]) -> None:
        now_s, (before_s, chunks) = time.monotonic(), self._ticked
        passed_s = now_s - before_s
        self._ticked = now_s, {lane.lane: lane.chunks for lane in lanes}
        self._feed.tell(
            "tick",
            lanes=[
                {
                    "lane": lane.lane,
                    "done": lane.done,
                    "total": lane.total,
                    "cell": None if lane.cell is None else self._places[lane.cell.name],
                    "chunks_per_s": round((lane.chunks - chunks.get(lane.lane, 0)) / passed_s, 1) if chunks else 0.0,
                }
                for lane in lanes
            ],
        )


class Both:
    """Two consoles that are told the same."""

    def __init__(self, *consoles: Any) -> None:
        self._consoles = consoles

    def __enter__(self) -> Both:
        for console in self._consoles:
            console.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for console in self._consoles:
            console.__exit__(kind, error, trace)

    def start(self, cells: Sequence[Cell], document: Document) -> None:
        """Before the first request."""
        for console in self._consoles:
            console.start(cells, document)

    def hooks(self) -> Hooks:
        """Who is told while it goes on."""
        ways = zip(*(console.hooks() for console in self._consoles), strict=True)
        return Hooks(*map(_one_after_another, ways))

    def result(self, document: Document) -> None:
        """The end."""
        for console in self._consoles:
            console.result(document)

    def written(self, label: str, path: object) -> None:
        """A file was written."""
        for console in self._consoles:
            console.written(label, path)

    def warn(self, text: str) -> None:
        """Something to be said."""
        for console in self._consoles:
            console.warn(text)


def _one_after_another(hooks: Sequence[Callable[..., None]]) -> Callable[..., None]:
    def told(*what: Any) -> None:
        for hook in hooks:
            hook(*what)

    return told
