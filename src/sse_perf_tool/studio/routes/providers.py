"""The providers of `config.yaml` and their models: added, changed, removed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Query

from ...bench.config import BenchConfig, Model, Provider
from ...bench.endpoint import TEXTS as ENDPOINT_TEXTS
from ...masking import header_secrets, mask_header, mask_url
from ...texts import speaker
from ..contract.config import Changed, KeyToEnv, ModelBody, NewModel, NewModels, NewProvider, ProviderChange
from ..errors import ApiError
from ..files import edits
from ..files.config_view import key_names
from ..workspace import Workspace
from .common import Lang, Space
from .config import IfMatch, Preview, fields_of

router = APIRouter(prefix="/api/config/providers", tags=["config"])

ModelId = Annotated[str, Query(alias="id", min_length=1, max_length=200)]


@router.post("", status_code=201)
def add_provider(
    body: NewProvider, space: Space, lang: Lang, if_match: IfMatch = None, preview: Preview = False
) -> Changed:
    """Adds a provider; the file is made when there is none (If-Match: "none")."""
    if any(each.key == body.key for each in space.config.read(lang).config.providers):
        raise ApiError("exists", what=body.key, field="key")
    fields = {name: value for name, value in fields_of(body, "key", "models", "confirm_key_move").items() if value}
    if not body.confirm_key_move:
        _refuse_move(space, Provider(body.key, body.key), fields, lang)
    models = [_new_model(model) for model in body.models]
    change = edits.add_provider(body.key, {**fields, "models": models})
    return space.config.change(change, if_match, lang, preview=preview)


@router.put("/{key}")
def change_provider(
    key: str, body: ProviderChange, space: Space, lang: Lang, if_match: IfMatch = None, preview: Preview = False
) -> Changed:
    """Changes the fields that are given."""
    provider = _provider(space, key, lang)
    fields = _as_they_were(provider, fields_of(body, "confirm_key_move"))
    if not body.confirm_key_move:
        _refuse_move(space, provider, fields, lang)
    return space.config.change(edits.change_provider(key, fields), if_match, lang, preview=preview)


@router.delete("/{key}")
def remove_provider(key: str, space: Space, lang: Lang, if_match: IfMatch = None, preview: Preview = False) -> Changed:
    """Removes a provider with its models."""
    _provider(space, key, lang)
    return space.config.change(edits.remove_provider(key), if_match, lang, preview=preview)


@router.post("/{key}/models", status_code=201)
def add_model(
    key: str, body: NewModel, space: Space, lang: Lang, if_match: IfMatch = None, preview: Preview = False
) -> Changed:
    """Adds a model at the end."""
    _provider(space, key, lang)
    return space.config.change(edits.add_models(key, [_new_model(body)]), if_match, lang, preview=preview)


@router.post("/{key}/models/several", status_code=201)
def add_models(
    key: str, body: NewModels, space: Space, lang: Lang, if_match: IfMatch = None, preview: Preview = False
) -> Changed:
    """Adds several models at the end, in one change of the file."""
    _provider(space, key, lang)
    models = [_new_model(model) for model in body.models]
    return space.config.change(edits.add_models(key, models), if_match, lang, preview=preview)


@router.put("/{key}/models/{number}")
def change_model(
    key: str,
    number: int,
    model_id: ModelId,
    body: ModelBody,
    space: Space,
    lang: Lang,
    if_match: IfMatch = None,
    preview: Preview = False,
) -> Changed:
    """Changes the fields that are given of the model at that place, which must have that id."""
    _model(space, key, number, model_id, lang)
    fields = fields_of(body)
    if fields.get("id", "") is None:
        raise ApiError("invalid", field="id", what="id: null")
    return space.config.change(edits.change_model(key, number, fields), if_match, lang, preview=preview)


@router.delete("/{key}/models/{number}")
def remove_model(
    key: str,
    number: int,
    model_id: ModelId,
    space: Space,
    lang: Lang,
    if_match: IfMatch = None,
    preview: Preview = False,
) -> Changed:
    """Removes the model at that place, which must have that id."""
    _model(space, key, number, model_id, lang)
    return space.config.change(edits.remove_model(key, number), if_match, lang, preview=preview)


@router.post("/{key}/key-to-env")
def key_to_env(
    key: str, body: KeyToEnv, space: Space, lang: Lang, if_match: IfMatch = None, preview: Preview = False
) -> Changed:
    """Moves a key that stands in the file into `.env`."""
    secret = _provider(space, key, lang).secret
    if not secret:
        raise ApiError("not_found", what=f"providers.{key}.api_key")
    if space.keys().source(body.name) is not None:
        raise ApiError("exists", what=body.name, field="name")
    change = edits.change_provider(key, {"api_key": None, "api_key_env": body.name})
    if not preview:
        space.config.change(change, if_match, lang, preview=True)  # refused before the key is written twice
        space.env.put(body.name, secret, lang)
    return space.config.change(change, if_match, lang, preview=preview)


def _provider(space: Workspace, key: str, lang: str) -> Provider:
    found = space.config.read(lang)
    if found.problem is not None:
        raise ApiError("read_only", what=space.config.path.name)
    return provider_of(found.config, key)


def provider_of(config: BenchConfig, key: str) -> Provider:
    """The provider of that key; `ApiError` when there is none."""
    provider = next((each for each in config.providers if each.key == key), None)
    if provider is None:
        raise ApiError("not_found", what=f"providers.{key}")
    return provider


def _model(space: Workspace, key: str, number: int, model_id: str, lang: str) -> Model:
    models = _provider(space, key, lang).models
    if not 0 <= number < len(models) or models[number].id != model_id:
        raise ApiError("not_found", what=f"providers.{key}.models[{number}] {model_id}")
    return models[number]


def _new_model(body: NewModel) -> dict[str, Any]:
    fields = {name: value for name, value in fields_of(body).items() if value is not None}
    if not fields.get("skip_temperature", True):
        del fields["skip_temperature"]
    return fields


def _as_they_were(provider: Provider, fields: dict[str, Any]) -> dict[str, Any]:
    """The fields with what stands in the file where the page sent back its masked form."""
    found = dict(fields)
    if provider.api_base is not None and found.get("api_base") == mask_url(provider.api_base):
        found["api_base"] = provider.api_base
    if isinstance(found.get("headers"), Mapping):
        old = provider.headers
        found["headers"] = {
            name: old[name] if name in old and value == mask_header(name, old[name]) else value
            for name, value in found["headers"].items()
        }
    return found


def _refuse_move(space: Workspace, old: Provider, fields: Mapping[str, Any], lang: str) -> None:
    """`ApiError` when a key that is set would be sent to another host than before.

    Else whoever can edit the config could have any key sent to a host of theirs.
    """
    new_base = fields.get("api_base", old.api_base)
    name = fields.get("api_key_env", next(iter(old.key_env), None))
    host, before = (urlsplit(base or "").netloc.rpartition("@")[2].lower() for base in (new_base, old.api_base))
    if host == before and name == next(iter(old.key_env), None):
        return
    keys = space.keys()
    names = (name,) if name else key_names(old, keys, speaker(ENDPOINT_TEXTS, lang))
    secret_headers = any(header_secrets(header, value) for header, value in old.headers.items())
    if old.secret or secret_headers or any(keys.source(each) for each in names):
        raise ApiError("key_would_move", host=host or old.key, field="api_base")
