"""What each command takes, and what it passes over."""

from __future__ import annotations

from pathlib import Path

import pytest

from command_lines import KEYED, keyed, parsed, problem, write
from sse_perf_tool.exporters import EXPORTERS
from sse_perf_tool.flags import COMMAND, help_text


def test_serve_hands_its_flags_to_the_server_and_speaks_the_language_asked_for() -> None:
    arguments = parsed("serve", "--port", "8000", "--debug", "--lang", "zh")
    assert (arguments.command, arguments.lang) == ("serve", "zh")
    assert sorted(arguments.rest) == ["--debug", "--port=8000"]


def test_serve_has_the_help_and_the_hints_of_the_other_commands() -> None:
    assert parsed("serve", "--help", "--lang", "zh").text == help_text("zh", "serve")
    assert problem("serve", "--prot", "1") == "--prot: no such flag; did you mean --port?"
    assert problem("serve", "--prot", "1", "--lang", "zh") == "--prot：没有这个参数，是否想用 --port？"
    assert problem("serve", "--port").startswith("--port: a value is missing; write --port PORT")
    assert problem("serve", "8000").startswith('unexpected argument "8000"')


def test_report_takes_files_and_its_outputs() -> None:
    write("a.jsonl")
    write("b.jsonl")
    arguments = parsed("report", "a.jsonl", "--html-report", "r.html", "b.jsonl", "--brand", "ACME", "--lang", "zh")
    assert (arguments.command, arguments.lang, arguments.brand) == ("report", "zh", "ACME")
    assert arguments.files == (Path("a.jsonl"), Path("b.jsonl"))
    assert arguments.html_report == Path("r.html")
    named = parsed("report", "a.jsonl", "--json", "s.json", "--csv", "s.csv", "--report-title", "Nightly")
    assert named.exports == {"json": Path("s.json"), "csv": Path("s.csv")}
    assert named.report_title == "Nightly"


@pytest.mark.parametrize("name", EXPORTERS)
def test_an_output_about_one_run_cannot_be_asked_for_several(name: str) -> None:
    write("a.jsonl")
    write("b.jsonl")
    assert problem("report", "a.jsonl", "b.jsonl", f"--{name}", "out").startswith(f"--{name} out: works with one run")


def test_calibrate_takes_a_load_and_a_file() -> None:
    arguments = parsed(
        "calibrate", "--threads", "7", "--processes", "2", "--itl-ms", "5", "--quick", "--json", "c.json"
    )
    config = arguments.config
    assert (arguments.command, config.threads, config.processes, config.calibrate_itl_ms) == ("calibrate", 7, 2, 5.0)
    assert (arguments.processes, arguments.quick, arguments.exports) == (2, True, {"json": Path("c.json")})
    assert config.command == f"{COMMAND} calibrate --threads 7 --processes 2 --itl-ms 5 --quick --json c.json"


def test_calibrate_has_50_threads_in_as_many_processes_as_a_run_and_20_ms_unless_told() -> None:
    arguments = parsed("calibrate")
    assert (arguments.config.threads, arguments.config.processes, arguments.config.calibrate_itl_ms) == (50, 1, 20.0)
    assert (arguments.processes, arguments.quick, arguments.html_report) == (None, False, None)


@pytest.mark.parametrize("argv", [["--no-color"], []])
def test_report_takes_colours_as_a_run_does(argv: list[str]) -> None:
    assert parsed("report", write("a.jsonl"), *argv).color is not bool(argv)
    assert not parsed("report", "a.jsonl", *argv, environ={"NO_COLOR": "1"}).color


def test_report_without_a_name_is_dated() -> None:
    assert parsed("report", write("a.jsonl")).html_report == Path("report/report_20250304_120506.html")


def test_debug_sends_one_request_and_says_what_it_passes_over() -> None:
    arguments = keyed("--debug", "--threads", "5", "--duration", "9", "--requests", "7")
    config = arguments.config
    assert (config.threads, config.duration_s, config.requests) == (1, 0.0, 1)
    assert arguments.warnings == (
        "--threads: not used, --debug sends one request",
        "--duration: not used, --debug sends one request",
        "--requests: not used, --debug sends one request",
    )


def test_debug_judges_nothing_and_says_so() -> None:
    arguments = keyed("--debug", "--threshold", "errors:count<1", "--abort-on", "errors:count>1")
    assert (arguments.config.thresholds, arguments.config.abort_on) == ([], [])
    assert arguments.warnings == (
        "--threshold: not used, --debug sends one request",
        "--abort-on: not used, --debug sends one request",
    )


def test_simple_sends_one_request_in_the_demo_too_and_says_what_it_passes_over() -> None:
    arguments = keyed("--demo", "--simple", "--threads", "5", "--turns", "3", "--think-time", "1")
    assert (arguments.command, arguments.config.requests_wanted, arguments.config.turns) == ("demo", 1, 1)
    assert arguments.config.duration_s == arguments.config.think_time_s == 0
    assert arguments.warnings == (
        "--threads: not used, --simple sends one request",
        "--turns: not used, --simple sends one request",
        "--think-time: not used, --simple sends one request",
    )


def test_one_think_time_is_a_fixed_one() -> None:
    config = keyed("--turns", "2", "--think-time", "0.5").config
    assert (config.think_time_s, config.think_time_max_s) == (0.5, 0.5)


@pytest.mark.parametrize("threads", [1, 4])
def test_a_run_without_time_or_number_is_a_conversation_a_thread(threads: int) -> None:
    assert keyed("--turns", "3", "--threads", str(threads)).config.requests_wanted == 3 * threads
    assert keyed("--turns", "3", "--requests", "5").config.requests_wanted == 5
    assert keyed("--turns", "3", "--duration", "5").config.requests_wanted is None


def test_a_template_with_a_place_for_the_conversation_makes_any_format_take_turns() -> None:
    with_place, without = (
        write("t.json", '{"q": "{query}", "c": "{conversation_id}"}'),
        write("u.json", '{"q": "{query}"}'),
    )
    tgi = ("--format", "tgi", "--turns", "2", "--request-body-file")
    assert keyed(*tgi, with_place).config.turns == 2
    assert problem(*KEYED, *tgi, without) == (
        "--turns 2: --request-body-file has no placeholder for the conversation; put {conversation_id} into it"
    )


def test_the_demo_takes_the_load_that_is_asked_for() -> None:
    config = parsed("--demo", "--threads", "2", "--duration", "1").config
    assert (config.threads, config.duration_s) == (2, 1.0)
