"""The public vectors, and the program that runs them."""

from __future__ import annotations

import base64
import copy
import json

import pytest

from run_vectors import failure, main
from stream_bodies import VECTORS


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_vector(vector):
    assert failure(vector) is None


def test_the_vectors_are_there():
    assert len(VECTORS) == 129 + 62


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
