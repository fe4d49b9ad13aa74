"""Answers before the answer (1xx), and connections that hold what belongs to nobody."""

from __future__ import annotations

import gzip

import pytest

from patience import undisturbed
from requests_to_server import HELLO, MS, WHOLE, ask, ask_often, assert_arrival
from scripted_server import ANSWER, DONE, FINISH, Script, Serve, chunked, sized, token
from sse_perf_tool.records import Outcome

HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"
PROCESSING = b"HTTP/1.1 102 Processing\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


@pytest.mark.parametrize(
    "before", [[HINTS], [PROCESSING], [CONTINUE], [HINTS, PROCESSING, HINTS], [b"HTTP/1.1 199 X\r\n\r\n"]]
)
@pytest.mark.parametrize("together", [True, False])
def test_interim_answers_are_skipped_and_each_request_has_its_own_answer(
    serve: Serve, before: list[bytes], together: bool
) -> None:
    scripts: list[Script] = []
    for number in (1, 2, 3):
        answer = sized(token("x" * number), FINISH, DONE)
        scripts.append([b"".join([*before, answer[0]]), *answer[1:]] if together else [*before, 0.02, *answer])
    records = ask_often(server := serve(*scripts), 3)
    assert [(record.outcome, record.status, record.text_chars) for record in records] == [
        (Outcome.OK, 200, number) for number in (1, 2, 3)
    ]
    assert server.connections == 1


@undisturbed
def test_the_first_byte_is_that_of_the_final_answer(serve: Serve) -> None:
    apart = ask(serve([HINTS, 0.2, *ANSWER]))
    assert apart.ttfb_ns is not None
    assert apart.ttfb_ns >= 190 * MS
    together = ask(server := serve([HINTS + ANSWER[0], 0.2, *ANSWER[1:]]))
    assert_arrival(together, together.ttfb_ns, server, HINTS)


def test_interim_answers_without_end_are_no_http(serve: Serve) -> None:
    record = ask(serve([HINTS * 9_000]))
    assert record.outcome is Outcome.MALFORMED
    assert "a head of more than" in (record.error or "")


def test_status_behind_an_interim_answer_is_retried_like_any(serve: Serve) -> None:
    busy = sized(status="503 Busy")
    record = ask(serve([PROCESSING, *busy], ANSWER))
    assert (record.outcome, record.retries) == (Outcome.OK, 1)


@pytest.mark.parametrize(
    "script",
    [
        [b"HTTP/1.1 204 No Content\r\n\r\n" + b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno"],
        [*sized(WHOLE), b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno"],
        [*chunked(WHOLE)[:-1], b"0\r\n\r\n" + b"garbage" * 9],
        [b"".join(part for part in sized(gzip.compress(WHOLE), headers=["Content-Encoding: gzip"])) + b"and more"],
        [b"".join(part for part in sized(status="500 No", kind="text/plain")) + b"HTTP/1.1 200 OK\r\n\r\n"],
        [b"".join(part for part in sized(status="503 Busy")) + HELLO],
    ],
    ids=["204 with a body", "two answers", "behind the last chunk", "gzip", "error", "retried"],
)
@undisturbed
def test_connection_with_unread_bytes_is_never_used_again(serve: Serve, script: Script) -> None:
    server = serve(script, ANSWER)
    first, second = ask_often(server, 2, pause_s=0.05, retries=1)
    assert (second.outcome, second.chunks, second.status) == (Outcome.OK, 2, 200), first
    assert server.connections == 2


@undisturbed
def test_bytes_that_wait_behind_the_end_in_reads_of_their_own_are_seen(serve: Serve) -> None:
    server = serve([*chunked(HELLO, FINISH, DONE), b"late", b" and", b" unasked"], ANSWER)
    _, second = ask_often(server, 2, pause_s=0.05)
    assert (second.outcome, second.chunks, server.connections) == (Outcome.OK, 2, 2)


@pytest.mark.parametrize("name", ["llm_provider-retry-after", "LLM_Provider-Retry-After", "Retry-After"])
def test_retry_after_of_the_provider_behind_a_gateway_is_obeyed(serve: Serve, name: str) -> None:
    record = ask(serve(sized(status="429 Too Many", headers=[f"{name}: 1"]), ANSWER))
    assert (record.outcome, record.retries) == (Outcome.OK, 1)
    assert record.ttft_ns is not None
    assert record.ttft_ns >= 1_000 * MS, "without it the first pause is none"
