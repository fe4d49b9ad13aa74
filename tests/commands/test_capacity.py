"""The whole command, over runs that are made up."""

from __future__ import annotations

import io
import json
import re
import socket
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from capacity_steps import MS, TARGET, S
from patience import undisturbed
from sse_perf_tool.capacity.search import StepPlan
from sse_perf_tool.cli import Environment, main
from sse_perf_tool.goals.thresholds import slos_of
from sse_perf_tool.load import capacity_run
from sse_perf_tool.load.capacity_run import CapacityRun
from sse_perf_tool.metrics import Tally
from sse_perf_tool.records import CapacitySearch, Ending, Outcome, RequestRecord, RunConfig, RunResult

pytestmark = pytest.mark.usefixtures("own_folder")


class Ran(NamedTuple):
    status: int
    out: str
    err: str


def tool(*argv: str) -> Ran:
    out, err = io.StringIO(), io.StringIO()
    status = main(["capacity", *TARGET, *argv], Environment(out, err, {}))
    return Ran(status, out.getvalue(), err.getvalue())


class MadeUpRun:
    """Instead of a `LoadRun`: answers of 1 s up to `full` requests at a time, in proportion longer above."""

    full = 10.0
    made: list[RunConfig] = []  # noqa: RUF012 - one for all, emptied by the fixture
    stop_at: int | None = None
    lost_at: int | None = None
    few = 100
    """The requests at the lowest load."""

    def __init__(self, _target: object, config: RunConfig, groups: object = None, records: object = None) -> None:
        assert groups is None, "one machine"
        self.config = config
        self.interrupted = False
        self.made.append(config)

    def run(self, _on_sample: object = None) -> RunResult:
        if self.stop_at == len(self.made):
            self.interrupted = True
        level = self.config.rate_per_s or self.config.threads
        ttft_ns = round(S * max(1.0, level / self.full))
        tally = Tally(0, slos_of(self.config))
        for number in range(self.few if level == 1 else 100):
            start_ns = round(number * S / min(level, self.full))
            tally.add(
                RequestRecord(
                    number + 1,
                    1,
                    start_ns,
                    Outcome.OK,
                    ttft_ns + 200 * MS,
                    ttft_ns=ttft_ns,
                    output_tokens=3,
                    chunks=3,
                    gaps_us=(100_000, 100_000),
                )
            )
        warnings = (f"at {self.config.threads}",)
        found = tally.result(self.config, 1_763_600_000 * S, warnings)
        return replace(found, interrupted=self.interrupted, partial=len(self.made) == self.lost_at)

    def cancel(self) -> None:
        self.interrupted = True


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch) -> type[MadeUpRun]:
    monkeypatch.setattr(capacity_run, "LoadRun", MadeUpRun)
    monkeypatch.setattr(MadeUpRun, "made", [])
    return MadeUpRun


def test_without_a_server_there_is_nothing_to_search() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    out, err = io.StringIO(), io.StringIO()
    argv = ["capacity", "--host", "127.0.0.1", "--port", str(port), "--api-key", "-"]
    assert main(argv, Environment(out, err, {})) == 2
    assert f"connection refused by 127.0.0.1:{port}" in err.getvalue()
    assert err.getvalue().count("\n") == 1


