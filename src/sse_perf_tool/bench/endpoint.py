"""The URL, headers and body of a request to a provider and model.  Pure: no key, no socket.

A provider that names its `format` is asked in that, whatever the model is called.  Else the prefix of the model id
decides (`prefixes.py`): that of the provider where it has one, then the part of the id before the first slash if that
is a known prefix.  Without any, the model is OpenAI's, or the `api_base` speaks OpenAI's API.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..errors import UsageError
from ..formats import FORMATS, guess_from_url
from ..formats.base import Format, with_field
from ..texts import Say, Texts
from .config import Model, Provider
from .prefixes import PATHS, PREFIXES, RESPONSES, SDK_ONLY, Prefix, for_responses, limit_field, refuses_temperature

TEXTS: Texts = {
    "no_base": (
        "providers.{provider}: no address is known for {model}; add api_base",
        "providers.{provider}：不知道 {model} 的地址，请加上 api_base",
    ),
    "no_api_version": (
        "providers.{provider}: Azure wants a version; add api_version, such as 2024-10-21",
        "providers.{provider}：Azure 需要版本，请加上 api_version，例如 2024-10-21",
    ),
    "no_limit": ("{format} has no limit for the length of an answer", "{format} 不支持限制回答长度"),
    "temperature_left_out": (
        "temperature is not sent: {model} refuses it",
        "未发送 temperature：{model} 不接受该参数",
    ),
    "no_temperature": ("{format} has no temperature", "{format} 不支持 temperature"),
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What every request of a benchmark asks for, as far as its API has a place for it."""

    max_tokens: int | None = 512
    temperature: float | None = None
    through_litellm: bool = False
    """Whether LiteLLM sends the requests though a format of ours speaks the API."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the requests to one model go, and what they carry besides the key."""

    url: str
    format: Format | None
    """None: no format of this tool speaks it, it goes through LiteLLM."""
    model: str
    """As the service calls it."""
    body: Mapping[str, Any] = field(default_factory=dict)
    """A template with `{query}` in it."""
    auth: tuple[str, str] | None = None
    """(header, text before the key)."""
    key_env: tuple[str, ...] = ()
    """Environment variables that may hold the key, in order."""
    needs_key: bool = True
    headers: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    """What was asked for and is not sent, a sentence each."""
    wish: Wish = field(default_factory=Wish)


def endpoint_of(provider: Provider, model: Model, wish: Wish, environ: Mapping[str, str], say: Say) -> Endpoint:
    """Where a model is asked, and how.  UsageError when the config does not say enough; `say` must know `TEXTS`."""
    name, prefix, service_model = prefix_of(provider, model)
    if prefix is None or wish.through_litellm:
        return _through_litellm(provider, model, name, prefix, service_model, wish)
    base = provider.api_base or next(filter(None, map(environ.get, prefix.base_env)), None) or prefix.base
    if base is None:
        raise UsageError(say("no_base", provider=provider.key, model=model.id))
    row = FORMATS[prefix.format]
    path = prefix.path if prefix.path is not None else PATHS.get(prefix.format, "")
    if "{api_version}" in path and not provider.api_version and "api-version=" not in base:
        raise UsageError(say("no_api_version", provider=provider.key))
    path = path.format(model=service_model, api_version=provider.api_version or "")
    url = base if _is_whole(base, row) else joined(base, path)
    asked = row.body_at(url.partition("?")[0])("{query}", service_model, "{user}", "")
    body, notes = _body(asked, prefix, name, service_model, model, wish, say)
    auth = prefix.auth or row.auth
    return Endpoint(
        url,
        row,
        service_model,
        body,
        auth,
        provider.key_env or prefix.key_env,
        prefix.needs_key and row.needs_key and not provider.api_base_is_local,
        provider.headers,
        notes,
        wish,
    )


def _is_whole(base: str, row: Format) -> bool:
    """Whether an address is that of a request already: its path ends as one of the format's does."""
    path = base.partition("?")[0]
    return any(pattern.endswith("$") and re.search(pattern, path) for pattern in row.paths)


_LITELLM_NAMES = {"openai_chat": "openai", "openai_responses": "openai", "custom_openai": "openai"}
"""Names of ours -> the prefix that LiteLLM knows for it."""


