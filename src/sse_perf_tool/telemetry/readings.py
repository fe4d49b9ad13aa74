"""From a line of the records, and from a second of a run, to values of metrics.  Pure: no library, no clock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

MS_PER_S = 1000.0

Attributes = tuple[tuple[str, "str | int"], ...]
"""Names and values.  Not a dictionary: sums are kept by them."""

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
COUNTED = ("usage", "tokenizer")
"""The conventions let a client tell tokens that were counted, not what it estimates."""


class Reading(NamedTuple):
    """A value of the metric of this name: what a counter grows by, what a gauge is, what a histogram takes."""

    name: str
    value: float
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
            yield Reading(name, float(sample[key]), common)

    def of_request(self, row: Mapping[str, Any]) -> Iterator[Reading]:
        """What the line of a finished request tells."""
        common, ok = self.common(row["format"]), row["outcome"] == "ok"
        error = () if ok else (("error.type", error_type(row)),)
        yield Reading("gen_ai.client.operation.duration", row["latency_ms"] / MS_PER_S, (*common, *error))
        yield Reading("sse_perf.requests", 1, (*common, ("sse_perf.outcome", row["outcome"])))
        if row["retries"]:
            yield Reading("sse_perf.retries", row["retries"], common)
        if row["schedule_delay_ms"] is not None:
            yield Reading("sse_perf.request.schedule_delay", row["schedule_delay_ms"] / MS_PER_S, common)
        if row["token_source"] in COUNTED:
            for kind, tokens in (("input", row["prompt_tokens"]), ("output", row["output_tokens"])):
                if tokens is not None:
                    yield Reading("gen_ai.client.token.usage", tokens, (*common, ("gen_ai.token.type", kind)))
        if not ok:
            return
        for name, key in _OF_OK.items():
            if row[key] is not None and (self.streams or key != "ttft_ms"):
                yield Reading(name, row[key] / MS_PER_S, common)


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


def error_type(row: Mapping[str, Any]) -> str:
    """`error.type`: the status of an HTTP error, else the outcome; both are few."""
    return str(row["status"]) if row["outcome"] == "http_error" and row["status"] else str(row["outcome"])
