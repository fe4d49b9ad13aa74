"""The pump: the thread in Python that reads sockets and stamps what it reads, where the compiled one does not run."""

from __future__ import annotations

import errno
import select
import selectors
import socket
import struct
import sys
import threading
import time
from typing import Any

from .channel import Opener, Queue, Read, share_bytes
from .gate import GATE

READ_BYTES = 65_536

NAP_S, LONGEST_NAP_S = 0.0002, 0.002
"""How long the pump lets reads gather, for each read of the round before, and at most.  The kernel's stamps keep the
times exact meanwhile, and each round costs a hand-over of the interpreter."""

PROMPT_NS = 2_000
"""Two looks at clocks in this time have not been interrupted."""

SO_TIMESTAMPNS = 35
"""Linux, include/uapi/asm-generic/socket.h: each read brings the time at which its last segment arrived."""
_ANCILLARY_BYTES = 64
_timespec = struct.Struct("qq")
KERNEL_STAMPS = sys.platform == "linux" and hasattr(socket.socket, "recvmsg_into") and struct.calcsize("P") == 8

TOO_EARLY_NS = 1_000_000
"""A stamp so long before the socket was last seen to be empty is not that of the moment from which it could be read."""

AT_ONCE_NS = 50_000
"""A wait that is over in this time was none: something had come before it."""

EARLIEST_NS, LATEST_NS = -1_000_000_000, 60_000_000_000
"""A read that seems to have waited less or longer than this has not: the wall clock was set while it did."""


def ask_for_stamps(sock: socket.socket) -> bool:
    """Makes the kernel stamp what arrives on `sock`; False where it cannot."""
    if not KERNEL_STAMPS:
        return False
    try:
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    except OSError:
        return False
    return True


def keep_stamping() -> socket.socket | None:
    """Keeps the kernel stamping as long as the socket lives that is given.

    It begins a moment after the first socket has asked for it, and ends with the last: without this one the first reads
    of a run could come without their stamp.
    """
    sock = None
    try:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        ask_for_stamps(sock)
    except OSError:
        return None  # no such sockets here: those that read ask for themselves
    return sock


class _Epoll:
    """Readiness of many sockets, where there is epoll; sockets may be added while it waits."""

    def __init__(self) -> None:
        self._epoll = select.epoll()

    def add(self, fd: int) -> None:
        self._epoll.register(fd, select.EPOLLIN)

    def drop(self, fd: int) -> None:
        self._epoll.unregister(fd)

    def wait(self) -> list[tuple[int, int]]:
        return self._epoll.poll(-1, 1024)


