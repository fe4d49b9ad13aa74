"""Conversations of many turns, in the memory of this process.

Every method runs to its end without awaiting anything, so calls from the tasks of one event loop cannot mix.  Several
processes (gunicorn workers) each have their own conversations: one turn must reach the process that had the one before.
"""

from __future__ import annotations

import sys
import time
import uuid
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Said:
    """One message: `role` is "user" or "assistant"."""

    role: str
    text: str
    at_unix_s: int


@dataclass(slots=True)
class Conversation:
    """What was said, oldest first, as far as it is kept; `turns` counts all that were completed."""

    id: str
    created_unix_s: int
    messages: deque[Said]
    turns: int = 0
    size_bytes: int = 0
    """Memory of its messages."""
    used_s: float = field(default=0.0, repr=False)
    """When it was last used, on the monotonic clock of the store."""


class Conversations:
    """A bounded store: at most `most` conversations of at most `history` messages, each until idle for `idle_s`.

    All of them take `most_bytes` of memory at most: above it the one idle longest goes, and when only one is left its
    oldest messages.  Idle ones go when the store is next used.
    """

    def __init__(
        self,
        most: int,
        history: int,
        idle_s: float,
        clock: Callable[[], float] = time.monotonic,
        most_bytes: int = 64 * 1024 * 1024,
    ) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._size_bytes = 0
        self._history = history
        self._idle_s = idle_s
        self._clock = clock
        self._by_use: OrderedDict[str, Conversation] = OrderedDict()
        """Least recently used first: the idle ones are always at the front."""

    def __len__(self) -> int:
        self._remove_idle()
        return len(self._by_use)

    def begin(self) -> Conversation:
        """A new conversation with an id of its own; the one idle longest goes when there would be too many."""
        self._remove_idle()
        while len(self._by_use) >= self._most:
            self._drop_oldest()
        fresh = Conversation(str(uuid.uuid4()), int(time.time()), deque(), used_s=self._clock())
        self._by_use[fresh.id] = fresh
        return fresh

    def use(self, conversation_id: str) -> Conversation | None:
        """The conversation of that id, from now on the one used last; None when there is none."""
        self._remove_idle()
        conversation = self._by_use.get(conversation_id)
        if conversation is not None:
            conversation.used_s = self._clock()
            self._by_use.move_to_end(conversation_id)
        return conversation

    def add_turn(self, conversation_id: str, question: str, answer: str) -> None:
        """Adds a completed turn; nothing happens when the conversation was removed meanwhile."""
        if (conversation := self.use(conversation_id)) is None:
            return
        now = int(time.time())
        conversation.turns += 1
        for said in (Said("user", question, now), Said("assistant", answer, now)):
            conversation.messages.append(said)
            self._count(conversation, _size_bytes(said))
        while len(conversation.messages) > self._history:
            self._forget_first(conversation)
        while self._size_bytes > self._most_bytes and len(self._by_use) > 1:
            self._drop_oldest()
        while self._size_bytes > self._most_bytes and conversation.messages:
            self._forget_first(conversation)

    def remove(self, conversation_id: str) -> bool:
        """Forgets a conversation; whether there was one."""
        removed = self._by_use.pop(conversation_id, None)
        if removed is not None:
            self._size_bytes -= removed.size_bytes
        return removed is not None

    def _remove_idle(self) -> None:
        dead_s = self._clock() - self._idle_s
        while self._by_use and next(iter(self._by_use.values())).used_s <= dead_s:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        self._size_bytes -= self._by_use.popitem(last=False)[1].size_bytes

    def _forget_first(self, conversation: Conversation) -> None:
        self._count(conversation, -_size_bytes(conversation.messages.popleft()))

    def _count(self, conversation: Conversation, size_bytes: int) -> None:
        conversation.size_bytes += size_bytes
        self._size_bytes += size_bytes


def _size_bytes(said: Said) -> int:
    """Memory of one message: its text and the object that holds it."""
    return sys.getsizeof(said.text) + sys.getsizeof(said)
