"""Model ids by LiteLLM's conventions: each prefix asks at the address, with the header and the body that it should."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest

from sse_perf_tool.bench.config import Model, Provider
from sse_perf_tool.bench.endpoint import TEXTS, Endpoint, Wish, endpoint_of, joined
from sse_perf_tool.bench.prefixes import PREFIXES, SDK_ONLY
from sse_perf_tool.errors import UsageError
from sse_perf_tool.formats import FORMATS
from sse_perf_tool.texts import speaker

SAY = speaker(TEXTS, "en")
WISH = Wish(max_tokens=64, temperature=0.5)


def endpoint(model: str, wish: Wish = WISH, environ: dict[str, str] | None = None, **provider: Any) -> Endpoint:
    more = {name: provider.pop(name) for name in ("skip_params", "max_output_tokens") if name in provider}
    return endpoint_of(Provider("p", "P", **provider), Model(model, model, **more), wish, environ or {}, SAY)


class Row(NamedTuple):
    model: str
    url: str
    format: str
    header: str | None
    limit: str = "max_tokens"
    temperature: str | None = "temperature"
    stream_options: bool = False


CHAT = "/chat/completions"
HOSTS = {
    "deepseek": "https://api.deepseek.com/beta",
    "moonshot": "https://api.moonshot.ai/v1",
    "zai": "https://api.z.ai/api/paas/v4",
    "volcengine": "https://ark.cn-beijing.volces.com/api/v3",
    "openrouter": "https://openrouter.ai/api/v1",
    "dashscope": "https://dashscope.aliyuncs.com/compatible-mode/v1",
    "groq": "https://api.groq.com/openai/v1",
    "together_ai": "https://api.together.ai/v1",
    "fireworks_ai": "https://api.fireworks.ai/inference/v1",
    "xai": "https://api.x.ai/v1",
    "sambanova": "https://api.sambanova.ai/v1",
    "minimax": "https://api.minimax.io/v1",
    "novita": "https://api.novita.ai/v3/openai",
    "baseten": "https://inference.baseten.co/v1",
    "github": "https://models.inference.ai.azure.com",
    "lm_studio": "http://localhost:1234/v1",
    "llamafile": "http://127.0.0.1:8080/v1",
}
NO_STREAM_OPTIONS = {
    "mistral": "https://api.mistral.ai/v1",
    "perplexity": "https://api.perplexity.ai",
    "nvidia_nim": "https://integrate.api.nvidia.com/v1",
    "cerebras": "https://api.cerebras.ai/v1",
    "deepinfra": "https://api.deepinfra.com/v1/openai",
    "hyperbolic": "https://api.hyperbolic.xyz/v1",
}
GEMINI = "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse"
ROWS = [
    Row("gpt-4o", "https://api.openai.com/v1" + CHAT, "openai_chat", "Authorization", stream_options=True),
    Row("openai/gpt-4o", "https://api.openai.com/v1" + CHAT, "openai_chat", "Authorization", stream_options=True),
    Row("openai/gpt-5", "https://api.openai.com/v1" + CHAT, "openai_chat", "Authorization", "max_completion_tokens",
        None, True),
    Row("o3-mini", "https://api.openai.com/v1" + CHAT, "openai_chat", "Authorization", "max_completion_tokens", None,
        True),
    Row("gpt-5.2", "https://api.openai.com/v1" + CHAT, "openai_chat", "Authorization", "max_completion_tokens",
        stream_options=True),
    Row("gpt-5-chat-latest", "https://api.openai.com/v1" + CHAT, "openai_chat", "Authorization", stream_options=True),
    Row("gpt-5.1-codex", "https://api.openai.com/v1/responses", "openai_responses", "Authorization",
        "max_output_tokens"),
    Row("anthropic/claude-sonnet-4-5", "https://api.anthropic.com/v1/messages", "anthropic", "x-api-key"),
    Row("anthropic/claude-opus-4-7", "https://api.anthropic.com/v1/messages", "anthropic", "x-api-key",
        temperature=None),
    Row("gemini/gemini-2.5-pro", GEMINI, "gemini", "x-goog-api-key", "generationConfig.maxOutputTokens",
        "generationConfig.temperature"),
    Row("ollama/llama3.2", "http://localhost:11434/api/chat", "ollama", "Authorization", "options.num_predict",
        "options.temperature"),
    Row("ollama_chat/llama3.2", "http://localhost:11434/api/chat", "ollama", "Authorization", "options.num_predict",
        "options.temperature"),
    Row("cohere/command-r", "https://api.cohere.com/v2/chat", "cohere", "Authorization"),
    Row("text-completion-openai/gpt-3.5-turbo-instruct", "https://api.openai.com/v1/completions",
        "openai_completions", "Authorization", stream_options=True),
    Row("dashscope_native/qwen-plus",
        "https://dashscope.aliyuncs.com/api/v1/services/aigc/text-generation/generation", "dashscope",
        "Authorization", "parameters.max_tokens", "parameters.temperature"),
    *(Row(f"{name}/m", base + CHAT, "openai_chat", "Authorization", stream_options=True)
      for name, base in HOSTS.items()),
    *(Row(f"{name}/m", base + CHAT, "openai_chat", "Authorization") for name, base in NO_STREAM_OPTIONS.items()),
]  # fmt: skip


def value_at(body: Any, path: str) -> Any:
    for name in path.split("."):
        body = body[name]
    return body


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.model)
def test_a_prefix_asks_as_litellm_does(row: Row) -> None:
    found = endpoint(row.model)
    assert (found.url, found.format) == (row.url, FORMATS[row.format])
    assert found.auth is not None
    assert found.auth[0] == row.header
    assert value_at(found.body, row.limit) == 64
    if row.temperature:
        assert value_at(found.body, row.temperature) == 0.5
    else:
        assert "temperature" not in json.dumps(found.body)
        assert found.notes == (f"temperature is not sent: {found.model} refuses it",)
    assert ("stream_options" in found.body) is row.stream_options


def test_the_model_of_the_body_has_no_prefix_and_keeps_its_own_slashes() -> None:
    assert endpoint("openrouter/anthropic/claude-3.5").body["model"] == "anthropic/claude-3.5"
    assert endpoint("fireworks_ai/accounts/fireworks/models/m").model == "accounts/fireworks/models/m"
    assert endpoint("openrouter/x/y").body["usage"] == {"include": True}
    found = endpoint("Qwen/Qwen2.5-7B-Instruct", api_base="http://gpu:8000/v1")
    assert (found.model, found.url) == ("Qwen/Qwen2.5-7B-Instruct", "http://gpu:8000/v1/chat/completions")


def test_the_prefix_of_a_provider_goes_before_what_stands_in_the_id() -> None:
    """OpenRouter's ids begin with the names of other providers."""
    found = endpoint("anthropic/claude-3.5", model_prefix="openrouter")
    assert (found.url, found.model) == ("https://openrouter.ai/api/v1/chat/completions", "anthropic/claude-3.5")
    again = endpoint("lm_studio/zai-org/glm", model_prefix="lm_studio", api_base="http://10.0.0.1:1234/v1")
    assert (again.url, again.model) == ("http://10.0.0.1:1234/v1/chat/completions", "zai-org/glm")


