"""The report as a reader meets it: in headless Chromium, with the network cut.

`page_facts.mjs` uses each page once and writes down what it saw; each test reads one fact of that.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tools.build_assets import node_command

from bench_documents import sample_document
from report_runs import (
    ATTACK,
    CONFIG,
    STARTED_UNIX_NS,
    attacked_run,
    sample_run,
    sample_search,
    simulate,
    watched,
    whole_answer,
)
from report_scenes import healthy, one_request, one_served
from sse_perf_tool.bench.page import write_page
from sse_perf_tool.metrics import Tally
from sse_perf_tool.records import OUTCOMES, Outcome
from sse_perf_tool.report_generator import generate_capacity_report, generate_compare_report, generate_html_report
from sse_perf_tool.report_parts.libraries import ASSETS, LIBRARIES

HERE = Path(__file__).resolve().parent
MODULES = HERE.parents[1] / "node_modules"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
NODE = node_command()
MISSING = [
    name
    for name, there in (
        ("Chromium", CHROMIUM),
        ("Node.js", NODE),
        ("playwright-core", (MODULES / "playwright-core").is_dir()),
        ("axe-core", (MODULES / "axe-core").is_dir()),
        ("the report's assets", all((ASSETS / library.asset).is_file() for library in LIBRARIES)),
    )
    if not there
]
if MISSING:
    pytest.skip(f"the browser tests of the report need {', '.join(MISSING)}", allow_module_level=True)

Facts = dict[str, Any]


def whole_answers(path: Path) -> None:
    """A run whose answers were no streams."""
    tally = Tally(0)
    for number in range(20):
        tally.add(whole_answer(number))
    generate_html_report(tally.result(replace(CONFIG, stream=False), STARTED_UNIX_NS), path)


def comparison(path: Path) -> None:
    runs = [simulate(400, seed=seed, slow=slow).result(CONFIG, STARTED_UNIX_NS) for seed, slow in ((1, 1.0), (2, 0.6))]
    generate_compare_report(runs, path, names=["<img src=x onerror=window.pwned=true>", "b {n}"])


REPORTS: dict[str, Callable[[Path], object]] = {
    "single.html": lambda path: generate_html_report(watched(sample_run()), path),
    "compared.html": comparison,
    "searched.html": lambda path: generate_capacity_report(sample_search(), CONFIG, path),
    "benched.html": lambda path: write_page(sample_document(), path),
    "attacked.html": lambda path: generate_html_report(attacked_run(), path, brand=ATTACK, title=ATTACK),
    "empty.html": lambda path: generate_html_report(Tally(origin_ns=0).result(CONFIG, STARTED_UNIX_NS), path),
    "calm.opening.html": lambda path: generate_html_report(healthy(), path),
    "one.opening.html": lambda path: generate_html_report(one_request(), path),
    "served.opening.html": lambda path: generate_html_report(one_served(), path),
    "whole.opening.html": whole_answers,
}
"""File -> what writes it; of one that ends in .opening.html only how it opens is seen."""


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Facts]:
    """Name of a report -> what `page_facts.mjs` saw of it: one browser for all, as its start takes seconds."""
    folder = tmp_path_factory.mktemp("report")
    for name, write in REPORTS.items():
        write(folder / name)
    command = [*(NODE or []), str(HERE / "page_facts.mjs"), str(CHROMIUM), *(str(folder / name) for name in REPORTS)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def facts_of(seen: dict[str, Facts], name: str) -> Facts:
    assert "broken" not in seen[name], seen[name]["broken"]
    return seen[name]


@pytest.fixture
def single(seen: dict[str, Facts]) -> Facts:
    return facts_of(seen, "single")


@pytest.fixture
def compared(seen: dict[str, Facts]) -> Facts:
    return facts_of(seen, "compared")


@pytest.fixture
def searched(seen: dict[str, Facts]) -> Facts:
    return facts_of(seen, "searched")


@pytest.fixture
def attacked(seen: dict[str, Facts]) -> Facts:
    return facts_of(seen, "attacked")


@pytest.fixture
def calm_run(seen: dict[str, Facts]) -> Facts:
    return facts_of(seen, "calm")


@pytest.fixture(params=["single", "compared", "searched", "benched"])
def page(seen: dict[str, Facts], request: pytest.FixtureRequest) -> Facts:
    return facts_of(seen, request.param)


@pytest.fixture(params=["single", "compared"])
def facts(seen: dict[str, Facts], request: pytest.FixtureRequest) -> Facts:
    return facts_of(seen, request.param)


def test_no_request_leaves_the_page(page: Facts) -> None:
    assert page["requests"] == []


def test_the_console_has_no_error(page: Facts) -> None:
    assert page["console"] == []


def test_every_section_of_a_run_with_requests_is_shown(single: Facts) -> None:
    assert single["shown"] == ["bar", "errors", "load", "metrics", "requests"]
    assert single["outside"] == []


def test_the_first_screen_says_how_it_went_how_fast_and_what_to_do(single: Facts) -> None:
    assert single["first_screen"] == [".verdict", "#figures", ".next", "#sections", "canvas"]


def test_the_page_is_at_most_half_as_long_as_one_with_everything_unfolded_was(single: Facts) -> None:
    assert single["height"] <= 9_800 / 2


@pytest.mark.parametrize(("name", "most"), [("compared", 3_000), ("searched", 2_600), ("benched", 2_700)])
def test_the_other_pages_are_short_too(name: str, most: int, seen: dict[str, Facts]) -> None:
    facts = facts_of(seen, name)
    assert facts["height"] <= most
    assert facts["dead_links"] == []


def test_what_failed_stands_before_what_the_tool_says_of_itself(single: Facts) -> None:
    parts = ("figures", "tails", "warnings", "errors", "metrics", "load", "slowest", "trust", "setup")
    assert [name for name in single["order"] if name in parts] == list(parts)


def test_the_links_of_the_page_lead_somewhere(page: Facts) -> None:
    assert page["dead_links"] == []


def test_what_is_trusted_is_folded_and_its_link_opens_it(calm_run: Facts) -> None:
    assert {"trust", "flow", "each", "threads", "again"} <= set(calm_run["folded"])
    assert (calm_run["opened"], calm_run["marked"]) == (True, "#trust")


def test_every_canvas_is_drawn_in_colour_in_both_themes(page: Facts) -> None:
    assert len(page["ink"]) >= (5 if page["title"].startswith("Benchmark") else 7)
    assert {name for name, pixels in page["ink"].items() if pixels < 100} == set()
    assert {name for name, pixels in page["ink_after"].items() if pixels < 100} == set()


def test_all_charts_of_the_report_are_there(single: Facts) -> None:
    names = (
        "rps threads system_tokens avg_latency avg_tpot total errors error_share ttft_percentiles latency_percentiles "
        "ttft_spread latency_spread gap_spread gap_heat ttft latency ttfb tpot rate tokens waterfall ttft_concurrency "
        "latency_concurrency self_delay self_cpu"
    )
    assert {f"chart-{name}" for name in names.split()} == set(single["ink"])


def test_a_chart_of_requests_has_a_point_for_each_request(single: Facts) -> None:
    table = sample_run().requests
    outcomes = [OUTCOMES[at] for at in table["outcome"]]
    ok = outcomes.count(Outcome.OK)
    failed = len(outcomes) - ok - outcomes.count(Outcome.CANCELLED)
    drawn = single["points"]["chart-latency"]
    assert (drawn["series.ok"][1], drawn["series.failed"][1]) == (ok, failed)
    assert failed > 5


def test_a_run_of_whole_answers_has_no_charts_of_streams(seen: dict[str, Facts]) -> None:
    page = facts_of(seen, "whole")
    assert set(page["cards"]) == {
        "rps", "threads", "system_tokens", "avg_latency", "total", "latency_percentiles", "latency_spread",
        "latency", "ttfb", "rate", "tokens", "waterfall", "latency_concurrency",
    }  # fmt: skip
    assert "Requests" in page["words"]
    assert [word for word in ("TTFT", "TPOT", "chunks", "Not measured") if word in page["words"]] == []


def test_dragging_on_one_chart_zooms_all_time_charts(facts: Facts) -> None:
    before, zoomed = facts["ranges_before"], facts["ranges_zoomed"]
    assert len(zoomed) == len(before) >= 4
    assert len({tuple(ends) for _, *ends in zoomed}) == 1
    _, low, high = zoomed[0]
    _, first, last = before[0]
    assert first < low < high < last


def test_a_double_click_shows_the_whole_run_again(facts: Facts) -> None:
    assert facts["ranges_restored"] == facts["ranges_before"]


def test_hovering_shows_values_on_several_charts(facts: Facts) -> None:
    assert facts["hovered"] >= 2


def test_a_chart_answers_the_keyboard(facts: Facts) -> None:
    assert " s  " in facts["keyboard_readout"]
    assert facts["ranges_keyboard"][0] != facts["ranges_before"][0]


def test_a_series_can_be_hidden_and_an_axis_made_logarithmic(page: Facts) -> None:
    assert page["toggled"] == {"scale": "logarithmic", "first_series_shown": False}


def test_a_table_sorts_both_ways(page: Facts) -> None:
    down = [float(text.replace(",", "")) for text in page["sorted_down"]]
    up = [float(text.replace(",", "")) for text in page["sorted_up"]]
    assert down == sorted(down, reverse=True)
    assert up == sorted(up)
    assert up[0] < up[-1]


def test_the_details_of_a_request_open_and_close(single: Facts) -> None:
    assert "Request #" in single["details"]
    assert "你是谁？" in single["details"] or "Explain load testing" in single["details"]
    assert single["details_closed"]


def test_downloads_hold_the_data_of_the_page(single: Facts) -> None:
    head, *lines = single["downloads"]["requests.csv"].split("\r\n")
    assert head.startswith("id,thread,start,outcome,status")
    assert len([line for line in lines if line]) == 600
    assert len(single["downloads"]["seconds.csv"].split("\r\n")) > 30
    assert json.loads(single["downloads"]["report.json"])["requests"]["total"] == 600
    assert json.loads(single["downloads"]["again.json"]) == CONFIG.flags


def test_the_language_and_the_theme_can_be_switched(page: Facts) -> None:
    before, after = page["look_before"], page["look_after"]
    assert (before["lang"], after["lang"]) == ("en", "zh-CN")
    for part in ("heading", "chart", "background", "button"):
        assert before[part] != after[part]


@pytest.mark.parametrize("state", ["faults_light", "faults_dark"])
def test_axe_finds_no_accessibility_fault(page: Facts, state: str) -> None:
    assert page[state] == []


def test_axe_finds_no_fault_in_the_details(single: Facts) -> None:
    assert single["faults_dialog"] == []


def test_the_page_fits_a_phone(page: Facts) -> None:
    assert page["phone_width"] == 390


def test_a_table_that_goes_on_sideways_fades_there(page: Facts) -> None:
    assert page["phone_unfaded"] == 0


def test_on_a_phone_the_percentiles_come_first_and_the_sentences_behind_the_figures(single: Facts) -> None:
    assert single["phone_order"] == [".verdict h2", ".tile.wide", ".tile:not(.wide)", ".next", ".lead", "canvas"]


def test_the_names_of_the_metrics_leave_room_for_their_figures(single: Facts) -> None:
    assert single["metrics_cut"] <= 0
    assert single["phone_names"] < 0.6


def test_charts_stay_inside_their_cards_on_paper(page: Facts) -> None:
    assert page["print_width"] < 1
    assert 2 <= page["pdf_pages"] <= 12


def test_a_report_is_printed_on_one_page_unless_everything_is_asked_for(single: Facts) -> None:
    assert single["pdf_summary_pages"] == 1
    assert single["pdf_pages"] > 3


def test_names_of_runs_stay_text(compared: Facts) -> None:
    assert not compared["pwned"]
    assert compared["elements"]["images"] == 0
    assert "<img src=x onerror=window.pwned=true>" in compared["text"]
    assert "b {n}" in compared["text"]


def test_the_points_of_a_run_shorter_than_a_second_lie_within_its_charts(attacked: Facts) -> None:
    assert attacked["ranges_before"][0][1:] == [0, 0.005]
    assert attacked["outside"] == []


def test_a_run_without_any_request_shows_no_empty_charts(seen: dict[str, Facts]) -> None:
    facts = facts_of(seen, "empty")
    assert facts["console"] == facts["faults_light"] == facts["dead_links"] == []
    assert facts["shown"] == ["bar"]
    assert "No request finished" in facts["text"]


def test_the_page_of_one_request_shows_its_course_on_the_first_screen(seen: dict[str, Facts]) -> None:
    facts = facts_of(seen, "one")
    assert facts["console"] == facts["dead_links"] == []
    assert {".verdict", "#figures", "#sections", "canvas"} <= set(facts["first_screen"])
    assert facts["height"] <= 2_000


def test_what_the_server_told_is_drawn_on_the_page_of_one_request_too(seen: dict[str, Facts]) -> None:
    facts = facts_of(seen, "served")
    assert facts["console"] == facts["dead_links"] == []
    drawn = [name for name in facts["order"] if name.startswith("chart-server_")]
    assert drawn == ["chart-server_requests", "chart-server_cache"]


def test_an_answer_full_of_markup_stays_text(attacked: Facts) -> None:
    assert not attacked["pwned"]
    assert attacked["elements"]["images"] == 0
    assert attacked["elements"]["frames"] == 0
    assert attacked["console"] == []
    assert '<img src=x onerror="window.pwned=true">' in attacked["details"]


def test_all_charts_of_a_search_are_there_and_what_a_server_says_stays_text(searched: Facts) -> None:
    names = "curve throughput ttft itl latency tokens failed"
    assert {f"chart-cap_{name}" for name in names.split()} == set(searched["ink"])
    assert "<img src=x onerror=window.pwned=true>" in searched["text"]
    assert not searched["pwned"]
