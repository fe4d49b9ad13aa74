"""Responses, beside the vectors."""

from __future__ import annotations

from sse_perf_tool.records import Usage
from stream_bodies import read


class TestResponses:
    def test_whole_texts_are_no_news(self):
        reader = read(
            "openai_responses",
            {"type": "response.reasoning_summary_text.delta", "delta": "why"},
            {"type": "response.reasoning_summary_text.done", "text": "why"},
            {"type": "response.output_text.delta", "delta": "a"},
            {"type": "response.output_text.done", "text": "a"},
            {"type": "response.content_part.done", "part": {"type": "output_text", "text": "a"}},
            {"type": "response.output_item.done", "item": {"content": [{"type": "output_text", "text": "a"}]}},
            {"type": "response.mcp_call_arguments.delta", "delta": "{"},
            {"type": "response.code_interpreter_call_code.delta", "delta": "x=1"},
            {"type": "response.audio.transcript.delta", "delta": "spoken"},
        )
        assert (reader.text, reader.reasoning, reader.complete) == ("a", "why", False)
        assert (reader.chunks, reader.call_chunks) == (3, 1)

    def test_the_event_name_stands_for_a_missing_type(self):
        assert read("openai_responses", ("response.output_text.delta", {"delta": "a"})).text == "a"

    def test_incomplete_gives_its_reason(self):
        response = {"id": "r", "status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}
        reader = read("openai_responses", {"type": "response.incomplete", "response": response})
        assert (reader.finish_reason, reader.complete, reader.last) == ("max_output_tokens", True, True)

    def test_failed(self):
        response = {
            "id": "r",
            "status": "failed",
            "conversation": {"id": "conv"},
            "error": {"code": "server_error", "message": "boom"},
            "usage": {"input_tokens": 4, "output_tokens": 0},
        }
        reader = read("openai_responses", {"type": "response.failed", "response": response})
        assert (reader.error, reader.finish_reason, reader.complete) == ("boom (server_error)", "failed", False)
        assert (reader.message_id, reader.conversation_id, reader.usage) == ("r", "conv", Usage(4, 0, None))

    def test_failed_without_a_reason_is_an_error_all_the_same(self):
        assert read("openai_responses", {"type": "response.failed", "response": None}).error == "the response failed"

    def test_error_without_an_event_name(self):
        reader = read("openai_responses", {"type": "error", "code": "x", "message": "boom"})
        assert (reader.error, reader.last) == ("boom (x)", True)

    def test_status_before_the_end_is_no_finish_reason(self):
        doc = {"type": "response.in_progress", "response": {"id": "r", "status": "in_progress"}}
        assert read("openai_responses", doc).finish_reason is None

    def test_done_of_a_gateway_proves_nothing(self):
        reader = read("openai_responses", {"type": "response.output_text.delta", "delta": "a"}, "[DONE]")
        assert (reader.complete, reader.last) == (False, True)
