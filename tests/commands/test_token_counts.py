"""`--token-estimate` and `--tokenizer`: every output says what counted, and how far the estimates are apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripted_server import DONE, FINISH, Serve, chunked, token
from small_tokenizers import tokenizer_json
from tool_runs import FILES, Tool, at, records, summary

ANSWER = chunked(token('{"a": 1, "b": '), token("[2, 3]}"), FINISH, DONE)
"""3 words and 5 numbers and letters: JSON has far more tokens than words."""
PLAIN = chunked(token("the answer is "), token("a plain one"), FINISH, DONE)
ONE = ("--requests", "1", "--threads", "1", "--no-compression-check")


@pytest.mark.parametrize(
    ("flags", "source", "tokens", "said"),
    [
        ((), "estimate", 5, "estimated from the text"),
        (("--token-estimate", "weighted"), "weighted", 14, "estimated from the text by weights"),
        (("--token-estimate", "chunks"), "chunks", 2, "one a chunk"),
    ],
)
def test_every_output_says_what_counted(
    serve: Serve, tool: Tool, flags: tuple[str, ...], source: str, tokens: int, said: str
) -> None:
    ran = tool(*at(serve(ANSWER), *FILES, *ONE, *flags))
    assert ran.status == 0, ran.err
    assert (records()[0]["token_source"], records()[0]["output_tokens"]) == (source, tokens)
    assert summary()["tokens"]["source"] == source
    assert f"{tokens} ({said})" in ran.out
    assert summary()["stream_shape"]["tokens_per_chunk"] is None


def test_a_run_is_told_how_far_the_estimates_are_apart(serve: Serve, tool: Tool) -> None:
    tool(*at(serve(ANSWER), *FILES, *ONE))
    assert records()[0]["estimates"] == [5, 14]
    assert summary()["tokens"]["weighted_by_words"] == 2.8
    (warning,) = summary()["warnings"]
    assert warning.startswith(
        "the server reports no tokens; counted by words they are 5, counted by weights 180 % more"
    )
    tool(*at(serve(ANSWER), *FILES, *ONE, "--token-estimate", "weighted", "--lang", "zh"))
    (warning,) = summary()["warnings"]
    assert warning.startswith("服务端未返回 token 数；按加权计为 14，按词则少 64.3 %")
    tool(*at(serve(PLAIN), *FILES, *ONE))
    assert summary()["warnings"] == []


def test_a_tokenizer_counts_answers_and_what_is_asked(serve: Serve, tool: Tool, tmp_path: Path) -> None:
    flags = ("--tokenizer", tokenizer_json(tmp_path), "--query", "hello world")
    ran = tool(*at(serve(PLAIN), *FILES, *ONE, *flags))
    assert ran.status == 0, ran.err
    (record,) = records()
    assert (record["token_source"], record["output_tokens"], record["prompt_tokens"]) == ("tokenizer", 6, 2)
    assert "6 (counted by the tokenizer)" in ran.out


def test_a_usage_without_the_prompt_leaves_that_to_the_tokenizer(serve: Serve, tool: Tool, tmp_path: Path) -> None:
    half = b'data: {"choices": [], "usage": {"completion_tokens": 2}}\n\n'
    answer = chunked(token("a plain"), token(" answer"), FINISH, half, DONE)
    flags = ("--tokenizer", tokenizer_json(tmp_path), "--query", "hello world")
    tool(*at(serve(answer), *FILES, *ONE, *flags))
    (record,) = records()
    assert (record["token_source"], record["output_tokens"], record["prompt_tokens"]) == ("usage", 2, 2)


def test_a_wrong_tokenizer_is_said_before_anything_is_sent(serve: Serve, tool: Tool) -> None:
    server = serve(PLAIN)
    ran = tool(*at(server, *ONE, "--tokenizer", "none.json"))
    assert (ran.status, server.requests) == (2, [])
    assert "--tokenizer none.json: no tokenizer can be read from it (No such file or directory)" in ran.err
    ran = tool(*at(server, *ONE, "--tokenizer", "none.json", "--token-estimate", "weighted"))
    assert "--tokenizer none.json: cannot go with --token-estimate" in ran.err


def test_report_tells_it_from_the_records_too(serve: Serve, tool: Tool) -> None:
    tool(*at(serve(ANSWER), *FILES, *ONE))
    before = summary()["tokens"]
    tool("report", "run.jsonl", "--json", "run.json", "--html-report", "again.html")
    assert summary()["tokens"] == before
