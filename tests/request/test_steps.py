"""Requests around the one that is measured: a session that is opened first, and a GET that fetches the stream."""

from __future__ import annotations

import json

import pytest

from requests_to_server import CHUNKED_HEAD, JSON, TOLERANCE_NS, WHOLE, ask, ask_often, sent_of
from scripted_server import Script, ScriptedServer, Serve, chunk, chunked, event, sized
from sse_perf_tool.formats import FORMATS
from sse_perf_tool.records import Outcome, RequestRecord
from sse_perf_tool.request.body import BodyBuilder
from sse_perf_tool.request.steps import Following, Opening, id_in

MADE = sized(b'{"id": "s/1", "more": {"id": 7}}', kind=JSON)
ANSWER = chunked(WHOLE)


def bodies(server: object) -> list[object]:
    return [json.loads(request.body or b"null") for request in server.requests]  # type: ignore[attr-defined]


def test_a_session_is_opened_once_and_its_id_stands_in_every_body(serve: Serve) -> None:
    server = serve(MADE, ANSWER)
    body = BodyBuilder({"q": "{query}", "session": "{conversation_id}"})
    opening = Opening(server.url("/sessions"), b'{"state": 1}')
    first, second = ask_often(server, 2, body=body, opening=opening)
    assert (first.outcome, second.outcome) == (Outcome.OK, Outcome.OK)
    assert [request.line.split()[1] for request in server.requests] == [
        "/sessions", "/v1/chat/completions", "/v1/chat/completions",
    ]  # fmt: skip
    assert bodies(server) == [{"state": 1}, *[{"q": "你是谁", "session": "s/1"}] * 2]
    assert first.ttfb_ns is not None
    assert first.started_ns > sent_of(server, MADE[-1]).begun_ns, "the measured time begins behind the opening"


def test_adk_takes_the_session_that_was_opened(serve: Serve) -> None:
    part = {"content": {"parts": [{"text": "hi"}]}, "partial": True, "invocationId": "i", "author": "a", "id": "e"}
    server = serve(MADE, chunked(event(part)))
    row = FORMATS["adk"]
    opening = Opening(server.url("/apps/a/users/u/sessions"))
    record = ask(server, format=row, named=True, body=BodyBuilder(row=row, model="a"), opening=opening)
    assert record.outcome is Outcome.OK
    assert bodies(server)[1]["sessionId"] == "s/1"  # type: ignore[index]


def test_the_stream_is_fetched_where_the_answer_says_and_the_time_is_that_of_both(serve: Serve) -> None:
    started = sized(b'{"run": {"id": "h 1"}}', kind=JSON)
    server = serve(started, [0.1, *ANSWER])
    record = ask(server, following=Following(server.url("/events/{id}?after=-1"), "run.id"))
    assert (record.outcome, record.chunks, record.status) == (Outcome.OK, 2, 200)
    post, get = server.requests
    assert get.line == "GET /events/h%201?after=-1 HTTP/1.1"
    assert (get.body, get.header("Content-Type"), get.header("Content-Length")) == (b"", None, None)
    assert get.header("Authorization") == post.header("Authorization")
    assert record.ttft_ns is not None
    assert record.ttft_ns > 100_000_000 - TOLERANCE_NS, "from the start of the POST"


