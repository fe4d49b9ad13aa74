"""Targets and findings of made evidence: each cause gives its own, a healthy server none."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from profiles import ACQUIRE, HANDLER, READ, S, evidence, hook, judged, process, run, stacks
from sse_perf_tool.flags.profile_checks import Limit, limits
from sse_perf_tool.profiling.hooks.reading import Code
from sse_perf_tool.profiling.judge.causes import is_cpu_bound
from sse_perf_tool.profiling.judge.targets import targets
from sse_perf_tool.profiling.judge.waits import kind_of
from sse_perf_tool.profiling.server.watch import ProcessSeries
from sse_perf_tool.profiling.stacks.heap import Growth
from sse_perf_tool.records import ServerMetrics, ServerSample, TrustSample
from sse_perf_tool.records.profile import ProfileFinding

AT = "handler (shop/app.py:12)"
GROWING = [60 + 2 * n if n <= 20 else 100 for n in range(31)]


def only(found: list[ProfileFinding]) -> ProfileFinding:
    assert len(found) == 1, found
    return found[0]


def names(found: list[ProfileFinding]) -> list[str]:
    return [each.name for each in found]


def states(seen: object) -> dict[str, str]:
    return {each.name: each.state for each in targets(seen)}  # type: ignore[arg-type]


def test_a_healthy_server_gives_nothing_and_meets_all() -> None:
    seen = evidence(processes=[process()], hooks=[hook()])
    assert judged(seen) == []
    assert set(states(seen).values()) == {"met"}


def test_what_was_not_looked_at_is_not_measured_and_not_met() -> None:
    found = states(evidence())
    assert {name for name, state in found.items() if state == "not_measured"} == {"rss", "cpu", "loop_delay"}
    (cpu,) = [each for each in targets(evidence()) if each.name == "cpu"]
    assert (cpu.value, cpu.why[0]) == (None, "the server's processes could not be looked at")


def test_targets_that_were_asked_for_replace_those_of_the_table() -> None:
    asked = [Limit("p50", 90, "p50<90ms"), Limit("p99", 1000, "p99<1s")]
    held = {each.name: each for each in targets(replace(evidence(), limits=limits(asked)), frozenset({"p50", "p99"}))}
    assert (held["p50"].rule, held["p50"].state, held["p50"].value) == ("p50<90ms", "missed", 100)
    assert held["p99"].is_target
    assert not held["failures"].is_target


def test_a_core_that_is_needed_all_the_time_with_the_function() -> None:
    seen = evidence(processes=[process(cpu=85, waiting=12)], hooks=[hook(late_ms=120, blocks=5)], stacks={7: stacks()})
    found = only(judged(seen))
    assert (found.name, found.process, found.where) == ("cpu_bound", "python 7", AT)
    assert "85 % of one used, 12 % more waited for" in found.figure[0]
    assert "75.8 % of its CPU time" in found.figure[0]
    assert "P99 of its delay" in found.figure[0]


def test_without_stacks_the_loop_that_stood_still_tells_the_function() -> None:
    found = only(judged(evidence(processes=[process(cpu=96)], hooks=[hook(late_ms=120, blocks=5)])))
    assert (found.name, found.where) == ("cpu_bound", AT)


def test_without_any_stack_it_says_how_to_get_one() -> None:
    found = only(judged(evidence(processes=[process(cpu=96)])))
    assert found.where == ""
    assert "flame" in found.advice[0]


def test_another_process_is_bound_by_all_its_cores() -> None:
    assert judged(evidence(processes=[process(kind="other", cpu=96)])) == []
    assert only(judged(evidence(processes=[process(kind="other", cpu=192)]))).name == "cpu_bound"


@pytest.mark.parametrize(("cpu", "waiting", "needs"), [(40, 58, True), (12, 87, True), (10, 85, False), (6, 57, False)])
def test_what_a_process_does_when_it_has_a_core_tells_whether_it_needs_one(cpu: int, waiting: int, needs: bool) -> None:
    """Others may take the core: it limits a process that computes as soon as it has one, and never sleeps."""
    found = judged(evidence(processes=[process(cpu=cpu, waiting=waiting)]))
    assert names(found) == (["cpu_bound"] if needs else [])
    if needs:
        assert f"{cpu} % of one used, {waiting} % more waited for" in found[0].figure[0]


def test_three_hours_of_looks_are_judged_in_a_moment() -> None:
    long = process(cpu=50)
    long.at_s = [number / 2 for number in range(20_000)]
    long.cpu = [50.0] * len(long.at_s)
    long.thread_cpu = {thread: [(at_s, at_s / 40) for at_s in long.at_s] for thread in range(10)}
    long.thread_wait = {thread: [(at_s, at_s / 20) for at_s in long.at_s] for thread in range(10)}
    seen = evidence(replace(run(), duration_ns=9_900 * S), [long])
    before_s = time.process_time()
    assert not is_cpu_bound(seen, long)
    assert time.process_time() - before_s < 10, "0.1 s, and many minutes if each stretch were added up anew"


def test_threads_that_queue_for_the_interpreter_need_a_core_together() -> None:
    """They sleep in that queue, so that none of them seems to need much."""
    many = process(cpu=50, waiting=200)
    each_cpu, each_wait = (
        [(at_s, value / 12) for at_s, value in curve[0]] for curve in (many.thread_cpu, many.thread_wait)
    )
    many.thread_cpu = dict.fromkeys(range(12), each_cpu)
    many.thread_wait = dict.fromkeys(range(12), each_wait)
    assert judged(evidence(processes=[many], hooks=[hook(held=2)])) == [], "threads that others keep from a core"
    found = only(judged(evidence(processes=[many], hooks=[hook(held=13)])))
    assert found.name == "cpu_bound"
    assert "50 % of one used, 50 % more waited for" in found.figure[0]


def in_threads(number: int, cpu: float, waiting: float, sleeps_per_s: float, at_lock: float) -> ProcessSeries:
    """A process without a hook whose threads share `cpu` and `waiting` percent, and how each of them sleeps."""
    found = process(cpu=cpu, waiting=waiting)
    for curves, percent in ((found.thread_cpu, cpu), (found.thread_wait, waiting)):
        curves.update(
            {thread: [(at_s, at_s * percent / 100 / number) for at_s in found.at_s] for thread in range(number)}
        )
    for thread in range(number):
        found.thread_sleeps[thread] = [(at_s, at_s * sleeps_per_s) for at_s in found.at_s]
        found.thread_at_lock[thread] = [(at_s, float(look < at_lock * 31)) for look, at_s in enumerate(found.at_s)]
    return found


@pytest.mark.parametrize(
    ("number", "cpu", "waiting", "sleeps_per_s", "at_lock", "needs"),
    [
        # Eight that always queue: 24 % of a core, and 145 % of waiting for it.
        (8, 24, 145, 170, 1.0, True),
        # The same with no word of where they sleep would be the same; but these sleep elsewhere.
        (8, 24, 145, 170, 0.0, False),
        # Thirty that sleep 0.2 s for every 3 ms of work, and sometimes queue while the one at work waits for a core.
        (30, 26, 181, 90, 0.5, False),
        # Thirty of a pool that has next to nothing to do, at a lock for a second at a time.
        (30, 12, 90, 1, 1.0, False),
        # Queueing as much as they can, but on a machine that leaves them nearly all: what they use is known.
        (8, 60, 5, 200, 1.0, False),
    ],
)
def test_without_a_hook_how_threads_sleep_tells_who_queues_for_the_interpreter(
    number: int, cpu: float, waiting: float, sleeps_per_s: float, at_lock: float, *, needs: bool
) -> None:
    seen = in_threads(number, cpu, waiting, sleeps_per_s, at_lock)
    assert names(judged(evidence(processes=[seen]))) == (["cpu_bound"] if needs else [])


def test_how_threads_sleep_is_no_matter_where_a_hook_tells_or_nothing_is_known() -> None:
    seen = in_threads(8, 24, 145, 170, 1.0)
    assert judged(evidence(processes=[seen], hooks=[hook(held=2)])) == []
    assert judged(evidence(processes=[replace(seen, kind="node")])) == []
    seen.thread_sleeps.clear()
    assert judged(evidence(processes=[seen])) == []


def test_a_loop_with_idle_threads_beside_it_queues_for_nothing() -> None:
    """It sleeps a thousand times a second, but for what comes from outside: nobody else computes."""
    seen = in_threads(1, 10, 60, 1000, 1.0)
    for thread in range(1, 9):
        seen.thread_cpu[thread] = seen.thread_wait[thread] = [(at_s, 0.0) for at_s in seen.at_s]
        seen.thread_sleeps[thread] = [(at_s, 0.0) for at_s in seen.at_s]
    assert judged(evidence(processes=[seen])) == []


def test_an_idle_server_whose_interpreter_is_held_needs_no_core() -> None:
    assert judged(evidence(processes=[process(cpu=30, waiting=20)], hooks=[hook(held=15)])) == []


def test_a_loop_of_node_that_only_waits_for_a_core_is_not_blocked() -> None:
    told = hook(late_ms=80, kind="node")
    assert judged(evidence(processes=[process(kind="node")], hooks=[told])) == []
    told.busy = [60.0] * 10
    found = only(judged(evidence(processes=[process(kind="node")], hooks=[told], stacks={7: stacks()})))
    assert (found.name, found.where) == ("loop_blocked", AT)


def test_a_burst_is_no_limit() -> None:
    burst = [95.0 if 4 <= n <= 8 else 20.0 for n in range(31)]
    assert judged(evidence(processes=[process(cpu=burst)])) == []


def test_a_loop_that_is_blocked_while_the_core_is_idle() -> None:
    found = only(judged(evidence(processes=[process()], hooks=[hook(late_ms=80, blocks=4)])))
    assert (found.name, found.where) == ("loop_blocked", AT)
    assert "100 % of 40 looks" in found.figure[0]
    assert "停在此处" in found.figure[1]


def test_late_beats_that_no_code_explains_are_the_machine_s() -> None:
    assert judged(evidence(processes=[process()], hooks=[hook(late_ms=80)])) == []


def test_workers_that_are_blocked_alike_are_one_finding() -> None:
    seen = evidence(
        processes=[process(7), process(8)], hooks=[hook(7, late_ms=80, blocks=4), hook(8, late_ms=80, blocks=4)]
    )
    assert only(judged(seen)).process == "python 7, python 8"


@pytest.mark.parametrize(
    ("leaf", "what"), [(ACQUIRE, "a lock or a place in a pool"), (READ, "the answer of another service")]
)
def test_what_most_tasks_wait_for_where_answers_are_slow(leaf: Code, what: str) -> None:
    waits = [(HANDLER, leaf, 8), (Code("other", "/srv/shop/app.py", 50), READ, 2)]
    found = only(judged(evidence(run(latency_ms=1500, ttft_ms=1400), [process()], [hook(waits=waits)])))
    assert (found.name, found.where) == ("waits_on", AT)
    assert f"80.0 % of the tasks that were under way waited here, for {what}" in found.figure[0]


def test_waiting_is_nothing_where_answers_are_fast() -> None:
    assert judged(evidence(processes=[process()], hooks=[hook(waits=[(HANDLER, READ, 8)])])) == []


def test_nothing_is_said_of_waits_behind_a_blocked_loop() -> None:
    slow = run(latency_ms=1500, ttft_ms=1400)
    seen = evidence(slow, [process()], [hook(late_ms=80, blocks=4, waits=[(HANDLER, READ, 8)])])
    assert names(judged(seen)) == ["loop_blocked"]


@pytest.mark.parametrize(
    ("function", "file", "kind"),
    [
        ("Queue.get", "/usr/lib/python3.12/asyncio/queues.py", "queue"),
        ("sleep", "/usr/lib/python3.12/asyncio/tasks.py", "timer"),
        ("wait_for", "/usr/lib/python3.12/asyncio/tasks.py", "other"),
        ("SocketIO.readinto", "/usr/lib/python3.12/socket.py", "upstream"),
        ("AsyncConnectionPool.acquire", "/v/site-packages/httpcore/_async/connection_pool.py", "lock"),
        ("to_thread", "/usr/lib/python3.12/concurrent/futures/thread.py", "executor"),
    ],
)
def test_what_is_waited_for_is_told_by_the_innermost_place(function: str, file: str, kind: str) -> None:
    assert kind_of(Code(function, file, 1)) == kind


def test_memory_that_grows_and_stays() -> None:
    found = only(judged(evidence(processes=[process(rss_mb=GROWING)])))
    assert (found.name, found.where) == ("memory_grows", "")
    assert found.figure[0].startswith("Memory grew by 26 MB in 7 s, 325 kB a request")
    assert "heap" in found.advice[0]


def test_what_a_request_leaves_is_told_of_all_workers_together() -> None:
    """An idle parent takes no share of the requests, and two workers that grow need not have had the same."""
    idle = process(6, cpu=2)
    (found,) = judged(evidence(processes=[idle, process(7, rss_mb=GROWING)]))
    assert "325 kB a request" in found.figure[0]
    (found,) = judged(evidence(processes=[process(7, rss_mb=GROWING), process(8, rss_mb=GROWING)]))
    assert found.process == "python 7, python 8"
    assert "52 MB in 7 s, 650 kB a request" in found.figure[0]


def test_the_heap_pass_names_the_line() -> None:
    growth = {0: Growth(99, "python", [(HANDLER, 8.0)], 10.0)}
    found = only(judged(evidence(processes=[process(rss_mb=GROWING)], growth=growth)))
    assert found.where == AT
    assert "8 of 10 MB" in found.figure[0]


@pytest.mark.parametrize(
    "rss_mb",
    [
        [60 + 2 * n if n <= 20 else 60 for n in range(31)],
        [60 + 4 * min(n, 5) for n in range(31)],
        [60 + (8 if n % 4 < 2 else 0) for n in range(31)],
        [60 + 0.1 * n for n in range(31)],
    ],
    ids=["comes back", "levels off", "up and down", "little"],
)
def test_memory_that_does_not_grow(rss_mb: list[float]) -> None:
    assert judged(evidence(processes=[process(rss_mb=rss_mb)])) == []


def test_of_node_what_a_full_collection_leaves_decides() -> None:
    told = hook(kind="node")
    assert judged(evidence(processes=[process(kind="node", rss_mb=GROWING)], hooks=[told])) == []
    told.collected_mb = {1: 20.0, 2: 26.0}
    grown = judged(evidence(processes=[process(kind="node", rss_mb=GROWING)], hooks=[told]))
    assert grown == [], "compiled code and the profiler's own"
    told.collected_mb = {1: 20.0, 2: 50.0}
    assert only(judged(evidence(processes=[process(kind="node", rss_mb=GROWING)], hooks=[told]))).name == "memory_grows"


def test_memory_that_is_high_and_flat() -> None:
    assert names(judged(evidence(processes=[process(rss_mb=800)]))) == ["memory_high"]


def test_memory_of_a_load_between_two_looks_is_that_of_the_look_before() -> None:
    process_seen = process(rss_mb=[60 + number for number in range(31)])
    process_seen.at_s = [-1.0, -0.5, *(12.0 + number for number in range(29))]
    assert evidence(processes=[process_seen]).peak_mb(process_seen) == 61
    process_seen.at_s[2] = 3.0
    assert evidence(processes=[process_seen]).peak_mb(process_seen) == 62


def test_failures_and_an_end() -> None:
    gone = process(8)
    for name in ("at_s", "cpu", "waiting", "rss_mb", "threads", "fds", "switches_per_s"):
        del getattr(gone, name)[9:]
    seen = evidence(run(failed=12), [process(), gone])
    assert names(judged(seen)) == ["process_ended", "failures"], "what ended is why requests failed"
    assert judged(seen)[1].figure[0] == "10.0 % of the requests failed (http_error 12)."
    died = replace(evidence(processes=[gone]), died=("signal SIGKILL", "信号 SIGKILL"))
    assert "SIGKILL" in only(judged(died)).figure[0]


def test_symptoms_are_said_only_where_no_cause_was_seen() -> None:
    assert names(judged(evidence(run(latency_ms=4000, ttft_ms=1500)))) == ["slow_first_chunk", "slow_answers"]
    assert names(judged(evidence(run(latency_ms=4000, ttft_ms=1500), [process(cpu=96)]))) == ["cpu_bound"]
    assert names(judged(evidence(run(grows=2.0)))) == ["degrading"]


def test_a_machine_that_others_keep_busy_explains_what_is_slow() -> None:
    watched = [TrustSample(second, cpu_share=0.1, machine_cpu=0.9, cores=2) for second in range(10)]
    slow = run(latency_ms=4000, ttft_ms=1500, grows=2.0)
    found = only(judged(evidence(replace(slow, self_watch=watched), [process(waiting=9)])))
    assert (found.name, found.figure[0][:36]) == ("machine_busy", "Other programs took 150 % of a core;")
    assert "waited up to 9 % of the time" in found.figure[0]
    assert judged(evidence(replace(run(), self_watch=watched), [process(waiting=1)])) == []


def test_what_the_server_says_of_its_queue_and_cache() -> None:
    samples = [ServerSample(n, {"waiting": n % 2, "kv_cache_percent": 99.0}) for n in range(10)]
    told = replace(run(), server_metrics=ServerMetrics("u", "vLLM", samples=samples))
    assert names(judged(evidence(told))) == ["server_queue", "cache_full"]


def test_descriptors_and_threads() -> None:
    many = [5.0 if n < 14 else 100.0 for n in range(31)]
    assert names(judged(evidence(processes=[process(fds=900, threads=many)]))) == ["fds", "threads"]
