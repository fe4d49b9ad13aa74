"""Milestones in the outputs for programs and people, and on the console."""

from __future__ import annotations

import csv
import io
import json

from agent_answers import agent_answer, plain_answer, run_of
from sse_perf_tool.exporters.csv_table import to_csv
from sse_perf_tool.exporters.json_summary import to_json
from sse_perf_tool.exporters.markdown import to_markdown
from sse_perf_tool.records import Span
from sse_perf_tool.report_parts.milestones import short_steps_text, short_times_text

RUN = run_of([agent_answer(1), agent_answer(2, scale=3)])
EVIL = "|<b>\x1b[31m`[x](http://x)"


def test_json_has_a_row_for_each_kind_and_name_and_their_metrics() -> None:
    document = json.loads(to_json(RUN))
    rows = {(row["kind"], row["name"]): row for row in document["milestones"]}
    assert rows["tool_call", "weather"]["share"] == 1
    assert rows["tool_call", "weather"]["duration_ms"]["p50"] == 600
    assert document["metrics"]["tool_call_ms[weather]"]["max"] == 900
    assert document["metrics"]["first_tool_call_ms"]["mean"] == 800
    plain = json.loads(to_json(run_of([plain_answer(1)])))
    assert plain["milestones"] == []
    assert "tool_calls" not in plain["metrics"]


def test_csv_has_the_named_metrics_and_stays_ascii() -> None:
    spans = (Span("step", "检索", 0, 10_000, 1),)
    text = to_csv(run_of([agent_answer(1, spans=spans)]))
    assert text.isascii()
    rows = {row[0]: row for row in csv.reader(io.StringIO(text))}
    assert rows["step_ms[\\u68c0\\u7d22]"][2] == "10.0"


def test_markdown_has_a_table_in_which_foreign_names_are_no_markup() -> None:
    text = to_markdown(run_of([agent_answer(1, spans=(Span("step", EVIL, 0, 10_000, 1),))]))
    (line,) = [line for line in text.splitlines() if line.startswith("| step")]
    assert line.startswith("| step | ``")
    assert "\x1b" not in text
    assert "| tool call | `weather` | 100 % | 1.00 | 800 | 600 | n/a | n/a |" in to_markdown(RUN)
    assert "| 工具调用 |" in to_markdown(run_of([agent_answer(1)], lang="zh"))
    assert "Inside the answers" not in to_markdown(run_of([plain_answer(1)]))


def test_two_lines_tell_it_on_the_console() -> None:
    assert short_times_text(RUN.summary) == (
        "waiting 40.0 %, tools 30.0 %, reasoning 20.0 %, text 10.0 %",
        "等待 40.0 %，工具 30.0 %，思考 20.0 %，正文 10.0 %",
    )
    assert short_steps_text(RUN.summary) == ("agent 1.80 s, weather 600 ms", "agent 1.80 s，weather 600 ms")
    plain = run_of([plain_answer(1)]).summary
    assert short_times_text(plain) is short_steps_text(plain) is None
