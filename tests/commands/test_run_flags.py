"""What flags change in the requests that a server gets."""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path

import pytest

from patience import PROMPT_S, undisturbed
from scripted_server import ANSWER, DONE, Serve, Step, chunk, chunked, head, sized, tls_context, token
from tool_runs import FILES, KEY, SLOW, Tool, at, records, summary


def test_requests_is_the_total_over_all_threads(serve: Serve, tool: Tool) -> None:
    server = serve(chunked(token("a"), 0.02, DONE))
    tool(*at(server, "--requests", "5", "--threads", "2", "--no-compression-check", *FILES))
    assert (len(server.requests), server.connections) == (5, 2)
    assert sorted(row["request_id"] for row in records()) == [1, 2, 3, 4, 5]
    assert {row["thread_id"] for row in records()} == {1, 2}


@undisturbed
def test_threads_send_at_the_same_time_once_each(serve: Serve, tool: Tool) -> None:
    server = serve(SLOW)
    tool(*at(server, "--threads", "4", *FILES))
    rows = records()
    assert sorted(row["thread_id"] for row in rows) == [1, 2, 3, 4]
    assert max(row["started_at_ns"] for row in rows) < min(
        row["started_at_ns"] + row["latency_ms"] * 1e6 for row in rows
    )


@undisturbed
def test_ramp_up_spreads_the_starts_of_the_threads(serve: Serve, tool: Tool) -> None:
    tool(*at(serve(ANSWER), "--threads", "3", "--ramp-up", "0.3", *FILES))
    starts_ns = sorted(row["started_at_ns"] for row in records())
    assert [round((start_ns - starts_ns[0]) / 1e8) for start_ns in starts_ns] == [0, 1, 2]


@undisturbed
def test_duration_is_how_long_a_thread_sends_again_and_again(serve: Serve, tool: Tool) -> None:
    tool(*at(serve(SLOW), "--duration", "0.45", *FILES))
    rows = records()
    starts_ns = [row["started_at_ns"] for row in rows]
    assert 2 <= len(rows) <= 5  # of a little more than 0.1 s each; the last one is finished
    assert max(starts_ns) - min(starts_ns) < 0.45e9
    assert {row["outcome"] for row in rows} == {"ok"}


def test_requests_and_duration_end_the_run_by_what_comes_first(serve: Serve, tool: Tool) -> None:
    server = serve(ANSWER)
    began_s = time.monotonic()
    tool(*at(server, "--duration", "60", "--requests", "3"))
    assert len(server.requests) == 3
    assert time.monotonic() - began_s < PROMPT_S


def test_timeouts_are_those_of_the_flags(serve: Serve, tool: Tool) -> None:
    stalling: list[Step] = [head("200 OK", "text/event-stream", "Transfer-Encoding: chunked"), chunk(token("a"))]
    assert tool(*at(serve(stalling), "--timeout", "0.2")).facts["outcome"] == "timeout"
    assert tool(*at(serve(stalling), "--idle-timeout", "0.2")).facts["outcome"] == "idle_timeout"


def test_retries_are_as_many_as_the_flag_says_and_are_shown(serve: Serve, tool: Tool) -> None:
    busy = sized(status="503 Busy")
    server = serve(busy, ANSWER)
    ran = tool(*at(server, "--retries", "1", *FILES))
    assert (ran.status, ran.facts["retries"], len(server.requests)) == (0, "1", 2)
    assert summary()["requests"]["retried"] == 1
    server = serve(busy, ANSWER)
    assert (tool(*at(server, "--retries", "0")).status, len(server.requests)) == (1, 1)


def test_certificate_flags(serve: Serve, tool: Tool, certificate: Path) -> None:
    tls = serve(ANSWER, tls=tls_context(certificate))
    assert tool(*at(tls)).facts["outcome"] == "tls_error"
    insecure = tool(*at(tls, "--insecure"))
    assert (insecure.status, insecure.err) == (0, "")
    assert tool(*at(tls, "--cacert", str(certificate))).status == 0


def test_queries_of_the_parameter_file_go_round_over_all_threads(serve: Serve, tool: Tool) -> None:
    Path("queries.txt").write_text("你好\n\nWho are you?\nhow\n", encoding="utf-8")
    server = serve(chunked(token("a"), 0.01, DONE))
    tool(
        *at(
            server, "--param-file", "queries.txt", "--threads", "2", "--requests", "6", "--no-compression-check", *FILES
        )
    )
    asked = [json.loads(request.body)["messages"][0]["content"] for request in server.requests]
    assert Counter(asked) == {"你好": 2, "Who are you?": 2, "how": 2}
    assert Counter(row["query"] for row in records()) == Counter(asked)


def test_keys_of_the_key_file_go_round_and_are_shown_nowhere(serve: Serve, tool: Tool) -> None:
    keys = ["sk-aaaaaaaaaaaaaaaaaaaa", "sk-bbbbbbbbbbbbbbbbbbbb"]
    Path("keys").write_text("\n".join(keys), encoding="utf-8")
    server = serve(ANSWER)
    ran = tool(*at(server, "--requests", "4", "--api-key-file", "keys", *FILES))
    sent = [request.header("Authorization") for request in server.requests]
    assert sent == [f"Bearer {key}" for key in keys * 2]
    for text in (ran.out, *(path.read_text(encoding="utf-8") for path in Path().glob("*.*"))):
        assert not any(key in text for key in keys)


AUTH = {
    "openai_chat": ("/v1/chat/completions", "Authorization", f"Bearer {KEY}"),
    "dify": ("/v1/chat-messages", "Authorization", f"Bearer {KEY}"),
    "anthropic": ("/v1/messages", "x-api-key", KEY),
    "gemini": ("/v1beta/models/gemini-pro:streamGenerateContent?alt=sse", "x-goog-api-key", KEY),
}


@pytest.mark.parametrize(("path", "name", "value"), AUTH.values(), ids=AUTH)
@pytest.mark.parametrize("key", [KEY, f"Bearer {KEY}"], ids=["bare", "Bearer"])
def test_key_goes_into_the_header_that_the_format_wants(
    serve: Serve, tool: Tool, path: str, name: str, value: str, key: str
) -> None:
    server = serve(ANSWER)
    tool("--url", server.url(path), "--api-key", key, "--html-report", "report.html")
    (request,) = server.requests
    assert request.header(name) == value
    assert request.head.count(KEY) == 1


def test_server_without_keys_gets_none(serve: Serve, tool: Tool) -> None:
    server = serve(ANSWER)
    tool("--url", server.url("/api/chat"), "--html-report", "report.html")
    assert server.requests[0].header("Authorization") is None


def test_body_of_dify_carries_query_user_and_conversation(serve: Serve, tool: Tool) -> None:
    server = serve(ANSWER)
    more = ("--query", "早", "--user", "me", "--conversation-id", "c9")
    tool(*at(server, *more, path="/v1/chat-messages"))
    assert json.loads(server.requests[0].body) == {
        "inputs": {"query": "早"},
        "query": "早",
        "response_mode": "streaming",
        "conversation_id": "c9",
        "user": "me",
        "files": [],
    }


def test_header_and_model_are_sent(serve: Serve, tool: Tool) -> None:
    server = serve(ANSWER)
    tool(*at(server, "-H", "X-Team: red", "--model", "qwen-max"))
    (request,) = server.requests
    assert request.header("X-Team") == "red"
    assert json.loads(request.body)["model"] == "qwen-max"
