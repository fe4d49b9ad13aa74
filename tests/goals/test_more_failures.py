"""A run that fails more than the one before is about its failures, whatever the answers left look like."""

from __future__ import annotations

from dataclasses import replace

import pytest

from console_output import LANGUAGES, shown
from sse_perf_tool.commands.judging import status_of
from sse_perf_tool.console.comparison import DIFFERENCE_WIDTHS
from sse_perf_tool.exporters.json_summary import summary_document
from sse_perf_tool.exporters.junit import to_junit
from sse_perf_tool.exporters.markdown import to_markdown
from sse_perf_tool.goals.baseline import DEFAULT_ALLOW, ERRORS_ALLOWED, Baseline, held_against
from sse_perf_tool.goals.compare import differences, failing_more
from sse_perf_tool.metrics import Tally
from sse_perf_tool.records import Outcome, RequestRecord, RunConfig, RunResult
from sse_perf_tool.report_parts.comparison import compare_verdict_html, runs_table, unlike_settings
from sse_perf_tool.report_parts.verdict import verdict
from sse_perf_tool.units import NS_PER_MS

SENT = 250


def run(ok: int, ttft_ms: int, **settings: object) -> RunResult:
    """A run of 250 requests, `ok` of them whole, whose first token came after some `ttft_ms`."""
    tally = Tally(0)
    for number in range(SENT):
        whole = number < ok
        first_ns = (ttft_ms + number % 20) * NS_PER_MS
        tally.add(
            RequestRecord(
                number + 1, 1, number * NS_PER_MS, Outcome.OK if whole else Outcome.TIMEOUT, 4 * first_ns,
                ttft_ns=first_ns if whole else None, ttfb_ns=first_ns if whole else None,
                output_tokens=9 if whole else None, token_source="usage" if whole else None, chunks=9 if whole else 0,
                error=None if whole else "too late",
            )
        )  # fmt: skip
    return tally.result(RunConfig(**settings), 0)  # type: ignore[arg-type]


HEALTHY, BROKEN = run(SENT, 100), run(178, 50)


def test_who_drops_requests_is_not_praised_for_the_rest() -> None:
    found = differences(HEALTHY, BROKEN)
    assert failing_more(found) == pytest.approx(0.288)
    words = {each.metric: each.word for each in found if each.metric in ("ttft_ms", "success_rate")}
    assert words == {"ttft_ms": "survivors", "success_rate": "worse"}
    assert "better" not in {each.word for each in found}


def test_the_other_way_round_it_is_praised() -> None:
    found = differences(BROKEN, HEALTHY)
    assert failing_more(found) == 0.0
    assert "better" in {each.word for each in found}


@LANGUAGES
def test_the_console_says_first_that_requests_fail_now_in_red(lang: str) -> None:
    text = shown(
        lambda console: console.comparison([HEALTHY, BROKEN], ["a", "b"], [differences(HEALTHY, BROKEN)]),
        lang,
        color=True,
    )
    line = next(line for line in text.splitlines() if "28.8 %" in line)
    assert "\x1b[1;31m" in line
    assert text.index(line) < text.index("P50"), "before any figure"
    assert len(DIFFERENCE_WIDTHS) == 5


def test_the_page_says_so_in_its_headline() -> None:
    page = compare_verdict_html([differences(HEALTHY, BROKEN)], [HEALTHY, BROKEN], ["a", "b"])
    assert '<div class="verdict bad two">' in page
    assert page.index("28.8 % of the requests fail now") < page.index("Of ")


def test_a_handful_of_failures_is_no_headline() -> None:
    assert failing_more(differences(HEALTHY, run(SENT - 1, 100))) == 0.0


# --- against a baseline


def held(new: RunResult, *allow: str) -> RunResult:
    config = replace(new.config, allow=list(allow), baseline="old.jsonl")
    return held_against(replace(new, config=config), Baseline(HEALTHY, sampled=True))


def test_a_baseline_says_first_that_requests_fail_now_in_every_output() -> None:
    result = held(BROKEN, *DEFAULT_ALLOW)
    assert result.fails_more == pytest.approx(0.288)
    assert summary_document(result)["fails_more"] == pytest.approx(0.288)
    assert verdict(result).grade == "bad"
    assert verdict(result).headline[0].startswith("28.8 % of the requests fail now. 1 of 3 goals missed")
    assert to_markdown(result).startswith("### ❌ 28.8 % of the requests fail now")
    assert 'message="28.8 % of the requests fail now; errors:rate&lt;+10% is missed' in to_junit(result)
    text = shown(lambda console: console.goals(result), color=True)
    assert "\x1b[1;31m28.8 % of the requests fail now" in text
    assert text.index("28.8 %") < text.index("ttft_ms")


