"""A paced SSE server that records its true timing; `paced_server` starts it as a separate process.

It prints its port on the first line.  Each POST is answered with OpenAI-style chunks: the first `--ttft-ms` after the
request arrived, then one every `--itl-ms`, `--events` in all, then finish reason, usage and `[DONE]`.  GET /stats says
what was really sent and how late, GET /reset forgets it.  It ends with its standard input, so it outlives no parent.

One thread serves.  A heap holds when each stream is due; a stream that is late keeps its timetable.  The truth is taken
at two places: a request has arrived when the kernel says so (Linux; elsewhere when it was read), and a chunk is sent at
the moment before its `send`.  Nothing is computed from either here: /stats gives the times as they are.

Standard library alone, so that the file can be run as it stands and starts in some tens of milliseconds.
"""

from __future__ import annotations

import argparse
import contextlib
import heapq
import json
import select
import selectors
import socket
import struct
import subprocess
import sys
import threading
import time
from array import array
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from typing import Any

NS_PER_MS = 1_000_000
LEAVE_S = 5.0
"""How long the process may take to end."""

SO_TIMESTAMPNS = 35
"""Linux, include/uapi/asm-generic/socket.h: each read brings the wall-clock time at which its last segment arrived."""
_timespec = struct.Struct("qq")
KERNEL_STAMPS = sys.platform == "linux" and _timespec.size == 2 * struct.calcsize("P")

READ_BYTES = 65_536
LARGEST_REQUEST = 1 << 20
BATCH = 64
"""Chunks sent before it looks for new requests."""

HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
    b"Cache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n"
)


def chunked(data: bytes) -> bytes:
    """`data` as one chunk of the chunked transfer coding."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def event(choices: list[dict[str, Any]], **more: Any) -> bytes:
    """One event of an OpenAI chat completion stream."""
    body = {"id": "chatcmpl-paced", "object": "chat.completion.chunk", "created": 1700000000, "model": "paced"}
    return b"data: " + json.dumps(body | {"choices": choices} | more).encode() + b"\n\n"


def token(**delta: str) -> bytes:
    """A chunk that brings text."""
    return chunked(event([{"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}]))


FIRST = token(role="assistant", content="tok ")
NEXT = token(content="tok ")


def closing(chunks: int) -> bytes:
    """What stands behind the last of so many tokens."""
    usage = {"prompt_tokens": 10, "completion_tokens": chunks, "total_tokens": 10 + chunks}
    last = event([{"index": 0, "delta": {}, "finish_reason": "stop"}]) + event([], usage=usage) + b"data: [DONE]\n\n"
    return chunked(last) + b"0\r\n\r\n"


class Truth:
    """What was really sent."""

    def __init__(self) -> None:
        self.requests = self.done = self.aborted = self.connections = self.chunks = 0
        self.ttft_ns, self.gap_ns, self.late_ns = array("q"), array("q"), array("q")
        self._cpu_s_before = time.process_time()

    def as_dict(self) -> dict[str, Any]:
        """What GET /stats answers.

        `ttft_ns`: from the arrival of a request to the writing of its first chunk; `gap_ns`: between two writes of one
        answer; `late_ns`: by how much each chunk missed its timetable.  Each is a list in the order of sending.
        """
        return {
            "requests": self.requests,
            "done": self.done,
            "aborted": self.aborted,
            "connections": self.connections,
            "chunks": self.chunks,
            "cpu_s": round(time.process_time() - self._cpu_s_before, 3),
            "arrival_clock": "kernel" if KERNEL_STAMPS else "user",
            "ttft_ns": self.ttft_ns.tolist(),
            "gap_ns": self.gap_ns.tolist(),
            "late_ns": self.late_ns.tolist(),
        }


class Stream:
    """One connection and the answer under way on it."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.received = b""
        self.unsent = b""
        self.closed = False
        self.sent_chunks = -1
        """-1 while no answer is under way."""
        self.arrived_ns = self.due_ns = self.previous_ns = 0


