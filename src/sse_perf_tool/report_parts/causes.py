"""Names what may have buffered a stream, from the response headers of the answers, and what to do about it.

Nobody is named without evidence.  A software is named when the heads name it, a way of working when its timing shows.
A proxy in general is suspected only where there may be one: not on the machine itself when no head names one, and not
where this machine was too busy to read in time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import urlsplit

from ..metrics.stream_shape import CUT_SHARE
from ..records import AnswerHead, CompressionCheck, RunConfig, RunResult, StreamShape
from ..trust import TOO_LARGE
from .figures import Both
from .wording import in_both

DELAYED_ACK_MS = (36.0, 46.0)
"""The delayed acknowledgement of Linux is 40 ms: bursts that far apart may wait for it."""
CORKED_MS = (175.0, 225.0)
"""Linux holds data behind which a sender says that more follows for 200 ms (haproxy: lumps 180 to 208 ms apart)."""
CORKED_FIRST_MS = (150.0, 250.0)
"""The same seen in one lump of an answer, whose length is told by the pace of the few chunks behind it."""
PROXIES = ("nginx", "openresty", "tengine", "caddy", "lighttpd", "apache", "varnish", "squid", "envoy", "haproxy",
           "traefik", "cloudflare", "cloudfront", "akamai", "ats/", "kong", "apisix")  # fmt: skip
ASYNC_SERVERS = ("uvicorn", "hypercorn", "daphne", "granian")
MACHINE = frozenset({*TOO_LARGE, "merged", "start", "busy", "starved", "tight", "full", "user_clock"})
"""Reasons of a verdict that lie on this machine."""


class Evidence(NamedTuple):
    """What there is to judge by."""

    kind: str
    """"bursts", "buffered", "buffered_events" (lumps of whole events) or "whole"."""
    names: str
    """All that the heads name, in small letters."""
    encoded: bool
    """Answers came compressed."""
    sized: bool
    """Answers came with their length told in their head."""
    https: bool

    def named(self, *names: str) -> bool:
        """Whether the heads name one of them."""
        return any(name in self.names for name in names)


class _Row(NamedTuple):
    key: str
    fits: Callable[[Evidence], bool]


_SUSPECTS = (
    _Row("caddy_encode", lambda seen: seen.encoded and seen.named("caddy")),
    _Row("nginx_gzip", lambda seen: seen.encoded and seen.named("nginx", "openresty", "tengine")),
    _Row("apache_deflate", lambda seen: seen.encoded and seen.named("apache")),
    _Row("varnish_gzip", lambda seen: seen.encoded and seen.named("varnish")),
    _Row("express_compression", lambda seen: seen.encoded and seen.named("express")),
    _Row("compressed", lambda seen: seen.encoded),
    _Row("lighttpd", lambda seen: seen.named("lighttpd")),
    _Row("nginx_tls", lambda seen: seen.https and seen.named("nginx", "openresty", "tengine")),
    _Row("nginx", lambda seen: seen.named("nginx", "openresty", "tengine")),
    _Row("apache", lambda seen: seen.named("apache")),
    _Row("varnish", lambda seen: seen.named("varnish")),
    _Row("caddy", lambda seen: seen.named("caddy")),
    _Row("sync_generator", lambda seen: seen.kind == "whole" and not seen.sized and seen.named(*ASYNC_SERVERS)),
    _Row("proxy_named", lambda seen: seen.named(*PROXIES)),
)
"""Who may have done it, the first that fits: compression first, as it holds back whatever else is set."""


def advice_of(kind: str, result: RunResult) -> list[Both]:
    """Who may have held the answers back and what to do, for a `kind` of `Evidence`; [] when there is nothing to say.

    For each kind the general words end in `advice.KIND`, `advice.KIND_here` where no proxy can be meant.
    """
    seen = _evidence(kind, result)
    suspect = next((row.key for row in _SUSPECTS if row.fits(seen)), None)
    busy = this_machine_was_busy(result)
    if busy and (kind != "whole" or suspect is None):
        return [in_both("advice.this_machine")]
    timer = _timer(kind, result.summary.shape)
    if suspect is not None:
        return [in_both(f"advice.{suspect}"), *timer]
    general = f"advice.{kind}_here" if on_this_machine(result.config) else f"advice.{kind}"
    sized = [in_both("advice.sized")] if kind == "whole" and seen.sized else []
    return [in_both(general), *sized, *timer]


def compression_advice(check: CompressionCheck) -> Both:
    """What to do about an answer that was held back because it was compressed."""
    seen = Evidence("whole", (check.server or "").lower(), True, False, False)
    return in_both(f"advice.{next(row.key for row in _SUSPECTS if row.fits(seen))}")


def this_machine_was_busy(result: RunResult) -> bool:
    """Whether the figures are in doubt for reasons that lie on this machine: then it may have made the lumps."""
    return result.trust is not None and any(reason.key in MACHINE for reason in result.trust.reasons)


def on_this_machine(config: RunConfig) -> bool:
    """Whether the address is one of this machine, so that there need be no proxy on the way."""
    host = (urlsplit(config.url).hostname or "").rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _evidence(kind: str, result: RunResult) -> Evidence:
    heads = result.heads
    encoded = any(head.content_encoding for head in heads)
    sized = bool(heads) and all(head.framing == "length" for head in heads)
    return Evidence(kind, _names(heads), encoded, sized, urlsplit(result.config.url).scheme == "https")


def _names(heads: Iterable[AnswerHead]) -> str:
    found = [name for head in heads for name in (head.server, head.via, head.powered_by) if name]
    return " ".join(found).lower()


def _timer(kind: str, shape: StreamShape) -> list[Both]:
    """A timer of the system that lumps of whole events keep to."""
    if kind not in ("bursts", "buffered_events"):
        return []
    period_ms = shape.lump_period_ms if shape.lump_period_ms is not None else shape.lump_gap_ms
    if period_ms is not None and _within(period_ms, CORKED_MS):
        return [in_both("advice.corked")]
    first_only = shape.lump_period_ms is None and shape.held_ms is not None
    if first_only and _within(shape.held_ms or 0, CORKED_FIRST_MS):
        return [in_both("advice.corked_first")]
    if period_ms is not None and _within(period_ms, DELAYED_ACK_MS):
        return [in_both("advice.nagle")]
    return []


def _within(value: float, limits: tuple[float, float]) -> bool:
    return limits[0] <= value <= limits[1]


def kind_of(shape: StreamShape) -> str | None:
    """The kind of `Evidence` that a shape is; None for one that nobody held back."""
    if shape.kind == "buffered" and (shape.cut_share or 0) < CUT_SHARE:
        return "buffered_events"
    return shape.kind if shape.kind in ("bursts", "buffered", "whole") else None