def test_a_format_that_a_provider_names_makes_prefixes_mean_nothing() -> None:
    found = endpoint("openai/gpt-4o", format="dify", api_base="http://dify.local/v1")
    assert (found.format, found.model) == (FORMATS["dify"], "openai/gpt-4o")
    assert found.url == "http://dify.local/v1/chat-messages"


def test_an_address_says_its_format_by_its_path() -> None:
    found = endpoint("m", api_base="http://localhost:8000/v1/messages")
    assert (found.format, found.url) == (FORMATS["anthropic"], "http://localhost:8000/v1/messages")


def test_an_address_comes_from_the_config_then_from_the_environment_then_from_the_table() -> None:
    environ = {"HOSTED_VLLM_API_BASE": "http://gpu:8000/v1"}
    assert endpoint("hosted_vllm/m", environ=environ).url == "http://gpu:8000/v1/chat/completions"
    assert endpoint("hosted_vllm/m", environ=environ, api_base="http://b/v1").url == "http://b/v1/chat/completions"
    with pytest.raises(UsageError) as caught:
        endpoint("hosted_vllm/m")
    assert str(caught.value) == "providers.p: no address is known for hosted_vllm/m; add api_base"


def test_azure_puts_the_deployment_into_the_path_and_wants_a_version() -> None:
    base = "https://me.openai.azure.com"
    found = endpoint("azure/gpt-4o", api_base=base, api_version="2024-10-21")
    assert found.url == f"{base}/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21"
    assert found.auth == ("api-key", "")
    with pytest.raises(UsageError, match="add api_version"):
        endpoint("azure/gpt-4o", api_base=base)


@pytest.mark.parametrize("name", sorted(SDK_ONLY))
def test_what_needs_a_package_of_the_provider_goes_through_litellm(name: str) -> None:
    found = endpoint(f"{name}/some-model", skip_params=("temperature",))
    assert (found.format, found.model) == (None, f"{name}/some-model")
    assert (found.wish.max_tokens, found.wish.temperature) == (64, None)


