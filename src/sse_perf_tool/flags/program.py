"""The name under which the program was started, and the names of its commands."""

from __future__ import annotations

import sys
from pathlib import Path

PROGRAM = "sse-perf" if Path(sys.argv[0]).stem == "sse-perf" else "sse_perfTestTool.py"
"""The program's name in messages."""
COMMAND = PROGRAM if PROGRAM == "sse-perf" else f"python3 {PROGRAM}"
"""The shell command that starts it."""
COMMANDS = ("serve", "report", "capacity", "calibrate", "bench")
"""The words that select a command when they come first on the command line; without one it is a run."""
