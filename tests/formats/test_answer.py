"""What `AnswerReader` does whatever the format: halves of characters, the fast path, large events."""

from __future__ import annotations

import json

import pytest

from run_vectors import failure
from sse_perf_tool.formats import FORMATS, AnswerReader
from sse_perf_tool.formats import answer as answer_module
from sse_perf_tool.formats import body as body_module
from stream_bodies import SSE, VECTORS, read_body, says, stream_of


class TestText:
    def test_surrogate_halves_of_reasoning_and_choices_are_put_together(self):
        reader = read_body(
            "openai_chat",
            b'data: {"choices":[{"delta":{"reasoning":"\\ud83d"}},{"delta":{"content":"\\ud83d"}}]}\n\n'
            b'data: {"choices":[{"delta":{"reasoning":"\\ude00"}},{"delta":{"content":"\\ude01"}}]}\n\n',
        )
        assert (reader.reasoning, reader.choices) == ("😀", ["", "😁"])

    def test_a_half_that_stays_alone_becomes_a_replacement_character(self):
        reader = read_body(
            "openai_chat",
            b'data: {"id":"\\ud83d","choices":[{"delta":{"content":"a\\ude00b\\ud83d"}}],"error":"\\ud83dx"}\n\n',
        )
        assert (reader.text, reader.message_id, reader.error) == ("a\ufffdb\ufffd", "\ufffd", "\ufffdx")

    def test_text_may_be_asked_for_while_it_grows(self):
        reader = AnswerReader(FORMATS["openai_chat"], {}, SSE)
        texts = []
        for piece in ("a", "b", "c"):
            reader.feed(stream_of(says(piece)))
            texts.append(reader.text)
        assert texts == ["a", "ab", "abc"]

    def test_json_that_only_the_standard_parser_takes(self):
        reader = read_body("openai_chat", b'data: {"x":NaN,"choices":[{"delta":{"content":"a"}}]}\n\n')
        assert reader.text == "a"

    @pytest.mark.parametrize("gap", [b"\r\n\r\n", b"\n\n", b"\r\r"])
    def test_the_short_cut_for_tokens_reads_what_the_long_way_reads(self, gap):
        first, then = says("a"), says("b")
        lines = [
            b"data: " + json.dumps(doc).encode() for doc in (first, then, says("\ud83d"), says("\ude00"), says("c"))
        ]
        reader = AnswerReader(FORMATS["openai_chat"], {}, SSE)
        news = [reader.feed(line + gap) for line in [*lines, b'data: {"choices": [broken', b"data: [1, 2]", b"data: 7"]]
        assert news == [1, 1, 1, 1, 1, 0, 0, 0]
        assert reader.text == "ab😀c"
        assert (reader.events, reader.json_events, reader.chunks) == (8, 5, 5)

    def test_an_error_behind_tokens_is_not_taken_for_one(self):
        reader = AnswerReader(FORMATS["openai_chat"], {}, SSE)
        for doc in (says("a"), says("b"), {"error": {"message": "out of memory"}}):
            reader.feed(stream_of(doc))
        assert (reader.text, reader.error) == ("ab", "out of memory")

    def test_without_the_fast_parser_all_is_the_same(self, monkeypatch):
        for module in (body_module, answer_module):
            monkeypatch.setattr(module, "fast_loads", body_module.standard_loads)
        assert [vector["name"] for vector in VECTORS if failure(vector)] == []

    @pytest.mark.not_measured
    def test_one_event_of_300_kib(self):
        reader = AnswerReader(FORMATS["openai_chat"], {}, SSE)
        body = stream_of(says("语" * 100_000))
        assert sum(reader.feed(body[i : i + 1]) for i in range(len(body))) == 1
        assert len(reader.text) == 100_000
