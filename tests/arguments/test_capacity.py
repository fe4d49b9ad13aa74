"""The flags of a search for capacity."""

from __future__ import annotations

import re

import pytest

from capacity_steps import TARGET, asked, problem
from sse_perf_tool.arguments import parse_arguments
from sse_perf_tool.capacity.search import StepPlan
from sse_perf_tool.errors import UsageError
from sse_perf_tool.records import CapacitySearch


def search_of(*argv: str) -> CapacitySearch:
    found = asked(*argv).capacity
    assert found is not None
    return found.search


def plan_of(*argv: str) -> StepPlan:
    found = asked(*argv).capacity
    assert found is not None
    return found.plan


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
    demand = "ttft_from_schedule_ms<500"
    assert search_of("--by", "rate", "--slo", demand).slo == (demand,)


@pytest.mark.parametrize(("argv", "retries"), [([], 0), (["--retries", "2"], 2)])
def test_nothing_is_sent_again_unless_it_is_asked_for(argv: list[str], retries: int) -> None:
    assert asked(*argv).config.retries == retries


def test_steps_have_the_length_and_the_pause_that_are_asked_for():
    assert plan_of("--step-duration", "20s", "--pause", "5s") == StepPlan((20.0, 20.0), 5.0, None, None)
    assert plan_of("--step-duration", "5:1m", "--processes", "2").step_s == (5.0, 60.0)
    assert plan_of("--processes", "2").processes == 2
    assert plan_of("--by", "rate", "--threads", "70").threads == 70


WHOLE = "threads are whole numbers; correct it, or use --by rate (requests per second)"


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        (["--min", "1.5"], f"--min 1.5: {WHOLE}"),
        (["--sweep", ".5"], f"--sweep .5: {WHOLE}"),
        (["--min", "0"], "--min 0: give a number above 0"),
        (["--max", "many"], "--max many: give a number above 0"),
        (["--sweep", "1,,2"], "--sweep 1,,2: give numbers above 0 with commas, e.g. 1,2,4,8"),
        (["--min", "9", "--max", "8"], "--max 8: is below --min 9; give a higher one"),
        (["--min", "900"], "--min 900: is below --min 900; give a higher one"),
        (
            ["--threads", "5"],
            "--threads 5: is what the search varies, see --min and --max; leave it out, or search --by rate",
        ),
        (["--sweep", "1,2", "--max", "8"], "--max 8: cannot go with --sweep; keep one of them"),
        (["--arrival", "poisson"], "--arrival poisson: only works with --by rate; add it, or leave this out"),
        (["--resume", "x", "--json", "x"], "--resume x: is also the file of --json; choose another name"),
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
