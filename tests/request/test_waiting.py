"""Time-outs and cuts say what had come, for how long nothing had, and what the attempts before were answered."""

from __future__ import annotations

import re

import pytest

from patience import undisturbed
from requests_to_server import CHUNKED_HEAD, HELLO, ask, failing
from scripted_server import CLOSE, RESET, Script, Serve, chunk, head
from sse_perf_tool.records import Outcome
from sse_perf_tool.request.waiting import Waiting, limit_s

S = 1_000_000_000
EN, ZH = Waiting("en"), Waiting("zh")
GATEWAY = failing("504 Gateway Time-out")
HALF = b'{"choices": ['
SIZED = head("200 OK", "application/json", "Content-Length: 4096")


@pytest.mark.parametrize(
    ("statuses", "said"),
    [
        ([504], "HTTP 504 once"),
        ([504, 504], "HTTP 504 twice"),
        ([502, 503, 502, 502], "HTTP 502 3 times, HTTP 503 once"),
    ],
)
def test_statuses_before_are_counted(statuses: list[int], said: str) -> None:
    assert EN.with_statuses("x", statuses) == f"x; before that {said}"


@undisturbed
def test_timeout_behind_a_504_names_it_and_the_record_has_its_status(serve: Serve) -> None:
    record = ask(serve(GATEWAY, []), timeout_s=0.6)
    assert (record.outcome, record.status, record.retries) == (Outcome.TIMEOUT, 504, 1)
    assert record.error == "no whole answer within 0.6 s (--timeout); before that HTTP 504 once"


@pytest.mark.parametrize("status", ["429 Slow", "500 Broken", "503 Busy"])
@undisturbed
def test_other_statuses_and_idle_timeouts_say_it_too(serve: Serve, status: str) -> None:
    record = ask(serve(failing(status), []), idle_timeout_s=0.3)
    code = status.split()[0]
    assert (record.outcome, record.status) == (Outcome.IDLE_TIMEOUT, int(code))
    assert record.error is not None
    assert record.error.endswith(f"; before that HTTP {code} once")


def test_cut_behind_a_status_says_it_and_keeps_its_own_status(serve: Serve) -> None:
    record = ask(serve(GATEWAY, [CHUNKED_HEAD, chunk(HELLO), CLOSE]))
    assert (record.outcome, record.status) == (Outcome.TRUNCATED, 200)
    assert record.error is not None
    assert record.error.endswith("after 1 chunk: the server closed it; before that HTTP 504 once")


def test_the_same_status_to_the_end_stands_there_once(serve: Serve) -> None:
    record = ask(serve(failing("503 Busy", "Retry-After: 0")), retries=2)
    assert (record.retries, record.error) == (2, "HTTP 503: Busy")


STEADY: Script = [CHUNKED_HEAD, *[step for _ in range(200) for step in (chunk(HELLO), 0.02)]]
TIMEOUTS: dict[str, tuple[Script, str]] = {
    "never": ([], "no whole answer within 0.8 s: not one byte came (--timeout)"),
    "a part of the head": ([b"HTTP/1.1 200 O"], ": only a part of the head came"),
    "head": ([CHUNKED_HEAD], ": the head of the answer came, but nothing of its body"),
    "heartbeats": ([CHUNKED_HEAD, chunk(b": ping\n\n")], ": 8 bytes of the body came, but no text"),
    "stalled": ([CHUNKED_HEAD, *[chunk(HELLO)] * 50], ": stalled after 50 chunks, 0.8 s of silence (--timeout)"),
    "stalled, heartbeats": (
        [CHUNKED_HEAD, chunk(HELLO), *[step for _ in range(50) for step in (chunk(b": ping\n\n"), 0.05)]],
        ": stalled after 1 chunk, 0.8 s without text although other data came",
    ),
}


@pytest.mark.parametrize(("script", "said"), TIMEOUTS.values(), ids=TIMEOUTS)
@undisturbed
def test_timeout_says_what_had_come(serve: Serve, script: Script, said: str) -> None:
    record = ask(serve(script), timeout_s=0.8)
    assert record.outcome is Outcome.TIMEOUT
    assert record.error is not None
    # The last of it comes later than 0.05 s on some machines, and the silence behind it is shorter.
    assert said in re.sub(r"0\.[67] s (of silence|without text)", r"0.8 s \1", record.error)


