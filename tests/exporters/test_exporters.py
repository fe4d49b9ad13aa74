"""What goes into the files for programs and pipelines: CSV, Markdown, JUnit XML."""

from __future__ import annotations

import csv
import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from sse_perf_tool.exporters import EXPORTERS
from sse_perf_tool.exporters.csv_table import to_csv
from sse_perf_tool.exporters.json_summary import summary_document
from sse_perf_tool.exporters.junit import junit_of, to_junit
from sse_perf_tool.exporters.markdown import to_markdown
from sse_perf_tool.metrics import METRICS, Tally
from sse_perf_tool.records import Outcome, RequestRecord, RunConfig, RunResult

MS = 1_000_000
STARTED_UNIX_NS = 1_763_600_000 * 1_000_000_000
CONFIG = RunConfig(url="http://h/v1/chat/completions", model="qwen", threads=4, requests=12)
EVIL = "a|b `c` ``d`` <img src=x> @team #12 [l](http://x) **x** </failure>\x1b[31m\x00\n- item ]]> \ud800 \ufffe 😀"


def answer(number: int, ttft_ms: int = 100, tokens: int = 11) -> RequestRecord:
    """An answer of `tokens` tokens, the first after `ttft_ms`, then one every 20 ms; one after the other."""
    return RequestRecord(
        number,
        1,
        (number - 1) * 500 * MS,
        Outcome.OK,
        (ttft_ms + 20 * (tokens - 1)) * MS,
        status=200,
        ttfb_ns=ttft_ms * MS,
        ttft_ns=ttft_ms * MS,
        streaming_ns=20 * (tokens - 1) * MS,
        output_tokens=tokens,
        token_source="usage",
        chunks=tokens,
        gaps_us=(20_000,) * (tokens - 1),
    )


def failure(number: int, outcome: Outcome = Outcome.TIMEOUT, error: str = "too late") -> RequestRecord:
    return RequestRecord(number, 1, (number - 1) * 500 * MS, outcome, 500 * MS, error=error)


def run(records: Sequence[RequestRecord], **changes: Any) -> RunResult:
    tally = Tally(origin_ns=0)
    for record in records:
        tally.add(record)
    return tally.result(replace(CONFIG, **changes), STARTED_UNIX_NS)


TEN_AND_TWO = [*(answer(number, ttft_ms=10 * number) for number in range(1, 11)), failure(11), failure(12)]
"""TTFT of 10, 20, ... 100 ms and two failures."""


# CSV.


def rows_of(text: str) -> dict[str, dict[str, str]]:
    return {row["metric"]: row for row in csv.DictReader(io.StringIO(text, newline=""))}


def test_the_table_has_a_row_for_each_metric_and_nothing_else() -> None:
    head, *lines = to_csv(run(TEN_AND_TWO)).removesuffix("\r\n").split("\r\n")
    assert head == "metric,count,mean,stddev,min,p50,p90,p95,p99,max"
    assert [line.split(",")[0] for line in lines] == list(METRICS)
    assert {line.count(",") for line in lines} == {9}


def test_the_figures_are_those_of_ok_requests_and_a_percentile_of_too_few_is_empty() -> None:
    ttft = rows_of(to_csv(run(TEN_AND_TWO)))["ttft_ms"]
    assert ttft.pop("stddev") == "30.276504"  # the square root of 8250 / 9
    assert ttft == {
        "metric": "ttft_ms", "count": "10", "mean": "55.0", "min": "10.0",
        "p50": "55.0", "p90": "91.0", "p95": "", "p99": "", "max": "100.0",
    }  # fmt: skip


def test_what_was_not_measured_is_an_empty_cell() -> None:
    row = rows_of(to_csv(run([failure(1)])))["ttft_ms"]
    assert list(row.values()) == ["ttft_ms", "0", *[""] * 8]


def test_the_table_is_ascii_so_that_every_spreadsheet_reads_it_without_a_mark() -> None:
    text = to_csv(run([answer(1), failure(2, error=EVIL)], model=EVIL))
    assert text.isascii()
    assert text.startswith("metric,")


# Markdown.


