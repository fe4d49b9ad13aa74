"""Environments for processes that a test starts."""

from __future__ import annotations

import os


def unmeasured() -> dict[str, str]:
    """That of this process, without what makes coverage measure its children."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
