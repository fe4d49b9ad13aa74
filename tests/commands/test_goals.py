"""What the user sees of thresholds, goodput, baseline and abort rules: exit status, console, files, report."""

from __future__ import annotations

import io
import json
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from patience import undisturbed
from scripted_server import ANSWER, DONE, FINISH, ScriptedServer, Serve, chunked, sized, token, usage
from sse_perf_tool.commands.environment import INTERRUPTED, MISSED, PARTIAL
from sse_perf_tool.commands.judging import status_of
from sse_perf_tool.console import Console
from sse_perf_tool.errors import UsageError
from sse_perf_tool.exporters.json_summary import summary_document
from sse_perf_tool.exporters.junit import to_junit
from sse_perf_tool.exporters.markdown import to_markdown
from sse_perf_tool.goals.thresholds import slos_of
from sse_perf_tool.load.abort import LIVE_FIGURES, TEXTS, Watch, parse_abort_rule
from sse_perf_tool.metrics import Tally
from sse_perf_tool.records import (
    Abort,
    BaselineResult,
    Outcome,
    RequestRecord,
    RunConfig,
    RunResult,
    ThresholdResult,
)
from sse_perf_tool.report_generator import generate_html_report
from sse_perf_tool.report_parts.goals import goals_html
from sse_perf_tool.report_parts.verdict import verdict
from sse_perf_tool.test_runner import Snapshot
from sse_perf_tool.texts import display_width, speaker
from tool_runs import Tool, summary

MS = 1_000_000
SAY = speaker(TEXTS, "en")

KEPT = ThresholdResult("ttft_ms:max<=100", 100.0, True)
MISS = ThresholdResult("errors:rate<0.01", 0.5, False)
FEW = ThresholdResult("ttft_ms:p(99)<900", None, False, "too few samples: 1, 100 are needed")
SAME = BaselineResult("tokens:rate>-5%", 100.0, 97.0, -8.0, 2.0, True)
WORSE = BaselineResult("ttft_ms:p(95)<+10%", 350.0, 430.5, 60.25, 101.0, False)
CHANCE = BaselineResult("errors:rate<+10%", 0.0, 0.01, -0.0123456, 0.05, True, "may be chance")
UNKNOWN = BaselineResult("tpot_ms:avg<+5", None, 30.0, None, None, False, "old run: no data")
ABORT = Abort("errors:rate>0.5", 0.75, 12)


def run(**facts: Any) -> RunResult:
    """One answer that is good, one failure; `facts` are of the result, but `config`."""
    config = RunConfig(slo=["ttft_ms<=100"], baseline="old.json", **facts.pop("config", {}))
    tally = Tally(0, slos_of(config))
    times = {"ttfb_ns": 100 * MS, "ttft_ns": 100 * MS, "ttfa_ns": 100 * MS, "streaming_ns": 20 * MS}
    tally.add(
        RequestRecord(
            1, 1, 0, Outcome.OK, 120 * MS, output_tokens=2, token_source="usage", chunks=2, gaps_us=(20_000,), **times
        )
    )
    tally.add(RequestRecord(2, 1, 1000 * MS, Outcome.TIMEOUT, 1000 * MS, error="too late"))
    return replace(tally.result(config, 0), **facts)


def shown(show: Callable[[Console], object], lang: str = "en", **options: Any) -> str:
    stream = io.StringIO()
    show(Console(stream, lang, **options))
    return stream.getvalue()


# The exit status.


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        ({}, 1),
        ({"thresholds": [KEPT]}, 0),
        ({"baseline": [SAME, CHANCE]}, 0),
        ({"thresholds": [KEPT, MISS]}, MISSED),
        ({"thresholds": [KEPT], "baseline": [WORSE]}, MISSED),
        ({"aborted": ABORT}, MISSED),
        ({"thresholds": [MISS], "partial": True}, PARTIAL),
        ({"thresholds": [MISS], "aborted": ABORT, "partial": True, "interrupted": True}, INTERRUPTED),
    ],
)
def test_what_cut_the_run_short_goes_first_then_the_goals_decide(facts: dict[str, Any], status: int) -> None:
    assert status_of(run(**facts)) == status


