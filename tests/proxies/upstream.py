"""What stands behind a proxy here: a chat endpoint that writes events of 150 bytes at even times, and prints its port.

It is a process of its own, so that it and the tool do not wait for each other.

The path says what it does: `/smooth` sends all events, `/slow` a third of them at 20 ms each, `/cut` ends the
connection after half of them, `/wide` has events of 600 bytes, `/stall` is silent for 3 s after ten events and `/late`
before anything.  Like most servers of the field it answers HTTP/1.1 with chunks and HTTP/1.0 with a body that ends with
the connection.
"""

from __future__ import annotations

import contextlib
import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

EVENTS = 300
GAP_S = 0.008
SLOW_GAP_S = 0.02
SILENCE_S = 3.0


def event(number: int, size: int) -> bytes:
    """Event `number` of a chat answer, `size` bytes long."""
    start = f'data: {{"object":"chat.completion.chunk","choices":[{{"index":0,"delta":{{"content":"word{number:03d}'
    end = '"}}]}\n\n'
    return (start + " " + "x" * (size - len(start) - len(end) - 1) + end).encode()


LAST = json.dumps({"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
USAGE = json.dumps({"object": "chat.completion.chunk", "choices": [], "usage": {"completion_tokens": EVENTS}})
END = f"data: {LAST}\n\ndata: {USAGE}\n\ndata: [DONE]\n\n".encode()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 0

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        mode = self.path.strip("/").partition("/")[0]
        if mode == "late":
            time.sleep(SILENCE_S)
        chunked = self.request_version == "HTTP/1.1"
        self.close_connection = not chunked or mode == "cut"
        head = ["HTTP/1.1 200 OK", "Content-Type: text/event-stream", "Cache-Control: no-cache"]
        head += ["Transfer-Encoding: chunked"] if chunked else ["Connection: close"]
        self.wfile.write(("\r\n".join(head) + "\r\n\r\n").encode())
        began = time.monotonic()
        gap_s = SLOW_GAP_S if mode == "slow" else GAP_S
        for number in range({"cut": EVENTS // 2, "slow": EVENTS // 3}.get(mode, EVENTS)):
            if mode == "stall" and number == 10:
                time.sleep(SILENCE_S)
            time.sleep(max(0.0, began + number * gap_s - time.monotonic()))
            self._send(event(number, 600 if mode == "wide" else 150), chunked)
        if mode != "cut":
            self._send(END, chunked)
            if chunked:
                self.wfile.write(b"0\r\n\r\n")

    def handle(self) -> None:
        """As ever; a proxy that has given up is no error here."""
        with contextlib.suppress(ConnectionError):
            super().handle()

    def _send(self, data: bytes, chunked: bool) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data) if chunked else data)

    def log_message(self, *_arguments: object) -> None:
        """Nothing: the tests tell what came."""


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    print(server.server_address[1], flush=True)
    server.serve_forever()
