"""The section of the report about the machines of a run."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from sse_perf_tool.metrics import Tally
from sse_perf_tool.records import RunConfig, WorkerFacts
from sse_perf_tool.report_parts.verdict import verdict
from sse_perf_tool.report_parts.workers import workers_html

MARKS = {
    "lost": ("bad", "lost"),
    "died": ("bad", "died"),
    "left": ("bad", "stopped there"),
    "alone": ("bad", "lost the master"),
    "words of another version": ("bad", "lost"),
}


def section(*workers: WorkerFacts, missing: int = 0) -> str:
    return workers_html(replace(Tally(0).result(RunConfig(), 0), workers=workers, missing_requests=missing))


def marks_of(page: str) -> list[tuple[str, str]]:
    """Grade and English words of what stands below the names."""
    return re.findall(r'<small class="(\w+)">(?:<span[^>]*lang="en"[^>]*>)?([\w ]+)', page)


@pytest.mark.parametrize("lost", MARKS)
def test_how_a_worker_was_lost_stands_below_its_name(lost: str) -> None:
    assert marks_of(section(WorkerFacts(1, "a", lost=lost))) == [MARKS[lost]]


def test_a_slow_worker_is_marked_and_others_are_not() -> None:
    page = section(WorkerFacts(1, "a", slow="ttft_p50_ms"), WorkerFacts(2, "<b>"))
    assert marks_of(page) == [("fair", "slower than the others")]
    assert "&lt;b&gt;" in page
    assert "<b>" not in page


def test_the_headline_says_how_many_requests_are_missing() -> None:
    whole = Tally(0).result(RunConfig(), 0)
    assert "issing" not in verdict(replace(whole, partial=True)).headline[0]
    english, chinese = verdict(replace(whole, partial=True, missing_requests=1_037)).headline
    assert english.endswith(". Missing: 1,037 requests")
    assert chinese.endswith("。缺少 1,037 个请求")


def test_clocks_and_missing_requests_are_told_and_nothing_on_one_machine() -> None:
    far = WorkerFacts(1, "a", clock_offset_ms=3_600_012.3, clock_uncertainty_ms=12.4, missing=37, lost="lost")
    near = WorkerFacts(2, "b", clock_offset_ms=-0.3, clock_uncertainty_ms=0.2)
    page = section(far, near, missing=37)
    for words in ("3,600,012", "± 12.4", "-0.300", "± 0.200", "known to ± 12.4 ms", "37 requests of lost workers"):
        assert words in page, words
    assert section() == ""
