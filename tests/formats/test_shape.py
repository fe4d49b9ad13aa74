"""The text of an event taken out of its bytes: what comes out of an answer is the same as by reading each event."""

from __future__ import annotations

import base64
from itertools import islice
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from alike_events import BETWEEN, COMMON, TEXTS, TOKEN, VERBATIM, chat, raw, state_of
from sse_perf_tool.formats import FORMATS, AnswerReader
from sse_perf_tool.formats import answer as answer_module
from sse_perf_tool.formats.shape import Shape, shape_of
from sse_perf_tool.records import Delta
from stream_bodies import VECTORS


def read(name: str | None, pieces: list[bytes], patch: pytest.MonkeyPatch, *, by_shape: bool, **options: Any) -> Any:
    """(the new chunks of each piece, what the reader knows in the end, how many texts came by their shape)"""
    taken = SimpleNamespace(texts=0)
    text_in = Shape.text_in

    def counted(self: Shape, data: bytes) -> str:
        text = text_in(self, data) if by_shape else ""
        taken.texts += bool(text)
        return text

    patch.setattr(Shape, "text_in", counted)
    reader = AnswerReader(FORMATS[name] if name else None, options, "text/event-stream")
    new = [reader.feed(piece) for piece in pieces]
    new.append(reader.close())
    patch.setattr(Shape, "text_in", text_in)
    state = state_of(reader)
    return new, state | {"text": reader.text, "choices": reader.choices, "reasoning": reader.reasoning}, taken.texts


def together(pieces: list[bytes], chance: Random) -> list[bytes]:
    """The same in reads of several pieces."""
    body, reads = iter(pieces), []
    while read_of := list(islice(body, chance.randrange(1, 5))):
        reads.append(b"".join(read_of))
    return reads


@pytest.mark.parametrize("name", VERBATIM)
def test_whatever_is_said_and_whatever_comes_between_is_read_alike(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    chance, taken = Random(7), 0
    for _ in range(60):
        pieces = []
        for _ in range(chance.randrange(2, 40)):
            rare = chance.random() < 0.06
            ascii_only = chance.random() < 0.1
            text = chance.choice(TEXTS) if chance.random() < 0.3 else chance.choice(TEXTS[:5])
            pieces.append(
                chance.choice([*BETWEEN[name], *COMMON]) if rare else raw(TOKEN[name](text), ascii_only=ascii_only)
            )
        if chance.random() < 0.5:
            pieces = together(pieces, chance)
        named = chance.choice([name, None])
        new, state, texts = read(named, pieces, monkeypatch, by_shape=True)
        assert (new, state) == read(named, pieces, monkeypatch, by_shape=False)[:2], pieces
        taken += texts
    assert taken > 150


@pytest.mark.parametrize(
    "vector", [each for each in VECTORS if each.get("format") in VERBATIM], ids=lambda v: v["name"]
)
def test_the_vectors_event_by_event(vector: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    body = base64.b64decode(vector["stream"])
    pieces = [piece + b"\n\n" for piece in body.split(b"\n\n") if piece]
    new, state, _ = read(vector["format"], pieces, monkeypatch, by_shape=True, **vector.get("options", {}))
    assert (new, state) == read(vector["format"], pieces, monkeypatch, by_shape=False, **vector.get("options", {}))[:2]


def test_nearly_all_events_of_a_usual_answer_come_by_their_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    pieces = [raw(chat(f"token {number}")) for number in range(100)]
    _, state, texts = read("openai_chat", pieces, monkeypatch, by_shape=True)
    assert (state["chunks"], state["events"], texts) == (100, 100, 98)


def test_events_that_came_in_one_read_come_by_their_shape_too(monkeypatch: pytest.MonkeyPatch) -> None:
    pieces = [raw(chat(f"token {number}")) for number in range(100)]
    reads = [*pieces[:2], b"".join(pieces[2:90]), b"".join([*pieces[90:], b": ping\n\n"])]
    new, state, texts = read("openai_chat", reads, monkeypatch, by_shape=True)
    assert new == [1, 1, 88, 10, 0]
    assert (state["chunks"], state["events"], state["json_events"]) == (100, 100, 100)
    assert texts >= 88
    assert state["text"] == "".join(f"token {number}" for number in range(100))


def test_the_first_bytes_of_a_body_of_small_events_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    pieces = [raw({"choices": [{"delta": {"content": text}}]}) for text in "abcdef"]
    _, state, texts = read("openai_chat", pieces, monkeypatch, by_shape=True)
    assert len(state["head"]) >= 64
    assert texts > 0


def test_where_each_event_is_another_the_shapes_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[bytes] = []

    def noted(data: bytes, *more: Any) -> Shape | None:
        looked.append(data)
        return shape_of(data, *more)

    monkeypatch.setattr(answer_module, "shape_of", noted)
    pieces = [raw(chat("x", obfuscation=str(number))) for number in range(160)]
    read("openai_chat", pieces, monkeypatch, by_shape=True)
    assert len(looked) < 160 / 8 + 5


def test_with_milestones_each_event_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    pieces = [raw(chat(text)) for text in ("a", "b", "c", "now", "d")]
    rules = ["reached=choices.0.delta.content=now"]
    _, state, texts = read("openai_chat", pieces, monkeypatch, by_shape=True, milestones=rules)
    assert texts == 0
    assert [part["name"] for part in state["trail"]["parts"]] == ["", "reached"]


@pytest.mark.parametrize(
    ("document", "delta"),
    [
        (chat("stop", object="stop"), Delta("stop", message_id="c1")),
        ({"id": "c1", "choices": [chat("a")["choices"][0], chat("b")["choices"][0]]}, Delta("ab", message_id="c1")),
        (chat("ab"), Delta("ab", finish_reason="stop", end=True)),
        (chat("a", name="ab"), Delta("ab", message_id="c1")),
    ],
    ids=["the text is there twice", "two texts in one", "it ends", "the text is another one"],
)
def test_what_has_no_shape(document: Any, delta: Delta) -> None:
    read_event = FORMATS["openai_chat"].reader({})
    assert shape_of(raw(document), delta, lambda doc: read_event("message", doc)) is None
