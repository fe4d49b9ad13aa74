#!/usr/bin/env python3
"""Load tester for streaming (Server-Sent Events) AI services: the door to src/sse_perf_tool/cli.py."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "src"))

from sse_perf_tool.cli import main

if __name__ == "__main__":
    sys.exit(main())
