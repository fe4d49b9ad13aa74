"""The report of a single request: its course and its values, and no percentiles."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from report_runs import CONFIG, MS, STARTED_UNIX_NS, sample_run
from report_scenes import one_served
from sse_perf_tool.exporters.markdown import to_markdown
from sse_perf_tool.goals.thresholds import judged
from sse_perf_tool.metrics import Tally
from sse_perf_tool.records import Outcome, RequestRecord, RunResult
from sse_perf_tool.report_generator import generate_html_report
from sse_perf_tool.report_parts.one import chunks_data, course_html, only_request

ANSWER = RequestRecord(
    1,
    0,
    3 * MS,
    Outcome.OK,
    1000 * MS,
    status=200,
    connect_ns=10 * MS,
    ttfb_ns=90 * MS,
    ttft_ns=100 * MS,
    gaps_us=(20_000, 500_000, 0),
    output_tokens=4,
    token_source="usage",
    chunks=4,
    conversation_id="conv-1",
    query="hello",
)


def run(*records: RequestRecord, **settings: object) -> RunResult:
    tally = Tally(0)
    for record in records:
        tally.add(record)
    return tally.result(replace(CONFIG, threads=1, **settings), STARTED_UNIX_NS)  # type: ignore[arg-type]


def page_of(result: RunResult, folder: Path) -> str:
    """The page without its scripts, in English."""
    generate_html_report(result, folder / "one.html")
    source = (folder / "one.html").read_text(encoding="utf-8")
    source = re.sub(r"<(script|style).*?</\1>", "", source, flags=re.DOTALL)
    return re.sub(r'<span lang="zh">.*?</span>', "", source)


def test_only_a_run_of_one_request_has_such_a_page() -> None:
    only = only_request(run(ANSWER))
    assert only is not None
    assert tuple(only.gaps_us) == ANSWER.gaps_us  # kept for the course
    assert only_request(run(ANSWER, replace(ANSWER, request_id=2))) is None
    assert only_request(sample_run(5)) is None


def test_the_course_stands_first_then_the_values_and_nothing_is_a_percentile(tmp_path: Path) -> None:
    page = page_of(run(ANSWER), tmp_path)
    assert page.index("The request succeeded") < page.index("Where the time went") < page.index('id="figures"')
    assert page.index('id="figures"') < page.index('id="charts"') < page.index('id="values"')
    shown = re.sub(r"<[^>]+>", " ", page.partition("<footer")[0])
    assert not re.search(r"\bP\d\d\b|percentile|n/a|n = 1|Std dev", shown)
    assert "conv-1" in shown


def test_the_parts_of_the_bar_are_as_long_as_they_took_and_leave_no_hole() -> None:
    bar = course_html(ANSWER)
    widths = [(float(x), float(width)) for x, width in re.findall(r'x="([\d.]+)%" width="([\d.]+)%"', bar)]
    assert widths == [(0.0, 1.0), (1.0, 8.0), (9.0, 1.0), (10.0, 90.0)]  # connect, first byte, first token, end
    assert re.findall(r"\d+(?:\.\d+)? ms", re.sub(r"<svg.*?</svg>", "", bar))[0] == "10.0 ms"


def test_a_request_that_no_byte_answered_waited_all_along() -> None:
    silent = replace(ANSWER, ttfb_ns=None, ttft_ns=None, connect_ns=None, outcome=Outcome.TIMEOUT)
    assert re.findall(r'class="kind-(\w+)" x="0.000%" width="100.000%"', course_html(silent)) == ["waiting"]
    assert chunks_data(silent) == {"at": [], "count": [], "gap": []}


def test_chunks_are_at_the_sums_of_their_gaps() -> None:
    assert chunks_data(ANSWER) == {
        "at": [100.0, 120.0, 620.0, 620.0],
        "count": [1, 2, 3, 4],
        "gap": [None, 20.0, 500.0, 0.0],
    }


def test_a_failed_request_says_why_and_shows_what_it_has(tmp_path: Path) -> None:
    error = "503 <b>overloaded</b>"
    broken = replace(ANSWER, outcome=Outcome.HTTP_ERROR, status=503, error=error, ttft_ns=None, gaps_us=(), chunks=0)
    page = page_of(run(broken), tmp_path)
    assert "HTTP error: 503 &lt;b&gt;overloaded&lt;/b&gt;." in page
    assert "<b>overloaded" not in page
    assert "Too many failures" not in page
    assert re.search(r'TTFB.*?data-v="90"', page)


def test_it_has_the_parts_of_the_full_page_that_are_not_about_many_requests(tmp_path: Path) -> None:
    page = page_of(one_served(), tmp_path)
    parts = ("shape", "server", "workers")
    assert [each for each in re.findall(r'id="(\w+)"', page) if each in parts] == list(parts)
    bar = page.partition("<main")[0]
    assert [each for each in re.findall(r'href="#(\w+)"', bar) if each in parts] == list(parts)
    assert "alpha" in page
    plain = page_of(run(ANSWER), tmp_path)
    assert not re.findall(r'id="(?:server|workers)"', plain)


def test_goals_stand_in_the_tiles_of_the_request_too(tmp_path: Path) -> None:
    result = judged(run(ANSWER, thresholds=["ttft_ms:max<50"]))
    page = page_of(result, tmp_path)
    assert 'class="tile bad"' in page
    assert 'href="#goals"' in page


def test_the_comment_has_values_and_no_columns_of_percentiles() -> None:
    text = to_markdown(run(ANSWER))
    assert "| TTFT (ms) | 100 |" in text
    assert "P99" not in text
    assert "P99" in to_markdown(sample_run(5))
