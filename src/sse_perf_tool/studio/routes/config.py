"""`config.yaml`: what it holds, its defaults, and how it was before."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query, Response

from ..contract.config import Backups, BackupShown, Changed, ConfigShown, DefaultsChange
from ..errors import ApiError
from .common import Lang, Space

router = APIRouter(prefix="/api/config", tags=["config"])

IfMatch = Annotated[str | None, Header(alias="If-Match", max_length=200)]
Preview = Annotated[bool, Query()]


@router.get("")
def shown(space: Space, lang: Lang, response: Response) -> ConfigShown:
    """Providers, models and defaults; of a file that cannot be read, where and why."""
    raise ApiError("not_done")


@router.put("/defaults")
def change_defaults(
    body: DefaultsChange, space: Space, lang: Lang, if_match: IfMatch = None, preview: Preview = False
) -> Changed:
    """Changes what is asked of every model."""
    raise ApiError("not_done")


@router.get("/backups")
def backups(space: Space) -> Backups:
    """The files of before the last changes."""
    raise ApiError("not_done")


@router.get("/backups/{name}")
def backup(name: str, space: Space) -> BackupShown:
    """What has changed since one of them."""
    raise ApiError("not_done")


@router.post("/backups/{name}/restore")
def restore(name: str, space: Space, lang: Lang, if_match: IfMatch = None, preview: Preview = False) -> Changed:
    """Puts one of them in the place of the file."""
    raise ApiError("not_done")
