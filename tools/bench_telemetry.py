"""What it costs to show a run elsewhere while it goes on: `python tools/bench_telemetry.py` or `make bench-telemetry`.

This tool without more, with `--prometheus`, with `--otlp` and with both takes turns under the same load, first for a
few seconds and then for longer.  A collector answers and a Prometheus reads the page every 5 s, both in a process of
its own, which is not counted; all processes of the tool are.  Of two durations follow what it costs to start (seconds
of CPU, once a run) and what each further chunk costs: the *slope*.  The last column is the whole longer run, start
included.  Figures are medians of the turns, the ratios medians of the ratios in each turn.  Linux or macOS.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import bench

SCRAPE_S = float(os.environ.get("BENCH_SCRAPE_S", "5"))
LISTEN = "listen"
HEADING = ("flags", "start s", "more", "us a chunk", "ratio", "ratio of the longer run")


class Cost(NamedTuple):
    """CPU of one turn of one set of flags."""

    start_s: float
    slope_us: float
    """Of a further chunk."""
    whole_us: float
    """Of a chunk of the longer run, start included."""


def cost_of(runs: Sequence[bench.Flat]) -> Cost:
    """Of a short run and a longer one."""
    (short, short_s), (longer, longer_s) = (
        (run["chunks"], run["cpu_us_per_chunk"] * run["chunks"] / 1e6) for run in runs
    )
    slope_s = (longer_s - short_s) / (longer - short)
    return Cost(short_s - slope_s * short, slope_s * 1e6, longer_s / longer * 1e6)


def rows_of(found: Mapping[str, Sequence[Cost]]) -> list[dict[str, str | float]]:
    """A row for each set of flags; the first, which is without any, is what the others are held against."""
    plain = next(iter(found.values()))
    rows: list[dict[str, str | float]] = []
    for flags, turns in found.items():
        pairs = list(zip(turns, plain, strict=True))
        values = (
            statistics.median(one.start_s for one in turns),
            statistics.median(one.start_s - other.start_s for one, other in pairs),
            statistics.median(one.slope_us for one in turns),
            statistics.median(one.slope_us / other.slope_us for one, other in pairs),
            statistics.median(one.whole_us / other.whole_us for one, other in pairs),
        )
        rows.append(dict(zip(HEADING, (flags, *values), strict=True)))
    return rows


def table(rows: Sequence[Mapping[str, str | float]]) -> str:
    """Aligned."""
    cells = [HEADING, *(tuple(v if isinstance(v, str) else f"{v:.2f}" for v in row.values()) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    first = widths[0]
    return "\n".join(
        "  ".join((row[0].ljust(first), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))))
        for row in cells
    )


def listen(page: int) -> None:
    """Takes whatever is sent, and reads the page on this port every now and then, until standard input ends."""

    class Collector(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)

    def scrape() -> None:
        while True:
            time.sleep(SCRAPE_S)
            with contextlib.suppress(OSError):  # no run, or one without the flag
                urllib.request.urlopen(f"http://127.0.0.1:{page}/metrics", timeout=5).read()

    threading.Thread(target=scrape, daemon=True).start()
    sys.stdin.read()


@contextlib.contextmanager
def listeners() -> Iterator[dict[str, str]]:
    """Both, as long as the block lasts: a name for each set of flags -> the flags."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        page = free.getsockname()[1]
    command = [sys.executable, str(Path(__file__)), LISTEN, str(page)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        port = process.stdout.readline().strip() if process.stdout else ""
        prometheus, otlp = f"--prometheus 127.0.0.1:{page}", f"--otlp http://127.0.0.1:{port}"
        try:
            yield {"--prometheus": prometheus, "--otlp": otlp, "both": f"{prometheus} {otlp}"}
        finally:
            if process.stdin:
                process.stdin.close()  # it listens until then


def turns_of(load: bench.Load, seconds: Sequence[float], runs: int) -> dict[str, list[Cost]]:
    """What each set of flags costs in each turn."""
    found: dict[str, list[Cost]] = {}
    with listeners() as flags, bench.served(load) as (port, url):
        clients = {bench.TOOL: bench.TOOL, **flags}
        roots = dict.fromkeys(clients.values(), bench.ROOT)
        for _ in range(runs):
            # The short runs of all, then the long ones: so that those that are compared follow each other.
            each = {name: list[bench.Flat]() for name in clients}
            for duration in seconds:
                for name, client in clients.items():
                    each[name].append(bench.measure(client, port, url, replace(load, duration=duration), roots))
            for name, measured in each.items():
                found.setdefault(name, []).append(cost_of(measured))
    return found


def main(arguments: list[str] | None = None) -> int:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("load", nargs="?", choices=list(bench.LOADS), default="200x20ms", help="default: 200x20ms")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--seconds", type=float, nargs=2, default=[6.0, 36.0], help="of a short run and a longer one")
    parser.add_argument("--runs", type=int, default=3, help="turns, of which medians are shown")
    parser.add_argument("--json", metavar="FILE", help="write all figures there")
    asked = parser.parse_args(arguments)
    load = bench.LOADS[asked.load]
    load = load if asked.threads is None else replace(load, threads=asked.threads)
    print(
        bench.machine(), f"{load}; here {asked.seconds[0]:g} and {asked.seconds[1]:g} s, {asked.runs} turn(s)", sep="\n"
    )
    rows = rows_of(turns_of(load, asked.seconds, asked.runs))
    print(table(rows))
    if asked.json is not None:
        Path(asked.json).write_text(json.dumps({"machine": bench.machine(), "rows": rows}, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] == [LISTEN]:
        listen(int(sys.argv[2]))
        sys.exit(0)
    try:
        sys.exit(main())
    except bench.ClientError as error:
        sys.exit(f"bench_telemetry: {error}")
