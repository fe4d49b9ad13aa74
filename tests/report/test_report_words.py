"""The verdict: what the page says of a run before it shows a chart."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from string import Formatter

import pytest

from report_runs import CONFIG, sample_run
from sse_perf_tool.profiling.report import wording as profile
from sse_perf_tool.records import Goodput, GroupStats, Host, RequestTable, RunResult, Stats, Summary
from sse_perf_tool.records.host import host_of
from sse_perf_tool.report_parts.figures import unbroken
from sse_perf_tool.report_parts.page import host_text
from sse_perf_tool.report_parts.verdict import figure, percent_text, time_text, verdict
from sse_perf_tool.report_parts.wording import TEXTS, charts

TEMPLATES = Path(__file__).resolve().parents[2] / "src" / "sse_perf_tool" / "templates"


def run_with(**changes: object) -> RunResult:
    """A run of 10 s that has only a summary."""
    return RunResult(CONFIG, 0, 10_000_000_000, RequestTable(), [], Summary(**changes))


@pytest.mark.parametrize(
    ("summary", "grade", "headline"),
    [
        ({"sent": 1000, "ok": 1000}, "good", "All 1,000 requests succeeded"),
        ({"sent": 1, "ok": 1}, "good", "The request succeeded"),
        ({"sent": 1, "failed": 1}, "bad", "The request failed"),
        ({"sent": 1000, "ok": 982, "failed": 18}, "fair", "98.2 % of 1,000 requests succeeded"),
        ({"sent": 100, "ok": 90, "failed": 10}, "bad", "90.0 % of 100 requests succeeded"),
        ({"sent": 5, "failed": 5}, "bad", "None of 5 requests succeeded"),
        ({"sent": 3, "cancelled": 3}, "none", "No request finished"),
        ({"sent": 105, "ok": 100, "cancelled": 5}, "good", "All 100 requests succeeded"),
    ],
)
def test_the_headline_says_how_it_went(summary: dict[str, int], grade: str, headline: str) -> None:
    found = verdict(run_with(**summary))
    assert found.grade == grade
    assert found.headline[0] == headline


def test_a_single_failure_among_a_million_is_not_rounded_away() -> None:
    assert percent_text(999_999 / 1_000_000) == "99.999 %"
    assert percent_text(1 / 1_000_000) == "0.001 %"
    assert percent_text(1.0) == "100 %"
    assert percent_text(0.0) == "0 %"
    assert percent_text(None) == "n/a"


@pytest.mark.parametrize(
    ("told", "chinese"),
    [
        ("Linux, Python 3.12.3, 8 CPUs, compiled reader", "Linux，Python 3.12.3，8 个 CPU，编译的读取线程"),
        ("Linux, Python 3.12.3, 8 CPUs, python reader", "Linux，Python 3.12.3，8 个 CPU，Python 读取线程"),
        ("Linux, 8 CPUs", "Linux，8 个 CPU"),
        ("a machine of another version", "a machine of another version"),
    ],
)  # fmt: skip
def test_the_machine_is_told_in_the_language_of_the_page(told: str, chinese: str) -> None:
    """The line is that of a file of an older version; of this one there are its parts."""
    assert host_text(host_of({"host_info": told}), told) == (told, chinese)


def test_what_a_machine_says_of_itself_is_no_command_to_a_terminal() -> None:
    host = Host("Linux\n\x1b[31m", "3.12.3", 8, "of another version")
    assert host_text(host, "") == ("Linux \N{REPLACEMENT CHARACTER}[31m, Python 3.12.3, 8 CPUs",
                                   "Linux \N{REPLACEMENT CHARACTER}[31m，Python 3.12.3，8 个 CPU")  # fmt: skip


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("P99 ± 0.144 ms, 99 % within 3 min 20 s", "P99~±~0.144~ms, 99~% within 3~min 20~s"),
        ("1,059 tokens/s at 21.2 requests/s", "1,059~tokens/s at 21.2~requests/s"),
        ("第 4 至 20 秒，21.2 请求/s", "第 4 至 20 秒，21.2~请求/s"),
        ("513 requests, 30 threads, 2 sent", "513 requests, 30 threads, 2 sent"),
    ],
)
def test_a_line_does_not_end_between_a_number_and_its_unit(text: str, held: str) -> None:
    assert unbroken((text, text)) == (held.replace("~", "\N{NO-BREAK SPACE}"),) * 2


@pytest.mark.parametrize("stream", [True, False])
def test_a_run_of_contexts_or_turns_says_at_once_what_they_cost(*, stream: bool) -> None:
    of = ((100, 195), (4000, 208))
    groups = [GroupStats(value, 25, 25, ttft_ms=stats(ms), latency_ms=stats(ms + 1000)) for value, ms in of]
    config = replace(CONFIG, stream=stream)
    contexts = verdict(replace(run_with(sent=50, ok=50, context_tiers=groups), config=config)).looks[0]
    turns = verdict(replace(run_with(sent=50, ok=50, turns=groups), config=config)).looks[0]
    assert (contexts.anchor, turns.anchor) == ("contexts", "turns")
    if stream:
        assert contexts.text[0] == "Median TTFT 195 ms with 100 tokens of context, 208 ms with 4,000."
        assert turns.text[1] == "TTFT 中位数：第 100 轮为 195 ms，第 4,000 轮为 208 ms。"
    else:
        assert turns.text[0] == "Median response time 1.20 s in turn 100, 1.21 s in turn 4,000."
    alone = verdict(run_with(sent=50, ok=50, turns=groups[:1])).looks
    assert "turns" not in [look.anchor for look in alone]


def stats(ms: float) -> Stats:
    return Stats(25, ms, 1.0, ms, ms, ms, ms, ms, ms)


def test_numbers_have_three_digits_and_times_a_fitting_unit() -> None:
    assert [figure(value) for value in (1234567.8, 123.4, 12.34, 1.234, 0.01234, 0.0)] == [
        "1,234,568", "123", "12.3", "1.23", "0.012", "0",
    ]  # fmt: skip
    assert [time_text(ms) for ms in (85.24, 1250, 119_900, 200_000, 7_384_000)] == [
        "85.2 ms", "1.25 s", "120 s", "3 min 20 s", "2 h 3 min",
    ]  # fmt: skip


def test_the_verdict_names_target_model_load_and_times() -> None:
    stats = Stats(count=200, p50=210.0, p99=1250.0)
    summary = {
        "sent": 200,
        "ok": 200,
        "metrics": {"ttft_ms": stats, "latency_ms": Stats(count=200, p50=3000.0)},
        "requests_per_s": 20.0,
        "output_tokens_per_s": 812.0,
    }
    said = " ".join(english for english, _ in verdict(run_with(**summary)).sentences)
    assert said == (
        "12 threads sent 200 requests for the model qwen2.5-7b to http://127.0.0.1:8000/v1/chat/completions "
        "within 10.0 s. "
        "Half of the answers began within 210 ms, 99 % within 1.25 s; the median answer was complete after 3.00 s. "
        "The target delivered 812 tokens/s at 20.0 requests/s."
    )


def test_a_rate_that_counts_failures_says_so() -> None:
    stats = {"ttft_ms": Stats(count=4, p50=342.0), "latency_ms": Stats(count=4, p50=594.0)}
    summary = {"sent": 60, "ok": 4, "failed": 56, "metrics": stats, "requests_per_s": 92.9, "output_tokens_per_s": 74.3}
    said = [english for english, _ in verdict(run_with(**summary)).sentences]
    assert "The target delivered 74.3 tokens/s at 92.9 requests/s, failed ones included." in said


def test_with_few_answers_the_verdict_claims_no_99th_percentile() -> None:
    summary = {"sent": 50, "ok": 50, "metrics": {"ttft_ms": Stats(count=50, p50=210.0, p99=1250.0)}}
    said = " ".join(english for english, _ in verdict(run_with(**summary)).sentences)
    assert "99 %" not in said


@pytest.mark.parametrize(
    ("summary", "anchor", "words"),
    [
        ({"failed": 3, "outcomes": {"ok": 9, "timeout": 2, "http_error": 1}}, "errors", "most often as “timeout”"),
        ({"metrics": {"ttft_ms": Stats(count=200, p50=100.0, p99=900.0)}}, "tails", "9.00 times the median"),
        ({"retried": 1}, "slowest", "1 request needed a retry"),
        ({"resent": 2}, "slowest", "2 requests had to be sent again"),
        ({"token_source": "estimate"}, "metrics", "Tokens are estimated"),
        ({"goodput": Goodput(("ttft_ms<500",), 189, 200, 18.9)}, "goals", "189 of 200 requests met ttft_ms<500"),
        ({"token_source": "mixed"}, "metrics", "Only some answers reported their tokens"),
    ],
)
def test_the_verdict_points_at_what_stands_out(summary: dict[str, object], anchor: str, words: str) -> None:
    looks = verdict(run_with(**{"sent": 200, "ok": 200, **summary})).looks
    assert any(look.anchor == anchor and words in look.text[0] for look in looks)


def test_a_calm_run_is_told_to_raise_the_load() -> None:
    calm = {"ttft_ms": Stats(count=200, p50=100.0, p99=150.0), "max_gap_ms": Stats(count=200, p99=50.0)}
    (look,) = verdict(run_with(sent=200, ok=200, metrics=calm)).looks
    assert look.text[0].startswith("Nothing stands out")


def slowed_down(factor: int) -> RunResult:
    run = sample_run(400, ramp_up_s=0.0)
    started, ttft = run.requests["started_ns"], run.requests["ttft_ns"]
    for row, start in enumerate(started):
        if start > run.duration_ns // 2 and ttft[row] > 0:
            ttft[row] *= factor
    return run


def test_first_tokens_that_grow_slower_are_pointed_out_unless_the_load_was_ramped_up() -> None:
    run = slowed_down(3)
    assert any("times as long in the last fifth" in look.text[0] for look in verdict(run).looks)
    ramped = replace(run, config=replace(run.config, ramp_up_s=run.duration_ns / 1e9))
    assert not any("last fifth" in look.text[0] for look in verdict(ramped).looks)


def test_an_interrupted_run_says_so_in_both_languages() -> None:
    run = replace(run_with(sent=3, ok=2, cancelled=1), interrupted=True)
    english, chinese = zip(*verdict(run).sentences, strict=True)
    assert any("interrupted" in text for text in english)
    assert any("中断" in text for text in chinese)
    assert "Not counted: 1 request cancelled at the end." in english


def fields_of(text: str) -> set[str | None]:
    return {field for _, field, _, _ in Formatter().parse(text)} - {None}


def test_both_languages_of_every_text_take_the_same_values() -> None:
    for english, chinese in TEXTS.values():
        assert fields_of(english) == fields_of(chinese)


def test_every_text_that_a_script_names_is_there() -> None:
    """A key that is put together (`"series." + name`) ends in a dot or underscore and is not looked at."""
    groups = {key.partition(".")[0] for key in charts.TEXTS if "." in key}
    source = "\n".join(path.read_text(encoding="utf-8") for path in TEMPLATES.glob("*.js"))
    named = set(re.findall(rf'"((?:{"|".join(sorted(groups))})\.\w+(?:\.\w+)*)"', source))
    assert len(named) > 40
    assert {name for name in named if not name.endswith("_")} - set(TEXTS) - set(profile.TEXTS) == set()
