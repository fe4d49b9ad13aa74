"""What each flag of the bench command does to what it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from command_lines import parsed, write
from sse_perf_tool.arguments.parsed import BenchArguments
from sse_perf_tool.flags import BENCH_FLAGS

EFFECTS: dict[str, tuple[list[str], Callable[[BenchArguments], Any], Any]] = {
    "config": (["--config", "c.yaml"], lambda b: (b.config, b.config_named), (Path("c.yaml"), True)),
    "provider": (["--provider", "a", "--provider", "b"], lambda b: b.providers, ("a", "b")),
    "model": (["--model", "a", "--model", "b"], lambda b: b.models, ("a", "b")),
    "runs": (["--runs", "7"], lambda b: b.runs, 7),
    "context_tiers": (["--context-tiers", "0,50"], lambda b: b.context_tiers, (0, 50)),
    "max_tokens": (["--max-tokens", "9"], lambda b: b.max_tokens, 9),
    "temperature": (["--temperature", "0"], lambda b: b.temperature, 0.0),
    "prompt": (["--prompt", "hi"], lambda b: [query.text for query in b.queries or ()], ["hi"]),
    "param_file": (["--param-file", "q.txt"], lambda b: [query.text for query in b.queries or ()], ["one", "two"]),
    "order": (["--order", "interleaved"], lambda b: b.order, "interleaved"),
    "via": (["--via", "litellm"], lambda b: b.via, "litellm"),
    "threads": (["--threads", "3"], lambda b: b.threads, 3),
    "threshold": (["--threshold", "errors:rate<1%"], lambda b: b.thresholds, ("errors:rate<1%",)),
    "results": (["--results", "there"], lambda b: b.results, Path("there")),
    "no_save": (["--no-save"], lambda b: b.results, None),
    "list": (["--list"], lambda b: b.action, "list"),
    "history": (["--history"], lambda b: b.action, "history"),
    "show": (["--show", "x"], lambda b: b.action, "show"),
    "compare": (["--compare", "a", "b"], lambda b: b.action, "compare"),
    "demo": (["--demo"], lambda b: b.action, "demo"),
    "verbose": (["--verbose"], lambda b: b.verbose, True),
    "timeout": (["--timeout", "5"], lambda b: b.timeout_s, 5.0),
    "retries": (["--retries", "2"], lambda b: b.retries, 2),
    "seed": (["--seed", "8"], lambda b: b.seed, 8),
}
OTHERS = {"metrics_url", "studio"}
"""Shown in tests of their own."""
OUTPUTS = {"html_report", "brand", "report_title", "json", "csv", "markdown", "junit"}
OF_EVERY_COMMAND = {*OUTPUTS, *OTHERS, "no_color", "lang", "help", "version"}


def asked(*argv: str) -> BenchArguments:
    found = parsed("bench", *argv).bench
    assert found is not None
    return found


@pytest.mark.parametrize("flag", EFFECTS)
def test_a_flag_has_its_effect(flag: str) -> None:
    write("q.txt", "one\ntwo\n")
    argv, seen, expected = EFFECTS[flag]
    assert seen(asked(*argv)) == expected
    assert seen(asked()) != expected


def test_every_flag_is_shown_to_have_an_effect() -> None:
    assert {flag.key for flag in BENCH_FLAGS} == set(EFFECTS) | OF_EVERY_COMMAND


def test_a_studio_that_watches_has_the_results() -> None:
    Path("there").mkdir()
    found = parsed("bench", "--studio", "there")
    assert found.studio_folder == Path("there")
    assert found.bench is not None
    assert found.bench.results == Path("there/results")
    assert parsed("bench", "--studio", "there", "--results", "r").bench.results == Path("r")  # type: ignore[union-attr]


def test_without_any_flag_the_config_decides() -> None:
    found = asked()
    assert (found.config, found.config_named, found.results) == (Path("config.yaml"), False, Path("results"))
    assert (found.runs, found.context_tiers, found.max_tokens, found.temperature, found.queries) == (None,) * 5
    assert (found.threads, found.order, found.retries, found.timeout_s) == (1, "lanes", 0, 60.0)


def test_its_outputs_are_those_of_other_commands() -> None:
    found = parsed("bench", "--json", "a.json", "--csv", "a.csv", "--no-color")
    assert (found.command, found.exports, found.color) == (
        "bench",
        {"json": Path("a.json"), "csv": Path("a.csv")},
        False,
    )


def test_a_file_of_settings_for_runs_is_not_its_config() -> None:
    write("config.yaml", "providers: {}\n")
    assert asked("--config", "config.yaml").config == Path("config.yaml")


def test_a_file_whose_queries_are_guessed_at_is_warned_of() -> None:
    write("q.csv", "name\nAda\n")
    (warning,) = parsed("bench", "--param-file", "q.csv").warnings
    assert warning.startswith("--param-file q.csv: 1 of 1 rows have none of query,")
