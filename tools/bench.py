"""Holds what clients report against what a server really sent: `python tools/bench.py [LOAD]` or `make bench`.

The paced server of the calibration knows when each request arrived and each chunk left.  Against it run in turn, each
in a process of its own and under the same load: this tool; `requests` with `iter_lines` in threads; bare aiohttp, where
it is installed.  For TTFT and for the gaps between chunks the table shows the truth of that client's own run, what it
reported, and the error; then what it cost: CPU time (user and system, with all child processes) per chunk, and memory
(the sum of the largest resident sizes of its processes; on systems other than Linux that of the largest process).

With `--against REV` this tool as it was at that revision of the repository is one more client, in the same turns; with
`--with "FLAGS"` this tool with further flags is one.

Server and clients share the machine, so the figures hold for this machine and this hour: compare pairs of one run.
With `--runs N` the clients take turns N times and the table shows medians.  The lines of ratios below it are medians of
the ratios of each turn: they hold better than the figures, as machines drift.  Needs Linux or macOS.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import io
import json
import os
import platform
import shlex
import statistics
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from bench_figures import distribution
from reader_build import build_reader

TOOLS = Path(__file__).resolve().parent
ROOT = TOOLS.parent
sys.path.insert(0, str(ROOT / "src"))

from sse_perf_tool.calibration import server  # noqa: E402  the path comes first

SAMPLE_S = 0.25
PATIENCE_S = 120
"""How long a client may take beyond the time it was asked to send for."""


@dataclass(frozen=True, slots=True)
class Load:
    """What the server does and how many streams there are."""

    threads: int = 200
    ttft_ms: float = 50.0
    itl_ms: float = 20.0
    events: int = 100
    duration: float = 8.0
    tls: bool = False

    def __str__(self) -> str:
        rate = self.threads * 1000 / self.itl_ms
        return (
            f"{self.threads} threads, TTFT {self.ttft_ms:g} ms, a chunk every {self.itl_ms:g} ms each "
            f"(up to {rate:,.0f} a second), {self.events} chunks an answer, {self.duration:g} s"
            f"{', over TLS' if self.tls else ''}"
        )


LOADS = {
    "1x20ms": Load(threads=1),
    "200x20ms": Load(),
    "200x20ms-https": Load(tls=True),
    "500x10ms": Load(threads=500, itl_ms=10.0, events=200),
    "1000x10ms": Load(threads=1000, itl_ms=10.0, events=200),
    "2000x100ms": Load(threads=2000, itl_ms=100.0, events=50, duration=12.0),
}
QUICK = Load(threads=4, ttft_ms=20.0, itl_ms=10.0, events=20, duration=2.0)

FIGURES = (("TTFT", "ttft_ms", "p50"), ("TTFT", "ttft_ms", "p99"), ("gap", "itl_ms", "p50"), ("gap", "itl_ms", "p99"))
"""(name, key in the JSON of server and clients, percentile) of each line of the table."""

TOOL = "this tool"
RATIOS = (("CPU a chunk", "cpu_us_per_chunk"), ("chunks/s", "chunks_per_s"), ("memory", "peak_rss_mib"))
"""(name, key) of what is set against each other client."""

Flat = dict[str, float]


class ClientError(RuntimeError):
    """A client ended without figures."""


@contextlib.contextmanager
def paced_server(load: Load) -> Iterator[int]:
    """The port of a server that serves this load until the end of the block."""
    with server.paced_server(load.ttft_ms, load.itl_ms, load.events) as port:
        yield port


def url_of(port: int, scheme: str = "http") -> str:
    """Where the server on this port takes requests."""
    return f"{scheme}://127.0.0.1:{port}/v1/chat/completions"


@contextlib.contextmanager
def served(load: Load) -> Iterator[tuple[int, str]]:
    """(the port at which the server of this load is asked for the truth, the URL of its requests)."""
    if not load.tls:
        with paced_server(load) as port:
            yield port, url_of(port)
        return
    with tempfile.TemporaryDirectory() as folder:
        certificate, key = Path(folder, "paced.crt"), Path(folder, "paced.key")
        words = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1"
        made = ["openssl", *words.split(), "-keyout", str(key), "-out", str(certificate)]
        subprocess.run(made, check=True, capture_output=True)  # noqa: S603
        times = ["--ttft-ms", str(load.ttft_ms), "--itl-ms", str(load.itl_ms), "--chunks", str(load.events)]
        command = [sys.executable, str(TOOLS / "bench_tls.py"), str(certificate), str(key), *times]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:  # noqa: S603
            ports = process.stdout.readline().split() if process.stdout else []
            if not ports:
                raise ClientError("the server over TLS has ended")
            try:
                yield int(ports[0]), url_of(int(ports[1]), "https")
            finally:
                if process.stdin:
                    process.stdin.close()  # it serves until then


def truth_of(port: int) -> dict[str, Any]:
    """What the server has sent since it was told to forget: counts as it gives them, distributions of its times."""
    truth = server.ask(port, "/stats")
    times = {"ttft_ms": "ttft_ns", "itl_ms": "gap_ns", "late_ms": "late_ns"}
    return truth | {name: distribution(truth.pop(key)) for name, key in times.items()}


class Memory(threading.Thread):
    """Looks at the largest resident sizes of a process and its children while they live (Linux only)."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self._kib: dict[int, int] = {}
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(SAMPLE_S):
            for pid in self._family(self._pid):
                with contextlib.suppress(OSError, StopIteration):  # it has just ended
                    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
                    self._kib[pid] = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))

    def _family(self, pid: int) -> list[int]:
        children: list[int] = []
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{pid}/task").glob("*/children"):
                children += map(int, task.read_text(encoding="utf-8").split())
        return [pid, *(one for child in children for one in self._family(child))]

    def stop(self) -> int:
        """KiB of all of them; 0 where there is no /proc."""
        self._over.set()
        self.join()
        return sum(self._kib.values())


