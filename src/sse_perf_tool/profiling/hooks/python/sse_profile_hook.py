"""Looks at the Python process that it is loaded into: its event loops, its tasks, its threads, its memory.

Standard library alone, Python 3.8 and newer.  A line of JSON a second goes to python.PID.jsonl in the folder:

* `at_ns`: `time.perf_counter_ns`; `late`: {half-octave of microseconds: beats of event loops}; `late_max_us`;
* `blocks`: [[own code, innermost code, how often]], stacks of a loop's thread while the loop stood still;
* `held`: [how often another thread held the interpreter, of so many looks];
* `tasks`, `groups`: [[own code, innermost code, how many]] of the tasks that wait somewhere below code of the server;
* `threads`: the same of threads other than those of loops.

Files in the folder say what to do: heap.start, heap.stop, rest.
"""

import contextlib
import gc
import json
import math
import os
import sys
import threading
import time

from sse_profile_code import ends_of_task, ends_of_thread

EVERY_S = 0.02
"""Between two beats in a loop."""
STILL_S = 0.05
"""A loop whose last beat is older stands still."""
LOOK_S, IDLE_LOOK_S = 0.025, 0.05
MOST_TASKS, MOST_ROWS = 2000, 20

_lock = threading.Lock()
_loops = {}
_seen = {}


def _forget():
    _seen.update(late={}, most_us=0, blocks={}, gc_ns=0, looks=0, held=0)


def _count(into, key, by=1):
    into[key] = into.get(key, 0) + by


class Wait:
    """How long the thread that makes it has waited for a core, where the system tells it (Linux: schedstat)."""

    def __init__(self):
        self._file = None
        with contextlib.suppress(OSError, AttributeError):
            path = "/proc/self/task/{}/schedstat".format(threading.get_native_id())
            self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def seconds(self):
        """So far; 0 when it is not known."""
        if self._file is None:
            return 0.0
        with contextlib.suppress(OSError, ValueError, IndexError):
            return int(os.pread(self._file, 100, 0).split()[1]) / 1e9
        return 0.0

    def end(self):
        file, self._file = self._file, None
        if file is not None:
            os.close(file)


class Beat:
    """Beats in a loop while it runs: how late each is, is how long the loop did not turn.

    The time for which its thread could have run and had no core is not the server's, and is taken off; so is that of
    the watcher's thread while that was at work, as it may have held the interpreter.
    """

    def __init__(self, loop):
        self.loop, self.thread, self.on = loop, threading.get_ident(), True
        self._wait = Wait()
        self._last_s, self._last_waited_s = time.perf_counter(), self._waited_s()
        loop.call_soon(self._tick, self._last_s)

    def _waited_s(self):
        """How long its thread, and the watcher at its work, have waited for a core so far."""
        return self._wait.seconds() + watcher.waited_s()

    def still_s(self):
        """For how long the loop has not turned, since its last beat."""
        return time.perf_counter() - self._last_s - max(0.0, self._waited_s() - self._last_waited_s)

    def end(self):
        self.on = False
        self._wait.end()

    def _tick(self, expected_s):
        now_s, waited_s = time.perf_counter(), self._waited_s()
        late_us = max(0, int((now_s - expected_s - max(0.0, waited_s - self._last_waited_s)) * 1e6))
        self._last_s, self._last_waited_s = now_s, waited_s
        with _lock:
            _count(_seen["late"], int(2 * math.log2(late_us)) if late_us > 1 else 0)
            _seen["most_us"] = max(_seen["most_us"], late_us)
        if self.on:
            self.loop.call_later(EVERY_S, self._tick, now_s + EVERY_S)


def _with_beat(run_forever):
    """`run_forever` of a kind of loop, with a beat in it."""

    def run(loop, *arguments, **named):
        with contextlib.suppress(Exception):
            watcher.ensure()
            _loops[id(loop)] = Beat(loop)
        try:
            return run_forever(loop, *arguments, **named)
        finally:
            beat = _loops.pop(id(loop), None)
            if beat is not None:
                beat.end()

    return run


