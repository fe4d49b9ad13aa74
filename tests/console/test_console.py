"""What a person sees: figures, the live table, the summary, errors, in both languages and on any terminal."""

from __future__ import annotations

import io
import os
import re
import runpy
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from scripted_server import ANSWER, ScriptedServer, Serve, head, sized
from sse_perf_tool import cli
from sse_perf_tool.arguments import output_paths, parse_arguments
from sse_perf_tool.commands import report
from sse_perf_tool.commands.setup import console_of
from sse_perf_tool.console import Console, SingleRequestNotices, clock_time, debug_trace, number, percent
from sse_perf_tool.masking import Masker
from sse_perf_tool.metrics import Tally
from sse_perf_tool.records import IntervalSample, Outcome, RequestRecord, RunConfig, RunResult
from sse_perf_tool.test_runner import Snapshot
from sse_perf_tool.texts import display_width
from sse_perf_tool.units import NS_PER_MS, NS_PER_S

ROOT = Path(__file__).resolve().parents[2]
KEY = "sk-0123456789abcdef4Knu"
LANGUAGES = pytest.mark.parametrize("lang", ["en", "zh"])
ESCAPE = re.compile(r"\x1b\[[0-9;]*[mK]|\r")


class Terminal(io.StringIO):
    """A standard output that says it is a terminal."""

    def isatty(self) -> bool:
        """Always."""
        return True


def shown(show: Callable[[Console], object], lang: str = "en", **options: Any) -> str:
    """What `show` writes to a console."""
    stream = io.StringIO()
    show(Console(stream, lang, **options))
    return stream.getvalue()


def totals(**counts: float) -> Snapshot:
    """Counters of a run, 0 but for those given."""
    return Snapshot(**{name: counts.get(name, 0) for name in Snapshot._fields})  # type: ignore[arg-type]


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


# Figures.


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "n/a"),
        (0, "0.00"),
        (0.004, "0.00"),
        (1.005, "1.00"),
        (9.99, "9.99"),
        (10, "10.0"),
        (-5.5, "-5.50"),
        (123.45, "123.5"),
        (999.94, "999.9"),
        (1000, "1000"),
        (1234567.8, "1234568"),
    ],
)
def test_a_figure_has_three_or_four_digits_and_a_whole_one_above_a_thousand(value: float | None, text: str) -> None:
    assert number(value) == text


def test_a_unit_follows_a_figure_but_not_a_missing_one() -> None:
    assert (number(2.5, " s"), number(None, " s")) == ("2.50 s", "n/a")


@pytest.mark.parametrize(
    ("share", "text"),
    [(None, "n/a"), (1, "100%"), (0, "0.00%"), (0.5, "50.00%"), (2 / 3, "66.67%"), (0.999999, "99.99%")],
)
def test_only_all_of_them_are_100_per_cent(share: float | None, text: str) -> None:
    assert percent(share) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00"), (59.9, "0:59"), (60, "1:00"), (3599, "59:59"), (3600, "1:00:00"), (90061.5, "25:01:01")],
)
def test_a_time_is_minutes_and_seconds_with_hours_when_there_are_any(seconds: float, text: str) -> None:
    assert clock_time(seconds) == text


# What is about to be done.


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({}, "1 request"),
        ({"requests": 1}, "1 request"),
        ({"threads": 4}, "4 threads, one request each"),
        ({"threads": 4, "requests": 10}, "4 threads, 10 requests in all"),
        ({"threads": 1, "requests": 3}, "1 thread, 3 requests in all"),
        ({"threads": 4, "duration_s": 60.0}, "4 threads for 60 s"),
        ({"threads": 4, "requests": 10, "duration_s": 60.0}, "4 threads, 10 requests in all, for 60 s at most"),
        ({"threads": 4, "duration_s": 2.5, "ramp_up_s": 1.0}, "4 threads for 2.5 s, started over 1 s"),
    ],
)
def test_the_load_is_said_in_words(config: dict[str, Any], words: str) -> None:
    assert f"  Load              {words}\n" in shown(lambda console: console.start(RunConfig(**config)))


