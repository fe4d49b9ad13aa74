"""The name under which the program was started, and the names of its commands."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

_PROGRAMS = {
    "sse-perf": ("sse-perf", "sse-perf"),
    "sse_perf_tool": ("sse_perf_tool", "python3 -m sse_perf_tool"),
}
_started = Path(sys.argv[0])
PROGRAM, COMMAND = _PROGRAMS.get(
    _started.parent.name if _started.name == "__main__.py" else _started.stem,
    ("sse_perfTestTool.py", "python3 sse_perfTestTool.py"),
)
"""The program's name in messages, and the shell command that starts it."""
COMMANDS = ("serve", "report", "capacity", "calibrate", "bench", "profile", "studio", "worker")
"""The words that select a command when they come first on the command line; without one it is a run."""


def own_words(argv: Sequence[str]) -> Sequence[str]:
    """The words that are for this program: behind the `--` of the profile command stands that of a server."""
    return argv[: argv.index("--")] if argv and argv[0] == "profile" and "--" in argv else argv
