"""The wheel holds all that a run needs, and works outside the checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from sse_perf_tool import __version__
from sse_perf_tool.report_parts.libraries import ASSETS, LIBRARIES

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "sse_perf_tool"
EPOCH = "1700000000"
"""2023-11-14 22:13:20 UTC."""
KEPT = (".py", ".pyi", ".html", ".js", ".css", ".typed", ".mjs", ".cjs")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, as what an earlier build left in a checkout would go into it too."""
    tree, out = tmp_path_factory.mktemp("tree"), tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree)
    shutil.copytree(ROOT / "src", tree / "src", ignore=shutil.ignore_patterns("*.egg-info", "__pycache__", "*.so"))
    env = {**os.environ, "SSE_PERF_NO_COMPILE": "1", "SOURCE_DATE_EPOCH": EPOCH}
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(out), str(tree)]
    subprocess.run(command, env=env, check=True, capture_output=True)
    (found,) = out.glob("*.whl")
    return found


def test_the_wheel_holds_every_file_of_the_package(wheel: Path) -> None:
    assert wheel.name.startswith(f"sse_perf_tool-{__version__}-py3-none-any")
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
    wanted = {
        f"sse_perf_tool/{path.relative_to(PACKAGE).as_posix()}"
        for path in PACKAGE.rglob("*")
        if path.suffix in KEPT and "__pycache__" not in path.parts
    }
    assert wanted - held == set()
    assert any(name.endswith("/LICENSE") for name in held)
    if all((ASSETS / library.asset).is_file() for library in LIBRARIES):
        assert "sse_perf_tool/assets/LICENSES.txt" in held, "their licences go with what is bundled"


def test_nothing_in_the_wheel_is_dated_by_when_or_where_it_was_built(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        assert {each.date_time for each in archive.infolist()} == {(2023, 11, 14, 22, 13, 20)}
        assert not any(str(wheel.parent.parent).encode() in archive.read(name) for name in archive.namelist())


def test_it_runs_outside_the_checkout(wheel: Path, tmp_path: Path) -> None:
    place = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(place)
    env = {**os.environ, "PYTHONPATH": str(place)}
    command = [sys.executable, "-m", "sse_perf_tool", "--demo", "--threads", "2", "--duration", "1", "--lang", "en",
               "--html-report", "report.html", "--json", "run.json"]  # fmt: skip
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.count("<script") > 1
    assert "src=" not in page.replace('src="data:', ""), "it loads nothing from elsewhere"
