"""Closed loop, open loop and batches: each thread takes a `Ticket` before each request.

A pace gives out a ticket when it is time to send.  In a `ClosedLoop` a thread sends when its last answer has ended.  In
an `OpenLoop` the times are scheduled beforehand.  In `Batches` all requests of a batch wait for each other.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from typing import NamedTuple, Protocol

from ..providers import Query
from ..records import Phase, RunConfig
from ..units import NS_PER_S
from .division import Share
from .replay import Replayed
from .schedule import leaves_early, phase_of, schedule_s, thread_spans_s

Clock = Callable[[], int]
Aside = Callable[[], AbstractContextManager[None]]


class Ticket(NamedTuple):
    """One request that is to be sent now; the fields are the arguments of `SSETester.test_streaming`."""

    request_id: int
    """Counted from 1 over all threads of all processes."""
    intended_ns: int | None = None
    """Its scheduled time, on the clock of the run; None in a closed loop."""
    phase: Phase = Phase.MAIN
    leave_after_s: float | None = None
    """When to cancel an unfinished answer, in seconds after the start; None: never."""
    query: Query | None = None
    """The query; None: the next one of the run."""


class Stop(Protocol):
    """The part of `threading.Event` that a pace uses; tests pass one with a fake clock."""

    def is_set(self) -> bool: ...
    def set(self) -> None: ...
    def wait(self, timeout: float | None = None) -> bool: ...


class Pace(Protocol):
    """The interface of a pace.  `origin_ns` is the start of the round; it is set before the first `take`.

    `start_all`: all threads are started at once.  Otherwise one is started, and another at each call of `more`.
    `aside`: what a thread does while it waits, when others cannot go on before that; gives a context.
    """

    origin_ns: int
    start_all: bool
    more: Callable[[], None]
    aside: Aside

    def take(self, thread: int, sent: int, pause_s: float) -> Ticket | None:
        """Waits until `thread` (from 0), which has sent so many requests, may send the next; None: it is finished.

        `pause_s` is the shortest wait, where the pace has a choice.
        """

    def ended(self) -> None:
        """To be called when the request of a ticket has ended."""

    def stop(self) -> None:
        """No more tickets; wakes the threads that wait for one."""


def pace_for(
    config: RunConfig,
    share: Share,
    replayed: Sequence[Replayed] = (),
    clock: Clock = time.perf_counter_ns,
    stopped: Stop | None = None,
    after_id: int = 0,
) -> Pace:
    """The pace of a round, for one of its processes; `after_id` is the last request number of the rounds before it."""
    tickets = _Tickets(config, clock, stopped or threading.Event(), after_id)
    if config.open_loop:
        return OpenLoop(tickets, share, replayed)
    return ClosedLoop(tickets, share) if config.batch is None else Batches(tickets, share, share.places or config.batch)


def _nobody() -> None:
    pass


class _Tickets:
    """What all paces share: the settings, the time, and how a ticket is made."""

    def __init__(self, config: RunConfig, clock: Clock, stopped: Stop, after_id: int) -> None:
        self.config = config
        self._after_id = after_id
        self.clock = clock
        self.stopped = stopped

    def make(self, number: int, origin_ns: int, intended_ns: int | None = None, query: Query | None = None) -> Ticket:
        """The ticket of request `number` of the round."""
        request_id = self._after_id + number
        at_ns = (self.clock() if intended_ns is None else intended_ns) - origin_ns
        leave_after_s = self.config.cancel_after_s if leaves_early(self.config, request_id) else None
        return Ticket(request_id, intended_ns, phase_of(self.config, number, at_ns / NS_PER_S), leave_after_s, query)


class ClosedLoop:
    """Each thread sends when its last answer has ended, as long as the thread is active and requests are left.

    Without a duration or a number of requests, each sends `turns` of them.
    """

    def __init__(self, tickets: _Tickets, share: Share) -> None:
        config = tickets.config
        self.origin_ns = 0
        self.start_all = True
        self.more: Callable[[], None] = _nobody
        self.aside: Aside = nullcontext
        self._tickets = tickets
        self._share = share
        self._requests = None if config.requests is None else share.requests(config.requests)
        self._each = config.turns if config.requests is None and not config.duration_s else None
        self._taken = 0
        self._lock = threading.Lock()
        self._spans: dict[int, list[tuple[float, float]]] = {}

    def take(self, thread: int, sent: int, pause_s: float) -> Ticket | None:
        """See `Pace`."""
        now_s = (self._tickets.clock() - self.origin_ns) / NS_PER_S
        begin_s = self._next_s(thread, now_s + pause_s)
        if begin_s is None or sent == self._each or self.all_taken():
            return None
        if begin_s > now_s:
            with self.aside():
                self._tickets.stopped.wait(begin_s - now_s)
        if self._tickets.stopped.is_set():
            return None
        with self._lock:
            if self.all_taken():
                return None
            self._taken += 1
            number = self._share.number(self._taken - 1)
        return self._tickets.make(number, self.origin_ns)

    def all_taken(self) -> bool:
        """Whether all of its requests have been taken."""
        return self._requests is not None and self._taken >= self._requests

    def _next_s(self, thread: int, ready_s: float) -> float | None:
        """When a thread that is ready at that time may send; None: never again."""
        spans = self._spans.get(thread)
        if spans is None:
            spans = self._spans[thread] = thread_spans_s(self._tickets.config, thread)
        return next((max(begin_s, ready_s) for begin_s, end_s in spans if ready_s < end_s), None)

    def ended(self) -> None:
        """See `Pace`."""

    def stop(self) -> None:
        """See `Pace`."""
        self._tickets.stopped.set()


class OpenLoop:
    """Requests are sent at scheduled times, each by the thread that became free last.

    One of the free threads waits for the next arrival.  When it sends, it wakes the thread that became free last, which
    waits for the arrival after that.  So few connections are used, and they stay warm.  When no thread is free it asks
    for `more`.  When all are busy, arrivals are late, and those that still wait at the end of `duration_s` are never
    sent.
    """

    def __init__(self, tickets: _Tickets, share: Share, replayed: Sequence[Replayed]) -> None:
        config = tickets.config
        self.origin_ns = 0
        self.start_all = False
        self.more: Callable[[], None] = _nobody
        self.aside: Aside = nullcontext
        self._tickets = tickets
        self._share = share
        self._queries = [each.query for each in replayed]
        times_s = schedule_s(config, [each.at_s for each in replayed])
        self._arrivals = enumerate(islice(times_s, share.part, None, share.parts))
        self._end_ns = round(config.duration_s * NS_PER_S) if config.duration_s else None
        self._lock = threading.Lock()
        self._led = False
        self._free: list[threading.Event] = []

    def take(self, thread: int, sent: int, pause_s: float) -> Ticket | None:  # noqa: ARG002 - all threads are alike
        """See `Pace`."""
        with self.aside():
            return self._take()

    def _take(self) -> Ticket | None:
        with self._lock:
            called = threading.Event() if self._led else None
            if called is None:
                self._led = True
            else:
                self._free.append(called)
        if called is not None:
            called.wait()
        ticket = None
        try:
            ticket = self._next()
        finally:
            with self._lock:
                self._led = bool(self._free)
                if self._free:
                    self._free.pop().set()
        if ticket is not None and not self._led:
            self.more()
        return ticket

    def _next(self) -> Ticket | None:
        """The next ticket, at its time; only one thread at a time is in here."""
        clock, stopped = self._tickets.clock, self._tickets.stopped
        if stopped.is_set() or (self._end_ns is not None and clock() - self.origin_ns >= self._end_ns):
            return None
        taken, at_s = next(self._arrivals, (0, None))
        if at_s is None:
            return None
        intended_ns = self.origin_ns + round(at_s * NS_PER_S)
        while (left_ns := intended_ns - clock()) > 0:
            if stopped.wait(left_ns / NS_PER_S):
                return None
        number = self._share.number(taken)
        query = self._queries[number - 1] if self._queries else None
        return self._tickets.make(number, self.origin_ns, intended_ns, query)

    def ended(self) -> None:
        """See `Pace`."""

    def stop(self) -> None:
        """See `Pace`."""
        self._tickets.stopped.set()


class Batches:
    """A closed loop in which `size` requests are sent at once, the next `size` when all of them have ended.

    Where other workers send a part of each batch, `tell_ended` is to be set before the first `take`: it is called with
    the number of batches whose part here has ended, and with None when no more is sent here.  The batch after these
    begins when `allow` says that it has ended everywhere.
    """

    def __init__(self, tickets: _Tickets, share: Share, size: int) -> None:
        self._loop = ClosedLoop(tickets, share)
        self.start_all = True
        self.more: Callable[[], None] = _nobody
        self._size = size
        self._placed = self._ended = 0
        self._allowed = 0
        self.tell_ended: Callable[[int | None], None] | None = None
        self._over = False
        self._changed = threading.Condition()
        self.aside: Aside = nullcontext

    @property
    def origin_ns(self) -> int:
        """See `Pace`."""
        return self._loop.origin_ns

    @origin_ns.setter
    def origin_ns(self, origin_ns: int) -> None:
        self._loop.origin_ns = origin_ns

    def take(self, thread: int, sent: int, pause_s: float) -> Ticket | None:
        """See `Pace`."""
        with self.aside():
            with self._changed:
                before = self._placed // self._size * self._size
                self._placed += 1
                self._changed.wait_for(lambda: self._over or self._loop.all_taken() or self._may_begin(before))
            ticket = self._loop.take(thread, sent, pause_s)
            if ticket is None:  # the others of its batch would wait for a request that is never sent
                self._wake_all()
            return ticket

    def _may_begin(self, before: int) -> bool:
        """Whether the batch may begin that follows on so many requests."""
        return self._ended >= before and (self.tell_ended is None or self._allowed * self._size >= before)

    def ended(self) -> None:
        """See `Pace`."""
        with self._changed:
            self._ended += 1
            batches, rest = divmod(self._ended, self._size)
            if not rest:
                self._changed.notify_all()
        if not rest and self.tell_ended is not None:
            with self.aside():
                self.tell_ended(batches)

    def allow(self, batches: int) -> None:
        """So many batches have ended everywhere."""
        with self._changed:
            self._allowed = max(self._allowed, batches)
            self._changed.notify_all()

    def stop(self) -> None:
        """See `Pace`."""
        self._loop.stop()
        self._wake_all()

    def _wake_all(self) -> None:
        with self._changed:
            first, self._over = not self._over, True
            self._changed.notify_all()
        if first and self.tell_ended is not None:
            self.tell_ended(None)
