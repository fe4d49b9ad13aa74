"""The trace context that a request takes to its server, and that its span has: https://www.w3.org/TR/trace-context/"""

from __future__ import annotations

from hashlib import blake2b
from typing import NamedTuple

_LOW = (1 << 64) - 1


class Tracing(NamedTuple):
    """Makes the ids of each request from its number, so that whoever makes the span needs not be told them.

    `share` of the requests are sampled, those that OpenTelemetry's sampler by ratio chooses for these ids.
    """

    seed: int
    """64 bits that no other run has."""
    share: float

    def ids(self, request_id: int) -> tuple[int, int]:
        """(trace id of 128 bits, span id of 64), neither 0, which the standard forbids."""
        digest = blake2b(request_id.to_bytes(8, "big"), key=self.seed.to_bytes(8, "big"), digest_size=24).digest()
        return int.from_bytes(digest[:16], "big") or 1, int.from_bytes(digest[16:], "big") or 1

    def header(self, request_id: int) -> str:
        """The value of `traceparent`."""
        trace_id, span_id = self.ids(request_id)
        return f"00-{trace_id:032x}-{span_id:016x}-{is_sampled(trace_id, self.share):02x}"


def is_sampled(trace_id: int, share: float) -> bool:
    """Whether a trace is one of this share, as OpenTelemetry's sampler by ratio says it."""
    return trace_id & _LOW < round(share * (_LOW + 1))
