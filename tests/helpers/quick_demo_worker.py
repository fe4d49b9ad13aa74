"""The worker of the studio, with a demo server that answers at once: what a page shows of a job comes sooner.

python quick_demo_worker.py        as `python -m sse_perf_tool.studio_worker`
"""

from __future__ import annotations

import sys
from functools import partial

from sse_perf_tool.chat_server import run
from sse_perf_tool.chat_server.settings import Settings
from sse_perf_tool.studio_worker.__main__ import main

if __name__ == "__main__":
    run.Settings = partial(Settings, response_delay_s=0.05, token_delay_s=0.002)  # type: ignore[misc, assignment]
    sys.exit(main())