@pytest.mark.parametrize("facts", [{}, {"thresholds": [KEPT]}])
def test_a_run_that_sent_nothing_is_not_well(facts: dict[str, Any]) -> None:
    nothing = replace(Tally(0, ()).result(RunConfig(), 0), **facts)
    assert status_of(nothing) == 1
    failed = [
        case.attrib["name"]
        for case in ET.fromstring(to_junit(nothing)).iter("testcase")
        if case.find("failure") is not None
    ]
    assert failed == ["all requests ok"]


# The console.


def test_rules_stand_beside_what_was_measured_with_a_tick_or_a_cross() -> None:
    lines = shown(lambda console: console.goals(run(thresholds=[KEPT, MISS, FEW]))).splitlines()
    assert lines == [
        "Thresholds",
        f"  ✓ {'ttft_ms:max<=100':<36} {'100 ms':>12}",
        f"  ✗ {'errors:rate<0.01':<36} {'50.0 %':>12}  missed",
        f"  ✗ {'ttft_ms:p(99)<900':<36} {'n/a':>12}  too few samples: 1, 100 are needed",
    ]


def test_the_page_does_not_call_worse_what_cannot_be_compared() -> None:
    worse, unknown = (goals_html(run(baseline=[each])) for each in (WORSE, UNKNOWN))
    assert ("worse" in worse, "cannot be judged" in worse) == (True, False)
    assert ("worse" in unknown, "cannot be judged" in unknown, "无法判断" in unknown) == (False, True, True)


def test_a_tick_is_green_and_a_cross_is_red() -> None:
    text = shown(lambda console: console.goals(run(thresholds=[KEPT, MISS])), color=True)
    assert "\x1b[32m✓\x1b[0m" in text
    assert "\x1b[31m✗\x1b[0m" in text
    assert "\x1b[31mmissed\x1b[0m" in text


def test_the_older_run_stands_beside_the_new_one() -> None:
    text = shown(lambda console: console.goals(run(baseline=[SAME, WORSE, CHANCE, UNKNOWN])))
    rows = [line.split() for line in text.splitlines()]
    assert rows == [
        ["Compared", "with", "old.json"],
        ["rule", "unit", "old", "new", "difference", "95", "%", "interval"],
        ["✓", "tokens:rate>-5%", "tokens/s", "100.0", "97.00", "-3.00", "-8.00", "…", "2.00"],
        ["✗", "ttft_ms:p(95)<+10%", "ms", "350.0", "430.5", "80.5", "60.2", "…", "101"],
        ["✓", "errors:rate<+10%", "%", "0", "1.000", "1.00", "-1.23", "…", "5.00"],
        ["✗", "tpot_ms:avg<+5", "ms", "n/a", "30.00", "n/a", "n/a"],
        ["ttft_ms:p(95)<+10%:", "worse"],
        ["errors:rate<+10%:", "may", "be", "chance"],
        ["tpot_ms:avg<+5:", "old", "run:", "no", "data"],
    ]
    assert max(map(display_width, text.splitlines())) <= 80


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_nothing_is_said_without_a_goal_and_everything_in_both_languages(lang: str) -> None:
    assert shown(lambda console: console.goals(run()), lang) == ""
    text = shown(lambda console: console.goals(run(thresholds=[MISS], baseline=[WORSE])), lang)
    assert ("未达到" in text, "与 old.json 对比" in text) == (lang == "zh", lang == "zh")


def test_the_summary_tells_the_goodput_and_what_ended_the_run() -> None:
    text = shown(lambda console: console.summary(run(aborted=ABORT)))
    assert "  goodput           1 of 2 (50.0 %), 0.500 requests/s\n" in text
    assert "  aborted after 12 s because errors:rate>0.5 was true (75.0 %): the results cover" in text
    plain = replace(run(), summary=replace(run().summary, goodput=None))
    assert "goodput" not in shown(lambda console: console.summary(plain))


