"""What the console says of a run before it begins."""

from __future__ import annotations

from typing import Any

import pytest

from console_output import shown
from sse_perf_tool.console import Console
from sse_perf_tool.records import RunConfig
from sse_perf_tool.texts import display_width


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({}, "1 request"),
        ({"requests": 1}, "1 request"),
        ({"threads": 4}, "4 threads, one request each"),
        ({"threads": 4, "requests": 10}, "4 threads, 10 requests in total"),
        ({"threads": 1, "requests": 3}, "1 thread, 3 requests in total"),
        ({"threads": 4, "duration_s": 60.0}, "4 threads for 60 s"),
        ({"threads": 4, "requests": 10, "duration_s": 60.0}, "4 threads, 10 requests in total, for at most 60 s"),
        ({"threads": 4, "duration_s": 2.5, "ramp_up_s": 1.0}, "4 threads for 2.5 s, started over 1 s"),
    ],
)
def test_the_load_is_said_in_words(config: dict[str, Any], words: str) -> None:
    assert f"  Load              {words}\n" in shown(lambda console: console.start(RunConfig(**config)))


@pytest.mark.parametrize(
    ("config", "formats", "words"),
    [
        ({}, {}, "auto: detected from the stream"),
        ({}, {"guessed_format": "dify"}, "dify (auto, from the URL)"),
        ({}, {"guessed_format": "dify", "seen_format": "openai_chat"}, "openai_chat (auto)"),
        ({}, {"seen_format": ""}, "auto: detected from the stream"),
        ({"format": "custom"}, {"guessed_format": "dify", "seen_format": "custom"}, "custom"),
    ],
)
def test_the_format_is_the_one_named_else_seen_else_guessed(
    config: dict[str, Any], formats: dict[str, str], words: str
) -> None:
    assert f"  Format            {words}\n" in shown(lambda console: console.start(RunConfig(**config), **formats))


@pytest.mark.parametrize(("columns", "room"), [(200, 60), (80, 60), (50, 30), (10, 20)])
def test_a_long_query_is_cut_to_the_width_of_the_terminal(columns: int, room: int) -> None:
    text = shown(lambda console: console.start(RunConfig(query="为什么" * 20)), columns=columns)
    query = next(line for line in text.splitlines() if "为什么" in line).removeprefix("  Query             ")
    assert query.endswith("…")
    assert room - 1 <= display_width(query) <= room  # a character of two columns may not fit into the last


def test_a_query_cannot_steer_the_terminal() -> None:
    assert "\x1b" not in shown(lambda console: console.start(RunConfig(query="a\x1b[2Jb")))


def test_the_parameter_file_stands_where_there_is_no_single_query() -> None:
    config = RunConfig(query=None, param_file="examples/queries.txt")
    assert "  Query             examples/queries.txt\n" in shown(lambda console: console.start(config))


def test_warnings_stand_one_a_line_in_yellow_where_there_are_colours() -> None:
    def show(console: Console) -> None:
        console.start(RunConfig(), ["first", "second"])

    assert shown(show).endswith("warning: first\nwarning: second\n\n")
    assert shown(show, "zh").endswith("警告：first\n警告：second\n\n")
    assert shown(show, color=True).endswith("\x1b[33mwarning: first\x1b[0m\n\x1b[33mwarning: second\x1b[0m\n\n")
