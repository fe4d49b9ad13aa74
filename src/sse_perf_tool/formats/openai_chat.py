"""OpenAI Chat Completions, which most servers speak: vLLM, SGLang, llama.cpp, DeepSeek, Zhipu, Moonshot, Groq, ..."""

from __future__ import annotations

from collections.abc import Callable

from ..records import Call, Delta, Other, TextMode, Usage
from .base import (
    Doc,
    Format,
    Options,
    Whole,
    calls_of,
    dict_of,
    dicts_of,
    id_of,
    new_tuple,
    parts_of,
    reason_of,
    reasoning_in,
    text_of,
    usage_of,
)
from .failures import error_text

ADD = TextMode.ADD

MAX_CHOICES = 4096
"""An index from here on is garbage."""


def body(query: str, model: str, _user: str, _conversation_id: str) -> Doc:
    """The smallest streaming request; `stream_options` asks for the chunk with the usage."""
    return {
        "model": model,
        "messages": [{"role": "user", "content": query}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def detects(_event: str, doc: Doc) -> bool:
    """A chat chunk by its own word, or by `choices[].delta`."""
    return doc.get("object") == "chat.completion.chunk" or any("delta" in c for c in dicts_of(doc.get("choices")))


def choice_index(choice: Doc, position: int) -> int:
    """Which choice a chunk is about: chunks of several choices come interleaved, each as a list of one."""
    index = choice.get("index")
    return index if type(index) is int and 0 <= index < MAX_CHOICES else position


def usage_in(doc: Doc) -> Usage | None:
    """The usage of a chunk: its own, that of a choice (Moonshot), or Groq's."""
    for source in (doc, *dicts_of(doc.get("choices")), dict_of(doc.get("x_groq"))):
        usage = source.get("usage")
        if isinstance(usage, dict):
            details = dict_of(usage.get("completion_tokens_details"))
            found = usage_of(
                usage.get("prompt_tokens"), usage.get("completion_tokens"), details.get("reasoning_tokens")
            )
            if found is not None:
                return found
    return None


def read_choices(doc: Doc, read_choice: Callable[[Doc], tuple[str, str]]) -> Delta:
    """A chunk with `choices`, each of which `read_choice` turns into (text, reasoning).

    The error of older vLLM and FastChat is the whole chunk: `{"object": "error", "message": ...}`.
    """
    text, reasoning, reason = "", "", None
    others: tuple[Other, ...] = ()
    has_usage = "usage" in doc or "x_groq" in doc
    choices = doc.get("choices")
    if type(choices) is not list:
        choices = ()
    position = -1
    for choice in choices:
        position += 1
        if type(choice) is not dict:
            continue
        visible, hidden = read_choice(choice)
        if hidden:
            reasoning += hidden
        if "usage" in choice:
            has_usage = True
        index = choice.get("index")
        if index != 0 or type(index) is not int:
            index = choice_index(choice, position)
        if index == 0:
            text = text + visible if text else visible
            finish = choice.get("finish_reason")
            if finish is not None:
                reason = reason_of(finish) or reason
        else:
            others += ((index, visible, reason_of(choice.get("finish_reason"))),)
    usage = usage_in(doc) if has_usage else None
    error = error_text(doc) if doc.get("object") == "error" else None
    message_id = doc.get("id")
    if type(message_id) is not str:
        message_id = id_of(message_id)
    return new_tuple(
        Delta, (text, reasoning, ADD, others, usage, reason, message_id, None, error, reason is not None, False, ())
    )


def read_choice(choice: Doc) -> tuple[str, str]:
    """(text, reasoning) of `choices[].delta`; the same reasoning under several names counts once."""
    delta = choice.get("delta")
    if type(delta) is not dict:
        return "", ""
    content, hidden = delta.get("content"), ""
    if type(content) is not str:
        content, hidden = parts_of(content)
    elif len(delta) == 1:
        return content, ""
    refusal = delta.get("refusal")
    if refusal:
        content += text_of(refusal)
    thoughts = reasoning_in(delta)
    return content, thoughts if not hidden or hidden == thoughts else thoughts + hidden


def calls_in(_name: str, doc: Doc) -> list[Call]:
    """The tool calls of all choices, streamed or whole, `function_call` being the older name."""
    said: list[Call] = []
    for position, choice in enumerate(dicts_of(doc.get("choices"))):
        source = choice.get("delta") or choice.get("message")
        if type(source) is not dict:
            continue
        place = f"{choice_index(choice, position)}/"
        if calls := source.get("tool_calls"):
            said += calls_of(calls, place)
        if call := source.get("function_call"):
            said += [each._replace(key=place) for each in calls_of([call])]
    return said


def read(_event: str, doc: Doc) -> Delta:
    """One chunk."""
    return read_choices(doc, read_choice)


def read_whole(doc: Doc, _options: Options) -> Delta:
    """What the deltas of a stream bring stands in `choices[].message` here."""
    return read_choices(doc, lambda choice: read_choice({"delta": choice.get("message")}))


FORMAT = Format(
    name="openai_chat",
    title="OpenAI Chat Completions",
    reader=lambda _options: read,
    detects=detects,
    body=body,
    paths=(r"/chat/completions/?$",),
    hosts=(
        r"(^|\.)(openai\.com|openai\.azure\.com|deepseek\.com|moonshot\.cn|bigmodel\.cn|groq\.com|openrouter\.ai)$",
    ),
    default_model="gpt-4",
    done_ends=True,
    ignore_eos=("ignore_eos",),
    carries="history",
    calls=calls_in,
    whole=Whole(
        read=read_whole, detects=lambda doc: any("message" in c for c in dicts_of(doc.get("choices"))), as_event=True
    ),
    verbatim=True,
)
