"""A server that writes what it is told, a client that notes when bytes come, and child processes: Python alone."""

import contextlib
import os
import signal
import socket
import ssl
import struct
import subprocess
import threading
import time
from pathlib import Path

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
LAST = b"0\r\n\r\n"


def chunk(data):
    """`data` as one chunk of a chunked body."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def event(number, size=150):
    """An event of `size` bytes."""
    start = b'data: {"number": %d, "text": "' % number
    return start + b"x" * (size - len(start) - 4) + b'"}\n\n'


def serve(answer):
    """Calls `answer(send, connection)` for each request that comes to the port that is returned; then closes."""
    listener = socket.create_server(("127.0.0.1", 0))

    def one(connection):
        with connection, contextlib.suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                data = connection.recv(65536)
                if not data:
                    return
                head += data
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            answer(connection.sendall, connection)

    def accept():
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=one, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1]


def reset(connection):
    """Ends a connection as if the machine had gone."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def ask(port, path="/", headers=(), tls=False, body=b"{}", silence_s=5.0):
    """POSTs, and returns (seconds after the request, bytes) of each read, and how it ended: "closed", "last chunk" or
    "silent" (for `silence_s`)."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = context.wrap_socket(connection)
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]
    connection.sendall("\r\n".join([*lines, *headers, "", ""]).encode() + body)
    began, reads, all_bytes = time.monotonic(), [], b""
    connection.settimeout(silence_s)
    with connection:
        while True:
            try:
                data = connection.recv(1 << 20)
            except TimeoutError:
                return reads, "silent"
            except ConnectionResetError:
                return reads, "reset"
            if not data:
                return reads, "closed"
            reads.append((time.monotonic() - began, data))
            all_bytes += data
            if all_bytes.endswith(LAST) and b"chunked" in all_bytes.partition(b"\r\n\r\n")[0].lower():
                return reads, "last chunk"


def received(reads):
    """All bytes of the reads."""
    return b"".join(data for _, data in reads)


def free_port():
    """A port of 127.0.0.1 that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


FOLDER = Path(os.environ["FOLDER"])


@contextlib.contextmanager
def running(command, port, wait_s=120, **environ):
    """Runs a server until the end of the block, which begins once it listens."""
    env = {**os.environ, "HOME": str(FOLDER), **environ}
    output = FOLDER / "output.log"
    with output.open("wb") as log:
        process = subprocess.Popen(command, cwd=FOLDER, env=env, stdout=log, stderr=log, start_new_session=True)
    try:
        deadline = time.monotonic() + wait_s
        while not listens(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"does not come up: {output.read_text()}")
            time.sleep(0.1)
        yield
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def listens(port):
    """Whether a connection to the port is taken."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def written(name, text):
    """The path of a new file in the folder."""
    path = FOLDER / name
    path.write_text(text)
    return str(path)


def seen(fact, as_before):
    """Shows what was seen; the script fails when that is not what was seen when it was written."""
    print("seen:", fact)
    if not as_before:
        raise SystemExit("this has changed")
