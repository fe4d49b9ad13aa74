"""Usage that contradicts its stream, and tokens a chunk that fall into two groups."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from sse_perf_tool.exporters.json_summary import summary_document
from sse_perf_tool.load.run import load_warnings
from sse_perf_tool.metrics import Tally
from sse_perf_tool.records import Outcome, RequestRecord, RunConfig, RunResult
from sse_perf_tool.records.file import record_line, record_of


def answer(chunks: int, tokens: int | None, **more: object) -> RequestRecord:
    """An ok answer of so many chunks, for which the server reports so many tokens."""
    whole = RequestRecord(
        1, 1, 0, Outcome.OK, 10**9, 200, ttfb_ns=1, ttft_ns=10, ttfa_ns=10, streaming_ns=10**9, chunks=chunks,
        output_tokens=tokens or chunks, reported_tokens=tokens, token_source="usage", gaps_us=(1000,) * (chunks - 1),
    )  # fmt: skip
    return replace(whole, **more)  # type: ignore[arg-type]


def run_of(records: list[RequestRecord]) -> RunResult:
    tally = Tally(0)
    for record in records:
        tally.add(record)
    return tally.result(RunConfig(threads=1), 0)


@pytest.mark.parametrize(
    ("chunks", "tokens", "count"), [(11, 5, 1), (10, 9, 1), (5, 0, 1), (5, 5, 0), (5, 9, 0), (5, None, 0)]
)
def test_fewer_tokens_than_chunks_contradict_the_stream(chunks: int, tokens: int | None, count: int) -> None:
    result = run_of([answer(chunks, tokens), answer(3, 3)])
    assert result.summary.contradicting_usage == count
    assert len(load_warnings(result, "en")) == count


def test_failed_answers_are_not_looked_at() -> None:
    assert run_of([answer(11, 5, outcome=Outcome.TRUNCATED)]).summary.contradicting_usage == 0


def test_the_warning_says_how_many_in_both_languages() -> None:
    result = run_of([answer(11, 5)] * 3)
    assert load_warnings(result, "en") == [
        "3 answers report fewer output tokens than text chunks came: TPOT and tokens/s use an estimate for them"
    ]
    assert load_warnings(result, "zh") == [
        "有 3 个回答上报的输出 token 数少于其文本块数：这些回答的 TPOT 和 token/s 使用估算值"
    ]


def test_answers_that_a_gateway_has_repaired_are_a_second_group() -> None:
    result = run_of([answer(20, 20)] * 10 + [answer(10, 20)] * 10)
    groups = result.summary.token_groups
    assert groups is not None
    assert (groups.low, groups.low_answers, groups.high, groups.high_answers) == (1, 10, 2, 10)
    (said,) = load_warnings(result, "en")
    assert said.startswith(
        "tokens a chunk fall into two groups: 1.00 a chunk (10 answers) and 2.00 a chunk (10 answers); some answers"
    )
    (in_chinese,) = load_warnings(result, "zh")
    assert "每块 1.00 个（10 个回答）与每块 2.00 个（10 个回答）；部分回答可能被网关修补过" in in_chinese
    assert summary_document(result)["tokens"]["groups"] == {
        "low": 1, "low_answers": 10, "high": 2, "high_answers": 10,
    }  # fmt: skip


@pytest.mark.parametrize(
    "records",
    [
        [answer(20, 20)] * 20,
        [answer(20, 20)] * 3 + [answer(10, 20)] * 3,
        [answer(20, 20)] * 19 + [answer(10, 20)],
        [answer(20, tokens) for tokens in range(20, 60)],
        [answer(20, 20)] * 10 + [answer(20, 60, reasoning_tokens=40)] * 10,
        [answer(20, 20)] * 10 + [answer(2, 20)] * 10,
        [answer(20, 20)] * 10 + [answer(20, 9)] * 10,
    ],
    ids=["alike", "few", "one", "spread", "hidden reasoning", "short", "contradicting"],
)
def test_other_runs_have_one_group(records: list[RequestRecord]) -> None:
    assert run_of(records).summary.token_groups is None


def test_chance_makes_no_groups() -> None:
    draw = random.Random(7)
    for _ in range(200):
        tokens = [draw.randrange(20, 61) for _ in range(20)]
        assert run_of([answer(20, each) for each in tokens]).summary.token_groups is None


def test_finish_reasons_are_counted_of_all_but_cancelled_and_in_bounded_memory() -> None:
    records = [answer(3, 3, finish_reason="stop")] * 3 + [answer(3, 3, finish_reason="length")]
    records += [answer(3, 3, finish_reason="network_error", outcome=Outcome.IN_STREAM_ERROR)] * 2
    records += [answer(3, 3, finish_reason="stop", outcome=Outcome.CANCELLED), answer(3, 3)]
    assert list(run_of(records).summary.finish_reasons.items()) == [("stop", 3), ("network_error", 2), ("length", 1)]
    many = run_of([answer(3, 3, finish_reason=f"r{number}") for number in range(90)]).summary.finish_reasons
    assert (len(many), many["…"]) == (51, 40)


def test_tallies_of_processes_are_one() -> None:
    one, other = Tally(0), Tally(0)
    one.add(answer(3, 3, finish_reason="stop", bad_events=2))
    other.add(answer(3, 3, finish_reason="stop", bad_events=1))
    one.merge(other)
    summary = one.result(RunConfig(), 0).summary
    assert (summary.finish_reasons, summary.bad_events, summary.bad_event_answers) == ({"stop": 2}, 3, 2)


def test_records_keep_both_and_older_ones_have_neither() -> None:
    import json

    record = answer(11, 5, bad_events=4)
    row = json.loads(record_line(record, 0))
    assert (row["reported_tokens"], row["bad_events"]) == (5, 4)
    assert record_of(row, 0) == record
    del row["reported_tokens"], row["bad_events"]
    assert record_of(row, 0) == replace(record, reported_tokens=None, bad_events=0)
