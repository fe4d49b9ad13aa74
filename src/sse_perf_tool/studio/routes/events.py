"""What happens, as it happens: a stream that can be resumed after any event."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query
from fastapi.responses import Response
from sse_starlette.sse import EventSourceResponse

from ..jobs.log import Event
from ..jobs.stream import events_of
from .common import Space

router = APIRouter(prefix="/api", tags=["jobs"])

RETRY_MS, PING_S = 2000, 10


@router.get("/events", response_class=Response, responses={200: {"content": {"text/event-stream": {}}}})
async def events(
    space: Space,
    job: Annotated[str | None, Query(max_length=100)] = None,
    after: Annotated[int | None, Query(ge=0)] = None,
    last_event_id: Annotated[str | None, Header(max_length=100)] = None,
) -> Response:
    """The events of a job after one of them, and changes of the queue."""
    found = None if job is None else space.queue.get(job)
    known = (
        int(last_event_id) if last_event_id and last_event_id.isascii() and last_event_id.isdecimal() else after or 0
    )
    return EventSourceResponse(_sent(events_of(space.queue, found, known)), ping=PING_S)


async def _sent(events: AsyncIterator[Event]) -> AsyncIterator[dict[str, Any]]:
    yield {"retry": RETRY_MS}
    async for event in events:
        yield event_row(event)


def event_row(event: Event) -> dict[str, Any]:
    """An event as sse-starlette takes it; one that is not kept has no id, so a reader resumes behind the last kept."""
    row: dict[str, Any] = {"event": event.kind, "data": json.dumps(event.data, ensure_ascii=False)}
    return {**row, "id": str(event.id)} if event.id else row
