"""Reads that are taken many at once: what comes out of them is the same as by feeding each."""

from __future__ import annotations

import base64
from itertools import count, islice
from random import Random
from typing import Any

import pytest

from alike_events import BETWEEN, COMMON, TEXTS, TOKEN, VERBATIM, chat, raw, state_of
from damage import damaged
from sse_perf_tool.compiled import PURE
from sse_perf_tool.formats import FORMATS, AnswerReader
from sse_perf_tool.formats.shape import NONE_ALIKE, Shape, compiled_take
from sse_perf_tool.wire.body import Chunked
from stream_bodies import VECTORS

Reads = list[tuple[int, bytes]]
LINE_FEED = 10
BEFORE, BEHIND = b'data: {"x":"', b'"}\n\n'

needs_the_compiled = pytest.mark.skipif(compiled_take() is None, reason="formats/_alike.c was not built here")


def chunked(part: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(part), part)


def read(reads: Reads, *, framed: bool, most: int, **of: Any) -> tuple[Any, int]:
    """(what the reader knows in the end, times and notes of chunks), and how many reads were taken at once."""
    reader = AnswerReader(FORMATS[of["name"]], of.get("options", {}), "text/event-stream")
    framing, at, taken, stamps, notes = Chunked(), 0, 0, list[int](), list[int]()
    while at < len(reads):
        skimmed = reader.take((reads, at, most if framing.between else 0, framed))
        stamps += skimmed.times
        notes += skimmed.notes
        taken += len(skimmed.texts)
        at += len(skimmed.texts)
        if not skimmed.texts:
            arrived_ns, data = reads[at]
            part = framing.feed(data) if framed else data
            at += 1
            if part and (new := reader.feed(part)):
                stamps += [arrived_ns] * new
                notes += (new, reader.body_bytes, part[-1] == LINE_FEED)
    reader.close()
    return (state_of(reader), reader.text, stamps, notes), taken


def reads_of(pieces: list[bytes], chance: Random, *, framed: bool) -> Reads:
    """The pieces as reads: most of them one each, some cut or joined, as chunks or as they are."""
    wire = [chunked(piece) if framed else piece for piece in pieces]
    body, found, clock = iter(wire), [], count(1_000, 7)
    while part := b"".join(islice(body, 2 if chance.random() < 0.1 else 1)):
        cut = chance.randrange(1, len(part)) if chance.random() < 0.1 else len(part)
        found += [(next(clock), piece) for piece in (part[:cut], part[cut:]) if piece]
    return found


@needs_the_compiled
@pytest.mark.parametrize("framed", [True, False])
@pytest.mark.parametrize("name", VERBATIM)
def test_whatever_comes_the_same_is_read(name: str, framed: bool) -> None:
    chance, taken = Random(5), 0
    for _ in range(80):
        pieces = []
        for _ in range(chance.randrange(2, 60)):
            text = chance.choice(TEXTS) if chance.random() < 0.2 else chance.choice(TEXTS[:5])
            rare = chance.random() < 0.04
            pieces.append(chance.choice([*BETWEEN[name], *COMMON]) if rare else raw(TOKEN[name](text)))
        reads = reads_of(pieces, chance, framed=framed)
        found, at_once = read(reads, framed=framed, most=chance.randrange(1, 9), name=name)
        assert found == read(reads, framed=framed, most=0, name=name)[0], pieces
        taken += at_once
    assert taken > 600


@needs_the_compiled
@pytest.mark.parametrize(
    "vector", [each for each in VECTORS if each.get("format") in VERBATIM], ids=lambda v: v["name"]
)
def test_the_vectors(vector: dict[str, Any]) -> None:
    events = base64.b64decode(vector["stream"]).split(b"\n\n")
    reads = [(at, chunked(event + b"\n\n")) for at, event in enumerate(events) if event]
    of = {"name": vector["format"], "options": vector.get("options", {})}
    assert read(reads, framed=True, most=64, **of)[0] == read(reads, framed=True, most=0, **of)[0]


@needs_the_compiled
def test_nearly_all_reads_of_a_usual_answer_are_taken() -> None:
    reads = [(at, chunked(raw(chat(f"token {at}")))) for at in range(100)]
    assert read(reads, framed=True, most=64, name="openai_chat")[1] == 98


