"""Texts of errors, counts of tokens."""

from __future__ import annotations

from typing import Any

import pytest

from sse_perf_tool.formats.base import ERROR_LIMIT, count_of
from sse_perf_tool.formats.failures import error_text
from stream_bodies import read


class TestErrorText:
    def test_it_is_bounded(self):
        reader = read("openai_chat", {"error": "x" * 5000}, {"error": {"message": "y" * 5000, "code": "z" * 5000}})
        assert reader.error is not None
        assert len(reader.error) == ERROR_LIMIT
        assert len(error_text({"error": {"message": "y" * 5000, "code": "z" * 5000}})) == ERROR_LIMIT
        assert len(error_text({"other": ["y" * 5000]})) == ERROR_LIMIT

    def test_too_deep_json_is_told_without_failing(self):
        deep: Any = 1
        for _ in range(99):
            deep = {"a": deep}
        assert error_text({"error": deep}).count("{") == 99
        assert error_text({"other": [deep]}) == "(nested too deep to be shown)"
        for _ in range(5000):
            deep = [deep]
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
