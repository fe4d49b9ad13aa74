"""What is about time and connections runs with each reading thread that there is here, all else with one."""

from __future__ import annotations

import pytest

from readers import KINDS, use

BOTH = ("test_times", "test_tls", "test_connections", "test_faults")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Once for each reading thread where it matters."""
    if metafunc.module.__name__.rpartition(".")[2] in BOTH:
        metafunc.fixturenames.append("reader")
        metafunc.parametrize("reader", KINDS, indirect=True)


@pytest.fixture
def reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one of this process."""
    use(request.param, monkeypatch)
