"""Gemini, beside the vectors."""

from __future__ import annotations

from typing import Any

from sse_perf_tool.records import Usage
from stream_bodies import read


class TestGemini:
    def candidate(self, *parts: dict, **more: Any) -> dict:
        return {"candidates": [{"content": {"parts": list(parts)}, **more}]}

    def test_second_candidate(self):
        reader = read(
            "gemini",
            self.candidate({"text": "b"}, index=1, finishReason="STOP"),
            self.candidate({"text": "a"}, index=0),
        )
        assert (reader.text, reader.choices, reader.chunks) == ("a", ["a", "b"], 2)
        assert (reader.finish_reason, reader.complete) == (None, False)

    def test_parts_of_all_kinds_in_one_event(self):
        reader = read(
            "gemini",
            self.candidate(
                {"text": "hm", "thought": True},
                {"text": "a"},
                {"executableCode": {"language": "PYTHON", "code": "x"}},
                {"inlineData": {"mimeType": "image/png", "data": "QQ=="}},
                {"text": "b", "thought": False},
            ),
        )
        assert (reader.text, reader.reasoning, reader.chunks) == ("ab", "hm", 1)

    def test_usage_without_candidates_count_is_not_zero(self):
        assert read("gemini", {"usageMetadata": {"promptTokenCount": 4}}).usage == Usage(4, None, None)

    def test_finish_reason_in_an_event_of_its_own(self):
        reader = read("gemini", self.candidate({"text": "a"}), {"candidates": [{"finishReason": "MAX_TOKENS"}]})
        assert (reader.finish_reason, reader.complete, reader.last) == ("MAX_TOKENS", True, False)

    def test_blocked_prompt_says_why(self):
        feedback = {"blockReason": "SAFETY", "blockReasonMessage": "not nice"}
        assert read("gemini", {"promptFeedback": feedback}).error == "prompt blocked: SAFETY: not nice"

    def test_prompt_feedback_without_a_block_is_no_error(self):
        feedback = {"safetyRatings": [{"probability": "LOW"}]}
        assert read("gemini", self.candidate({"text": "a"}) | {"promptFeedback": feedback}).error is None
