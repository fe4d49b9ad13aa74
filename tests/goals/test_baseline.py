"""A run held against an older one: worse than allowed, and more than chance."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from sse_perf_tool.commands.judging import judged
from sse_perf_tool.errors import UsageError
from sse_perf_tool.exporters.json_summary import summary_document, to_json
from sse_perf_tool.goals.baseline import (
    DEFAULT_ALLOW,
    TEXTS,
    Allowed,
    Baseline,
    held_against,
    load_baseline,
    parse_allowed,
)
from sse_perf_tool.goals.thresholds import slos_of
from sse_perf_tool.metrics import Tally
from sse_perf_tool.records import BaselineResult, Outcome, RequestRecord, RunConfig, RunResult
from sse_perf_tool.records.file import RecordsHeader, header_line, record_line
from sse_perf_tool.texts import speaker

MS = 1_000_000
SAY = speaker(TEXTS, "en")


def answer(number: int, ttft_ms: float) -> RequestRecord:
    """An answer of five tokens 10 ms apart; a new request every 100 ms."""
    ttft_ns = round(ttft_ms * MS)
    return RequestRecord(
        number,
        1,
        number * 100 * MS,
        Outcome.OK,
        ttft_ns + 40 * MS,
        ttfb_ns=ttft_ns,
        ttft_ns=ttft_ns,
        ttfa_ns=ttft_ns,
        streaming_ns=40 * MS,
        output_tokens=5,
        chunks=5,
        gaps_us=(10_000,) * 4,
    )


def run(ttfts_ms: Sequence[float], failed: int = 0, **config: object) -> RunResult:
    """A run of these answers and so many failures."""
    settings = RunConfig(**config)  # type: ignore[arg-type]
    tally = Tally(0, slos_of(settings))
    for number, ttft_ms in enumerate(ttfts_ms):
        tally.add(answer(number, ttft_ms))
    for number in range(failed):
        tally.add(RequestRecord(number, 1, number * 100 * MS, Outcome.TIMEOUT, 50 * MS))
    return tally.result(settings, 0)


def spread(middle_ms: float, width_ms: float, count: int = 200) -> list[float]:
    """Evenly spread values around a middle, out of order."""
    return [middle_ms + width_ms * ((number * 37 % count) / (count - 1) - 0.5) for number in range(count)]


def held(new: RunResult, old: RunResult, rule: str) -> BaselineResult:
    """What one rule says of two runs whose requests are known."""
    config = replace(new.config, allow=[rule])
    (found,) = held_against(replace(new, config=config), Baseline(old, sampled=True)).baseline
    return found


OLD = run(spread(100, 20))


# What is allowed, taken apart.


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("ttft_ms:p(95)<+10%", Allowed("ttft_ms:p(95)<+10%", "ttft_ms", "p", 95.0, 1, 0.1, True)),
        (" tpot_ms : avg < + 50 ", Allowed("tpot_ms : avg < + 50", "tpot_ms", "avg", None, 1, 50.0, False)),
        ("tokens:rate>-5%", Allowed("tokens:rate>-5%", "tokens", "rate", None, -1, 0.05, True)),
        ("errors:rate<+0.01", Allowed("errors:rate<+0.01", "errors", "rate", None, 1, 0.01, False)),
    ],
)
def test_an_allowance_is_a_figure_a_direction_and_how_much(text: str, allowed: Allowed) -> None:
    assert parse_allowed(text, SAY) == allowed


@pytest.mark.parametrize("rule", DEFAULT_ALLOW)
def test_what_holds_by_default_can_be_read(rule: str) -> None:
    assert parse_allowed(rule, SAY).text == rule


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("ttft_ms:p(95)<10%", 15),
        ("ttft_ms:p(95)<+-10%", 16),
        ("ttft_ms:p(95)>+10%", 15),
        ("ttft_ms:max<+10%", 9),
        ("errors:count<+1", 8),
        ("ttft_ms:p(95)<+10% x", 20),
        ("itl_ms:p(95)<+1", 1),
    ],
)
def test_what_is_no_allowance_is_said_with_the_character(text: str, place: int) -> None:
    with pytest.raises(UsageError, match=f"^character {place}: "):
        parse_allowed(text, SAY)


# Worse than allowed, and more than chance.


def test_a_clear_worsening_beyond_what_is_allowed_is_missed() -> None:
    found = held(run(spread(130, 20)), OLD, "ttft_ms:med<+10%")
    assert (found.old, found.new, found.ok) == (pytest.approx(100), pytest.approx(130), False)
    assert found.low is not None
    assert found.high is not None
    assert 25 < found.low < 30 < found.high < 35


def test_a_clear_worsening_within_what_is_allowed_is_not_missed() -> None:
    assert held(run(spread(108, 20)), OLD, "ttft_ms:med<+10%").ok
    assert held(run(spread(108, 20)), OLD, "ttft_ms:med<+9").ok
    assert not held(run(spread(108, 20)), OLD, "ttft_ms:med<+7").ok
    assert not held(run(spread(108, 20)), OLD, "ttft_ms:med<+5%").ok


def test_a_worsening_that_may_be_chance_is_not_missed_and_says_so() -> None:
    found = held(run(spread(115, 200, 20)), run(spread(100, 200, 20)), "ttft_ms:avg<+10%")
    assert (found.ok, found.note) == (True, "may be chance")
    assert found.low is not None
    assert found.low < 0


def test_an_improvement_is_never_missed() -> None:
    assert held(run(spread(50, 20)), OLD, "ttft_ms:p(95)<+0%").ok
    assert held(run(spread(100, 20)), OLD, "ttft_ms:p(95)<+0").ok


def test_where_lower_is_worse_the_direction_is_turned() -> None:
    slow, fast = run([1.0] * 150), run([1.0] * 300)  # 10 a second for 15 and 30 s: the same rate
    assert held(slow, fast, "requests:rate>-5%").ok
    half = run([1.0] * 150)
    thin = replace(
        half,
        summary=replace(half.summary, output_tokens_per_s=half.summary.output_tokens_per_s / 2),
        time_series=[replace(second, tokens=second.tokens / 2) for second in half.time_series],
    )
    found = held(thin, half, "tokens:rate>-5%")
    assert (found.ok, found.new) == (False, pytest.approx((found.old or 0) / 2))
    assert held(half, thin, "tokens:rate>-5%").ok
    assert held(thin, half, "tokens:rate>-60%").ok


def test_the_mean_has_the_normal_interval() -> None:
    new = run(spread(130, 20))
    found = held(new, OLD, "ttft_ms:avg<+10%")
    error = (2 * (OLD.summary.metrics["ttft_ms"].stddev or 0) ** 2 / 200) ** 0.5
    assert found.low == pytest.approx(30 - 1.96 * error, abs=0.1)
    assert found.high == pytest.approx(30 + 1.96 * error, abs=0.1)
    assert not found.ok


def test_one_failure_may_be_chance_and_many_are_not() -> None:
    assert held(run([1] * 99, failed=1), run([1] * 100), "errors:rate<+10%").note == "may be chance"
    found = held(run([1] * 70, failed=30), run([1] * 99, failed=1), "errors:rate<+10%")
    assert (found.old, found.new, found.ok) == (0.01, 0.3, False)


def test_goodput_can_be_held_against_the_old_one() -> None:
    slo = ["ttft_ms<100"]
    good, bad = run([50.0] * 95 + [150.0] * 5, slo=slo), run([50.0] * 60 + [150.0] * 40, slo=slo)
    found = held(bad, good, "goodput:rate>-5%")
    assert (found.old, found.new, found.ok) == (0.95, 0.6, False)
    assert held(good, bad, "goodput:rate>-5%").ok


def test_too_few_to_tell_is_missed_only_beyond_what_is_allowed() -> None:
    few = run([100.0] * 5)
    assert held(few, few, "ttft_ms:avg<+10%") == BaselineResult("ttft_ms:avg<+10%", 100.0, 100.0, None, None, True)
    found = held(run([200.0] * 5), few, "ttft_ms:avg<+10%")
    assert (found.ok, found.note) == (
        False,
        "too few samples to rule out chance: 10 are needed (for rates: whole seconds)",
    )


def test_a_figure_that_one_of_them_has_not_is_missed_and_says_whose() -> None:
    few = run([100.0] * 5)
    assert held(OLD, few, "ttft_ms:p(95)<+10%").note == "old run: too few samples: 5, 20 are needed"
    assert held(few, OLD, "ttft_ms:p(95)<+10%").note == "new run: too few samples: 5, 20 are needed"
    assert held(OLD, OLD, "connect_ms:avg<+10%") == BaselineResult(
        "connect_ms:avg<+10%", None, None, None, None, False, "old run: no data"
    )


def test_the_same_runs_give_the_same_intervals() -> None:
    assert held(OLD, OLD, "ttft_ms:p(95)<+10%") == held(OLD, OLD, "ttft_ms:p(95)<+10%")


# Files.


def written(result: RunResult, path: Path, ttfts_ms: Sequence[float]) -> Path:
    """The file of a run: its summary, or its records."""
    lines = [header_line(RecordsHeader(result.config, 0))]
    lines += [record_line(answer(number, ttft_ms), 0) for number, ttft_ms in enumerate(ttfts_ms)]
    path.write_text(to_json(result) if path.suffix == ".json" else "\n".join([*lines, ""]), encoding="utf-8")
    return path


RULES = ["ttft_ms:p(95)<+10%", "ttft_ms:avg<+10%", "errors:rate<+10%", "requests:rate>-5%", "goodput:rate>-5%"]


@pytest.mark.parametrize("name", ["old.json", "old.jsonl"])
def test_a_summary_and_records_tell_the_same_figures(name: str, tmp_path: Path) -> None:
    ttfts = spread(100, 20)
    old = run(ttfts, slo=["ttft_ms<105"])
    new = run(spread(130, 20), slo=["ttft_ms<105"], allow=RULES)
    baseline = load_baseline(written(old, tmp_path / name, ttfts), slos_of(new.config), "en")
    assert baseline.sampled is (name == "old.jsonl")
    found = held_against(new, baseline)
    assert [each.ok for each in found.baseline] == [False, False, True, True, False]
    assert [each.old for each in found.baseline] == [
        pytest.approx(109, abs=0.01), pytest.approx(100, abs=0.01), 0.0,
        pytest.approx(old.summary.requests_per_s), pytest.approx(0.75),
    ]  # fmt: skip
    assert None not in [each.low for each in found.baseline]
    assert found.missed


def test_an_old_percentile_of_a_summary_scatters_as_the_new_one_does(tmp_path: Path) -> None:
    new = run(spread(130, 20), allow=["ttft_ms:p(95)<+10%"])
    widths = {}
    for name, count in (("old.json", 200), ("old.jsonl", 200), ("few.json", 50), ("few.jsonl", 50)):
        ttfts = spread(100, 20, count)
        baseline = load_baseline(written(run(ttfts), tmp_path / name, ttfts), (), "en")
        (found,) = held_against(new, baseline).baseline
        widths[name] = (found.high or 0) - (found.low or 0)
    assert widths["old.json"] == pytest.approx(widths["old.jsonl"], rel=0.15)
    assert widths["few.json"] == pytest.approx(widths["few.jsonl"], rel=0.25)
    assert widths["few.json"] > 1.4 * widths["old.json"]


@pytest.mark.parametrize(
    ("rule", "note"),
    [
        ("ttft_ms:p(97.5)<+1%", "old run: not in its summary; give its records"),
        ("goodput:rate>-5%", "old run: its --slo rules differ"),
        ("ttft_ms:p(99)<+1%", "old run: too few samples: 50, 100 are needed"),
        ("connect_ms:med<+1%", "old run: no data"),
    ],
)
def test_what_a_summary_does_not_know_is_missed_and_says_so(rule: str, note: str, tmp_path: Path) -> None:
    path = written(run([100.0] * 50, slo=["ttft_ms<1"]), tmp_path / "old.json", [])
    new = run([100.0] * 200, slo=["ttft_ms<2"], allow=[rule])
    (found,) = held_against(new, load_baseline(path, slos_of(new.config), "en")).baseline
    assert (found.old, found.ok, found.note) == (None, False, note)


def test_records_are_judged_by_the_demands_of_the_new_run(tmp_path: Path) -> None:
    path = written(run([100.0] * 50, slo=["ttft_ms<1"]), tmp_path / "old.jsonl", [100.0] * 50)
    new = run([100.0] * 50, slo=["ttft_ms<200"], allow=["goodput:rate>-5%"])
    (found,) = held_against(new, load_baseline(path, slos_of(new.config), "en")).baseline
    assert (found.old, found.new, found.ok) == (1.0, 1.0, True)


@pytest.mark.parametrize(
    "content",
    [
        b"", b"text", b"\xff\xfe", b"[]", b"{}", b'{"schema": "other"}', b'{"schema": "sse-perf-summary/1"}', b"3",
        b'{"schema": "sse-perf-summary/2", "config": {}}',
    ],
)  # fmt: skip
def test_a_file_that_is_no_run_is_one_line(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "old.json"
    path.write_bytes(content)
    with pytest.raises(UsageError) as caught:
        load_baseline(path, (), "en")
    assert str(caught.value) == (f"{path}: neither a --json nor a --records file; give one of these")


def test_a_summary_of_a_later_version_of_the_same_schema_can_be_read(tmp_path: Path) -> None:
    document = summary_document(OLD)
    document["metrics"]["ttft_ms"]["p42"] = 1.0
    document["time_series"][0]["new"] = 1
    document["config"]["new"] = 1
    path = tmp_path / "old.json"
    path.write_text(json.dumps(document))
    assert load_baseline(path, (), "en").result.summary.ok == 200


@pytest.mark.parametrize(("lang", "said"), [("en", "the runs differ in: target"), ("zh", "各次测试的设置不同：目标")])
def test_a_baseline_of_another_target_is_said(lang: str, said: str) -> None:
    old = Baseline(run(range(100, 200), url="http://old/", lang=lang), sampled=True)
    new = run(range(100, 200), url="http://new/", lang=lang)
    (warning,) = judged(new, old).warnings
    assert warning == f"--baseline: {said}"
    assert judged(new, replace(old, result=new)).warnings == ()
