"""What a run must reach: rules, what is wrong with them, and what they say of runs whose figures are known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from sse_perf_tool.errors import UsageError
from sse_perf_tool.goals.thresholds import (
    METRIC_FUNCTIONS,
    RUN_FIGURES,
    TEXTS,
    Rule,
    evaluate,
    judged,
    parse_rule,
    parse_slo,
    slos_of,
)
from sse_perf_tool.metrics import METRICS, REQUEST_METRICS, Tally, enough_for, samples_needed
from sse_perf_tool.metrics.definitions import row_of
from sse_perf_tool.records import Goodput, Outcome, RequestRecord, RunConfig, RunResult, ThresholdResult
from sse_perf_tool.texts import speaker

MS = 1_000_000
SAY = speaker(TEXTS, "en")


def answer(number: int, ttft_ms: float = 100, gaps_ms: Sequence[float] = (20, 20), **facts: Any) -> RequestRecord:
    """A whole answer: the first token after `ttft_ms`, then one after each of `gaps_ms`; one answer a second."""
    streaming_ns = round(sum(gaps_ms) * MS)
    values = {
        "latency_ns": round(ttft_ms * MS) + streaming_ns,
        "ttfb_ns": round(ttft_ms * MS),
        "ttft_ns": round(ttft_ms * MS),
        "ttfa_ns": round(ttft_ms * MS),
        "streaming_ns": streaming_ns,
        "output_tokens": len(gaps_ms) + 1,
        "token_source": "usage",
        "chunks": len(gaps_ms) + 1,
        "gaps_us": tuple(round(gap * 1000) for gap in gaps_ms),
    }
    return RequestRecord(number, 1, (number - 1) * 1000 * MS, Outcome.OK, **{**values, **facts})


def failure(number: int, outcome: Outcome = Outcome.TIMEOUT) -> RequestRecord:
    return RequestRecord(number, 1, (number - 1) * 1000 * MS, outcome, 500 * MS, error="too late")


def run(records: Sequence[RequestRecord], **config: Any) -> RunResult:
    settings = RunConfig(**config)
    tally = Tally(0, slos_of(settings))
    for record in records:
        tally.add(record)
    return tally.result(settings, 0)


TEN_AND_TWO = [*(answer(number, ttft_ms=10 * number) for number in range(1, 11)), failure(11), failure(12)]
"""TTFT of 10, 20, ... 100 ms, three tokens each, and two failures; over after 11.5 s."""


# Rules, taken apart.


@pytest.mark.parametrize(
    ("text", "subject", "function", "percent", "operator", "limit"),
    [
        ("ttft_ms:p(95)<500", "ttft_ms", "p", 95.0, "<", 500.0),
        ("ttft_ms:p(99.9)<=1.5e3", "ttft_ms", "p", 99.9, "<=", 1500.0),
        (" itl_ms : med  > 0.5 ", "itl_ms", "med", 50.0, ">", 0.5),
        ("tokens_per_s:avg>=20", "tokens_per_s", "avg", None, ">=", 20.0),
        ("errors:rate<0.01", "errors", "rate", None, "<", 0.01),
        ("errors:rate<1%", "errors", "rate", None, "<", 0.01),
        ("goodput:rate>=95 %", "goodput", "rate", None, ">=", 0.95),
        ("errors:count==0", "errors", "count", None, "==", 0.0),
        ("tokens:rate!=-1", "tokens", "rate", None, "!=", -1.0),
        ("requests:rate>20", "requests", "rate", None, ">", 20.0),
    ],
)
def test_a_rule_is_a_subject_a_function_an_operator_and_a_number(
    text: str, subject: str, function: str, percent: float | None, operator: str, limit: float
) -> None:
    assert parse_rule(text, SAY) == Rule(text.strip(), subject, function, percent, operator, limit)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("function", ["avg", "min", "max", "med", "p(0)", "p(99.99)", "count"])
def test_every_metric_takes_every_function_of_metrics(metric: str, function: str) -> None:
    assert parse_rule(f"{metric}:{function}<1", SAY).subject == metric


FUNCTIONS = "avg, min, max, med, p(N), count"
OPERATORS = "an operator: < <= > >= == !="


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", f"character 1: expected one of {', '.join((*METRICS, *RUN_FIGURES))}"),
        ("<5", f"character 1: expected one of {', '.join((*METRICS, *RUN_FIGURES))}"),
        ("ttft:p(95)<500", "character 1: there is no ttft; did you mean ttft_ms?"),
        ("  TTFT_MS:p(95)<500", "character 3: there is no TTFT_MS; did you mean ttft_ms?"),
        ("error:rate<1", "character 1: there is no error; did you mean errors?"),
        ("ttft_ms", f"character 8: expected a colon, then {FUNCTIONS}"),
        ("ttft_ms<500", f"character 8: expected a colon, then {FUNCTIONS}"),
        ("errors<0.1", "character 7: expected a colon, then rate, count"),
        ("ttft_ms:q(95)<500", f"character 9: expected a function: {FUNCTIONS}"),
        ("ttft_ms:p95<500", "character 10: expected a percentile in brackets, as in p(95)"),
        ("ttft_ms:p<500", "character 10: expected a percentile in brackets, as in p(95)"),
        ("ttft_ms:p()<500", "character 11: expected a percentile from 0 to below 100 (max is the largest value)"),
        ("ttft_ms:p(100)<500", "character 11: expected a percentile from 0 to below 100 (max is the largest value)"),
        ("ttft_ms:p(95<500", "character 13: expected a percentile in brackets, as in p(95)"),
        ("ttft_ms:rate<500", f"character 9: expected a function: {FUNCTIONS}"),
        ("errors:avg<1", "character 8: expected a function: rate, count"),
        ("goodput:share>1", "character 9: expected a function: rate, count, per_s"),
        ("ttft_ms:p(95)", f"character 14: expected {OPERATORS}"),
        ("ttft_ms:p(95)=500", f"character 14: expected {OPERATORS}"),
        ("ttft_ms:p(95)<", "character 15: expected a number, without a unit"),
        ("ttft_ms:p(95)<fast", "character 15: expected a number, without a unit"),
        ("ttft_ms:p(95)< 500ms", "character 16: expected a number, without a unit"),
        (
            "ttft_ms:p(95)<500 && errors:rate<1",
            "character 19: expected the end of the rule; quote each rule on its own",
        ),
        ("errors:rate<5", "character 13: expected a share from 0 to 1 or a percentage, as in 0.05 or 5%"),
        ("errors:rate<500%", "character 13: expected a share from 0 to 1 or a percentage, as in 0.05 or 5%"),
        ("goodput:rate>= x", "character 16: expected a share from 0 to 1 or a percentage, as in 0.05 or 5%"),
    ],
)
def test_a_bad_threshold_gets_one_line_that_points_at_the_character(text: str, problem: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_rule(text, SAY)
    assert str(caught.value) == problem


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("errors<1", f"character 1: expected one of {', '.join(METRICS)}"),
        (
            "ttft_ms:p(95)<5",
            "character 8: a request has a single ttft_ms, so it takes no function; write ttft_ms and an operator",
        ),
        ("itl_ms<50", "character 7: expected a colon, then avg, min, max, med, p(N)"),
        ("itl_ms:count<50", "character 8: expected a function: avg, min, max, med, p(N)"),
        ("ttft_ms 500", f"character 9: expected {OPERATORS}"),
        ("ttft_ms<", "character 9: expected a number, without a unit"),
        ("ttft_ms<5 x", "character 11: expected the end of the rule; quote each rule on its own"),
    ],
)  # fmt: skip
def test_a_bad_slo_gets_one_line_that_points_at_the_character(text: str, problem: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_slo(text, SAY)
    assert str(caught.value) == problem


def test_problems_are_told_in_chinese_too() -> None:
    with pytest.raises(UsageError, match=r"^第 9 个字符：此处应该是函数：avg, min, max, med, p\(N\), count$"):
        parse_rule("ttft_ms:q<1", speaker(TEXTS, "zh"))


# Thresholds, held against runs.


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("ttft_ms:avg<56", 55.0),
        ("ttft_ms:min>9", 10.0),
        ("ttft_ms:max<=100", 100.0),
        ("ttft_ms:med<56", 55.0),
        ("ttft_ms:p(90)<92", 91.0),  # rank 8.1: 90 and a tenth of the way to 100
        ("ttft_ms:p(75)<78", 77.5),  # rank 6.75
        ("ttft_ms:p(12.5)<22", 21.25),  # rank 1.125
        ("ttft_ms:count==10", 10),
        ("itl_ms:count==20", 20),
        ("itl_ms:p(95)==20", 20.0),
        ("tpot_ms:avg==20", 20.0),
        ("latency_ms:max<141", 140.0),
        ("errors:rate<0.17", 2 / 12),
        ("errors:count<3", 2),
        ("requests:count==12", 12),
        ("requests:rate>1", 12 / 11.5),
        ("tokens:count>=30", 30),
        ("tokens:rate>2.6", 30 / 11.5),
    ],
)
def test_a_figure_is_the_one_computed_by_hand(text: str, value: float) -> None:
    result = run(TEN_AND_TWO)
    assert result.duration_ns == 11_500 * MS
    assert evaluate(parse_rule(text, SAY), result) == ThresholdResult(text, pytest.approx(value, abs=1e-9), True)


@pytest.mark.parametrize(
    ("operator", "ok"), [("<", False), ("<=", True), (">", False), (">=", True), ("==", True), ("!=", False)]
)
def test_an_operator_means_what_it_says_at_the_limit_itself(operator: str, ok: bool) -> None:
    assert evaluate(parse_rule(f"ttft_ms:max{operator}100", SAY), run(TEN_AND_TWO)).ok is ok


def test_the_gaps_of_all_answers_make_one_distribution() -> None:
    result = run([answer(1, gaps_ms=(10, 20, 30)), answer(2, gaps_ms=(40,)), failure(3)])
    assert evaluate(parse_rule("itl_ms:p(25)<20", SAY), result).value == 17.5  # of 10, 20, 30, 40: rank 0.75


@pytest.mark.parametrize(
    "text", ["ttft_ms:p(95)<500", "connect_ms:avg>0", "itl_ms:count<5", "errors:rate<1", "errors:count<1",
             "requests:rate<9", "requests:count<9", "tokens:rate<9", "tokens:count<9", "goodput:rate>=0"],
)  # fmt: skip
def test_a_rule_without_data_is_missed(text: str) -> None:
    assert evaluate(parse_rule(text, SAY), run([])) == ThresholdResult(text, None, False, "no data")


def test_a_percentile_of_too_few_is_missed_and_says_how_many_it_needs() -> None:
    ten = run(TEN_AND_TWO)
    rows = [evaluate(parse_rule(text, SAY), ten) for text in ("ttft_ms:p(90)<999", "ttft_ms:p(90.1)<999")]
    assert [row.ok for row in rows] == [True, False]
    assert rows[1].note == "too few samples: 10, 11 are needed"
    assert evaluate(parse_rule("ttft_ms:p(99.9)<1", SAY), ten).note == "too few samples: 10, 1000 are needed"
    assert evaluate(parse_rule("ttft_ms:p(99)<1", SAY), run(TEN_AND_TWO, lang="zh")).note.startswith("样本不足")


def test_percentiles_with_decimals_need_exactly_their_number_of_samples() -> None:
    fewest = {0: 1, 50: 2, 90: 10, 95: 20, 99: 100, 99.5: 200, 99.9: 1000, 99.99: 10_000}
    assert {percent: samples_needed(percent) for percent in fewest} == fewest
    assert [(enough_for(p, n - 1), enough_for(p, n)) for p, n in fewest.items()] == [(False, True)] * len(fewest)


def test_a_run_is_judged_by_the_rules_of_its_settings_in_their_order() -> None:
    rules = ("ttft_ms:max<=100", "errors:count<2", "ttft_ms:p(99)<1")
    result = judged(run(TEN_AND_TWO, thresholds=rules))
    assert [(row.rule, row.value, row.ok) for row in result.thresholds] == [
        (rules[0], 100.0, True), (rules[1], 2, False), (rules[2], None, False),
    ]  # fmt: skip
    assert result.missed
    assert not judged(run(TEN_AND_TWO, thresholds=rules[:1])).missed
    assert not judged(run(TEN_AND_TWO)).missed


def test_every_run_figure_has_its_function_and_no_metric_has_its_name() -> None:
    assert not set(RUN_FIGURES) & set(METRICS)
    assert "p(N)" in METRIC_FUNCTIONS


# Goodput: what one request is like.


def row_and_gaps(record: RequestRecord) -> tuple[dict[str, int], Sequence[int]]:
    return row_of(record, record.started_ns), record.gaps_us


@pytest.mark.parametrize(
    ("text", "record", "met"),
    [
        ("ttft_ms<100", answer(1, ttft_ms=99.9), True),
        ("ttft_ms<100", answer(1, ttft_ms=100), False),
        ("latency_ms<=140", answer(1, ttft_ms=100, gaps_ms=(20, 20)), True),
        ("tpot_ms<21", answer(1, gaps_ms=(10, 30)), True),
        ("tpot_ms<20", answer(1, gaps_ms=(10, 30)), False),
        ("max_gap_ms<30", answer(1, gaps_ms=(10, 30)), False),
        ("tokens_per_s>70", answer(1, gaps_ms=(20, 20)), True),  # 3 tokens in 40 ms: 75
        ("tokens_per_s>75", answer(1, gaps_ms=(20, 20)), False),
        ("itl_ms:p(50)<21", answer(1, gaps_ms=(10, 20, 90)), True),
        ("itl_ms:med<20", answer(1, gaps_ms=(10, 20, 90)), False),
        ("itl_ms:p(75)<=55", answer(1, gaps_ms=(10, 20, 90)), True),  # rank 1.5: half-way from 20 to 90
        ("itl_ms:avg<=40", answer(1, gaps_ms=(10, 20, 90)), True),
        ("itl_ms:max<90", answer(1, gaps_ms=(10, 20, 90)), False),
        ("itl_ms:min>=10", answer(1, gaps_ms=(90, 20, 10)), True),
    ],
)  # fmt: skip
def test_a_request_meets_a_demand_or_not(text: str, record: RequestRecord, met: bool) -> None:
    assert parse_slo(text, SAY).met_by(*row_and_gaps(record)) is met


@pytest.mark.parametrize("text", ["itl_ms:p(99)<1", "tpot_ms<1", "max_gap_ms<1", "tokens_per_s>99", "connect_ms<1"])
def test_what_an_answer_of_one_token_does_not_have_cannot_be_too_slow(text: str) -> None:
    assert parse_slo(text, SAY).met_by(*row_and_gaps(answer(1, gaps_ms=())))


def test_a_moment_that_never_came_is_late() -> None:
    assert not parse_slo("ttfa_ms<999", SAY).met_by(*row_and_gaps(answer(1, ttfa_ns=None)))


@pytest.mark.parametrize("metric", REQUEST_METRICS)
def test_every_metric_of_a_request_can_be_demanded(metric: str) -> None:
    record = answer(1, connect_ns=1, tls_ns=1, dns_ns=1, intended_ns=0)
    assert parse_slo(f"{metric}>=0", SAY).met_by(*row_and_gaps(record))


SLOS = ("ttft_ms<500", "itl_ms:p(99)<100")


def test_goodput_counts_the_requests_that_meet_all_demands_of_those_not_cancelled() -> None:
    records = [
        *(answer(number) for number in range(1, 7)),  # good
        answer(7, ttft_ms=500),
        answer(8, gaps_ms=(20, 120)),
        failure(9),
        failure(10, Outcome.CANCELLED),
    ]
    result = run(records, slo=SLOS)
    assert list(result.requests["good"]) == [1, 1, 1, 1, 1, 1, 0, 0, 0, -1]
    assert result.summary.goodput == Goodput(SLOS, met=6, of=9, requests_per_s=6 / 9.5)
    assert result.summary.goodput.share == 6 / 9
    rules = ("goodput:rate>=0.66", "goodput:count>6", "goodput:per_s<0.7")
    assert [row.ok for row in judged(run(records, slo=SLOS, thresholds=rules)).thresholds] == [True, False, True]


def test_there_is_no_goodput_without_a_demand_and_no_share_of_nothing() -> None:
    assert run(TEN_AND_TWO).summary.goodput is None
    nothing = run([failure(1, Outcome.CANCELLED)], slo=SLOS).summary.goodput
    assert nothing is not None
    assert (nothing.met, nothing.of, nothing.share) == (0, 0, None)


def test_the_goodput_of_merged_processes_is_that_of_all_their_requests() -> None:
    config = RunConfig(slo=SLOS)
    parts = [Tally(0, slos_of(config)) for _ in range(2)]
    parts[0].add(answer(1))
    parts[1].add(answer(2, ttft_ms=900))
    parts[1].add(answer(3))
    whole = Tally(0, slos_of(config))
    for part in parts:
        whole.merge(part)
    goodput = whole.result(config, 0).summary.goodput
    assert goodput is not None
    assert (goodput.met, goodput.of) == (2, 3)
