"""The second and later requests of a connection: the same bytes as urllib3 writes, in one write, without its work."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests
from urllib3.connection import HTTPConnection

from patience import undisturbed
from requests_to_server import CHUNKED_HEAD, DONE, HELLO, target_of
from scripted_server import ANSWER, CLOSE, Serve, chunk, head
from sse_perf_tool.formats.table import FORMATS
from sse_perf_tool.masking import Masker
from sse_perf_tool.providers import ApiKeyProvider, Query, QueryProvider
from sse_perf_tool.records import Outcome
from sse_perf_tool.request.body import BodyBuilder
from sse_perf_tool.request.target import Target
from sse_perf_tool.tester import SSETester, surroundings
from sse_perf_tool.wire import adapter
from sse_perf_tool.wire.head import TimedResponse
from sse_perf_tool.wire.sockets import PumpedSocket


@pytest.fixture
def put_together(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The targets of the requests that urllib3 put together."""
    targets: list[str] = []
    request = HTTPConnection.request

    def counted(self: HTTPConnection, method: str, url: str, *more: Any, **options: Any) -> None:
        targets.append(url)
        request(self, method, url, *more, **options)

    monkeypatch.setattr(HTTPConnection, "request", counted)
    return targets


@pytest.fixture
def writes(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What was written, write by write."""
    written: list[bytes] = []
    send = PumpedSocket._send_some

    def noted(self: PumpedSocket, wire: memoryview) -> int:
        written.append(bytes(wire))
        return send(self, wire)

    monkeypatch.setattr(PumpedSocket, "_send_some", noted)
    return written


def asking(url: str, *queries: str, keys: list[str] | None = None) -> SSETester:
    row = FORMATS["openai_chat"]
    provider = QueryProvider([Query(text) for text in queries])
    return SSETester(
        Target(
            url,
            BodyBuilder(row=row),
            provider,
            Masker(keys or ()),
            format=row,
            keys=None if keys is None else ApiKeyProvider(keys),
            auth=None if keys is None else ("Authorization", "Bearer "),
        )
    )


def test_requests_with_other_bodies_are_written_as_urllib3_writes_them(
    serve: Serve, put_together: list[str], writes: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, usual = serve(ANSWER), serve(ANSWER)
    asker = asking(server.url(), "a", "a longer one", "你好" * 40)
    assert [asker.test_streaming(number).outcome for number in range(3)] == [Outcome.OK] * 3
    asker.close()
    assert len(put_together) == 1
    assert (len(writes), server.connections) == (3, 1)
    monkeypatch.setattr(adapter, "MOST_WRITTEN", 0)  # no kind is known
    asker = asking(usual.url(), "a", "a longer one", "你好" * 40)
    for number in range(3):
        asker.test_streaming(number)
    asker.close()
    assert len(put_together) == 4
    there, here = ([each.head.replace(str(one.port), "") for each in one.requests] for one in (server, usual))
    assert there == here
    assert [each.body for each in server.requests] == [each.body for each in usual.requests]


def test_each_key_has_its_head(serve: Serve, put_together: list[str]) -> None:
    server, keys = serve(ANSWER), ["sk-one-0123456789", "sk-two-0123456789"]
    asker = asking(server.url(), "?", keys=keys)
    for number in range(6):
        assert asker.test_streaming(number).outcome is Outcome.OK
    asker.close()
    assert len(put_together) == 2
    assert [each.header("Authorization") for each in server.requests] == [f"Bearer {key}" for key in keys] * 3


def test_a_cookie_is_in_the_next_request(serve: Serve) -> None:
    first = [ANSWER[0].replace(b"\r\n\r\n", b"\r\nSet-Cookie: a=1\r\n\r\n"), *ANSWER[1:]]  # type: ignore[union-attr]
    server = serve(ANSWER, first, ANSWER)
    asker = asking(server.url(), "?")
    for number in range(4):
        assert asker.test_streaming(number).outcome is Outcome.OK
    asker.close()
    assert [each.header("Cookie") for each in server.requests] == [None, None, "a=1", "a=1"]


@undisturbed
def test_a_connection_that_was_closed_is_opened_again_and_the_request_is_written_as_before(
    serve: Serve, put_together: list[str]
) -> None:
    server, before = serve(ANSWER, [*ANSWER, 0.02, CLOSE], ANSWER), len(put_together)
    asker = asking(server.url(), "?")
    outcomes = [asker.test_streaming(number).outcome for number in range(2)]
    time.sleep(0.1)
    outcomes.append(asker.test_streaming(2).outcome)
    asker.close()
    assert outcomes == [Outcome.OK] * 3
    assert (len(put_together) - before, server.connections) == (1, 2)


def test_an_odd_head_behind_plain_ones_is_read_by_http_client(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = head().replace(b"HTTP/1.1", b"HTTP/1.0").replace(b"\r\n\r\n", b"\r\nX-Folded: a\r\n b\r\n\r\n")
    server = serve(ANSWER, [odd, HELLO, DONE, CLOSE])
    plain: list[bool] = []
    begin = TimedResponse.begin

    def noted(self: TimedResponse) -> None:
        again = self.headers is not None
        begin(self)
        if not again:
            plain.append(self.plain is not None)

    monkeypatch.setattr(TimedResponse, "begin", noted)
    asker = SSETester(target_of(server))
    assert [asker.test_streaming(number).outcome for number in range(2)] == [Outcome.OK] * 2
    asker.close()
    assert plain == [True, False]


def test_the_head_and_the_stream_behind_it_wake_the_worker_once(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve([CHUNKED_HEAD, 0.1, chunk(HELLO), 0.05, chunk(HELLO), 0.05, chunk(DONE), b"0\r\n\r\n"])
    asker = SSETester(target_of(server))
    asker.exchange.tick_s = 5.0
    waits: list[float] = []
    wait = PumpedSocket._wait_for_reads

    def counted(self: PumpedSocket, seconds: float) -> None:
        waits.append(seconds)
        wait(self, seconds)

    monkeypatch.setattr(PumpedSocket, "_wait_for_reads", counted)
    record = asker.test_streaming(1)
    asker.close()
    assert (record.outcome, record.chunks) == (Outcome.OK, 2)
    assert record.ttfb_ns is not None
    assert record.ttft_ns is not None
    assert record.ttft_ns - record.ttfb_ns > 70_000_000, "the head has its own time all the same"
    assert len(waits) <= 2


def test_the_first_request_of_each_connection_is_written_as_that_of_the_first(
    serve: Serve, put_together: list[str], writes: list[bytes]
) -> None:
    server = serve(ANSWER)
    target = asking(server.url(), "a", "a longer one").target
    around = surroundings(target)
    askers = [SSETester(target, number, around=around) for number in range(3)]
    outcomes = [asker.test_streaming(number).outcome for asker in askers for number in range(2)]
    for asker in askers:
        asker.close()
    assert outcomes == [Outcome.OK] * 6
    assert (len(put_together), len(writes), server.connections) == (1, 6, 3)
    assert len({each.head.replace(each.header("Content-Length") or "", "") for each in server.requests}) == 1


def test_another_server_has_its_own_head(serve: Serve, put_together: list[str]) -> None:
    there, here = serve(ANSWER), serve(ANSWER)
    around = surroundings(asking(there.url(), "a").target)
    for server in (there, here, there):
        asker = SSETester(asking(server.url(), "a").target, around=around._replace(request=prepared(server.url())))
        assert asker.test_streaming(1).outcome is Outcome.OK
        asker.close()
    assert len(put_together) == 2
    assert [each.header("Host") for each in there.requests] == [f"127.0.0.1:{there.port}"] * 2
    assert [each.header("Host") for each in here.requests] == [f"127.0.0.1:{here.port}"]


def prepared(url: str) -> requests.PreparedRequest:
    return surroundings(asking(url, "a").target).request
