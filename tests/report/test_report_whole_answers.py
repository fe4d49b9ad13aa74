"""What each output shows of answers without a stream."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from sse_perf_tool.console import Console
from sse_perf_tool.exporters.csv_table import to_csv
from sse_perf_tool.exporters.json_summary import summary_document
from sse_perf_tool.exporters.markdown import to_markdown
from sse_perf_tool.goals.compare import differences
from sse_perf_tool.metrics import Tally
from sse_perf_tool.records import Outcome, RequestRecord, RunConfig, RunResult
from sse_perf_tool.report_generator import generate_compare_report, generate_html_report
from sse_perf_tool.report_parts.data import run_data
from sse_perf_tool.report_parts.tables import groups_section
from sse_perf_tool.report_parts.verdict import verdict
from sse_perf_tool.test_runner import count_finished, new_shared_stats, sample_between, snapshot
from sse_perf_tool.texts import display_width
from whole_answers import NS_PER_MS

pytestmark = pytest.mark.usefixtures("own_folder")


def record_of(number: int, latency_ms: int, tokens: int, size: int = 1000, turn: int = 1) -> RequestRecord:
    return RequestRecord(
        request_id=number,
        thread_id=1,
        started_ns=0,
        outcome=Outcome.OK,
        latency_ns=latency_ms * NS_PER_MS,
        status=200,
        ttfb_ns=latency_ms * NS_PER_MS // 2,
        output_tokens=tokens,
        token_source="usage",
        bytes_received=size,
        query="hi",
        format="openai_chat",
        turn=turn,
    )


def result_of(*records: RequestRecord, **config: Any) -> RunResult:
    tally = Tally(0)
    for record in records:
        tally.add(record)
    return tally.result(RunConfig(stream=False, **config), 0)


RESULT = result_of(record_of(1, 500, 10, 1000), record_of(2, 2000, 30, 3000))


def test_figures_of_whole_answers() -> None:
    metrics = RESULT.summary.metrics
    assert (metrics["latency_ms"].mean, metrics["ttfb_ms"].mean, metrics["response_bytes"].mean) == (1250, 625, 2000)
    # 10 tokens in 0.5 s are 20 a second, 30 in 2 s are 15.
    assert (metrics["tokens_per_s"].min, metrics["tokens_per_s"].max) == pytest.approx((15, 20))
    for name in ("ttft_ms", "ttfa_ms", "itl_ms", "tpot_ms", "streaming_ms", "max_gap_ms"):
        assert (metrics[name].count, metrics[name].mean) == (0, None), name
    # 4000 bytes within 2 s
    assert (RESULT.summary.bytes_per_s, RESULT.summary.output_tokens_per_s) == (2000, 20)


def test_the_tokens_of_a_whole_answer_count_when_it_ends() -> None:
    assert [sample.tokens for sample in RESULT.time_series] == [10, 0]
    later = result_of(record_of(1, 1500, 10), record_of(2, 2500, 30))
    assert [sample.tokens for sample in later.time_series] == [0, 10, 30]


def test_the_live_figures_have_the_tokens_of_whole_answers() -> None:
    stats = new_shared_stats()
    before = snapshot(stats)
    count_finished(stats, record_of(1, 500, 10))
    count_finished(stats, record_of(2, 500, 30))
    sample = sample_between(0, before, snapshot(stats), {})
    assert (sample.tokens, sample.chunks, sample.avg_ttft_ms) == (40, 0, None)


def test_the_json_tells_the_rate_and_leaves_out_what_no_stream_has() -> None:
    document = summary_document(RESULT)
    assert document["rates"]["bytes_per_s"] == 2000
    assert document["config"]["stream"] is False
    assert document["metrics"]["ttft_ms"] == dict.fromkeys(document["metrics"]["ttft_ms"]) | {"count": 0}
    assert "ttft_ms,0,,,,,,,,\r\n" in to_csv(RESULT)


def test_markdown_has_no_row_of_a_stream() -> None:
    text = to_markdown(RESULT)
    assert "TTFT" not in text
    assert "TPOT" not in text
    assert "1 thread, not streamed" in text
    assert text.splitlines()[-1].endswith("· 2.00 kB/s")


@pytest.mark.parametrize(("lang", "rate"), [("en", "2.00 kB/s"), ("zh", "2.00 kB/s")])
def test_the_console_shows_no_figure_of_a_stream(lang: str, rate: str) -> None:
    out = io.StringIO()
    Console(out, lang).summary(result_of(*(record_of(n, 2000, 10, 2000, n) for n in (1, 2)), turns=2))
    lines = out.getvalue().splitlines()
    assert rate in out.getvalue()
    assert not [line for line in lines if "TTFT" in line or "TPOT" in line or "chunks" in line or "数据块" in line]
    assert max(map(display_width, lines)) <= 80


def test_the_live_table_has_requests_in_place_of_blocks() -> None:
    stats, out = new_shared_stats(), io.StringIO()
    count_finished(stats, record_of(1, 500, 10))
    totals = snapshot(stats)
    sample = sample_between(0, snapshot(new_shared_stats()), totals, {})
    Console(out, "en").row(sample, totals, RESULT.config)
    head, row = (line.split() for line in out.getvalue().splitlines())
    assert head == ["time", "threads", "requests", "avg", "resp", "ms", "tokens/s", "success"]
    assert row == ["0:01", "0/1", "1", "500", "10.0", "100", "%"]


def test_one_whole_answer_is_shown_with_its_size() -> None:
    out = io.StringIO()
    Console(out, "en").answer(record_of(1, 500, 10))
    facts = out.getvalue()
    assert "received          1,000 bytes" in facts
    assert "throughput        20.0 tokens/s" in facts
    assert [word for word in ("chunks", "TTFT", "TPOT", "streaming") if word in facts] == []


def test_the_verdict_is_about_whole_answers() -> None:
    found = verdict(result_of(*(record_of(n, 100 if n < 190 else 900, 10) for n in range(200))))
    assert found.sentences[1][0] == "Half of the answers were complete within 100 ms, 99 % within 900 ms."
    assert "The slowest 1 % of answers took 9.00 times the median. See when." in [look.text[0] for look in found.looks]
    few = verdict(RESULT).sentences[1]
    assert few == ("Half of the answers were complete within 1.25 s.", "一半的回答在 1.25 s 内完成。")


def test_answers_that_become_slower_are_pointed_at() -> None:
    def at(number: int) -> RequestRecord:
        record = record_of(number, 100 if number < 50 else 300, 10)
        return RequestRecord(
            **{name: getattr(record, name) for name in ("request_id", "thread_id", "outcome", "latency_ns", "status")},
            started_ns=number * 100 * NS_PER_MS,
        )

    looks = [look.text[0] for look in verdict(result_of(*map(at, range(150)))).looks]
    assert "Answers took 3.00 times as long in the last fifth of the run as in the first." in looks


def test_the_report_has_no_figure_and_no_column_of_a_stream(tmp_path: Path) -> None:
    path = tmp_path / "r.html"
    generate_html_report(result_of(*(record_of(n, 2000, 10, 2000, n) for n in (1, 2)), turns=2), path)
    markup = path.read_text(encoding="utf-8").partition('<script type="application/json"')[0]
    assert [word for word in ("TTFT", "TPOT", "ITL", "Streaming time") if word in markup] == []
    assert "Transfer rate" in markup
    assert "2,000 bytes per answer" in markup
    assert run_data(RESULT)["streamed"] is False
    assert run_data(RESULT)["requests"]["columns"]["rate"] == [20.0, 15.0]


def test_the_table_of_turns_has_the_columns_of_streams_only_for_streams() -> None:
    turns = result_of(*(record_of(n, 2000, 10, 2000, n) for n in (1, 2))).summary.turns
    assert "TTFT" in groups_section("turn", turns)
    assert "TTFT" not in groups_section("turn", turns, stream=False)


def test_a_comparison_leaves_out_what_neither_run_measured(tmp_path: Path) -> None:
    runs = [result_of(*(record_of(n, ms, 10) for n in range(20))) for ms in (500, 700)]
    assert {each.metric for each in differences(*runs)} == {
        "success_rate", "requests_per_s", "output_tokens_per_s", "ttfb_ms", "latency_ms", "tokens_per_s",
    }  # fmt: skip
    path = tmp_path / "c.html"
    generate_compare_report(runs, path)
    markup = path.read_text(encoding="utf-8")
    assert "TTFT" not in markup.partition('<script type="application/json"')[0]
    assert '"streamed":false' in markup


def test_runs_with_and_without_a_stream_are_told_apart() -> None:
    whole = result_of(*(record_of(n, 500, 10) for n in range(20)))
    tally = Tally(0)
    tally.add(RequestRecord(1, 1, 0, Outcome.OK, 5, ttft_ns=1, output_tokens=2, chunks=1))
    streamed = tally.result(RunConfig(), 0)
    assert "ttft_ms" in {each.metric for each in differences(whole, streamed)}
