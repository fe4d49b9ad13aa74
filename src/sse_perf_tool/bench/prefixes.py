"""Model ids as LiteLLM writes them: the part before the first slash says who serves the model and how to ask for it.

The rows were made by letting LiteLLM 1.110.2 call a server that noted address, headers and body of each request; what
it does not send there (`stream_options` to Mistral, say) is left out here too.  Rows age: `tests/bench/` holds the
expected request of each.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Prefix:
    """Who serves the models of a prefix.

    `base` is where, None when the user has to say; `base_env` and `key_env` are environment variables in the order in
    which they are looked up.  `path` replaces that of the format, `auth` (header, text before the key) its way to carry
    the key.  `without` names fields that this service does not take, `extra` those that it wants besides.
    """

    format: str
    base: str | None = None
    key_env: tuple[str, ...] = ()
    base_env: tuple[str, ...] = ()
    needs_key: bool = True
    path: str | None = None
    auth: tuple[str, str] | None = None
    without: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)


_NO_STREAM_OPTIONS = ("stream_options",)


def _chat(base: str | None = None, *key_env: str, without: tuple[str, ...] = (), **more: Any) -> Prefix:
    return Prefix("openai_chat", base, key_env, without=without, **more)


def _local(base: str | None, name: str) -> Prefix:
    """A server of the user's own, which may want a key."""
    return Prefix("openai_chat", base, (f"{name}_API_KEY",), (f"{name}_API_BASE",), needs_key=False)


PREFIXES: Mapping[str, Prefix] = {
    "openai": _chat("https://api.openai.com/v1", "OPENAI_API_KEY", base_env=("OPENAI_API_BASE", "OPENAI_BASE_URL")),
    "text-completion-openai": Prefix("openai_completions", "https://api.openai.com/v1", ("OPENAI_API_KEY",)),
    "anthropic": Prefix("anthropic", "https://api.anthropic.com", ("ANTHROPIC_API_KEY",), ("ANTHROPIC_API_BASE",)),
    "gemini": Prefix(
        "gemini", "https://generativelanguage.googleapis.com/v1beta", ("GEMINI_API_KEY", "GOOGLE_API_KEY")
    ),
    "ollama": Prefix("ollama", "http://localhost:11434", (), ("OLLAMA_API_BASE",), needs_key=False),
    "ollama_chat": Prefix("ollama", "http://localhost:11434", (), ("OLLAMA_API_BASE",), needs_key=False),
    "lm_studio": _local("http://localhost:1234/v1", "LM_STUDIO"),
    "llamafile": _local("http://127.0.0.1:8080/v1", "LLAMAFILE"),
    "hosted_vllm": _local(None, "HOSTED_VLLM"),
    "custom_openai": _local(None, "CUSTOM_OPENAI"),
    "litellm_proxy": _local(None, "LITELLM_PROXY"),
    "xinference": _local(None, "XINFERENCE"),
    "dashscope": _chat("https://dashscope.aliyuncs.com/compatible-mode/v1", "DASHSCOPE_API_KEY"),
    "deepseek": _chat("https://api.deepseek.com/beta", "DEEPSEEK_API_KEY"),
    "moonshot": _chat("https://api.moonshot.ai/v1", "MOONSHOT_API_KEY"),
    "zai": _chat("https://api.z.ai/api/paas/v4", "ZAI_API_KEY"),
    "volcengine": _chat("https://ark.cn-beijing.volces.com/api/v3", "VOLCENGINE_API_KEY", "ARK_API_KEY"),
    "openrouter": _chat("https://openrouter.ai/api/v1", "OPENROUTER_API_KEY", extra={"usage": {"include": True}}),
    "azure": _chat(
        None,
        "AZURE_API_KEY",
        base_env=("AZURE_API_BASE",),
        path="/openai/deployments/{model}/chat/completions?api-version={api_version}",
        auth=("api-key", ""),
    ),
    "azure_ai": _chat(None, "AZURE_AI_API_KEY", base_env=("AZURE_AI_API_BASE",)),
    "huggingface": _chat(None, "HUGGINGFACE_API_KEY", "HF_TOKEN"),
    "databricks": _chat(None, "DATABRICKS_API_KEY", base_env=("DATABRICKS_API_BASE",), without=_NO_STREAM_OPTIONS),
    "groq": _chat("https://api.groq.com/openai/v1", "GROQ_API_KEY"),
    "mistral": _chat("https://api.mistral.ai/v1", "MISTRAL_API_KEY", without=_NO_STREAM_OPTIONS),
    "perplexity": _chat("https://api.perplexity.ai", "PERPLEXITYAI_API_KEY", without=_NO_STREAM_OPTIONS),
    "nvidia_nim": _chat("https://integrate.api.nvidia.com/v1", "NVIDIA_NIM_API_KEY", without=_NO_STREAM_OPTIONS),
    "cerebras": _chat("https://api.cerebras.ai/v1", "CEREBRAS_API_KEY", without=_NO_STREAM_OPTIONS),
    "deepinfra": _chat("https://api.deepinfra.com/v1/openai", "DEEPINFRA_API_KEY", without=_NO_STREAM_OPTIONS),
    "hyperbolic": _chat("https://api.hyperbolic.xyz/v1", "HYPERBOLIC_API_KEY", without=_NO_STREAM_OPTIONS),
    "together_ai": _chat("https://api.together.ai/v1", "TOGETHERAI_API_KEY"),
    "fireworks_ai": _chat("https://api.fireworks.ai/inference/v1", "FIREWORKS_AI_API_KEY"),
    "xai": _chat("https://api.x.ai/v1", "XAI_API_KEY"),
    "sambanova": _chat("https://api.sambanova.ai/v1", "SAMBANOVA_API_KEY"),
    "minimax": _chat("https://api.minimax.io/v1", "MINIMAX_API_KEY"),
    "novita": _chat("https://api.novita.ai/v3/openai", "NOVITA_API_KEY"),
    "baseten": _chat("https://inference.baseten.co/v1", "BASETEN_API_KEY"),
    "github": _chat("https://models.inference.ai.azure.com", "GITHUB_API_KEY"),
    "cohere": Prefix("cohere", "https://api.cohere.com", ("COHERE_API_KEY",)),
    "cohere_chat": Prefix("cohere", "https://api.cohere.com", ("COHERE_API_KEY",)),
    # Formats of this tool that LiteLLM has no prefix for, or another meaning of the name.
    "dify": Prefix("dify", None, ("DIFY_API_KEY",)),
    "coze": Prefix("coze", "https://api.coze.cn", ("COZE_API_KEY",)),
    "tgi": Prefix("tgi", None, (), needs_key=False),
    "chatbot": Prefix("chatbot", None, (), needs_key=False),
    "dashscope_native": Prefix("dashscope", "https://dashscope.aliyuncs.com", ("DASHSCOPE_API_KEY",)),
}
"""Prefix -> who serves its models."""

