"""The Model Context Protocol over streamable HTTP: the request is the call of a tool, its result the answer.

Servers answer with a stream or with a JSON document, since 2026-07-28 as the tool decides.  The result comes whole and
once; what comes before are notifications, of which progress is a step and all else a sign of life.
"""

from __future__ import annotations

from ..records import Delta, Kind, Mark
from .base import Doc, Format, Options, ReadEvent, dict_of, dicts_of, id_of, text_of
from .failures import error_text

VERSION = "2026-07-28"


def _body(query: str, model: str, _user: str, _conversation_id: str) -> Doc:
    """`model` is the name of the tool, which gets the query as its `query`; what other tools take a template says."""
    meta = {
        "progressToken": "p1",
        "io.modelcontextprotocol/protocolVersion": VERSION,
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    params = {"name": model, "arguments": {"query": query}, "_meta": meta}
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}


def _detects(_event: str, doc: Doc) -> bool:
    if "jsonrpc" not in doc:
        return False
    result = doc.get("result")
    told = text_of(doc.get("method")).startswith("notifications/")
    return told or (isinstance(result, dict) and isinstance(result.get("content"), list))


def _read(_event: str, doc: Doc) -> Delta:
    method = text_of(doc.get("method"))
    if method:
        progress = method == "notifications/progress"
        name = text_of(dict_of(doc.get("params")).get("message")) if progress else method
        return Delta(marks=(Mark(Kind.STEP if progress else Kind.KEEP_ALIVE, name or "progress"),))
    if "result" not in doc:
        return Delta(error=error_text(doc) if doc.get("error") else None)
    result = dict_of(doc.get("result"))
    text = "".join(text_of(part.get("text")) for part in dicts_of(result.get("content")))
    if result.get("isError") is True:
        return Delta(error=text or "the tool failed")
    return Delta(text, message_id=id_of(doc.get("id")), end=True, last=True)


def _reader(_options: Options) -> ReadEvent:
    return _read


FORMAT = Format(
    name="mcp",
    title="MCP tool call",
    reader=_reader,
    detects=_detects,
    body=_body,
    paths=(r"/mcp/?$",),
    needs_key=False,
    headers={
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": VERSION,
        "Mcp-Method": "tools/call",
    },
    end_hint=b'"result"',
    documents=True,
    whole=None,
    limit=(),
    temperature=(),
)
