"""Whether figures are true: what was read late, by how much the P99 may be off, the verdict and where it stands."""

from __future__ import annotations

import io
import json
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from sse_perf_tool.commands.environment import MISSED, OK, SOME_FAILED
from sse_perf_tool.commands.judging import status_of
from sse_perf_tool.console import Console
from sse_perf_tool.exporters.json_summary import summary_document
from sse_perf_tool.exporters.junit import to_junit
from sse_perf_tool.exporters.markdown import to_markdown
from sse_perf_tool.metrics import Tally, merged_reads
from sse_perf_tool.records import (
    Outcome,
    Phase,
    Reason,
    RequestRecord,
    RunConfig,
    RunResult,
    ScheduleFacts,
    Stats,
    StreamShape,
    Trust,
    TrustSample,
)
from sse_perf_tool.records.file import record_line, record_of
from sse_perf_tool.report_parts.data import run_data
from sse_perf_tool.report_parts.trust import trust_html
from sse_perf_tool.report_parts.verdict import verdict
from sse_perf_tool.trust import TEXTS, by_second, held, judge, read_delay_ms, verdict_words, words
from sse_perf_tool.trust.wording import ms_text

MS = 1_000_000
PROMPT = {8: 1000}
"""A thousand reads or wake-ups of 16 to 22 microseconds."""
CALM = TrustSample(0, PROMPT, 0.02, PROMPT, PROMPT, cpu_share=0.1, cpu_wait=0.01, machine_cpu=0.2)
LATE = replace(CALM, away={8: 500, 30: 500}, wakes={8: 500, 30: 500})
"""Half of the reads and wake-ups were 32 to 46 ms late."""


def answer(number: int, gaps_ms: Sequence[float] = (20,) * 9, ttft_ms: float = 50, **changes: Any) -> RequestRecord:
    """An answer with these gaps, whose head came at once and whose end came 20 ms behind the last chunk."""
    facts: dict[str, Any] = {
        "ttfb_ns": 1 * MS,
        "ttft_ns": round(ttft_ms * MS),
        "streaming_ns": round((ttft_ms + sum(gaps_ms) + 19) * MS),
        "output_tokens": len(gaps_ms) + 1,
        "token_source": "usage",
        "chunks": len(gaps_ms) + 1,
        "gaps_us": tuple(round(gap * 1000) for gap in gaps_ms),
        "start_slack_ns": 0,
        "clock": "kernel",
    }
    return RequestRecord(number, 1, number * 300 * MS, Outcome.OK, 300 * MS, **(facts | changes))


def run(answers: Sequence[RequestRecord], *watched: TrustSample, **config: Any) -> RunResult:
    tally = Tally(0)
    for each in answers:
        tally.add(each)
    tally.self_watch.add(watched)
    return judge(tally.result(RunConfig(**config), 0))


def bounds(result: RunResult) -> tuple[float | None, float | None]:
    assert result.trust is not None
    return result.trust.ttft_p99_error_bound_ms, result.trust.itl_p99_error_bound_ms


def keys(result: RunResult) -> list[str]:
    assert result.trust is not None
    return [result.trust.verdict, *(reason.key for reason in result.trust.reasons)]


SMOOTH = [answer(number) for number in range(1, 101)]


# Reads with several chunks.


def test_chunks_without_a_gap_between_them_came_in_one_read() -> None:
    assert list(merged_reads([20, 0, 0, 15, 30, 0])) == [(20, 3), (30, 2)]


def test_what_came_with_the_first_chunk_is_not_known_by_its_gaps() -> None:
    assert list(merged_reads([0, 0, 20, 0])) == [(20, 2)]
    assert answer(1, [0, 0, 20, 0]).first_chunks == 3
    assert (answer(1, [20, 0]).first_chunks, answer(1, []).first_chunks, answer(1, [0, 0]).first_chunks) == (1, 1, 3)


def test_the_end_of_an_answer_counts_as_a_chunk_when_it_came_with_the_last() -> None:
    together = answer(1, [20, 20], streaming_ns=(50 + 40 - 1) * MS)
    assert (together.ended_together, answer(1, [20, 20]).ended_together) == (True, False)
    assert list(merged_reads(together.gaps_us, ended_together=True)) == [(20_032, 2)], "8 leading bits of 20,000"


