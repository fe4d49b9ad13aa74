"""The simulated day: what it makes is a run, and `report` gives the same figures of it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("resource", reason="memory is measured on Linux and macOS")

TOOL = Path(__file__).resolve().parents[2] / "tools" / "simulate_day.py"


def test_a_minute_of_it_is_a_run_that_report_reads_alike(tmp_path: Path) -> None:
    command = [sys.executable, str(TOOL), "--hours", "0.02", "--chunks", "9", "--keep", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    heads, run, report = done.stdout.splitlines()
    assert re.split(r"  +", heads) == ["part", "most memory", "CPU", "records"]
    assert re.fullmatch(r"run +\d+ MiB +\d+ s +\d+ MiB", run)
    assert re.fullmatch(r"report +\d+ MiB +\d+ s +[\d.]+ MiB/CPU s", report)
    made, again = (json.loads((tmp_path / name).read_text()) for name in ("run.json", "again.json"))
    assert made["requests"]["sent"] == 1080
    assert (made["requests"], made["metrics"]) == (again["requests"], again["metrics"])
    assert (made["time_series"], made["trust"]) == (again["time_series"], again["trust"])