def cost_of(command: list[str], patience_s: float) -> tuple[float, float]:
    """Runs it to its end: (CPU seconds of it and its children, MiB).  `ClientError` when it fails or lasts too long."""
    with tempfile.TemporaryFile() as said:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        process = subprocess.Popen(command, cwd=ROOT, stdout=said, stderr=said, env=environment)  # noqa: S603
        killer = threading.Timer(patience_s, process.kill)
        killer.start()
        memory = Memory(process.pid)
        memory.start()
        _, status, used = os.wait4(process.pid, 0)
        killer.cancel()
        kib = memory.stop() or used.ru_maxrss // (1024 if sys.platform == "darwin" else 1)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            raise ClientError(f"status {process.returncode}: {said.read()[-2000:].decode(errors='replace')}")
    return used.ru_utime + used.ru_stime, kib / 1024


def machine_cpu_s() -> float | None:
    """CPU seconds of all processes that can be seen, dead children included; None on other systems than Linux.

    Added up from the processes: the sums in /proc/stat are sampled at ticks and miss threads that run for microseconds.
    """
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has just ended: its time is now with its parent
            own_and_children = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[11:15]
            ticks += sum(map(int, own_and_children))
    return ticks / os.sysconf("SC_CLK_TCK") if ticks else None


def command_of(client: str, url: str, load: Load, file: Path, roots: Mapping[str, Path]) -> list[str]:
    """How to start this client so that it writes its figures to `file`; `roots` has where the tool stands, if it is.

    One whose name begins with a dash is this tool with these flags.
    """
    if client not in roots:
        script = str(TOOLS / "bench_clients.py")
        return [sys.executable, script, client, url, str(load.threads), str(load.duration), str(file)]
    flags = f"--api-key - --threads {load.threads} --duration {load.duration:g} --quiet --lang en".split()
    flags.append("--no-compression-check")  # it would be one request more than is counted
    outputs = ["--json", str(file), "--html-report", str(file.with_suffix(".html"))]
    more = shlex.split(client) if client.startswith("-") else []
    more += ["--insecure"] if load.tls else []  # the certificate is nobody's
    return [sys.executable, str(roots[client] / "sse_perfTestTool.py"), "--url", url, *flags, *outputs, *more]


