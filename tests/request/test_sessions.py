"""Sessions that are opened before the first request and ended behind the last, over real sockets."""

from __future__ import annotations

import json
from typing import Any

import pytest

from requests_to_server import JSON, ask, ask_often, sent_of, target_of
from scripted_server import CLOSE, Script, ScriptedServer, Serve, chunk, chunked, event, head, sized
from sse_perf_tool.formats import FORMATS
from sse_perf_tool.masking import Masker
from sse_perf_tool.providers import ApiKeyProvider
from sse_perf_tool.records import Outcome
from sse_perf_tool.request.body import BodyBuilder
from sse_perf_tool.request.steps import Following, Opening
from sse_perf_tool.tester import SSETester

ROW = FORMATS["mcp"]
MCP: dict[str, Any] = {
    "format": ROW, "named": True, "keys": None, "body": BodyBuilder(row=ROW, model="ask"), "retries": 0,
}  # fmt: skip
OWN_ID = "0c83c2f62f854466a75cbd587b7404d2"


def rpc(status: str = "200 OK", *headers: str, **more: Any) -> Script:
    """A JSON-RPC response."""
    return sized(json.dumps({"jsonrpc": "2.0", "id": 1, **more}).encode(), kind=JSON, status=status, headers=headers)


SESSION = f"Mcp-Session-Id: {OWN_ID}"
ALONE = rpc(result={"supportedVersions": ["2026-07-28"]})
REFUSED = rpc("400 Bad Request", error={"code": -32600, "message": "Bad Request: Missing session ID"})
MADE = rpc("200 OK", SESSION, result={"protocolVersion": "2025-11-25"})
NOTED = sized(b"", kind=JSON, status="202 Accepted")
RESULT = chunked(event({"jsonrpc": "2.0", "id": 1, "result": {"content": [{"type": "text", "text": "sunny"}]}}))
GONE = rpc("404 Not Found", error={"code": -32600, "message": f"Session not found: {OWN_ID}"})
ENDED = sized(b"", kind=JSON)


def methods(server: ScriptedServer) -> list[str]:
    """What each request was: its JSON-RPC method, or its HTTP method where it has no body."""
    return [
        json.loads(request.body)["method"] if request.body else request.line.split()[0] for request in server.requests
    ]


HANDSHAKE = ["server/discover", "initialize", "notifications/initialized"]


def test_a_session_is_opened_once_used_by_each_request_and_ended(serve: Serve) -> None:
    server = serve(REFUSED, MADE, NOTED, RESULT, RESULT, ENDED)
    first, second = ask_often(server, 2, **MCP)
    assert [record.outcome for record in (first, second)] == [Outcome.OK] * 2
    assert methods(server) == [*HANDSHAKE, "tools/call", "tools/call", "DELETE"]
    of_session = server.requests[2:]
    assert {request.header("Mcp-Session-Id") for request in of_session} == {OWN_ID}
    assert {request.header("MCP-Protocol-Version") for request in of_session} == {"2025-11-25"}
    assert {request.header("Mcp-Method") for request in server.requests[1:]} == {None}
    end = server.requests[-1]
    assert (end.body, end.header("Content-Length"), end.header("Content-Type")) == (b"", None, None)
    assert first.started_ns > sent_of(server, NOTED[-1]).begun_ns, "the measured time begins behind the opening"
    assert (first.retries, first.status) == (0, 200)
    assert server.connections == 1, "all of it over one connection"


def test_a_server_that_needs_no_session_is_asked_for_its_era_once(serve: Serve) -> None:
    server = serve(ALONE, RESULT)
    assert [record.outcome for record in ask_often(server, 2, **MCP)] == [Outcome.OK] * 2
    assert methods(server) == ["server/discover", "tools/call", "tools/call"]
    calls = server.requests[1:]
    assert {(call.header("Mcp-Method"), call.header("Mcp-Name")) for call in calls} == {("tools/call", "ask")}
    assert {call.header("MCP-Protocol-Version") for call in calls} == {"2026-07-28"}


def test_the_answer_to_a_handshake_may_be_a_stream_that_stays_open(serve: Serve) -> None:
    made = event({"jsonrpc": "2.0", "id": 1, "result": {"protocolVersion": "2025-06-18"}})
    open_stream = [
        head("200 OK", "text/event-stream", "Transfer-Encoding: chunked", SESSION),
        chunk(b": ping\n\n"),
        chunk(made),
    ]
    server = serve(REFUSED, open_stream, NOTED, RESULT, ENDED)
    assert ask(server, **MCP).outcome is Outcome.OK
    assert server.requests[3].header("MCP-Protocol-Version") == "2025-06-18"
    assert server.requests[3].header("Mcp-Session-Id") == OWN_ID


def test_a_session_that_the_server_does_not_know_any_more_is_opened_again(serve: Serve) -> None:
    server = serve(REFUSED, MADE, NOTED, GONE, REFUSED, MADE, NOTED, RESULT, ENDED)
    first, second = ask_often(server, 2, **MCP)
    assert (first.outcome, first.status, second.outcome) == (Outcome.HTTP_ERROR, 404, Outcome.OK)
    assert methods(server) == [*HANDSHAKE, "tools/call", *HANDSHAKE, "tools/call", "DELETE"]
    assert server.requests[4].header("Mcp-Session-Id") is None
    assert OWN_ID not in (first.error or ""), "the id is as good as a key"
    assert first.error == "HTTP 404: Session not found: …04d2 (-32600)"