def _received(sock: socket.socket) -> tuple[bytes, int]:
    """What has come, b"" at the end of the connection, and when, by the monotonic clock."""
    if not KERNEL_STAMPS:
        return sock.recv(READ_BYTES), time.monotonic_ns()
    data, control, _, _ = sock.recvmsg(READ_BYTES, 64)
    now_ns = time.monotonic_ns()
    if control:
        seconds, ns = _timespec.unpack(control[0][2])
        now_ns -= max(0, time.time_ns() - (seconds * 1_000_000_000 + ns))
    return data, now_ns


class Server:
    """Listens on a free loopback port; `serve` returns after `stop`, which any thread may call."""

    def __init__(self, ttft_ms: float, itl_ms: float, chunks: int) -> None:
        self._ttft_ns, self._itl_ns, self._chunks = round(ttft_ms * NS_PER_MS), round(itl_ms * NS_PER_MS), chunks
        self._closing = closing(chunks)
        self._truth = Truth()
        self._heap: list[tuple[int, int, Stream]] = []
        self._pushed = 0
        self._selector = selectors.DefaultSelector()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self._listener.setblocking(False)
        if KERNEL_STAMPS:  # what is accepted inherits it, so that the first request is stamped as well
            self._listener.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._selector.register(self._listener, selectors.EVENT_READ, None)
        self._stopped, self._stopper = socket.socketpair()
        self._selector.register(self._stopped, selectors.EVENT_READ, None)
        self.port = self._listener.getsockname()[1]

    def stop(self) -> None:
        """Makes `serve` return."""
        self._stopper.send(b"!")

    def serve(self) -> None:
        """Answers until it is stopped, then closes everything."""
        while True:
            for key, mask in self._wait():
                if key.fileobj is self._stopped:
                    self._close_all()
                    return
                if key.data is None:
                    self._accept()
                    continue
                if mask & selectors.EVENT_WRITE:
                    self._send(key.data, b"")
                if mask & selectors.EVENT_READ and not key.data.closed:
                    self._read(key.data)
            self._send_due()

    def _wait(self) -> list[tuple[selectors.SelectorKey, int]]:
        wait_s = max(0, self._heap[0][0] - time.monotonic_ns()) / 1e9 if self._heap else None
        if not hasattr(select, "epoll"):
            return self._selector.select(wait_s)
        # epoll waits in whole milliseconds, select in microseconds; and the one can wait for the other.
        ready, _, _ = select.select([self._selector], [], [], wait_s)
        return self._selector.select(0) if ready else []

    def _accept(self) -> None:
        self._accept_all(self._listener, Stream)

    def _accept_all(self, listener: socket.socket, stream_of: Callable[[socket.socket], Stream]) -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except BlockingIOError:
                return
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._truth.connections += 1
            self._selector.register(sock, selectors.EVENT_READ, stream_of(sock))

    def _close_all(self) -> None:
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]  # only sockets were registered
        self._stopper.close()
        self._selector.close()

    def _close(self, stream: Stream) -> None:
        self._truth.aborted += stream.sent_chunks >= 0
        stream.closed = True
        self._selector.unregister(stream.sock)
        stream.sock.close()

    def _read(self, stream: Stream) -> None:
        try:
            data, arrived_ns = _received(stream.sock)
        except BlockingIOError:
            return
        except OSError:
            self._close(stream)
            return
        stream.received += data
        if not data or len(stream.received) > LARGEST_REQUEST:
            self._close(stream)
            return
        self._take_request(stream, arrived_ns)

    def _take_request(self, stream: Stream, arrived_ns: int) -> None:
        head, blank, body = stream.received.partition(b"\r\n\r\n")
        lines = head.lower().split(b"\r\n")
        length = next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), 0)
        if not blank or len(body) < length:
            return
        stream.received = body[length:]
        if head.startswith(b"POST "):
            self._truth.requests += 1
            stream.sent_chunks, stream.arrived_ns, stream.due_ns = 0, arrived_ns, arrived_ns + self._ttft_ns
            self._push(stream)
            self._send(stream, HEAD)
        elif head.startswith(b"GET /stats"):
            self._plain(stream, json.dumps(self._truth.as_dict()).encode())
        elif head.startswith(b"GET /reset"):
            self._truth = Truth()
            self._plain(stream, b"{}")
        else:
            self._plain(stream, b"{}", b"404 Not Found")

    def _plain(self, stream: Stream, body: bytes, status: bytes = b"200 OK") -> None:
        head = b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (status, len(body))
        self._send(stream, head + body)

    def _push(self, stream: Stream) -> None:
        self._pushed += 1  # two streams that are due at the same time are not compared
        heapq.heappush(self._heap, (stream.due_ns, self._pushed, stream))

    def _send_due(self) -> None:
        heap, now_ns = self._heap, time.monotonic_ns()
        for _ in range(BATCH):
            if not heap or heap[0][0] > now_ns:
                return
            _, _, stream = heapq.heappop(heap)
            if stream.closed:
                continue
            if stream.sent_chunks < self._chunks:
                self._send_token(stream)
                stream.due_ns += self._itl_ns
                self._push(stream)
            else:
                stream.sent_chunks = -1
                self._truth.done += 1
                self._send(stream, self._closing)

    def _send_token(self, stream: Stream) -> None:
        truth = self._truth
        sent_ns = time.monotonic_ns()
        if stream.sent_chunks:
            truth.gap_ns.append(sent_ns - stream.previous_ns)
            data = NEXT
        else:
            truth.ttft_ns.append(sent_ns - stream.arrived_ns)
            data = FIRST
        truth.late_ns.append(sent_ns - stream.due_ns)
        truth.chunks += 1
        stream.sent_chunks += 1
        stream.previous_ns = sent_ns
        self._send(stream, data)

    def _send(self, stream: Stream, data: bytes) -> None:
        had = stream.unsent
        try:
            sent = stream.sock.send(had + data if had else data)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._close(stream)
            return
        if had or sent < len(data):
            stream.unsent = (had + data)[sent:]
            events = selectors.EVENT_READ | (selectors.EVENT_WRITE if stream.unsent else 0)
            self._selector.modify(stream.sock, events, stream)


