"""Whose turn it is: one job at a time, as a second one would disturb what the first measures."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from ...masking import Masker
from ...texts import Texts, printable, speaker
from ..contract.jobs import Job as JobShown
from ..errors import ApiError
from .job import Job, JobFolder, now_text, whole
from .log import Data, EventLog
from .process import WorkerProcess
from .tail import RecordsTail

LOG = logging.getLogger(__name__)

MOST_WAITING = 50
MOST_KEPT = 500
"""Jobs whose events are kept; their results stay."""
KEEPS_ITS_PLACE = timedelta(hours=12)
"""A job that has waited longer when the studio starts does not begin: nobody expects its load and cost any more."""

TEXTS: Texts = {
    "worker_died": ("the worker ended (status {status}){said}", "工作进程已退出（状态 {status}）{said}"),
    "not_started": ("the worker could not be started: {reason}", "无法启动工作进程：{reason}"),
    "disk": ("{path}: cannot be written: {reason}; the job was ended", "{path}：无法写入：{reason}；任务已结束"),
    "run_died": ("the run ended without a word", "该运行已中断"),
    "waited_too_long": (
        "the studio had ended before the turn of this job came, which is long ago; start it again if you still want it",
        "轮到此任务之前 Studio 已退出，且已过去很久；如仍需要，请重新开始",
    ),
    "interrupted": (
        "the studio ended before this job did; what was measured until then is kept",
        "Studio 在任务结束前已退出；此前的测量结果已保留",
    ),
}


class JobQueue:
    """The jobs of a folder.  All of it belongs to the event loop of the server."""

    def __init__(
        self,
        folder: Path,
        own: Path,
        results: Path,
        worker: Sequence[str],
        order_of: Callable[[Job], dict[str, Any]],
        has_result: Callable[[Job], None] = lambda _job: None,
    ) -> None:
        """`order_of` gives what the worker of a job is told, when its turn has come: the keys are those of that moment.
        It raises ApiError when there is no such job any more."""
        self.files = JobFolder(own / "jobs")
        self.live = own / "live"
        """Where runs of the command line write what they do."""
        self.jobs: dict[str, Job] = {}
        self.has_result = has_result
        """Called when it is known which result a job makes."""
        self.seen = 0
        """How often something has changed; who waits looks at it again."""
        self.changed: Job | None = None
        """The job whose state changed last."""
        self.ticks: dict[str, tuple[int, Data]] = {}
        """Job -> (number, what is passing and not kept)."""
        self._folder, self._results, self._worker, self._order_of = folder, results, tuple(worker), order_of
        self._logs: dict[str, EventLog] = {}
        self._by_key: dict[str, str] = {}
        self._waiting: list[str] = []
        self._running: tuple[str, WorkerProcess | None] | None = None
        self._stopping = False
        self._wakes: set[asyncio.Event] = set()
        self._turn = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Reads the jobs of before: what waited waits again, as nobody has taken it back; what ran is interrupted."""
        for job in self.files.read():
            if job.open and job.origin == "terminal" and feed_of(self.live, job.id).exists():
                self.files.forget(job.id)  # its feed is there, and is read from its beginning
                continue
            self.jobs[job.id] = job
            if job.state == "queued" and _keeps_its_place(job):
                self._waiting.append(job.id)
            elif job.open:
                why = "waited_too_long" if job.state == "queued" else "interrupted"
                self._end(job, "interrupted", speaker(TEXTS, job.lang)(why))
        for job_id in list(self.jobs)[:-MOST_KEPT]:
            del self.jobs[job_id]
            self.files.forget(job_id)
        self._task = asyncio.create_task(self._work())

    async def stop(self) -> None:
        """Ends the job that runs, keeping what it measured, and takes no other."""
        self._stopping = True
        for job_id in list(self._waiting):
            self.cancel(self.jobs[job_id])
        if self._running is not None:
            self.cancel(self.jobs[self._running[0]])
        self._turn.set()
        if self._task is not None:
            await self._task

    @property
    def running(self) -> Job | None:
        """The job whose turn it is, else a run of the terminal that is watched."""
        if self._running is not None and (job := self.jobs[self._running[0]]).open:
            return job
        return next((job for job in self.jobs.values() if job.origin == "terminal" and job.open), None)

    @property
    def busy(self) -> bool:
        """Whether a worker measures."""
        return self._running is not None and self.jobs[self._running[0]].open

    @property
    def waiting(self) -> list[Job]:
        """Those that wait, in order."""
        return [self.jobs[job_id] for job_id in self._waiting]

    def shown(self, job: Job) -> JobShown:
        """A job as the page has it."""
        log = self._logs.get(job.id)
        return job.shown(self.position(job), log.last_id if log is not None else _last_id(self.files.events(job.id)))

    def position(self, job: Job) -> int | None:
        """Its place among those that wait, from 1."""
        return self._waiting.index(job.id) + 1 if job.id in self._waiting else None

    def get(self, job_id: str) -> Job:
        """The job of that id; `ApiError` when there is none."""
        if job_id not in self.jobs:
            raise ApiError("not_found", what=job_id)
        return self.jobs[job_id]

    def known(self, key: str | None) -> Job | None:
        """The job that was started under the same key, as a double click does."""
        return self.jobs.get(self._by_key.get(key or "", ""))

    def new_id(self) -> str:
        """An id that no job has; they sort by time."""
        stamp = f"{datetime.now():%Y%m%d_%H%M%S}"
        return next(name for n in range(1, 10_000) if (name := f"{stamp}_{n:02}") not in self.jobs)

    def left(self) -> int:
        """How many jobs of before will wait again."""
        return sum(job.state == "queued" and _keeps_its_place(job) for job in self.files.read())

    def add(self, job: Job, key: str | None = None) -> Job:
        """Puts a job at the end of the queue."""
        if len(self._waiting) >= MOST_WAITING or self._stopping:
            raise ApiError("slow_down")
        job.created_at = now_text()
        try:
            self.files.write(job)
            self._logs[job.id] = EventLog(self.files.events(job.id))
        except OSError as error:
            raise ApiError("unwritable", what=error.filename or self.files.folder, reason=error) from error
        self.jobs[job.id] = job
        if key:
            self._by_key[key] = job.id
        self._waiting.append(job.id)
        self.changed = job
        self._turn.set()
        self._wake()
        return job

    def cancel(self, job: Job) -> None:
        """Ends a job, or takes it out of the queue; nothing for one that has ended."""
        if job.id in self._waiting:
            self._waiting.remove(job.id)
            self._end(job, "cancelled")
        elif job.state == "running" and job.origin == "studio":
            with contextlib.suppress(OSError):  # a full disk is no reason to go on
                self._state(job, "cancelling")
            if self._running is not None and self._running[1] is not None:
                self._running[1].stop()

    def forget(self, job: Job) -> None:
        """Takes a job out of the queue as if it had never been asked for."""
        if job.id not in self._waiting:
            raise ApiError("too_late")
        self._waiting.remove(job.id)
        self._close(job)
        del self.jobs[job.id]
        self.files.forget(job.id)
        self._wake()

    @contextlib.contextmanager
    def watching(self) -> Any:
        """Gives an event that is set whenever something has happened."""
        wake = asyncio.Event()
        self._wakes.add(wake)
        try:
            yield wake
        finally:
            self._wakes.discard(wake)

    async def _work(self) -> None:
        while not self._stopping:
            if not self._waiting:
                self._turn.clear()
                await self._turn.wait()
                continue
            job = self.jobs[self._waiting.pop(0)]
            self._running = (job.id, None)
            try:
                await self._run(job)
            except OSError as error:
                LOG.exception("a job that cannot be written")
                said = {"path": error.filename or self.files.folder, "reason": error}
                self._end(job, "failed", speaker(TEXTS, job.lang)("disk", **said))
            finally:
                self._running = None
                self._wake()

    async def _run(self, job: Job) -> None:
        say = speaker(TEXTS, job.lang)
        job.started_at = now_text()
        self._state(job, "running")
        try:
            order = self._order_of(job)
        except ApiError as error:
            self._end(job, "failed", error.text(job.lang))
            return
        mask = Masker(order.pop("secrets", ()))
        try:
            worker = await WorkerProcess.start(self._worker, self._folder, order)
        except OSError as error:
            self._end(job, "failed", say("not_started", reason=error))
            return
        self._running = (job.id, worker)
        if job.state == "cancelling":
            worker.stop()
        listener = Listener(self, job, self._results)
        try:
            async for line in worker.lines():
                await listener.hear(mask(line.decode("utf-8", "replace")))
        except OSError:
            worker.kill()
            raise
        finally:
            status = await worker.wait()
        if job.open:
            said = printable(mask(worker.last_words), 400)
            reason = say("worker_died", status=status, said=f": {said}" if said else "")
            cancelled = job.state == "cancelling"
            self._end(job, "cancelled" if cancelled else "failed", None if cancelled else reason)

    def tell(self, job: Job, kind: str, data: Data) -> None:
        """An event of a job: on disk, then to everybody."""
        log = self._logs.get(job.id)
        if log is None:
            log = self._logs[job.id] = EventLog(self.files.events(job.id))
        log.append(kind, data)
        self._wake()

    def tick(self, job: Job, data: Data) -> None:
        """Something that passes."""
        self.ticks[job.id] = (self.ticks.get(job.id, (0, {}))[0] + 1, data)
        self._wake()

    def watch_terminal(self, job: Job) -> None:
        """From now on a run of the command line is one of the jobs."""
        self.jobs[job.id] = job
        self.files.write(job)
        self.tell(job, "job", {"state": job.state})

    def end(self, job: Job, state: str, error: str | None = None, status: int | None = None) -> None:
        """A job has ended."""
        self._end(job, state, error, status)

    def save(self, job: Job) -> None:
        """A job has changed in what its file has of it."""
        self.files.write(job)
        self._wake()

    def _state(self, job: Job, state: str) -> None:
        job.state, self.changed = state, job
        self.files.write(job)
        self.tell(job, "job", {"state": state})

    def _end(self, job: Job, state: str, error: str | None = None, status: int | None = None) -> None:
        job.state, job.ended_at, job.error = state, now_text(), error
        self.changed = job
        try:
            self.files.write(job)
            self.tell(job, "job", {"state": state})
            self.tell(job, "end", {"state": state, "result_id": job.result_id, "error": error, "status": status})
        except OSError:
            LOG.exception("the end of a job cannot be written")  # it is ended all the same, in memory
        self._close(job)
        self._wake()

    def _close(self, job: Job) -> None:
        self.ticks.pop(job.id, None)
        if (log := self._logs.pop(job.id, None)) is not None:
            log.close()

    def _wake(self) -> None:
        self.seen += 1
        for wake in self._wakes:
            wake.set()