@pytest.mark.parametrize(
    ("config", "formats", "words"),
    [
        ({}, {}, "auto: the stream will tell"),
        ({}, {"guessed_format": "dify"}, "dify (auto, by the URL)"),
        ({}, {"guessed_format": "dify", "seen_format": "openai_chat"}, "openai_chat (auto)"),
        ({}, {"seen_format": ""}, "auto: the stream will tell"),
        ({"format": "custom"}, {"guessed_format": "dify", "seen_format": "custom"}, "custom"),
    ],
)
def test_the_format_is_the_one_named_else_seen_else_guessed(
    config: dict[str, Any], formats: dict[str, str], words: str
) -> None:
    assert f"  Format            {words}\n" in shown(lambda console: console.start(RunConfig(**config), **formats))


@pytest.mark.parametrize(("columns", "room"), [(200, 60), (80, 60), (50, 30), (10, 20)])
def test_a_long_query_is_cut_to_the_width_of_the_terminal(columns: int, room: int) -> None:
    text = shown(lambda console: console.start(RunConfig(query="为什么" * 20)), columns=columns)
    query = next(line for line in text.splitlines() if "为什么" in line).removeprefix("  Query             ")
    assert query.endswith("…")
    assert room - 1 <= display_width(query) <= room  # a character of two columns may not fit into the last


def test_a_query_cannot_steer_the_terminal() -> None:
    assert "\x1b" not in shown(lambda console: console.start(RunConfig(query="a\x1b[2Jb")))


def test_the_parameter_file_stands_where_there_is_no_single_query() -> None:
    config = RunConfig(query=None, param_file="examples/queries.txt")
    assert "  Query             examples/queries.txt\n" in shown(lambda console: console.start(config))


def test_warnings_stand_one_a_line_in_yellow_where_there_are_colours() -> None:
    def show(console: Console) -> None:
        console.start(RunConfig(), ["first", "second"])

    assert shown(show).endswith("warning: first\nwarning: second\n\n")
    assert shown(show, "zh").endswith("警告：first\n警告：second\n\n")
    assert shown(show, color=True).endswith("\x1b[33mwarning: first\x1b[0m\n\x1b[33mwarning: second\x1b[0m\n\n")


# The live table.

HALFWAY = totals(
    threads_active=8,
    requests_ok=3,
    requests_failed=1,
    requests_cancelled=2,
    chunks=437,
    latency_ns=6 * NS_PER_S,
    tpot_ns=90.0 * NS_PER_MS,
    tpot_count=3,
)
TEN_SECONDS = RunConfig(threads=10, duration_s=10.0)


def test_a_row_has_the_averages_of_the_run_and_the_tokens_of_its_second() -> None:
    sample = IntervalSample(second=64, threads_active=8, tokens=266.6)
    head_line, row = shown(lambda console: console.row(sample, HALFWAY, TEN_SECONDS)).splitlines()
    assert head_line == "     time     threads    blocks  avg resp ms   TPOT ms   tokens/s  success"
    assert row == "     1:05        8/10       437         2000      30.0      266.6   75.00%"


def test_a_row_before_the_first_answer_shows_that_nothing_is_known() -> None:
    sample = IntervalSample(second=0, threads_active=10, tokens=12)
    row = shown(lambda console: console.row(sample, totals(chunks=12), TEN_SECONDS)).splitlines()[1]
    assert row.split() == ["0:01", "10/10", "12", "-", "-", "12.0", "-"]


def test_a_row_with_nothing_but_failures_shows_no_success() -> None:
    sample = IntervalSample(second=0, threads_active=10)
    row = shown(lambda console: console.row(sample, totals(requests_failed=4), TEN_SECONDS)).splitlines()[1]
    assert row.split() == ["0:01", "10/10", "0", "-", "-", "0.00", "0.00%"]


def test_the_head_of_the_live_table_comes_once() -> None:
    def show(console: Console) -> None:
        for second in range(3):
            console.row(IntervalSample(second), HALFWAY, TEN_SECONDS)

    assert [line.split()[0] for line in shown(show).splitlines()] == ["time", "0:01", "0:02", "0:03"]


