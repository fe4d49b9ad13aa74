"""What is read out of answers: the public vectors, and cases by the same rules beside them."""

from __future__ import annotations

import base64
import copy
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from run_vectors import failure, load, main
from sse_perf_tool.formats import FORMATS, AnswerReader, detect, error_in_body, guess_from_url
from sse_perf_tool.formats import answer as answer_module
from sse_perf_tool.formats import body as body_module
from sse_perf_tool.formats.base import ERROR_LIMIT, count_of, error_text
from sse_perf_tool.formats.body import HELD_LIMIT
from sse_perf_tool.records import Usage
from sse_perf_tool.sse import encode

VECTORS = load(Path(__file__).resolve().parents[1] / "vectors" / "formats.jsonl")
SSE = "text/event-stream"
NDJSON = "application/x-ndjson"

Item = str | dict | tuple[str, Any]


def stream_of(*items: Item) -> bytes:
    """An event stream: of JSON objects, of data as it stands, of (event name, either)."""
    pairs = [item if isinstance(item, tuple) else (None, item) for item in items]
    return b"".join(encode(data if isinstance(data, str) else json.dumps(data), event=name) for name, data in pairs)


def lines_of(*docs: dict) -> bytes:
    return b"".join(json.dumps(doc).encode() + b"\n" for doc in docs)


def read_body(name: str | None, body: bytes, content_type: str = SSE, **options: Any) -> AnswerReader:
    reader = AnswerReader(FORMATS[name] if name else None, options, content_type)
    reader.feed(body)
    reader.close()
    return reader


def read(name: str | None, *items: Item, **options: Any) -> AnswerReader:
    if name == "ollama":
        return read_body(name, lines_of(*items), NDJSON, **options)
    return read_body(name, stream_of(*items), **options)


def chunk(delta: Any = None, index: int = 0, finish: str | None = None, **more: Any) -> dict:
    """A chat chunk."""
    return {"id": "c1", "choices": [{"index": index, "delta": delta or {}, "finish_reason": finish}], **more}


def says(text: Any) -> dict:
    return chunk({"content": text})


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_vector(vector):
    assert failure(vector) is None


def test_the_vectors_are_there():
    assert len(VECTORS) == 129


class TestRunner:
    def test_failing_vector_is_named_with_its_first_difference(self, tmp_path, capsys):
        vector = copy.deepcopy(VECTORS[0])
        vector["expect"]["text"] = "Hello there?"
        path = tmp_path / "v.jsonl"
        path.write_text("".join(json.dumps(v) + "\n" for v in (VECTORS[1], vector)))
        assert main([str(path)]) == 1
        assert capsys.readouterr().out.splitlines() == [
            'chat-basic: whole: text: "Hello there?" expected, "Hello there!" came',
            "1 passed, 1 failed",
        ]

    def test_expectation_without_a_meaning_here_fails(self):
        vector = copy.deepcopy(VECTORS[0])
        vector["expect"]["colour"] = None
        assert failure(vector) == "whole: colour: this runner does not know such an expectation"

    @pytest.mark.parametrize(
        ("key", "value"),
        [("detect", "dify"), ("expect", {"usage": {"prompt_tokens": 1}}), ("expect", {"choices": ["a", "b"]})],
    )
    def test_wrong_facts_fail(self, key, value):
        vector = copy.deepcopy(VECTORS[0])
        vector[key] = {**vector["expect"], **value} if key == "expect" else value
        assert failure(vector) is not None

    def test_missing_sse_event_fails(self):
        chunks = [base64.b64encode(b"data: a\n\n").decode()]
        event = {"event": "message", "data": "a", "id": ""}
        assert failure({"name": "x", "chunks": chunks, "events": [event]}) is None
        assert failure({"name": "x", "chunks": chunks, "events": [event, event]}) is not None
        assert failure({"name": "x", "chunks": chunks, "events": [{**event, "retry": 1}]}) is not None
        assert failure({"name": "x", "chunks": chunks, "events": [event], "final": {"retry": 1}}) is not None

    def test_no_file_is_wrong_usage(self, capsys):
        assert main([]) == 2
        assert "usage" in capsys.readouterr().err


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

    def test_one_event_of_300_kib(self):
        reader = AnswerReader(FORMATS["openai_chat"], {}, SSE)
        body = stream_of(says("语" * 100_000))
        assert sum(reader.feed(body[i : i + 1]) for i in range(len(body))) == 1
        assert len(reader.text) == 100_000


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
        assert (reader.text, reader.reasoning, reader.chunks, reader.complete) == ("a", "why", 2, False)

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


