"""Bodies that are no stream: pages, documents, errors."""

from __future__ import annotations

import pytest

from sse_perf_tool.formats import FORMATS, AnswerReader, error_in_body
from sse_perf_tool.formats.base import ERROR_LIMIT
from sse_perf_tool.formats.body import HELD_LIMIT
from stream_bodies import read_body, says, stream_of


class TestDocuments:
    @pytest.mark.parametrize("content_type", ["text/html", "TEXT/HTML; charset=gbk", "application/xhtml+xml"])
    @pytest.mark.parametrize("body", [b"", b"data: x\n\n", stream_of(says("a")), b"<html>"])
    def test_html_is_an_error_and_nothing_is_read(self, content_type, body):
        reader = read_body("openai_chat", body, content_type)
        assert reader.error
        assert (reader.text, reader.events, reader.chunks, reader.complete) == ("", 0, 0, False)

    def test_the_title_of_a_page_is_told(self):
        page = b"<!doctype html><HTML><title class=x>\n 502\n Bad Gateway </title>"
        assert read_body("dify", page, "text/html").error == "a web page instead of a stream: 502 Bad Gateway"

    @pytest.mark.parametrize(
        ("body", "error"),
        [
            (b'{"error":"boom"}', "boom"),
            (b'\xef\xbb\xbf\n {"error":{"message":"boom","code":7}}\n', "boom (7)"),
            (b'{"message":"boom","code":"x"}', "boom (x)"),
            (b'{"error_code":17,"error_msg":"boom"}', "boom (17)"),
            (b'{"msg":"boom","code":4000}', "boom (4000)"),
            (b'{"error":{},"message":"boom"}', "boom"),
            (b'{"error":null,"msg":"boom"}', "boom"),
            (b'{"error":500,"message":"boom"}', "boom"),
            (b'[{"error":{"code":400,"message":"boom"}}]', "boom (400)"),
            (b'{\n  "error": "boom"\n}\n', "boom"),
            (b'{"error":{}}', 'a document instead of a stream: {"error":{}}'),
            (b'{"choices":[]}', 'a document instead of a stream: {"choices":[]}'),
            (b'{"error": "bo', 'a document instead of a stream: {"error": "bo'),
            (b"oops", "a document instead of a stream: oops"),
            (b"", None),
        ],
    )
    @pytest.mark.parametrize("name", ["openai_chat", "ollama", "custom", None])
    def test_json(self, body, error, name):
        for cuts in ([body], [body[i : i + 1] for i in range(len(body))]):
            reader = AnswerReader(FORMATS[name] if name else None, {}, "application/json;charset=UTF-8")
            assert sum(map(reader.feed, cuts)) + reader.close() == 0
            assert (reader.error, reader.events, reader.complete) == (error, 0, False)

    def test_event_stream_that_calls_itself_json_is_read(self):
        body = b": hi\n\n" + stream_of(says("a"), says("b"), "[DONE]")
        for cuts in ([body], [body[i : i + 1] for i in range(len(body))]):
            reader = AnswerReader(FORMATS["openai_chat"], {}, "application/json")
            assert sum(map(reader.feed, cuts)) + reader.close() == 2
            assert (reader.text, reader.complete) == ("ab", True)

    def test_no_more_of_a_document_is_kept_than_needed(self):
        reader = AnswerReader(FORMATS["openai_chat"], {}, "application/json")
        reader.feed(b'{"x":"')
        for _ in range(3):
            reader.feed(b"x" * HELD_LIMIT)
        reader.close()
        assert reader.body_bytes == 6 + 3 * HELD_LIMIT
        assert reader.error is not None
        assert len(reader.error) == ERROR_LIMIT

    def test_plain_text_is_read_as_the_format_says(self):
        assert read_body("openai_chat", stream_of(says("a")), "text/plain").text == "a"
        assert read_body("openai_chat", b'{"error":"x"}', "text/plain").error is None

    @pytest.mark.parametrize(
        ("body", "error"),
        [
            (b"", None),
            (b"  \n", None),
            (b'{"error":{"message":"no key","type":"auth"}}', "no key (auth)"),
            (b'{"detail":"Not Found"}', "Not Found"),
            (b'{"a":1}', '{"a": 1}'),
            (b"<html><title>504 Gateway Time-out</title>", "504 Gateway Time-out"),
            (b"<html></html>", None),
            (b"slow down", "slow down"),
            (b'id:1\nevent:error\n:HTTP_STATUS/400\ndata:{"code":"Bad","message":"no"}\n\n', "no (Bad)"),
        ],
    )
    def test_error_in_the_body_of_a_failed_request(self, body, error):
        assert error_in_body(body) == error

    @pytest.mark.parametrize(
        ("body", "looks"),
        [
            (b"data: {", True),
            (b": ping", True),
            (b"\xef\xbb\xbfevent:x", True),
            (b"{", False),
            (b"hello", False),
            (b"", False),
        ],
    )
    def test_whether_a_body_without_events_looks_like_a_stream(self, body, looks):
        assert read_body("openai_chat", body).looks_like_stream is looks
