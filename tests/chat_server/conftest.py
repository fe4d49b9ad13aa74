"""A chat server in a process of its own for the tests of this directory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chat_client import QUICK
from sse_perf_tool.chat_server.run import BackgroundServer


@pytest.fixture(scope="session")
def server() -> Iterator[BackgroundServer]:
    """A server without any delay, the same one for all tests."""
    with BackgroundServer(QUICK) as running:
        yield running
