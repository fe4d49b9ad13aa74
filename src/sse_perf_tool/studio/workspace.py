"""What all requests share: the folder, its files, its jobs, its history."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import AsyncIterator
from typing import Any

from .files.backups import Backups
from .files.config_file import ConfigFile
from .files.config_view import Keys
from .files.env_file import EnvFile
from .settings import Settings


class Workspace:
    """The folder that a studio works in."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.lang = settings.lang
        self.instance = secrets.token_hex(4)
        """Another one after each start, so that a page knows that it is of an older one."""
        self.config = ConfigFile(settings.config_path, Backups(settings.own / "backup", settings.config_path.name))
        self.env = EnvFile(settings.env_path)

    def keys(self) -> Keys:
        """Where keys may come from, as it is now."""
        return Keys(self.settings.environ, self.env.values())

    @contextlib.asynccontextmanager
    async def running(self, _app: Any) -> AsyncIterator[None]:
        """While the server runs."""
        yield
