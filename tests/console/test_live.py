"""The live table and the progress line."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest

from console_output import HALFWAY, LANGUAGES, TEN_SECONDS, shown, totals
from sse_perf_tool.console import Console
from sse_perf_tool.records import IntervalSample, RunConfig
from sse_perf_tool.texts import display_width

ESCAPE = re.compile(r"\x1b\[[0-9;]*[mK]|\r")


def test_a_row_has_the_averages_of_the_run_and_the_tokens_of_its_second() -> None:
    sample = IntervalSample(second=64, threads_active=8, tokens=266.6)
    head_line, row = shown(lambda console: console.row(sample, HALFWAY, TEN_SECONDS)).splitlines()
    assert head_line == "    time     threads      chunks TTFT ms avg resp ms TPOT ms  tokens/s  success"
    assert row == "    1:05        8/10         437       -       2,000    30.0       267   75.0 %"


def test_a_row_before_the_first_answer_shows_that_nothing_is_known() -> None:
    sample = IntervalSample(second=0, threads_active=10, tokens=12)
    row = shown(lambda console: console.row(sample, totals(chunks=12), TEN_SECONDS)).splitlines()[1]
    assert row.split() == ["0:01", "10/10", "12", "-", "-", "-", "12.0", "-"]


def test_a_row_with_nothing_but_failures_shows_no_success() -> None:
    sample = IntervalSample(second=0, threads_active=10)
    row = shown(lambda console: console.row(sample, totals(requests_failed=4), TEN_SECONDS)).splitlines()[1]
    assert row.split() == ["0:01", "10/10", "0", "-", "-", "-", "0", "0", "%"]


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
    assert [display_width(line) for line in lines] == [79, 79]


@pytest.mark.parametrize(
    ("lang", "config", "words"),
    [
        ("en", {"duration_s": 60.0}, "0:57 left, 6 requests done"),
        ("zh", {"duration_s": 60.0}, "剩余 0:57，已完成 6 个请求"),
        ("en", {"duration_s": 60.0, "ramp_up_s": 10.0}, "1:07 left, 6 requests done"),
        ("en", {"duration_s": 1.0}, "0:00 left, 6 requests done"),
        ("en", {"requests": 40}, "0:17 left, 6 of 40 requests"),
        ("zh", {"requests": 40}, "剩余 0:17，已完成 6/40 个请求"),
        ("en", {"threads": 9}, "0:01 left, 6 of 9 requests"),
    ],
)
def test_a_terminal_shows_below_the_table_how_far_the_run_is(lang: str, config: dict[str, Any], words: str) -> None:
    def show(console: Console) -> None:
        console.row(IntervalSample(2), HALFWAY, RunConfig(**config))

    assert re.fullmatch(rf"━*╸? +\d+ %  {words}", shown(show, lang, terminal=True).rpartition("\n\r\x1b[K")[2])
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


def test_a_reader_that_has_gone_does_not_end_the_process_when_a_styled_line_is_written() -> None:
    class Gone(io.StringIO):
        def flush(self) -> None:
            raise BrokenPipeError

    console = Console(Gone(), "en", color=True)
    console.warn("one")  # Rich would raise SystemExit when it flushed the stream itself
    console.warn("two")


def test_the_line_on_which_the_terminal_wrote_ctrl_c_is_written_over() -> None:
    said = "stopping: requests in flight may take up to 5 s more; press Ctrl-C again to end at once\n"
    assert shown(lambda console: console.stopping(5), terminal=True, columns=100).endswith("\r\x1b[K" + said)
    assert shown(lambda console: console.stopping(5)) == said
