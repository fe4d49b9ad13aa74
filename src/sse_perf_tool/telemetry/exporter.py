"""The process that turns the lines of a run into metrics and spans, so that the process that times the load does not.

Its standard input has one line of JSON with what is asked for (`otlp`, `share`, `tracing`, `prometheus`, `version`),
then the lines of the run: the header of its records, finished requests as `lines.py` puts them, and an object
`{"sample": ...}` for each second; it ends with the run.  On its standard output stands a line of JSON:
`{"ready": {"port": ...}}`, or `{"failed": {...}}` and it ends; then every few seconds, and at its end,
`{"state": {...}}` with what came of the exports.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import orjson

from ..request.tracing import Tracing
from .lines import columns_in
from .readings import Reading, Run

if TYPE_CHECKING:
    from .otlp import Otlp
    from .sums import Sums

STATE_S = 5.0
LAST_S = 8.0
"""So long behind the end of its input the process lives at most, also when nobody is there any more to end it."""
NICENESS = 10
"""It yields the processor to the load."""


class Exporter:
    """Takes the lines of a run."""

    def __init__(self, *sums: Sums, otlp: Otlp | None = None) -> None:
        self._sums, self.otlp = sums, otlp
        self.unread = 0
        """Lines that are no line of a run: a process of the load died in the middle of one."""
        self._run = Run({})

    def take(self, line: bytes) -> None:
        """One line."""
        try:
            row = orjson.loads(line)
            if (columns := columns_in(row)) is not None:
                self._read(self._run.of_requests(columns))
                if self.otlp is not None:
                    self.otlp.take(self._run, columns)
            elif "sample" in row:
                self._read(self._run.of_second(row["sample"]))
            elif "schema" in row:
                self._run = Run(row["config"])
        except (ValueError, TypeError, KeyError):
            self.unread += 1

    def _read(self, readings: Iterable[Reading]) -> None:
        for reading in tuple(readings):  # of a line that is damaged nothing is taken
            for sums in self._sums:
                sums.take(reading)

    def state(self) -> dict[str, Any]:
        """What came of it so far."""
        found: dict[str, Any] = {"unread": self.unread}
        return found if self.otlp is None else found | vars(self.otlp.deliveries)

    def close(self) -> None:
        """Sends what is left."""
        if self.otlp is not None:
            self.otlp.close()


def exporter_of(asked: dict[str, Any]) -> tuple[Exporter, int | None]:
    """What was asked for, and the port of the page.  OSError when its place cannot be had."""
    from .sums import Sums

    sums, port = Sums(), None
    if asked["prometheus"] is not None:
        from .prometheus import Page

        port = Page(sums).serve(*asked["prometheus"])
    if asked["otlp"] is None:
        return Exporter(sums), port
    from .otlp import Deliveries, Otlp, metric_exporter, span_processor, wants_differences

    told, url = Deliveries(), asked["otlp"]
    sent = Sums(forgets=True) if wants_differences() else sums
    tracing = asked["tracing"] and Tracing(*asked["tracing"])
    spans = span_processor(url, told)
    otlp = Otlp(asked["version"], asked["share"], told, sent, metric_exporter(url), spans, tracing)
    otlp.start()
    return Exporter(*({sums, sent} if port is not None else {sent}), otlp=otlp), port


def main() -> None:
    """Takes lines until standard input ends, and ends then itself, come what may."""
    lines = sys.stdin.buffer
    with contextlib.suppress(OSError, AttributeError):
        os.nice(NICENESS)

    def tell(kind: str, content: Any) -> None:
        with contextlib.suppress(OSError):  # the run is gone: the end of the input follows
            print(json.dumps({kind: content}), flush=True)

    try:
        exporter, port = exporter_of(json.loads(lines.readline()))
    except OSError as error:
        tell("failed", {"reason": error.strerror or str(error)})
        return
    tell("ready", {"port": port})
    export(exporter, lines, tell)
    os._exit(0)  # threads of the SDK may still wait for a collector


def export(
    exporter: Exporter,
    lines: Iterable[bytes],
    tell: Callable[[str, Any], None],
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Takes all lines, and says every `STATE_S` and at the end what came of it."""
    told_s = clock()
    for line in lines:
        exporter.take(line)
        if (now_s := clock()) - told_s >= STATE_S:
            told_s = now_s
            tell("state", exporter.state())
    killer = threading.Timer(LAST_S, os._exit, (1,))
    killer.daemon = True
    killer.start()
    exporter.close()
    tell("state", exporter.state())
    killer.cancel()
