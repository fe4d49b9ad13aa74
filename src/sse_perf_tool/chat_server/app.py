"""The FastAPI application and its routes."""

from __future__ import annotations

import time
from http import HTTPStatus
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware

from . import log
from .dialects import BY_PATH, agui, anthropic, chatbot, dify, openai
from .docs_page import docs_page
from .gate import Gate, refusal
from .metrics import Metrics
from .service import ChatService
from .settings import Settings, load
from .turn import AnswerError, FlagValues

_PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def create_app(settings: Settings) -> FastAPI:
    """The chat server as an ASGI application, with conversations and counters of its own."""
    log.configure(settings)
    app = FastAPI(title="Chat server", docs_url=None, redoc_url=None)
    metrics = Metrics()
    service = ChatService(settings, metrics)
    _add_answers(app, service)
    _add_conversations(app, service)
    _add_pages(app, service, metrics)
    _add_errors(app, metrics)
    app.add_middleware(Gate, settings=settings, metrics=metrics)
    if settings.accepted_origins:  # before the gate: a browser asks first, and without the key
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.accepted_origins,
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["*"],
            expose_headers=["X-Conversation-Id"],
        )
    return app


def from_environment() -> FastAPI:
    """The application with its settings from the environment, as gunicorn asks for it.  Raises SettingsError."""
    return create_app(load({}))


def _add_answers(app: FastAPI, service: ChatService) -> None:
    async def answer(asked: FlagValues, request: Request) -> Response:
        return await service.answer(BY_PATH[request.url.path], asked, request)

    @app.post("/chat")
    async def chat(body: chatbot.Request, request: Request) -> Response:
        return await answer(body.asked(), request)

    @app.post("/v1/chat-messages")
    async def dify_chat(body: dify.Request, request: Request) -> Response:
        return await answer(body.asked(), request)

    @app.post("/v1/chat/completions")
    async def openai_chat(body: openai.Request, request: Request) -> Response:
        return await answer(body.asked(), request)

    @app.post("/v1/messages")
    async def anthropic_chat(body: anthropic.Request, request: Request) -> Response:
        return await answer(body.asked(), request)

    @app.post("/ag-ui")
    async def ag_ui(body: agui.Request, request: Request) -> Response:
        return await answer(body.asked(), request)

    started_unix_s = int(time.time())

    @app.get("/v1/models")
    async def models() -> dict[str, Any]:
        model = {"id": "scripted", "object": "model", "created": started_unix_s, "owned_by": "sse-perf-tool"}
        return {"object": "list", "data": [model]}


def _add_conversations(app: FastAPI, service: ChatService) -> None:
    missing = AnswerError(404, "not_found", "There is no such conversation here; another worker may have it.")

    @app.get("/conversations/{conversation_id}")
    async def conversation(conversation_id: str) -> dict[str, Any]:
        found = service.conversations.use(conversation_id)
        if found is None:
            raise missing
        said = [{"role": m.role, "content": m.text, "created_at": m.at_unix_s} for m in found.messages]
        return {"conversation_id": found.id, "created_at": found.created_unix_s, "turns": found.turns, "messages": said}

    @app.delete("/conversations/{conversation_id}", status_code=204)
    async def forget(conversation_id: str) -> None:
        if not service.conversations.remove(conversation_id):
            raise missing


def _add_pages(app: FastAPI, service: ChatService, metrics: Metrics) -> None:
    page = (Path(__file__).parent / "page.html").read_text(encoding="utf-8")

    @app.get("/", include_in_schema=False)
    async def test_page() -> HTMLResponse:
        return HTMLResponse(page, headers={"Content-Security-Policy": _PAGE_POLICY})

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(docs_page(app.openapi()), headers={"Content-Security-Policy": _PAGE_POLICY})

    @app.get("/health")
    async def health() -> dict[str, Any]:
        return {"status": "ok", "active_streams": metrics.active}

    @app.get("/metrics")
    async def counters(request: Request) -> Response:
        wanted = request.query_params.get("format") or request.headers.get("Accept", "")
        if "json" in wanted:
            return JSONResponse(metrics.as_json(len(service.conversations)))
        return PlainTextResponse(
            metrics.as_prometheus(len(service.conversations)), media_type="text/plain; version=0.0.4; charset=utf-8"
        )


def _add_errors(app: FastAPI, metrics: Metrics) -> None:
    @app.exception_handler(AnswerError)
    async def refused(request: Request, error: AnswerError) -> Response:
        return refusal(request.url.path, error, metrics)

    @app.exception_handler(RequestValidationError)
    async def bad_body(request: Request, error: RequestValidationError) -> Response:
        first: dict[str, Any] = error.errors()[0]
        where = ".".join(part for part in map(str, first["loc"][1:]) if not part.isdigit()) or "body"
        return refusal(request.url.path, AnswerError(400, "invalid_param", f"{where}: {first['msg']}"), metrics)

    @app.exception_handler(HTTPException)
    async def bad_request(request: Request, error: HTTPException) -> Response:
        code = HTTPStatus(error.status_code).name.lower()
        return refusal(request.url.path, AnswerError(error.status_code, code, str(error.detail)), metrics)
