"""The public names: they are there, typed, documented, and cost nothing until they are used."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import sse_perf_tool

ROOT = Path(__file__).resolve().parents[2]
NAMES = sorted(set(sse_perf_tool.__all__) - {"__version__"})


@pytest.mark.parametrize("name", NAMES)
def test_a_public_name_is_there_and_documented(name: str) -> None:
    assert getattr(sse_perf_tool, name) is not None
    assert name in dir(sse_perf_tool)
    assert f"| `{name}" in (ROOT / "docs" / "python.md").read_text(encoding="utf-8")


def test_the_types_are_of_the_same_names() -> None:
    stub = ast.parse((ROOT / "src" / "sse_perf_tool" / "__init__.pyi").read_text(encoding="utf-8"))
    homes = {
        alias.asname: node.module
        for node in stub.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.asname == alias.name
    }
    assert homes == sse_perf_tool._HOMES


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'run_lad'"):
        sse_perf_tool.run_lad  # noqa: B018


def test_the_package_imports_nothing_until_a_name_is_used() -> None:
    code = (
        "import sys\n"
        "before = set(sys.modules)\n"
        "import sse_perf_tool\n"
        "print(sorted(set(sys.modules) - before))\n"
        "print(sorted(name for name in sys.modules if name.startswith('sse_perf_tool.')))\n"
        "sse_perf_tool.UsageError\n"
        "print(sorted(name for name in sys.modules if name.startswith('sse_perf_tool.')))\n"
        "print('requests' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["['sse_perf_tool']", "[]", "['sse_perf_tool.errors']", "False"]
