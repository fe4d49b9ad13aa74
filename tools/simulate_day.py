"""A day of load without a day of waiting: `python tools/simulate_day.py [--hours H] [--rate R] [--chunks N]`.

Makes the requests of a long run, by default 24 hours at 15 requests/s with 127 chunks each (1,900 chunks/s), and gives
them to the same `Tally` and into the same kind of file as a run does, then writes the summary and the HTML report.
After that `report` makes both again from the records.  Each of the two is a process of its own; printed are the most
memory that it held (the maximum of its resident set), its CPU time, and how large the records are or how fast they were
read:

    part    most memory  CPU      records
    run     210 MiB      300 s    2,000 MiB
    report  240 MiB      250 s    8.0 MiB/CPU s

These figures show the form only; those measured stand in docs/performance.md.  `--keep FOLDER` keeps the files.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from sse_perf_tool.exporters.json_summary import to_json
from sse_perf_tool.metrics import Tally
from sse_perf_tool.records import Lumps, Outcome, RequestRecord, RunConfig, TrustSample
from sse_perf_tool.records.file import RecordsHeader, header_line, record_line
from sse_perf_tool.report_generator import generate_html_report
from sse_perf_tool.trust import judge

ROOT = Path(__file__).resolve().parents[1]
MS, S = 1_000_000, 1_000_000_000
SHAPES = 400
"""Different answers; more would make nothing different but the time that this takes."""
WATCH_S = 0.5
"""How often a process measures itself."""


def answers(chance: random.Random, chunks: int) -> list[RequestRecord]:
    """Some answers of a chat model: a first token after some 300 ms, a chunk about every 20 ms, at times a stall."""
    made = []
    usage = {"token_source": "usage", "prompt_tokens": 37}
    for _ in range(SHAPES):
        gaps = [
            int(chance.lognormvariate(9.9, 0.3)) for _ in range(max(0, round(chance.gauss(chunks, chunks / 6)) - 1))
        ]
        if chance.random() < 0.02:
            gaps[len(gaps) // 2] += 2_500_000
        ttft_ns = int(chance.lognormvariate(5.7, 0.3) * MS)
        streaming_ns = sum(gaps) * 1000
        made.append(
            RequestRecord(
                request_id=0, thread_id=0, started_ns=0, outcome=Outcome.OK, latency_ns=ttft_ns + streaming_ns + 90_000,
                status=200, ttfb_ns=ttft_ns - 40_000, ttft_ns=ttft_ns, ttfa_ns=ttft_ns, streaming_ns=streaming_ns,
                start_slack_ns=chance.randint(3_000, 60_000), output_tokens=len(gaps) + 1,
                **usage, chunks=len(gaps) + 1, gaps_us=tuple(gaps), text_chars=5 * len(gaps),
                bytes_received=210 * len(gaps), finish_reason="stop", format="openai_chat", clock="kernel",
                query="Why is the sky blue?", came=Lumps(len(gaps) + 1, len(gaps) + 1),
            )
        )  # fmt: skip
    return made


def sample(chance: random.Random, second: int) -> TrustSample:
    """What a process measures of itself twice a second."""
    waits = {bucket: chance.randint(1, 90) for bucket in range(10, 18)}
    return TrustSample(
        second=second, read_waits=waits, read_wait_max_ms=chance.uniform(0.2, 2), away=dict(waits),
        wakes={bucket: chance.randint(1, 9) for bucket in range(11, 15)}, cpu_share=chance.uniform(0.1, 0.2),
        cpu_wait=chance.uniform(0, 0.01), machine_cpu=chance.uniform(0.1, 0.3), rtt_ms=chance.uniform(0.1, 2),
        retransmits=0, out_of_order=0,
    )  # fmt: skip


def requests_of(hours: float, rate: float, chunks: int) -> Iterator[RequestRecord]:
    """The requests of the run in order of their ends, but for those that overlap: as many threads as are needed."""
    chance = random.Random(1)  # noqa: S311 - no secret, and the same each time
    shapes = answers(chance, chunks)
    fields = RequestRecord.__dataclass_fields__
    watched_ns = 0
    for number in range(round(hours * 3600 * rate)):
        shape = shapes[number % SHAPES]
        started_ns = round(number / rate * S) + chance.randint(0, 20 * MS)
        watch: tuple[TrustSample, ...] = ()
        while watched_ns + WATCH_S * S <= started_ns:
            watched_ns += round(WATCH_S * S)
            watch += (sample(chance, watched_ns // S),)
        failed = {} if number % 997 else {"outcome": Outcome.HTTP_ERROR, "status": 503, "error": f"503: busy {number}"}
        yield RequestRecord(
            **{
                **{name: getattr(shape, name) for name in fields},
                "request_id": number + 1, "thread_id": number % 64 + 1, "started_ns": started_ns,
                "latency_ns": shape.latency_ns + chance.randint(0, MS), "self_watch": watch, **failed,
            }
        )  # fmt: skip


def run(hours: float, rate: float, chunks: int, folder: Path) -> None:
    """What the run does: takes the requests in, writes them down, and writes its files."""
    config = RunConfig(url="http://127.0.0.1:8000/v1/chat/completions", format="openai_chat", threads=64,
                       duration_s=hours * 3600, version="simulated")  # fmt: skip
    started_unix_ns = time.time_ns() - round((hours + 1) * 3600 * S)
    tally = Tally(0)
    with (folder / "day.jsonl").open("w", encoding="utf-8") as file:
        file.write(header_line(RecordsHeader(config, started_unix_ns)) + "\n")
        for record in requests_of(hours, rate, chunks):
            tally.add(record)
            file.write(record_line(record, started_unix_ns) + "\n")
    result = judge(tally.result(config, started_unix_ns))
    (folder / "run.json").write_text(to_json(result), encoding="utf-8")
    generate_html_report(result, folder / "run.html")


def measured(*command: str) -> tuple[float, float]:
    """The most memory in MiB and the CPU seconds of a command."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603 - this file and the tool
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"failed: {' '.join(command)}")
    unit = 1 if sys.platform == "darwin" else 1024
    return usage.ru_maxrss * unit / 2**20, usage.ru_utime + usage.ru_stime


def main() -> None:
    """Runs both parts and prints what they took."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--rate", type=float, default=15.0)
    parser.add_argument("--chunks", type=int, default=127)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--part", choices=["run"], help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.part:
        run(given.hours, given.rate, given.chunks, given.keep)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.keep or Path(temporary)
        folder.mkdir(exist_ok=True)
        load = [f"--{name}={getattr(given, name)}" for name in ("hours", "rate", "chunks")]
        print(f"{'part':8}{'most memory':13}{'CPU':9}records")
        memory, cpu_s = measured(sys.executable, __file__, *load, "--part", "run", "--keep", str(folder))
        size = (folder / "day.jsonl").stat().st_size / 2**20
        print(f"{'run':8}{f'{memory:.0f} MiB':13}{f'{cpu_s:.0f} s':9}{size:,.0f} MiB", flush=True)
        again = [str(folder / "day.jsonl"), "--json", str(folder / "again.json")]
        tool = [sys.executable, str(ROOT / "sse_perfTestTool.py"), "report", *again]
        memory, cpu_s = measured(*tool, "--html-report", str(folder / "again.html"))
        print(f"{'report':8}{f'{memory:.0f} MiB':13}{f'{cpu_s:.0f} s':9}{size / cpu_s:.1f} MiB/CPU s")


if __name__ == "__main__":
    main()
