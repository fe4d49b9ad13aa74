"""From a benchmark that a page asks for to what `bench` takes.  Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ...bench.config import BenchConfig
from ...errors import UsageError
from ...texts import Texts, speaker
from ..contract.jobs import BenchAsked, ModelName

TEXTS: Texts = {
    "no_model": (
        "providers.{provider}: has no model {model}; look at what the config holds now",
        "providers.{provider}：没有模型 {model}，请查看当前配置",
    ),
}


def selected(config: BenchConfig, models: Sequence[ModelName], lang: str) -> BenchConfig:
    """The config with these models alone; all of it when none is named.  UsageError for one that is not there."""
    if not models:
        return config
    wanted = {(name.provider_key, name.model_id) for name in models}
    known = {(provider.key, model.id) for provider in config.providers for model in provider.models}
    for provider_key, model_id in sorted(wanted - known):
        raise UsageError(speaker(TEXTS, lang)("no_model", provider=provider_key, model=model_id))
    providers = (
        replace(each, models=tuple(model for model in each.models if (each.key, model.id) in wanted))
        for each in config.providers
    )
    return replace(config, providers=tuple(each for each in providers if each.models))


def bench_words(asked: BenchAsked, lang: str) -> list[str]:
    """The command line of the same benchmark, without what is as usual.

    Its filters are by parts of names, so they may choose more than was asked for: the config is `selected` as well.
    """
    usual = BenchAsked(kind="bench")
    values = {
        flag: getattr(asked, field) for flag, field in _FLAGS.items() if getattr(asked, field) != getattr(usual, field)
    }
    words = [f"--{flag}={value}" for flag, value in values.items() if value not in (None, "")]
    tiers = [f"--context-tiers={','.join(map(str, asked.context_tiers))}"] if asked.context_tiers else []
    providers = dict.fromkeys(f"--provider={name.provider_key}" for name in asked.models)
    models = dict.fromkeys(f"--model={name.model_id}" for name in asked.models)
    return ["bench", *(["--demo"] if asked.demo else []), *providers, *models, *words, *tiers, f"--lang={lang}"]


_FLAGS = {
    "runs": "runs",
    "max-tokens": "max_tokens",
    "temperature": "temperature",
    "prompt": "prompt",
    "order": "order",
    "threads": "threads",
    "via": "via",
    "timeout": "timeout_s",
    "retries": "retries",
    "seed": "seed",
}
"""Flag -> its field."""
