"""Anthropic messages, beside the vectors."""

from __future__ import annotations

from typing import Any

import pytest

from sse_perf_tool.formats import FORMATS, AnswerReader
from sse_perf_tool.records import Usage
from stream_bodies import SSE, read, stream_of


class TestAnthropic:
    def start(self, **usage: Any) -> dict:
        return {"type": "message_start", "message": {"id": "m", "usage": usage}}

    def test_null_counts_leave_what_was_known(self):
        reader = read(
            "anthropic",
            self.start(input_tokens=5, cache_read_input_tokens=10, output_tokens=1),
            {"type": "message_delta", "delta": {}, "usage": {"input_tokens": None, "output_tokens": 8}},
        )
        assert reader.usage == Usage(15, 8, None)

    def test_prompt_counts_of_message_delta_replace_one_by_one(self):
        reader = read(
            "anthropic",
            self.start(input_tokens=5, cache_creation_input_tokens=100, cache_read_input_tokens=10, output_tokens=1),
            {"type": "message_delta", "delta": {}, "usage": {"input_tokens": 6, "cache_read_input_tokens": 20}},
        )
        assert reader.usage == Usage(126, 1, None)

    def test_thinking_tokens(self):
        usage = {"output_tokens": 9, "output_tokens_details": {"thinking_tokens": 4}}
        reader = read("anthropic", self.start(input_tokens=5), {"type": "message_delta", "delta": {}, "usage": usage})
        assert reader.usage == Usage(5, 9, 4)

    def test_nothing_but_zeros_is_no_usage(self):
        assert read("anthropic", self.start(input_tokens=0, output_tokens=0)).usage is None

    def test_two_answers_do_not_share_their_usage(self):
        read("anthropic", self.start(input_tokens=5, output_tokens=1))
        assert read("anthropic", {"type": "message_delta", "usage": {"output_tokens": 2}}).usage == Usage(None, 2, None)

    def test_thinking_in_the_block_start_is_reasoning(self):
        block = {"type": "thinking", "thinking": "hm", "signature": ""}
        reader = read("anthropic", {"type": "content_block_start", "index": 0, "content_block": block})
        assert (reader.reasoning, reader.chunks) == ("hm", 1)

    @pytest.mark.parametrize(
        "piece",
        [
            {"type": "input_json_delta", "partial_json": '{"text":"x"}'},
            {"type": "signature_delta", "signature": "x"},
            {"type": "citations_delta", "citation": {"cited_text": "x"}},
            {"type": "text_delta", "text": ""},
            {"type": "text_delta", "text": None},
        ],
    )
    def test_deltas_without_text(self, piece):
        reader = read("anthropic", {"type": "content_block_delta", "delta": piece})
        assert (reader.text, reader.reasoning, reader.chunks - reader.call_chunks) == ("", "", 0)
        assert reader.call_chunks == ("partial_json" in piece)

    def test_stop_reason_suffices_and_message_stop_is_the_last(self):
        reader = AnswerReader(FORMATS["anthropic"], {}, SSE)
        reader.feed(stream_of({"type": "message_delta", "delta": {"stop_reason": "max_tokens"}}))
        assert (reader.finish_reason, reader.complete, reader.last) == ("max_tokens", True, False)
        reader.feed(stream_of({"type": "message_stop"}))
        assert reader.last

    def test_error_without_an_event_name(self):
        doc = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
        assert read("anthropic", doc).error == "Overloaded (overloaded_error)"
        assert read("anthropic", {"type": "error"}).error == '{"type": "error"}'

    def test_the_event_name_stands_for_a_missing_type(self):
        item = ("content_block_delta", {"delta": {"type": "text_delta", "text": "a"}})
        assert read("anthropic", item).text == "a"
