"""Requests that get answers without a stream: times, outcomes, headers, conversations."""

from __future__ import annotations

import json
from typing import Any

import pytest

from patience import FOREVER_S, undisturbed
from requests_to_server import assert_arrival
from scripted_server import ScriptedServer, Serve, Step, chunked, sized, token, until_close
from sse_perf_tool.formats import FORMATS
from sse_perf_tool.masking import Masker
from sse_perf_tool.providers import Query, QueryProvider
from sse_perf_tool.records import Outcome, RequestRecord
from sse_perf_tool.request.body import BodyBuilder
from sse_perf_tool.request.target import Target
from sse_perf_tool.tester import SSETester
from whole_answers import DIFY, JSON, OPENAI, TOOL_CALL, answer, bytes_of

pytestmark = pytest.mark.usefixtures("own_folder")


def target_of(url: str, name: str | None, **more: Any) -> Target:
    row = FORMATS[name] if name else None
    body = BodyBuilder(row=row, stream=False)
    queries = QueryProvider([Query("one"), Query("two"), Query("three")])
    return Target(url, body, queries, Masker(()), format=row, named=row is not None, stream=False, **more)


def asked(server: ScriptedServer, name: str | None = "openai_chat", times: int = 1, **more: Any) -> list[RequestRecord]:
    tester = SSETester(target_of(server.url("/x"), name, **more))
    try:
        return [tester.test_streaming(number) for number in range(1, times + 1)]
    finally:
        tester.close()


HALF, REST = bytes_of(OPENAI)[:40], bytes_of(OPENAI)[40:]


@pytest.mark.parametrize("framing", [sized, chunked, until_close])
@undisturbed
def test_a_whole_answer_has_a_latency_and_no_time_of_a_stream(serve: Serve, framing: Any) -> None:
    server = serve(framing(HALF, 0.05, REST, kind=JSON))
    (record,) = asked(server)
    assert (record.outcome, record.error) == (Outcome.OK, None)
    assert (record.ttft_ns, record.ttfa_ns, record.streaming_ns, record.tpot_ns, record.max_gap_ns) == (None,) * 5
    assert (record.chunks, record.gaps_us) == (0, ())
    assert_arrival(record, record.ttfb_ns, server, b"HTTP/1.1 200")
    assert_arrival(record, record.latency_ns, server, REST)
    assert (record.output_tokens, record.prompt_tokens, record.token_source) == (10, 19, "usage")
    assert (record.message_id, record.finish_reason, record.text_chars) == ("chatcmpl-1", "stop", 19)
    assert record.bytes_received > len(bytes_of(OPENAI))


def test_tokens_are_estimated_where_no_usage_came(serve: Serve) -> None:
    (record,) = asked(serve(answer({"answer": "four words are here"})), "dify")
    assert (record.outcome, record.output_tokens, record.token_source) == (Outcome.OK, 4, "estimate")


def test_an_answer_that_only_calls_tools_is_ok(serve: Serve) -> None:
    (record,) = asked(serve(answer(TOOL_CALL)))
    assert (record.outcome, record.output_tokens, record.text_chars) == (Outcome.OK, 17, 0)


def test_the_format_is_found_in_the_answer(serve: Serve) -> None:
    seen: list[str] = []
    server = serve(answer(OPENAI))
    tester = SSETester(target_of(server.url("/x"), None), on_format=seen.append)
    record = tester.test_streaming(1)
    tester.close()
    assert (record.outcome, record.format, seen) == (Outcome.OK, "openai_chat", ["openai_chat"])


@pytest.mark.parametrize(
    ("script", "outcome", "words"),
    [
        (answer({"error": {"message": "no quota"}}), Outcome.IN_STREAM_ERROR, "no quota"),
        (answer({"error": "bad key"}, status="401 Unauthorized"), Outcome.HTTP_ERROR, "HTTP 401: bad key"),
        (answer({"choices": [{"message": {"content": ""}}]}), Outcome.EMPTY, "without any token"),
        (sized(kind=JSON), Outcome.EMPTY, "the body is empty"),
        (chunked(token("Hello")), Outcome.MALFORMED, "the server sent a stream"),
        (chunked(b'{"a":1}\n{"a":2}\n', kind="application/x-ndjson"), Outcome.MALFORMED, "the server sent a stream"),
        (sized(b"<html><title>Login</title>", kind="text/html"), Outcome.MALFORMED, 'the server wrote: "Login"'),
        (sized(b"[1, 2]", kind=JSON), Outcome.MALFORMED, 'a JSON object; the server wrote: "[1, 2]"'),
        (until_close(HALF, kind=JSON), Outcome.TRUNCATED, "ended after 40 bytes, before the end of its JSON"),
        ([*chunked(HALF, kind=JSON)[:-1], *until_close()[-1:]], Outcome.TRUNCATED, "after 40 bytes of the body"),
    ],
    ids=["error", "http", "no token", "no body", "stream", "lines", "page", "list", "cut", "broken"],
)  # fmt: skip
def test_what_is_no_whole_answer_is_called_by_its_name(
    serve: Serve, script: list[Step], outcome: Outcome, words: str
) -> None:
    (record,) = asked(serve(script))
    assert record.outcome is outcome
    assert words in (record.error or "")


def test_json_of_no_known_format_asks_for_its_name(serve: Serve) -> None:
    (record,) = asked(serve(answer({"foo": 1})), None)
    assert (record.outcome, record.error) == (
        Outcome.MALFORMED,
        'the JSON is not an answer of a known format ({"foo": 1}); name the text: --text-path PATH',
    )


def test_the_time_out_of_a_whole_answer_is_a_time_out(serve: Serve) -> None:
    (record,) = asked(serve(sized(HALF, FOREVER_S, REST, kind=JSON)), timeout_s=0.1)
    assert (record.outcome, record.output_tokens) == (Outcome.TIMEOUT, None)


@pytest.mark.parametrize(("stream", "accept", "sse"), [(True, "text/event-stream", "enable"), (False, JSON, None)])
def test_the_headers_ask_for_what_is_wanted(serve: Serve, stream: bool, accept: str, sse: str | None) -> None:
    server = serve(answer({}))
    row = FORMATS["dashscope"]
    queries = QueryProvider([Query("one")])
    target = Target(
        server.url("/x"), BodyBuilder(row=row, stream=stream), queries, Masker(()), format=row, stream=stream
    )
    SSETester(target).test_streaming(1)
    (request,) = server.requests
    assert (request.header("Accept"), request.header("X-DashScope-SSE")) == (accept, sse)


def test_a_conversation_goes_on_by_whole_answers(serve: Serve) -> None:
    server = serve(answer(DIFY))
    records = asked(server, "dify", 3, turns=2)
    assert [json.loads(request.body)["conversation_id"] for request in server.requests] == ["", "c-1", ""]
    assert [record.turn for record in records] == [1, 2, 1]


def test_history_grows_by_whole_answers(serve: Serve) -> None:
    server = serve(answer(OPENAI))
    asked(server, times=2, turns=2)
    assert json.loads(server.requests[1].body)["messages"] == [
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": "Hello! How are you?"},
        {"role": "user", "content": "two"},
    ]
