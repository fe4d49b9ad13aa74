"""Agent2Agent (A2A) over JSON-RPC or REST, versions 1.0 and 0.3.

Artifacts are the answer.  What an agent says while it works (the message of a status) is thought; when it asks for
input, the question is the answer.  An executor that just returns ends the stream without a terminal state: the last
chunk of its artifact is the only mark then.
"""

from __future__ import annotations

from ..records import Delta, Kind, Mark, TextMode
from .base import EMPTY, Doc, Format, Options, ReadEvent, dict_of, dicts_of, id_of, text_of

_KEYS = ("task", "message", "statusUpdate", "artifactUpdate")
_OLD_KINDS = {
    "task": "task",
    "message": "message",
    "status-update": "statusUpdate",
    "artifact-update": "artifactUpdate",
}
_PROPER_ENDS = frozenset({"completed", "input_required", "auth_required"})
_REST = r"/message:stream$"
_FAILED = frozenset({"failed", "rejected", "canceled"})


def _body(query: str, model: str, user: str, conversation_id: str) -> Doc:
    from uuid import uuid4  # only here: on Python 3.10 it brings half of the standard library

    params = _rest_body(query, model, user, conversation_id)
    return {"jsonrpc": "2.0", "id": str(uuid4()), "method": "SendStreamingMessage", "params": params}


def _rest_body(query: str, _model: str, _user: str, _conversation_id: str) -> Doc:
    from uuid import uuid4

    return {"message": {"role": "ROLE_USER", "messageId": str(uuid4()), "parts": [{"text": query}]}}


def _update(doc: Doc) -> tuple[str, Doc]:
    """(kind by its name in 1.0, the object of it) of what an event tells; ("", {}) for anything else."""
    result = doc.get("result")
    if type(result) is not dict:
        result = {} if "jsonrpc" in doc else doc
    for key in _KEYS:
        if type(result.get(key)) is dict:
            return key, result[key]
    kind = _OLD_KINDS.get(text_of(result.get("kind")))
    return (kind, result) if kind else ("", {})


def _detects(_event: str, doc: Doc) -> bool:
    kind, found = _update(doc)
    return kind != "" and ("jsonrpc" in doc or "taskId" in found or "contextId" in found)


def _text(holder: object) -> str:
    return "".join(text_of(part.get("text")) for part in dicts_of(dict_of(holder).get("parts")))


def _state(status: object) -> str:
    """The state of a task in small letters: TASK_STATE_INPUT_REQUIRED and input-required are input_required."""
    return text_of(dict_of(status).get("state")).lower().removeprefix("task_state_").replace("-", "_")


def _reader(_options: Options) -> ReadEvent:
    """A reader that remembers the state of the task and its artifacts: one that comes again whole replaces its text."""
    state = ""
    artifacts: set[str] = set()

    def of_status(found: Doc) -> Delta:
        nonlocal state
        status = found.get("status")
        now, said = _state(status), _text(dict_of(status).get("message"))
        marks = [Mark(Kind.STEP_END, state)] * (state not in ("", now))
        ends, failed = now in _PROPER_ENDS, now in _FAILED
        if now and now != state and not (ends or failed):
            marks.append(Mark(Kind.STEP_BEGIN, now))
        state = now or state
        return Delta(
            said if ends else "",
            "" if ends or failed else said,
            TextMode.PART if ends else TextMode.ADD,
            finish_reason=now if ends or failed else None,
            error=(said or f"the task was {now}") if failed else None,
            end=ends,
            last=ends,
            marks=tuple(marks),
        )

    def of_artifact(found: Doc) -> Delta:
        artifact = dict_of(found.get("artifact"))
        own = text_of(artifact.get("artifactId"))
        mode = TextMode.ADD
        marks: tuple[Mark, ...] = ()
        if own not in artifacts:
            artifacts.add(own)
            marks = (Mark(Kind.STEP_BEGIN, f"artifact {text_of(artifact.get('name'))}".strip(), own),)
        elif found.get("append") is not True:
            mode = TextMode.WHOLE if len(artifacts) == 1 else TextMode.PART
        ends = found.get("lastChunk") is True
        if ends:
            marks += (Mark(Kind.STEP_END, "", own),)
        return Delta(_text(artifact), "", mode, end=ends, marks=marks)

    def read(_event: str, doc: Doc) -> Delta:
        kind, found = _update(doc)
        if not kind:
            return EMPTY
        if kind == "artifactUpdate":
            delta = of_artifact(found)
        elif kind == "message":
            delta = Delta(_text(found), end=True, last=True)
        else:
            delta = of_status(found)
        task = found.get("id") if kind == "task" else found.get("taskId") or found.get("messageId")
        return delta._replace(message_id=id_of(task), conversation_id=id_of(found.get("contextId")))

    return read


FORMAT = Format(
    name="a2a",
    title="Agent2Agent (A2A)",
    reader=_reader,
    detects=_detects,
    body=_body,
    paths=(r"/a2a/?$", _REST),
    bodies={_REST: _rest_body},
    needs_key=False,
    headers={"A2A-Version": "1.0"},
    end_hint=b"COMPLETED",
    whole=None,
    limit=(),
    temperature=(),
)
