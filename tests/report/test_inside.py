"""The section of the report that shows what happens inside the answers."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

from agent_answers import agent_answer, plain_answer, run_of
from sse_perf_tool.records import Span
from sse_perf_tool.report_generator import generate_html_report
from sse_perf_tool.report_parts.data import run_data
from sse_perf_tool.report_parts.inside import inside_html
from sse_perf_tool.report_parts.tables import metrics_table

RUN = run_of([agent_answer(number, scale=1 + (number == 20)) for number in range(1, 21)])
EVIL = "</svg><script>alert(1)</script>\x1b[31m"


def bars_of(html: str) -> list[list[tuple[str, float, float]]]:
    """Of each bar of phases: class, begin and width in percent of its parts."""
    found = []
    for svg in re.findall(r'<svg class="phasebar".*?</svg>', html):
        rects = ElementTree.fromstring(svg).iter("rect")
        found.append([(r.get("class", ""), float(r.get("x", "")[:-1]), float(r.get("width", "")[:-1])) for r in rects])
    return found


def test_the_bar_of_an_answer_has_its_parts_as_wide_as_they_are_long() -> None:
    html = inside_html(RUN)
    assert bars_of(html)[0] == [
        ("kind-waiting", 0, 5), ("kind-step", 5, 5), ("kind-reasoning", 10, 20), ("kind-step", 30, 10),
        ("kind-tool", 40, 30),
        ("kind-step", 70, 10), ("kind-text", 80, 10), ("kind-step", 90, 5), ("kind-waiting", 95, 5),
    ]  # fmt: skip
    assert "The answer nearest to the median: request 1, 1.00 s" in html
    assert "最接近 P99 的回答：请求 20，2.00 s" in html
    assert "tool weather 300 ms" in html
    assert "步骤内等待 agent 300 ms" in html


def test_one_answer_that_is_median_and_p99_is_shown_once() -> None:
    assert len(bars_of(inside_html(run_of([agent_answer(1)])))) == 1


def test_the_table_has_a_row_for_each_kind_and_name() -> None:
    html = inside_html(RUN)
    rows = re.findall(r'id="milestones-table".*', html, re.DOTALL)[0]
    cells = re.sub(r"<[^>]+>", "|", rows)
    assert re.search(r"tool call\|+工具调用\|+weather\|+100 %\|+1\.00\|+400\|+300\|+315\|+n/a", cells)
    assert "usage" not in cells


def test_the_table_of_all_metrics_has_words_for_each_of_its_rows() -> None:
    """What only the table of milestones is about, such as when the first `usage` came, is no row of it."""
    metrics = RUN.summary.metrics
    assert {"first_end_ms", "first_text_ms", "first_tool_call_ms[weather]"} <= set(metrics)
    html = metrics_table(RUN.summary)
    assert [name for name in metrics if re.search(rf'<th scope="row"[^>]*>{re.escape(name)}\b', html)] == []
    assert "First tool call" in html


def test_a_run_of_text_alone_has_no_such_section() -> None:
    assert inside_html(run_of([plain_answer(1)])) == ""


def test_names_of_a_server_are_no_markup() -> None:
    spans = (Span("step", EVIL, 0, 500_000, 1), Span("tool_call", EVIL, 100, 2_000, 1), Span("text", "", 10, 20, 3))
    html = inside_html(run_of([agent_answer(1, spans=spans)]))
    assert "<script" not in html
    assert "\x1b" not in html
    assert len(bars_of(html)) == 1


def test_the_page_holds_the_section_and_the_phases_of_its_requests(tmp_path: Path) -> None:
    path = tmp_path / "r.html"
    generate_html_report(RUN, path)
    text = path.read_text(encoding="utf-8")
    assert text.count('id="inside"') == 1
    details = run_data(RUN)["requests"]["details"]
    assert details["0"]["phases"][2] == ["reasoning", "", 100.0, 300.0]
    assert "phases" not in json.dumps(run_data(run_of([plain_answer(1)]))["requests"]["details"])
