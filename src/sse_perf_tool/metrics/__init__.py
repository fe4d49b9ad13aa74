"""The metrics of a run, computed from its request records.  Pure: no clock, no thread, no socket.

Each metric is defined once, in `docs/metrics.md`, and computed once, here:

* `definitions.py`: each metric as a function of one request.
* `percentiles.py`, `distribution.py`: `Stats` (mean, percentiles, ...) of many values, exact or in bounded memory.
* `intervals.py`: the 95 % confidence interval of a percentile.
* `time_series.py`, `groups.py`, `error_groups.py`: figures by second, by turn or context tier, by error.
* `phases.py`: rounds, warm-up, main phase and cool-down, and how well an open loop kept its schedule.
* `steadiness.py`: stalls within answers, and the plateau at full load.
* `stream_shape.py`: whether chunks came smoothly, in bursts or buffered.
* `milestones.py`, `milestone_pools.py`: what answers do beside bringing text, of one and of all.
* `compression.py`: what clients that accept compressed answers get.
* `outages.py`: times in which every request failed, and first tokens of failed requests.
* `concurrency.py`: how many requests were in flight at once, and how many of them were answered at once.
* `tally.py`: collects the records of a run one by one and computes its result.
* `estimate.py`: estimates of the number of tokens in a text.
"""

from .definitions import (
    METRICS,
    MILESTONE_METRICS,
    REQUEST_METRICS,
    SCHEDULE_METRICS,
    STREAM_METRICS,
    ok_values,
    request_value,
    success_rate,
    values_of,
)
from .distribution import Distribution
from .estimate import estimate_tokens, weighted_tokens
from .percentiles import PERCENTILES, enough_for, percentile, samples_needed, stats_of
from .tally import Tally, merged_reads
from .time_series import TimeSeries

__all__ = [
    "METRICS",
    "MILESTONE_METRICS",
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
    "weighted_tokens",
]
