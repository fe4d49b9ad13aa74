"""The providers of `config.yaml` and their models: added, changed, removed, checked, discovered."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from ..contract.config import (
    Changed,
    CheckAsked,
    Checked,
    DiscoverAsked,
    Discovered,
    KeyToEnv,
    ModelBody,
    NewModel,
    NewProvider,
    ProviderChange,
)
from ..errors import ApiError
from .common import Lang, Space
from .config import IfMatch, Preview

router = APIRouter(prefix="/api", tags=["providers"])

ModelId = Annotated[str, Query(alias="id", min_length=1, max_length=200)]


@router.post("/config/providers", status_code=201)
def add_provider(
    body: NewProvider, space: Space, lang: Lang, if_match: IfMatch = None, preview: Preview = False
) -> Changed:
    """Adds a provider; the file is made when there is none (If-Match: "none")."""
    raise ApiError("not_done")


@router.put("/config/providers/{key}")
def change_provider(
    key: str, body: ProviderChange, space: Space, lang: Lang, if_match: IfMatch = None, preview: Preview = False
) -> Changed:
    """Changes the fields that are given."""
    raise ApiError("not_done")


@router.delete("/config/providers/{key}")
def remove_provider(key: str, space: Space, lang: Lang, if_match: IfMatch = None, preview: Preview = False) -> Changed:
    """Removes a provider with its models."""
    raise ApiError("not_done")


@router.post("/config/providers/{key}/models", status_code=201)
def add_model(
    key: str, body: NewModel, space: Space, lang: Lang, if_match: IfMatch = None, preview: Preview = False
) -> Changed:
    """Adds a model at the end."""
    raise ApiError("not_done")


@router.put("/config/providers/{key}/models/{number}")
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
    raise ApiError("not_done")


@router.delete("/config/providers/{key}/models/{number}")
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
    raise ApiError("not_done")


@router.post("/config/providers/{key}/key-to-env")
def key_to_env(
    key: str, body: KeyToEnv, space: Space, lang: Lang, if_match: IfMatch = None, preview: Preview = False
) -> Changed:
    """Moves a key that stands in the file into `.env`."""
    raise ApiError("not_done")


@router.post("/check")
async def check(body: CheckAsked, space: Space, lang: Lang) -> Checked:
    """Sends one request of one token to a model."""
    raise ApiError("not_done")


@router.post("/models/discover")
def discover(body: DiscoverAsked, space: Space, lang: Lang) -> Discovered:
    """Asks a service which models it has."""
    raise ApiError("not_done")
