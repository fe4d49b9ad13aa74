"""What the page shows of a config: each provider, where its key comes from, and how each model would be asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ...bench.config import BenchConfig, Model, Provider
from ...bench.endpoint import TEXTS as ENDPOINT_TEXTS
from ...bench.endpoint import Endpoint, Wish, endpoint_of, prefix_of
from ...errors import UsageError
from ...masking import mask_headers, mask_url
from ...texts import Say, speaker
from ..contract.config import ConfigShown, Defaults, ModelShown, ProviderShown
from .config_file import ConfigText


@dataclass(frozen=True, slots=True)
class Keys:
    """Where keys may come from: the environment of the studio goes before `.env`."""

    environ: Mapping[str, str]
    file: Mapping[str, str]

    @property
    def all(self) -> dict[str, str]:
        """Variable -> value."""
        return {**self.file, **self.environ}

    def source(self, name: str) -> str | None:
        """ "env", "file", or None when a variable is not set."""
        return "env" if self.environ.get(name, "").strip() else "file" if self.file.get(name, "").strip() else None


def config_shown(found: ConfigText, path: str, keys: Keys, lang: str) -> ConfigShown:
    """The whole of it, without any secret."""
    defaults = found.config.defaults
    say = speaker(ENDPOINT_TEXTS, lang)
    lines = found.lines or {}
    return ConfigShown(
        etag=found.etag,
        path=path,
        exists=found.data is not None,
        read_only=found.problem is not None,
        problem=found.problem,
        warnings=list(found.config.warnings),
        defaults=Defaults(
            max_tokens=defaults.max_tokens,
            temperature=defaults.temperature,
            context_tiers=list(defaults.context_tiers),
            prompt=defaults.prompt,
            runs=defaults.runs,
        ),
        providers=[_provider(each, lines.get(each.key), keys, say) for each in found.config.providers],
    )


def key_names(provider: Provider, keys: Keys, say: Say) -> tuple[str, ...]:
    """The variables in which the key of a provider is looked for."""
    if provider.key_env:
        return provider.key_env
    names = (name for model in provider.models for name in _asked(provider, model, keys, say)[0])
    return tuple(dict.fromkeys(names))


def used_variables(config: BenchConfig, keys: Keys, say: Say) -> Iterator[tuple[str, str]]:
    """(variable, provider) for each that may hold a key."""
    for provider in config.providers:
        for name in key_names(provider, keys, say):
            yield name, provider.key


def _asked(provider: Provider, model: Model, keys: Keys, say: Say) -> tuple[tuple[str, ...], Endpoint | str]:
    """(the variables of the key, the endpoint or why there is none)."""
    try:
        endpoint = endpoint_of(provider, model, Wish(), keys.all, say)
    except UsageError as error:
        _, prefix, _ = prefix_of(provider, model)
        return provider.key_env or (prefix.key_env if prefix else ()), str(error)
    return endpoint.key_env, endpoint


def _provider(provider: Provider, line: int | None, keys: Keys, say: Say) -> ProviderShown:
    asked = [_asked(provider, model, keys, say)[1] for model in provider.models]
    names = key_names(provider, keys, say)
    needed = any(isinstance(each, Endpoint) and each.needs_key for each in asked)
    return ProviderShown(
        key_state=_key_state(provider, names, needed, keys),  # type: ignore[arg-type]
        key=provider.key,
        display_name=provider.display_name,
        api_base=None if provider.api_base is None else mask_url(provider.api_base),
        api_key_env=next(iter(provider.key_env), None),
        model_prefix=provider.model_prefix,
        format=provider.format,
        api_version=provider.api_version,
        headers=mask_headers(provider.headers),
        literal_key=bool(provider.secret),
        key_names=list(names),
        line=line,
        models=[_model(n, model, how) for n, (model, how) in enumerate(zip(provider.models, asked, strict=True))],
    )


def _key_state(provider: Provider, names: tuple[str, ...], needed: bool, keys: Keys) -> str:
    if provider.secret:
        return "literal"
    found = {keys.source(name) for name in names} - {None}
    if found:
        return "env" if "env" in found else "set"
    return "missing" if needed else "not_needed"


def _model(number: int, model: Model, how: Endpoint | str) -> ModelShown:
    endpoint = how if isinstance(how, Endpoint) else None
    name = None if endpoint is None else endpoint.format.name if endpoint.format else "litellm"
    return ModelShown(
        n=number,
        id=model.id,
        display_name=model.display_name,
        context_window=model.context_window,
        max_output_tokens=model.max_output_tokens,
        skip_temperature=model.skip_temperature,
        skip_params=list(model.skip_params),
        format=name,
        url=None if endpoint is None else mask_url(endpoint.url),
        problem=how if isinstance(how, str) else None,
    )
