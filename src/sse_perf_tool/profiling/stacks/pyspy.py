"""Runs py-spy beside a server in Python, and gives the stacks that it wrote their times."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sysconfig
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, cast

from ...load.program import end_within
from ...texts import printable
from ..hooks.reading import Code
from .samples import Curve, Curves, Sample, Stacks, points_of

MOST_BYTES = 512 << 20
END_S = 20.0
FIRST_S = 10.0


def program() -> str | None:
    """py-spy of this Python's own scripts, else of PATH."""
    return shutil.which("py-spy", path=sysconfig.get_path("scripts")) or shutil.which("py-spy")


def fault(found: str) -> str:
    """Runs it, as one that is installed may not start on this system: what it says then, "" when all is well."""
    try:
        done = subprocess.run([found, "--version"], capture_output=True, text=True, timeout=20, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return "" if done.returncode == 0 else printable(done.stderr.strip()[-200:] or f"status {done.returncode}")


class PySpy:
    """py-spy on process `pid` and all that it starts, into `path`.

    It does not stop the server for a sample, unless it wants native frames: a sleep that is stopped begins anew, and
    then looks like work.  Of threads that slept nine tenths of the time, a third of all samples were of their sleep.
    """

    def __init__(self, pid: int, path: Path, rate: int, *, native: bool = False) -> None:
        found = program()
        if found is None:
            raise FileNotFoundError("py-spy")
        self.path, self.began_ns, self.late, self.said = path, 0, 0, ""
        self._lines: list[str] = []
        self._seen = threading.Event()
        self._process = subprocess.Popen(  # noqa: S603 - a program of ours
            [
                found, "record", "--subprocesses", "--format", "speedscope", "--rate", str(rate),
                "--native" if native else "--nonblocking", "--pid", str(pid), "--duration", "unlimited",
                "--output", str(path),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read, name="py-spy", daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in cast("IO[str]", self._process.stdout):
            if not self.began_ns:
                self.began_ns = time.perf_counter_ns()
            if "behind in sampling" in line:
                self.late += 1
            elif len(self._lines) < 50:
                self._lines.append(line.strip())
            self._seen.set()
        self._seen.set()

    def begins(self) -> bool:
        """Waits until it samples; False when it ended instead, see `why`."""
        self._seen.wait(FIRST_S)
        time.sleep(0.3)  # a refusal comes behind the first line
        return self._process.poll() is None

    @property
    def why(self) -> str:
        """What it said, in one line."""
        said = [line for line in self._lines if line.lower().startswith("error")] or self._lines[-1:]
        return printable(re.sub(r"\x1b\[[0-9;]*m", "", said[0] if said else f"status {self._process.poll()}"), 200)

    def stop(self) -> bool:
        """Ends it, upon which it writes; True when it wrote."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        end_within(self._process, END_S)
        self._reader.join()
        cast("IO[str]", self._process.stdout).close()
        return self.path.is_file() and self.path.stat().st_size > 0


def read_stacks(
    path: Path, span_s: tuple[float, float], labels: Mapping[int, str], curves: Curves, late: int = 0
) -> list[Stacks]:
    """What py-spy wrote, as `stacks_of`; [] when it cannot be read."""
    try:
        with path.open("rb") as file:
            return stacks_of(json.loads(file.read(MOST_BYTES)), span_s, labels, curves, late)
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return []


def stacks_of(
    document: Mapping[str, Any], span_s: tuple[float, float], labels: Mapping[int, str], curves: Curves, late: int = 0
) -> list[Stacks]:
    """The stacks of a speedscope file of py-spy, each with the moment and the time that its thread's CPU time gives it.

    py-spy samples only threads that are at work or wait for a core, and its file has their order, not their times.  So
    the k-th of a thread's n samples was taken when the thread had used k/n of its CPU time of the span, and stands for
    an n-th of that; `curves` say when and how much it was.
    """
    places = [Code(str(each["name"]), str(each.get("file") or ""), int(each.get("line") or 0))
              for each in document["shared"]["frames"]]  # fmt: skip
    found: dict[int, Stacks] = {}
    for profile in document["profiles"]:
        name = re.match(r"(?:Process (\d+) )?Thread (\w+)", profile["name"])
        if name is None:
            continue
        frames = [places[at] for at in dict.fromkeys(at for sample in profile["samples"] for at in sample)]
        pid = int(name[1]) if name[1] else _pid_of(frames)
        stacks = found.setdefault(pid, Stacks(pid, labels.get(pid, f"python {pid}"), late=late))
        thread = int(name[2], 0) if name[2].isdigit() or name[2].startswith("0x") else 0
        times, used_s = _times(len(profile["samples"]), span_s, curves.get((pid, thread), ()))
        weights = [used_s / len(times)] * len(times) if used_s else profile["weights"]
        for at_s, sample, weight in zip(times, profile["samples"], weights, strict=True):
            stack = [places[at] for at in sample if not places[at].function.startswith("process ")]
            if not any(place.function == _OUR_THREAD and _is_ours(place) for place in stack):
                stack = [place for place in stack if not _is_ours(place)]
                stacks.samples.append(Sample(at_s, weight * 1000, tuple(stack)))
    for stacks in found.values():
        stacks.samples.sort(key=lambda sample: sample.at_s)
    return list(found.values())


_OUR_THREAD = "Watcher._watch"


def _is_ours(place: Code) -> bool:
    """Whether it is a frame of our hook."""
    return place.file.endswith("sse_profile_hook.py")


def _pid_of(frames: Sequence[Code]) -> int:
    """The process of a profile whose name does not tell it: its outermost frame does."""
    said = (re.match(r"process (\d+)", place.function) for place in frames)
    return next((int(each[1]) for each in said if each), 0)


def _times(count: int, span_s: tuple[float, float], curve: Curve) -> tuple[list[float], float]:
    """When each of `count` samples was taken, by the CPU time that its thread had used by then, and that of the span.

    Evenly, and 0, where it is not known.
    """
    begin_s, end_s = span_s
    points = points_of(curve, begin_s, end_s)
    used_s = points[-1][1] - points[0][1] if len(points) > 1 else 0.0
    if used_s <= 0:
        return [begin_s + (number + 0.5) / count * (end_s - begin_s) for number in range(count)], 0.0
    times, at = [], 0
    for number in range(count):
        wanted = points[0][1] + (number + 0.5) / count * used_s
        while at + 2 < len(points) and points[at + 1][1] < wanted:
            at += 1
        (from_s, before), (to_s, after) = points[at], points[at + 1]
        share = (wanted - before) / (after - before) if after > before else 0.0
        times.append(from_s + min(1.0, max(0.0, share)) * (to_s - from_s))
    return times, used_s