def test_a_rule_that_only_the_answers_left_keep_says_so() -> None:
    kept = {each.rule: each for each in held(BROKEN, *DEFAULT_ALLOW, "tokens:rate>-90%").baseline}
    assert (kept["ttft_ms:p(95)<+10%"].ok, kept["ttft_ms:p(95)<+10%"].note) == (True, "of the answers left")
    assert kept["tokens:rate>-90%"].note == ""


def test_failures_are_checked_even_when_nobody_asked() -> None:
    result = held(BROKEN, "ttft_ms:p(95)<+10%")
    assert [(each.rule, each.ok) for each in result.baseline] == [("ttft_ms:p(95)<+10%", True), (ERRORS_ALLOWED, False)]
    assert result.baseline[1].note == "checked because more requests fail"
    assert status_of(result) == 99


def test_who_allows_failures_may_have_them() -> None:
    result = held(BROKEN, "errors:rate<+0.3")
    assert [(each.rule, each.ok) for each in result.baseline] == [("errors:rate<+0.3", True)]
    assert status_of(result) == 0


def test_a_healthy_run_is_checked_for_what_was_asked_alone() -> None:
    result = held(run(SENT - 1, 100), "ttft_ms:p(95)<+10%")
    assert (len(result.baseline), result.fails_more) == (1, 0.0)
    assert "fail now" not in verdict(result).headline[0]


# --- what was asked


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"query": "other"}, "prompts"),
        ({"param_file": "q.txt"}, "prompts"),
        ({"prompt_tokens": 512}, "prompts"),
        ({"request_body_file": "t.json"}, "request body"),
        ({"max_tokens": 9}, "request body"),
    ],
)
def test_what_was_asked_is_the_first_difference(settings: dict[str, object], name: str) -> None:
    unlike = unlike_settings([HEALTHY, run(SENT, 100, url="http://other/", **settings)])
    assert unlike is not None
    assert unlike[0].split(", ")[:1] == [name]


def test_another_count_of_tokens_is_a_difference_and_an_unknown_one_is_none() -> None:
    for source, named in (("estimate", "who counts the tokens"), (None, None)):
        other = replace(HEALTHY, summary=replace(HEALTHY.summary, token_source=source))
        unlike = unlike_settings([HEALTHY, other])
        assert (unlike and unlike[0]) == named


@pytest.mark.parametrize(
    ("one", "other", "named"),
    [
        ({"X-Route": "a"}, {"X-Route": "b"}, "X-Route"),
        ({}, {"X-Route": "a", "X-Tier": "gold"}, "X-Route, X-Tier"),
        ({"X-Route": "a", "X-Tier": "gold"}, {"x-tier": "gold", "x-route": "a"}, None),
        ({"X-Api-Key": "sk-…1234"}, {"X-Api-Key": "sk-…9876"}, "X-Api-Key"),
        ({"X\n\x1b[31m": "a"}, {}, "X \N{REPLACEMENT CHARACTER}[31m"),
    ],
)
def test_headers_that_differ_are_named_without_their_values(
    one: dict[str, str], other: dict[str, str], named: str | None
) -> None:
    unlike = unlike_settings([run(SENT, 100, headers=one), run(SENT, 100, headers=other)])
    assert unlike == (None if named is None else (f"request headers ({named})", f"请求头（{named}）"))


def test_the_table_of_runs_has_the_headers_where_there_are_any() -> None:
    with_one = run(SENT, 100, headers={"X-Route": "<b>", "X-Api-Key": "sk-…1234"})
    table = runs_table([HEALTHY, with_one], ["a", "b"])
    assert "<td>–</td><td><code>X-Route: &lt;b&gt;</code><br><code>X-Api-Key: sk-…1234</code></td>" in table
    assert "Request headers" not in runs_table([HEALTHY, HEALTHY], ["a", "b"])


def test_the_same_command_again_differs_in_nothing() -> None:
    assert unlike_settings([HEALTHY, run(SENT, 120)]) is None


def test_two_demos_differ_in_nothing_though_their_ports_do() -> None:
    first, again = (
        run(SENT, 100, url=f"http://127.0.0.1:{port}/v1/chat-messages", flags={"demo": True}) for port in (1, 2)
    )
    assert unlike_settings([first, again]) is None
