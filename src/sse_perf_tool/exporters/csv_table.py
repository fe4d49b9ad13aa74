"""`--csv`: the metrics of a run as a table for spreadsheets."""

from __future__ import annotations

import csv
import io
from dataclasses import fields

from ..metrics import PERCENTILES, enough_for
from ..records import RunResult, Stats
from .json_summary import rounded

STATISTICS = tuple(field.name for field in fields(Stats))


def to_csv(result: RunResult) -> str:
    """One table, a row a metric (RFC 4180: commas, CRLF); an empty cell is "not measured" or a percentile of too few.

    All of it is ASCII, which Excel reads alike in every country's code page, so there is no byte order mark: programs
    that do not expect one would take it for a part of the first column's name.
    """
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\r\n")
    rows.writerow(["metric", *STATISTICS])
    for name, stats in result.summary.metrics.items():
        shown = rounded(stats)
        shown |= {f"p{percent}": None for percent in PERCENTILES if not enough_for(percent, stats.count)}
        rows.writerow([name, *(shown[statistic] for statistic in STATISTICS)])
    return text.getvalue()
