"""A run divided over processes: each child runs a share of the threads, the parent adds up their counters and tallies.

One Python process computes on one core, however many threads it has.  A child runs a `ThreadGroup` and talks to the
parent over a pipe: it sends its counters four times a second and its tally at the end, and receives the commands to
start, stop and cancel.  Each child writes its request lines straight to the records file, one write per line; one
that cannot any more says so and goes on.
"""

from __future__ import annotations

import atexit
import contextlib
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from weakref import WeakSet

from ..goals.thresholds import slos_of
from ..metrics import Tally
from ..pace.division import Share, shares_of
from ..records import RunConfig
from ..records.writer import LineWriter
from ..request.target import Target
from ..test_runner import Origin, SharedStats, Snapshot, ThreadGroup, new_shared_stats, snapshot

STOPPING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""What would end a child, and is for the parent to decide."""

REPORT_S = 0.25
"""The interval at which a child sends its counters."""


@dataclass(slots=True)
class _Child:
    """One child process and the last counters that it sent."""

    process: Any
    pipe: Connection
    counters: Snapshot = Snapshot(*[0] * len(Snapshot._fields))  # noqa: RUF009 - a NamedTuple cannot change
    outcomes: dict[str, int] | None = None


class ProcessGroup:
    """The interface of `ThreadGroup` over `config.processes` processes; `stats` and `after_id` as there.

    `lost` has the number of each process that ended too early, and how it ended.
    """

    def __init__(
        self,
        target: Target,
        config: RunConfig,
        records: LineWriter | None = None,
        stats: SharedStats | None = None,
        after_id: int = 0,
    ) -> None:
        self._config = config
        self.shared_stats = new_shared_stats() if stats is None else stats
        self.formats_seen: dict[str, None] = {}
        self.tally = Tally(0)
        self.cpu_s = 0.0
        self._cpu_before_s = 0.0
        self.lost: dict[int, str] = {}
        self._records = records
        path = None if records is None else records.path
        self._error: Exception | None = None
        self._listeners: list[threading.Thread] = []
        self._children: list[_Child] = []
        try:
            for share in shares_of(Share(), config.processes, config.threads):
                self._children.append(_started(target.part(share), config, share, path, after_id))
        except BaseException:  # out of memory, Ctrl-C: those that run already are not left behind
            self.close()
            raise

    def prepare(self) -> None:
        """Starts the processes and waits until each is ready."""
        for part, child in enumerate(self._children):
            self._hear(part, child)  # "ready", or end of file when the child has died

    def start(self, origin: Origin, begin_ns: int) -> None:
        """As `ThreadGroup.start`, in all processes at the same moment."""
        self.tally = Tally(origin.ns, slos_of(self._config))
        self._cpu_before_s = time.process_time()
        self._tell_all(("go", (origin, begin_ns)))
        for part, child in enumerate(self._children):
            listener = threading.Thread(target=self._listen, args=(part, child), name=f"process-{part}", daemon=True)
            self._listeners.append(listener)
            listener.start()

    def wait(self) -> None:
        """Waits until all processes have finished.  Raises what one of them failed with."""
        for listener in self._listeners:
            listener.join()
        for child in self._children:
            child.process.join()
        self.cpu_s += time.process_time() - self._cpu_before_s
        if self._error is not None:
            raise self._error

    def look(self) -> None:
        """Nothing to do: each process measures itself."""

    def stop(self) -> None:
        """No new requests."""
        self._tell_all(("stop", None))

    def cancel(self) -> None:
        """Cancels every request in flight."""
        self._tell_all(("cancel", None))

    def close(self) -> None:
        """Ends what still runs, at once; does nothing behind `wait`."""
        for child in self._children:
            _end(child.process)

    def _tell_all(self, message: tuple[str, Any]) -> None:
        for child in self._children:
            with contextlib.suppress(OSError):  # it has finished or died: its listener notices
                child.pipe.send(message)

    def _listen(self, part: int, child: _Child) -> None:
        while part not in self.lost and self._hear(part, child):
            pass

    def _hear(self, part: int, child: _Child) -> bool:
        """Receives one message of a child; False after the last one."""
        try:
            kind, content = child.pipe.recv()
        except (EOFError, OSError):
            child.process.join()
            self.lost[part] = _how(child.process.exitcode)
            with self.shared_stats["lock"]:
                self.shared_stats["threads_active"] -= child.counters.threads_active
            return False
        if kind == "counters":
            self._add(child, *content)
        elif kind == "error":
            self._error = content
            self.cancel()
        elif kind == "result":
            tally, formats, cpu_s, missing = content
            with self.shared_stats["lock"]:
                self.cpu_s += cpu_s
                self.tally.merge(tally)
                self.formats_seen.update(formats)
                if self._records is not None:
                    self._records.missing += missing
        elif kind == "records" and self._records is not None:
            self._records.fail(content)
        return bool(kind != "result")

    def _add(self, child: _Child, counters: Snapshot, outcomes: dict[str, int]) -> None:
        stats = self.shared_stats
        with stats["lock"]:
            for name, before, now in zip(Snapshot._fields, child.counters, counters, strict=True):
                stats[name] += now - before  # type: ignore[literal-required]
            known = child.outcomes or {}
            for name, number in outcomes.items():
                stats["outcomes"][name] = stats["outcomes"].get(name, 0) + number - known.get(name, 0)
        child.counters, child.outcomes = counters, outcomes


def _started(target: Target, config: RunConfig, share: Share, records_path: Path | None, after_id: int) -> _Child:
    """A new process that does this share, and gets ready for it."""
    spawn = multiprocessing.get_context("spawn")  # a fork would copy locks that nobody releases
    ours, theirs = spawn.Pipe()
    work = (theirs, target, config, share, records_path, after_id)
    process = spawn.Process(target=_child, args=work, daemon=True)
    _STARTED.add(process)  # before it is started: Ctrl-C may come at once
    with _unheard():
        process.start()
    theirs.close()
    return _Child(process, ours)


_STARTED: WeakSet[Any] = WeakSet()


@atexit.register
def _end_all() -> None:
    """Whatever this process ends of, its children end with it.

    `multiprocessing` would send SIGTERM, which a child does not hear, and wait for it; it registered before us, and
    what is registered later is called earlier.
    """
    for process in list(_STARTED):
        _end(process)


def _end(process: Any) -> None:
    """Ends a process, which may have ended already, or never begun."""
    if process.pid is not None:
        process.kill()
        process.join()


@contextlib.contextmanager
def _unheard() -> Iterator[None]:
    """Processes started in this block ignore Ctrl-C: before `_child` runs it would end them with a traceback."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # when it is started, which is once, it lets through what is held back here
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _how(exit_code: int | None) -> str:
    if exit_code is not None and exit_code < 0:
        try:
            return signal.Signals(-exit_code).name
        except ValueError:
            return f"signal {-exit_code}"
    return f"status {exit_code}"


