"""The agent mode of the chat server, read by the tool's own formats: all parts of it, in order, with their times."""

from __future__ import annotations

import json

import pytest

from sse_perf_tool.chat_server.agent import ANSWERED, ANSWERING, parts_before_text
from sse_perf_tool.chat_server.dialects import BY_PATH, agui, dify, openai
from sse_perf_tool.chat_server.turn import FlagValues, Turn
from sse_perf_tool.formats import FORMATS, AnswerReader

DIALECTS = {"dify": dify.DIALECT, "openai_chat": openai.DIALECT, "ag_ui": agui.DIALECT}


def answer_of(name: str, query: str = "What?") -> AnswerReader:
    """A whole answer of the agent in one dialect, as the tool reads it."""
    dialect, turn = DIALECTS[name], Turn.plan(FlagValues(query), (), 1, "c1", 3)
    assert dialect.agent is not None
    reader = AnswerReader(FORMATS[name], {}, "text/event-stream")
    reader.feed(dialect.opening(turn))
    for part in parts_before_text(query):
        reader.feed(dialect.agent(turn, part))
    for token in turn.tokens:
        reader.feed(dialect.part(turn, turn.give(token)))
    reader.feed(dialect.agent(turn, ANSWERED) + dialect.closing(turn))
    reader.close()
    return reader


def named(reader: AnswerReader, kind: str) -> list[str]:
    return [part.name for part in reader.trail.parts if part.kind.value == kind]


@pytest.mark.parametrize("name", DIALECTS)
def test_reasoning_two_calls_and_text_come_in_every_dialect(name: str) -> None:
    reader = answer_of(name)
    assert reader.complete
    assert reader.text == "".join(Turn.plan(FlagValues("What?"), (), 1, "c1", 3).tokens)
    assert reader.reasoning.startswith("The question wants two facts")
    assert named(reader, "tool_call") == ["search", "calculator"]


@pytest.mark.parametrize("name", ["dify", "ag_ui"])
def test_steps_and_results_come_where_the_api_has_them(name: str) -> None:
    reader = answer_of(name)
    assert named(reader, "step") == ["plan", "check", "answer"]
    assert named(reader, "tool_result") == ["search", "calculator"]
    assert all(part.end is not None for part in reader.trail.parts if part.kind.value in ("step", "tool_call"))


def test_arguments_are_whole_json_and_only_the_work_of_tools_takes_longer() -> None:
    parts = parts_before_text('say "hi" 你好' * 9)
    for key in ("c1", "c2"):
        pieces = [part for part in parts if part.key == key]
        said = "".join(part.text for part in pieces if part.kind == "arguments")
        assert json.loads(said)
        assert [part.text for part in pieces if part.works] == [said]
    assert parts[-1] is ANSWERING


def test_every_api_but_two_has_words_for_an_agent() -> None:
    assert {path for path, dialect in BY_PATH.items() if dialect.agent is None} == {"/chat", "/v1/messages"}
