"""What is seen of processes from outside, and the series that are made of it."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import time

import psutil
import pytest

from patience import FOREVER_S
from sse_perf_tool.profiling.server import sampler
from sse_perf_tool.profiling.server.watch import ProcessWatch, series_of

S = 1_000_000_000


def facts(pid: int, **more: object) -> dict[str, object]:
    return {"process": {"pid": pid, "name": "python", "kind": "python", "cores": 2, "fd_limit": 100, **more}}


def look(at_s: float, pid: int, cpu_s: float, wait_s: float, **more: object) -> dict[str, object]:
    row = {"pid": pid, "cpu_s": cpu_s, "wait_s": wait_s, "rss": 50_000_000, "threads": 3, "fds": 9, "switches": 100}
    return {"at_ns": round((10 + at_s) * S), "processes": [{**row, **more}]}


def test_counters_become_rates_and_the_first_look_has_none() -> None:
    (found,) = series_of(
        [
            facts(7),
            look(0, 7, 1.0, 0.0, thread_cpu_s={"7": 1.0, "8": 0.0}, thread_wait_s={"7": 0.0, "8": 0.0}),
            look(
                0.5, 7, 1.4, 0.05, thread_cpu_s={"7": 1.1, "8": 0.3}, thread_wait_s={"7": 0.0, "8": 0.05}, switches=150
            ),
        ],
        10 * S,
    )
    assert (found.label, found.at_s, found.rss_mb) == ("python 7", [0, 0.5], [50, 50])
    assert math.isnan(found.cpu[0])
    assert (found.cpu[1], found.waiting[1], found.switches_per_s[1]) == (80.0, 10.0, 100.0)
    assert found.thread_cpu == {7: [(0, 1.0), (0.5, 1.1)], 8: [(0, 0.0), (0.5, 0.3)]}
    assert found.thread_wait == {7: [(0, 0.0), (0.5, 0.0)], 8: [(0, 0.0), (0.5, 0.05)]}
    assert found.values("cpu", 0, 1) == [80.0]


def test_a_look_that_had_to_wait_for_a_core_itself_has_its_own_moment() -> None:
    late = look(0.5, 7, 1.4, 0.0, at_ns=round(10.8 * S))
    (found,) = series_of([facts(7), look(0, 7, 1.0, 0.0), late], 10 * S)
    assert (found.at_s, found.cpu[1]) == ([0, 0.8], 50.0)


def test_what_a_system_does_not_tell_is_not_measured() -> None:
    (found,) = series_of([facts(7), {"at_ns": 10 * S, "processes": [{"pid": 7}]}], 10 * S)
    assert all(math.isnan(each[0]) for each in (found.cpu, found.rss_mb, found.threads, found.fds))
    assert found.is_ours, "a system that does not tell the user"
    assert not series_of([facts(7, is_ours=False)], 0)[0].is_ours


def test_this_process_and_its_child_are_seen() -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as child:
        tree = sampler.Tree([os.getpid()])
        pids = {each.pid for each in tree.refresh()}
        assert {os.getpid(), child.pid} <= pids
        assert tree.refresh() == []
        found = sampler.look(psutil.Process(child.pid))
        assert found is not None
        assert found["rss"] > 1_000_000
        told = sampler.described(psutil.Process(child.pid))
        assert (told["kind"], told["is_ours"]) == ("python", True)
        child.kill()
    assert sampler.look(tree.processes[child.pid]) is None


QUEUE = """
import threading
def spin():
    while True:
        sum(range(1000))
for _ in range(3):
    threading.Thread(target=spin, daemon=True).start()
threading.Event().wait()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="threads are told by /proc")
def test_threads_that_queue_for_the_interpreter_are_seen_asleep_at_a_lock() -> None:
    with subprocess.Popen([sys.executable, "-c", QUEUE]) as child:
        process, until_s = psutil.Process(child.pid), time.monotonic() + FOREVER_S
        at_lock: set[str] = set()
        before: dict[str, int] = {}
        while (len(at_lock) < 3 or len(before) < 4) and time.monotonic() < until_s:
            found = sampler.look(process, sleeps=True)
            assert found is not None
            rose = {thread for thread, times in found["thread_sleeps"].items() if times > before.get(thread, times)}
            before |= found["thread_sleeps"]
            at_lock |= {thread for thread, yes in found["thread_at_lock"].items() if yes and thread in rose}
        assert len(at_lock) >= 3
        plain = sampler.look(process)
        child.kill()
    assert plain is not None
    assert not {"thread_sleeps", "thread_at_lock"} & plain.keys()


def test_how_threads_sleep_becomes_curves() -> None:
    told = {"thread_sleeps": {"7": 5, "8": 900}, "thread_at_lock": {"8": True}}
    (found,) = series_of([facts(7), look(0, 7, 1.0, 0.0, **told)], 10 * S)
    assert found.thread_sleeps == {7: [(0, 5)], 8: [(0, 900)]}
    assert found.thread_at_lock == {8: [(0, 1)]}


def test_the_watch_sees_a_process_at_work() -> None:
    begin_ns = time.perf_counter_ns()
    with ProcessWatch([os.getpid()], every_s=0.1) as watch:
        until_s = time.process_time() + 0.3
        while time.process_time() < until_s:
            pass
        took_s = (time.perf_counter_ns() - begin_ns) / 1e9
    found = next(each for each in watch.series(begin_ns) if each.pid == os.getpid())
    assert found.kind == "python"
    on_average = 100 * 0.3 / took_s
    assert max(value for value in found.cpu if not math.isnan(value)) > on_average / 2
    assert not watch.ended_early
    assert watch.kinds()[os.getpid()] == "python"


def test_a_tool_that_dies_takes_its_server_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampler, "GUARD_S", 0.2)
    code = "import time; print('up', flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, start_new_session=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"up\n", "Python that is interrupted while it starts ends with 1"
        sampler._end(child.pid)
        assert child.wait(FOREVER_S) in (-2, -9)
