"""A server that dies or is away for a while, failures by their chunks, and first tokens of failed requests."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from pathlib import Path

import pytest

from console_output import shown
from sse_perf_tool.exporters.json_summary import summary_document
from sse_perf_tool.exporters.markdown import to_markdown
from sse_perf_tool.metrics import Tally
from sse_perf_tool.records import FailedFirstTokens, Outcome, RequestRecord, RunConfig, RunResult
from sse_perf_tool.records.file import record_line, record_of
from sse_perf_tool.report_generator import generate_html_report
from sse_perf_tool.report_parts.findings import findings

MS = 1_000_000
OK, TRUNCATED, CONNECT, HTTP = Outcome.OK, Outcome.TRUNCATED, Outcome.CONNECT_ERROR, Outcome.HTTP_ERROR


def request(number: int, start_ms: float, end_ms: float, outcome: Outcome = OK, **facts: object) -> RequestRecord:
    """A request of a closed loop; an answer has 11 chunks."""
    if outcome in (OK, TRUNCATED):
        facts = {"chunks": 11, "ttft_ns": 10 * MS, "ttfb_ns": 10 * MS, "status": 200, **facts}
    latency_ns = round((end_ms - start_ms) * MS)
    return RequestRecord(number, 1, round(start_ms * MS), outcome, latency_ns, **facts)  # type: ignore[arg-type]


def run_of(records: Iterable[RequestRecord], lang: str = "en") -> RunResult:
    tally = Tally(0)
    for record in records:
        tally.add(record)
    return tally.result(RunConfig(threads=10, lang=lang), 1_763_600_000_000_000_000)


def said(result: RunResult, kind: str, column: int = 0) -> str:
    (text,) = [each.text[column] for each in findings(result) if each.kind == kind]
    return text


def refused(number: int, start_ms: float) -> RequestRecord:
    return request(number, start_ms, start_ms + 0.3, CONNECT, refused=True, error="connection refused by h:1")


def died(first: int = 0) -> list[RequestRecord]:
    """Ten streams that break at 950 ms, before which `first` were whole, and refusals to the end."""
    whole = [request(n, 10 * n, 10 * n + 400) for n in range(first)]
    broken = [request(100 + n, 500 + n, 950 + n / 10, TRUNCATED, error="cut") for n in range(10)]
    return [*whole, *broken, *(refused(200 + n, 951 + 100 * n) for n in range(30))]


@pytest.mark.parametrize("first", [0, 1, 20])
def test_server_that_dies_is_said_with_its_moment_and_the_streams_that_broke(first: int) -> None:
    result = run_of(died(first))
    outage = result.summary.outage
    assert outage is not None
    assert (outage.begin_s, outage.end_s) == (pytest.approx(0.95), None)
    assert (outage.failures, outage.all_failures, outage.broken, outage.refused) == (40, 40, 10, True)
    assert "refused from 0.95 s on; 10 streams broke at that moment" in said(result, "outage")
    assert "自 0.95 s 起拒绝连接；10 个流在那一刻中断" in said(result, "outage", 1)


def test_dead_server_behind_a_proxy_is_named_by_its_status() -> None:
    records = [request(n, 50 * n, 50 * n + 40) for n in range(20)]
    records += [request(50 + n, 1_000 + n, 1_010 + n, HTTP, status=502) for n in range(20)]
    assert "HTTP 502 from 1.01 s on" in said(run_of(records), "outage")


def outage_of_4_s(stray: int = 11) -> list[RequestRecord]:
    before = [
        request(n, 10 * n, 10 * n + 9, OK if n % 20 or n // 20 >= stray else HTTP, status=500) for n in range(300)
    ]
    away = [refused(1_000 + n, 3_000 + n * 4_000 / 2_699) for n in range(2_699)]
    after = [request(5_000 + n, 7_000 + 10 * n, 7_009 + 10 * n) for n in range(300)]
    return [*before, *away, *after]


def test_outage_says_how_many_failures_fell_into_it() -> None:
    result = run_of(outage_of_4_s())
    assert "2,699 of the 2,710 failures fell into 4.0 s: refused from 3.00 s on. Then it was back." in said(
        result, "outage"
    )
    assert summary_document(result)["outage"]["failures"] == 2_699


def test_answer_that_was_cut_long_before_is_no_part_of_the_outage() -> None:
    early = request(99, 0, 50, TRUNCATED, error="cut")
    outage = run_of([request(1, -1, 800), early, *died(0)]).summary.outage
    assert outage is not None
    assert outage.begin_s == pytest.approx(0.95)
    assert outage.broken == 10


@pytest.mark.parametrize("share", [0.02, 0.1, 0.5, 0.8])
def test_failures_by_chance_are_no_outage(share: float) -> None:
    chance = random.Random(7)
    outcomes = [HTTP if chance.random() < share else OK for _ in range(2_000)]
    assert (
        run_of(request(n, 10 * n, 10 * n + 9, each, status=500) for n, each in enumerate(outcomes)).summary.outage
        is None
    )


def test_run_in_which_nothing_ever_answered_has_no_outage() -> None:
    assert run_of(refused(n, 100 * n) for n in range(50)).summary.outage is None


def test_refusals_survive_the_records_file() -> None:
    row = json.loads(record_line(refused(1, 5), 0))
    assert record_of(row, 0).refused
    assert (row["refused"], row["resent"]) == (True, 0)


def cut_at(*chunks: int) -> list[RequestRecord]:
    return [
        request(
            n,
            10 * n,
            10 * n + 9,
            TRUNCATED,
            chunks=each,
            ttft_ns=MS if each else None,
            error=f"broke after {each} chunks",
        )
        for n, each in enumerate(chunks, 1)
    ]


def test_group_of_errors_says_after_how_many_chunks(tmp_path: Path) -> None:
    result = run_of(cut_at(5, 31, 50))
    (group,) = result.summary.errors
    assert (group.chunks_min, group.chunks_median, group.chunks_max) == (5, 31, 50)
    assert "[after 5 to 50 chunks (median 31)]" in shown(lambda console: console.errors(result.summary))
    assert "[已收到 5 至 50 个数据块（中位数 31）]" in shown(lambda console: console.errors(result.summary), "zh")
    assert "after 5 to 50 chunks (median 31)" in to_markdown(result)
    generate_html_report(result, tmp_path / "r.html")
    assert "after 5 to 50 chunks (median 31)" in (tmp_path / "r.html").read_text(encoding="utf-8")
    assert summary_document(result)["errors"][0]["chunks_median"] == 31


def test_groups_of_two_processes_are_added_up_with_those_of_no_chunk() -> None:
    one, other = Tally(0), Tally(0)
    for record in cut_at(0, 0):
        one.add(record)
    for record in cut_at(4, 8):
        other.add(record)
    one.merge(other)
    (group,) = one.result(RunConfig(), 1).summary.errors
    assert (group.count, group.chunks_min, group.chunks_median, group.chunks_max) == (4, 0, 2, 8)


def test_group_without_chunks_says_nothing_of_them() -> None:
    result = run_of(refused(n, n) for n in range(3))
    (group,) = result.summary.errors
    assert (group.chunks_min, group.chunks_max) == (None, None)
    assert sorted(summary_document(result)["errors"][0]) == ["count", "example_request", "message", "outcome"]


def with_slow_failures(ok_ms: Iterable[float], failed_s: float, failures: int = 8) -> RunResult:
    ok = [request(n, 0, 1_000, ttft_ns=round(ms * MS)) for n, ms in enumerate(ok_ms)]
    slow = {"chunks": 3, "ttft_ns": round(failed_s * 1e9), "error": "t"}
    return run_of([*ok, *(request(500 + n, 0, 30_000, Outcome.TIMEOUT, **slow) for n in range(failures))])


def test_first_tokens_of_failed_requests_are_said_where_they_change_a_figure() -> None:
    result = with_slow_failures([200.0] * 200, 28.0)
    assert result.summary.failed_first_tokens == FailedFirstTokens(8, 28_000.0, "p99", 200.0, 28_000.0)
    assert said(result, "failed_first_tokens") == (
        "8 failed requests had a first token, after 28.0 s (median), which is in no figure. "
        "With them the P99 of the TTFT would be 28.0 s instead of 200 ms."
    )


def test_first_tokens_like_those_of_the_others_are_not_worth_a_word() -> None:
    assert with_slow_failures([200.0] * 200, 0.2).summary.failed_first_tokens is None
    assert with_slow_failures([200.0] * 200, 0.21, 1).summary.failed_first_tokens is None


def test_first_tokens_of_failed_requests_alone_are_said() -> None:
    assert "No other request had one." in said(with_slow_failures([], 28.0), "failed_first_tokens")
