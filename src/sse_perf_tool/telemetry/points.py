"""From the sums of a run to what an exporter of the OpenTelemetry SDK takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from .instruments import Instrument, Kind
from .sums import Series, Sums


class Stretch(NamedTuple):
    """What sums are of: Unix times in nanoseconds, and whether from the begin of the run."""

    begin_ns: int
    end_ns: int
    temporality: AggregationTemporality


def metrics_data(sums: Sums, resource: Resource, scope: tuple[str, str], over: Stretch) -> MetricsData:
    """All that has a value."""
    metrics = [
        Metric(each.name, each.about, each.unit, _data(each, series, over)) for each, series in sums.given().items()
    ]
    scopes = [ScopeMetrics(InstrumentationScope(*scope), metrics, "")]
    return MetricsData([ResourceMetrics(resource, scopes, "")])


def _data(each: Instrument, series: Sequence[Series], over: Stretch) -> Sum | Gauge | Histogram:
    if each.kind is Kind.HISTOGRAM:
        return Histogram([_histogram_point(each, one, over) for one in series], over.temporality)
    numbers = [NumberDataPoint(dict(one.attributes), over.begin_ns, over.end_ns, one.value) for one in series]
    return Gauge(numbers) if each.kind is Kind.GAUGE else Sum(numbers, over.temporality, is_monotonic=True)


def _histogram_point(each: Instrument, one: Series, over: Stretch) -> HistogramDataPoint:
    return HistogramDataPoint(
        attributes=dict(one.attributes),
        start_time_unix_nano=over.begin_ns,
        time_unix_nano=over.end_ns,
        count=one.count,
        sum=one.value,
        bucket_counts=one.counts,
        explicit_bounds=each.buckets,
        min=one.least,
        max=one.most,
    )
