"""The GET that asks a server what it is: any answer at all is taken without harm."""

from __future__ import annotations

import pytest

from scripted_server import Serve, chunked, head, sized
from sse_perf_tool.arguments.endpoint import Reply
from sse_perf_tool.commands import asking
from sse_perf_tool.commands.asking import get_json

JSON = "application/json"


def test_json_is_read_and_anything_else_is_none(serve: Serve) -> None:
    server = serve(sized(b'{"a": [1]}', kind=JSON), sized(b"<html>", kind="text/html"), sized(b"[" * 5000, kind=JSON))
    replies = [get_json(server.url("/v1/models"), {"X-A": "1"}, True) for _ in range(3)]
    assert replies == [Reply(200, {"a": [1]}), Reply(200), Reply(200)]
    assert server.requests[0].header("X-A") == "1"


def test_a_redirect_is_not_followed_as_headers_may_hold_a_key(serve: Serve) -> None:
    server = serve([head("302 Found", "text/plain", "Location: /elsewhere", "Content-Length: 0")])
    assert get_json(server.url("/v1/models"), {}, True) == Reply(302)
    assert len(server.requests) == 1


def test_an_answer_without_end_is_left_when_it_is_too_long(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "MOST_BYTES", 100_000)
    server = serve(chunked(*[b"x" * 60_000] * 50))
    assert get_json(server.url("/v1/models"), {}, True) == Reply(200)


def test_a_server_that_is_not_there_is_a_reason(serve: Serve) -> None:
    server = serve()
    server.stop()
    assert get_json(server.url("/v1/models"), {}, True) == Reply(None, reason="refused")
