"""The events of an answer, in terms that are the same for every API."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class StreamEvent(NamedTuple):
    """One dispatched Server-Sent Event (or one NDJSON line, then `event` is "message").

    A NamedTuple, not a dataclass: one is made per chunk, and it costs a third as much to make.
    """

    event: str
    data: str
    id: str = ""
    retry_ms: int | None = None


class Usage(NamedTuple):
    """Token counts as the server reported them; None is "the server did not say"."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    reasoning_tokens: int | None = None


class TextMode(Enum):
    """What the text of a `Delta` does to the text read so far."""

    ADD = 0
    """It is new and goes behind (the usual case)."""
    WHOLE = 1
    """Cumulative streams: it is all text so far.  It counts as new when it differs from the whole text before."""
    REPLACE = 2
    """It takes the place of the text so far and does not count as new (moderation)."""
    REPEAT = 3
    """It is the whole text once more, as many formats end: only what was not read before is new."""
    PART = 4
    """It is one part of the text, whole (one message of several): new unless it stands in the text so far."""


class Kind(str, Enum):
    """What an event of an answer is, or a part of it; see docs/milestones.md."""

    TEXT = "text"
    REASONING = "reasoning"
    TOOL_CALL = "tool_call"
    TOOL_END = "tool_end"
    """The arguments of a tool call are whole: what follows is the work of the tool."""
    TOOL_RESULT = "tool_result"
    STEP = "step"
    """A moment that has a name and no end."""
    STEP_BEGIN = "step_begin"
    STEP_END = "step_end"
    CITATION = "citation"
    USAGE = "usage"
    KEEP_ALIVE = "keep_alive"
    ERROR = "error"
    END = "end"


class Call(NamedTuple):
    """A piece of a tool call: a name, when it begins or comes whole, and arguments.

    `key` says which call of the answer it belongs to, where the API says it; a piece with a key and another `id` than
    the pieces before begins a new call.
    """

    name: str
    arguments: str
    key: str = ""
    id: str = ""

    @property
    def text(self) -> str:
        """What the model has written for it."""
        return f"{self.name} {self.arguments}" if self.name and self.arguments else self.name or self.arguments


class Mark(NamedTuple):
    """What an event says beside text: that a step begins or ends, a tool has answered, a source is named, ...

    `key` pairs the begin of something with its end; where it is "", the name does, and without a name the order.
    """

    kind: Kind
    name: str = ""
    key: str = ""


class Span(NamedTuple):
    """A part of an answer.  Times are microseconds since the start of its request, as those of chunks are.

    `kind` is "text", "reasoning", "tool_call" (until its result, where the answer has one, else until its last piece),
    "tool_result" (from the end of the call to its result: the work of the tool), "step", or a moment: "citation",
    "usage", "keep_alive", "error", "end".
    """

    kind: str
    name: str
    begin_us: int
    lasted_us: int | None
    """None for moments, and for what was never said to end."""
    events: int
    """How many it had: chunks of text and reasoning, pieces of a call, moments of the same name."""


Other = tuple[int, str, str | None]
"""What an event says of a choice above 0: its index, text, and finish reason (None: it goes on)."""


class Delta(NamedTuple):
    """What one event adds to an answer, in terms that are the same for every API.

    `text` is visible text of choice 0 and `reasoning` hidden reasoning; `others` holds the choices above 0 as (index,
    text, finish reason).  `end` is True when this event is an end marker of its format; `last` is True when nothing
    that matters can follow, so that reading may stop here.  Text and reasoning, usage, errors and ends say their kind
    themselves; `marks` holds the others, and the tool calls of formats that have no `Format.calls` for them.
    """

    text: str = ""
    reasoning: str = ""
    mode: TextMode = TextMode.ADD
    others: tuple[Other, ...] = ()
    usage: Usage | None = None
    finish_reason: str | None = None
    message_id: str | None = None
    conversation_id: str | None = None
    error: str | None = None
    end: bool = False
    last: bool = False
    marks: tuple[Mark | Call, ...] = ()
