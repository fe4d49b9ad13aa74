"""The definition of a dialect: functions from a `Turn` to the bytes of a stream or to a JSON object.  Pure."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator
from sse_starlette import ServerSentEvent

from ...sse import encode
from ..agent import Part
from ..turn import AnswerError, Turn

Text = Annotated[str, AfterValidator(lambda text: text.encode(errors="replace").decode())]
"""What a client says.  JSON can carry half characters (lone surrogates), which UTF-8 cannot: they become "?"."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """One API.

    `opening(turn)`, `part(turn, token)`, `closing(turn)` and `failure(turn, error)` are the bytes of whole SSE blocks;
    `ping` is the block sent during silence.  `whole(turn)` is the answer to a request that does not stream.
    `problem(error)` is the JSON body of a failure before the answer began.  `says_retry`: its streams begin with
    the time after which a client may connect again.  `agent(turn, part)` are the blocks for what an agent does beside
    text, b"" for nothing; None: the API has no words for that.
    """

    name: str
    ping: ServerSentEvent
    opening: Callable[[Turn], bytes]
    part: Callable[[Turn, str], bytes]
    closing: Callable[[Turn], bytes]
    failure: Callable[[Turn, AnswerError], bytes]
    whole: Callable[[Turn], dict[str, Any]]
    problem: Callable[[AnswerError], dict[str, Any]]
    says_retry: bool = False
    agent: Callable[[Turn, Part], bytes] | None = None


def block(document: dict[str, Any], event: str | None = None) -> bytes:
    """One SSE block that carries `document` as JSON."""
    return encode(json.dumps(document, ensure_ascii=False, separators=(",", ":")), event)


COMMENT_PING = ServerSentEvent(comment="ping", sep="\n")
"""The ping of most APIs: a comment, which no client sees as an event."""
