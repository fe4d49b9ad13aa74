"""Where the time of one chunk and of one request goes: `python tools/bench_parts.py [--seconds S]`.

Five tables.  The parts of the way of a chunk, of one that is not taken together with others, and of an event that is
not like the one before it, each called alone in a loop: the least of several rounds, which is what a step costs when
nothing else disturbs it.  Then a run of 200
streams with a chunk every 20 ms against the paced server in this process, with the CPU time of its threads as Linux
counts it for each (/proc/self/task/*/schedstat), and one of answers of a single chunk, which shows what a request
costs; below each, how often a worker gave up its core in an answer.  Last the start-up and the report, as commands.
The tool is called inside here, past its command line: when its parts change, this file changes with them.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import io
import os
import re
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bench

sys.path.insert(0, str(bench.ROOT / "src"))

from sse_perf_tool import cli, tester
from sse_perf_tool.calibration import server
from sse_perf_tool.formats.answer import AnswerReader
from sse_perf_tool.formats.body import fast_loads
from sse_perf_tool.formats.openai_chat import FORMAT
from sse_perf_tool.formats.shape import compiled_take
from sse_perf_tool.metrics import Tally
from sse_perf_tool.metrics.stream_shape import lumps_of
from sse_perf_tool.records import Outcome, RequestRecord
from sse_perf_tool.request.timeline import gaps_us
from sse_perf_tool.sse import SSEParser
from sse_perf_tool.wire.body import READS_A_TURN, Chunked
from sse_perf_tool.wire.pump import ask_for_stamps

CALLS, ROUNDS = 5_000, 7
CHUNKS = 100
SAMPLE_S = 0.2

EVENT = server.NEXT.partition(b"\r\n")[2][:-2]
DATA = EVENT[6:-2].decode()


def us_a_call(step: Callable[[], object], calls: int = CALLS) -> float:
    """Microseconds of CPU time of one call, the least of several rounds; what the loop costs is taken off."""

    def round_us(what: Callable[[], object]) -> float:
        began_ns = time.thread_time_ns()
        for _ in range(calls):
            what()
        return (time.thread_time_ns() - began_ns) / calls / 1000

    empty_us = min(round_us(lambda: None) for _ in range(ROUNDS))
    return max(0.0, min(round_us(step) for _ in range(ROUNDS)) - empty_us)


def read_us() -> float:
    """Microseconds of `recvmsg_into` for one chunk and its kernel stamp, from a TCP connection over loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        sender = socket.create_connection(listener.getsockname())
        receiver, _ = listener.accept()
    buffers = [bytearray(65_536)]
    with sender, receiver:
        ask_for_stamps(receiver)
        taken_ns, look_ns = [], []
        for _ in range(CALLS):
            sender.sendall(server.NEXT)
            before_ns = time.perf_counter_ns()
            receiver.recvmsg_into(buffers, 64)
            after_ns = time.perf_counter_ns()
            taken_ns.append(after_ns - before_ns)
            look_ns.append(time.perf_counter_ns() - after_ns)
    return (statistics.median(taken_ns) - statistics.median(look_ns)) / 1000


def record_of(times_ns: list[int]) -> RequestRecord:
    """A finished request whose chunks came at these times."""
    return RequestRecord(
        1, 1, 0, Outcome.OK, times_ns[-1], 200, ttfb_ns=1, ttft_ns=times_ns[0], output_tokens=len(times_ns),
        chunks=len(times_ns), gaps_us=gaps_us(times_ns), query="q", clock="kernel",
    )  # fmt: skip


def begun_reader() -> AnswerReader:
    """A reader in the middle of an answer: its first events take a longer way."""
    reader = AnswerReader(FORMAT, {}, "text/event-stream")
    for _ in range(3):
        reader.feed(EVENT)
    return reader


def parts_of_one() -> Iterator[tuple[str, float]]:
    """(what, microseconds) of each step from a read to its stamp, when it is taken by itself."""
    framing, reader = Chunked(), begun_reader()
    answer = SimpleNamespace(token_times=[1], reads=[], first_answer_ns=1)
    worker: Any = SimpleNamespace(_unreported=0, _notice=None)
    yield "dechunk: Chunked.feed", us_a_call(lambda: framing.feed(server.NEXT))
    yield "read an event like the one before: AnswerReader.feed", us_a_call(lambda: reader.feed(EVENT))
    stamp: Any = tester.SSETester._stamp
    yield "stamp: SSETester._stamp", us_a_call(lambda: stamp(worker, answer, reader, 1, 1, True))


