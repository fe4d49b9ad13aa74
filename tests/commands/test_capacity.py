"""The capacity command: its flags, the length of its steps, its file, its words and its exit status."""

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

from capacity_steps import levels_of, passing_up_to, saturating_at, step
from sse_perf_tool.arguments import Arguments, parse_arguments
from sse_perf_tool.capacity.file import (
    SearchHeader,
    capacity_document,
    header_line,
    read_search,
    step_document,
    step_line,
    step_of,
    unlike,
)
from sse_perf_tool.capacity.search import StepPlan, answer, requests_wanted, step_times
from sse_perf_tool.cli import Environment, main
from sse_perf_tool.errors import UsageError
from sse_perf_tool.goals.thresholds import TEXTS as RULE_TEXTS
from sse_perf_tool.goals.thresholds import parse_rule, slos_of
from sse_perf_tool.load import capacity_run
from sse_perf_tool.load.capacity_run import CapacityRun, step_result
from sse_perf_tool.metrics import Tally
from sse_perf_tool.records import CapacitySearch, Ending, Outcome, RequestRecord, RunConfig, RunResult, ThresholdResult
from sse_perf_tool.report_parts.capacity import capacity_data, headline, limits_ms, sentence
from sse_perf_tool.texts import speaker

MS, S = 1_000_000, 1_000_000_000
TARGET = ("--url", "http://127.0.0.1:9/v1/chat-messages", "--api-key", "app-0123456789abcdef")
P95 = "ttft_ms:p(95)<500"


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def asked(*argv: str) -> Arguments:
    return parse_arguments(["capacity", *TARGET, *argv], {})


def search_of(*argv: str) -> CapacitySearch:
    found = asked(*argv).capacity
    assert found is not None
    return found.search


def plan_of(*argv: str) -> StepPlan:
    found = asked(*argv).capacity
    assert found is not None
    return found.plan


def problem(*argv: str) -> str:
    with pytest.raises(UsageError) as caught:
        asked(*argv)
    return str(caught.value)


# --- flags


def test_without_flags_it_searches_from_1_to_200_threads_for_errors_below_one_per_cent():
    assert search_of() == CapacitySearch("threads", 1, 200, (), ("errors:rate<0.01",), ())
    assert plan_of() == StepPlan(None, 0.0, None, None)


def test_a_demand_without_a_function_is_one_on_requests_and_with_one_on_the_step():
    found = search_of("--slo", "ttft_ms<500", "--slo", "latency_ms:p(99)<3000", "--slo", "tpot_ms<50")
    assert found.slo == ("ttft_ms<500", "tpot_ms<50")
    assert found.rules == ("goodput:rate>=0.95", "latency_ms:p(99)<3000", "errors:rate<0.01")


def test_the_share_of_requests_can_be_another_one():
    assert search_of("--slo", "ttft_ms<500", "--slo-share", "99%").rules[0] == "goodput:rate>=0.99"
    assert search_of("--slo-share", "0.5").rules == ("errors:rate<0.01",), "no demand on requests"


def test_a_rule_for_errors_takes_the_place_of_the_usual_one():
    assert search_of("--slo", "errors:rate<0.2").rules == ("errors:rate<0.2",)
    assert search_of("--slo", "errors:count<5").rules == ("errors:count<5",)


def test_levels_are_those_of_min_max_and_sweep():
    found = search_of("--min", "4", "--max", "64")
    assert (found.least, found.most) == (4, 64)
    assert isinstance(found.least, int)
    assert search_of("--sweep", "1,8,2").ladder == (1, 8, 2)
    assert search_of("--by", "rate", "--min", "0.5").least == 0.5


@pytest.mark.parametrize(("argv", "retries"), [([], 0), (["--retries", "2"], 2)])
def test_nothing_is_sent_again_unless_it_is_asked_for(argv: list[str], retries: int) -> None:
    assert asked(*argv).config.retries == retries


