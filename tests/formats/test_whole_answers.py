"""What is read of answers without a stream, and what is asked for to get one."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from sse_perf_tool.arguments import Arguments, parse_arguments
from sse_perf_tool.formats import FORMATS, AnswerReader, guess_from_url
from sse_perf_tool.formats.table import detect_whole
from sse_perf_tool.providers import Query
from sse_perf_tool.records import TextMode
from sse_perf_tool.request.body import BodyBuilder
from whole_answers import ANSWERS, JSON, OPENAI, TGI, WholeAnswer, bytes_of

pytestmark = pytest.mark.usefixtures("own_folder")


def read(body: bytes, name: str | None, *, pieces: int | None = None, **options: Any) -> AnswerReader:
    reader = AnswerReader(FORMATS[name] if name else None, options, JSON, whole=True)
    size = pieces or max(1, len(body))
    assert all(reader.feed(body[at : at + size]) == 0 for at in range(0, len(body), size)), "nothing before the end"
    reader.close()
    return reader


# --- what is read


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer.name)
@pytest.mark.parametrize("pieces", [None, 1], ids=["at once", "byte by byte"])
def test_a_whole_answer_is_read_as_its_format_says(answer: WholeAnswer, pieces: int | None) -> None:
    reader = read(bytes_of(answer.document), answer.format, pieces=pieces, **answer.options)
    assert (reader.text, reader.reasoning, reader.usage) == (answer.text, answer.reasoning, answer.usage)
    assert (reader.finish_reason, reader.error) == (answer.finish_reason, answer.error)
    assert (reader.message_id, reader.conversation_id) == (answer.message_id, answer.conversation_id)
    assert tuple(reader.choices) == answer.choices
    assert reader.complete is (answer.error is None)


def test_every_format_that_gives_whole_answers_is_shown_to_be_read() -> None:
    assert {answer.format for answer in ANSWERS} == {name for name, row in FORMATS.items() if row.whole is not None}


@pytest.mark.parametrize(
    "answer", [a for a in ANSWERS if a.format != "custom" and "error" not in a.name], ids=lambda answer: answer.name
)
def test_a_whole_answer_shows_its_format(answer: WholeAnswer) -> None:
    found = detect_whole(answer.document)
    assert found is not None
    assert found.name == answer.format
    reader = read(bytes_of(answer.document), None)
    assert (reader.text, reader.format_name, reader.detected) == (answer.text, answer.format, answer.format)


def test_another_format_than_the_guessed_one_is_read_as_what_it_is() -> None:
    reader = AnswerReader(None, {}, JSON, FORMATS["dify"], whole=True)
    reader.feed(bytes_of(OPENAI))
    reader.close()
    assert (reader.text, reader.format_name) == ("Hello! How are you?", "openai_chat")


def test_a_list_of_one_object_is_that_object() -> None:
    assert read(b" [" + bytes_of(TGI) + b"]\n", "tgi").text == " Deep learning is"
    assert read(bytes_of([TGI, TGI]), "tgi").json_events == 0


def test_json_of_no_known_format_is_complete_only_when_the_format_is_named() -> None:
    assert not read(b'{"a": 1}', None).complete
    named = read(b'{"a": 1}', "dify")
    assert (named.complete, named.text) == (True, "")


@pytest.mark.parametrize(
    ("body", "cut_short"),
    [(b'{"answer": "Hel', True), (b'{"answer": "Hel"} ', False), (b"oops", False), (b"", False), (b"[{", False)],
)
def test_a_body_that_stops_within_its_json_shows_it(body: bytes, cut_short: bool) -> None:
    assert read(body, "dify").cut_short is cut_short


def spots(value: Any) -> list[tuple[Any, Any]]:
    """(container, key) of all values inside `value`."""
    keys = list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    return [spot for key in keys for spot in ((value, key), *spots(value[key]))]


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer.name)
def test_no_reader_raises_whatever_stands_anywhere(answer: WholeAnswer) -> None:
    for foreign in (None, True, -1, 1.5, "x", [], {}, [None], [{}], {"a": 1}):
        for number in range(len(spots(answer.document))):
            document = copy.deepcopy(answer.document)
            container, key = spots(document)[number]
            container[key] = foreign
            assert read(bytes_of(document), answer.format, **answer.options).json_events == 1
            detect_whole(document)


# --- what is asked for


def body_of(name: str) -> dict[str, Any]:
    builder = BodyBuilder(row=FORMATS[name], model="m", stream=False)
    body: dict[str, Any] = json.loads(builder.build(Query("hi")))
    return body


@pytest.mark.parametrize(
    ("name", "stream"),
    [(name, False) for name, row in FORMATS.items() if row.whole and name not in ("dify", "gemini", "dashscope")]
    + [("dify", None), ("gemini", None), ("dashscope", None)],
)
def test_the_body_asks_for_no_stream(name: str, stream: bool | None) -> None:
    body = body_of(name)
    assert body.get("stream") is stream
    assert "stream_options" not in body
    assert body.get("response_mode") == ("blocking" if name == "dify" else None)
    assert body.get("parameters") == {"dashscope": {"result_format": "message"}, "tgi": {"details": True}}.get(name)


def test_a_template_is_switched_and_tells_what_was_changed() -> None:
    template = {"stream": True, "stream_options": {"include_usage": True}, "messages": [], "n": 1}
    builder = BodyBuilder(template, FORMATS["openai_chat"], stream=False)
    assert json.loads(builder.build(Query("hi"))) == {"stream": False, "messages": [], "n": 1}
    assert builder.switched == ("stream", "stream_options")
    assert template["stream"] is True, "the template itself stays"


def test_a_template_that_asks_for_no_stream_stays_as_it_is() -> None:
    assert BodyBuilder({"stream": False, "query": "{query}"}, FORMATS["openai_chat"], stream=False).switched == ()
    assert BodyBuilder({"stream": True}, FORMATS["openai_chat"]).switched == ()


def test_ollama_streams_unless_it_is_told_not_to() -> None:
    builder = BodyBuilder({"model": "m", "prompt": "{query}"}, FORMATS["ollama"], stream=False)
    assert json.loads(builder.build(Query("hi"))) == {"model": "m", "prompt": "hi", "stream": False}
    assert builder.switched == ("stream",)


@pytest.mark.parametrize(
    ("path", "streamed", "whole"),
    [
        ("/v1beta/models/gemini-2.0-flash:generateContent", None, "gemini"),
        ("/generate", None, "tgi"),
        ("/api/generate", "ollama", "ollama"),
        ("/generate_stream", "tgi", "tgi"),
        ("/v1/chat/completions", "openai_chat", "openai_chat"),
        ("/x", None, None),
    ],
)
def test_paths_of_whole_answers_are_known_without_a_stream(path: str, streamed: str | None, whole: str | None) -> None:
    found = [guess_from_url("localhost", path, stream=stream) for stream in (True, False)]
    assert [None if row is None else row.name for row in found] == [streamed, whole]


def parsed(*argv: str) -> Arguments:
    return parse_arguments(["--no-stream", "--lang", "en", "--html-report", "r.html", "--api-key", "k", *argv], {})


@pytest.mark.parametrize(
    ("path", "streams", "gives_whole"),
    [
        ("/m:streamGenerateContent?alt=sse", ":streamGenerateContent", ":generateContent"),
        ("/generate_stream", "/generate_stream", "/generate"),
    ],
)
def test_a_path_that_asks_for_a_stream_is_a_warning(path: str, streams: str, gives_whole: str) -> None:
    asks = f"--no-stream: the path ends in {streams}, which requests a stream; use {gives_whole} for a whole answer"
    assert parsed("--url", f"http://h{path}").warnings == (asks,)
    assert parsed("--url", f"http://h{path.replace(streams, gives_whole)}").warnings == ()


def test_a_switched_template_is_a_warning() -> None:
    Path("t.json").write_text('{"query": "{query}", "response_mode": "streaming", "user": "u"}')
    arguments = parsed("--request-body-file", "t.json")
    assert arguments.warnings == ("--no-stream: changed in the template to request a whole answer: response_mode",)
    assert json.loads(arguments.body.build(Query("hi")))["response_mode"] == "blocking"


def test_dashscope_is_read_as_one_whole_text() -> None:
    arguments = parsed("--url", "https://dashscope.aliyuncs.com/api/v1/services/aigc/text-generation/generation")
    assert arguments.options == {}
    answer = {"output": {"text": "x"}, "request_id": "q"}
    assert FORMATS["dashscope"].reader(arguments.options)("", answer).mode is TextMode.WHOLE
