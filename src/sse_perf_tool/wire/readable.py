"""The interface of the sockets that the pump reads."""

from __future__ import annotations

import socket
from typing import Protocol


class Readable(Protocol):
    """A connected socket and the queue for what is read from it; a `PumpedSocket` is one.

    The pump alone calls these methods, holding the gate but for `wake_up`.  Times are monotonic nanoseconds.
    """

    sock: socket.socket
    fd: int
    stamped: bool
    """Whether the kernel stamps what arrives."""

    def came(self, arrived_ns: int, data: bytes) -> bool:
        """`data` has been read, b"" at the end of the connection; True when the worker is to be woken for it."""

    def lost_packets(self) -> bool:
        """Whether packets have come out of order since the last call: others were lost before them."""

    def broke(self, error: OSError) -> None:
        """Reading has failed."""

    def wake_up(self) -> None:
        """Wakes the worker that waits for a read."""
