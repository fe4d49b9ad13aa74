"""Dify, beside the vectors."""

from __future__ import annotations

from typing import Any

import pytest

from sse_perf_tool.formats import FORMATS, AnswerReader
from sse_perf_tool.records import Usage
from stream_bodies import SSE, read, stream_of


class TestDify:
    def doc(self, event: str, **more: Any) -> dict:
        return {"event": event, "task_id": "t", **more}

    def test_replacement_before_any_text(self):
        reader = read("dify", self.doc("message_replace", answer="no"), self.doc("message_end"))
        assert (reader.text, reader.chunks, reader.first_token_event, reader.first_answer_event) == ("no", 0, None, 0)

    def test_text_after_a_replacement_goes_behind_it(self):
        docs = [
            self.doc("message", answer="bad"),
            self.doc("message_replace", answer="no"),
            self.doc("message", answer="!"),
        ]
        reader = read("dify", *docs)
        assert (reader.text, reader.chunks) == ("no!", 2)

    def test_empty_replacement_leaves_nothing(self):
        reader = read("dify", self.doc("message", answer="bad"), self.doc("message_replace", answer=""))
        assert reader.text == ""

    def test_each_message_after_agent_messages_replaces(self):
        reader = read(
            "dify",
            self.doc("agent_message", answer="a"),
            self.doc("message", answer="A"),
            self.doc("message", answer=""),
            self.doc("agent_message", answer="b"),
            self.doc("message", answer="AB."),
        )
        assert (reader.text, reader.chunks) == ("AB.", 2)

    def test_empty_agent_message_does_not_make_messages_repeats(self):
        docs = [self.doc("agent_message", answer=""), self.doc("message", answer="a"), self.doc("message", answer="b")]
        reader = read("dify", *docs)
        assert (reader.text, reader.chunks) == ("ab", 2)

    def test_workflow_text_may_be_replaced(self):
        docs = [self.doc("text_chunk", data={"text": "bad"}), self.doc("text_replace", data={"text": "no"})]
        reader = read("dify", *docs)
        assert (reader.text, reader.chunks) == ("no", 1)

    def test_end_of_a_workflow_is_the_last_event(self):
        doc = self.doc("workflow_finished", workflow_run_id="w", data={"status": "stopped"})
        reader = read("dify", self.doc("text_chunk", data={"text": "a"}), doc)
        assert (reader.last, reader.ended, reader.finish_reason) == (True, True, "stopped")

    def test_in_a_chat_message_end_may_follow_the_end_of_the_workflow(self):
        reader = AnswerReader(FORMATS["dify"], {}, SSE)
        reader.feed(stream_of(self.doc("message", answer="a")))
        reader.feed(stream_of(self.doc("workflow_finished", data={"status": "succeeded"})))
        assert (reader.ended, reader.last) == (True, False)
        usage = {"prompt_tokens": 2, "completion_tokens": 1}
        reader.feed(stream_of(self.doc("message_end", metadata={"usage": usage})))
        assert (reader.last, reader.usage) == (True, Usage(2, 1, None))

    def test_a_chat_without_text_shows_by_its_ids(self):
        doc = self.doc("workflow_finished", conversation_id="c", data={"status": "succeeded"})
        assert not read("dify", doc).last

    def test_failed_workflow_without_a_reason(self):
        reader = read("dify", self.doc("workflow_finished", data={"status": "failed", "error": None}))
        assert (reader.error, reader.finish_reason, reader.complete) == ("the workflow failed", "failed", False)

    def test_failed_node_is_no_failed_answer(self):
        docs = [
            self.doc("node_finished", data={"status": "failed", "error": "retrying"}),
            self.doc("workflow_finished", data={"status": "succeeded"}),
        ]
        reader = read("dify", *docs)
        assert (reader.error, reader.complete) == (None, True)

    def test_error_event(self):
        reader = read("dify", self.doc("error", status=400, code="invalid_param", message="bad"))
        assert (reader.error, reader.last, reader.ended) == ("bad (invalid_param)", True, False)

    @pytest.mark.parametrize("metadata", [None, {}, [], {"usage": None}, {"usage": {"total_tokens": 5}}])
    def test_message_end_without_usage(self, metadata):
        reader = read("dify", self.doc("message", answer="a"), self.doc("message_end", metadata=metadata))
        assert (reader.usage, reader.complete, reader.last) == (None, True, True)

    def test_ids_of_any_event_count_the_first_that_is_not_empty(self):
        reader = read(
            "dify",
            self.doc("workflow_started", conversation_id="", message_id=None),
            self.doc("node_started", conversation_id="c1", message_id="m1"),
            self.doc("message_end", conversation_id="c2", message_id="m2"),
        )
        assert (reader.conversation_id, reader.message_id) == ("c1", "m1")

    @pytest.mark.parametrize(
        "event", ["agent_thought", "agent_log", "node_finished", "tts_message", "ping", "message_file"]
    )
    def test_other_events_bring_no_text(self, event):
        doc = self.doc(event, answer="x", thought="x", data={"text": "x", "reasoning": "x"}, audio="x")
        reader = read("dify", doc)
        assert (reader.text, reader.reasoning, reader.chunks) == ("", "", 0)
