"""The cells that a benchmark measures, and the cells that it skips, with the reason.  Pure.

A cell is one model of one provider with one context tier.  Its identity is (provider key, model id, tier): the same
model id at two providers is two cells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, TypeVar

from ..errors import UsageError
from ..masking import header_secrets, mask_url, url_secrets
from ..texts import Say, Texts, printable
from .config import BenchConfig, Model, Provider
from .endpoint import Endpoint, Wish, endpoint_of
from .keys import key_of

T = TypeVar("T")

TEXTS: Texts = {
    "does_not_fit": (
        "{tier} tokens of context do not fit: {window} in all, {limit} for the answer, 100 spare",
        "{tier} 个上下文 token 放不下：窗口 {window}，回答 {limit}，另留 100",
    ),
    "no_key": ("no key: set {names}, or write it into .env", "没有密钥：请设置 {names}，或写入 .env"),
    "no_key_name": (
        "no key: name the variable that holds it in api_key_env",
        "没有密钥：请在 api_key_env 中指定保存密钥的变量",
    ),
    "no_match": (
        "{flag} {value}: nothing is called so; there are: {names}",
        "{flag} {value}：没有匹配项，现有：{names}",
    ),
    "nothing": (
        "no models in the config; add some below providers.NAME.models",
        "配置中没有模型，请在 providers.名称.models 下添加",
    ),
}

SPARE_TOKENS = 100
"""What a context window has to hold besides filler and answer: the prompt itself."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One model of one provider with one context tier.  `skipped` says why it is not measured, None when it is."""

    provider_key: str
    provider: str
    model_id: str
    model: str
    context_tokens: int
    endpoint: Endpoint
    key: str | None = None
    skipped: str | None = None

    @property
    def name(self) -> tuple[str, str, int]:
        """What no other cell of a benchmark has."""
        return self.provider_key, self.model_id, self.context_tokens

    @property
    def url(self) -> str:
        """Where it is asked, secrets masked."""
        return mask_url(self.endpoint.url)

    @property
    def secrets(self) -> list[str]:
        """What no output may show: the key, and what stands in the URL and in headers."""
        headers = (header_secrets(name, value) for name, value in self.endpoint.headers.items())
        return [*([self.key] if self.key else ()), *url_secrets(self.endpoint.url), *chain.from_iterable(headers)]

    @property
    def format(self) -> str:
        """The name of the API format; "litellm" where LiteLLM speaks it."""
        return self.endpoint.format.name if self.endpoint.format is not None else "litellm"

    @property
    def row(self) -> dict[str, Any]:
        """What may be shown of it, as JSON."""
        return {
            "provider_key": self.provider_key,
            "provider": self.provider,
            "model_id": self.model_id,
            "model": self.model,
            "context_tokens": self.context_tokens,
            "format": self.format,
            "url": self.url,
            "skipped": self.skipped,
        }

    def __repr__(self) -> str:
        return f"Cell{self.name}"  # a key must not show in a traceback


def title_of(names: Iterable[str]) -> str:
    """What a person calls a benchmark of these models, each "provider / model"; the first three and how many more."""
    each = list(dict.fromkeys(names))
    return ", ".join(each[:3]) + (f", +{len(each) - 3}" if len(each) > 3 else "")


@dataclass(frozen=True, slots=True)
class Selection:
    """What of a config is to be measured; () is all of it."""

    providers: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    tiers: tuple[int, ...] = (0,)
    wish: Wish = field(default_factory=Wish)


def plan_of(config: BenchConfig, selection: Selection, environ: Mapping[str, str], say: Say) -> list[Cell]:
    """The cells in order: provider by provider, tier by tier, model by model.

    UsageError when a filter matches nothing (with the names there are), or an endpoint is not told.  `say` must know
    the `TEXTS` of this module and of `endpoint`.
    """
    providers = _matching(config.providers, selection.providers, "--provider", _names_of_provider, say)
    pairs = [(provider, model) for provider in providers for model in provider.models]
    pairs = _matching(pairs, selection.models, "--model", _names_of_model, say)
    if not pairs:
        raise UsageError(say("nothing"))
    return [
        _cell(provider, model, tier, selection.wish, environ, say)
        for provider in providers
        for tier in selection.tiers
        for owner, model in pairs
        if owner is provider
    ]


def _cell(provider: Provider, model: Model, tier: int, wish: Wish, environ: Mapping[str, str], say: Say) -> Cell:
    endpoint = endpoint_of(provider, model, wish, environ, say)
    key = key_of(provider, endpoint.key_env, environ)
    limit = min(wish.max_tokens or 0, model.max_output_tokens or 1 << 60)
    skipped = None
    if tier > 0 and tier > model.context_window - limit - SPARE_TOKENS:
        skipped = say("does_not_fit", tier=tier, window=model.context_window, limit=limit)
    elif key is None and endpoint.needs_key:
        names = " / ".join(endpoint.key_env)
        skipped = say("no_key", names=names) if names else say("no_key_name")
    return Cell(provider.key, provider.display_name, model.id, model.display_name, tier, endpoint, key, skipped)


def _names_of_provider(provider: Provider) -> Sequence[str]:
    return provider.key, provider.display_name


def _names_of_model(pair: tuple[Provider, Model]) -> Sequence[str]:
    return pair[1].id, pair[1].display_name


def _matching(
    items: Iterable[T], wanted: Sequence[str], flag: str, names_of: Callable[[T], Sequence[str]], say: Say
) -> list[T]:
    """The items that have one of the `wanted` texts in one of their names, in any case; all when none is wanted."""
    items = list(items)
    if not wanted:
        return items
    for text in wanted:
        if not any(_has(names_of(item), text) for item in items):
            known = ", ".join(dict.fromkeys(names_of(item)[0] for item in items))
            raise UsageError(say("no_match", flag=flag, value=printable(text, 60), names=printable(known, 400)))
    return [item for item in items if any(_has(names_of(item), text) for text in wanted)]


def _has(names: Sequence[str], text: str) -> bool:
    return any(text.lower() in name.lower() for name in names)
