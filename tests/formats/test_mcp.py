"""How MCP asks a server for its era and opens a session, as a conversation without sockets."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sse_perf_tool.formats import FORMATS
from sse_perf_tool.formats.mcp import VERSION, WITH_HANDSHAKE
from sse_perf_tool.formats.session import Ask, Session, Told

OLD = WITH_HANDSHAKE[0]
ALONE = Told(200, {}, [{"id": 1, "result": {"supportedVersions": [VERSION]}}])
NO_SESSION = Told(400, {}, [{"error": {"code": -32600, "message": "Bad Request: Missing session ID"}}])
MADE = Told(200, {"mcp-session-id": "s-1"}, [{"id": 1, "result": {"protocolVersion": OLD}}])
NOTED = Told(202, {}, [])
CALL = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"ask"}}'


def talk(*answers: Told, **given: str) -> tuple[list[Ask], Session | None]:
    """(what was asked, the session) of a server that answers so; underscores of `given` are dashes."""
    opens = FORMATS["mcp"].opens
    assert opens is not None
    steps, asked = opens({name.replace("_", "-"): value for name, value in given.items()}), []
    try:
        asked.append(next(steps))
        for answer in answers:
            ask = steps.send(answer)
            asked.append(ask)
    except StopIteration as ended:
        return asked, ended.value
    raise AssertionError(f"{asked[-1].name} was not expected")


def names(asked: list[Ask]) -> list[str]:
    return [ask.name for ask in asked]


def sent(session: Session | None, body: bytes = CALL) -> tuple[dict[str, Any], dict[str, Any]]:
    """(body, headers) as a request goes out in a session."""
    assert session is not None
    dressed, headers = session.dress(body)
    return json.loads(dressed), {**session.headers, **headers}


def test_a_server_of_the_newer_era_is_asked_once_and_no_session_is_opened() -> None:
    asked, session = talk(ALONE)
    assert names(asked) == ["server/discover"]
    assert asked[0].headers == {"MCP-Protocol-Version": VERSION, "Mcp-Method": "server/discover", "Mcp-Name": None}
    assert json.loads(asked[0].body)["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"] == VERSION
    body, headers = sent(session)
    assert headers == {"Mcp-Method": "tools/call", "Mcp-Name": "ask"}
    assert body["params"]["_meta"] == {
        "io.modelcontextprotocol/protocolVersion": VERSION,
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    assert session is not None
    assert session.end is None
    assert not session.lost(404, b"")


@pytest.mark.parametrize(
    "refusal",
    [
        NO_SESSION, Told(404, {}, [], b"Invalid session ID"), Told(200, {}, [{"error": {"code": -32601}}]),
        Told(200, {}, [{"result": {"supportedVersions": ["2025-11-25"]}}]),
        Told(200, {}, [{"result": {"content": []}}]),
        Told(200, {}, [{"result": {"supportedVersions": 7}}]), Told(200, {}, []), Told(405, {}, []),
    ],
)  # fmt: skip
def test_what_is_no_clear_yes_is_a_server_with_a_handshake(refusal: Told) -> None:
    asked, session = talk(refusal, MADE, NOTED)
    assert names(asked) == ["server/discover", "initialize", "notifications/initialized"]
    initialize = json.loads(asked[1].body)["params"]
    assert (initialize["protocolVersion"], initialize["clientInfo"]["name"]) == (OLD, "sse-perf")
    assert asked[1].headers == {"MCP-Protocol-Version": None, "Mcp-Method": None, "Mcp-Name": None}
    own = {"MCP-Protocol-Version": OLD, "Mcp-Method": None, "Mcp-Name": None, "Mcp-Session-Id": "s-1"}
    assert asked[2].headers == own
    assert "id" not in json.loads(asked[2].body)
    assert session is not None
    assert session.headers == own
    assert session.end is not None
    assert (session.end.method, session.end.headers) == ("DELETE", own)


def test_the_version_of_a_session_is_the_one_that_the_server_names() -> None:
    answer = Told(200, {}, [{"method": "notifications/message"}, {"result": {"protocolVersion": "2025-03-26"}}])
    _, session = talk(NO_SESSION, answer, NOTED)
    assert session is not None
    assert session.headers["MCP-Protocol-Version"] == "2025-03-26"
    assert "Mcp-Session-Id" not in session.headers
    assert session.end is None, "a server without state gave no id"


@pytest.mark.parametrize(
    ("answers", "last"),
    [
        ((Told(503, {}, []),), "server/discover"),
        ((Told(401, {}, []),), "server/discover"),
        ((Told(429, {}, []),), "server/discover"),
        ((NO_SESSION, Told(500, {}, [])), "initialize"),
        ((NO_SESSION, Told(200, {}, [{"error": {"code": -32603}}])), "initialize"),
        ((NO_SESSION, Told(200, {}, [])), "initialize"),
        ((NO_SESSION, MADE, Told(400, {}, [])), "notifications/initialized"),
    ],
)
def test_the_step_that_fails_is_the_last_one(answers: tuple[Told, ...], last: str) -> None:
    asked, session = talk(*answers)
    assert (names(asked)[-1], session) == (last, None)


@pytest.mark.parametrize("code", [-32601, -32022])
def test_a_server_that_knows_no_handshake_either_is_asked_in_the_newer_form(code: int) -> None:
    asked, session = talk(Told(404, {}, []), Told(404, {}, [{"error": {"code": code}}]))
    assert names(asked) == ["server/discover", "initialize"]
    assert sent(session)[1]["Mcp-Name"] == "ask"


def test_the_header_of_the_version_chooses_the_era() -> None:
    asked, _ = talk(MADE, NOTED, mcp_protocol_version="2025-06-18")
    assert json.loads(asked[0].body)["params"]["protocolVersion"] == "2025-06-18"
    assert names(asked) == ["initialize", "notifications/initialized"]
    steps = FORMATS["mcp"].opens
    assert steps is not None
    with pytest.raises(StopIteration) as ended:
        next(steps({"mcp-protocol-version": "2027-01-01"}))
    body, _ = sent(ended.value.value)
    assert body["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"] == "2027-01-01"


def test_a_session_of_the_users_own_is_neither_opened_nor_ended() -> None:
    steps = FORMATS["mcp"].opens
    assert steps is not None
    with pytest.raises(StopIteration) as ended:
        next(steps({"mcp-session-id": "mine"}))
    session = ended.value.value
    assert session.end is None
    assert session.headers == {"MCP-Protocol-Version": OLD, "Mcp-Method": None, "Mcp-Name": None}


def test_in_a_session_each_call_has_its_own_id_and_says_nothing_of_the_newer_era() -> None:
    _, session = talk(NO_SESSION, MADE, NOTED)
    whole = json.dumps(FORMATS["mcp"].body("What?", "ask", "", "")).encode()
    (first, _), (second, headers) = sent(session, whole), sent(session, whole)
    assert (first["id"], second["id"]) == (1, 2)
    assert second["params"] == {"name": "ask", "arguments": {"query": "What?"}, "_meta": {"progressToken": "p1"}}
    assert headers["Mcp-Session-Id"] == "s-1"
    assert "_meta" not in sent(session)[0]["params"], "a template that has none stays without"


@pytest.mark.parametrize(
    ("params", "header"),
    [
        ({"name": "ask"}, "ask"), ({"uri": "file:///a"}, "file:///a"), ({}, None),
        ({"name": "天气"}, "=?base64?5aSp5rCU?="), ({"name": " a"}, "=?base64?IGE=?="),
        ({"name": "=?base64?x"}, "=?base64?PT9iYXNlNjQ/eA==?="),
    ],
)  # fmt: skip
def test_the_name_stands_in_a_header_as_it_may_stand_there(params: dict[str, str], header: str | None) -> None:
    _, session = talk(ALONE)
    body = json.dumps({"id": 1, "method": "x/y", "params": params}).encode()
    headers = sent(session, body)[1]
    assert (headers["Mcp-Method"], headers["Mcp-Name"]) == ("x/y", header)


@pytest.mark.parametrize("body", [b"no json", b"[1]", b"7", b"\xff"])
def test_a_body_that_is_no_call_goes_out_as_it_is(body: bytes) -> None:
    for answers in ((ALONE,), (NO_SESSION, MADE, NOTED)):
        _, session = talk(*answers)
        assert session is not None
        assert session.dress(body) == (body, {})


@pytest.mark.parametrize(
    ("status", "body", "lost"),
    [(404, b"", True), (400, b"Bad Request: No valid session ID provided", True), (400, b"bad params", False),
     (500, b"session", False)],
)  # fmt: skip
def test_when_a_session_is_lost(status: int, body: bytes, lost: bool) -> None:
    _, session = talk(NO_SESSION, MADE, NOTED)
    assert session is not None
    assert session.lost(status, body) is lost
