"""Earlier runs: listed, shown, named, deleted, reported."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from fastapi.responses import Response

from ..contract.results import Head, Remark, Result, Results
from ..errors import ApiError
from .common import Lang, Space

router = APIRouter(prefix="/api/results", tags=["results"])

Word = Annotated[str, Query(max_length=200)]


@router.get("")
def listed(
    space: Space,
    lang: Lang,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    before: Word = "",
    q: Word = "",
    provider: Word = "",
    model: Word = "",
    kind: Literal["", "bench", "run", "capacity"] = "",
    state: Word = "",
) -> Results:
    """A page of results, the newest first, that have all these texts."""
    raise ApiError("not_done")


@router.get("/{result_id}")
def one(result_id: str, space: Space, lang: Lang) -> Result:
    """A result, whole."""
    raise ApiError("not_done")


@router.patch("/{result_id}")
def remark(result_id: str, body: Remark, space: Space, lang: Lang) -> Head:
    """Gives a result a label or a note."""
    raise ApiError("not_done")


@router.delete("/{result_id}", status_code=204)
def delete(result_id: str, space: Space, lang: Lang) -> None:
    """Deletes a result of this folder with its records."""
    raise ApiError("not_done")


@router.get("/{result_id}/report", response_class=Response, responses={200: {"content": {"text/html": {}}}})
def report(result_id: str, space: Space, lang: Lang, download: Annotated[bool, Query()] = False) -> Response:
    """Its offline page."""
    raise ApiError("not_done")
