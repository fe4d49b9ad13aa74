"""A web server that does what a script says, byte by byte, and remembers what it saw.

A script is what happens once a request has come in: bytes are sent, a number is a pause in seconds, an `Ending` ends
the connection.  Behind its last step the connection stays open and waits for the next request.  The scripts are used in
order of the requests, over all connections; the last one is used again and again.
"""

from __future__ import annotations

import contextlib
import json
import math
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import NamedTuple


class Ending(Enum):
    """How the server ends a connection: in order, or as if the machine had gone."""

    CLOSE = "close"
    RESET = "reset"


CLOSE, RESET = Ending.CLOSE, Ending.RESET

Step = bytes | float | Ending
Script = Sequence[Step]


class Request(NamedTuple):
    """A request as it came in; `connection` counts from 1."""

    connection: int
    head: str
    body: bytes

    @property
    def line(self) -> str:
        """`POST /path HTTP/1.1`"""
        return self.head.splitlines()[0]

    def header(self, name: str) -> str | None:
        """The value of a header, None when it was not sent."""
        pairs = (line.partition(":") for line in self.head.splitlines()[1:])
        return next((value.strip() for key, _, value in pairs if key.lower() == name.lower()), None)


@dataclass
class Sent:
    """Bytes that were sent: at some moment between these two, by `perf_counter_ns`, however busy the machine was."""

    data: bytes
    begun_ns: int
    done_ns: float = math.inf
    """Infinite as long as they are going out."""


class ScriptedServer:
    """Listens on 127.0.0.1 from its creation on.

    `greeting` is played to each new connection before anything is read.  `sent` holds everything that was sent.  Only
    `at_a_time` scripts are played at once, if that is given: other requests wait.
    """

    def __init__(
        self, *scripts: Script, greeting: Script = (), tls: ssl.SSLContext | None = None, at_a_time: int = 1_000
    ) -> None:
        self.requests: list[Request] = []
        self.sent: list[Sent] = []
        self.connections = 0
        self.port = 0
        self._scripts = scripts
        self._greeting = greeting
        self._tls = tls
        self._workers = threading.BoundedSemaphore(at_a_time)
        self._lock = threading.Lock()
        self.start()

    def start(self) -> None:
        """Listens, after `stop` on the same port as before."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        self._stopped = threading.Event()
        self._open: set[socket.socket] = set()
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def stop(self) -> None:
        """Dies: breaks every connection and refuses new ones."""
        _shut(self._listener)  # first of all: whoever loses a connection comes back at once
        self._listener.close()
        self._stopped.set()
        with self._lock:
            for sock in self._open:
                _shut(sock)

    def url(self, path: str = "/v1/chat/completions") -> str:
        """The address of `path` on this server."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}{path}"

    def seen(self, requests: int, within_s: float = 30.0) -> None:
        """Waits until so many requests have come in; TimeoutError when they do not."""
        deadline_s = time.monotonic() + within_s
        while len(self.requests) < requests:
            if time.monotonic() > deadline_s:
                raise TimeoutError(f"{len(self.requests)} requests instead of {requests}")
            time.sleep(0.005)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return  # `stop` has closed it
            with self._lock:
                self.connections += 1
                number = self.connections
            threading.Thread(target=self._serve, args=(sock, number), daemon=True).start()

    def _serve(self, sock: socket.socket, number: int) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # What a client does to its end (goes away, refuses a certificate) is the client's affair.
        with contextlib.suppress(OSError):
            if self._tls is not None:
                sock = self._tls.wrap_socket(sock, server_side=True)
            with sock:
                self._converse(sock, number)

    def _converse(self, sock: socket.socket, number: int) -> None:
        with self._lock:
            self._open.add(sock)
        try:
            going_on = self._play(sock, self._greeting)
            while going_on and (request := _read_request(sock, number)) is not None:
                with self._lock:
                    script = self._scripts[min(len(self.requests), len(self._scripts) - 1)]
                    self.requests.append(request)
                with self._workers:
                    going_on = self._play(sock, script)
        finally:
            with self._lock:
                self._open.discard(sock)

    def _play(self, sock: socket.socket, script: Script) -> bool:
        """True when the connection is still open behind the last step."""
        for step in script:
            if isinstance(step, bytes):
                sent = Sent(step, time.perf_counter_ns())
                self.sent.append(sent)
                sock.sendall(step)
                sent.done_ns = time.perf_counter_ns()
            elif isinstance(step, Ending):
                if step is RESET:
                    _reset_on_close(sock)
                return False
            elif self._stopped.wait(step):
                _reset_on_close(sock)
                return False
        return True