@LANGUAGES
def test_the_live_table_is_straight_and_fits_80_columns(lang: str) -> None:
    busy = totals(requests_ok=2, chunks=123_456_789, latency_ns=8 * 10**13, tpot_ns=10.0**9, tpot_count=1)
    sample = IntervalSample(86_399, threads_active=10_000, tokens=1_234_567)
    config = RunConfig(threads=10_000)
    lines = shown(lambda console: console.row(sample, busy, config), lang).splitlines()
    assert [display_width(line) for line in lines] == [74, 74]


@pytest.mark.parametrize(
    ("lang", "config", "words"),
    [
        ("en", {"duration_s": 60.0}, "0:57 left, 6 requests done"),
        ("zh", {"duration_s": 60.0}, "剩余 0:57，已完成 6 个请求"),
        ("en", {"duration_s": 60.0, "ramp_up_s": 10.0}, "1:07 left, 6 requests done"),
        ("en", {"duration_s": 1.0}, "0:00 left, 6 requests done"),
        ("en", {"requests": 40}, "6 of 40 requests"),
        ("zh", {"requests": 40}, "已完成 6/40 个请求"),
        ("en", {"threads": 9}, "6 of 9 requests"),
    ],
)
def test_a_terminal_shows_below_the_table_how_far_the_run_is(lang: str, config: dict[str, Any], words: str) -> None:
    def show(console: Console) -> None:
        console.row(IntervalSample(2), HALFWAY, RunConfig(**config))

    assert shown(show, lang, terminal=True).endswith(f"\n\r\x1b[K{words}")
    assert words not in shown(show, lang), "a pipe or a log gets whole lines only"


def test_the_next_line_takes_the_place_of_the_progress_line() -> None:
    def show(console: Console) -> None:
        console.row(IntervalSample(2), HALFWAY, RunConfig(requests=40))
        console.warn("careful")
        console.warn("again")

    assert shown(show, terminal=True).endswith("6 of 40 requests\r\x1b[Kwarning: careful\nwarning: again\n")


@LANGUAGES
@pytest.mark.parametrize("columns", [20, 10])
def test_the_progress_line_stays_on_one_line_of_a_narrow_terminal(lang: str, columns: int) -> None:
    narrow: dict[str, Any] = {"terminal": True, "color": True, "columns": columns}
    text = shown(lambda console: console.row(IntervalSample(2), HALFWAY, TEN_SECONDS), lang, **narrow)
    progress = ESCAPE.sub("", text.rpartition("\n")[2])
    assert progress.endswith("…")
    assert display_width(progress) < columns


def test_a_reader_that_has_gone_is_written_to_no_more() -> None:
    class Gone(io.StringIO):
        tried = 0

        def write(self, _text: str) -> int:
            self.tried += 1
            raise BrokenPipeError

    stream = Gone()
    console = Console(stream, "en")
    console.line("one")
    console.line("two")
    assert stream.tried == 1


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
    assert (facts["needed a retry"], facts["success"]) == ("1", "80.00%")
    assert (facts["blocks"], facts["tokens"]) == ("44", "44 (reported by the server)")
    assert facts["wall time"] == "2.00 s"
    assert facts["rates"] == "3.00 requests/s, 22.0 tokens/s, 22.0 blocks/s"
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
def test_every_metric_of_the_summary_has_room_for_seven_digits(lang: str) -> None:
    answer = {"ttfb_ns": 1, "ttft_ns": 1, "ttfa_ns": 2, "output_tokens": 1, "chunks": 1}
    slow = RequestRecord(1, 1, 0, Outcome.OK, 1_234_567 * NS_PER_MS, **answer)
    lines = shown(lambda console: console.summary(result_of(slow)), lang).splitlines()
    row = next(line for line in lines if "1234567" in line)
    assert (row.count("1234567"), display_width(row)) == (3, 74)


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


