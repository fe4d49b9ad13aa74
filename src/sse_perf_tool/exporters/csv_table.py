"""`--csv`: the metrics of a run as a table for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import fields

from ..metrics import PERCENTILES, enough_for, stats_of
from ..records import SERVER_FIGURES, RunResult, Stats
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
    for name, stats in (*result.summary.metrics.items(), *_of_server(result)):
        shown = rounded(stats)
        shown |= {f"p{percent}": None for percent in PERCENTILES if not enough_for(percent, stats.count)}
        rows.writerow(
            [name.encode("ascii", "backslashreplace").decode(), *(shown[statistic] for statistic in STATISTICS)]
        )
    return text.getvalue()


def _of_server(result: RunResult) -> Iterator[tuple[str, Stats]]:
    """What the server told of itself, a value a second."""
    told = result.server_metrics
    for name in SERVER_FIGURES if told else ():
        if told is not None and (values := told.values_of(name)):
            yield f"server_{name}", stats_of(values)
