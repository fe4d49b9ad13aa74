"""What one answer may take, and all together: events, bytes without text, memory, cookies."""

from __future__ import annotations

import gc
import gzip
import weakref
from collections.abc import Iterator

import pytest

from requests_to_server import ask, ask_often, target_of
from scripted_server import ANSWER, DONE, Serve, chunked, event, head, sized, token
from sse_perf_tool.formats import FORMATS, AnswerReader
from sse_perf_tool.providers import Query
from sse_perf_tool.records import Outcome
from sse_perf_tool.request import guard as guard_module
from sse_perf_tool.request.guard import (
    ALL_ANSWERS_BYTES,
    EVENT_BYTES,
    LEDGER,
    SMALL_BYTES,
    Guard,
    Ledger,
    OversizeError,
)
from sse_perf_tool.request.timeline import AnswerTimeline
from sse_perf_tool.tester import MOST_COOKIES, SSETester

MIB = 2**20


@pytest.fixture(autouse=True)
def nothing_is_left_in_the_ledger() -> Iterator[None]:
    yield
    assert LEDGER.total == 0


PIECE = b"x" * MIB
ENDLESS = {
    "a data line": [head(), b"data: ", *[PIECE] * 99],
    "an id": [head(), b"id: ", *[PIECE] * 99],
    "a name": [head(), b"event: ", *[PIECE] * 99],
    "a comment": [head(), b": ", *[PIECE] * 99],
    "many data lines": [head(), *[(b"data: " + b"x" * 90 + b"\n") * (MIB // 97)] * 99],
    "a line of NDJSON": [head("200 OK", "application/x-ndjson"), b'{"a": "', *[PIECE] * 99],
    "compressed": sized(gzip.compress(b"data: " + PIECE * 99, 1), headers=["Content-Encoding: gzip"]),
}


@pytest.mark.parametrize("script", ENDLESS.values(), ids=ENDLESS)
def test_an_event_of_many_mebibytes_is_malformed(serve: Serve, script: list[bytes]) -> None:
    record = ask(serve(script), timeout_s=30, format=None if "ndjson" in str(script[0]) else FORMATS["openai_chat"])
    assert record.outcome is Outcome.MALFORMED
    assert record.error == "an event of more than 8 MiB has no end"
    assert record.bytes_received < 3 * EVENT_BYTES


def test_a_whole_answer_of_many_mebibytes_is_malformed(serve: Serve) -> None:
    record = ask(serve([head("200 OK", "application/json"), b'{"a": "', *[PIECE] * 99]), stream=False)
    assert (record.outcome, record.error) == (Outcome.MALFORMED, "an event of more than 8 MiB has no end")


def test_events_without_text_are_read_for_long_but_not_for_ever(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard_module, "TEXTLESS_BYTES", MIB)
    nothing = event({"choices": [{"index": 0, "delta": {"role": "assistant"}}]}) * 2_500
    few = ask(serve(chunked(*[nothing] * 4, token("a"), *[nothing] * 4, DONE)), timeout_s=30)
    many = ask(serve(chunked(*[nothing] * 9, DONE)), timeout_s=30)
    assert (few.outcome, few.chunks) == (Outcome.OK, 1)
    assert (many.outcome, many.error) == (Outcome.MALFORMED, "more than 1 MiB without any text")


def test_a_large_event_in_a_whole_answer_is_fine(serve: Serve) -> None:
    record = ask(serve(chunked(token("x" * 4 * MIB), token("y"), DONE)))
    assert (record.outcome, record.text_chars) == (Outcome.OK, 4 * MIB + 1)


def feed(reader: AnswerReader, guard: Guard, data: bytes, times: int = 1) -> None:
    for _ in range(times):
        reader.feed(data)
        if reader.body_bytes > guard.next_look:
            guard.look()


def oversize(reader: AnswerReader, guard: Guard, data: bytes) -> OversizeError | None:
    try:
        feed(reader, guard, data)
    except OversizeError as error:
        return error
    return None


def guarded(ledger: Ledger) -> tuple[AnswerReader, Guard]:
    reader = AnswerReader(FORMATS["openai_chat"], {}, "text/event-stream")
    return reader, Guard(reader, AnswerTimeline(1, 1, Query("q"), 1, streamed=True), ledger)


def test_memory_is_bounded_for_all_answers_together() -> None:
    ledger = Ledger()
    answers = [guarded(ledger) for _ in range(20)]
    ended = 0
    for _ in range(10):
        for reader, guard in answers:
            error = oversize(reader, guard, token("x" * MIB))
            if error is not None:
                assert (error.key, error.mib) == ("memory", ALL_ANSWERS_BYTES // MIB)
                guard.close()
                ended += 1
            assert ledger.total < ALL_ANSWERS_BYTES + 2 * MIB
    assert ended > 0


def test_small_answers_are_never_ended_for_want_of_memory() -> None:
    ledger = Ledger()
    ledger.total = 10 * ALL_ANSWERS_BYTES
    reader, guard = guarded(ledger)
    feed(reader, guard, token("word ") * 100, times=300)
    assert reader.chunks == 30_000
    assert ledger.total < 10 * ALL_ANSWERS_BYTES + SMALL_BYTES


def test_a_long_answer_has_the_same_figures_as_a_short_one(serve: Serve) -> None:
    """From the first look on its times stand in arrays."""
    pieces = [token("word " * 40) for _ in range(3_000)]
    record = ask(serve(chunked(*pieces, 0.1, token("end"), DONE)))
    assert (record.outcome, record.chunks, len(record.gaps_us)) == (Outcome.OK, 3_001, 3_000)
    assert record.gap_sum_us == sum(record.gaps_us)
    assert record.gaps_us[-1] > 70_000
    assert record.came.reads <= 3_001


def test_what_was_read_before_the_format_is_known_is_not_kept_for_long() -> None:
    reader = AnswerReader(None, {}, "text/event-stream")
    for _ in range(70):
        reader.feed(event({"unknown": "x" * 1000}))
    assert reader.compact() < 10_000


def test_cookies_do_not_grow_for_ever(serve: Serve) -> None:
    scripts = [
        [head("200 OK", "text/event-stream", "Content-Length: 0", *[f"Set-Cookie: c{n}x{m}=1" for m in range(30)])]
        for n in range(6)
    ]
    server = serve(*scripts, ANSWER)
    ask_often(server, 7)
    sent = [len((request.header("Cookie") or "").split("; ")) for request in server.requests[1:]]
    assert sent == [30, MOST_COOKIES, MOST_COOKIES, MOST_COOKIES, MOST_COOKIES, MOST_COOKIES]
    assert "c5x29=1" in (server.requests[-1].header("Cookie") or "")


def test_a_cookie_of_many_kilobytes_is_not_kept(serve: Serve) -> None:
    large = head("200 OK", "text/event-stream", "Content-Length: 0", "Set-Cookie: a=" + "x" * 5_000, "Set-Cookie: b=1")
    server = serve([large], ANSWER)
    ask_often(server, 2)
    assert server.requests[1].header("Cookie") == "b=1"


def test_a_failed_answer_is_let_go_of_at_once(serve: Serve) -> None:
    """Not at the next garbage collection: a hundred of them would fill the memory until then."""
    asker = SSETester(target_of(serve(ENDLESS["a data line"])))
    kept: list[weakref.ref[AnswerReader]] = []
    made = asker._reader

    def reader(content_type: str) -> AnswerReader:
        found = made(content_type)
        kept.append(weakref.ref(found))
        return found

    asker._reader = reader  # type: ignore[method-assign]
    gc.disable()
    try:
        assert asker.test_streaming(1).outcome is Outcome.MALFORMED
        assert [ref() for ref in kept] == [None]
    finally:
        gc.enable()
        asker.close()
