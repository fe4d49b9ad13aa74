"""Two paths under the names that the first description of the page gave them."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from ..contract.jobs import BenchmarkAsked
from ..contract.results import Results
from ..errors import ApiError
from .common import Lang, Space

router = APIRouter(prefix="/api", tags=["first names"])


@router.post("/benchmark", response_class=Response, responses={200: {"content": {"text/event-stream": {}}}})
async def benchmark(body: BenchmarkAsked, space: Space, lang: Lang) -> Response:
    """Starts a benchmark and streams its events; the job goes on when the stream is left."""
    raise ApiError("not_done")


@router.get("/history")
def history(space: Space, lang: Lang) -> Results:
    """The last twenty results."""
    raise ApiError("not_done")
