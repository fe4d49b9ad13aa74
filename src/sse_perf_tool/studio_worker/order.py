"""What a worker is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from ..studio.contract.config import CheckAsked
from ..studio.contract.jobs import BenchAsked, CapacityAsked, JobAsked, RunAsked

_JOB: TypeAdapter[BenchAsked | RunAsked | CapacityAsked] = TypeAdapter(JobAsked)


@dataclass(frozen=True, slots=True)
class Order:
    """One job.  The working directory is the folder of the studio."""

    job: BenchAsked | RunAsked | CapacityAsked | CheckAsked
    lang: str
    environ: Mapping[str, str]
    """With the keys."""
    rest_of: str | None = None
    """The result of a search that goes on."""

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Order:
        """From the line on standard input, which the studio has checked."""
        job = document["job"]
        asked = CheckAsked.model_validate(job["check"]) if "check" in job else _JOB.validate_python(job)
        return cls(asked, document["lang"], document["environ"], document.get("rest_of"))