@pytest.mark.parametrize(("outcome", "success"), [(Outcome.CANCELLED, "n/a"), (Outcome.TIMEOUT, "0.00%")])
def test_a_run_without_a_whole_answer_has_no_times(outcome: Outcome, success: str) -> None:
    text = shown(lambda console: console.summary(result_of(a_record(1, outcome))))
    assert f"  success           {success}\n" in text
    assert "response sum" not in text
    assert "P50" not in text
    assert text.endswith("\n\n  no answer was whole, so there are no times to show\n")


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
    assert "interrupted: the figures are of what was done until then" in shown(lambda console: console.summary(result))


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
    values = [at_column(line, 20) for line in facts]
    assert values[:3] == ["200", "5.00 ms", "300.0 ms"]
    assert values[3:9] == ["ok", "an error", "1", "c-1", "m-1", "stop"]
    assert values[-6:] == ["5.00 ms", "300.0 ms", "1000 ms", "2000 ms", "100.0 ms", "11.0 tokens/s"]
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


@pytest.mark.parametrize(("lang", "words"), [("en", "… and 3 more kinds"), ("zh", "……另有 3 种")])
def test_of_many_kinds_of_failures_eight_are_shown_and_the_rest_is_counted(lang: str, words: str) -> None:
    lines = shown(lambda console: console.errors(failures(11).summary), lang).splitlines()
    assert sum(" x http_error: " in line for line in lines) == 8
    assert lines[-1] == f"  {words}"
    assert "x" in shown(lambda console: console.errors(failures(8).summary), lang).splitlines()[-1]


def test_the_outcome_of_a_failure_is_red_where_there_are_colours() -> None:
    text = shown(lambda console: console.errors(failures(2).summary), color=True)
    assert "\x1b[1mErrors\x1b[0m" in text
    assert "2 x \x1b[31mhttp_error\x1b[0m: fault B (" in text


# What --debug shows.


def traced(*data: bytes, direction: str = ">", keys: tuple[str, ...] = ()) -> list[str]:
    """The lines that a trace shows of these pieces, 1 ms apart."""

    def show(console: Console) -> None:
        trace = debug_trace(console, Masker(keys))
        for place, piece in enumerate(data):
            trace(direction, 7 + place * NS_PER_MS, piece)

    return shown(show).splitlines()


def test_a_trace_has_the_milliseconds_since_its_first_line() -> None:
    assert traced(b"a\r\nb\r\n", b"c", b"", direction="<") == [
        "     0.000 ms < a",
        "     0.000 ms < b",
        "     1.000 ms < c",
        "     2.000 ms < (connection closed)",
    ]


@pytest.mark.parametrize(
    ("sent", "line"),
    [
        ("Authorization: Bearer a", "Authorization: Bearer …"),
        ("x-api-key: abc", "x-api-key: …"),
        (f"Authorization: Bearer {KEY}", "Authorization: Bearer sk-…4Knu"),
        ("Cookie: s=1", "Cookie: …"),
        ("POST /chat?key=abc&alt=sse HTTP/1.1", "POST /chat?key=…&alt=sse HTTP/1.1"),
        ("Content-Type: application/json", "Content-Type: application/json"),
        ('{"query":"my key: a"}', '{"query":"my key: a"}'),
    ],
)
def test_a_trace_hides_every_secret_that_is_sent_also_the_shortest(sent: str, line: str) -> None:
    assert traced(sent.encode()) == [f"     0.000 ms > {line}"]
    assert traced(sent.encode(), keys=(KEY,)) == [f"     0.000 ms > {line}"]


def test_a_trace_hides_known_keys_in_what_the_server_says() -> None:
    assert traced(f"X-Echo: {KEY}".encode(), direction="<", keys=(KEY,)) == ["     0.000 ms < X-Echo: sk-…4Knu"]


# The whole tool.


class Ran(NamedTuple):
    """What a command gave."""

    status: int
    out: str
    err: str


Tool = Callable[..., Ran]


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tool:
    """Runs the tool in an empty directory, without any variable of the environment but those given."""
    monkeypatch.chdir(tmp_path)

    def run(*argv: str) -> Ran:
        out, err = io.StringIO(), io.StringIO()
        status = cli.main(argv, cli.Environment(out, err, {}))
        return Ran(status, out.getvalue(), err.getvalue())

    return run


def at(server: ScriptedServer, *more: str, path: str = "/v1/chat/completions") -> list[str]:
    """The arguments that point the tool at the server."""
    return ["--url", server.url(path), "--api-key", KEY, "--html-report", "report.html", *more]


