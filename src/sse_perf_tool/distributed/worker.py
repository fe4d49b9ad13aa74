"""A worker: joins a master, sends its part of the load, tells the results.

The process itself sends nothing: it listens to the master and to its own processes, which make the load as on one
machine.  So what it hears is answered at once, however busy they are.
"""

from __future__ import annotations

import os
import platform
import queue
import socket
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from .. import __version__
from ..arguments import Joining
from ..errors import NoWorkersError, UsageError
from ..flags.worker_checks import Place
from ..load.processes import ProcessGroup
from ..load.run import GRACE_S, allow_open_files
from ..pace.division import Share
from ..records import RunConfig
from ..records.writer import Lines
from ..request.proxy import proxies_of
from ..request.target import Target
from ..test_runner import Origin, Snapshot, snapshot
from ..texts import speaker
from .last_words import LastWords
from .link import Body, LinkError, WorkerLink
from .parcels import PIECE_BYTES, Parcel, ParcelError, opened, packed, pieces
from .wording import TEXTS

OK, NOT_JOINED, INCOMPLETE = 0, 3, 4
"""Exit statuses: nothing to say; no master, or refused; its load ended early, or its results could not be told."""

ALONE_S = 10.0
"""Without a master for so long, a worker sends no more."""
DELIVER_S = 30.0
"""For so long results that are not taken are kept."""
TELL_S = 1.0
"""The interval at which counters go to the master."""
LOOK_S = 0.01
"""So often a worker looks at itself, which takes some 0.3 % of a core."""
FIRST_WORD_S = 5.0


class _LinesOut(Lines):
    """Lines of records on their way to the master, as many in a message as fit into a piece."""

    def __init__(self, link: WorkerLink) -> None:
        self.missing = 0
        self.sent = 0
        self._link = link
        self._waiting: list[str] = []
        self._size = 0
        """Of the lines that wait, in characters."""
        self._lock = threading.Lock()

    def write(self, line: str) -> None:
        """Takes a line, from any thread."""
        size = len(line) + 1
        with self._lock:
            if self._size + size > PIECE_BYTES:
                self._send()
            self._waiting.append(line)
            self._size += size

    def flush(self) -> None:
        """Sends what waits."""
        with self._lock:
            self._send()

    def _send(self) -> None:
        lines, self._waiting, self._size = self._waiting, [], 0
        self.sent += len(lines)
        if lines:
            for piece in pieces("\n".join(lines).encode("utf-8", "replace")):
                self._link.send("lines", **piece)


@dataclass(slots=True)
class _Round:
    """A round that this worker sends, or gets ready for."""

    group: ProcessGroup
    config: RunConfig
    lines: _LinesOut | None
    going: bool = False
    why: str = ""
    """Why it ended early: "left" or "alone"; "" when it did not."""
    told_s: float = field(default_factory=time.monotonic)
    every_s: float = TELL_S
    """So often it says how many requests it has begun: if it is lost, they are known to be missing."""
    after_id: int = 0
    begun: int = 0
    begun_told_s: float = 0.0


