"""Redirects and retries."""

from __future__ import annotations

import pytest

from requests_to_server import KEY, MS, TOO_BUSY, ask, ask_often, failing, redirect
from scripted_server import ANSWER, Serve
from sse_perf_tool.records import Outcome
from sse_perf_tool.wire import Exchange

QUOTA = b'{"error": {"message": "quota exceeded", "type": "rate_limit"}}'


def test_307_is_asked_again_in_full(serve: Serve) -> None:
    server = serve(redirect("307 Temporary Redirect"), ANSWER)
    ask(server)
    first, second = server.requests
    assert second.line == "POST /elsewhere HTTP/1.1"
    assert (second.body, second.header("Authorization")) == (first.body, f"Bearer {KEY}")


def test_302_is_asked_again_without_a_body_as_every_client_does(serve: Serve) -> None:
    server = serve(redirect("302 Found"), ANSWER)
    ask(server)
    assert (server.requests[1].line, server.requests[1].body) == ("GET /elsewhere HTTP/1.1", b"")


@pytest.mark.parametrize("name", ["Authorization", "x-api-key", "x-goog-api-key"])
def test_key_does_not_follow_a_redirect_to_another_server(serve: Serve, name: str) -> None:
    other = serve(ANSWER)
    server = serve(redirect("307 Temporary Redirect", other.url()))
    ask(server, auth=(name, ""))
    assert server.requests[0].header(name) == KEY
    assert [request.header(name) for request in other.requests] == [None]


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds of the pauses between attempts, which then take none."""
    asked: list[float] = []
    monkeypatch.setattr(Exchange, "pause", lambda _exchange, seconds: asked.append(seconds))
    return asked


def test_500_four_times_is_a_failure_behind_three_retries(serve: Serve, pauses: list[float]) -> None:
    server = serve(failing("500 Internal Server Error", body=TOO_BUSY))
    record = ask(server)
    assert (record.outcome, record.status, record.retries) == (Outcome.HTTP_ERROR, 500, 3)
    assert record.error == "HTTP 500: model overloaded (1305)"
    assert (len(server.requests), server.connections) == (4, 1)
    assert pauses == [0, 1, 2]


def test_500_twice_and_then_an_answer_is_ok_behind_two_retries(serve: Serve, pauses: list[float]) -> None:
    server = serve(failing("500 Internal Server Error"), failing("502 Bad Gateway"), ANSWER)
    record = ask(server)
    assert (record.outcome, record.status, record.retries, record.chunks) == (Outcome.OK, 200, 2, 2)
    assert len({request.body for request in server.requests}) == 1


def test_every_request_has_its_own_retries(serve: Serve, pauses: list[float]) -> None:
    busy = failing("503 Busy")
    records = ask_often(serve(busy, busy, ANSWER, busy, busy, ANSWER), 2)
    assert [(record.outcome, record.retries) for record in records] == [(Outcome.OK, 2), (Outcome.OK, 2)]


def test_retry_after_is_obeyed(serve: Serve) -> None:
    server = serve(failing("429 Too Many Requests", "Retry-After: 1", body=QUOTA), ANSWER)
    record = ask(server)
    assert (record.outcome, record.status, record.retries) == (Outcome.OK, 200, 1)
    assert record.ttft_ns is not None
    assert 1_000 * MS <= record.ttft_ns < 1_300 * MS


def test_retry_after_beyond_the_timeout_is_the_429_that_it_is(serve: Serve) -> None:
    server = serve(failing("429 Too Many Requests", "Retry-After: 60", body=QUOTA), ANSWER)
    record = ask(server, timeout_s=0.3)
    assert (record.outcome, record.status, len(server.requests)) == (Outcome.HTTP_ERROR, 429, 1)
    assert record.error
    assert "quota exceeded" in record.error