def test_steps_have_the_length_and_the_pause_that_are_asked_for():
    assert plan_of("--step-duration", "20s", "--pause", "5s") == StepPlan((20.0, 20.0), 5.0, None, None)
    assert plan_of("--step-duration", "5:1m", "--processes", "2").step_s == (5.0, 60.0)
    assert plan_of("--processes", "2").processes == 2
    assert plan_of("--by", "rate", "--threads", "70").threads == 70


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        (["--min", "1.5"], "--min 1.5: threads are whole; give whole numbers, or --by rate for requests a second"),
        (["--sweep", ".5"], "--sweep .5: threads are whole; give whole numbers, or --by rate for requests a second"),
        (["--min", "0"], "--min 0: give a number above 0"),
        (["--max", "many"], "--max many: give a number above 0"),
        (["--sweep", "1,,2"], "--sweep 1,,2: give numbers above 0 with commas, e.g. 1,2,4,8"),
        (["--min", "9", "--max", "8"], "--max 8: is below --min 9; give a higher one"),
        (["--min", "900"], "--min 900: is below --min 900; give a higher one"),
        (
            ["--threads", "5"],
            "--threads 5: is the load itself here, see --min and --max; leave it out, or search --by rate",
        ),
        (["--sweep", "1,2", "--max", "8"], "--max 8: cannot go with --sweep; keep one of them"),
        (["--arrival", "poisson"], "--arrival poisson: is for --by rate; add it, or leave this out"),
        (["--resume", "x", "--json", "x"], "--resume x: is the file of --json too; choose another name"),
        (["--resume", "."], "--resume .: cannot be read (Is a directory); check the path"),
        (["--slo-share", "2"], "--slo-share 2: give a share from 0 to 1, e.g. 0.05 or 5%"),
        (["--duration", "5"], "--duration: no such flag; did you mean --step-duration?"),
        (["--by", "users"], "--by users: choose one of threads, rate"),
    ],
)  # fmt: skip
def test_wrong_flags_get_one_line(argv: list[str], line: str) -> None:
    assert problem(*argv) == line


@pytest.mark.parametrize("argv", [["--min", "1.5"], ["--sweep", "1,,2"], ["--slo", "x<5"], ["--resume", "."]])
def test_wrong_flags_get_a_chinese_line(argv: list[str]) -> None:
    line = problem(*argv, "--lang", "zh")
    assert line.startswith(" ".join(argv))
    assert re.search("[请应]", line)


def test_a_bad_rule_is_pointed_at():
    assert problem("--slo", "ttft_ms:p<5").startswith("--slo ttft_ms:p<5: character 10: ")


def test_a_run_does_not_take_the_flags_of_a_search():
    with pytest.raises(UsageError, match=r"^--sweep: no such flag"):
        parse_arguments([*TARGET, "--sweep", "1,2"], {})


def test_the_command_is_shown_as_typed():
    assert re.search(r" capacity --url http://\S+ --api-key 'app-…cdef' --max 9$", asked("--max", "9").config.command)


def test_help_of_the_command_has_its_flags_alone():
    text = parse_arguments(["capacity", "--help"], {}).text
    assert {
        f"--{name}" for name in ("slo", "by", "min", "max", "sweep", "resume", "pause", "url", "turns", "json")
    } <= set(re.findall(r"--[a-z-]+", text))
    assert not {"--duration", "--requests", "--csv", "--records"} & set(
        re.findall(r"^  (--[a-z-]+)", text, re.MULTILINE)
    )


# --- how long a step takes


def rules_of(*texts: str) -> list[Any]:
    return [parse_rule(text, speaker(RULE_TEXTS, "en")) for text in texts]


@pytest.mark.parametrize(
    ("rule", "wanted", "least"),
    [
        (P95, 100, 20),
        ("ttft_ms:p(99)<500", 500, 100),
        ("ttft_ms:med<500", 10, 2),
        ("goodput:rate>=0.95", 100, 20),
        ("errors:rate<0.01", 100, 1),
        ("ttft_ms:avg<500", 1, 1),
        ("goodput:rate>=1", 1, 1),
    ],
)
def test_a_step_has_five_times_the_fewest_requests_of_its_percentile(rule: str, wanted: int, least: int) -> None:
    assert requests_wanted(rules_of(rule)) == (wanted, least)
    assert requests_wanted(rules_of(rule, "latency_ms:p(99.9)<1")) == (5000, 1000)


def times_of(level: float, *steps: Any, search: CapacitySearch = CapacitySearch(), rule: str = P95, **plan: Any) -> Any:  # noqa: B008
    return step_times(search, StepPlan(**plan), rules_of(rule), steps, level, 0.5)


def test_the_first_step_goes_by_the_time_of_one_answer():
    # 1 thread, 0.5 s an answer: 2 a second, so 100 take 50 s, which is more than the most; 20 take 10 s.
    assert times_of(1) == (0.0, 1.0, 20.0)
    # 10 threads: 20 a second, 100 take 5 s.  The ramp is an answer long, and 1 s at least follows.
    assert times_of(10) == (0.5, 1.5, 5.0)


