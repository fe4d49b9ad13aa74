"""Times of tokens, and when an answer ends."""

from __future__ import annotations

import select
import time

import pytest

from patience import PROMPT_S, undisturbed
from requests_to_server import (
    CHUNKED_HEAD,
    HELLO,
    MS,
    WHOLE,
    WORLD,
    ask,
    ask_often,
    assert_arrival,
    assert_lasted,
    assert_times_of,
    failing,
    promising,
)
from scripted_server import (
    ANSWER,
    CLOSE,
    DONE,
    FINISH,
    FRAMINGS,
    RESET,
    Framing,
    Script,
    Serve,
    chunk,
    chunked,
    event,
    head,
    token,
    usage,
)
from sse_perf_tool import tester as tester_module
from sse_perf_tool.compiled import PURE
from sse_perf_tool.records import Outcome
from sse_perf_tool.wire import pump, reading

# Times.


@pytest.mark.parametrize("framing", FRAMINGS.values(), ids=FRAMINGS)
@undisturbed
def test_arrival_times_are_those_of_the_server_in_every_framing(serve: Serve, framing: Framing) -> None:
    server = serve(framing(HELLO, 0.1, WORLD, 0.1, DONE))
    assert_times_of(ask(server), server)


@pytest.mark.parametrize("framing", FRAMINGS.values(), ids=FRAMINGS)
@undisturbed
def test_token_arrives_with_the_bytes_that_complete_its_event(serve: Serve, framing: Framing) -> None:
    server = serve(framing(HELLO[:30], 0.1, HELLO[30:], DONE))
    record = ask(server)
    assert record.ttfb_ns is not None
    assert record.ttft_ns is not None
    assert_arrival(record, record.ttft_ns, server, HELLO[30:])
    assert record.ttft_ns - record.ttfb_ns > 70 * MS


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system whose kernel does not stamp and has no epoll."""
    monkeypatch.setattr(pump, "KERNEL_STAMPS", False)
    monkeypatch.setenv(PURE, "1")
    monkeypatch.setattr(reading, "_reader_here", None)
    monkeypatch.delattr(select, "epoll", raising=False)


@pytest.mark.usefixtures("elsewhere")
@undisturbed
def test_arrival_times_are_right_on_systems_without_stamps(serve: Serve) -> None:
    server = serve(chunked(HELLO, 0.1, WORLD, 0.1, DONE))
    record = ask(server)
    assert_times_of(record, server)
    assert record.clock == "user"


@pytest.mark.usefixtures("elsewhere")
@undisturbed
def test_connections_end_and_are_opened_again_on_systems_without_epoll(serve: Serve) -> None:
    server = serve(ANSWER, [*ANSWER, 0.02, CLOSE], [RESET], ANSWER)
    records = ask_often(server, 4, pause_s=0.1)
    assert [(record.outcome.value, record.retries) for record in records[:2]] == [("ok", 0), ("ok", 0)]
    assert (records[2].outcome, records[3].outcome) == (Outcome.CONNECT_ERROR, Outcome.OK)


@pytest.mark.skipif(not pump.KERNEL_STAMPS, reason="the kernel does not stamp here")
def test_kernel_stamps_what_arrives_and_the_record_says_so(serve: Serve) -> None:
    assert ask(serve(ANSWER)).clock == "kernel"


def test_tokens_that_come_together_have_no_gap_between_them(serve: Serve) -> None:
    assert ask(serve(chunked(HELLO + WORLD + HELLO, DONE))).gaps_us == (0, 0)


@undisturbed
def test_reasoning_is_the_first_token_but_not_the_first_answer(serve: Serve) -> None:
    thought = event({"choices": [{"delta": {"reasoning_content": "hm"}}]})
    server = serve(chunked(event({"choices": [{"delta": {"role": "assistant"}}]}), thought, 0.1, HELLO, DONE))
    record = ask(server)
    assert_arrival(record, record.ttft_ns, server, thought)
    assert_arrival(record, record.ttfa_ns, server, HELLO)
    assert_lasted(server, record.latency_ns - (record.ttfa_ns or 0), HELLO, DONE)


def test_start_is_that_of_the_first_attempt(serve: Serve) -> None:
    record = ask(serve([0.1, *failing("503 Busy")], ANSWER))
    assert record.retries == 1
    assert record.ttft_ns is not None
    assert record.ttft_ns >= 100 * MS


def test_failed_request_took_as_long_as_it_did(serve: Serve) -> None:
    began_ns = time.perf_counter_ns()
    record = ask(serve([]), timeout_s=0.2)
    assert record.outcome is Outcome.TIMEOUT
    assert 195 * MS <= record.latency_ns < time.perf_counter_ns() - began_ns


# The end of an answer.


@pytest.mark.parametrize(
    "script",
    [[CHUNKED_HEAD, chunk(WHOLE)], [head(), WHOLE], promising(9_999, WHOLE)],
    ids=["chunked", "close-delimited", "Content-Length"],
)
def test_end_marker_ends_the_answer_though_the_server_keeps_the_connection_open(serve: Serve, script: Script) -> None:
    server = serve(script, ANSWER)
    began_s = time.monotonic()
    first, second = ask_often(server, 2)
    assert time.monotonic() - began_s < PROMPT_S
    assert (first.outcome, first.chunks, first.output_tokens) == (Outcome.OK, 2, 2)
    assert_arrival(first, first.latency_ns, server, WHOLE)  # without the wait for more
    assert (second.outcome, server.connections) == (Outcome.OK, 2)


def test_usage_is_waited_for_behind_the_finish_reason(serve: Serve) -> None:
    record = ask(serve([CHUNKED_HEAD, chunk(HELLO + FINISH), 0.2, chunk(usage(9, 7)), chunk(DONE)]))
    assert (record.outcome, record.output_tokens, record.token_source) == (Outcome.OK, 7, "usage")


def test_silence_behind_the_finish_reason_ends_after_the_grace(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tester_module, "SOFT_END_S", 0.2)
    began_s = time.monotonic()
    record = ask(server := serve([CHUNKED_HEAD, chunk(HELLO + FINISH)]))
    assert 0.2 <= time.monotonic() - began_s < PROMPT_S
    assert (record.outcome, record.finish_reason) == (Outcome.OK, "stop")
    assert_arrival(record, record.latency_ns, server, FINISH)


def test_line_of_a_mebibyte_is_one_token_event(serve: Serve) -> None:
    record = ask(serve(chunked(token("x" * 2**20), DONE)))
    assert (record.outcome, record.chunks, record.text_chars) == (Outcome.OK, 1, 2**20)
