"""What the profile command is asked for: server, passes, flags, and the mistakes that are told."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from command_lines import NOON, problem
from sse_perf_tool.arguments import Arguments, parse_arguments
from sse_perf_tool.arguments.parsed import ProfileArguments
from sse_perf_tool.flags import FLAGS, PROFILE_FLAGS
from sse_perf_tool.flags.help import help_text
from sse_perf_tool.flags.profile_checks import Limit

pytestmark = pytest.mark.usefixtures("own_folder")
SERVER = ("--", "python3", "server.py")


def asked_all(*argv: str) -> Arguments:
    port = () if "--demo" in argv else ("--port", "8000")
    return parse_arguments(["profile", *port, *argv], {}, lambda: NOON)


def asked(*argv: str) -> ProfileArguments:
    found = asked_all(*argv).profile
    assert found is not None
    return found


EFFECTS: dict[str, tuple[list[str], Callable[[ProfileArguments], Any], Any]] = {
    "ready": (["--ready", "http://h/x"], lambda p: p.ready_url, "http://h/x"),
    "ready_text": (["--ready-text", "up"], lambda p: p.ready_text, "up"),
    "ready_timeout": (["--ready-timeout", "2m"], lambda p: p.ready_timeout_s, 120.0),
    "sample_rate": (["--sample-rate", "50"], lambda p: p.sample_rate, 50),
    "native": (["--native"], lambda p: p.native, True),
    "no_metrics": (["--no-metrics"], lambda p: p.metrics, False),
    "metrics_interval": (["--metrics-interval", "5"], lambda p: p.metrics_interval_s, 5.0),
    "no_inject": (["--no-inject"], lambda p: p.inject, False),
    "target": (
        ["--target", "p50 < 2s", "--target", "RSS<1gb"],
        lambda p: p.limits,
        (Limit("p50", 2000.0, "p50<2s"), Limit("rss", 1000.0, "rss<1GB")),
    ),
    "fail_on_targets": (["--fail-on-targets"], lambda p: p.fail_on_targets, True),
    "server_log": (["--server-log", "s.log"], lambda p: p.server_log, Path("s.log")),
    "stop_signal": (["--stop-signal", "sigterm"], lambda p: p.stop_signal, "TERM"),
    "keep_running": (["--keep-running"], lambda p: p.keep_running, True),
    "compare": (["--compare"], lambda p: p.compare, True),
}


@pytest.mark.parametrize("flag", EFFECTS)
def test_a_flag_has_its_effect(flag: str) -> None:
    argv, seen, expected = EFFECTS[flag]
    assert seen(asked(*argv, *SERVER)) == expected
    assert seen(asked(*SERVER)) != expected


def test_every_flag_of_its_own_is_shown_to_have_an_effect() -> None:
    own = {flag.key for flag in PROFILE_FLAGS} - {flag.key for flag in FLAGS}
    assert own == {*EFFECTS, "pid"}


def test_it_has_the_load_of_a_run_and_defaults_of_its_own() -> None:
    found = asked_all(*SERVER)
    assert (found.command, found.config.threads, found.config.duration_s) == ("profile", 10, 30.0)
    found = asked_all("--connections", "7", "--duration", "5", *SERVER)
    assert (found.config.threads, found.config.duration_s) == (7, 5.0)
    found = asked_all("--requests-per-second", "4", "--duration", "5", *SERVER)
    assert (found.config.rate_per_s, found.config.threads) == (4.0, 40)
    assert asked_all("--concurrent", "3", "--requests", "9", *SERVER).config.requests_wanted == 9
    assert asked_all("--demo").config.threads == 5
    (threads,) = re.findall(r"--connections N\n.*\n\s+\(default (\d+)\)", help_text("en", "profile"))
    assert threads == "10"


@pytest.mark.parametrize(
    ("words", "passes"),
    [
        ([], ("doctor",)),
        (["doctor", "flame"], ("doctor", "flame")),
        (["heapprofiler", "bubbleprof"], ("doctor", "heap", "async")),
        (["all"], ("doctor", "flame", "heap", "async")),
    ],
)
def test_words_are_passes_in_their_order(words: list[str], passes: tuple[str, ...]) -> None:
    assert asked(*words, *SERVER).passes == passes


def test_flame_is_compared_with_load_without_profilers() -> None:
    assert asked("flame", *SERVER).compare
    assert not asked("heap", *SERVER).compare


def test_what_stands_behind_the_dashes_is_the_server_whatever_it_looks_like() -> None:
    command = ("--", "npm", "start", "--help", "--lang", "zh", "--version", "--port", "x")
    found = asked_all(*command)
    assert found.profile is not None
    assert found.profile.command == command[1:]
    assert found.lang == "en"


def test_a_secret_in_the_command_is_masked_wherever_it_is_shown() -> None:
    secret = "sk-0123456789abcdef4Knu"
    found = asked_all("--", "serve", "--api-key", secret, f"--token={secret}", "--model", "m")
    assert found.profile is not None
    assert found.profile.command[2] == secret
    for text in (found.profile.shown, found.config.command):
        assert secret not in text
        assert "--model m" in text


def test_the_folder_stands_beside_the_page() -> None:
    assert (asked(*SERVER).folder, asked(*SERVER).name) == (Path("report"), "profile_20250304_120506")
    found = asked("--html-report", "p.html", *SERVER)
    assert (found.folder, found.name) == (Path(), "p_profile")


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ([], "profile: which server? sse_perfTestTool.py profile [passes] [flags] -- COMMAND, or --pid PID, or --demo"),
        ([*SERVER], "profile: where does the server listen? add --url http://127.0.0.1:PORT/PATH, or --port"),
        (["flam", *SERVER], 'profile: "flam" is no pass; did you mean flame?'),
        (["python3", "x.py"], 'profile: "python3" is no pass; choose doctor, flame, heap, async or all;'),
        (["--pid", "5", *SERVER], "--pid 5: cannot go with a command behind --; keep one of them"),
        (["--demo", *SERVER], "--demo: cannot go with a command behind --; keep one of them"),
        (["--url", "http://example.org/x", *SERVER], "--url http://example.org/x: is not this machine;"),
        (["--target", "p51<1s", *SERVER], "--target p51<1s: give NAME<VALUE, e.g. 'p50<1s'"),
        (["--target", "p50<1MB", *SERVER], "--target p50<1MB: p50 is in ms / s; write it so"),
        (["--stop-signal", "NO", *SERVER], "--stop-signal NO: no such signal; give a name as INT, TERM or QUIT"),
        (
            ["--url", "http://localhost:8000", *SERVER],
            (
                "--url http://localhost:8000: names a server, but no endpoint; did you mean "
                "http://localhost:8000/v1/chat/completions? (no answer: the server is not started yet;"
            ),
        ),
        (["--redy", "x", *SERVER], "--redy: no such flag; did you mean --ready?"),
    ],
)
def test_a_mistake_is_one_line(argv: list[str], said: str) -> None:
    assert problem("profile", *argv).startswith(said)
