"""Errors of streams under all their names, and what is none."""

from __future__ import annotations

import json
from typing import ClassVar

import pytest

from sse_perf_tool.formats import FORMATS, AnswerReader, error_in_body
from sse_perf_tool.formats.base import ERROR_LIMIT
from sse_perf_tool.formats.failures import find_error, is_success
from stream_bodies import SSE, Item, read, says

NAMED = [name for name in FORMATS if name != "custom"]

FAILURES = [
    ({"text": "**HIGH TRAFFIC**", "error_code": 50004}, "**HIGH TRAFFIC** (50004)"),
    (
        {"choices": None, "base_resp": {"status_code": 1027, "status_msg": "output sensitive"}},
        "output sensitive (1027)",
    ),
    ({"code": 10014, "message": "engine busy", "sid": "s1"}, "engine busy (10014)"),
    ({"header": {"code": 10013, "message": "input refused", "sid": "s"}}, "input refused (10013)"),
    ({"type": "error", "message": "gone"}, "gone (error)"),
    ({"type": "error", "errorText": "An error occurred."}, "An error occurred."),
    ({"type": "RUN_ERROR", "message": "agent died", "code": "E1"}, "agent died (E1)"),
    ({"detail": "Internal Server Error"}, "Internal Server Error"),
    ({"detail": [{"loc": ["body", "model"], "msg": "field required"}]}, "field required"),
    ({"title": "Gone", "status": 503, "detail": "no GPU", "type": "about:blank"}, "no GPU"),
    ({"object": "error", "message": "too long", "code": 40303}, "too long (40303)"),
    ({"event": "error", "message": "quota"}, "quota"),
    ({"errorCode": "E7", "errorMsg": "bad key"}, "bad key (E7)"),
    ({"success": False, "message": "no quota left"}, "no quota left"),
    ({"status": "failure", "message": "Something went wrong"}, "Something went wrong"),
    ({"code": "InvalidParameter", "message": "url error"}, "url error"),
    ({"ErrorMsg": {"Msg": "overloaded", "Code": 4001}}, "overloaded (4001)"),
    ({"Response": {"Error": {"Code": "LimitExceeded", "Message": "slow down"}}}, "slow down (LimitExceeded)"),
    ({"throttlingException": {"message": "Too many requests"}}, "Too many requests"),
    ({"error": {"message": "boom"}}, "boom"),
    ({"error": "boom"}, "boom"),
]


def bring(name: str, doc: Item, *before: Item) -> AnswerReader:
    """What a reader of this format makes of an event behind others."""
    return read(name, *before, doc)


@pytest.mark.parametrize("name", NAMED)
@pytest.mark.parametrize(("doc", "words"), FAILURES, ids=[next(iter(doc)) for doc, _ in FAILURES])
def test_error_is_known_by_its_shape_whatever_the_format(name: str, doc: dict, words: str) -> None:
    reader = bring(name, doc)
    assert words in (reader.error or ""), reader.error
    assert (reader.complete, reader.last) == (False, True)


@pytest.mark.parametrize(("doc", "words"), FAILURES, ids=[next(iter(doc)) for doc, _ in FAILURES])
def test_error_after_text_is_one_too_and_the_text_stays(doc: dict, words: str) -> None:
    reader = bring("openai_chat", doc, *[says("Hello")] * 3)
    assert words in (reader.error or "")
    assert (reader.text, reader.chunks) == ("HelloHelloHello", 3)


@pytest.mark.parametrize(("doc", "words"), FAILURES, ids=[next(iter(doc)) for doc, _ in FAILURES])
@pytest.mark.parametrize("name", [None, "openai_chat", "gemini"])
def test_error_is_known_in_a_whole_answer_and_in_no_known_format(name: str | None, doc: dict, words: str) -> None:
    reader = AnswerReader(FORMATS[name] if name else None, {}, "application/json", whole=True)
    reader.feed(json.dumps(doc).encode())
    reader.close()
    assert words in (reader.error or "")


@pytest.mark.parametrize("code", [0, "0", 200, "200", 0.0, "Success", "success", "OK", "", None, "00000", 204])
@pytest.mark.parametrize("key", ["code", "error_code", "status_code"])
def test_codes_of_success_are_none(code: object, key: str) -> None:
    doc = {**says("a"), key: code, "message": "Success", "sid": "s"}
    quiet = {key: code, "message": "fine", "base_resp": {"status_code": code, "status_msg": "fine"}}
    reader = read("openai_chat", doc, quiet, "[DONE]")
    assert (reader.error, reader.complete, reader.text) == (None, True, "a")
    assert is_success(code)