def table_of(text: str) -> dict[str, list[str]]:
    """First cell -> the others, of the table in the text."""
    lines = [line[2:-2].split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return {first: rest for first, *rest in lines}


def test_the_comment_begins_with_the_verdict_and_names_what_was_tested() -> None:
    first, _, second = to_markdown(run(TEN_AND_TWO)).splitlines()[:3]
    assert first == "### ❌ 83.3 % of 12 requests succeeded"
    assert second.startswith(
        "`qwen` · `http://h/v1/chat/completions` · 4 threads, 12 requests in total, timeout 60 s · "
    )


def test_the_comment_has_a_table_of_the_metrics_that_were_measured() -> None:
    table = table_of(to_markdown(run(TEN_AND_TWO)))
    assert table["Metric"] == ["Mean", "P50", "P90", "P95", "P99", "Max", "Count"]
    assert table["TTFT (ms)"] == ["55.0", "55.0", "91.0", "n/a", "n/a", "100", "10"]
    assert table["ITL (ms)"] == ["20.0", "20.0", "20.0", "20.0", "20.0", "20.0", "100"]
    assert {len(cells) for cells in table.values()} == {7}
    assert "TTFA (ms)" not in table


def test_the_comment_lists_rates_and_errors() -> None:
    lines = to_markdown(run(TEN_AND_TWO)).splitlines()
    assert "2.00 requests/s · 18.3 tokens/s (110 in total, the server's usage figures)" in lines  # 12, 110 in 6 s
    assert lines[-3:] == ["**Errors by kind**", "", "- 2 × timeout: `too late` (e.g. request 11)"]


def test_the_comment_speaks_the_language_of_the_run() -> None:
    text = to_markdown(run(TEN_AND_TWO, lang="zh"))
    assert text.startswith("### ❌ 12 个请求中 83.3 % 成功\n")
    assert "- 2 × 超时: `too late` (例如请求 11)" in text
    assert "4 个线程，共 12 个请求" in text


def test_foreign_text_stays_inside_its_code_span() -> None:
    text = to_markdown(replace(run([failure(1, error=EVIL)], url=EVIL, model=EVIL), warnings=[EVIL]))
    spans = re.findall(r"(?<!`)(`{3})(?!`) (.*?) (?<!`)\1(?!`)", text)
    assert len(spans) == 4, "model, address, error, warning: behind more backticks than stand in them"
    outside = re.sub(r"(?<!`)(`{3})(?!`) .*? (?<!`)\1(?!`)", "", text)
    assert not re.search(r"[`<\[@|\x1b\x00]|item", outside)


def test_only_the_most_frequent_errors_are_listed() -> None:
    kinds = [failure(number + 1, error=f"kind {chr(97 + number)}") for number in range(13)]
    text = to_markdown(run(kinds))
    assert text.count(" × timeout") == 10
    assert text.endswith("- … +3\n")


def test_a_run_without_any_request_makes_every_output() -> None:
    nothing = run([])
    assert to_markdown(nothing).startswith("### ➖ No request finished\n")
    assert all(exporter.text_of(nothing).endswith("\n") for exporter in EXPORTERS.values())


def test_the_comment_says_how_many_requests_do_not_count() -> None:
    assert "Not counted: 1 request cancelled at the end." in to_markdown(
        run([answer(1), failure(2, Outcome.CANCELLED)])
    )


# JUnit XML.


def cases_of(text: str) -> dict[str, tuple[str, str]]:
    """Name of each test case -> ("", "") when it passed, else what it is and its message."""
    found = {}
    for case in ET.fromstring(text).iter("testcase"):
        states = [(child.tag, child.attrib["message"]) for child in case]
        found[case.attrib["name"]] = states[0] if states else ("", "")
    return found


def test_a_run_without_failures_passes_every_case() -> None:
    cases = cases_of(to_junit(run([answer(1), answer(2)])))
    failed_outcomes = [outcome.value for outcome in Outcome if outcome not in (Outcome.OK, Outcome.CANCELLED)]
    assert list(cases) == ["run is whole", "all requests ok", *(f"no {name}" for name in failed_outcomes)]
    assert set(cases.values()) == {("", "")}


def test_failed_requests_fail_the_run_and_their_outcomes() -> None:
    text = to_junit(run([*TEN_AND_TWO, failure(13, Outcome.EMPTY, "nothing came")]))
    cases = cases_of(text)
    assert cases["all requests ok"] == ("failure", "3 of 13 requests failed")
    assert cases["no timeout"] == ("failure", "2 of 13 requests ended with timeout")
    assert cases["no empty"] == ("failure", "1 of 13 requests ended with empty")
    assert cases["no truncated"] == ("", "")
    suites = ET.fromstring(text)
    said = [failed.text for failed in suites.iter("failure")]
    both = "2 x timeout: too late (e.g. request 11)\n1 x empty: nothing came (e.g. request 13)"
    assert said == [both, both.splitlines()[0], both.splitlines()[1]]
    for element in (suites, suites[0]):
        counts = [element.attrib[name] for name in ("tests", "failures", "errors", "skipped", "time")]
        assert counts == ["12", "3", "0", "0", "6.5"]


def test_cancelled_requests_fail_nothing() -> None:
    assert set(cases_of(to_junit(run([answer(1), failure(2, Outcome.CANCELLED)]))).values()) == {("", "")}


def test_a_run_in_which_nothing_came_to_an_end_passes_nothing() -> None:
    cases = cases_of(to_junit(run([failure(1, Outcome.CANCELLED)])))
    assert cases.pop("run is whole") == ("", "")
    assert set(cases.values()) == {("skipped", "no request finished")}


@pytest.mark.parametrize(
    ("cut_short", "words"),
    [("interrupted", "The run was interrupted"), ("partial", "PARTIAL: a process or a worker of the tool ended early")],
)
def test_a_run_that_was_cut_short_fails_its_case_and_says_so_in_the_comment(cut_short: str, words: str) -> None:
    result = replace(run([answer(1)]), **{cut_short: True})
    state, message = cases_of(to_junit(result))["run is whole"]
    assert state == "failure"
    assert message.startswith(words)
    assert words in to_markdown(result)


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        (37, "was lost in mid-run; missing: 37 requests."),
        (1, "was lost in mid-run; missing: 1 request."),
        (0, "ended early; none of its requests is missing."),
    ],
)
def test_a_run_that_lost_a_part_says_how_many_requests_are_missing(missing: int, words: str) -> None:
    result = replace(run([answer(1)]), partial=True, missing_requests=missing)
    said = f"PARTIAL: a process or a worker of the tool {words}"
    assert cases_of(to_junit(result))["run is whole"] == ("failure", said)
    assert said in to_markdown(result)
    before = {key: value for key, value in summary_document(result).items() if key != "missing_requests"}
    assert "missing: an unknown number of requests." in cases_of(junit_of(before))["run is whole"][1]


