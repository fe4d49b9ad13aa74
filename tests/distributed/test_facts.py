"""Which worker is slow: named by the figure in which it is behind, and nobody is without reason."""

from __future__ import annotations

from dataclasses import replace

from sse_perf_tool.distributed.clock import Offset
from sse_perf_tool.distributed.facts import clocked, facts_of, name_of, slow_ones
from sse_perf_tool.metrics import Tally
from sse_perf_tool.records import Outcome, RequestRecord, RunConfig, WorkerFacts
from sse_perf_tool.records.workers import clock_uncertainty_ms, over_rounds, workers_document, workers_of


def worker(number: int, rate: float = 10.0, ttft_ms: float = 50.0, requests: int = 100, lost: str = "") -> WorkerFacts:
    return WorkerFacts(number, f"m{number}", requests=requests, requests_per_s=rate, ttft_p50_ms=ttft_ms, lost=lost)


def named(*workers: WorkerFacts, threads=(5, 5, 5, 5), open_loop: bool = False) -> dict[int, str]:
    found = slow_ones(workers, threads[: len(workers)], open_loop=open_loop)
    return {number: figure for number, (figure, _, _) in found.items()}


def test_a_worker_that_does_less_with_as_many_threads_is_named():
    assert named(worker(1), worker(2, 7.9), worker(3)) == {2: "requests_per_s"}
    assert named(worker(1), worker(2, 8.1), worker(3)) == {}
    assert named(worker(1), worker(2, 4.0), worker(3), threads=(5, 2, 5)) == {}, "it has fewer threads"


def test_a_worker_whose_first_tokens_come_later_is_named():
    assert named(worker(1), worker(2, ttft_ms=70), worker(3)) == {2: "ttft_p50_ms"}
    assert named(worker(1, ttft_ms=2), worker(2, ttft_ms=9), worker(3, ttft_ms=2)) == {}, "milliseconds are no matter"
    assert named(worker(1, 9), worker(2, 1, 70), worker(3, 9), open_loop=True) == {2: "ttft_p50_ms"}


def test_few_requests_and_lost_workers_say_nothing():
    assert named(worker(1), worker(2, 1.0, requests=5)) == {}
    assert named(worker(1), worker(2, 1.0, lost="lost")) == {}
    assert named(worker(1, 0.1)) == {}, "alone"


def test_facts_are_those_of_the_requests():
    tally = Tally(0)
    for number in range(1, 11):
        end = Outcome.OK if number < 10 else Outcome.TIMEOUT
        tally.add(RequestRecord(number, 1, number * 10**8, end, 10**8, ttft_ns=5 * 10**6, chunks=3))
    found = facts_of(tally, RunConfig(duration_s=1.1), 0, WorkerFacts(2, "m", cores=4))
    assert (found.requests, found.ok, found.failed, found.ttft_p50_ms) == (10, 9, 1, 5.0)
    assert (found.number, found.name, found.cores) == (2, "m", 4)
    offset = Offset()
    offset.add(0, 3_000_000, 3_000_000, 2_000_000)
    offset.use()
    found = clocked(found, offset)
    assert (found.clock_offset_ms, found.clock_uncertainty_ms, found.round_trip_ms) == (2.0, 1.0, 2.0)


def test_facts_travel_through_files_and_add_up_over_rounds():
    facts = (worker(1), replace(worker(2), missing=3, lost="died", clock_uncertainty_ms=0.5))
    assert workers_of(workers_document(facts)) == facts
    assert clock_uncertainty_ms(facts) == 0.5
    assert clock_uncertainty_ms(()) is None
    both = over_rounds(facts, (worker(1, 20.0), worker(2)))
    assert [(each.requests, each.missing, each.lost) for each in both] == [(200, 0, ""), (200, 3, "died")]
    assert over_rounds((), facts) == facts


def test_a_name_is_a_line_of_text_whatever_a_machine_calls_itself():
    assert name_of("a\x1b[31m\nb" + "x" * 100) == "a[31mb" + "x" * 56
    assert name_of("") == "?"