# Files.


def test_the_summary_file_has_all_of_it() -> None:
    document = summary_document(run(thresholds=[KEPT, FEW], baseline=[CHANCE], aborted=ABORT))
    assert document["goodput"] == {
        "rules": ("ttft_ms<=100",), "met": 1, "of": 2, "share": 0.5, "requests_per_s": 0.5,
    }  # fmt: skip
    assert document["thresholds"] == [
        {"rule": "ttft_ms:max<=100", "value": 100.0, "ok": True, "note": ""},
        {"rule": "ttft_ms:p(99)<900", "value": None, "ok": False, "note": "too few samples: 1, 100 are needed"},
    ]
    assert document["baseline"] == [
        {
            "rule": "errors:rate<+10%", "old": 0.0, "new": 0.01, "low": -0.012346, "high": 0.05, "ok": True,
            "note": "may be chance",
        },
    ]  # fmt: skip
    assert document["aborted"] == {"rule": "errors:rate>0.5", "value": 0.75, "at_s": 12}
    json.dumps(document, allow_nan=False)
    plain = summary_document(Tally(0).result(RunConfig(), 0))
    assert [plain[name] for name in ("goodput", "thresholds", "baseline", "aborted")] == [None, [], [], None]


def test_each_rule_is_a_case_for_ci_that_says_why_it_failed() -> None:
    suites = ET.fromstring(to_junit(run(thresholds=[KEPT, MISS, FEW], baseline=[SAME, WORSE], aborted=ABORT)))
    cases = {
        case.attrib["name"]: [(child.tag, child.attrib["message"]) for child in case]
        for case in suites.iter("testcase")
    }
    assert cases["ttft_ms:max<=100"] == cases["tokens:rate>-5%"] == []
    assert cases["errors:rate<0.01"] == [("failure", "errors:rate<0.01 is missed: 50.0 %")]
    assert cases["ttft_ms:p(99)<900"] == [
        ("failure", "ttft_ms:p(99)<900 is missed: n/a, too few samples: 1, 100 are needed")
    ]
    assert cases["ttft_ms:p(95)<+10%"] == [("failure", "ttft_ms:p(95)<+10% is missed: 350.0 ms before, 430 ms")]
    assert cases["run is whole"][0][1].startswith("Aborted after 12 s because errors:rate>0.5 was true (75.0 %)")
    assert cases["all requests ok"] == [("skipped", "1 of 2 requests failed")]


def test_the_comment_begins_with_what_was_missed_and_has_the_tables() -> None:
    text = to_markdown(run(thresholds=[KEPT, MISS, FEW], baseline=[WORSE], aborted=ABORT))
    lines = text.splitlines()
    assert lines[0] == "### ❌ Aborted by errors:rate>0.5. 3 of 4 goals missed. 50.0 % of 2 requests succeeded"
    assert "| ✅ | `ttft_ms:max<=100` | 100 ms |  |" in lines
    assert "| ❌ | `errors:rate<0.01` | 50.0 % |  |" in lines
    assert "| ❌ | `ttft_ms:p(99)<900` | n/a | too few samples: 1, 100 are needed |" in lines
    assert "Goodput: 1 of 2 requests (50.0 %), 0.500 requests/s, met ttft_ms<=100" in lines
    assert "**Compared with `old.json`**" in lines
    assert "| ❌ | `ttft_ms:p(95)<+10%` | ms | 350.0 | 430.5 | 80.5 | 60.2 … 101 |  |" in lines
    assert (
        "Aborted after 12 s because errors:rate>0.5 was true (75.0 %); the figures cover the requests finished before."
        in lines
    )