def take_us() -> float:
    """Microseconds a read of the same steps when reads are taken many at once."""
    reader, queued = begun_reader(), [(at, bytes(bytearray(server.NEXT))) for at in range(READS_A_TURN)]
    return us_a_call(lambda: reader.take((queued, 0, READS_A_TURN, True)), 500) / READS_A_TURN


def parts() -> Iterator[tuple[str, float]]:
    """(what, microseconds a chunk) of each step, in the order in which a chunk goes through them."""
    yield "read: recvmsg_into with the kernel's stamp", read_us()
    if compiled_take() is not None:
        yield "dechunk, read and stamp, many at once: AnswerReader.take", take_us()
    else:
        yield from parts_of_one()
    times_ns = [index * 20_000_000 for index in range(1, CHUNKS + 1)]
    yield "gaps: at the end of an answer", us_a_call(lambda: gaps_us(times_ns), 500) / CHUNKS
    notes = [number for index in range(CHUNKS) for number in (1, (index + 1) * len(EVENT), 1)]
    yield "shape: at the end of an answer", us_a_call(lambda: lumps_of(times_ns, notes), 500) / CHUNKS
    tally = Tally(0)
    many, one = record_of(times_ns), record_of(times_ns[:1])
    tally_us = us_a_call(lambda: tally.add(many), 300) - us_a_call(lambda: tally.add(one), 300)
    yield "tally: histograms and seconds, at the end of an answer", tally_us / CHUNKS


def parts_of_another() -> Iterator[tuple[str, float]]:
    """(what, microseconds) of each step of reading an event that is not like the one before it."""
    parser, reader, read_event = SSEParser(), AnswerReader(FORMAT, {}, "text/event-stream"), FORMAT.reader({})
    parser.feed(EVENT), reader.feed(EVENT)
    sse_us = us_a_call(lambda: parser.lone_data(EVENT))
    yield "SSE: SSEParser.lone_data", sse_us
    value, document = parser.lone_data(EVENT) or b"", fast_loads(DATA)
    json_us = us_a_call(lambda: fast_loads(value))
    yield "JSON: fast_loads (orjson)", json_us
    format_us = us_a_call(lambda: read_event("message", document))
    yield "format: openai_chat", format_us
    reader._verbatim, reader._shape = False, None
    whole_us = us_a_call(lambda: reader.feed(EVENT))
    yield "accumulate: the rest of AnswerReader.feed", whole_us - sse_us - json_us - format_us


_WAITED = re.compile(r"(?m)^voluntary_ctxt_switches:\s+(\d+)")


class ThreadTimes(threading.Thread):
    """Adds up CPU time and waits of the threads of this process, by the first part of their names."""

    def __init__(self) -> None:
        super().__init__(name="sampler", daemon=True)
        self._ns: dict[str, int] = {}
        self._switches: dict[str, int] = {}
        self._names: dict[str, str] = {}
        self._before: dict[str, int] = {}
        self._over = threading.Event()
        self._look()
        self._before = dict(self._ns)

    def run(self) -> None:
        while not self._over.wait(SAMPLE_S):
            self._look()

    def _look(self) -> None:
        self._names.update({str(t.native_id): t.name.partition("-")[0] for t in threading.enumerate()})
        for task in Path("/proc/self/task").iterdir():
            with contextlib.suppress(OSError):  # it has just ended
                self._ns[task.name] = int((task / "schedstat").read_text(encoding="utf-8").split()[0])
                self._switches[task.name] = int(_WAITED.findall((task / "status").read_text(encoding="utf-8"))[0])

    def stop(self) -> dict[str, float]:
        """CPU seconds by name."""
        self._over.set()
        self.join()
        self._look()
        found: collections.Counter[str] = collections.Counter()
        for tid, ns in self._ns.items():
            found[self._names.get(tid, "other")] += ns - self._before.get(tid, 0)
        return {name: ns / 1e9 for name, ns in found.items()}

    def waits_of(self, name: str) -> int:
        """How often the threads of this name have given up their core to wait for something, after `stop`."""
        return sum(number for tid, number in self._switches.items() if self._names.get(tid) == name)


def run_inside(load: bench.Load, folder: Path) -> tuple[dict[str, float], float, dict[str, Any], int]:
    """The tool in this process: (CPU seconds by thread name, of the process, the server's truth, waits of workers)."""
    with bench.paced_server(load) as port:
        flags = f"--api-key - --threads {load.threads} --processes 1 --duration {load.duration:g} --quiet --lang en"
        outputs = [
            "--no-compression-check",
            "--html-report",
            str(folder / "report.html"),
            "--records",
            str(folder / "records.jsonl"),
        ]
        times = ThreadTimes()
        times.start()
        before_s = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
        with contextlib.redirect_stdout(io.StringIO()):
            cli.main(["--url", bench.url_of(port), *flags.split(), *outputs])
        used_s = sum(resource.getrusage(resource.RUSAGE_SELF)[:2]) - before_s
        by_name = times.stop()
        return by_name, used_s, bench.truth_of(port), times.waits_of("worker")


