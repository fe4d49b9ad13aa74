"""Who sends when: with a clock that moves only when somebody waits, and with threads that race."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from itertools import pairwise

import pytest

from patience import PROMPT_S, undisturbed
from sse_perf_tool.pace.division import Share
from sse_perf_tool.pace.replay import Replayed
from sse_perf_tool.pace.tickets import Pace, Ticket, pace_for
from sse_perf_tool.providers import Query
from sse_perf_tool.records import Phase, RunConfig

S = 1_000_000_000


class FakeTime:
    """A clock that begins at 100 s and a stop event; waiting moves the clock by as much as was waited for."""

    def __init__(self, stop_at_s: float = 1e9) -> None:
        self.now_ns = 100 * S
        self.stopped = False
        self._stop_ns = round((100 + stop_at_s) * S)

    def __call__(self) -> int:
        return self.now_ns

    def is_set(self) -> bool:
        return self.stopped

    def set(self) -> None:
        self.stopped = True

    def wait(self, timeout: float | None = None) -> bool:
        self.now_ns = min(self.now_ns + round((timeout or 0) * S), max(self._stop_ns, self.now_ns))
        self.stopped = self.stopped or self.now_ns >= self._stop_ns
        return self.stopped


def paced(config: RunConfig, fake: FakeTime, share: Share | None = None, replayed=()) -> Pace:
    pace = pace_for(config, share or Share(), replayed, fake, fake)
    pace.origin_ns = 100 * S
    return pace


def one_thread(
    pace: Pace, fake: FakeTime, answer_s: Callable[[int], float] = lambda _n: 0.0, pause_s: float = 0.0
) -> list[tuple[float, Ticket]]:
    """What a single thread sends, (seconds after the start of the run, ticket), when answer n takes `answer_s(n)`."""
    sent: list[tuple[float, Ticket]] = []
    while (ticket := pace.take(0, len(sent), pause_s if sent else 0.0)) is not None:
        sent.append(((fake.now_ns - 100 * S) / S, ticket))
        fake.now_ns += round(answer_s(ticket.request_id) * S)
        pace.ended()
    return sent


def starts(sent: list[tuple[float, Ticket]]) -> list[float]:
    return [round(at_s, 6) for at_s, _ in sent]


def numbers(sent: list[tuple[float, Ticket]]) -> list[int]:
    return [ticket.request_id for _, ticket in sent]


# --- open loop


def test_an_open_loop_sends_at_the_times_of_its_schedule_to_the_microsecond():
    fake = FakeTime()
    sent = one_thread(paced(RunConfig(rate_per_s=4, duration_s=2), fake), fake)
    assert starts(sent) == [0, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75]
    assert [ticket.intended_ns - 100 * S for _, ticket in sent] == [n * 250_000_000 for n in range(8)]
    assert numbers(sent) == [1, 2, 3, 4, 5, 6, 7, 8]


def test_without_a_free_thread_arrivals_are_late_and_what_waits_at_the_end_is_never_sent():
    """One thread, 4/s for 2 s, the first answer takes 1.6 s: 1.6, then the queue at once, then on time again."""
    fake = FakeTime()
    sent = one_thread(paced(RunConfig(rate_per_s=4, duration_s=2), fake), fake, lambda n: 1.6 if n == 1 else 0.05)
    assert starts(sent) == [0, 1.6, 1.65, 1.7, 1.75, 1.8, 1.85, 1.9]
    late = [at_s - (ticket.intended_ns - 100 * S) / S for at_s, ticket in sent]
    assert late == pytest.approx([0, 1.35, 1.15, 0.95, 0.75, 0.55, 0.35, 0.15])
    fake = FakeTime()
    slow = one_thread(paced(RunConfig(rate_per_s=4, duration_s=2), fake), fake, lambda _n: 0.7)
    assert starts(slow) == [0, 0.7, 1.4], "at 2.1 the run is over"


def test_an_arrival_just_before_the_end_is_not_lost_to_a_late_wake_up():
    class Sleepy(FakeTime):
        def wait(self, timeout: float | None = None) -> bool:
            return super().wait((timeout or 0) + 0.3)

    fake = Sleepy()
    assert len(one_thread(paced(RunConfig(rate_per_s=4, duration_s=2), fake), fake)) == 8


def test_a_number_of_requests_ends_an_open_loop():
    fake = FakeTime()
    assert starts(one_thread(paced(RunConfig(rate_per_s=2, requests=3), fake), fake)) == [0, 0.5, 1]


def test_processes_take_turns_in_one_schedule():
    config = RunConfig(rate_per_s=2, duration_s=4, arrival="poisson", seed=4)
    fake = FakeTime()
    whole = one_thread(paced(config, fake), fake)
    parts = []
    for part in range(3):
        fake = FakeTime()
        parts += one_thread(paced(config, fake, Share(part, 3)), fake)
    assert sorted(starts(parts)) == starts(whole)
    assert sorted(numbers(parts)) == numbers(whole)
    assert sorted(parts, key=lambda each: each[1].request_id) == whole


def test_each_request_of_a_trace_has_its_own_query_and_time_in_each_process():
    replayed = [Replayed(0.0, Query("a")), Replayed(1.0, None), Replayed(1.0, Query("c")), Replayed(2.5, Query("d"))]
    config = RunConfig(replay_file="t", requests=4)
    fake = FakeTime()
    assert [(at_s, ticket.query) for at_s, ticket in one_thread(paced(config, fake, replayed=replayed), fake)] == [
        (0, Query("a")), (1, None), (1, Query("c")), (2.5, Query("d")),
    ]  # fmt: skip
    fake = FakeTime()
    second = one_thread(paced(config, fake, Share(1, 2), replayed), fake)
    assert [(at_s, ticket.request_id, ticket.query) for at_s, ticket in second] == [(1, 2, None), (2.5, 4, Query("d"))]


def test_stopping_ends_the_wait_for_an_arrival():
    fake = FakeTime(stop_at_s=1.1)
    assert starts(one_thread(paced(RunConfig(rate_per_s=2, duration_s=60), fake), fake)) == [0, 0.5, 1]


def test_tickets_say_phase_and_who_leaves_early():
    config = RunConfig(rate_per_s=1, duration_s=4, warmup_s=1, cooldown_s=1, cancel_rate=1, cancel_after_s=2)
    fake = FakeTime()
    tickets = [ticket for _, ticket in one_thread(paced(config, fake), fake)]
    assert [ticket.phase for ticket in tickets] == [Phase.WARMUP, Phase.MAIN, Phase.MAIN, Phase.COOLDOWN]
    assert {ticket.leave_after_s for ticket in tickets} == {2}


def run_threads(pace: Pace, threads: int, answer_s: float) -> list[tuple[int, int, Ticket]]:
    """(thread, start, ticket) of what real threads send."""
    found: list[tuple[int, int, Ticket]] = []
    pace.origin_ns = time.perf_counter_ns()

    def work(thread: int) -> None:
        sent = 0
        while (ticket := pace.take(thread, sent, 0.0)) is not None:
            found.append((thread, time.perf_counter_ns(), ticket))
            time.sleep(answer_s)
            pace.ended()
            sent += 1

    workers = [threading.Thread(target=work, args=(thread,)) for thread in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(PROMPT_S)
    assert not any(worker.is_alive() for worker in workers)
    return found


@undisturbed
def test_few_threads_do_the_work_of_an_open_loop_when_few_are_needed():
    found = run_threads(pace_for(RunConfig(rate_per_s=100, duration_s=0.5), Share()), 20, 0.005)
    assert sorted(ticket.request_id for *_, ticket in found) == list(range(1, 51))
    assert len({thread for thread, *_ in found}) < 10, "the one that became free last is called first"
    late_s = sorted((at_ns - ticket.intended_ns) / S for _, at_ns, ticket in found)
    assert late_s[0] >= 0
    assert late_s[len(late_s) // 2] < 0.02


def test_stopping_wakes_all_threads_of_an_open_loop():
    pace = pace_for(RunConfig(rate_per_s=0.01, duration_s=1000), Share())
    threading.Timer(0.1, pace.stop).start()
    assert len(run_threads(pace, 50, 0.0)) == 1


@undisturbed
def test_threads_are_asked_for_as_they_are_needed():
    """One that answers at once is enough; with answers of 0.1 s and 40 requests a second it takes some four."""

    def started(answer_s: float) -> int:
        pace = pace_for(RunConfig(rate_per_s=40, duration_s=0.5), Share())
        workers: list[threading.Thread] = []
        pace.origin_ns = time.perf_counter_ns()

        def work() -> None:
            while pace.take(0, 0, 0.0) is not None:
                time.sleep(answer_s)

        def start() -> None:
            if len(workers) < 30:
                workers.append(threading.Thread(target=work))
                workers[-1].start()

        pace.more = start
        start()
        for worker in workers:
            worker.join(PROMPT_S)
        return len(workers)

    assert not pace_for(RunConfig(rate_per_s=40, duration_s=0.5), Share()).start_all
    assert started(0.0) <= 3
    assert 4 <= started(0.1) < 15


# --- batches


@undisturbed
def test_a_batch_begins_when_the_one_before_it_has_ended():
    found = run_threads(pace_for(RunConfig(batch=4, requests=12, threads=6), Share()), 6, 0.03)
    assert sorted(ticket.request_id for *_, ticket in found) == list(range(1, 13))
    at_ns = {ticket.request_id: at_ns for _, at_ns, ticket in found}
    batches = [[at_ns[number] for number in range(first, first + 4)] for first in (1, 5, 9)]
    for before, after in pairwise(batches):
        assert min(after) - max(before) >= 0.03 * S
        assert max(after) - min(after) < 0.03 * S, "together"


def test_with_fewer_threads_a_batch_still_ends_before_the_next():
    found = run_threads(pace_for(RunConfig(batch=3, requests=6, threads=2), Share()), 2, 0.01)
    order = [ticket.request_id for *_, ticket in sorted(found, key=lambda each: each[1])]
    assert [sorted(order[:3]), sorted(order[3:])] == [[1, 2, 3], [4, 5, 6]]


@pytest.mark.parametrize("config", [RunConfig(batch=4, requests=7), RunConfig(batch=4, duration_s=0.05)])
def test_a_last_batch_that_is_not_full_ends_the_run(config):
    run_threads(pace_for(config, Share()), 12, 0.02)


def test_stopping_wakes_threads_that_wait_for_their_batch():
    pace = pace_for(RunConfig(batch=1, duration_s=1000, threads=3), Share())
    pace.origin_ns = time.perf_counter_ns()
    assert pace.take(0, 0, 0.0) is not None
    threading.Timer(0.05, pace.stop).start()
    assert [pace.take(1, 0, 0.0), pace.take(2, 0, 0.0)] == [None, None]


# --- closed loop


def test_a_closed_loop_goes_on_from_the_end_of_its_answers_for_its_duration():
    fake = FakeTime()
    sent = one_thread(paced(RunConfig(duration_s=1), fake), fake, lambda _n: 0.3)
    assert starts(sent) == [0, 0.3, 0.6, 0.9]
    assert [ticket.intended_ns for _, ticket in sent] == [None] * 4


def test_a_pause_that_would_outlast_the_duration_is_not_waited_for():
    fake = FakeTime()
    sent = one_thread(paced(RunConfig(duration_s=1), fake), fake, lambda _n: 0.3, pause_s=0.5)
    assert starts(sent) == [0, 0.8]
    assert (fake.now_ns - 100 * S) / S == pytest.approx(1.1), "it did not wait on"


def test_without_a_length_each_thread_sends_one_conversation():
    fake = FakeTime()
    assert numbers(one_thread(paced(RunConfig(turns=3), fake), fake)) == [1, 2, 3]


def test_stages_let_a_thread_begin_and_end_and_begin_again():
    """Thread 0 of a line 0 to 1 in 1 s, 1 for 1 s, down to 0 at once, 0 for 1 s, 1 for 1 s."""
    stages = [[1, 1], [1, 1], [0, 0], [1, 0], [0, 1], [1, 1]]
    fake = FakeTime()
    config = RunConfig(stages=stages, stages_of="threads", duration_s=4)
    assert starts(one_thread(paced(config, fake), fake, lambda _n: 0.8)) == [0, 0.8, 1.6, 3, 3.8]


def test_the_phase_of_a_closed_loop_is_that_of_the_moment():
    fake = FakeTime()
    sent = one_thread(paced(RunConfig(duration_s=1, warmup_s=0.5), fake), fake, lambda _n: 0.4)
    assert [ticket.phase for _, ticket in sent] == [Phase.WARMUP, Phase.WARMUP, Phase.MAIN]
