"""What is started: planned, queued, cancelled, run again."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Header

from ...bench.config import BenchConfig
from ...errors import UsageError
from ..contract.jobs import BenchAsked, CapacityAsked, JobAsked, Jobs, ModelName, Plan, RunAsked
from ..contract.jobs import Job as JobShown
from ..errors import ApiError
from ..jobs.job import Job
from ..jobs.load import field_of, variable_in
from ..jobs.plan import cells_of, planned, title_of
from ..workspace import SHORTEST_SECRET, Workspace
from .common import Lang, Space

router = APIRouter(prefix="/api", tags=["jobs"])

Asked = Annotated[JobAsked, Body()]


@router.post("/plan")
def plan(body: Asked, space: Space, lang: Lang) -> Plan:
    """What a job would send, at most."""
    return plan_for(space, body, lang)[1]


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
    asked = _ASKED[job.kind].model_validate(job.request)
    if isinstance(asked, BenchAsked):
        asked = _rest_of_bench(space, job, asked, lang)
    rest_of = job.result_id if job.kind == "capacity" else None
    return space.queue.shown(enqueue(space, asked, lang, rest_of=rest_of))


_ASKED: dict[str, type[BenchAsked | RunAsked | CapacityAsked]] = {
    "bench": BenchAsked,
    "run": RunAsked,
    "capacity": CapacityAsked,
}


def plan_for(space: Workspace, asked: JobAsked, lang: str) -> tuple[BenchConfig, Plan]:
    """The config as it is now, and what the job would send; `ApiError` for what the engine refuses."""
    needs_config = not asked.demo if isinstance(asked, BenchAsked) else asked.target.kind == "model"
    config = space.read_config(lang) if needs_config else BenchConfig(())
    try:
        found = planned(asked, config, space.keys().all, lang)
    except UsageError as error:
        field = "models" if isinstance(asked, BenchAsked) else field_of(error, asked)
        raise ApiError("invalid", field=field, what=str(error)) from error
    return config, found


def enqueue(space: Workspace, asked: JobAsked, lang: str, *, key: str | None = None, rest_of: str | None = None) -> Job:
    """A job at the end of the queue.  `ApiError` for what the engine refuses."""
    config, plan = plan_for(space, asked, lang)
    if asked.kind == "bench" and all(cell.skipped is not None for cell in plan.cells):
        raise ApiError("invalid", field="models", what=next(iter(plan.cells)).skipped)
    request = asked.model_dump(mode="json")
    job = Job(
        space.queue.new_id(),
        asked.kind,
        title=title_of(asked, plan),
        label=asked.label,
        total=plan.requests,
        request=request,
        lang=lang,
        rest_of=rest_of,
    )
    order: dict[str, Any] = {
        "job": request,
        "lang": lang,
        "environ": space.keys().all,
        "rest_of": rest_of,
        "secrets": space.secrets(config) + _secrets_asked(asked, space),
    }
    return space.queue.add(job, order, key)


def _secrets_asked(asked: JobAsked, space: Workspace) -> list[str]:
    """The keys that a target names besides the config."""
    if isinstance(asked, BenchAsked) or asked.target.kind != "url":
        return []
    names = [asked.target.api_key_env, *map(variable_in, asked.target.headers.values())]
    values = (space.keys().all.get(name, "") for name in names if name)
    return [value for value in values if len(value) >= SHORTEST_SECRET]


def _rest_of_bench(space: Workspace, job: Job, asked: BenchAsked, lang: str) -> BenchAsked:
    """The same for the models of which some cell has not come to its end."""
    config = BenchConfig(()) if asked.demo else space.read_config(lang)
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
