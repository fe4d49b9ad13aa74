"""Whether a provider answers, and which models it has."""

from __future__ import annotations

from fastapi import APIRouter

from ..contract.config import CheckAsked, Checked, DiscoverAsked, Discovered
from ..errors import ApiError
from .common import Lang, Space

router = APIRouter(prefix="/api", tags=["providers"])


@router.post("/check")
async def check(body: CheckAsked, space: Space, lang: Lang) -> Checked:
    """Sends one request of one token to a model."""
    raise ApiError("not_done")


@router.post("/models/discover")
def discover(body: DiscoverAsked, space: Space, lang: Lang) -> Discovered:
    """Asks a service which models it has."""
    raise ApiError("not_done")
