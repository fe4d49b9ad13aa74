"""Anthropic's `POST /v1/messages`."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field
from sse_starlette import ServerSentEvent

from ..turn import AnswerError, FlagValues, Turn
from .base import Dialect, Text, block
from .messages import Message, Part, split_history

_STOP_REASONS = {"stop": "end_turn", "length": "max_tokens"}
_ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
}
"""Error type by HTTP status; api_error for the others."""


class Request(BaseModel):
    """The body of a request; keys that are not here are ignored."""

    messages: list[Message]
    max_tokens: int = Field(ge=1)
    model: Text = "scripted"
    stream: bool = False
    system: Text | list[Part] | None = None
    conversation_id: str | None = None

    def asked(self) -> FlagValues:
        """The request as every dialect understands it.  Raises AnswerError when nobody asks anything."""
        system = Message(role="system", content=self.system)
        before, query = split_history(self.messages)
        return FlagValues(
            query=query,
            before=(("system", system.text), *before),
            conversation_id=self.conversation_id,
            model=self.model,
            stream=self.stream,
            max_tokens=self.max_tokens,
        )


def _event(document: dict[str, Any]) -> bytes:
    """An event whose name is the `type` of its data."""
    return block(document, document["type"])


def _message(turn: Turn, content: list[dict[str, str]], stop_reason: str | None) -> dict[str, Any]:
    return {
        "id": f"msg_{turn.message_id.replace('-', '')}",
        "type": "message",
        "role": "assistant",
        "model": turn.asked.model,
        "content": content,
        "stop_reason": stop_reason,
        "stop_sequence": None,
        "usage": {"input_tokens": turn.prompt_tokens, "output_tokens": len(turn.sent)},
    }


def _opening(turn: Turn) -> bytes:
    start = _event({"type": "message_start", "message": _message(turn, [], None)})
    return start + _event({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}})


def _part(_: Turn, token: str) -> bytes:
    return _event({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": token}})


def _closing(turn: Turn) -> bytes:
    end = {"stop_reason": _STOP_REASONS[turn.finish], "stop_sequence": None}
    return (
        _event({"type": "content_block_stop", "index": 0})
        + _event({"type": "message_delta", "delta": end, "usage": {"output_tokens": len(turn.sent)}})
        + _event({"type": "message_stop"})
    )


def _whole(turn: Turn) -> dict[str, Any]:
    return _message(turn, [{"type": "text", "text": turn.text}], _STOP_REASONS[turn.finish])


def _problem(error: AnswerError) -> dict[str, Any]:
    kind = _ERROR_TYPES.get(error.status, "api_error")
    return {"type": "error", "error": {"type": kind, "message": error.message}}


DIALECT = Dialect(
    name="anthropic",
    ping=ServerSentEvent(event="ping", data='{"type":"ping"}', sep="\n"),
    opening=_opening,
    part=_part,
    closing=_closing,
    failure=lambda _, error: _event(_problem(error)),
    whole=_whole,
    problem=_problem,
)
