"""Runs of the command line that are watched: `sse-perf --studio DIR ...` writes what a worker would say into a file.

The file lies in `.studio/live/` and holds the same lines.  It is read as it grows, whether the run began before the
studio or after it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
from pathlib import Path
from typing import Any

from ...texts import printable, speaker
from .job import Job, now_text, whole
from .queue import TEXTS, JobQueue, Listener

LOOK_S = 1.0
_PLAIN = re.compile(r"[^a-z0-9_]")


class TerminalRuns:
    """Reads the feeds of runs that go on in terminals."""

    def __init__(self, queue: JobQueue, results: Path) -> None:
        self._queue, self._folder, self._results = queue, queue.live, results
        self._feeds: dict[Path, _Feed] = {}

    async def watch(self) -> None:
        """Looks once a second, without end."""
        while True:
            with contextlib.suppress(OSError):  # a full disk; the runs themselves are not ours to end
                await self.look()
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Takes what has come."""
        for path in sorted(self._folder.glob("*.jsonl")):
            if path not in self._feeds:
                self._feeds[path] = _Feed(path)
            feed = self._feeds[path]
            await feed.take(self._queue, self._results)
            if feed.over:
                del self._feeds[path]
                path.unlink(missing_ok=True)


class _Feed:
    """The lines of one run."""

    def __init__(self, path: Path) -> None:
        self._path, self._offset = path, 0
        self._job: Job | None = None
        self._listener: Listener | None = None
        self._pid = 0
        self.over = False

    async def take(self, queue: JobQueue, results: Path) -> None:
        """Takes the lines that have come; at the end of the process what it did not say itself."""
        alive = self._job is None or _is_alive(self._pid)
        with self._path.open("rb") as file:
            file.seek(self._offset)
            data = file.read()
        data = data[: data.rfind(b"\n") + 1]
        self._offset += len(data)
        for line in data.decode("utf-8", "replace").splitlines():
            if self._job is None:
                self._begin(queue, results, line)
            elif self._listener is not None:
                await self._listener.hear(line)
        if self._job is not None and self._job.open and not alive and not data:
            queue.end(self._job, "interrupted", speaker(TEXTS, self._job.lang)("run_died"))
        self.over = self.over or (self._job is not None and not self._job.open)

    def _begin(self, queue: JobQueue, results: Path, line: str) -> None:
        try:
            hello: dict[str, Any] = json.loads(line)
        except ValueError:
            hello = {}
        kind = hello.get("kind")
        if kind not in ("run", "capacity", "bench"):
            self.over = True  # not ours
            return
        self._pid = whole(hello, "pid") or 0
        self._job = Job(
            f"t{_PLAIN.sub('_', self._path.stem)[:50]}",  # the same when the studio is started again meanwhile
            kind,
            title=printable(str(hello.get("title", "")), 200),
            state="running",
            origin="terminal",
            created_at=now_text(),
            started_at=now_text(),
        )
        self._listener = Listener(queue, self._job, results)
        queue.watch_terminal(self._job)


def _is_alive(pid: int) -> bool:
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # it is of another user
    return True
