"""The end of a run: the summary and its failures."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from console_output import HALFWAY, LANGUAGES, shown
from sse_perf_tool.console import Console, SingleRequestNotices
from sse_perf_tool.exporters.markdown import to_markdown
from sse_perf_tool.metrics import Tally
from sse_perf_tool.records import IntervalSample, Outcome, RequestRecord, RunConfig, RunResult
from sse_perf_tool.texts import display_width
from sse_perf_tool.units import NS_PER_MS, NS_PER_S, TOKENS_PER_S


def a_record(number: int, outcome: Outcome = Outcome.OK, **facts: Any) -> RequestRecord:
    """A request that took 2 s, its first token after 300 ms, then 10 tokens 100 ms apart."""
    if outcome is not Outcome.OK:
        return RequestRecord(number, 1, 0, outcome, 2 * NS_PER_S, **facts)
    times = {"ttfb_ns": 5 * NS_PER_MS, "ttft_ns": 300 * NS_PER_MS, "ttfa_ns": 900 * NS_PER_MS}
    answer = {"output_tokens": 11, "token_source": "usage", "chunks": 11, "gaps_us": (100_000,) * 10}
    return RequestRecord(number, 1, 0, outcome, 2 * NS_PER_S, streaming_ns=NS_PER_S, **times, **answer, **facts)


def result_of(*records: RequestRecord, **config: Any) -> RunResult:
    """The run of these requests."""
    tally = Tally(origin_ns=0)
    for record in records:
        tally.add(record)
    return tally.result(RunConfig(url="http://127.0.0.1:8000/v1/chat-messages", **config), 0)


# The end of a run.

FULL = result_of(
    *(a_record(number) for number in range(1, 4)),
    a_record(4, Outcome.TIMEOUT, error="too late"),
    a_record(5, Outcome.CANCELLED, error="cancelled"),
    a_record(6, retries=2),
    threads=3,
)


def test_the_summary_counts_and_adds_up() -> None:
    lines = shown(lambda console: console.summary(FULL)).splitlines()
    facts = dict(re.split(r"\s{2,}", line.strip(), maxsplit=1) for line in lines[1:12])
    assert facts["threads"] == "3"
    assert (facts["requests"], facts["ok"], facts["failed"], facts["cancelled"]) == ("6", "4", "1", "1")
    assert (facts["needed a retry"], facts["success"]) == ("1", "80.0 %")
    assert (facts["chunks"], facts["tokens"]) == ("44", "44 (reported by the server)")
    assert facts["wall time"] == "2.00 s"
    assert facts["rates"] == "3.00 requests/s, 22.0 tokens/s, 22.0 chunks/s"
    assert "  response sum      8.00 s" in lines


@LANGUAGES
def test_the_summary_is_straight_and_fits_80_columns(lang: str) -> None:
    lines = shown(lambda console: console.summary(FULL), lang).splitlines()
    assert max(map(display_width, lines)) <= 80
    begin = next(at for at, line in enumerate(lines) if "P50" in line)
    table = lines[begin : begin + 8]
    assert [display_width(line) for line in table] == [74] * 8, "with reasoning there are seven metrics"
    values = [line for line in lines[1 : begin - 1] if line]
    assert all(re.match(r"\S", at_column(line, 20)) and at_column(line, 18)[:2] == "  " for line in values)


@LANGUAGES
def test_every_metric_of_the_summary_has_room_for_six_digits(lang: str) -> None:
    answer = {"ttfb_ns": 1, "ttft_ns": 1, "ttfa_ns": 2, "output_tokens": 1, "chunks": 1}
    slow = RequestRecord(1, 1, 0, Outcome.OK, 123_456 * NS_PER_MS, **answer)
    lines = shown(lambda console: console.summary(result_of(slow, slow)), lang).splitlines()
    row = next(line for line in lines if "123,456" in line)
    assert (row.count("123,456"), display_width(row)) == (4, 74)  # mean, least, median, most


def at_column(text: str, column: int) -> str:
    """What stands from that column of a terminal on."""
    width = 0
    for place, character in enumerate(text):
        if width >= column:
            return text[place:]
        width += display_width(character)
    return ""


def test_the_first_answer_has_a_row_only_where_reasoning_came_before_it() -> None:
    plain = result_of(RequestRecord(1, 1, 0, Outcome.OK, NS_PER_S, ttft_ns=5, ttfa_ns=5, output_tokens=1, chunks=1))
    assert "first answer ms" not in shown(lambda console: console.summary(plain))
    assert "first answer ms" in shown(lambda console: console.summary(FULL))


@pytest.mark.parametrize(("lang", "note"), [("en", "n/a: too few requests"), ("zh", "n/a：请求数不足")])
def test_percentiles_of_too_few_requests_are_left_out_with_a_note(lang: str, note: str) -> None:
    lines = shown(lambda console: console.summary(FULL), lang).splitlines()
    ttfb = next(line for line in lines if line.startswith("  TTFB"))
    assert ttfb.split()[2:] == ["5.00", "5.00", "5.00", "n/a", "n/a", "n/a", "5.00"]
    assert lines[-1].startswith(f"  {note}")
    many = result_of(*(a_record(number) for number in range(100)))
    assert "n/a" not in shown(lambda console: console.summary(many), lang)


def test_a_run_in_which_nothing_was_sent_has_no_figures() -> None:
    assert shown(lambda console: console.summary(result_of())) == "Summary\n  no request was sent\n"


@pytest.mark.parametrize(("outcome", "success"), [(Outcome.CANCELLED, "n/a"), (Outcome.TIMEOUT, "0 %")])
def test_a_run_without_a_whole_answer_has_no_times(outcome: Outcome, success: str) -> None:
    text = shown(lambda console: console.summary(result_of(a_record(1, outcome))))
    assert f"  success           {success}\n" in text
    assert "response sum" not in text
    assert "P50" not in text
    assert text.endswith("\n\n  no answer was complete, so there are no times to show\n")


def test_parts_are_one_empty_line_apart_whether_there_was_a_live_table_or_not() -> None:
    def show(console: Console, rows: int) -> None:
        console.start(FULL.config, ["careful"])
        for second in range(rows):
            console.row(IntervalSample(second), HALFWAY, FULL.config)
        console.summary(FULL)
        console.errors(FULL.summary)
        console.written([("report", "report.html")])

    for rows in (0, 2):
        text = shown(lambda console, rows=rows: show(console, rows))
        assert "\n\n\n" not in text
        assert text.count("\n\n") == (5 if rows else 4)


def test_an_interrupted_run_says_so() -> None:
    tally = Tally(origin_ns=0)
    tally.add(a_record(1))
    result = tally.result(RunConfig(), 0, (), interrupted=True)
    assert "interrupted: the results cover only the time until then" in shown(lambda console: console.summary(result))


@LANGUAGES
def test_a_single_answer_has_its_facts_in_one_column(lang: str) -> None:
    ids = {"conversation_id": "c-1", "message_id": "m-1", "finish_reason": "stop", "connect_ns": 400_000}
    record = a_record(1, retries=1, error="an error", text_chars=42, **ids)

    def show(console: Console) -> None:
        notices = SingleRequestNotices(console)
        notices("status", 200)
        notices("first_byte", 5 * NS_PER_MS)
        notices("first_token", 300 * NS_PER_MS)
        console.answer(record)

    facts = [line for line in shown(show, lang).splitlines() if line.startswith("  ")]
    values, unit = [at_column(line, 20) for line in facts], TOKENS_PER_S[lang == "zh"]
    assert values[:3] == ["200", "5.00 ms", "300 ms"]
    assert values[3:9] == ["ok", "an error", "1", "c-1", "m-1", "stop"]
    assert values[-6:] == ["5.00 ms", "300 ms", "1,000 ms", "2,000 ms", "100 ms", f"11.0 {unit}"]
    assert all(at_column(line, 18)[:2] == "  " for line in facts)


# Errors.


def failures(kinds: int) -> RunResult:
    """A run with so many kinds of failures, told by a letter; the second came twice."""
    records = [a_record(at + 1, Outcome.HTTP_ERROR, error=f"fault {'ABCDEFGHIJK'[at]}") for at in range(kinds)]
    return result_of(*records, a_record(99, Outcome.HTTP_ERROR, error="fault B"))


def test_no_failures_are_no_words() -> None:
    assert shown(lambda console: console.errors(result_of(a_record(1)).summary)) == ""


def test_failures_stand_by_kind_the_most_frequent_first() -> None:
    assert shown(lambda console: console.errors(failures(2).summary)).splitlines() == [
        "Errors",
        "       2 x http_error: fault B (e.g. request 2)",
        "       1 x http_error: fault A (e.g. request 1)",
    ]
    chinese = shown(lambda console: console.errors(failures(1).summary), "zh")
    assert "1 x http_error: fault A（例如请求 1）\n" in chinese


def test_what_the_tool_says_of_a_failure_is_said_in_the_language_of_the_console() -> None:
    """Records that were written in one language are read in another."""
    error = "the answer ended after 25 chunks without its end marker"
    found = result_of(a_record(1, Outcome.TRUNCATED, error=error))
    assert f"1 x truncated: {error} (e.g. request 1)" in shown(lambda console: console.errors(found.summary))
    chinese = shown(lambda console: console.errors(found.summary), "zh")
    assert "1 x truncated: 回答在 25 个数据块后结束，但没有结束标记（例如请求 1）" in chinese
    markdown = to_markdown(replace(found, config=replace(found.config, lang="zh")))
    assert "回答在 25 个数据块后结束，但没有结束标记" in markdown


@pytest.mark.parametrize(("lang", "words"), [("en", "… and 3 more errors"), ("zh", "……另有 3 种")])
def test_of_many_kinds_of_failures_eight_are_shown_and_the_rest_is_counted(lang: str, words: str) -> None:
    lines = shown(lambda console: console.errors(failures(11).summary), lang).splitlines()
    assert sum(" x http_error: " in line for line in lines) == 8
    assert lines[-1] == f"  {words}"
    assert "x" in shown(lambda console: console.errors(failures(8).summary), lang).splitlines()[-1]


def test_the_outcome_of_a_failure_is_red_where_there_are_colours() -> None:
    text = shown(lambda console: console.errors(failures(2).summary), color=True)
    assert "\x1b[1mErrors\x1b[0m" in text
    assert "2 x \x1b[31mhttp_error\x1b[0m: fault B (" in text