class _Selector:
    """The same elsewhere; a byte on a socket pair wakes it when a socket was added."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._lock = threading.Lock()
        self._wake_read, self._wake_write = socket.socketpair()
        self._wake_read.setblocking(False)
        self._selector.register(self._wake_read, selectors.EVENT_READ)
        self._changes: list[tuple[bool, int]] = []

    def add(self, fd: int) -> None:
        self._change(True, fd)

    def drop(self, fd: int) -> None:
        self._change(False, fd)

    def _change(self, wanted: bool, fd: int) -> None:
        with self._lock:
            self._changes.append((wanted, fd))
        self._wake_write.send(b"!")

    def wait(self) -> list[tuple[int, int]]:
        self._apply_changes()
        ready = [(key.fd, events) for key, events in self._selector.select()]
        if any(fd == self._wake_read.fileno() for fd, _ in ready):
            self._wake_read.recv(4096)
        return ready

    def _apply_changes(self) -> None:
        with self._lock:
            changes, self._changes = self._changes, []
        for wanted, fd in changes:
            if wanted:
                self._selector.register(fd, selectors.EVENT_READ)
            elif fd in self._selector.get_map():
                self._selector.unregister(fd)


WAIT_BUCKETS = 56
"""Half-octaves of microseconds up to more than `LATEST_NS`."""


class Pump(threading.Thread):
    """Reads every socket that it was given until the end of its connection."""

    kind = "python"
    wakes = None
    """Nothing that waits for the interpreter can tell how late it is woken; see `Heartbeat`."""

    def __init__(self) -> None:
        super().__init__(name="pump", daemon=True)
        self.waits = [0] * WAIT_BUCKETS
        """How long reads had waited since their arrival when their round began, all since the start: `waits[0]` counts
        those of less than a microsecond, `waits[k]` those of [2**((k-1)/2), 2**(k/2)) microseconds.  Stamped ones."""
        self.away = [0] * WAIT_BUCKETS
        """The same of how long the sockets read had not been looked at: whatever was read came within that time."""
        self._longest_wait_us = 0
        self._looked_ns = self._empty_ns = time.perf_counter_ns()
        self._sockets: dict[int, Queue] = {}
        self._paused: set[int] = set()
        self._ready: Any = _Epoll() if hasattr(select, "epoll") else _Selector()
        self._keeps_stamping = keep_stamping()
        self.start()

    def open(self, sock: socket.socket, stamped: bool) -> Queue:
        """Reads this socket from now on."""
        queue = Queue(sock, stamped, self)
        self._sockets[queue.fd] = queue
        self._ready.add(queue.fd)
        return queue

    def opened(self, _sock: socket.socket, channel: Any, opener: Opener, early: list[Read]) -> Queue:
        """Decrypts what comes on this channel from now on, and first `early`, which was taken from it."""
        queue: Queue = channel
        queue.open_with(opener, early)
        return queue

    def drop(self, pumped: Queue) -> None:
        """Leaves this socket alone from now on; to be called before it is closed."""
        if self._sockets.pop(pumped.fd, None) is None:
            return
        if pumped.fd in self._paused:
            self._paused.discard(pumped.fd)
        else:
            self._ready.drop(pumped.fd)

    @property
    def share_bytes(self) -> int:
        """How much each socket may have in its queue at present."""
        return share_bytes(len(self._sockets))

    def pause(self, pumped: Queue) -> None:
        """Does not read this socket until `resume`: the system and the server have to wait.  With the gate held."""
        if pumped.fd in self._sockets and pumped.fd not in self._paused:
            self._paused.add(pumped.fd)
            self._ready.drop(pumped.fd)

    def resume(self, pumped: Queue) -> None:
        """Reads this socket again.  With the gate held."""
        if pumped.fd in self._paused:
            self._paused.discard(pumped.fd)
            self._ready.add(pumped.fd)

    def take_longest_wait_us(self) -> int:
        """The longest of `waits` since the last call."""
        longest, self._longest_wait_us = self._longest_wait_us, 0
        return longest

    def run(self) -> None:
        """Reads for ever.  A fault of this tool in here ends every request at once rather than by its time-out."""
        try:
            self._run()
        except BaseException:
            for pumped in list(self._sockets.values()):
                pumped.broke(OSError(errno.EIO, "the reading thread has failed"))
            raise

    def _run(self) -> None:
        buffer = bytearray(READ_BYTES)
        view = memoryview(buffer)
        clock = time.perf_counter_ns
        waits_since_ns = clock()
        while True:
            empty_ns, waits_since_ns = waits_since_ns, clock()
            ready = self._ready.wait()
            woken_ns = clock()
            if woken_ns - waits_since_ns > AT_ONCE_NS:
                self._looked_ns, empty_ns = woken_ns, waits_since_ns
            self._empty_ns = empty_ns  # nothing could be read then of what is ready now
            GATE.enter_pump()
            try:
                due = self._round(ready, [buffer], view)
            finally:
                GATE.leave()
            self._looked_ns = woken_ns  # what comes while a round is under way is seen by the next look
            # Only now: whoever is woken wants the gate, and the interpreter, at once.
            for pumped in due:
                pumped.wake()
            if len(ready) > 1:
                time.sleep(min(LONGEST_NAP_S, NAP_S * len(ready)))

    def _round(self, ready: list[tuple[int, int]], buffers: list[bytearray], view: memoryview) -> list[Queue]:
        """Reads what is ready; gives the sockets whose workers are to be woken."""
        sockets, due = self._sockets, []
        # Looked up in each round: the wall clock, which the kernel stamps with, may be set at any time.
        now_ns, wall_ahead_ns = _clocks()
        too_early_ns, latest_ns = max(self._empty_ns - TOO_EARLY_NS, now_ns - LATEST_NS), now_ns - EARLIEST_NS
        away_us = (now_ns - self._looked_ns) // 1000
        self.away[half_octave(away_us)] += len(ready)
        unpack, waits, longest = _timespec.unpack, self.waits, self._longest_wait_us
        for fd, _ in ready:
            pumped = sockets.get(fd)
            if pumped is None:
                continue
            try:
                if pumped.stamped:
                    size, control, _, _ = pumped.sock.recvmsg_into(buffers, _ANCILLARY_BYTES)
                else:
                    size, control = pumped.sock.recv_into(buffers[0]), []
            except (BlockingIOError, InterruptedError):
                continue
            except OSError as error:
                self.drop(pumped)
                pumped.broke(error)
                continue
            if control:
                seconds, ns = unpack(control[0][2])
                arrived_ns = seconds * 1_000_000_000 + ns - wall_ahead_ns
                if not too_early_ns < arrived_ns < latest_ns:
                    arrived_ns = _readable_ns(pumped, arrived_ns, now_ns)
                waited_us = (now_ns - arrived_ns) // 1000
                if waited_us > 0:
                    waits[(waited_us * waited_us).bit_length()] += 1
                    if waited_us > longest:
                        longest = waited_us
                else:
                    waits[0] += 1  # it came while this round was under way
            else:
                arrived_ns = time.perf_counter_ns()
            if not size:
                self.drop(pumped)
            if pumped.came(arrived_ns, bytes(view[:size])):
                due.append(pumped)
        self._longest_wait_us = longest
        return due


def _readable_ns(pumped: Queue, arrived_ns: int, now_ns: int) -> int:
    """From when the bytes with this odd stamp could be read.

    Behind a lost packet others lie in the system, with the stamps of their own arrival, until it has come again.
    """
    if not now_ns - LATEST_NS < arrived_ns < now_ns - EARLIEST_NS:
        return time.perf_counter_ns()
    return now_ns if pumped.lost_packets() else arrived_ns


def half_octave(number: int) -> int:
    """0 for 0, and k for [2**((k-1)/2), 2**(k/2)), without a logarithm: it is floor(2 * log2(number)) + 1."""
    return (number * number).bit_length()


def _clocks() -> tuple[int, int]:
    """(the monotonic time, how far the wall clock is ahead of it), in nanoseconds.

    A thread can be put aside between looking at the one clock and at the other; of three looks the quickest counts.
    """
    looks = []
    for _ in range(3):
        before, wall, after = time.perf_counter_ns(), time.time_ns(), time.perf_counter_ns()
        looks.append((after - before, after, wall - (before + after) // 2))
        if after - before < PROMPT_NS:
            break
    _, now_ns, ahead_ns = min(looks)
    return now_ns, ahead_ns
