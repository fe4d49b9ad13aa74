"""A service that answers only so many at a time: what the requests alone show of its queue, and where that is said."""

from __future__ import annotations

import heapq
import random
import threading
from collections.abc import Callable

import pytest

from patience import undisturbed
from scripted_server import DONE, FINISH, Serve, chunked, token
from sse_perf_tool.exporters.json_summary import summary_document
from sse_perf_tool.exporters.markdown import to_markdown
from sse_perf_tool.formats.table import FORMATS
from sse_perf_tool.masking import Masker
from sse_perf_tool.metrics import Tally, concurrency
from sse_perf_tool.metrics.concurrency import most_at_once
from sse_perf_tool.providers import Query, QueryProvider
from sse_perf_tool.records import Outcome, RequestRecord, RunConfig, RunResult, ServiceQueue
from sse_perf_tool.report_parts.findings import findings
from sse_perf_tool.report_parts.verdict import verdict
from sse_perf_tool.request.body import BodyBuilder
from sse_perf_tool.request.target import Target
from sse_perf_tool.tester import SSETester

MS = 1_000_000


def answer(number: int, start_ms: float, first_ms: float, end_ms: float, stream: bool = True) -> RequestRecord:
    """An answer whose text came evenly from `first_ms` to `end_ms`, all on the clock of the run."""
    ttft_ns, gap_us = round((first_ms - start_ms) * MS), round((end_ms - first_ms) * 100)
    facts = {"ttft_ns": ttft_ns, "chunks": 11, "gaps_us": (gap_us,) * 10} if stream else {}
    latency_ns = round((end_ms - start_ms) * MS) + MS // 2
    return RequestRecord(
        number, 1, round(start_ms * MS), Outcome.OK, latency_ns, ttfb_ns=ttft_ns, output_tokens=11,
        token_source="usage", **facts,
    )  # fmt: skip


def closed_loop(
    clients: int,
    workers: int,
    each: int,
    begin_ms: Callable[[], float],
    stream_ms: Callable[[], float],
    stream: bool = True,
    ramp_ms: float = 0,
) -> list[RequestRecord]:
    """Clients that send again when they have an answer, before workers that take one request at a time."""
    free = [0.0] * workers
    asks = [(client * ramp_ms, client, each) for client in range(clients)]
    heapq.heapify(asks)
    heapq.heapify(free)
    records = []
    while asks:
        start, client, left = heapq.heappop(asks)
        from_ms = max(start, heapq.heappop(free))
        first = from_ms + begin_ms()
        end = first + stream_ms()
        heapq.heappush(free, end + 0.3)
        if not stream:
            first = end
        records.append(answer(len(records) + 1, start, first, end, stream))
        if left > 1:
            heapq.heappush(asks, (end + 1, client, left - 1))
    return records


def run_of(records: list[RequestRecord], **config: object) -> RunResult:
    tally = Tally(origin_ns=0)
    for record in records:
        tally.add(record)
    return tally.result(RunConfig(**config), 0)  # type: ignore[arg-type]


def queue_of(records: list[RequestRecord]) -> ServiceQueue | None:
    return run_of(records).summary.service_queue


def test_one_that_ends_as_another_begins_is_not_at_once_with_it() -> None:
    assert most_at_once([0, 0, 10, 10], [10, 10, 20, 20]) == 2
    assert most_at_once([0, 5, 9], [10, 10, 20]) == 3
    assert most_at_once([], []) == 0


def test_eight_workers_before_sixteen_clients() -> None:
    """Each answer takes 10 ms to begin and 1 s to come; but for the first eight all wait for a worker."""
    found = queue_of(closed_loop(16, 8, 4, lambda: 10, lambda: 1000))
    assert found is not None
    assert (found.most_answered, found.most_under_way, found.waiting, found.began_at_an_end) == (8, 16, 56, 56)
    # The median one: asks 1 ms behind its answer, waits out the answer of another.
    assert found.to_begin_ms == pytest.approx(1020, abs=15)
    assert found.queue_ms == pytest.approx(found.to_begin_ms - 10)


@pytest.mark.parametrize(
    ("clients", "workers", "begin_ms", "stream_ms"),
    [(4, 1, 5, 300), (16, 4, 300, 2000), (16, 15, 20, 500), (64, 48, 120, 900)],
    ids=["one at a time", "long prefill", "one too few", "many"],
)
def test_queues_of_many_kinds(clients: int, workers: int, begin_ms: float, stream_ms: float) -> None:
    chance = random.Random(4)
    records = closed_loop(
        clients, workers, 10, lambda: begin_ms * chance.uniform(0.95, 1.1), lambda: stream_ms * chance.uniform(0.6, 1.5)
    )
    found = queue_of(records)
    assert found is not None
    assert (found.most_answered, found.most_under_way) == (workers, clients)
    assert found.began_at_an_end >= 0.9 * found.waiting


