"""A run divided over processes: each child runs a share of the threads, the parent adds up their counters and tallies.

One Python process computes on one core, however many threads it has.  A child runs a `ThreadGroup` and talks to the
parent over a pipe: it sends its counters four times a second and its tally at the end, and receives the commands to
start, stop and cancel.  Each child writes its request lines straight to the records file, one write per line; one
that cannot any more says so and goes on.  They go over the pipe where there is no file here, or somebody listens.
"""

from __future__ import annotations

import atexit
import contextlib
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple
from weakref import WeakSet

from ..goals.thresholds import slos_of
from ..metrics import Tally
from ..pace.division import Share, shares_of
from ..records import RunConfig
from ..records.writer import Lines, LineWriter, Tee
from ..request.target import Target
from ..test_runner import Origin, SharedStats, ThreadGroup, new_shared_stats, snapshot
from ..texts import Texts, speaker
from ..units import NS_PER_S
from .parts import Part, Parts

STOPPING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""What would end a child, and is for the parent to decide."""

REPORT_S = 0.25
"""The interval at which a child sends its counters."""


@dataclass(slots=True)
class _Child:
    """One child process and the last counters that it sent."""

    process: Any
    pipe: Connection
    begun: Any
    """How many requests it has begun, in memory that outlives it."""
    part: Part = field(default_factory=Part)


TEXTS: Texts = {
    "lost": (
        "process {part} of {parts} died during the run ({how}): the results do not include its {missing} requests",
        "{parts} 个进程中的第 {part} 个在运行中退出（{how}）：结果不包含它的 {missing} 个请求",
    ),
}

LastWords = Callable[[int, Any], None]
"""What a child does with its result when there is no parent any more; the first argument is its number."""


class ProcessGroup(Parts):
    """The interface of `ThreadGroup` over `config.processes` processes; `stats` and `after_id` as there.

    `share`: the part of the run that all these processes do together.  Where `on_batches` is given others do the rest
    of each batch: it is called with how many have ended here, with None at the end, and `allow` lets the next begin.
    """

    def __init__(
        self,
        target: Target,
        config: RunConfig,
        records: Lines | None = None,
        stats: SharedStats | None = None,
        after_id: int = 0,
        share: Share = Share(),  # noqa: B008 - a NamedTuple cannot change
        on_batches: Callable[[int | None], None] | None = None,
        last_words: LastWords | None = None,
    ) -> None:
        super().__init__(stats, records)
        self._config = config
        self._cpu_before_s = 0.0
        self._on_batches = on_batches
        self._error: Exception | None = None
        self._listeners: list[threading.Thread] = []
        self._children: list[_Child] = []
        self._file = records.file if isinstance(records, Tee) else records if isinstance(records, LineWriter) else None
        self._listener = records.listener if isinstance(records, Tee) else None if self._file is records else records
        work = _Work(
            config,
            after_id,
            None if self._file is None else self._file.path,
            lines=self._listener is not None,
            batches=on_batches is not None,
            last_words=last_words,
        )
        try:
            for number, each in enumerate(shares_of(share, config.processes, config.threads)):
                self._children.append(_started(target.part(each), work, each, number))
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

    def allow(self, batches: int) -> None:
        """So many batches have ended everywhere."""
        self._tell_all(("allow", batches))

    @property
    def begun(self) -> int:
        """How many requests the processes have begun, up to this moment."""
        return sum(child.begun.value for child in self._children)

    def losses(self, lang: str) -> list[str]:
        """See `Parts`."""
        say, parts = speaker(TEXTS, lang), len(self._children)
        return [
            say("lost", part=part + 1, parts=parts, how=how, missing=self._children[part].begun.value)
            for part, how in self.lost.items()
        ]

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
            self.lose(part, child.part, _how(child.process.exitcode), child.begun.value)
            return False
        if kind == "counters":
            self.add_counters(child.part, *content)
        elif kind == "lines" and self._listener is not None:
            for line in content:
                self._listener.write(line)
        elif kind == "batches" and self._on_batches is not None:
            self._on_batches(content)
        elif kind == "error":
            self._error = content
            self.cancel()
        elif kind == "result":
            self.add_result(*content)
        elif kind == "records" and self._file is not None:
            self._file.fail(content)
        return bool(kind != "result")


@dataclass(frozen=True, slots=True)
class _Work:
    """What all children are told."""

    config: RunConfig
    after_id: int
    records_path: Path | None
    lines: bool
    """Whether lines of requests are wanted over the pipe, beside that file or instead of it."""
    batches: bool
    last_words: LastWords | None


def _started(target: Target, work: _Work, share: Share, number: int) -> _Child:
    """A new process that does this share, and gets ready for it."""
    spawn = multiprocessing.get_context("spawn")  # a fork would copy locks that nobody releases
    ours, theirs = spawn.Pipe()
    begun = spawn.RawValue("Q", 0)
    process = spawn.Process(target=_child, args=(theirs, target, work, share, number, begun), daemon=True)
    _STARTED.add(process)  # before it is started: Ctrl-C may come at once
    with _unheard():
        process.start()
    theirs.close()
    return _Child(process, ours, begun)


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


class _LineQueue(Lines):
    """Lines that wait for the next report to the parent."""

    missing, error = 0, None

    def __init__(self) -> None:
        self._lines: list[str] = []

    def write(self, line: str) -> None:
        """Takes a line, from any thread."""
        self._lines.append(line)

    def take(self) -> list[str]:
        """The lines since the last call."""
        lines, self._lines = self._lines, []
        return lines


class _Out(NamedTuple):
    """Where a child's lines go: into the file of the run, over the pipe, both or nowhere."""

    file: LineWriter | None
    queue: _LineQueue | None

    @property
    def records(self) -> Lines | None:
        """What takes each line."""
        return self.file if self.queue is None else Tee(self.file, self.queue)


