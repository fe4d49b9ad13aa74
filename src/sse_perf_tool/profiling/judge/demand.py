"""How much a process computes, and how much it would if other programs left it the cores.

A process that gets a fifth of a core because others have the rest may be at its limit as much as one that has a whole
core, and one that waits for a core nine tenths of the time may have next to nothing to do with it.  What tells them
apart is what a thread does when it does not wait for a core: it computes, or it sleeps.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from ..hooks.reading import HookSeries
from ..server.watch import ProcessSeries

LEAST_LOOKS, HELD = 20, 50.0
"""Of so many looks of a hook, so many percent have to find the interpreter held before its threads queue for it.  On a
busy machine not all do: what takes it over has to wait for a core first."""


SWITCH_S = 0.005
"""After so long a thread of Python that queues for the interpreter wakes and asks for it (`sys.getswitchinterval`)."""


def demand(process: ProcessSeries, hook: HookSeries | None, begin_s: float, end_s: float) -> float | None:
    """Percent of one core that it would use between two moments if no thread of it ever waited for one.

    Threads of Python that queue for the interpreter sleep meanwhile, and would compute as well: a hook tells that they
    do, and where there is none (a server that was not started by the tool), how they sleep.  None without two looks at
    the process.
    """
    looks = [at_s for at_s in process.at_s if begin_s <= at_s <= end_s]
    if len(looks) < 2:
        return None
    took_s = looks[-1] - looks[0]
    ran_s = wanted_s = waited_s = 0.0
    for thread, curve in process.thread_cpu.items():
        ran, span_s = _grown(curve, begin_s, end_s)
        waited, _ = _grown(process.thread_wait.get(thread, ()), begin_s, end_s)
        ran_s, waited_s = ran_s + ran, waited_s + waited
        wanted_s += ran / max(ran, span_s - waited) * span_s if ran else 0.0
    rates = process.values("cpu", looks[1], end_s)
    used_s = math.fsum(rates) / len(rates) / 100 * took_s if rates else 0.0
    unseen_s = max(0.0, used_s - ran_s)  # of threads that have ended, and of all where the system does not tell them
    if hook is not None and _held(hook, begin_s, end_s) >= HELD:
        wanted_s = max(wanted_s, ran_s + waited_s)
    elif hook is None and process.kind == "python":
        wanted_s = max(wanted_s, min(ran_s + waited_s, took_s, _wanted_in_turn(process, begin_s, end_s)))
    return (wanted_s + unseen_s) / took_s * 100


def _wanted_in_turn(process: ProcessSeries, begin_s: float, end_s: float) -> float:
    """CPU seconds that its threads would use if none waited for a core or for the interpreter; 0 where it is not known
    how they sleep.

    Who queues for the interpreter sleeps at a lock, never longer than `SWITCH_S` at a time, and only while another
    thread is at work or waits for a core.  So the time in that queue is bounded by the number of sleeps, by the looks
    that found the thread at a lock, and by what the others did.
    """
    threads = []
    for thread, curve in process.thread_sleeps.items():
        ran_s, _ = _grown(process.thread_cpu.get(thread, ()), begin_s, end_s)
        waited_s, _ = _grown(process.thread_wait.get(thread, ()), begin_s, end_s)
        times, span_s = _grown(curve, begin_s, end_s)
        looks = [at_lock for at_s, at_lock in process.thread_at_lock.get(thread, ()) if begin_s <= at_s <= end_s]
        threads.append((ran_s, waited_s, times, span_s, math.fsum(looks) / len(looks) if looks else 1.0))
    busy_s = math.fsum(ran_s + waited_s for ran_s, waited_s, *_ in threads)
    wanted_s = 0.0
    for ran_s, waited_s, times, span_s, at_lock in threads:
        asleep_s = max(0.0, span_s - ran_s - waited_s)
        queued_s = min(asleep_s * at_lock, times * SWITCH_S, busy_s - ran_s - waited_s)
        if ran_s:
            wanted_s += ran_s / max(ran_s, span_s - waited_s - queued_s) * span_s
    return wanted_s


def longest_wait(process: ProcessSeries, begin_s: float, end_s: float) -> float | None:
    """Percent of the time between two moments for which the thread that waited most waited for a core."""
    grown = (_grown(curve, begin_s, end_s) for curve in process.thread_wait.values())
    shares = [waited_s / span_s * 100 for waited_s, span_s in grown if span_s >= (end_s - begin_s) / 2]
    return max(shares, default=None)


def _grown(curve: Sequence[tuple[float, float]], begin_s: float, end_s: float) -> tuple[float, float]:
    """By how much a curve rose between two moments, and in how many seconds."""
    first, last = bisect_left(curve, (begin_s,)), bisect_right(curve, (end_s, math.inf)) - 1
    return (curve[last][1] - curve[first][1], curve[last][0] - curve[first][0]) if first < last else (0.0, 0.0)


def _held(hook: HookSeries, begin_s: float, end_s: float) -> float:
    """Percent of the looks of a hook that found the interpreter held; 0 where there were too few."""
    rows = [row for at_s, row in zip(hook.at_s, hook.held, strict=False) if begin_s <= at_s <= end_s]
    looks = sum(looks for _, looks in rows)
    return sum(held for held, _ in rows) / looks * 100 if looks >= LEAST_LOOKS else 0.0
