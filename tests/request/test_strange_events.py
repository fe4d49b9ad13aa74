"""How a request ends whose answer cannot be read, or not all of it, and what is said of it."""

from __future__ import annotations

import json

import pytest

from patience import FOREVER_S, undisturbed
from requests_to_server import DONE, FINISH, HELLO, OPENAI, WORLD, ask
from scripted_server import CLOSE, Serve, chunked, event, sized, token, until_close
from sse_perf_tool.formats import FORMATS
from sse_perf_tool.records import Outcome

DOCS = [{"type": "text-delta", "id": "0", "delta": text} for text in ("Hel", "lo", " you")]
EVENTS = b"".join(map(event, DOCS))
LINES = b"".join(json.dumps(doc).encode() + b"\n" for doc in DOCS)
FIRST = '{{"type": "text-delta", "id": "0", "delta": "Hel"}}'
SAID = f"3 events came, none of {{}} (first: {FIRST}); name the text: --text-path delta"


@pytest.mark.parametrize(
    "script",
    [
        chunked(EVENTS),
        chunked(EVENTS, DONE),
        until_close(EVENTS),
        sized(EVENTS + b": bye\n\n"),
        chunked(LINES, kind="application/x-ndjson"),
        chunked(EVENTS, kind="text/plain"),
        chunked(EVENTS, kind="application/json"),
        [*chunked(EVENTS, 9.0)],
    ],
    ids=["end", "done", "close", "sized", "lines", "plain", "json", "open"],
)
@pytest.mark.parametrize("format_name", [None, "openai_chat", "chatbot"])
@undisturbed
def test_a_stream_of_no_known_format_has_one_outcome_and_one_message(
    serve: Serve, script: list, format_name: str | None
) -> None:
    row = FORMATS[format_name] if format_name else None
    record = ask(serve(script), format=row, timeout_s=0.5 if 9.0 in script else FOREVER_S)
    assert (record.outcome, record.error) == (Outcome.MALFORMED, SAID.format("a known format"))


def test_a_named_format_is_named(serve: Serve) -> None:
    record = ask(serve(chunked(EVENTS)), named=True)
    assert record.error == SAID.format("--format openai_chat")
    assert "收到 3 个事件" in (ask(serve(chunked(EVENTS)), lang="zh").error or "")
    assert "收到 1 个事件" in (ask(serve(chunked(event(DOCS[0]))), lang="zh").error or "")


def test_without_a_stream_it_is_the_same_outcome(serve: Serve) -> None:
    for named in (True, False):
        script = sized(json.dumps({"reply": {"words": "Hello"}}).encode(), kind="application/json")
        record = ask(serve(script), stream=False, named=named)
        assert record.outcome is Outcome.MALFORMED
        assert "name the text: --text-path reply.words" in (record.error or "")


def test_events_cut_after_40_characters_are_malformed_and_counted(serve: Serve) -> None:
    cut = b"".join(piece for text in "abcd" for piece in (token(text), token(text)[:40] + b"\n\n"))
    record = ask(serve(chunked(cut, FINISH, DONE)))
    assert (record.outcome, record.chunks, record.bad_events) == (Outcome.MALFORMED, 4, 4)
    assert (record.error or "").startswith(
        '4 of 10 events are cut or broken JSON, and text may have been in them (first: {"id": "chatcmpl-1", "choices"'
    )


def test_events_of_plain_words_are_counted_and_the_answer_is_whole(serve: Serve) -> None:
    record = ask(serve(chunked(HELLO, b"data: connected\n\n", WORLD, FINISH, DONE)))
    assert (record.outcome, record.bad_events) == (Outcome.OK, 1)


LONG = "The model is overloaded; " * 60


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("kind", ["text/plain", "text/event-stream", "application/octet-stream", "text/html"])
@pytest.mark.parametrize("status", ["200 OK", "500 No"])
def test_plain_words_about_a_failure_are_shown_uncut(serve: Serve, stream: bool, kind: str, status: str) -> None:
    record = ask(serve(sized(LONG.encode(), status=status, kind=kind)), stream=stream, retries=0)
    assert record.outcome not in (Outcome.OK, Outcome.TRUNCATED)
    assert LONG.strip() in (record.error or "")


@pytest.mark.parametrize(
    ("tail", "outcome"),
    [
        (b"Internal Server Error: no GPU", Outcome.TRUNCATED),
        (b"\nTraceback (most recent call last):\nKeyError: no GPU\n", Outcome.TRUNCATED),
        (b"data: sorry, no GPU\n\n", Outcome.TRUNCATED),
        (event({"message": "no GPU"}), Outcome.TRUNCATED),
        (b'{"error": {"message": "no GPU"}}', Outcome.IN_STREAM_ERROR),
        (b'error: {"code": 500, "message": "no GPU"}\n\n', Outcome.IN_STREAM_ERROR),
        (event({"detail": "no GPU"}), Outcome.IN_STREAM_ERROR),
        (b"event: error\ndata: no GPU\n\n", Outcome.IN_STREAM_ERROR),
    ],
)
def test_words_behind_text_reach_the_user_wherever_they_stand(serve: Serve, tail: bytes, outcome: Outcome) -> None:
    record = ask(serve(until_close(HELLO, tail)))
    assert (record.outcome, record.chunks) == (outcome, 1)
    assert "no GPU" in (record.error or "")


def test_words_in_the_place_of_a_chunk_reach_the_user(serve: Serve) -> None:
    script = [*chunked(HELLO)[:-1], b"HTTP/1.1 500 Internal Server Error\r\n\r\nno GPU", CLOSE]
    record = ask(serve(script))
    assert record.outcome is Outcome.MALFORMED
    assert "HTTP/1.1 500 Internal Server Error no GPU" in (record.error or "")


def test_an_answer_of_tool_calls_without_usage_is_not_empty(serve: Serve) -> None:
    call = {"index": 0, "function": {"name": "weather", "arguments": '{"city": "Paris"}'}}
    body = event({"choices": [{"delta": {"tool_calls": [call]}}]})
    record = ask(serve(chunked(body, FINISH, DONE)))
    assert (record.outcome, record.output_tokens, record.token_source) == (Outcome.OK, 3, "estimate")
    whole = {"choices": [{"message": {"content": None, "tool_calls": [call]}, "finish_reason": "tool_calls"}]}
    record = ask(serve(sized(json.dumps(whole).encode(), kind="application/json")), stream=False, format=OPENAI)
    assert (record.outcome, record.output_tokens) == (Outcome.OK, 3)
