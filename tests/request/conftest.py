"""What is about time and connections runs with each reading thread that there is here, all else with one."""

from __future__ import annotations

import pytest

from patience import FOREVER_S
from readers import KINDS, use
from sse_perf_tool.wire import body

BOTH = ("test_times", "test_tls", "test_connections", "test_faults")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Once for each reading thread where it matters."""
    if metafunc.module.__name__.rpartition(".")[2] in BOTH:
        metafunc.fixturenames.append("reader")
        metafunc.parametrize("reader", KINDS, indirect=True)


@pytest.fixture
def patient_drain(monkeypatch: pytest.MonkeyPatch) -> None:
    """A short body that nobody wants is waited for until it has come, and not only for a moment."""
    monkeypatch.setattr(body, "DRAIN_S", FOREVER_S)


@pytest.fixture
def reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one of this process."""
    use(request.param, monkeypatch)
