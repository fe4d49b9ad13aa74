"""How a process beside the load ends: by itself within the time it has, else it is killed."""

from __future__ import annotations

import signal
import subprocess
import sys

from helpers.patience import FOREVER_S
from sse_perf_tool.load.program import end_within


def started(code: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", code])


def test_one_that_ends_in_time_keeps_its_status() -> None:
    process = started("raise SystemExit(7)")
    assert end_within(process, FOREVER_S)
    assert process.returncode == 7


def test_one_that_does_not_end_is_killed() -> None:
    process = started(f"import time; time.sleep({FOREVER_S})")
    assert not end_within(process, 0.0)
    assert process.returncode == -signal.SIGKILL
