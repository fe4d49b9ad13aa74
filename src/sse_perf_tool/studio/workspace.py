"""What all requests share: the folder, its files, its jobs, its history."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Iterator
from typing import Any

from ..bench.config import BenchConfig
from ..masking import header_secrets, url_secrets
from .contract.jobs import BenchAsked, JobAsked, asked_of
from .contract.results import Head
from .errors import ApiError
from .files.backups import Backups
from .files.config_file import ConfigFile
from .files.config_view import Keys, used_variables
from .files.env_file import EnvFile
from .history.index import Index
from .history.remarks import Remarks
from .jobs.job import Job
from .jobs.load import variable_in
from .jobs.queue import JobQueue
from .jobs.terminal import TerminalRuns
from .settings import Settings

SHORTEST_SECRET = 8
"""A shorter one would be found in every other word."""


class Workspace:
    """The folder that a studio works in."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.lang = settings.lang
        self.instance = secrets.token_hex(4)
        """Another one after each start, so that a page knows that it is of an older one."""
        self.config = ConfigFile(settings.config_path, Backups(settings.own / "backup", settings.config_path.name))
        self.env = EnvFile(settings.env_path)
        self.index = Index(settings.own / "index.sqlite", settings.results, settings.watch)
        self.remarks = Remarks(settings.own / "remarks.json")
        self.queue = JobQueue(
            settings.folder, settings.own, settings.results, settings.worker, self.order_of, self._label
        )
        self.terminal = TerminalRuns(self.queue, settings.results)

    def keys(self) -> Keys:
        """Where keys may come from, as it is now."""
        return Keys(self.settings.environ, self.env.values())

    def read_config(self, lang: str) -> BenchConfig:
        """The config; `ApiError` when it cannot be read."""
        found = self.config.read(lang)
        if found.problem is not None:
            raise ApiError("read_only", what=f"{self.config.path.name}:{found.problem.line}", field="config")
        return found.config

    def config_for(self, asked: JobAsked, lang: str) -> BenchConfig:
        """The config as it is now where the job is about a model of it; `ApiError` when it cannot be read."""
        needed = not asked.demo if isinstance(asked, BenchAsked) else asked.target.kind == "model"
        return self.read_config(lang) if needed else BenchConfig(())

    def order_of(self, job: Job) -> dict[str, Any]:
        """What the worker of a job is told, with the keys as they are now; `ApiError` when it cannot be done."""
        try:
            asked = asked_of(job.kind, job.request)
        except ValueError as error:  # of a studio of another version
            raise ApiError("invalid", what=str(error)) from error
        return {
            "job": job.request,
            "lang": job.lang,
            "environ": self.keys().all,
            "rest_of": job.rest_of,
            "secrets": self.secrets(self.config_for(asked, job.lang)) + self._secrets_asked(asked),
        }

    def _secrets_asked(self, asked: JobAsked) -> list[str]:
        """The keys that a target names besides the config."""
        if isinstance(asked, BenchAsked) or asked.target.kind != "url":
            return []
        names = [asked.target.api_key_env, *map(variable_in, asked.target.headers.values())]
        values = (self.keys().all.get(name, "") for name in names if name)
        return [value for value in values if len(value) >= SHORTEST_SECRET]

    def as_it_is(self, head: Head) -> Head:
        """A row with what was said of the result, and whether it goes on still."""
        said = self.remarks.all().get(head.id, {})
        running = {job.result_id for job in list(self.queue.jobs.values()) if job.open and job.state != "queued"}
        state = head.state
        if head.ours and state in ("running", "interrupted"):
            state = "running" if head.id in running else "interrupted"
        return head.model_copy(update={**said, "state": state})

    def secrets(self, config: BenchConfig) -> list[str]:
        """All that a worker might say and nobody may hear."""
        found = {*self._keys_of(config), *self._literals(config)}
        return [each for each in found if len(each) >= SHORTEST_SECRET]

    def _keys_of(self, config: BenchConfig) -> Iterator[str]:
        keys = self.keys()
        yield from keys.file.values()
        for name, _provider in used_variables(config, keys, lambda key, **_values: key):
            yield keys.all.get(name, "")

    @staticmethod
    def _literals(config: BenchConfig) -> Iterator[str]:
        for provider in config.providers:
            yield provider.secret or ""
            yield from url_secrets(provider.api_base or "")
            for name, value in provider.headers.items():
                yield from header_secrets(name, value)

    def _label(self, job: Job) -> None:
        """The label of a job is that of its result."""
        if job.label and job.result_id:
            self.remarks.put(job.result_id, job.label, None)

    @contextlib.asynccontextmanager
    async def running(self, _app: Any) -> AsyncIterator[None]:
        """While the server runs."""
        self._prepare_folder()
        await self.queue.start()
        with contextlib.suppress(OSError):  # as it does later
            await self.terminal.look()  # whoever asks finds what goes on
        watching = asyncio.create_task(self.terminal.watch())
        try:
            yield
        finally:
            watching.cancel()
            await self.queue.stop()
            self.index.close()

    def _prepare_folder(self) -> None:
        """Makes the folder of the studio for its owner alone, and keeps it out of the owner's repository."""
        with contextlib.suppress(OSError):  # what needs it says so
            self.settings.own.mkdir(exist_ok=True, mode=0o700)
            ignored = self.settings.own / ".gitignore"
            if not ignored.exists():
                ignored.write_text("*\n", encoding="utf-8")
