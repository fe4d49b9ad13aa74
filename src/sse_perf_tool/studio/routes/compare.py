"""Two to six results side by side."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from ..contract.results import Comparison
from ..errors import ApiError
from .common import Lang, Space

router = APIRouter(prefix="/api/compare", tags=["results"])

Ids = Annotated[str, Query(max_length=1000)]


@router.get("")
def compared(ids: Ids, space: Space, lang: Lang) -> Comparison:
    """The figures that results have in common, each against the first."""
    raise ApiError("not_done")


@router.get("/report", response_class=Response, responses={200: {"content": {"text/html": {}}}})
def report(ids: Ids, space: Space, lang: Lang, download: Annotated[bool, Query()] = False) -> Response:
    """The offline page of a comparison."""
    raise ApiError("not_done")
