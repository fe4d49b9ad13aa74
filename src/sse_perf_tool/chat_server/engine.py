"""The timing of an answer: when each token is sent, and what ends the answer early."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable

from .faults import Fault
from .settings import Settings
from .turn import AnswerError, Turn

_LOOK_S = 0.25
"""The longest time that goes by before a waiting answer notices that it is to end."""


class AnswerCutError(Exception):
    """A fault on demand: the answer ends here.  `properly` says whether the body is ended or the connection cut."""

    def __init__(self, properly: bool) -> None:
        super().__init__()
        self.properly = properly


class Pace:
    """The times of one answer: `await pace.next()` returns when its next token is due.

    Each token has its place on one schedule, so that a late one does not delay those after it.  `stopping()` tells
    whether the server is to stop; `draw` gives numbers from 0 up to 1.
    """

    def __init__(
        self,
        settings: Settings,
        turn: Turn,
        fault: Fault,
        stopping: Callable[[], bool],
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._settings = settings
        self._fault = fault
        self._stopping = stopping
        self._stop_by_s: float | None = None
        self._draw = draw
        started_s = turn.started_ns / 1e9
        self._timeout_at_s = started_s + settings.request_timeout_s
        self._due_s = started_s + self._vary(settings.response_delay_s)
        self._until_middle = len(turn.tokens) // 2
        self._fails = draw() < settings.error_rate

    async def next(self) -> bool:
        """Waits until the next token is due.  True when garbage is to be sent before it.

        Raises AnswerError when this answer is one of those that break off, when it takes too long, or when the server
        stops and the time that running answers get for it is over; AnswerCutError when a fault says so.
        """
        middle = self._until_middle == 0
        self._until_middle -= 1
        if middle:
            self._due_s += self._fault.stall_s
        await self._wait()
        if middle:
            self._break_off()
        self._due_s += self._vary(self._settings.token_delay_s)
        return middle and self._fault.name == "garbage"

    async def step(self, lasts_s: float | None = None) -> None:
        """Waits until the next thing beside text is due; what follows it comes `lasts_s` later, None: as a token."""
        await self._wait()
        self._due_s += self._vary(self._settings.token_delay_s if lasts_s is None else lasts_s)

    async def _wait(self) -> None:
        self._look()
        while (wait_s := self._due_s - time.monotonic()) > 0:
            await asyncio.sleep(min(wait_s, _LOOK_S))
            self._look()

    def _break_off(self) -> None:
        if self._fails or self._fault.name == "error-event":
            raise AnswerError(500, "answer_failed", "The answer broke off: this server was set to fail it.")
        if self._fault.name in ("truncate", "disconnect"):
            raise AnswerCutError(properly=self._fault.name == "truncate")

    def _look(self) -> None:
        now_s = time.monotonic()
        if now_s >= self._timeout_at_s:
            raise AnswerError(504, "timeout", "The answer took longer than this server allows.")
        if not self._stopping():
            return
        if self._stop_by_s is None:
            self._stop_by_s = now_s + self._settings.shutdown_grace_s
        if now_s >= self._stop_by_s:
            raise AnswerError(503, "server_stopping", "The server is stopping.")

    def _vary(self, delay_s: float) -> float:
        return delay_s * self._fault.slow * (1 + self._settings.jitter * (2 * self._draw() - 1))