@pytest.mark.parametrize(
    "doc",
    [
        {"type": "response.code_interpreter_call_code.done", "code": "print(1)"},
        {"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 1}, "status": "completed"},
        {"code": 20000, "message": "ok"},
        {"status": "loading", "message": "warming up"},
        {"event": "node_finished", "data": {"status": "failed", "error": "x"}, "task_id": "t"},
        {"type": "ping"},
        {"error": None, "errors": []},
        {"detail": ""},
        {"token": {"text": ""}, "details": {"finish_reason": "length"}, "generated_text": None},
    ],
)
@pytest.mark.parametrize("name", ["openai_chat", "openai_responses", "dify", "tgi"])
def test_what_only_looks_like_an_error_is_none(name: str, doc: dict) -> None:
    assert read(name, doc).error is None


@pytest.mark.parametrize("event", ["error", "Exception", "stream_error"])
def test_event_named_like_an_error_is_one_also_in_plain_words(event: str) -> None:
    assert read("openai_chat", says("a"), (event, "Internal server error")).error == "Internal server error"
    assert read("openai_chat", says("a"), (event, {"reason": "x"})).error == '{"reason": "x"}'


class TestCustom:
    FIELDS: ClassVar = {"text": "message", "event": "type"}

    @pytest.mark.parametrize(
        "event",
        [
            {"type": "error", "message": "boom"},
            ("error", {"type": "x", "message": "boom"}),
            ("error", {"message": "boom"}),
        ],
    )
    def test_an_event_whose_type_or_name_is_error_is_one(self, event: Item) -> None:
        reader = read("custom", {"type": "text", "message": "a"}, event, fields=self.FIELDS)
        assert (reader.text, reader.error is not None and "boom" in reader.error) == ("a", True)

    def test_without_any_path_for_the_kind(self) -> None:
        assert read("custom", {"type": "error", "message": "boom"}, fields={"text": "t"}).error == "boom (error)"

    def test_in_raw_streams(self) -> None:
        reader = read("custom", "a", ("error", "boom"), raw=True)
        assert (reader.text, reader.error) == ("a", "boom")

    @pytest.mark.parametrize("options", [{"error_events": ["fatal"]}, {"text_events": ["error"]}])
    def test_unless_the_user_says_otherwise(self, options: dict) -> None:
        reader = read("custom", {"type": "error", "message": "a"}, fields=self.FIELDS, **options)
        assert reader.error is None
        assert reader.text == "a"


class TestWords:
    def test_all_of_a_long_error_is_kept(self) -> None:
        long = "word " * 700
        assert read("openai_chat", {"error": {"message": long}}).error == long.strip()
        assert len(long) < ERROR_LIMIT

    def test_what_the_provider_behind_a_gateway_said_is_shown(self) -> None:
        error = {"message": "Provider returned error", "code": 502, "metadata": {"raw": "CUDA out of memory"}}
        assert find_error({"error": error}) == (
            'Provider returned error (502); {"metadata": {"raw": "CUDA out of memory"}}'
        )

    @pytest.mark.parametrize(
        "tail",
        [
            b'{"error": {"message": "boom"}}',
            b'{"error": {"message": "boom"}}\n',
            b'error: {"code": 500, "message": "boom"}\n\n',
            b'data: {"error": {"message": "boom"}}',
            b'data: {"error": {"message": "boom"}}\n',
            b'event: error\ndata: {"error": {"message": "boom"}}\n',
        ],
    )
    def test_error_that_is_no_event_is_found(self, tail: bytes) -> None:
        reader = AnswerReader(FORMATS["openai_chat"], {}, SSE)
        reader.feed(b"data: " + json.dumps(says("a")).encode() + b"\n\n" + tail)
        reader.close()
        assert reader.error is None
        assert "boom" in (reader.error_outside or "")

    def test_words_that_are_no_event_are_kept(self) -> None:
        reader = AnswerReader(FORMATS["openai_chat"], {}, SSE)
        reader.feed(b"data: " + json.dumps(says("a")).encode() + b"\n\nTraceback (most recent call last)\nKeyError")
        reader.close()
        assert (reader.words, reader.error_outside) == ("Traceback (most recent call last)\nKeyError", None)

    @pytest.mark.parametrize("kind", ["text/plain", "application/octet-stream", "image/png", "text/html", ""])
    def test_under_any_content_type(self, kind: str) -> None:
        reader = AnswerReader(FORMATS["openai_chat"], {}, kind)
        reader.feed(b'{"error": {"message": "boom"}}')
        reader.close()
        assert "boom" in (reader.error or reader.error_outside or "")

    def test_page_with_its_text(self) -> None:
        page = (
            b"<html><head><title>502 Bad Gateway</title><style>p {}</style></head><body><!-- x --><h1>Oh</h1>"
            b"<script>run()</script><p>The model is &quot;loading&quot;</p></body>"
        )
        assert error_in_body(page) == '502 Bad Gateway: Oh The model is "loading"'
        assert error_in_body(b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>") == "AccessDenied no"
        assert error_in_body(b"<script" * 50_000) is None

    def test_error_event_before_the_end_marker_of_an_error_body(self) -> None:
        body = b'event: error\ndata: {"message": "boom", "code": 7}\n\ndata: [DONE]\n\n'
        assert error_in_body(body) == "boom (7)"
        assert error_in_body(b"data: all is lost\n\ndata: [DONE]\n\n") == "all is lost"

    def test_body_in_the_charset_that_it_names(self) -> None:
        assert error_in_body("配额不足".encode("gbk"), "gbk") == "配额不足"
        assert error_in_body("配额不足".encode(), "no-such-thing") == "配额不足"
