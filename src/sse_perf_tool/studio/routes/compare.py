"""Two to six results side by side."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from ...texts import LANGUAGES
from ..contract.results import Comparison, Head
from ..errors import ApiError
from ..history.comparison import compared as comparison_of
from ..history.comparison_page import comparison_table_page
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
    with unreadable_is_said():
        return comparison_of(pairs, _names(pairs), lang)


@router.get("/report", response_class=Response, responses={200: {"content": {"text/html": {}}}})
def report(ids: Ids, space: Space, lang: Lang, download: Annotated[bool, Query()] = False) -> Response:
    """The offline page of a comparison; of runs with records it is that of the command line."""
    pairs = _chosen(space, ids)
    with unreadable_is_said():
        if all(head.kind == "run" and head.has_report for _, head in pairs):
            page = comparison_page([found for found, _ in pairs], space.settings.tool, lang)
        else:
            found = {each: comparison_of(pairs, _names(pairs), each) for each in LANGUAGES}
            page = comparison_table_page(found, [head for _, head in pairs], lang)
    return page_response(page, "comparison", download=download)


def _names(pairs: list[tuple[Found, Head]]) -> list[str]:
    return [head.label or head.id for _, head in pairs]


def _chosen(space: Workspace, ids: str) -> list[tuple[Found, Head]]:
    names = list(dict.fromkeys(filter(None, (name.strip() for name in ids.split(",")))))
    if not 2 <= len(names) <= 6:
        raise ApiError("unlike", field="ids")
    pairs = [result_of(space, name) for name in names]
    if len({head.kind for _, head in pairs}) > 1 or any(head.state == "unreadable" for _, head in pairs):
        raise ApiError("unlike", field="ids")
    return pairs