def test_another_failure_keeps_the_session(serve: Serve) -> None:
    broken = rpc("500 Oops", error={"code": -32603, "message": "engine died"})
    server = serve(REFUSED, MADE, NOTED, broken, RESULT, ENDED)
    first, second = ask_often(server, 2, **MCP)
    assert (first.outcome, second.outcome) == (Outcome.HTTP_ERROR, Outcome.OK)
    assert methods(server) == [*HANDSHAKE, "tools/call", "tools/call", "DELETE"]


@pytest.mark.parametrize(
    ("scripts", "outcome", "error", "status"),
    [
        ([rpc("401 Unauthorized", error={"message": "who are you?"})], Outcome.HTTP_ERROR,
         "the session was not opened, at server/discover: HTTP 401: who are you?", 401),
        ([REFUSED, rpc("503 Busy", error={"message": "Too many open sessions"})], Outcome.HTTP_ERROR,
         "the session was not opened, at initialize: HTTP 503: Too many open sessions", 503),
        ([REFUSED, rpc(error={"code": -32603, "message": "no"})], Outcome.IN_STREAM_ERROR,
         "the session was not opened, at initialize: no (-32603)", 200),
        ([REFUSED, sized(b"<html>hello", kind="text/html")], Outcome.MALFORMED,
         'the session was not opened, at initialize: the answer has no result: "<html>hello"', 200),
        ([REFUSED, [head("200 OK", JSON, "Content-Length: 100") + b'{"jso', CLOSE]], Outcome.MALFORMED,
         'the session was not opened, at initialize: the answer has no result: "{"jso"', 200),
        ([REFUSED, MADE, sized(b"", kind=JSON, status="400 No")], Outcome.HTTP_ERROR,
         "the session was not opened, at notifications/initialized: HTTP 400: No", 400),
    ],
)  # fmt: skip
def test_a_session_that_is_not_opened_is_the_failure_of_the_request(
    serve: Serve, scripts: list[Script], outcome: Outcome, error: str, status: int
) -> None:
    server = serve(*scripts)
    record = ask(server, **MCP)
    assert (record.outcome, record.error, record.status) == (outcome, error, status)
    assert "tools/call" not in methods(server)


def test_a_handshake_that_fails_is_tried_again_from_its_start(serve: Serve) -> None:
    server = serve(REFUSED, rpc("500 Oops"), REFUSED, MADE, NOTED, RESULT, ENDED)
    first, second = ask_often(server, 2, **MCP)
    assert (first.outcome, second.outcome) == (Outcome.HTTP_ERROR, Outcome.OK)
    assert methods(server)[:3] == ["server/discover", "initialize", "server/discover"]
    assert server.requests[2].header("MCP-Protocol-Version") == "2026-07-28"


def test_a_server_that_is_silent_while_a_session_is_opened_runs_into_the_time_limit(serve: Serve) -> None:
    record = ask(serve(REFUSED, []), **{**MCP, "timeout_s": 0.3})
    assert record.outcome is Outcome.TIMEOUT


def test_a_refusal_that_does_not_end_is_one_all_the_same(serve: Serve) -> None:
    endless = [head("400 Bad Request", JSON, "Content-Length: 1000") + b'{"error": "no session"}']
    server = serve(endless, MADE, NOTED, RESULT, ENDED)
    assert ask(server, **MCP).outcome is Outcome.OK, "or the time limit, a minute, is waited for"
    assert methods(server) == [*HANDSHAKE, "tools/call", "DELETE"]


def test_what_was_cancelled_sends_nothing_more(serve: Serve) -> None:
    server = serve(REFUSED, MADE, NOTED, RESULT, ENDED)
    tester = SSETester(target_of(server, **MCP))
    assert tester.test_streaming(1).outcome is Outcome.OK
    tester.cancel()
    tester.close()
    assert methods(server) == [*HANDSHAKE, "tools/call"]


@pytest.mark.parametrize("end", [sized(b"no", status="405 Method Not Allowed"), [CLOSE], rpc("500 Oops")])
def test_how_a_server_takes_the_end_of_a_session_does_not_matter(serve: Serve, end: Script) -> None:
    server = serve(REFUSED, MADE, NOTED, RESULT, end)
    assert ask(server, **MCP).outcome is Outcome.OK
    assert "DELETE" in methods(server)


@pytest.mark.parametrize("opened_by", ["flag", "format"])
def test_a_session_keeps_the_key_it_was_opened_with(serve: Serve, opened_by: str) -> None:
    keys = ApiKeyProvider(["sk-aaaaaaaaaaaa1", "sk-bbbbbbbbbbbb2"])
    more: dict[str, Any] = {"keys": keys, "masker": Masker(keys.keys), "retries": 0}
    if opened_by == "format":
        server = serve(REFUSED, MADE, NOTED, RESULT, RESULT, ENDED)
        more = {**MCP, **more, "auth": ROW.auth}
    else:
        server = serve(sized(b'{"id": "s"}', kind=JSON), RESULT)
        more |= {"opening": Opening(server.url("/s")), "format": None, "auth": ROW.auth}
    ask_often(server, 2, **more)
    assert {request.header("Authorization") for request in server.requests} == {"Bearer sk-aaaaaaaaaaaa1"}


@pytest.mark.parametrize("step", ["opening", "following"])
def test_a_step_whose_answer_breaks_off_is_a_failure_and_no_crash(serve: Serve, step: str) -> None:
    server = serve([head("200 OK", JSON, "Content-Length: 100") + b'{"id"', CLOSE])
    made = Opening(server.url("/s")) if step == "opening" else Following(server.url("/{id}"))
    record = ask(server, retries=0, **{step: made})
    assert record.outcome is Outcome.MALFORMED
    assert "no id at id" in (record.error or "")