class TestAnthropic:
    def start(self, **usage: Any) -> dict:
        return {"type": "message_start", "message": {"id": "m", "usage": usage}}

    def test_null_counts_leave_what_was_known(self):
        reader = read(
            "anthropic",
            self.start(input_tokens=5, cache_read_input_tokens=10, output_tokens=1),
            {"type": "message_delta", "delta": {}, "usage": {"input_tokens": None, "output_tokens": 8}},
        )
        assert reader.usage == Usage(15, 8, None)

    def test_prompt_counts_of_message_delta_replace_one_by_one(self):
        reader = read(
            "anthropic",
            self.start(input_tokens=5, cache_creation_input_tokens=100, cache_read_input_tokens=10, output_tokens=1),
            {"type": "message_delta", "delta": {}, "usage": {"input_tokens": 6, "cache_read_input_tokens": 20}},
        )
        assert reader.usage == Usage(126, 1, None)

    def test_thinking_tokens(self):
        usage = {"output_tokens": 9, "output_tokens_details": {"thinking_tokens": 4}}
        reader = read("anthropic", self.start(input_tokens=5), {"type": "message_delta", "delta": {}, "usage": usage})
        assert reader.usage == Usage(5, 9, 4)

    def test_nothing_but_zeros_is_no_usage(self):
        assert read("anthropic", self.start(input_tokens=0, output_tokens=0)).usage is None

    def test_two_answers_do_not_share_their_usage(self):
        read("anthropic", self.start(input_tokens=5, output_tokens=1))
        assert read("anthropic", {"type": "message_delta", "usage": {"output_tokens": 2}}).usage == Usage(None, 2, None)

    def test_thinking_in_the_block_start_is_reasoning(self):
        block = {"type": "thinking", "thinking": "hm", "signature": ""}
        reader = read("anthropic", {"type": "content_block_start", "index": 0, "content_block": block})
        assert (reader.reasoning, reader.chunks) == ("hm", 1)

    @pytest.mark.parametrize(
        "piece",
        [
            {"type": "input_json_delta", "partial_json": '{"text":"x"}'},
            {"type": "signature_delta", "signature": "x"},
            {"type": "citations_delta", "citation": {"cited_text": "x"}},
            {"type": "text_delta", "text": ""},
            {"type": "text_delta", "text": None},
        ],
    )
    def test_deltas_without_text(self, piece):
        reader = read("anthropic", {"type": "content_block_delta", "delta": piece})
        assert (reader.text, reader.reasoning, reader.chunks) == ("", "", 0)

    def test_stop_reason_suffices_and_message_stop_is_the_last(self):
        reader = AnswerReader(FORMATS["anthropic"], {}, SSE)
        reader.feed(stream_of({"type": "message_delta", "delta": {"stop_reason": "max_tokens"}}))
        assert (reader.finish_reason, reader.complete, reader.last) == ("max_tokens", True, False)
        reader.feed(stream_of({"type": "message_stop"}))
        assert reader.last

    def test_error_without_an_event_name(self):
        doc = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
        assert read("anthropic", doc).error == "Overloaded (overloaded_error)"
        assert read("anthropic", {"type": "error"}).error == '{"type": "error"}'

    def test_the_event_name_stands_for_a_missing_type(self):
        item = ("content_block_delta", {"delta": {"type": "text_delta", "text": "a"}})
        assert read("anthropic", item).text == "a"


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


class TestCohere:
    def test_thinking_is_reasoning(self):
        doc = {"type": "content-delta", "delta": {"message": {"content": {"thinking": "hm"}}}}
        assert read("cohere", doc).reasoning == "hm"

    def test_message_end_is_an_end_without_done(self):
        reader = read("cohere", {"type": "message-end", "delta": {"finish_reason": "MAX_TOKENS"}})
        assert (reader.complete, reader.last, reader.finish_reason) == (True, True, "MAX_TOKENS")

    def test_done_is_an_end_without_message_end(self):
        assert read("cohere", "[DONE]").complete

    @pytest.mark.parametrize(
        ("usage", "expected"),
        [
            ({"tokens": {"input_tokens": 7.0, "output_tokens": 3.0}}, Usage(7, 3, None)),
            ({"tokens": None, "billed_units": {"input_tokens": 5}}, Usage(5, None, None)),
            ({"tokens": {"input_tokens": 0, "output_tokens": 0}, "billed_units": {"output_tokens": 2}}, Usage(None, 2)),
            ({"tokens": {"input_tokens": 0, "output_tokens": 0}}, None),
            ({"tokens": {"input_tokens": 1.5}}, None),
        ],
    )
    def test_usage(self, usage, expected):
        assert read("cohere", {"type": "message-end", "delta": {"usage": usage}}).usage == expected

    def test_only_message_start_names_the_message(self):
        reader = read("cohere", {"type": "content-start", "id": "x"}, {"type": "message-start", "id": "m"})
        assert reader.message_id == "m"

    def test_citations_and_tool_calls_are_no_text(self):
        reader = read(
            "cohere",
            {"type": "citation-start", "delta": {"message": {"citations": {"text": "a", "start": 0}}}},
            {"type": "tool-call-delta", "delta": {"message": {"tool_calls": {"function": {"arguments": "{"}}}}},
        )
        assert (reader.text, reader.reasoning, reader.chunks) == ("", "", 0)

    def test_error_object(self):
        doc = {"type": "message-end", "delta": {"finish_reason": "ERROR", "error": {"message": "boom"}}}
        assert read("cohere", doc).error == "boom"


