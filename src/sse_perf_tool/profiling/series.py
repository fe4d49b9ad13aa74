"""From scrapes to the values of each second of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..records import ServerMetrics, ServerSample
from ..units import NS_PER_S
from .names import COUNTERS


def metrics_of(url: str, lines: Sequence[Mapping[str, Any]], origin_ns: int) -> ServerMetrics:
    """The metrics of a run that began at `origin_ns`, out of the lines of the sampler; `url` may be shown."""
    failed = [line["error"] for line in lines if "error" in line]
    pages = [line for line in lines if "error" not in line]
    return ServerMetrics(
        url=url,
        server=next((line["server"] for line in pages if line["server"]), ""),
        scrapes=len(lines),
        failed=len(failed),
        error=failed[-1] if failed else "",
        samples=_samples(pages, origin_ns),
    )


def _samples(pages: Sequence[Mapping[str, Any]], origin_ns: int) -> list[ServerSample]:
    """One for each second of the run with a value; a page from before its start is where the first rates begin."""
    by_second: dict[int, ServerSample] = {}
    before: Mapping[str, Any] | None = None
    for page in pages:
        values = _values(page, before)
        second = (page["at_ns"] - origin_ns) // NS_PER_S
        if second >= 0 and values:
            by_second[second] = ServerSample(second, values)
        before = page
    return list(by_second.values())


def _values(page: Mapping[str, Any], before: Mapping[str, Any] | None) -> dict[str, float]:
    """Gauges as they are and counters as rates since the page before; no rate where a counter began anew."""
    found = {name: round(value, 6) for name, value in page["values"].items() if name not in COUNTERS}
    if before is None or page["at_ns"] <= before["at_ns"]:
        return found
    took_s = (page["at_ns"] - before["at_ns"]) / NS_PER_S
    for name, value in page["values"].items():
        if name in COUNTERS and name in before["values"] and value >= before["values"][name]:
            found[name] = round((value - before["values"][name]) / took_s, 6)
    return found
