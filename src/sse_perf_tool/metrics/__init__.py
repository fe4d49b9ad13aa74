"""From request records to figures.  Pure: no clock, no thread, no socket.

Each metric is defined once, in `docs/metrics.md`, and computed once, here:

* `definitions.py`: what each metric is, as a function of one request.
* `percentiles.py`, `distribution.py`: from many values to `Stats`, exactly or in bounded memory.
* `time_series.py`, `groups.py`, `error_groups.py`: requests of one second, of one turn or tier, with one error.
* `tally.py`: takes the records of a run in, one by one, and gives its result.
* `estimate.py`: how many tokens a text has.
"""

from .definitions import (
    METRICS,
    REQUEST_METRICS,
    SCHEDULE_METRICS,
    STREAM_METRICS,
    ok_values,
    request_value,
    success_rate,
    values_of,
)
from .distribution import Distribution
from .estimate import estimate_tokens
from .percentiles import PERCENTILES, enough_for, percentile, samples_needed, stats_of
from .tally import Tally, merged_reads
from .time_series import TimeSeries

__all__ = [
    "METRICS",
    "PERCENTILES",
    "REQUEST_METRICS",
    "SCHEDULE_METRICS",
    "STREAM_METRICS",
    "Distribution",
    "Tally",
    "TimeSeries",
    "enough_for",
    "estimate_tokens",
    "merged_reads",
    "ok_values",
    "percentile",
    "request_value",
    "samples_needed",
    "stats_of",
    "success_rate",
    "values_of",
]