class TestOllama:
    def test_generate_with_text_on_the_done_line(self):
        reader = read(
            "ollama",
            {"response": "a", "thinking": "hm", "done": False},
            {"response": "b", "done": True, "done_reason": "length", "prompt_eval_count": 2, "eval_count": 3},
        )
        assert (reader.text, reader.reasoning, reader.chunks) == ("ab", "hm", 2)
        assert (reader.finish_reason, reader.usage, reader.complete) == ("length", Usage(2, 3, None), True)

    def test_counts_before_the_done_line_are_no_usage(self):
        assert read("ollama", {"response": "a", "done": False, "eval_count": 3}).usage is None

    @pytest.mark.parametrize("done", [None, "true", 1, False])
    def test_only_true_is_done(self, done):
        assert not read("ollama", {"response": "a", "done": done}).complete

    def test_last_line_needs_no_line_end(self):
        reader = read_body("ollama", b'{"response":"a","done":false}\n{"response":"b","done":true}', NDJSON)
        assert (reader.text, reader.complete, reader.chunks) == ("ab", True, 2)

    def test_cut_last_line_is_an_event_and_nothing_else(self):
        reader = read_body("ollama", b'{"response":"a","done":false}\n{"response":"b"', NDJSON)
        assert (reader.text, reader.events, reader.json_events, reader.complete) == ("a", 2, 1, False)

    @pytest.mark.parametrize("content_type", ["", "text/plain", "text/event-stream", "application/octet-stream"])
    def test_lines_are_lines_under_any_other_content_type(self, content_type):
        assert read_body("ollama", lines_of({"response": "a", "done": True}), content_type).text == "a"

    def test_lines_that_call_themselves_json(self):
        body = lines_of({"response": "a", "done": False}, {"response": "b", "done": True})
        for cuts in ([body], [body[i : i + 1] for i in range(len(body))]):
            reader = AnswerReader(FORMATS["ollama"], {}, "application/json; charset=utf-8")
            assert sum(map(reader.feed, cuts)) + reader.close() == 2
            assert (reader.text, reader.complete, reader.error) == ("ab", True, None)

    def test_one_object_that_calls_itself_json_is_a_document(self):
        reader = read_body("ollama", b'{"error":"model not found"}\n\n', "application/json")
        assert (reader.error, reader.events) == ("model not found", 0)


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
        assert (reader.last, reader.complete, reader.finish_reason) == (True, True, "stopped")

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


class TestQianfan:
    def test_error_in_the_stream(self):
        reader = read("qianfan", {"result": "a", "is_end": False}, {"error_code": 336100, "error_msg": "try again"})
        assert (reader.text, reader.error, reader.complete) == ("a", "try again (336100)", False)

    def test_error_code_0_is_none(self):
        reader = read("qianfan", {"result": "a", "is_end": True, "error_code": 0, "error_msg": ""})
        assert (reader.error, reader.complete) == (None, True)

    def test_finish_reason_is_no_end(self):
        assert not read("qianfan", {"result": "a", "is_end": False, "finish_reason": "normal"}).complete


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


