"""A collector that takes OTLP over HTTP with protobuf, read by the messages of the protocol's own definition."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


def plain(attributes: Any) -> dict[str, Any]:
    """Attributes as a dict."""
    return {each.key: value_of(each.value) for each in attributes}


def value_of(value: Any) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [value_of(each) for each in value.array_value.values]
    return getattr(value, kind)


class Receiver:
    """What came, in order; `status` is answered, `gate` is waited for before."""

    def __init__(self) -> None:
        self.metrics: list[Any] = []
        self.spans: list[Any] = []
        self.resources: list[dict[str, Any]] = []
        self.heads: list[dict[str, str]] = []
        self.bodies = b""
        self.status = 200
        self.gate = threading.Event()
        self.gate.set()
        self.port = 0

    @property
    def url(self) -> str:
        """For --otlp."""
        return f"http://127.0.0.1:{self.port}"

    def take(self, path: str, heads: dict[str, str], body: bytes) -> None:
        """One export."""
        self.heads.append(heads)
        self.bodies += body
        if path == "/v1/metrics":
            for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics:
                self.resources.append(plain(resource.resource.attributes))
                self.metrics.append([metric for scope in resource.scope_metrics for metric in scope.metrics])
        elif path == "/v1/traces":
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                self.resources.append(plain(resource.resource.attributes))
                self.spans += [span for scope in resource.scope_spans for span in scope.spans]

    def points(self, name: str) -> list[Any]:
        """The points of a metric in the newest export that has it."""
        for export in reversed(self.metrics):
            for metric in export:
                if metric.name == name:
                    return list(getattr(metric, metric.WhichOneof("data")).data_points)
        return []


@contextmanager
def receiver() -> Iterator[Receiver]:
    """A collector on a port of its own."""
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.gate.wait()
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            if found.status == 200:
                found.take(self.path, dict(self.headers), body)
            self.send_response(found.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    found.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield found
    finally:
        found.gate.set()
        server.shutdown()
        server.server_close()
