"""What can be started, and what became of it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from .basis import Answer, Body, Document, Line, Name, Text
from .config import Tier, Tokens

Threads = Annotated[int, Field(ge=1, le=1000)]
FlagValue = str | int | float | bool | list[str | int | float] | None


class ModelName(Body):
    """A model of a provider; the same id may stand at two providers."""

    provider_key: Name
    model_id: Name


class BenchAsked(Body):
    """A benchmark; null is "as the config says", no models is all of them."""

    kind: Literal["bench"]
    demo: bool = False
    """The embedded server as four providers."""
    models: Annotated[list[ModelName], Field(max_length=500)] = Field(default_factory=list)
    runs: Annotated[int, Field(ge=1, le=10_000)] | None = None
    context_tiers: Annotated[list[Tier], Field(min_length=1, max_length=50)] | None = None
    max_tokens: Tokens | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    prompt: Text | None = None
    order: Literal["lanes", "interleaved"] = "lanes"
    threads: Threads = 1
    via: Literal["native", "litellm"] = "native"
    timeout_s: Annotated[float, Field(gt=0, le=86_400)] = 60.0
    retries: Annotated[int, Field(ge=0, le=100)] = 0
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 1
    label: Line = ""


class DemoTarget(Body):
    """The embedded server."""

    kind: Literal["demo"]


class ModelTarget(Body):
    """A model of the config."""

    kind: Literal["model"]
    provider_key: Name
    model_id: Name
    max_tokens: Tokens | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None


class UrlTarget(Body):
    """Any service."""

    kind: Literal["url"]
    url: Name
    format: Name = "auto"
    model: Line | None = None
    api_key_env: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,99}$")] | None = None
    headers: Annotated[dict[Name, Line], Field(max_length=50)] = Field(default_factory=dict)


Target = Annotated[DemoTarget | ModelTarget | UrlTarget, Field(discriminator="kind")]


class _LoadAsked(Body):
    target: Target
    flags: Annotated[dict[Annotated[str, Field(max_length=60)], FlagValue], Field(max_length=100)] = Field(
        default_factory=dict
    )
    """Flag of the command line without its dashes -> value."""
    label: Line = ""


class RunAsked(_LoadAsked):
    """A load test, with the flags of the command line."""

    kind: Literal["run"]


class CapacityAsked(_LoadAsked):
    """A search for capacity, with the flags of that command."""

    kind: Literal["capacity"]


JobAsked = Annotated[BenchAsked | RunAsked | CapacityAsked, Field(discriminator="kind")]

_BY_KIND: dict[str, type[BenchAsked | RunAsked | CapacityAsked]] = {
    "bench": BenchAsked,
    "run": RunAsked,
    "capacity": CapacityAsked,
}


def asked_of(kind: str, request: object) -> BenchAsked | RunAsked | CapacityAsked:
    """What was asked for, of what a job has kept of it.  pydantic.ValidationError for what is none."""
    return _BY_KIND[kind].model_validate(request)


JobState = Literal["queued", "running", "cancelling", "done", "cancelled", "failed", "interrupted"]


class Job(Answer):
    """A job as lists show it."""

    id: str
    kind: Literal["bench", "run", "capacity"]
    state: JobState
    origin: Literal["studio", "terminal"]
    title: str
    label: str
    created_at: str
    started_at: str | None
    ended_at: str | None
    position: int | None
    """In the queue, from 1."""
    result_id: str | None
    done: int
    total: int | None
    error: str | None
    last_event_id: int
    can_cancel: bool
    can_run_rest: bool
    request: Document | None


class Jobs(Answer):
    """The newest first."""

    jobs: list[Job]


class PlannedCell(Answer):
    """A cell that would be measured, or why it would not."""

    provider_key: str
    provider: str
    model_id: str
    model: str
    context_tokens: int
    format: str
    url: str
    skipped: str | None


class PlannedLane(Answer):
    """Requests that go one after another."""

    name: str
    requests: int


class Plan(Answer):
    """What a job would send."""

    kind: Literal["bench", "run", "capacity"]
    cells: list[PlannedCell]
    requests: int | None
    max_tokens: int | None
    lanes: list[PlannedLane]
    command: str
    warnings: list[str]


class BenchmarkAsked(Body):
    """The first description's way to start a benchmark."""

    models: Annotated[list[Name], Field(max_length=500)] = Field(default_factory=list)
    """Ids, or `provider/id`."""
    runs: Annotated[int, Field(ge=1, le=10_000)] | None = None
    context_tiers: Annotated[list[Tier], Field(min_length=1, max_length=50)] | None = None
    max_tokens: Tokens | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    prompt: Text | None = None
