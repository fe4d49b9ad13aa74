"""What a server does wrong, and what the record of the request says of it."""

from __future__ import annotations

import gzip
from types import MappingProxyType

import pytest

from patience import undisturbed
from requests_to_server import (
    CHUNKED_HEAD,
    HELLO,
    IDLE,
    JSON,
    PAGE,
    PING,
    TOO_BUSY,
    WHOLE,
    WORLD,
    Fault,
    ask,
    failing,
    promising,
    redirect,
)
from scripted_server import ANSWER, CLOSE, DONE, FINISH, RESET, Serve, Step, chunk, chunked, head, sized, until_close
from sse_perf_tool.records import Outcome


def each_100_ms(piece: bytes, times: int) -> list[Step]:
    """So many pieces, a pause behind each."""
    steps: list[Step] = []
    for _ in range(times):
        steps += [piece, 0.1]
    return steps


def zipped(body: bytes) -> list[Step]:
    """200 with a body that says it is gzip."""
    return sized(body, headers=["Content-Encoding: gzip"])


OOPS = b"data: {oops\n\n"
NOT_JSON = b"data: {not json\n\ndata: at all\n\n"
NO_KEY = b'{"error": {"message": "invalid api key", "code": "invalid_api_key"}}'
HALF_IDLE = MappingProxyType({"idle_timeout_s": 0.5})
"""Five times the pause between two pieces."""
SHORT = MappingProxyType({"timeout_s": 0.3})
ONCE = MappingProxyType({"retries": 0})
ERROR_HEAD = head("401 Unauthorized", JSON, "Content-Length: 999")
BUSY_HEAD = head("503 Busy", JSON, "Content-Length: 999")
JARGON = ("IncompleteRead", "invalid literal", "Error -3", "_ssl.c", "object at 0x", "('", "Error(")
"""What no error text may show: words of Python's libraries."""
BROKEN_CONNECTIONS = (
    Fault(
        "reset in mid-stream", [[CHUNKED_HEAD, chunk(HELLO), 0.05, RESET]], Outcome.TRUNCATED, "reset by peer", chunks=1
    ),
    Fault(
        "closed in mid-stream", [[CHUNKED_HEAD, chunk(HELLO), CLOSE]], Outcome.TRUNCATED, "server closed it", chunks=1
    ),
    Fault("half a chunk", [[CHUNKED_HEAD, chunk(HELLO), b"64\r\ndata", CLOSE]], Outcome.TRUNCATED, "closed", chunks=1),
    Fault("reset before the head", [[RESET]], Outcome.CONNECT_ERROR, "without an answer", None),
    Fault("closed before the head", [[CLOSE]], Outcome.CONNECT_ERROR, "without an answer", None),
    Fault("closed in the head", [[b"HTTP/1.1 200 OK\r\nContent-Ty", CLOSE]], Outcome.EMPTY, "empty"),
    Fault("Content-Length too long", [promising(9_999, HELLO, CLOSE)], Outcome.TRUNCATED, "mid-answer", chunks=1),
    Fault("Content-Length too long behind the end", [promising(9_999, WHOLE, CLOSE)], Outcome.OK, chunks=2),
    Fault("Content-Length too short", [promising(len(HELLO), HELLO + DONE)], Outcome.TRUNCATED, "end marker", chunks=1),
    Fault("closed without an end marker", [until_close(HELLO, WORLD)], Outcome.TRUNCATED, "end marker", chunks=2),
)
SILENCES = (
    Fault("no answer", [[]], Outcome.TIMEOUT, "0.3 s", None, changes=SHORT),
    Fault("no answer, idle", [[]], Outcome.IDLE_TIMEOUT, "0.2 s", None, changes=IDLE),
    Fault("half a head", [[b"HTTP/1.1 200 OK\r\nConte"]], Outcome.TIMEOUT, "0.3 s", None, changes=SHORT),
    Fault("head drop by drop", [each_100_ms(b"HTTP", 9)], Outcome.TIMEOUT, "0.3 s", None, changes=SHORT),
    Fault("stall", [[CHUNKED_HEAD, chunk(HELLO)]], Outcome.TIMEOUT, "0.3 s", chunks=1, changes=SHORT),
    Fault("stall, idle", [[CHUNKED_HEAD, chunk(HELLO)]], Outcome.IDLE_TIMEOUT, "0.2 s", chunks=1, changes=IDLE),
    Fault("stall in an error body", [[ERROR_HEAD]], Outcome.TIMEOUT, "0.3 s", 401, changes=SHORT),
    Fault("stall in an error body, time left", [[ERROR_HEAD, NO_KEY]], Outcome.HTTP_ERROR, "invalid api key", 401),
    Fault("stall in the body of a 503", [[BUSY_HEAD], ANSWER], Outcome.OK, None, 200, 2, 2, 1, IDLE),
    Fault("slow, but never idle", [chunked(*each_100_ms(HELLO, 8), DONE)], Outcome.OK, chunks=8, changes=HALF_IDLE),
    Fault("pings, but no end", [chunked(*each_100_ms(PING, 9))], Outcome.TIMEOUT, "0.3 s", changes=SHORT),
    Fault(
        "pings keep it from idling",
        [chunked(*each_100_ms(PING, 8), HELLO, DONE)],
        Outcome.OK,
        chunks=1,
        changes=HALF_IDLE,
    ),
)
BODIES = (
    Fault("gzip", [zipped(gzip.compress(WHOLE))], Outcome.OK, chunks=2),
    Fault("broken gzip", [zipped(b"\x1f\x8b\x08" + bytes(7) + b"\xff" * 9)], Outcome.MALFORMED, "is not gzip"),
    Fault("no gzip at all", [zipped(WHOLE)], Outcome.MALFORMED, "is not gzip"),
    Fault("gzip cut short", [zipped(gzip.compress(HELLO)[:-12])], Outcome.TRUNCATED, "end marker"),
    Fault("invalid chunk size", [[CHUNKED_HEAD, chunk(HELLO), b"zz\r\n"]], Outcome.MALFORMED, "chunked", chunks=1),
    Fault("HTML with 200", [sized(PAGE, kind="text/html; charset=utf-8")], Outcome.NOT_A_STREAM, "Welcome to nginx!"),
    Fault("HTML that says it is a stream", [sized(PAGE)], Outcome.NOT_A_STREAM, "Welcome to nginx!"),
    Fault("JSON error with 200", [sized(NO_KEY, kind=JSON)], Outcome.NOT_A_STREAM, "invalid api key"),
    Fault("JSON answer with 200", [sized(b'{"choices": []}', kind=JSON)], Outcome.NOT_A_STREAM, "choices"),
    Fault("CRLF line ends", [sized(WHOLE.replace(b"\n", b"\r\n"))], Outcome.OK, chunks=2),
    Fault("CR line ends", [sized(WHOLE.replace(b"\n", b"\r"))], Outcome.OK, chunks=2),
    Fault("BOM", [sized(b"\xef\xbb\xbf" + WHOLE)], Outcome.OK, chunks=2),
    Fault("event without end", [sized(HELLO + DONE.rstrip())], Outcome.TRUNCATED, "end marker", chunks=1),
    Fault("[DONE] missing", [sized(HELLO + FINISH)], Outcome.OK, chunks=1),
    Fault("[DONE] and finish_reason missing", [sized(HELLO)], Outcome.TRUNCATED, "end marker", chunks=1),
    Fault("error in the stream", [chunked(HELLO, TOO_BUSY, DONE)], Outcome.IN_STREAM_ERROR, "overloaded", chunks=1),
    Fault("empty body", [sized()], Outcome.EMPTY, "empty"),
    Fault("204", [[b"HTTP/1.1 204 No Content\r\n\r\n"]], Outcome.EMPTY, "empty", 204),
    Fault("answer without tokens", [sized(FINISH + DONE)], Outcome.EMPTY, "without any token"),
    Fault("pings and nothing else", [sized(PING * 3)], Outcome.TRUNCATED, "end marker"),
    Fault("garbage that is no stream", [sized(bytes(range(256)) * 4)], Outcome.MALFORMED, "1024 bytes"),
    Fault("plain text", [sized(b"upstream is down", kind="text/plain")], Outcome.NOT_A_STREAM, '"upstream is down"'),
    Fault(
        "events that are no JSON",
        [sized(NOT_JSON)],
        Outcome.MALFORMED,
        "2 events came, none of a known format (first: {not json)",
    ),
    Fault(
        "one event of broken JSON", [sized(HELLO + OOPS + WORLD + DONE)], Outcome.MALFORMED, "1 of 4 events", chunks=2
    ),
    Fault("one event of plain words", [sized(HELLO + b"data: oops\n\n" + WORLD + DONE)], Outcome.OK, chunks=2),
)
HEADS = (
    Fault("401", [failing("401 Unauthorized", body=NO_KEY)], Outcome.HTTP_ERROR, "invalid api key", 401),
    Fault("404 with a page", [sized(PAGE, status="404 Not Found")], Outcome.HTTP_ERROR, "Welcome to nginx!", 404),
    Fault("403 without a body", [failing("403 Forbidden")], Outcome.HTTP_ERROR, "HTTP 403: Forbidden", 403),
    Fault("error status in a stream", [sized(TOO_BUSY, status="400 Bad")], Outcome.HTTP_ERROR, "overloaded", 400),
    Fault("503 once", [failing("503 Busy"), ANSWER], Outcome.OK, chunks=2, retries=1),
    Fault("501 is not sent again", [failing("501 No"), ANSWER], Outcome.HTTP_ERROR, "HTTP 501", 501),
    Fault("no retries wanted", [failing("503 No"), ANSWER], Outcome.HTTP_ERROR, "HTTP 503: No", 503, changes=ONCE),
    Fault("Retry-After is no time", [failing("429 No", "Retry-After: soon"), ANSWER], Outcome.OK, chunks=2, retries=1),
    Fault("error body shorter than told", [[ERROR_HEAD, NO_KEY, CLOSE]], Outcome.HTTP_ERROR, "invalid api key", 401),
    Fault("error body that is reset", [[ERROR_HEAD, NO_KEY, 0.05, RESET]], Outcome.HTTP_ERROR, "invalid api key", 401),
    Fault("HTTP/1.0", [[b"HTTP/1.0 200 OK\r\n\r\n", WHOLE, CLOSE]], Outcome.OK, chunks=2),
    Fault("100 Continue", [[b"HTTP/1.1 100 Continue\r\n\r\n", *ANSWER]], Outcome.OK, chunks=2),
    Fault("120 header lines", [[head("200 OK", JSON, *["X: 1"] * 120), b"{}"]], Outcome.MALFORMED, "HTTP", None),
    Fault("no HTTP", [[b"220 smtp.example.com ESMTP\r\n"]], Outcome.MALFORMED, "does not answer in HTTP", None),
    Fault("endless head line", [[b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000]], Outcome.MALFORMED, "HTTP", None),
    Fault("two lengths", [[head("200 OK", JSON, "Content-Length: 5, 6"), b"hello"]], Outcome.MALFORMED, "", None),
    Fault("307", [redirect("307 Temporary Redirect"), ANSWER], Outcome.OK, chunks=2),
    Fault("302", [redirect("302 Found"), ANSWER], Outcome.OK, chunks=2),
    Fault("redirect to nowhere", [redirect("307 Away", "ftp://127.0.0.1/")], Outcome.HTTP_ERROR, "ftp://", None),
    Fault("redirected for ever", [redirect("307 Temporary Redirect")], Outcome.HTTP_ERROR, "redirects", None),
)


@pytest.mark.parametrize("fault", [*BROKEN_CONNECTIONS, *BODIES, *HEADS], ids=lambda fault: fault.name)
def test_fault(serve: Serve, patient_drain: None, fault: Fault) -> None:
    assert_fault(serve, fault)


@pytest.mark.parametrize("fault", SILENCES, ids=lambda fault: fault.name)
@undisturbed
def test_silence(serve: Serve, fault: Fault) -> None:
    assert_fault(serve, fault)


def assert_fault(serve: Serve, fault: Fault) -> None:
    """The record says what the fault is, and nothing else."""
    server = serve(*fault.scripts)
    record = ask(server, **fault.changes)
    assert record.outcome is fault.outcome, record.error
    assert (record.status, record.chunks, record.retries) == (fault.status, fault.chunks, fault.retries)
    assert server.connections == fault.connections
    if fault.error is None:
        assert record.error is None
    else:
        assert record.error
        assert fault.error in record.error
        assert not any(word in record.error for word in JARGON), record.error
