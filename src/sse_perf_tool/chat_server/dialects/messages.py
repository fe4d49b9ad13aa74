"""The list of messages that APIs without a memory of their own send with each request."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel

from ..turn import AnswerError
from .base import Text


class Part(BaseModel):
    """A piece of a message; only text says anything to this server."""

    text: Text = ""


class Message(BaseModel):
    """One message: who said it, and what."""

    role: str
    content: Text | list[Part] | None = None

    @property
    def text(self) -> str:
        """All its text."""
        if isinstance(self.content, list):
            return "".join(part.text for part in self.content)
        return self.content or ""


def split_history(messages: Sequence[Message]) -> tuple[tuple[tuple[str, str], ...], str]:
    """What was said before as (role, text) pairs, and the question: the last message of a user.

    Raises AnswerError when no message is of a user.
    """
    for place in reversed(range(len(messages))):
        if messages[place].role == "user":
            return tuple((message.role, message.text) for message in messages[:place]), messages[place].text
    raise AnswerError(400, "invalid_request", "messages: needs at least one message with the role user")
