"""Stalls within answers, and what ramp-up and drain do to the rates; all figures by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sse_perf_tool.exporters.json_summary import summary_document
from sse_perf_tool.exporters.markdown import to_markdown
from sse_perf_tool.metrics import Tally
from sse_perf_tool.metrics.steadiness import distorted, full_load_ns, plateau_of, stalls_of
from sse_perf_tool.records import Lumps, Outcome, RequestRecord, Round, RunConfig, RunResult, ScheduleFacts, Stalls
from sse_perf_tool.report_parts.shape import run_shape, short_stalls_text, stalls_text
from sse_perf_tool.report_parts.verdict import verdict

MS, S = 1_000_000, 1_000_000_000


def answer(number: int, gaps_ms: tuple[int, ...], **facts: object) -> RequestRecord:
    """An ok answer with these gaps."""
    gaps_us = tuple(gap * 1000 for gap in gaps_ms)
    latency_ns = 50 * MS + sum(gaps_us) * 1000
    chunks = len(gaps_ms) + 1
    defaults = {"chunks": chunks, "gaps_us": gaps_us, "ttft_ns": 50 * MS, "came": Lumps(chunks, chunks)}
    return RequestRecord(number, 1, 0, Outcome.OK, latency_ns, **{**defaults, **facts})  # type: ignore[arg-type]


def run_of(*records: RequestRecord, **settings: object) -> RunResult:
    tally = Tally(origin_ns=0)
    for record in records:
        tally.add(record)
    return tally.result(RunConfig(**settings), 0)  # type: ignore[arg-type]


# --- stalls

STALLING = (answer(1, (100, 1500, 100, 2200)), answer(2, (100, 100)), answer(3, (400, 900)), answer(4, ()))


def test_stalls_are_gaps_beyond_the_limit_and_their_time_what_lies_beyond() -> None:
    # 1,500 and 2,200 ms are 500 and 1,200 beyond 1,000; all gaps are 3,900 + 200 + 1,300 = 5,400 ms.
    found = stalls_of(run_of(*STALLING))
    assert found == Stalls(1000.0, requests=1, share=1 / 3, count=2, time_ratio=pytest.approx(1700 / 5400))


def test_a_shorter_limit_finds_more() -> None:
    # 1,500, 2,200 and 900: 700 + 1,400 + 100 beyond 800.
    found = stalls_of(run_of(*STALLING, stall_ms=800.0))
    assert found == Stalls(800.0, requests=2, share=2 / 3, count=3, time_ratio=pytest.approx(2200 / 5400))


def test_a_gap_of_just_the_limit_is_none() -> None:
    assert stalls_of(run_of(answer(1, (1000,)))).count == 0


def test_failed_answers_and_runs_without_gaps_have_no_stalls() -> None:
    failed = replace(answer(1, (5000,)), outcome=Outcome.TRUNCATED)
    assert stalls_of(run_of(failed, answer(2, ()))) == Stalls(1000.0, 0, None, 0, None)


def test_stalls_are_said_in_both_languages_where_there_are_some() -> None:
    found = stalls_of(run_of(*STALLING))
    assert stalls_text(found) == (
        "1 answer (33.3 %) stalled for over 1.00 s at least once; 31.5 % of streaming time was beyond that limit.",
        "1 个回答（33.3 %）至少停顿过一次超过 1.00 s；超出部分占全部流式时间的 31.5 %。",
    )
    assert (short_stalls_text(found) or ("",))[0] == "1 answer (33.3 %) with a gap over 1.00 s"
    assert stalls_text(stalls_of(run_of(STALLING[1]))) is None


def test_one_stalled_answer_in_a_hundred_is_worth_a_look() -> None:
    smooth = [answer(number, (100, 100)) for number in range(2, 101)]
    anchors = [look.anchor for look in verdict(run_of(STALLING[0], *smooth)).looks]
    assert "spread" in anchors
    anchors = [look.anchor for look in verdict(run_of(STALLING[0], *smooth, answer(101, (100, 100)))).looks]
    assert "spread" not in anchors


def test_the_summary_has_the_stalls() -> None:
    document = summary_document(run_of(*STALLING))
    assert document["stalls"] == {
        "stall_ms": 1000.0, "requests": 1, "share": 0.333333, "count": 2, "time_ratio": 0.314815,
    }  # fmt: skip


# --- ramp-up and drain


def ramped(threads: int, ramp_s: float, each_s: float, runs_s: float, tokens: int | None = 10) -> RunResult:
    """Threads that begin evenly over `ramp_s` and send for `runs_s` each, answers of `each_s` with 10 tokens."""
    records = []
    for thread in range(threads):
        begin_s = ramp_s * thread / threads
        for turn in range(int(runs_s / each_s)):
            started_ns = int((begin_s + turn * each_s) * S)
            record = answer(len(records) + 1, (50,) * 9, output_tokens=tokens, token_source="usage")
            records.append(
                replace(record, thread_id=thread, started_ns=started_ns, latency_ns=int(each_s * S), ttft_ns=MS)
            )
    return run_of(*records, threads=threads, ramp_up_s=ramp_s)


def test_full_load_is_from_the_last_thread_that_began_to_the_first_that_ended() -> None:
    # Four threads begin at 0, 2, 4 and 6 s and end 10 s later.
    assert full_load_ns(ramped(4, 8, 1, 10)) == (6 * S, 10 * S)


def test_the_plateau_has_the_rates_of_full_load() -> None:
    # 40 answers of 1 s in 16 s are 2.5 a second and 25 tokens/s.  With four at work 40 tokens/s came; of the answers
    # of second 6 to 9, the one that began at 6 s ended at 7: 3 + 4 + 4 + 4 ended.
    run = ramped(4, 8, 1, 10)
    found = plateau_of(run)
    assert found is not None
    assert (found.from_s, found.to_s, found.requests_per_s, found.output_tokens_per_s) == (6, 10, 3.75, 40.0)
    assert (run.summary.requests_per_s, run.summary.output_tokens_per_s) == (2.5, 25.0)
    assert distorted(run, found) == "output_tokens_per_s"


def test_a_long_ramp_up_is_named_with_both_rates() -> None:
    run = ramped(4, 8, 1, 10)
    words = "Ramp-up and drain lower the rate: 25.0 tokens/s over the run, 40.0 at full load (second 6 to 10)."
    assert words in [text[0] for text in run_shape(run)]
    assert words in to_markdown(run)
    assert [look.anchor for look in verdict(run).looks if "full load" in look.text[0]] == ["load"]


def test_without_tokens_the_rate_of_requests_is_held_against_the_plateau() -> None:
    # 2.5 requests/s over the run, 3.75 at full load.
    run = ramped(4, 8, 1, 10, tokens=None)
    plateau = plateau_of(run)
    assert plateau is not None
    assert distorted(run, plateau) == "requests_per_s"


def test_a_short_ramp_up_distorts_nothing() -> None:
    run = ramped(4, 1, 1, 60)
    found = plateau_of(run)
    assert found is not None
    assert distorted(run, found) is None
    assert run_shape(run) == []


def test_without_three_seconds_of_full_load_there_is_no_plateau() -> None:
    assert plateau_of(ramped(4, 12, 1, 10)) is None
    assert plateau_of(run_of()) is None
    assert summary_document(ramped(4, 12, 1, 10))["plateau"] is None


def test_an_open_loop_stages_and_batches_have_no_plateau() -> None:
    run = ramped(4, 8, 1, 10)
    for settings in ({"rate_per_s": 4.0}, {"stages": [(5, 4)], "stages_of": "threads"}, {"batch": 4}):
        assert plateau_of(replace(run, config=replace(run.config, **settings))) is None  # type: ignore[arg-type]


def test_the_plateau_is_within_the_measured_part() -> None:
    found = plateau_of(replace(ramped(4, 8, 1, 10), rounds=[Round(0, 7 * S, 16 * S, 16 * S)]))
    assert found is not None
    assert (found.from_s, found.to_s) == (7, 10)


@pytest.mark.parametrize(
    ("sent_per_s", "all_busy", "words"),
    [
        (98.0, True, "Only 98.0 % of the target rate of 100 requests/s was sent, as all threads were busy"),
        (50.0, False, "Only 50.0 % of the target rate of 100 requests/s was sent, with threads free"),
        (99.0, True, ""),
        (None, True, ""),
    ],
)
def test_a_rate_that_was_not_reached_is_worth_a_look(sent_per_s: float | None, all_busy: bool, words: str) -> None:
    run = run_of(answer(1, (100, 100)))
    kept = ScheduleFacts(100.0, sent_per_s, late=0, worst_delay_ms=0.0, all_busy=all_busy, dropped=0)
    looks = verdict(replace(run, summary=replace(run.summary, schedule=kept))).looks
    said = [look.text[0] for look in looks if "target rate" in look.text[0]]
    assert [text.startswith(words) for text in said] == ([True] if words else [])
