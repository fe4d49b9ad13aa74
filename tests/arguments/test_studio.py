"""What each flag of the studio command does to what it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from command_lines import parsed, problem
from sse_perf_tool.arguments.parsed import StudioArguments
from sse_perf_tool.flags import STUDIO_FLAGS

EFFECTS: dict[str, tuple[list[str], Callable[[StudioArguments], Any], Any]] = {
    "dir": (["--dir", "there"], lambda s: s.folder, Path("there")),
    "watch": (["--watch", "there", "--watch", "."], lambda s: s.watch, (Path("there"), Path())),
    "port": (["--port", "0"], lambda s: s.port, 0),
    "host": (["--host", "::1"], lambda s: s.host, "::1"),
    "allow_host": (["--allow-host", "lab:80"], lambda s: s.allow_hosts, ("lab:80",)),
}


def asked(*argv: str, **environ: str) -> StudioArguments:
    found = parsed("studio", *argv, environ=environ).studio
    assert found is not None
    return found


@pytest.mark.parametrize("flag", EFFECTS)
def test_a_flag_has_its_effect(flag: str) -> None:
    Path("there").mkdir()
    argv, seen, expected = EFFECTS[flag]
    assert seen(asked(*argv)) == expected
    assert seen(asked()) != expected


def test_every_flag_is_shown_to_have_an_effect() -> None:
    assert {flag.key for flag in STUDIO_FLAGS} == set(EFFECTS) | {"lang", "help", "version"}


def test_without_any_flag_it_is_for_this_machine_alone() -> None:
    assert asked() == StudioArguments(Path(), "127.0.0.1", 8501)


def test_the_target_of_loads_in_the_environment_is_not_where_it_listens() -> None:
    found = asked(SSE_PERF_HOST="api.example.com", SSE_PERF_PORT="80")
    assert (found.host, found.port) == ("127.0.0.1", 8501)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "lab", "::"])
def test_to_be_open_for_others_has_to_be_said_twice(host: str) -> None:
    assert "--allow-host" in problem("studio", "--host", host)
    assert asked("--host", host, "--allow-host", "lab").host == host


def test_wrong_values_get_a_line() -> None:
    assert problem("studio", "--dir", "nowhere") == "--dir nowhere: there is no such folder"
    assert problem("studio", "--watch", "nowhere") == "--watch nowhere: there is no such folder"
    assert problem("studio", "--allow-host", "http://lab/").startswith("--allow-host http://lab/: expected NAME")
    assert problem("studio", "--prot", "1") == "--prot: no such flag; did you mean --port?"
    assert problem("studio", "--port", "70000").startswith("--port 70000")
    assert problem("studio", "here").startswith("unexpected argument")
