"""Defaults, and that each flag has its effect."""

from __future__ import annotations

import pytest

from command_lines import CUSTOM, EFFECTS, KEYED, WITH_FILES, body_of, keyed, parsed
from sse_perf_tool.arguments import Address
from sse_perf_tool.flags import BENCH_HELP, EVERY_FLAG, FLAGS, HELP, STUDIO_HELP
from sse_perf_tool.formats import FORMATS
from sse_perf_tool.providers import Query

# --- defaults


def test_the_defaults_are_those_of_the_manual() -> None:
    arguments = keyed()
    config = arguments.config
    assert arguments.command == "run"
    assert arguments.address == Address("http", "localhost", 80, "/v1/chat-messages")
    assert arguments.format is FORMATS["dify"]
    assert (config.format, config.query, config.user, config.conversation_id) == ("auto", "你是谁", "gaolou", "")
    assert (config.threads, config.duration_s, config.ramp_up_s, config.timeout_s) == (1, 0.0, 0.0, 60.0)
    assert (config.retries, config.requests, config.idle_timeout_s) == (3, None, None)
    assert (arguments.verify, arguments.quiet, arguments.color, arguments.lang) == (True, False, True, "en")
    assert (arguments.exports, arguments.records_file, arguments.warnings) == ({}, None, ())
    assert (arguments.brand, arguments.report_title) == ("7DGroup", None)
    assert arguments.queries.next() == Query("你是谁", {})
    assert body_of(arguments)["query"] == "你是谁"


"""Flags whose effect takes more than a row to show: they have tests of their own."""


# --- one flag after the other


@pytest.mark.parametrize("flag", EFFECTS)
def test_a_flag_has_its_effect(flag: str) -> None:
    argv, seen, expected = EFFECTS[flag]
    common = CUSTOM if argv[:2] == CUSTOM else []
    given = [] if flag == "api_key" else KEYED
    assert seen(keyed(*common)) != expected, "without the flag it is otherwise"
    assert seen(parsed(*given, *argv)) == expected


def test_every_flag_is_shown_to_have_an_effect() -> None:
    keys = [flag.key for flag in FLAGS]
    assert sorted([*EFFECTS, *WITH_FILES]) == sorted(keys)
    assert set(HELP) | set(BENCH_HELP) | set(STUDIO_HELP) == {flag.key for flag in EVERY_FLAG}


def test_execution_time_is_another_name_of_duration() -> None:
    assert keyed("--execution-time", "7").config.duration_s == 7.0


def test_values_may_be_joined_with_an_equals_sign() -> None:
    assert keyed("--port=81", "--query=-x").config.url == "http://localhost:81/v1/chat-messages"


def test_names_of_formats_may_be_written_with_dashes() -> None:
    assert keyed("--format", "OpenAI-chat").config.format == "openai_chat"
