"""The table of metrics on the console: of one request its values, of many their percentiles."""

from __future__ import annotations

from dataclasses import replace

from console_output import LANGUAGES, shown
from report_runs import sample_run
from sse_perf_tool.metrics import Tally
from sse_perf_tool.records import Outcome, RequestRecord, RunConfig
from sse_perf_tool.units import NS_PER_MS

ANSWER = RequestRecord(
    1, 0, 0, Outcome.OK, 900 * NS_PER_MS, ttfb_ns=90 * NS_PER_MS, ttft_ns=100 * NS_PER_MS, output_tokens=3, chunks=3,
    gaps_us=(20_000, 40_000), token_source="usage",
)  # fmt: skip


@LANGUAGES
def test_a_single_request_has_values_and_no_percentiles(lang: str) -> None:
    tally = Tally(0)
    tally.add(ANSWER)
    text = shown(lambda console: console.summary(tally.result(RunConfig(threads=1), 0)), lang)
    rows = [line.split() for line in text.splitlines()]
    assert ["TTFB", "ms", "90.0"] in rows
    assert ["TPOT", "ms", "30.0"] in rows  # 60 ms over two gaps
    assert "n/a" not in text
    assert "P99" not in text


def test_many_requests_have_percentiles() -> None:
    text = shown(lambda console: console.summary(replace(sample_run(120))))
    assert "P99" in text