Serve = Callable[..., ScriptedServer]
"""The fixture `serve`: makes a server that ends with the test."""


def tls_context(certificate: Path) -> ssl.SSLContext:
    """What a server needs to speak TLS with the key and certificate of a PEM file."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def _shut(sock: socket.socket) -> None:
    """Wakes whoever waits in this socket; closing it would not."""
    with contextlib.suppress(OSError):  # it is not connected any more
        sock.shutdown(socket.SHUT_RDWR)


def _reset_on_close(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _read_request(sock: socket.socket, connection: int) -> Request | None:
    """The next request, None when the client is gone."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = sock.recv(65_536)
        if not more:
            return None
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    request = Request(connection, head.decode("latin-1"), body)
    length = int(request.header("Content-Length") or 0)
    while len(body) < length:
        more = sock.recv(65_536)
        if not more:
            return None
        body += more
    return request._replace(body=body)


# Answers: each takes the pieces of a body (bytes, pauses, an ending) and gives the script that sends them.

Framing = Callable[..., list[Step]]

EVENT_STREAM = "text/event-stream"


def head(status: str = "200 OK", kind: str = EVENT_STREAM, *more: str) -> bytes:
    """The head of an answer; `more` are whole header lines."""
    return "".join(f"{line}\r\n" for line in (f"HTTP/1.1 {status}", f"Content-Type: {kind}", *more, "")).encode()


def chunk(data: bytes) -> bytes:
    """One chunk of the chunked coding."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def chunked(*pieces: Step, kind: str = EVENT_STREAM) -> list[Step]:
    """200 with a chunk for each piece, whole with its last chunk."""
    steps = [chunk(piece) if isinstance(piece, bytes) else piece for piece in pieces]
    return [head("200 OK", kind, "Transfer-Encoding: chunked"), *steps, b"0\r\n\r\n"]


def sized(*pieces: Step, status: str = "200 OK", kind: str = EVENT_STREAM, headers: Sequence[str] = ()) -> list[Step]:
    """An answer whose length is told at its start."""
    length = sum(len(piece) for piece in pieces if isinstance(piece, bytes))
    return [head(status, kind, f"Content-Length: {length}", *headers), *pieces]


def until_close(*pieces: Step, kind: str = EVENT_STREAM) -> list[Step]:
    """200 whose end is that of the connection."""
    return [head("200 OK", kind, "Connection: close"), *pieces, CLOSE]


FRAMINGS: dict[str, Framing] = {"chunked": chunked, "Content-Length": sized, "close-delimited": until_close}


# The events of an OpenAI-style answer.


def event(document: object) -> bytes:
    """One event with a JSON document."""
    return f"data: {json.dumps(document, ensure_ascii=False)}\n\n".encode()


def token(text: str) -> bytes:
    """An event that brings text."""
    return event({"id": "chatcmpl-1", "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]})


def usage(prompt: int, completion: int) -> bytes:
    """The closing chunk that counts the tokens."""
    return event(
        {"id": "chatcmpl-1", "choices": [], "usage": {"prompt_tokens": prompt, "completion_tokens": completion}}
    )


FINISH = event({"id": "chatcmpl-1", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
DONE = b"data: [DONE]\n\n"
ANSWER = chunked(token("Hello"), token(" world"), FINISH, usage(9, 2), DONE)
"""A whole answer of two tokens, at once."""
