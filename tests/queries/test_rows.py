"""What the rows of data sets ask: every shape that one is known to write, and what is none."""

from __future__ import annotations

from typing import Any

import pytest

from sse_perf_tool.queries.rows import FAULTS, Asked, Fault, asked_in


def turns_of(row: Any) -> tuple[str, ...]:
    asked = asked_in(row, guess=False)
    assert isinstance(asked, Asked), asked
    assert asked.conversation or len(asked.turns) == 1
    return asked.turns


def fault_of(row: Any) -> str:
    """The English words for what is wrong with a row."""
    fault = asked_in(row, guess=False)
    assert isinstance(fault, Fault), fault
    values = {name: FAULTS[str(value)][0] if name == "kind" else value for name, value in fault.values.items()}
    return FAULTS[fault.key][0].format(**values)


USER, ANSWER = {"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}
PARTS = [{"type": "input_text", "text": "hi"}, {"type": "input_image", "image_url": "x"}]


@pytest.mark.parametrize(
    "row",
    [
        {"question_id": 81, "category": "writing", "turns": ["hi", "bye"], "reference": ["a", "b"]},  # MT-bench
        {"category": "writing", "prompt": ["hi", "bye"], "prompt_id": 81},  # the same on the Hub
        {"turns": [{"content": "hi"}, {"content": "bye"}], "cluster": "x"},  # Arena-Hard
        {"conversations": [{"from": "human", "value": "hi"}, {"from": "gpt", "value": "a"},
                           {"from": "human", "value": "bye"}]},
        {"conversations": [["human", "hi"], ["gpt", "hello"], ["human", "bye"]]},
        {"conversations": [["System", "be kind"], ["User", "hi"], ["Assistant", "hello"], ["User", "bye"]]},
        {"conversation": [["hi", "hello"], ["bye", None]]},
        {"conversation": [{"human": "hi", "assistant": "hello"}, {"human": "bye", "assistant": ""}]},
        {"messages": [{"question": "hi", "answer": "hello"}, {"question": "bye", "answer": "x"}]},
        {"Messages": [USER, ANSWER, {"role": "user", "content": "bye"}]},
        {"input": [USER, ANSWER, {"role": "user", "content": "bye"}]},  # Responses
        [USER, ANSWER, {"role": "user", "content": "bye"}],
        [["hi", "hello"], ["bye", "bye"]],
        [["human", "hi"], ["gpt", "hello"], ["human", "bye"]],
        {"contents": [{"role": "user", "parts": [{"text": "hi"}]}, {"role": "model", "parts": [{"text": "a"}]},
                      {"role": "user", "parts": [{"text": "bye"}]}]},
    ],
)  # fmt: skip
def test_a_conversation_in_any_of_its_shapes_is_what_the_person_says(row: Any) -> None:
    assert turns_of(row) == ("hi", "bye")


@pytest.mark.parametrize(
    "row",
    [
        {"custom_id": "r-1", "method": "POST", "url": "/v1/chat/completions",
         "body": {"model": "m", "messages": [{"role": "system", "content": "be kind"}, USER]}},
        {"custom_id": "r-1", "url": "/v1/responses", "body": {"model": "m", "input": "hi"}},
        {"custom_id": "r-1", "url": "/v1/responses", "body": {"input": [{"role": "user", "content": PARTS}]}},
        {"custom_id": "r-1", "url": "/v1/completions", "body": {"model": "m", "prompt": "hi"}},
        {"custom_id": "r-1", "params": {"model": "m", "max_tokens": 9, "messages": [USER]}},  # Anthropic
        {"key": "r-1", "request": {"contents": [{"parts": [{"text": "hi"}]}]}},  # Gemini
        ["hi", "hello"],
        {"text_input": "hi", "output_length": 5},
        {"instruction": "hi", "input": "", "output": "x"},
        {"instruction": "", "input": "hi", "output": "x"},
        {"instruction": "hi", "input": None, "text": "Below is an instruction ... and the answer"},
        {"instruction": "a system prompt", "question": "hi"},
        {"prompt": "hi", "turns": 2, "body": {"prompt": "no"}},
        {"question": None, "prompt": "hi"},  # as tables write it
        {"instruction": None, "input": "hi"},
        {"text": None, "messages": None, "body": {"prompt": "hi"}},
    ],
)  # fmt: skip
def test_a_row_of_a_data_set_is_its_text(row: Any) -> None:
    assert turns_of(row) == ("hi",)


def test_an_instruction_stands_before_what_it_is_about() -> None:
    alpaca = {"instruction": "Translate into French.", "input": "cat", "output": "chat"}
    dolly = {"Instruction": "When?", "Context": "It began in 1990.", "Response": "1990", "category": "closed_qa"}
    assert turns_of(alpaca) == ("Translate into French.\n\ncat",)
    assert turns_of(dolly) == ("When?\n\nIt began in 1990.",)


NO_MESSAGES = "a list, but not of messages, of pairs or of turns"


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("hi", "not a JSON object"),
        (42, "not a JSON object"),
        ([], "not a JSON object"),
        (["hi"], "not a JSON object"),
        (["human", "hi"], "not a JSON object"),  # one message of a conversation, not a question
        ([1, 2], "not a JSON object"),
        (["", "b"], 'no text in it, the field "query" is missing'),
        ({"id": "x"}, 'no text in it, the field "query" is missing'),
        ({"query": None, "prompt": "no"}, 'the field "query" is null, not a text'),
        ({"query": "", "messages": [USER]}, 'the field "query" is empty, not a text'),
        ({"query": 42}, 'the field "query" is a number, not a text'),
        ({"query": 4.2}, 'the field "query" is a number, not a text'),
        ({"query": False}, 'the field "query" is true or false, not a text'),
        ({"query": ["hi"]}, 'the field "query" is a list, not a text'),
        ({"QUERY": {"text": "hi"}}, 'the field "QUERY" is an object, not a text'),
        ({"question": 7, "text": "no"}, 'the field "question" is a number, not a text'),
        ({"prompt": None, "id": "no"}, 'the field "prompt" is null, not a text'),
        ({"instruction": None, "id": "no"}, 'the field "instruction" is null, not a text'),
        ({"prompt": []}, 'the field "prompt" is a list, not a text'),
        ({"input": ["hi", 2]}, 'the field "input" is a list, not a text'),
        ({"instruction": "", "input": ""}, 'the field "instruction" is empty, not a text'),
        ({"instruction": "hi", "input": 42}, 'the field "input" is a number, not a text'),
        ({"messages": ["a", "b"], "id": "no"}, f'the field "messages" is {NO_MESSAGES}'),
        ({"turns": ["a", 2], "id": "no"}, f'the field "turns" is {NO_MESSAGES}'),
        ({"body": {"model": "no"}}, 'no text of a person in its "body"'),
        ({"body": {"messages": [{"content": "a"}]}},
         'message 1 of "messages" has no speaker ("from" or "role") or no text ("value" or "content")'),
        ([["human", None], ["gpt", "a"]],
         'message 1 of "[...]" has no speaker ("from" or "role") or no text ("value" or "content")'),
    ],
)  # fmt: skip
def test_a_row_that_asks_nothing_is_a_fault(row: Any, fault: str) -> None:
    assert fault_of(row) == fault


def test_only_a_row_without_any_known_field_is_guessed_at() -> None:
    assert asked_in({"n": 1, "title": " ", "name": "hi"}) == Asked(("hi",), guessed="name")
    assert asked_in({"request": {"model": "m"}, "id": "x"}) == Fault("no_text_in", {"name": "request"})
    assert asked_in({"query": "", "title": "x"}) == Fault("not_a_text", {"name": "query", "kind": "kind_empty"})
