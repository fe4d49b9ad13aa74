"""Every Python that the README names can be set up, and is tested."""

from __future__ import annotations

import re
from collections import Counter
from importlib.metadata import metadata, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from ruamel.yaml import YAML

import run_pythons

ROOT = Path(__file__).resolve().parents[2]


def fake_python(folder: Path, version: str, says: str) -> Path:
    python = folder / version / "bin" / f"python{'.'.join(version.split('.')[:2])}"
    python.parent.mkdir(parents=True)
    python.write_text(f"#!/bin/sh\necho {says}\n")
    python.chmod(0o755)
    return python


def test_the_oldest_version_is_the_least_that_the_package_takes() -> None:
    taken = SpecifierSet(metadata("sse-perf-tool")["Requires-Python"])
    known = ["3.8", "3.9", *run_pythons.VERSIONS]
    assert [version for version in known if version in taken] == list(run_pythons.VERSIONS)
    for readme in ("README.md", "README_zh.md"):
        assert f"Python {run_pythons.VERSIONS[0]}" in (ROOT / readme).read_text(encoding="utf-8")


@pytest.mark.parametrize("version", run_pythons.VERSIONS)
def test_each_tool_of_the_checks_has_one_version_for_each_python(version: str) -> None:
    wanted = [Requirement(line) for line in requires("sse-perf-tool") or ()]
    world = {"python_version": version, "python_full_version": f"{version}.0"}
    every = {each.name for each in wanted if each.marker and each.marker.evaluate({"extra": "dev"})}
    for_this = Counter(each.name for each in wanted if each.marker and each.marker.evaluate({"extra": "dev"} | world))
    assert for_this == Counter(every)
    assert {"ruff", "mypy", "import-linter", "pytest", "hypothesis"} <= every


def test_the_workflow_tests_the_same_versions() -> None:
    workflow = YAML(typ="safe").load(ROOT / ".github/workflows/tests.yml")
    assert workflow["jobs"]["readme"]["strategy"]["matrix"]["python"] == list(run_pythons.VERSIONS)
    steps = [step.get("run", "") for step in workflow["jobs"]["readme"]["steps"]]
    assert any(step.startswith("make demo") for step in steps)
    assert "make test PYTHON=python" in steps
    folder = workflow["jobs"]["long-folder"]["steps"][0]["with"]["path"]
    assert len(folder) > 100


def test_running_needs_no_tool_of_the_checks() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    rules = dict(re.findall(r"^([\w./-]+):([^\n=]*)", makefile, re.MULTILINE))
    for running in ("demo", "serve", "serve-prod", "assets"):
        assert ".venv/ready" in rules[running].split()
        assert not {"check", "dev-assets", ".venv/dev-ready"} & set(rules[running].split())
    recipe = re.search(
        r"^\.venv/ready:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert recipe
    assert '".[server]"' in recipe[1]


def test_every_python_has_the_workers_of_make_test() -> None:
    assert f"pytest -q {' '.join(run_pythons.PARALLEL)} " in (ROOT / "Makefile").read_text(encoding="utf-8")


def test_the_newest_of_pyenv_is_found_and_a_shim_of_a_version_that_is_off_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shim = fake_python(tmp_path / "shims", "3.12.0", "not switched on").parent
    monkeypatch.setenv("PATH", str(shim), prepend=":")
    for version in ("3.12.2", "3.12.11", "3.13.1"):
        fake_python(tmp_path / "pyenv", version, version.rpartition(".")[0])
    assert run_pythons.interpreter("3.12", tmp_path / "pyenv") == str(tmp_path / "pyenv/3.12.11/bin/python3.12")
    assert run_pythons.interpreter("3.99", tmp_path / "pyenv") is None


def test_what_was_not_found_and_what_failed_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = fake_python(tmp_path, "3.11.1", "3 passed in 1s"), fake_python(tmp_path, "3.13.1", "1 failed; exit 1")
    found = {"3.11": good, "3.13": bad}
    monkeypatch.setattr(run_pythons, "interpreter", found.get)
    monkeypatch.setattr(run_pythons, "environment", lambda version, python: python)
    assert run_pythons.main(["3.10", "3.11"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[-2:] == ["Python 3.10  not found here: not tested", "Python 3.11  passed: 3 passed in 1s (0 s)"]
    assert run_pythons.main([]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "Python 3.13  FAILED: 1 failed (0 s)"
    assert run_pythons.main(["3.10"]) == 1  # none could be run
    assert run_pythons.main(["3.9"]) == 2
