"""The house: few modules in the root of the package, and no two that import each other, at run time or for types."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1] / "src" / "sse_perf_tool"
MODULES = {path.relative_to(ROOT).with_suffix("").parts: path for path in ROOT.rglob("*.py")}


def name_of(parts: tuple[str, ...]) -> str:
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


NAMES = {name_of(parts) for parts in MODULES}


def imports_of(parts: tuple[str, ...], source: str) -> Iterator[str]:
    """The modules of the package that a module names in its imports, wherever they stand in it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = [*parts[: len(parts) - node.level], *filter(None, [node.module])]
            for alias in node.names:
                module = ".".join([*base, alias.name])
                yield module if module in NAMES else ".".join(base)


def test_imports_are_read_as_python_does() -> None:
    source = "from . import base\nfrom .. import masking\ndef late():\n    from ..records.file import read_header\n"
    assert list(imports_of(("formats", "table"), source)) == ["formats.base", "masking", "records.file"]
    assert list(imports_of(("formats", "__init__"), "from .base import Format")) == ["formats.base"]


def test_no_module_imports_itself_by_way_of_others() -> None:
    graph = {
        name_of(parts): set(imports_of(parts, path.read_text(encoding="utf-8"))) - {name_of(parts)}
        for parts, path in MODULES.items()
    }
    assert sum(map(len, graph.values())) > 800
    TopologicalSorter(graph).prepare()  # CycleError names the modules of the circle


def test_the_root_of_the_package_holds_ten_modules_at_most() -> None:
    modules = [path.name for path in ROOT.glob("*.py") if path.name not in ("__init__.py", "__main__.py")]
    assert len(modules) <= 10, modules


def test_no_target_of_make_sets_a_variable_that_a_run_would_take_for_a_setting() -> None:
    assert "SSE_PERF_" not in (ROOT.parents[1] / "Makefile").read_text(encoding="utf-8")
