"""Every dependency has a lowest version, which `make test-lowest` installs."""

from __future__ import annotations

import re

import pytest

import run_lowest


def test_every_dependency_has_a_lowest_version_or_is_pinned() -> None:
    for requirement in run_lowest.requirements(run_lowest.project()):
        assert re.search(r">=\s*[\d.]+|==\s*[\d.]+", requirement), requirement


def test_the_lowest_versions_are_those_of_the_project() -> None:
    found = run_lowest.constraints(run_lowest.project())
    assert {"requests==2.32.2", "prometheus-client==0.20", "urllib3==2.6"} <= set(found)
    assert not any(line.startswith("litellm") for line in found)


def test_markers_upper_bounds_and_extras_are_no_part_of_it() -> None:
    project = {
        "dependencies": ["A_b.c[x]>=2.1,<3 ; python_version > '3'"],
        "optional-dependencies": {"dev": ["ruff>=1.2"], "other": ["a-b-c>=2.1"], "litellm": ["litellm>=1"]},
    }
    assert run_lowest.constraints(project) == ["a-b-c==2.1"]


def test_two_places_that_disagree_are_a_mistake() -> None:
    with pytest.raises(ValueError, match=r"a: >=1 and >=2"):
        run_lowest.constraints({"dependencies": ["a>=1"], "optional-dependencies": {"dev": ["a>=2"]}})
