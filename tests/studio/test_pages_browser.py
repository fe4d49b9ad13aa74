"""The studio's pages in headless Chromium, before a server that is made up: each state of each page can be had at once.

`visit_pages.mjs` opens the scenes of `page_scenes.py` and writes down what it saw; each test reads one fact of that.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tools.build_assets import node_command

from page_scenes import API, ATTACK, POLICY, SCENES
from sse_perf_tool.report_parts.libraries import ASSETS

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PAGES = ROOT / "src" / "sse_perf_tool" / "studio" / "pages"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
NODE = node_command()
MISSING = [
    name
    for name, there in (
        ("Chromium", CHROMIUM),
        ("Node.js", NODE),
        ("playwright-core", (ROOT / "node_modules" / "playwright-core").is_dir()),
        ("axe-core", (ROOT / "node_modules" / "axe-core").is_dir()),
        ("Chart.js", (ASSETS / "chart.umd.min.js").is_file()),
    )
    if not there
]
if MISSING:
    pytest.skip(f"the browser tests of the studio need {', '.join(MISSING)}", allow_module_level=True)

Facts = dict[str, Any]

PHONE = {"width": 390, "height": 844}
LOOKS: tuple[dict[str, Any], ...] = ({}, {"dark": True}, {**PHONE}, {"zh": True}, {**PHONE, "zh": True, "dark": True})
"""Each scene is seen in one of these, so that together they see all."""


WITH_AXE = {
    "first_use_add", "run", "job_bench", "job_load", "load_rate_url", "capacity", "result_bench", "result_run",
    "result_capacity", "history", "compare", "providers_check_failed", "providers_change", "keys", "settings", "token",
}  # fmt: skip
"""Every page once: axe takes longer than all the rest."""


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Facts]:
    """Scene -> what was seen of it."""
    scenes = [
        {**scene, **LOOKS[place % len(LOOKS)], "name": name, "axe": name in WITH_AXE}
        for place, (name, scene) in enumerate(SCENES.items())
    ]
    path = tmp_path_factory.mktemp("studio") / "scenes.json"
    path.write_text(json.dumps({"scenes": scenes, "api": API, "policy": POLICY}), encoding="utf-8")
    command = [*(NODE or []), str(HERE / "visit_pages.mjs"), str(path), str(PAGES), str(ASSETS), str(CHROMIUM)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(params=list(SCENES))
def scene(request: pytest.FixtureRequest, facts: dict[str, Facts]) -> Facts:
    return facts[request.param]


def test_the_page_is_sound(scene: Facts) -> None:
    """No error of a script or of the policy, no other host, no text of a server as markup, nothing wider than the
    screen, no name in place of a word, and no fault that axe knows."""
    assert "broken" not in scene, scene["broken"]
    assert scene["console"] == []
    assert scene["foreign"] == []
    assert scene["pwned"] is False
    assert scene["overflow"] <= 0
    assert scene["keys"] == []
    assert scene["places"] == []
    assert scene["faults"] == []


def test_first_use_offers_three_ways_in(facts: dict[str, Facts]) -> None:
    seen = facts["first_use"]["text"]
    assert [way for way in ("Try the demo", "A server of your own", "A provider with a key") if way not in seen] == []


def test_what_it_will_cost_is_said_before_it_begins(facts: dict[str, Facts]) -> None:
    asked = [each["body"] for each in facts["run"]["asked"] if each["name"] == "POST /api/plan"]
    chosen = {(each["provider_key"], each["model_id"]) for each in asked[-1]["models"]}
    assert ("openai", "gpt-4o-mini") in chosen
    assert not {key for key, _ in chosen} & {"zai", "odd"}, "models without a key or an address are not sent"
    assert "24" in facts["run"]["text"]
    assert "12,288" in facts["run"]["text"]


def test_a_refused_field_is_marked_with_its_reason(facts: dict[str, Facts]) -> None:
    assert "give a whole number of at least 1" in facts["run_refused"]["text"]


def test_text_of_servers_is_shown_as_it_is(facts: dict[str, Facts]) -> None:
    names = ("run", "job_bench", "job_failed", "history", "result_bench", "providers")
    assert [name for name in names if ATTACK not in facts[name]["text"]] == []


def test_a_run_is_drawn_again_from_its_events(facts: dict[str, Facts]) -> None:
    assert "50.5" in facts["job_bench"]["text"]
    streams = [each["search"] for each in facts["job_bench"]["asked"] if each["name"] == "GET /api/events"]
    assert streams == ["", "?job=20260131_080000_1&after=0"], "one stream at a time"


def test_an_interrupted_job_offers_the_rest(facts: dict[str, Facts]) -> None:
    assert any(words in facts["job_interrupted"]["text"] for words in ("Run the rest again", "补跑其余部分"))


def test_a_change_is_shown_before_it_is_written(facts: dict[str, Facts]) -> None:
    writes = [each for each in facts["providers_change"]["asked"] if each["name"].startswith("PUT ")]
    assert [(each["search"], each["match"], each["body"]) for each in writes] == [
        ("?preview=true", '"abc"', {"display_name": "Lab"})
    ]
    assert "# an old model" in facts["providers_change"]["text"]


def test_several_models_are_added_in_one_change_that_is_shown(facts: dict[str, Facts]) -> None:
    asked = facts["providers_discover_add"]["asked"]
    writes = [each for each in asked if each["name"].startswith("POST /api/config")]
    models = [{"id": "gpt-3", "context_window": 128_000}, {"id": "gpt-5", "context_window": 128_000}]
    assert [(each["search"], each["body"]) for each in writes] == [("?preview=true", {"models": models})]


def test_headers_are_sent_line_by_line(facts: dict[str, Facts]) -> None:
    asked = [each["body"] for each in facts["load_rate_url"]["asked"] if each["name"] == "POST /api/plan"]
    assert asked[-1]["target"]["headers"] == {"X-Team": "a: b", "X-Api-Key": "$MY_KEY", "odd": ""}


def test_a_load_test_shows_its_percentiles_over_time(facts: dict[str, Facts]) -> None:
    assert any(words in facts["result_run"]["text"] for words in ("of 2 s each", "每 2 秒"))


def test_a_check_says_what_to_do(facts: dict[str, Facts]) -> None:
    assert "skip_temperature" in facts["providers_check_failed"]["text"]


def test_a_failed_model_says_what_to_do(facts: dict[str, Facts]) -> None:
    seen = facts["result_bench_failed"]["text"]
    assert seen.count("HTTP 401") == 1
    assert any(words in seen for words in ("refused or missing", "密钥无效或缺失"))
    assert any(words in seen for words in ("send no temperature", "不发送温度"))


def test_a_file_that_cannot_be_read_is_shown_with_its_place(facts: dict[str, Facts]) -> None:
    seen = facts["providers_broken"]["text"]
    assert "api_base http://localhost:8000/v1" in seen
    assert "7" in seen


def test_a_server_that_is_gone_or_restarted_is_said(facts: dict[str, Facts]) -> None:
    assert any(words in facts["gone"]["text"] for words in ("does not answer", "没有响应"))
    assert any(words in facts["token"]["text"] for words in ("was restarted", "已重新启动"))


def test_every_unit_of_a_result_says_when_no_difference_is_shown(facts: dict[str, Facts]) -> None:
    assert any(words in facts["result_bench"]["text"] for words in ("no difference shown by", "次测量未显示差异"))
