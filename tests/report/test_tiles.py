"""The key figures as tiles: what stands in them, what was demanded, how it went."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from report_runs import CONFIG, STARTED_UNIX_NS, simulate
from report_scenes import missed, one_request, whole_answers
from sse_perf_tool.goals.thresholds import TEXTS, judged, parse_rule
from sse_perf_tool.records import RunResult
from sse_perf_tool.report_parts.page import LOOKS_SHOWN, verdict_html
from sse_perf_tool.report_parts.tiles import SPARK_POINTS, big_figures_html, goal_text, thinned
from sse_perf_tool.report_parts.verdict import Look, Verdict, verdict
from sse_perf_tool.texts import speaker


def tiles_of(result: RunResult) -> dict[str, str]:
    """Name -> markup."""
    parts = re.findall(r'<div class="(tile[^"]*)"><dt>(.*?)</dt>(.*?)</dd></div>', big_figures_html(result))
    names = [re.sub(r'<span lang="zh">.*?</span>|<span class="unit">.*|<[^>]+>', "", name) for _, name, _ in parts]
    return {name.strip(): f"{kind} {body}" for name, (kind, _, body) in zip(names, parts, strict=True)}


def test_p50_p95_and_p99_stand_side_by_side() -> None:
    found = tiles_of(simulate(600, fail_share=0.0).result(CONFIG, STARTED_UNIX_NS))
    for name in ("TTFT time to first token", "Response time"):
        assert re.findall(r"<i>(.*?)</i>", found[name]) == ["P50", "P95", "P99"]


def test_a_tile_names_its_goals_and_colours_the_value_that_missed_one() -> None:
    found = tiles_of(missed())
    ttft, latency = found["TTFT time to first token"], found["Response time"]
    assert ttft.startswith("tile wide bad ")
    assert re.findall(r"<i>(\w+)</i> <b class=bad>", ttft) == ["P95"]
    assert 'P95 &lt; 450 ms<span lang="en">: </span><span lang="zh">：</span>' in ttft
    assert latency.startswith("tile wide good ")
    assert "class=bad" not in latency
    assert found["Requests"].startswith("tile ")
    assert "goal" not in found["Requests"]


def test_of_one_answer_a_tile_has_the_value_and_no_percentile() -> None:
    found = tiles_of(one_request())
    assert not [name for name, body in found.items() if "<i>P" in body or "n/a" in body]


def test_a_run_of_whole_answers_has_no_tile_of_tokens_times() -> None:
    names = ["Success rate", "Response time", "Throughput per answer", "Transfer rate", "Output tokens", "Requests"]
    assert list(tiles_of(whole_answers())) == names


@pytest.mark.parametrize(
    ("rule", "english", "chinese"),
    [
        ("ttft_ms:p(95)<=1500", "P95 ≤ 1,500 ms", "P95 ≤ 1,500 ms"),
        ("latency_ms:avg<2000", "Mean < 2,000 ms", "平均 < 2,000 ms"),
        ("errors:rate<1%", "failed < 1 %", "失败 < 1 %"),
        ("tokens:rate>1000", "> 1,000", "> 1,000"),
    ],
)
def test_a_goal_is_said_in_words(rule: str, english: str, chinese: str) -> None:
    assert goal_text(parse_rule(rule, speaker(TEXTS, "en"))) == (english, chinese)


def test_the_course_of_a_long_run_is_thinned_to_means() -> None:
    assert thinned([1.0, None, 3.0]) == [1.0, None, 3.0]
    values = [float(at) for at in range(2 * SPARK_POINTS)]
    assert thinned(values) == [2 * at + 0.5 for at in range(SPARK_POINTS)]
    assert thinned([None] * 1000) == [None] * SPARK_POINTS


def test_missed_goals_are_the_first_thing_to_look_at() -> None:
    first, second, *_ = verdict(missed()).looks
    assert (first.anchor, second.anchor) == ("goals", "errors")
    assert first.text[0] == "Missed: ttft_ms:p(95)<450 (489 ms), errors:rate<1% (1.47 %)."


def test_of_many_missed_goals_some_are_named_and_the_others_counted() -> None:
    rules = [f"ttft_ms:p(95)<{limit}" for limit in range(1, 6)]
    run = simulate(200).result(replace(CONFIG, thresholds=rules), STARTED_UNIX_NS)
    assert verdict(judged(run)).looks[0].text[0].endswith("ms) and 2 more.")


def test_what_does_not_fit_onto_the_first_screen_is_folded() -> None:
    looks = [Look((f"look {at}", f"看 {at}"), "errors") for at in range(LOOKS_SHOWN + 2)]
    html = verdict_html(Verdict("fair", "word.fair", ("x", "x"), [], looks))
    shown, folded = html.split("<details>")
    assert (shown.count("<li>"), folded.count("<li>")) == (LOOKS_SHOWN, 2)
    assert "2 more" in folded


@pytest.mark.parametrize(
    ("rules", "fail_share", "word"),
    [
        ((), 0.0, "word.good"),
        (("errors:rate<5%",), 0.0, "word.passed"),
        (("errors:rate<1%",), 0.3, "word.missed"),
        ((), 0.03, "word.fair"),
        ((), 0.3, "word.bad"),
    ],
)
def test_the_verdict_in_a_word(rules: tuple[str, ...], fail_share: float, word: str) -> None:
    run = simulate(200, fail_share=fail_share).result(replace(CONFIG, thresholds=list(rules)), STARTED_UNIX_NS)
    assert verdict(judged(run)).word == word


def test_where_nothing_is_known_stands_no_unit_and_no_course() -> None:
    found = tiles_of(simulate(20, fail_share=1.0).result(CONFIG, STARTED_UNIX_NS))
    assert "n/a" in found["TTFT time to first token"]
    assert "ms" not in found["TTFT time to first token"]
    assert "<path" not in found["Response time"]


def test_a_second_in_which_nothing_ended_does_not_interrupt_the_course() -> None:
    run = simulate(200, fail_share=0.0).result(CONFIG, STARTED_UNIX_NS)
    series = [replace(row, avg_ttft_ms=None if row.second % 2 else 100.0) for row in run.time_series]
    (corners,) = re.findall(r'<path d="M(.*?)"', tiles_of(replace(run, time_series=series))["TTFT time to first token"])
    assert corners.split("L")[:3] == ["0 2.0", "2 2.0", "4 2.0"]
