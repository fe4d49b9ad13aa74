"""DashScope, beside the vectors."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sse_perf_tool.formats import FORMATS
from sse_perf_tool.providers import Query
from sse_perf_tool.records import Usage
from sse_perf_tool.request.body import BodyBuilder
from stream_bodies import read


class TestDashScope:
    def text(self, text: Any, finish: str = "null", **more: Any) -> dict:
        return {"output": {"text": text, "finish_reason": finish}, "request_id": "r", **more}

    def message(self, content: Any, reasoning: str = "", finish: str = "null") -> dict:
        message = {"content": content, "reasoning_content": reasoning}
        return {"output": {"choices": [{"message": message, "finish_reason": finish}]}, "request_id": "r"}

    def test_without_the_option_each_event_holds_all(self):
        reader = read("dashscope", self.text("a"), self.text("ab"), self.text("ab", "stop"))
        assert (reader.text, reader.chunks, reader.complete) == ("ab", 2, True)

    def test_cumulative_reasoning_then_text(self):
        reader = read(
            "dashscope",
            self.message("", "h"),
            self.message("", "hm"),
            self.message("a", "hm"),
            self.message("ab", ""),
            self.message("", "hm", "stop"),
            incremental_output=False,
        )
        assert (reader.text, reader.reasoning, reader.chunks) == ("ab", "hm", 4)
        assert (reader.first_token_event, reader.first_answer_event) == (0, 2)

    def test_whole_text_that_shrinks_is_new(self):
        reader = read("dashscope", self.text("abc"), self.text("ab"), incremental_output=False)
        assert (reader.text, reader.chunks) == ("ab", 2)

    def test_cumulative_content_parts(self):
        reader = read("dashscope", self.message([{"text": "a"}]), self.message([{"text": "a"}, {"text": "b"}]))
        assert (reader.text, reader.chunks) == ("ab", 2)

    def test_incremental_repeats_are_text(self):
        reader = read("dashscope", self.text("ha"), self.text("ha"), incremental_output=True)
        assert (reader.text, reader.chunks) == ("haha", 2)

    def test_usage_of_several_models_is_their_sum(self):
        models = [{"input_tokens": 490, "output_tokens": 1}, {"input_tokens": 10, "output_tokens": 5}]
        reader = read("dashscope", self.text("a", usage={"models": models}), self.text("b", usage={"models": models}))
        assert reader.usage == Usage(500, 6, None)

    def test_code_beside_output_is_no_error(self):
        assert read("dashscope", self.text("a", code="200", message="ok")).error is None

    @pytest.mark.parametrize("more", [{}, {"output": None}, {"output": {}}])
    def test_code_without_output_is_an_error(self, more):
        reader = read("dashscope", {"code": "Throttling", "message": "slow down", "request_id": "r", **more})
        assert (reader.error, reader.message_id) == ("slow down (Throttling)", "r")

    def test_empty_code_is_no_error(self):
        assert read("dashscope", {"code": "", "message": "", "request_id": "r"}).error is None


@pytest.mark.parametrize(
    ("service", "content"), [("text-generation", "你是谁"), ("multimodal-generation", [{"text": "你是谁"}])]
)
def test_models_that_see_and_hear_are_sent_a_list_of_parts(service: str, content: Any) -> None:
    path = f"/api/v1/services/aigc/{service}/generation"
    body = json.loads(BodyBuilder(row=FORMATS["dashscope"], path=path, model="m").build(Query("你是谁")))
    assert body == {
        "model": "m",
        "input": {"messages": [{"role": "user", "content": content}]},
        "parameters": {"incremental_output": True, "result_format": "message"},
    }
