"""A run divided over processes: each does a share of the threads, this one adds up what they say.

One Python process computes on one core, however many threads it has.  A child is a `ThreadGroup` at the end of a pipe:
four times a second it sends its counters, at the end its tally; it is told to go, to stop and to cancel.  Request lines
go from each child straight to the records file, one write a line.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from io import FileIO
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from typing import Any

from ..goals.thresholds import slos_of
from ..metrics import Tally
from ..pace.tickets import Share
from ..records import RunConfig
from ..request.target import Target
from ..test_runner import Origin, SharedStats, Snapshot, ThreadGroup, new_shared_stats, snapshot

REPORT_S = 0.25
"""How often a child sends its counters."""


@dataclass(slots=True)
class _Child:
    """One process and what it said last."""

    process: Any
    pipe: Connection
    counters: Snapshot = Snapshot(*[0] * len(Snapshot._fields))  # noqa: RUF009 - a NamedTuple cannot change
    outcomes: dict[str, int] | None = None


class ProcessGroup:
    """As `ThreadGroup`, over `config.processes` processes; `stats` and `after_id` as there.

    `lost` holds the number of each process that ended before its time, and how.
    """

    def __init__(
        self,
        target: Target,
        config: RunConfig,
        records_path: str | None = None,
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
        self._error: OSError | None = None
        self._listeners: list[threading.Thread] = []
        self._children: list[_Child] = []
        spawn = multiprocessing.get_context("spawn")  # a fork would copy locks that nobody gives back
        for part in range(config.processes):
            ours, theirs = spawn.Pipe()
            share = Share(part, config.processes)
            work = (theirs, target.part(share), config, share, records_path, after_id)
            process = spawn.Process(target=_child, args=work, daemon=True)
            with _unheard():
                process.start()
            theirs.close()
            self._children.append(_Child(process, ours))

    def prepare(self) -> None:
        """Waits until each process is ready."""
        for part, child in enumerate(self._children):
            self._hear(part, child)  # "ready", or the end of it

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
        """Waits until all processes are through.  OSError when one could not write the records."""
        for listener in self._listeners:
            listener.join()
        for child in self._children:
            child.process.join()
        self.cpu_s += time.process_time() - self._cpu_before_s
        if self._error is not None:
            raise self._error

    def look(self) -> None:
        """Nothing: each process looks at itself."""

    def stop(self) -> None:
        """No new requests."""
        self._tell_all(("stop", None))

    def cancel(self) -> None:
        """Ends every answer under way."""
        self._tell_all(("cancel", None))

    def _tell_all(self, message: tuple[str, Any]) -> None:
        for child in self._children:
            with contextlib.suppress(OSError):  # it is through, or lost: its listener notices
                child.pipe.send(message)

    def _listen(self, part: int, child: _Child) -> None:
        while part not in self.lost and self._hear(part, child):
            pass

    def _hear(self, part: int, child: _Child) -> bool:
        """Takes in one message; False after the last one."""
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
        elif kind == "result":
            tally, formats, cpu_s = content
            with self.shared_stats["lock"]:
                self.cpu_s += cpu_s
                self.tally.merge(tally)
                self.formats_seen.update(formats)
        elif kind == "error":
            self._error = content
        return kind in ("ready", "counters")

    def _add(self, child: _Child, counters: Snapshot, outcomes: dict[str, int]) -> None:
        stats = self.shared_stats
        with stats["lock"]:
            for name, before, now in zip(Snapshot._fields, child.counters, counters, strict=True):
                stats[name] += now - before  # type: ignore[literal-required]
            known = child.outcomes or {}
            for name, number in outcomes.items():
                stats["outcomes"][name] = stats["outcomes"].get(name, 0) + number - known.get(name, 0)
        child.counters, child.outcomes = counters, outcomes


@contextlib.contextmanager
def _unheard() -> Iterator[None]:
    """A process started in here does not hear Ctrl-C: before `_child` that would end it with a traceback."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # when it is started, which is once, it lets through what is held back here
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
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
    pipe: Connection, target: Target, config: RunConfig, share: Share, records_path: str | None, after_id: int
) -> None:
    """What a child process does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all of them; the parent decides what it means
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    records = None if records_path is None else FileIO(records_path, "a")
    group = ThreadGroup(target, config, share, records, after_id=after_id)
    try:
        pipe.send(("ready", None))
        kind, moments = pipe.recv()
        while kind != "go":  # told to stop before it began
            group.stop()
            kind, moments = pipe.recv()
    except (EOFError, OSError):  # the parent ended, or let go of us, while we got ready
        return
    group.start(*moments)
    through = threading.Event()
    speaking = threading.Lock()
    threading.Thread(target=_obey, args=(pipe, group), daemon=True).start()
    reporter = threading.Thread(target=_report, args=(pipe, group, through, speaking), daemon=True)
    reporter.start()
    try:
        group.wait()
    except OSError as error:
        with speaking:
            pipe.send(("error", OSError(error.errno, error.strerror, error.filename)))
        return
    finally:
        through.set()
        reporter.join()
    pipe.send(("result", (group.tally, group.formats_seen, group.cpu_s)))


def _obey(pipe: Connection, group: ThreadGroup) -> None:
    try:
        while True:
            kind, _ = pipe.recv()
            group.stop() if kind == "stop" else group.cancel()
    except (EOFError, OSError):
        os._exit(1)  # the parent is gone: nobody wants to know any more


def _report(pipe: Connection, group: ThreadGroup, through: threading.Event, speaking: threading.Lock) -> None:
    last = False
    while not last:
        last = through.wait(REPORT_S)
        group.look()
        counters = snapshot(group.shared_stats)
        with group.shared_stats["lock"]:
            outcomes = dict(group.shared_stats["outcomes"])
        with speaking:
            pipe.send(("counters", (counters, outcomes)))
