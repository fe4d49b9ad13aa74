"""The events of a job for one reader: all after the one it has, then those that come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from .job import Job
from .log import Event, LogReader
from .queue import JobQueue


async def events_of(queue: JobQueue, job: Job | None, after: int) -> AsyncIterator[Event]:
    """Events of `job` with a number above `after`, ticks, and the state of the queue whenever it changes; without end.

    A reader that is slow misses ticks and states in between, and no event.
    """
    reader = None if job is None else LogReader(queue.files.events(job.id), after)
    seen, ticked, shown = -1, 0, ""
    with queue.watching() as wake:
        while True:
            wake.clear()
            if queue.seen != seen:
                seen = queue.seen
                state = _state_of(queue)
                if (text := repr(state)) != shown:
                    shown = text
                    yield Event(0, "state", state)
            if reader is not None and job is not None:
                for event in reader.new():
                    yield event
                number, tick = queue.ticks.get(job.id, (ticked, {}))
                if number != ticked:
                    ticked = number
                    yield Event(0, "tick", tick)
            if queue.seen == seen:
                await wake.wait()
            await asyncio.sleep(0)


def _state_of(queue: JobQueue) -> dict[str, object]:
    """What runs and what waits, without what changes with each event."""
    running = queue.running
    return {
        "running": None if running is None else _head(queue, running),
        "queue": [_head(queue, job) for job in queue.waiting],
        "changed": None if queue.changed is None else _head(queue, queue.changed),
    }


def _head(queue: JobQueue, job: Job) -> dict[str, object]:
    """A job without its counters, which its own events have."""
    return job.shown(queue.position(job), 0).model_dump() | {"done": 0}