class TestCustom:
    def test_path_through_lists(self):
        fields = {"text": "choices.0.delta.parts.1"}
        docs = [{"choices": [{"delta": {"parts": ["x", "a"]}}]}, {"choices": []}, {"choices": {"0": {"delta": 1}}}]
        reader = read("custom", *docs, fields=fields)
        assert (reader.text, reader.chunks) == ("a", 1)

    def test_digits_are_a_name_in_an_object(self):
        assert read("custom", {"a": {"0": "x"}}, fields={"text": "a.0"}).text == "x"

    @pytest.mark.parametrize("value", [None, 1, True, ["a"], {"a": "b"}])
    def test_only_strings_are_text(self, value):
        assert read("custom", {"t": value}, fields={"text": "t"}).chunks == 0

    def test_events_without_text_events_all_count_but_errors(self):
        reader = read(
            "custom",
            {"kind": "a", "t": "1"},
            {"t": "2"},
            {"kind": "bad", "t": "boom"},
            fields={"event": "kind", "text": "t", "error": "t"},
            error_events=["bad"],
        )
        assert (reader.text, reader.chunks, reader.error) == ("12", 2, "boom")

    def test_kinds_may_be_numbers(self):
        reader = read(
            "custom",
            {"kind": 1, "t": "a"},
            {"kind": 2, "t": "b"},
            fields={"event": "kind", "text": "t"},
            text_events=[1],
            end_events=["2"],
        )
        assert (reader.text, reader.complete, reader.last) == ("a", True, True)

    def test_the_event_name_is_the_kind_when_no_field_is_named(self):
        reader = read("custom", ("say", {"t": "a"}), ("note", {"t": "b"}), fields={"text": "t"}, text_events=["say"])
        assert reader.text == "a"

    def test_error_field_alone_is_an_error_when_it_is_not_empty(self):
        docs = [{"err": ""}, {"err": None}, {"err": {"message": "boom", "code": 5}}]
        assert read("custom", *docs[:2], fields={"error": "err"}).error is None
        assert read("custom", *docs, fields={"error": "err"}).error == "boom (5)"

    def test_error_field_is_no_error_outside_error_events(self):
        reader = read("custom", {"event": "message", "message": "hi"}, fields={"error": "message"}, error_events=["e"])
        assert reader.error is None

    def test_error_event_without_the_field_is_an_error(self):
        reader = read("custom", ("oops", {"why": "x"}), fields={"error": "message"}, error_events=["oops"])
        assert reader.error == '{"why": "x"}'

    @pytest.mark.parametrize(
        ("code", "failed"),
        [(0, False), (200, False), ("0", False), (None, False), (1, True), ("E1", True), (False, True)],
    )
    def test_codes(self, code, failed):
        options = {"error_code": {"path": "code", "ok": [0, 200]}, "fields": {"error": "msg"}}
        assert (read("custom", {"code": code, "msg": "m"}, **options).error is not None) is failed

    def test_event_without_code_is_no_error(self):
        assert (
            read("custom", {"msg": "m"}, error_code={"path": "code", "ok": [0]}, fields={"error": "msg"}).error is None
        )

    def test_cumulative_reasoning(self):
        docs = [{"r": "h"}, {"r": "hm"}, {"r": "hm", "t": "a"}, {"r": "", "t": ""}]
        reader = read("custom", *docs, fields={"text": "t", "reasoning": "r"}, cumulative=True)
        assert (reader.text, reader.reasoning, reader.chunks) == ("a", "hm", 3)

    def test_finish_reason_is_an_end_but_not_the_last_event(self):
        reader = read("custom", {"why": "stop"}, fields={"finish_reason": "why"})
        assert (reader.complete, reader.last, reader.finish_reason) == (True, False, "stop")

    def test_usage_may_come_in_pieces(self):
        fields = {"prompt_tokens": "in", "completion_tokens": "out", "reasoning_tokens": "think"}
        assert read("custom", {"in": 4}, {"out": 2, "think": 1}, fields=fields).usage == Usage(4, 2, 1)

    def test_an_error_key_that_is_not_mapped_means_nothing(self):
        assert read("custom", {"error": "x", "t": "a"}, ("error", {"t": "b"}), fields={"text": "t"}).error is None

    def test_no_options_at_all(self):
        reader = read("custom", {"a": 1}, "[DONE]")
        assert (reader.chunks, reader.complete) == (0, True)

    def test_raw(self):
        reader = read("custom", "a", "", '{"t":1}', " b", "[DONE]", raw=True)
        assert (reader.text, reader.chunks, reader.complete, reader.json_events) == ('a{"t":1} b', 3, True, 0)

    def test_raw_with_event_names(self):
        reader = read(
            "custom",
            ("token", "a"),
            ("log", "x"),
            ("token", "b"),
            ("oops", "boom"),
            ("end", ""),
            raw=True,
            text_events=["token"],
            error_events=["oops"],
            end_events=["end"],
        )
        assert (reader.text, reader.error, reader.ended, reader.chunks) == ("ab", "boom", True, 2)

    def test_raw_cumulative(self):
        reader = read("custom", "a", "ab", "ab", raw=True, cumulative=True)
        assert (reader.text, reader.chunks) == ("ab", 2)

    def test_raw_bytes_that_are_no_utf8(self):
        assert read_body("custom", b"data: \xff\x00\n\n", raw=True).text == "\ufffd\x00"

    @pytest.mark.parametrize("content_type", ["", "text/plain", "application/octet-stream"])
    def test_the_body_tells_its_framing_when_the_content_type_does_not(self, content_type):
        fields = {"text": "t"}
        assert read_body("custom", b'\n{"t":"a"}\n{"t":"b"}\n', content_type, fields=fields).text == "ab"
        assert read_body("custom", stream_of({"t": "a"}, {"t": "b"}), content_type, fields=fields).text == "ab"