@pytest.mark.parametrize(
    ("script", "outcome", "words"),
    [
        (sized(b'{"error": "no such app"}', kind=JSON, status="404 Not Found"), Outcome.HTTP_ERROR, "no such app"),
        (sized(b'{"message": "try later"}', kind=JSON), Outcome.MALFORMED, "no id at id in the answer of http"),
        (sized(b"<html>", kind="text/html"), Outcome.MALFORMED, "no id at id"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("step", ["opening", "following"])
def test_a_step_that_fails_is_the_failure_of_the_request(
    serve: Serve, script: Script, outcome: Outcome, words: str, step: str
) -> None:
    server = serve(script, ANSWER)
    asked = (
        {"opening": Opening(server.url("/s"))} if step == "opening" else {"following": Following(server.url("/{id}"))}
    )
    record = ask(server, retries=0, **asked)
    assert record.outcome is outcome
    assert words in (record.error or "")
    assert len(server.requests) == 1


def test_a_session_that_could_not_be_opened_is_tried_again(serve: Serve) -> None:
    server = serve(sized(b"", status="503 Busy"), MADE, ANSWER)
    first, second = ask_often(server, 2, retries=0, opening=Opening(server.url("/s")))
    assert (first.outcome, second.outcome) == (Outcome.HTTP_ERROR, Outcome.OK)


@pytest.mark.parametrize(
    ("body", "path", "own_id"),
    [(b'{"id": "a"}', "id", "a"), (b'{"a": {"id": 7}}', "a.id", "7"), (b'["x"]', "0", "x"), (b"{", "id", None),
     (b'{"id": ""}', "id", None), (b'{"id": {}}', "id", None), (b"\xff", "id", None)],
)  # fmt: skip
def test_the_id_of_an_answer(body: bytes, path: str, own_id: str | None) -> None:
    assert id_in(body, path) == own_id


STARTED = sized(b'{"type": "success", "id": 1, "result": {"run_id": "r1"}}', kind=JSON)


def graph_events(*said: tuple[str, dict[str, object]]) -> bytes:
    """Events of LangGraph's protocol: (method, data) each."""
    return b"".join(
        event({"type": "event", "method": method, "params": {"namespace": [], "data": data}}) for method, data in said
    )


SUNNY = ("messages", {"event": "content-block-delta", "index": 0, "delta": {"type": "text-delta", "text": "sunny"}})
COMPLETED = ("lifecycle", {"event": "completed"})


def ask_graph(server: ScriptedServer, times: int = 1) -> list[RequestRecord]:
    """Answers of a graph, each in a thread of its own."""
    row = FORMATS["langgraph_v2"]
    more = {"format": row, "named": True, "body": BodyBuilder(row=row), "auth": row.auth, "retries": 0}
    return ask_often(server, times, url=server.url("/threads"), **more)


def test_a_run_is_started_by_one_request_and_read_by_another_and_timed_from_the_first(serve: Serve) -> None:
    stays_open = [CHUNKED_HEAD, 0.1, chunk(graph_events(SUNNY)), chunk(graph_events(COMPLETED))]
    server = serve(STARTED, stays_open, STARTED, stays_open)
    first, second = ask_graph(server, 2)
    assert (first.outcome, second.outcome) == (Outcome.OK, Outcome.OK)
    start, fetch, again, _ = (request.line.split() for request in server.requests)
    assert (start[0], fetch[0]) == ("POST", "POST")
    assert start[1].removesuffix("/commands") == fetch[1].removesuffix("/stream/events")
    assert again[1] != start[1]
    assert [list(body) for body in bodies(server)[:2]] == [["id", "method", "params"], ["channels"]]  # type: ignore[call-overload]
    assert first.ttft_ns is not None
    assert first.ttft_ns > 100_000_000 - TOLERANCE_NS
    assert first.started_ns < sent_of(server, STARTED[-1]).done_ns, "what starts the run is the start"
    assert server.connections == 2, "the connection of a stream that stays open is left"


@pytest.mark.parametrize(
    ("script", "outcome", "words"),
    [
        (sized(b'{"type": "error", "message": "no such assistant"}', kind=JSON), Outcome.IN_STREAM_ERROR,
         "no such assistant"),
        (sized(b'{"result": {}}', kind=JSON), Outcome.MALFORMED, "no id at result.run_id in the answer of http"),
        (sized(b'{"detail": "who?"}', kind=JSON, status="403 Forbidden"), Outcome.HTTP_ERROR, "HTTP 403: who?"),
    ],
)  # fmt: skip
def test_a_run_that_is_not_started_is_not_read(serve: Serve, script: Script, outcome: Outcome, words: str) -> None:
    server = serve(script)
    (record,) = ask_graph(server)
    assert record.outcome is outcome
    assert (record.error or "").startswith(words)
    assert "/threads/" not in (record.error or ""), "errors of different threads are one"
    assert len(server.requests) == 1


def test_a_step_at_another_address_is_no_redirect(serve: Serve) -> None:
    failed = sized(b"", status="500 Oops")
    for more in ({"following": Following("/{id}")}, {"opening": Opening("")}):
        server = serve(*([MADE] if "following" in more else []), failed)
        step = {name: each._replace(url=server.url("/{id}")) for name, each in more.items()}
        assert ask(server, retries=0, **step).error == "HTTP 500: Oops"
