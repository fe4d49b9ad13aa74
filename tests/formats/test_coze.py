"""Coze, beside the vectors."""

from __future__ import annotations

import pytest

from sse_perf_tool.records import Usage
from stream_bodies import read


class TestCoze:
    def test_requires_action_is_an_end(self):
        doc = {"id": "chat", "conversation_id": "c", "status": "requires_action", "usage": {"input_count": 3}}
        reader = read("coze", ("conversation.chat.requires_action", doc))
        assert (reader.finish_reason, reader.complete, reader.usage) == ("requires_action", True, Usage(3, None, None))
        assert (reader.conversation_id, reader.message_id) == ("c", None)

    @pytest.mark.parametrize("data", ['"[DONE]"', "[DONE]", "", "{}", {"debug_url": "http://h/"}])
    def test_done_is_an_end_whatever_its_data(self, data):
        reader = read("coze", ("done", data))
        assert (reader.complete, reader.last) == (True, True)

    def test_done_marker_of_an_unnamed_event_proves_nothing(self):
        assert not read("coze", "[DONE]").complete

    @pytest.mark.parametrize("kind", ["follow_up", "verbose", "function_call", "tool_response", "question", None])
    def test_other_messages_are_no_answer(self, kind):
        doc = {"id": "m", "conversation_id": "c", "type": kind, "content": "x", "reasoning_content": "x"}
        reader = read("coze", ("conversation.message.delta", doc))
        assert (reader.text, reader.reasoning, reader.message_id, reader.conversation_id) == ("", "", None, "c")

    def test_audio_is_no_text(self):
        assert read("coze", ("conversation.audio.delta", {"type": "answer", "content": "QQ=="})).chunks == 0

    def test_last_error_counts_in_failed_only(self):
        error = {"last_error": {"code": 5, "msg": "boom"}}
        assert read("coze", ("conversation.chat.in_progress", error)).error is None
        assert read("coze", ("conversation.chat.failed", error)).error == "boom (5)"

    @pytest.mark.parametrize("error", [None, {}, {"code": 0, "msg": ""}])
    def test_failed_without_a_reason(self, error):
        reader = read("coze", ("conversation.chat.failed", {"status": "failed", "last_error": error}))
        assert (reader.error, reader.finish_reason) == ("the chat failed", "failed")
