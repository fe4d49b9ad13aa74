"""When an answer is over: not at what usually stands near its end, but at its end, or when nothing comes any more."""

from __future__ import annotations

import json

import pytest

from patience import FOREVER_S, undisturbed
from requests_to_server import CHUNKED_HEAD, HELLO, MS, WORLD, ask, ask_often, assert_arrival
from scripted_server import (
    ANSWER,
    CLOSE,
    DONE,
    FINISH,
    RESET,
    Script,
    Serve,
    Step,
    chunk,
    chunked,
    event,
    head,
    until_close,
    usage,
)  # fmt: skip
from sse_perf_tool import tester as tester_module
from sse_perf_tool.formats import FORMATS
from sse_perf_tool.records import Outcome

PING = b": ping\n\n"


@pytest.fixture(autouse=True)
def short_silences(monkeypatch: pytest.MonkeyPatch) -> None:
    """The silence that ends an answer is a short one, so that the tests are."""
    monkeypatch.setattr(tester_module, "SOFT_END_S", 0.3)
    monkeypatch.setattr(tester_module, "ERROR_DRAIN_S", 0.3)


def delta(text: str, index: int = 0, finish: str | None = None) -> bytes:
    """A chunk of a choice."""
    return event({"id": "c", "choices": [{"index": index, "delta": {"content": text}, "finish_reason": finish}]})


def every(seconds: float, *pieces: bytes) -> list[Step]:
    """The pieces as chunks, a pause before each."""
    return [step for piece in pieces for step in (seconds, chunk(piece))]


LAST = b"0\r\n\r\n"


@undisturbed
def test_text_behind_a_finish_reason_is_read_however_long_it_goes_on(serve: Serve) -> None:
    late = every(0.15, *[HELLO] * 4, usage(9, 7), DONE)
    record = ask(serve([CHUNKED_HEAD, chunk(HELLO + FINISH), *late, LAST]))
    assert (record.outcome, record.chunks, record.output_tokens) == (Outcome.OK, 5, 7)
    assert record.latency_ns >= 850 * MS


@undisturbed
def test_a_finish_reason_in_every_chunk_ends_nothing(serve: Serve) -> None:
    record = ask(serve([CHUNKED_HEAD, *every(0.1, *[delta("a", finish="stop")] * 6), chunk(DONE), LAST]))
    assert (record.outcome, record.chunks) == (Outcome.OK, 6)


@pytest.mark.parametrize(
    ("ending", "outcome"), [(CLOSE, Outcome.TRUNCATED), (RESET, Outcome.TRUNCATED), (9.0, Outcome.TIMEOUT)]
)
def test_an_answer_given_up_or_broken_while_text_still_came_is_not_whole(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, ending: Step, outcome: Outcome
) -> None:
    monkeypatch.setattr(tester_module, "SOFT_END_S", FOREVER_S)
    texts = every(0.1, *[delta("a", finish="stop")] * 4)
    goes_on, timeout_s = (every(0.2, *[delta("a")] * 20), 1.0) if ending == 9.0 else ([0.05, ending], FOREVER_S)
    record = ask(serve([CHUNKED_HEAD, *texts, *goes_on]), timeout_s=timeout_s)
    assert record.outcome is outcome, record.error


def test_a_choice_that_is_open_is_waited_for(serve: Serve) -> None:
    begun = chunk(delta("a") + delta("b", 1) + delta("", finish="stop"))
    rest = [0.7, chunk(delta("c", 1)), 0.7, chunk(delta("", 1, "length"))]
    record = ask(serve([CHUNKED_HEAD, begun, *rest, 0.1, chunk(DONE), LAST]))
    assert (record.outcome, record.chunks, record.finish_reason) == (Outcome.OK, 3, "stop")


@pytest.mark.parametrize(
    "candidate", [lambda *facts: delta(*facts), lambda text, index=0, finish=None: event(gemini(text, index, finish))]
)
def test_an_open_choice_at_the_end_of_the_body_is_a_truncated_answer(serve: Serve, candidate) -> None:  # type: ignore[no-untyped-def]
    body = candidate("a") + candidate("b", 1) + candidate("", 0, "STOP")
    record = ask(serve(until_close(body)), format=None)
    assert (record.outcome, record.chunks) == (Outcome.TRUNCATED, 2)
    whole = ask(serve(until_close(body + candidate("", 1, "STOP"))), format=None)
    assert whole.outcome is Outcome.OK


def gemini(text: str, index: int = 0, finish: str | None = None) -> dict:
    candidate = {"index": index, "content": {"parts": [{"text": text}]}}
    return {"candidates": [candidate | ({"finishReason": finish} if finish else {})]}


def test_silence_ends_the_wait_and_is_in_no_figure(serve: Serve) -> None:
    record = ask(server := serve([CHUNKED_HEAD, chunk(HELLO + FINISH)]))
    assert (record.outcome, record.finish_reason) == (Outcome.OK, "stop")
    assert_arrival(record, record.latency_ns, server, FINISH)


