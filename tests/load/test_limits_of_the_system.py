"""A system that gives no more threads, processes or memory: one line, and nothing is left behind."""

from __future__ import annotations

import errno
import multiprocessing
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from patience import FOREVER_S, PROMPT_S
from requests_to_server import target_of
from scripted_server import DONE, Serve, chunked, token
from sse_perf_tool.errors import UsageError
from sse_perf_tool.load import processes
from sse_perf_tool.load.run import LoadRun
from sse_perf_tool.pace.division import Share
from sse_perf_tool.records import RunConfig
from sse_perf_tool.request.target import Target
from sse_perf_tool.test_runner import ThreadGroup
from tool_runs import SCRIPT, at

ANSWER = chunked(token("a"), 0.02, token("b"), DONE)


@pytest.fixture
def few_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that gives three threads to workers."""
    start, begun = threading.Thread.start, list[str]()

    def start_few(thread: threading.Thread) -> None:
        if thread.name.startswith("worker-"):
            if len(begun) == 3:
                raise RuntimeError("can't start new thread")
            begun.append(thread.name)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_few)


LIMITED = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
os.execv(sys.argv[1], sys.argv[1:])
"""


def workers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("worker-")]


@pytest.mark.usefixtures("few_threads")
@pytest.mark.parametrize(
    "load", [{}, {"rate_per_s": 400.0}, {"ramp_up_s": 0.2}], ids=["at once", "when the pace asks", "ramp"]
)
@pytest.mark.parametrize(("lang", "said"), [("en", "no more threads"), ("zh", "不再为本程序提供线程")])
def test_no_more_threads_is_one_line(serve: Serve, load: dict[str, float], lang: str, said: str) -> None:
    run = LoadRun(target_of(serve(ANSWER), lang=lang), RunConfig(threads=9, duration_s=FOREVER_S, **load))
    began_s = time.monotonic()
    with pytest.raises(UsageError) as told:
        run.run()
    assert str(told.value).startswith("--threads 9")
    assert said in str(told.value)
    assert time.monotonic() - began_s < PROMPT_S
    for worker in workers():
        worker.join(timeout=FOREVER_S)
    assert workers() == []


def test_no_more_memory_is_one_line(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_group: ThreadGroup, _record: object) -> None:
        raise MemoryError

    monkeypatch.setattr(ThreadGroup, "_take", fail)
    with pytest.raises(UsageError, match="no more memory"):
        LoadRun(target_of(serve(ANSWER)), RunConfig(threads=2, duration_s=30)).run()


@pytest.mark.parametrize(("number", "said"), [(errno.EAGAIN, "no more threads"), (errno.ENOMEM, "no more memory")])
def test_no_more_processes_is_one_line(serve: Serve, monkeypatch: pytest.MonkeyPatch, number: int, said: str) -> None:
    started: Callable[..., object] = processes._started

    def start_one(target: Target, config: RunConfig, share: Share, *more: object) -> object:
        if share.part:
            raise OSError(number, "no")
        return started(target, config, share, *more)

    monkeypatch.setattr(processes, "_started", start_one)
    with pytest.raises(UsageError, match=said):
        LoadRun(target_of(serve(ANSWER)), RunConfig(threads=2, duration_s=30, processes=2))
    assert multiprocessing.active_children() == []


def test_a_fault_of_ours_is_not_called_a_limit(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_group: ThreadGroup, _record: object) -> None:
        raise RuntimeError("dictionary changed size during iteration")

    monkeypatch.setattr(ThreadGroup, "_take", fail)
    with pytest.raises(RuntimeError, match="dictionary"):
        LoadRun(target_of(serve(ANSWER)), RunConfig(threads=2, duration_s=30)).run()


@pytest.mark.skipif(not Path("/proc/self/limits").exists(), reason="no limit of address space to be set here")
@pytest.mark.parametrize("count", ["1", "2"])
def test_the_command_says_it_in_one_line(serve: Serve, tmp_path: Path, count: str) -> None:
    """With so little address space that the stacks of 490 threads (8 MiB each) have no room."""
    argv = at(serve(ANSWER), "--threads", "490", "--duration", "30", "--processes", count)
    command = [sys.executable, "-c", LIMITED, sys.executable, SCRIPT, *argv]
    # Not measured: coverage takes address space that the limit does not count with.
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=FOREVER_S, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr[-2000:]
    assert "--threads 490: " in done.stderr