def _keeps_its_place(job: Job) -> bool:
    try:
        created = datetime.fromisoformat(job.created_at.replace("Z", "+00:00"))
        return datetime.now(timezone.utc) - created < KEEPS_ITS_PLACE
    except (ValueError, TypeError):
        return False


def feed_of(live: Path, job_id: str) -> Path:
    """The file in which a run of the command line tells what it does, by the id of its job."""
    return live / f"{job_id.removeprefix('t')}.jsonl"


class Listener:
    """Takes what a worker, or a run in a terminal, says of its job: JSON lines `{"event": KIND, ...}`."""

    def __init__(self, queue: JobQueue, job: Job, results: Path) -> None:
        self._queue, self._job, self._results = queue, job, results
        self._tail: RecordsTail | None = None

    async def hear(self, line: str) -> None:
        """One line.  OSError when it cannot be kept."""
        try:
            data = json.loads(line)
            kind = data.pop("event")
        except (ValueError, KeyError, TypeError, AttributeError):
            return  # a library that writes to standard output
        if kind == "tick":
            self._queue.tick(self._job, data)
            return
        if kind == "end":
            self._end(data)
            return
        if kind == "records":
            self._tail = RecordsTail(self._results / str(data.get("path", "")))
            return
        self._take(kind, data)
        if kind == "snapshot":
            p50, p95 = await asyncio.to_thread(self._tail.ttft_ms) if self._tail is not None else (None, None)
            data |= {"ttft_p50_ms": p50, "ttft_p95_ms": p95}
        self._queue.tell(self._job, kind, data)

    def _take(self, kind: str, data: Data) -> None:
        """What the job itself keeps of an event."""
        job = self._job
        if kind in ("plan", "load"):
            job.result_id = data.get("result_id") if isinstance(data.get("result_id"), str) else None
            job.total = whole(data, "total")
            job.cells = whole(data, "cells_measured") or 0
            self._queue.save(job)
            self._queue.has_result(job)
        elif kind == "run":
            job.done += 1
        elif kind == "snapshot":
            job.done = whole(data, "total") or 0
        elif kind == "cell" and (place := whole(data, "cell")) is not None:
            document = data.get("document")
            if isinstance(document, dict) and document.get("state") in ("done", "failed"):
                job.begun_cells = (*job.begun_cells, place)
                self._queue.save(job)

    def _end(self, data: Data) -> None:
        job, state = self._job, data.get("state")
        if isinstance(data.get("result_id"), str):
            job.result_id = data["result_id"]
        error = data.get("error")
        known = state if state in ("done", "cancelled", "failed") else "failed"
        self._queue.end(job, known, error if isinstance(error, str) else None, whole(data, "status"))


def _last_id(path: Path) -> int:
    try:
        with path.open("rb") as file:
            end = file.seek(0, 2)
            file.seek(max(0, end - 65_536))
            last = file.read().splitlines()[-1]
            found = json.loads(last)[0]
    except (OSError, ValueError, IndexError, TypeError):
        return 0
    return found if isinstance(found, int) else 0
