"""What the server said of itself during a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from .checked import UnfitError, noun_of

SERVER_FIGURES = (
    "running", "waiting", "kv_cache_percent", "generated_tokens_per_s", "prompt_tokens_per_s", "preemptions_per_s",
    "memory_mb",
)  # fmt: skip
"""Requests being worked on and in the queue, the share of the KV cache in use, tokens and preemptions a second,
resident memory (10^6 bytes)."""


@dataclass(frozen=True, slots=True)
class ServerSample:
    """An interval of the run, by its first second, counted from the start of the run."""

    second: int
    values: Mapping[str, float]
    """By names of `SERVER_FIGURES`; only those that the server tells."""


@dataclass(frozen=True, slots=True)
class ServerMetrics:
    """The `/metrics` page of the server over a run."""

    url: str = ""
    """Secrets masked."""
    server: str = ""
    """The server that the names of the metrics are those of, "" when none is known."""
    scrapes: int = 0
    failed: int = 0
    """How many of them gave no page."""
    error: str = ""
    """Why the last of those failed."""
    samples: Sequence[ServerSample] = field(default_factory=list)
    width_s: int = 1
    """Seconds of an interval: more than 1 in a run of more than two hours, as in its time series."""

    def values_of(self, figure: str) -> list[float]:
        """All values of one of `SERVER_FIGURES`, in order of time."""
        return [sample.values[figure] for sample in self.samples if figure in sample.values]

    def highest(self, figure: str) -> float | None:
        """The highest value of a figure; None when the server did not tell it."""
        return max(self.values_of(figure), default=None)


def highest(found: ServerMetrics | None) -> dict[str, float]:
    """The highest value of each figure that the server told, {} without any."""
    if found is None:
        return {}
    return {name: most for name in SERVER_FIGURES if (most := found.highest(name)) is not None}


def server_metrics_document(found: ServerMetrics) -> dict[str, Any]:
    """As one object of JSON."""
    return {**asdict(found), "samples": [{"second": each.second, **each.values} for each in found.samples]}


def server_metrics_of(document: Any) -> ServerMetrics:
    """The same from such an object; figures that this version does not know are left out.

    TypeError, `UnfitError` when it is none.
    """
    if not isinstance(document, dict) or not isinstance(document.get("samples"), list):
        raise UnfitError("server_metrics")
    samples = [_sample_of(row) for row in document["samples"]]
    found: ServerMetrics = noun_of(ServerMetrics, {k: value for k, value in document.items() if k != "samples"})
    return replace(found, samples=samples)


def _sample_of(row: Any) -> ServerSample:
    if not isinstance(row, dict):
        raise UnfitError("samples")
    values = {name: row[name] for name in SERVER_FIGURES if name in row}
    found: ServerSample = noun_of(ServerSample, {"second": row.get("second"), "values": values})
    return found
