"""The console output during and after a run: on a terminal, in a pipe and in a CI log.

`Console` has all of it in order.  `writer.py` writes lines; each part has a file: `start.py`, `live.py`, `answer.py`,
`summary.py` with its `tables.py`, `goals.py`, `comparison.py`; `trace.py` follows a single request.
"""

from ..texts import clock_time
from .console import Console
from .trace import SingleRequestNotices, debug_trace
from .writer import BOLD, GREEN, RED, YELLOW, Writer, in_columns

__all__ = [
    "BOLD",
    "GREEN",
    "RED",
    "YELLOW",
    "Console",
    "SingleRequestNotices",
    "Writer",
    "clock_time",
    "debug_trace",
    "in_columns",
]
