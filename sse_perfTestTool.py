#!/usr/bin/env python3
"""Load tester for streaming (Server-Sent Events) AI services: the door to src/sse_perf_tool/cli.py."""

import os
import sys

if __name__ == "__main__":
    try:
        # pathlib takes milliseconds, in which a signal would end this process by itself
        sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "src"))  # noqa: PTH118, PTH120
        from sse_perf_tool.commands.interrupts import listen

        listen()
        from sse_perf_tool.cli import main

        sys.exit(main())
    except KeyboardInterrupt:  # while the imports are still under way
        sys.exit(130)
