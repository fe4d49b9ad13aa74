"""Text Generation Inference, beside the vectors."""

from __future__ import annotations

from typing import Any

from stream_bodies import read


class TestTGI:
    def token(self, text: str, special: bool = False, **more: Any) -> dict:
        return {"token": {"id": 1, "text": text, "special": special}, "generated_text": None, **more}

    def test_error_in_mid_stream(self):
        reader = read("tgi", self.token("a"), {"error": "Request failed", "error_type": "generation"})
        assert (reader.text, reader.error, reader.complete) == ("a", "Request failed (generation)", False)

    def test_empty_generated_text_is_an_end(self):
        reader = read("tgi", self.token("</s>", special=True, generated_text=""))
        assert (reader.text, reader.chunks, reader.complete, reader.last) == ("", 0, True, True)

    def test_end_token_that_does_not_call_itself_special_is_text(self):
        assert read("tgi", self.token("</s>")).text == "</s>"

    def test_zero_details_are_no_usage(self):
        details = {"finish_reason": "length", "generated_tokens": 0, "input_length": 0}
        reader = read("tgi", self.token("a", generated_text="a", details=details))
        assert (reader.usage, reader.finish_reason) == (None, "length")
