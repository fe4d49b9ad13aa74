"""Whether a provider answers, and which models it has."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import requests
from fastapi import APIRouter

from ...bench.config import Model, Provider
from ...bench.endpoint import TEXTS as ENDPOINT_TEXTS
from ...bench.endpoint import Endpoint, Wish, endpoint_of, joined, prefix_of
from ...bench.keys import key_of
from ...errors import UsageError
from ...formats import FORMATS
from ...masking import Masker, mask_text, mask_url
from ...texts import loads_bounded, printable, speaker
from ..contract.config import CheckAsked, Checked, DiscoverAsked, Discovered, FoundModel
from ..errors import ApiError
from ..jobs.process import WorkerProcess
from .common import Lang, Space
from .providers import provider_of

router = APIRouter(prefix="/api", tags=["providers"])

LONGEST_ANSWER = 4 << 20
PATIENCE_S = (5.0, 15.0)
"""To connect, and between two pieces of an answer."""
WINDOW_FIELDS = ("context_window", "context_length", "max_model_len", "max_context_length", "inputTokenLimit")
"""What services call the context window of a model."""


@router.post("/check")
async def check(body: CheckAsked, space: Space, lang: Lang) -> Checked:
    """Sends one request of one token to a model."""
    if space.queue.busy:
        raise ApiError("busy")
    config = space.read_config(lang)
    provider = provider_of(config, body.provider_key)
    if not any(model.id == body.model_id for model in provider.models):
        raise ApiError("not_found", what=f"{body.provider_key} / {body.model_id}")
    order = {"job": {"check": body.model_dump()}, "lang": lang, "environ": space.keys().all}
    try:
        worker = await WorkerProcess.start(space.settings.worker, space.settings.folder, order)
    except OSError as error:
        raise ApiError("unreachable", what=error) from error
    mask = Masker(space.secrets(config))
    said = [json.loads(mask(line.decode("utf-8", "replace"))) async for line in worker.lines()]
    await worker.wait()
    for data in said:
        event = data.pop("event", "")
        if event == "refused":
            raise ApiError("invalid", what=data.get("text", ""))
        if event == "checked":
            return Checked.model_validate({**data, "error": data["error"] and printable(data["error"], 600)})
    raise ApiError("unreachable", what=printable(mask(worker.last_words), 400))


@router.post("/models/discover")
def discover(body: DiscoverAsked, space: Space, lang: Lang) -> Discovered:
    """Asks a service which models it has."""
    if (body.provider_key is None) == (not body.api_base and not body.model_prefix):
        raise ApiError("invalid", field="provider_key", what="provider_key / api_base / model_prefix")
    config = space.read_config(lang)
    secrets = space.secrets(config)
    if body.provider_key is not None:
        url, headers, known = _asked(provider_of(config, body.provider_key), space.keys().all, "provider_key", lang)
    else:
        if body.format and body.format not in FORMATS:
            raise ApiError("no_format", field="format", what=body.format, names=", ".join(sorted(FORMATS)))
        key = body.api_key.get_secret_value() if body.api_key is not None else None
        secrets += [key] if key else []
        new = Provider(
            "new", "new", body.api_base, model_prefix=body.model_prefix or "", format=body.format or None, secret=key
        )
        url, headers, known = _asked(new, {}, "api_base", lang)
    if not url.startswith(("http://", "https://")):
        raise ApiError("invalid", field="api_base", what=printable(mask_url(url), 200))
    mask = Masker(secrets)
    try:
        rows = _rows(_fetched(url, headers))
    except _KeyRefusedError as error:
        raise ApiError("key_refused", what=mask(mask_url(url)), status=error) from error
    except (requests.RequestException, ValueError) as error:
        reason = printable(mask(mask_text(str(error))), 400)
        raise ApiError("unreachable", what=f"{mask(mask_url(url))}: {reason}") from error
    found = [FoundModel(id=name, context_window=window, known=name in known) for name, window in rows]
    return Discovered(url=mask(mask_url(url)), models=found)


def _say(lang: str) -> Any:
    return speaker(ENDPOINT_TEXTS, lang)


def _asked(provider: Provider, keys: Mapping[str, str], field: str, lang: str) -> tuple[str, dict[str, str], set[str]]:
    """(URL of the list, headers with the key, the models that the config has)."""
    model = next(iter(provider.models), Model("any", "any"))
    try:
        endpoint = endpoint_of(provider, model, Wish(), keys, _say(lang))
    except UsageError as error:
        raise ApiError("invalid", field=field, what=str(error)) from error
    key = key_of(provider, endpoint.key_env, keys)
    headers = dict(endpoint.headers)
    if key and endpoint.auth:
        headers[endpoint.auth[0]] = endpoint.auth[1] + key
    known = {name for each in provider.models for name in (each.id, prefix_of(provider, each)[2])}
    return models_url(endpoint), headers, known


def models_url(endpoint: Endpoint) -> str:
    """Where a service that speaks this format lists its models."""
    url = endpoint.url.partition("?")[0]
    name = endpoint.format.name if endpoint.format else ""
    if name == "ollama":
        return joined(url.partition("/api/")[0], "/api/tags")
    if name == "gemini":
        return url.partition("/models/")[0] + "/models"
    if name == "cohere":
        return joined(url.partition("/v2/")[0], "/v1/models")
    for end in ("/chat/completions", "/completions", "/responses", "/messages"):
        if url.endswith(end):
            return url.removesuffix(end) + "/models"
    return url.rstrip("/") + "/models"


class _KeyRefusedError(Exception):
    """The service answered 401 or 403, which is the only argument."""


def _fetched(url: str, headers: dict[str, str]) -> Any:
    """The JSON at an address; no redirect is followed, as a key must not go elsewhere."""
    headers = {**headers, "anthropic-version": "2023-06-01"} if "x-api-key" in headers else headers
    with requests.get(url, headers=headers, timeout=PATIENCE_S, allow_redirects=False, stream=True) as answer:
        if answer.status_code in (401, 403):
            raise _KeyRefusedError(answer.status_code)
        if answer.status_code != 200:
            raise ValueError(f"HTTP {answer.status_code}")
        data = b""
        for piece in answer.iter_content(65_536):
            data += piece
            if len(data) > LONGEST_ANSWER:
                raise ValueError(f"> {LONGEST_ANSWER} bytes")
    return loads_bounded(data.decode())


def _rows(document: Any) -> list[tuple[str, int | None]]:
    """(id, context window) of each model; ValueError for what is no list of models."""
    rows = document
    if isinstance(document, dict):
        rows = next((document[name] for name in ("data", "models") if isinstance(document.get(name), list)), None)
    if not isinstance(rows, list):
        raise ValueError("no list of models")  # noqa: TRY004 - a wrong answer, not a wrong call
    found = []
    for row in rows[:2000]:
        name = row if isinstance(row, str) else _first_text(row, "id", "name", "model") if isinstance(row, dict) else ""
        if name and name.isprintable() and len(name) <= 200:
            found.append((name.removeprefix("models/"), _window(row)))
    return found


def _first_text(row: dict[str, Any], *names: str) -> str:
    return next((row[name] for name in names if isinstance(row.get(name), str)), "")


def _window(row: Any) -> int | None:
    values = (row.get(name) for name in WINDOW_FIELDS) if isinstance(row, dict) else ()
    return next((value for value in values if type(value) is int and 0 < value < 10**9), None)