def test_a_percentile_that_needs_more_time_gets_it_unless_the_time_is_asked_for():
    assert times_of(1, rule="ttft_ms:p(99)<500").measured_s == 50.0
    assert times_of(1, rule="ttft_ms:p(99)<500", step_s=(5.0, 8.0)).measured_s == 8.0
    assert times_of(100, step_s=(7.0, 7.0)).measured_s == 7.0


def test_later_steps_go_by_the_level_below():
    # At 16 threads 16/s and 1 s an answer; at 32 answers may take 2 s, and there are 16 * sqrt(2) a second or more.
    below = step(16)
    # 250 requests are five times the fewest for p(98): 250 / 22.627 s.
    assert times_of(32, below, rule="ttft_ms:p(98)<500") == (2.0, 4.0, 11.049)
    assert times_of(32, below, step(64), rule="ttft_ms:p(98)<500").measured_s == 11.049, "the level above says nothing"


def test_each_thread_sends_at_least_four_requests():
    assert times_of(16, step(16, latency_ms=2500.0)).measured_s == 10.0


def test_a_rate_is_known_beforehand_and_has_no_ramp():
    by_rate = CapacitySearch(by="rate")
    assert times_of(10, search=by_rate) == (0.0, 1.0, 10.0)
    assert times_of(10, step(5, latency_ms=100.0), search=by_rate) == (0.0, 1.0, 10.0)


# --- the file


def steps_to(capacity: float) -> list[Any]:
    return list(levels_of(CapacitySearch(), passing_up_to(capacity))[1].steps)


def test_a_step_comes_back_from_its_line_as_it_was():
    one = step(4, False, per_s=3.25, error="http_error: HTTP 503", client_cpu=0.5)
    assert step_of(json.loads(step_line(one))) == one


def write_search(path: str, steps: list[Any], *argv: str, cut: str = "") -> Path:
    arguments = asked(*argv)
    assert arguments.capacity is not None
    lines = [header_line(SearchHeader(arguments.config, arguments.capacity.search, 5 * S)), *map(step_line, steps)]
    Path(path).write_text("\n".join(lines) + "\n" + cut, encoding="utf-8")
    return Path(path)


def test_a_search_goes_on_from_its_file_where_the_last_whole_line_ends():
    steps = steps_to(5)[:4]
    path = write_search("s.jsonl", steps, "--max", "50", cut='{"level": 1')
    found = asked("--max", "80", "--resume", "s.jsonl").capacity
    assert found is not None
    assert found.steps == tuple(steps)
    assert found.resume_at == path.stat().st_size - len('{"level": 1')


def test_a_step_that_could_not_be_judged_is_measured_again():
    write_search("s.jsonl", [step(1), step(2, False, value=None)])
    assert [each.level for each in read_search(Path("s.jsonl"), "en")[1]] == [1]


def test_a_lowest_step_into_which_no_request_fell_is_measured_again():
    write_search("s.jsonl", [replace(step(1), ok=0, failed=0), step(2)])
    assert [each.level for each in read_search(Path("s.jsonl"), "en")[1]] == [2]


def test_a_file_that_is_not_there_or_empty_is_a_new_search():
    Path("empty.jsonl").touch()
    for name in ("new.jsonl", "empty.jsonl"):
        found = asked("--resume", name).capacity
        assert found is not None
        assert (found.steps, found.resume_at) == ((), 0)


def test_the_file_of_another_search_is_refused_by_what_differs():
    write_search("s.jsonl", [], "--slo", P95, "--query", "a")
    assert problem("--resume", "s.jsonl", "--slo", "ttft_ms:p(95)<400", "--query", "b") == (
        "--resume s.jsonl: holds the steps of another search, which differs in query, rules; name another file"
    )
    write_search("s.jsonl", [])
    assert problem("--resume", "s.jsonl", "--by", "rate").endswith("which differs in by; name another file")


@pytest.mark.parametrize(("content", "number"), [("a\n", 1), ('{"schema": "x"}\n', 1), ("[]\n", 1)])
def test_a_file_of_something_else_is_refused(content: str, number: int) -> None:
    Path("other.jsonl").write_text(content)
    assert problem("--resume", "other.jsonl") == (
        f"--resume other.jsonl: not a file of --resume: line {number} is none of its lines; name another file"
    )


