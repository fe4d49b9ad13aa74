"""Ctrl-C, SIGTERM and SIGHUP: at whatever moment the first comes, the process ends in order and with status 130.

Before there is something to stop, it ends the process at once; while load is sent, it ends the load, and everything is
written; while that is written, it changes the exit status alone.  A second one ends the process at once.

At once is `os._exit`, and no exception: one that comes out of nowhere in the midst of an import is taken for something
else there, or brings the interpreter down (`ssl` and other modules in C do not expect it).  And it is a thread that
acts, not a handler: Python calls handlers in the main thread when that goes on, and when signals come just before it
waits for another thread it does not.

Imported before everything else, so it imports next to nothing.
"""

from __future__ import annotations

import _thread
import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

INTERRUPTED = 130
"""Everything is written all the same."""

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))

TWICE_S = 0.02
"""Two signals within this time are one: `timeout` sends its own to the process, and again to its group."""


class _Heard:
    """What this process has heard, and whom it tells."""

    def __init__(self) -> None:
        self.at_s: float | None = None
        """When the first signal came."""
        self.stops: list[Callable[[], None]] = []
        """What ends that which goes on, the outermost first."""
        self.terminals: list[int] = []
        """Standard streams that are terminals, which are gone after SIGHUP."""
        self.wake_fd: int | None = None
        """Where the interpreter writes the number of each signal."""


_heard = _Heard()


def listen() -> None:
    """From now on signals of this process are heard."""
    _heard.terminals = [number for number in (1, 2) if os.isatty(number)]
    for number in SIGNALS:
        _hear_from(number)


def deaf() -> None:
    """From now on signals do nothing: all is done, and nothing may change the exit status any more."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def heard() -> bool:
    """Whether a signal came since `forget`."""
    return _heard.at_s is not None


def forget() -> None:
    """The next signal is the first again."""
    _heard.at_s = None


@contextlib.contextmanager
def interrupts(stop: Callable[[], None]) -> Iterator[None]:
    """The first signal calls `stop`, in a thread of its own."""
    _heard.stops.append(stop)
    before = {number: _hear_from(number) for number in SIGNALS}
    try:
        yield
    finally:
        _heard.stops.remove(stop)
        for number, handler in before.items():
            signal.signal(number, handler)


def _hear_from(number: int) -> Any:
    """Hears a signal, unless it is one that `nohup` has turned off; gives what was done with it before."""
    if _heard.wake_fd is None:
        read_fd, _heard.wake_fd = os.pipe()
        os.set_blocking(_heard.wake_fd, False)
        _thread.start_new_thread(_listen, (read_fd,))
    signal.set_wakeup_fd(_heard.wake_fd, warn_on_full_buffer=False)
    before = signal.getsignal(number)
    if before is not signal.SIG_IGN or number == signal.SIGINT:
        signal.signal(number, _leave_it_to_the_listener)
    return signal.SIG_DFL if before is None else before


def _leave_it_to_the_listener(_number: int, _frame: Any) -> None:
    pass


def _listen(read_fd: int) -> None:
    while True:
        for number in os.read(read_fd, 64):
            if signal.getsignal(number) is _leave_it_to_the_listener:
                _on_signal(number)


def _on_signal(number: int) -> None:
    now_s = time.monotonic()
    if number == getattr(signal, "SIGHUP", None):
        _leave_terminals()
    if _heard.at_s is not None and now_s - _heard.at_s < TWICE_S:
        return
    if _heard.at_s is not None or not _heard.stops:
        os._exit(INTERRUPTED)  # the records are on disk, line by line
    _heard.at_s = now_s
    for stop in reversed(_heard.stops):
        _thread.start_new_thread(stop, ())


def _leave_terminals() -> None:
    """Lets what is still written to a terminal that is gone be lost."""
    for number in _heard.terminals:
        os.dup2(os.open(os.devnull, os.O_WRONLY), number)
    _heard.terminals = []
