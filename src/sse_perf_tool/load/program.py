"""Processes that run beside the one that times the load: how one of the tool begins, and how one ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any


def start_program(code: str) -> subprocess.Popen[str]:
    """A process of ours that runs `code`, with its standard input and output as pipes of text.

    It has a session of its own: Ctrl-C is for the run, whose end ends this.  What it is to do comes by standard input,
    as it may hold a secret, and others can see what stands on a command line.  Not `-m`: that would import from the
    folder in which the user is.
    """
    root = str(Path(__file__).resolve().parents[2])
    return subprocess.Popen(  # noqa: S603 - a program of ours
        [sys.executable, "-c", f"import sys; sys.path[0] = sys.argv[1]; {code}", root],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    )


def end_within(process: subprocess.Popen[Any], seconds: float) -> bool:
    """Waits until it has ended by itself; after that time it is killed.  Whether it ended by itself."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return False
    return True
