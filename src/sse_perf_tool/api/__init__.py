"""Runs from Python: what `from sse_perf_tool import ...` gives that is no command, see docs/python.md.

* `load.py`: `run_load`, a run from keywords.
* `past.py`: `read_run`, a run from its records; `generate_html_report`, its page.

Both go the way of the command line, so that they know each flag and give the same figures.
"""

from __future__ import annotations

from .load import run_load
from .past import generate_html_report, read_run

__all__ = ["generate_html_report", "read_run", "run_load"]
