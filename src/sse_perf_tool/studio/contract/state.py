"""The studio itself."""

from __future__ import annotations

from .basis import Answer
from .config import Problem
from .jobs import Job


class Health(Answer):
    """That it answers."""

    status: str
    version: str


class ConfigState(Answer):
    """Whether there is a config that can be read."""

    path: str
    exists: bool
    etag: str
    problem: Problem | None


class State(Answer):
    """What the page needs to begin."""

    version: str
    lang: str
    dir: str
    instance: str
    """Another one after each start."""
    results_dir: str
    watch: list[str]
    config: ConfigState
    env_path: str
    first_use: bool
    demo_available: bool
    litellm_available: bool
    running: Job | None
    queue: list[Job]
    formats: list[str]
    remote: bool


class FlagShown(Answer):
    """A flag that a job may have."""

    key: str
    name: str
    group: str
    group_title: str
    help: str
    default: str | int | float | None
    metavar: str
    repeat: bool
    switch: bool


class FlagsShown(Answer):
    """All of them."""

    flags: list[FlagShown]