@pytest.mark.parametrize(
    ("flags", "environ", "colours", "progress"),
    [
        ([], {}, True, True),
        ([], {"NO_COLOR": ""}, True, True),
        ([], {"NO_COLOR": "1"}, False, True),
        (["--no-color"], {}, False, True),
        ([], {"TERM": "dumb"}, False, False),
    ],
)
@pytest.mark.usefixtures("tool")
def test_a_terminal_gets_colours_and_a_progress_line_unless_told_otherwise(
    flags: list[str], environ: dict[str, str], *, colours: bool, progress: bool
) -> None:
    arguments = parse_arguments(["--api-key", KEY, *flags], environ)
    texts = []
    for stream in (Terminal(), io.StringIO()):
        console = console_of(arguments, cli.Environment(stream, stream, environ))
        console.row(IntervalSample(2), HALFWAY, TEN_SECONDS)
        texts.append(stream.getvalue())
    assert ("\x1b[1m" in texts[0], "\x1b[K" in texts[0]) == (colours, progress)
    assert "\x1b" not in texts[1], "a pipe never gets any"


def test_a_single_request_says_what_it_warns_of_once(serve: Serve, tool: Tool) -> None:
    ran = tool(*at(serve(ANSWER), "--request-body-file", "no.json"))
    assert ran.out.count("warning: ") == 1


def test_several_requests_say_at_the_end_again_what_they_warned_of(serve: Serve, tool: Tool) -> None:
    ran = tool(*at(serve(ANSWER), "--request-body-file", "no.json", "--requests", "2"))
    assert ran.out.count("warning: ") == 2


def test_a_warning_of_the_answer_itself_is_said_for_a_single_request_too(serve: Serve, tool: Tool) -> None:
    ran = tool(*at(serve(ANSWER), path="/v1/chat-messages"))
    assert "warning: the URL looks like dify, but the answers are openai_chat and were read so" in ran.out


def test_debug_says_which_format_the_url_speaks_for(serve: Serve, tool: Tool) -> None:
    ran = tool(*at(serve(ANSWER), "--debug"))
    assert "  Format            openai_chat (auto, by the URL)\n" in ran.out
    assert "  Load              1 request\n" in ran.out


def test_report_says_the_format_that_most_answers_had(serve: Serve, tool: Tool) -> None:
    broken = sized(b"no", status="500 Broken")
    server = serve(broken, ANSWER, broken, broken)
    tool(*at(server, "--requests", "4", "--retries", "0", "--records", "run.jsonl", path="/gateway"))
    ran = tool("report", "run.jsonl", "--html-report", "again.html")
    assert "  Format            openai_chat (auto)\n" in ran.out


def test_report_of_a_run_without_answers_knows_no_format(serve: Serve, tool: Tool) -> None:
    tool(*at(serve(sized(b"no", status="401 No")), "--records", "run.jsonl", path="/gateway"))
    ran = tool("report", "run.jsonl", "--html-report", "again.html")
    assert "  Format            auto: the stream will tell\n" in ran.out


def test_a_redirect_that_loses_the_body_is_named_when_the_answer_is_none(serve: Serve, tool: Tool) -> None:
    moved = [head("302 Found", "text/plain", "Location: /elsewhere", "Content-Length: 0")]
    ran = tool(*at(serve(moved, sized(b"", status="405 Method Not Allowed")), "--retries", "0"))
    assert "HTTP 405: Method Not Allowed (a redirect had turned the POST into a GET: give the final URL)" in ran.out


def test_https_to_a_port_without_it_is_one_plain_line(serve: Serve, tool: Tool) -> None:
    server = serve([], greeting=[0.05, b"HTTP/1.1 400 Bad Request\r\n\r\n"])
    ran = tool("--url", server.url().replace("http:", "https:"), "--api-key", KEY, "--html-report", "report.html")
    place = f"127.0.0.1:{server.port}"
    assert re.search(rf"no TLS connection with {place}: [a-z ]+; does it speak https on this port\?\n", ran.out)


