"""Shaped load against a server: rates, stalls, stages, batches, traces, phases, and requests that leave."""

from __future__ import annotations

import io
import json
import math
import threading
from bisect import bisect_left
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from patience import FOREVER_S, undisturbed
from scripted_server import ANSWER, DONE, FINISH, ScriptedServer, Serve, chunked, token, usage
from sse_perf_tool.cli import Environment, main
from sse_perf_tool.load.run import LoadRun
from sse_perf_tool.masking import Masker
from sse_perf_tool.metrics import estimate_tokens
from sse_perf_tool.providers import Query, QueryProvider
from sse_perf_tool.records import RunConfig
from sse_perf_tool.request.body import BodyBuilder
from sse_perf_tool.request.target import Target

SLOW = chunked(token("Hello"), 0.1, token(" world"), FINISH, usage(9, 2), DONE)


class Ran(NamedTuple):
    """What a run gave; `records` are in order of their starts."""

    status: int
    out: str
    summary: dict[str, Any]
    began_ns: int
    records: list[dict[str, Any]]

    def starts_s(self) -> list[float]:
        """Since the start of the run."""
        return [(row["started_at_ns"] - self.began_ns) / 1e9 for row in self.records]

    def metric(self, name: str) -> dict[str, float]:
        found: dict[str, float] = self.summary["metrics"][name]
        return found


