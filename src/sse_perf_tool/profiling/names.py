"""What the metrics of known servers are called, and what they mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

CACHE = "kv_cache_percent"


class Row(NamedTuple):
    """What a metric means: which of `SERVER_FIGURES`, times what; a counter becomes a rate.

    A page has a line for each engine or worker: these are added up, but of shares the highest counts.
    """

    figure: str
    factor: float = 1.0
    counter: bool = False


_TOKENS = Row("generated_tokens_per_s", counter=True)
_PROMPTS = Row("prompt_tokens_per_s", counter=True)

TABLE: Mapping[str, Mapping[str, Row]] = {
    "vLLM": {
        "vllm:num_requests_running": Row("running"),
        "vllm:num_requests_waiting": Row("waiting"),
        "vllm:kv_cache_usage_perc": Row(CACHE, 100),
        "vllm:gpu_cache_usage_perc": Row(CACHE, 100),  # its name until 0.10
        "vllm:generation_tokens_total": _TOKENS,
        "vllm:prompt_tokens_total": _PROMPTS,
        "vllm:num_preemptions_total": Row("preemptions_per_s", counter=True),
    },
    "SGLang": {
        "sglang:num_running_reqs": Row("running"),
        "sglang:num_queue_reqs": Row("waiting"),
        "sglang:token_usage": Row(CACHE, 100),
        "sglang:generation_tokens_total": _TOKENS,
        "sglang:prompt_tokens_total": _PROMPTS,
    },
    "TGI": {
        "tgi_batch_current_size": Row("running"),
        "tgi_queue_size": Row("waiting"),
        # Sums of histograms: tokens are counted when their request ends.
        "tgi_request_generated_tokens_sum": _TOKENS,
        "tgi_request_input_length_sum": _PROMPTS,
    },
    "llama.cpp": {
        "llamacpp:requests_processing": Row("running"),
        "llamacpp:requests_deferred": Row("waiting"),
        "llamacpp:kv_cache_usage_ratio": Row(CACHE, 100),
        "llamacpp:tokens_predicted_total": _TOKENS,
        "llamacpp:prompt_tokens_total": _PROMPTS,
    },
    "LiteLLM": {
        "litellm_in_flight_requests": Row("running"),
        "litellm_output_tokens_metric_total": _TOKENS,
        "litellm_input_tokens_metric_total": _PROMPTS,
    },
    "chat-server": {
        "chat_active_streams": Row("running"),
        "chat_tokens_total": _TOKENS,
    },
}
"""Server -> metric -> what it means."""

ANY_SERVER: Mapping[str, Row] = {"process_resident_memory_bytes": Row("memory_mb", 1e-6)}
"""What pages of Prometheus' client libraries hold, whatever the server."""


def plain_name(name: str) -> str:
    """A name as the table is asked for it: Ray writes `ray_vllm_x` or `ray_vllm:x` for `vllm:x`."""
    return name.removeprefix("ray_").replace(":", "_", 1)


KNOWN = {
    plain_name(name): (server, row) for server, rows in {**TABLE, "": ANY_SERVER}.items() for name, row in rows.items()
}
"""Plain name -> its server, "" for any, and its row."""
COUNTERS = frozenset(row.figure for _, row in KNOWN.values() if row.counter)
"""The figures that are rates of counters."""
