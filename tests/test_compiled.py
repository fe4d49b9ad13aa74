"""The parts in C are found in one way: where they were built, of the version that is understood, and not forbidden."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from sse_perf_tool.compiled import PURE, compiled_part


@pytest.fixture
def part(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A module as a build would leave it, of version 3."""
    module = ModuleType("part_in_c")
    module.API = 3  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "part_in_c", module)
    monkeypatch.delenv(PURE, raising=False)
    return module


def test_a_part_that_was_built_is_found(part: ModuleType) -> None:
    assert compiled_part("part_in_c", 3) is part


def test_one_that_was_not_built_is_none() -> None:
    assert compiled_part("sse_perf_tool.wire._never_built", 3) is None


@pytest.mark.usefixtures("part")
@pytest.mark.parametrize("understood", [2, 4])
def test_one_of_another_version_is_not_used(understood: int) -> None:
    assert compiled_part("part_in_c", understood) is None


@pytest.mark.usefixtures("part")
def test_none_is_used_where_the_environment_forbids_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PURE, "1")
    assert compiled_part("part_in_c", 3) is None
