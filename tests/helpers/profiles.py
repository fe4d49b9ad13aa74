"""Evidence of a server that never was: a run of some requests, one process, one hook."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate

from sse_perf_tool.metrics import Tally
from sse_perf_tool.profiling.hooks.reading import Code, HookSeries, Seen
from sse_perf_tool.profiling.judge.causes import findings
from sse_perf_tool.profiling.judge.evidence import Evidence
from sse_perf_tool.profiling.judge.targets import targets
from sse_perf_tool.profiling.server.watch import ProcessSeries
from sse_perf_tool.profiling.stacks.samples import Sample, Stacks
from sse_perf_tool.records import Outcome, RequestRecord, RunConfig, RunResult
from sse_perf_tool.records.profile import Profile, ProfileFinding

MS, S = 1_000_000, 1_000_000_000
SECONDS = 10
HANDLER = Code("handler", "/srv/shop/app.py", 12)
ACQUIRE = Code("Semaphore.acquire", "/usr/lib/python3.11/asyncio/locks.py", 387)
READ = Code("StreamReader._wait_for_data", "/usr/lib/python3.11/asyncio/streams.py", 500)


def run(
    latency_ms: float = 100, ttft_ms: float = 50, failed: int = 0, grows: float = 1.0, lang: str = "en"
) -> RunResult:
    """120 requests over ten seconds; the last are `grows` times as slow as the first."""
    tally = Tally(0)
    for number in range(120):
        factor = 1 + (grows - 1) * number / 119
        start_ns = number * SECONDS * S // 120
        if number < failed:
            tally.add(RequestRecord(number + 1, 1, start_ns, Outcome.HTTP_ERROR, 5 * MS, status=500, error="no"))
            continue
        latency_ns, ttft_ns = round(latency_ms * factor * MS), round(ttft_ms * factor * MS)
        tally.add(
            RequestRecord(
                number + 1, number % 4 + 1, start_ns, Outcome.OK, latency_ns, status=200, ttfb_ns=ttft_ns,
                ttft_ns=ttft_ns, ttfa_ns=ttft_ns, output_tokens=5, token_source="usage", chunks=5, gaps_us=[1000] * 4,
            )
        )  # fmt: skip
    return tally.result(RunConfig(threads=4, duration_s=SECONDS), 1_764_000_000 * S)


def process(pid: int = 7, kind: str = "python", **series: float | Sequence[float]) -> ProcessSeries:
    """A look each half second from 0 to 15 s, the load ending at 10; a single value holds for all looks.

    `cpu` and `waiting` are those of as few threads as can do so much.
    """
    at_s = [number / 2 for number in range(31)]
    values = {"cpu": 20.0, "waiting": 0.5, "rss_mb": 60.0, "threads": 5.0, "fds": 20.0, **series}
    columns = {name: list(each) if isinstance(each, Sequence) else [each] * 31 for name, each in values.items()}
    found = ProcessSeries(pid, "python", kind, (), 2, 1000, at_s, switches_per_s=[10.0] * 31, **columns)  # type: ignore[arg-type]
    threads = math.ceil(max(columns["cpu"]) / 100) or 1
    for curves, name in ((found.thread_cpu, "cpu"), (found.thread_wait, "waiting")):
        curve = list(zip(at_s, accumulate(value / 100 / 2 / threads for value in columns[name]), strict=True))
        curves.update(dict.fromkeys(range(threads), curve))
    return found


def hook(
    pid: int = 7,
    late_ms: float = 1.0,
    blocks: int = 0,
    waits: Sequence[tuple[Code, Code, int]] = (),
    kind: str = "python",
    held: int = 0,
) -> HookSeries:
    """A line each second from 1 to 10; `blocks` catches of the handler, these waits, `held` of 20 looks in each."""
    found = HookSeries(pid, kind)
    octave = max(0, (round(late_ms * 1000)).bit_length() * 2 - 2)
    for second in range(1, SECONDS + 1):
        found.at_s.append(second)
        found.late.append({octave: 50})
        found.p50_ms.append(late_ms)
        found.p99_ms.append(late_ms)
        found.max_ms.append(late_ms)
        found.tasks.append(10)
        found.gc_ms.append(0.1)
        found.heap_mb.append(30)
        found.busy.append(10)
        found.held.append((held, 20))
        if blocks:
            found.blocks.append(Seen(second, HANDLER, HANDLER, blocks))
        found.waits += [Seen(second, own, leaf, number) for own, leaf, number in waits]
    return found


def stacks(pid: int = 7) -> Stacks:
    """Three quarters of the time in the handler, by way of a package."""
    package = Code("dumps", "/venv/lib/python3.11/site-packages/fast/json.py", 3)
    other = Code("other", "/srv/shop/app.py", 40)
    return Stacks(
        pid, f"python {pid}", [Sample(n / 10, 10, (HANDLER, package) if n % 4 else (other,)) for n in range(100)]
    )


def judged(evidence: Evidence) -> list[ProfileFinding]:
    return findings(evidence, targets(evidence))


def evidence(
    result: RunResult | None = None,
    processes: Sequence[ProcessSeries] = (),
    hooks: Sequence[HookSeries] = (),
    **more: object,
) -> Evidence:
    return Evidence(result or run(), processes, {each.pid: each for each in hooks}, **more)  # type: ignore[arg-type]


def profile_of(seen: Evidence) -> Profile:
    held = targets(seen)
    return Profile("python3 server.py", ("doctor",), (), held, findings(seen, held))