def _beat_in_asyncio(module):
    module.BaseEventLoop.run_forever = _with_beat(module.BaseEventLoop.run_forever)


def _beat_in_uvloop(module):
    module.Loop.run_forever = _with_beat(module.Loop.run_forever)


class BeatFinder:
    """Puts the beat into a kind of loop when its module is imported: a server without one pays for none."""

    def __init__(self):
        self._left = {"asyncio.base_events": _beat_in_asyncio, "uvloop": _beat_in_uvloop}

    def find_spec(self, name, _path=None, _target=None):
        patch = self._left.pop(name, None)
        if patch is None:
            return None
        from importlib.util import find_spec

        spec = find_spec(name)
        if spec is not None and spec.loader is not None:
            run_module = spec.loader.exec_module

            def exec_module(module):
                run_module(module)
                with contextlib.suppress(Exception):
                    patch(module)

            spec.loader.exec_module = exec_module
        return spec


class GcTime:
    """Adds up the pauses for garbage collection."""

    def __init__(self):
        self._from_ns = 0

    def __call__(self, phase, _info):
        if phase == "start":
            self._from_ns = time.perf_counter_ns()
        elif self._from_ns:
            _seen["gc_ns"] += time.perf_counter_ns() - self._from_ns


def _look_for_blocks():
    frames = None
    for beat in list(_loops.values()):
        if beat.on and beat.still_s() > STILL_S:
            frames = frames or sys._current_frames()
            found = ends_of_thread(frames.get(beat.thread))
            if found:
                with _lock:
                    _count(_seen["blocks"], found)


def _groups():
    """The number of all tasks, and of those in code of the server by where they wait."""
    found, total, asyncio = {}, 0, sys.modules.get("asyncio")
    for beat in list(_loops.values()):
        tasks = []
        with contextlib.suppress(RuntimeError):  # they changed meanwhile
            tasks = list(asyncio.all_tasks(beat.loop))
        total += len(tasks)
        step = 1 + len(tasks) // MOST_TASKS
        for task in tasks[::step]:
            ends = ends_of_task(task)
            if ends:
                _count(found, ends, step)
    return total, found


def _threads():
    found, others = {}, {beat.thread for beat in list(_loops.values())} | {threading.get_ident()}
    for thread, frame in sys._current_frames().items():
        ends = None if thread in others else ends_of_thread(frame)
        if ends:
            _count(found, ends)
    return found


def _rows(found):
    return [[*key, number] for key, number in sorted(found.items(), key=lambda row: -row[1])[:MOST_ROWS]]


def _line():
    with _lock:
        seen = dict(_seen)
        _forget()
    total, groups = _groups()
    return {
        "at_ns": time.perf_counter_ns(),
        "late": seen["late"],
        "late_max_us": seen["most_us"],
        "blocks": _rows(seen["blocks"]),
        "loops": len(_loops),
        "tasks": total,
        "groups": _rows(groups),
        "threads": _rows(_threads()),
        "gc_ms": round(seen["gc_ns"] / 1e6, 3),
        "held": [seen["held"], seen["looks"]],
    }


class Heap:
    """Traces memory by memray between two signs."""

    def __init__(self, folder):
        self._folder, self._tracker, self._begun = folder, None, False

    def look(self):
        if not self._begun and self._has("heap.start"):
            self._begun = True
            try:
                self._start()
            except Exception as error:
                with open(self._path("error"), "w") as file:
                    file.write("{}: {}".format(type(error).__name__, error))
        if self._tracker is not None and self._has("heap.stop"):
            gc.collect()
            tracker, self._tracker = self._tracker, None
            tracker.__exit__(None, None, None)

    def _start(self):
        memray = _memray()
        gc.collect()
        to = memray.FileDestination(self._path("bin"), overwrite=True)
        tracker = memray.Tracker(destination=to, file_format=memray.FileFormat.AGGREGATED_ALLOCATIONS)
        tracker.__enter__()
        self._tracker = tracker

    def _path(self, end):
        return os.path.join(self._folder, "heap.{}.{}".format(os.getpid(), end))

    def _has(self, sign):
        return os.path.exists(os.path.join(self._folder, sign))