@LANGUAGES
def test_the_demo_without_its_packages_says_how_to_get_them(
    tool: Tool, monkeypatch: pytest.MonkeyPatch, lang: str
) -> None:
    monkeypatch.delitem(sys.modules, "sse_perf_tool.chat_server.run", raising=False)
    monkeypatch.setitem(sys.modules, "sse_perf_tool.chat_server.settings", None)
    ran = tool("--demo", "--lang", lang)
    assert (ran.status, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert 'pip install ".[server]"' in ran.err
    assert ("目录" in ran.err) is (lang == "zh")


# Names of reports.


def test_an_unused_name_is_counted_up_and_taken(tmp_path: Path) -> None:
    names = [output_paths.unused(tmp_path / "report_gpt-4.1_x.html").name for _ in range(3)]
    assert names == ["report_gpt-4.1_x.html", "report_gpt-4.1_x_2.html", "report_gpt-4.1_x_3.html"]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)


def test_a_folder_that_has_gone_leaves_the_name_as_it_is(tmp_path: Path) -> None:
    assert output_paths.unused(tmp_path / "gone" / "report.html") == tmp_path / "gone" / "report.html"


def test_two_reports_of_the_same_second_do_not_overwrite_each_other(serve: Serve, tool: Tool) -> None:
    tool(*at(serve(ANSWER), "--records", "run.jsonl"))
    again = [parse_arguments(["report", "run.jsonl"], {}, lambda: datetime(2025, 3, 4)) for _ in range(2)]
    said = io.StringIO()
    for arguments in again:
        assert report.main(arguments, cli.Environment(said, said, {})) == 0
    names = ["report_20250304_000000.html", "report_20250304_000000_2.html"]
    assert sorted(path.name for path in Path("report").iterdir()) == names
    assert re.findall(r"report/(\S+)", said.getvalue()) == names
    assert min(path.stat().st_size for path in Path("report").iterdir()) > 1_000


def test_a_report_that_was_named_is_written_over(serve: Serve, tool: Tool) -> None:
    Path("report.html").write_text("old", encoding="utf-8")
    tool(*at(serve(ANSWER)))
    assert Path("report.html").stat().st_size > 1_000
    assert not Path("report_2.html").exists()


# Processes.

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a command in the test's directory; what still runs at the end is killed."""
    processes: list[subprocess.Popen[str]] = []

    def begin(*command: str) -> subprocess.Popen[str]:
        environ = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        processes.append(subprocess.Popen(command, cwd=tmp_path, env=environ, encoding="utf-8", **pipes))  # type: ignore[call-overload]
        return processes[-1]

    yield begin
    for process in processes:
        process.kill()
        process.communicate()


SCRIPT = str(ROOT / "sse_perfTestTool.py")


@pytest.mark.skipif(os.name != "posix", reason="a shell closes the streams")
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_closed_streams_are_no_reason_to_stop(serve: Serve, start: Start, tmp_path: Path, closed: str) -> None:
    arguments = at(serve(ANSWER), "--json", "run.json")
    process = start("sh", "-c", f'"$@" {closed}', "sh", sys.executable, SCRIPT, *arguments)
    _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (0, "")
    assert (tmp_path / "run.json").stat().st_size > 100


def test_ctrl_c_while_the_imports_are_under_way_is_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupting:
        @staticmethod
        def find_spec(name: str, *_: object) -> None:
            if name == "sse_perf_tool.cli":
                raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, "sse_perf_tool.cli")
    monkeypatch.setattr(sys, "meta_path", [Interrupting, *sys.meta_path])
    monkeypatch.setattr(sys, "path", list(sys.path))
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(SCRIPT, run_name="__main__")
    assert ended.value.code == 130


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_debug_ends_with_its_closing_block(serve: Serve, start: Start, number: signal.Signals) -> None:
    server = serve([head("200 OK", "text/event-stream", "Transfer-Encoding: chunked")])
    process = start(sys.executable, SCRIPT, *at(server, "--debug"))
    assert process.stdout is not None
    while "Transfer-Encoding: chunked" not in (line := process.stdout.readline()):
        assert line, "it ended before the head of the answer came"
    process.send_signal(number)
    out, err = process.communicate(timeout=10)
    assert (process.returncode, err) == (130, "")
    assert "  outcome           cancelled\n" in out
