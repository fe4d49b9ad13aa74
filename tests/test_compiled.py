"""The parts in C are found in one way: where they were built, of the version that is understood, and not forbidden."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from sse_perf_tool import compiled
from sse_perf_tool.compiled import PARTS, PURE, compiled_part, missing_parts


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


def test_what_setup_builds_is_what_is_looked_for() -> None:
    root = Path(__file__).resolve().parents[1]
    built = re.findall(r'\("(\w+)", "(_\w+)"\)', (root / "setup.py").read_text(encoding="utf-8"))
    assert sorted(PARTS) == sorted(".".join(names) for names in built)
    sources = (root / "src" / "sse_perf_tool").glob("*/_*.c")
    assert sorted(PARTS) == sorted(f"{source.parent.name}.{source.stem}" for source in sources)


@pytest.mark.usefixtures("part")
def test_those_that_were_not_built_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "PARTS", ("errors", "wire._never_built", "records._nor_this"))
    assert missing_parts() == ["wire._never_built", "records._nor_this"]


@pytest.mark.usefixtures("part")
@pytest.mark.parametrize("understood", [2, 4])
def test_one_of_another_version_is_not_used(understood: int) -> None:
    assert compiled_part("part_in_c", understood) is None


@pytest.mark.usefixtures("part")
def test_none_is_used_where_the_environment_forbids_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PURE, "1")
    assert compiled_part("part_in_c", 3) is None
