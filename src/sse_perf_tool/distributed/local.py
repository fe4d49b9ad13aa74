"""Workers on this machine, each a process of its own, as those on other machines are.

What they need, the token too, goes over their standard input, which they also watch: when it closes the master has
ended, however it did, and they end at once.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from typing import IO

START = "from sse_perf_tool.distributed.local import main; main()"
ENDS_S = 3.0
"""For so long a worker that was let go is waited for."""


class LocalWorkers:
    """So many worker processes, which call the master at this place."""

    def __init__(self, number: int, host: str, port: int, token: str, lang: str) -> None:
        told = json.dumps({"host": host, "port": port, "token": token, "lang": lang})
        self._links: dict[str, int] = {}
        self._processes: list[subprocess.Popen[str]] = []
        for _ in range(number):
            process = subprocess.Popen(  # noqa: S603 - ourselves
                [sys.executable, "-c", START],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                text=True,
                start_new_session=True,  # Ctrl-C is for the master to act on
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )
            self._processes.append(process)
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

    def ended(self) -> str:
        """How the first of them ended that has; "" when none has."""
        statuses = [process.poll() for process in self._processes]
        return next((f"status {status}" for status in statuses if status is not None), "")

    def close(self) -> None:
        """Waits until they have ended, and ends them if they do not."""
        for process in self._processes:
            try:
                process.wait(ENDS_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdin is not None:
                process.stdin.close()


def main() -> None:
    """A worker process of a master on this machine."""
    from ..arguments import Joining
    from .worker import run_worker

    told = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with, args=(sys.stdin,), daemon=True).start()
    joining = Joining(told["host"], told["port"], told["token"], 60.0, told["lang"])
    sys.exit(run_worker(joining, lambda _line: None))


def _end_with(stream: IO[str]) -> None:
    """Ends this process when the other end of its standard input does; its children see that and end as well."""
    while stream.read(1):
        pass
    os._exit(1)
