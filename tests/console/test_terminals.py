"""The console on terminals of all widths, in a pipe, without colours, and in encodings that lack its marks."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from console_output import HALFWAY, LANGUAGES, TEN_SECONDS, totals
from report_runs import sample_run, sample_search
from sse_perf_tool import cli
from sse_perf_tool.arguments import parse_arguments
from sse_perf_tool.capacity.search import StepTimes
from sse_perf_tool.commands.setup import console_of
from sse_perf_tool.console import Console, SingleRequestNotices
from sse_perf_tool.console.capacity import CapacityConsole
from sse_perf_tool.console.writer import Column
from sse_perf_tool.records import IntervalSample, RunConfig, ThresholdResult
from sse_perf_tool.texts import display_width
from sse_perf_tool.units import NS_PER_MS
from tool_runs import KEY, Terminal

RUN = replace(
    sample_run(),
    thresholds=(
        ThresholdResult("ttft_ms:p(95)<400", 491.9, False),
        ThresholdResult("errors:rate<50%", 0.0316, True),
    ),
)
SGR = re.compile(r"\x1b\[[0-9;]*m")


def written(show: Callable[[Console], object], encoding: str = "utf-8", lang: str = "en", **options: object) -> str:
    """What a stream of this encoding gets, as a terminal of this encoding shows it."""
    data = io.BytesIO()
    stream = io.TextIOWrapper(data, encoding, errors="replace", newline="")
    show(Console(stream, lang, **options))  # type: ignore[arg-type]
    stream.flush()
    return data.getvalue().decode(encoding)


def whole(console: Console) -> None:
    """All of a run: its header, seconds, summary, errors, goals."""
    config = RunConfig(url="http://localhost:8000/v1/chat/completions", threads=10, duration_s=10, query="你是谁" * 20)
    console.start(config, ["the template cannot be loaded, so the default body is sent in its place, as it is"])
    console.row(IntervalSample(2), HALFWAY, TEN_SECONDS)
    console.summary(RUN)
    console.errors(RUN.summary)
    console.trust(RUN)
    console.goals(RUN)


def shown_at(width: int, **options: object) -> list[str]:
    text = written(whole, terminal=True, columns=width, **options)  # type: ignore[arg-type]
    return SGR.sub("", text.replace("\r\x1b[K", "\n")).splitlines()


@LANGUAGES
@pytest.mark.parametrize("width", [40, 60, 80, 200])
@pytest.mark.parametrize("color", [True, False])
def test_no_line_is_wider_than_the_terminal(width: int, lang: str, *, color: bool) -> None:
    lines = shown_at(width, lang=lang, color=color)
    assert max(map(display_width, lines)) <= width
    assert "P99" in "\n".join(lines), "the last column that a table would lose"


def heads_at(width: int) -> list[str]:
    return next(line.split() for line in shown_at(width) if line.split()[:1] == ["metric"])


def test_a_table_drops_columns_before_it_breaks_and_the_tail_stays() -> None:
    assert heads_at(200) == heads_at(80) == ["metric", "avg", "min", "P50", "P90", "P95", "P99", "max"]
    assert heads_at(60) == ["metric", "avg", "P50", "P95", "P99", "max"]
    assert heads_at(40) == ["metric", "P95", "P99"]
    for width in (40, 60, 80, 200):
        rows = [line for line in shown_at(width) if line.startswith("  TTFT ms")]
        assert [len(row.split()) - 1 for row in rows] == [len(heads_at(width))], "one line a row"


def test_the_live_table_drops_columns_and_keeps_time_to_first_token() -> None:
    live = {width: next(line.split() for line in shown_at(width) if line.split()[:1] == ["time"]) for width in (40, 80)}
    assert live[40] == ["time", "TTFT", "ms", "TPOT", "ms", "tokens/s"]
    assert live[80][-1] == "success"


def test_long_lines_are_wrapped_at_words_below_where_they_began() -> None:
    lines = shown_at(60)
    at = next(number for number, line in enumerate(lines) if line.startswith("warning: "))
    assert lines[at : at + 3] == [
        "warning: the template cannot be loaded, so the default body",
        "  is sent in its place, as it is",
        "",
    ]
    error = next(number for number, line in enumerate(lines) if "in_stream_error" in line)
    assert lines[error + 1].startswith(" " * 11)


def test_a_pipe_gets_plain_whole_lines_with_all_columns() -> None:
    text = written(whole, color=False, terminal=False, columns=40)
    assert "\x1b" not in text
    assert "\r" not in text
    assert "warning: the template cannot be loaded, so the default body is sent in its place, as it is\n" in text
    assert re.search(r"^  metric +avg +min +P50 +P90 +P95 +P99 +max$", text, re.MULTILINE)


@pytest.mark.parametrize(
    ("flags", "environ", "colours", "moves"),
    [([], {}, True, True), ([], {"NO_COLOR": "1"}, False, True), ([], {"TERM": "dumb"}, False, False)],
)
def test_no_color_and_a_dumb_terminal_get_what_they_can_show(
    flags: list[str], environ: dict[str, str], *, colours: bool, moves: bool
) -> None:
    stream = Terminal()
    arguments = parse_arguments(["--api-key", KEY, *flags], environ)
    whole(console_of(arguments, cli.Environment(stream, stream, environ)))
    said = stream.getvalue()
    assert (SGR.search(said) is not None) is colours
    assert ("\x1b[K" in said) is moves


@pytest.mark.parametrize(
    ("encoding", "tick", "cross"), [("utf-8", "✓", "✗"), ("gbk", "+", "x"), ("ascii", "+", "x"), ("latin-1", "+", "x")]
)
def test_marks_are_ascii_where_the_encoding_has_no_others(encoding: str, tick: str, cross: str) -> None:
    text = written(lambda console: console.goals(RUN), encoding)
    assert f"  {tick} errors:rate<50%" in text
    assert f"  {cross} ttft_ms:p(95)<400" in text
    assert "?" not in text


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_a_mark_that_is_longer_in_ascii_moves_no_column(encoding: str) -> None:
    def show(console: Console) -> None:
        rows = [["1 … 2", "x"], ["−1.25 … +1.25", "y"]]
        console.writer.table([Column("interval … of", ">"), Column("word", "<")], rows)

    text = written(show, encoding, terminal=True, columns=40)
    assert len({line.index(word) for line, word in zip(text.splitlines(), ("word", "x", "y"), strict=True)}) == 1


def test_the_bounds_and_the_bar_are_said_in_ascii_too() -> None:
    text = written(whole, "ascii", terminal=True, columns=80, color=True)
    assert [line for line in text.splitlines() if "?" in line] == [
        line for line in text.splitlines() if line.startswith("  Query")
    ], "the question is Chinese; all else can be said"
    assert "30 %  0:07 left, 6 requests done" in SGR.sub("", text)


def test_a_terminal_without_chinese_gets_english_and_one_line_about_it(monkeypatch: pytest.MonkeyPatch) -> None:
    out, err = io.TextIOWrapper(io.BytesIO(), "ascii", errors="replace"), io.StringIO()
    status = cli.main(["--url", "http://127.0.0.1:1/chat", "--lang", "zh", "--no-report", "--retries", "0"],
                      cli.Environment(out, err, {}))  # fmt: skip
    out.flush()
    said = out.buffer.getvalue().decode()  # type: ignore[attr-defined]
    assert status == 1
    assert err.getvalue().count("\n") == 1
    assert "cannot show Chinese" in err.getvalue()
    assert said.startswith("SSE performance test\n")
    assert "connect_error" in said


# --- while it goes on


def test_the_bar_shows_the_share_and_the_time_left() -> None:
    def lines(config: RunConfig, second: int, **counts: float) -> str:
        text = written(
            lambda console: console.row(IntervalSample(second), totals(**counts), config), terminal=True, columns=80
        )
        return text.rpartition("\r\x1b[K")[2]

    assert re.fullmatch(r"━+╸? +50 %  0:05 left, 0 requests done", lines(TEN_SECONDS, 4))
    some = RunConfig(threads=2, requests=40)
    assert re.fullmatch(r"━+╸? +25 %  0:30 left, 10 of 40 requests", lines(some, 9, requests_ok=10))
    assert lines(some, 9).endswith("0 %  0 of 40 requests"), "nothing is known of the pace yet"


def test_the_averages_count_answers_under_way() -> None:
    at_first = totals(threads_active=2, chunks=12, way_ttft_ns=300 * NS_PER_MS, way_ttft_count=2,
                      way_tpot_ns=50.0 * NS_PER_MS, way_tpot_count=2)  # fmt: skip
    text = written(lambda console: console.row(IntervalSample(0), at_first, TEN_SECONDS))
    assert text.splitlines()[-1].split() == ["0:01", "0/10", "12", "150", "-", "25.0", "0", "-"]


def blocks(number: int, **options: object) -> list[str]:
    def show(console: Console) -> None:
        notices = SingleRequestNotices(console)
        for block in range(number):
            notices("block", (100 + 10 * block) * NS_PER_MS)

    return written(show, **options).splitlines()  # type: ignore[arg-type]


def test_a_single_request_has_a_row_for_each_block() -> None:
    head, first, second, *rest = blocks(40)
    assert head.split() == ["at", "ms", "chunks", "gap", "ms", "mean", "gap"]
    assert (first.split(), second.split()) == (["100", "1", "-", "-"], ["110", "2", "10.0", "10.0"])
    assert len(rest) == 38


def test_a_terminal_gets_fewer_of_them() -> None:
    shown = [int(line.split()[1]) for line in blocks(200, terminal=True)[1:]]
    assert shown == [*range(1, 9), *range(33, 200, 25)], "the first eight, then one in 250 ms"


# --- a search


@pytest.mark.parametrize("width", [60, 80])
@pytest.mark.parametrize(
    ("lang", "by", "level", "said"),
    [
        ("en", "threads", 16, "  25 %  step 1: 16 threads, 3 s left, 1,277 done"),
        ("en", "threads", 1, "  25 %  step 1: 1 thread, 3 s left, 1,277 done"),
        ("zh", "threads", 16, "  25 %  第 1 步：16 个线程，剩余 3 秒，已完成 1,277"),
        ("en", "rate", 2.5, "  25 %  step 1: 2.5 requests/s, 3 s left, 1,277 done"),
    ],
)
def test_a_step_says_its_load_with_its_unit_and_is_not_cut(
    width: int, lang: str, by: str, level: float, said: str
) -> None:
    search = replace(sample_search().search, by=by)

    def show(console: Console) -> None:
        steps = CapacityConsole(console, search, lang)
        tell = steps.on_start(level, StepTimes(0.0, 1.0, 3.0), RunConfig(duration_s=4.0))
        tell(IntervalSample(0), totals(requests_ok=1277))

    shown = written(show, lang=lang, terminal=True, columns=width).rpartition("\r\x1b[K")[2]
    assert shown.endswith(said.strip())
    assert (("━" in shown), display_width(shown) < width) == (width == 80, True)


@pytest.mark.parametrize("width", [60, 80])
def test_the_steps_of_a_search_fit_and_its_answer_has_its_figures(width: int) -> None:
    capacity = sample_search()

    def show(console: Console) -> None:
        shown = CapacityConsole(console, capacity.search, "en")
        shown.start(RunConfig(), capacity.steps, None)
        shown.answer(capacity)

    lines = written(show, terminal=True, columns=width).splitlines()
    assert max(map(display_width, lines)) <= width
    said = " ".join(line.strip() for line in lines)
    assert re.search(r"There: [\d.]+ requests/s, [\d.,]+ tokens/s, TTFT P50 [\d.]+ ms", said)
    assert "measured at the steps that decided: " in said