def test_a_line_that_is_no_step_is_named():
    write_search("s.jsonl", [step(1)], cut='{"level": 1}\n')
    assert "line 3 is none of its lines" in problem("--resume", "s.jsonl")


def test_what_each_step_has_of_its_own_may_differ():
    config, search = RunConfig(), CapacitySearch()
    other = replace(config, threads=9, duration_s=5.0, command="x", lang="zh", version="2")
    assert unlike(SearchHeader(other, replace(search, most=9), 0), config, search) == []
    assert unlike(SearchHeader(replace(config, timeout_s=1.0), search, 0), config, search) == ["timeout_s"]


# --- the answer in words


def said(search: CapacitySearch, measure: Callable[[float], Any]) -> tuple[str, str]:
    found = levels_of(search, measure)[1]
    return headline(found)[0], sentence(found)[0]


RULES = CapacitySearch(rules=(P95,))


def ttft_of(level: float) -> Any:
    """At 16 threads 431 and 441 ms, at 17 600 ms; throughput is 12/s from 12 threads on."""
    value = {16: 431.0}.get(level, 100.0 if level < 16 else 600.0)
    return step(level, level <= 16, min(level, 12.0), value=value)


def test_the_answer_names_both_sides_of_the_edge_and_the_limit():
    head, text = said(replace(RULES, most=64), ttft_of)
    assert head == "16 threads"
    assert text == (
        "16 threads: TTFT p95 was 431 ms (in each of 2 steps); at 17 threads TTFT p95 was 600 ms, "
        "not < 500 ms; the limit is the server: throughput stopped growing at 12.0 requests/s"
    )


def test_steps_that_differ_are_said_with_their_spread():
    values = iter([431.0, 441.0])
    measured = said(replace(RULES, most=4), lambda level: step(level, value=next(values) if level == 4 else 100.0))
    assert measured[1].startswith("4 threads: TTFT p95 was 436 ms (431 ms to 441 ms in 2 steps); more was not allowed")


def test_the_share_of_requests_is_said_in_per_cent():
    search = CapacitySearch(slo=("ttft_ms<500",), rules=("goodput:rate>=0.95",), most=8)
    measured = said(
        search, lambda level: step(level, level < 4, value=0.982 if level < 4 else 0.9, rule="goodput:rate>=0.95")
    )
    assert measured[1].startswith(
        "3 threads: 98.2 % of requests met ttft_ms<500 (in each of 2 steps); "
        "at 4 threads 90.0 % of requests met ttft_ms<500, not >= 95 %; throughput still grew there"
    )


def test_refusals_are_named():
    rule = "errors:rate<0.01"
    search = CapacitySearch(rules=(rule,), most=8)
    measured = said(
        search, lambda level: step(level, level < 4, value=float(level >= 4), rule=rule, error="http_error: 503")
    )
    assert measured[1] == (
        "3 threads: 0 % of requests failed (in each of 2 steps); at 4 threads 100 % of requests failed, not < 1 %; "
        "the limit is what is refused: most often http_error: 503"
    )


def test_a_busy_client_is_named():
    measured = said(RULES, lambda level: step(level, level < 4, client_cpu=0.97))
    assert measured[1].endswith(
        "the limit may be this tool: it used 97.0 % of the core of a process, so give more --processes"
    )
    doubted = said(RULES, lambda level: step(level, level < 4, trust="invalid"))
    assert doubted[1].endswith("the limit may be this machine: at that load its figures are not to be trusted")


def test_other_endings_are_said():
    assert said(replace(RULES, most=4), passing_up_to(9)) == (
        "At least 4 threads",
        "4 threads: TTFT p95 was 100 ms (in each of 2 steps); more was not allowed (--max)",
    )
    assert said(RULES, passing_up_to(0))[0] == "No level meets the demands"
    assert said(RULES, passing_up_to(0))[1] == "even at 1 thread TTFT p95 was 100 ms, not < 500 ms"
    head, text = said(replace(RULES, most=1000), saturating_at(30))
    assert head == "At least 64 threads"
    assert text.endswith(
        "the server is full from 32 threads on: more load only waits longer, throughput stays at 30.0 requests/s"
    )
    check = ThresholdResult(P95, None, False, "few samples")
    head, text = said(RULES, lambda level: replace(step(level), checks=(check,)))
    assert head == "Cannot be judged"
    assert text == (
        "ttft_ms:p(95)<500 cannot be judged at 1 thread (few samples): give a longer --step-duration or another rule"
    )
    early = answer(RULES, [], Ending.INTERRUPTED)
    assert headline(early)[0] == "Nothing was measured"
    assert sentence(early)[0] == "the search was interrupted before its first step had ended"
    assert said(RULES, lambda level: replace(step(level, False, value=None), ok=0)) == (
        "Cannot be judged",
        "no request began within the step at 1 thread: give a longer --step-duration",
    )
    interrupted = answer(RULES, steps_to(5)[:2], Ending.INTERRUPTED)
    assert headline(interrupted)[0] == "At least 2 threads"
    assert sentence(interrupted)[0].endswith("; the search was interrupted")


