"""Runs over workers: the same load as one process sends, every request counted or said to be missing."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from fleets import NEEDS_LOCUST, TOKEN, Start, Started, children, load, records, senders, starting, summary
from relay import Relay
from scripted_server import DONE, FINISH, Serve, chunked, token, usage
from sse_perf_tool.pace.schedule import schedule_s
from sse_perf_tool.records import RunConfig

ANSWER = chunked(token("a"), 0.05, token("b"), FINISH, usage(9, 2), DONE)
SLOW = chunked(token("a"), 0.3, token("b"), FINISH, usage(9, 2), DONE)
pytestmark = [NEEDS_LOCUST, pytest.mark.measures_processes]
needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc on this system")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    with starting(tmp_path) as begin:
        yield begin


def test_a_number_of_requests_over_three_workers_is_sent_exactly_and_recorded(serve: Serve, start: Start, tmp_path):
    server = serve(ANSWER)
    (tmp_path / "queries.txt").write_text("\n".join(f"question {number}" for number in range(40)))
    more = ["--threads", "5", "--requests", "23", "--workers", "3", "--param-file", "queries.txt"]
    run = start(*load(server.url(), *more))
    assert run.ends() == 0, run.out
    found, (header, requests, others) = summary(tmp_path), records(tmp_path)
    assert len(server.requests) == len(requests) == found["requests"]["ok"] == 23
    assert sorted(each["request_id"] for each in requests) == list(range(1, 24))
    assert sorted(each["query"] for each in requests) == sorted(f"question {number}" for number in range(23))
    assert Counter(each["number"] for each in found["workers"]) == {1: 1, 2: 1, 3: 1}
    assert sum(each["requests"] for each in found["workers"]) == 23
    assert (found["partial"], found["missing_requests"], found["config"]["workers"]) == (False, 0, 3)
    assert found["clock_uncertainty_ms"] < 50, "all have the clock of this machine"
    assert all(abs(each["clock_offset_ms"]) <= each["clock_uncertainty_ms"] for each in found["workers"])
    assert [list(other) for other in others] == [["workers", "missing_requests"]]
    assert header["config"]["workers"] == 3
    page = (tmp_path / "run.html").read_text(encoding="utf-8")
    assert 'id="workers-table"' in page
    again = start("report", "run.jsonl", "--json", "again.json", "--html-report", "again.html")
    assert again.ends() == 0
    assert '"workers": [' in (tmp_path / "again.json").read_text(encoding="utf-8")


def due_times(folder: Path) -> dict[int, tuple[str, int]]:
    """Request -> its query, and when it was due, in milliseconds after the start of the run."""
    header, requests, _ = records(folder)
    return {
        each["request_id"]: (
            each["query"],
            round((each["started_at_ns"] - header["started_at_ns"]) / 1e6 - each["schedule_delay_ms"]),
        )
        for each in requests
    }


def test_an_open_loop_is_sent_at_the_times_at_which_one_process_would(serve: Serve, start: Start, tmp_path):
    server = serve(ANSWER)
    (tmp_path / "queries.txt").write_text("\n".join(f"question {number}" for number in range(40)))
    shape = ["--rate", "20", "--arrival", "poisson", "--seed", "5", "--requests", "30", "--param-file", "queries.txt"]
    run = start(*load(server.url(), *shape, "--workers", "2"))
    assert run.ends() == 0, run.out
    config = RunConfig(rate_per_s=20, arrival="poisson", seed=5, requests=30)
    due_ms = [round(at_s * 1000) for at_s in schedule_s(config)]
    sent = due_times(tmp_path)
    assert {number: query for number, (query, _) in sent.items()} == {n: f"question {n - 1}" for n in range(1, 31)}
    assert all(abs(sent[number][1] - due_ms[number - 1]) <= 1 for number in sent), "on the clock of the master"


def test_a_batch_waits_for_the_parts_of_all_workers(serve: Serve, start: Start, tmp_path):
    server = serve(SLOW, ANSWER)
    run = start(*load(server.url(), "--batch", "4", "--requests", "10", "--workers", "2"))
    assert run.ends() == 0, run.out
    _, requests, _ = records(tmp_path)
    assert len(requests) == 10
    spans = {
        each["request_id"]: (each["started_at_ns"], each["started_at_ns"] + each["latency_ms"] * 1e6)
        for each in requests
    }
    for first in (5, 9):
        ends = max(spans[number][1] for number in range(first - 4, first))
        assert min(begin for number, (begin, _) in spans.items() if number >= first) >= ends


@needs_proc
@pytest.mark.parametrize("killed", ["worker", "its process"])
def test_what_a_killed_worker_had_sent_is_counted_or_said_to_be_missing(serve: Serve, start: Start, tmp_path, killed):
    server = serve(SLOW)
    run = start(*load(server.url(), "--threads", "4", "--duration", "3", "--workers", "2"))
    server.seen(8, within_s=20)
    worker = children(run.pid)[0]
    os.kill(worker if killed == "worker" else senders(worker)[0], signal.SIGKILL)
    assert run.ends() == 4, run.out
    found = summary(tmp_path)
    assert len(server.requests) == found["requests"]["sent"] + found["missing_requests"]
    assert (found["missing_requests"] > 0) == (killed == "its process")
    assert found["partial"] is True
    assert "PARTIAL" in run.out
    assert "PARTIAL" in (tmp_path / "run.html").read_text(encoding="utf-8")
    seen = len(server.requests)
    time.sleep(0.4)
    assert len(server.requests) == seen, "nothing runs on"


def test_workers_that_do_not_come_are_waited_for_no_longer_than_asked(start: Start):
    run = start(*load("http://127.0.0.1:9/x", "--expect-workers", "2", "--bind", "127.0.0.1:0", "--worker-wait", "0.5"))
    assert run.ends() == 3
    assert "0 of 2 workers came within 0.5 s (--worker-wait); start the others, or expect fewer" in run.out


def test_a_port_that_is_taken_is_one_line(start: Start):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        run = start(*load("http://127.0.0.1:9/x", "--expect-workers", "2", "--bind", place))
        assert run.ends() == 2
    assert f"--bind {place}: cannot be listened on: Address already in use" in run.out
    assert "Traceback" not in run.out


def test_a_worker_without_a_master_says_so(start: Start):
    worker = start("worker", "--join", "127.0.0.1:9", "--cluster-token", TOKEN, "--worker-wait", "0.3")
    assert worker.ends() == 3
    assert "--join 127.0.0.1:9: no master answered within 0.3 s (--worker-wait)" in worker.out


OTHER_VERSION = """
import sys
import sse_perf_tool.distributed.worker as worker
from sse_perf_tool.cli import main
worker.__version__ = "9.9.9"
sys.exit(main(sys.argv[1:]))
"""


def test_workers_join_by_token_and_one_that_does_not_fit_is_refused(serve: Serve, start: Start, tmp_path):
    """In order: a wrong token, two that fit, one too many; then Ctrl-C at one of those that send, and at the master.

    One of them joins through a relay, which writes down what passes.
    """
    server = serve(SLOW)
    more = ["--threads", "4", "--duration", "30", "--expect-workers", "2", "--bind", "127.0.0.1:0"]
    more += ["--query", "a very private question"]
    master = start(*load(server.url(), *more))
    words = master.says(r"worker --join (\S+) --cluster-token (\S+)")
    joining = ["worker", "--join", words[1], "--cluster-token"]
    stranger = start(*joining, TOKEN, "--worker-wait", "6")
    master.says("something spoke to .* without the right token: refused")
    host, _, port = words[1].rpartition(":")
    relay = Relay((host, int(port)))
    listened = ["worker", "--join", relay.place, "--cluster-token"]
    fits = [start(*joining, words[2]), start(*listened, words[2])]
    for worker in fits:
        worker.says("sending its part of the load")
    late = start(*joining, words[2])
    assert late.ends() == 3
    assert "refused: the run has all the workers that it expects, or has begun" in late.out
    master.says("came late: the run goes on without it")
    server.seen(8)
    fits[0].send(signal.SIGINT)
    assert fits[0].ends() == 130, fits[0].out
    assert "its part is sent, requests: " in fits[0].out
    master.send(signal.SIGINT)
    assert master.ends() == 130
    assert fits[1].ends() == 0
    assert "was stopped there: what it had sent is in the results" in master.out
    found = summary(tmp_path)
    assert (found["partial"], found["interrupted"], found["missing_requests"]) == (True, True, 0)
    assert len(server.requests) == found["requests"]["sent"]
    assert {each["lost"] for each in found["workers"]} == {"", "left"}
    assert stranger.ends() == 3
    relay.close()
    assert len(relay.passed) > 5_000
    for secret in (b"app-0123456789", b"a very private question", b"chat/completions", words[2].encode(), b"heartbeat"):
        assert secret not in relay.passed
    for name in ("run.json", "run.jsonl", "run.html"):
        text = (tmp_path / name).read_text(encoding="utf-8")
        assert words[2] not in text, "the token stands in no file"


def joined_by(program: str, start: Start, tmp_path: Path) -> tuple[Started, Started]:
    """A master that waits for one worker, and a worker that is another program than ours."""
    more = ["--expect-workers", "1", "--bind", "127.0.0.1:0", "--cluster-token", TOKEN]
    master = start(*load("http://127.0.0.1:9/x", *more))
    place = master.says(r"worker --join (\S+)")[1]
    (tmp_path / "other.py").write_text(program)
    words = ["worker", "--join", place, "--cluster-token", TOKEN, "--lang", "en"]
    return master, Started([sys.executable, "other.py", *words], tmp_path)


UNREADABLE = """
import sys
import sse_perf_tool.distributed.worker as worker
from sse_perf_tool.cli import main
def opened(_data):
    raise worker.ParcelError("of another time")
worker.opened = opened
sys.exit(main(sys.argv[1:]))
"""


def test_a_worker_that_cannot_read_the_plan_says_so_and_fails(start: Start, tmp_path):
    master, other = joined_by(UNREADABLE, start, tmp_path)
    assert master.ends() != 0
    assert other.ends() == 3
    for each in (master, other):
        assert "of another time" in each.out


def test_another_version_is_refused_by_both_sides(start: Start, tmp_path):
    master, other = joined_by(OTHER_VERSION, start, tmp_path)
    try:
        assert other.ends() == 3
    finally:
        other.kill()
    assert "refused: the master has version" in other.out
    master.says(r"has version 9\.9\.9, the master .*: refused; install the same on both")
    assert TOKEN not in master.out
    master.send(signal.SIGINT)
    assert master.ends() == 130
