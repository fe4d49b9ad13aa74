"""What is started: planned, queued, cancelled, run again."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Header

from ..contract.jobs import Job, JobAsked, Jobs, Plan
from ..errors import ApiError
from .common import Lang, Space

router = APIRouter(prefix="/api", tags=["jobs"])

Asked = Annotated[JobAsked, Body()]


@router.post("/plan")
def plan(body: Asked, space: Space, lang: Lang) -> Plan:
    """What a job would send, at most."""
    raise ApiError("not_done")


@router.post("/jobs", status_code=202)
async def start(
    body: Asked, space: Space, lang: Lang, idempotency_key: Annotated[str | None, Header(max_length=200)] = None
) -> Job:
    """Starts a job, or puts it into the queue behind the one that runs."""
    raise ApiError("not_done")


@router.get("/jobs")
async def listed(space: Space) -> Jobs:
    """The last hundred jobs."""
    raise ApiError("not_done")


@router.get("/jobs/{job_id}")
async def one(job_id: str, space: Space) -> Job:
    """One job."""
    raise ApiError("not_done")


@router.delete("/jobs/{job_id}", status_code=204)
async def forget(job_id: str, space: Space) -> None:
    """Takes a job out of the queue."""
    raise ApiError("not_done")


@router.post("/jobs/{job_id}/cancel", status_code=202)
async def cancel(job_id: str, space: Space) -> Job:
    """Ends a job; what was measured stays."""
    raise ApiError("not_done")


@router.post("/jobs/{job_id}/rest", status_code=202)
async def rest(job_id: str, space: Space, lang: Lang) -> Job:
    """Starts a job with what another one did not come to."""
    raise ApiError("not_done")
