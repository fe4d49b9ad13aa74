from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from chat_client import QUICK, ask, send
from patience import undisturbed
from sse_perf_tool.chat_server.run import BackgroundServer


def dify(query: str = "你是谁", mode: str = "streaming", **more: object) -> dict[str, object]:
    return {"inputs": {}, "query": query, "response_mode": mode, "conversation_id": "", "user": "me", **more}


def openai(query: str = "Who are you?", **more: object) -> dict[str, object]:
    return {"model": "gpt-4", "messages": [{"role": "user", "content": query}], "stream": True, **more}


def test_a_dify_stream_is_a_bare_ping_then_messages_then_message_end(server: BackgroundServer) -> None:
    answer = ask(server.port, "/v1/chat-messages", dify())
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.body.startswith(b'event: ping\n\ndata: {"event":"message",')
    kinds = [event["event"] for event in answer.events]
    assert kinds == ["message"] * (len(kinds) - 1) + ["message_end"]
    assert "".join(event["answer"] for event in answer.events[:-1]).startswith("关于“你是谁”：")


def test_dify_counts_in_its_usage_the_tokens_it_sent(server: BackgroundServer) -> None:
    events = ask(server.port, "/v1/chat-messages", dify("你是谁")).events
    usage = events[-1]["metadata"]["usage"]
    assert usage["completion_tokens"] == len(events) - 1
    assert usage["prompt_tokens"] == 3
    assert usage["total_tokens"] == len(events) - 1 + 3


def test_every_dify_event_carries_the_same_ids(server: BackgroundServer) -> None:
    events = ask(server.port, "/v1/chat-messages", dify()).events
    ids = {(e["conversation_id"], e["message_id"], e["task_id"]) for e in events}
    assert len(ids) == 1
    assert all(map(len, ids.pop()))


def test_dify_answers_in_one_object_when_it_is_to_block(server: BackgroundServer) -> None:
    answer = ask(server.port, "/v1/chat-messages", dify("Who are you?", mode="blocking"))
    assert answer.status == 200
    assert answer.json["event"] == "message"
    assert answer.json["answer"].startswith('About "Who are you?": ')
    assert answer.json["metadata"]["usage"]["prompt_tokens"] == 3