class _Pipe:
    """The child's end of its pipe, which several threads write to."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self.receive = connection.recv

    def send(self, kind: str, content: Any = None) -> None:
        with self._lock:
            self._connection.send((kind, content))


def _child(connection: Connection, target: Target, work: _Work, share: Share, number: int, begun: Any) -> None:
    """The main function of a child process."""
    for stopping in STOPPING:
        signal.signal(stopping, signal.SIG_IGN)  # Ctrl-C reaches all processes; only the parent acts on it
    pipe = _Pipe(connection)
    file = None if work.records_path is None else LineWriter.appending(work.records_path)
    out = _Out(file, _LineQueue() if work.lines else None)
    stats = new_shared_stats()

    def count_begun() -> None:
        begun.value += 1  # whoever calls it holds the lock of the counters

    stats["begun"] = count_begun
    group = ThreadGroup(target, work.config, share, out.records, stats=stats, after_id=work.after_id)
    if work.batches:
        group.share_batches(lambda batches: pipe.send("batches", batches))
    try:
        pipe.send("ready")
        kind, moments = pipe.receive()
        while kind != "go":  # told to stop before it began
            group.stop()
            kind, moments = pipe.receive()
    except (EOFError, OSError):  # the parent ended, or closed the pipe, while we got ready
        return
    failed = _send_load(group, pipe, moments, out, may_end=work.last_words is None)
    with contextlib.suppress(BrokenPipeError):
        if failed is not None:
            pipe.send("error", failed)
            return
        result = (group.tally, group.formats_seen, group.cpu_s, file.missing if file else 0)
        pipe.send("result", result)
        return
    if work.last_words is not None:
        work.last_words(number, result)


def _send_load(group: ThreadGroup, pipe: _Pipe, moments: Any, out: _Out, *, may_end: bool) -> Exception | None:
    """Sends the load of a child from begin to end; what it failed with.  `may_end`: at once without a parent."""
    through, failed = threading.Event(), None
    reporter = threading.Thread(target=_report, args=(pipe, group, through, out), daemon=True)
    # Threads that are there before it begins would all wake at once, and send a burst that no other run sends.
    time.sleep(max(0.0, (moments[1] - time.perf_counter_ns()) / NS_PER_S))
    try:
        group.start(*moments)
        threading.Thread(target=_obey, args=(pipe, group, may_end), daemon=True).start()
        reporter.start()
        group.wait()
    except (MemoryError, RuntimeError) as error:  # no more threads: the parent says so
        failed = error
    through.set()
    if reporter.ident is not None:
        reporter.join()
    return failed


def _obey(pipe: _Pipe, group: ThreadGroup, may_end: bool) -> None:
    try:
        while True:
            kind, content = pipe.receive()
            if kind == "allow":
                group.allow(content)
            else:
                group.stop() if kind == "stop" else group.cancel()
    except (EOFError, OSError):  # the parent is gone
        if may_end:
            os._exit(1)
        group.cancel()


def _report(pipe: _Pipe, group: ThreadGroup, through: threading.Event, out: _Out) -> None:
    last = told = False
    while not last:
        last = through.wait(REPORT_S)
        group.look()
        counters = snapshot(group.shared_stats)
        with group.shared_stats["lock"]:
            outcomes = dict(group.shared_stats["outcomes"])
        with contextlib.suppress(BrokenPipeError):  # the parent is gone, which `_obey` sees
            if out.queue is not None and (lines := out.queue.take()):
                pipe.send("lines", lines)
            pipe.send("counters", (counters, outcomes))
            if out.file is not None and out.file.error is not None and not told:
                pipe.send("records", out.file.error)
                told = True