# The bound.


def test_an_idle_run_is_off_by_no_more_than_two_programs_can_agree() -> None:
    result = run(SMOOTH, CALM)
    assert (keys(result), bounds(result)) == (["trusted"], (0.1, 0.1))


def test_a_start_that_may_be_too_early_is_taken_off_the_time_to_the_first_token() -> None:
    late = [answer(number, ttft_ms=50 + 2 * (number > 95), start_slack_ns=1_500_000) for number in range(1, 101)]
    assert bounds(run(late, CALM))[0] == pytest.approx(1.5 + 0.1)


def test_slack_counts_only_where_the_percentile_is() -> None:
    slow = [answer(number, ttft_ms=90 if number > 90 else 50) for number in range(1, 101)]
    slow[0] = replace(slow[0], start_slack_ns=40 * MS)
    assert bounds(run(slow, CALM))[0] == 0.1


def test_a_late_read_of_two_chunks_may_have_been_two_even_gaps() -> None:
    """Gaps of 20 ms of which 4 in a hundred were read as 40 and 0: the true P99 is from 20 to 40 ms."""
    gaps = [(40, 0, *[20] * 7) if number % 3 == 0 else [20] * 9 for number in range(100)]
    result = run([answer(number, each) for number, each in enumerate(gaps, 1)], LATE)
    assert result.summary.metrics["itl_ms"].p99 == 40
    assert bounds(result)[1] == pytest.approx(20 + 0.1, abs=0.2)
    assert keys(result)[:3] == ["invalid", "itl_bound", "merged"]


def test_few_late_reads_do_not_reach_the_percentile() -> None:
    gaps = [(40, 0, *[20] * 7) if number == 0 else [20] * 9 for number in range(100)]
    assert bounds(run([answer(number, each) for number, each in enumerate(gaps, 1)], LATE))[1] == 0.1


def test_late_reads_may_hide_more_long_gaps_than_were_seen() -> None:
    """8 of 900 gaps were read as 100 ms with zeros behind: as 50 and 50 they would be 16, and that is over 1 %."""
    gaps = [(100, 0, *[20] * 7) if number % 13 == 0 else [20] * 9 for number in range(100)]
    result = run([answer(number, each) for number, each in enumerate(gaps, 1)], LATE)
    assert result.summary.metrics["itl_ms"].p99 == 20
    assert bounds(result)[1] == pytest.approx(50 - 20 + 0.1, abs=0.5)


def test_bursts_that_were_read_at_once_are_true() -> None:
    bursts = [answer(number, (0, 0, 40, 0, 0, 40, 0, 0)) for number in range(1, 101)]
    result = run(bursts, CALM)
    assert keys(result) == ["trusted"]
    assert max(filter(None, bounds(result))) < 0.5


def test_bursts_are_not_told_from_lateness_where_reads_were_late() -> None:
    bursts = [answer(number, (0, 0, 40, 0, 0, 40, 0, 0)) for number in range(1, 101)]
    assert keys(run(bursts, LATE))[0] == "invalid"


@pytest.mark.parametrize("evidence", ["read_waits", "away", "wakes"])
def test_each_way_to_see_lateness_is_enough(evidence: str) -> None:
    gaps = [(40, 0, *[20] * 7) if number % 3 == 0 else [20] * 9 for number in range(100)]
    seen = replace(CALM, **{evidence: {8: 500, 30: 500}})
    assert bounds(run([answer(number, each) for number, each in enumerate(gaps, 1)], seen))[1] > 19


def test_a_first_chunk_that_waited_for_others_came_so_much_earlier() -> None:
    """In a tenth of the answers two chunks came in the first read: the first had waited for 20 ms, or one in a
    thousand reads' 46 ms."""
    firsts = [(0, *[20] * 8) if number % 10 == 0 else [20] * 9 for number in range(100)]
    late = [answer(number, gaps, ttft_ms=70 if not gaps[0] else 50) for number, gaps in enumerate(firsts, 1)]
    result = run(late, replace(LATE, away={8: 9900, 28: 100}, wakes={8: 990, 28: 10}))
    assert bounds(result)[0] == pytest.approx(20 + 0.1, abs=0.01), "no earlier than those that did not wait"


