"""What the server says is not trusted: secrets, terminal escapes, size."""

from __future__ import annotations

from patience import FOREVER_S, PROMPT_S
from requests_to_server import JSON, KEY, PING, ask, failing
from scripted_server import Serve, chunk, chunked, event, head, sized
from sse_perf_tool.formats.base import ERROR_LIMIT
from sse_perf_tool.records import Outcome


def test_key_in_an_error_message_is_masked(serve: Serve) -> None:
    body = event({"error": {"message": f"Incorrect API key provided: {KEY}"}})[6:-2]
    record = ask(serve(failing("401 Unauthorized", body=body)))
    assert record.error == "HTTP 401: Incorrect API key provided: sk-…4Knu"


def test_terminal_escapes_in_texts_of_the_server_are_taken_out(serve: Serve) -> None:
    evil = "\x1b]0;owned\x07\x1b[2J\u202egood"
    message = event({"id": evil, "error": {"message": evil}, "choices": [{"delta": {"content": "x"}}]})
    record = ask(serve(chunked(message)))
    assert record.outcome is Outcome.IN_STREAM_ERROR
    assert record.error == "\ufffd]0;owned\ufffd\ufffd[2J\ufffdgood"
    assert record.message_id == record.error


def test_reason_phrase_of_the_server_is_taken_no_better(serve: Serve) -> None:
    record = ask(serve(sized(status="404 \x1b[31mNot\x1b[0m Found " + "x" * 2_000)))
    assert record.error
    assert "\x1b" not in record.error
    assert len(record.error) <= ERROR_LIMIT


def test_error_body_of_10_mebibytes_is_cut_short(serve: Serve) -> None:
    mebibyte = b"x" * 2**20
    more = [mebibyte, FOREVER_S, *[mebibyte] * 9]
    record = ask(serve(sized(b'{"error": "', *more, status="400 Bad Request", kind=JSON)))
    assert (record.outcome, record.status) == (Outcome.HTTP_ERROR, 400)
    assert record.bytes_received < 2 * 2**20
    assert record.latency_ns < PROMPT_S * 1e9
    assert record.error
    assert len(record.error) <= ERROR_LIMIT


def test_error_body_without_an_end_does_not_hold_the_request_up(serve: Serve) -> None:
    chunked_head = head("400 Bad Request", JSON, "Transfer-Encoding: chunked")
    record = ask(serve([chunked_head, *[chunk(b"x" * 1000), 0.001] * 99_999]))
    assert (record.outcome, record.status) == (Outcome.HTTP_ERROR, 400)
    assert record.latency_ns < PROMPT_S * 1e9


def test_line_without_an_end_does_not_fill_the_memory(serve: Serve) -> None:
    record = ask(serve([head(), b"data: ", *[b"x" * 2**20] * 300]))
    assert record.outcome is Outcome.MALFORMED
    assert record.bytes_received < 128 * 2**20


def test_server_that_floods_is_held_back(serve: Serve) -> None:
    server = serve([head(), *[PING * 100_000] * 999])
    record = ask(server, timeout_s=0.5)
    assert record.outcome in (Outcome.TIMEOUT, Outcome.MALFORMED)
    assert sum(len(sent.data) for sent in server.sent) - record.bytes_received < 64 * 2**20
