"""Dify's `POST /v1/chat-messages`, as its chat applications answer it.

The kind of an event stands in its JSON, not in an `event:` line; only a ping has that line, and nothing else.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel
from sse_starlette import ServerSentEvent

from ..agent import Part
from ..turn import AnswerError, FlagValues, Turn
from .base import Dialect, Text, block


class Request(BaseModel):
    """The body of a request; keys that are not here are ignored."""

    query: Text
    inputs: dict[str, Any] = {}
    response_mode: Literal["streaming", "blocking"] = "blocking"
    conversation_id: str | None = None
    user: str = ""

    def asked(self) -> FlagValues:
        """The request as every dialect understands it."""
        streams = self.response_mode == "streaming"
        return FlagValues(query=self.query, conversation_id=self.conversation_id or "", stream=streams)


def _ids(turn: Turn) -> dict[str, Any]:
    return {
        "conversation_id": turn.conversation_id,
        "message_id": turn.message_id,
        "created_at": turn.created_unix_s,
        "task_id": turn.task_id,
        "id": turn.message_id,
    }


def _part(turn: Turn, token: str) -> bytes:
    return block({"event": "message", **_ids(turn), "answer": token, "from_variable_selector": None})


def _metadata(turn: Turn) -> dict[str, Any]:
    """Prices are strings of a decimal number, as Dify writes them; nothing costs anything here."""
    completion, prompt = turn.output_tokens, turn.prompt_tokens
    first_s = turn.ttft_s
    prices = {f"{side}_{price}": "0" for side in ("prompt", "completion") for price in ("unit_price", "price")}
    usage = {
        **prices,
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "total_price": "0",
        "currency": "USD",
        "latency": turn.elapsed_s,
        "time_to_first_token": first_s,
        "time_to_generate": None if first_s is None else turn.elapsed_s - first_s,
    }
    return {"annotation_reply": None, "retriever_resources": [], "usage": usage}


def _closing(turn: Turn) -> bytes:
    return block({"event": "message_end", **_ids(turn), "metadata": _metadata(turn), "files": []})


def _failure(turn: Turn, error: AnswerError) -> bytes:
    return block({"event": "error", **_ids(turn), **_problem(error)})


def _whole(turn: Turn) -> dict[str, Any]:
    return {"event": "message", **_ids(turn), "mode": "chat", "answer": turn.text, "metadata": _metadata(turn)}


def _problem(error: AnswerError) -> dict[str, Any]:
    return {"code": error.code, "message": error.message, "status": error.status}


def _agent(turn: Turn, part: Part) -> bytes:
    """A node that begins or ends, a piece of reasoning, a round of an agent with its tool; arguments come whole."""
    if part.kind == "reasoning":
        return block({"event": "reasoning_chunk", **_ids(turn), "data": {"reasoning": part.text, "is_final": False}})
    if part.kind in ("step_begin", "step_end"):
        begins = part.kind == "step_begin"
        node = {"id": f"{turn.task_id}-{part.key}", "node_id": part.key, "node_type": "agent", "title": part.name}
        outcome = {} if begins else {"status": "succeeded", "error": None}
        return block(
            {"event": "node_started" if begins else "node_finished", **_ids(turn), "data": {**node, **outcome}}
        )
    if part.kind not in ("called", "result"):
        return b""
    done = part.text if part.kind == "result" else ""
    thought = {"thought": "", "tool": part.name, "tool_input": "" if done else part.text, "observation": done}
    return block({"event": "agent_thought", **_ids(turn), "id": f"{turn.task_id}-{part.key}", **thought})


PING = ServerSentEvent(event="ping", sep="\n")

DIALECT = Dialect("dify", PING, lambda _: PING.encode(), _part, _closing, _failure, _whole, _problem, agent=_agent)
