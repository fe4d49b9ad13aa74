"""What is read from the pages of metrics of the servers that are known, and of those that are not."""

from __future__ import annotations

import json

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics import exposition

from metrics_pages import LITELLM, LLAMA_CPP, OLD_VLLM, RAY, SGLANG, TGI, VLLM
from sse_perf_tool.chat_server.metrics import Metrics
from sse_perf_tool.profiling.names import COUNTERS, KNOWN, TABLE
from sse_perf_tool.profiling.page import LONGEST_LINE, Page, read_page
from sse_perf_tool.records import SERVER_FIGURES

OF_VLLM = Page(
    "vLLM",
    {
        "memory_mb": 2500.0,
        "running": 15.0,
        "waiting": 5.0,
        "kv_cache_percent": 50.0,
        "prompt_tokens_per_s": 1000.0,
        "generated_tokens_per_s": 5000.0,
        "preemptions_per_s": 2.0,
    },
)


def page(server: str, running: float, waiting: float | None, generated: float, prompt: float, **more: float) -> Page:
    values = {"running": running, "waiting": waiting, **more}
    values |= {"generated_tokens_per_s": generated, "prompt_tokens_per_s": prompt}
    return Page(server, {name: value for name, value in values.items() if value is not None})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (VLLM, OF_VLLM),
        (OLD_VLLM, OF_VLLM),
        (RAY, OF_VLLM),
        (SGLANG, page("SGLang", 16, 4, 900, 700, kv_cache_percent=75)),
        (TGI, page("TGI", 5, 1, 400, 80)),
        (LLAMA_CPP, page("llama.cpp", 4, 9, 300, 60, kv_cache_percent=12.5)),
        (LITELLM, page("LiteLLM", 6, None, 120, 20)),
    ],
    ids=["vllm", "old vllm", "ray", "sglang", "tgi", "llama.cpp", "litellm"],
)
def test_the_pages_of_known_servers(text: str, expected: Page) -> None:
    assert read_page(text) == expected


def test_the_page_of_our_chat_server_is_read() -> None:
    metrics = Metrics()
    metrics.active = 3
    metrics.answer_done("openai", "ok", 40)
    found = read_page(metrics.as_prometheus(conversations=1))
    assert found.server == "chat-server"
    assert (found.values["running"], found.values["generated_tokens_per_s"]) == (3, 40)
    assert found.values["memory_mb"] > 1


def registry() -> CollectorRegistry:
    """Metrics as vLLM registers them, with the package that it uses."""
    made = CollectorRegistry()
    Gauge("vllm:num_requests_running", "x", ["engine"], registry=made).labels("0").set(2)
    tokens = Counter("vllm:generation_tokens", "x", ["engine"], registry=made)
    tokens.labels("0").inc(7, exemplar={"trace_id": "abc"})
    Histogram("vllm:time_to_first_token_seconds", "x", registry=made).observe(0.2)
    return made


def test_what_prometheus_client_writes_is_read_in_both_of_its_formats() -> None:
    made = registry()
    texts = [generate_latest(made).decode(), exposition.generate_latest(made).decode()]
    assert "# {trace_id" in texts[1]
    assert "# EOF" in texts[1]
    for text in texts:
        assert read_page(text) == Page("vLLM", {"running": 2, "generated_tokens_per_s": 7})


def test_a_page_that_comes_as_one_text_of_json_is_read() -> None:
    assert read_page(json.dumps(LLAMA_CPP)) == read_page(LLAMA_CPP)


@pytest.mark.parametrize(
    "line",
    [
        "tgi_queue_size NaN",
        "tgi_queue_size +Inf",
        "tgi_queue_size 1e300",
        "tgi_queue_size nothing",
        "tgi_queue_size",
        'tgi_queue_size{a="b 3',
        f'tgi_queue_size{{a="{"b" * LONGEST_LINE}"}} 3',
    ],
)
def test_a_line_that_tells_nothing_costs_only_itself(line: str) -> None:
    assert read_page(f"{line}\ntgi_batch_current_size 5\n") == Page("TGI", {"running": 5})


@pytest.mark.parametrize("text", ["", "<html>no</html>", '"', "\x00", "other_requests 5\n", "# tgi_queue_size 5\n"])
def test_a_page_without_known_metrics_is_empty(text: str) -> None:
    assert read_page(text) == Page("", {})


def test_the_memory_of_an_unknown_server_is_known() -> None:
    assert read_page("process_resident_memory_bytes 5e6\n") == Page("", {"memory_mb": 5})


def test_a_page_of_two_servers_is_that_of_the_one_that_tells_more() -> None:
    assert read_page(LITELLM + "tgi_queue_size 5\n") == read_page(LITELLM)


def test_every_metric_of_the_table_means_a_figure_that_outputs_know() -> None:
    assert {row.figure for _, row in KNOWN.values()} == set(SERVER_FIGURES)
    assert {name for name in SERVER_FIGURES if name.endswith("_per_s")} == COUNTERS
    assert len(KNOWN) == sum(map(len, TABLE.values())) + 1, "no name is that of two servers"
