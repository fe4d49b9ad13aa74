"""A page of metrics that a Prometheus reads, served as long as the process lives."""

from __future__ import annotations

from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

from .instruments import INSTRUMENTS, Instrument, Kind
from .readings import Reading

KINDS: dict[Kind, Any] = {Kind.COUNTER: Counter, Kind.GAUGE: Gauge, Kind.HISTOGRAM: Histogram}
TAKES = {Kind.COUNTER: "inc", Kind.GAUGE: "set", Kind.HISTOGRAM: "observe"}
"""The method that takes a value."""


def label_of(attribute: str) -> str:
    """The name of an attribute as a label."""
    return attribute.replace(".", "_")


class Page:
    """The metrics of a run as Prometheus reads them."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._metrics = {each.name: (each, self._made(each)) for each in INSTRUMENTS}

    def _made(self, each: Instrument) -> Any:
        more = {"buckets": each.buckets} if each.kind is Kind.HISTOGRAM else {}
        labels = [label_of(name) for name in each.attributes]
        return KINDS[each.kind](each.on_page, each.about, labels, registry=self.registry, **more)

    def serve(self, host: str, port: int) -> int:
        """Serves it from now on; the port, which is another one for 0.  OSError when the place cannot be had."""
        server, _ = start_http_server(port, host, registry=self.registry)
        return int(server.server_port)

    def take(self, reading: Reading) -> None:
        """One value."""
        each, metric = self._metrics[reading.name]
        found = metric.labels(*(str(reading.attributes.get(name, "")) for name in each.attributes))
        getattr(found, TAKES[each.kind])(reading.value)
