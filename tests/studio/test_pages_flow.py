"""The studio from first use to a comparison, in headless Chromium, before its own server.

`use_studio.mjs` uses it once and writes down what it saw; each test reads one fact of that.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tools.build_assets import node_command

pytest.importorskip("fastapi", reason="the studio is an extra")

from studio_server import TOKEN, running

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
QUICK = str(ROOT / "tests" / "helpers" / "quick_demo_worker.py")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
NODE = node_command()
if not (CHROMIUM and NODE and (ROOT / "node_modules" / "playwright-core").is_dir()):
    pytest.skip("needs Chromium, Node.js and playwright-core", allow_module_level=True)

Facts = dict[str, Any]


@pytest.fixture(scope="module")
def link(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The link of a studio in an empty folder, with a demo that does not keep anybody waiting."""
    with running(tmp_path_factory.mktemp("studio"), worker=(sys.executable, QUICK)) as studio:
        yield f"http://127.0.0.1:{studio.port}/?token={TOKEN}"


@pytest.fixture(scope="module")
def facts(link: str) -> Facts:
    """What `use_studio.mjs` saw."""
    command = [*(NODE or []), str(HERE / "use_studio.mjs"), link, str(CHROMIUM)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_whole_way_can_be_gone(facts: Facts) -> None:
    assert "broken" not in facts, facts["broken"]
    assert facts["console"] == []
    assert facts["foreign"] == []
    assert facts["failed"] == []
    assert facts["keys"] == []
    assert facts["places"] == []


def test_the_token_leaves_the_address(facts: Facts) -> None:
    assert facts["address"].endswith("/run")
    assert "Three ways to begin" in facts["first"]


def test_a_reload_in_mid_run_loses_nothing(facts: Facts) -> None:
    assert facts["before_reload"] >= 3
    assert facts["after_reload"] >= facts["before_reload"]


def test_the_result_follows_by_itself_with_its_report(facts: Facts) -> None:
    assert "OpenAI dialect / demo" in facts["result"]
    assert facts["report"] == [200, "<!doctype html>"]


def test_a_stopped_run_keeps_what_it_measured(facts: Facts) -> None:
    assert "cancelled" in facts["cancelled"]
    assert "3 of 3 results" in facts["history"]
    assert facts["jobs"] == ["done", "cancelled", "cancelled"]


def test_two_results_are_held_side_by_side(facts: Facts) -> None:
    assert "B against A" in facts["compare"]
    assert "逐项比较" in facts["compare_zh"]


def test_every_page_speaks_chinese(facts: Facts) -> None:
    heads = {
        "run": "三种开始方式",
        "load": "对服务做负载测试",
        "capacity": "测量容量",
        "history": "历史",
        "providers": "尚无提供商",
        "keys": "尚无密钥",
        "settings": "设置",
    }
    assert {name: head for name, head in heads.items() if head not in facts["zh"][name]} == {}


def test_seven_tabs_share_one_stream(facts: Facts) -> None:
    assert facts["streams"] == 1
    assert len(facts["tabs"]) == 7


def test_a_late_tab_sees_it_all_and_goes_on_when_the_others_close(facts: Facts) -> None:
    before, after = facts["late"]
    assert 2 <= before < after
    assert facts["streams_after"] == 1


def test_a_tab_that_nobody_looks_at_has_no_stream_and_goes_on_where_it_was(facts: Facts) -> None:
    streams, runs = facts["hidden"]
    assert streams == 0
    assert facts["resumed_after"] > runs, "every run is an event, and the plan is one"
    assert facts["streams_again"] == 1
