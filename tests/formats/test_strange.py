"""Events that are no JSON, and streams of no known format."""

from __future__ import annotations

import json

import pytest

from sse_perf_tool.formats import FORMATS, AnswerReader
from stream_bodies import NDJSON, SSE, chunk, lines_of, read, read_body, says, stream_of

SPEECH = [
    {"type": "begin", "messageId": "m1"},
    {"type": "speech-start", "id": "0"},
    *({"type": "speech-delta", "id": "0", "delta": text} for text in ("Hel", "lo", " you")),
    {"type": "over", "finishReason": "stop"},
]
AG_UI = [
    {"type": "RUN_STARTED", "threadId": "t"},
    *({"type": "TEXT_MESSAGE_CONTENT", "messageId": "m", "delta": text} for text in ("a", "b")),
    {"type": "RUN_FINISHED"},
]
APP = [{"code": 0, "data": {"answer": text, "id": f"i{text}"}} for text in "abc"]
PARTS = [{"parts": [{"kind": "t", "text": text}]} for text in "abc"]


@pytest.mark.parametrize("name", ["openai_chat", "gemini", "dify", None])
def test_broken_json_is_counted_and_is_of_the_text(name: str | None) -> None:
    cut = b'data: {"id": "c1", "choices": [{"index": 0, "del\n\n'
    body = (stream_of(says("a")) + cut) * 3 + stream_of(chunk(finish="stop"), "[DONE]")
    reader = read_body(name, body)
    assert (reader.strange.no_json, reader.strange.broken, reader.error) == (3, 3, None)
    assert reader.strange.first_no_json.startswith('{"id": "c1", "choices"')


@pytest.mark.parametrize("data", ["{", "[", '"content": "x"}}]}', '{"a": 1} trailing', 'ello"}}]}'])
def test_what_was_json_once_is_broken(data: str) -> None:
    assert read("openai_chat", says("a"), data, "[DONE]").strange.broken == 1


@pytest.mark.parametrize("data", ["hello", "connected", "1", "null", '"text"'])
def test_what_never_was_json_is_counted_only(data: str) -> None:
    reader = read("openai_chat", says("a"), data, "[DONE]")
    assert (reader.strange.no_json, reader.strange.broken) == (1, 0)


@pytest.mark.parametrize("event", [("ping", "x{"), ("heartbeat", "now"), "ping", "keep-alive", "", "  ", "[DONE]"])
def test_signs_of_life_are_no_strange_events(event) -> None:  # type: ignore[no-untyped-def]
    assert read("openai_chat", says("a"), event, "[DONE]").strange.no_json == 0


def test_broken_lines_of_ollama_count_too() -> None:
    lines = lines_of({"message": {"content": "a"}, "done": False}) + b'{"message": {"con\n' + lines_of({"done": True})
    assert read_body("ollama", lines, NDJSON).strange.broken == 1


def test_raw_text_is_never_strange() -> None:
    assert read("custom", "{", "b", raw=True).strange.no_json == 0


@pytest.mark.parametrize(
    ("docs", "path", "number"),
    [(SPEECH, "delta", 6), (AG_UI, "delta", 4), (APP, "data.answer", 3), (PARTS, "parts.0.text", 3)],
)
@pytest.mark.parametrize("done", [[], ["[DONE]"]])
@pytest.mark.parametrize("name", [None, "openai_chat", "anthropic", "dify", "gemini", "ollama"])
def test_stream_of_no_known_format_is_known_as_that_and_its_text_is_found(
    docs: list[dict], path: str, number: int, done: list[str], name: str | None
) -> None:
    reader = read(name, *docs) if name == "ollama" else read(name, *docs, *done)
    assert reader.unknown
    assert (reader.strange.unknown, reader.strange.text_path(), reader.chunks) == (number, path, 0)
    assert json.loads(reader.strange.first) == docs[0]


def test_plain_words_are_of_no_known_format_either() -> None:
    reader = read(None, "Hello", "world")
    assert (reader.unknown, reader.strange.no_json, reader.strange.first) == (True, 2, "Hello")


@pytest.mark.parametrize("items", [[chunk({"role": "assistant"}), "[DONE]"], ["[DONE]"], [{"type": "ping"}], []])
def test_an_answer_without_text_is_not_of_no_known_format(items: list) -> None:
    assert not read("openai_chat", *items).unknown


def guessed(name: str, body: bytes, content_type: str) -> AnswerReader:
    reader = AnswerReader(None, {}, content_type, FORMATS[name])
    reader.feed(body)
    reader.close()
    return reader


@pytest.mark.parametrize("content_type", [SSE, "text/plain", "application/json"])
def test_a_guess_of_ollama_gives_way_to_an_event_stream(content_type: str) -> None:
    body = stream_of(*({"message": {"content": text}} for text in "abc"))
    reader = guessed("ollama", body, content_type)
    assert (reader.unknown, reader.format_name, reader.strange.text_path()) == (True, "", "message.content")
    chat = guessed("ollama", stream_of(says("a"), chunk(finish="stop")), content_type)
    assert (chat.format_name, chat.text, chat.complete) == ("openai_chat", "a", True)


def test_what_a_mere_guess_has_read_is_of_no_known_format_while_nothing_shows_it() -> None:
    reader = guessed("chatbot", stream_of(*({"content": text} for text in "abc"), "[DONE]"), SSE)
    assert reader.unknown
    assert (reader.chunks, reader.strange.text_path()) == (3, "content")


def test_known_events_behind_unknown_ones_are_read() -> None:
    reader = read(None, *SPEECH[:2], says("a"), chunk(finish="stop"))
    assert (reader.unknown, reader.text) == (False, "a")


def test_no_path_is_better_than_a_wrong_one() -> None:
    assert read(None, {"type": "a", "id": "1"}, {"type": "b", "id": "2"}).strange.text_path() is None
    assert read(None, {"n": 1}).strange.text_path() is None
