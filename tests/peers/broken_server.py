"""A chat endpoint that breaks every second answer, in the way it is told: what does a load tester count?

    python3 tests/peers/broken_server.py PORT FAULT

A whole answer is twenty words, 10 ms apart, the finish reason, the usage if it was asked for, and `[DONE]`.  A broken
one begins with ten words; `empty`, `html` and `busy` have none.  The standard library alone.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import socket
import struct
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

WORDS, BROKEN_AFTER, GAP_S = 20, 10, 0.01
FAULTS = {
    "none": "no answer is broken",
    "eof": "the body ends, in order, after ten words",
    "error": "an event with an error, then the end of the body",
    "empty": "status 200 and no body",
    "html": "status 200 and a web page",
    "fin": "the connection is closed within the body",
    "reset": "the connection is reset within a chunk",
    "busy": "status 429",
    "half-json": "an event whose JSON is cut short, the rest of the answer is whole",
}


class Broken(BaseHTTPRequestHandler):
    """One connection; `fault` is that of the server's every second answer."""

    protocol_version = "HTTP/1.1"
    fault = "none"
    answers = itertools.count(1)

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        usage = bool((asked.get("stream_options") or {}).get("include_usage"))
        fault = self.fault if next(self.answers) % 2 == 0 else "none"
        if fault in ("empty", "html", "busy"):
            self._whole(fault)
        else:
            self._stream(fault, usage)

    def _whole(self, fault: str) -> None:
        body = {"empty": b"", "html": b"<html><title>Sign in</title></html>", "busy": b'{"error":{"message":"busy"}}'}[
            fault
        ]
        self.send_response(429 if fault == "busy" else 200)
        self.send_header("Content-Type", "text/html" if fault == "html" else "text/event-stream")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, fault: str, usage: bool) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        cut = fault not in ("none", "half-json")
        for number in range(BROKEN_AFTER if cut else WORDS):
            time.sleep(GAP_S)
            self._send(choices=[{"index": 0, "delta": {"content": f"word{number} "}, "finish_reason": None}])
            if fault == "half-json" and number == BROKEN_AFTER:
                self._write('data: {"choices": [{"index": 0, "del\n\n')
        if fault == "error":
            self._write('data: {"error": {"message": "the engine broke off", "type": "server_error", "code": 500}}\n\n')
        if not cut:
            self._send(choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}])
            if usage:
                self._send(
                    choices=[], usage={"prompt_tokens": 5, "completion_tokens": WORDS, "total_tokens": 5 + WORDS}
                )
            self._write("data: [DONE]\n\n")
        self._end(fault)

    def _end(self, fault: str) -> None:
        if fault in ("fin", "reset"):
            self.close_connection = True
            self.wfile.write(b"ff\r\ndata:")
        if fault == "reset":
            time.sleep(0.05)  # what is on its way would go down with the connection
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
        if fault not in ("fin", "reset"):
            self.wfile.write(b"0\r\n\r\n")

    def _send(self, **fields: Any) -> None:
        head = {"id": "c-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
        self._write(f"data: {json.dumps(head | fields)}\n\n")

    def _write(self, text: str) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(text), text.encode()))

    def handle(self) -> None:
        """As ever; a client that has gone is no error."""
        with contextlib.suppress(OSError):
            super().handle()

    def finish(self) -> None:
        """As ever, also of a connection that was reset here."""
        with contextlib.suppress(OSError):
            super().finish()

    def log_message(self, *_arguments: object) -> None:
        """Nothing."""


def serving(port: int, fault: str) -> ThreadingHTTPServer:
    """The server; `serve_forever` makes it answer."""
    handler = type("Handler", (Broken,), {"fault": fault, "answers": itertools.count(1)})
    return ThreadingHTTPServer(("127.0.0.1", port), handler)


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[2] not in FAULTS:
        sys.exit(f"{__doc__}\n" + "\n".join(f"    {name:10} {what}" for name, what in FAULTS.items()))
    serving(int(sys.argv[1]), sys.argv[2]).serve_forever()
