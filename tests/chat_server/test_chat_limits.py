from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

import sse_perf_tool.chat_server as package
from chat_client import QUICK, Answer, ask, read_blocks, send
from patience import FOREVER_S, PROMPT_S, undisturbed
from sse_perf_tool.chat_server.run import BackgroundServer

LONG = {"answer_tokens": 2000, "token_delay_s": 0.02}


def counters(server: BackgroundServer) -> dict[str, Any]:
    answer: dict[str, Any] = ask(server.port, "/metrics?format=json", method="GET").json
    return answer


def request(body: object) -> bytes:
    """A whole request to /chat, after whose answer the connection ends."""
    payload = json.dumps(body).encode()
    head = f"Connection: close\r\nContent-Type: application/json\r\nContent-Length: {len(payload)}"
    return f"POST /chat HTTP/1.1\r\nHost: localhost\r\n{head}\r\n\r\n".encode() + payload


def until(is_true: Callable[[], bool], within_s: float = PROMPT_S) -> None:
    give_up_s = time.monotonic() + within_s
    while not is_true():
        assert time.monotonic() < give_up_s, f"still not so after {within_s} s"
        time.sleep(0.02)


def test_a_key_is_needed_once_keys_are_set() -> None:
    with BackgroundServer(QUICK.model_copy(update={"api_keys": SecretStr("key-one, key-two")})) as running:
        body = {"message": "hello"}
        assert ask(running.port, "/chat", body).status == 401
        assert ask(running.port, "/chat", body, Authorization="Bearer key-three").status == 401
        assert ask(running.port, "/chat", body, Authorization="Bearer key-two").status == 200
        assert ask(running.port, "/v1/messages", {}, x_api_key="key-one").status == 400
        assert ask(running.port, "/conversations/x", method="GET").status == 401
        refused = ask(running.port, "/v1/chat-messages", {})
        assert (refused.status, refused.json["code"]) == (401, "unauthorized")
        for path in ("/", "/health", "/metrics"):
            assert ask(running.port, path, method="GET").status == 200


@pytest.fixture(scope="module")
def long() -> Iterator[BackgroundServer]:
    """A server whose answers take 40 s, and which gives one at a time."""
    settings = QUICK.model_copy(update={**LONG, "max_concurrent_connections": 1, "shutdown_grace_s": 0})
    with BackgroundServer(settings) as running:
        yield running


def test_one_answer_too_many_gets_503_with_retry_after(long: BackgroundServer) -> None:
    first = send(long.port, "POST", "/chat", {"message": "hello"})
    assert first.readline() == b"retry: 3000\n"
    refused = ask(long.port, "/v1/chat/completions", {"messages": [{"role": "user", "content": "x"}]})
    assert refused.status == 503
    assert refused.headers["retry-after"] == "1"
    assert refused.json["error"]["code"] == "overloaded"
    first.close()
    until(lambda: counters(long)["active_streams"] == 0)
    answer = send(long.port, "POST", "/chat", {"message": "hello"})
    assert answer.status == 200
    answer.close()
    until(lambda: counters(long)["active_streams"] == 0)


def test_an_answer_that_takes_too_long_ends_with_an_error() -> None:
    with BackgroundServer(QUICK.model_copy(update={**LONG, "request_timeout_s": 0.3})) as running:
        streamed = ask(running.port, "/chat", {"message": "hello"})
        assert streamed.blocks[-1].event == "error"
        assert streamed.blocks[-1].data["code"] == "timeout"
        assert ask(running.port, "/chat", {"message": "hello", "stream": False}).status == 504


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_leaves_stops_the_work(long: BackgroundServer, stream: bool) -> None:
    left_before = answers_left(long)
    with socket.create_connection(("127.0.0.1", long.port)) as client:
        client.sendall(request({"message": "hello", "stream": stream}))
        until(lambda: counters(long)["active_streams"] == 1)
    until(lambda: counters(long)["active_streams"] == 0)
    assert answers_left(long) == left_before + 1
    tokens = counters(long)["tokens"]
    assert tokens < 1000
    assert counters(long)["tokens"] == tokens


def answers_left(server: BackgroundServer) -> int:
    return sum(answer["count"] for answer in counters(server)["answers"] if answer["outcome"] == "left")


def stop_during_an_answer(tokens: int, grace_s: float) -> tuple[Answer, float, int]:
    """The answer that was being given when SIGTERM came, the seconds it went on, and the server's exit status."""
    settings = QUICK.model_copy(update={"answer_tokens": tokens, "token_delay_s": 0.02, "shutdown_grace_s": grace_s})
    with BackgroundServer(settings) as running:
        response = send(running.port, "POST", "/chat", {"message": "hello"})
        response.readline()
        stopped_s = time.monotonic()
        running.process.send_signal(signal.SIGTERM)
        answer = Answer(response.status, {}, stopped_s)
        read_blocks(response, answer)
        took_s = time.monotonic() - stopped_s
        return answer, took_s, running.process.wait(timeout=FOREVER_S)