def test_thresholds_are_cases_and_decide_instead_of_the_failed_requests() -> None:
    document = summary_document(run(TEN_AND_TWO))
    document["thresholds"] = [
        {"rule": "ttft_ms.p90<100", "value": 91.0, "ok": True},
        {"rule": "success_rate>0.9", "value": 0.833, "ok": False},
    ]
    cases = cases_of(junit_of(document))
    assert cases["ttft_ms.p90<100"] == ("", "")
    assert cases["success_rate>0.9"] == ("failure", "success_rate>0.9 is missed: 0.833")
    assert cases["all requests ok"] == ("skipped", "2 of 12 requests failed")


def test_foreign_text_cannot_break_the_xml() -> None:
    text = to_junit(run([failure(1, error=EVIL)], url=EVIL))
    suites = ET.fromstring(text.encode())
    assert suites[0].attrib["name"].startswith("sse-perf a|b `c` ``d`` <img src=x> @team")
    assert next(suites.iter("failure")).text.count("\n") == 0
    assert [element.tag for element in suites.iter() if element.tag not in ("testsuites", "testsuite", "testcase")] == [
        "failure",
        "failure",
    ]
    assert not re.search("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe]", text)


@pytest.mark.parametrize("name", EXPORTERS)
def test_every_output_can_be_written_as_utf_8_whatever_a_server_said(name: str) -> None:
    text = EXPORTERS[name].text_of(run([answer(1), failure(2, error=EVIL)], lang="zh"))
    assert text.encode("utf-8", "replace")
    assert "\x1b" not in text
