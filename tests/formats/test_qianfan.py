"""Qianfan, beside the vectors."""

from __future__ import annotations

from stream_bodies import read


class TestQianfan:
    def test_error_in_the_stream(self):
        reader = read("qianfan", {"result": "a", "is_end": False}, {"error_code": 336100, "error_msg": "try again"})
        assert (reader.text, reader.error, reader.complete) == ("a", "try again (336100)", False)

    def test_error_code_0_is_none(self):
        reader = read("qianfan", {"result": "a", "is_end": True, "error_code": 0, "error_msg": ""})
        assert (reader.error, reader.complete) == (None, True)

    def test_finish_reason_is_no_end(self):
        assert not read("qianfan", {"result": "a", "is_end": False, "finish_reason": "normal"}).complete