def test_a_first_chunk_cannot_have_come_before_the_first_byte() -> None:
    late = [answer(number, (0, *[20] * 8), ttft_ms=5) for number in range(1, 101)]
    assert bounds(run(late, LATE))[0] == pytest.approx(4 + 0.1)


def test_stamps_of_this_program_are_late_by_what_reads_waited() -> None:
    result = run([replace(each, clock="user") for each in SMOOTH], CALM)
    # 2**(9/2) microseconds is the upper edge of the bucket of all reads.
    assert bounds(result) == (pytest.approx(0.123, abs=0.001), pytest.approx(0.123, abs=0.001))


def test_without_answers_there_is_nothing_to_bound() -> None:
    result = run([RequestRecord(1, 1, 0, Outcome.TIMEOUT, MS)], CALM)
    assert (keys(result), bounds(result)) == (["not_measured"], (None, None))


def test_a_run_too_short_to_be_watched_has_no_verdict() -> None:
    assert keys(run(SMOOTH)) == ["not_measured"]


def test_bursts_are_not_told_of_a_client_that_reads_as_late_as_they_are_apart() -> None:
    bursts = StreamShape(kind="bursts", lump_gap_ms=60.0)
    early = run(SMOOTH, CALM)
    late = replace(early, self_watch=(replace(CALM, read_waits={30: 100}, read_wait_max_ms=46.0),))
    kinds = [
        judge(replace(result, summary=replace(result.summary, shape=bursts))).summary.shape.kind
        for result in (early, late)
    ]
    assert kinds == ["bursts", "unknown"]


# The verdict.


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        (CALM, ["trusted"]),
        (replace(CALM, cpu_share=0.97), ["degraded", "busy"]),
        (replace(CALM, cpu_share=0.6, machine_cpu=0.99, cpu_wait=0.05), ["degraded", "starved"]),
        (replace(CALM, machine_cpu=0.99, cpu_wait=0.01), ["trusted"]),
        (replace(CALM, cpu_wait=0.3), ["degraded", "starved"]),
        (replace(CALM, cpu_share=0.6, machine_cpu=0.99, cpu_wait=None), ["degraded", "full"]),
        (replace(CALM, machine_cpu=None, cpu_wait=None), ["trusted"]),
        (replace(CALM, clock_step_ms=-3.0), ["degraded", "steps"]),
    ],
)
def test_what_was_measured_decides(sample: TrustSample, expected: list[str]) -> None:
    assert keys(run(SMOOTH, sample)) == expected


@pytest.mark.parametrize(
    ("machine_cpu", "cpu_wait", "expected"),
    [
        (0.85, 0.12, ["degraded", "tight"]),
        (0.85, 0.08, ["trusted"]),
        (0.7, 0.12, ["trusted"]),
        (None, 0.12, ["trusted"]),
    ],
)
def test_a_burst_that_begins_on_full_cores_is_not_trusted_however_calm_the_rest_is(
    machine_cpu: float | None, cpu_wait: float, expected: list[str]
) -> None:
    # The answers begin 0.3 s apart, three in the first second; of 40 seconds 39 are calm.
    first = replace(CALM, machine_cpu=machine_cpu, cpu_wait=cpu_wait)
    assert keys(run(SMOOTH, first, *(replace(CALM, second=second) for second in range(1, 40)))) == expected


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        (CALM, ["trusted"]),
        (replace(CALM, machine_cpu=None), ["trusted"]),
        (replace(CALM, machine_cpu=0.8), ["degraded", "user_clock"]),
        (replace(CALM, cpu_share=0.8), ["degraded", "user_clock"]),
        (replace(CALM, wakes={8: 900, 22: 100}), ["degraded", "user_clock"]),
        (replace(CALM, wakes={}), ["degraded", "user_clock"]),
    ],
)
def test_stamps_of_this_program_are_trusted_on_a_calm_machine_alone(sample: TrustSample, expected: list[str]) -> None:
    assert keys(run([replace(each, clock="user") for each in SMOOTH], sample)) == expected


