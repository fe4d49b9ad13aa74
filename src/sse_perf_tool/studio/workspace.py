"""What all requests share: the folder, its files, its jobs, its history."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import AsyncIterator
from typing import Any

from .settings import Settings


class Workspace:
    """The folder that a studio works in."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.lang = settings.lang
        self.instance = secrets.token_hex(4)
        """Another one after each start, so that a page knows that it is of an older one."""

    @contextlib.asynccontextmanager
    async def running(self, _app: Any) -> AsyncIterator[None]:
        """While the server runs."""
        yield
