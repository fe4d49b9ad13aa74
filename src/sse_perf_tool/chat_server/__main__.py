"""`python -m sse_perf_tool.chat_server`: the chat server in the foreground."""

from __future__ import annotations

import sys

from . import main

if __name__ == "__main__":
    sys.exit(main())
