"""The API of the chat server, beside the vectors."""

from __future__ import annotations

import pytest

from sse_perf_tool.formats import FORMATS, detect, guess_from_url
from sse_perf_tool.records import Usage
from stream_bodies import read

CHAT_IDS = {"conversation_id": "c1", "message_id": "m1", "turn": 2}
CHAT_USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
CONNECTED = ("connected", CHAT_IDS)
COMPLETED = ("completed", {**CHAT_IDS, "content": "Hello there", "finish_reason": "stop", "usage": CHAT_USAGE})
HELLO = ("message", {"index": 0, "content": "Hello"})
THERE = ("message", {"index": 1, "content": " there"})


class TestChatbot:
    @pytest.mark.parametrize("name", ["chatbot", None])
    def test_a_whole_answer_is_read_named_or_detected(self, name):
        reader = read(name, CONNECTED, HELLO, THERE, COMPLETED)
        assert (reader.text, reader.chunks, reader.first_token_event) == ("Hello there", 2, 1)
        assert (reader.conversation_id, reader.message_id, reader.finish_reason) == ("c1", "m1", "stop")
        assert (reader.usage, reader.complete, reader.last) == (Usage(3, 2), True, True)
        assert (reader.detected, reader.format_name) == ("chatbot", "chatbot")

    def test_without_completed_the_answer_is_not_whole(self):
        reader = read("chatbot", CONNECTED, HELLO, THERE)
        assert (reader.text, reader.ended) == ("Hello there", False)

    def test_an_error_event_ends_it(self):
        failed = ("error", {"code": "server_stopping", "message": "the server is going down", "status": 503})
        reader = read("chatbot", CONNECTED, HELLO, failed)
        assert (reader.error, reader.last) == ("the server is going down (server_stopping)", True)
        assert not reader.complete

    def test_a_connected_of_something_else_tells_nothing(self):
        assert detect("connected", {"conversation_id": "c1"}) is None
        assert detect("message", {"index": 0, "content": "Hello"}) is None

    def test_the_conversation_is_in_the_body_when_there_is_one(self):
        assert FORMATS["chatbot"].body("Hi", "m", "u", "") == {"message": "Hi"}
        assert FORMATS["chatbot"].body("Hi", "m", "u", "c1") == {"message": "Hi", "conversation_id": "c1"}

    def test_only_chat_at_the_root_of_a_server_speaks_for_it(self):
        assert guess_from_url("localhost", "/chat") is FORMATS["chatbot"]
        assert guess_from_url("localhost", "/chat/") is FORMATS["chatbot"]
        assert guess_from_url("localhost", "/api/chat") is FORMATS["ollama"]
        assert guess_from_url("localhost", "/v2/chat") is FORMATS["cohere"]
        assert guess_from_url("localhost", "/apps/chat") is None
