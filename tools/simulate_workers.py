"""What a master costs with many workers: real messages of workers that send no load, against a real master.

    python tools/simulate_workers.py --workers 200 --seconds 20

Each simulated worker joins, answers the comparison of clocks, takes its plan, beats and tells its counters once a
second and its (empty) result at the end, in the words of `distributed/worker.py` over sockets of its own.  Printed are
the CPU time and the memory of the master's process, over the seconds between its first and its last row.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import threading
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import msgpack

from sse_perf_tool import __version__
from sse_perf_tool.distributed.parcels import Parcel, packed, pieces
from sse_perf_tool.distributed.sealing import WORKER, Seal, key_of
from sse_perf_tool.metrics import Tally
from sse_perf_tool.test_runner import Snapshot

ROOT = Path(__file__).resolve().parents[1]
zmq: Any = import_module("zmq")


class Simulated:
    """One worker that sends no load."""

    def __init__(self, context: Any, place: str, key: bytes, number: int, seconds: float) -> None:
        self.name = f"sim{number}_{number:032x}"
        self.socket = context.socket(zmq.DEALER)
        self.socket.setsockopt(zmq.IDENTITY, self.name.encode())
        self.socket.connect(f"tcp://{place}")
        self.over = False
        self._seal = Seal(key, WORKER)
        self._session, self._plan, self._number = "", Parcel(), number
        self._seconds, self._end_s = seconds, float("inf")
        self._say("client_ready", "2.47.0")
        self._ours("here")

    def _say(self, kind: str, data: Any) -> None:
        self.socket.send(self._seal.close(msgpack.dumps((kind, data, self.name))))

    def _ours(self, kind: str, **body: Any) -> None:
        self._say("sse-perf", {"kind": kind, "session": self._session, **body})

    def hear(self) -> None:
        """One message of the master."""
        kind, body, _ = msgpack.loads(self._seal.open(self.socket.recv()), strict_map_key=False)
        if kind != "sse-perf":
            return
        came_ns = time.perf_counter_ns()
        if body["kind"] == "who":
            self._session = body["session"]
            self._ours("hello", version=__version__, name=self.name[:8], cores=2, pid=0)
        elif body["kind"] == "ping":
            self._ours("pong", sent_ns=body["sent_ns"], came_ns=came_ns, left_ns=time.perf_counter_ns())
        elif body["kind"] == "plan":
            if self._plan.add(body) is not None:
                self._ours("ready")
        elif body["kind"] == "go":
            self._end_s = time.monotonic() + self._seconds
        elif body["kind"] == "bye":
            self.over = True

    def beat(self) -> None:
        """What it says once a second."""
        self._say("heartbeat", {"state": "ready", "current_cpu_usage": 1.0, "current_memory_usage": 1 << 20})
        if time.monotonic() < self._end_s < float("inf"):
            self._ours("counters", counters=list(Snapshot(*range(len(Snapshot._fields)))), outcomes={"ok": 3})
        elif self._end_s < float("inf"):
            self._end_s = float("inf")
            for piece in pieces(packed((Tally(0), [], 0.0, 0, 0, "", []))):
                self._ours("result", **piece)


def simulate(place: str, token: str, number: int, seconds: float) -> None:
    """Runs so many workers until the master lets them go."""
    key = key_of(token)
    with zmq.Context() as context:
        workers = [Simulated(context, place, key, each, seconds) for each in range(number)]
        poller, by_socket = zmq.Poller(), {worker.socket: worker for worker in workers}
        for worker in workers:
            poller.register(worker.socket, zmq.POLLIN)
        due = {worker.name: time.monotonic() + index / number for index, worker in enumerate(workers)}
        while any(not worker.over for worker in workers):
            for sock, _ in poller.poll(20):
                by_socket[sock].hear()
            now_s = time.monotonic()
            for worker in workers:
                if not worker.over and now_s >= due[worker.name]:
                    due[worker.name] += 1.0
                    worker.beat()
        for worker in workers:
            worker.socket.close(linger=0)


def cpu_s(pid: int) -> float:
    """The CPU time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def peak_mib(pid: int) -> float:
    """The most memory that a process has had."""
    return int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text(encoding="ascii"))[1]) / 1024  # type: ignore[index]


def main() -> int:
    """Prints the figures, and 1 when the master did not end well."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=20.0)
    asked = parser.parse_args()
    token = "a-token-of-the-simulation"  # noqa: S105 - of nothing else
    load = ["--url", "http://127.0.0.1:9/x", "--api-key", "-", "--threads", str(asked.workers), "--duration", "60"]
    load += ["--expect-workers", str(asked.workers), "--bind", "127.0.0.1:0", "--cluster-token", token]
    load += ["--lang", "en", "--html-report", "r.html", "--worker-wait", "120"]
    with tempfile.TemporaryDirectory() as folder:
        master = subprocess.Popen(  # noqa: S603 - ourselves
            [sys.executable, str(ROOT / "sse_perfTestTool.py"), *load],
            cwd=folder,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        rows: list[tuple[float, float]] = []
        peak = 0.0
        for line in master.stdout or ():
            if found := re.search(r"worker --join (\S+)", line):
                arguments = (found[1], token, asked.workers, asked.seconds)
                threading.Thread(target=simulate, args=arguments, daemon=True).start()
            if re.match(r"\s+\d+:\d\d ", line):
                rows.append((time.monotonic(), cpu_s(master.pid)))
                peak = peak_mib(master.pid)
        status = master.wait()
    if len(rows) < 2:
        print("no rows")
        return 1
    (begin_s, before_s), (end_s, after_s) = rows[0], rows[-1]
    share = (after_s - before_s) / (end_s - begin_s)
    head = f"{asked.workers} workers, {end_s - begin_s:.0f} s"
    print(f"{head}: master {share:.3f} of a core, {peak:.0f} MiB, status {status}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
