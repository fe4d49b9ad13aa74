"""`python -m sse_perf_tool`: the command line, without its script or an installed command."""

from __future__ import annotations

import sys

from .commands.interrupts import listen

if __name__ == "__main__":
    try:
        listen()
        from .cli import main

        sys.exit(main())
    except KeyboardInterrupt:  # while the imports are still under way
        sys.exit(130)