def test_the_verdict_tells_when_a_goal_is_missed_and_only_then() -> None:
    assert verdict(run(thresholds=[KEPT])).headline[0] == f"The goal was met. {verdict(run()).headline[0]}"
    missed = verdict(run(thresholds=[KEPT, MISS]))
    assert missed.grade == "bad"
    assert missed.headline == (
        "1 of 2 goals missed. 50.0 % of 2 requests succeeded",
        "2 项目标中有 1 项未达到。2 个请求中 50.0 % 成功",
    )
    assert any("errors:rate>0.5" in english for english, _ in verdict(run(aborted=ABORT)).sentences)


def test_the_report_has_the_goals_below_its_verdict(tmp_path: Path) -> None:
    evil = replace(KEPT, note="<img src=x>")
    result = run(thresholds=[evil, MISS], baseline=[WORSE], config={"lang": "en"})
    generate_html_report(result, tmp_path / "r.html")
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    marks = ('class="verdict two bad"', "figures", "goals", "thresholds-table", "goodput", "baseline-table")
    order = [page.index(mark if "=" in mark else f'id="{mark}"') for mark in marks]
    assert order == sorted(order)
    assert "<code>ttft_ms:max&lt;=100</code>" in page
    assert "<img src=x>" not in page
    generate_html_report(Tally(0).result(RunConfig(), 0), tmp_path / "r.html")
    assert 'id="goals"' not in (tmp_path / "r.html").read_text(encoding="utf-8")


# Rules that end a run.


def counters(**counts: float) -> Snapshot:
    return Snapshot(**{name: counts.get(name, 0) for name in Snapshot._fields})  # type: ignore[arg-type]


COUNTED = counters(
    requests_ok=6, requests_failed=2, requests_cancelled=2, tokens=100, whole_tokens=20,
    ttfb_ns=60 * MS, ttft_ns=300 * MS, ttft_count=6, latency_ns=1200 * MS, tpot_ns=50 * MS, tpot_count=5,
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("errors:rate", 0.25),
        ("errors:count", 2),
        ("requests:rate", 2.5),
        ("requests:count", 10),
        ("tokens:rate", 30.0),
        ("tokens:count", 120),
        ("ttfb_ms:avg", 10.0),
        ("ttft_ms:avg", 50.0),
        ("tpot_ms:avg", 10.0),
        ("latency_ms:avg", 200.0),
    ],
)
def test_a_live_figure_is_of_what_has_finished_so_far(name: str, value: float) -> None:
    assert name in map(":".join, LIVE_FIGURES)
    watch = Watch(RunConfig(abort_on=[f"{name}>={value}"]))
    assert watch.look(4, COUNTED) == Abort(f"{name}>={value}", value, 4)
    assert Watch(RunConfig(abort_on=[f"{name}<{value}"])).look(4, COUNTED) is None


@pytest.mark.parametrize("name", ["errors:rate", "ttft_ms:avg", "tpot_ms:avg", "latency_ms:avg", "ttfb_ms:avg"])
def test_nothing_finished_is_no_reason_to_end_a_run(name: str) -> None:
    assert Watch(RunConfig(abort_on=[f"{name}>=0"])).look(4, counters()) is None


def test_a_rule_counts_from_its_age_on_and_the_first_true_one_is_named() -> None:
    config = RunConfig(abort_on=["errors:count>5", "errors:rate>=0.25", "errors:count>1"], abort_after_s=2.5)
    looks = [Watch(config).look(second, COUNTED) for second in (1, 2, 3)]
    assert looks == [None, None, Abort("errors:rate>=0.25", 0.25, 3)]


@pytest.mark.parametrize("text", ["ttft_ms:p(95)>1", "itl_ms:avg>1", "goodput:rate<0.5", "latency_ms:max>1"])
def test_what_the_counters_do_not_know_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="cannot be checked during a run; use one of errors:rate, errors:count"):
        parse_abort_rule(text, SAY)


# The whole tool.

NO = sized(b"{}", status="400 Bad Request", kind="application/json")


def at(server: ScriptedServer, *more: str) -> list[str]:
    url = server.url("/v1/chat/completions")
    return ["--url", url, "--api-key", "sk-1", "--html-report", "r.html", "--json", "run.json", *more]


