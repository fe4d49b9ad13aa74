"""A load divided over workers and their processes is the load of one process: the same requests at the same times."""

from __future__ import annotations

import heapq
import threading
import time
from itertools import islice
from typing import NamedTuple

import pytest

from patience import PROMPT_S
from sse_perf_tool.pace.division import Share, share_of, shares_of
from sse_perf_tool.pace.replay import Replayed
from sse_perf_tool.pace.schedule import threads_for
from sse_perf_tool.pace.tickets import Batches, Ticket, pace_for
from sse_perf_tool.providers import Query, QueryProvider, numbers_in_turn
from sse_perf_tool.records import RunConfig

S = 1_000_000_000
ANSWER_NS = 230_000_000


class FakeTime:
    """A clock that only waiting moves."""

    def __init__(self) -> None:
        self.now_ns = 0

    def __call__(self) -> int:
        return self.now_ns

    def is_set(self) -> bool:
        return False

    def set(self) -> None:
        raise AssertionError("nobody stops it")

    def wait(self, timeout: float | None = None) -> bool:
        self.now_ns += round((timeout or 0) * S)
        return False


class Sent(NamedTuple):
    """A request: its number, when it was due, by which thread, and what it asks."""

    request_id: int
    due_ns: int
    thread: int
    query: str
    ticket: Ticket


QUERIES = QueryProvider([Query(f"q{number}") for number in range(1000)])


def sent_by(config: RunConfig, share: Share, replayed=()) -> list[Sent]:
    """What a part sends when each answer takes `ANSWER_NS` and nothing is late."""
    fake = FakeTime()
    pace = pace_for(config, share, replayed, fake, fake)
    queries = QUERIES.part(*share)
    found: list[Sent] = []
    ready = [(0, thread, 0) for thread in share.numbers(config.threads)]
    while ready:
        fake.now_ns, thread, sent = heapq.heappop(ready)
        if (ticket := pace.take(thread, sent, 0.0)) is None:
            continue
        due_ns = fake.now_ns if ticket.intended_ns is None else ticket.intended_ns
        query = ticket.query or queries.next()
        found.append(Sent(ticket.request_id, due_ns, thread, query.text, ticket))
        heapq.heappush(ready, (fake.now_ns + ANSWER_NS, thread, sent + 1))
    return found


def parts_of(config: RunConfig, workers: int, processes: int = 1) -> list[Share]:
    """The shares of all processes of all workers."""
    shares = [share_of(worker, workers, config.threads, config.batch) for worker in range(workers)]
    return [part for share in shares if share is not None for part in shares_of(share, processes, config.threads)]


RATED = {"threads": threads_for(20), "duration_s": 4.0, "seed": 7}
OPEN = {
    "constant": RunConfig(rate_per_s=20, **RATED),
    "poisson": RunConfig(rate_per_s=20, arrival="poisson", **RATED),
    "gamma": RunConfig(rate_per_s=20, arrival="gamma:2", **RATED),
    "stages of a rate": RunConfig(stages=[[2, 30], [1, 30], [1, 0]], stages_of="rate", arrival="poisson", **RATED),
    "requests": RunConfig(rate_per_s=20, requests=31, threads=20),
    "phases": RunConfig(rate_per_s=20, warmup_s=1, cooldown_s=1, **RATED),
    "warm-up of requests": RunConfig(rate_per_s=20, warmup_requests=9, **RATED),
    "who leaves": RunConfig(rate_per_s=20, cancel_rate=0.3, cancel_after_s=1, **RATED),
    "replay": RunConfig(replay_file="trace", replay_s=3.0, requests=40, threads=20),
}
TRACE = [Replayed(number * 0.075, Query(f"r{number}")) for number in range(40)]


@pytest.mark.parametrize("name", OPEN)
@pytest.mark.parametrize(("workers", "processes"), [(2, 1), (3, 2), (5, 1)])
def test_an_open_loop_is_the_same_whoever_sends_it(name, workers, processes):
    config = OPEN[name]
    replayed = TRACE if config.replay_file else ()
    whole = sent_by(config, Share(), replayed)
    divided = [each for share in parts_of(config, workers, processes) for each in sent_by(config, share, replayed)]
    assert len(whole) > 30
    assert sorted((each.request_id, each.due_ns, each.query) for each in divided) == [
        (each.request_id, each.due_ns, each.query) for each in whole
    ]
    assert sorted(each.ticket for each in divided) == [each.ticket for each in whole], "phase, and who leaves early"


CLOSED = {
    "threads": RunConfig(threads=7, duration_s=2.0),
    "ramp-up": RunConfig(threads=7, duration_s=2.0, ramp_up_s=1.4),
    "stages": RunConfig(threads=9, stages=[[1, 9], [1, 3], [1, 3], [1, 0]], stages_of="threads", duration_s=4.0),
    "turns": RunConfig(threads=7, turns=3),
    "requests": RunConfig(threads=4, requests=30),
    "phases": RunConfig(threads=7, duration_s=2.0, warmup_s=0.5, cooldown_s=0.5),
}