class TestDocuments:
    @pytest.mark.parametrize("content_type", ["text/html", "TEXT/HTML; charset=gbk", "application/xhtml+xml"])
    @pytest.mark.parametrize("body", [b"", b"data: x\n\n", stream_of(says("a")), b"<html>"])
    def test_html_is_an_error_and_nothing_is_read(self, content_type, body):
        reader = read_body("openai_chat", body, content_type)
        assert reader.error
        assert (reader.text, reader.events, reader.chunks, reader.complete) == ("", 0, 0, False)

    def test_the_title_of_a_page_is_told(self):
        page = b"<!doctype html><HTML><title class=x>\n 502\n Bad Gateway </title>"
        assert read_body("dify", page, "text/html").error == "a web page instead of a stream: 502 Bad Gateway"

    @pytest.mark.parametrize(
        ("body", "error"),
        [
            (b'{"error":"boom"}', "boom"),
            (b'\xef\xbb\xbf\n {"error":{"message":"boom","code":7}}\n', "boom (7)"),
            (b'{"message":"boom","code":"x"}', "boom (x)"),
            (b'{"error_code":17,"error_msg":"boom"}', "boom (17)"),
            (b'{"msg":"boom","code":4000}', "boom (4000)"),
            (b'{"error":{},"message":"boom"}', "boom"),
            (b'{"error":null,"msg":"boom"}', "boom"),
            (b'{"error":500,"message":"boom"}', "boom"),
            (b'[{"error":{"code":400,"message":"boom"}}]', "boom (400)"),
            (b'{\n  "error": "boom"\n}\n', "boom"),
            (b'{"error":{}}', 'a document instead of a stream: {"error":{}}'),
            (b'{"choices":[]}', 'a document instead of a stream: {"choices":[]}'),
            (b'{"error": "bo', 'a document instead of a stream: {"error": "bo'),
            (b"oops", "a document instead of a stream: oops"),
            (b"", None),
        ],
    )
    @pytest.mark.parametrize("name", ["openai_chat", "ollama", "custom", None])
    def test_json(self, body, error, name):
        for cuts in ([body], [body[i : i + 1] for i in range(len(body))]):
            reader = AnswerReader(FORMATS[name] if name else None, {}, "application/json;charset=UTF-8")
            assert sum(map(reader.feed, cuts)) + reader.close() == 0
            assert (reader.error, reader.events, reader.complete) == (error, 0, False)

    def test_event_stream_that_calls_itself_json_is_read(self):
        body = b": hi\n\n" + stream_of(says("a"), says("b"), "[DONE]")
        for cuts in ([body], [body[i : i + 1] for i in range(len(body))]):
            reader = AnswerReader(FORMATS["openai_chat"], {}, "application/json")
            assert sum(map(reader.feed, cuts)) + reader.close() == 2
            assert (reader.text, reader.complete) == ("ab", True)

    def test_no_more_of_a_document_is_kept_than_needed(self):
        reader = AnswerReader(FORMATS["openai_chat"], {}, "application/json")
        reader.feed(b'{"x":"')
        for _ in range(3):
            reader.feed(b"x" * HELD_LIMIT)
        reader.close()
        assert reader.body_bytes == 6 + 3 * HELD_LIMIT
        assert reader.error is not None
        assert len(reader.error) == ERROR_LIMIT

    def test_plain_text_is_read_as_the_format_says(self):
        assert read_body("openai_chat", stream_of(says("a")), "text/plain").text == "a"
        assert read_body("openai_chat", b'{"error":"x"}', "text/plain").error is None

    @pytest.mark.parametrize(
        ("body", "error"),
        [
            (b"", None),
            (b"  \n", None),
            (b'{"error":{"message":"no key","type":"auth"}}', "no key (auth)"),
            (b'{"detail":"Not Found"}', "Not Found"),
            (b'{"a":1}', '{"a": 1}'),
            (b"<html><title>504 Gateway Time-out</title>", "504 Gateway Time-out"),
            (b"<html></html>", None),
            (b"slow down", "slow down"),
            (b'id:1\nevent:error\n:HTTP_STATUS/400\ndata:{"code":"Bad","message":"no"}\n\n', "no (Bad)"),
        ],
    )
    def test_error_in_the_body_of_a_failed_request(self, body, error):
        assert error_in_body(body) == error

    @pytest.mark.parametrize(
        ("body", "looks"),
        [
            (b"data: {", True),
            (b": ping", True),
            (b"\xef\xbb\xbfevent:x", True),
            (b"{", False),
            (b"hello", False),
            (b"", False),
        ],
    )
    def test_whether_a_body_without_events_looks_like_a_stream(self, body, looks):
        assert read_body("openai_chat", body).looks_like_stream is looks


