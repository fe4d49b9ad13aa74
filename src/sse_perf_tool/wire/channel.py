"""What stands between the reading thread and the worker of one connection: a queue of reads, and a bell.

`Channel` is the interface.  There are two: `Queue` here, which a reading thread in Python fills, and
`_reader.Channel`, which one in C fills.  Whatever differs between them is a fault; the tests of the wire run with both.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from typing import Any, Protocol

from .tcp_info import tcp_info

Read = tuple[int, bytes]
"""When it arrived, in monotonic nanoseconds, and what; b"" is the end of the connection."""

ALL_QUEUES_BYTES, LARGEST_QUEUE_BYTES, SMALLEST_QUEUE_BYTES = 24 << 20, 4 << 20, 256 << 10
"""What was read and not taken yet: how much all sockets may have together, and one at most and at least.  Their workers
may have as much in their hands, which they took before."""

SMALL_QUEUE_BYTES = SMALLEST_QUEUE_BYTES // 2
"""A queue up to this size is not looked at for its size."""

CHUNKED_END = b"0\r\n\r\n"
FRAMING_BYTES = 7
"""A read so small holds framing only, perhaps the end of the body."""


def share_bytes(sockets: int) -> int:
    """How much each of so many sockets may have in its queue."""
    return max(SMALLEST_QUEUE_BYTES, min(LARGEST_QUEUE_BYTES, ALL_QUEUES_BYTES // max(1, sockets)))


def is_usual_head(data: bytes) -> bool:
    """Whether the first read of an answer holds a whole head that only says that a stream follows."""
    return data.startswith(b"HTTP/1.1 200") and b"chunked\r\n" in data and b"\r\n\r\n" in data


class Channel(Protocol):
    """The reads of one connection, in order.

    Something is *due* when the worker is to look at what has come: at the end of the connection, when the queue holds
    half of its share, when a read holds the hint or is or may be the end of a chunked body, and at every read when
    `eager`.
    """

    eager: bool

    @property
    def queued(self) -> int:
        """Reads that wait here; any thread may ask."""

    @property
    def queued_bytes(self) -> int:
        """Their size; any thread may ask."""

    @property
    def ended(self) -> bool:
        """The connection has ended; its last reads may still be here."""

    @property
    def error(self) -> Exception | None:
        """What reading failed with, if it has."""

    def begin(self, hint: bytes) -> None:
        """A request goes out: the next read begins its answer, whose last event holds the hint; not `eager` any more.

        When that read holds a head that only says that a stream follows, it is not due for that; else all reads are.
        """

    def take(self) -> list[Read]:
        """All that has come since the last time, at once."""

    def wait(self, seconds: float, gate: Any = None) -> None:
        """Waits until something is due or `wake` is called, but not longer than this; perhaps for less.

        A `gate` is left meanwhile, if there is anything to wait for.
        """

    def wake(self) -> None:
        """Ends a wait; any thread may call."""

    def drop(self) -> None:
        """Nothing is read any more: the socket may be closed."""


class Feeder(Protocol):
    """Who fills a `Queue`."""

    @property
    def share_bytes(self) -> int: ...

    def pause(self, queue: Any) -> None: ...
    def resume(self, queue: Any) -> None: ...
    def drop(self, queue: Any) -> None: ...


class Opener(Protocol):
    """Makes plain text of ciphertext."""

    at_end: bool

    def decrypt(self, data: bytes) -> bytes: ...


class Queue:
    """A `Channel` that a thread fills by `came` and `broke`, with the gate held.

    With an `opener` the reads are the decrypted ones, and the time is that of the arrival of their ciphertext.
    """

    def __init__(self, sock: socket.socket, stamped: bool, feeder: Feeder) -> None:
        self.sock, self.fd = sock, sock.fileno()
        self.stamped = stamped
        """Whether the kernel stamps what arrives."""
        self.eager = True
        self.ended = False
        self.error: Exception | None = None
        self.queued_bytes = 0
        self._feeder = feeder
        self._opener: Opener | None = None
        self._reads: list[Read] = []
        self._hint = b""
        self._out_of_order = 0
        self._due = self._waiting = self._before_head = False
        self._bell = threading.Lock()
        self._bell.acquire()

    # --- the reading thread's side ---

    def came(self, arrived_ns: int, data: bytes) -> bool:
        """`data` was read; True when the worker is to be woken for it."""
        if self._opener is not None:
            data = self._open(arrived_ns, data)
        else:
            self._reads.append((arrived_ns, data))
            if not data:
                self.ended = True
        size = len(data)
        if self._before_head and size:
            self._before_head = False
            self.eager = self.eager or not is_usual_head(data)
        self.queued_bytes = queued_bytes = self.queued_bytes + size
        if queued_bytes > SMALL_QUEUE_BYTES and self._half_full():
            self._due = True
        elif size or self.ended:
            self._due = (
                self._due or self.eager or size <= FRAMING_BYTES or data.endswith(CHUNKED_END) or self._hint in data
            )
        return self._due and self._waiting

    def _half_full(self) -> bool:
        """Whether the queue is to be looked at, however far the end is; a full one gets no more for now."""
        share = self._feeder.share_bytes
        if self.queued_bytes > share:
            self._feeder.pause(self)
        return self.queued_bytes > share // 2

    def _open(self, arrived_ns: int, data: bytes) -> bytes:
        """Queues what `data` decrypts to, and gives it: b"" when a record is not whole yet or holds no data."""
        opener = self._opener
        if opener is None or self.ended:
            return b""
        try:
            plain = opener.decrypt(data)
        except ssl.SSLError as error:
            self.broke(error)
            return b""
        if plain:
            self._reads.append((arrived_ns, plain))
        if opener.at_end:
            self._reads.append((arrived_ns, b""))
            self.ended = True
        return plain

    def lost_packets(self) -> bool:
        """Whether packets have come out of order since the last call; also false where the system does not tell."""
        info, before = tcp_info(self.sock), self._out_of_order
        self._out_of_order = before if info is None else info.out_of_order
        return self._out_of_order > before

    def broke(self, error: Exception) -> None:
        """Reading has failed."""
        self.error = error
        self.ended = self._due = True
        self._reads.append((time.perf_counter_ns(), b""))
        self.wake()

    # --- the worker's side ---

    @property
    def queued(self) -> int:
        """See `Channel`."""
        return len(self._reads)

    def begin(self, hint: bytes) -> None:
        """See `Channel`."""
        self._hint, self._before_head = hint, True
        self.eager = self._due = False

    def open_with(self, opener: Opener, early: list[Read]) -> None:
        """Decrypts all reads from here on, and first those that have come.  With the gate held."""
        early, self._reads = [*early, *self._reads], []
        self._opener, self.ended, self.queued_bytes = opener, False, 0
        for arrived_ns, data in early:
            self.came(arrived_ns, data)

    def take(self) -> list[Read]:
        """See `Channel`.  With the gate held."""
        taken, self._reads = self._reads, []
        self.queued_bytes, self._due = 0, False
        self._feeder.resume(self)
        return taken

    def wait(self, seconds: float, gate: Any = None) -> None:
        """See `Channel`."""
        self._waiting = True
        # Whoever queues a read looks at the flag after that, so none of the two is overlooked.
        if not (self._due or self.ended or (self._reads and self.eager)):
            if gate is not None:
                gate.leave()
            try:
                self._bell.acquire(timeout=seconds)  # perhaps at once, by a wake-up of before
            finally:
                if gate is not None:
                    gate.enter()
        self._waiting = False

    def wake(self) -> None:
        """See `Channel`."""
        self._waiting = False
        try:
            self._bell.release()
        except RuntimeError:  # it was woken already
            return

    def drop(self) -> None:
        """See `Channel`."""
        self._feeder.drop(self)
        self._reads = []
