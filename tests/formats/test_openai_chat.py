"""Chat completions, beside the vectors."""

from __future__ import annotations

import pytest

from sse_perf_tool.formats import FORMATS, AnswerReader
from sse_perf_tool.records import Usage
from stream_bodies import SSE, chunk, read, says, stream_of


class TestChat:
    def test_text_of_choice_1_only_leaves_the_answer_empty(self):
        reader = read("openai_chat", chunk({"content": "Blue"}, 1), chunk({"content": "!"}, 1), "[DONE]")
        assert (reader.text, reader.choices, reader.chunks) == ("", ["", "Blue!"], 2)
        assert (reader.first_token_event, reader.first_answer_event, reader.answer_started) == (0, 0, True)

    def test_choices_of_one_chunk_count_once(self):
        both = {"choices": [{"index": 1, "delta": {"content": "b"}}, {"index": 0, "delta": {"content": "a"}}]}
        reader = read("openai_chat", both, both)
        assert (reader.text, reader.choices, reader.chunks) == ("aa", ["aa", "bb"], 2)

    def test_a_choice_without_text_is_a_choice(self):
        assert read("openai_chat", says("a"), chunk({"role": "assistant"}, 1)).choices == ["a", ""]

    def test_one_choice_is_no_list(self):
        assert read("openai_chat", says("a")).choices == []

    @pytest.mark.parametrize("index", [None, "1", True, -1, 10**9, 1.5])
    def test_a_position_stands_for_an_index_that_is_none(self, index):
        doc = {"choices": [{"index": index, "delta": {"content": "a"}}]}
        assert read("openai_chat", doc).text == "a"

    def test_finish_reason_of_another_choice_is_not_the_answers(self):
        reader = read("openai_chat", says("a"), chunk(index=1, finish="length"))
        assert (reader.finish_reason, reader.complete) == (None, False)

    def test_reasoning_of_another_choice_counts(self):
        reader = read("openai_chat", chunk({"reasoning": "hm"}, 1))
        assert (reader.reasoning, reader.chunks, reader.first_answer_event) == ("hm", 1, None)

    def test_different_reasoning_under_two_names_is_all_read(self):
        assert read("openai_chat", chunk({"reasoning_content": "a", "reasoning": "b"})).reasoning == "ab"

    def test_reasoning_in_three_places_is_read_once(self):
        delta = {"reasoning_content": "a", "reasoning": "a", "content": [{"type": "thinking", "thinking": "a"}]}
        assert read("openai_chat", chunk(delta)).reasoning == "a"

    def test_reasoning_details_repeat_reasoning(self):
        delta = {"reasoning": "a", "reasoning_details": [{"type": "reasoning.text", "text": "a"}]}
        assert read("openai_chat", chunk(delta)).reasoning == "a"

    def test_text_and_reasoning_in_one_event_count_once(self):
        reader = read("openai_chat", chunk({"content": "a", "reasoning": "b"}))
        assert (reader.text, reader.reasoning, reader.chunks) == ("a", "b", 1)

    def test_refusal_beside_content(self):
        assert read("openai_chat", chunk({"content": "a", "refusal": "b"})).text == "ab"

    def test_content_parts(self):
        parts = [
            {"type": "text", "text": "a"},
            {"type": "reference", "reference_ids": [1]},
            {"type": "thinking"},
            "b",
            1,
        ]
        assert read("openai_chat", chunk({"content": parts})).text == "ab"

    def test_white_space_is_text(self):
        reader = read("openai_chat", says(" "), says("\n"))
        assert (reader.text, reader.chunks, reader.first_token_event) == (" \n", 2, 0)

    def test_finish_reason_stays_through_later_nulls(self):
        reader = read("openai_chat", chunk(finish="length"), chunk(finish=None), chunk(finish=""))
        assert reader.finish_reason == "length"

    @pytest.mark.parametrize(
        "where",
        [
            {"usage": {"prompt_tokens": 3, "completion_tokens": 2}},
            {"x_groq": {"id": "r", "usage": {"prompt_tokens": 3, "completion_tokens": 2}}},
            {"usage": None, "choices": [{"delta": {}, "usage": {"prompt_tokens": 3, "completion_tokens": 2}}]},
            {"usage": {"prompt_tokens": 0}, "x_groq": {"usage": {"prompt_tokens": 3, "completion_tokens": 2}}},
            {"choices": None, "usage": {"prompt_tokens": 3.0, "completion_tokens": 2.0, "total_tokens": 5}},
        ],
    )
    def test_usage_wherever_it_stands(self, where):
        assert read("openai_chat", {"id": "c", "choices": [], **where}).usage == Usage(3, 2, None)

    def test_usage_is_the_last_and_zeros_do_not_undo_it(self):
        reader = read(
            "openai_chat",
            says("a") | {"usage": {"prompt_tokens": 5, "completion_tokens": 1}},
            says("b") | {"usage": {"prompt_tokens": 5, "completion_tokens": 2}},
            says("c") | {"usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}},
            says("d") | {"usage": None},
        )
        assert reader.usage == Usage(5, 2, None)

    def test_a_count_that_came_once_is_not_lost(self):
        first = {"prompt_tokens": 5, "completion_tokens": 1}
        reader = read("openai_chat", chunk(usage=first), chunk(usage={"completion_tokens": 7}))
        assert reader.usage == Usage(5, 7, None)

    @pytest.mark.parametrize("usage", [{}, [], "x", 5, {"total_tokens": 9}, {"prompt_tokens": True}])
    def test_usage_without_counts_is_none(self, usage):
        assert read("openai_chat", chunk(usage=usage)).usage is None

    @pytest.mark.parametrize(
        ("doc", "error"),
        [
            ({"object": "error", "message": "too long", "type": "BadRequest", "code": 40303}, "too long (40303)"),
            ({"error": {"message": "boom", "type": "server_error", "code": None}}, "boom (server_error)"),
            ({"error": "boom"}, "boom"),
            ({"error": "boom", "message": "it broke"}, "boom: it broke"),
            ({"error": 500}, "500"),
            ({"error": True, "message": "it broke"}, "it broke"),
            ({"error": ["a", "b"]}, '["a", "b"]'),
            ({"error": {"reason": "x"}}, '{"reason": "x"}'),
            ({"error": {"message": {"text": "x"}}}, '{"message": {"text": "x"}}'),
        ],
    )
    def test_errors(self, doc, error):
        reader = read("openai_chat", says("a"), doc, "[DONE]")
        assert reader.error == error
        assert (reader.text, reader.ended, reader.complete, reader.last) == ("a", True, False, True)

    @pytest.mark.parametrize("error", [None, "", {}, [], 0, False, {"message": "", "code": 0}, {"message": None}])
    def test_an_error_that_says_nothing_is_none(self, error):
        reader = read("openai_chat", says("a") | {"error": error}, chunk(finish="stop"))
        assert (reader.error, reader.complete) == (None, True)

    @pytest.mark.parametrize(
        ("data", "error"),
        [({"message": "boom"}, "boom"), ({"x": 1}, '{"x": 1}'), ("out of memory", "out of memory")],
    )
    def test_an_event_named_error_is_an_error_whatever_it_holds(self, data, error):
        assert read("openai_chat", says("a"), ("error", data)).error == error

    def test_errors_that_differ_are_all_reported(self):
        reader = read("openai_chat", {"error": "first"}, {"error": "second"}, {"error": "first"})
        assert reader.error == "first; second"

    def test_what_comes_after_the_end_marker_is_still_read(self):
        reader = read("openai_chat", chunk(finish="stop"), "[DONE]", {"error": "late"})
        assert (reader.error, reader.complete) == ("late", False)

    @pytest.mark.parametrize("done", ["[DONE]", " [DONE] ", '"[DONE]"'])
    def test_done(self, done):
        reader = read("openai_chat", says("a"), done)
        assert (reader.complete, reader.last, reader.events, reader.json_events) == (True, True, 2, 1)

    @pytest.mark.parametrize("data", ["[done]", "DONE", "[DONE", "null", "[]", "[[DONE]]", "1", '"x"', "{", '{"a":}'])
    def test_other_data_is_passed_over(self, data):
        reader = read("openai_chat", data, says("a"))
        assert (reader.complete, reader.error, reader.first_token_event, reader.json_events) == (False, None, 1, 1)

    def test_a_finish_reason_ends_the_answer_but_usage_may_follow(self):
        reader = AnswerReader(FORMATS["openai_chat"], {}, SSE)
        reader.feed(stream_of(chunk(finish="stop")))
        assert (reader.ended, reader.last) == (True, False)
        reader.feed(stream_of("[DONE]"))
        assert reader.last

    def test_feed_gives_the_number_of_new_text_events(self):
        reader = AnswerReader(FORMATS["openai_chat"], {}, SSE)
        first, rest = stream_of(says("a"), says(""), says("b"))[:-1], b"\n"
        assert [reader.feed(first), reader.feed(rest), reader.feed(b""), reader.close()] == [1, 1, 0, 0]

    def test_numbers_are_ids_too_and_the_first_counts(self):
        reader = read("openai_chat", {"id": ""}, {"id": None}, {"id": True}, {"id": 7}, {"id": "8"})
        assert reader.message_id == "7"
