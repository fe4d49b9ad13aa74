"""Conversations as data sets write them: ShareGPT's `conversations` and the `messages` of OpenAI's API.

    {"conversations": [{"from": "human", "value": "..."}, {"from": "gpt", "value": "..."}]}
    {"messages": [{"role": "user", "content": "..."}, {"role": "assistant", "content": "..."}]}

Of both only what a person says is used: the service under test gives the answers.  `conversation` (LMSYS) is a third
name; which names stand within a message does not depend on that around it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

NAMES = ("conversations", "conversation", "messages")
PERSONS = ("human", "user")


def conversation_in(row: Mapping[str, Any]) -> str | None:
    """The name of the field that holds a conversation, a list of objects or an empty list; None for no such field."""
    return next((name for name in NAMES if _is_conversation(row.get(name))), None)


def _is_conversation(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(message, dict) for message in value)


def human_turns(messages: Sequence[Mapping[str, Any]]) -> list[str] | int:
    """What the person says, turn by turn; turns without text are left out.

    Answers, system prompts, and what is between tools and model are passed over.  The place (from 1) of a message that
    does not say who speaks, or of one of the person that has no field for a text.
    """
    turns = []
    for place, message in enumerate(messages, 1):
        speaker = message.get("from", message.get("role"))
        if not isinstance(speaker, str):
            return place
        if speaker.lower() in PERSONS:
            text = _text(message.get("value", message.get("content")))
            if text is None:
                return place
            if text.strip():
                turns.append(text)
    return turns


def _text(content: Any) -> str | None:
    """A text, or the texts among the parts of a content of several kinds (images, ...); None for anything else."""
    if isinstance(content, list):
        parts = (part.get("text") for part in content if isinstance(part, dict))
        return "\n".join(part for part in parts if isinstance(part, str))
    return content if isinstance(content, str) else None