def _child(
    pipe: Connection, target: Target, config: RunConfig, share: Share, records_path: Path | None, after_id: int
) -> None:
    """The main function of a child process."""
    for number in STOPPING:
        signal.signal(number, signal.SIG_IGN)  # Ctrl-C reaches all processes; only the parent acts on it
    records = None if records_path is None else LineWriter.appending(records_path)
    group = ThreadGroup(target, config, share, records, after_id=after_id)
    try:
        pipe.send(("ready", None))
        kind, moments = pipe.recv()
        while kind != "go":  # told to stop before it began
            group.stop()
            kind, moments = pipe.recv()
    except (EOFError, OSError):  # the parent ended, or closed the pipe, while we got ready
        return
    through, failed = threading.Event(), None
    reporter = threading.Thread(target=_report, args=(pipe, group, through, records), daemon=True)
    try:
        group.start(*moments)
        threading.Thread(target=_obey, args=(pipe, group), daemon=True).start()
        reporter.start()
        group.wait()
    except (MemoryError, RuntimeError) as error:  # no more threads: the parent says so
        failed = error
    through.set()
    if reporter.ident is not None:
        reporter.join()
    if failed is not None:
        pipe.send(("error", failed))
        return
    pipe.send(("result", (group.tally, group.formats_seen, group.cpu_s, records.missing if records else 0)))


def _obey(pipe: Connection, group: ThreadGroup) -> None:
    try:
        while True:
            kind, _ = pipe.recv()
            group.stop() if kind == "stop" else group.cancel()
    except (EOFError, OSError):
        os._exit(1)  # the parent is gone


def _report(pipe: Connection, group: ThreadGroup, through: threading.Event, records: LineWriter | None) -> None:
    last = told = False
    while not last:
        last = through.wait(REPORT_S)
        group.look()
        counters = snapshot(group.shared_stats)
        with group.shared_stats["lock"]:
            outcomes = dict(group.shared_stats["outcomes"])
        pipe.send(("counters", (counters, outcomes)))
        if records is not None and records.error is not None and not told:
            pipe.send(("records", records.error))
            told = True