@pytest.mark.parametrize(
    ("late", "all_busy", "expected"),
    [(1, False, ["degraded", "schedule"]), (0, False, ["trusted"]), (50, True, ["trusted"])],
)
def test_a_schedule_that_is_not_kept_though_threads_are_free_is_a_reason(
    late: int, all_busy: bool, expected: list[str]
) -> None:
    result = run(SMOOTH, CALM)
    kept = ScheduleFacts(10.0, 10.0, late, 20.0, all_busy, 0)
    assert keys(judge(replace(result, summary=replace(result.summary, schedule=kept)))) == expected


def test_the_warm_up_is_in_no_bound() -> None:
    warm = [replace(each, phase=Phase.WARMUP, start_slack_ns=40 * MS) for each in SMOOTH]
    assert bounds(run([*warm, *SMOOTH], CALM))[0] == 0.1


def test_a_lost_process_is_a_reason() -> None:
    result = judge(replace(run(SMOOTH, CALM), partial=True, missing_requests=3))
    assert keys(result) == ["degraded", "lost"]
    result = judge(replace(run(SMOOTH, CALM), partial=True, missing_requests=0))
    assert keys(result) == ["degraded", "left"], "the load was less from then on, but nothing is missing"


@pytest.mark.parametrize(("slack_ms", "word"), [(9, "trusted"), (11, "degraded"), (26, "invalid")])
def test_a_bound_over_a_fifth_is_not_trusted_and_over_a_half_says_nothing(slack_ms: int, word: str) -> None:
    late = [replace(each, start_slack_ns=slack_ms * MS) for each in SMOOTH]
    assert keys(run(late, CALM))[0] == word


def test_ten_milliseconds_are_too_much_whatever_the_figure() -> None:
    late = [answer(number, ttft_ms=500, start_slack_ns=10 * MS) for number in range(1, 101)]
    assert keys(run(late, CALM)) == ["degraded", "ttft_bound", "start"]


def test_a_bound_of_too_few_requests_for_a_p99_names_none() -> None:
    late = [answer(number, ttft_ms=500, start_slack_ns=10 * MS) for number in range(1, 41)]
    result = run(late, CALM)
    assert keys(result) == ["degraded", "ttft_bound_few", "start"]
    assert shown(result).splitlines()[1] == "  - the TTFT may be 10.1 ms off"
    assert shown(result, "zh").splitlines()[1] == "  - TTFT 误差可达 10.1 ms"


def test_one_bad_second_in_twenty_is_not_the_busiest_tenth() -> None:
    seconds = [replace(CALM, second=second, cpu_share=1.0 if second == 7 else 0.1) for second in range(20)]
    assert keys(run(SMOOTH, *seconds)) == ["trusted"]


# Samples.


def test_samples_of_one_second_are_added_and_the_worst_counts() -> None:
    one = TrustSample(3, {8: 10}, 0.5, cpu_share=0.2, cpu_wait=None, retransmits=1, clock_step_ms=-4.0)
    other = TrustSample(3, {8: 1, 20: 2}, 0.1, cpu_share=0.9, cpu_wait=0.3, retransmits=2, clock_step_ms=2.0)
    (merged, later) = by_second([one, TrustSample(4), other])
    assert (merged.read_waits, merged.read_wait_max_ms, merged.cpu_share) == ({8: 11, 20: 2}, 0.5, 0.9)
    assert (merged.cpu_wait, merged.retransmits, merged.out_of_order, merged.clock_step_ms) == (0.3, 3, None, -4.0)
    assert later.second == 4


def test_read_delays_are_the_upper_edges_of_their_buckets_and_not_above_the_longest() -> None:
    # Bucket 13 is [90.5, 128) microseconds, 19 is [724, 1024).
    sample = TrustSample(0, {13: 98, 19: 2}, read_wait_max_ms=0.9)
    assert read_delay_ms([sample]) == {"p50": 0.128, "p99": 0.9, "max": 0.9}
    assert read_delay_ms([]) == {"p50": None, "p99": None, "max": None}


def test_samples_go_to_the_records_file_and_back() -> None:
    record = replace(SMOOTH[0], self_watch=(LATE, replace(CALM, second=1, rtt_ms=0.3, machine_cpu=None)))
    assert record_of(json.loads(record_line(record, 1000)), 1000) == record