def test_a_slow_server_is_waited_for_longer(serve: Serve) -> None:
    slow = [chunk(HELLO), 0.5, chunk(WORLD + FINISH), 0.4, chunk(usage(9, 7) + DONE), LAST]
    record = ask(serve([CHUNKED_HEAD, *slow]))
    assert (record.outcome, record.output_tokens) == (Outcome.OK, 7)


@undisturbed
def test_heartbeats_behind_the_end_are_signs_of_life_and_no_part_of_the_answer(serve: Serve) -> None:
    server = serve([CHUNKED_HEAD, chunk(HELLO + FINISH), *every(0.1, *[PING] * 30)])
    record = ask(server, timeout_s=0.8)
    assert record.outcome is Outcome.OK
    assert_arrival(record, record.latency_ns, server, FINISH)
    late = ask(serve([CHUNKED_HEAD, chunk(HELLO + FINISH), *every(0.1, *[PING] * 6), chunk(usage(9, 7) + DONE), LAST]))
    assert (late.outcome, late.output_tokens) == (Outcome.OK, 7)


@pytest.mark.parametrize("framing", ["chunked", "until close"])
def test_what_follows_the_end_marker_at_once_is_read_and_the_connection_is_not_used_again(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, framing: str
) -> None:
    monkeypatch.setattr(tester_module, "USAGE_DRAIN_S", FOREVER_S)  # it comes, and that ends it
    begin = CHUNKED_HEAD if framing == "chunked" else head()
    piece = chunk if framing == "chunked" else bytes
    script: Script = [begin, piece(HELLO + FINISH + DONE), 0.03, piece(usage(9, 7))]
    server = serve(script, ANSWER)
    first, second = ask_often(server, 2)
    assert (first.outcome, first.output_tokens) == (Outcome.OK, 7)
    assert (second.outcome, server.connections) == (Outcome.OK, 2)


def test_all_that_is_said_of_an_error_is_read(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tester_module, "ERROR_DRAIN_S", FOREVER_S)  # the end of the body ends it
    more = event({"error": {"message": "the card is gone"}})
    record = ask(serve([CHUNKED_HEAD, chunk(HELLO + event({"error": "failed"})), 0.15, chunk(more), LAST]))
    assert (record.outcome, record.error) == (Outcome.IN_STREAM_ERROR, "failed; the card is gone")


BROKEN_OFF = [
    ("openai_chat", "insufficient_system_resource"), ("openai_chat", "network_error"), ("openai_chat", "error"),
    ("openai_chat", "abort"), ("openai_completions", "abort"), ("cohere", "ERROR"), ("cohere", "TIMEOUT"),
    ("gemini", "MALFORMED_FUNCTION_CALL"), ("gemini", "UNEXPECTED_TOOL_CALL"), ("dify", "stopped"),
    ("ollama", "error"), ("tgi", "error"), ("anthropic", "error"), ("dashscope", "network_error"),
    ("qianfan", "aborted"), ("coze", "canceled"), ("chatbot", "error"), ("custom", "server_error"),
    ("openai_responses", "cancelled"),
]  # fmt: skip
GOOD_REASONS = [
    ("openai_chat", "stop"), ("openai_chat", "length"), ("openai_chat", "tool_calls"),
    ("openai_chat", "content_filter"), ("openai_chat", "sensitive"), ("openai_completions", "length"),
    ("cohere", "COMPLETE"), ("cohere", "MAX_TOKENS"), ("cohere", "ERROR_TOXIC"), ("gemini", "SAFETY"),
    ("gemini", "MAX_TOKENS"), ("dify", "succeeded"), ("dify", "partial-succeeded"), ("ollama", "stop"),
    ("tgi", "eos_token"), ("anthropic", "refusal"), ("anthropic", "end_turn"), ("dashscope", "stop"),
    ("qianfan", "normal"), ("coze", "requires_action"), ("chatbot", "stop"), ("custom", "stopped"),
]  # fmt: skip


