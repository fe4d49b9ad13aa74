"""What becomes of a request when servers and networks do what they should not: one row a fault."""

from __future__ import annotations

import gzip
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest

from scripted_server import (
    ANSWER,
    CLOSE,
    DONE,
    FINISH,
    FRAMINGS,
    RESET,
    Framing,
    Script,
    ScriptedServer,
    Serve,
    Step,
    chunk,
    chunked,
    event,
    head,
    sized,
    tls_context,
    token,
    until_close,
    usage,
)
from sse_perf_tool import tester as tester_module
from sse_perf_tool.formats import FORMATS
from sse_perf_tool.load.run import LoadRun
from sse_perf_tool.masking import Masker
from sse_perf_tool.providers import ApiKeyProvider, Query, QueryProvider
from sse_perf_tool.records import OUTCOMES, Outcome, RequestRecord, RunConfig
from sse_perf_tool.request.body import BodyBuilder
from sse_perf_tool.request.target import Target
from sse_perf_tool.tester import SSETester
from sse_perf_tool.wire import Exchange, pump

KEY = "sk-0123456789abcdef4Knu"
OPENAI = FORMATS["openai_chat"]
MS = 1_000_000
TOLERANCE_NS = 30 * MS
"""How late a stamp may be on a busy machine; the gaps it is held against are of 100 ms."""
EARLY_NS = -1 * MS
"""How early it may seem: the kernel stamps by another clock than the server of these tests."""

HELLO, WORLD = token("Hello"), token(" world")
WHOLE = HELLO + WORLD + FINISH + usage(9, 2) + DONE
CHUNKED_HEAD = head("200 OK", "text/event-stream", "Transfer-Encoding: chunked")
JSON = "application/json"


def target_of(server: ScriptedServer, **changes: Any) -> Target:
    """An OpenAI-style endpoint on the server, as the command line would make it."""
    facts: dict[str, Any] = {
        "url": server.url(),
        "body": BodyBuilder(row=OPENAI),
        "queries": QueryProvider([Query("你是谁")]),
        "masker": Masker([KEY]),
        "keys": ApiKeyProvider([KEY]),
        "auth": OPENAI.auth,
        "format": OPENAI,
        "timeout_s": 3.0,
    }
    return Target(**{**facts, **changes})


def ask_often(server: ScriptedServer, times: int, pause_s: float = 0, **changes: Any) -> list[RequestRecord]:
    """What becomes of so many requests, one after another over one session."""
    asker = SSETester(target_of(server, **changes))
    records = []
    for number in range(times):
        if number:
            time.sleep(pause_s)
        records.append(asker.test_streaming(number + 1))
    asker.close()
    return records


def ask(server: ScriptedServer, **changes: Any) -> RequestRecord:
    """What becomes of one request."""
    return ask_often(server, 1, **changes)[0]


class Fault(NamedTuple):
    """`error` is a part of the error text, None when there must be none; `changes` are those of the target."""

    name: str
    scripts: Sequence[Script]
    outcome: Outcome
    error: str | None = None
    status: int | None = 200
    chunks: int = 0
    connections: int = 1
    retries: int = 0
    changes: Mapping[str, Any] = MappingProxyType({})


def each_100_ms(piece: bytes, times: int) -> list[Step]:
    """So many pieces, a pause behind each."""
    steps: list[Step] = []
    for _ in range(times):
        steps += [piece, 0.1]
    return steps


def redirect(status: str, path: str = "/elsewhere") -> list[Step]:
    """An answer that sends the client to another path."""
    return sized(status=status, headers=[f"Location: {path}"])


def failing(status: str, *headers: str, body: bytes = b"") -> list[Step]:
    """An answer of an error status with a JSON body."""
    return sized(body, status=status, kind=JSON, headers=headers)


def zipped(body: bytes) -> list[Step]:
    """200 with a body that says it is gzip."""
    return sized(body, headers=["Content-Encoding: gzip"])


