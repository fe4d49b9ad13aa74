"""How the program was started, and what it can be told to do instead of a run."""

from __future__ import annotations

import sys
from pathlib import Path

PROGRAM = "sse-perf" if Path(sys.argv[0]).stem == "sse-perf" else "sse_perfTestTool.py"
"""What the user has started."""
COMMAND = PROGRAM if PROGRAM == "sse-perf" else f"python3 {PROGRAM}"
"""How to start it again."""
COMMANDS = ("serve", "report", "capacity", "calibrate")
"""What may stand first instead of flags."""