RESPONSES = Prefix("openai_responses", "https://api.openai.com/v1", ("OPENAI_API_KEY",), ("OPENAI_API_BASE",))
"""OpenAI's models that only the Responses API serves, see `for_responses`."""

PATHS: Mapping[str, str] = {
    "openai_chat": "/chat/completions",
    "openai_completions": "/completions",
    "openai_responses": "/responses",
    "anthropic": "/v1/messages",
    "gemini": "/models/{model}:streamGenerateContent?alt=sse",
    "cohere": "/v2/chat",
    "ollama": "/api/chat",
    "tgi": "/generate_stream",
    "dashscope": "/api/v1/services/aigc/text-generation/generation",
    "coze": "/v3/chat",
    "dify": "/v1/chat-messages",
    "chatbot": "/chat",
    "qianfan": "/rpc/2.0/ai_custom/v1/wenxinworkshop/chat/{model}",
}
"""Format -> the path behind the address of a service; a format without one is asked at the address itself."""

SDK_ONLY = frozenset({"bedrock", "vertex_ai", "vertex_ai_beta", "sagemaker", "sagemaker_chat", "watsonx",
                      "watsonx_text", "replicate", "snowflake", "oci", "sap", "petals", "nlp_cloud", "aleph_alpha",
                      "predibase", "triton", "clarifai", "cloudflare", "palm", "gradient_ai"})  # fmt: skip
"""Prefixes of LiteLLM that need a signature or a package of the provider's: they go through LiteLLM."""


def for_responses(prefix: str, model: str) -> bool:
    """Whether only the Responses API serves the model, as LiteLLM decides it too: OpenAI's Codex models."""
    return prefix == "openai" and "codex" in model


_OWN_LIMIT = re.compile(r"^(gpt-5(?!-chat)|o[134](-|$))")
_ONE_TEMPERATURE = re.compile(r"^(gpt-5(-mini|-nano|-pro)?(-\d{4}.*)?$|o[134](-|$))")
_NO_TEMPERATURE = re.compile(r"^claude-opus-(4-7|5)")


def limit_field(format_name: str, prefix: str, model: str) -> str | None:
    """The field for the most tokens, where the model wants another than its format: OpenAI's reasoning models."""
    own = format_name == "openai_chat" and prefix in ("openai", "azure") and _OWN_LIMIT.match(model)
    return "max_completion_tokens" if own else None


def refuses_temperature(prefix: str, model: str) -> bool:
    """Whether the model answers a request that names a temperature with an error."""
    if prefix in ("openai", "azure"):
        return bool(_ONE_TEMPERATURE.match(model))
    return prefix == "anthropic" and bool(_NO_TEMPERATURE.match(model))
