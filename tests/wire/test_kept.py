"""The short way of requests on a kept connection: the same bytes out, and the same outcome, as by the libraries."""

from __future__ import annotations

import gzip
import time
from collections.abc import Sequence
from typing import Any

import pytest
import requests

from patience import FOREVER_S, undisturbed
from requests_to_server import CHUNKED_HEAD, HELLO, JSON, WHOLE, WORLD, failing, promising, redirect, target_of
from scripted_server import ANSWER, CLOSE, DONE, FINISH, RESET, Script, Serve, Step, chunk, chunked, head, sized
from scripted_server import until_close as closing
from sse_perf_tool import test_runner
from sse_perf_tool.records import Outcome, RequestRecord, RunConfig
from sse_perf_tool.test_runner import Origin, ThreadGroup
from sse_perf_tool.tester import SSETester
from sse_perf_tool.wire import gate as gate_module
from sse_perf_tool.wire import sockets
from sse_perf_tool.wire.gate import Gate
from sse_perf_tool.wire.kept import Headers, Kept
from sse_perf_tool.wire.reading import Reader
from sse_perf_tool.wire.sockets import PumpedSocket

HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n"
GZIP = head("200 OK", "text/event-stream", "Transfer-Encoding: chunked", "Content-Encoding: gzip")
COOKIE = head("200 OK", "text/event-stream", "Transfer-Encoding: chunked", "Set-Cookie: a=1; Path=/")
FOLDED = head("200 OK", "text/event-stream", "Transfer-Encoding: chunked", "X-Folded: a\r\n b")
OLD = head().replace(b"HTTP/1.1", b"HTTP/1.0")
EMPTY_BUSY = failing("503 Busy", "Retry-After: 0")
BOTH = head("200 OK", "text/event-stream", "Transfer-Encoding: chunked", "Content-Length: 7")


def but_for_the_head(new_head: bytes) -> list[Step]:
    return [new_head, *ANSWER[1:]]


ORDINARY: dict[str, Sequence[Script]] = {
    "a chunked stream": [ANSWER],
    "all of it in one packet": [[b"".join(step for step in ANSWER if isinstance(step, bytes))]],
    "a body of known length": [sized(WHOLE)],
    "a body of known length in two parts": [sized(WHOLE[:30], 0.01, WHOLE[30:])],
    "a compressed stream": [[GZIP, chunk(gzip.compress(WHOLE)), b"0\r\n\r\n"]],
    "another head": [but_for_the_head(CHUNKED_HEAD.replace(b"\r\n\r\n", b"\r\nDate: today\r\nX-Id: 2\r\n\r\n"))],
    "201": [but_for_the_head(CHUNKED_HEAD.replace(b"200 OK", b"201 Created"))],
    "both lengths": [but_for_the_head(BOTH)],
    "no end of the chunks": [[*ANSWER[:-1], CLOSE]],
    "bytes behind the end": [[*ANSWER[:-1], b"0\r\n\r\nsurplus"]],
    "a length that is too long": [promising(len(WHOLE) + 9, WHOLE, CLOSE)],
    "a chunk without its size": [[CHUNKED_HEAD, chunk(HELLO), b"nonsense\r\n"]],
    "a reset within the body": [[CHUNKED_HEAD, chunk(HELLO), 0.02, RESET]],
    "silence within the body": [[CHUNKED_HEAD, chunk(HELLO), 9.0]],
    "an error in the stream": [chunked(HELLO, b'data: {"error": {"message": "out of memory"}}\n\n')],
    "no event": [sized(b"hello")],
    "a page": [sized(b"<html>hello</html>", kind="text/html")],
    "an end behind the answer": [[*ANSWER, CLOSE]],
}
"""What is given out as it stands: name -> what the server does from the second request on."""