class Worker:
    """One worker; `tell` takes lines for whoever started it.  `leave` may be called from any thread.

    `note` takes how many requests it has begun, and in which round, see `local.Note.write`; None: the master is told.
    """

    def __init__(
        self,
        joining: Joining,
        tell: Callable[[str], None],
        clock: Callable[[], int] = time.perf_counter_ns,
        note: Callable[[int, int], None] | None = None,
    ) -> None:
        self._note = note
        self._joining = joining
        self._place = Place(joining.host, joining.port)
        self._say = speaker(TEXTS, joining.lang)
        self._tell = tell
        self._inbox: queue.SimpleQueue[tuple[str, Body]] = queue.SimpleQueue()
        self._link = WorkerLink(
            joining.host,
            joining.port,
            joining.token,
            lambda kind, body: self._inbox.put((kind, body)),
            clock,
        )
        self._session = ""
        self._plan = Parcel()
        self._round: _Round | None = None
        self._delivering_s: float | None = None
        self._status: int | None = None
        self._certificate: str | None = None
        self._leaving = OK
        """The exit status when the master lets it go."""
        self._too_long_told = False
        self._left = False
        """Its user has ended its load: it goes as soon as its results are taken."""

    def leave(self) -> None:
        """Ends its load, tells what was measured, and goes."""
        self._inbox.put(("leave", {}))

    def run(self) -> int:
        """Joins, works until the master lets it go, and returns the exit status."""
        try:
            if not self._join():
                return NOT_JOINED
            status = self._serve()
        finally:
            if self._round is not None:
                self._round.group.close()
            self._link.close()
            if self._certificate is not None:
                os.unlink(self._certificate)  # noqa: PTH108
        return status

    def _join(self) -> bool:
        joining = self._joining
        place = self._place
        self._tell(self._say("calling", place=place))
        try:
            up = self._link.open(min(FIRST_WORD_S, joining.wait_s))
            if not up:
                self._tell(self._say("no_answer", place=place))
                up = self._link.open(max(0.0, joining.wait_s - FIRST_WORD_S))
        except LinkError as error:
            if isinstance(error.__cause__, ImportError):
                raise UsageError(self._say("extra", flag="worker")) from error
            if isinstance(error.__cause__, socket.gaierror):
                reason = error.__cause__.strerror
                raise UsageError(self._say("unknown_host", flag="--join", place=place, reason=reason)) from error
            raise UsageError(self._say("no_line", reason=error)) from error
        if not up:
            raise NoWorkersError(self._say("no_master", place=place, seconds=joining.wait_s))
        self._link.send("here")
        return True

    def _serve(self) -> int:
        while self._status is None:
            try:
                kind, body = self._inbox.get(timeout=LOOK_S)
            except queue.Empty:
                kind, body = "", {}
            getattr(self, f"_on_{kind}", self._on_nothing)(body)
            self._look()
        return self._status

    def _on_nothing(self, body: Body) -> None:
        pass

    def _on_who(self, body: Body) -> None:
        self._session = str(body["session"])
        about = {"name": platform.node(), "cores": os.cpu_count() or 1, "pid": os.getpid()}
        self._link.send("hello", session=self._session, version=__version__, **about)

    def _on_refused(self, body: Body) -> None:
        self._tell(self._say(str(body["key"]), **body["values"]))
        self._status = NOT_JOINED

    def _on_welcome(self, _body: Body) -> None:
        self._tell(self._say("ready", place=self._place))

    def _on_plan(self, body: Body) -> None:
        data = self._plan.add(body)
        if data is None:
            return
        try:
            self._round = self._prepared(*opened(data))
            self._round.group.prepare()
        except ParcelError as error:
            self._tell(self._say("unreadable_plan", reason=error))
            self._leaving = NOT_JOINED
            self._link.send("failed", reason=self._say("unreadable_plan", reason=error))
            return
        except (UsageError, OSError, MemoryError, RuntimeError) as error:
            self._tell(str(error))
            self._leaving = NOT_JOINED
            self._link.send("failed", reason=str(error))
            return
        self._link.send("ready", session=self._session)

    def _prepared(
        self,
        target: Target,
        config: RunConfig,
        share: Share,
        after_id: int,
        certificate: bytes | None,
        lines_wanted: bool,
        every_s: float,
    ) -> _Round:
        if self._round is not None:
            self._round.group.close()
        if certificate is not None:
            target = replace(target, verify=self._kept(certificate))
        allow_open_files(len(share.numbers(config.threads)), config.lang)
        proxies_of(target)
        lines = _LinesOut(self._link) if lines_wanted else None
        batches = None if config.batch is None else self._tell_batches
        joining = self._joining
        words = LastWords(self._link.address, joining.port, joining.token, self._link.name, self._session)
        group = ProcessGroup(target, config, lines, None, after_id, share, batches, words)
        return _Round(group, config, lines, every_s=LOOK_S if self._note else every_s, after_id=after_id)

    def _kept(self, certificate: bytes) -> str:
        if self._certificate is None:
            number, self._certificate = tempfile.mkstemp(suffix=".pem")
            with os.fdopen(number, "wb") as file:
                file.write(certificate)
        return self._certificate

    def _tell_batches(self, batches: int | None) -> None:
        self._link.send("batches", batches=batches)

    def _on_go(self, body: Body) -> None:
        doing = self._round
        if doing is None or doing.going:
            return
        self._tell(self._say("begins"))
        doing.going = True
        doing.group.start(Origin(body["origin_ns"], body["unix_ns"]), body["begin_ns"])
        threading.Thread(target=self._wait_for, args=(doing,), name="round", daemon=True).start()

    def _wait_for(self, doing: _Round) -> None:
        try:
            doing.group.wait()
        except (MemoryError, RuntimeError) as error:
            self._link.send("failed", reason=str(error))
            return
        self._inbox.put(("over", {}))

    def _on_over(self, _body: Body) -> None:
        doing = self._round
        if doing is None:
            return
        group = doing.group
        self._tell_counters(doing)
        lines = 0
        if doing.lines is not None:
            doing.lines.flush()
            lines = doing.lines.sent
        said = group.losses(doing.config.lang)
        requests = len(group.tally.table)
        result = (group.tally, list(group.formats_seen), group.cpu_s, group.missing, lines, doing.why, said)
        for piece in pieces(packed(result)):
            self._link.send("result", session=self._session, **piece)
        self._tell(self._say("ended", requests=requests))
        self._delivering_s = time.monotonic()
        self._round = None
        self._left = doing.why == "left"
        if doing.why:
            self._leaving = INCOMPLETE

    def _on_stop(self, _body: Body) -> None:
        if self._round is not None:
            self._round.group.stop()

    def _on_cancel(self, _body: Body) -> None:
        if self._round is not None:
            self._round.group.cancel()

    def _on_allow(self, body: Body) -> None:
        if self._round is not None:
            self._round.group.allow(body["batches"])

    def _on_taken(self, _body: Body) -> None:
        self._delivering_s = None
        if self._left:
            self._status = self._leaving

    def _on_bye(self, _body: Body) -> None:
        self._status = self._leaving

    def _on_leave(self, _body: Body) -> None:
        doing = self._round
        if doing is None or not doing.going:
            self._status = NOT_JOINED
            return
        self._tell(self._say("stopping", seconds=GRACE_S))
        self._end_early(doing, "left", GRACE_S)

    def _end_early(self, doing: _Round, why: str, grace_s: float) -> None:
        doing.why = doing.why or why
        doing.group.stop()
        timer = threading.Timer(grace_s, doing.group.cancel)
        timer.daemon = True
        timer.start()

    def _look(self) -> None:
        now_s, doing = time.monotonic(), self._round
        if self._link.too_long and not self._too_long_told:
            self._too_long_told = True
            self._tell(self._say("master_too_long", place=self._place))
        if doing is not None and doing.going:
            self._report(doing, now_s)
        if self._link.silence_s < ALONE_S or self._status is not None:
            return
        if doing is not None and doing.going:
            if doing.why != "alone":
                self._tell(self._say("without_master", seconds=ALONE_S))
                self._end_early(doing, "alone", 0.0)
                doing.why = "alone"
        elif self._delivering_s is None:
            self._tell(self._say("master_gone"))
            self._status = NOT_JOINED
        elif now_s - self._delivering_s > DELIVER_S:
            self._tell(self._say("undelivered"))
            self._status = INCOMPLETE

    def _report(self, doing: _Round, now_s: float) -> None:
        if now_s - doing.told_s >= TELL_S:
            doing.told_s = now_s
            if doing.lines is not None:
                doing.lines.flush()
            self._tell_counters(doing)
        if now_s - doing.begun_told_s >= doing.every_s and (begun := doing.group.begun) != doing.begun:
            doing.begun, doing.begun_told_s = begun, now_s
            if self._note is None:
                self._link.send("begun", session=self._session, begun=begun)
            else:
                self._note(doing.after_id, begun)

    def _tell_counters(self, doing: _Round) -> None:
        stats = doing.group.shared_stats
        counters: Snapshot = snapshot(stats)
        with stats["lock"]:
            outcomes: dict[str, Any] = dict(stats["outcomes"])
        self._link.send("counters", session=self._session, counters=list(counters), outcomes=outcomes)


def run_worker(
    joining: Joining,
    tell: Callable[[str], None],
    started: Callable[[Worker], None] = lambda _worker: None,
    note: Callable[[int, int], None] | None = None,
) -> int:
    """Runs a worker to its end and returns the exit status.  UsageError when it cannot join."""
    worker = Worker(joining, tell, note=note)
    started(worker)
    return worker.run()
