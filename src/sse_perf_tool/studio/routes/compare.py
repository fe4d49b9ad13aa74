"""Two to six results side by side."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from ..contract.results import Comparison, Head
from ..errors import ApiError
from ..history.comparison import compared as comparison_of
from ..history.finding import Found
from ..history.reports import comparison_page
from ..workspace import Workspace
from .common import Lang, Space
from .results import page_response, result_of, unreadable_is_said

router = APIRouter(prefix="/api/compare", tags=["results"])

Ids = Annotated[str, Query(max_length=1000)]


@router.get("")
def compared(ids: Ids, space: Space, lang: Lang) -> Comparison:
    """The figures that results have in common, each against the first."""
    pairs = _chosen(space, ids)
    names = [head.label or head.id for _, head in pairs]
    with unreadable_is_said():
        return comparison_of(pairs, names, lang)


@router.get("/report", response_class=Response, responses={200: {"content": {"text/html": {}}}})
def report(ids: Ids, space: Space, lang: Lang, download: Annotated[bool, Query()] = False) -> Response:
    """The offline page of a comparison of runs."""
    pairs = _chosen(space, ids)
    if not all(head.kind == "run" and head.has_report for _, head in pairs):
        raise ApiError("no_report")
    with unreadable_is_said():
        page = comparison_page([found for found, _ in pairs], space.settings.tool, lang)
    return page_response(page, "comparison", download=download)


def _chosen(space: Workspace, ids: str) -> list[tuple[Found, Head]]:
    names = list(dict.fromkeys(filter(None, (name.strip() for name in ids.split(",")))))
    if not 2 <= len(names) <= 6:
        raise ApiError("unlike", field="ids")
    pairs = [result_of(space, name) for name in names]
    if len({head.kind for _, head in pairs}) > 1 or any(head.state == "unreadable" for _, head in pairs):
        raise ApiError("unlike", field="ids")
    return pairs
