"""Traces: their times in any unit, what their lines ask, and what is wrong with a line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sse_perf_tool.errors import UsageError
from sse_perf_tool.pace.replay import Replayed, load_replay
from sse_perf_tool.providers import Query

EXAMPLE = 'write one JSON object a line, e.g. {"timestamp": 1500, "query": "..."}'


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def trace(*lines: str, name: str = "t.jsonl") -> str:
    Path(name).write_text("\n".join(lines), encoding="utf-8")
    return name


def replayed(*rows: dict[str, Any]) -> list[Replayed]:
    return load_replay(trace(*(json.dumps(row, ensure_ascii=False) for row in rows)))


def queries(*rows: dict[str, Any]) -> list[Query]:
    found = [each.query for each in replayed(*rows)]
    assert None not in found
    return [query for query in found if query is not None]


def problem(path: str, language: str = "en") -> str:
    with pytest.raises(UsageError) as caught:
        load_replay(path, language)
    return str(caught.value)


@pytest.mark.parametrize(
    ("field", "values", "expected"),
    [
        ("timestamp", [0, 250, 1500], [0, 0.25, 1.5]),
        ("timestamp", [0, 1, 99], [0, 1, 99]),
        ("timestamp", [5000, 5100], [0, 0.1]),
        ("timestamp", [0.0, 0.5, 120], [0, 0.5, 120]),
        ("timestamp", [1_700_000_000, 1_700_000_150], [0, 150]),
        ("timestamp", [1_700_000_000_000, 1_700_000_000_150], [0, 0.15]),
        ("timestamp_s", [1000, 1250], [0, 250]),
        ("timestamp_ms", [3, 1], [0, 0.002]),
        ("TIMESTAMP", ["0", "1.5"], [0, 1.5]),
        ("timestamp", ["2023-11-16 18:15:46.6805900", "2023-11-16 18:15:50.9951690"], [0, 4.314579]),
        ("timestamp", ["2024-05-10 00:00:00.009930+00:00", "2024-05-10T02:00:01+0200"], [0, 0.99007]),
        ("timestamp", ["2024-05-10T00:00:00Z", "2024-05-10 00:01"], [0, 60]),
        ("timestamp", ["1990-01-01 00:00:00", "1990-01-01 00:00:00.25"], [0, 0.25]),
    ],
)
def test_the_unit_of_a_timestamp_is_told_by_its_size(field: str, values: list[Any], expected: list[float]) -> None:
    times = [each.at_s for each in replayed(*({field: value} for value in values))]
    assert times == pytest.approx(expected, abs=1e-6)


def test_a_line_has_a_query_or_a_body_or_neither() -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": "嗨"}]}
    rows = [{"timestamp": 0, "prompt": "a", "n": 1}, {"timestamp": 1, "body": body}, {"timestamp": 2}]
    first, second, third = replayed(*rows)
    assert first.query == Query("a", rows[0])
    assert second.query is not None
    assert (second.query.text, second.query.body) == (
        "嗨",
        json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode(),
    )
    assert third == Replayed(2.0, None)


def test_a_body_is_known_by_the_text_of_its_line_or_by_its_own() -> None:
    bodies = [{"input": "a"}, {"prompt": "a"}, {"contents": [{"parts": [{"text": "a"}]}]}, {"x": 1}]
    rows = [{"timestamp": 0, "body": body} for body in bodies] + [{"timestamp": 1, "text": "b", "body": {"input": "a"}}]
    assert [query.text for query in queries(*rows)] == ["a", "a", "a", "", "b"]


def test_messages_go_along_whole_and_are_known_by_the_last_of_the_person() -> None:
    said = [{"role": "system", "content": "be kind"}, {"role": "user", "content": "hi"},
            {"role": "assistant", "content": "hello"}, {"role": "user", "content": "bye"}]  # fmt: skip
    pairs = [["human", "hi"], ["gpt", "hello"], ["human", "bye"]]
    whole, paired = queries({"timestamp": 0, "messages": said}, {"timestamp": 1, "conversations": pairs})
    assert (whole.text, whole.messages) == ("bye", tuple(said))
    assert (paired.text, paired.messages) == ("bye", ()), "not in the shape that a body takes"


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ({"text_input": "a"}, "a"),
        ({"instruction": "a", "input": "b"}, "a\n\nb"),
        ({"Prompt": "a", "input_length": 9}, "a"),
        ({"turns": ["a", "b"]}, "b"),
    ],
)
def test_a_line_asks_what_a_row_of_queries_asks(row: dict[str, Any], text: str) -> None:
    (query,) = queries({"timestamp": 0, **row})
    assert (query.text, query.made_tokens) == (text, None)


@pytest.mark.parametrize(
    "row",
    [
        {"input_length": 374, "output_length": 44, "hash_ids": [46, 47]},  # Mooncake
        {"ContextTokens": 374, "GeneratedTokens": 44},  # Azure
        {"Request tokens": 374, "Response tokens": 44, "Total tokens": 418},  # BurstGPT
        {"num_prefill_tokens": 374, "num_decode_tokens": 44.0},  # Vidur
        {"prompt_tokens": 374, "completion_tokens": "44"},
        {"text_input": None, "messages": None, "input_length": 374, "output_length": 44},
    ],
)
def test_lengths_are_those_of_a_prompt_to_be_made_and_of_the_answer(row: dict[str, Any]) -> None:
    (query,) = queries({"timestamp": 0, **row})
    assert (query.text, query.made_tokens, query.max_tokens) == ("", 374, 44)


def test_an_answer_of_no_tokens_is_no_limit() -> None:
    assert [query.max_tokens for query in queries({"timestamp": 0, "input_length": 1, "output_length": 0})] == [None]


AZURE = (
    "TIMESTAMP,ContextTokens,GeneratedTokens",
    "2023-11-16 18:15:46.6805900,374,44",
    "2023-11-16 18:15:47.6805900,9,2",
)


@pytest.mark.parametrize(("name", "separator"), [("t.csv", ","), ("t.csv", ";"), ("t.tsv", "\t")])
def test_a_trace_may_be_csv(name: str, separator: str) -> None:
    first, second = load_replay(trace(*(line.replace(",", separator) for line in AZURE), name=name))
    assert (first.at_s, second.at_s) == (0.0, pytest.approx(1.0))
    assert first.query is not None
    assert (first.query.made_tokens, first.query.max_tokens) == (374, 44)
    assert first.query.fields["GeneratedTokens"] == 44, "a number, as a template wants it"
    texts = load_replay(trace("sep=;", "Query;Timestamp_ms", "a, b;0", "c;1500", name="t.csv"))
    assert [(each.at_s, each.query and each.query.text) for each in texts] == [(0.0, "a, b"), (1.5, "c")]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("[1]", "not a JSON object"),
        ('{"timestamp": "now"}', 'no number in the field "timestamp"'),
        ('{"timestamp": "2024-13-01 00:00:00"}', 'no number in the field "timestamp"'),
        ('{"timestamp": true}', 'no number in the field "timestamp"'),
        ('{"query": "a"}', 'no number in the field "timestamp"'),
        ('{"timestamp": 1, "body": "x"}', 'the field "body" is not a JSON object'),
        ('{"timestamp_s": 1}', 'its time is in "timestamp_s", that of the lines before in "timestamp"'),
        ('{"timestamp": "2024-05-10 00:00:00"}', 'its time is in "date", that of the lines before in "timestamp"'),
        ('{"timestamp": 1', "Expecting ',' delimiter"),
        ('{"timestamp": 1, "query": null}', 'the field "query" is null, not a text'),
        ('{"timestamp": 1, "query": ""}', 'the field "query" is empty, not a text'),
        ('{"timestamp": 1, "query": 42, "input_length": 9}', 'the field "query" is a number, not a text'),
        ('{"timestamp": 1, "messages": ["a"]}',
         'the field "messages" is a list, but not of messages, of pairs or of turns'),
        ('{"timestamp": 1, "input_length": 0}',
         'the field "input_length" is 0, not a number of tokens (from 1 to 10000000)'),
        ('{"timestamp": 1, "ContextTokens": 1.5}',
         'the field "ContextTokens" is 1.5, not a number of tokens (from 1 to 10000000)'),
        ('{"timestamp": 1, "input_length": true}',
         'the field "input_length" is true, not a number of tokens (from 1 to 10000000)'),
        ('{"timestamp": 1, "query": "a", "output_length": "many"}',
         'the field "output_length" is "many", not a number of tokens (from 0 to 10000000)'),
    ],
)  # fmt: skip
def test_a_line_that_cannot_be_used_is_told_by_its_number(line: str, reason: str) -> None:
    assert problem(trace('{"timestamp": 0}', "", line)) == f"t.jsonl, line 3: {reason}; {EXAMPLE}"


def test_a_row_of_csv_that_cannot_be_used_is_told_by_its_number() -> None:
    path = trace(*AZURE, "2023-11-16 18:15:47,many,2", name="t.csv")
    assert problem(path) == (
        't.csv, line 4: the field "ContextTokens" is "many", not a number of tokens (from 1 to 10000000); '
        "correct or delete the line"
    )
    assert problem(path, "zh").startswith("t.csv 第 4 行：字段 ContextTokens 是")


def test_an_empty_trace_is_a_mistake() -> None:
    assert problem(trace("")) == f"t.jsonl: holds no request; write one a line, e.g. {EXAMPLE.partition('e.g. ')[2]}"


def test_lines_without_a_text_are_counted_with_the_fields_of_one() -> None:
    def warned(*lines: str, language: str = "en") -> list[str]:
        warnings: list[str] = []
        load_replay(trace(*lines), language, warnings.append)
        return warnings

    some = ('{"timestamp": 0}', '{"timestamp": 1, "content": "a", "n": 2}', '{"timestamp": 2, "query": "a"}')
    assert warned(*some) == [
        (
            "t.jsonl: 2 of 3 lines bring no text (line 2: timestamp, content, n), the queries of the run are asked; "
            "give query, messages, body or input_length"
        )
    ]
    assert warned(*some, language="zh")[0].startswith(
        "t.jsonl：3 行中有 2 行没有文本（第 2 行：timestamp, content, n）"
    )
    assert warned('{"timestamp": 0}', '{"timestamp": 1}') == [], "the times alone are a trace, too"