FOR_THE_LIBRARIES: dict[str, Sequence[Script]] = {
    "until close": [closing(WHOLE)],
    "keep-alive ends": [but_for_the_head(CHUNKED_HEAD.replace(b"\r\n\r\n", b"\r\nConnection: Close\r\n\r\n"))],
    "HTTP/1.0": [[OLD, WHOLE, CLOSE]],
    "a folded header": [but_for_the_head(FOLDED)],
    "a cookie": [but_for_the_head(COOKIE), ANSWER],
    "a redirect that keeps the method": [redirect("307 Temporary Redirect"), ANSWER],
    "a redirect that does not": [redirect("302 Found"), ANSWER],
    "a redirect to nowhere": [redirect("307 Temporary Redirect", "http://127.0.0.1:1/"), ANSWER],
    "400": [failing("400 Bad Request", body=b'{"error": {"message": "too long"}}')],
    "401 and a page": [sized(b"<html><title>Log in</title></html>", status="401 Unauthorized", kind="text/html")],
    "503, then well": [EMPTY_BUSY, ANSWER],
    "429 for ever": [failing("429 Too Many", "Retry-After: 0", body=b'{"error": "slow"}')],
    "500 without a body": [sized(status="500 Oops", kind=JSON, headers=["Retry-After: 0"])],
    "204": [[b"HTTP/1.1 204 No Content\r\n\r\n"]],
    "no body": [sized()],
    "interim answers": [[HINTS, 0.01, *ANSWER]],
    "interim answers at once": [[b"HTTP/1.1 100 Continue\r\n\r\n" + ANSWER[0], *ANSWER[1:]]],  # type: ignore[operator]
    "a head in two parts": [[CHUNKED_HEAD[:20], 0.01, CHUNKED_HEAD[20:], *ANSWER[1:]]],
    "half a head": [[CHUNKED_HEAD[:20], CLOSE]],
    "no HTTP": [[b"SSH-2.0-OpenSSH\r\n", CLOSE]],
    "an end instead of an answer": [[CLOSE], ANSWER],
    "a reset instead of an answer": [[RESET], ANSWER],
    "silence": [[9.0]],
}
"""What requests, urllib3 and http.client are to see."""


def told(record: RequestRecord, port: int) -> dict[str, Any]:
    """What does not depend on the moment or the port."""
    names = ("outcome", "status", "error", "retries", "resent", "chunks", "bytes_received", "head", "output_tokens")
    said = {name: getattr(record, name) for name in names} | {"gaps": len(record.gaps_us), "clock": record.clock}
    return said | {"error": (record.error or "").replace(str(port), "PORT")}


Told = tuple[list[Any], list[Any], int]
"""What is told of each request, what the server saw of them, and its connections."""


def run(serve: Serve, scripts: Sequence[Script], requests: int, timeout_s: float) -> Told:
    """So many requests over one session; the server answers the first, and then does what the scripts say."""
    server = serve(ANSWER, *scripts)
    tester = SSETester(target_of(server, timeout_s=timeout_s, retries=1))
    records = []
    for number in range(requests):
        records.append(tester.test_streaming(number + 1))
        if CLOSE in scripts[0][2:]:
            await_end(tester)
    tester.close()
    seen = [(each.connection, each.head.replace(str(server.port), "PORT"), each.body) for each in server.requests]
    return [told(record, server.port) for record in records], seen, server.connections


def await_end(tester: SSETester) -> None:
    """Waits until the server's end of the newest connection is known here, if it comes within some moments."""
    end_s, socket = time.monotonic() + 0.05, tester.socket()
    while isinstance(socket, PumpedSocket) and not socket.channel.ended and time.monotonic() < end_s:
        time.sleep(0.001)


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """For each request whether its answer came by the short way."""
    found: list[bool] = []
    send = Kept.send

    def noted(self: Kept, *asked: Any) -> Any:
        answer = send(self, *asked)
        found.append(answer is not None)
        return answer

    monkeypatch.setattr(Kept, "send", noted)
    return found


BY_THE_LIBRARIES: dict[str, Told] = {}
"""What they made of it, by name: asked for once, for both reading threads."""


