"""FastGPT with `detail: true`: chat chunks in named events, and between them nodes and tools.

Without `detail` it streams plain chat chunks, which `openai_chat` reads.  Source: its API reference and its types.
"""

from __future__ import annotations

from ..records import Call, Delta, Kind, Mark
from . import openai_chat
from .base import EMPTY, Doc, Format, Options, ReadEvent, Whole, dict_of, text_of

_ANSWERS = frozenset({"answer", "fastAnswer"})
_TOOLS = frozenset({"toolCall", "toolParams", "toolResponse"})
_EVENTS = _ANSWERS | _TOOLS | {"flowNodeStatus", "flowNodeResponse", "flowResponses", "interactive", "updateVariables"}


def _body(query: str, model: str, user: str, conversation_id: str) -> Doc:
    """That of OpenAI with the wish for details; the key says which application answers, and `model` nothing."""
    return {**openai_chat.body(query, model, user, conversation_id), "detail": True}


def _detects(event: str, _doc: Doc) -> bool:
    return event in _EVENTS


def _tool(event: str, doc: Doc) -> Delta:
    """A piece of a tool call, or its result."""
    tool = dict_of(doc.get("tool"))
    key = text_of(tool.get("id")) or text_of(doc.get("id"))
    name = text_of(tool.get("functionName")) or text_of(tool.get("toolName"))
    if event == "toolResponse":
        return Delta(marks=(Mark(Kind.TOOL_RESULT, name, key),))
    return Delta(marks=(Call(name if event == "toolCall" else "", text_of(tool.get("params")), key),))


def _reader(_options: Options) -> ReadEvent:
    """A reader that remembers which node is running: nothing says that it ends but that the next begins."""
    node = ""

    def read(event: str, doc: Doc) -> Delta:
        nonlocal node
        if event in _ANSWERS or event == "message":
            return openai_chat.read(event, doc)
        if event in _TOOLS:
            return _tool(event, doc)
        if event == "interactive":  # it waits for what the user chooses or fills in
            return Delta(finish_reason="interactive", end=True)
        if event != "flowNodeStatus" or not (name := text_of(doc.get("name"))):
            return EMPTY
        ended = (Mark(Kind.STEP_END, node),) if node else ()
        node = name
        return Delta(marks=(*ended, Mark(Kind.STEP_BEGIN, name)))

    return read


FORMAT = Format(
    name="fastgpt",
    title="FastGPT",
    reader=_reader,
    detects=_detects,
    body=_body,
    hosts=(r"(^|\.)fastgpt\.(in|cn|io)$",),
    carries="history",
    done_ends=True,
    proper_ends=frozenset({"interactive"}),
    whole=Whole(read=openai_chat.read_whole, detects=lambda doc: "responseData" in doc and "choices" in doc),
    limit=(),
    temperature=(),
)
