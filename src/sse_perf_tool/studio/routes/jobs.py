"""What is started: planned, queued, cancelled, run again."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Header

from ...errors import UsageError
from ..contract.jobs import BenchAsked, JobAsked, Jobs, ModelName, Plan, asked_of
from ..contract.jobs import Job as JobShown
from ..errors import ApiError
from ..jobs.job import Job
from ..jobs.load import field_of
from ..jobs.plan import cells_of, planned, title_of
from ..workspace import Workspace
from .common import Lang, Space

router = APIRouter(prefix="/api", tags=["jobs"])

# The kind decides, said here once more: an older FastAPI forgets it of a type that has a Body.
Asked = Annotated[JobAsked, Body(discriminator="kind")]


@router.post("/plan")
def plan(body: Asked, space: Space, lang: Lang) -> Plan:
    """What a job would send, at most."""
    return plan_for(space, body, lang)


@router.post("/jobs", status_code=202)
async def start(
    body: Asked, space: Space, lang: Lang, idempotency_key: Annotated[str | None, Header(max_length=200)] = None
) -> JobShown:
    """Starts a job, or puts it into the queue behind the one that runs."""
    known = space.queue.known(idempotency_key)
    return space.queue.shown(known or enqueue(space, body, lang, key=idempotency_key))


@router.get("/jobs")
async def listed(space: Space) -> Jobs:
    """The last hundred jobs."""
    return Jobs(jobs=[space.queue.shown(job) for job in list(space.queue.jobs.values())[:-101:-1]])


@router.get("/jobs/{job_id}")
async def one(job_id: str, space: Space) -> JobShown:
    """One job."""
    return space.queue.shown(space.queue.get(job_id))


@router.delete("/jobs/{job_id}", status_code=204)
async def forget(job_id: str, space: Space) -> None:
    """Takes a job out of the queue."""
    space.queue.forget(space.queue.get(job_id))


@router.post("/jobs/{job_id}/cancel", status_code=202)
async def cancel(job_id: str, space: Space) -> JobShown:
    """Ends a job; what was measured stays."""
    job = space.queue.get(job_id)
    space.queue.cancel(job)
    return space.queue.shown(job)


@router.post("/jobs/{job_id}/rest", status_code=202)
async def rest(job_id: str, space: Space, lang: Lang) -> JobShown:
    """Starts a job with what another one did not come to."""
    job = space.queue.get(job_id)
    if not job.can_run_rest or job.request is None:
        raise ApiError("rest_none")
    asked = asked_of(job.kind, job.request)
    if isinstance(asked, BenchAsked):
        asked = _rest_of_bench(space, job, asked, lang)
    rest_of = job.result_id if job.kind == "capacity" else None
    return space.queue.shown(enqueue(space, asked, lang, rest_of=rest_of))


def plan_for(space: Workspace, asked: JobAsked, lang: str) -> Plan:
    """What the job would send, with the config as it is now; `ApiError` for what the engine refuses."""
    try:
        return planned(asked, space.config_for(asked, lang), space.keys().all, lang)
    except UsageError as error:
        field = "models" if isinstance(asked, BenchAsked) else field_of(error, asked)
        raise ApiError("invalid", field=field, what=str(error)) from error


def enqueue(space: Workspace, asked: JobAsked, lang: str, *, key: str | None = None, rest_of: str | None = None) -> Job:
    """A job at the end of the queue.  `ApiError` for what the engine refuses."""
    plan = plan_for(space, asked, lang)
    if asked.kind == "bench" and all(cell.skipped is not None for cell in plan.cells):
        raise ApiError("invalid", field="models", what=next(iter(plan.cells)).skipped)
    job = Job(
        space.queue.new_id(),
        asked.kind,
        title=title_of(asked, plan),
        label=asked.label,
        total=plan.requests,
        request=asked.model_dump(mode="json"),
        lang=lang,
        rest_of=rest_of,
    )
    return space.queue.add(job, key)


def _rest_of_bench(space: Workspace, job: Job, asked: BenchAsked, lang: str) -> BenchAsked:
    """The same for the models of which some cell has not come to its end."""
    config = space.config_for(asked, lang)
    try:
        _, cells = cells_of(asked, config, space.keys().all, lang)
    except UsageError as error:
        raise ApiError("invalid", what=str(error)) from error
    left = [cell for place, cell in enumerate(cells) if place not in job.begun_cells and cell.skipped is None]
    if not left:
        raise ApiError("rest_none")
    names = dict.fromkeys((cell.provider_key, cell.model_id) for cell in left)
    tiers = list(dict.fromkeys(cell.context_tokens for cell in left))
    models = [] if asked.demo else [ModelName(provider_key=key, model_id=model) for key, model in names]
    return asked.model_copy(update={"models": models, "context_tiers": tiers})
