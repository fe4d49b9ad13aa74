"""A worker process: started, told of its job on standard input, read line by line, ended for sure.

It gets keys by its standard input alone: whoever lists processes sees arguments and environments.  When the server dies
its standard input ends, and with it the worker.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from ..settings import SOURCE, child_environ

LONGEST_LINE = 64 << 20
"""A cell with many thousand requests is one line."""

TERM_AFTER_S, KILL_AFTER_S = 20.0, 25.0
"""After it was told to stop.  A load has 5 s for its last answers; then the results are written."""

_LAST_WORDS = 8192


class WorkerProcess:
    """One worker with one job."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._last_words = b""
        self._listening = asyncio.create_task(self._listen())
        self._ending: asyncio.Task[None] | None = None

    @classmethod
    async def start(cls, command: Sequence[str], folder: Path, order: dict[str, Any]) -> WorkerProcess:
        """Starts one and gives it its order, which is about `folder`.  OSError when there is none to be started."""
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=SOURCE,
            env=child_environ(),
            limit=LONGEST_LINE,
            start_new_session=True,  # Ctrl-C in the terminal of the studio is not for it
        )
        worker = cls(process)
        await worker._say(json.dumps({**order, "folder": str(folder.resolve())}))
        return worker

    async def lines(self) -> AsyncIterator[bytes]:
        """What it says, until it has ended."""
        if self._process.stdout is None:
            raise TypeError("a worker without standard output")
        with contextlib.suppress(ValueError):  # a line without end
            async for line in self._process.stdout:
                yield line

    async def wait(self) -> int:
        """Its exit status, when it has ended."""
        status = await self._process.wait()
        await self._listening
        if self._ending is not None:
            self._ending.cancel()
        return status

    @property
    def last_words(self) -> str:
        """The last line of its error output."""
        lines = self._last_words.decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else ""

    def stop(self) -> None:
        """Tells it to end, and ends it when it does not."""
        if self._ending is None:
            self._ending = asyncio.create_task(self._end())

    def kill(self, number: int = getattr(signal, "SIGKILL", signal.SIGTERM)) -> None:
        """Ends it and what it started."""
        if self._process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg"):
                os.killpg(self._process.pid, number)
            else:
                self._process.send_signal(number)

    async def _end(self) -> None:
        await self._say("cancel")
        await asyncio.sleep(TERM_AFTER_S)
        self.kill(signal.SIGTERM)
        await asyncio.sleep(KILL_AFTER_S - TERM_AFTER_S)
        self.kill()

    async def _say(self, line: str) -> None:
        if self._process.stdin is None:
            raise TypeError("a worker without standard input")
        with contextlib.suppress(ConnectionError):  # it has ended; its exit status tells more
            self._process.stdin.write(line.encode() + b"\n")
            await self._process.stdin.drain()

    async def _listen(self) -> None:
        if self._process.stderr is None:
            raise TypeError("a worker without error output")
        while said := await self._process.stderr.read(4096):
            self._last_words = (self._last_words + said)[-_LAST_WORDS:]