@pytest.mark.parametrize("name", CLOSED)
@pytest.mark.parametrize(("workers", "processes"), [(2, 1), (3, 2), (4, 1)])
def test_in_a_closed_loop_each_thread_sends_when_it_would_have(name, workers, processes):
    config = CLOSED[name]
    whole = sent_by(config, Share())
    divided = [each for share in parts_of(config, workers, processes) for each in sent_by(config, share)]
    assert len(divided) == len(whole) >= 20
    assert len({each.request_id for each in divided}) == len(divided), "no number twice"
    if config.requests is None:  # else threads take what is left, and one with fewer neighbours takes more
        assert sorted((each.thread, each.due_ns) for each in divided) == sorted(
            (each.thread, each.due_ns) for each in whole
        )


@pytest.mark.parametrize("requests", [1, 2, 3, 10, 11])
def test_a_number_of_requests_is_sent_exactly_whatever_the_number_of_workers(requests):
    for workers in range(1, 6):
        config = RunConfig(threads=5, requests=requests)
        divided = [each for share in parts_of(config, workers) for each in sent_by(config, share)]
        assert sorted(each.request_id for each in divided) == list(range(1, requests + 1))
        assert sorted(each.query for each in divided) == sorted(f"q{number}" for number in range(requests))


def test_a_worker_without_a_thread_takes_no_part():
    assert [share_of(worker, 4, 2) for worker in range(4)] == [Share(0, 2), Share(1, 2), None, None]
    assert shares_of(Share(0, 2), 8, 3) == [Share(0, 4), Share(2, 4)], "threads 0 and 2, one each"
    assert shares_of(Share(1, 2, 6), 8, 6) == [Share(1, 2, 6)], "a batch stays in one process"


@pytest.mark.parametrize(("batch", "workers"), [(4, 2), (5, 2), (7, 3), (3, 3)])
def test_each_batch_is_divided_alike_and_asks_the_same(batch, workers):
    requests = 2 * batch + batch // 2
    numbers, asked = [], []
    for worker in range(workers):
        share = Share(worker, workers, batch)
        mine = [share.number(taken) for taken in range(share.requests(requests))]
        assert [number - 1 for number in mine] == list(islice(numbers_in_turn(*share), len(mine)))
        for first in (0, batch):
            assert sum(first < number <= first + batch for number in mine) == share.places
        numbers += mine
        queries = QUERIES.part(*share)
        asked += [queries.next().text for _ in mine]
    assert sorted(numbers) == list(range(1, requests + 1))
    assert sorted(asked) == sorted(f"q{number}" for number in range(requests))


def send_batches(config: RunConfig, workers: int, answer_s=lambda _number: 0.004) -> dict[int, tuple[float, float]]:
    """Request -> begin and end of what real threads of so many workers send, who tell each other of their batches."""
    shares = [Share(worker, workers, config.batch) for worker in range(workers)]
    paces = [pace_for(config, share) for share in shares]
    ended = dict.fromkeys(range(workers), 0)
    lock, times = threading.Lock(), {}

    def told(worker: int, batches: int | None) -> None:
        with lock:
            if batches is None:
                ended.pop(worker, None)
            elif worker in ended:
                ended[worker] = batches
            allowed = min(ended.values(), default=10**9)
        for pace in paces:
            pace.allow(allowed)

    def work(pace: Batches, thread: int) -> None:
        sent = 0
        while (ticket := pace.take(thread, sent, 0.0)) is not None:
            begun = time.perf_counter()
            time.sleep(answer_s(ticket.request_id))
            times[ticket.request_id] = begun, time.perf_counter()
            pace.ended()
            sent += 1

    begin_ns = time.perf_counter_ns()
    threads = []
    for worker, (pace, share) in enumerate(zip(paces, shares, strict=True)):
        assert isinstance(pace, Batches)
        pace.origin_ns = begin_ns
        pace.tell_ended = lambda batches, worker=worker: told(worker, batches)
        threads += [threading.Thread(target=work, args=(pace, number)) for number in share.numbers(config.threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PROMPT_S)
    assert not any(thread.is_alive() for thread in threads), "nobody waits for a batch that never comes"
    return times


def test_a_batch_begins_when_all_workers_have_ended_the_one_before():
    times = send_batches(RunConfig(batch=5, requests=20, threads=5), 2, lambda n: 0.03 if n % 5 == 2 else 0.002)
    assert sorted(times) == list(range(1, 21))
    for first in (6, 11, 16):
        ends = [times[number][1] for number in range(first - 5, first)]
        assert min(times[number][0] for number in range(first, first + 5)) >= max(ends)


@pytest.mark.parametrize(
    "config", [RunConfig(batch=4, requests=11, threads=4), RunConfig(batch=3, requests=8, threads=3)]
)
def test_a_last_batch_that_is_not_full_ends_the_run_of_all_workers(config):
    assert sorted(send_batches(config, 2)) == list(range(1, config.requests + 1))


def test_batches_end_with_the_time_on_all_workers():
    times = send_batches(RunConfig(batch=4, duration_s=0.05, threads=4), 2)
    assert sorted(times)[:4] == [1, 2, 3, 4]
