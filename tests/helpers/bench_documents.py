"""The document of a benchmark that never was: two providers, two tiers, one cell skipped and one failed."""

from __future__ import annotations

from random import Random

from sse_perf_tool.bench.cell import CellResult, config_of, run_of
from sse_perf_tool.bench.endpoint import Endpoint
from sse_perf_tool.bench.plan import Cell
from sse_perf_tool.bench.results import Document, bench_document
from sse_perf_tool.bench.settings import Settings
from sse_perf_tool.formats import FORMATS
from sse_perf_tool.metrics import Tally
from sse_perf_tool.providers import Query
from sse_perf_tool.records import Outcome, Phase, RequestRecord
from sse_perf_tool.trust import judge

MS = 1_000_000


def cell(key: str, model: str = "m", tier: int = 0, skipped: str | None = None) -> Cell:
    endpoint = Endpoint("http://h/v1/chat/completions", FORMATS["openai_chat"], model)
    return Cell(key, key.title(), model, model.upper(), tier, endpoint, None, skipped)


def record(number: int, ttft_ms: float, ok: bool = True) -> RequestRecord:
    phase = Phase.MAIN if number else Phase.WARMUP
    started_ns = number * 1000 * MS
    if not ok:
        return RequestRecord(
            number + 1, 1, started_ns, Outcome.HTTP_ERROR, 5 * MS, status=503, error="busy", phase=phase
        )
    return RequestRecord(
        number + 1,
        1,
        started_ns,
        Outcome.OK,
        int((ttft_ms + 200) * MS),
        status=200,
        ttfb_ns=int(ttft_ms * MS),
        ttft_ns=int(ttft_ms * MS),
        ttfa_ns=int(ttft_ms * MS),
        streaming_ns=200 * MS,
        output_tokens=11,
        token_source="usage",
        chunks=11,
        gaps_us=[20_000] * 10,
        clock="kernel",
        phase=phase,
    )


def result(which: Cell, settings: Settings, ttft_ms: float, ok: bool = True) -> CellResult:
    """A cell whose first tokens came after about `ttft_ms`, or whose requests all failed."""
    random = Random(f"{which.name}")
    records = [record(number, random.gauss(ttft_ms, 2), ok) for number in range(settings.runs + 1)]
    tally = Tally(0)
    for each in records:
        tally.add(each)
    runs = tuple(run_of(each, number, 0) for number, each in enumerate(records))
    return CellResult(which, "done" if ok else "failed", runs, judge(tally.result(config_of(which, settings), 0)))


def sample_document(order: str = "interleaved", prompt: str = "hi", **names: str) -> Document:
    """A document in which provider "one" is 30 ms faster than "two"."""
    settings = Settings(runs=8, order=order, queries=(Query(prompt),))
    one, two = names.get("one", "one"), names.get("two", "two")
    results = [
        result(cell(one), settings, 50),
        result(cell(one, tier=1000), settings, 90),
        result(cell(two), settings, 80),
        result(cell(two, tier=1000), settings, 120),
        result(cell(two, "broken"), settings, 0, ok=False),
        CellResult(cell(two, "large", 1000, "too large"), "skipped"),
    ]
    return bench_document(results, settings, "done", "bench_20261129_120000", (0, 60_000 * MS))