class TestErrorText:
    def test_it_is_bounded(self):
        reader = read("openai_chat", {"error": "x" * 5000}, {"error": {"message": "y" * 5000, "code": "z" * 5000}})
        assert reader.error is not None
        assert len(reader.error) == ERROR_LIMIT
        assert len(error_text({"error": {"message": "y" * 5000, "code": "z" * 5000}})) == ERROR_LIMIT
        assert len(error_text({"other": ["y" * 5000]})) == ERROR_LIMIT

    def test_too_deep_json_is_told_without_failing(self):
        deep: Any = {}
        for _ in range(5000):
            deep = {"a": deep}
        assert error_text({"error": deep}) == "(nested too deep to be shown)"

    @pytest.mark.parametrize(
        ("value", "count"),
        [(0, 0), (7, 7), (7.0, 7), (7.5, None), (-1, None), (True, None), ("7", None), (None, None), ([7], None)],
    )
    def test_counts(self, value, count):
        assert count_of(value) == count

    @pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e300, 2**60])
    def test_absurd_numbers_are_no_counts(self, value):
        assert count_of(value) is None


class TestDetection:
    @pytest.mark.parametrize(
        ("event", "doc", "name"),
        [
            ("conversation.chat.created", {}, "coze"),
            ("message", {"type": "response.created"}, "openai_responses"),
            ("message", {"type": "content_block_start"}, "anthropic"),
            ("message", {"type": "message_delta"}, "anthropic"),
            ("error", {"type": "error", "error": {"type": "overloaded_error"}}, "anthropic"),
            ("message", {"type": "message-start"}, "cohere"),
            ("message", {"type": "content-end"}, "cohere"),
            ("message", {"event": "error", "task_id": "t"}, "dify"),
            ("message", {"event": "message", "answer": ""}, "dify"),
            ("message", {"event": 1, "answer": ""}, None),
            ("message", {"promptFeedback": {}}, "gemini"),
            ("message", {"token": {"text": ""}}, "tgi"),
            ("message", {"is_end": False, "result": "", "object": "chat.completion"}, "qianfan"),
            ("result", {"output": {}, "request_id": "r"}, "dashscope"),
            ("message", {"object": "text_completion", "choices": []}, "openai_completions"),
            ("message", {"choices": [{"text": "a"}]}, "openai_completions"),
            ("message", {"object": "chat.completion.chunk"}, "openai_chat"),
            ("message", {"choices": [{"delta": None}]}, "openai_chat"),
            ("message", {"choices": []}, None),
            ("message", {"error": {"message": "x", "type": "y"}}, None),
            ("error", {"code": 4000, "msg": "x"}, None),
            ("ping", {"type": "ping"}, None),
            ("message", {"done": False, "response": "a"}, None),
        ],
    )
    def test_events(self, event, doc, name):
        found = detect(event, doc)
        assert (found.name if found else None) == name

    def test_ollama_is_looked_for_in_lines_only(self):
        found = detect("message", {"done": False, "response": "a"}, ndjson=True)
        assert found is not None
        assert found.name == "ollama"

    @pytest.mark.parametrize(
        "vector", [v for v in VECTORS if v["detect"] == v["format"]], ids=lambda vector: vector["name"]
    )
    def test_a_format_that_shows_need_not_be_named(self, vector):
        body = base64.b64decode(vector["stream"])
        options, content_type = vector.get("options") or {}, vector["content_type"]
        named, found = (AnswerReader(fmt, options, content_type) for fmt in (FORMATS[vector["format"]], None))
        assert sum(map(found.feed, (body[i : i + 1] for i in range(len(body))))) + found.close() == found.chunks
        named.feed(body)
        named.close()
        assert found.format_name == vector["format"]
        for fact in (
            "text",
            "reasoning",
            "choices",
            "chunks",
            "usage",
            "finish_reason",
            "message_id",
            "error",
            "complete",
        ):
            assert getattr(found, fact) == getattr(named, fact), fact
        assert (found.first_token_event, found.first_answer_event) == (
            named.first_token_event,
            named.first_answer_event,
        )

    def test_events_before_the_one_that_decides_are_read_again(self):
        early = {"id": "c0", "choices": [], "usage": {"prompt_tokens": 3}}
        reader = AnswerReader(None, {}, SSE)
        assert reader.feed(stream_of(("ping", {"type": "ping"}), early, "x")) == 0
        assert (reader.format_name, reader.detected, reader.usage) == ("", None, None)
        assert reader.feed(stream_of(says("a"))) == 1
        assert (reader.format_name, reader.detected, reader.message_id) == ("openai_chat", "openai_chat", "c0")
        assert (reader.usage, reader.first_token_event) == (Usage(3, None, None), 3)

    def test_an_error_before_the_decision_is_told_once(self):
        reader = read(None, {"error": {"message": "boom"}}, says("a"))
        assert (reader.error, reader.text) == ("boom", "a")

    def test_nothing_decides(self):
        reader = read(None, *[{"answer": "a"}] * 100, "[DONE]")
        assert (reader.text, reader.error, reader.complete, reader.format_name) == ("", None, True, "")
        reader = read(None, {"answer": "a"}, {"error": "boom"})
        assert (reader.error, reader.last, reader.complete) == ("boom", True, False)

    def test_lines_of_json_without_a_name(self):
        body = lines_of({"response": "a", "done": True, "done_reason": "stop"})
        for content_type in (NDJSON, "", "text/plain"):
            reader = read_body(None, body, content_type)
            assert (reader.text, reader.format_name) == ("a", "ollama")

    def test_a_guess_holds_until_the_body_shows_another_format(self):
        early = {"id": "c0", "choices": [], "usage": {"prompt_tokens": 3}}
        for guess in ("dify", "openai_chat", "tgi"):
            reader = AnswerReader(None, {}, SSE, FORMATS[guess])
            assert (reader.format_name, reader.feed(stream_of(early))) == (guess, 0)
            assert (reader.feed(stream_of(says("a"))), reader.feed(stream_of(says("b"), "[DONE]"))) == (1, 1)
            assert (reader.format_name, reader.detected) == ("openai_chat", "openai_chat")
            assert (reader.text, reader.message_id, reader.usage) == ("ab", "c0", Usage(3, None, None))
            assert (reader.complete, reader.first_token_event) == (True, 1)

    def test_a_guess_stands_when_nothing_decides(self):
        reader = AnswerReader(None, {}, SSE, FORMATS["openai_chat"])
        reader.feed(stream_of({"object": "error", "message": "boom"}))
        assert (reader.format_name, reader.detected, reader.error) == ("openai_chat", None, "boom")

    def test_a_guess_that_brought_text_stands(self):
        reader = AnswerReader(None, {}, SSE, FORMATS["qianfan"])
        reader.feed(stream_of({"result": "a"}, says("b")))
        assert (reader.format_name, reader.detected, reader.text) == ("qianfan", "openai_chat", "a")

    def test_a_named_format_stays_though_the_body_shows_another(self):
        reader = read("dify", says("a"), chunk(finish="stop"))
        assert (reader.format_name, reader.detected, reader.text, reader.complete) == ("dify", "openai_chat", "", False)


