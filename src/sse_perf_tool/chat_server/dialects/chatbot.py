"""This server's own `POST /chat`: named events, and conversations that it remembers."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from ..turn import AnswerError, FlagValues, Turn
from .base import COMMENT_PING, Dialect, Text, block


class Request(BaseModel):
    """The body of a request; keys that are not here are ignored.  `conversation_id` empty or null begins one."""

    message: Text
    conversation_id: str | None = None
    stream: bool = True

    def asked(self) -> FlagValues:
        """The request as every dialect understands it."""
        return FlagValues(query=self.message, conversation_id=self.conversation_id or "", stream=self.stream)


def _ids(turn: Turn) -> dict[str, Any]:
    return {"conversation_id": turn.conversation_id, "message_id": turn.message_id, "turn": turn.number}


def _whole(turn: Turn) -> dict[str, Any]:
    """Times are of this server's clock: `tokens_per_s` counts from the first token on, None below two tokens."""
    tokens, ttft_s, total_s = len(turn.sent), turn.ttft_s, turn.elapsed_s
    streaming_s = total_s - (ttft_s or 0)
    usage = {
        "prompt_tokens": turn.prompt_tokens,
        "completion_tokens": tokens,
        "total_tokens": turn.prompt_tokens + tokens,
    }
    timing = {
        "ttft_ms": None if ttft_s is None else round(ttft_s * 1000, 3),
        "total_ms": round(total_s * 1000, 3),
        "tokens_per_s": round(tokens / streaming_s, 3) if tokens > 1 and streaming_s > 0 else None,
    }
    return {**_ids(turn), "content": turn.text, "finish_reason": turn.finish, "usage": usage, "timing": timing}


def _problem(error: AnswerError) -> dict[str, Any]:
    return {"error": {"code": error.code, "message": error.message, "status": error.status}}


DIALECT = Dialect(
    name="chatbot",
    ping=COMMENT_PING,
    opening=lambda turn: block(_ids(turn), "connected"),
    part=lambda turn, token: block({"index": len(turn.sent) - 1, "content": token}, "message"),
    closing=lambda turn: block(_whole(turn), "completed"),
    failure=lambda turn, error: block({**_ids(turn), **_problem(error)["error"]}, "error"),
    whole=_whole,
    problem=_problem,
    says_retry=True,
)