def measure(client: str, port: int, url: str, load: Load, roots: Mapping[str, Path]) -> Flat:
    """One run of one client: truth and reported of each figure, counts, cost, and how late the server was."""
    server.ask(port, "/reset")
    began_s, all_before_s = time.monotonic(), machine_cpu_s()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "figures.json"
        command = command_of(client, url, load, file, roots)
        cpu_s, mib = cost_of(command, load.duration + PATIENCE_S)
        said = json.loads(file.read_text(encoding="utf-8"))
    wall_s, all_after_s = time.monotonic() - began_s, machine_cpu_s()
    truth = truth_of(port)
    figures = said.get("metrics", said)
    requests = said["requests"]
    found: Flat = {
        "sent": requests["sent"] if isinstance(requests, dict) else requests,
        "seen": truth["requests"],
        "done": truth["done"],
        "chunks": truth["chunks"],
        "chunks_per_s": truth["chunks"] / load.duration,
        "cpu_us_per_chunk": cpu_s / max(1, truth["chunks"]) * 1e6,
        "peak_rss_mib": mib,
        "server_cpu_us_per_chunk": truth["cpu_s"] / max(1, truth["chunks"]) * 1e6,
    }
    if client in roots and (merged := said["trust"].get("merged_share")) is not None:
        found["merged_share"] = merged
    if all_before_s is not None and all_after_s is not None:
        found["others_cpus"] = max(0.0, all_after_s - all_before_s - cpu_s - truth["cpu_s"]) / wall_s
    for name, key, stat in FIGURES:
        found[f"{name} {stat} truth"], found[f"{name} {stat} reported"] = truth[key][stat], figures[key][stat]
    return found | {f"late_{stat}_ms": truth["late_ms"][stat] for stat in ("p50", "p99")}


def median_of(runs: list[Flat]) -> Flat:
    """Figure by figure.  An error is the median of the errors, not the difference of two medians."""
    for run in runs:
        run.update({f"{n} {s} error": run[f"{n} {s} reported"] - run[f"{n} {s} truth"] for n, _, s in FIGURES})
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def clients() -> list[str]:
    """Those that can be measured here."""
    return [TOOL, "iter_lines", *(["aiohttp"] if importlib.util.find_spec("aiohttp") else [])]


def run_load(load: Load, runs: int, roots: Mapping[str, Path], names: Sequence[str]) -> dict[str, list[Flat]]:
    """What each client makes of this load, in each turn."""
    found: dict[str, list[Flat]] = {client: [] for client in names}
    with served(load) as (port, url):
        for _ in range(runs):
            for client, measured in found.items():
                measured.append(measure(client, port, url, load, roots))
    return found


def ratios(found: Mapping[str, Sequence[Flat]]) -> dict[str, Flat]:
    """What this tool takes for each that the other client takes: other -> name -> the median over the turns."""
    return {
        client: {
            name: statistics.median(ours[key] / theirs[key] for ours, theirs in zip(found[TOOL], runs, strict=True))
            for name, key in RATIOS
        }
        for client, runs in found.items()
        if client != TOOL
    }


def ratio_lines(found: Mapping[str, Flat]) -> str:
    """A line for each other client."""
    width = max((len(client) for client in found), default=0)
    return "\n".join(
        f"to {client:{width}}  " + ", ".join(f"{name} {value:.2f}" for name, value in each.items())
        for client, each in found.items()
    )


