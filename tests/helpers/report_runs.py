"""Made-up runs for the report's tests: no clock, no network, the same every time."""

from __future__ import annotations

import random
from dataclasses import replace

from sse_perf_tool.capacity.search import answer
from sse_perf_tool.metrics import Tally, stats_of
from sse_perf_tool.records import (
    Capacity,
    CapacitySearch,
    Ending,
    Outcome,
    RequestRecord,
    RunConfig,
    RunResult,
    StepResult,
    ThresholdResult,
    TrustSample,
)
from sse_perf_tool.trust import judge

MS = 1_000_000
STARTED_UNIX_NS = 1_763_600_000 * 1_000_000_000

CONFIG = RunConfig(
    url="http://127.0.0.1:8000/v1/chat/completions",
    format="openai_chat",
    model="qwen2.5-7b",
    api_key="app-…4Knu",
    threads=12,
    ramp_up_s=2.0,
    duration_s=40.0,
    command="sse_perfTestTool.py --url http://127.0.0.1:8000/v1/chat/completions --api-key app-…4Knu --threads 12",
    version="0.1.0",
    host_info="Linux 6.1, Python 3.11.2, 8 CPUs",
    flags={"url": "http://127.0.0.1:8000/v1/chat/completions", "api_key": "app-…4Knu", "threads": 12},
)

FAILURES = (
    (Outcome.TIMEOUT, None, "no end of the answer within 60 s"),
    (Outcome.HTTP_ERROR, 503, "503 Service Unavailable: overloaded, try again in 3 s"),
    (Outcome.IN_STREAM_ERROR, 200, "error event: CUDA out of memory on device 0"),
)


