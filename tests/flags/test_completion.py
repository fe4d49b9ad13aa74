"""`--completion`: the script of each shell is taken by that shell, and completes flags, their values and commands."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from command_lines import parsed, problem
from sse_perf_tool.flags import COMMANDS, FLAGS, completion

SHELLS = ("bash", "zsh", "fish")
ASK = """
source sse-perf.sh
COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_shtab_sse_perf sse-perf "${{COMP_WORDS[$COMP_CWORD]}}"
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def script_of(shell: str) -> str:
    return parsed("--completion", shell).text


@pytest.mark.parametrize("shell", SHELLS)
def test_the_shell_takes_its_script(shell: str, tmp_path: Path) -> None:
    text = script_of(shell)
    assert all(flag.key.replace("_", "-") in text for flag in FLAGS)
    assert all(command in text for command in COMMANDS)
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} here")
    (tmp_path / "script").write_text(text, encoding="utf-8")
    done = subprocess.run([shell, "-n", "script"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("sse-perf --thre", ["--threads", "--threshold"]),
        ("sse-perf --format open", ["openai_chat", "openai_completions", "openai_responses"]),
        ("sse-perf --threshold tpot", ["tpot_ms:"]),
        ("sse-perf --lang ''", ["en", "zh"]),
        ("sse-perf cal", ["calibrate"]),
        ("sse-perf bench --order ''", ["lanes", "interleaved"]),
        ("sse-perf --param-file que", ["queries.txt"]),
    ],
)
def test_what_bash_offers(words: str, offered: list[str], tmp_path: Path) -> None:
    (tmp_path / "sse-perf.sh").write_text(script_of("bash"), encoding="utf-8")
    (tmp_path / "queries.txt").touch()
    asked = ["bash", "--norc", "-c", ASK.format(words=words)]
    done = subprocess.run(asked, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert sorted(done.stdout.split()) == sorted(offered), done.stderr


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_is_said_of_a_flag_begins_with_a_word(language: str) -> None:
    text = parsed("--completion", "fish", "--lang", language).text
    said = re.findall(r""" -d ['"](.)""", text)
    assert len(said) > len(FLAGS)
    assert set(said).isdisjoint(";；,，.。 ")


def test_another_shell_and_a_missing_package_get_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    assert problem("--completion", "csh").startswith("--completion csh: ")
    monkeypatch.setitem(__import__("sys").modules, "shtab", None)
    assert problem("--completion", "bash") == (
        "--completion: needs the package shtab: pip install 'sse-perf-tool[completion]'"
    )
    assert problem("--completion", "bash", "--lang", "zh").startswith("--completion：需要软件包 shtab")
    assert completion.NAME == "sse-perf"