def test_an_openai_stream_is_role_content_finish_usage_done(server: BackgroundServer) -> None:
    answer = ask(server.port, "/v1/chat/completions", openai(stream_options={"include_usage": True}))
    first, *content, finish, usage = answer.events
    assert first["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert all(list(chunk["choices"][0]["delta"]) == ["content"] for chunk in content)
    assert finish["choices"][0] == {"index": 0, "delta": {}, "logprobs": None, "finish_reason": "stop"}
    assert usage["choices"] == []
    assert usage["usage"] == {
        "prompt_tokens": 3,
        "completion_tokens": len(content),
        "total_tokens": 3 + len(content),
    }
    assert answer.body.endswith(b"data: [DONE]\n\n")
    assert {chunk["model"] for chunk in answer.events} == {"gpt-4"}


def test_an_openai_stream_has_no_usage_unless_asked_for(server: BackgroundServer) -> None:
    answer = ask(server.port, "/v1/chat/completions", openai())
    assert not [chunk for chunk in answer.events if "usage" in chunk]
    assert answer.body.endswith(b"data: [DONE]\n\n")


def test_openai_answers_in_one_object_when_it_does_not_stream(server: BackgroundServer) -> None:
    answer = ask(server.port, "/v1/chat/completions", openai(stream=False, max_tokens=4))
    choice = answer.json["choices"][0]
    assert choice["message"]["role"] == "assistant"
    assert choice["finish_reason"] == "length"
    assert answer.json["usage"]["completion_tokens"] == 4


def test_the_history_of_messages_is_part_of_the_conversation(server: BackgroundServer) -> None:
    said = [
        {"role": "system", "content": "be kind"},
        {"role": "user", "content": "first"},
        {"role": "assistant", "content": "an answer"},
        {"role": "user", "content": [{"type": "text", "text": "second"}]},
    ]
    answer = ask(server.port, "/v1/chat/completions", {"messages": said}).json
    assert answer["choices"][0]["message"]["content"].startswith(
        'This is turn 2 of our conversation; before it you asked "first". '
    )
    assert answer["usage"]["prompt_tokens"] == 2 + 1 + 2 + 1


def test_a_bad_body_is_refused_in_the_words_of_its_api(server: BackgroundServer) -> None:
    answer = ask(server.port, "/v1/chat-messages", {"response_mode": "streaming"})
    assert (answer.status, answer.json["code"], answer.json["status"]) == (400, "invalid_param", 400)
    assert answer.json["message"] == "query: Field required"
    answer = ask(server.port, "/v1/chat/completions", {"messages": []})
    assert answer.status == 400
    assert answer.json["error"]["type"] == "invalid_request_error"


@undisturbed
def test_the_first_token_waits_for_the_response_delay_and_the_others_for_theirs() -> None:
    slow = QUICK.model_copy(update={"response_delay_s": 0.3, "token_delay_s": 0.05, "answer_tokens": 5})
    with BackgroundServer(slow) as running:
        answer = ask(running.port, "/v1/chat-messages", dify())
    ping, first, *_, last, _ = answer.blocks
    assert ping.at_s - answer.started_s < 0.25
    assert 0.29 < first.at_s - answer.started_s < 0.6
    assert 0.15 < last.at_s - first.at_s < 0.5


@undisturbed
def test_pings_are_sent_while_nothing_else_is() -> None:
    silent = QUICK.model_copy(update={"response_delay_s": 0.5, "answer_tokens": 1, "sse_keepalive_timeout_s": 0.1})
    with BackgroundServer(silent) as running:
        dify_stream = ask(running.port, "/v1/chat-messages", dify())
        openai_stream = ask(running.port, "/v1/chat/completions", openai())
    assert 3 <= dify_stream.body.count(b"event: ping\n\n") <= 6
    assert 2 <= openai_stream.body.count(b": ping\n\n") <= 5


def anthropic(query: str = "Who are you?", **more: object) -> dict[str, object]:
    return {
        "model": "claude",
        "max_tokens": 1000,
        "stream": True,
        "messages": [{"role": "user", "content": query}],
        **more,
    }


def test_an_anthropic_stream_is_message_block_deltas_and_their_ends(server: BackgroundServer) -> None:
    answer = ask(server.port, "/v1/messages", anthropic(system=[{"type": "text", "text": "be kind"}]))
    kinds = [event["type"] for event in answer.events]
    assert kinds[:2] == ["message_start", "content_block_start"]
    assert set(kinds[2:-3]) == {"content_block_delta"}
    assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    assert [block.event for block in answer.blocks] == kinds
    assert answer.events[0]["message"]["usage"] == {"input_tokens": 5, "output_tokens": 0}
    assert answer.events[-2]["usage"] == {"output_tokens": len(kinds) - 5}
    assert answer.events[-2]["delta"]["stop_reason"] == "end_turn"


def test_anthropic_answers_in_one_object_and_stops_at_max_tokens(server: BackgroundServer) -> None:
    whole = ask(server.port, "/v1/messages", anthropic(stream=False, max_tokens=3)).json
    assert whole["content"] == [{"type": "text", "text": 'About "Who are'}]
    assert whole["stop_reason"] == "max_tokens"
    assert whole["usage"] == {"input_tokens": 3, "output_tokens": 3}


def test_anthropic_refuses_in_its_own_words(server: BackgroundServer) -> None:
    refused = ask(server.port, "/v1/messages", {"messages": [{"role": "user", "content": "x"}]})
    assert refused.status == 400
    assert refused.json == {
        "type": "error",
        "error": {"type": "invalid_request_error", "message": "max_tokens: Field required"},
    }


def test_a_chat_stream_is_connected_messages_completed(server: BackgroundServer) -> None:
    answer = ask(server.port, "/chat", {"message": "Who are you?"})
    assert answer.body.startswith(b"retry: 3000\nevent: connected\ndata: {")
    connected, *messages, completed = answer.blocks
    assert [block.event for block in messages] == ["message"] * len(messages)
    assert [block.data["index"] for block in messages] == list(range(len(messages)))
    whole = completed.data
    assert completed.event == "completed"
    assert whole["content"] == "".join(block.data["content"] for block in messages)
    assert whole["usage"] == {
        "prompt_tokens": 3,
        "completion_tokens": len(messages),
        "total_tokens": 3 + len(messages),
    }
    assert 0 <= whole["timing"]["ttft_ms"] <= whole["timing"]["total_ms"]
    assert connected.data["conversation_id"] == whole["conversation_id"] == answer.headers["x-conversation-id"]


def test_chat_answers_in_one_object_when_it_does_not_stream(server: BackgroundServer) -> None:
    answer = ask(server.port, "/chat", {"message": "你是谁", "stream": False})
    assert answer.headers["content-type"] == "application/json"
    assert answer.json["content"].startswith("关于“你是谁”：")
    assert answer.json["turn"] == 1


def test_the_models_are_listed(server: BackgroundServer) -> None:
    models = ask(server.port, "/v1/models", method="GET").json
    assert models["object"] == "list"
    assert [model["id"] for model in models["data"]] == ["scripted"]


STREAMS = [
    ("/chat", {"message": "Who are you?"}, b"event: error\ndata: {"),
    ("/v1/chat-messages", dify("Who are you?"), b'data: {"event":"error",'),
    ("/v1/chat/completions", openai(), b'data: {"error":{'),
    ("/v1/messages", anthropic(), b'event: error\ndata: {"type":"error",'),
]


@pytest.fixture(scope="module")
def failing() -> Iterator[BackgroundServer]:
    with BackgroundServer(QUICK.model_copy(update={"error_rate": 1.0, "answer_tokens": 4})) as running:
        yield running


@pytest.mark.parametrize(("path", "body", "error"), STREAMS)
def test_at_an_error_rate_of_one_every_answer_breaks_off(
    failing: BackgroundServer, path: str, body: dict[str, object], error: bytes
) -> None:
    streamed = ask(failing.port, path, body)
    assert streamed.status == 200
    assert error in streamed.body
    assert "broke off" in streamed.blocks[-1].fields["data"]
    whole = ask(failing.port, path, {**body, "stream": False, "response_mode": "blocking"})
    assert whole.status == 500
    assert b"broke off" in whole.body


def test_port_in_use_is_one_line_and_status_2(server: BackgroundServer) -> None:
    with pytest.raises(RuntimeError, match=f"^the chat server did not start: cannot listen on .* port {server.port}: "):
        BackgroundServer(QUICK.model_copy(update={"port": server.port})).__enter__()


def test_health_says_ok(server: BackgroundServer) -> None:
    assert ask(server.port, "/health", method="GET").json == {"status": "ok", "active_streams": 0}


def test_half_characters_in_a_question_become_question_marks(server: BackgroundServer) -> None:
    half = "half \ud83d"
    asked = [{"role": "user", "content": half}]
    bodies = {
        "/chat": {"message": half, "stream": False},
        "/v1/chat-messages": {"query": half, "user": "me"},
        "/v1/chat/completions": {"messages": asked, "model": half},
        "/v1/messages": {"messages": asked, "max_tokens": 9, "system": half, "model": half},
    }
    for path, body in bodies.items():
        assert '"half ?\\"' in ask(server.port, path, body).body.decode(), path


def test_a_body_that_is_no_json_is_refused(server: BackgroundServer) -> None:
    response = send(server.port, "POST", "/chat", b"{")
    assert response.status == 400
    assert json.loads(response.read())["error"]["message"] == "body: JSON decode error"


def test_an_unknown_path_and_a_wrong_method_are_refused_as_json(server: BackgroundServer) -> None:
    assert ask(server.port, "/nothing", {}).json["error"] == {
        "code": "not_found",
        "message": "Not Found",
        "status": 404,
    }
    assert ask(server.port, "/chat", method="GET").status == 405


def test_a_body_larger_than_memory_allows_is_refused(server: BackgroundServer) -> None:
    assert ask(server.port, "/chat", {"message": "x" * (4 << 20)}).status == 413
