"""The process that looks at the server's processes, so that the process that times the load does not.

Its standard input has one line of JSON (`pids`, `every_s`, `guard`, `sleeps`) and is then held open.  On its standard
output stands a line of JSON for each look: `at_ns` (`time.perf_counter_ns`), `own_cpu_s`, and `processes`, a list of
objects as `look` makes them; once for each process an object under `process`.  When standard input ends without the
line "bye", the tool has died: with `guard` the process group of that number, which the tool started, is ended.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psutil

TREE_S = 1.0
"""So often the children of the server are looked for: that means to walk all processes of the machine."""
MOST_SLEEPERS = 256
"""Of so many threads of a process it is looked how they sleep: two more files each."""
GUARD_S = 5.0
"""So long a server may take to end when the tool has died."""


class Tree:
    """Some processes and all below them."""

    def __init__(self, pids: Sequence[int]) -> None:
        self._pids = pids
        self.processes: dict[int, psutil.Process] = {}

    def refresh(self) -> list[psutil.Process]:
        """Those that are new."""
        new: list[psutil.Process] = []
        for pid in self._pids:
            with contextlib.suppress(psutil.Error):
                root = psutil.Process(pid)
                for each in (root, *root.children(recursive=True)):
                    if each.pid not in self.processes and each.status() != psutil.STATUS_ZOMBIE:
                        self.processes[each.pid] = each
                        new.append(each)
        return new


def kind_of(process: psutil.Process) -> str:
    """What the process is, told by its program and not by how it was started."""
    for read in (process.exe, process.name):  # of another user's process only its name is told
        with contextlib.suppress(psutil.Error, OSError):
            name = Path(read()).name.lower()
            if name.startswith(("python", "pypy")):
                return "python"
            if name.startswith("node"):
                return "node"
    with contextlib.suppress(OSError):
        if "libpython" in Path(f"/proc/{process.pid}/maps").read_text(encoding="utf-8", errors="replace"):
            return "python"
    return "other"


def described(process: psutil.Process) -> dict[str, Any]:
    """What does not change of a process."""
    found: dict[str, Any] = {"pid": process.pid, "kind": kind_of(process), "name": "", "cores": None, "fd_limit": None}
    for name, read in _FACTS:
        with contextlib.suppress(psutil.Error, OSError, AttributeError, IndexError):
            found[name] = read(process)
    return found


def _fd_limit(process: psutil.Process) -> int | None:
    soft = int(process.rlimit(psutil.RLIMIT_NOFILE)[0])  # Linux only: AttributeError elsewhere
    return soft if soft >= 0 else None


_FACTS: tuple[tuple[str, Callable[[psutil.Process], Any]], ...] = (
    ("name", lambda process: process.name()),
    ("command", lambda process: process.cmdline()[:40]),
    ("is_ours", lambda process: process.uids().effective == os.geteuid()),  # AttributeError on Windows
    ("cores", lambda process: len(process.cpu_affinity())),
    ("fd_limit", _fd_limit),
)


def look(process: psutil.Process, *, sleeps: bool = False) -> dict[str, Any] | None:
    """One look at a process, with `sleeps` also at how its threads sleep; None when it has ended.

    What the system does not tell is not there.
    """
    found: dict[str, Any] = {"pid": process.pid}
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        with process.oneshot():
            times = process.cpu_times()
            found["cpu_s"] = times.user + times.system
            found["rss"] = process.memory_info().rss
            found["threads"] = process.num_threads()
            switches = process.num_ctx_switches()
            found["switches"] = switches.voluntary + switches.involuntary
        with contextlib.suppress(psutil.AccessDenied, AttributeError):
            found["fds"] = process.num_fds()
    except psutil.NoSuchProcess:
        return None
    except (psutil.Error, AttributeError, NotImplementedError):
        return found
    at_ns = time.perf_counter_ns()  # on a busy machine the look itself may have had to wait for a core
    cpu_s, wait_s = _threads(process.pid)
    if cpu_s:
        found |= {"at_ns": at_ns, "wait_s": sum(wait_s.values()), "thread_cpu_s": cpu_s, "thread_wait_s": wait_s}
    if cpu_s and sleeps:
        found |= _sleeps(process.pid, list(cpu_s)[:MOST_SLEEPERS])
    return found


def _threads(pid: int) -> tuple[dict[str, float], dict[str, float]]:
    """How long each of its threads ran, and how long it waited for a core (Linux, proc(5): schedstat)."""
    ran: dict[str, float] = {}
    waited: dict[str, float] = {}
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(OSError, ValueError, IndexError):
                ran_ns, waited_ns, *_ = (task / "schedstat").read_text().split()
                ran[task.name], waited[task.name] = int(ran_ns) / 1e9, int(waited_ns) / 1e9
    return ran, waited


def _sleeps(pid: int, threads: Sequence[str]) -> dict[str, Any]:
    """How often each of these threads went to sleep, and whether those that sleep now do so at a lock.

    Linux, proc(5): status, wchan.  A thread at work has no place where it sleeps, nor has one of another user.
    """
    times: dict[str, int] = {}
    at_lock: dict[str, bool] = {}
    for thread in threads:
        with contextlib.suppress(OSError, ValueError):
            task = Path(f"/proc/{pid}/task/{thread}")
            status = (task / "status").read_text().splitlines()
            times[thread] = next(int(line.split()[1]) for line in status if line.startswith("voluntary_ctxt"))
            if (place := (task / "wchan").read_text()) not in ("", "0"):
                at_lock[thread] = place.startswith("futex")
    return {"thread_sleeps": times, "thread_at_lock": at_lock}


def main() -> None:
    """Looks until standard input ends."""
    told = json.loads(sys.stdin.readline())
    over, said_bye = threading.Event(), threading.Event()

    def wait_for_end() -> None:
        if sys.stdin.readline().strip() == "bye":
            said_bye.set()
        over.set()

    threading.Thread(target=wait_for_end, daemon=True).start()
    tree, begin_s, refreshed_s = Tree(told["pids"]), time.monotonic(), -TREE_S
    with contextlib.suppress(BrokenPipeError):
        while not over.is_set():
            now_s = time.monotonic()
            if now_s - refreshed_s >= TREE_S:
                refreshed_s = now_s
                for process in tree.refresh():
                    print(json.dumps({"process": described(process)}), flush=True)
            print(json.dumps(_looks(tree, sleeps=told["sleeps"])), flush=True)
            over.wait(told["every_s"] - (time.monotonic() - begin_s) % told["every_s"])
    if told["guard"] and not said_bye.is_set():
        _end(told["guard"])


def _looks(tree: Tree, *, sleeps: bool) -> dict[str, Any]:
    at_ns, looks = time.perf_counter_ns(), []
    for pid, process in list(tree.processes.items()):
        found = look(process, sleeps=sleeps)
        if found is None:
            del tree.processes[pid]
        else:
            looks.append(found)
    return {"at_ns": at_ns, "own_cpu_s": time.process_time(), "processes": looks}


def _end(group: int) -> None:
    """Ends the process group that a tool, which has died, had started."""
    with contextlib.suppress(OSError):
        os.killpg(group, signal.SIGINT)
        until_s = time.monotonic() + GUARD_S
        while time.monotonic() < until_s:
            os.killpg(group, 0)
            time.sleep(0.1)
        os.killpg(group, signal.SIGKILL)
