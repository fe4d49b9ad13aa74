"""What the tests of arguments share."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _empty_folder(own_folder: None) -> None:
    """Files that a command line names are written where nothing else is."""
