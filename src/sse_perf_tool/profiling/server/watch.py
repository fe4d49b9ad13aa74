"""Looks at the server's processes beside a load, from a process of its own, and makes series of it."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import IO, Any, cast

from ...load.program import end_within, start_program

EVERY_S = 0.5
FIRST_S = 5.0
"""So long a session waits for the first look."""
END_S = 2.0
_SAMPLER = "from sse_perf_tool.profiling.server.sampler import main; main()"


@dataclass
class ProcessSeries:
    """What was seen of one process: `at_s` in seconds of the run (below 0 is before it), and a value for each.

    `cpu` and `waiting` (for a core, of all threads) are in percent of one core, since the look before; `rss_mb` in 10^6
    bytes.  NaN where there is no value.
    """

    pid: int
    name: str = ""
    kind: str = "other"
    command: Sequence[str] = ()
    cores: int | None = None
    fd_limit: int | None = None
    at_s: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    waiting: list[float] = field(default_factory=list)
    rss_mb: list[float] = field(default_factory=list)
    threads: list[float] = field(default_factory=list)
    fds: list[float] = field(default_factory=list)
    switches_per_s: list[float] = field(default_factory=list)
    thread_cpu: dict[int, list[tuple[float, float]]] = field(default_factory=dict)
    """By the system's number of a thread: (second, CPU seconds used by then)."""
    thread_wait: dict[int, list[tuple[float, float]]] = field(default_factory=dict)
    """The same of the seconds for which it had waited for a core."""
    thread_sleeps: dict[int, list[tuple[float, float]]] = field(default_factory=dict)
    """The same of how often it had gone to sleep; only of a server that the tool did not start."""
    thread_at_lock: dict[int, list[tuple[float, float]]] = field(default_factory=dict)
    """Likewise (second, whether it slept at a lock: 1 or 0), where a look found it asleep."""
    is_ours: bool = True
    """Whether it runs as the user of this tool."""

    @property
    def label(self) -> str:
        """How it is called: name and PID."""
        return f"{self.name} {self.pid}".strip()

    def values(self, series: str, begin_s: float, end_s: float) -> list[float]:
        """The known values of one of its series between two moments."""
        pairs = zip(self.at_s, getattr(self, series), strict=True)
        return [value for at_s, value in pairs if begin_s <= at_s <= end_s and value == value]


class ProcessWatch:
    """Looks at `pids` and all below them while it is entered; `guard`: the group to end if the tool dies.

    With `sleeps` also at how their threads sleep: of a server with no hook nothing else tells who queues for the
    interpreter.
    """

    def __init__(self, pids: Sequence[int], guard: int = 0, every_s: float = EVERY_S, *, sleeps: bool = False) -> None:
        self._told = {"pids": list(pids), "guard": guard, "every_s": every_s, "sleeps": sleeps}
        self.lines: list[dict[str, Any]] = []
        """What the sampler said so far."""
        self._first = threading.Event()
        self.ended_early = False

    def __enter__(self) -> ProcessWatch:
        self._process = start_program(_SAMPLER)
        self._reader = threading.Thread(target=self._read, name="server-processes", daemon=True)
        self._reader.start()
        with contextlib.suppress(OSError):
            self._input.write(json.dumps(self._told) + "\n")
            self._input.flush()
        self._first.wait(FIRST_S)
        return self

    def __exit__(self, *_: object) -> None:
        self.ended_early = self._process.poll() is not None
        with contextlib.suppress(OSError):
            self._input.write("bye\n")
            self._input.close()
        end_within(self._process, END_S)
        self._reader.join()
        cast("IO[str]", self._process.stdout).close()

    @property
    def _input(self) -> IO[str]:
        return cast("IO[str]", self._process.stdin)

    def _read(self) -> None:
        for line in cast("IO[str]", self._process.stdout):
            with contextlib.suppress(ValueError):  # cut short by its end
                self.lines.append(json.loads(line))
            if len(self.lines) > 1:
                self._first.set()
        self._first.set()

    def cpu_s(self) -> float:
        """CPU seconds of all processes of the server at the last look, those that ended included."""
        latest: dict[int, float] = {}
        for line in list(self.lines):
            latest |= {each["pid"]: each["cpu_s"] for each in line.get("processes", ()) if "cpu_s" in each}
        return sum(latest.values())

    def kinds(self) -> dict[int, str]:
        """The processes that are known by now, and what they are."""
        return {line["process"]["pid"]: line["process"]["kind"] for line in list(self.lines) if "process" in line}

    def series(self, origin_ns: int) -> list[ProcessSeries]:
        """What was seen, for a run that began at `origin_ns` of `time.perf_counter_ns`."""
        return series_of(self.lines, origin_ns)

    def own_cpu_s(self) -> float:
        """What the looking itself took."""
        return max((float(line.get("own_cpu_s", 0.0)) for line in self.lines), default=0.0)


def is_installed() -> bool:
    """Whether what the sampler needs is there."""
    return find_spec("psutil") is not None


def series_of(lines: Iterable[Mapping[str, Any]], origin_ns: int) -> list[ProcessSeries]:
    """The series of each process, in the order of their first look, out of the lines of the sampler."""
    found: dict[int, ProcessSeries] = {}
    before: dict[int, tuple[int, Mapping[str, Any]]] = {}
    for line in lines:
        if "process" in line:
            facts = line["process"]
            names = ("pid", "name", "kind", "cores", "fd_limit", "is_ours")
            known = {name: facts[name] for name in names if name in facts}
            found.setdefault(facts["pid"], ProcessSeries(**known, command=facts.get("command") or ()))
            continue
        for each in line["processes"]:
            series = found.setdefault(each["pid"], ProcessSeries(each["pid"]))
            at_ns = each.get("at_ns", line["at_ns"])
            _add(series, at_ns, each, before.get(each["pid"]), origin_ns)
            before[each["pid"]] = (at_ns, each)
    return list(found.values())


def _add(
    series: ProcessSeries, at_ns: int, now: Mapping[str, Any], before: tuple[int, Mapping[str, Any]] | None, origin: int
) -> None:
    unknown = float("nan")
    at_s = round((at_ns - origin) / 1e9, 3)
    series.at_s.append(at_s)
    series.rss_mb.append(round(now["rss"] / 1e6, 3) if "rss" in now else unknown)
    series.threads.append(now.get("threads", unknown))
    series.fds.append(now.get("fds", unknown))
    took_s = (at_ns - before[0]) / 1e9 if before else 0.0

    def rate(name: str, factor: float) -> float:
        if before is None or took_s <= 0 or name not in now or name not in before[1]:
            return unknown
        return round(max(0.0, float(now[name] - before[1][name])) / took_s * factor, 2)

    series.cpu.append(rate("cpu_s", 100))
    series.waiting.append(rate("wait_s", 100))
    series.switches_per_s.append(rate("switches", 1))
    for curves, name in (
        (series.thread_cpu, "thread_cpu_s"),
        (series.thread_wait, "thread_wait_s"),
        (series.thread_sleeps, "thread_sleeps"),
        (series.thread_at_lock, "thread_at_lock"),
    ):
        for thread, value in now.get(name, {}).items():
            curves.setdefault(int(thread), []).append((at_s, float(value)))