def ended_by(name: str, reason: str) -> tuple[bytes, bytes]:
    """(a stream, a whole answer) of one text in this format that ends for this reason."""
    usage_of = {"input_tokens": 1, "output_tokens": 1}
    docs: dict[str, tuple[list[object], object]] = {
        "openai_chat": (
            [{"choices": [{"delta": {"content": "a"}}]}, {"choices": [{"delta": {}, "finish_reason": reason}]}],
            {"choices": [{"message": {"content": "a"}, "finish_reason": reason}]},
        ),
        "openai_completions": (
            [{"choices": [{"text": "a"}]}, {"choices": [{"text": "", "finish_reason": reason}]}],
            {"choices": [{"text": "a", "finish_reason": reason}]},
        ),
        "openai_responses": (
            [
                {"type": "response.output_text.delta", "delta": "a"},
                {"type": f"response.{reason}", "response": {"status": reason}},
            ],
            {
                "object": "response",
                "status": reason,
                "output": [{"type": "message", "content": [{"type": "output_text", "text": "a"}]}],
            },
        ),
        "cohere": (
            [
                {"type": "content-delta", "delta": {"message": {"content": {"text": "a"}}}},
                {"type": "message-end", "delta": {"finish_reason": reason}},
            ],
            {"finish_reason": reason, "message": {"role": "assistant", "content": [{"type": "text", "text": "a"}]}},
        ),
        "gemini": ([gemini("a"), gemini("", 0, reason)], gemini("a", 0, reason)),
        "dify": (
            [
                {"event": "text_chunk", "task_id": "t", "data": {"text": "a"}},
                {"event": "workflow_finished", "task_id": "t", "data": {"status": reason, "outputs": {"x": "a"}}},
            ],
            {"workflow_run_id": "w", "data": {"status": reason, "outputs": {"x": "a"}}},
        ),
        "ollama": (
            [{"message": {"content": "a"}, "done": False}, {"done": True, "done_reason": reason, "message": {}}],
            {"message": {"content": "a"}, "done": True, "done_reason": reason},
        ),
        "tgi": (
            [
                {"token": {"text": "a"}},
                {"token": {"text": ""}, "generated_text": "a", "details": {"finish_reason": reason}},
            ],
            {"generated_text": "a", "details": {"finish_reason": reason}},
        ),
        "anthropic": (
            [
                {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "a"}},
                {"type": "message_delta", "delta": {"stop_reason": reason}},
                {"type": "message_stop"},
            ],
            {"type": "message", "content": [{"type": "text", "text": "a"}], "stop_reason": reason},
        ),
        "dashscope": (
            [{"request_id": "r", "output": {"text": "a", "finish_reason": reason}, "usage": usage_of}],
            {"request_id": "r", "output": {"text": "a", "finish_reason": reason}, "usage": usage_of},
        ),
        "qianfan": (
            [{"result": "a", "is_end": False}, {"result": "", "is_end": True, "finish_reason": reason}],
            {"result": "a", "is_truncated": False, "finish_reason": reason},
        ),
        "chatbot": (
            [("message", {"content": "a"}), ("completed", {"finish_reason": reason, "content": "a"})],
            {"turn": 1, "content": "a", "finish_reason": reason},
        ),
        "coze": (
            [
                ("conversation.message.delta", {"type": "answer", "content": "a"}),
                (f"conversation.chat.{reason}", {"status": reason}),
            ],
            None,
        ),
        "custom": ([{"t": "a"}, {"why": reason}], {"t": "a", "why": reason}),
    }
    stream, whole = docs[name]
    if name == "ollama":
        return b"".join(json.dumps(doc).encode() + b"\n" for doc in stream), json.dumps(whole).encode()
    events = [doc if isinstance(doc, tuple) else (None, doc) for doc in stream]
    named = ((f"event: {kind}\n".encode() if kind else b"") + event(doc) for kind, doc in events)
    return b"".join(named), b"" if whole is None else json.dumps(whole).encode()


def answers_ended_by(serve: Serve, name: str, reason: str) -> list:
    """The records of the stream and of the whole answer (not for Coze, which has none)."""
    stream, whole = ended_by(name, reason)
    kind = "application/x-ndjson" if name == "ollama" else "text/event-stream"
    facts = {"format": FORMATS[name], "named": True, "options": {"fields": {"text": "t", "finish_reason": "why"}}}
    records = [ask(serve(chunked(stream, kind=kind)), **facts)]
    if whole:
        records.append(ask(serve(chunked(whole, kind="application/json")), stream=False, **facts))
    return records


@pytest.mark.parametrize(("name", "reason"), BROKEN_OFF)
def test_a_finish_reason_can_say_that_the_server_broke_off(serve: Serve, name: str, reason: str) -> None:
    for record in answers_ended_by(serve, name, reason):
        assert (record.outcome, record.finish_reason) == (Outcome.IN_STREAM_ERROR, reason)
        assert record.error == f'the server broke off: finish reason "{reason}"'


@pytest.mark.parametrize(("name", "reason"), GOOD_REASONS)
def test_other_finish_reasons_are_proper_ends(serve: Serve, name: str, reason: str) -> None:
    for record in answers_ended_by(serve, name, reason):
        assert (record.outcome, record.finish_reason, record.error) == (Outcome.OK, reason, None)


def test_the_reason_of_any_choice_counts(serve: Serve) -> None:
    body = delta("a") + delta("b", 1) + delta("", finish="stop") + delta("", 1, "network_error")
    record = ask(serve(chunked(body, DONE)))
    assert (record.outcome, record.error) == (
        Outcome.IN_STREAM_ERROR, 'the server broke off: finish reason "network_error"',
    )  # fmt: skip


def test_it_is_said_in_chinese_too(serve: Serve) -> None:
    record = ask(serve(chunked(HELLO, delta("", finish="network_error"), DONE)), lang="zh")
    assert record.error == "服务端中断了回答：结束原因“network_error”"
