"""Completions, beside the vectors."""

from __future__ import annotations

import pytest

from stream_bodies import read


class TestCompletions:
    def test_batched_prompts_are_choices(self):
        docs = [{"choices": [{"index": i, "text": t}]} for i, t in ((2, "c"), (0, "a"), (1, "b"), (0, "A"))]
        reader = read("openai_completions", *docs, "[DONE]")
        assert (reader.text, reader.choices, reader.chunks, reader.complete) == ("aA", ["aA", "b", "c"], 4, True)

    @pytest.mark.parametrize("text", [None, 1, ["a"], {"text": "a"}])
    def test_text_of_a_foreign_type_is_none(self, text):
        reader = read("openai_completions", {"choices": [{"text": text, "finish_reason": "stop"}]})
        assert (reader.text, reader.chunks, reader.complete) == ("", 0, True)

    def test_old_error_chunk(self):
        assert read("openai_completions", {"object": "error", "message": "no"}).error == "no"
