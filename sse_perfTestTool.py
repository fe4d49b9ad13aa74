#!/usr/bin/env python3
"""Load tester for streaming (Server-Sent Events) AI services: the door to src/sse_perf_tool/cli.py."""

import sys

if __name__ == "__main__":
    try:
        from pathlib import Path

        sys.path.insert(0, str(Path(__file__).resolve().parent / "src"))
        from sse_perf_tool.cli import main

        sys.exit(main())
    except KeyboardInterrupt:  # while the imports are still under way
        sys.exit(130)
