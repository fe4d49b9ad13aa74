"""The states of a report, by name: each a made-up run, the same every time."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import replace

from report_runs import CONFIG, MS, STARTED_UNIX_NS, answered, sample_run, simulate, watched, whole_answer
from sse_perf_tool.goals.thresholds import judged
from sse_perf_tool.metrics import Tally
from sse_perf_tool.records import (
    RequestRecord,
    RunResult,
    ServerMetrics,
    ServerSample,
    StreamShape,
    TrustSample,
    WorkerFacts,
)
from sse_perf_tool.trust import judge

GOALS = ("ttft_ms:p(95)<1000", "ttft_ms:p(99)<1500", "errors:rate<1%", "tokens:rate>200")
STRICT_GOALS = ("ttft_ms:p(95)<450", "latency_ms:p(99)<2500", "errors:rate<1%", "tokens:rate>400")


def calm(result: RunResult) -> RunResult:
    """The same run by a tool that watched itself on a machine that had nothing else to do."""
    samples = [
        TrustSample(
            row.second, {8: 1000}, 0.8, {8: 1000}, {8: 50}, cpu_share=0.12, cpu_wait=0.001, machine_cpu=0.2,
            gc_max_ms=1.0, rtt_ms=0.4, retransmits=0, out_of_order=0,
        )
        for row in result.time_series
    ]  # fmt: skip
    return judge(replace(result, self_watch=samples, clock="kernel"))


def _with_goals(result: RunResult, rules: tuple[str, ...]) -> RunResult:
    return judged(replace(result, config=replace(result.config, thresholds=list(rules))))


def _run(records: list[RequestRecord], **changes: object) -> RunResult:
    tally = Tally(0)
    for record in records:
        tally.add(record)
    return tally.result(replace(CONFIG, **changes), STARTED_UNIX_NS)


def healthy() -> RunResult:
    """Every request answered, every goal met, the figures trusted."""
    return calm(_with_goals(simulate(1500, fail_share=0.0).result(CONFIG, STARTED_UNIX_NS), GOALS))


def failing() -> RunResult:
    """Three requests of ten failed, on a machine that got busy."""
    return watched(simulate(1500, fail_share=0.3).result(CONFIG, STARTED_UNIX_NS))


def missed() -> RunResult:
    """Goals that were not reached."""
    return calm(_with_goals(simulate(1500, fail_share=0.02).result(CONFIG, STARTED_UNIX_NS), STRICT_GOALS))


def one_request() -> RunResult:
    """A single answer."""
    return calm(simulate(1, threads=1, fail_share=0.0).result(replace(CONFIG, threads=1), STARTED_UNIX_NS))


def one_served() -> RunResult:
    """A single answer of a server that tells of itself, sent by one of two workers."""
    result = one_request()
    told = {"running": 1.0, "waiting": 0.0, "kv_cache_percent": 12.0}
    server = ServerMetrics(
        "http://127.0.0.1:8000/metrics", "vLLM", 3, samples=[ServerSample(at, told) for at in range(3)]
    )
    workers = (WorkerFacts(1, "alpha", requests=1, ok=1, trust="trusted"), WorkerFacts(2, "beta"))
    shape = StreamShape("smooth", {"steady": 1}, tokens_per_chunk=1.0, chunks_per_read=1.0, share_in_lumps=0.0)
    summary = replace(result.summary, shape=shape)
    return replace(result, summary=summary, server_metrics=server, workers=workers)


def whole_answers() -> RunResult:
    """Answers that were not streamed."""
    return calm(_run([whole_answer(number) for number in range(300)], stream=False, threads=3))


def turns() -> RunResult:
    """Conversations of four turns, each slower than the one before."""
    return calm(_grouped("turn", 4, {"turns": 4}))


def tiers() -> RunResult:
    """The same load with contexts of three lengths."""
    return calm(_grouped("context_tokens", 3, {"context_tiers": [512, 4096, 16384]}))


def _grouped(field: str, groups: int, changes: dict[str, object]) -> RunResult:
    chance = random.Random(3)
    values = changes.get("context_tiers") or range(1, groups + 1)
    records, at = [], 0
    for number in range(600):
        value = list(values)[number // 200 if field == "context_tokens" else number // 12 % groups]  # type: ignore[call-overload]
        slow = 1 + 0.3 * list(values).index(value)  # type: ignore[call-overload]
        record = answered(number, number % 12, at + number % 12 * 20 * MS, chance, slow)
        records.append(replace(record, **{field: value}))
        at += 1700 * MS // 12
    return _run(records, **changes)


SCENES: Mapping[str, Callable[[], RunResult]] = {
    "healthy": healthy,
    "failing": failing,
    "missed": missed,
    "one_request": one_request,
    "one_served": one_served,
    "whole_answers": whole_answers,
    "turns": turns,
    "tiers": tiers,
    "sample": lambda: watched(sample_run()),
}