def test_lines_of_before_there_were_samples_are_read() -> None:
    row = json.loads(record_line(SMOOTH[0], 0))
    assert "self_watch" not in row
    del row["start_slack_ms"]
    assert record_of(row, 0) == replace(SMOOTH[0], start_slack_ns=None)


def test_samples_of_records_are_those_of_the_run() -> None:
    answers = [replace(SMOOTH[0], self_watch=(CALM,)), *SMOOTH[1:]]
    assert run(answers).self_watch == (CALM,)
    one, other = Tally(0), Tally(0)
    one.add(answers[0])
    other.add(replace(SMOOTH[1], self_watch=(replace(CALM, second=1),)))
    one.merge(other)
    assert [sample.second for sample in judge(one.result(RunConfig(), 0)).self_watch] == [0, 1]


# Where it stands.

BAD = run([replace(each, start_slack_ns=11 * MS) for each in SMOOTH], replace(CALM, cpu_share=0.97), threads=50)
GOOD = run(SMOOTH, CALM)


def shown(result: RunResult, lang: str = "en") -> str:
    stream = io.StringIO()
    Console(stream, lang).trust(result)
    return stream.getvalue().strip()


@pytest.mark.parametrize(
    ("ms", "text"), [(0.1283, "0.128"), (387.2, "387"), (999.4, "999"), (999.5, "1000"), (1065.3, "1065")]
)
def test_no_time_is_written_with_a_power_of_ten(ms: float, text: str) -> None:
    assert ms_text(ms) == text


def test_the_console_says_verdict_and_bound_in_a_line() -> None:
    assert shown(GOOD) == "Trust  trusted: TTFT P99 ± 0.1 ms, gap P99 ± 0.1 ms"
    assert shown(GOOD, "zh") == "可信度  可信：TTFT P99 ± 0.1 ms，间隔 P99 ± 0.1 ms"
    assert shown(run(SMOOTH)) == ""


def test_the_console_says_why_and_what_to_do() -> None:
    assert shown(BAD).splitlines()[1:] == [
        "  - the TTFT P99 of 50 ms may be 11.1 ms off",
        "  - requests were sent up to 11 ms (P99) after their recorded start: use fewer threads, and leave cores free",
        "  - this client reached 97.0 % of one core: use more --processes or fewer threads",
    ]


def test_the_bound_of_one_figure_stands_alone() -> None:
    single = run([answer(number, ()) for number in range(1, 101)], CALM)
    assert shown(single) == "Trust  trusted: TTFT P99 ± 0.1 ms"
    whole = run([replace(each, ttft_ns=None, chunks=0, gaps_us=()) for each in SMOOTH], CALM)
    assert shown(whole) == "Trust  trusted"


def test_the_summary_has_the_verdict_and_a_row_a_second() -> None:
    document = summary_document(BAD)
    assert document["trust"]["verdict"] == "degraded"
    assert document["trust"]["reasons"][0] == "the TTFT P99 of 50 ms may be 11.1 ms off"
    assert document["trust"]["ttft_p99_error_bound_ms"] == 11.1
    assert document["trust"]["read_delay_ms"] == {"p50": 0.02, "p99": 0.02, "max": 0.02}
    assert document["time_series"][0]["self_watch"]["cpu_share"] == 0.97
    assert document["time_series"][1]["self_watch"] is None


def test_markdown_has_verdict_and_reasons() -> None:
    assert "**Trust:** trusted: TTFT P99 ± 0.1 ms, gap P99 ± 0.1 ms\n" in to_markdown(GOOD)
    assert "\n\n- the TTFT P99 of 50 ms may be 11.1 ms off\n- requests" in to_markdown(BAD)
    assert "Trust" not in to_markdown(run(SMOOTH))


def case_of(result: RunResult) -> tuple[str, str] | None:
    """What the test case "trust" ended with, ("", "") when it passed."""
    found = ET.fromstring(to_junit(result)).find(".//testcase[@name='trust']")
    if found is None:
        return None
    ended = next(iter(found), None)
    return ("", "") if ended is None else (ended.tag, ended.attrib["message"])


