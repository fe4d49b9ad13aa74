"""A run from its first thread to its `RunResult`, in this process or divided over several."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import replace
from io import FileIO
from typing import Protocol

from .errors import UsageError
from .formats import Format
from .metrics import Tally
from .processes import ProcessGroup
from .records import Calibration, RunConfig, RunResult
from .records_file import RecordsHeader, header_line, write_line
from .test_runner import OnSample, Origin, SharedStats, ThreadGroup, aggregate_stats
from .tester import Notice, Target
from .texts import Texts, speaker

GRACE_S = 5.0
"""How long running answers may go on after the first interrupt."""

SPARE_FILES = 64
"""Open files besides one connection a thread."""

TEXTS: Texts = {
    "files": (
        "--threads {threads}: this system allows {hard} open files; give at most {most}, or raise it with ulimit -n",
        "--threads {threads}：系统只允许打开 {hard} 个文件；请不超过 {most}，或用 ulimit -n 提高上限",
    ),
    "lost": (
        "process {part} of {parts} ended in mid-run ({how}): its requests are missing, the figures are of the others",
        "{parts} 个进程中的第 {part} 个在运行中退出（{how}）：缺少它的请求，以下数据只来自其余进程",
    ),
    "no_turns": (
        "--turns {turns}: no answer brought a conversation to go on with, so every request was a first turn",
        "--turns {turns}：没有任何回答给出可继续的会话，因此每个请求都是第一轮",
    ),
    "format_named": (
        "the stream looks like {seen}, but was read as --format {expected}",
        "数据流看起来是 {seen}，但按 --format {expected} 读取",
    ),
    "format_guessed": (
        "the URL speaks for {expected}, the stream is {seen} and was read so; name it with --format {seen}",
        "网址看起来是 {expected}，而数据流是 {seen}，已按后者读取；可用 --format {seen} 指定",
    ),
}


def format_warnings(expected: Format | None, named: bool, seen: Iterable[str], lang: str) -> list[str]:
    """A line for each format that answers showed themselves to be of and that was not the `expected` one.

    `named` tells whether the user named that one or the URL suggested it.
    """
    if expected is None or expected.name == "custom":
        return []
    say, key = speaker(TEXTS, lang), "format_named" if named else "format_guessed"
    return [say(key, expected=expected.name, seen=name) for name in seen if name not in ("", expected.name)]


def most_threads() -> int | None:
    """How many threads the hard limit of open files leaves room for; None where there is no limit."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return None
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if hard == resource.RLIM_INFINITY else max(1, hard - SPARE_FILES)


def _allow_open_files(threads: int, lang: str) -> None:
    """Raises the soft limit of open files to what so many connections need; UsageError when it cannot be had."""
    try:
        import resource
    except ImportError:
        return
    wanted = threads + SPARE_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    most = most_threads()
    if most is not None and most < threads:
        raise UsageError(speaker(TEXTS, lang)("files", threads=threads, hard=hard, most=most))
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class Group(Protocol):
    """What sends the load: the threads of this process, or other processes."""

    shared_stats: SharedStats
    formats_seen: dict[str, None]
    tally: Tally
    cpu_s: float

    def prepare(self) -> None: ...
    def start(self, origin: Origin) -> None: ...
    def wait(self) -> None: ...
    def stop(self) -> None: ...
    def cancel(self) -> None: ...


class LoadRun:
    """One run.  `records` is an open, unbuffered file or None; `notice` hears of each answer as it begins;
    `calibration` was measured before it and goes into the result.

    `stop()` may be called from a signal handler.
    """

    def __init__(
        self,
        target: Target,
        config: RunConfig,
        warnings: tuple[str, ...] = (),
        records: FileIO | None = None,
        notice: Notice | None = None,
        grace_s: float = GRACE_S,
        calibration: Calibration | None = None,
    ) -> None:
        _allow_open_files(config.threads, target.lang)
        self.config = config
        self.grace_s = grace_s
        self.interrupted = False
        self.origin = Origin(0, 0)
        """When the run began; set by `run`."""
        self._target = target
        self._warnings = warnings
        self._records = records
        self._calibration = calibration
        self._several = config.processes > 1
        self._group: Group = (
            ProcessGroup(target, config, None if records is None else str(records.name))
            if self._several
            else ThreadGroup(target, config, records=records, notice=notice)
        )

    @property
    def shared_stats(self) -> SharedStats:
        """The live counters of all threads."""
        return self._group.shared_stats

    @property
    def cpu_s(self) -> float:
        """CPU seconds of all processes of the tool while they sent, known at the end of the run."""
        return self._group.cpu_s

    def run(self, on_sample: OnSample = lambda _sample, _totals: None) -> RunResult:
        """Starts the threads, waits for them, and gives the result.  Raises what a thread died of, if one did."""
        group, finished = self._group, threading.Event()
        group.prepare()
        origin = self.origin = Origin.now()
        if self._records is not None:
            header = RecordsHeader(self.config, origin.unix_ns, self._warnings, self._calibration)
            write_line(self._records, header_line(header))
        aggregator = threading.Thread(
            target=aggregate_stats, args=(group.shared_stats, finished, on_sample), name="aggregator", daemon=True
        )
        aggregator.start()
        group.start(origin)
        group.wait()
        finished.set()
        aggregator.join()
        return self._result(origin)

    def _result(self, origin: Origin) -> RunResult:
        target, group = self._target, self._group
        say = speaker(TEXTS, target.lang)
        lost = group.lost if isinstance(group, ProcessGroup) else {}
        warnings = (
            *self._warnings,
            *format_warnings(target.format, target.named, group.formats_seen, target.lang),
            *(say("lost", part=part + 1, parts=self.config.processes, how=how) for part, how in lost.items()),
        )
        result = group.tally.result(self.config, origin.unix_ns, warnings, self.interrupted)
        # More ok answers than threads: some thread could have gone on after one of them.
        if self.config.turns > 1 and result.summary.ok > self.config.threads and not result.summary.turns:
            result = replace(result, warnings=(*result.warnings, say("no_turns", turns=self.config.turns)))
        return replace(result, partial=bool(lost), calibration=self._calibration)

    def stop(self) -> None:
        """No new requests; what is running may go on for the grace and is cancelled then."""
        self.interrupted = True
        self._group.stop()
        timer = threading.Timer(self.grace_s, self.cancel)
        timer.daemon = True
        timer.start()

    def cancel(self) -> None:
        """Ends every answer under way."""
        self._group.cancel()
