"""Whose lateness it is: of this tool, of other programs, of the network, of the server; and what is said of each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from sse_perf_tool.exporters.json_summary import summary_document
from sse_perf_tool.exporters.markdown import to_markdown
from sse_perf_tool.metrics import Tally
from sse_perf_tool.records import Outcome, RequestRecord, RunConfig, RunResult, TrustSample
from sse_perf_tool.records.file import record_line, record_of
from sse_perf_tool.report_parts.findings import findings
from sse_perf_tool.trust import judge, words

MS = 1_000_000
PROMPT = {8: 1000}
"""A thousand reads of 16 to 22 microseconds."""
CALM = TrustSample(0, PROMPT, 0.02, PROMPT, {8: 200}, cpu_share=0.1, cpu_wait=0.01, machine_cpu=0.2, cores=2)
AFAR, HERE = "http://10.77.0.1/v1", "http://127.0.0.1/v1"


def answer(number: int, gaps_ms: Sequence[float] = (20,) * 99, **changes: Any) -> RequestRecord:
    """An answer of chunks with these gaps, stamped by the kernel."""
    facts: dict[str, Any] = {
        "ttfb_ns": 49 * MS, "ttft_ns": 50 * MS, "streaming_ns": round((sum(gaps_ms) + 20) * MS),
        "output_tokens": len(gaps_ms) + 1, "token_source": "usage", "chunks": len(gaps_ms) + 1,
        "gaps_us": tuple(round(gap * 1000) for gap in gaps_ms), "start_slack_ns": 0, "clock": "kernel",
    }  # fmt: skip
    return RequestRecord(number, 1, number * 100 * MS, Outcome.OK, 2500 * MS, **(facts | changes))


def run(answers: Sequence[RequestRecord], *watched: TrustSample, url: str = AFAR, **config: Any) -> RunResult:
    tally = Tally(0)
    for each in answers:
        tally.add(each)
    tally.self_watch.add(watched)
    return judge(tally.result(RunConfig(url=url, **config), 0))


def verdict(result: RunResult) -> list[str]:
    assert result.trust is not None
    return [result.trust.verdict, *(reason.key for reason in result.trust.reasons)]


def reasons(result: RunResult) -> str:
    assert result.trust is not None
    return "\n".join(words(reason, lang) for reason in result.trust.reasons for lang in ("en", "zh"))


HELD = (20,) * 40 + (230, *(0,) * 9) + (20,) * 49
"""Ten chunks came together 230 ms after the one before."""
SMOOTH = [answer(number) for number in range(1, 41)]


# Bursts of the server's.


@pytest.mark.parametrize("beats", [25, 100, 1000])
def test_rare_bursts_on_a_calm_machine_are_the_servers_however_few_beats_there_were(beats: int) -> None:
    """Heartbeats of half a second cannot exclude one late wake-up in a hundred; a thousand prompt reads can."""
    bursts = [answer(number, HELD) for number in range(1, 21)]
    result = run(bursts, replace(CALM, wakes={8: beats}))
    assert verdict(result) == ["trusted"]
    assert result.trust is not None
    assert result.trust.merged_share == 0


def test_first_chunks_that_came_together_are_the_servers_too() -> None:
    firsts = [answer(number, (0, *(20,) * 98), ttft_ns=90 * MS) for number in range(1, 10)]
    result = run(firsts, replace(CALM, wakes={8: 30}))
    assert verdict(result) == ["trusted"]


def test_wake_ups_that_were_late_count_as_before() -> None:
    bursts = [answer(number, HELD) for number in range(1, 21)]
    assert verdict(run(bursts, replace(CALM, wakes={8: 90, 35: 10})))[0] == "invalid"


def test_waits_of_half_a_chunks_time_show_that_reads_were_late() -> None:
    """The last chunk of a late read has waited for less than one chunk's time: 11 to 16 ms of 23 here."""
    bursts = [answer(number, HELD) for number in range(1, 21)]
    late = replace(CALM, read_waits={8: 990, 27: 10}, wakes={8: 20})
    assert verdict(run(bursts, late))[0] != "trusted"


# Packets that were lost on the way.

LATE = replace(CALM, away={8: 900, 35: 100}, wakes={8: 180, 35: 20})
"""A tenth of the reads and wake-ups were 185 to 262 ms late."""


def test_reads_that_lost_packets_explain_are_in_no_bound() -> None:
    lossy = [answer(number, HELD, out_of_order=1, retransmits=0) for number in range(1, 21)]
    result = run(lossy, LATE)
    assert verdict(result) == ["trusted"]
    assert result.summary.metrics["itl_ms"].max == 230, "it is what a user felt"
    fewer = [replace(each, out_of_order=int(each.request_id <= 5)) for each in lossy]
    assert verdict(run(fewer, LATE))[0] == "invalid"


def test_records_of_before_have_the_packets_in_their_samples() -> None:
    old = [answer(number, HELD) for number in range(1, 21)]
    assert verdict(run(old, replace(LATE, out_of_order=20, retransmits=1))) == ["trusted"]


def test_a_first_chunk_that_waited_for_a_lost_packet_did_not_wait_here() -> None:
    firsts = [answer(number, (0, *(20,) * 98), ttft_ns=90 * MS, out_of_order=1) for number in range(1, 101)]
    assert verdict(run(firsts, LATE)) == ["trusted"]