def test_the_answer_is_in_chinese_too():
    found = levels_of(replace(RULES, most=64), ttft_of)[1]
    assert sentence(found)[1] == (
        "16 个线程：TTFT p95 为 431 ms（2 次测量均如此）；17 个线程时，TTFT p95 为 600 ms，"
        "未达到 < 500 ms"
        "；受限于服务器：吞吐停在 12.0 请求/s"
    )


@pytest.mark.parametrize(("level", "kept"), [(0.1, True), (2.0, False)])
def test_a_single_request_in_a_step_counts_over_the_time_of_the_step(level: float, kept: bool) -> None:
    config = RunConfig(rate_per_s=level, warmup_s=1.0, duration_s=11.0)
    tally = Tally(0, ())
    tally.add(RequestRecord(1, 1, 5 * S, Outcome.OK, S, intended_ns=5 * S, ttft_ns=S, output_tokens=1, chunks=1))
    found = step_result(level, tally.result(config, 0), [])
    assert found.requests_per_s == pytest.approx(0.1), "one in the ten seconds behind the warm-up"
    assert found.passed is kept


def test_a_rate_that_was_not_kept_is_said():
    search = CapacitySearch(by="rate", rules=(P95,), most=8)

    def measure(level: float) -> Any:
        sent = min(level, 3.0)
        check = ThresholdResult(f"requests:rate>={0.95 * level:g}", sent, sent >= 0.95 * level)
        return replace(step(level), checks=(ThresholdResult(P95, 9.0, True), check))

    assert said(search, measure)[1].startswith(
        "3.125 requests/s: 3.00 requests/s were sent (in each of 2 steps); at 3.25 requests/s"
    )


def test_the_page_knows_the_limits_that_its_charts_show():
    rules = ("ttft_ms:p(95)<=500", "ttft_ms:p(50) < 300", "itl_ms:max<90", "tokens:rate>5", "latency_ms:avg>1")
    found = answer(CapacitySearch(slo=("latency_ms<4000",), rules=rules), [step(1)], Ending.MOST)
    assert limits_ms(found) == {"ttft": 300.0, "itl": 90.0, "latency": 4000.0}
    data = capacity_data(found)
    assert data["curve"] == [{"level": 1, "per_s": 1, "met": True}]
    assert data["steps"][0]["met"] is True


def test_the_document_has_the_answer_and_every_step():
    found = levels_of(replace(RULES, most=64), ttft_of)[1]
    document = capacity_document(found, RunConfig(), sentence(found))
    assert document["schema"] == "sse-perf-capacity/1"
    assert (document["capacity"]["level"], document["capacity"]["ending"], document["capacity"]["limit"]) == (
        16,
        "edge",
        "server",
    )
    assert document["steps"] == [step_document(each) for each in found.steps]
    assert json.loads(json.dumps(document)) is not None


# --- the whole command, over runs that are made up


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

    def __init__(self, _target: object, config: RunConfig) -> None:
        self.config = config
        self.interrupted = False
        self.made.append(config)

    def run(self, _on_sample: object = None) -> RunResult:
        if self.stop_at == len(self.made):
            self.interrupted = True
        level = self.config.rate_per_s or self.config.threads
        ttft_ns = round(S * max(1.0, level / self.full))
        tally = Tally(0, slos_of(self.config))
        for number in range(100):
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
    assert '<h2><span lang="en">12 threads</span>' in page
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
    assert "7 steps are there already: s.jsonl" in again.out
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
    assert "TTFT P50" not in ran.out
    assert "Capacity: At least 2 threads" in ran.out


def test_the_command_speaks_chinese(made_up: type[MadeUpRun]) -> None:
    ran = tool("--lang", "zh", "--max", "2", "--html-report", "c.html")
    assert "容量：至少 2 个线程" in ran.out