@undisturbed
def test_a_stopped_server_lets_an_answer_finish_within_the_grace() -> None:
    answer, took_s, status = stop_during_an_answer(tokens=50, grace_s=FOREVER_S)
    assert answer.blocks[-1].event == "completed"
    assert 0.5 < took_s < PROMPT_S
    assert status == 0


def test_a_stopped_server_ends_a_longer_answer_with_an_error_event_at_the_end_of_the_grace() -> None:
    answer, took_s, status = stop_during_an_answer(tokens=5000, grace_s=0.5)
    assert answer.blocks[-1].event == "error"
    assert answer.blocks[-1].data["code"] == "server_stopping"
    assert not answer.cut
    assert 0.4 < took_s < PROMPT_S, "the answer takes 100 s"
    assert status == 0


def test_a_background_server_does_not_outlive_the_process_that_started_it() -> None:
    script = (
        "import time; from sse_perf_tool.chat_server.run import BackgroundServer\n"
        "with BackgroundServer() as running: print(running.port, flush=True); time.sleep(60)"
    )
    path = str(Path(package.__file__).parents[2])
    with subprocess.Popen(
        [sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": path}, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        port = int(parent.stdout.readline())
        assert ask(port, "/health", method="GET").status == 200
        parent.kill()
    until(lambda: not is_listening(port))


def is_listening(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


async def read_stream(port: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request({"message": "hello"}))
    whole = await reader.read()
    writer.close()
    return whole


async def read_streams(port: int, count: int) -> list[bytes]:
    return await asyncio.gather(*(read_stream(port) for _ in range(count)))


def test_200_streams_at_once_lose_nothing_and_leave_no_memory_behind() -> None:
    settings = QUICK.model_copy(
        update={"response_delay_s": 0.3, "token_delay_s": 0.02, "answer_tokens": 30, "log_level": "WARNING"}
    )
    with BackgroundServer(settings) as running:
        after_mib = []
        for _ in range(3):
            bodies = asyncio.run(read_streams(running.port, 200))
            assert [body.count(b"event: message\n") for body in bodies] == [30] * 200
            assert all(b"event: completed\n" in body for body in bodies)
            assert len({re.findall(rb'"conversation_id":"([^"]+)', body)[0] for body in bodies}) == 200
            now = counters(running)
            assert now["active_streams"] == 0
            after_mib.append(now["memory_bytes"] / 2**20)
    assert now["tokens"] == 3 * 200 * 30
    assert now["answers"] == [{"api": "chatbot", "outcome": "completed", "count": 600}]
    # the first round fills caches and pools; 200 conversations of one turn are well below a MiB
    assert after_mib[2] - after_mib[0] < 8


def test_metrics_are_counted_in_both_forms() -> None:
    with BackgroundServer(QUICK.model_copy(update={"answer_tokens": 7})) as running:
        ask(running.port, "/chat", {"message": "hello"})
        ask(running.port, "/v1/chat-messages", {})
        ask(running.port, "/some/unknown/path", {})
        text = send(running.port, "GET", "/metrics").read().decode()
        document = counters(running)
    assert 'chat_requests_total{path="/chat",status="200"} 1\n' in text
    assert 'chat_requests_total{path="/v1/chat-messages",status="400"} 1\n' in text
    assert 'chat_requests_total{path="other",status="404"} 1\n' in text
    assert 'chat_errors_total{code="invalid_param"} 1\n' in text
    assert 'chat_answers_total{api="chatbot",outcome="completed"} 1\n' in text
    assert "\nchat_tokens_total 7\n" in text
    assert "\nchat_conversations 1\n" in text
    assert 'chat_response_seconds_bucket{path="/chat",le="+Inf"} 1\n' in text
    assert 'chat_response_seconds_count{path="/chat"} 1\n' in text
    assert re.search(r"\nprocess_resident_memory_bytes \d{7,}\n", text)
    assert document["tokens"] == 7
    assert document["errors"] == {"invalid_param": 1, "not_found": 1}
    assert {"path": "/chat", "status": 200, "count": 1} in document["requests"]
    chat = next(times for times in document["response_time"] if times["path"] == "/chat")
    assert chat["count"] == sum(chat["counts"]) == 1
    assert len(chat["counts"]) == len(document["response_time_bounds_s"]) + 1


def test_every_line_of_the_prometheus_text_has_its_form(server: BackgroundServer) -> None:
    response = send(server.port, "GET", "/metrics")
    assert response.getheader("content-type") == "text/plain; version=0.0.4; charset=utf-8"
    form = r'# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-z]+="[^"\n]*"(,[a-z]+="[^"\n]*")*\})? [0-9.e+-]+'
    lines = response.read().decode().splitlines()
    assert [line for line in lines if not re.fullmatch(form, line)] == []
