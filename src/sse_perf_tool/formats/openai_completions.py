"""OpenAI's older Completions: text continued from a prompt."""

from __future__ import annotations

from ..records import Delta
from .base import Doc, Format, dicts_of, reasoning_in, text_of
from .openai_chat import read_choices


def _body(query: str, model: str, _user: str, _conversation_id: str) -> Doc:
    return {"model": model, "prompt": query, "stream": True, "stream_options": {"include_usage": True}}


def _detects(_event: str, doc: Doc) -> bool:
    return doc.get("object") == "text_completion" or any("text" in c for c in dicts_of(doc.get("choices")))


def _read_choice(choice: Doc) -> tuple[str, str]:
    return text_of(choice.get("text")), reasoning_in(choice)


def _read(_event: str, doc: Doc) -> Delta:
    return read_choices(doc, _read_choice)


FORMAT = Format(
    name="openai_completions",
    title="OpenAI Completions",
    reader=lambda _options: _read,
    detects=_detects,
    body=_body,
    paths=(r"(?<!/chat)/completions/?$",),
    default_model="gpt-3.5-turbo-instruct",
    done_ends=True,
    ignore_eos=("ignore_eos",),
    verbatim=True,
)