@pytest.mark.parametrize("name", [*ORDINARY, *FOR_THE_LIBRARIES])
@undisturbed
def test_both_ways_send_the_same_and_come_to_the_same(
    name: str, serve: Serve, short: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    scripts, asked = (ORDINARY | FOR_THE_LIBRARIES)[name], (2, 0.3) if "silence" in name else (3, FOREVER_S)
    short.clear()
    by_short = run(serve, scripts, *asked)
    assert short[0] is (name in ORDINARY)
    by_libraries = BY_THE_LIBRARIES.get(name)
    if by_libraries is None:
        with monkeypatch.context() as without:
            without.setattr(Kept, "send", lambda *_: None)
            by_libraries = run(serve, scripts, *asked)
    assert by_short == by_libraries
    BY_THE_LIBRARIES[name] = by_libraries


def test_an_answer_by_the_short_way_goes_through_none_of_the_libraries(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    tester = SSETester(target_of(serve(ANSWER)))
    assert tester.test_streaming(1).outcome is Outcome.OK
    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", None)
    assert [tester.test_streaming(number).outcome for number in (2, 3)] == [Outcome.OK] * 2
    tester.close()


def test_through_a_proxy_the_libraries_send(serve: Serve, short: list[bool], monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = serve(ANSWER)
    monkeypatch.setenv("http_proxy", proxy.url(""))
    tester = SSETester(target_of(proxy, url="http://model.example/v1/chat/completions"))
    assert [tester.test_streaming(number).outcome for number in (1, 2, 3)] == [Outcome.OK] * 3
    tester.close()
    assert not short
    assert {each.line for each in proxy.requests} == {"POST http://model.example/v1/chat/completions HTTP/1.1"}


def test_a_proxy_for_others_is_no_obstacle(serve: Serve, short: list[bool], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    tester = SSETester(target_of(serve(ANSWER)))
    assert [tester.test_streaming(number).outcome for number in (1, 2)] == [Outcome.OK] * 2
    tester.close()
    assert short == [True]


def test_a_request_that_was_cancelled_before_it_is_not_sent(serve: Serve, short: list[bool]) -> None:
    server = serve(ANSWER)
    tester = SSETester(target_of(server))
    tester.test_streaming(1)
    tester.cancel()
    assert tester.test_streaming(2).outcome is Outcome.CANCELLED
    tester.close()
    assert (len(server.requests), short) == (1, [False])


def test_times_by_the_short_way_are_those_of_the_socket(serve: Serve, short: list[bool]) -> None:
    server = serve(ANSWER, [CHUNKED_HEAD, 0.1, chunk(HELLO), 0.1, chunk(WORLD + FINISH + DONE), b"0\r\n\r\n"])
    tester = SSETester(target_of(server))
    tester.test_streaming(1)
    record = tester.test_streaming(2)
    tester.close()
    assert (short, record.outcome, record.chunks) == ([True], Outcome.OK, 2)
    assert record.ttfb_ns is not None
    assert record.ttft_ns is not None
    assert record.ttft_ns - record.ttfb_ns > 70_000_000
    assert record.gaps_us[0] > 70_000


def test_headers_are_found_in_any_letters_and_joined() -> None:
    headers = Headers.of([("Content-Type", "a"), ("Via", "1.1 one"), ("via", "1.1 two")])
    assert (headers.get("CONTENT-TYPE"), headers.get("none", 3), headers.get("Via")) == ("a", 3, "1.1 one, 1.1 two")
    assert "content-Type" in headers
    assert "Date" not in headers


def test_a_worker_passes_the_gate_once_for_each_time_that_it_waits(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, reader: Reader
) -> None:
    class Counting(Gate):
        entered = 0

        def enter(self) -> None:
            self.entered += 1
            super().enter()

    if reader.kind != "python":
        pytest.skip("the compiled one passes it without a call that could be counted")
    gate, waits = Counting(), 0
    for module in (gate_module, sockets, test_runner):
        monkeypatch.setattr(module, "GATE", gate)
    wait = PumpedSocket._wait_for_reads

    def counted(self: PumpedSocket, seconds: float) -> None:
        nonlocal waits
        waits += 1
        wait(self, seconds)

    monkeypatch.setattr(PumpedSocket, "_wait_for_reads", counted)
    server = serve(ANSWER)
    group = ThreadGroup(target_of(server), RunConfig(threads=1, requests=20))
    group.start(Origin.now(), time.perf_counter_ns())
    group.wait()
    assert group.tally.summary(RunConfig(), (), whole=True).sent == 20
    assert gate.entered <= 1 + waits
    assert waits <= 3 * 20
