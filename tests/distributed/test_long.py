"""What takes minutes (make test-distributed): kills and cuts at random moments, slow ways, a lost master, two hosts."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from fleets import NEEDS_LOCUST, ROOT, TOKEN, Start, Started, children, load, records, senders, starting, summary
from relay import Relay
from scripted_server import DONE, FINISH, ScriptedServer, Serve, chunked, token, usage
from sse_perf_tool.calibration.server import paced_server
from sse_perf_tool.pace.schedule import schedule_s, thread_spans_s
from sse_perf_tool.records import RunConfig

pytestmark = [
    NEEDS_LOCUST,
    pytest.mark.distributed,
    pytest.mark.skipif(not os.environ.get("TEST_DISTRIBUTED"), reason="takes minutes; make test-distributed"),
]

SLOW = chunked(token("a"), 0.2, token("b"), FINISH, usage(9, 2), DONE)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    with starting(tmp_path) as begin:
        yield begin


def joined(master: Started, relay: Relay | None = None) -> list[str]:
    """The words by which a worker joins, through a relay or not."""
    place = relay.place if relay else master.says(r"worker --join (\S+)")[1]
    return ["worker", "--join", place, "--cluster-token", TOKEN]


def port_of(master: Started) -> tuple[str, int]:
    host, _, port = master.says(r"worker --join (\S+)")[1].rpartition(":")
    return host, int(port)


EXPECT = ["--bind", "127.0.0.1:0", "--cluster-token", TOKEN]


def nothing_runs_on(server: ScriptedServer) -> None:
    seen = len(server.requests)
    time.sleep(0.5)
    assert len(server.requests) == seen


@pytest.mark.parametrize("number", range(30))
def test_a_worker_killed_at_a_random_moment(serve: Serve, start: Start, tmp_path, number):
    """Turn by turn the worker alone, a process that makes its load, and both at once."""
    random = Random(number)
    server = serve(SLOW)
    run = start(*load(server.url(), "--threads", "4", "--duration", "3", "--workers", "2", "--processes", "1"))
    server.seen(4, within_s=30)
    worker = random.choice([pid for pid in children(run.pid) if senders(pid)])
    sending = senders(worker)
    time.sleep(random.uniform(0, 2.2))
    for pid in ([worker], sending, [worker, *sending])[number % 3]:
        os.kill(pid, signal.SIGKILL)
    assert run.ends() == 4, run.out
    found = summary(tmp_path)
    assert found["partial"] is True
    seen, counted, missing = len(server.requests), found["requests"]["sent"], found["missing_requests"]
    unknown = seen - counted - missing
    print(f"{seen} requests seen: {counted} counted, {missing} said to be missing, {unknown} not known")
    # When nobody is left to tell, what each of its two threads began in the last 10 ms is not known, which is said.
    assert 0 <= unknown <= (2 if number % 3 == 2 else 0), run.out
    assert not unknown or "and those of its last second" in run.out
    nothing_runs_on(server)


@pytest.mark.parametrize("number", range(10))
def test_a_link_cut_at_a_random_moment_for_a_random_time(serve: Serve, start: Start, tmp_path, number):
    """Short cuts lose nothing; after long ones the worker has stopped, and tells what it had sent."""
    random = Random(number)
    server = serve(SLOW)
    run = start(*load(server.url(), "--threads", "4", "--duration", "8", "--expect-workers", "2", *EXPECT))
    relay = Relay(port_of(run))
    workers = [start(*joined(run)), start(*joined(run, relay))]
    server.seen(4, within_s=30)
    time.sleep(random.uniform(0, 4))
    long = number % 2 == 1
    cut_s = random.uniform(11, 14) if long else random.uniform(1, 8)
    begun_s = time.monotonic()
    relay.cut()
    if cut_s > 5:
        run.says("is not heard any more", within_s=5.0)
    time.sleep(max(0.0, begun_s + cut_s - time.monotonic()))
    relay.mend()
    status = run.ends(60)
    found = summary(tmp_path)
    seen, counted, missing = len(server.requests), found["requests"]["sent"], found["missing_requests"]
    print(f"cut for {cut_s:.1f} s; {seen} requests seen: {counted} counted, {missing} said to be missing")
    assert seen == counted + missing, run.out
    assert missing == 0, "its results came when the link was back"
    assert status == (4 if found["partial"] else 0)
    assert found["partial"] is any(each["lost"] for each in found["workers"])
    assert [worker.ends() for worker in workers] in ([0, 0], [0, 4])
    nothing_runs_on(server)
    relay.close()


def test_a_link_that_stays_cut_ends_nothing_but_its_worker(serve: Serve, start: Start, tmp_path):
    server = serve(SLOW)
    run = start(*load(server.url(), "--threads", "4", "--duration", "5", "--expect-workers", "2", *EXPECT))
    relay = Relay(port_of(run))
    for words in (joined(run), joined(run, relay)):
        start(*words)
    server.seen(8, within_s=30)
    relay.cut()
    begun_s = time.monotonic()
    run.says("is not heard any more", within_s=5.0)
    assert run.ends(60) == 4
    assert time.monotonic() - begun_s < 35, "nothing hangs"
    found = summary(tmp_path)
    known = found["requests"]["sent"] + found["missing_requests"]
    assert known <= len(server.requests), "what it sent while nobody heard it is not known"
    assert "and those of its last second" in run.out
    nothing_runs_on(server)
    relay.close()


def test_without_a_master_no_worker_sends_for_longer_than_10_s(serve: Serve, start: Start):
    server = serve(SLOW)
    run = start(*load(server.url(), "--threads", "4", "--duration", "60", "--expect-workers", "2", *EXPECT))
    workers = [start(*joined(run)), start(*joined(run))]
    server.seen(8, within_s=30)
    run.send(signal.SIGKILL)
    killed_s = time.monotonic()
    for worker in workers:
        worker.says("the master has not been heard for 10 s: no more load is sent", within_s=13)
    time.sleep(0.5)
    seen = len(server.requests)
    assert time.monotonic() - killed_s < 13
    time.sleep(2)
    assert len(server.requests) == seen
    for worker in workers:
        assert worker.ends(60) == 4
        assert "the master did not come back: what this worker measured is lost" in worker.out


def test_workers_of_this_machine_end_with_their_master_at_once(serve: Serve, start: Start):
    server = serve(SLOW)
    run = start(*load(server.url(), "--threads", "4", "--duration", "60", "--workers", "2"))
    server.seen(8, within_s=30)
    run.send(signal.SIGKILL)
    time.sleep(1.5)
    nothing_runs_on(server)


def test_all_workers_lost_ends_the_run(serve: Serve, start: Start, tmp_path):
    server = serve(SLOW)
    run = start(*load(server.url(), "--threads", "4", "--duration", "60", "--workers", "2", "--processes", "1"))
    server.seen(8, within_s=30)
    pids = [pid for worker in children(run.pid) for pid in (worker, *senders(worker))]
    server.seen(len(server.requests) + 1)
    time.sleep(0.1)  # in the midst of answers of 200 ms: what began in the last 10 ms would not be known
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    assert run.ends(30) == 4
    assert "no worker is left: the run ends" in run.out
    found = summary(tmp_path)
    assert (found["partial"], found["requests"]["sent"]) == (True, 0)
    assert found["missing_requests"] == len(server.requests)


SHIFTED = """
import sys, time
from sse_perf_tool.arguments import Joining
from sse_perf_tool.distributed.worker import Worker
host, port, shift_s = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
shift_ns = round(shift_s * 1e9)
worker = Worker(Joining(host, port, sys.argv[4], 60.0, "en"), print, lambda: time.perf_counter_ns() + shift_ns)
sys.exit(worker.run())
"""
COMPARE = """
import json, sys, time
from sse_perf_tool.arguments import WorkersWanted
from sse_perf_tool.distributed.fleet import Fleet
wanted = WorkersWanted(3, "127.0.0.1", 0, 60.0, sys.argv[1], False, None, "en")
fleet = Fleet(wanted, lambda line: print(line, flush=True))
fleet.gather(lambda: False)
time.sleep(11)
offsets = [each.offset for each in fleet.members]
found = [[each.used_ns, each.uncertainty_ns, each.round_trip_ns] for each in offsets]
print("FOUND", json.dumps(found), flush=True)
fleet.close()
"""


@pytest.mark.parametrize(
    "ways",
    [[(0, 0), (0.020, 0.020), (0.080, 0.080)], [(0.0, 0.060), (0.080, 0.010), (0.030, 0.002)]],
    ids=["equal", "unequal"],
)
def test_clocks_behind_slow_ways_are_known_to_their_bounds(tmp_path, ways):
    """The master looks again after 10 s."""
    (tmp_path / "shifted.py").write_text(SHIFTED)
    (tmp_path / "compare.py").write_text(COMPARE)
    shifts_s = (3600.0, -5.25, 0.125)
    started = [Started([sys.executable, "compare.py", TOKEN], tmp_path)]
    host, port = port_of(started[0])
    relays = [Relay((host, port), *way) for way in ways]
    for number, (relay, shift_s) in enumerate(zip(relays, shifts_s, strict=True), 1):
        place = relay.place.split(":")
        started.append(Started([sys.executable, "shifted.py", *place, str(shift_s), TOKEN], tmp_path))
        started[0].says(f"worker {number} of 3")  # in this order
    found = json.loads(started[0].says(r"FOUND (.*)", within_s=60)[1])
    for (used_ns, known_ns, trip_ns), shift_s, (there_s, back_s) in zip(found, shifts_s, ways, strict=True):
        wrong_ns = abs(used_ns - shift_s * 1e9)
        print(f"there {there_s * 1e3:g} ms, back {back_s * 1e3:g} ms: wrong {wrong_ns / 1e6:.3f} ms, "
              f"known to {known_ns / 1e6:.3f} ms, trip {trip_ns / 1e6:.1f} ms")  # fmt: skip
        assert wrong_ns <= known_ns
        assert trip_ns >= (there_s + back_s) * 1e9
        if there_s == back_s:
            assert wrong_ns < 2e6
    for each in started:
        each.kill()
    for relay in relays:
        relay.close()


PACED: dict[str, list[str]] = {
    "threads": ["--threads", "10", "--duration", "6"],
    "ramp-up": ["--threads", "10", "--duration", "6", "--ramp-up", "2"],
    "constant": ["--rate", "20", "--duration", "6"],
    "poisson": ["--rate", "20", "--arrival", "poisson", "--duration", "6"],
    "gamma": ["--rate", "20", "--arrival", "gamma:1.5", "--duration", "6"],
    "stages": ["--stages", "2s:20/s,4s:20/s"],
    "phases": ["--rate", "20", "--duration", "6", "--warmup", "1", "--cooldown", "1"],
    "turns": ["--threads", "10", "--duration", "6", "--turns", "2", "--think-time", "0.1:0.2"],
    "cancel": ["--rate", "20", "--duration", "6", "--cancel-rate", "0.3", "--cancel-after", "0.2"],
    "tiers": ["--threads", "10", "--requests", "30", "--context-tiers", "0,50"],
    "batch": ["--batch", "10", "--requests", "60"],
}


@pytest.mark.parametrize("name", PACED)
def test_each_shape_is_sent_as_one_process_sends_it(start: Start, tmp_path, name):
    found: list[tuple[dict[str, Any], list[dict[str, Any]], dict[str, Any]]] = []
    with paced_server(50, 10, 20) as port:
        url = f"http://127.0.0.1:{port}/v1/chat/completions"
        for more in ([], ["--workers", "2"]):
            run = start(*load(url, *PACED[name], *more, "--seed", "5"))
            assert run.ends(60) == 0, run.out
            header, requests, _ = records(tmp_path)
            found.append((summary(tmp_path), requests, header))
    (one, rows_one, _), (two, rows_two, header) = found
    assert one["requests"]["failed"] == two["requests"]["failed"] == 0
    if "--requests" in PACED[name]:
        assert len(rows_two) == len(rows_one)
    names = ("rate_per_s", "arrival", "seed", "duration_s", "stages", "stages_of", "threads", "ramp_up_s")
    config = RunConfig(**{key: header["config"][key] for key in names})
    begin_ms = header["started_at_ns"] / 1e6
    if one["schedule"] is not None:
        assert len(rows_two) == len(rows_one)
        assert two["schedule"]["sent_per_s"] == pytest.approx(one["schedule"]["sent_per_s"], rel=0.01)
        late_ms = [row["schedule_delay_ms"] for row in rows_two]
        assert sorted(late_ms)[len(late_ms) // 2] < 20
        due = {row["request_id"]: row["started_at_ns"] / 1e6 - row["schedule_delay_ms"] for row in rows_two}
        for number, at_s in enumerate(schedule_s(config), 1):
            assert abs(due[number] - begin_ms - at_s * 1000) < 20
    elif not two["config"]["context_tiers"]:
        # How many a closed loop sends hangs on the answers, which a busy machine makes longer; when each thread begins
        # does not.
        off_ms = sorted(
            abs(min(row["started_at_ns"] for row in rows_two if row["thread_id"] == thread + 1) / 1e6
                - begin_ms - thread_spans_s(config, thread)[0][0] * 1000)
            for thread in range(config.threads)
        )  # fmt: skip
        assert off_ms[len(off_ms) // 2] < 20
        assert two["rates"]["requests_per_s"] == pytest.approx(one["rates"]["requests_per_s"], rel=0.15)


NETNS = "sse-perf-a"
ROOT_ONLY = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0 or not shutil.which("ip"), reason="needs root and ip (iproute2)"
)


@pytest.fixture
def namespace() -> Iterator[str]:
    """A host of its own at 10.77.0.2, over a cable to this one at 10.77.0.1."""
    commands = [
        f"ip netns add {NETNS}",
        f"ip link add sp0 type veth peer name sp1 netns {NETNS}",
        "ip addr add 10.77.0.1/24 dev sp0",
        "ip link set sp0 up",
        f"ip -n {NETNS} addr add 10.77.0.2/24 dev sp1",
        f"ip -n {NETNS} link set sp1 up",
        f"ip -n {NETNS} link set lo up",
    ]
    for command in commands:
        done = subprocess.run(command.split(), capture_output=True, text=True, check=False)
        if done.returncode:
            subprocess.run(["ip", "netns", "del", NETNS], capture_output=True, check=False)
            pytest.skip(f"{command}: {done.stderr.strip()}")
    yield NETNS
    subprocess.run(["ip", "netns", "del", NETNS], check=True)


@ROOT_ONLY
def test_a_worker_on_another_host_and_what_passes_the_wire(namespace: str, start: Start, tmp_path):
    """tcpdump on the cable: neither key nor query nor token stands in what master and worker say."""
    with paced_server(50, 10, 20) as port:
        target = Relay(("127.0.0.1", port), listen="10.77.0.1")
        load_words = ["--threads", "4", "--duration", "3", "--query", "a very private question"]
        expect = ["--expect-workers", "2", "--bind", "10.77.0.1:0", "--cluster-token", TOKEN]
        run = start(*load(f"http://{target.place}/v1/chat/completions", *load_words, *expect))
        place = run.says(r"worker --join (\S+)")[1]
        capture = tmp_path / "wire.pcap"
        only = ["tcp", "port", place.rpartition(":")[2]]
        dump = None
        if shutil.which("tcpdump"):
            dump = subprocess.Popen(
                ["tcpdump", "-i", "sp0", "-w", str(capture), "-U", *only], stderr=subprocess.DEVNULL
            )
            time.sleep(1)
        words = [sys.executable, str(ROOT / "sse_perfTestTool.py"), "worker", "--join", place, "--cluster-token", TOKEN]
        started = [Started(["ip", "netns", "exec", namespace, *words], tmp_path), Started(words, tmp_path)]
        assert run.ends(60) == 0, run.out
        found = summary(tmp_path)
        assert [each["requests"] > 0 for each in found["workers"]] == [True, True]
        assert (found["partial"], found["requests"]["failed"]) == (False, 0)
        if dump is not None:
            time.sleep(0.5)
            dump.terminate()
            dump.wait(5)
            wire = capture.read_bytes()
            print(f"{len(wire)} bytes on the wire")
            assert len(wire) > 10_000
            for secret in (b"app-0123456789", b"private question", TOKEN.encode(), b"chat/completions"):
                assert secret not in wire
        for each in started:
            each.kill()
        target.close()


@ROOT_ONLY
def test_a_cable_that_is_pulled_and_put_back(namespace: str, start: Start, tmp_path):
    with paced_server(50, 10, 20) as port:
        target = Relay(("127.0.0.1", port), listen="10.77.0.1")
        expect = ["--expect-workers", "2", "--bind", "10.77.0.1:0", "--cluster-token", TOKEN]
        more = ["--threads", "4", "--duration", "12", "--retries", "0"]
        run = start(*load(f"http://{target.place}/v1/chat/completions", *more, *expect))
        place = run.says(r"worker --join (\S+)")[1]
        words = [sys.executable, str(ROOT / "sse_perfTestTool.py"), "worker", "--join", place, "--cluster-token", TOKEN]
        started = [Started(["ip", "netns", "exec", namespace, *words], tmp_path), Started(words, tmp_path)]
        for each in started:
            each.says("sending its part of the load", within_s=30)
        time.sleep(2)
        subprocess.run(["ip", "link", "set", "sp0", "down"], check=True)
        run.says("is not heard any more", within_s=5.5)
        time.sleep(5)
        subprocess.run(["ip", "link", "set", "sp0", "up"], check=True)
        subprocess.run(["ip", "addr", "add", "10.77.0.1/24", "dev", "sp0"], capture_output=True, check=False)
        run.says("is heard again", within_s=15)
        assert run.ends(60) in (0, 1, 4), run.out
        found = summary(tmp_path)
        assert found["missing_requests"] == 0
        for each in started:
            each.kill()
        target.close()
