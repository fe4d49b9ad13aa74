"""Every test of the wire runs with each reading thread that there is here."""

from __future__ import annotations

import pytest

from readers import KINDS, use
from sse_perf_tool.wire.reading import Reader


@pytest.fixture(params=KINDS, autouse=True)
def reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Reader:
    """The one of this process."""
    return use(request.param, monkeypatch)
