"""The gate: one worker thread computes at a time, and the pump goes before all of them.  Where it is to be found, too:
the compiled part of the wire, which has a gate of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType, TracebackType
from typing import Any

from ..compiled import compiled_part

API = 2


def compiled_module() -> ModuleType | None:
    """`_reader`; None where it is not to be had, see `compiled_part`."""
    return compiled_part(f"{__package__}._reader", API)


class Gate:
    """A lock for workers, at which the pump is always next.

    A worker gives the gate back around every wait; `yield_to_pump` does so in the midst of long work.  When the pump
    waits, whoever leaves hands the gate to it without opening it, so it waits for one worker at most, however many
    stand there.  (The flag is read and written by threads that hold the interpreter, one after another.)
    """

    def __init__(self) -> None:
        self._gate = threading.Lock()
        self._handed_over = threading.Lock()
        self._handed_over.acquire()
        self._pump_waits = False
        self._pumps = threading.Lock()

    def enter(self) -> None:
        """Waits for the gate, as a worker."""
        self._gate.acquire()

    def leave(self) -> None:
        """Gives the gate back: to the pump if it waits."""
        if self._pump_waits:
            self._pump_waits = False
            self._handed_over.release()
        else:
            self._gate.release()

    def enter_pump(self) -> None:
        """Waits for the gate, as a pump: the thread that reads, or one that decrypts."""
        with self._pumps:
            if self._gate.acquire(blocking=False):
                return
            self._pump_waits = True
            # Whoever left before it saw the flag has opened the gate; whoever sees it hands it over.
            if self._gate.acquire(blocking=False):
                self._pump_waits = False
            else:
                self._handed_over.acquire()

    def yield_to_pump(self) -> None:
        """Lets the pump in if it waits.  Called by the worker that holds the gate."""
        if self._pump_waits:
            self.leave()
            self.enter()

    def __enter__(self) -> None:
        self.enter()

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.leave()


@contextmanager
def outside() -> Iterator[None]:
    """Leaves the gate for a wait; for a worker that holds it."""
    GATE.leave()
    try:
        yield
    finally:
        GATE.enter()


def _gate() -> Any:
    module = compiled_module()
    return Gate() if module is None else module.Gate()


GATE: Gate = _gate()
"""That of this process; the compiled one has the same methods."""
