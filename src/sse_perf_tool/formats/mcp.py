"""The Model Context Protocol over streamable HTTP: the request is the call of a tool, its result the answer.

Servers answer with a stream or with a JSON document, since 2026-07-28 as the tool decides.  The result comes whole and
once; what comes before are notifications, of which progress is a step and all else a sign of life.

There are two eras.  Since 2026-07-28 each request stands alone and says all about itself.  Before, a handshake opens a
session.  Which one a server is of it says when asked (`server/discover`); what is no clear yes is a no, as the rules of
the newer era for clients say.  The header that names the version chooses as well, when the user gives it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from itertools import count

from .. import __version__
from ..records import Delta, Kind, Mark
from .base import Doc, Format, Options, ReadEvent, dict_of, dicts_of, id_of, text_of
from .failures import error_text
from .session import Ask, Opening, Session, Told

VERSION = "2026-07-28"
WITH_HANDSHAKE = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")
"""The versions before, the newest first."""
VERSION_HEADER, METHOD_HEADER, NAME_HEADER = "MCP-Protocol-Version", "Mcp-Method", "Mcp-Name"
SESSION_HEADER = "Mcp-Session-Id"

_OWN = "io.modelcontextprotocol/"
_CLIENT = {"name": "sse-perf", "version": __version__}
_CALL = "tools/call"
_OF_THE_SERVER = frozenset({401, 403, 407, 408, 425, 429})
"""Client errors that have nothing to do with the era."""
_NO_SUCH_METHOD, _NO_SUCH_VERSION = -32601, -32022


def _about(version: str = VERSION) -> Doc:
    """What each request of the newer era says of its client."""
    return {f"{_OWN}protocolVersion": version, f"{_OWN}clientCapabilities": {}}


def _body(query: str, model: str, _user: str, _conversation_id: str) -> Doc:
    """`model` is the name of the tool, which gets the query as its `query`; what other tools take a template says."""
    params = {"name": model, "arguments": {"query": query}, "_meta": {"progressToken": "p1", **_about()}}
    return {"jsonrpc": "2.0", "id": 1, "method": _CALL, "params": params}


def _opens(given: Mapping[str, str]) -> Opening:
    """Asks the server for its era, and shakes hands where that is the one of sessions."""
    version = given.get(VERSION_HEADER.lower(), "")
    if SESSION_HEADER.lower() in given:  # it was opened by the user
        return _with_handshake(version or WITH_HANDSHAKE[0])
    if not version:
        told = yield _ask("server/discover", {"_meta": _about()}, VERSION)
        if told.status >= 500 or told.status in _OF_THE_SERVER:
            return None
        if VERSION in _list_of(_result_of(told).get("supportedVersions")):
            return _alone()
        version = WITH_HANDSHAKE[0]
    elif version not in WITH_HANDSHAKE:
        return _alone(version)
    return (yield from _shaking_hands(version))


def _shaking_hands(version: str) -> Opening:
    told = yield _ask("initialize", {"protocolVersion": version, "capabilities": {}, "clientInfo": _CLIENT})
    if _code_of(told) in (_NO_SUCH_METHOD, _NO_SUCH_VERSION):
        return _alone()  # it knows no handshake
    if not told.ok or not _result_of(told):
        return None
    agreed = text_of(_result_of(told).get("protocolVersion")) or version
    session = _with_handshake(agreed, told.headers.get(SESSION_HEADER.lower(), ""))
    note = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    told = yield Ask("notifications/initialized", _to_json(note), session.headers)
    return session if told.ok else None


def _ask(method: str, params: Doc, version: str | None = None) -> Ask:
    call = {"jsonrpc": "2.0", "id": method, "method": method, "params": params}
    headers = {VERSION_HEADER: version, METHOD_HEADER: None if version is None else method, NAME_HEADER: None}
    return Ask(method, _to_json(call), headers, answered=_is_response)


def _is_response(doc: Doc) -> bool:
    return "result" in doc or "error" in doc


def _result_of(told: Told) -> Doc:
    return next((dict_of(doc["result"]) for doc in told.docs if "result" in doc), {})


def _code_of(told: Told) -> object:
    return next((dict_of(doc["error"]).get("code") for doc in told.docs if "error" in doc), None)


def _list_of(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _alone(version: str = VERSION) -> Session:
    """Nothing was opened: each request says all about itself."""
    about = _about(version)

    def dress(doc: Doc) -> Mapping[str, str | None]:
        params = dict_of(doc.get("params"))
        doc["params"] = {**params, "_meta": {**dict_of(params.get("_meta")), **about}}
        name = text_of(params.get("name")) or text_of(params.get("uri"))
        return {METHOD_HEADER: text_of(doc.get("method")), NAME_HEADER: _header_value(name) if name else None}

    return Session(dress=_dressed(dress), lost=lambda _status, _body: False)


def _with_handshake(version: str, own_id: str = "") -> Session:
    """A session of this version; servers without state give no id."""

    def dress(doc: Doc) -> Mapping[str, str | None]:
        params = dict_of(doc.get("params"))
        meta = {name: value for name, value in dict_of(params.get("_meta")).items() if not name.startswith(_OWN)}
        doc["params"] = {**params, "_meta": meta} if "_meta" in params else params
        return {}

    headers: dict[str, str | None] = {VERSION_HEADER: version, METHOD_HEADER: None, NAME_HEADER: None}
    if own_id:
        headers[SESSION_HEADER] = own_id
    end = Ask("DELETE", headers=headers, method="DELETE") if own_id else None
    return Session(headers=headers, dress=_dressed(dress), end=end, lost=_lost)


def _lost(status: int, body: bytes) -> bool:
    """404 by the protocol; many servers say 400, with words."""
    return status == 404 or (status == 400 and b"session" in body.lower())


def _dressed(
    change: Callable[[Doc], Mapping[str, str | None]],
) -> Callable[[bytes], tuple[bytes, Mapping[str, str | None]]]:
    """A `Session.dress` that also gives each call an id of its own: in a session no two may have the same."""
    ids = count(1)

    def dress(body: bytes) -> tuple[bytes, Mapping[str, str | None]]:
        try:
            doc = json.loads(body)
        except (ValueError, RecursionError):  # of a trace that is sent again
            return body, {}
        if not isinstance(doc, dict):
            return body, {}
        if "id" in doc:
            doc["id"] = next(ids)
        headers = change(doc)
        return _to_json(doc), headers

    return dress


def _to_json(doc: Doc) -> bytes:
    return json.dumps(doc, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _header_value(text: str) -> str:
    """A name as it may stand in a header: what would not come through there goes in base64, marked as such."""
    if text.isascii() and text.isprintable() and text == text.strip() and not text.startswith("=?base64?"):
        return text
    import base64  # only here: --help has no need of it

    return f"=?base64?{base64.b64encode(text.encode('utf-8', 'replace')).decode()}?="


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
        VERSION_HEADER: VERSION,
        METHOD_HEADER: _CALL,
    },
    end_hint=b'"result"',
    documents=True,
    whole=None,
    limit=(),
    temperature=(),
    opens=_opens,
)
