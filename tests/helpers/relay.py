"""A relay between two TCP ends that takes its time, writes down what passes, and can be cut."""

from __future__ import annotations

import contextlib
import queue
import socket
import threading
import time


class Relay:
    """Listens on a free port and passes on what comes; each way has its own delay, in seconds.

    While it is cut nothing passes: what was written meanwhile comes late, as over a cable that was pulled and put back.
    """

    def __init__(
        self, to: tuple[str, int], there_s: float = 0.0, back_s: float = 0.0, listen: str = "127.0.0.1"
    ) -> None:
        self.passed = bytearray()
        self._to, self._delays = to, (there_s, back_s)
        self._whole = threading.Event()
        self._whole.set()
        self._listener = socket.create_server((listen, 0))
        self._open: list[socket.socket] = [self._listener]
        self.place = f"{listen}:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        self._whole.clear()

    def mend(self) -> None:
        self._whole.set()

    def close(self) -> None:
        self._whole.set()
        for sock in self._open:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(self._to)
                self._open += [near, far]
                for source, sink, delay_s in ((near, far, self._delays[0]), (far, near, self._delays[1])):
                    source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    waiting: queue.SimpleQueue[tuple[float, bytes]] = queue.SimpleQueue()
                    threading.Thread(target=self._read, args=(source, waiting, delay_s), daemon=True).start()
                    threading.Thread(target=self._write, args=(sink, waiting), daemon=True).start()

    def _read(self, source: socket.socket, waiting: queue.SimpleQueue[tuple[float, bytes]], delay_s: float) -> None:
        data = b"-"
        while data:
            try:
                data = source.recv(1 << 16)
            except OSError:
                data = b""
            self.passed += data
            waiting.put((time.monotonic() + delay_s, data))

    def _write(self, sink: socket.socket, waiting: queue.SimpleQueue[tuple[float, bytes]]) -> None:
        with contextlib.suppress(OSError):
            while True:
                due_s, data = waiting.get()
                time.sleep(max(0.0, due_s - time.monotonic()))
                self._whole.wait()
                if not data:
                    sink.shutdown(socket.SHUT_WR)
                    return
                sink.sendall(data)