def test_the_command_finds_the_capacity_and_writes_everything(made_up: type[MadeUpRun]) -> None:
    ran = tool("--slo", "ttft_ms<1250", "--resume", "s.jsonl", "--json", "c.json", "--html-report", "c.html")
    assert (ran.status, ran.err) == (0, "")
    assert "Capacity: 12 threads\n" in ran.out
    assert "12 threads: 100 % of requests met ttft_ms<1250" in ran.out
    assert [config.threads for config in made_up.made] == [1, 1, 2, 4, 8, 16, 12, 14, 13, 13, 12]
    document = json.loads(Path("c.json").read_text(encoding="utf-8"))
    assert (document["capacity"]["level"], document["capacity"]["failing"]) == (12, 13)
    page = Path("c.html").read_text(encoding="utf-8")
    assert re.search(r'<div class="verdict \w+"><h2>.*<span lang="en">12 threads</span>.*</h2>', page)
    lines = Path("s.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["level"] for line in lines[1:]] == [1, 2, 4, 8, 16, 12, 14, 13, 13, 12]


def test_going_on_measures_only_what_is_missing_and_answers_the_same(made_up: type[MadeUpRun]) -> None:
    argv = ("--slo", "ttft_ms<1250", "--resume", "s.jsonl", "--html-report", "c.html")
    whole = tool(*argv)
    lines = Path("s.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    Path("s.jsonl").write_text("".join(lines[:8]) + lines[8][:30], encoding="utf-8")
    made_up.made.clear()
    again = tool(*argv)
    assert [config.threads for config in made_up.made] == [13, 13, 12]
    assert again.out.splitlines()[-6:] == whole.out.splitlines()[-6:]
    assert "7 steps were resumed from s.jsonl" in again.out
    assert again.out.splitlines()[-1].split() == ["steps", "s.jsonl"]
    assert len(Path("s.jsonl").read_text(encoding="utf-8").splitlines()) == len(lines)
    made_up.made.clear()
    assert tool(*argv).status == 0
    assert made_up.made == [], "nothing is left to do"


def test_when_the_lowest_load_misses_the_status_is_99(made_up: type[MadeUpRun]) -> None:
    ran = tool("--slo", "ttft_ms:avg<900", "--html-report", "c.html")
    assert ran.status == 99
    assert "even at 1 thread TTFT avg was 1.00 s, not < 900 ms" in ran.out
    assert Path("c.html").exists()


def test_an_interrupted_search_writes_what_it_has_and_the_status_is_130(
    made_up: type[MadeUpRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(made_up, "stop_at", 4)
    ran = tool("--resume", "s.jsonl", "--html-report", "c.html")
    assert ran.status == 130
    assert "Capacity: At least 2 threads" in ran.out
    assert [json.loads(line)["level"] for line in Path("s.jsonl").read_text().splitlines()[1:]] == [1, 2]


def test_a_step_that_lost_a_process_ends_the_search(made_up: type[MadeUpRun], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(made_up, "lost_at", 4)
    ran = tool("--html-report", "c.html")
    assert ran.status == 130
    assert "warning: at 4\n" in ran.out
    assert "Capacity: At least 2 threads" in ran.out


def test_only_the_first_request_warns(made_up: type[MadeUpRun]) -> None:
    assert re.findall("warning: .*", tool("--max", "4", "--html-report", "c.html").out) == ["warning: at 1"]


def test_a_ladder_is_measured_as_given(made_up: type[MadeUpRun]) -> None:
    ran = tool("--sweep", "1,8,16", "--slo", "ttft_ms:p(95)<1250", "--html-report", "c.html")
    assert ran.status == 0
    assert [config.threads for config in made_up.made] == [1, 1, 8, 16]
    assert "8 threads: TTFT p95 was 1.00 s; at 16 threads TTFT p95 was 1.60 s, not < 1.25 s" in ran.out


def test_a_lowest_load_with_too_few_samples_does_not_hide_the_capacity(
    made_up: type[MadeUpRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(made_up, "few", 9)
    outputs = ("--json", "c.json", "--html-report", "c.html")
    ran = tool("--sweep", "1,8,16", "--slo", "ttft_ms:p(95)<1250", *outputs)
    assert ran.status == 0
    assert "Capacity: 8 threads\n" in ran.out
    said = "1 thread: too few samples to judge, but a higher load met the goals"
    assert said in re.sub(r"\s+", " ", ran.out)
    found = json.loads(Path("c.json").read_text(encoding="utf-8"))
    assert [found["capacity"][name] for name in ("level", "failing", "ending")] == [8, 16, "swept"]
    assert [step["passed"] for step in found["steps"]] == [None, True, False]
    assert said in found["capacity"]["answer_en"]
    page = Path("c.html").read_text(encoding="utf-8")
    assert re.search(r'<div class="verdict good"><h2>.*<span lang="en">8 threads</span>.*</h2>', page)
    assert said in page


def test_each_step_warms_up_and_leaves_out_the_time_of_starting_and_ending(made_up: type[MadeUpRun]) -> None:
    tool("--sweep", "5", "--slo", "ttft_ms<1250", "--html-report", "c.html", "--step-duration", "9")
    config = made_up.made[-1]
    # One answer took 1.2 s.
    assert (config.ramp_up_s, config.warmup_s, config.cooldown_s, config.duration_s) == (1.2, 2.4, 1.2, 11.4)


def test_a_rate_is_sent_with_as_many_threads_as_may_be_needed(made_up: type[MadeUpRun]) -> None:
    ran = tool("--by", "rate", "--max", "4", "--slo", "ttft_ms<1250", "--html-report", "c.html", "--threads", "30")
    assert ran.status == 0
    assert [(config.rate_per_s, config.threads) for config in made_up.made[1:3]] == [(1, 30), (2, 30)]
    assert "At least 4 requests/s" in ran.out


@undisturbed
def test_between_two_steps_there_is_the_pause(made_up: type[MadeUpRun]) -> None:
    began_s = time.monotonic()
    tool("--sweep", "1,2,3", "--pause", "150ms", "--html-report", "c.html")
    assert 0.3 <= time.monotonic() - began_s < 3


def test_a_search_that_is_stopped_drops_the_step_under_way(made_up: type[MadeUpRun]) -> None:
    search = CapacitySearch(rules=("errors:rate<0.01",))
    run = CapacityRun(None, RunConfig(), search, StepPlan())  # type: ignore[arg-type]

    def start(level: float, _times: object, _config: object) -> Callable[[object, object], None]:
        if level == 2:
            run.stop()
        return lambda _sample, _totals: None

    steps: list[Any] = []
    assert run.run(steps, start, lambda _step: None) is Ending.INTERRUPTED
    assert [each.level for each in steps] == [1]


def test_a_stopped_search_does_not_begin(made_up: type[MadeUpRun]) -> None:
    run = CapacityRun(None, RunConfig(), CapacitySearch(), StepPlan())  # type: ignore[arg-type]
    run.stop()
    assert run.run([], lambda *_: lambda *_: None, lambda _step: None) is Ending.INTERRUPTED
    assert made_up.made == []


def test_quiet_shows_no_steps(made_up: type[MadeUpRun]) -> None:
    ran = tool("--quiet", "--max", "2", "--html-report", "c.html")
    assert "resp P95" not in ran.out
    assert "Capacity: At least 2 threads" in ran.out


def test_the_command_speaks_chinese(made_up: type[MadeUpRun]) -> None:
    ran = tool("--lang", "zh", "--max", "2", "--html-report", "c.html")
    assert "容量：至少 2 个线程" in ran.out
