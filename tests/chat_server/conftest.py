"""A chat server in a process of its own for the tests of this directory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chat_client import QUICK
from sse_perf_tool.chat_server.run import BackgroundServer

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Coverage measures the processes of all tests of this room, as the server runs nowhere else.

    Those that are asked by many tests are started by the first of them, whichever that is.
    """
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.measures_processes)


@pytest.fixture(scope="session")
def server() -> Iterator[BackgroundServer]:
    """A server without any delay, the same one for all tests."""
    with BackgroundServer(QUICK) as running:
        yield running
