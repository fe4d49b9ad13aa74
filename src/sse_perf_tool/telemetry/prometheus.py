"""A page of metrics that a Prometheus reads, served as long as the process lives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.utils import floatToGoString

from .instruments import INSTRUMENTS, Instrument, Kind
from .sums import Series, Sums

FAMILIES: dict[Kind, Any] = {
    Kind.COUNTER: CounterMetricFamily,
    Kind.GAUGE: GaugeMetricFamily,
    Kind.HISTOGRAM: HistogramMetricFamily,
}


def label_of(attribute: str) -> str:
    """The name of an attribute as a label."""
    return attribute.replace(".", "_")


class Page:
    """The metrics of a run as Prometheus reads them; in the form in which its library asks for them."""

    def __init__(self, sums: Sums) -> None:
        self._sums = sums
        self.registry = CollectorRegistry()
        self.registry.register(self)

    def serve(self, host: str, port: int) -> int:
        """Serves it from now on; the port, which is another one for 0.  OSError when the place cannot be had."""
        server, _ = start_http_server(port, host, registry=self.registry)
        return int(server.server_port)

    def describe(self) -> Iterator[Any]:
        """All metrics without a value."""
        return (_family(each, ()) for each in INSTRUMENTS)

    def collect(self) -> Iterator[Any]:
        """All metrics with the values that they have now."""
        given = self._sums.given()
        return (_family(each, given.get(each, ())) for each in INSTRUMENTS)


def _family(each: Instrument, found: Sequence[Series]) -> Any:
    family = FAMILIES[each.kind](each.on_page, each.about, labels=[label_of(name) for name in each.attributes])
    for one in found:
        attributes = dict(one.attributes)
        labels = [str(attributes.get(name, "")) for name in each.attributes]
        if each.kind is Kind.HISTOGRAM:
            bounds = (*map(floatToGoString, each.buckets), "+Inf")
            family.add_metric(labels, list(zip(bounds, accumulate(one.counts), strict=True)), one.value)
        else:
            family.add_metric(labels, one.value)
    return family
