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
    """The command line that measures the same in the same way, all models of a config."""
    values = {
        "runs": asked.runs,
        "max-tokens": asked.max_tokens,
        "temperature": asked.temperature,
        "prompt": asked.prompt,
        "order": asked.order,
        "threads": asked.threads,
        "via": asked.via,
        "timeout": asked.timeout_s,
        "retries": asked.retries,
        "seed": asked.seed,
        "lang": lang,
    }
    words = [f"--{name}={value}" for name, value in values.items() if value not in (None, "")]
    tiers = [f"--context-tiers={','.join(map(str, asked.context_tiers))}"] if asked.context_tiers else []
    return ["bench", *(["--demo"] if asked.demo else []), *words, *tiers]


def shown_words(asked: BenchAsked) -> list[str]:
    """The same as a person would type it: what is as usual left out, the models named."""
    usual = BenchAsked(kind="bench")
    given = {name: value for name, value in asked.model_dump().items() if value != getattr(usual, name)}
    kept = BenchAsked.model_validate({"kind": "bench", **given})
    words = [word for word in bench_words(kept, "en") if word not in bench_words(usual, "en")]
    for flag, names in (
        ("provider", dict.fromkeys(name.provider_key for name in asked.models)),
        ("model", dict.fromkeys(name.model_id for name in asked.models)),
    ):
        words += [f"--{flag}={name}" for name in names]
    return ["bench", *words]
