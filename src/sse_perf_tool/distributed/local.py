"""Workers on this machine, each a process of its own, as those on other machines are.

What they need, the token too, goes over their standard input, which they also watch: when it closes the master has
ended, however it did, and they end at once.

How many requests a worker has begun, in case that it is lost, those on other machines say in a hundred messages a
second.  Where master, workers and often the server share the cores that is felt, so these note it in a file.
"""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import IO

from ..load.program import end_within

START = "from sse_perf_tool.distributed.local import main; main()"
ENDS_S = 3.0
"""For so long a worker that was let go is waited for."""


class Note:
    """How many requests a worker has begun in a round: a file, which outlives the worker.

    Both ends keep it open: neither minds when somebody tidies up the folder, nor a disk that is full.
    """

    _FORMAT = struct.Struct("!QQ")

    def __init__(self, path: Path) -> None:
        self._file = path.open("r+b", buffering=0)
        self.close = self._file.close

    @classmethod
    def new(cls, path: Path) -> Note:
        """A note at this place, of nothing begun in the first round."""
        path.write_bytes(cls._FORMAT.pack(0, 0))
        return cls(path)

    def write(self, after_id: int, begun: int) -> None:
        """So many in the round whose requests are numbered from `after_id` + 1."""
        self._file.seek(0)
        self._file.write(self._FORMAT.pack(after_id, begun))

    def read(self, after_id: int) -> int:
        """How many it had begun in that round; 0 when it has not noted any."""
        self._file.seek(0)
        of_round, begun = self._FORMAT.unpack(self._file.read(self._FORMAT.size))
        return begun if of_round == after_id else 0


class LocalWorkers:
    """So many worker processes, which call the master at this place."""

    def __init__(self, number: int, host: str, port: int, token: str, lang: str) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="sse-perf-")
        self._notes: dict[int, Note] = {}
        self._links: dict[str, int] = {}
        self._processes: list[subprocess.Popen[str]] = []
        for each in range(number):
            place = Path(self._folder.name) / str(each)
            note = Note.new(place)
            told = json.dumps({"host": host, "port": port, "token": token, "lang": lang, "note": str(place)})
            process = subprocess.Popen(  # noqa: S603 - ourselves
                [sys.executable, "-c", START],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                text=True,
                start_new_session=True,  # Ctrl-C is for the master to act on
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )
            self._processes.append(process)
            self._notes[process.pid] = note
            if process.stdin is not None:
                process.stdin.write(told + "\n")
                process.stdin.flush()

    def known(self, link: str, pid: int) -> None:
        """The worker at this end of the line is that process."""
        self._links[link] = pid

    def has_ended(self, link: str) -> bool:
        """Whether the process of a worker has ended."""
        pid = self._links.get(link)
        return any(process.pid == pid and process.poll() is not None for process in self._processes)

    def begun(self, link: str, after_id: int) -> int:
        """How many requests of a round a worker has noted, see `Note.read`."""
        note = self._notes.get(self._links.get(link, 0))
        return 0 if note is None else note.read(after_id)

    def ended(self) -> str:
        """How the first of them ended that has; "" when none has."""
        statuses = [process.poll() for process in self._processes]
        return next((f"status {status}" for status in statuses if status is not None), "")

    def close(self) -> None:
        """Waits until they have ended, and ends them if they do not."""
        for process in self._processes:
            end_within(process, ENDS_S)
            if process.stdin is not None:
                process.stdin.close()
        for note in self._notes.values():
            note.close()
        self._folder.cleanup()


def main() -> None:
    """A worker process of a master on this machine."""
    from ..arguments import Joining
    from .worker import run_worker

    told = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with, args=(sys.stdin,), daemon=True).start()
    joining = Joining(told["host"], told["port"], told["token"], 60.0, told["lang"])
    sys.exit(run_worker(joining, lambda _line: None, note=Note(Path(told["note"])).write))


def _end_with(stream: IO[str]) -> None:
    """Ends this process when the other end of its standard input does; its children see that and end as well."""
    while stream.read(1):
        pass
    os._exit(1)