Run = Callable[..., Ran]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the tool against a server with the flags given."""
    monkeypatch.chdir(tmp_path)

    def ran(server: ScriptedServer, *flags: str) -> Ran:
        out = io.StringIO()
        argv = ["--url", server.url(), "--api-key", "-", "--html-report", "r.html", "--quiet"]
        argv.append("--no-compression-check")  # on a busy machine it may show something, and is a record then
        status = main([*argv, "--json", "s.json", "--records", "r.jsonl", *flags], Environment(out, out, {}))
        header, *rows = map(json.loads, Path("r.jsonl").read_text(encoding="utf-8").splitlines())
        rows.sort(key=lambda row: row["started_at_ns"])
        return Ran(
            status,
            out.getvalue(),
            json.loads(Path("s.json").read_text(encoding="utf-8")),
            header["started_at_ns"],
            rows,
        )

    return ran


@undisturbed
def test_an_open_loop_sends_at_the_rate_asked_for(serve: Serve, run: Run) -> None:
    ran = run(serve(SLOW), "--rate", "50", "--duration", "1.5")
    assert (ran.status, ran.summary["requests"]["sent"]) == (0, 75)
    assert ran.summary["schedule"]["asked_per_s"] == pytest.approx(50)
    assert ran.summary["schedule"]["sent_per_s"] == pytest.approx(50, rel=0.05)
    assert ran.metric("schedule_delay_ms")["p50"] < 20
    assert ran.summary["schedule"]["dropped"] == 0


@undisturbed
def test_a_stall_shows_in_the_times_from_the_schedule(serve: Serve, run: Run) -> None:
    """50/s, 4 threads; from request 26 on all 4 stall for 1 s: some 50 arrivals wait, half of it on average."""
    server = serve(*[ANSWER] * 25, *[[1.0, *ANSWER]] * 4, ANSWER)
    ran = run(server, "--rate", "50", "--duration", "2", "--threads", "4")
    assert ran.status == 0
    assert ran.metric("latency_ms")["p90"] < 100, "from their start, 96 of 100 saw nothing"
    assert ran.metric("latency_from_schedule_ms")["p99"] > 900
    assert ran.metric("latency_from_schedule_ms")["mean"] > 3 * ran.metric("latency_ms")["mean"] > 90
    assert ran.summary["schedule"]["late"] > 35
    assert "because no thread was free: increase --threads" in ran.out
    assert "TTFT, schedule" in ran.out


@undisturbed
def test_what_still_waits_at_the_end_is_dropped_and_said(serve: Serve, run: Run) -> None:
    """Three threads, answers of 0.1 s, 120/s for 1 s: some 30 of 120 can be sent, on a busy machine fewer."""
    ran = run(serve(SLOW), "--rate", "120", "--duration", "1", "--threads", "3")
    sent, dropped = ran.summary["requests"]["sent"], ran.summary["schedule"]["dropped"]
    assert (ran.status, sent + dropped) == (0, 120)
    assert 9 <= sent <= 33
    assert f"scheduled requests that were never sent, because no thread became free: {dropped};" in ran.out
    assert f"Never sent: {dropped} requests." in Path("r.html").read_text(encoding="utf-8")
    again = io.StringIO()
    main(["report", "r.jsonl", "--json", "again.json", "--html-report", "a.html"], Environment(again, again, {}))
    assert json.loads(Path("again.json").read_text())["schedule"] == ran.summary["schedule"]


def test_processes_share_a_schedule(serve: Serve, run: Run) -> None:
    ran = run(serve(ANSWER), "--rate", "60", "--arrival", "poisson", "--requests", "60", "--processes", "2")
    assert sorted(row["request_id"] for row in ran.records) == list(range(1, 61))
    delays_s = [row["schedule_delay_ms"] / 1000 for row in ran.records]
    due = [row["started_at_ns"] / 1e9 - delay_s for row, delay_s in zip(ran.records, delays_s, strict=True)]
    by_number = [
        at_s for _, at_s in sorted((row["request_id"], at_s) for row, at_s in zip(ran.records, due, strict=True))
    ]
    assert by_number == sorted(by_number)
    assert ran.summary["schedule"]["sent_per_s"] == pytest.approx(60, rel=4 / math.sqrt(60))


@undisturbed
def test_warm_up_and_cool_down_are_left_out_of_the_figures_and_in_the_records(serve: Serve, run: Run) -> None:
    flags = ("--rate", "40", "--duration", "1.5", "--warmup", "500ms", "--cooldown", "250ms")
    ran = run(serve(ANSWER), *flags)
    phases = [row["phase"] for row in sorted(ran.records, key=lambda row: row["request_id"])]
    assert phases == ["warmup"] * 20 + ["main"] * 30 + ["cooldown"] * 10
    assert ran.summary["requests"]["sent"] == ran.metric("latency_ms")["count"] == 30
    assert ran.summary["left_out"] == {"warmup": {"ok": 20}, "cooldown": {"ok": 10}}
    assert (ran.summary["measured_s"], ran.summary["rates"]["requests_per_s"]) == (0.75, 40)
    assert "20 in the warm-up, 10 in the cool-down" in ran.out
    assert sum(second["requests_done"] for second in ran.summary["time_series"]) == 60


def test_a_warm_up_of_requests_holds_in_a_closed_loop_too(serve: Serve, run: Run) -> None:
    ran = run(serve(ANSWER), "--threads", "3", "--requests", "20", "--warmup", "5")
    assert sorted(row["request_id"] for row in ran.records if row["phase"] == "warmup") == [1, 2, 3, 4, 5]
    assert ran.summary["requests"]["sent"] == 15


def test_what_failed_in_the_warm_up_does_not_fail_the_run_and_is_said(serve: Serve, run: Run) -> None:
    broken = chunked(token("Hello"))
    ran = run(serve(broken, ANSWER), "--requests", "4", "--warmup", "2")
    assert (ran.status, ran.summary["requests"]["failed"], ran.summary["errors"]) == (0, 0, [])
    assert "failed requests in the warm-up, which the metrics leave out: 1;" in ran.out


@pytest.mark.parametrize("processes", ["1", "2"])
@undisturbed
def test_each_context_tier_is_the_whole_schedule_with_its_own_warm_up(serve: Serve, run: Run, processes: str) -> None:
    load = ("--rate", "40", "--duration", "500ms", "--warmup", "250ms", "--cancel-rate", "0.2", "--cancel-after", "9s")
    ran = run(serve(ANSWER), *load, "--context-tiers", "0,20", "--processes", processes)
    # The file has them as they ended, and of two processes now the one is quicker, now the other.
    records = sorted(ran.records, key=lambda row: row["request_id"])
    numbers = [row["request_id"] - 1 for row in records]
    assert 20 < len(set(numbers)) == len(numbers) == 40 - ran.summary["schedule"]["dropped"]
    measured_s = 0.0
    for tier, rows in ((0, records[: bisect_left(numbers, 20)]), (20, records[bisect_left(numbers, 20) :])):
        assert {row["context_tokens"] for row in rows} == {tier}
        places = [(row["request_id"] - 1) % 20 for row in rows]
        assert [row["phase"] for row in rows] == ["warmup" if place < 10 else "main" for place in places]
        # When each was due, however late a busy machine sent it: every 25 ms, from the begin of the tier on.
        assert min(row["schedule_delay_ms"] for row in rows) >= 0
        due_s = [row["started_at_ns"] / 1e9 - row["schedule_delay_ms"] / 1000 for row in rows]
        begun_s = [at_s - place / 40 for at_s, place in zip(due_s, places, strict=True)]
        assert begun_s == pytest.approx([begun_s[0]] * len(rows), abs=0.002)
        # The main phase goes on until its last answer.
        last_s = max(row["started_at_ns"] / 1e9 + row["latency_ms"] / 1000 for row in rows)
        measured_s += last_s - begun_s[0] - 0.25
    assert ran.summary["requests"]["sent"] == sum(row["phase"] == "main" for row in records) > 10
    assert measured_s > 0.225
    assert ran.summary["measured_s"] == pytest.approx(measured_s, abs=0.005)
    assert ran.summary["schedule"]["asked_per_s"] == pytest.approx(40)
    again = io.StringIO()
    main(["report", "r.jsonl", "--json", "again.json", "--html-report", "a.html"], Environment(again, again, {}))
    found = json.loads(Path("again.json").read_text(encoding="utf-8"))
    assert {name for name in found if found[name] != ran.summary[name]} == set()


@undisturbed
def test_threads_follow_their_stages(serve: Serve, run: Run) -> None:
    """Up to 8 in 1 s, down to 2 in 0.6 s."""
    server = serve(chunked(token("Hello"), 0.02, FINISH, usage(9, 1), DONE))
    ran = run(server, "--stages", "1s:8,600ms:2")
    threads = {row["thread_id"] for row in ran.records}
    assert threads == set(range(1, 9))
    first_s, last_s = {}, {}
    for row, at_s in zip(ran.records, ran.starts_s(), strict=True):
        first_s.setdefault(row["thread_id"], at_s)
        last_s[row["thread_id"]] = at_s
    for thread in range(1, 9):
        begins_s = (thread - 1) / 8  # when the line passes their number
        ends_s = 1.6 if thread <= 2 else 1 + (8 - (thread - 1)) / 10
        assert begins_s - 0.005 <= first_s[thread] < begins_s + 0.3
        assert first_s[thread] <= last_s[thread] <= ends_s + 0.1


def test_batches_wait_for_each_other(serve: Serve, run: Run) -> None:
    ran = run(serve(SLOW), "--batch", "3", "--requests", "9")
    starts = [row["started_at_ns"] for row in ran.records]
    ends = [row["started_at_ns"] + row["latency_ms"] * 1e6 for row in ran.records]
    for before, after in pairwise(range(0, 9, 3)):
        assert min(starts[after : after + 3]) >= max(ends[before : before + 3])
    assert ran.summary["config"]["threads"] == 3


@undisturbed
def test_a_trace_is_sent_again_at_its_times_with_its_bodies(serve: Serve, run: Run) -> None:
    rows = [
        {"timestamp": 0, "body": {"model": "m", "messages": [{"role": "user", "content": "first"}], "stream": True}},
        {"timestamp": 600, "query": "second"},
        {"timestamp": 800},
    ]
    Path("t.jsonl").write_text("\n".join(map(json.dumps, rows)))
    server = serve(ANSWER)
    ran = run(server, "--replay", "t.jsonl", "--speed", "2", "--query", "mine")
    assert ran.starts_s() == pytest.approx([0, 0.3, 0.4], abs=0.15)
    bodies = [json.loads(request.body) for request in server.requests]
    assert bodies[0] == rows[0]["body"]
    assert [body["messages"][-1]["content"] for body in bodies] == ["first", "second", "mine"]
    assert [row["query"] for row in ran.records] == ["first", "second", "mine"]
    assert "trace t.jsonl over 400 ms (2 times as fast)" in ran.out


def test_a_trace_of_lengths_asks_prompts_of_these_lengths_for_answers_of_these(serve: Serve, run: Run) -> None:
    rows = [{"timestamp": 0, "input_length": 500, "output_length": 7}, {"timestamp": 100, "input_length": 2},
            {"timestamp": 200, "input_length": 500, "output_length": 9}]  # fmt: skip
    Path("t.jsonl").write_text("\n".join(map(json.dumps, rows)))
    server = serve(ANSWER)
    ran = run(server, "--replay", "t.jsonl", "--seed", "5")
    bodies = [json.loads(request.body) for request in server.requests]
    prompts = [body["messages"][0]["content"] for body in bodies]
    assert [estimate_tokens(prompt) for prompt in prompts] == [500, 2, 500]
    assert prompts[0].split()[1:] != prompts[2].split()[1:], "no two are alike"
    assert [body.get("max_tokens") for body in bodies] == [7, None, 9]
    assert [row["query"] for row in ran.records][::2] == ["Continue text 1", "Continue text 3"]
    before = len(server.requests)
    run(server, "--replay", "t.jsonl", "--seed", "5", "--processes", "2", "--threads", "2")
    again = sorted(json.loads(request.body)["messages"][0]["content"] for request in server.requests[before:])
    assert again == sorted(prompts), "the same in every run with this seed, whatever the number of processes"


@undisturbed
def test_some_leave_in_mid_answer_which_is_no_failure_and_has_its_cost(serve: Serve, run: Run) -> None:
    endless = chunked(token("Hello"), token(" world"), FOREVER_S, FINISH, DONE)
    ran = run(serve(endless), "--threads", "2", "--requests", "4", "--cancel-rate", "1", "--cancel-after", "200ms")
    assert (ran.status, ran.summary["outcomes"]) == (0, {"cancelled": 4})
    assert {row["error"] for row in ran.records} == {"cancelled after 0.2 s (--cancel-after)"}
    assert all(200 <= row["latency_ms"] < 600 for row in ran.records)
    assert (ran.summary["requests"]["left_early"], ran.summary["tokens"]["left_early"]) == (4, 8)
    assert "4, by --cancel-rate; 8 tokens received" in ran.out


def test_a_share_leaves_and_an_answer_that_was_whole_before_is_ok(serve: Serve, run: Run) -> None:
    ran = run(serve(ANSWER), "--requests", "5", "--cancel-rate", "1", "--cancel-after", "59s")
    assert ran.summary["outcomes"] == {"ok": 5}
    slow = run(serve(SLOW), "--threads", "9", "--requests", "40", "--cancel-rate", "0.3", "--cancel-after", "50ms")
    assert {*slow.summary["outcomes"]} == {"ok", "cancelled"}
    assert 3 < slow.summary["requests"]["left_early"] == slow.summary["requests"]["cancelled"] < 25


def test_a_time_out_is_one_also_for_those_who_would_leave_later(serve: Serve, run: Run) -> None:
    silent = chunked(token("Hello"), FOREVER_S, DONE)
    ran = run(serve(silent), "--timeout", "0.2", "--cancel-rate", "1", "--cancel-after", "59s")
    assert ran.summary["outcomes"] == {"timeout": 1}


def test_leaving_before_the_head_of_an_answer_is_leaving(serve: Serve, run: Run) -> None:
    ran = run(serve([FOREVER_S, *ANSWER]), "--cancel-rate", "1", "--cancel-after", "100ms")
    assert ran.summary["outcomes"] == {"cancelled": 1}


def test_an_interrupt_ends_an_open_loop_at_once(serve: Serve) -> None:
    queries = QueryProvider([Query("x")])
    server = serve(ANSWER)
    target = Target(server.url(), BodyBuilder(), queries, Masker(()))
    load = LoadRun(target, RunConfig(rate_per_s=0.01, duration_s=600, threads=5))
    threading.Thread(target=lambda: (server.seen(1), load.stop())).start()
    result = load.run()
    assert (result.interrupted, result.summary.sent) == (True, 1)
    assert result.summary.schedule is not None
    assert result.summary.schedule.dropped == 0
