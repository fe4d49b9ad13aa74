"""One question and its answer in progress, from which every dialect writes its stream."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field

from .answers import answer_tokens, count_tokens


@dataclass(frozen=True, slots=True)
class FlagValues:
    """What a request asks for, the same whichever API it came by.

    `before` is the conversation so far as (role, text) pairs, oldest first, where the request brings it.
    `conversation_id` names the conversation that the server remembers: "" begins one, None wants none.
    """

    query: str
    before: tuple[tuple[str, str], ...] = ()
    conversation_id: str | None = None
    model: str = "scripted"
    stream: bool = True
    max_tokens: int | None = None
    include_usage: bool = False


class AnswerError(Exception):
    """The answer cannot be given, or cannot go on.  `status` is the HTTP status it has, or would have had."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


@dataclass(slots=True)
class Turn:
    """The answer to a question: the tokens it will have, those it has had, and when.

    `number` counts the turns of its conversation from 1; `conversation_id` is "" when the server remembers none.
    """

    asked: FlagValues
    conversation_id: str
    number: int
    prompt_tokens: int
    """Tokens of the question and of all that was said before it."""
    tokens: list[str]
    finish: str
    """"stop", or "length" when `max_tokens` cut the answer."""
    message_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    task_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    created_unix_s: int = field(default_factory=lambda: int(time.time()))
    started_ns: int = field(default_factory=time.monotonic_ns)
    sent: list[str] = field(default_factory=list)
    tokens_beside: int = 0
    """Tokens of reasoning and of tool calls that it has had beside its text."""
    first_token_ns: int | None = None
    outcome: str = "left"
    """How it ended: "completed", "failed" or "cut" (a fault on demand); until that is known, "left" by the client."""

    @classmethod
    def plan(
        cls, asked: FlagValues, before: tuple[tuple[str, str], ...], number: int, conversation_id: str, length: int
    ) -> Turn:
        """A turn with its whole answer of `length` tokens (0: the script's own) thought out, none of it given yet."""
        started_ns = time.monotonic_ns()
        last_question = next((text for role, text in reversed(before) if role == "user"), "")
        tokens = answer_tokens(asked.query, number, last_question, length)
        cut = asked.max_tokens is not None and asked.max_tokens < len(tokens)
        return cls(
            asked,
            conversation_id,
            number,
            count_tokens([asked.query, *(text for _, text in before)]),
            tokens[: asked.max_tokens] if cut else tokens,
            "length" if cut else "stop",
            started_ns=started_ns,
        )

    def give(self, token: str) -> str:
        """Notes that `token` goes out now, and returns it."""
        if self.first_token_ns is None:
            self.first_token_ns = time.monotonic_ns()
        self.sent.append(token)
        return token

    def give_beside(self) -> None:
        """Notes that a token of reasoning, or a piece of a tool call, goes out now."""
        if self.first_token_ns is None:
            self.first_token_ns = time.monotonic_ns()
        self.tokens_beside += 1

    @property
    def output_tokens(self) -> int:
        """All tokens that it has had."""
        return len(self.sent) + self.tokens_beside

    @property
    def text(self) -> str:
        """The answer as far as it was given."""
        return "".join(self.sent)

    @property
    def elapsed_s(self) -> float:
        """Seconds since the turn began."""
        return (time.monotonic_ns() - self.started_ns) / 1e9

    @property
    def ttft_s(self) -> float | None:
        """Seconds from the beginning of the turn to its first token, None before that."""
        return None if self.first_token_ns is None else (self.first_token_ns - self.started_ns) / 1e9
