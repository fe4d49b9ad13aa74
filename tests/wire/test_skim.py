"""Reads of an answer that are taken many at once, before they are unframed: the record is that of reading each."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from requests_to_server import CHUNKED_HEAD, DONE, TOLERANCE_NS, ask
from scripted_server import FINISH, Serve, Step, chunk, head, token
from sse_perf_tool.formats import AnswerReader
from sse_perf_tool.formats.shape import compiled_take
from sse_perf_tool.records import Outcome
from sse_perf_tool.request import guard
from sse_perf_tool.wire import Exchange, can_decode
from sse_perf_tool.wire.body import BYTES_A_TURN, READS_A_TURN
from sse_perf_tool.wire.pump import READ_BYTES
from sse_perf_tool.wire.reading import Reader

TOKENS = 150
GAP_S = 0.002
SAID = [token(f"word {number} ") for number in range(TOKENS)]


def paced(first: bytes, parts: Sequence[bytes], *end: bytes) -> list[Step]:
    steps: list[Step] = [first]
    for part in parts:
        steps += [part, GAP_S]
    return [*steps, *end]


ANSWERS = {
    "chunks": paced(CHUNKED_HEAD, [chunk(part) for part in SAID], chunk(FINISH + DONE), b"0\r\n\r\n"),
    "until the connection ends": paced(head(), SAID, FINISH + DONE),
    "of known length": paced(
        head("200 OK", "text/event-stream", f"Content-Length: {len(b''.join(SAID) + FINISH + DONE)}"),
        SAID,
        FINISH + DONE,
    ),
}


@pytest.fixture
def fed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of what was fed to a reader."""
    sizes: list[int] = []
    feed = AnswerReader.feed

    def noted(self: AnswerReader, data: bytes) -> int:
        sizes.append(len(data))
        return feed(self, data)

    monkeypatch.setattr(AnswerReader, "feed", noted)
    return sizes


@pytest.mark.parametrize("framing", ANSWERS)
def test_the_record_is_the_same(serve: Serve, framing: str) -> None:
    server = serve(ANSWERS[framing])
    record = ask(server)
    assert (record.outcome, record.chunks, record.finish_reason) == (Outcome.OK, TOKENS, "stop")
    assert record.text_chars == sum(len(f"word {number} ") for number in range(TOKENS))
    assert len(record.gaps_us) == TOKENS - 1
    assert sum(record.gaps_us) * 1000 > (TOKENS - 1) * GAP_S * 1e9 - TOLERANCE_NS
    assert TOKENS / 2 < record.came.reads <= TOKENS


@pytest.mark.skipif(compiled_take() is None, reason="formats/_alike.c was not built here")
@pytest.mark.parametrize("framing", ["chunks", "until the connection ends"])
@pytest.mark.parametrize("look_bytes", [1_000, guard.LOOK_BYTES])
def test_few_reads_are_looked_at_one_by_one(
    serve: Serve, reader: Reader, fed: list[int], framing: str, look_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "LOOK_BYTES", look_bytes)  # whenever it has looked, times are kept in arrays
    ask(serve(ANSWERS[framing]))
    size = len(b"".join(SAID))
    assert sum(fed) < size / 2 if reader.kind == "compiled" else sum(fed) > size


def test_a_body_with_a_coding_is_read_one_by_one(serve: Serve, fed: list[int]) -> None:
    assert can_decode("deflate")
    first = head("200 OK", "text/event-stream", "Transfer-Encoding: chunked", "Content-Encoding: deflate")
    ask(serve([first, *map(chunk, SAID), b"0\r\n\r\n"]))
    assert fed == []  # it is no such coding, and nothing of it was taken for text


@pytest.mark.usefixtures("reader")
def test_the_limits_of_an_answer_hold_for_what_is_skimmed(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "LOOK_BYTES", 1_000)
    monkeypatch.setattr(guard, "ALL_ANSWERS_BYTES", 0)
    monkeypatch.setattr(guard, "SMALL_BYTES", 2_000)
    record = ask(serve(ANSWERS["chunks"]))
    assert record.outcome is Outcome.MALFORMED
    assert "memory" in (record.error or "")
    assert 0 < record.chunks < TOKENS


@pytest.mark.usefixtures("reader")
def test_the_time_is_looked_at_now_and_then(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []
    check = Exchange.check

    def noted(self: Exchange, arrived_ns: int) -> None:
        looked.append(arrived_ns)
        check(self, arrived_ns)

    monkeypatch.setattr(Exchange, "check", noted)
    ask(serve([CHUNKED_HEAD, *[0.002, *map(chunk, SAID)], chunk(FINISH + DONE), b"0\r\n\r\n"]))
    few = len(looked)
    large = [chunk(token("x" * 40_000)) for _ in range(20)]  # 800 KB in far fewer reads than 64 a turn
    ask(serve([CHUNKED_HEAD, *large, chunk(FINISH + DONE), b"0\r\n\r\n"]))
    assert few <= 2 + TOKENS // READS_A_TURN
    assert len(looked) - few >= sum(map(len, large)) // (2 * BYTES_A_TURN + READ_BYTES)