def _through_litellm(
    provider: Provider, model: Model, name: str, prefix: Prefix | None, service_model: str, wish: Wish
) -> Endpoint:
    """How LiteLLM is asked for a model; a provider that names one of our formats is given LiteLLM's prefix for it."""
    if model.skip_temperature or (prefix is not None and refuses_temperature(name, service_model)):
        wish = replace(wish, temperature=None)
    known = model.id if prefix is None else f"{_LITELLM_NAMES.get(name, name)}/{service_model}"
    key_env = provider.key_env or (prefix.key_env if prefix is not None else ())
    return Endpoint(provider.api_base or "", None, known, key_env=key_env, needs_key=False, wish=wish)


def prefix_of(provider: Provider, model: Model) -> tuple[str, Prefix | None, str]:
    """(the prefix, its row or None when no format of ours speaks it, the model as the service calls it)."""
    if provider.format is not None:
        return provider.format, _row_of_format(provider.format), model.id
    name, _, rest = model.id.partition("/")
    if provider.model_prefix:
        name, rest = provider.model_prefix, model.id.removeprefix(provider.model_prefix + "/")
    elif not rest or (name not in PREFIXES and name not in SDK_ONLY):
        guessed = guess_from_url("", provider.api_base) if provider.api_base else None
        if guessed is not None and guessed.name != "openai_chat":
            return guessed.name, _row_of_format(guessed.name), model.id
        name, rest = "openai", model.id
    if name in SDK_ONLY:
        return name, None, model.id
    if for_responses(name, rest):
        return name, RESPONSES, rest
    return name, PREFIXES.get(name, PREFIXES["custom_openai"]), rest


def _row_of_format(name: str) -> Prefix:
    """How a format is asked at an address that the user gives."""
    same = next((row for row in PREFIXES.values() if row.format == name and name != "openai_chat"), None)
    return Prefix(name, None, same.key_env if same else (), needs_key=FORMATS[name].needs_key)


def _body(
    asked: Mapping[str, Any], prefix: Prefix, name: str, service_model: str, model: Model, wish: Wish, say: Say
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The template of the body, from the format's own, and what is left out of it that was asked for."""
    notes, row = [], FORMATS[prefix.format]
    body = {key: value for key, value in {**asked, **prefix.extra}.items() if key not in prefix.without}
    limits = [limit for limit in (wish.max_tokens, model.max_output_tokens) if limit is not None]
    if limits and "max_tokens" not in model.skip_params:
        own = limit_field(row.name, name, service_model)
        if place := (own,) if own else row.limit:
            body = with_field(body, place, min(limits))
        else:
            notes.append(say("no_limit", format=row.title))
    if wish.temperature is not None and not model.skip_temperature:
        if refuses_temperature(name, service_model):
            notes.append(say("temperature_left_out", model=service_model))
        elif row.temperature:
            body = with_field(body, row.temperature, wish.temperature)
        else:
            notes.append(say("no_temperature", format=row.title))
    for skipped in model.skip_params:
        body.pop(skipped, None)
    return body, tuple(notes)


def joined(base: str, path: str) -> str:
    """`path` behind an address; the segments with which the one ends and the other begins stand once.

    So `https://h/v1` and `/v1/messages` are `https://h/v1/messages`, and an address that is the whole URL stays as it
    is.  The query strings of both are kept.
    """
    address, _, query = base.partition("?")
    path, _, more = path.partition("?")
    scheme, _, rest = address.rstrip("/").rpartition("://")
    host, *have = rest.split("/")
    wanted = path.strip("/").split("/") if path.strip("/") else []
    shared = next((n for n in range(min(len(have), len(wanted)), 0, -1) if have[-n:] == wanted[:n]), 0)
    whole = "/".join([host, *have, *wanted[shared:]])
    parameters = [text for text in (query, more) if text]
    if query and more:
        named = {each.partition("=")[0] for each in query.split("&")}
        parameters = [query, *(each for each in more.split("&") if each.partition("=")[0] not in named)]
    return f"{scheme or 'http'}://{whole}" + ("?" + "&".join(parameters) if parameters else "")
