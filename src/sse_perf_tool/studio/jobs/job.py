"""A job and its file: what was asked, where it stands, what it came to."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ...records.atomic_write import write_atomically
from ..contract.jobs import Job as JobShown

OPEN = frozenset({"queued", "running", "cancelling"})
"""States of a job that has not ended."""

_ID = re.compile(r"[a-z0-9_]{1,60}")


@dataclass(slots=True)
class Job:
    """One job.  It is changed by the event loop alone."""

    id: str
    kind: str
    title: str = ""
    label: str = ""
    state: str = "queued"
    origin: str = "studio"
    created_at: str = ""
    started_at: str | None = None
    ended_at: str | None = None
    result_id: str | None = None
    done: int = 0
    total: int | None = None
    error: str | None = None
    request: dict[str, Any] | None = None
    lang: str = "en"
    rest_of: str | None = None
    """The result whose search goes on."""
    begun_cells: tuple[int, ...] = ()
    """Places in the plan of cells that have come to something."""
    cells: int = 0
    """How many are to be measured."""

    @property
    def open(self) -> bool:
        """Whether it has not ended."""
        return self.state in OPEN

    @property
    def can_run_rest(self) -> bool:
        """Whether something of it is left to be done."""
        if self.open or self.origin != "studio" or self.request is None or self.state == "done":
            return False
        return self.kind != "bench" or not self.cells or len(self.begun_cells) < self.cells

    def shown(self, position: int | None, last_event_id: int) -> JobShown:
        """As the page has it."""
        return JobShown(
            id=self.id,
            kind=self.kind,  # type: ignore[arg-type]
            state=self.state,  # type: ignore[arg-type]
            origin=self.origin,  # type: ignore[arg-type]
            title=self.title,
            label=self.label,
            created_at=self.created_at,
            started_at=self.started_at,
            ended_at=self.ended_at,
            position=position,
            result_id=self.result_id,
            done=self.done,
            total=self.total,
            error=self.error,
            last_event_id=last_event_id,
            can_cancel=self.open and self.origin == "studio",
            can_run_rest=self.can_run_rest,
            request=self.request,
        )


class JobFolder:
    """The files of all jobs: `ID.json`, and the events beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, job: Job) -> None:
        """Writes a job whole.  OSError as it comes."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        text = json.dumps(asdict(job), ensure_ascii=False, indent=1)
        write_atomically(self.folder / f"{job.id}.json", text.encode("utf-8", "replace"), private=True)

    def events(self, job_id: str) -> Path:
        """Where the events of a job are."""
        return self.folder / f"{job_id}.events.jsonl"

    def forget(self, job_id: str) -> None:
        """Takes away what is kept of a job."""
        for path in (self.folder / f"{job_id}.json", self.events(job_id)):
            path.unlink(missing_ok=True)

    def read(self) -> Iterator[Job]:
        """All jobs, the oldest first; what is none is passed over."""
        for path in sorted(self.folder.glob("*.json"), key=lambda path: path.name):
            if _ID.fullmatch(path.stem) and (job := _job_of(path)) is not None:
                yield job


def _job_of(path: Path) -> Job | None:
    try:
        row = json.loads(path.read_bytes())
        known = {field.name: row[field.name] for field in fields(Job) if field.name in row}
        job = Job(**{**known, "begun_cells": tuple(known.get("begun_cells", ()))})
        job.shown(None, 0)  # it is as the page wants it
    except (OSError, ValueError, TypeError, AttributeError):
        return None
    return job if job.id == path.stem else None


def now_text() -> str:
    """This moment, as times are written."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def whole(data: Mapping[str, Any], name: str) -> int | None:
    """A whole number of what a worker said, if it is one."""
    value = data.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