@contextlib.contextmanager
def tool_at(revision: str) -> Iterator[Path]:
    """A folder with this tool as it was at a revision, with its compiled part if that can be built."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        archive = subprocess.run(  # noqa: S603
            ["git", "archive", "--format=tar", revision],  # noqa: S607
            cwd=ROOT, check=False, capture_output=True,
        )  # fmt: skip
        if archive.returncode:
            raise ClientError(f"--against {revision}: {archive.stderr.decode(errors='replace').strip()}")
        with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as packed:
            packed.extractall(folder, filter="data") if hasattr(tarfile, "data_filter") else packed.extractall(folder)  # noqa: S202
        build_reader(folder)
        # As the other one is: else each of its runs begins with compiling.
        subprocess.run([sys.executable, "-m", "compileall", "-q", str(folder / "src")], check=False)  # noqa: S603
        yield folder


HEADING = ("client", "ms", "truth", "reported", "error", "sent/seen", "chunks/s", "CPU us/chunk", "RSS MiB")


def table(found: dict[str, Flat]) -> str:
    """One aligned table, four lines a client; what a client cost stands in its first line."""
    rows: list[tuple[str, ...]] = [HEADING]
    for client, measured in found.items():
        requests = f"{measured['sent']:.0f}/{measured['seen']:.0f}"
        cost = [f"{measured[key]:,.{digits}f}" for key, digits in COSTS]
        for number, (name, _, stat) in enumerate(FIGURES):
            values = [measured[f"{name} {stat} {kind}"] for kind in ("truth", "reported")]
            error = f"{measured[f'{name} {stat} error']:+.3f}"
            behind = [requests, *cost] if not number else [""] * 4
            rows.append((client, f"{name} {stat}", *(f"{value:.3f}" for value in values), error, *behind))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(_aligned(row, widths)).rstrip() for row in rows)
    return "\n".join(lines)


COSTS = (("chunks_per_s", 0), ("cpu_us_per_chunk", 1), ("peak_rss_mib", 0))


def _aligned(row: tuple[str, ...], widths: list[int]) -> list[str]:
    cells = zip(row, widths, strict=True)
    return [cell.ljust(width) if place < 2 else cell.rjust(width) for place, (cell, width) in enumerate(cells)]


def server_line(load: Load, found: dict[str, Flat]) -> str:
    """How well the server kept its own timetable, by the worst of the runs."""
    late_ms, late_p99_ms = (max(one[f"late_{stat}_ms"] for one in found.values()) for stat in ("p50", "p99"))
    cpu_us = statistics.median(one["server_cpu_us_per_chunk"] for one in found.values())
    line = f"server: chunks left {late_ms:.3f} ms (p50), {late_p99_ms:.3f} ms (p99) late; {cpu_us:.1f} us CPU a chunk"
    if late_p99_ms > load.itl_ms / 2:
        line += "\nserver: IT IS THE LIMIT HERE: more than half a gap late, so the truth is not the load asked for"
    others = [one["others_cpus"] for one in found.values() if "others_cpus" in one]
    if others:
        line += f"\nthe rest of the machine took up to {max(others):.2f} CPUs meanwhile"
    return line


def machine() -> str:
    """Where this ran, in a line."""
    model = platform.processor() or platform.machine()
    with contextlib.suppress(OSError, StopIteration):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    load = f"load average before {os.getloadavg()[0]:.2f}"
    return f"{os.cpu_count()} CPUs, {model}, {platform.system()}, Python {platform.python_version()}, {load}"


def parse(arguments: list[str] | None) -> tuple[dict[str, Load], argparse.Namespace]:
    """(the loads by name, all that was asked)."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("load", nargs="?", choices=[*LOADS, "all"], default="200x20ms", help="default: 200x20ms")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--ttft-ms", type=float)
    parser.add_argument("--itl-ms", type=float)
    parser.add_argument("--events", type=int, help="chunks of one answer")
    parser.add_argument("--duration", type=float, help="seconds each client sends for")
    parser.add_argument(
        "--tls", action="store_const", const=True, help="over TLS, by the openssl command's certificate"
    )
    parser.add_argument("--runs", type=int, default=1, help="runs of each client, of which the median is shown")
    parser.add_argument("--against", metavar="REV", help="one more client: this tool as of a revision, such as HEAD~1")
    parser.add_argument("--with", dest="more", metavar="FLAGS", help="one more client: this tool with these flags too")
    parser.add_argument("--only", metavar="CLIENTS", help="names of clients to run beside this tool, with commas")
    parser.add_argument("--quick", action="store_true", help="a small load of 2 s, to see whether it works")
    parser.add_argument("--json", metavar="FILE", help="write all figures there")
    asked = parser.parse_args(arguments)
    given = {name: getattr(asked, name) for name in asdict(QUICK) if getattr(asked, name) is not None}
    named = {"quick": QUICK} if asked.quick else {n: load for n, load in LOADS.items() if asked.load in (n, "all")}
    if asked.only is not None and (unknown := set(filter(None, asked.only.split(","))) - set(clients())):
        parser.error(f"--only: no such client: {', '.join(sorted(unknown))}; there are {', '.join(clients())}")
    return {name: replace(load, **given) for name, load in named.items()}, asked


def main(arguments: list[str] | None = None) -> int:
    """Measures and prints."""
    loads, asked = parse(arguments)
    where = machine()
    print(where)
    if "aiohttp" not in clients():
        print("aiohttp is not installed, so it is left out: pip install aiohttp")
    roots, done = {TOOL: ROOT}, []
    names = clients() if asked.only is None else [TOOL, *filter(None, asked.only.split(","))]
    with contextlib.ExitStack() as stack:
        if asked.against is not None:
            roots[asked.against] = stack.enter_context(tool_at(asked.against))
            names.insert(1, asked.against)
        if asked.more is not None:
            roots[asked.more] = ROOT
            names.insert(1, asked.more)
        for name, load in loads.items():
            print(f"\n{load}, {asked.runs} run(s)", flush=True)
            turns = run_load(load, asked.runs, roots, names)
            found, against = {client: median_of(runs) for client, runs in turns.items()}, ratios(turns)
            print(table(found), ratio_lines(against), server_line(load, found), sep="\n", flush=True)
            done.append(
                {"name": name, "load": asdict(load), "runs": asked.runs, "clients": found, "ratios_to": against}
            )
    if asked.json is not None:
        Path(asked.json).write_text(json.dumps({"machine": where, "loads": done}, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ClientError as error:
        sys.exit(f"bench: {error}")
