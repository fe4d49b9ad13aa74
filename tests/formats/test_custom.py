"""Formats told by the user, beside the vectors."""

from __future__ import annotations

import pytest

from sse_perf_tool.records import Usage
from stream_bodies import read, read_body, stream_of


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
        assert read("custom", {"error": "x", "t": "a"}, {"t": "b"}, fields={"text": "t"}).error is None

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
