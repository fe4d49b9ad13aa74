"""What the page needs to begin: the state of the studio, and the flags that a load test may have."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter

from ... import __version__
from ..contract.state import FlagsShown, Health, State
from ..errors import ApiError
from .common import Lang, Space

router = APIRouter(prefix="/api", tags=["state"])


@router.get("/health")
async def health() -> Health:
    """Says that it answers."""
    return Health(status="ok", version=__version__)


@router.get("/state")
def state(space: Space, lang: Lang) -> State:
    """The folder, the config, what runs and what waits."""
    raise ApiError("not_done")


@router.get("/flags")
def flags(lang: Lang, command: Literal["run", "capacity"] = "run") -> FlagsShown:
    """The flags that a job of this kind may have, with their help."""
    raise ApiError("not_done")