def answered(
    request_id: int, thread_id: int, started_ns: int, chance: random.Random, slow: float = 1.0
) -> RequestRecord:
    """An answer as a chat model gives it: a wait, then a token every 20 ms or so, now and then a stall."""
    tokens = chance.randint(12, 90)
    gaps = [int(chance.lognormvariate(9.9, 0.25)) for _ in range(tokens - 1)]
    if chance.random() < 0.03:
        gaps[len(gaps) // 2] = chance.randint(400_000, 1_500_000)
    if chance.random() < 0.2:
        gaps[-1] = 0
    ttft_ns = int(chance.lognormvariate(5.2, 0.35) * MS * slow)
    streaming_ns = sum(gaps) * 1000
    return RequestRecord(
        request_id=request_id,
        thread_id=thread_id,
        started_ns=started_ns,
        outcome=Outcome.OK,
        latency_ns=ttft_ns + streaming_ns + 2 * MS,
        status=200,
        retries=1 if chance.random() < 0.01 else 0,
        ttfb_ns=ttft_ns * 9 // 10,
        ttft_ns=ttft_ns,
        ttfa_ns=ttft_ns,
        streaming_ns=streaming_ns + ttft_ns // 10,
        connect_ns=MS // 3 if request_id < 12 else None,
        output_tokens=tokens,
        prompt_tokens=20,
        token_source="usage",
        chunks=tokens,
        gaps_us=gaps,
        text_chars=tokens * 2,
        conversation_id=f"conv-{request_id}",
        message_id=f"msg-{request_id}",
        finish_reason="stop",
        query="你是谁？请用三句话介绍自己。" if request_id % 2 else "Explain load testing in one paragraph.",
        format="openai_chat",
    )


def whole_answer(number: int) -> RequestRecord:
    """An answer that came whole, one of three threads that send again after 100 ms or so."""
    return RequestRecord(
        request_id=number,
        thread_id=number % 3,
        started_ns=number // 3 * 110 * MS,
        outcome=Outcome.OK,
        latency_ns=(90 + number % 7) * MS,
        status=200,
        ttfb_ns=(85 + number % 5) * MS,
        output_tokens=20 + number % 9,
        token_source="usage",
        bytes_received=900 + number,
        format="openai_chat",
    )


def failed(record: RequestRecord, chance: random.Random) -> RequestRecord:
    """The same request, gone wrong."""
    outcome, status, error = chance.choice(FAILURES)
    started = outcome is Outcome.IN_STREAM_ERROR
    return replace(
        record,
        outcome=outcome,
        status=status,
        error=error,
        latency_ns=record.latency_ns // 2,
        ttft_ns=record.ttft_ns if started else None,
        ttfa_ns=record.ttfa_ns if started else None,
        output_tokens=3 if started else None,
        chunks=3 if started else 0,
        gaps_us=record.gaps_us[:2] if started else (),
    )


def simulate(requests: int, threads: int = 12, fail_share: float = 0.03, seed: int = 7, slow: float = 1.0) -> Tally:
    """`requests` requests of `threads` threads that send again as soon as they have an answer."""
    chance = random.Random(seed)
    free_at = [(thread * 2_000 * MS) // threads for thread in range(threads)]
    records = []
    for request_id in range(requests):
        thread = min(range(threads), key=free_at.__getitem__)
        crowded = 1 + 0.04 * sum(1 for at in free_at if at > 0)
        record = answered(request_id, thread, free_at[thread], chance, slow * crowded)
        if chance.random() < fail_share:
            record = failed(record, chance)
        records.append(record)
        free_at[thread] += record.latency_ns + MS
    tally = Tally(origin_ns=0)
    for record in sorted(records, key=lambda each: each.started_ns + each.latency_ns):
        tally.add(record)
    return tally


def sample_run(requests: int = 600, **changes: object) -> RunResult:
    """A run that has some of everything."""
    tally = simulate(requests)
    warnings = ["The answers said openai_chat although --format said dify; openai_chat was used."]
    return tally.result(replace(CONFIG, **changes), STARTED_UNIX_NS, warnings)


def watched(result: RunResult) -> RunResult:
    """The same run by a tool that watched itself, on a machine that got busy."""
    samples = [
        TrustSample(
            row.second,
            {8: 900, 20: 90 + row.second},
            1.5 + row.second / 10,
            {8: 1000},
            {8: 50},
            cpu_share=min(0.99, 0.2 + row.second / 40),
            cpu_wait=row.second / 200,
            machine_cpu=min(1.0, 0.3 + row.second / 30),
            gc_max_ms=row.second % 5,
            rtt_ms=0.4,
            retransmits=0,
            out_of_order=1,
        )
        for row in result.time_series
    ]
    return judge(replace(result, self_watch=samples, clock="kernel"))


def sample_search() -> Capacity:
    """A search by threads whose server is full at 20 and refuses above, with something nasty."""
    search = CapacitySearch(rules=("ttft_ms:p(95)<500", "errors:rate<0.01"))
    steps = [sample_step(level) for level in (1, 2, 4, 8, 16, 32, 24, 20, 22, 21, 21, 20)]
    return answer(search, steps, Ending.EDGE)


def sample_step(level: int) -> StepResult:
    rate, failed = min(level, 20), 3 * max(0, level - 20)
    ttft, gap, latency = (
        stats_of(base * max(1.0, level / 20) * (1 + share / 50) for share in range(50)) for base in (300, 30, 900)
    )
    share = failed / (level * 10)
    checks = (
        ThresholdResult("ttft_ms:p(95)<500", ttft.p95, True),
        ThresholdResult("errors:rate<0.01", share, share < 0.01),
    )
    return StepResult(
        level,
        STARTED_UNIX_NS,
        10.0,
        level * 10,
        level * 10 - failed,
        failed,
        rate,
        20.0 * rate,
        {"ttft_ms": ttft, "itl_ms": gap, "latency_ms": latency},
        checks,
        "http_error: HTTP 503 <img src=x onerror=window.pwned=true>" if failed else "",
        0.1,
    )


ATTACK = '</script><img src=x onerror="window.pwned=true"><!--<script>{{style}} \u2028 &amp; \ud800 \x1b[31m \u202e'


def attacked_run() -> RunResult:
    """A server, a user and a command line that all try to become markup."""
    tally = Tally(origin_ns=0)
    record = RequestRecord(
        1, 0, 0, Outcome.HTTP_ERROR, 5 * MS, status=500, error=ATTACK, query=ATTACK, conversation_id=ATTACK
    )
    tally.add(record)
    tally.add(
        replace(
            record,
            request_id=2,
            outcome=Outcome.OK,
            output_tokens=2,
            chunks=2,
            gaps_us=[9],
            ttft_ns=MS,
            message_id=ATTACK,
        )
    )
    config = replace(CONFIG, url=ATTACK, model=ATTACK, command=ATTACK, version=ATTACK, host_info=ATTACK, format=ATTACK)
    return tally.result(config, STARTED_UNIX_NS, [ATTACK])
