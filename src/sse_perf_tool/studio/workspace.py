"""What all requests share: the folder, its files, its jobs, its history."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Iterator
from typing import Any

from ..bench.config import BenchConfig
from ..masking import header_secrets, url_secrets
from .errors import ApiError
from .files.backups import Backups
from .files.config_file import ConfigFile
from .files.config_view import Keys, used_variables
from .files.env_file import EnvFile
from .jobs.queue import JobQueue
from .jobs.terminal import TerminalRuns
from .settings import Settings

_SHORTEST_SECRET = 8
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
        self.queue = JobQueue(settings.folder, settings.own, settings.results, settings.worker)
        self.terminal = TerminalRuns(self.queue, settings.own / "live", settings.results)

    def keys(self) -> Keys:
        """Where keys may come from, as it is now."""
        return Keys(self.settings.environ, self.env.values())

    def read_config(self, lang: str) -> BenchConfig:
        """The config; `ApiError` when it cannot be read."""
        found = self.config.read(lang)
        if found.problem is not None:
            raise ApiError("read_only", what=f"{self.config.path.name}:{found.problem.line}", field="config")
        return found.config

    def secrets(self, config: BenchConfig) -> list[str]:
        """All that a worker might say and nobody may hear."""
        found = {*self._keys_of(config), *self._literals(config)}
        return [each for each in found if len(each) >= _SHORTEST_SECRET]

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

    @contextlib.asynccontextmanager
    async def running(self, _app: Any) -> AsyncIterator[None]:
        """While the server runs."""
        await self.queue.start()
        watching = asyncio.create_task(self.terminal.watch())
        try:
            yield
        finally:
            watching.cancel()
            await self.queue.stop()
