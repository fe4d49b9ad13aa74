"""The application: its routes, its refusals, and the guard around all of it."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.exceptions import HTTPException

from .. import __version__
from ..texts import printable
from .api_docs import STYLE, docs_page
from .errors import ApiError, input_text, refusal
from .guard import Door, Guard, language_asked
from .routes import checks, compare, config, env, events, jobs, page_files, providers, results, seed, state
from .workspace import Workspace

LOG = logging.getLogger(__name__)


def create_app(workspace: Workspace, door: Door) -> FastAPI:
    """The studio as an ASGI application; nobody gets past the guard without the token of `door`."""
    app = FastAPI(
        title="STUDIO",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        lifespan=workspace.running,
    )
    app.state.workspace = workspace
    for part in (state, config, providers, checks, env, jobs, events, results, compare, seed):
        app.include_router(part.router)
    _add_docs(app)
    app.include_router(page_files.router)  # last: it takes every path that nothing else has
    _add_errors(app)
    app.add_middleware(Guard, door=door, lang=workspace.lang)
    return app


def _add_docs(app: FastAPI) -> None:
    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(docs_page(app.openapi()))

    @app.get("/docs.css", include_in_schema=False)
    async def style() -> Response:
        return Response(STYLE, media_type="text/css")


def _add_errors(app: FastAPI) -> None:
    @app.exception_handler(ApiError)
    async def refused(request: Request, error: ApiError) -> Response:
        return JSONResponse(error.document(_language(request)), error.status)

    @app.exception_handler(RequestValidationError)
    async def wrong_input(request: Request, error: RequestValidationError) -> Response:
        first: dict[str, Any] = error.errors()[0]
        field = _field_of([str(part) for part in first["loc"][1:]])
        message = printable(f"{field or 'body'}: {input_text(first, _language(request))}", 400)
        return JSONResponse(refusal("invalid", message, printable(field, 200) or None), 422)

    @app.exception_handler(HTTPException)
    async def refused_by_http(_request: Request, error: HTTPException) -> Response:
        code = HTTPStatus(error.status_code).name.lower()
        return JSONResponse(refusal(code, str(error.detail)), error.status_code, headers=error.headers)

    @app.exception_handler(Exception)
    async def fault(request: Request, error: Exception) -> Response:
        LOG.exception("a fault of the studio")
        return JSONResponse(ApiError("studio_failed", what=type(error).__name__).document(_language(request)), 500)


_CHOICES = ("bench", "run", "capacity", "demo", "model", "url")
"""What pydantic puts into a place to name the kind of a job or target; a field of such a name stands behind one."""


def _field_of(place: list[str]) -> str:
    """A field of a body by its place, `flags.rate`, without the kinds that it was taken for."""
    parts = place[1:] if place[:1] and place[0] in _CHOICES[:3] else place
    if parts[:1] == ["target"] and parts[1:2] and parts[1] in _CHOICES[3:]:
        parts = [parts[0], *parts[2:]]
    return ".".join(parts[:2] if parts[:1] == ["flags"] else parts)


def _language(request: Request) -> str:
    named = request.query_params.get("lang")
    accepted = language_asked(named or request.headers.get("accept-language", ""))
    workspace: Workspace = request.app.state.workspace
    return accepted or workspace.lang
