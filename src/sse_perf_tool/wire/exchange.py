"""The timing and the limits of the current request of one session."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

from ..units import NS_PER_S
from .gate import GATE
from .tcp_info import TcpInfo

Clock = Callable[[], int]

Trace = Callable[[str, int, bytes], None]
"""Called with ">" or "<", the time in nanoseconds and the bytes that went or came."""

TICK_S = 0.05

OVERDUE_S, OVERDUE_CPU_NS = 1.0, 25_000_000
"""How long bytes that arrived before a time limit may still be processed once this program has noticed that it is over,
and with how much CPU time of their thread: enough for a thousand chunks, and not for a flood."""
SYN_TIMER_NS = 100_000_000
"""A SYN that is not answered is sent again after whole seconds (RFC 6298: 1, 3, 7; Linux since 6.5: 1, 2, 3, 4), and
timers of seconds are up to so much late."""
SYN_EARLY_NS = 20_000_000
"""The round trip of a connection is known to a few milliseconds, so that whole seconds may seem to be less."""


class StoppedError(TimeoutError):
    """Reading or connecting was ended by this tool; `Exchange.stopped_by` says why."""


class Interruptible(Protocol):
    """A connection whose reader can be woken from another thread."""

    eager: bool

    @property
    def queued(self) -> int: ...

    def wake_up(self) -> None: ...
    def tcp_info(self) -> TcpInfo | None: ...
    def packets(self) -> tuple[int, int] | None: ...


class Exchange:
    """The notes of one request after another.  All times are nanoseconds of `clock`.

    `began_ns` is when the request was handed over, `started_ns` when its first attempt entered its connection (None
    until it has written something); the other stamps are those of the last attempt.
    `start_slack_ns` is by how much `started_ns` may be too early, see `sent`.
    `retries` are attempts after a status, `statuses_before` those statuses; `resent` are attempts after an idle
    connection was found closed.  `silence_ns` is how long nothing had come before the newest byte or the end,
    `head_wait_ns` before the first.
    `arrived_ns` is when the newest byte came in.  `stopped_by` is "timeout", "idle", "enough" or "cancelled" once the
    wire has ended the request by itself.  `clock_name` says where arrivals were stamped, "kernel" or "user".
    """

    def __init__(self, clock: Clock = time.perf_counter_ns, trace: Trace | None = None) -> None:
        self.clock = clock
        self.trace = trace
        self.prompt = trace is not None
        """Whether the head of an answer is wanted when it comes, and not only its time."""
        self.tick_s = TICK_S
        """A worker that reads a long answer is woken at least so often, for the live figures."""
        self.cancelled = threading.Event()
        self.socket: Interruptible | None = None
        self.before_wait: Callable[[], None] = _nothing
        """Called each time before a reader waits for more."""
        self.silence_ns = 0
        self.begin(timeout_s=0)

    def begin(self, timeout_s: float, idle_timeout_s: float | None = None, hint: bytes = b"[DONE]") -> None:
        """Clears the notes for a new request, whose whole answer has `timeout_s` from now on.

        `hint` is what the last event of an answer holds, so that its reader is woken at once.
        """
        self.started_ns: int | None = None
        self.start_slack_ns: int | None = None
        self._handshake_ns: int | None = None
        self.syn_resent: int | None = None
        self.dns_ns: int | None = None
        self.connect_ns: int | None = None
        self.tls_ns: int | None = None
        self.first_byte_ns: int | None = None
        self.arrived_ns: int | None = None
        self.bytes_received = 0
        self.retries = 0
        self.resent = 0
        self.statuses_before: list[int] = []
        self.head_wait_ns = 0
        self.reused = False
        self.at_eof = False
        self.stopped_by: str | None = None
        self.clock_name = "user"
        self.hint = hint
        self.held: bytearray | None = None
        """What is written while it is not None is gathered there: head and body of a request go as one."""
        self._unsent = self._interim = False
        self._idle_ns = None if idle_timeout_s is None else round(idle_timeout_s * NS_PER_S)
        self.began_ns = self._quiet_since_ns = self.clock()
        self._deadline_ns = self.began_ns + round(timeout_s * NS_PER_S)
        self._enough_ns: int | None = None
        self._overdue_since: tuple[int, int] | None = None
        self._enough_quiet_ns: int | None = None

    def attempt(self, connection_open: bool) -> None:
        """An attempt enters its connection, which is already open or is about to be opened."""
        self.dns_ns = self.connect_ns = self.tls_ns = self.first_byte_ns = self.arrived_ns = None
        self.reused, self.at_eof, self._unsent, self.stopped_by = connection_open, False, True, None
        self._enough_ns = self._enough_quiet_ns = None  # a redirect or a refused attempt may have set it
        self._interim = False
        self.silence_ns = 0
        self._quiet_since_ns = self.clock()

    def sending(self) -> None:
        """Bytes of a request are about to be written.

        The request starts here, less what opening its connection took.  In this way the time for which this process
        kept its own thread waiting between the two is not held against the server.
        """
        if self._unsent:
            self.patience_s()  # cancelled requests are not sent
            self._unsent = False
            self._quiet_since_ns = self.clock()
            if self.started_ns is None:
                opening_ns = (self.dns_ns or 0) + (self.connect_ns or 0) + (self.tls_ns or 0)
                self.started_ns = self._quiet_since_ns - opening_ns
                self._deadline_ns += self.started_ns - self.began_ns

    def interim(self, more: bool) -> None:
        """What has come was an interim answer (1xx), which is not the first byte of the answer; `more` came with it."""
        self.first_byte_ns, self._interim = self.arrived_ns, not more

    def connected(self, info: TcpInfo | None) -> None:
        """A connection was made, of which the system says this."""
        self._handshake_ns = None if info is None else info.rtt_us * 1000
        self.syn_resent = None if info is None else info.retransmits

    def sent(self) -> None:
        """Bytes of the request have been handed to the system.

        They went at some time since `sending` looked at the clock: this thread may have been put aside in between.  So
        it may have been while it connected, which took longer then than the handshake did by the system's own clock.
        """
        if self.start_slack_ns is None and self.started_ns is not None:
            handshake_ns, connect_ns = self._handshake_ns, self.connect_ns
            late_ns = 0 if handshake_ns is None or connect_ns is None else max(0, connect_ns - handshake_ns)
            if self.syn_resent:  # the time that passed until then is the other side's
                late_ns %= NS_PER_S
                late_ns = late_ns if SYN_TIMER_NS < late_ns < NS_PER_S - SYN_EARLY_NS else 0
            self.start_slack_ns = self.clock() - self._quiet_since_ns + late_ns

    @property
    def queued(self) -> int:
        """Reads of the body that have come and were not looked at yet; may be asked by any thread."""
        return 0 if self.socket is None else self.socket.queued

    def packets(self) -> tuple[int, int] | None:
        """(packets sent again, packets received out of order) since the last request on this connection began.

        None where the system does not tell; to be asked once, when the request has ended.
        """
        return None if self.socket is None else self.socket.packets()

    def finish_within(self, seconds: float) -> None:
        """All that matters has come: reading on for `seconds` since then is fair, then it ends as "enough"."""
        self._enough_ns = (self.arrived_ns or self.clock()) + round(seconds * NS_PER_S)
        if self.socket is not None:
            self.socket.eager = True

    def finish_when_quiet(self, seconds: float | None) -> None:
        """It ends as "enough" once nothing has come for so long: what comes is read, however much.  None: not so."""
        self._enough_quiet_ns = None if seconds is None else round(seconds * NS_PER_S)
        if self.socket is not None:
            self.socket.eager = seconds is not None

    def broken_at(self, ns: int) -> None:
        """The connection broke then."""
        self.silence_ns = ns - self._quiet_since_ns

    def quiet_ns(self) -> int:
        """For how long nothing has come, since the attempt was sent if nothing did."""
        return self.clock() - self._quiet_since_ns

    def left_s(self) -> float:
        """Seconds until the whole answer is due."""
        return (self._deadline_ns - self.clock()) / NS_PER_S

    def patience_s(self) -> float:
        """How long the next read or connect may take.  `StoppedError` when there is no time left."""
        if self.cancelled.is_set():
            raise self.stop("cancelled")
        left_ns = self._limit_ns() - self.clock()
        if left_ns <= 0:
            raise self.expired()
        return left_ns / NS_PER_S

    def _limit_ns(self) -> int:
        """When the current read must be over."""
        limit_ns = self._deadline_ns
        if self._idle_ns is not None:
            limit_ns = min(limit_ns, self._quiet_since_ns + self._idle_ns)
        enough_ns = self._enough_at_ns()
        return limit_ns if enough_ns is None else min(limit_ns, enough_ns)

    def may_process(self, arrived_ns: int) -> bool:
        """Whether bytes that arrived then are still to be processed.

        Those that arrived in time are, even if this program looks at them late, because it stood still for example; but
        not for longer than `OVERDUE_S` since it first noticed that the time is up.
        """
        now_ns, limit_ns = self.clock(), self._limit_ns()
        if self.cancelled.is_set():
            return False
        if now_ns < limit_ns:
            return True
        if self._overdue_since is None:
            self._overdue_since = now_ns, time.thread_time_ns()
        since_ns, since_cpu_ns = self._overdue_since
        if now_ns - since_ns > OVERDUE_S * NS_PER_S or time.thread_time_ns() - since_cpu_ns > OVERDUE_CPU_NS:
            return False
        return arrived_ns <= limit_ns

    def check(self, arrived_ns: int) -> None:
        """To be called between two steps of long work on bytes that arrived then: lets the pump in if it waits.

        StoppedError when the request was cancelled or its time is up.
        """
        GATE.yield_to_pump()
        if not self.may_process(arrived_ns):
            raise self.expired()

    def _enough_at_ns(self) -> int | None:
        """When the request ends as "enough" if nothing more comes; None: it does not."""
        if self._enough_quiet_ns is None:
            return self._enough_ns
        quiet_ns = self._quiet_since_ns + self._enough_quiet_ns
        return quiet_ns if self._enough_ns is None else min(quiet_ns, self._enough_ns)

    def expired(self) -> StoppedError:
        """The error to raise when the patience of a read has run out."""
        now_ns = self.clock()
        if self.cancelled.is_set():
            return self.stop("cancelled")
        enough_ns = self._enough_at_ns()
        if enough_ns is not None and now_ns >= enough_ns:
            return self.stop("enough")
        idle = self._idle_ns is not None and now_ns >= self._quiet_since_ns + self._idle_ns
        return self.stop("idle" if idle and now_ns < self._deadline_ns else "timeout")

    def stop(self, reason: str) -> StoppedError:
        """Notes why the wire ends this request and gives the error to raise."""
        self.stopped_by = reason
        return StoppedError(reason)

    def pause(self, seconds: float) -> None:
        """Waits between two attempts; `StoppedError` when it is cancelled meanwhile."""
        GATE.leave()
        try:
            cancelled = self.cancelled.wait(seconds)
        finally:
            GATE.enter()
        if cancelled:
            raise self.stop("cancelled")

    def cancel(self) -> None:
        """Ends the request under way from another thread, and every later one of this session."""
        self.cancelled.set()
        if self.socket is not None:
            self.socket.wake_up()

    def received(self, arrived_ns: int, data: bytes, by_kernel: bool = False) -> None:
        """These bytes came in at that time, stamped by the kernel or by us; b"" is the end of the connection."""
        if self.trace is not None:
            self.trace("<", arrived_ns, data)
        self.silence_ns = arrived_ns - self._quiet_since_ns
        if not data:
            self.at_eof = True
            return
        self.arrived_ns = self._quiet_since_ns = arrived_ns
        self.bytes_received += len(data)
        if self.first_byte_ns is None or self._interim:
            self._interim = False
            self.first_byte_ns, self.head_wait_ns = arrived_ns, self.silence_ns
            self.clock_name = "kernel" if by_kernel else "user"


def _nothing() -> None:
    pass
