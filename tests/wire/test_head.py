"""The short cut for heads of responses: it reads what http.client reads, and leaves to it what is odd."""

from __future__ import annotations

import io
from http.client import HTTPException, HTTPResponse
from typing import Any, cast

import pytest

from sse_perf_tool.wire.head import TimedResponse

BODY = b"5\r\nhello\r\n0\r\n\r\n"

ORDINARY = {
    "a stream": b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n",
    "a document": b"HTTP/1.1 404 Not Found\r\nContent-Type:application/json\r\nContent-Length: 12\r\n\r\n",
    "until close": b"HTTP/1.1 200 OK\r\nserver: x\r\n\r\n",
    "closing": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: Close\r\n\r\n",
    "no reason": b"HTTP/1.1 429\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n",
    "an empty reason": b"HTTP/1.1 500 \r\n\r\n",
    "the same name twice": b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nX: \t y \t\r\n\r\n",
    "an empty value": b"HTTP/1.1 200 OK\r\nX-Empty:\r\nContent-Length: 0\r\n\r\n",
    "colons and Latin-1": b"HTTP/1.1 200 \xdcber\r\nX: a:b:\xe9\r\n\r\n",
    "both lengths": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\nContent-Length: 7\r\n\r\n",
    "another coding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
}

ODD = {
    "an older version": b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\n",
    "a later version": b"HTTP/1.2 200 OK\r\n\r\n",
    "something before": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n",
    "no content": b"HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\n",
    "not modified": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n",
    "line feeds alone": b"HTTP/1.1 200 OK\nContent-Length: 3\n\n",
    "a folded line": b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 3\r\n\r\n",
    "a name with a space": b"HTTP/1.1 200 OK\r\nContent-Length : 3\r\nX: y\r\n\r\n",
    "a line without colon": b"HTTP/1.1 200 OK\r\nnonsense\r\nContent-Length: 3\r\n\r\n",
    "a signed length": b"HTTP/1.1 200 OK\r\nContent-Length: +3\r\n\r\n",
    "a length that is none": b"HTTP/1.1 200 OK\r\nContent-Length: three\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n",
    "a stray CR": b"HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n",
    "a NUL": b"HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n",
    "too many lines": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 101 + b"\r\n",
    "a very long line": b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n",
    "no HTTP": b"SSH-2.0-OpenSSH_9.2\r\n",
    "nothing": b"",
}


class _Socket:
    def __init__(self, data: bytes, cut: int) -> None:
        self._parts = [data[:cut], data[cut:]]

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Raw(self._parts), 65_536)


class _Raw(io.RawIOBase):
    def __init__(self, parts: list[bytes]) -> None:
        self._parts = [part for part in parts if part]

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._parts.pop(0) if self._parts else b""
        size = min(len(data), len(buffer))
        buffer[:size] = data[:size]
        if data[size:]:
            self._parts.insert(0, data[size:])
        return size


def read(kind: type[HTTPResponse], head: bytes, cut: int, method: str = "POST") -> object:
    response = kind(cast(Any, _Socket(head + BODY, cut)), method=method)
    try:
        response.begin()
    except HTTPException as error:
        return type(error), str(error)
    rest = response.fp.read() if response.fp is not None else b""
    facts = (response.status, response.code, response.reason, response.version, response.headers.items())
    return (*facts, response.headers is response.msg, response.chunked, response.length, response.will_close, rest)


@pytest.mark.parametrize("method", ["POST", "GET", "HEAD"])
@pytest.mark.parametrize("cut", [0, 1, 30])
@pytest.mark.parametrize("head", [*ORDINARY.values(), *ODD.values()], ids=[*ORDINARY, *ODD])
def test_a_head_is_read_as_http_client_reads_it(head: bytes, cut: int, method: str) -> None:
    assert read(TimedResponse, head, cut, method) == read(HTTPResponse, head, cut, method)


@pytest.mark.parametrize(("heads", "short"), [(ORDINARY, True), (ODD, False)], ids=["ordinary", "odd"])
def test_the_short_cut_is_taken_for_ordinary_heads_alone(
    heads: dict[str, bytes], short: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual: list[HTTPResponse] = []
    begin = HTTPResponse.begin
    monkeypatch.setattr(HTTPResponse, "begin", lambda self: (usual.append(self), begin(self)))
    for name, head in heads.items():
        before = len(usual)
        read(TimedResponse, head, 0)
        assert (len(usual) == before) is short, name
