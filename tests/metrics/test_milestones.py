"""What answers do with their time, by hand: one answer, and all of a run."""

from __future__ import annotations

import pickle

import pytest

from agent_answers import MS, agent_answer, plain_answer, run_of, value_of
from sse_perf_tool.metrics import MILESTONE_METRICS, Tally, values_of
from sse_perf_tool.metrics.milestone_pools import MOST_POOLS
from sse_perf_tool.metrics.milestones import milestone_of, stretches_of, times_of
from sse_perf_tool.records import Span


def test_at_each_moment_one_thing_counts() -> None:
    answer = agent_answer()
    assert [tuple(each) for each in stretches_of(answer.spans, 1_000_000)] == [
        ("waiting", "", 0, 50_000), ("step", "agent", 50_000, 100_000), ("reasoning", "", 100_000, 300_000),
        ("step", "agent", 300_000, 400_000), ("tool", "weather", 400_000, 700_000), ("step", "agent", 700_000, 800_000),
        ("text", "", 800_000, 900_000), ("step", "agent", 900_000, 950_000), ("waiting", "", 950_000, 1_000_000),
    ]  # fmt: skip


def test_the_innermost_step_is_what_is_waited_in_and_text_goes_before_a_tool() -> None:
    spans = [
        Span("step", "outer", 0, 100, 1), Span("step", "inner", 20, 40, 1), Span("tool_call", "t", 70, 20, 1),
        Span("text", "", 80, 5, 2), Span("step", "open", 90, None, 1),
    ]  # fmt: skip
    assert [tuple(each) for each in stretches_of(spans, 100)] == [
        ("step", "outer", 0, 20), ("step", "inner", 20, 60), ("step", "outer", 60, 70), ("tool", "t", 70, 80),
        ("text", "", 80, 85), ("tool", "t", 85, 90), ("step", "outer", 90, 100),
    ]  # fmt: skip


def test_what_lies_behind_the_end_of_an_answer_does_not_count() -> None:
    assert [tuple(each) for each in stretches_of([Span("text", "", 50, 100, 2)], 80)] == [
        ("waiting", "", 0, 50), ("text", "", 50, 80),
    ]  # fmt: skip


def test_the_times_are_all_of_the_answer() -> None:
    times = times_of(stretches_of(agent_answer().spans, 1_000_000))
    assert times == {"text": 100_000, "reasoning": 200_000, "tool": 300_000, "waiting": 400_000}


@pytest.mark.parametrize(
    ("metric", "value"),
    [
        ("first_reasoning_ms", 100), ("first_tool_call_ms", 400), ("first_tool_result_ms", 450), ("first_step_ms", 50),
        ("first_citation_ms", 900), ("text_time_ms", 100), ("reasoning_time_ms", 200), ("tool_time_ms", 300),
        ("waiting_time_ms", 400), ("tool_calls", 1), ("steps", 1), ("step_ms", 900), ("tool_call_ms[weather]", 300),
        ("tool_result_ms[weather]", 250), ("first_tool_call_ms[weather]", 400), ("tool_call_ms[stocks]", None),
    ],
)  # fmt: skip
def test_metrics_of_one_request(metric: str, value: float | None) -> None:
    assert value_of(agent_answer(), metric) == value


def test_an_answer_of_text_alone_has_none_of_them() -> None:
    assert {value_of(plain_answer(1), metric) for metric in MILESTONE_METRICS} == {None}
    found = run_of([plain_answer(1)]).summary
    assert found.milestones == ()
    assert not set(MILESTONE_METRICS) & set(found.metrics)


def test_figures_of_a_run_by_kind_and_name() -> None:
    result = run_of([agent_answer(1), agent_answer(2, scale=3), plain_answer(3), plain_answer(4)])
    rows = {(each.kind, each.name): each for each in result.summary.milestones}
    assert [kind for kind, _ in rows] == [
        "step", "reasoning", "tool_call", "tool_result", "text", "citation", "end",
    ]  # fmt: skip
    call = rows["tool_call", "weather"]
    assert (call.answers, call.share, call.spans, call.events) == (2, 0.5, 2, 4)
    assert (call.first_ms.p50, call.first_ms.max, call.duration_ms.mean) == (800, 1200, 600)
    assert (rows["citation", "web"].events, rows["citation", "web"].duration_ms.count) == (4, 0)
    metrics = result.summary.metrics
    assert metrics["reasoning_gap_ms"].count == 4
    assert metrics["reasoning_gap_ms"].mean == pytest.approx(200)
    assert (metrics["text_gap_ms"].min, metrics["text_gap_ms"].max, metrics["tool_call_gap_ms"].max) == (50, 150, 150)
    assert metrics["waiting_time_ms"].mean == 800
    assert list(values_of(result, "step_ms[agent]")) == [900, 2700]
    assert list(values_of(result, "step_ms[other]")) == []


def test_tallies_of_two_processes_make_the_figures_of_one() -> None:
    records = [agent_answer(1), agent_answer(2, scale=3), plain_answer(3)]
    first, second = Tally(0), Tally(0)
    first.add(records[0])
    for record in records[1:]:
        second.add(record)
    first.merge(pickle.loads(pickle.dumps(second)))
    one = run_of(records)
    merged = first.result(one.config, 0)
    assert merged.summary.milestones == one.summary.milestones
    assert merged.summary.metrics == one.summary.metrics


def test_a_server_with_ever_new_names_does_not_fill_the_memory() -> None:
    tally = Tally(0)
    for number in range(1, 2 * MOST_POOLS):
        tally.add(agent_answer(number, spans=(Span("step", f"s{number}", 0, 10, 1),)))
    found = tally.result(run_of([]).config, 0)
    assert len(found.summary.milestones) <= MOST_POOLS
    assert len(found.pools) <= MOST_POOLS
    assert found.summary.metrics["step_ms"].count == 2 * MOST_POOLS - 1


def test_the_milestone_of_a_metric() -> None:
    assert milestone_of("step_ms[a [b") is None
    assert milestone_of("step_ms[检索]") == ("step", "检索")
    assert milestone_of("first_citation_ms") == ("citation", "")
    assert milestone_of("max_gap_ms") is milestone_of("ttft_ms") is milestone_of("text_gap_ms") is None


def test_details_keep_the_spans_and_the_table_its_columns() -> None:
    result = run_of([agent_answer(1), plain_answer(2)])
    assert result.requests.details[0].spans == agent_answer().spans
    assert list(result.requests["tool_time_ns"]) == [300 * MS, -1]
