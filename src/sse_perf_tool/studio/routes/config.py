"""`config.yaml`: what it holds, its defaults, and how it was before."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Response

from ..contract.basis import Body
from ..contract.config import Backup, Backups, BackupShown, Changed, ConfigShown, DefaultsChange
from ..files import edits
from ..files.config_view import config_shown
from .common import Lang, Space

router = APIRouter(prefix="/api/config", tags=["config"])

IfMatch = Annotated[str | None, Header(alias="If-Match", max_length=200)]
Preview = Annotated[bool, Query()]


def fields_of(body: Body, *but: str) -> dict[str, Any]:
    """The fields that a body gives, null among them."""
    return {name: value for name, value in body.model_dump(exclude_unset=True).items() if name not in but}


@router.get("")
def shown(space: Space, lang: Lang, response: Response) -> ConfigShown:
    """Providers, models and defaults; of a file that cannot be read, where and why."""
    found = space.config.read(lang)
    response.headers["ETag"] = found.etag
    return config_shown(found, str(space.config.path.resolve()), space.keys(), lang)


@router.put("/defaults")
def change_defaults(
    body: DefaultsChange, space: Space, lang: Lang, if_match: IfMatch = None, preview: Preview = False
) -> Changed:
    """Changes what is asked of every model."""
    return space.config.change(edits.change_defaults(fields_of(body)), if_match, lang, preview=preview)


@router.get("/backups")
def backups(space: Space) -> Backups:
    """The files of before the last changes."""
    return Backups(
        backups=[
            Backup(name=kept.name, at=kept.at.isoformat().replace("+00:00", "Z"), bytes=kept.bytes)
            for kept in space.config.backups.listed()
        ]
    )


@router.get("/backups/{name}")
def backup(name: str, space: Space, lang: Lang) -> BackupShown:
    """What has changed since one of them."""
    return BackupShown(name=name, diff=space.config.difference(name, lang))


@router.post("/backups/{name}/restore")
def restore(name: str, space: Space, lang: Lang, if_match: IfMatch = None, preview: Preview = False) -> Changed:
    """Puts one of them in the place of the file."""
    return space.config.restore(name, if_match, lang, preview=preview)
