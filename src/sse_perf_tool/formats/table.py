"""The table of formats, and the detection of the format from a URL or an event."""

from __future__ import annotations

import copyreg
import re
from collections.abc import Iterable

from . import (
    a2a,
    adk,
    agui,
    anthropic,
    chatbot,
    cohere,
    coze,
    coze_workflow,
    custom,
    dashscope,
    dify,
    fastgpt,
    gemini,
    langgraph,
    langgraph_v2,
    langserve,
    mcp,
    ollama,
    openai_chat,
    openai_completions,
    openai_responses,
    qianfan,
    ragflow,
    ragflow_agent,
    tgi,
    vercel,
)
from .base import Doc, Format

_MODULES = (
    ollama,
    coze,
    coze_workflow,
    fastgpt,
    ragflow,
    ragflow_agent,
    agui,
    vercel,
    a2a,
    mcp,
    langgraph,
    langgraph_v2,
    langserve,
    adk,
    openai_responses,
    anthropic,
    cohere,
    dify,
    gemini,
    tgi,
    qianfan,
    dashscope,
    openai_completions,
    openai_chat,
    chatbot,
    custom,
)

FORMATS: dict[str, Format] = {module.FORMAT.name: module.FORMAT for module in _MODULES}
"""Name -> format, in the order in which an event is tried: what is unmistakable first."""


def _format_named(name: str) -> Format:
    return FORMATS[name]


# A row goes to another process by its name: it holds functions, which do not travel.
copyreg.pickle(Format, lambda row: (_format_named, (row.name,)))


def guess_from_url(host: str, path: str, *, stream: bool = True) -> Format | None:
    """The format that an endpoint most likely speaks: its path decides, then its host.  None: cannot be told.

    Without a `stream` also the paths are known that give whole answers only.
    """
    path = path.partition("?")[0]
    by_path = (row for row in FORMATS.values() if _has_path(row, path if stream else _stream_path(row, path)))
    by_host = (row for row in FORMATS.values() if any(re.search(pattern, host.lower()) for pattern in row.hosts))
    return next(by_path, None) or next(by_host, None)


def _has_path(row: Format, path: str) -> bool:
    return any(re.search(pattern, path) for pattern in row.paths)


def _stream_path(row: Format, path: str) -> str:
    """The path at which the format streams what `path` gives whole; `path` itself where it is the same."""
    if row.whole is None or row.whole.path is None or not path.endswith(row.whole.path[1]):
        return path
    return path.removesuffix(row.whole.path[1]) + row.whole.path[0]


def detect_whole(doc: Doc) -> Format | None:
    """The one format whose whole answer a JSON object can be, None when it tells nothing (errors, say)."""
    return next((row for row in FORMATS.values() if row.whole is not None and _is_whole(row, doc)), None)


def _is_whole(row: Format, doc: Doc) -> bool:
    detects = None if row.whole is None else row.whole.detects
    return row.detects("", doc) if detects is None else detects(doc)


def detect_event(doc: Doc) -> Format | None:
    """The format whose whole answer an event of a stream is, of those that may come so."""
    rows = (row for row in FORMATS.values() if row.whole is not None and row.whole.as_event)
    return next((row for row in rows if _is_whole(row, doc)), None)


_READ_CHOICES = (openai_completions.FORMAT, openai_chat.FORMAT)
_OF_CHOICES = frozenset({"id", "object", "created", "model", "choices", "usage", "system_fingerprint", "service_tier"})
"""No other format looks at these names: most answers are of OpenAI's chats, and it stands last but one."""


def detect(event_name: str, doc: Doc, *, ndjson: bool = False) -> Format | None:
    """The one format that an event can be of, None when it tells nothing (pings, errors, chunks of nothing).

    Formats that come as NDJSON are only looked for in NDJSON, the others in both.
    """
    if event_name == "message" and not ndjson and doc.keys() <= _OF_CHOICES:
        rows: Iterable[Format] = _READ_CHOICES
    else:
        rows = (row for row in FORMATS.values() if ndjson or not row.ndjson)
    return next((row for row in rows if row.detects(event_name, doc)), None)
