"""When the tool was stopped, or the machine slept: it is said, the run is invalid, and its rates are without it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from patience import FOREVER_S, undisturbed
from scripted_server import DONE, Serve, chunked, token
from sse_perf_tool.metrics import Tally
from sse_perf_tool.metrics.phases import stood_still_s
from sse_perf_tool.records import Outcome, RequestRecord, Round, RunConfig, RunResult, StoodStill, TrustSample
from sse_perf_tool.records.file import record_line, record_of
from sse_perf_tool.trust import by_second, judge, words
from sse_perf_tool.trust.samples import stood_still
from sse_perf_tool.trust.self_watch import HEARTBEAT_NS, Heartbeat, Moment, Still
from tool_runs import SCRIPT, at

MS = 1_000_000
S = 1_000_000_000


class Clocks:
    """Moments that a test makes."""

    def __init__(self) -> None:
        self.now = Moment(100 * S, 7 * S, 500 * S)

    def __call__(self) -> Moment:
        return self.now

    def go_on(self, ns: int, cpu_ns: int = 0, asleep_ns: int = 0) -> None:
        self.now = Moment(self.now.ns + ns, self.now.cpu_ns + cpu_ns, self.now.awake_ns + ns + asleep_ns)


class BeatByHand(Heartbeat):
    """One whose beats a test makes."""

    def start(self) -> None:
        """Not."""


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@pytest.fixture
def beat(clocks: Clocks) -> BeatByHand:
    return BeatByHand(clocks)


@pytest.mark.parametrize(
    ("ns", "cpu_ns", "asleep_ns", "still"),
    [
        (5 * S + HEARTBEAT_NS, 0, 0, (5 * S, 5 * S)),  # SIGSTOP
        (5 * S + HEARTBEAT_NS, 400 * MS, 0, (5 * S, 5 * S)),
        (HEARTBEAT_NS, 0, 3600 * S, (3600 * S, 0)),  # a laptop that slept: the clock of the run stood still as well
        (2 * S + HEARTBEAT_NS, 0, 3 * S, (5 * S, 2 * S)),
    ],
)
def test_a_process_that_did_nothing_for_over_a_second_stood_still(
    clocks: Clocks, beat: BeatByHand, ns: int, cpu_ns: int, asleep_ns: int, still: tuple[int, int]
) -> None:
    clocks.go_on(ns, cpu_ns, asleep_ns)
    assert beat.take_stills() == [Still(100 * S, *still)]
    assert beat.take_stills() == [], "it is counted once"


@pytest.mark.parametrize(
    ("ns", "cpu_ns"), [(999 * MS + HEARTBEAT_NS, 0), (5 * S, 5 * S), (5 * S, 1 * S), (HEARTBEAT_NS, 0)]
)
def test_a_short_wait_and_a_busy_process_are_no_standing_still(
    clocks: Clocks, beat: BeatByHand, ns: int, cpu_ns: int
) -> None:
    clocks.go_on(ns, cpu_ns)
    assert beat.take_stills() == []


def answers(*watched: TrustSample, outcome: Outcome = Outcome.OK, **config: Any) -> RunResult:
    """Ten seconds of one answer a second."""
    tally = Tally(0)
    for number in range(10):
        tally.add(
            RequestRecord(
                number + 1, 1, number * S, outcome, 1 * S, 200, ttfb_ns=1 * MS, ttft_ns=50 * MS, streaming_ns=900 * MS,
                output_tokens=2, token_source="usage", chunks=2, gaps_us=(500_000,), start_slack_ns=0, clock="kernel",
                self_watch=watched if number == 9 else (),
            )
        )  # fmt: skip
    return judge(tally.result(RunConfig(**config), 0))


CALM = TrustSample(0, {8: 1000}, 0.02, {8: 1000}, {8: 1000}, cpu_share=0.1, cpu_wait=0.01, machine_cpu=0.2)
FIVE = StoodStill(3_000, 5_000, 5_000)


def said(result: RunResult, lang: str = "en") -> list[str]:
    assert result.trust is not None
    return [words(reason, lang) for reason in result.trust.reasons]


def test_it_is_said_and_makes_the_run_invalid() -> None:
    result = answers(replace(CALM, stood_still=(FIVE,)))
    assert result.trust is not None
    assert (result.trust.verdict, result.trust.stood_still) == ("invalid", (FIVE,))
    assert said(result)[0].startswith("this tool stood still for 5.0 s at 0:03")
    assert said(result, "zh")[0].startswith("本工具在 0:03 处停顿了 5.0 秒")


def test_it_is_said_even_when_no_answer_was_whole() -> None:
    result = answers(replace(CALM, stood_still=(FIVE,)), outcome=Outcome.TIMEOUT)
    assert result.trust is not None
    assert (result.trust.verdict, len(result.trust.reasons)) == ("invalid", 1)


def test_many_times_are_summed_up_behind_the_first_three() -> None:
    times = tuple(StoodStill(second * 1_000, 1_100, 1_100) for second in range(0, 10, 2))
    result = answers(replace(CALM, stood_still=times))
    assert [text.partition(":")[0] for text in said(result)[:3]] == [
        "this tool stood still for 1.1 s at 0" for _ in range(3)
    ]
    assert said(result)[3] == "and 2 times more, for 2.2 s together"


def test_rates_are_without_it() -> None:
    plain, still = answers(CALM), answers(replace(CALM, stood_still=(FIVE,)))
    assert (plain.summary.measured_s, still.summary.measured_s) == (10, 5)
    assert (plain.summary.requests_per_s, still.summary.requests_per_s) == (1, 2)
    assert still.summary.output_tokens_per_s == 2 * plain.summary.output_tokens_per_s


def test_only_what_the_clock_counted_and_lies_in_a_main_phase_is_left_out() -> None:
    rounds = [Round(0, 2 * S, 8 * S, 10 * S), Round(10 * S, 12 * S, 18 * S, 20 * S)]

    def out_s(*stills: StoodStill, processes: int = 1) -> float:
        return stood_still_s([replace(CALM, stood_still=stills)], rounds, processes)

    assert out_s(StoodStill(3_000, 9_000, 2_000)) == 2
    assert out_s(StoodStill(0, 5_000, 5_000)) == 3
    assert out_s(StoodStill(7_000, 6_000, 6_000)) == 2, (
        "a second at the end of the one, and one at the start of the next"
    )
    assert out_s(FIVE, processes=4) == 1.25, "one process of four"
    assert out_s(*[FIVE] * 4, processes=4) == 5, "all of them"


def test_processes_that_were_stopped_together_stood_still_once() -> None:
    one, other = replace(CALM, stood_still=(FIVE,)), replace(CALM, stood_still=(StoodStill(3_100, 5_000, 5_000),))
    assert stood_still(by_second([one, other])) == (StoodStill(3_000, 5_100, 5_100),)
    later = replace(CALM, second=9, stood_still=(StoodStill(9_000, 1_500, 1_500),))
    assert stood_still(by_second([later, one])) == (FIVE, StoodStill(9_000, 1_500, 1_500))


def test_records_bring_it_back_and_records_of_before_have_none() -> None:
    sample = replace(CALM, stood_still=(FIVE,))
    record = RequestRecord(1, 1, 0, Outcome.OK, 0, self_watch=(sample,))
    row = json.loads(record_line(record, 0))
    assert record_of(row, 0).self_watch == (sample,)
    del row["self_watch"][0]["stood_still"]
    assert record_of(row, 0).self_watch == (CALM,)


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="no SIGSTOP on this system")
@pytest.mark.parametrize("lang", ["en", "zh"])
@undisturbed
def test_a_stopped_run_says_so_everywhere(serve: Serve, tmp_path: Path, lang: str) -> None:
    server = serve(chunked(token("a"), 0.1, token("b"), DONE))
    flags = ["--duration", "4", "--threads", "2", "--json", "run.json", "--records", "run.jsonl", "--lang", lang]
    command = [sys.executable, SCRIPT, *at(server, *flags, "--markdown", "run.md")]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")
    server.seen(4)
    os.kill(process.pid, signal.SIGSTOP)
    time.sleep(1.5)
    os.kill(process.pid, signal.SIGCONT)
    out, err = process.communicate(timeout=FOREVER_S)
    assert err == ""
    found = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    ((at_ms, ms, counted_ms),) = found["trust"]["stood_still"]
    assert 1_300 <= ms == counted_ms < 2_500
    assert found["trust"]["verdict"] == "invalid"
    start = "this tool stood still for 1." if lang == "en" else "本工具在 0:0"
    assert found["trust"]["reasons"][0].startswith(start)
    assert "".join(start.split()) in "".join(out.split())
    assert start in (tmp_path / "run.md").read_text(encoding="utf-8")
    assert start in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert found["rates"]["requests_per_s"] > 1.2 * found["requests"]["sent"] / found["duration_s"]
    again = [sys.executable, SCRIPT, "report", "run.jsonl", "--json", "again.json", "--html-report", "again.html"]
    subprocess.run(again, cwd=tmp_path, check=True, capture_output=True)
    other = json.loads((tmp_path / "again.json").read_text(encoding="utf-8"))
    assert (other["trust"]["stood_still"], other["rates"]) == (found["trust"]["stood_still"], found["rates"])
    assert at_ms < 4_000


@pytest.mark.parametrize("damaged", [5, "x", [5], [[1, 2]], [[1, 2, "3"]], [[1, 2, 1e400]], [[1, 2, 3, 4]], [None]])
def test_a_damaged_time_of_standing_still_is_no_record(damaged: Any) -> None:
    record = RequestRecord(1, 1, 0, Outcome.OK, 0, self_watch=(CALM,))
    row = json.loads(record_line(record, 0))
    row["self_watch"][0]["stood_still"] = damaged
    with pytest.raises((TypeError, ValueError)):
        record_of(row, 0)
