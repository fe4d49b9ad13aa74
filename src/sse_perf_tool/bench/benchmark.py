"""Runs a whole benchmark: lanes in parallel, each with its own threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from ..records import TrustSample
from ..records.writer import LineWriter
from ..test_runner import Origin, prepare_interpreter
from ..trust.self_watch import SelfWatch, process_sources
from .cell import CellResult, CellRun, Run
from .order import Lane, lanes_of, turns_of
from .plan import Cell
from .settings import Settings

LOOK_S = 0.5
"""How often the tool looks at itself, and at the counters of the lanes."""

MOST_LANES = 8
"""Lanes that go side by side; further ones wait for one of them to end."""

GRACE_S = 5.0
"""How long running answers may go on after the first interrupt."""


class Progress(NamedTuple):
    """How far a lane is, for whoever shows it."""

    lane: int
    done: int
    """Requests that have ended."""
    total: int
    chunks: int
    """Text-bearing events since the start, of answers under way as well."""
    cell: Cell | None
    """The one under way, None before the first and after the last."""


def _ignore(*_what: object) -> None:
    """Hears nothing."""


class Hooks(NamedTuple):
    """Who hears of a benchmark while it goes on; called from any thread."""

    lane_begins: Callable[[int, str, int], None] = _ignore
    """(number of the lane, its name, how many requests it has)."""
    run_ends: Callable[[Cell, Run], None] = _ignore
    """A request has ended."""
    cell_ends: Callable[[int, CellResult], None] = _ignore
    """(place in the plan, result): all requests of a cell have ended, or it was stopped."""
    tick: Callable[[Sequence[Progress]], None] = _ignore
    """Some time has passed."""


class Benchmark:
    """One benchmark.  `open_records` gives the file of a cell (by its place in the plan), None without one.

    `stop()` may be called from a signal handler.
    """

    def __init__(
        self,
        cells: Sequence[Cell],
        settings: Settings,
        hooks: Hooks = Hooks(),  # noqa: B008 - a NamedTuple cannot change
        open_records: Callable[[int], LineWriter | None] = lambda _place: None,
    ) -> None:
        self.cells = tuple(cells)
        self.settings = settings
        self.lanes = lanes_of(cells, settings.order)
        self.origin = Origin(0, 0)
        self.stopped = threading.Event()
        self._hooks = hooks
        self._open_records = open_records
        self._running: dict[int, CellRun] = {}
        self._results: dict[int, CellResult] = {}
        self._states = [_LaneState() for _ in self.lanes]
        self._lock = threading.Lock()
        self._broken_by: BaseException | None = None
        self._watch: SelfWatch | None = None

    def run(self) -> list[CellResult]:
        """Measures all cells and gives their results in the order of the plan.  Raises what a thread died of."""
        prepare_interpreter(len(self.lanes) * self.settings.threads)
        self.origin = Origin.now()
        self._watch = SelfWatch(process_sources([self._any_socket]), self.origin.ns)
        places = threading.Semaphore(MOST_LANES)
        threads = [
            threading.Thread(target=self._run_lane, args=(number, lane, places), name=f"lane-{number}", daemon=True)
            for number, lane in enumerate(self.lanes)
        ]
        for thread in threads:
            thread.start()
        while alive := [thread for thread in threads if thread.is_alive()]:
            alive[0].join(LOOK_S)
            self._watch.look()
            self._hooks.tick(self.progress())
        self._watch.close()
        if self._broken_by is not None:
            raise self._broken_by
        return [self._results.get(place) or self.not_begun(cell) for place, cell in enumerate(self.cells)]

    def stop(self) -> None:
        """No new requests; what is running may go on for the grace and is cancelled then."""
        self.stopped.set()
        timer = threading.Timer(GRACE_S, self.cancel)
        timer.daemon = True
        timer.start()

    def cancel(self) -> None:
        """Ends every answer under way."""
        self.stopped.set()
        for cell in list(self._running.values()):
            cell.cancel()

    def progress(self) -> list[Progress]:
        """How far each lane is."""
        each = self.settings.threads * (self.settings.runs + 1)
        return [
            Progress(number, state.done, each * sum(map(len, lane.groups)), state.chunks, state.cell)
            for number, (lane, state) in enumerate(zip(self.lanes, self._states, strict=True))
        ]

    @staticmethod
    def not_begun(cell: Cell) -> CellResult:
        """The result of a cell before its first request."""
        return CellResult(cell, "skipped" if cell.skipped is not None else "waiting")

    def _run_lane(self, number: int, lane: Lane, places: threading.Semaphore) -> None:
        with places:
            try:
                total = self.settings.threads * (self.settings.runs + 1) * sum(map(len, lane.groups))
                self._hooks.lane_begins(number, lane.name, total)
                for group in lane.groups:
                    if not self.stopped.is_set():
                        self._run_group(number, group)
            except BaseException as error:
                # A lane that ends so (a full disk, a fault of ours) must not leave results that look whole.
                self._broken_by = self._broken_by or error
                self.cancel()
            finally:
                self._states[number].cell = None

    def _run_group(self, number: int, group: Sequence[int]) -> None:
        """Measures the cells of a group, whose requests alternate, with all threads of the lane."""
        state = self._states[number]
        runs = {
            place: CellRun(self.cells[place], self.settings, self._open_records(place), state.add_chunks)
            for place in group
        }
        with self._lock:
            self._running.update(runs)
        try:
            for run in runs.values():
                run.begin(self.origin)
            workers = [
                threading.Thread(target=self._work, args=(number, thread, group, runs), daemon=True)
                for thread in range(self.settings.threads)
            ]
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join()
        finally:
            for place, run in runs.items():
                run.close()
                self._end(place, run)

    def _work(self, number: int, thread: int, group: Sequence[int], runs: dict[int, CellRun]) -> None:
        state = self._states[number]
        try:
            for place, block in turns_of(group, self.settings.runs, self.settings.seed, thread):
                if self.stopped.is_set():
                    return
                state.cell = self.cells[place]
                run = runs[place].send(thread, block)
                state.add_done()
                self._hooks.run_ends(self.cells[place], run)
        except BaseException as error:
            self._broken_by = self._broken_by or error
            self.cancel()

    def _end(self, place: int, run: CellRun) -> None:
        samples: Sequence[TrustSample] = ()
        if self._watch is not None:
            self._watch.look()
            samples = tuple(self._watch.samples)
        result = run.result(samples)
        with self._lock:
            self._running.pop(place, None)
            self._results[place] = result
        self._hooks.cell_ends(place, result)

    def _any_socket(self) -> object:
        """The connection of one of the requests under way, another one at each call."""
        sockets = [socket for run in list(self._running.values()) for socket in run.sockets()]
        return sockets[time.perf_counter_ns() % len(sockets)]() if sockets else None


class _LaneState:
    """The counters of a lane, which its threads feed."""

    def __init__(self) -> None:
        self.done = 0
        self.chunks = 0
        self.cell: Cell | None = None
        self._lock = threading.Lock()

    def add_chunks(self, chunks: int) -> None:
        with self._lock:
            self.chunks += chunks

    def add_done(self) -> None:
        with self._lock:
            self.done += 1
