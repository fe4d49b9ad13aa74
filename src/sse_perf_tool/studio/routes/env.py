"""The keys in `.env`: set and deleted, never shown."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from ..contract.config import EnvShown, EnvValue
from ..errors import ApiError
from .common import Lang, Space

router = APIRouter(prefix="/api/env", tags=["keys"])

VariableName = Annotated[str, Path(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,99}$")]


@router.get("")
def shown(space: Space, lang: Lang) -> EnvShown:
    """The variables that are set, and those that the config asks for."""
    raise ApiError("not_done")


@router.put("/{name}", status_code=204)
def change(name: VariableName, body: EnvValue, space: Space, lang: Lang) -> None:
    """Sets a key."""
    raise ApiError("not_done")


@router.delete("/{name}", status_code=204)
def remove(name: VariableName, space: Space, lang: Lang) -> None:
    """Takes a key out of the file."""
    raise ApiError("not_done")
