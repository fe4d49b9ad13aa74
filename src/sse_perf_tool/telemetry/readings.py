"""From finished requests, and from a second of a run, to values of metrics.  Pure: no library, no clock.

Requests are taken many at once and column by column, in a fifth of the time that one by one takes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlsplit

MS_PER_S = 1000.0

Attributes = tuple[tuple[str, "str | int"], ...]
"""Names and values.  Not a dictionary: sums are kept by them."""
Columns = Mapping[str, Sequence[Any]]
"""Requests: what stands by a name in their lines of records, for each of them."""

PROVIDERS = {
    "openai_chat": "openai",
    "openai_completions": "openai",
    "openai_responses": "openai",
    "gemini": "gcp.gemini",
}
"""Format -> provider as the conventions call it; of all others the name of the format, which is theirs where they have
one (`anthropic`, `cohere`).  It says which API is spoken, not who runs the model: `server.address` does."""

OPERATIONS = {
    "openai_completions": "text_completion",
    "tgi": "text_completion",
    "gemini": "generate_content",
    "coze_workflow": "invoke_workflow",
    **dict.fromkeys(("a2a", "adk", "ag_ui", "langgraph", "langgraph_v2", "mcp", "ragflow_agent"), "invoke_agent"),
}
"""Format -> `gen_ai.operation.name`; of all others `chat`."""

DEFAULT_PORTS = {"http": 80, "https": 443}
OK = "ok"
COUNTED = ("usage", "tokenizer")
"""The conventions let a client tell tokens that were counted, not what it estimates."""


class Reading(NamedTuple):
    """Values of the metric of this name: what a counter grows by, what a gauge is, what a histogram takes."""

    name: str
    values: Sequence[float]
    attributes: Attributes


class Run:
    """What the settings of a run, as they stand in the header of its records, say of all its requests."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        url = urlsplit(str(config.get("url") or ""))
        try:
            port = url.port or DEFAULT_PORTS.get(url.scheme)
        except ValueError:
            port = None
        self.streams = bool(config.get("stream", True))
        self.format = str(config.get("format") or "")
        server: list[tuple[str, str | int]] = []
        if url.hostname:
            server.append(("server.address", url.hostname))
            if port is not None:
                server.append(("server.port", port))
        model = config.get("model") or config.get("model_name")
        if model:
            server.append(("gen_ai.request.model", str(model)))
        self._server = tuple(server)
        self._common: dict[str, Attributes] = {}

    def common(self, format_name: str = "") -> Attributes:
        """Attributes of every metric, of requests that were read in this format."""
        name = format_name or self.format
        if name not in self._common:
            known = name if name not in ("", "auto") else "custom"
            operation = ("gen_ai.operation.name", OPERATIONS.get(known, "chat"))
            self._common[name] = (operation, ("gen_ai.provider.name", PROVIDERS.get(known, known)), *self._server)
        return self._common[name]

    def of_second(self, sample: Mapping[str, Any]) -> Iterator[Reading]:
        """What the second of a run tells, see `link.sample_line`."""
        common = self.common()
        for name, key in _OF_SECOND.items():
            yield Reading(name, (float(sample[key]),), common)

    def of_requests(self, columns: Columns) -> Iterator[Reading]:
        """What these finished requests tell: the values of each series in the order of the requests."""
        formats = columns["format"]
        for name in dict.fromkeys(formats):
            alike = columns
            if formats.count(name) < len(formats):
                alike = {key: [v for v, of in zip(columns[key], formats, strict=True) if of == name] for key in columns}
            yield from self._of_format(self.common(name), alike)

    def _of_format(self, common: Attributes, columns: Columns) -> Iterator[Reading]:
        outcomes, statuses = columns["outcome"], columns["status"]
        errors = [
            None if one == OK else error_type(one, status) for one, status in zip(outcomes, statuses, strict=True)
        ]
        for error in dict.fromkeys(errors):
            took_s = [ms / MS_PER_S for ms, its in zip(columns["latency_ms"], errors, strict=True) if its == error]
            more = () if error is None else (("error.type", error),)
            yield Reading("gen_ai.client.operation.duration", took_s, (*common, *more))
        for outcome in dict.fromkeys(outcomes):
            yield Reading("sse_perf.requests", (outcomes.count(outcome),), (*common, ("sse_perf.outcome", outcome)))
        if retries := sum(columns["retries"]):
            yield Reading("sse_perf.retries", (retries,), common)
        if delays_s := [ms / MS_PER_S for ms in columns["schedule_delay_ms"] if ms is not None]:
            yield Reading("sse_perf.request.schedule_delay", delays_s, common)
        sources = columns["token_source"]
        for kind, key in (("input", "prompt_tokens"), ("output", "output_tokens")):
            of_each = zip(columns[key], sources, strict=True)
            if tokens := [n for n, source in of_each if n is not None and source in COUNTED]:
                yield Reading("gen_ai.client.token.usage", tokens, (*common, ("gen_ai.token.type", kind)))
        for name, key in _OF_OK.items():
            each_ms = zip(columns[key], outcomes, strict=True)
            ok_s = [ms / MS_PER_S for ms, outcome in each_ms if outcome == OK and ms is not None]
            if ok_s and (self.streams or key != "ttft_ms"):
                yield Reading(name, ok_s, common)


_OF_SECOND = {
    "sse_perf.requests.started": "started",
    "sse_perf.requests.active": "active",
    "sse_perf.threads": "threads",
    "sse_perf.chunks": "chunks",
    "sse_perf.output_tokens": "tokens",
}
"""Metric -> name in the line of a second."""
_OF_OK = {
    "gen_ai.client.operation.time_to_first_chunk": "ttft_ms",
    "sse_perf.request.time_per_output_token": "tpot_ms",
    "sse_perf.request.longest_gap": "max_gap_ms",
}
"""Metric -> name in the line of a request."""


def error_type(outcome: str, status: int | None) -> str:
    """`error.type`: the status of an HTTP error, else the outcome; both are few."""
    return str(status) if outcome == "http_error" and status else outcome