def print_run(load: bench.Load, folder: Path, unit: str) -> None:
    """One run and what each kind of thread took for each chunk ("chunks") or request ("done")."""
    by_name, used_s, truth, waits = run_inside(load, folder)
    number = max(1, truth[unit])
    print(f"\n{load}: {truth['chunks']:,} chunks, {truth['done']:,} answers; us CPU a {NAMES[unit]}")
    known = {"pump": "pump", "worker": "workers", "MainThread": "main: live figures, report", "sampler": "(this look)"}
    for name, what in known.items():
        print(f"  {what:<58}{by_name.get(name, 0.0) / number * 1e6:8.1f}")
    print(f"  {'the process, less this look':<58}{(used_s - by_name['sampler']) / number * 1e6:8.1f}")
    print(f"  {'how often its worker waited, an answer':<58}{waits / max(1, truth['done']):8.1f}")


NAMES = {"chunks": "chunk", "done": "request"}


def seconds_of(command: list[str], times: int) -> tuple[float, float]:
    """(wall seconds, CPU seconds) of a command, medians."""
    walls_s, cpus_s = [], []
    for _ in range(times):
        began_s = time.monotonic()
        process = subprocess.Popen(command, cwd=bench.ROOT, stdout=subprocess.DEVNULL)  # noqa: S603
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        walls_s.append(time.monotonic() - began_s)
        cpus_s.append(used.ru_utime + used.ru_stime)
        if process.returncode:
            raise bench.ClientError(f"status {process.returncode}: {' '.join(command)}")
    return statistics.median(walls_s), statistics.median(cpus_s)


def print_commands(folder: Path, records: Path) -> None:
    """Start-up and report, each as a command of its own."""
    tool = [sys.executable, str(bench.ROOT / "sse_perfTestTool.py")]
    page = ["--html-report", str(folder / "again.html")]
    tenfold = folder / "tenfold.jsonl"
    head, *lines = records.read_text(encoding="utf-8").splitlines(keepends=True)
    answers = [line for line in lines if '"request_id"' in line]
    tenfold.write_text(head + "".join(answers * 10), encoding="utf-8")
    instant = bench.Load(threads=1, ttft_ms=0.0, itl_ms=1.0, events=1, duration=0.0)
    with bench.paced_server(instant) as port:
        one = [*tool, "--url", bench.url_of(port), "--api-key", "-", "--quiet", *page]
        commands = {
            "--help": [*tool, "--help"],
            "a whole run of one request": one,
            f"report from {len(answers):,} records": [*tool, "report", str(records), *page],
            f"report from {len(answers) * 10:,} records": [*tool, "report", str(tenfold), *page],
        }
        print(f"\n{'command':<40}{'wall ms':>10}{'CPU ms':>10}   (medians of 5)")
        for name, command in commands.items():
            wall_s, cpu_s = seconds_of(command, 5)
            print(f"{name:<40}{wall_s * 1000:10.0f}{cpu_s * 1000:10.0f}")


def print_parts(found: Iterator[tuple[str, float]]) -> None:
    """A line for each, and their sum."""
    total_us = 0.0
    for name, us in found:
        total_us += us
        print(f"  {name:<58}{us:8.2f}")
    print(f"  {'sum':<58}{total_us:8.2f}")


def main(arguments: list[str] | None = None) -> int:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=8.0, help="of each of the two runs")
    asked = parser.parse_args(arguments)
    print(bench.machine())
    print(f"\n{'part of the way of one chunk, alone':<60}{'us':>8}")
    print_parts(parts())
    print(f"\n{'from a read to its stamp when it is taken by itself, alone':<60}{'us':>8}")
    print_parts(parts_of_one())
    print(f"\n{'reading an event that is not like the one before, alone':<60}{'us':>8}")
    print_parts(parts_of_another())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        streams = bench.LOADS["200x20ms"]
        short = bench.Load(threads=50, ttft_ms=200.0, itl_ms=20.0, events=1)
        for load, unit in ((streams, "chunks"), (short, "done")):
            (folder / unit).mkdir()
            sized = replace(load, duration=asked.seconds)
            print_run(sized, folder / unit, unit)
        print_commands(folder, folder / "chunks" / "records.jsonl")
    return 0


if __name__ == "__main__":
    sys.exit(main())
