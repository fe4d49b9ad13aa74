"""Ollama, beside the vectors."""

from __future__ import annotations

import pytest

from sse_perf_tool.formats import FORMATS, AnswerReader
from sse_perf_tool.records import Usage
from stream_bodies import NDJSON, lines_of, read, read_body


class TestOllama:
    def test_generate_with_text_on_the_done_line(self):
        reader = read(
            "ollama",
            {"response": "a", "thinking": "hm", "done": False},
            {"response": "b", "done": True, "done_reason": "length", "prompt_eval_count": 2, "eval_count": 3},
        )
        assert (reader.text, reader.reasoning, reader.chunks) == ("ab", "hm", 2)
        assert (reader.finish_reason, reader.usage, reader.complete) == ("length", Usage(2, 3, None), True)

    def test_counts_before_the_done_line_are_no_usage(self):
        assert read("ollama", {"response": "a", "done": False, "eval_count": 3}).usage is None

    @pytest.mark.parametrize("done", [None, "true", 1, False])
    def test_only_true_is_done(self, done):
        assert not read("ollama", {"response": "a", "done": done}).complete

    def test_last_line_needs_no_line_end(self):
        reader = read_body("ollama", b'{"response":"a","done":false}\n{"response":"b","done":true}', NDJSON)
        assert (reader.text, reader.complete, reader.chunks) == ("ab", True, 2)

    def test_cut_last_line_is_an_event_and_nothing_else(self):
        reader = read_body("ollama", b'{"response":"a","done":false}\n{"response":"b"', NDJSON)
        assert (reader.text, reader.events, reader.json_events, reader.complete) == ("a", 2, 1, False)

    @pytest.mark.parametrize("content_type", ["", "text/plain", "text/event-stream", "application/octet-stream"])
    def test_lines_are_lines_under_any_other_content_type(self, content_type):
        assert read_body("ollama", lines_of({"response": "a", "done": True}), content_type).text == "a"

    def test_lines_that_call_themselves_json(self):
        body = lines_of({"response": "a", "done": False}, {"response": "b", "done": True})
        for cuts in ([body], [body[i : i + 1] for i in range(len(body))]):
            reader = AnswerReader(FORMATS["ollama"], {}, "application/json; charset=utf-8")
            assert sum(map(reader.feed, cuts)) + reader.close() == 2
            assert (reader.text, reader.complete, reader.error) == ("ab", True, None)

    def test_one_object_that_calls_itself_json_is_a_document(self):
        reader = read_body("ollama", b'{"error":"model not found"}\n\n', "application/json")
        assert (reader.error, reader.events) == ("model not found", 0)
