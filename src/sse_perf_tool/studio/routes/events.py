"""What happens, as it happens: a stream that can be resumed after any event."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query
from fastapi.responses import Response

from ..errors import ApiError
from .common import Space

router = APIRouter(prefix="/api", tags=["jobs"])


@router.get("/events", response_class=Response, responses={200: {"content": {"text/event-stream": {}}}})
async def events(
    space: Space,
    job: Annotated[str | None, Query(max_length=100)] = None,
    after: Annotated[int | None, Query(ge=0)] = None,
    last_event_id: Annotated[str | None, Header(max_length=100)] = None,
) -> Response:
    """The events of a job after one of them, and changes of the queue."""
    raise ApiError("not_done")