def promising(length: int, *pieces: Step) -> list[Step]:
    """200 with a Content-Length that need not be true."""
    return [head("200 OK", "text/event-stream", f"Content-Length: {length}"), *pieces]


NOT_JSON = b"data: {not json\n\ndata: at all\n\n"
TOO_BUSY = event({"error": {"message": "model overloaded", "code": 1305}})
QUOTA = b'{"error": {"message": "quota exceeded", "type": "rate_limit"}}'
NO_KEY = b'{"error": {"message": "invalid api key", "code": "invalid_api_key"}}'
PAGE = b"<!DOCTYPE html><html><head><title>Welcome to nginx!</title></head><body>hello</body></html>"
SHORT = MappingProxyType({"timeout_s": 0.3})
ONCE = MappingProxyType({"retries": 0})
IDLE = MappingProxyType({"idle_timeout_s": 0.2})
PING = b": ping\n\n"
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
    Fault("slow, but never idle", [chunked(*each_100_ms(HELLO, 3), DONE)], Outcome.OK, chunks=3, changes=IDLE),
    Fault("pings, but no end", [chunked(*each_100_ms(PING, 9))], Outcome.TIMEOUT, "0.3 s", changes=SHORT),
    Fault(
        "pings keep it from idling", [chunked(*each_100_ms(PING, 3), HELLO, DONE)], Outcome.OK, chunks=1, changes=IDLE
    ),
)

