"""What the metrics of a run have come to: what Prometheus reads and OpenTelemetry gets.  Pure: no library, no clock.

The instruments of the OpenTelemetry SDK take some 15 microseconds for each value, those of prometheus_client 5; a
finished request has seven, which with both is a twentieth of what its whole answer costs.  So the values are added up
here, once for both, and the libraries get the sums when they are asked for.
"""

from __future__ import annotations

import math
import threading
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from .instruments import BY_NAME, INSTRUMENTS, Instrument, Kind
from .readings import Attributes, Reading


@dataclass(slots=True)
class Series:
    """One metric with one set of attributes."""

    instrument: Instrument
    attributes: Attributes
    value: float = 0
    """Of a counter or a gauge; the sum of what a histogram took."""
    counts: Sequence[int] = ()
    """Of a histogram: the values up to each of its buckets and above the one before, and last those above all."""
    least: float = math.inf
    most: float = -math.inf

    @property
    def count(self) -> int:
        """How many values a histogram took."""
        return sum(self.counts)


class Sums:
    """Takes values from one thread and gives sums to others.

    `forgets`: sums of counters and histograms begin anew each time they are given out, as some collectors want it.
    """

    def __init__(self, *, forgets: bool = False) -> None:
        self._forgets = forgets
        self._lock = threading.Lock()
        self._series: dict[tuple[str, Attributes], Series] = {}

    def take(self, reading: Reading) -> None:
        """Values of one series."""
        name, values, attributes = reading
        with self._lock:
            series = self._series.get((name, attributes))
            if series is None:
                series = self._series[name, attributes] = _new(BY_NAME[name], attributes)
            kind = series.instrument.kind
            if kind is Kind.GAUGE:
                series.value = values[-1]
                return
            for value in values:  # `sum` would round otherwise since Python 3.12
                series.value += value
            if kind is Kind.HISTOGRAM:
                for value in values:
                    series.counts[bisect_left(series.instrument.buckets, value)] += 1  # type: ignore[index]  # a list
                series.least = min(series.least, *values)
                series.most = max(series.most, *values)

    def given(self) -> Mapping[Instrument, Sequence[Series]]:
        """All series that have a value, as they are now, by metric in the order of the table."""
        found: dict[str, list[Series]] = {each.name: [] for each in INSTRUMENTS}
        with self._lock:
            for series in self._series.values():
                found[series.instrument.name].append(replace(series, counts=tuple(series.counts)))
            if self._forgets:
                kept = ((key, each) for key, each in self._series.items() if each.instrument.kind is Kind.GAUGE)
                self._series = dict(kept)
        return {BY_NAME[name]: series for name, series in found.items() if series}


def _new(each: Instrument, attributes: Attributes) -> Series:
    return Series(each, attributes, counts=[0] * (len(each.buckets) + 1) if each.kind is Kind.HISTOGRAM else ())
