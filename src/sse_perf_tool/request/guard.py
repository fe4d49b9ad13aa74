"""What one answer may take: bytes of an event, bytes without text, and memory of this process.

A server can send what fills the memory or keeps a core busy for as long as `--timeout` allows.  So an answer is looked
at each time `LOOK_BYTES` more of its body have come, which costs nothing that can be measured, and ended when it is
beyond a limit.  The limit of memory holds for all answers in flight in this process together: a limit for each would
have to be a hundredth of it for a hundred connections.
"""

from __future__ import annotations

from ..formats import AnswerReader
from .timeline import AnswerTimeline

LOOK_BYTES = 256 << 10
EVENT_BYTES = 8 << 20
"""An event of this size is no event, and so many bytes of comments and blank lines are no answer."""
TEXTLESS_BYTES = 64 << 20
"""So much may come without any text: tool calls, files, progress."""
ALL_ANSWERS_BYTES = 96 << 20
"""Memory of all answers in flight."""
SMALL_BYTES = 1 << 20
"""An answer that takes less memory is never ended for want of it: 40,000 chunks."""


class OversizeError(ValueError):
    """An answer is beyond a limit: `key` names the text of `outcomes.TEXTS` that says which, `mib` the limit."""

    def __init__(self, key: str, limit_bytes: int) -> None:
        super().__init__(key)
        self.key, self.mib = key, limit_bytes >> 20


class Ledger:
    """How many bytes the answers in flight take.  To be used with the gate held."""

    def __init__(self) -> None:
        self.total = 0


LEDGER = Ledger()
"""That of this process."""


class Guard:
    """Looks after one answer while it is read; `close` when it has been."""

    def __init__(self, reader: AnswerReader, answer: AnswerTimeline, ledger: Ledger = LEDGER) -> None:
        self.next_look = LOOK_BYTES
        """To be looked at when the body has become longer than this."""
        self._reader, self._answer, self._ledger = reader, answer, ledger
        self._held = 0
        self._events = self._event_at = self._chunks = self._chunk_at = 0

    def look(self) -> None:
        """OversizeError when the answer is beyond a limit."""
        reader, at = self._reader, self._reader.body_bytes
        self.next_look = at + LOOK_BYTES
        self._note(reader.compact() + self._answer.compact())
        if reader.events != self._events:
            self._events, self._event_at = reader.events, at
        if reader.chunks != self._chunks:
            self._chunks, self._chunk_at = reader.chunks, at
        if at - self._event_at > EVENT_BYTES:
            raise OversizeError("endless" if self._held > EVENT_BYTES // 2 else "no_events", EVENT_BYTES)
        if at - self._chunk_at > TEXTLESS_BYTES:
            raise OversizeError("textless", TEXTLESS_BYTES)
        if self._ledger.total > ALL_ANSWERS_BYTES and self._held > SMALL_BYTES:
            raise OversizeError("memory", ALL_ANSWERS_BYTES)

    def close(self) -> None:
        """The answer is not in flight any more."""
        self._note(0)

    def _note(self, held: int) -> None:
        self._ledger.total += held - self._held
        self._held = held
