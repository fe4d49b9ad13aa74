"""The action and the examples for CI: their files have the right form, and their commands are those of this tool."""

from __future__ import annotations

import os
import shlex
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from command_lines import parsed
from sse_perf_tool.commands import environment as world

ROOT = Path(__file__).resolve().parents[2]
STATUSES = (world.OK, world.SOME_FAILED, world.WRONG_USAGE, world.PARTIAL, world.MISSED, world.INTERRUPTED)
TOOL = """#!/bin/sh
printf '%s\\n' "$@" > seen
while [ $# -gt 0 ]; do
  if [ "$1" = --markdown ]; then echo '# a run' > "$2"; fi
  shift
done
exit 99
"""


def yaml_of(path: str) -> Any:
    return YAML(typ="safe").load((ROOT / path).read_text(encoding="utf-8"))


def step(name: str) -> dict[str, Any]:
    (found,) = (each for each in yaml_of("action.yml")["runs"]["steps"] if each.get("name") == name)
    return dict(found)


def run_step(folder: Path, command: str, thresholds: str) -> tuple[int, list[str], str, str]:
    """Exit status, words that the tool got, outputs and summary of the step that runs it."""
    tool = folder / "sse-perf" / "bin" / "sse-perf"
    tool.parent.mkdir(parents=True)
    tool.write_text(TOOL)
    tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    files = {name: folder / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    env = {
        **os.environ, **{name: str(path) for name, path in files.items()}, "RUNNER_TEMP": str(folder),
        "COMMAND": command, "THRESHOLDS": thresholds, "FOLDER": "results",
    }  # fmt: skip
    script = ["bash", "-e", "-o", "pipefail", "-c", step("run sse-perf")["run"]]
    done = subprocess.run(script, cwd=folder, env=env, check=False)
    texts = [path.read_text() if path.exists() else "" for path in files.values()]
    return done.returncode, (folder / "seen").read_text().splitlines(), texts[0], texts[1]


def test_the_step_of_the_action_gives_words_rules_status_and_summary(tmp_path: Path) -> None:
    rules = "ttft_ms:p(95)<500\n\nerrors:rate<1%\n"
    status, words, outputs, summary = run_step(tmp_path, "--url http://h/x --query 'two words'", rules)
    assert status == world.MISSED
    assert words[:8] == [
        "--url", "http://h/x", "--query", "two words",
        "--threshold", "ttft_ms:p(95)<500", "--threshold", "errors:rate<1%",
    ]  # fmt: skip
    assert outputs == "status=99\nsummary=results/run.json\n"
    assert summary == "# a run\n"


def test_the_action_names_the_inputs_and_outputs_of_its_documentation() -> None:
    action = yaml_of("action.yml")
    for page in ("docs/ci.md", "docs/ci_zh.md"):
        text = (ROOT / page).read_text(encoding="utf-8")
        assert all(f"| `{name}` |" in text for name in action["inputs"])
        assert all(f"`{name}`" in text for name in action["outputs"])
        assert all(f"| {status} |" in text for status in STATUSES)


def test_every_use_of_an_input_is_declared() -> None:
    text = (ROOT / "action.yml").read_text(encoding="utf-8")
    declared = yaml_of("action.yml")["inputs"]
    used = {word.split("inputs.")[1].split()[0].rstrip("}") for word in text.splitlines() if "inputs." in word}
    assert used == set(declared)


def commands_of(path: str) -> list[str]:
    """The commands of the tool in an example, as one line each."""
    text = (ROOT / path).read_text(encoding="utf-8").replace("\\\n", " ")
    if path.endswith("gitlab-ci.yml"):
        return [line for line in yaml_of(path)["load"]["script"] if line.startswith("sse-perf ")]
    if path.endswith("Jenkinsfile"):
        return [line.strip() for line in text.splitlines() if line.strip().startswith(".sse-perf/bin/sse-perf ")]
    steps = yaml_of(path)["jobs"]["load"]["steps"]
    return ["sse-perf " + each["with"]["command"] for each in steps if "command" in each.get("with", {})]


@pytest.mark.parametrize("path", ["gitlab-ci.yml", "Jenkinsfile", "github-workflow.yml"])
def test_the_examples_are_command_lines_of_this_tool(path: str) -> None:
    (command,) = commands_of(f"examples/ci/{path}")
    words = shlex.split(command)[1:]
    arguments = parsed(*words, environ={"SSE_PERF_API_KEY": "sk-0123456789"})
    assert (arguments.command, arguments.config.threads, arguments.config.duration_s) == ("run", 10, 120.0)
    assert arguments.config.require_trust


@pytest.mark.parametrize("path", sorted((ROOT / ".github").rglob("*.yml")), ids=lambda path: path.name)
def test_files_for_github_can_be_read(path: Path) -> None:
    assert isinstance(YAML(typ="safe").load(path.read_text(encoding="utf-8")), dict)