BODIES = (
    Fault("gzip", [zipped(gzip.compress(WHOLE))], Outcome.OK, chunks=2),
    Fault("broken gzip", [zipped(b"\x1f\x8b\x08" + bytes(7) + b"\xff" * 9)], Outcome.MALFORMED, "is not the gzip"),
    Fault("no gzip at all", [zipped(WHOLE)], Outcome.MALFORMED, "is not the gzip"),
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
    Fault("events that are no JSON", [sized(NOT_JSON)], Outcome.MALFORMED, "none of the 2 events"),
    Fault("one event that is no JSON", [sized(HELLO + b"data: {oops\n\n" + WORLD + DONE)], Outcome.OK, chunks=2),
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


@pytest.mark.parametrize("fault", [*BROKEN_CONNECTIONS, *SILENCES, *BODIES, *HEADS], ids=lambda fault: fault.name)
def test_fault(serve: Serve, fault: Fault) -> None:
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


# No connection, or not the right one.


def test_refused_connection_says_where_and_asks_whether_the_server_runs(serve: Serve) -> None:
    server = serve()
    server.stop()
    record = ask(server)
    assert (record.outcome, record.status, record.retries) == (Outcome.CONNECT_ERROR, None, 0)
    assert record.error == (
        f"connection refused by 127.0.0.1:{server.port}: is the server running there, and is the port right?"
    )


def test_name_that_does_not_resolve_is_called_so(serve: Serve) -> None:
    record = ask(serve(), url="http://no-such-host.invalid/v1/chat/completions")
    assert record.outcome is Outcome.CONNECT_ERROR
    assert record.error == "host name no-such-host.invalid:80 cannot be resolved: check its spelling and the DNS"


def test_connect_that_hangs_ends_with_the_timeout(serve: Serve) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        address = full.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for sock in waiting:
            sock.setblocking(False)
            sock.connect_ex(address)  # these take all places of the queue
        began_s = time.monotonic()
        record = ask(serve(), url=f"http://127.0.0.1:{address[1]}/v1/chat/completions", timeout_s=0.3)
        for sock in waiting:
            sock.close()
    assert (record.outcome, record.status) == (Outcome.TIMEOUT, None)
    assert time.monotonic() - began_s < 1.5
    assert record.latency_ns >= 290 * MS


def test_ssh_server_is_no_http_server(serve: Serve) -> None:
    server = serve([], greeting=[b"SSH-2.0-OpenSSH_9.6\r\n"])
    record = ask(server)
    assert (record.outcome, record.status) == (Outcome.MALFORMED, None)
    assert record.error
    assert f"127.0.0.1:{server.port} does not answer in HTTP: SSH-2.0-OpenSSH_9.6" in record.error


LONG_QUERY = QueryProvider([Query("问" * 3_000_000)])
"""9 MB, more than any buffer on the way takes at once."""


def test_long_request_goes_out_whole(serve: Serve) -> None:
    server = serve(ANSWER)
    assert ask(server, queries=LONG_QUERY).outcome is Outcome.OK
    assert server.requests[0].body.count("问".encode()) == 3_000_000


def test_server_that_does_not_read_the_request_runs_into_the_timeout(serve: Serve) -> None:
    record = ask(serve([], greeting=[1.0]), queries=LONG_QUERY, timeout_s=0.3)
    assert (record.outcome, record.status) == (Outcome.TIMEOUT, None)
    assert 290 * MS <= record.latency_ns < 900 * MS


def test_server_that_refuses_before_it_has_read_the_request_is_heard(serve: Serve) -> None:
    too_large = [*sized(b"too large", status="413 Content Too Large", kind="text/plain"), CLOSE]
    record = ask(serve([], greeting=too_large), queries=LONG_QUERY)
    assert (record.outcome, record.status) == (Outcome.HTTP_ERROR, 413)
    assert record.error == "HTTP 413: too large"


def test_every_address_of_a_name_is_tried(serve: Serve) -> None:
    server = serve(ANSWER)  # on 127.0.0.1 only, while localhost is ::1 as well on most machines
    assert ask(server, url=server.url().replace("127.0.0.1", "localhost")).outcome is Outcome.OK


# Proxies.


def test_proxy_of_the_environment_is_used(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = serve(ANSWER)
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
    record = ask(proxy, url="http://somewhere.invalid/v1/chat/completions")
    assert record.outcome is Outcome.OK
    assert proxy.requests[0].line == "POST http://somewhere.invalid/v1/chat/completions HTTP/1.1"


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_proxy_that_is_not_there_is_named(serve: Serve, monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    proxy = serve()
    proxy.stop()
    monkeypatch.setenv(f"{scheme}_proxy", f"http://127.0.0.1:{proxy.port}")
    record = ask(proxy, url=f"{scheme}://somewhere.invalid/v1/chat/completions")
    assert record.outcome is Outcome.CONNECT_ERROR
    assert record.error
    assert f"127.0.0.1:{proxy.port}" in record.error
    assert "proxy" in record.error


def test_proxy_that_refuses_the_tunnel_is_called_a_proxy(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = serve(failing("403 Forbidden by policy"))
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.port}")
    record = ask(proxy, url="https://somewhere.invalid/v1/chat/completions")
    assert record.outcome is Outcome.CONNECT_ERROR
    assert record.error
    assert "proxy" in record.error
    assert "403 Forbidden by policy" in record.error


# TLS.


@pytest.fixture
def secure(serve: Serve, certificate: Path) -> ScriptedServer:
    """A server that speaks TLS and gives whole answers."""
    return serve(ANSWER, tls=tls_context(certificate))


def test_untrusted_certificate_is_refused_and_the_error_names_both_ways_out(secure: ScriptedServer) -> None:
    record = ask(secure)
    assert (record.outcome, record.status) == (Outcome.TLS_ERROR, None)
    assert record.error
    assert record.error.startswith(f"the certificate of 127.0.0.1:{secure.port} is not trusted: self")
    assert "--cacert" in record.error
    assert "--insecure" in record.error
    assert secure.requests == []


@pytest.mark.filterwarnings("error")
def test_insecure_goes_on_without_trust_and_without_a_warning_of_urllib3(secure: ScriptedServer) -> None:
    record = ask(secure, verify=False)
    assert (record.outcome, record.chunks) == (Outcome.OK, 2)


def test_certificate_of_cacert_is_trusted_and_its_handshake_timed(secure: ScriptedServer, certificate: Path) -> None:
    first, second = ask_often(secure, 2, verify=str(certificate))
    assert (first.outcome, second.outcome, secure.connections) == (Outcome.OK, Outcome.OK, 1)
    assert first.connect_ns
    assert first.tls_ns
    assert first.ttfb_ns
    assert first.connect_ns + first.tls_ns < first.ttfb_ns
    assert (second.connect_ns, second.tls_ns, second.dns_ns) == (None, None, None)


def test_arrival_times_are_right_under_tls_too(serve: Serve, certificate: Path) -> None:
    server = serve(chunked(HELLO, 0.1, WORLD, 0.1, DONE), tls=tls_context(certificate))
    assert_times_of(ask(server, verify=False), server)


TLS_FAULTS = (
    Fault("stall", [[CHUNKED_HEAD, chunk(HELLO)]], Outcome.TIMEOUT, "0.4 s", chunks=1, changes={"timeout_s": 0.4}),
    Fault("idle", [[CHUNKED_HEAD, chunk(HELLO)]], Outcome.IDLE_TIMEOUT, "0.2 s", chunks=1, changes=IDLE),
    Fault("reset in mid-stream", [[CHUNKED_HEAD, chunk(HELLO), 0.05, RESET]], Outcome.TRUNCATED, "broke", chunks=1),
    Fault("closed in mid-stream", [[CHUNKED_HEAD, chunk(HELLO), CLOSE]], Outcome.TRUNCATED, "closed", chunks=1),
    Fault("closed before the head", [[CLOSE]], Outcome.CONNECT_ERROR, "without an answer", None),
    Fault("close-delimited", [until_close(HELLO, WORLD, DONE)], Outcome.OK, chunks=2),
)


@pytest.mark.parametrize("fault", TLS_FAULTS, ids=lambda fault: fault.name)
def test_fault_under_tls(serve: Serve, certificate: Path, fault: Fault) -> None:
    server = serve(*fault.scripts, tls=tls_context(certificate))
    record = ask(server, verify=False, **fault.changes)
    assert (record.outcome, record.status, record.chunks) == (fault.outcome, fault.status, fault.chunks), record.error
    assert (fault.error or "") in (record.error or "")


@pytest.mark.parametrize("trust", ["everybody", "the certificate"])
def test_certificates_are_loaded_before_the_first_connection_not_in_its_handshake(
    serve: Serve, certificate: Path, monkeypatch: pytest.MonkeyPatch, trust: str
) -> None:
    server = serve([*ANSWER, CLOSE], tls=tls_context(certificate))
    asker = SSETester(target_of(server, verify=False if trust == "everybody" else str(certificate)))
    loads: list[str] = []
    for name in ("load_verify_locations", "load_default_certs"):
        monkeypatch.setattr(ssl.SSLContext, name, lambda *_args, name=name, **_options: loads.append(name))
    assert [asker.test_streaming(number).outcome for number in (1, 2)] == [Outcome.OK, Outcome.OK]
    assert loads == []  # a bundle takes 20 ms to load, ten times what the handshake takes


def test_https_to_a_plain_port_asks_whether_it_speaks_https(serve: Serve) -> None:
    server = serve([], greeting=[0.05, b"HTTP/1.1 400 Bad Request\r\n\r\n", CLOSE])
    record = ask(server, url=server.url().replace("http:", "https:"))
    assert (record.outcome, record.status) == (Outcome.TLS_ERROR, None)
    assert record.error
    assert "does it speak https on this port?" in record.error


def test_handshake_that_is_cut_off_is_a_connection_closed_without_an_answer(serve: Serve) -> None:
    server = serve([], greeting=[0.05, RESET])
    record = ask(server, url=server.url().replace("http:", "https:"))
    assert record.outcome is Outcome.CONNECT_ERROR
    assert record.error == f"127.0.0.1:{server.port} closed the connection without an answer"


def test_handshake_that_hangs_ends_with_the_timeout(serve: Serve) -> None:
    server = serve([])
    began_s = time.monotonic()
    record = ask(server, url=server.url().replace("http:", "https:"), timeout_s=0.3)
    assert (record.outcome, record.status) == (Outcome.TIMEOUT, None)
    assert time.monotonic() - began_s < 1.5
    assert record.latency_ns >= 290 * MS


# Times.


def sent_at(server: ScriptedServer, data: bytes) -> int:
    """When the server sent the step that holds `data`."""
    return next(at_ns for at_ns, step in server.sent if data in step)


def assert_times_of(record: RequestRecord, server: ScriptedServer) -> None:
    """The record of HELLO, 100 ms, WORLD, 100 ms, DONE agrees with the server's own times."""
    hello_ns, world_ns, done_ns = (sent_at(server, data) for data in (HELLO, WORLD, DONE))
    head_ns = sent_at(server, b"HTTP/1.1 200")
    assert record.outcome is Outcome.OK, record.error
    assert record.ttfb_ns is not None
    assert record.ttft_ns is not None
    assert EARLY_NS <= record.started_ns + record.ttfb_ns - head_ns < TOLERANCE_NS
    assert EARLY_NS <= record.started_ns + record.ttft_ns - hello_ns < TOLERANCE_NS
    assert EARLY_NS <= record.started_ns + record.latency_ns - done_ns < TOLERANCE_NS
    (gap_us,) = record.gaps_us
    assert abs(gap_us * 1000 - (world_ns - hello_ns)) < TOLERANCE_NS
    assert record.ttfa_ns == record.ttft_ns


@pytest.mark.parametrize("framing", FRAMINGS.values(), ids=FRAMINGS)
def test_arrival_times_are_those_of_the_server_in_every_framing(serve: Serve, framing: Framing) -> None:
    server = serve(framing(HELLO, 0.1, WORLD, 0.1, DONE))
    assert_times_of(ask(server), server)


@pytest.mark.parametrize("framing", FRAMINGS.values(), ids=FRAMINGS)
def test_token_arrives_with_the_bytes_that_complete_its_event(serve: Serve, framing: Framing) -> None:
    server = serve(framing(HELLO[:30], 0.1, HELLO[30:], DONE))
    record = ask(server)
    assert record.ttfb_ns is not None
    assert record.ttft_ns is not None
    assert abs(record.started_ns + record.ttft_ns - sent_at(server, HELLO[30:])) < TOLERANCE_NS
    assert record.ttft_ns - record.ttfb_ns > 70 * MS


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system whose kernel does not stamp and has no epoll."""
    monkeypatch.setattr(pump, "KERNEL_STAMPS", False)
    monkeypatch.setattr(pump, "_pump", None)
    monkeypatch.delattr(select, "epoll", raising=False)


@pytest.mark.usefixtures("elsewhere")
def test_arrival_times_are_right_on_systems_without_stamps(serve: Serve) -> None:
    server = serve(chunked(HELLO, 0.1, WORLD, 0.1, DONE))
    record = ask(server)
    assert_times_of(record, server)
    assert record.clock == "user"


@pytest.mark.usefixtures("elsewhere")
def test_connections_end_and_are_opened_again_on_systems_without_epoll(serve: Serve) -> None:
    server = serve(ANSWER, [*ANSWER, 0.02, CLOSE], [RESET], ANSWER)
    records = ask_often(server, 4, pause_s=0.1)
    assert [(record.outcome.value, record.retries) for record in records[:2]] == [("ok", 0), ("ok", 0)]
    assert (records[2].outcome, records[3].outcome) == (Outcome.CONNECT_ERROR, Outcome.OK)


@pytest.mark.skipif(not pump.KERNEL_STAMPS, reason="the kernel does not stamp here")
def test_kernel_stamps_what_arrives_and_the_record_says_so(serve: Serve) -> None:
    assert ask(serve(ANSWER)).clock == "kernel"


def test_tokens_that_come_together_have_no_gap_between_them(serve: Serve) -> None:
    assert ask(serve(chunked(HELLO + WORLD + HELLO, DONE))).gaps_us == (0, 0)


def test_reasoning_is_the_first_token_but_not_the_first_answer(serve: Serve) -> None:
    thought = event({"choices": [{"delta": {"reasoning_content": "hm"}}]})
    record = ask(serve(chunked(event({"choices": [{"delta": {"role": "assistant"}}]}), thought, 0.1, HELLO, DONE)))
    assert record.ttft_ns is not None
    assert record.ttfa_ns is not None
    assert 70 * MS < record.ttfa_ns - record.ttft_ns < 200 * MS


def test_start_is_that_of_the_first_attempt(serve: Serve) -> None:
    record = ask(serve([0.1, *failing("503 Busy")], ANSWER))
    assert record.retries == 1
    assert record.ttft_ns is not None
    assert record.ttft_ns >= 100 * MS


def test_failed_request_took_as_long_as_it_did(serve: Serve) -> None:
    record = ask(serve([]), timeout_s=0.2)
    assert 195 * MS <= record.latency_ns < 400 * MS


# The end of an answer.


@pytest.mark.parametrize(
    "script",
    [[CHUNKED_HEAD, chunk(WHOLE)], [head(), WHOLE], promising(9_999, WHOLE)],
    ids=["chunked", "close-delimited", "Content-Length"],
)
def test_end_marker_ends_the_answer_though_the_server_keeps_the_connection_open(serve: Serve, script: Script) -> None:
    server = serve(script, ANSWER)
    began_s = time.monotonic()
    first, second = ask_often(server, 2)
    assert time.monotonic() - began_s < 1
    assert (first.outcome, first.chunks, first.output_tokens) == (Outcome.OK, 2, 2)
    assert first.latency_ns < 90 * MS  # until the last byte, without the wait for more
    assert (second.outcome, server.connections) == (Outcome.OK, 2)


def test_usage_is_waited_for_behind_the_finish_reason(serve: Serve) -> None:
    record = ask(serve([CHUNKED_HEAD, chunk(HELLO + FINISH), 0.2, chunk(usage(9, 7)), chunk(DONE)]))
    assert (record.outcome, record.output_tokens, record.token_source) == (Outcome.OK, 7, "usage")


def test_silence_behind_the_finish_reason_ends_after_the_grace(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tester_module, "SOFT_END_S", 0.2)
    began_s = time.monotonic()
    record = ask(serve([CHUNKED_HEAD, chunk(HELLO + FINISH)]))
    assert 0.2 <= time.monotonic() - began_s < 1
    assert (record.outcome, record.finish_reason) == (Outcome.OK, "stop")
    assert record.latency_ns < 150 * MS


def test_line_of_a_mebibyte_is_one_token_event(serve: Serve) -> None:
    record = ask(serve(chunked(token("x" * 2**20), DONE)))
    assert (record.outcome, record.chunks, record.text_chars) == (Outcome.OK, 1, 2**20)


# The connection between requests.


def test_connection_is_kept_for_the_next_request(serve: Serve) -> None:
    server = serve(ANSWER)
    first, second = ask_often(server, 2)
    assert (first.outcome, second.outcome, server.connections) == (Outcome.OK, Outcome.OK, 1)
    assert first.connect_ns is not None
    assert second.connect_ns is None


@pytest.mark.parametrize("ending", [CLOSE, RESET])
def test_connection_closed_between_requests_is_opened_again(serve: Serve, ending: Step) -> None:
    server = serve([*ANSWER, 0.02, ending], ANSWER)
    records = ask_often(server, 2, pause_s=0.1)
    assert [record.outcome for record in records] == [Outcome.OK, Outcome.OK]
    assert [record.retries for record in records] == [0, 0]
    assert (server.connections, len(server.requests)) == (2, 2)


@pytest.mark.parametrize("ending", [CLOSE, RESET])
def test_connection_closed_in_the_moment_of_the_next_request_costs_one_resend(serve: Serve, ending: Step) -> None:
    server = serve(ANSWER, [ending], ANSWER)
    records = ask_often(server, 2)
    assert [record.outcome for record in records] == [Outcome.OK, Outcome.OK]
    assert [record.retries for record in records] == [0, 1]
    assert (server.connections, len(server.requests)) == (2, 3)
    assert server.requests[1].body == server.requests[2].body


def test_server_that_closes_again_and_again_is_not_asked_for_ever(serve: Serve) -> None:
    server = serve(ANSWER, [CLOSE])
    _, second = ask_often(server, 2)
    assert (second.outcome, second.retries, len(server.requests)) == (Outcome.CONNECT_ERROR, 1, 3)


def test_answer_that_began_is_not_asked_for_again(serve: Serve) -> None:
    server = serve(ANSWER, [CHUNKED_HEAD, RESET], ANSWER)
    _, second = ask_often(server, 2)
    assert (second.outcome, second.retries, len(server.requests)) == (Outcome.TRUNCATED, 0, 2)


LEFTOVERS = {
    "error in the stream": chunked(HELLO, TOO_BUSY, 0.05, WORLD, DONE),
    "end marker and more": chunked(WHOLE, HELLO * 99, 0.05, WORLD * 99),
    "Content-Length too short": promising(len(WHOLE), WHOLE, HELLO, 0.05, WORLD),
    "stall": [CHUNKED_HEAD, chunk(HELLO), 0.4, chunk(WORLD)],
    "error status": sized(PAGE, status="404 Not Found"),
    "long error body": sized(b"x" * 300_000, status="400 Bad"),
}


@pytest.mark.parametrize("script", LEFTOVERS.values(), ids=LEFTOVERS)
def test_nothing_of_one_answer_is_read_as_the_next(serve: Serve, script: Script) -> None:
    _, second = ask_often(serve(script, ANSWER), 2, pause_s=0.1, timeout_s=0.3)
    assert (second.outcome, second.chunks, second.status) == (Outcome.OK, 2, 200)


# Redirects and retries.


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


# What the server says is not trusted.


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
    assert len(record.error) <= 500


def test_error_body_of_10_mebibytes_is_cut_short(serve: Serve) -> None:
    mebibyte = b"x" * 2**20
    record = ask(serve(sized(b'{"error": "', mebibyte, 0.2, *[mebibyte] * 9, status="400 Bad Request", kind=JSON)))
    assert (record.outcome, record.status) == (Outcome.HTTP_ERROR, 400)
    assert record.bytes_received < 2 * 2**20
    assert record.latency_ns < 150 * MS
    assert record.error
    assert len(record.error) <= 500


def test_error_body_without_an_end_does_not_hold_the_request_up(serve: Serve) -> None:
    chunked_head = head("400 Bad Request", JSON, "Transfer-Encoding: chunked")
    record = ask(serve([chunked_head, *[chunk(b"x" * 1000), 0.001] * 999]))
    assert (record.outcome, record.status) == (Outcome.HTTP_ERROR, 400)
    assert record.latency_ns < 1_000 * MS


def test_line_without_an_end_does_not_fill_the_memory(serve: Serve) -> None:
    record = ask(serve([head(), b"data: ", *[b"x" * 2**20] * 300]))
    assert record.outcome is Outcome.MALFORMED
    assert record.bytes_received < 128 * 2**20


def test_server_that_floods_is_held_back(serve: Serve) -> None:
    server = serve([head(), *[PING * 100_000] * 999])
    record = ask(server, timeout_s=0.5)
    assert record.outcome in (Outcome.TIMEOUT, Outcome.MALFORMED)
    assert sum(len(data) for _, data in server.sent) - record.bytes_received < 64 * 2**20


# Ended from outside.

UNDER_WAY: dict[str, Script] = {
    "no answer": [],
    "mid-answer": [CHUNKED_HEAD, chunk(HELLO)],
    "between retries": failing("503 Busy", "Retry-After: 2"),
}


@pytest.mark.parametrize("script", UNDER_WAY.values(), ids=UNDER_WAY)
def test_cancelled_request_ends_at_once_and_is_called_cancelled(serve: Serve, script: Script) -> None:
    server = serve(script)
    asker = SSETester(target_of(server))
    threading.Timer(0.1, asker.cancel).start()
    record = asker.test_streaming(1)
    assert (record.outcome, record.error) == (Outcome.CANCELLED, "cancelled")
    assert record.latency_ns < 1_000 * MS
    assert asker.test_streaming(2).outcome is Outcome.CANCELLED
    assert len(server.requests) == 1


def test_cancelled_request_ends_under_tls_too(serve: Serve, certificate: Path) -> None:
    server = serve([CHUNKED_HEAD, chunk(HELLO)], tls=tls_context(certificate))
    asker = SSETester(target_of(server, verify=False))
    threading.Timer(0.2, asker.cancel).start()
    record = asker.test_streaming(1)
    assert (record.outcome, record.chunks) == (Outcome.CANCELLED, 1)
    assert record.latency_ns < 1_000 * MS


# A whole run.


def test_stopped_run_gives_running_answers_the_grace_and_cancels_them_then(serve: Serve) -> None:
    server = serve([CHUNKED_HEAD, chunk(HELLO)])
    load = LoadRun(target_of(server), RunConfig(threads=2, duration_s=60), grace_s=0.2)
    threading.Timer(0.2, load.stop).start()
    began_s = time.monotonic()
    result = load.run()
    assert 0.35 < time.monotonic() - began_s < 2
    assert result.interrupted
    assert (result.summary.sent, result.summary.cancelled, result.summary.failed) == (2, 2, 0)
    assert result.summary.metrics["latency_ms"].count == 0


def run_of(target: Target, config: RunConfig, meanwhile: Callable[[], None]) -> list[tuple[int, Outcome]]:
    """(start by `perf_counter_ns`, outcome) of the requests of a run; `meanwhile` goes on beside it."""
    load = LoadRun(target, config)
    beside = threading.Thread(target=meanwhile)
    beside.start()
    result = load.run()
    beside.join()
    rows = result.requests.rows("started_ns", "outcome")
    return [(started_ns + load.origin.ns, OUTCOMES[index]) for started_ns, index in rows]


def test_server_that_dies_and_returns_costs_only_the_requests_that_it_broke(serve: Serve) -> None:
    server = serve(chunked(HELLO, 0.05, WORLD, DONE))
    died_ns = returned_ns = 0

    def die_and_return() -> None:
        nonlocal died_ns, returned_ns
        time.sleep(0.3)
        server.stop()
        died_ns = time.perf_counter_ns()  # no connection lives and none is made any more
        time.sleep(0.2)
        server.start()
        returned_ns = time.perf_counter_ns()

    requests = run_of(target_of(server), RunConfig(threads=3, duration_s=1.2), die_and_return)
    broken = [started_ns for started_ns, outcome in requests if outcome is Outcome.TRUNCATED]
    refused = [started_ns for started_ns, outcome in requests if outcome is Outcome.CONNECT_ERROR]
    later = [outcome for started_ns, outcome in requests if started_ns >= returned_ns]
    assert 1 <= len(broken) <= 3  # what was under way, one a thread at most
    assert max(broken) < died_ns
    assert 1 <= len(refused) <= 9
    assert max(refused) < returned_ns
    assert {outcome for _, outcome in requests} == {Outcome.OK, Outcome.TRUNCATED, Outcome.CONNECT_ERROR}
    assert len(later) >= 6
    assert set(later) == {Outcome.OK}
