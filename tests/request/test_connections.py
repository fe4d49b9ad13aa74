"""No connection or not the right one, and the connection between requests."""

from __future__ import annotations

import socket
import time

import pytest

from console_output import shown
from patience import FOREVER_S, PROMPT_S, undisturbed
from requests_to_server import (
    CHUNKED_HEAD,
    HELLO,
    MS,
    PAGE,
    TOO_BUSY,
    WHOLE,
    WORLD,
    ask,
    ask_often,
    failing,
    promising,
    target_of,
)
from scripted_server import ANSWER, CLOSE, DONE, RESET, Script, Serve, Step, chunk, chunked, sized
from sse_perf_tool.exporters.json_summary import summary_document
from sse_perf_tool.load.run import LoadRun
from sse_perf_tool.providers import Query, QueryProvider
from sse_perf_tool.records import Outcome, RunConfig

# No connection, or not the right one.


def test_refused_connection_says_where_and_asks_whether_the_server_runs(serve: Serve) -> None:
    server = serve()
    server.stop()
    record = ask(server)
    assert (record.outcome, record.status, record.retries) == (Outcome.CONNECT_ERROR, None, 0)
    assert record.error == (
        f"connection refused by 127.0.0.1:{server.port}: is the server running there, and is the port right?"
    )


def test_name_that_does_not_resolve_is_called_so(serve: Serve) -> None:
    record = ask(serve(), url="http://no-such-host.invalid/v1/chat/completions")
    assert record.outcome is Outcome.CONNECT_ERROR
    assert record.error == "host name no-such-host.invalid:80 cannot be resolved: check its spelling and the DNS"


def test_connect_that_hangs_ends_with_the_timeout(serve: Serve) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        address = full.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for sock in waiting:
            sock.setblocking(False)
            sock.connect_ex(address)  # these take all places of the queue
        began_s = time.monotonic()
        record = ask(serve(), url=f"http://127.0.0.1:{address[1]}/v1/chat/completions", timeout_s=0.3)
        for sock in waiting:
            sock.close()
    assert (record.outcome, record.status) == (Outcome.TIMEOUT, None)
    assert time.monotonic() - began_s < PROMPT_S
    assert record.latency_ns >= 290 * MS


def test_ssh_server_is_no_http_server(serve: Serve) -> None:
    server = serve([], greeting=[b"SSH-2.0-OpenSSH_9.6\r\n"])
    record = ask(server)
    assert (record.outcome, record.status) == (Outcome.MALFORMED, None)
    assert record.error
    assert f"127.0.0.1:{server.port} does not answer in HTTP: SSH-2.0-OpenSSH_9.6" in record.error


LONG_QUERY = QueryProvider([Query("问" * 3_000_000)])
"""9 MB, more than any buffer on the way takes at once."""


def test_long_request_goes_out_whole(serve: Serve) -> None:
    server = serve(ANSWER)
    assert ask(server, queries=LONG_QUERY).outcome is Outcome.OK
    assert server.requests[0].body.count("问".encode()) == 3_000_000


def test_server_that_does_not_read_the_request_runs_into_the_timeout(serve: Serve) -> None:
    record = ask(serve([], greeting=[FOREVER_S]), queries=LONG_QUERY, timeout_s=0.3)
    assert (record.outcome, record.status) == (Outcome.TIMEOUT, None)
    assert 290 * MS <= record.latency_ns < PROMPT_S * 1e9


def test_server_that_refuses_before_it_has_read_the_request_is_heard(serve: Serve) -> None:
    too_large = [*sized(b"too large", status="413 Content Too Large", kind="text/plain"), CLOSE]
    record = ask(serve([], greeting=too_large), queries=LONG_QUERY)
    assert (record.outcome, record.status) == (Outcome.HTTP_ERROR, 413)
    assert record.error == "HTTP 413: too large"


