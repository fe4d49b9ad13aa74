"""Reads conversations in the forms of common data sets: ShareGPT's `conversations`, OpenAI's `messages` and others.

    {"conversations": [{"from": "human", "value": "..."}, {"from": "gpt", "value": "..."}]}
    {"messages": [{"role": "user", "content": "..."}, {"role": "assistant", "content": "..."}]}
    {"contents": [{"role": "user", "parts": [{"text": "..."}]}, {"role": "model", "parts": [...]}]}
    {"conversations": [["human", "..."], ["gpt", "..."]]}       pairs of speaker and text
    {"conversation": [["question", "answer"], ...]}             pairs of what was asked and answered
    {"conversation": [{"human": "...", "assistant": "..."}]}    the same with names
    {"turns": ["...", "..."]}                                   what the person says alone (MT-bench)

Of all only what a person says is used: the service under test gives the answers.  Which names stand within a message
does not depend on that around it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

TURNS, CONTENTS = "turns", "contents"
NAMES = ("conversations", "conversation", "messages", TURNS, CONTENTS)
PERSONS = ("human", "user")
OTHERS = ("gpt", "assistant", "bot", "chatgpt", "bing", "bard", "ai", "model", "system", "developer", "tool",
          "function", "function_call", "observation")  # fmt: skip
ASKED = (*PERSONS, "question", "prompt", "query", "instruction")
"""Names of what the person says in an object that says no speaker: one that is a pair."""


def conversation_in(names: Mapping[str, str], row: Mapping[str, Any], *, understood: bool = True) -> str | None:
    """The name in `row` of the field that holds a conversation; None for no such field.

    `names`: those of the row, in small letters and as they stand.  Not `understood`: of one that is a list of
    something else.
    """
    held = ((names[name], row[names[name]]) for name in NAMES if name in names)
    lists = ((name, value) for name, value in held if isinstance(value, list))
    return next((name for name, value in lists if is_conversation(name, value) is understood), None)


def is_conversation(name: str, value: Sequence[Any], *, texts: bool = False) -> bool:
    """Whether a list in the field `name` is one: of objects or of pairs; with `texts` and in `turns` also of texts."""
    if (texts or name.casefold() == TURNS) and is_texts(value):
        return True
    return all(isinstance(each, dict) for each in value) or all(map(_is_pair, value))


def is_texts(value: Sequence[Any]) -> bool:
    """Whether all of a list are texts."""
    return all(isinstance(each, str) for each in value)


def _is_pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and isinstance(value[0], str)


def human_turns(messages: Sequence[Any], *, alone: bool = False) -> list[str] | int:
    """What the person says, turn by turn; turns without text are left out.

    `alone`: only the person speaks, so that an object need not say it (the `turns` of Arena-Hard, the `contents` of
    Gemini).  Answers, system prompts, and what is between tools and model are passed over.  The place (from 1) of a
    message that does not say who speaks, or of one of the person that has no field for a text.
    """
    spoken = _with_speakers(messages)
    turns = []
    for place, message in enumerate(messages, 1):
        said = _said({"role": PERSONS[0], **message} if alone and isinstance(message, dict) else message, spoken)
        if said is None:
            return place
        if said.strip():
            turns.append(said)
    return turns


def _with_speakers(messages: Sequence[Any]) -> bool:
    """Whether the first of each pair is a speaker, and not what was asked."""
    return all(isinstance(each, list) and is_speaker(each[0]) for each in messages)


def is_speaker(text: str) -> bool:
    """Whether this is the name of one who speaks in conversations."""
    return text.strip().lower() in (*PERSONS, *OTHERS)


def _said(message: Any, spoken: bool) -> str | None:
    """What the person says in a message, "" in one of someone else; None: cannot be told."""
    if isinstance(message, str):
        return message
    if isinstance(message, list):
        speaker, text = (message[0], _text(message[1])) if spoken else (PERSONS[0], message[0])
    else:
        speaker, text = message.get("from", message.get("role")), _text_of(message)
        if speaker is None and (asked := next((name for name in ASKED if name in message), None)):
            speaker, text = PERSONS[0], _text(message[asked])
    if not isinstance(speaker, str):
        return None
    return text if speaker.strip().lower() in PERSONS else ""


def _text_of(message: Mapping[str, Any]) -> str | None:
    return _text(next((message[name] for name in ("value", "content", "parts") if name in message), None))


def _text(content: Any) -> str | None:
    """A text, or the texts among the parts of a content of several kinds (images, ...); None for anything else."""
    if isinstance(content, list):
        parts = (
            part if isinstance(part, str) else part.get("text") for part in content if isinstance(part, str | dict)
        )
        return "\n".join(part for part in parts if isinstance(part, str))
    return content if isinstance(content, str) else None