def _memray():
    """memray of the server's own packages, else that of the tool, if it was made for this Python."""
    with contextlib.suppress(ImportError):
        import memray

        return memray
    version, _, path = os.environ.get("SSE_PROFILE_MEMRAY", "").partition(":")
    if version != "{}.{}".format(*sys.version_info[:2]):
        raise ImportError("memray is not installed for this Python")
    sys.path.append(path)
    try:
        import memray

        return memray
    finally:
        sys.path.remove(path)


class Watcher:
    """The thread that looks whether a loop stands still, and writes a line every second; it ends for a fork."""

    def __init__(self):
        self._folder, self._thread, self._stop, self._heap, self._rested = "", None, None, None, False
        self._wait, self._at_work, self._woke_s, self._waited_s = None, False, 0.0, 0.0

    def waited_s(self):
        """How long its thread has waited for a core so far while it was at work, not when it was to wake."""
        wait = self._wait
        return self._waited_s + (wait.seconds() - self._woke_s if wait is not None and self._at_work else 0.0)

    def begin(self, folder):
        self._folder, self._heap = folder, Heap(folder)
        self.ensure()
        os.register_at_fork(before=self._before_fork, after_in_parent=self.ensure, after_in_child=self._in_child)

    def ensure(self):
        if self._thread is None or not self._thread.is_alive():
            self._stop = threading.Event()
            self._thread = threading.Thread(target=self._watch, args=(self._stop,), name="sse-profile", daemon=True)
            self._thread.start()

    def _before_fork(self):
        if self._thread is not None and threading.current_thread() is not self._thread:
            self._stop.set()
            self._thread.join(0.5)

    def _in_child(self):
        _loops.clear()
        _forget()
        self._wait, self._at_work = None, False  # its number may be that of another file by now
        self._thread, self._heap = None, Heap(self._folder)
        self.ensure()

    def _watch(self, stop):
        path, next_s = os.path.join(self._folder, "python.{}.jsonl".format(os.getpid())), time.perf_counter() + 1
        self._wait = wait = Wait()
        while not self._sleeps(stop, wait):
            with contextlib.suppress(Exception):
                _look_for_blocks()
                if time.perf_counter() >= next_s:
                    next_s += 1
                    self._every_second(path)
        if self._wait is wait:
            self._wait, self._at_work = None, False
        wait.end()

    def _sleeps(self, stop, wait):
        """Waits for the next look, and counts whether another thread held the interpreter when it came."""
        self._waited_s, self._at_work = self.waited_s(), False
        sleep_s, from_s, waited_s = LOOK_S if _loops else IDLE_LOOK_S, time.perf_counter(), wait.seconds()
        ends = stop.wait(sleep_s)
        self._woke_s, self._at_work = wait.seconds(), True
        late_s = time.perf_counter() - from_s - sleep_s - (self._woke_s - waited_s)
        with _lock:
            _seen["looks"] += 1
            _seen["held"] += late_s > sys.getswitchinterval() / 2
        return ends

    def _every_second(self, path):
        self._heap.look()
        if not self._rested and os.path.exists(os.path.join(self._folder, "rest")):
            self._rested = True
            gc.collect()
        with open(path, "a") as file:
            file.write(json.dumps(_line()) + "\n")


watcher = Watcher()
_forget()


def start(folder):
    """Begins to look."""
    sys.meta_path.insert(0, BeatFinder())
    gc.callbacks.append(GcTime())
    watcher.begin(folder)
