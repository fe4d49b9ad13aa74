"""The names of `records` and `formats` that are imported when they are used: listed thrice, and the same."""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path

import pytest

from sse_perf_tool import formats, records

LAZY = [records, formats]


@pytest.mark.parametrize("package", LAZY)
def test_every_name_is_found_in_the_module_that_type_checkers_take_it_from(package: object) -> None:
    tree = ast.parse(Path(package.__file__).read_text(encoding="utf-8"))  # type: ignore[attr-defined]
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level == 1]
    homes = {alias.name: f"{package.__name__}.{node.module}" for node in imports for alias in node.names}  # type: ignore[attr-defined]
    assert sorted(homes) == sorted(package.__all__)  # type: ignore[attr-defined]
    for name, home in homes.items():
        assert getattr(package, name) is getattr(import_module(home), name)


@pytest.mark.parametrize("package", LAZY)
def test_another_name_is_an_attribute_error(package: object) -> None:
    with pytest.raises(AttributeError, match="has no attribute 'RunConfg'"):
        package.RunConfg  # type: ignore[attr-defined]  # noqa: B018
