"""The list of what the tool is made of names the scripts that a wheel bundles, with their hashes."""

from __future__ import annotations

import hashlib

import pytest

import sbom
from sse_perf_tool import __version__
from sse_perf_tool.report_parts.libraries import ASSETS, FLAME_LIBRARIES, LIBRARIES

DOCUMENT = {
    "metadata": {"component": {"bom-ref": "root", "name": "sse-perf-tool"}},
    "components": [{"bom-ref": "requests==2.33", "name": "requests"}],
    "dependencies": [{"ref": "requests==2.33"}, {"ref": "root", "dependsOn": ["requests==2.33"]}],
}


def test_the_bundled_scripts_stand_beside_the_packages() -> None:
    found = sbom.with_scripts(DOCUMENT)
    assert found["metadata"]["component"]["version"] == __version__
    names = [each["name"] for each in found["components"]]
    assert names == ["requests", *(library.package for library in (*LIBRARIES, *FLAME_LIBRARIES))]
    references = {each["bom-ref"] for each in found["components"]}
    assert len(references) == len(names)
    (root,) = (each for each in found["dependencies"] if each["ref"] == "root")
    assert set(root["dependsOn"]) == references
    assert {each["ref"] for each in found["dependencies"]} == {*references, "root"}
    assert "pkg:npm/chart.js@" in root["dependsOn"][0] + root["dependsOn"][1]


def test_a_scope_of_npm_is_written_as_a_package_url_has_it() -> None:
    scoped = LIBRARIES[0]._replace(package="@a/b", version="1.0")
    assert sbom.component(scoped)["purl"] == "pkg:npm/%40a/b@1.0"


def test_the_hashes_are_those_of_the_files() -> None:
    library = LIBRARIES[0]
    path = ASSETS / library.asset
    if not path.is_file():
        pytest.skip("no assets here: make assets")
    (found,) = sbom.component(library)["hashes"]
    assert found == {"alg": "SHA-384", "content": hashlib.sha384(path.read_bytes()).hexdigest()}