class TestTable:
    @pytest.mark.parametrize(
        ("url", "name"),
        [
            ("api.openai.com /v1/chat/completions", "openai_chat"),
            ("localhost /chat/completions?x=1", "openai_chat"),
            ("x.openai.azure.com /openai/deployments/d/chat/completions?api-version=1", "openai_chat"),
            ("dashscope.aliyuncs.com /compatible-mode/v1/chat/completions", "openai_chat"),
            ("qianfan.baidubce.com /v2/chat/completions", "openai_chat"),
            ("localhost /v1/completions", "openai_completions"),
            ("localhost /v1/responses", "openai_responses"),
            ("localhost /v1/messages", "anthropic"),
            ("api.anthropic.com /other", "anthropic"),
            ("x /v1beta/models/gemini-2.0-flash:streamGenerateContent?alt=sse", "gemini"),
            ("api.cohere.com /v2/chat", "cohere"),
            ("localhost /api/chat", "ollama"),
            ("localhost /api/generate", "ollama"),
            ("localhost /v1/chat-messages", "dify"),
            ("localhost /v1/completion-messages", "dify"),
            ("localhost /v1/workflows/run", "dify"),
            ("localhost /v1/workflows/5/run", "dify"),
            ("API.DIFY.AI /x", "dify"),
            ("localhost /generate_stream", "tgi"),
            ("api.coze.cn /v3/chat?conversation_id=1", "coze"),
            ("dashscope.aliyuncs.com /api/v1/services/aigc/text-generation/generation", "dashscope"),
            ("dashscope-intl.aliyuncs.com /api/v1/apps/a1/completion", "dashscope"),
            ("aip.baidubce.com /rpc/2.0/ai_custom/v1/wenxinworkshop/chat/eb-instant", "qianfan"),
            ("localhost /", None),
            ("localhost /v1/chat", None),
            ("notdify.ai.example /x", None),
        ],
    )
    def test_urls(self, url, name):
        found = guess_from_url(*url.split(" "))
        assert (found.name if found else None) == name

    def test_fourteen_formats_under_their_names(self):
        assert len(FORMATS) == 14
        assert all(name == row.name for name, row in FORMATS.items())

    @pytest.mark.parametrize("row", FORMATS.values(), ids=lambda row: row.name)
    def test_minimal_bodies_hold_the_query_and_ask_for_a_stream(self, row):
        body = row.body("QUERY", "MODEL", "USER", "CONVERSATION")
        text = json.dumps(body)
        assert "QUERY" in text
        assert ("MODEL" in text) is (row.name not in ("gemini", "dify", "tgi", "qianfan", "chatbot"))
        streams = body.get("stream") is True or body.get("response_mode") == "streaming"
        assert streams or row.name in ("gemini", "dashscope", "chatbot")  # the path, a header, as a rule

    def test_usage_is_asked_for_where_it_has_to_be(self):
        assert FORMATS["openai_chat"].body("q", "m", "", "")["stream_options"] == {"include_usage": True}
        assert FORMATS["openai_completions"].body("q", "m", "", "")["stream_options"] == {"include_usage": True}
        assert FORMATS["tgi"].body("q", "m", "", "")["parameters"] == {"details": True}

    def test_headers(self):
        assert FORMATS["anthropic"].headers == {"anthropic-version": "2023-06-01"}
        assert FORMATS["dashscope"].stream_headers == {"X-DashScope-SSE": "enable"}
        assert [name for name, row in FORMATS.items() if row.ndjson] == ["ollama"]
        assert [name for name, row in FORMATS.items() if not row.needs_key] == [
            "ollama",
            "tgi",
            "qianfan",
            "chatbot",
            "custom",
        ]


