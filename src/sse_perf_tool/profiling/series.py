"""From scrapes to the values of each second of a run."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ..metrics.time_series import width_s_of
from ..records import ServerMetrics, ServerSample
from ..units import NS_PER_S
from .names import COUNTERS

_NOT_TOLD = math.nan


class Page(NamedTuple):
    """What one scrape found."""

    at_ns: int
    values: Mapping[str, float]


class Pages:
    """The scrapes of a run as they come, by columns: some 64 bytes each, so that a day of them is 6 MB and not 100."""

    def __init__(self, lines: Iterable[Mapping[str, Any]] = ()) -> None:
        self.scrapes = self.failed = 0
        self.server = self.error = ""
        self.told = False
        """Whether any page had a value."""
        self._at_ns = array("q")
        self._columns: dict[str, array[float]] = {}
        for line in lines:
            self.add(line)

    def add(self, line: Mapping[str, Any]) -> None:
        """Takes a line of the sampler."""
        self.scrapes += 1
        if "error" in line:
            self.failed += 1
            self.error = line["error"]
            return
        self.server = self.server or line["server"]
        self.told = self.told or bool(line["values"])
        for name, value in line["values"].items():
            column = self._columns.setdefault(name, array("d"))
            column.extend([_NOT_TOLD] * (len(self._at_ns) - len(column)))
            column.append(value)
        self._at_ns.append(line["at_ns"])

    def __iter__(self) -> Iterator[Page]:
        """The pages that there were, in order."""
        for row, at_ns in enumerate(self._at_ns):
            told = ((name, column[row]) for name, column in self._columns.items() if row < len(column))
            yield Page(at_ns, {name: value for name, value in told if not math.isnan(value)})


def metrics_of(url: str, pages: Pages, origin_ns: int) -> ServerMetrics:
    """The metrics of a run that began at `origin_ns`; `url` may be shown.

    In a run of more than two hours a sample is of several seconds, as in its time series: of gauges the highest value,
    of rates the mean.
    """
    samples = _samples(pages, origin_ns)
    width_s = width_s_of(samples[-1].second * NS_PER_S) if samples else 1
    return ServerMetrics(
        url=url,
        server=pages.server,
        scrapes=pages.scrapes,
        failed=pages.failed,
        error=pages.error,
        samples=samples if width_s == 1 else _by_interval(samples, width_s),
        width_s=width_s,
    )


def _samples(pages: Iterable[Page], origin_ns: int) -> list[ServerSample]:
    """One for each second of the run with a value; a page from before its start is where the first rates begin."""
    by_second: dict[int, ServerSample] = {}
    before: Page | None = None
    for page in pages:
        values = _values(page, before)
        second = (page.at_ns - origin_ns) // NS_PER_S
        if second >= 0 and values:
            by_second[second] = ServerSample(second, values)
        before = page
    return list(by_second.values())


def _values(page: Page, before: Page | None) -> dict[str, float]:
    """Gauges as they are and counters as rates since the page before; no rate where a counter began anew."""
    found = {name: round(value, 6) for name, value in page.values.items() if name not in COUNTERS}
    if before is None or page.at_ns <= before.at_ns:
        return found
    took_s = (page.at_ns - before.at_ns) / NS_PER_S
    for name, value in page.values.items():
        if name in COUNTERS and name in before.values and value >= before.values[name]:
            found[name] = round((value - before.values[name]) / took_s, 6)
    return found


def _by_interval(samples: Sequence[ServerSample], width_s: int) -> list[ServerSample]:
    intervals: dict[int, dict[str, list[float]]] = {}
    for sample in samples:
        values = intervals.setdefault(sample.second // width_s * width_s, {})
        for name, value in sample.values.items():
            values.setdefault(name, []).append(value)
    return [
        ServerSample(second, {name: _of_all(name, told) for name, told in values.items()})
        for second, values in intervals.items()
    ]


def _of_all(name: str, values: Sequence[float]) -> float:
    return round(math.fsum(values) / len(values), 6) if name in COUNTERS else max(values)
