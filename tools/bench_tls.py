"""The paced server over TLS as well, for the bench: `python tools/bench_tls.py CERTIFICATE KEY` and its other flags.

It prints two ports: the plain one, at which it is asked for the truth, and that of TLS.  Times are those of the plain
server: a request has arrived when the kernel got the last of its ciphertext, a chunk is sent when it is encrypted.  The
TTFT of a request that opened its connection has the handshake in it, as that of the clients has: the time from the
arrival of the client's hello to the sending of the answer to it.  What the client then computes is not known here.
"""

from __future__ import annotations

import argparse
import selectors
import socket
import ssl
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from sse_perf_tool.calibration import server


class TlsStream(server.Stream):
    """A connection whose bytes go through two memory buffers."""

    def __init__(self, sock: socket.socket, context: ssl.SSLContext) -> None:
        super().__init__(sock)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_side=True)
        self.open = False
        self.opening_ns = 0
        """How long it took from the arrival of the client's hello until the answer to it was sent; 0 once it is in the
        truth."""

    def decrypted(self, data: bytes) -> bytes:
        """What these bytes say, b"" in the handshake.  `ssl.SSLError` when they are none of TLS."""
        self.incoming.write(data)
        parts = []
        try:
            if not self.open:
                self.tls.do_handshake()
                self.open = True
            while part := self.tls.read(server.READ_BYTES):
                parts.append(part)
        except ssl.SSLWantReadError:
            pass
        return b"".join(parts)


class TlsServer(server.Server):
    """Listens at a second port, for TLS."""

    def __init__(self, ttft_ms: float, itl_ms: float, chunks: int, context: ssl.SSLContext) -> None:
        super().__init__(ttft_ms, itl_ms, chunks)
        self._context = context
        self._tls_listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self._tls_listener.setblocking(False)
        if server.KERNEL_STAMPS:
            self._tls_listener.setsockopt(socket.SOL_SOCKET, server.SO_TIMESTAMPNS, 1)
        self._selector.register(self._tls_listener, selectors.EVENT_READ, None)
        self.tls_port = self._tls_listener.getsockname()[1]

    def _accept(self) -> None:
        super()._accept()
        self._accept_all(self._tls_listener, lambda sock: TlsStream(sock, self._context))

    def _read(self, stream: server.Stream) -> None:
        if not isinstance(stream, TlsStream):
            super()._read(stream)
            return
        try:
            data, arrived_ns = server._received(stream.sock)
            plain = stream.decrypted(data)
        except BlockingIOError:
            return
        except OSError:  # ssl.SSLError is one
            self._close(stream)
            return
        self._send_handshake(stream, arrived_ns)
        if not data and not stream.closed:
            self._close(stream)
        if stream.closed or not plain:
            return
        stream.received += plain
        self._take_request(stream, arrived_ns)
        if stream.sent_chunks == 0:  # it is due by its own arrival, but for the client it began with the connection
            stream.arrived_ns, stream.opening_ns = stream.arrived_ns - stream.opening_ns, 0

    def _send_handshake(self, stream: TlsStream, arrived_ns: int) -> None:
        flight = stream.outgoing.read()
        if flight and not stream.open:
            stream.opening_ns += time.monotonic_ns() - arrived_ns
        super()._send(stream, flight)

    def _send(self, stream: server.Stream, data: bytes) -> None:
        if isinstance(stream, TlsStream):
            if data:
                stream.tls.write(data)
            data = stream.outgoing.read()
        super()._send(stream, data)


def main() -> None:
    """Serves until its standard input ends."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("certificate")
    parser.add_argument("key")
    parser.add_argument("--ttft-ms", type=float, required=True)
    parser.add_argument("--itl-ms", type=float, required=True)
    parser.add_argument("--chunks", type=int, required=True)
    asked = parser.parse_args()
    server._allow_open_files()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(asked.certificate, asked.key)
    made = TlsServer(asked.ttft_ms, asked.itl_ms, asked.chunks, context)

    def stop_with_parent() -> None:
        sys.stdin.read()
        made.stop()

    threading.Thread(target=stop_with_parent, daemon=True).start()
    print(made.port, made.tls_port, flush=True)
    made.serve()


if __name__ == "__main__":
    main()