def _allow_open_files() -> None:
    """As many as the system lets it have: one for each stream."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # macOS has a limit of its own below "unlimited"
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


@contextlib.contextmanager
def paced_server(ttft_ms: float, itl_ms: float, chunks: int) -> Iterator[int]:
    """The port of a server in a process of its own that serves so until the end of the block.

    RuntimeError when it does not start.
    """
    flags = ["--ttft-ms", ttft_ms, "--itl-ms", itl_ms, "--chunks", chunks]
    # -I: neither the folder of this file nor the user's may stand before the standard library.  A session of its own:
    # Ctrl-C is for the parent, which closes the pipe.
    process = subprocess.Popen(  # noqa: S603 - this very file
        [sys.executable, "-I", __file__, *map(str, flags)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    with process:
        try:
            line = process.stdout.readline() if process.stdout else b""
            if not line:
                raise RuntimeError("it ended before it had said its port")
            yield int(line)
        finally:
            if process.stdin:
                process.stdin.close()
            try:
                process.wait(LEAVE_S)
            except subprocess.TimeoutExpired:
                process.kill()


def ask(port: int, path: str) -> dict[str, Any]:
    """What the server on this port answers to GET `path` (/stats, /reset).  Past any proxy of the environment."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path)
        answer: dict[str, Any] = json.load(connection.getresponse())
    finally:
        connection.close()
    return answer


def main() -> None:
    """Serves until its standard input ends."""
    parser = argparse.ArgumentParser(description="A paced SSE server that knows the truth.")
    parser.add_argument("--ttft-ms", type=float, default=50)
    parser.add_argument("--itl-ms", type=float, default=20)
    parser.add_argument("--chunks", type=int, default=100)
    asked = parser.parse_args()
    _allow_open_files()
    server = Server(asked.ttft_ms, asked.itl_ms, asked.chunks)

    def stop_with_parent() -> None:
        sys.stdin.read()
        server.stop()

    threading.Thread(target=stop_with_parent, daemon=True).start()
    print(server.port, flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        server.serve()


if __name__ == "__main__":
    main()