@undisturbed
def test_timeout_of_an_answer_that_still_comes_says_so(serve: Serve) -> None:
    record = ask(serve(STEADY), timeout_s=0.8)
    assert record.chunks > 5
    assert record.error == f"no whole answer within 0.8 s: still coming, {record.chunks} chunks (--timeout)"


@undisturbed
def test_timeout_of_a_whole_answer_counts_bytes(serve: Serve) -> None:
    record = ask(serve([SIZED, HALF]), timeout_s=0.5, stream=False)
    assert record.outcome is Outcome.TIMEOUT
    assert record.error is not None
    assert re.search(rf": stalled after {len(HALF)} bytes of the body, 0\.[345] s of silence", record.error)


@pytest.mark.parametrize(
    ("silence_s", "gap_s", "said"),
    [
        (11.0, 0.02, ": stalled after 50 chunks, 11 s of silence"),
        (2.4, 0.1, ": stalled after 50 chunks, 2.4 s of silence"),
        (1.9, 1.5, ": still coming, 50 chunks"),
        (0.1, 0.001, ": still coming, 50 chunks"),
    ],
)
def test_stalled_is_what_is_silent_for_far_longer_than_before(silence_s: float, gap_s: float, said: str) -> None:
    silence_ns = round(silence_s * S)
    assert EN.unfinished("50 chunks", 5_000, silence_ns, silence_ns, round(gap_s * S)) == said


def test_texts_in_chinese() -> None:
    received = ZH.received(86, 0, stream=True)
    assert ZH.timed_out(10, ZH.unfinished(received, 1, 1, 1, 1)) == (
        "10 秒内没有收到完整回答：仍在传输，已收到 86 个数据块（--timeout）"
    )
    assert "此前 HTTP 504 两次" in ZH.with_statuses("x", [504, 504])
    assert "恰好 60 秒" in ZH.with_silence("x", 60 * S)


@pytest.mark.parametrize(
    ("seconds", "limit"),
    [(30.0, 30), (50.0, 50), (59.9, 60), (62.0, 60), (100.4, 100), (120.1, 120), (45.0, None), (63.0, None), (1, None)],
)
def test_silences_as_long_as_a_usual_time_limit(seconds: float, limit: int | None) -> None:
    assert limit_s(round(seconds * S)) == limit


def test_cut_after_a_minute_is_called_a_time_limit() -> None:
    assert EN.with_silence("the server closed it", 60 * S) == (
        "the server closed it after 60.0 s without data; "
        "60 s sharp is what a time limit of a proxy or server looks like"
    )
    assert EN.with_silence("the server closed it", 45 * S) == "the server closed it after 45.0 s without data"
    assert EN.with_silence("the server closed it", S // 2) == "the server closed it"
    assert "(after 60.0 s: 60 s sharp" in EN.with_limit("HTTP 504: Gateway Time-out", 60 * S)
    assert EN.with_limit("HTTP 504: Gateway Time-out", 7 * S) == "HTTP 504: Gateway Time-out"


CLOSE_DELIMITED = head("200 OK", "text/event-stream", "Connection: close")
CUTS: dict[str, Script] = {
    "closed": [CHUNKED_HEAD, chunk(HELLO), 1.2, CLOSE],
    "reset": [CHUNKED_HEAD, chunk(HELLO), 1.2, RESET],
    "last chunk": [CHUNKED_HEAD, chunk(HELLO), 1.2, b"0\r\n\r\n"],
    "no framing": [CLOSE_DELIMITED, HELLO, 1.2, CLOSE],
    "before the head": [1.2, CLOSE],
    "before the head, reset": [1.2, RESET],
    "empty": [CLOSE_DELIMITED, 1.2, CLOSE],
}


@pytest.mark.parametrize("script", CUTS.values(), ids=CUTS)
@undisturbed
def test_cut_after_silence_says_how_long(serve: Serve, script: Script) -> None:
    record = ask(serve(script))
    assert record.outcome in (Outcome.TRUNCATED, Outcome.CONNECT_ERROR, Outcome.EMPTY)
    assert record.error is not None
    assert record.error.endswith(("after 1.2 s without data", "after 1.3 s without data"))


def test_cut_at_once_has_no_silence(serve: Serve) -> None:
    record = ask(serve([CHUNKED_HEAD, chunk(HELLO), CLOSE]))
    assert record.error == "the connection broke in mid-answer after 1 chunk: the server closed it"
