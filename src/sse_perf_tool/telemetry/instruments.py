"""The table of metrics.

Names that begin with `gen_ai.` are those of the semantic conventions of OpenTelemetry for clients of generative AI,
with the attributes and buckets that stand there; all others are this tool's own.  The conventions' `gen_ai.server.*`
are not used: a server makes them of what it sees itself, and a dashboard must not mix the two.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Kind(str, Enum):
    """What a metric is."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Instrument(NamedTuple):
    """One metric.  `unit` as UCUM writes it; `more` are its attributes besides `COMMON`."""

    name: str
    kind: Kind
    unit: str
    about: str
    more: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()

    @property
    def attributes(self) -> tuple[str, ...]:
        """The names of all its attributes."""
        return (*COMMON, *self.more)

    @property
    def on_page(self) -> str:
        """Its name on a page of Prometheus, as the OpenTelemetry specification turns the one into the other; that of a
        counter is without `_total`, which the library adds."""
        suffix = "" if self.unit.startswith("{") else "_seconds"
        return self.name.replace(".", "_") + suffix


COMMON = (
    "gen_ai.operation.name",
    "gen_ai.provider.name",
    "gen_ai.request.model",
    "server.address",
    "server.port",
)
"""Attributes of every metric; one that is not known is left out, and empty on a page of Prometheus."""

_LONG = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
"""What the conventions say for the times of a client."""
_TOKENS = tuple(float(4**power) for power in range(14))
"""What they say for tokens: 1 to 67,108,864."""
_SHORT = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5)
"""What they say for the time of a token, and three below: a fast model takes less than their first."""

INSTRUMENTS = (
    Instrument(
        "gen_ai.client.operation.duration",
        Kind.HISTOGRAM,
        "s",
        "Time of a request, from its start to the end of its answer.",
        ("error.type",),
        _LONG,
    ),
    Instrument(
        "gen_ai.client.operation.time_to_first_chunk",
        Kind.HISTOGRAM,
        "s",
        "Time to the first chunk that has text, of ok answers that stream.",
        (),
        _LONG,
    ),
    Instrument(
        "gen_ai.client.token.usage",
        Kind.HISTOGRAM,
        "{token}",
        "Tokens of a request as the server or a tokenizer counts them; not estimated.",
        ("gen_ai.token.type",),
        _TOKENS,
    ),
    Instrument(
        "sse_perf.request.time_per_output_token",
        Kind.HISTOGRAM,
        "s",
        "From the first token of an ok answer to its last, for each token behind the first.",
        (),
        _SHORT,
    ),
    Instrument(
        "sse_perf.request.longest_gap",
        Kind.HISTOGRAM,
        "s",
        "The longest time between two chunks of an ok answer.",
        (),
        _LONG,
    ),
    Instrument(
        "sse_perf.request.schedule_delay",
        Kind.HISTOGRAM,
        "s",
        "How much later than scheduled a request of an open loop began.",
        (),
        _SHORT,
    ),
    Instrument("sse_perf.requests", Kind.COUNTER, "{request}", "Requests that have ended.", ("sse_perf.outcome",)),
    Instrument("sse_perf.requests.started", Kind.COUNTER, "{request}", "Requests that have begun."),
    Instrument("sse_perf.requests.active", Kind.GAUGE, "{request}", "Requests under way."),
    Instrument("sse_perf.threads", Kind.GAUGE, "{thread}", "Threads that have begun to send."),
    Instrument("sse_perf.retries", Kind.COUNTER, "{retry}", "Attempts beyond the first, of requests that have ended."),
    Instrument("sse_perf.chunks", Kind.COUNTER, "{chunk}", "Chunks that have come, also of answers under way."),
    Instrument(
        "sse_perf.output_tokens",
        Kind.COUNTER,
        "{token}",
        "Output tokens that have come, also of answers under way, whose tokens are estimated from their chunks.",
    ),
)

BY_NAME = {instrument.name: instrument for instrument in INSTRUMENTS}
