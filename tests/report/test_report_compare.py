"""Two runs: do they differ, and does the page say so?"""

from __future__ import annotations

import random
import re
from dataclasses import replace
from pathlib import Path
from statistics import mean, stdev

import pytest

from report_runs import CONFIG, STARTED_UNIX_NS, sample_run, simulate
from sse_perf_tool.goals.compare import Difference, differences, figures, judge
from sse_perf_tool.metrics import percentile
from sse_perf_tool.records import RunResult
from sse_perf_tool.report_generator import generate_compare_report


def run(requests: int = 500, **options: float) -> RunResult:
    return simulate(requests, **options).result(CONFIG, STARTED_UNIX_NS)


def by_figure(found: list[Difference]) -> dict[tuple[str, str], Difference]:
    return {(each.metric, each.statistic): each for each in found}


@pytest.mark.parametrize(
    ("metric", "low", "high", "word"),
    [
        ("ttft_ms", -9.0, -1.0, "better"),
        ("ttft_ms", 1.0, 9.0, "worse"),
        ("tokens_per_s", 1.0, 9.0, "better"),
        ("success_rate", -0.2, -0.1, "worse"),
        ("ttft_ms", -1.0, 9.0, "same"),
        ("ttft_ms", 0.0, 9.0, "same"),
        ("ttft_ms", None, None, "unknown"),
    ],
)
def test_an_interval_without_zero_is_better_or_worse_by_the_direction_of_its_metric(
    metric: str, low: float | None, high: float | None, word: str
) -> None:
    assert judge(metric, low, high) == word


def test_a_run_does_not_differ_from_itself() -> None:
    one = run()
    assert {each.word for each in differences(one, one)} == {"same"}


def test_faster_first_tokens_are_better_and_slower_ones_worse() -> None:
    slow, fast = run(800, seed=1), run(800, seed=2, slow=0.7)
    found = by_figure(differences(slow, fast))["ttft_ms", "P50"]
    assert found.word == "better"
    assert found.relative == pytest.approx(-0.3, abs=0.06)
    assert found.low < found.difference < found.high < 0
    assert by_figure(differences(fast, slow))["ttft_ms", "P50"].word == "worse"


def test_more_failures_are_worse_even_when_the_base_had_none() -> None:
    found = by_figure(differences(run(fail_share=0.0), run(fail_share=0.1)))["success_rate", ""]
    assert found.base == 1.0
    assert found.word == "worse"


def test_the_same_runs_give_the_same_intervals() -> None:
    one, two = run(200, seed=1), run(200, seed=2)
    assert differences(one, two) == differences(one, two)


def test_few_samples_are_not_judged() -> None:
    found = by_figure(differences(run(5), run(5, slow=9.0)))
    assert found["ttft_ms", "P50"].word == "unknown"
    assert found["ttft_ms", "P50"].difference is not None
    assert found["ttft_ms", "P99"].base is None


@pytest.mark.not_measured
def test_drawing_from_the_beta_distribution_is_drawing_samples_with_replacement() -> None:
    result = run(120, fail_share=0.0)
    values = sorted(ns / 1e6 for ns in result.requests["ttft_ns"])
    chance = random.Random(5)
    draw = figures(result)["ttft_ms", "P90"].draw
    assert draw is not None
    quick = [draw(chance) for _ in range(4_000)]
    slow = [percentile(sorted(chance.choices(values, k=len(values))), 90) or 0.0 for _ in range(4_000)]
    assert mean(quick) == pytest.approx(mean(slow), rel=0.01)
    assert stdev(quick) == pytest.approx(stdev(slow), rel=0.1)
    for percent in (2.5, 50, 97.5):
        assert percentile(sorted(quick), percent) == pytest.approx(percentile(sorted(slow), percent), rel=0.03)


def compared(tmp_path: Path, results: list[RunResult], **options: object) -> str:
    generate_compare_report(results, tmp_path / "compare.html", **options)
    return (tmp_path / "compare.html").read_text(encoding="utf-8")


def test_the_page_sets_the_runs_side_by_side_and_says_what_differs(tmp_path: Path) -> None:
    slower = replace(run(seed=2, slow=1.5), config=replace(CONFIG, threads=24))
    source = compared(tmp_path, [run(), slower], names=["base.jsonl", "<b>next</b>"])
    assert "B compared with A" in source
    assert "base.jsonl" in source
    assert "&lt;b&gt;next&lt;/b&gt;" in source
    assert "<b>next</b>" not in source
    assert 'class="word worse"' in source
    assert "The runs differ in: load." in source


def test_three_runs_are_each_set_against_the_first(tmp_path: Path) -> None:
    source = compared(tmp_path, [run(60), run(60, seed=2), run(60, seed=3)])
    assert "B compared with A" in source
    assert "C compared with A" in source
    assert "C against B" not in source


def test_several_runs_share_one_table_with_a_column_each(tmp_path: Path) -> None:
    source = compared(tmp_path, [run(300), run(300, seed=2, slow=0.6), run(300, seed=3)])
    assert source.count('class="sortable"') == 1
    heads, row = (
        re.search(pattern, source) for pattern in (r"<thead><tr>.*?</tr>", r"<tr><th scope=.row.>TTFT P50</th>.*?</tr>")
    )
    assert heads is not None
    assert row is not None
    assert re.findall(r'"col">([A-Z])<', heads[0]) == ["A", "B", "C"]
    faster, alike = re.findall(r'<small class="word (\w+)">(.*?)</small>', row[0])
    assert faster[0] == "better"
    assert re.fullmatch(r"−[34]\d\.\d % \(−\d+\.?\d* … −\d+\.?\d*\)", faster[1])
    assert alike[0] == "same"


def test_who_dropped_requests_reads_how_many_figures_are_of_the_answers_left(tmp_path: Path) -> None:
    source = compared(tmp_path, [run(fail_share=0.0), run(seed=2, slow=0.5, fail_share=0.3)])
    assert re.search(r"\d+ look better, of the answers left", source)


def test_one_run_is_no_comparison(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least two runs"):
        generate_compare_report([sample_run(20)], tmp_path / "compare.html")