def test_every_address_of_a_name_is_tried(serve: Serve) -> None:
    server = serve(ANSWER)  # on 127.0.0.1 only, while localhost is ::1 as well on most machines
    assert ask(server, url=server.url().replace("127.0.0.1", "localhost")).outcome is Outcome.OK


# The connection between requests.


def test_connection_is_kept_for_the_next_request(serve: Serve) -> None:
    server = serve(ANSWER)
    first, second = ask_often(server, 2)
    assert (first.outcome, second.outcome, server.connections) == (Outcome.OK, Outcome.OK, 1)
    assert first.connect_ns is not None
    assert second.connect_ns is None


@pytest.mark.parametrize("ending", [CLOSE, RESET])
@undisturbed
def test_connection_closed_between_requests_is_opened_again(serve: Serve, ending: Step) -> None:
    server = serve([*ANSWER, 0.02, ending], ANSWER)
    records = ask_often(server, 2, pause_s=0.1)
    assert [record.outcome for record in records] == [Outcome.OK, Outcome.OK]
    assert [record.retries for record in records] == [0, 0]
    assert (server.connections, len(server.requests)) == (2, 2)


@pytest.mark.parametrize("ending", [CLOSE, RESET])
def test_connection_closed_in_the_moment_of_the_next_request_costs_one_resend(serve: Serve, ending: Step) -> None:
    server = serve(ANSWER, [ending], ANSWER)
    records = ask_often(server, 2)
    assert [record.outcome for record in records] == [Outcome.OK, Outcome.OK]
    assert [(record.retries, record.resent) for record in records] == [(0, 0), (0, 1)]
    assert (server.connections, len(server.requests)) == (2, 3)
    assert server.requests[1].body == server.requests[2].body


def test_server_that_closes_again_and_again_is_not_asked_for_ever(serve: Serve) -> None:
    server = serve(ANSWER, [CLOSE])
    _, second = ask_often(server, 2)
    assert (second.outcome, second.retries, second.resent) == (Outcome.CONNECT_ERROR, 0, 1)
    assert len(server.requests) == 3


def test_answer_that_began_is_not_asked_for_again(serve: Serve) -> None:
    server = serve(ANSWER, [CHUNKED_HEAD, RESET], ANSWER)
    _, second = ask_often(server, 2)
    assert (second.outcome, second.retries, len(server.requests)) == (Outcome.TRUNCATED, 0, 2)


LEFTOVERS = {
    "error in the stream": chunked(HELLO, TOO_BUSY, 0.05, WORLD, DONE),
    "end marker and more": chunked(WHOLE, HELLO * 99, 0.05, WORLD * 99),
    "Content-Length too short": promising(len(WHOLE), WHOLE, HELLO, 0.05, WORLD),
    "stall": [CHUNKED_HEAD, chunk(HELLO), 0.4, chunk(WORLD)],
    "error status": sized(PAGE, status="404 Not Found"),
    "long error body": sized(b"x" * 300_000, status="400 Bad"),
}


@pytest.mark.parametrize("script", LEFTOVERS.values(), ids=LEFTOVERS)
@undisturbed
def test_nothing_of_one_answer_is_read_as_the_next(serve: Serve, script: Script) -> None:
    _, second = ask_often(serve(script, ANSWER), 2, pause_s=0.1, timeout_s=0.3)
    assert (second.outcome, second.chunks, second.status) == (Outcome.OK, 2, 200)


def test_run_counts_what_was_sent_again_apart_from_retries(serve: Serve) -> None:
    server = serve(ANSWER, [CLOSE], ANSWER, failing("503 Busy"), ANSWER)
    result = LoadRun(target_of(server), RunConfig(threads=1, requests=3)).run()
    assert (result.summary.ok, result.summary.resent, result.summary.retried) == (3, 1, 1)
    assert list(result.requests["resent"]) == [0, 1, 0]
    counts = summary_document(result)["requests"]
    assert (counts["resent"], counts["retried"]) == (1, 1)
    assert "1, as their idle connection was closed" in shown(lambda console: console.summary(result))
