"""Requests ended from outside, and runs against a server that dies."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from itertools import accumulate, count, takewhile
from pathlib import Path

import pytest

from patience import FOREVER_S, PROMPT_S
from requests_to_server import CHUNKED_HEAD, HELLO, MS, WORLD, failing, target_of
from scripted_server import CLOSE, DONE, RESET, Script, Serve, chunk, chunked, sized, tls_context
from sse_perf_tool.load.run import LoadRun
from sse_perf_tool.pace.schedule import pause_after_refusals_s, refused_at_once
from sse_perf_tool.records import OUTCOMES, Outcome, RequestRecord, RunConfig
from sse_perf_tool.request.target import Target
from sse_perf_tool.tester import SSETester

# Ended from outside.

UNDER_WAY: dict[str, Script] = {
    "no answer": [],
    "mid-answer": [CHUNKED_HEAD, chunk(HELLO)],
    "between retries": failing("503 Busy", "Retry-After: 50"),
}


@pytest.mark.parametrize("script", UNDER_WAY.values(), ids=UNDER_WAY)
def test_cancelled_request_ends_at_once_and_is_called_cancelled(serve: Serve, script: Script) -> None:
    server = serve(script)
    asker = SSETester(target_of(server))

    def cancel() -> None:
        server.seen(1)
        time.sleep(0.1)  # for what it answers
        asker.cancel()

    threading.Thread(target=cancel).start()
    record = asker.test_streaming(1)
    assert (record.outcome, record.error) == (Outcome.CANCELLED, "cancelled")
    assert record.latency_ns < PROMPT_S * 1e9
    assert asker.test_streaming(2).outcome is Outcome.CANCELLED
    assert len(server.requests) == 1


def test_cancelled_request_ends_under_tls_too(serve: Serve, certificate: Path) -> None:
    server = serve([CHUNKED_HEAD, chunk(HELLO)], tls=tls_context(certificate))
    text_came = threading.Event()
    asker = SSETester(target_of(server, verify=False), progress=lambda _chunks: text_came.set())
    threading.Thread(target=lambda: text_came.wait() and asker.cancel()).start()
    record = asker.test_streaming(1)
    assert (record.outcome, record.chunks) == (Outcome.CANCELLED, 1)
    assert record.latency_ns < PROMPT_S * 1e9


# A whole run.


def test_stopped_run_gives_running_answers_the_grace_and_cancels_them_then(serve: Serve) -> None:
    server = serve([CHUNKED_HEAD, chunk(HELLO)])
    load = LoadRun(target_of(server), RunConfig(threads=2, duration_s=60), grace_s=0.2)
    stopped_s = 0.0

    def stop() -> None:
        nonlocal stopped_s
        server.seen(2)
        stopped_s = time.monotonic()
        load.stop()

    threading.Thread(target=stop).start()
    result = load.run()
    assert 0.19 < time.monotonic() - stopped_s < PROMPT_S
    assert result.interrupted
    assert (result.summary.sent, result.summary.cancelled, result.summary.failed) == (2, 2, 0)
    assert result.summary.metrics["latency_ms"].count == 0


def run_of(target: Target, config: RunConfig, meanwhile: Callable[[LoadRun], None]) -> list[tuple[int, Outcome]]:
    """(start by `perf_counter_ns`, outcome) of the requests of a run; `meanwhile` goes on beside it."""
    load = LoadRun(target, config)
    beside = threading.Thread(target=meanwhile, args=(load,))
    beside.start()
    result = load.run()
    beside.join()
    rows = result.requests.rows("started_ns", "outcome")
    return [(started_ns + load.origin.ns, OUTCOMES[index]) for started_ns, index in rows]


def until(there: Callable[[], bool]) -> None:
    """Waits for something that happens at once, or on a busy machine later."""
    deadline_s = time.monotonic() + 30
    while not there():
        assert time.monotonic() < deadline_s
        time.sleep(0.005)


def test_server_that_dies_and_returns_costs_only_the_requests_that_it_broke(serve: Serve) -> None:
    """Nothing waits for a time: it dies under three answers that have begun, and is back after the first refusal."""
    whole, half = chunked(HELLO, 0.05, WORLD, DONE), chunked(HELLO, 60.0, WORLD, DONE)
    server = serve(*[whole] * 6, *[half] * 3, whole)
    dying_ns = died_ns = returned_ns = 0

    def die_and_return(load: LoadRun) -> None:
        nonlocal dying_ns, died_ns, returned_ns
        server.seen(9)
        until(lambda: load.shared_stats["chunks"] == 6 * 2 + 3)
        dying_ns = time.perf_counter_ns()
        server.stop()
        died_ns = time.perf_counter_ns()  # no connection lives and none is made any more
        until(lambda: "connect_error" in load.shared_stats["outcomes"])
        server.start()
        returned_ns = time.perf_counter_ns()
        server.seen(9 + 9)
        load.stop()

    requests = run_of(target_of(server), RunConfig(threads=3, duration_s=60), die_and_return)
    broken = [started_ns for started_ns, outcome in requests if outcome is Outcome.TRUNCATED]
    refused = [started_ns for started_ns, outcome in requests if outcome is Outcome.CONNECT_ERROR]
    later = [outcome for started_ns, outcome in requests if started_ns >= returned_ns]
    assert len(broken) == 3, "what was under way, one a thread"
    assert max(broken) < died_ns
    pauses_s = accumulate(map(pause_after_refusals_s, count(1)))
    most = 1 + sum(1 for _ in takewhile(lambda after_s: after_s < (returned_ns - dying_ns) / 1e9, pauses_s))
    assert 1 <= len(refused) <= 3 * most, "after each a thread pauses"
    assert max(refused) < returned_ns
    assert {outcome for _, outcome in requests} == {Outcome.OK, Outcome.TRUNCATED, Outcome.CONNECT_ERROR}
    assert len(later) >= 6
    assert set(later) == {Outcome.OK}


REFUSALS: dict[str, Script] = {
    "429": failing("429 Slow down"),
    "500": failing("500 Broken"),
    "503": failing("503 Busy"),
    "error page": sized(b"<html>away</html>", kind="text/html"),
    "closed": [CLOSE],
    "reset": [RESET],
    "empty": sized(b"", kind="text/event-stream"),
}


@pytest.mark.parametrize("script", REFUSALS.values(), ids=REFUSALS)
def test_closed_loop_pauses_after_instant_refusals_of_any_kind(serve: Serve, script: Script) -> None:
    result = LoadRun(target_of(serve(script), retries=0), RunConfig(threads=1, requests=4)).run()
    assert (result.summary.ok, result.summary.failed) == (0, 4)
    assert result.duration_ns >= 0.69e9  # at 0, 0.1, 0.3, 0.7 s; without a pause it would be some milliseconds


def test_pause_is_over_with_the_first_answer(serve: Serve) -> None:
    server = serve(failing("503 Busy"), failing("503 Busy"), chunked(HELLO, DONE))
    result = LoadRun(target_of(server, retries=0), RunConfig(threads=1, requests=40)).run()
    assert (result.summary.failed, result.summary.ok) == (2, 38)
    assert 0.3 < result.duration_ns / 1e9 < 38 * pause_after_refusals_s(2) / 2, "had each paused, it were twice that"


def test_answer_that_broke_off_or_took_its_time_is_no_instant_refusal() -> None:
    record = RequestRecord(1, 1, 0, Outcome.TRUNCATED, 5 * MS, chunks=1)
    assert not refused_at_once(record)
    assert not refused_at_once(RequestRecord(1, 1, 0, Outcome.HTTP_ERROR, 150 * MS, status=503))
    assert not refused_at_once(RequestRecord(1, 1, 0, Outcome.OK, MS))
    assert not refused_at_once(RequestRecord(1, 1, 0, Outcome.CANCELLED, MS))
    assert refused_at_once(RequestRecord(1, 1, 0, Outcome.CONNECT_ERROR, 3_000 * MS))


def test_server_that_dies_in_mid_run_is_said_from_when_on(serve: Serve) -> None:
    server = serve([CHUNKED_HEAD, chunk(HELLO), FOREVER_S])
    load = LoadRun(target_of(server), RunConfig(threads=10, duration_s=FOREVER_S))
    died_ns = noticed_ns = 0

    def die() -> None:
        nonlocal died_ns, noticed_ns
        until(lambda: load.shared_stats["chunks"] == 10)
        died_ns = time.perf_counter_ns()
        server.stop()
        until(lambda: load.shared_stats["outcomes"].get("truncated") == 10)
        noticed_ns = time.perf_counter_ns()
        until(lambda: "connect_error" in load.shared_stats["outcomes"])
        load.stop()

    threading.Thread(target=die).start()
    outage = load.run().summary.outage
    assert outage is not None
    assert (outage.broken, outage.refused, outage.end_s) == (10, True, None)
    assert died_ns <= load.origin.ns + outage.begin_s * 1e9 <= noticed_ns
