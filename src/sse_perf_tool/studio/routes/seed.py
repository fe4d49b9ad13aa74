"""Two paths under the names that the first description of the page gave them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from sse_starlette.sse import EventSourceResponse

from ...bench.config import BenchConfig
from ..contract.jobs import BenchAsked, BenchmarkAsked, ModelName
from ..contract.results import Results
from ..errors import ApiError
from ..jobs.job import Job
from ..jobs.queue import JobQueue
from ..jobs.stream import events_of
from .common import Lang, Space
from .events import PING_S
from .jobs import enqueue
from .results import listed

router = APIRouter(prefix="/api", tags=["first names"])


@router.post("/benchmark", response_class=Response, responses={200: {"content": {"text/event-stream": {}}}})
async def benchmark(body: BenchmarkAsked, space: Space, lang: Lang) -> Response:
    """Starts a benchmark and streams its events; the job goes on when the stream is left."""
    models = _named(space.read_config(lang), body.models)
    fields = body.model_dump(exclude={"models"})
    job = enqueue(space, BenchAsked(kind="bench", models=models, **fields), lang)
    return EventSourceResponse(_sent(space.queue, job), ping=PING_S)


@router.get("/history")
def history(space: Space) -> Results:
    """The last twenty results."""
    return listed(space, limit=20)


async def _sent(queue: JobQueue, job: Job) -> AsyncIterator[dict[str, Any]]:
    """Every event as data alone, its kind in `type`; the stream ends with the job."""
    async for event in events_of(queue, job, 0):
        if event.kind != "state":
            yield {"data": json.dumps({"type": event.kind, "job": job.id, **event.data}, ensure_ascii=False)}
        if event.kind == "end":
            return


def _named(config: BenchConfig, names: list[str]) -> list[ModelName]:
    """The models of these names, ids or `provider/id`; an id that two providers have means both."""
    pairs = [(provider.key, model.id) for provider in config.providers for model in provider.models]
    found: dict[tuple[str, str], None] = {}
    for name in names:
        matching = [pair for pair in pairs if name in (pair[1], f"{pair[0]}/{pair[1]}")]
        if not matching:
            raise ApiError("not_found", what=name, field="models")
        found |= dict.fromkeys(matching)
    return [ModelName(provider_key=key, model_id=model_id) for key, model_id in found]
