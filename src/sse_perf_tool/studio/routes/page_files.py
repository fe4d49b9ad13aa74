"""The pages: files of the package, and the libraries that its reports use as well."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Header
from fastapi.responses import FileResponse, HTMLResponse, Response

from ...report_parts.libraries import ASSETS
from ...report_parts.page import TEMPLATES
from ..errors import ApiError

router = APIRouter(include_in_schema=False)

PALETTE = "palette.css"
PAGES = Path(__file__).resolve().parent.parent / "pages"

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}

KnownTag = Annotated[str, Header(alias="If-None-Match")]


@router.get("/static/{name:path}")
def static(name: str, known: KnownTag = "") -> Response:
    """A file of the pages, a library under `lib/`, or the colours that reports have too."""
    if name.startswith("lib/"):
        return _file(ASSETS, name.removeprefix("lib/"), known)
    return _file(TEMPLATES if name == PALETTE else PAGES, name, known)


@router.get("/{path:path}")
def page(path: str, known: KnownTag = "") -> Response:
    """The page, which knows its own paths; what looks like a file or belongs to the API is not one of them."""
    if "." in path or path.split("/")[0] in ("api", "docs", "static"):
        raise ApiError("not_found", what=f"/{path}")
    if not (PAGES / "index.html").is_file():
        return HTMLResponse("<!doctype html><title>STUDIO</title><p>STUDIO</p>")
    return _file(PAGES, "index.html", known)


def _file(folder: Path, name: str, known: str) -> Response:
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()) or path.suffix not in TYPES or not path.is_file():
        raise ApiError("not_found", what=name)
    found = path.stat()
    tag = f'"{found.st_mtime_ns:x}-{found.st_size:x}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if tag in (each.strip().removeprefix("W/") for each in known.split(",")):
        return Response(status_code=304, headers=headers)
    return FileResponse(path, headers=headers, media_type=TYPES[path.suffix])