@pytest.mark.parametrize(
    ("model", "provider", "asked"),
    [
        ("openai/gpt-4o", {}, ("", "openai/gpt-4o")),
        ("gpt-4o", {}, ("", "openai/gpt-4o")),
        ("anthropic/claude-sonnet-4-5", {}, ("", "anthropic/claude-sonnet-4-5")),
        ("Qwen/Q", {"api_base": "http://gpu/v1"}, ("http://gpu/v1", "openai/Qwen/Q")),
        ("m", {"api_base": "http://gpu", "format": "anthropic"}, ("http://gpu", "anthropic/m")),
        ("x/y", {"model_prefix": "openrouter"}, ("", "openrouter/x/y")),
    ],
)
def test_every_model_can_be_sent_through_litellm(model: str, provider: dict[str, str], asked: tuple[str, str]) -> None:
    found = endpoint(model, Wish(64, 0.5, through_litellm=True), **provider)
    assert (found.format, (found.url, found.model)) == (None, asked)


def test_what_a_model_does_not_take_is_left_out() -> None:
    found = endpoint("openai/gpt-4o", skip_params=("temperature", "stream_options", "max_tokens"))
    assert sorted(found.body) == ["messages", "model", "stream"]
    assert found.notes == ()


def test_the_longest_answer_of_a_model_goes_before_a_longer_wish() -> None:
    assert endpoint("openai/gpt-4o", max_output_tokens=16).body["max_tokens"] == 16
    assert endpoint("openai/gpt-4o", max_output_tokens=100).body["max_tokens"] == 64
    assert "max_tokens" not in endpoint("openai/gpt-4o", Wish(None, None)).body


def test_an_api_without_a_limit_says_so_once() -> None:
    found = endpoint("m", format="dify", api_base="http://h/v1/chat-messages")
    assert found.notes == (f"{FORMATS['dify'].title} has no limit for the length of an answer",
                           f"{FORMATS['dify'].title} has no temperature")  # fmt: skip


@pytest.mark.parametrize(
    ("base", "path", "url"),
    [
        ("https://h", "/v1/messages", "https://h/v1/messages"),
        ("https://h/", "/v1/messages", "https://h/v1/messages"),
        ("https://h/v1", "/v1/messages", "https://h/v1/messages"),
        ("https://h/api/v1/", "/chat/completions", "https://h/api/v1/chat/completions"),
        ("https://h/v1/chat/completions", "/chat/completions", "https://h/v1/chat/completions"),
        ("https://h/v1/chat", "/chat/completions", "https://h/v1/chat/completions"),
        ("http://h:8000/chat", "/chat", "http://h:8000/chat"),
        ("http://h", "", "http://h"),
        ("https://h?api-version=1", "/x?api-version=2&b=3", "https://h/x?api-version=1&b=3"),
        ("https://h/v1?k=1", "/models", "https://h/v1/models?k=1"),
        ("http://[::1]:8000/v1", "/v1/messages", "http://[::1]:8000/v1/messages"),
    ],
)
def test_a_path_is_joined_so_that_what_both_share_stands_once(base: str, path: str, url: str) -> None:
    assert joined(base, path) == url


def test_every_prefix_is_of_a_known_format() -> None:
    assert {row.format for row in PREFIXES.values()} <= set(FORMATS)
    assert len(PREFIXES) >= 40
    assert not SDK_ONLY & set(PREFIXES)


def test_a_model_behind_an_address_of_its_own_is_sent_what_the_path_takes() -> None:
    address = "https://dashscope.aliyuncs.com/api/v1/services/aigc/multimodal-generation/generation"
    found = endpoint("qwen-vl-plus", format="dashscope", api_base=address)
    assert found.url == address
    assert found.body["input"]["messages"] == [{"role": "user", "content": [{"text": "{query}"}]}]


@pytest.mark.parametrize(
    ("form", "address", "url"),
    [
        ("dify", "http://h/v1/workflows/run", "http://h/v1/workflows/run"),
        ("dify", "http://h", "http://h/v1/chat-messages"),
        ("ollama", "http://h/api/generate?k=v", "http://h/api/generate?k=v"),
        ("qianfan", "http://h/rpc/2.0/ai_custom/v1/wenxinworkshop/chat",
         "http://h/rpc/2.0/ai_custom/v1/wenxinworkshop/chat/m"),
    ],
)  # fmt: skip
def test_an_address_that_is_one_of_the_formats_own_stays_as_it_is(form: str, address: str, url: str) -> None:
    assert endpoint("m", format=form, api_base=address).url == url
