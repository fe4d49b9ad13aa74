"""AG-UI's `POST /ag-ui`: the kind of an event stands in its `type`, and an answer is a run."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from ..agent import Part
from ..turn import AnswerError, FlagValues, Turn
from .base import COMMENT_PING, Dialect, Text, block
from .messages import Message, split_history


class Request(BaseModel):
    """The body of a request; keys that are not here are ignored."""

    threadId: Text  # noqa: N815 - the name of the API
    runId: Text  # noqa: N815 - likewise
    messages: list[Message]

    def asked(self) -> FlagValues:
        """The request as every dialect understands it.  Raises AnswerError when nobody asks anything."""
        before, query = split_history(self.messages)
        return FlagValues(query=query, before=before, stream=True)


def _run(turn: Turn) -> dict[str, Any]:
    return {"threadId": turn.conversation_id or turn.task_id, "runId": turn.message_id}


def _opening(turn: Turn) -> bytes:
    return block({"type": "RUN_STARTED", **_run(turn), "protocolVersion": "1.0"})


def _part(turn: Turn, token: str) -> bytes:
    """A token; before the first one the message begins."""
    of = {"messageId": turn.message_id}
    begin = block({"type": "TEXT_MESSAGE_START", **of, "role": "assistant"}) if len(turn.sent) == 1 else b""
    return begin + block({"type": "TEXT_MESSAGE_CONTENT", **of, "delta": token})


def _closing(turn: Turn) -> bytes:
    prompt, completion = turn.prompt_tokens, turn.output_tokens
    usage = {"model": turn.asked.model, "inputTokens": prompt, "outputTokens": completion}
    end = block({"type": "TEXT_MESSAGE_END", "messageId": turn.message_id})
    return end + block({"type": "RUN_FINISHED", **_run(turn), "outcome": {"type": "success"}, "usage": [usage]})


_KINDS = {
    "step_begin": "STEP_STARTED",
    "step_end": "STEP_FINISHED",
    "call": "TOOL_CALL_START",
    "arguments": "TOOL_CALL_ARGS",
    "called": "TOOL_CALL_END",
    "result": "TOOL_CALL_RESULT",
}


def _agent(turn: Turn, part: Part) -> bytes:
    if part.kind == "reasoning":
        return block({"type": "REASONING_MESSAGE_CONTENT", "messageId": f"{turn.message_id}-r", "delta": part.text})
    document: dict[str, Any] = {"type": _KINDS[part.kind]}
    if part.kind in ("step_begin", "step_end"):
        return block({**document, "stepName": part.name})
    document["toolCallId"] = part.key
    if part.kind == "call":
        document["toolCallName"] = part.name
    elif part.kind == "arguments":
        document["delta"] = part.text
    elif part.kind == "result":
        document |= {"messageId": f"{turn.message_id}-{part.key}", "content": part.text, "role": "tool"}
    return block(document)


def _problem(error: AnswerError) -> dict[str, Any]:
    return {"error": error.code, "message": error.message}


DIALECT = Dialect(
    name="ag_ui",
    ping=COMMENT_PING,
    opening=_opening,
    part=_part,
    closing=_closing,
    failure=lambda _, error: block({"type": "RUN_ERROR", "message": error.message, "code": error.code}),
    whole=lambda turn: {"message": turn.text},
    problem=_problem,
    agent=_agent,
)
