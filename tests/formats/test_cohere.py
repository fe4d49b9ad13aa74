"""Cohere, beside the vectors."""

from __future__ import annotations

import pytest

from sse_perf_tool.records import Kind, Usage
from stream_bodies import read


class TestCohere:
    def test_thinking_is_reasoning(self):
        doc = {"type": "content-delta", "delta": {"message": {"content": {"thinking": "hm"}}}}
        assert read("cohere", doc).reasoning == "hm"

    def test_message_end_is_an_end_without_done(self):
        reader = read("cohere", {"type": "message-end", "delta": {"finish_reason": "MAX_TOKENS"}})
        assert (reader.complete, reader.last, reader.finish_reason) == (True, True, "MAX_TOKENS")

    def test_done_is_an_end_without_message_end(self):
        assert read("cohere", "[DONE]").complete

    @pytest.mark.parametrize(
        ("usage", "expected"),
        [
            ({"tokens": {"input_tokens": 7.0, "output_tokens": 3.0}}, Usage(7, 3, None)),
            ({"tokens": None, "billed_units": {"input_tokens": 5}}, Usage(5, None, None)),
            ({"tokens": {"input_tokens": 0, "output_tokens": 0}, "billed_units": {"output_tokens": 2}}, Usage(None, 2)),
            ({"tokens": {"input_tokens": 0, "output_tokens": 0}}, None),
            ({"tokens": {"input_tokens": 1.5}}, None),
        ],
    )
    def test_usage(self, usage, expected):
        assert read("cohere", {"type": "message-end", "delta": {"usage": usage}}).usage == expected

    def test_only_message_start_names_the_message(self):
        reader = read("cohere", {"type": "content-start", "id": "x"}, {"type": "message-start", "id": "m"})
        assert reader.message_id == "m"

    def test_citations_and_tool_calls_are_no_text(self):
        reader = read(
            "cohere",
            {"type": "citation-start", "delta": {"message": {"citations": {"text": "a", "start": 0}}}},
            {"type": "tool-call-delta", "delta": {"message": {"tool_calls": {"function": {"arguments": "{"}}}}},
        )
        assert (reader.text, reader.reasoning, reader.chunks, reader.call_chunks) == ("", "", 1, 1)
        assert [part.kind for part in reader.trail.parts] == [Kind.CITATION, Kind.TOOL_CALL]

    def test_error_object(self):
        doc = {"type": "message-end", "delta": {"finish_reason": "ERROR", "error": {"message": "boom"}}}
        assert read("cohere", doc).error == "boom"
