"""A benchmark as it is done: lanes side by side, cold requests apart, what is kept when it is stopped."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from patience import undisturbed
from scripted_server import ANSWER, CLOSE, DONE, FINISH, ScriptedServer, Serve, chunked, sized, token, usage
from sse_perf_tool.bench.benchmark import Benchmark, Hooks
from sse_perf_tool.bench.cell import CellResult, Run
from sse_perf_tool.bench.config import BenchConfig, Model, Provider
from sse_perf_tool.bench.endpoint import TEXTS as ENDPOINT_TEXTS
from sse_perf_tool.bench.endpoint import Wish
from sse_perf_tool.bench.plan import TEXTS, Cell, Selection, plan_of
from sse_perf_tool.bench.results import Document, bench_document, difference
from sse_perf_tool.bench.settings import Settings
from sse_perf_tool.bench.store import Store
from sse_perf_tool.providers import Query
from sse_perf_tool.records.reader import read_header, read_records
from sse_perf_tool.records.writer import new_lines
from sse_perf_tool.texts import speaker


def answer(first_s: float, gap_s: float = 0.002) -> list[object]:
    """Three words, the first after `first_s`."""
    return chunked(first_s, token("a"), gap_s, token(" b"), gap_s, token(" c"), FINISH, usage(9, 3), DONE)


def cells(*servers: ScriptedServer, models: tuple[str, ...] = ("m",), tiers: tuple[int, ...] = (0,)) -> list[Cell]:
    providers = tuple(
        Provider(f"p{at}", f"P{at}", server.url("/v1"), models=tuple(Model(name, name) for name in models))
        for at, server in enumerate(servers)
    )
    selection = Selection(tiers=tiers, wish=Wish(64))
    return plan_of(BenchConfig(providers), selection, {}, speaker({**TEXTS, **ENDPOINT_TEXTS}, "en"))


def measured(plan: list[Cell], hooks: Hooks = Hooks(), **settings: object) -> list[CellResult]:  # noqa: B008
    return Benchmark(plan, Settings(queries=(Query("hi"),), **settings), hooks).run()  # type: ignore[arg-type]


def document(results: list[CellResult], **settings: object) -> Document:
    return bench_document(results, Settings(**settings), "done", "id", (0, 1))  # type: ignore[arg-type]


@undisturbed
def test_the_first_request_of_a_cell_is_cold_and_in_no_figure(serve: Serve) -> None:
    server = serve(answer(0.2), answer(0.02))
    (found,) = measured(cells(server), runs=3)
    assert [run.cold for run in found.runs] == [True, False, False, False]
    assert found.runs[0].ttft_ms is not None
    assert found.runs[0].ttft_ms > 150
    assert found.result is not None
    assert found.result.summary.metrics["ttft_ms"].count == 3
    assert found.result.summary.metrics["ttft_ms"].max is not None
    assert found.result.summary.metrics["ttft_ms"].max < 150
    assert (found.state, server.connections) == ("done", 1)


def test_each_thread_sends_its_own_cold_request_and_runs(serve: Serve) -> None:
    server = serve(ANSWER)
    (found,) = measured(cells(server), runs=2, threads=3)
    assert sorted((run.thread, run.number) for run in found.runs) == [(t, n) for t in (1, 2, 3) for n in (0, 1, 2)]
    assert len(server.requests) == 9


@undisturbed
def test_two_providers_overlap_in_time_and_two_models_of_one_do_not(serve: Serve) -> None:
    one, two = serve(answer(0.05)), serve(answer(0.05))
    began = time.monotonic()
    results = measured(cells(one, two, models=("a", "b")), runs=1)
    assert time.monotonic() - began < 4 * 2 * 0.05 + 0.15
    spans = {
        found.cell.name: (found.runs[0].started_ms, found.runs[-1].started_ms + found.runs[-1].latency_ms)
        for found in results
    }
    assert spans["p0", "a", 0][1] <= spans["p0", "b", 0][0]
    assert spans["p1", "a", 0][0] < spans["p0", "a", 0][1]


def test_a_lane_that_fails_stops_no_other(serve: Serve) -> None:
    gone, fine = serve(sized(b"no", status="500 Oops")), serve(ANSWER)
    failed, done = measured(cells(gone, fine), runs=2)
    assert (failed.state, done.state) == ("failed", "done")
    row = document([failed, done])["cells"][0]
    assert row["requests"] == {"sent": 2, "ok": 0, "failed": 2}
    assert row["errors"][0]["outcome"] == "http_error"


def test_interleaved_requests_alternate_over_the_servers(serve: Serve) -> None:
    one, two = serve(answer(0.005)), serve(answer(0.005))
    results = measured(cells(one, two), runs=5, order="interleaved")
    starts = sorted((run.started_ms, run.number, found.cell.name) for found in results for run in found.runs)
    assert [number for _, number, _ in starts] == [number for block in range(6) for number in (block, block)]


def test_interleaved_finds_what_a_gateway_costs_and_says_by_how_much(serve: Serve) -> None:
    direct, gateway = serve(answer(0.020)), serve(answer(0.060))
    results = measured(cells(direct, gateway), runs=12, order="interleaved")
    made = document(results, order="interleaved", runs=12)
    row = next(row for row in made["comparisons"] if row["figure"] == "ttft_ms")
    assert row["shown"]
    assert row["low"] <= row["shift"] <= row["high"]
    assert 25 < row["shift"] < 80
    assert row["paired"]
    assert {each["figure"]: each["cell"] for each in made["fastest"]}["ttft_ms"] == ["p0", "m", 0]


def test_a_context_tier_stands_before_the_prompt_and_is_another_text_for_each_target(serve: Serve) -> None:
    one, two = serve(ANSWER), serve(ANSWER)
    measured(cells(one, two, tiers=(50,)), runs=1)
    bodies = [server.requests[0].body.decode() for server in (one, two)]
    assert all(200 < len(body) < 700 and "hi" in body for body in bodies)
    assert bodies[0].split("hi")[0] != bodies[1].split("hi")[0]


def test_the_limit_and_the_key_go_with_each_request(serve: Serve) -> None:
    server = serve(ANSWER)
    plan = plan_of(
        BenchConfig((Provider("p", "P", server.url("/v1"), secret="sk-canary-123", models=(Model("m", "m"),)),)),
        Selection(wish=Wish(64)),
        {},
        speaker({**TEXTS, **ENDPOINT_TEXTS}, "en"),
    )
    results = measured(plan, runs=1)
    assert server.requests[0].header("Authorization") == "Bearer sk-canary-123"
    assert b'"max_tokens":64' in server.requests[0].body
    assert "canary" not in str(document(results))


def test_stopped_it_keeps_what_was_measured(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sse_perf_tool.bench.benchmark.GRACE_S", 0.05)
    server = serve(ANSWER, ANSWER, chunked(token("a"), 30.0, DONE))
    plan = cells(server, models=("a", "b"))
    benchmark: list[Benchmark] = []

    def after_two(_cell: Cell, run: Run) -> None:
        if run.number == 1:
            benchmark[0].stop()

    benchmark.append(Benchmark(plan, Settings(runs=5, queries=(Query("hi"),)), Hooks(run_ends=after_two)))
    first, second = benchmark[0].run()
    assert (first.state, second.state) == ("cancelled", "waiting")
    assert [run.outcome for run in first.runs[:2]] == ["ok", "ok"]
    assert document([first, second])["cells"][0]["requests"]["ok"] == 1


def test_the_records_of_a_cell_are_a_file_that_report_reads(serve: Serve, tmp_path: Path) -> None:
    from datetime import datetime

    store = Store(tmp_path / "results", datetime(2026, 1, 2, 3, 4, 5))
    plan = cells(serve(ANSWER))
    path = tmp_path / "results" / "bench_20260102_030405" / "01_p0_m_0.jsonl"
    assert store.records_path(0, plan[0]) == path
    with new_lines(path, "en") as lines:
        Benchmark(plan, Settings(runs=2, queries=(Query("hi"),)), open_records=lambda _place: lines).run()
    header = read_header(path)
    assert (header.config.model, header.config.warmup_requests) == ("m", 1)
    assert len(list(read_records(path, header))) == 3
    assert path.stat().st_mode & 0o777 == 0o600


def test_progress_counts_requests_and_chunks(serve: Serve) -> None:
    seen = []
    hooks = Hooks(tick=lambda lanes: seen.append(lanes[0]))
    measured(cells(serve(answer(0.01))), hooks, runs=2)
    assert (seen[-1].done, seen[-1].total, seen[-1].chunks) == (3, 3, 9)


def test_figures_equal_those_of_the_records(serve: Serve) -> None:
    results = measured(cells(serve(answer(0.01))), runs=4)
    cell = document(results)["cells"][0]
    ttfts = sorted(run["ttft_ms"] for run in cell["runs"][1:])
    assert cell["metrics"]["ttft_ms"]["p50"] == pytest.approx((ttfts[1] + ttfts[2]) / 2, abs=0.01)
    assert cell["metrics"]["ttft_ms"]["p95"] is None  # of four requests there is none
    assert cell["tokens"] == {"output_median": 3, "output": 12, "prompt_median": 9, "source": "usage"}


def test_the_same_numbers_make_the_same_difference_in_both_orders() -> None:
    def cell(name: str, values: list[float]) -> Document:
        runs = [{"thread": 1, "number": at + 1, "outcome": "ok", "ttft_ms": value} for at, value in enumerate(values)]
        return {"provider_key": name, "runs": runs}

    a, b = cell("a", [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), cell("b", [2.0, 3.0, 4.0, 5.0, 6.0, 7.5])
    assert difference(a, b, "ttft_ms", paired=True).shift == 1.0
    assert difference(a, b, "ttft_ms", paired=False).shown is False


def test_a_closed_connection_between_requests_is_opened_again(serve: Serve) -> None:
    (found,) = measured(cells(serve([*ANSWER, CLOSE])), runs=2)
    assert [run.outcome for run in found.runs] == ["ok", "ok", "ok"]


@pytest.fixture(autouse=True)
def _one_switch_interval() -> Iterator[None]:
    """A benchmark sets up the interpreter for itself; other tests want it as it was."""
    import gc
    import sys

    interval, threshold = sys.getswitchinterval(), gc.get_threshold()
    yield
    sys.setswitchinterval(interval)
    gc.set_threshold(*threshold)
    gc.unfreeze()