def test_whole_answers_have_a_queue_too() -> None:
    found = queue_of(closed_loop(8, 2, 6, lambda: 0, lambda: 400, stream=False))
    assert found is not None
    assert (found.most_answered, found.most_under_way) == (2, 8)


@pytest.mark.parametrize(
    ("begin", "ramp_ms"),
    [((10, 10), 0), ((200, 900), 0), ((900, 900), 100), ((50, 2000), 10)],
    ids=["at once", "uneven prefill", "ramp-up in step with the answers", "long waits by chance"],
)
def test_a_service_with_room_for_all_has_no_queue(begin: tuple[float, float], ramp_ms: float) -> None:
    chance = random.Random(2)
    records = closed_loop(
        16, 16, 20, lambda: chance.uniform(*begin), lambda: 100 if ramp_ms == 100 else chance.uniform(300, 1500),
        ramp_ms=ramp_ms,
    )  # fmt: skip
    assert queue_of(records) is None


def test_a_busy_service_in_which_some_answer_always_ends_has_no_queue() -> None:
    """An open loop, 500 a second: each begin is near the end of another, by chance."""
    chance = random.Random(1)
    starts = [2.0 * n for n in range(4000)]
    firsts = [start + chance.uniform(100, 900) for start in starts]
    records = [
        answer(n, start, first, first + chance.uniform(500, 900))
        for n, (start, first) in enumerate(zip(starts, firsts, strict=True), 1)
    ]
    assert queue_of(records) is None


def test_a_slow_service_that_shares_its_time_has_no_queue() -> None:
    """All sixteen stream at once, and begin the later the more there are."""
    records = [answer(n + 1, n * 50, n * 50 + 20 + n * 40, n * 50 + 4000) for n in range(16)]
    assert queue_of(records) is None


def test_the_first_requests_of_a_long_run_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(concurrency, "LOOKED_AT", 40)
    found = queue_of(closed_loop(16, 8, 4, lambda: 10, lambda: 1000))
    assert found is not None
    assert (found.most_answered, found.waiting) == (8, 32)


def test_few_requests_and_failed_ones_show_nothing() -> None:
    assert queue_of(closed_loop(4, 2, 1, lambda: 10, lambda: 500)) is None
    assert queue_of([]) is None
    assert queue_of([RequestRecord(1, 1, 0, Outcome.TIMEOUT, 5 * MS)] * 20) is None


QUEUED = closed_loop(16, 8, 4, lambda: 10, lambda: 1000)
SINGLE = closed_loop(4, 1, 4, lambda: 10, lambda: 300)


def test_every_output_says_the_same() -> None:
    run = run_of(QUEUED)
    (found,) = findings(run)
    assert found.text[0].startswith(
        "At most 8 of 16 requests in flight were answered at a time; 56 of 56 waiting ones began as another"
        " ended: the server has 8 workers or threads. For the waiting requests, 1.0"
    )
    assert "of the TTFT of 1.0" in found.text[0]
    document = summary_document(run)
    assert document["findings"] == [{"kind": "service_queue", "text": found.text[0]}]
    assert document["service_queue"]["most_answered"] == 8
    assert f"**What the run shows**\n\n- {found.text[0]}" in to_markdown(run)
    assert found.text in [look.text for look in verdict(run).looks]
    chinese = run_of(QUEUED, lang="zh")
    assert "8 个工作进程或线程" in to_markdown(chinese)
    assert summary_document(run_of(closed_loop(2, 2, 2, lambda: 10, lambda: 90)))["service_queue"] is None


def test_one_at_a_time_may_be_a_blocking_call() -> None:
    (found,) = findings(run_of(SINGLE))
    assert "one worker, or a blocking call in an async server" in found.text[0]
    assert "阻塞调用" in found.text[1]


def test_a_queue_before_whole_answers_is_told_of_the_first_byte() -> None:
    (found,) = findings(run_of(closed_loop(8, 2, 6, lambda: 0, lambda: 400, stream=False), stream=False))
    assert "of the TTFB of" in found.text[0]
    assert "TTFB" in found.text[1]


@undisturbed
def test_a_server_of_two_threads_is_seen_from_outside(serve: Serve) -> None:
    # A first token after 400 ms: begins may then miss the ends that they follow by 100 ms, as on a busy machine.
    words = [step for n in range(10) for step in (token(f"w{n} "), 0.08)]
    server = serve(chunked(0.4, *words, FINISH, DONE), at_a_time=2)
    openai = FORMATS["openai_chat"]
    target = Target(server.url(), BodyBuilder(row=openai), QueryProvider([Query("?")]), Masker([]), format=openai)
    testers = [SSETester(target, number) for number in range(5)]
    tally, lock = Tally(0), threading.Lock()

    def send(tester: SSETester) -> None:
        for _ in range(2):
            record = tester.test_streaming()
            with lock:
                tally.add(record)
        tester.close()

    threads = [threading.Thread(target=send, args=(tester,)) for tester in testers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = tally.result(RunConfig(), 0).summary.service_queue
    assert found is not None
    assert (found.most_answered, found.most_under_way) == (2, 5)