def test_the_network_is_named_in_every_output() -> None:
    lossy = [answer(number, HELD, out_of_order=2, retransmits=1) for number in range(1, 21)]
    result = run([*lossy, *SMOOTH], CALM)
    (found,) = findings(result)
    assert found.kind == "packet_loss"
    assert found.text[0].startswith(
        "Packets were lost on the way: 40 came out of order, 20 were sent again, in 20 answers of 60."
    )
    assert "丢包" in found.text[1]
    assert found.text[0] in to_markdown(result)
    assert {"kind": "packet_loss", "text": found.text[0]} in summary_document(result)["findings"]
    assert findings(run([*lossy, *SMOOTH], CALM, url=HERE)) == [], "no network is on the way to this machine"


def test_a_packet_now_and_then_is_not_worth_a_word() -> None:
    assert findings(run([answer(1, out_of_order=2), *SMOOTH], CALM)) == []
    many = [answer(number) for number in range(2, 1000)]
    assert findings(run([answer(1, out_of_order=9), *many], CALM)) == []


# A full accept queue.


def test_connections_whose_syn_was_sent_again_are_the_servers() -> None:
    waited = [
        answer(number, connect_ns=n * 1000 * MS + 16 * MS, syn_resent=n, ttft_ns=n * 1000 * MS + 70 * MS)
        for number, n in ((1, 1), (2, 2), (3, 3))
    ]
    prompt = [answer(number, connect_ns=MS, syn_resent=0) for number in range(4, 11)]
    for url, lost in ((HERE, False), (AFAR, True)):
        result = run([*waited, *prompt, *SMOOTH], CALM, url=url)
        (found,) = findings(result)
        assert verdict(result) == ["trusted"]
        assert found.kind == "accept_queue"
        assert found.text[0].startswith("3 of 10 connections took 1.02 s to 3.02 s, as their SYN was sent again")
        assert ("packets were lost" in found.text[0]) == lost
    assert findings(run(prompt, CALM)) == []


def test_what_was_seen_of_packets_goes_to_the_records_and_back() -> None:
    record = answer(1, out_of_order=2, retransmits=1, syn_resent=3)
    row = json.loads(record_line(record, 0))
    assert record_of(row, 0) == record
    for name in ("out_of_order", "retransmits", "syn_resent"):
        del row[name]
    assert record_of(row, 0) == replace(record, out_of_order=None, retransmits=None, syn_resent=None)


# Other programs.

OTHERS = replace(CALM, cpu_share=0.1, machine_cpu=0.99, cpu_wait=0.4)


def test_small_bounds_stay_trusted_when_other_programs_keep_the_cores_busy() -> None:
    result = run(SMOOTH, OTHERS)
    assert verdict(result) == ["trusted"]
    (found,) = findings(result)
    assert found.text[0].startswith("Other programs kept the cores busy (99.0 % of them, of which this tool 5.0 % at")


def test_large_bounds_name_the_other_programs() -> None:
    late = [replace(each, start_slack_ns=11 * MS) for each in SMOOTH]
    result = run(late, OTHERS, threads=50)
    assert verdict(result) == ["degraded", "ttft_bound_few", "start", "starved"]
    assert "other programs keep 94.0 % of the cores busy: stop them" in reasons(result)
    assert "其他程序占用了 94.0 %" in reasons(result)
    assert "fewer threads" not in reasons(result)
    assert [each.kind for each in findings(result)] == [], "it is said once"


def test_cores_that_this_tool_keeps_busy_itself_are_its_own() -> None:
    own = replace(OTHERS, cpu_share=1.5)
    assert verdict(run(SMOOTH, own, threads=50)) == ["degraded", "busy", "starved"]
    assert "use fewer threads" in reasons(run(SMOOTH, own, threads=50))
    assert verdict(run(SMOOTH, replace(OTHERS, cpu_share=0.7), processes=2))[0] == "degraded"


@pytest.mark.parametrize(
    "sample",
    [
        replace(CALM, cpu_share=1.0, machine_cpu=0.99, cpu_wait=0.4, cores=1),
        replace(CALM, cpu_share=1.0, machine_cpu=0.85, cpu_wait=0.12, cores=1),
        replace(CALM, cpu_share=1.0, machine_cpu=0.99, cpu_wait=None, cores=1),
        LATE,
    ],
)
def test_fewer_threads_are_never_asked_of_one(sample: TrustSample) -> None:
    answers = [answer(number, HELD, start_slack_ns=30 * MS) for number in range(1, 21)]
    one, many = (reasons(run(answers, sample, threads=threads)) for threads in (1, 20))
    assert "fewer threads" not in one
    assert "减少线程" not in one
    assert "fewer threads" in many
    assert "减少线程" in many


def test_nobody_waits_for_a_core_for_more_than_all_of_the_time() -> None:
    result = run(SMOOTH, replace(CALM, cpu_share=1.8, machine_cpu=0.99, cpu_wait=1.7))
    assert result.trust is not None
    assert result.trust.cpu_wait == 1.0
    assert "100 % of the time" in reasons(result)
