"""The table of workers: its columns stand below their heads, however long a name or a figure is."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from console_output import shown
from sse_perf_tool.metrics import Tally
from sse_perf_tool.records import RunConfig, WorkerFacts
from sse_perf_tool.texts import display_width

WORKERS = (
    WorkerFacts(1, "a", requests=7, chunks_per_s=9.5, cpu_share=0.04, trust="trusted", clock_offset_ms=0.1),
    WorkerFacts(
        2, "a-machine-with-a-name-that-has-no-end.example.internal", requests=1_234_567, chunks_per_s=48_999.0,
        cpu_share=3.99, trust="degraded", clock_offset_ms=123_456.7, round_trip_ms=1234.5,
    ),
    WorkerFacts(3, "gone", lost="no sign of life"),
)  # fmt: skip
RUN = replace(Tally(0).result(RunConfig(), 0), workers=WORKERS)


def lines_of(width: int, lang: str = "en") -> list[str]:
    text = shown(lambda console: console.workers(RUN), lang, terminal=True, columns=width)
    return [line for line in text.splitlines() if line.startswith("  ")]


def test_figures_end_where_their_heads_end() -> None:
    head, *rows = lines_of(100)
    ends = [found.end() for found in re.finditer(r"requests|chunks/s|CPU|clock ms|trip ms", head)]
    assert len(ends) == 5
    for row in rows:
        assert all(row[end - 1 : end] == " " or row[end : end + 1] in (" ", "") for end in ends), row
    assert [row[: ends[0]].split()[-1] for row in rows] == ["7", "1,234,567", "0"]
    assert [row.rindex(word) for row, word in zip(rows, ("trusted", "degraded", "lost"), strict=True)] == [
        head.index("trust")
    ] * 3


@pytest.mark.parametrize(
    ("lost", "word"), [("lost", "lost"), ("died", "lost"), ("left", "stopped"), ("alone", "stopped")]
)
def test_a_worker_that_stopped_and_told_its_results_is_not_called_lost(lost: str, word: str) -> None:
    gone = replace(RUN, workers=(WorkerFacts(1, "a", lost=lost),))
    assert re.search(rf" {word}$", shown(lambda console: console.workers(gone), "en", columns=100), re.MULTILINE)


def test_no_clock_is_known_to_the_nanosecond() -> None:
    near = WorkerFacts(1, "a", clock_offset_ms=-0.000451, clock_uncertainty_ms=0.29154, round_trip_ms=0.446037)
    text = shown(lambda console: console.workers(replace(RUN, workers=(near,))), "en", terminal=True, columns=100)
    assert "clocks known to ± 0.292 ms" in text
    assert re.search(r" 0 +0\.446 ", text)


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("width", [50, 60, 80])
def test_a_narrow_terminal_loses_columns_and_breaks_no_line(width: int, lang: str) -> None:
    lines = lines_of(width, lang)
    assert len(lines) == 1 + len(WORKERS)
    assert max(map(display_width, lines)) <= width
    assert "48,999" in lines[2]
