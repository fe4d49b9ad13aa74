"""What a row of a data set asks: the fields that hold the text, and the shapes that data sets give it.

| shape | what is asked |
|---|---|
| `{"query": "..."}`; `question`, `prompt`, `text`, `input`, `text_input` | that text |
| `{"messages": [...]}` and what else `conversations` knows | what the person says, turn by turn |
| MT-bench `{"turns": ["...", "..."]}`, `{"prompt": ["...", "..."]}` | the texts, turn by turn |
| Alpaca `{"instruction": "...", "input": "..."}` | the instruction and, below it, the input (Dolly: `context`) |
| OpenAI batch `{"custom_id": "...", "body": {"messages": [...]}}` | what is in there; so in `params`, `request` |

A field that is there and holds no text is a fault, not a reason to take another one; but null in any of them but
`query` is how tables write that a row has no such field.  The names of fields are the same in any case.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from .conversations import CONTENTS, TURNS, conversation_in, human_turns, is_conversation, is_speaker, is_texts

QUERY = "query"
QUERY_FIELDS = (QUERY, "question", "prompt", "text", "input", "text_input")
"""Names of the field that holds the query text, the first that is there wins."""

INSTRUCTION, ADDED = "instruction", ("input", "context")
"""Alpaca's fields: the task, and what it is about, under one of these names.  They go before `_BEHIND`, as its `text`
is the whole prompt with the answer."""
_BEHIND = ("text", "input")

WRAPPERS = ("body", "params", "request")
"""Fields that hold a whole request."""


class Fault(NamedTuple):
    """What is wrong with a row: a key of `FAULTS` and what goes into its text."""

    key: str
    values: Mapping[str, object]


class Asked(NamedTuple):
    """What a row asks."""

    turns: tuple[str, ...]
    """The text, or those of all turns of a conversation; () when no person speaks in it."""
    conversation: bool = False
    guessed: str = ""
    """The field that was taken because none has a known name."""


KINDS = {
    "kind_null": ("null", "null"),
    "kind_empty": ("empty", "空文本"),
    "kind_true": ("true or false", "真假值"),
    "kind_number": ("a number", "数字"),
    "kind_list": ("a list", "列表"),
    "kind_object": ("an object", "对象"),
}
FAULTS = {
    "no_object": ("not a JSON object", "不是 JSON 对象"),
    "no_text": ('no text in it, the field "query" is missing', "其中没有文本，缺少字段 query"),
    "no_text_in": ('no text of a person in its "{name}"', "其 {name} 中没有用户的文本"),
    "not_a_text": ('the field "{name}" is {kind}, not a text', "字段 {name} 是{kind}，而不是文本"),
    "no_messages": (
        'the field "{name}" is a list, but not of messages, of pairs or of turns',
        "字段 {name} 是列表，但不是消息、问答对或各轮提问的列表",
    ),
    "bad_message": (
        'message {place} of "{name}" has no speaker ("from" or "role") or no text ("value" or "content")',
        "{name} 的第 {place} 条消息缺少说话者（from 或 role）或文本（value 或 content）",
    ),
    **KINDS,
}
"""Texts of the faults, for the `TEXTS` of those who read files; {kind} is one of `KINDS`."""


def asked_in(row: Any, *, guess: bool = True) -> Asked | Fault:
    """What `row` asks, a JSON object or a list that is a conversation or a pair of question and answer.

    With `guess` a row in which nothing has a known name asks its first text.
    """
    if isinstance(row, list):
        return _asked_in_list(row)
    if not isinstance(row, Mapping):
        return Fault("no_object", {})
    names = names_in(row)
    if QUERY in names:
        return _text_in(row, names[QUERY])
    conversation = conversation_in(names, row)
    if conversation is not None:
        return _spoken(row, names, conversation)
    asked = _known(row, names) or _wrapped(row, names) or _unread(row, names)
    if asked is None and guess:
        asked = _guessed(row)
    return Fault("no_text", {}) if asked is None else asked


def names_in(row: Mapping[str, Any]) -> dict[str, str]:
    """Names in small letters -> as they stand in `row`; those that are in small letters there go before others."""
    names: dict[str, str] = {}
    for name in row:
        small = name.strip().casefold()
        if small not in names or name == small:
            names[small] = name
    return names


def _asked_in_list(row: list[Any]) -> Asked | Fault:
    if len(row) == 2 and is_texts(row) and not is_speaker(row[0]):
        return Asked((row[0],)) if row[0].strip() else Fault("no_text", {})
    if not row or is_texts(row) or not is_conversation("", row):
        return Fault("no_object", {})
    turns = human_turns(row)
    return Fault("bad_message", {"place": turns, "name": "[...]"}) if isinstance(turns, int) else _conversation(turns)


def _spoken(row: Mapping[str, Any], names: Mapping[str, str], name: str) -> Asked | Fault:
    """What the person says in a conversation; when no one does, what stands beside it."""
    turns = human_turns(row[name], alone=name.casefold() in (TURNS, CONTENTS))
    if isinstance(turns, int):
        return Fault("bad_message", {"place": turns, "name": name})
    return _conversation(turns) if turns else _known(row, names) or _conversation(turns)


def _conversation(turns: Iterable[str]) -> Asked:
    return Asked(tuple(turns), conversation=True)


def _known(row: Mapping[str, Any], names: Mapping[str, str]) -> Asked | Fault | None:
    """What the first field with a known name asks, None without any."""
    first, *_ = [*_filled(row, names, QUERY_FIELDS), None]
    if _filled(row, names, [INSTRUCTION]) and (first is None or first in _BEHIND):
        return _instructed(row, names)
    return None if first is None else _text_in(row, names[first])


def _filled(row: Mapping[str, Any], names: Mapping[str, str], wanted: Iterable[str]) -> list[str]:
    """Those of the wanted names that the row has something in."""
    return [name for name in wanted if name in names and row[names[name]] is not None]


def _unread(row: Mapping[str, Any], names: Mapping[str, str]) -> Fault | None:
    """What is wrong with a row whose only known fields are a conversation that is none, or null."""
    if unread := conversation_in(names, row, understood=False):
        return Fault("no_messages", {"name": unread})
    known = next((names[name] for name in (*QUERY_FIELDS, INSTRUCTION) if name in names), None)
    return None if known is None else _not_a_text(known, None)


def _instructed(row: Mapping[str, Any], names: Mapping[str, str]) -> Asked | Fault:
    """An instruction and what it is about; either may be missing or empty, not both."""
    parts: list[str] = []
    for name in (INSTRUCTION, *ADDED):
        value = row[names[name]] if name in names else None
        if value is not None and not isinstance(value, str):
            return _not_a_text(names[name], value)
        if value and value.strip() and len(parts) < 2:
            parts.append(value)
    return Asked(("\n\n".join(parts),)) if parts else _text_in(row, names[INSTRUCTION])


def _text_in(row: Mapping[str, Any], name: str) -> Asked | Fault:
    """What a field asks that is said to hold the query: a text, else texts or messages turn by turn."""
    value = row[name]
    if isinstance(value, str) and value.strip():
        return Asked((value,))
    if isinstance(value, list) and value and name.casefold() != QUERY and is_conversation(name, value, texts=True):
        turns = human_turns(value)
        if turns and not isinstance(turns, int):
            return _conversation(turns)
    return _not_a_text(name, value)


def _not_a_text(name: str, value: Any) -> Fault:
    kinds = {str: "empty", bool: "true", int: "number", float: "number", list: "list", dict: "object"}
    return Fault("not_a_text", {"name": name, "kind": f"kind_{kinds.get(type(value), 'null')}"})


def _wrapped(row: Mapping[str, Any], names: Mapping[str, str]) -> Asked | Fault | None:
    """What the request asks that a row of a batch holds, None when it holds none."""
    name = next((names[name] for name in WRAPPERS if name in names and isinstance(row[names[name]], dict)), None)
    if name is None:
        return None
    asked = asked_in(row[name], guess=False)
    return Fault("no_text_in", {"name": name}) if isinstance(asked, Fault) and asked.key == "no_text" else asked


def _guessed(row: Mapping[str, Any]) -> Asked | None:
    found = ((name, value) for name, value in row.items() if isinstance(value, str) and value.strip())
    return next((Asked((value,), guessed=name) for name, value in found), None)