def test_junit_fails_only_when_trust_is_required() -> None:
    required = {"require_trust": True}
    assert (case_of(GOOD), case_of(run(SMOOTH))) == (("", ""), None)
    assert case_of(BAD) == ("skipped", "the figures are degraded")
    assert case_of(held(replace(BAD, config=RunConfig(**required)))) == ("failure", "the figures are degraded")
    assert case_of(held(run(SMOOTH, **required))) == ("failure", "the figures are not measured")


def test_required_trust_stands_among_the_thresholds_and_decides_the_status() -> None:
    good, bad = (held(replace(result, config=RunConfig(require_trust=True))) for result in (GOOD, BAD))
    assert [(each.rule, each.ok, each.note) for each in good.thresholds] == [("--require-trust", True, "trusted")]
    assert (status_of(good), status_of(bad), status_of(held(BAD))) == (OK, MISSED, OK)


def test_required_trust_does_not_excuse_failed_requests() -> None:
    failed = run([*SMOOTH, RequestRecord(101, 1, 0, Outcome.TIMEOUT, MS)], CALM, require_trust=True)
    assert status_of(held(failed)) == SOME_FAILED
    assert 'name="all requests ok"' in to_junit(held(failed))
    assert ET.fromstring(to_junit(held(failed))).attrib["failures"] == "2"


def test_the_report_has_a_card_a_sentence_and_columns_for_its_charts() -> None:
    page = trust_html(BAD)
    assert 'id="trust"' in page
    assert "this client reached 97.0 % of one core" in page
    assert "本客户端占用单核达 97.0 %" in page
    assert trust_html(run(SMOOTH)) == ""
    english = [sentence[0] for sentence in verdict(GOOD).sentences]
    assert "The measurement is trusted: TTFT P99 ± 0.1 ms, gap P99 ± 0.1 ms." in english
    assert verdict(BAD).looks[0].anchor == "trust"
    assert ": TTFT P99 ± 0.1 ms, gap P99 ± 0.1 ms" in trust_html(GOOD).replace("\N{NO-BREAK SPACE}", " ")
    assert (verdict(GOOD).grade, verdict(BAD).grade) == ("good", "fair")
    columns = run_data(BAD)["seconds"]["columns"]
    assert (columns["read_max"][:2], columns["own_cpu"][:2]) == ([0.02, None], [97.0, None])
    assert "read_max" not in run_data(run(SMOOTH))["seconds"]["columns"]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_reason_can_be_said(lang: str) -> None:
    values = {
        "ttft": "1",
        "gap": "1",
        "share": "2 %",
        "ms": "3",
        "value": "4",
        "bound": "5",
        "count": "6",
        "others": "7.0 %",
        "seconds": "5.0",
        "at": "0:03",
    }
    for key in TEXTS:
        assert words(Reason(key, values), lang)
    assert GOOD.trust is not None
    assert verdict_words(GOOD)


def said_of(verdict: str, reasons: tuple[Reason, ...] = (), count: int = 100) -> str:
    """The verdict on a run with small bounds and so many first tokens and gaps."""
    trust = Trust(verdict, reasons, ttft_p99_error_bound_ms=0.21, itl_p99_error_bound_ms=0.1)
    metrics = {**GOOD.summary.metrics, "ttft_ms": Stats(count=count), "itl_ms": Stats(count=5000)}
    return verdict_words(replace(GOOD, trust=trust, summary=replace(GOOD.summary, metrics=metrics)))[0]


def test_a_bound_of_the_p99_stands_only_where_a_p99_does() -> None:
    assert said_of("trusted") == "trusted: TTFT P99 ± 0.21 ms, gap P99 ± 0.1 ms"
    assert said_of("trusted", count=99) == "trusted: TTFT ± 0.21 ms, gap P99 ± 0.1 ms"


def test_small_bounds_with_a_remark_are_usable_and_large_ones_are_not() -> None:
    remark = Reason("tight", {"share": "2 %"}, "tight_todo")
    assert said_of("degraded", (remark,)).startswith("usable, with a remark: TTFT P99 ±")
    assert said_of("degraded", (remark, Reason("itl_bound", {}))).startswith("degraded: ")
    assert said_of("invalid", (remark,)).startswith("invalid: ")
