"""Dify: chatbots, agents, chatflows, workflows and text generators.  The kind of an event stands in its JSON."""

from __future__ import annotations

from collections.abc import Callable

from ..records import Delta, Kind, Mark, TextMode
from .base import (
    EMPTY,
    Doc,
    Format,
    Options,
    ReadEvent,
    Whole,
    dict_of,
    dicts_of,
    id_of,
    new_tuple,
    reason_of,
    text_of,
    usage_of,
)
from .failures import error_text

ADD, REPLACE, REPEAT = TextMode.ADD, TextMode.REPLACE, TextMode.REPEAT

_KEYS = ("answer", "task_id", "conversation_id", "workflow_run_id")


def _body(query: str, _model: str, user: str, conversation_id: str) -> Doc:
    return {
        "inputs": {"query": query},
        "query": query,
        "response_mode": "streaming",
        "conversation_id": conversation_id,
        "user": user,
        "files": [],
    }


def _detects(_event: str, doc: Doc) -> bool:
    return isinstance(doc.get("event"), str) and any(key in doc for key in _KEYS)


def _replacement(doc: Doc) -> Delta:
    answer = doc.get("answer")
    return Delta(answer, mode=REPLACE) if isinstance(answer, str) else EMPTY


def _text_chunk(doc: Doc) -> Delta:
    return Delta(text_of(dict_of(doc.get("data")).get("text")))


def _text_replacement(doc: Doc) -> Delta:
    return _replacement({"answer": dict_of(doc.get("data")).get("text")})


def _reasoning_chunk(doc: Doc) -> Delta:
    return Delta("", text_of(dict_of(doc.get("data")).get("reasoning")))


def _message_end(doc: Doc) -> Delta:
    usage = dict_of(dict_of(doc.get("metadata")).get("usage"))
    counts = usage_of(usage.get("prompt_tokens"), usage.get("completion_tokens"))
    sources = len(dicts_of(dict_of(doc.get("metadata")).get("retriever_resources")))
    return Delta(usage=counts, end=True, last=True, marks=(Mark(Kind.CITATION),) * sources)


def _workflow_finished(doc: Doc) -> Delta:
    data = dict_of(doc.get("data"))
    status = reason_of(data.get("status"))
    error = error_text({"error": data.get("error") or "the workflow failed"}) if status == "failed" else None
    return Delta(_outputs(data), mode=REPEAT, finish_reason=status, error=error, end=True, last=True)


def _outputs(data: Doc) -> str:
    """All text that a workflow puts out."""
    return "".join(map(text_of, dict_of(data.get("outputs")).values()))


def _error(doc: Doc) -> Delta:
    return Delta(error=error_text(doc))


def _node(kind: Kind) -> Callable[[Doc], Delta]:
    """Reads the begin or the end of a node, an iteration, a loop."""

    def read(doc: Doc) -> Delta:
        data = dict_of(doc.get("data"))
        name = text_of(data.get("title")) or text_of(data.get("node_type")) or text_of(data.get("node_id"))
        return Delta(marks=(Mark(kind, name, text_of(data.get("id")) or text_of(data.get("node_id"))),))

    return read


def _agent_log(doc: Doc) -> Delta:
    """A step of an agent node, each time that its state changes."""
    data = dict_of(doc.get("data"))
    kind = Kind.STEP_BEGIN if data.get("status") == "start" else Kind.STEP_END
    return Delta(marks=(Mark(kind, text_of(data.get("label")), text_of(data.get("id"))),))


def _agent_thought(doc: Doc) -> Delta:
    """A round of an agent: empty first, then with the tool that it calls, then with what the tool observed."""
    tool, key = text_of(doc.get("tool")), text_of(doc.get("id"))
    if not tool:
        return EMPTY
    called = Mark(Kind.TOOL_CALL, tool, key)
    return Delta(marks=(called, Mark(Kind.TOOL_RESULT, tool, key)) if doc.get("observation") else (called,))


_READERS: dict[str, Callable[[Doc], Delta]] = {
    "text_chunk": _text_chunk,
    "reasoning_chunk": _reasoning_chunk,
    "message_replace": _replacement,
    "text_replace": _text_replacement,
    "message_end": _message_end,
    "workflow_finished": _workflow_finished,
    "error": _error,
    "agent_thought": _agent_thought,
    "agent_log": _agent_log,
    **dict.fromkeys(("node_started", "iteration_started", "loop_started"), _node(Kind.STEP_BEGIN)),
    **dict.fromkeys(("node_finished", "iteration_completed", "loop_completed"), _node(Kind.STEP_END)),
    "ping": lambda _doc: Delta(marks=(Mark(Kind.KEEP_ALIVE),)),
}
"""The kinds that bring something, beside the messages.  Files, speech, ... bring nothing."""


def _reader(_options: Options) -> ReadEvent:
    """A reader that remembers whether an agent has spoken, and whether this is a chat.

    A `message` after agent messages is the final answer once more, whole: it replaces the text.  In a chat a
    message_end with the usage may follow workflow_finished, which therefore is not the last event there.
    """
    agent_spoke = in_chat = False

    def read(_event: str, doc: Doc) -> Delta:
        nonlocal agent_spoke, in_chat
        kind = doc.get("event")
        message_id, conversation_id = id_of(doc.get("message_id")), id_of(doc.get("conversation_id"))
        if kind == "message" or kind == "agent_message":
            in_chat = True
            answer = text_of(doc.get("answer"))
            mode = REPLACE if answer and agent_spoke and kind == "message" else ADD
            agent_spoke = agent_spoke or (answer != "" and kind == "agent_message")
            return new_tuple(
                Delta, (answer, "", mode, (), None, None, message_id, conversation_id, None, False, False, ())
            )
        read_kind = _READERS.get(kind) if isinstance(kind, str) else None
        delta = read_kind(doc) if read_kind else EMPTY
        in_chat = in_chat or message_id is not None or conversation_id is not None
        last = delta.last and not (in_chat and kind == "workflow_finished")
        return delta._replace(message_id=message_id, conversation_id=conversation_id, last=last)

    return read


def _detects_whole(doc: Doc) -> bool:
    return ("answer" in doc and ("message_id" in doc or "task_id" in doc)) or "workflow_run_id" in doc


def _read_whole(doc: Doc, _options: Options) -> Delta:
    """A chat or completion message with its metadata, or a finished workflow: its text is all text that it puts out."""
    if "workflow_run_id" in doc and "answer" not in doc:
        return _workflow_finished(doc)
    return _message_end(doc)._replace(
        text=text_of(doc.get("answer")),
        message_id=id_of(doc.get("message_id")),
        conversation_id=id_of(doc.get("conversation_id")),
    )


FORMAT = Format(
    name="dify",
    title="Dify",
    reader=_reader,
    detects=_detects,
    body=_body,
    paths=(r"/(chat-messages|completion-messages)/?$", r"/workflows/(.+/)?run/?$"),
    hosts=(r"(^|\.)dify\.(ai|dev)$",),
    end_hint=b"message_end",
    carries="id",
    broken_off=frozenset({"stopped"}),
    whole=Whole(read=_read_whole, detects=_detects_whole),
    limit=(),
    temperature=(),
    verbatim=True,
)
