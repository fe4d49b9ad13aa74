"""What the tests of the studio share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("fastapi")

from studio_server import Studio, running


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    """A studio of an empty folder."""
    with running(tmp_path) as found:
        yield found
