"""OpenAI's `POST /v1/chat/completions`."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from ...sse import encode
from ..agent import Part
from ..turn import AnswerError, FlagValues, Turn
from .base import COMMENT_PING, Dialect, Text, block
from .messages import Message, split_history


class StreamOptions(BaseModel):
    """What the stream should carry besides the answer."""

    include_usage: bool = False


class Request(BaseModel):
    """The body of a request; keys that are not here are ignored."""

    messages: list[Message]
    model: Text = "scripted"
    stream: bool = False
    stream_options: StreamOptions | None = None
    max_tokens: int | None = Field(default=None, ge=1)
    max_completion_tokens: int | None = Field(default=None, ge=1)
    conversation_id: str | None = None

    def asked(self) -> FlagValues:
        """The request as every dialect understands it.  Raises AnswerError when nobody asks anything."""
        before, query = split_history(self.messages)
        return FlagValues(
            query=query,
            before=before,
            conversation_id=self.conversation_id,
            model=self.model,
            stream=self.stream,
            max_tokens=self.max_completion_tokens or self.max_tokens,
            include_usage=self.stream_options is not None and self.stream_options.include_usage,
        )


def _head(turn: Turn, kind: str) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{turn.message_id}",
        "object": kind,
        "created": turn.created_unix_s,
        "model": turn.asked.model,
    }


def _chunk(turn: Turn, delta: dict[str, Any], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    usage = {"usage": None} if turn.asked.include_usage else {}
    return block({**_head(turn, "chat.completion.chunk"), "choices": [choice], **usage})


def _usage(turn: Turn) -> dict[str, int]:
    prompt, completion = turn.prompt_tokens, turn.output_tokens
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def _closing(turn: Turn) -> bytes:
    finish = _chunk(turn, {}, turn.finish)
    usage = block({**_head(turn, "chat.completion.chunk"), "choices": [], "usage": _usage(turn)})
    return finish + (usage if turn.asked.include_usage else b"") + encode("[DONE]")


def _whole(turn: Turn) -> dict[str, Any]:
    message = {"role": "assistant", "content": turn.text}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": turn.finish}
    return {**_head(turn, "chat.completion"), "choices": [choice], "usage": _usage(turn)}


def _problem(error: AnswerError) -> dict[str, Any]:
    kind = "invalid_request_error" if error.status < 500 else "server_error"
    return {"error": {"message": error.message, "type": kind, "param": None, "code": error.code}}


def _agent(turn: Turn, part: Part) -> bytes:
    """Reasoning as DeepSeek's field, calls as `tool_calls`; steps and results have no place in this API."""
    if part.kind == "reasoning":
        return _chunk(turn, {"reasoning_content": part.text})
    if part.kind not in ("call", "arguments"):
        return b""
    call: dict[str, Any] = {"index": int(part.key[1:]) - 1, "function": {"arguments": part.text}}
    if part.kind == "call":
        call = {**call, "id": f"call_{part.key}", "type": "function", "function": {"name": part.name, "arguments": ""}}
    return _chunk(turn, {"tool_calls": [call]})


DIALECT = Dialect(
    name="openai",
    ping=COMMENT_PING,
    opening=lambda turn: _chunk(turn, {"role": "assistant", "content": ""}),
    part=lambda turn, token: _chunk(turn, {"content": token}),
    closing=_closing,
    failure=lambda _, error: block(_problem(error)),
    whole=_whole,
    problem=_problem,
    agent=_agent,
)