FOREIGN = [
    None,
    True,
    False,
    0,
    -1,
    1.5,
    1e400,
    10**30,
    "",
    "x",
    "error",
    [],
    {},
    [[]],
    [None],
    [{}],
    {"a": 1},
    [1, "x"],
]


def spots(value: Any) -> Iterator[tuple[Any, Any]]:
    """(container, key) of all values inside `value`."""
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from spots(value[key])


def documents() -> list[tuple[str, dict]]:
    """(event name, JSON object) of every event of the vectors."""
    found = []
    for vector in VECTORS:
        body = base64.b64decode(vector["stream"]).decode("utf-8", "replace").replace("\r\n", "\n")
        for block in body.split("\n\n"):
            fields = [line.partition(":") for line in block.split("\n")]
            name = next((value.strip() for field, _, value in fields if field == "event"), "message")
            data = "\n".join(value for field, _, value in fields if field == "data")
            for text in (data, *block.split("\n")):
                try:
                    doc = json.loads(text)
                except ValueError:
                    continue
                found += [(name, doc)] if isinstance(doc, dict) else []
    return found


class TestForeignJSON:
    """No reader may raise, whatever the objects of a stream hold."""

    def mutants(self) -> Iterator[tuple[str, dict]]:
        rng = random.Random(5)
        for name, original in documents():
            for _ in range(4):
                doc = copy.deepcopy(original)
                for _ in range(rng.randrange(1, 4)):
                    container, key = rng.choice(list(spots(doc)) or [({}, "x")])
                    container[key] = copy.deepcopy(rng.choice(FOREIGN))
                yield name, doc

    @pytest.mark.parametrize("name", [*FORMATS, None])
    def test_mutated_vectors(self, name):
        options = {
            "fields": {"event": "event", "text": "choices.0.delta", "error": "error", "prompt_tokens": "usage"},
            "error_code": {"path": "code", "ok": [0]},
            "end_events": ["x"],
        }
        reader = AnswerReader(FORMATS[name] if name else None, options, NDJSON if name == "ollama" else SSE)
        seen = 0
        for event, doc in self.mutants():
            seen += 1
            reader.feed(lines_of(doc) if name == "ollama" else stream_of((event, doc)))
        reader.close()
        assert reader.json_events == seen > 1000
        for text in (reader.text, reader.reasoning, reader.error or "", reader.message_id or "", *reader.choices):
            text.encode()

    @pytest.mark.parametrize("name", FORMATS)
    def test_deep_nesting(self, name):
        reader = AnswerReader(FORMATS[name], {"fields": {"text": "choices"}}, SSE)
        for depth in (500, 1000, 100_000):
            for opening, closing in (('{"choices":', "}"), ("[", "]")):
                deep = opening * depth + "1" + closing * depth
                for key in ("choices", "error", "delta", "output", "candidates", "message", "data"):
                    reader.feed(stream_of(f'{{"{key}":{deep}}}'))
        assert reader.close() == 0

    @pytest.mark.parametrize("options", [{"fields": None}, {"fields": {"text": 1}}, {"error_code": None}, {"raw": 1}])
    def test_options_of_foreign_types(self, options):
        assert read("custom", {"a": 1}, **options).error is None