def test_a_missed_threshold_is_status_99_and_a_met_one_0_although_a_request_failed(serve: Serve, tool: Tool) -> None:
    status, out, _ = tool(*at(serve(ANSWER, NO, ANSWER), "--requests", "3", "--threshold", "errors:rate<34%"))
    assert (status, "  ✓ errors:rate<34%" in out) == (0, True)
    status, out, _ = tool(*at(serve(ANSWER, NO, ANSWER), "--requests", "3", "--threshold", "errors:rate<0.33"))
    assert (status, "  ✗ errors:rate<0.33" in out) == (99, True)
    assert summary()["thresholds"] == [{"rule": "errors:rate<0.33", "value": 0.333333, "ok": False, "note": ""}]


def test_a_single_request_is_judged_too(serve: Serve, tool: Tool) -> None:
    status, out, _ = tool(*at(serve(ANSWER), "--threshold", "errors:count<1", "--threshold", "ttft_ms:med<999"))
    assert status == 99
    assert "too few samples: 1, 2 are needed" in out


SLOW = chunked(token("Hello"), 0.1, token(" world"), FINISH, usage(9, 2), DONE)
"""Two tokens 100 ms apart."""
BRISK = chunked(token("Hello") + token(" world"), FINISH, usage(9, 2), DONE)
"""The two at once."""


@pytest.mark.parametrize("processes", ["1", "2"])
def test_goodput_and_thresholds_come_again_out_of_the_records(serve: Serve, tool: Tool, processes: str) -> None:
    rules = ["--slo", "itl_ms:max<50", "--threshold", "goodput:rate>=60%", "--records", "run.jsonl"]
    server = serve(*[SLOW, BRISK] * 2)
    load = ["--requests", "4", "--threads", "2", "--processes", processes]
    status, _, _ = tool(*at(server, *load, *rules))
    live = summary()
    assert (status, live["goodput"]["met"], live["goodput"]["of"], live["goodput"]["share"]) == (99, 2, 4, 0.5)
    status, out, _ = tool("report", "run.jsonl", "--json", "run.json", "--html-report", "r.html")
    assert status == 0, "report looks at its own work"
    again = summary()
    assert (again["goodput"]["met"], again["thresholds"]) == (2, live["thresholds"])
    assert "  ✗ goodput:rate>=60%" in out


@undisturbed
def test_a_rule_ends_the_run_with_its_own_word_and_status_99(serve: Serve, tool: Tool) -> None:
    server = serve(*[SLOW] * 1000)
    status, out, _ = tool(*at(server, "--duration", "30", "--abort-on", "requests:count>2", "--abort-after", "0.5"))
    assert status == 99
    assert "aborting: requests:count>2 is true after 1 s (" in out
    assert "  aborted after 1 s because requests:count>2 was true (" in out
    document = summary()
    assert (document["aborted"]["rule"], document["aborted"]["at_s"]) == ("requests:count>2", 1)
    assert document["interrupted"] is False
    assert document["duration_s"] < 8


@undisturbed
def test_a_run_is_held_against_an_older_one(serve: Serve, tool: Tool) -> None:
    assert tool(*at(serve(*[BRISK] * 20), "--requests", "20"))[0] == 0
    Path("run.json").rename("old.json")
    rules = ["--baseline", "old.json", "--allow", "latency_ms:avg<+50", "--records", "run.jsonl"]
    status, out, _ = tool(*at(serve(*[SLOW] * 20), "--requests", "20", "--threads", "4", *rules))
    assert status == 99
    assert "Compared with old.json" in out
    (found,) = summary()["baseline"]
    assert (found["ok"], 80 < found["low"] < found["high"]) == (False, True)
    assert "✗ latency_ms:avg<+50" in tool("report", "run.jsonl", "--html-report", "r.html")[1]
    Path("old.json").unlink()
    status, out, _ = tool("report", "run.jsonl", "--html-report", "r.html")
    assert (status, "warning: --baseline old.json: cannot be read" in out) == (0, True)
