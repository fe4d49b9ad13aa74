"""What an agent does before it speaks: it thinks and calls two tools, one of them within a step of its own.

Pure: a list of parts, each with the time that passes until the next.  The dialects write them as their APIs have them.
"""

from __future__ import annotations

import json
from typing import Literal, NamedTuple

from .answers import split_tokens

Kind = Literal["step_begin", "step_end", "reasoning", "call", "arguments", "called", "result"]


class Part(NamedTuple):
    """One thing that the agent does.

    `key` names a step or a call within its answer; `name` is that of the step or the tool, `text` a token of
    reasoning, a piece of arguments (of "called" all of them), or a result.  `works`: the next part comes when the tool
    is done, not after the time between two tokens.
    """

    kind: Kind
    name: str = ""
    key: str = ""
    text: str = ""
    works: bool = False


OUTPUT = frozenset({"reasoning", "call", "arguments"})
"""The kinds that a model writes."""
ANSWERING = Part("step_begin", "answer", "s3")
"""The step within which the agent speaks."""
ANSWERED = ANSWERING._replace(kind="step_end")

_THOUGHT = "The question wants two facts: first look them up, then check them."


def parts_before_text(query: str) -> list[Part]:
    """All that the agent does before its answer to `query`, the begin of its last step included."""
    return [
        Part("step_begin", "plan", "s1"),
        *(Part("reasoning", text=token) for token in split_tokens(_THOUGHT)),
        *_call("search", "c1", {"query": query[:40]}, "2 documents found"),
        Part("step_begin", "check", "s2"),
        *_call("calculator", "c2", {"expression": "6 * 7"}, "42"),
        Part("step_end", "check", "s2"),
        Part("step_end", "plan", "s1"),
        ANSWERING,
    ]


def _call(name: str, key: str, arguments: dict[str, str], result: str) -> list[Part]:
    text = json.dumps(arguments, ensure_ascii=False)
    middle = len(text) // 2
    return [
        Part("call", name, key),
        Part("arguments", name, key, text[:middle]),
        Part("arguments", name, key, text[middle:]),
        Part("called", name, key, text, works=True),
        Part("result", name, key, result),
    ]
