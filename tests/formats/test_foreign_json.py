"""No reader raises, whatever the objects of a stream hold."""

from __future__ import annotations

import base64
import copy
import json
import random
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from sse_perf_tool.formats import FORMATS, AnswerReader
from stream_bodies import NDJSON, SSE, VECTORS, lines_of, read, stream_of

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


@cache
def mutants() -> tuple[tuple[bytes, bytes], ...]:
    """Each event of the vectors with up to three of its values made foreign, four times: as SSE, and as a line of JSON.

    They are made once for all readers, as making them takes longer than reading them.
    """
    rng = random.Random(5)
    found = []
    for name, original in documents():
        for _ in range(4):
            doc = copy.deepcopy(original)
            for _ in range(rng.randrange(1, 4)):
                container, key = rng.choice(list(spots(doc)) or [({}, "x")])
                container[key] = copy.deepcopy(rng.choice(FOREIGN))
            found.append((stream_of((name, doc)), lines_of(doc)))
    return tuple(found)


class TestForeignJSON:
    """No reader may raise, whatever the objects of a stream hold."""

    @pytest.mark.not_measured
    @pytest.mark.parametrize("name", [*FORMATS, None])
    def test_mutated_vectors(self, name):
        options = {
            "fields": {"event": "event", "text": "choices.0.delta", "error": "error", "prompt_tokens": "usage"},
            "error_code": {"path": "code", "ok": [0]},
            "end_events": ["x"],
        }
        reader = AnswerReader(FORMATS[name] if name else None, options, NDJSON if name == "ollama" else SSE)
        for stream, line in mutants():
            reader.feed(line if name == "ollama" else stream)
        reader.close()
        assert reader.json_events == len(mutants()) > 1000
        for text in (reader.text, reader.reasoning, reader.error or "", reader.message_id or "", *reader.choices):
            text.encode()

    @pytest.mark.not_measured
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