def take(*reads: bytes, framed: bool = True, first: int = 0, most: int = 99) -> tuple[list[str], list[int], list[int]]:
    """(texts, times, notes) of what is taken of reads that came at 0, 1, 2, ..., behind 1,000 bytes."""
    times, notes, texts = Shape(BEFORE, BEHIND).take((list(enumerate(reads)), first, most, framed), 1_000)
    assert len(times) == len(texts) == len(notes) / 3
    return texts, times, notes


def event(text: bytes) -> bytes:
    return BEFORE + text + BEHIND


A = chunked(event(b"a"))
NO_CHUNKS = [
    b"", b"0\r\n\r\n", event(b"a"), A * 2, A[:-1], A + b"x", b"0" * 7 + A, A.replace(b"\r\n", b"; x\r\n", 1),
    b"\r\n" + A, b"+" + A, A.replace(b"\r", b"\n"), b"f" * 16 + b"\r\n" + event(b"a") + b"\r\n",
    chunked(BEFORE + BEHIND[1:]), chunked(BEFORE), chunked(BEHIND), chunked(b"x" + event(b"a")),
]  # fmt: skip
ODD_TEXTS = [
    b"",
    b'"',
    b"\\n",
    b"a\nb",
    b"\t",
    b"\x7f",
    b"\xff",
    b"\xe4\xbd",
    b"\xed\xa0\x80",
    b"\xe2\x80\xa8",
    b"\xc2\x85",
]
"""The last two are a line separator and a next line, in UTF-8; those before them are none."""


@needs_the_compiled
def test_a_text_a_time_and_three_numbers_are_noted_for_each() -> None:
    size = len(event(b"ab"))
    assert take(chunked(event(b"ab")), chunked(event("é你😀".encode()))) == (
        ["ab", "é你😀"], [0, 1], [1, 1_000 + size, 1, 1, 1_000 + 2 * size + 7, 1],
    )  # fmt: skip


@needs_the_compiled
def test_it_begins_and_ends_where_it_is_told_to() -> None:
    reads = [chunked(event(b"%d" % number)) for number in range(6)]
    assert take(*reads, first=2, most=3)[0] == ["2", "3", "4"]
    assert take(*reads, first=5)[0] == ["5"]
    assert take(*reads, first=6)[0] == take(*reads, most=0)[0] == take(*reads, most=-1)[0] == []
    with pytest.raises(ValueError, match="counted from 0"):
        take(*reads, first=-1)


@needs_the_compiled
@pytest.mark.parametrize("text", ODD_TEXTS)
def test_a_text_that_wants_a_closer_look_ends_it(text: bytes) -> None:
    assert take(A, chunked(event(text)), chunked(event(b"b")))[0] == ["a"]


@needs_the_compiled
@pytest.mark.parametrize("read", NO_CHUNKS)
def test_what_is_no_chunk_of_one_event_ends_it(read: bytes) -> None:
    assert take(A, read, chunked(event(b"b")))[0] == ["a"]


@needs_the_compiled
def test_the_size_of_a_chunk_may_be_in_letters_of_either_kind() -> None:
    whole = event(b"a" * (0xAB - len(event(b""))))
    assert len(take(b"ab\r\n" + whole + b"\r\n", b"AB\r\n" + whole + b"\r\n", b"00aB\r\n" + whole + b"\r\n")[0]) == 3


@needs_the_compiled
def test_without_frames_the_reads_are_the_events() -> None:
    assert take(event(b"a"), event(b"b"), chunked(event(b"c")), framed=False)[0] == ["a", "b"]


@needs_the_compiled
def test_a_damaged_read_is_taken_as_python_takes_it_or_not_at_all() -> None:
    shape, whole = Shape(BEFORE, BEHIND), chunked(event("aé".encode()))
    for data in damaged(whole):
        texts = take(data)[0]
        part = Chunked().feed(data)
        assert texts in ([], [shape.text_in(part)]), data


@needs_the_compiled
@pytest.mark.parametrize("read", [(1,), (1, "text"), [1, b""], None, (1, bytearray(b"x"))])
def test_what_is_no_read_ends_it(read: Any) -> None:
    assert Shape(BEFORE, BEHIND).take(([read], 0, 9, True), 0) == NONE_ALIKE


def test_without_the_compiled_part_none_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PURE, "1")
    assert take(A)[0] == []
