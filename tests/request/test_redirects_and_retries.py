"""Redirects and retries."""

from __future__ import annotations

import gzip

import pytest

from patience import PROMPT_S
from requests_to_server import KEY, MS, TOO_BUSY, ask, ask_often, failing, redirect
from scripted_server import ANSWER, Serve, chunk, sized
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


ENDLESS = [b"x" * 65_536] * 999
REDIRECT = "HTTP/1.1 307 Away\r\nLocation: /elsewhere\r\n"


@pytest.mark.parametrize(
    "body",
    [
        [b"\r\n", *ENDLESS],
        [b"Content-Length: 99999999\r\n\r\n", *ENDLESS],
        [b"Content-Length: 10\r\n\r\n"],
        [b"Transfer-Encoding: chunked\r\n\r\n", *[chunk(b"x" * 65_536)] * 999],
        [b"Transfer-Encoding: chunked\r\n\r\nno chunk"],
        [b"Content-Encoding: gzip\r\n\r\n", *[gzip.compress(bytes(2**20))] * 999],
    ],
    ids=["until close", "counted", "does not come", "chunked", "not chunked", "gzip"],
)
def test_the_body_of_a_redirect_is_not_needed(serve: Serve, body: list[bytes]) -> None:
    server = serve([REDIRECT.encode(), *body], ANSWER)
    record = ask(server)
    assert (record.outcome, record.chunks, server.connections) == (Outcome.OK, 2, 2)
    assert record.latency_ns < PROMPT_S * 1e9
    assert record.bytes_received < 8 * 2**20  # what one queue takes


@pytest.mark.usefixtures("patient_drain")
def test_a_short_body_of_a_redirect_leaves_the_connection_for_the_next_request(serve: Serve) -> None:
    server = serve(sized(b"moved", status="307 Away", headers=["Location: /elsewhere"]), ANSWER)
    assert (ask(server).outcome, server.connections) == (Outcome.OK, 1)


def test_the_body_of_an_attempt_that_is_sent_again_is_not_needed_either(serve: Serve) -> None:
    server = serve([b"HTTP/1.1 503 Busy\r\n\r\n", *ENDLESS], ANSWER)
    record = ask(server)
    assert (record.outcome, record.retries, server.connections) == (Outcome.OK, 1, 2)
    assert record.bytes_received < 8 * 2**20  # what one queue takes


def test_a_redirect_that_leads_nowhere_is_named(serve: Serve) -> None:
    gone = serve()
    gone.stop()
    record = ask(serve(redirect("307 Away", gone.url("/v2?token=abcdefghijklmn"))))
    assert record.outcome is Outcome.CONNECT_ERROR
    place = f"127.0.0.1:{gone.port}"
    assert (record.error or "").startswith(f"connection refused by {place}: ")
    assert f"(redirected to http://{place}/v2?token=" in (record.error or "")
    assert "abcdefghij" not in (record.error or "")


def test_an_error_behind_a_redirect_says_where_it_came_from(serve: Serve) -> None:
    other = serve(failing("403 Forbidden"))
    record = ask(serve(redirect("307 Away", other.url("/login"))))
    assert record.error == f"HTTP 403: Forbidden (redirected to {other.url('/login')})"


def test_endless_redirects_name_the_last_address(serve: Serve) -> None:
    server = serve(redirect("307 Away", "/round"))
    assert ask(server).error == f"too many redirects (redirected to {server.url('/round')})"


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch, patient_drain: None) -> list[float]:
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


def test_retry_after_is_obeyed(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []
    pause = Exchange.pause

    def pauses(exchange: Exchange, seconds: float) -> None:
        asked.append(seconds)
        pause(exchange, seconds)

    monkeypatch.setattr(Exchange, "pause", pauses)
    server = serve(failing("429 Too Many Requests", "Retry-After: 1", body=QUOTA), ANSWER)
    record = ask(server)
    assert (record.outcome, record.status, record.retries) == (Outcome.OK, 200, 1)
    assert record.ttft_ns is not None
    assert asked == [1]
    assert record.ttft_ns >= 1_000 * MS


def test_retry_after_beyond_the_timeout_is_the_429_that_it_is(serve: Serve) -> None:
    server = serve(failing("429 Too Many Requests", "Retry-After: 600", body=QUOTA), ANSWER)
    record = ask(server)
    assert (record.outcome, record.status, len(server.requests)) == (Outcome.HTTP_ERROR, 429, 1)
    assert record.error
    assert "quota exceeded" in record.error
