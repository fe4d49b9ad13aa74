"""The keys in `.env`: set and deleted, never shown."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from ...bench.endpoint import TEXTS as ENDPOINT_TEXTS
from ...masking import mask_key
from ...texts import speaker
from ..contract.config import EnvShown, EnvValue, Variable
from ..errors import ApiError
from ..files.config_view import used_variables
from .common import Lang, Space

router = APIRouter(prefix="/api/env", tags=["keys"])

VariableName = Annotated[str, Path(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,99}$")]


@router.get("")
def shown(space: Space, lang: Lang) -> EnvShown:
    """The variables that are set, and those that the config asks for."""
    keys = space.keys()
    users: dict[str, list[str]] = {name: [] for name in keys.file}
    for name, provider in used_variables(space.config.read(lang).config, keys, speaker(ENDPOINT_TEXTS, lang)):
        users.setdefault(name, []).append(provider)
    return EnvShown(
        path=str(space.env.path.resolve()),
        exists=space.env.exists,
        problem=space.env.problem(lang),
        variables=[
            Variable(
                name=name,
                set=keys.source(name) is not None,
                source=keys.source(name),  # type: ignore[arg-type]
                masked=mask_key(value) if (value := keys.all.get(name, "")).strip() else None,
                used_by=used_by,
                editable=keys.source(name) != "env",
            )
            for name, used_by in users.items()
        ],
    )


@router.put("/{name}", status_code=204)
def change(name: VariableName, body: EnvValue, space: Space, lang: Lang) -> None:
    """Sets a key."""
    if space.keys().source(name) == "env":
        raise ApiError("set_by_environment", what=name)
    space.env.put(name, body.value, lang)


@router.delete("/{name}", status_code=204)
def remove(name: VariableName, space: Space) -> None:
    """Takes a key out of the file."""
    if not space.env.remove(name):
        raise ApiError("not_found", what=name)
