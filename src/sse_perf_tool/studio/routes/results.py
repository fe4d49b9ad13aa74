"""Earlier runs: listed, shown, named, deleted, reported."""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Iterator
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from fastapi.responses import FileResponse, Response

from ...errors import UsageError
from ...texts import printable
from ..contract.results import Head, Remark, Result, Results
from ..errors import ApiError
from ..history.documents import MOST_RECORDS, document_of, said_of
from ..history.finding import Found
from ..history.index import Wanted
from ..history.over_time import ttft_over_time
from ..history.reports import report_of
from ..workspace import Workspace
from .common import Lang, Space

router = APIRouter(prefix="/api/results", tags=["results"])

Word = Annotated[str, Query(max_length=200)]

REPORT_POLICY = "sandbox allow-scripts allow-downloads allow-popups; frame-ancestors 'none'"
"""A report has scripts of its own, allowed by hash in the page; it runs as a page of nobody's, without our cookie."""


@router.get("")
def listed(
    space: Space,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    before: Word = "",
    q: Word = "",
    provider: Word = "",
    model: Word = "",
    kind: Literal["", "bench", "run", "capacity"] = "",
    state: Word = "",
) -> Results:
    """A page of results, the newest first, that have all these texts."""
    wanted = Wanted(q, provider, model, kind, state, space.remarks.having(q))
    page = space.index.page(wanted, limit, before, space.as_it_is)
    return Results(results=page.heads, next=page.next, total=page.total, matching=page.matching)


@router.get("/{result_id}")
def one(result_id: str, space: Space, lang: Lang) -> Result:
    """A result, whole."""
    found, head = result_of(space, result_id)
    with unreadable_is_said():
        document = document_of(found, head, lang)
        over_time = ttft_over_time(found.path(".jsonl"), MOST_RECORDS) if head.kind == "run" else None
        return Result(head=head, document=document, ttft_over_time=over_time, said=said_of(head, document, lang))


@router.patch("/{result_id}")
def remark(result_id: str, body: Remark, space: Space) -> Head:
    """Gives a result a label or a note."""
    result_of(space, result_id)
    with unwritten_is_said():
        space.remarks.put(result_id, body.label, body.note)
    return result_of(space, result_id)[1]


@router.delete("/{result_id}", status_code=204)
def delete(result_id: str, space: Space) -> None:
    """Deletes a result of this folder with its records."""
    found, head = result_of(space, result_id)
    if not found.ours:
        raise ApiError("not_ours")
    if head.state == "running":
        raise ApiError("busy")
    with unwritten_is_said():
        for ending in found.endings:
            found.path(ending).unlink(missing_ok=True)
        records = found.folder / found.stem
        if head.kind == "bench" and records.is_dir() and not records.is_symlink():
            shutil.rmtree(records)
        space.remarks.forget(result_id)
    space.index.changed()


@router.get("/{result_id}/report", response_class=Response, responses={200: {"content": {"text/html": {}}}})
def report(result_id: str, space: Space, lang: Lang, download: Annotated[bool, Query()] = False) -> Response:
    """Its offline page."""
    found, head = result_of(space, result_id)
    if not head.has_report:
        raise ApiError("no_report")
    with unreadable_is_said():
        page = report_of(found, head, space.settings.tool, lang)
    return page_response(page, found.stem, download=download)


@router.get("/{result_id}/file", response_class=Response, responses={200: {"content": {"application/json": {}}}})
def file(result_id: str, space: Space) -> Response:
    """The file itself, as a download."""
    found, _head = result_of(space, result_id)
    path = found.path(".json" if ".json" in found.endings else found.endings[0])
    if not path.is_file():
        raise ApiError("not_found", what=result_id)
    kind = "application/json" if path.suffix == ".json" else "application/x-ndjson"
    return FileResponse(path, media_type=kind, filename=_plain(found.stem) + path.suffix)


def result_of(space: Workspace, result_id: str) -> tuple[Found, Head]:
    """The files of a result and its row; `ApiError` when there is none of that id."""
    found = space.index.get(result_id)
    if found is None:
        raise ApiError("not_found", what=result_id)
    return found[0], space.as_it_is(found[1])


def page_response(page: bytes, name: str, *, download: bool) -> Response:
    """A report in a tab of its own, or as a download."""
    how = "attachment" if download else "inline"
    headers = {
        "Content-Security-Policy": REPORT_POLICY,
        "Content-Disposition": f'{how}; filename="{_plain(name)}.html"',
    }
    return Response(page, media_type="text/html; charset=utf-8", headers=headers)


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", name)[:100] or "result"


@contextlib.contextmanager
def unreadable_is_said() -> Iterator[None]:
    """Makes a refusal of what befalls a file that is read."""
    try:
        yield
    except (UsageError, OSError, ValueError, KeyError, TypeError) as error:
        raise ApiError("unreadable", what=printable(f"{error}", 400)) from error


@contextlib.contextmanager
def unwritten_is_said() -> Iterator[None]:
    """Makes a refusal of what befalls a file that is written or deleted."""
    try:
        yield
    except OSError as error:
        raise ApiError("unwritable", what=error.filename or "", reason=error) from error
