"""Servers that do what no server should: each a function that answers one connection, all with harmless bytes.

What is large here is large only when it is unpacked,
and no more than a few tens of megabytes: these are inputs for the
guards of this tool, not weapons for others.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

Answer = Callable[[socket.socket], None]
"""Answers the request that has come over this connection; the connection is closed behind it."""

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
MIB = 1 << 20
PATIENCE_S = 30.0
"""How long a server waits at most before it gives up by itself."""


def event(text: str) -> bytes:
    """One chunk of an answer as OpenAI streams it."""
    return b"data: " + json.dumps({"choices": [{"index": 0, "delta": {"content": text}}]}).encode() + b"\n\n"


END = b'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'


def chunk(data: bytes) -> bytes:
    """The data as one chunk of the chunked transfer coding."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def _packed(unpacked: bytes, head: bytes = HEAD) -> Answer:
    body = gzip.compress(unpacked)
    answer = head + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    return lambda connection: connection.sendall(answer)


def _sends(*pieces: bytes) -> Answer:
    return lambda connection: connection.sendall(b"".join(pieces))


def _repeats(begin: bytes, piece: bytes, pause_s: float = 0.0) -> Answer:
    def answer(connection: socket.socket) -> None:
        connection.sendall(begin)
        give_up_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < give_up_s:
            connection.sendall(piece)
            time.sleep(pause_s)

    return answer


def _waits(begin: bytes) -> Answer:
    def answer(connection: socket.socket) -> None:
        connection.sendall(begin)
        connection.settimeout(PATIENCE_S)
        with contextlib.suppress(OSError):
            connection.recv(1)

    return answer


def _resets(begin: bytes) -> Answer:
    def answer(connection: socket.socket) -> None:
        connection.sendall(begin)
        time.sleep(0.05)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return answer


_REDIRECT = b"HTTP/1.1 307 Temporary Redirect\r\nLocation: /again\r\nContent-Type: text/plain\r\n"
_STEER = "\x1b[2J\x1b]0;owned\x07\x9b31m\u202e"

HOSTILE: dict[str, tuple[str, str, Answer]] = {
    "gzip-comments": (
        "gzip of 32 MiB of comments",
        "解压后为 32 MiB 注释的 gzip",
        _packed(b": c\n\n" * (32 * MIB // 5)),
    ),
    "gzip-event": (
        "gzip of one event of 32 MiB",
        "解压后为一个 32 MiB 事件的 gzip",
        _packed(b"data: " + b"x" * (32 * MIB) + b"\n\n"),
    ),
    "gzip-redirect": (
        "a redirect with 32 MiB in its gzip body",
        "重定向，正文 gzip 解压后 32 MiB",
        _packed(b"x" * (32 * MIB), _REDIRECT),
    ),
    "gzip-error": (
        "an error 500 with 32 MiB in its gzip body",
        "500 错误，正文 gzip 解压后 32 MiB",
        _packed(b"x" * (32 * MIB), b"HTTP/1.1 500 No\r\nContent-Type: text/plain\r\n"),
    ),
    "gzip-broken": (
        "gzip that is none",
        "并非 gzip 的 gzip",
        _sends(HEAD, b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello"),
    ),
    "comments": (
        "comments at full speed, without end",
        "全速且无尽的注释",
        _repeats(CHUNKED, chunk(b": c\n\n" * 2000)),
    ),
    "blank-lines": (
        "blank lines at full speed, without end",
        "全速且无尽的空行",
        _repeats(CHUNKED, chunk(b"\n" * 10_000)),
    ),
    "endless-event": (
        "one event without end",
        "无尽的单个事件",
        _repeats(CHUNKED + chunk(b"data: "), chunk(b"x" * 10_000)),
    ),
    "endless-line": ("a header without end", "无尽的响应头", _repeats(HEAD + b"X: ", b"x" * 10_000)),
    "endless-headers": ("headers without end", "无尽的多个响应头", _repeats(HEAD, b"X: y\r\n" * 1000)),
    "endless-answer": ("an answer without end", "无尽的回答", _repeats(CHUNKED, chunk(event("x")), 0.01)),
    "silence": ("nothing at all", "毫无响应", _waits(b"")),
    "half-head": ("half a head, then nothing", "只有半个响应头", _waits(HEAD)),
    "half-answer": ("half an answer, then nothing", "回答到一半便不再有数据", _waits(CHUNKED + chunk(event("x")))),
    "drops": ("a head byte by byte", "逐字节的响应头", _repeats(HEAD[:20], b"x", 0.05)),
    "reset": ("a reset in the middle", "中途重置连接", _resets(CHUNKED + chunk(event("x")))),
    "cut": ("the end in the middle of a chunk", "在分块中途结束", _sends(CHUNKED, b"fff\r\n", event("x"))),
    "short-chunk": (
        "a chunk longer than it says",
        "分块比声明的长",
        _sends(CHUNKED, b"3\r\n", event("x"), b"0\r\n\r\n"),
    ),
    "no-size": ("a chunk without its size", "没有长度的分块", _sends(CHUNKED, b"zz\r\n", event("x"))),
    "loop": ("redirects without end", "无尽的重定向", _sends(_REDIRECT, b"Content-Length: 0\r\n\r\n")),
    "steering": (
        "an error that steers the terminal",
        "含终端控制字符的错误",
        _sends(
            b"HTTP/1.1 400 Bad\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n",
            json.dumps({"error": {"message": _STEER + "<script>alert(1)</script>"}}).encode(),
        ),
    ),
    "deep": (
        "JSON nested 50,000 deep",
        "嵌套 5 万层的 JSON",
        _sends(CHUNKED, chunk(b'data: {"error": ' + b"[" * 50_000 + b"]" * 50_000 + b"}\n\n"), b"0\r\n\r\n"),
    ),
    "junk": ("bytes that are no HTTP", "并非 HTTP 的字节", _sends(b"\x00\xff\x16\x03\x01" * 100)),
}
"""name -> (what it does, the same in Chinese, how it answers)."""


class Server:
    """A context manager: answers every connection of a free port in a thread of its own.

    `whole` counts the answers that `count` was called for: those whose last byte the kernel has taken.
    """

    def __init__(self, answer: Callable[[socket.socket, Server], None]) -> None:
        self._answer = answer
        self._lock = threading.Lock()
        self.whole = 0

    def __enter__(self) -> Server:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def count(self) -> None:
        """One answer was sent whole."""
        with self._lock:
            self.whole += 1

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError, ValueError):
            self._answer(connection, self)


def requests_of(connection: socket.socket) -> Iterator[None]:
    """One None for each whole request that comes over the connection."""
    with connection.makefile("rb") as lines:
        while True:
            length = 0
            line: Any = lines.readline(65_536)
            if not line:
                return
            while line.strip():
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
                line = lines.readline(65_536)
            lines.read(length)
            yield


def hostile(answer: Answer) -> Server:
    """A server that answers the first request of each connection like this."""

    def serve(connection: socket.socket, _server: Server) -> None:
        for _ in requests_of(connection):
            answer(connection)
            return

    return Server(serve)


def patient(tokens: int = 4, gap_s: float = 0.01) -> Server:
    """A good server: answers of some tokens at a pace, which it counts when they have gone out whole."""

    def serve(connection: socket.socket, server: Server) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in requests_of(connection):
            connection.sendall(CHUNKED)
            for number in range(tokens):
                connection.sendall(chunk(event(f"t{number} ")))
                time.sleep(gap_s)
            connection.sendall(chunk(END) + b"0\r\n\r\n")
            server.count()

    return Server(serve)
