"""The dashboard for Grafana: its form, and that each metric and label that it asks for is one that is exported."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import requests
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from ruamel.yaml import YAML

from scripted_server import DONE, FINISH, Serve, chunked, token, usage
from sse_perf_tool.records import IntervalSample, RequestRecord
from sse_perf_tool.telemetry.exporter import Exporter
from sse_perf_tool.telemetry.instruments import INSTRUMENTS
from sse_perf_tool.telemetry.prometheus import Page
from sse_perf_tool.telemetry.sums import Sums
from telemetry_lines import FAILED, MS, OK, lines_of
from tool_runs import SCRIPT

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "examples" / "grafana"
DASHBOARD: dict[str, Any] = json.loads((FOLDER / "sse-perf.json").read_text(encoding="utf-8"))
PANELS: list[dict[str, Any]] = DASHBOARD["panels"]
EXPRESSIONS = [target["expr"] for panel in PANELS for target in panel["targets"]]
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
PACED = RequestRecord(3, 1, 9 * MS, OK.outcome, MS, intended_ns=0, format="openai_chat")


@pytest.fixture(scope="module")
def exported() -> dict[str, Mapping[str, str]]:
    """Name of each sample of a page that has every metric -> its labels."""
    sums = Sums()
    page, exporter = Page(sums), Exporter(sums)
    for line in lines_of(OK, FAILED, PACED, seconds=[IntervalSample(0)]):
        exporter.take(line)
    families = text_string_to_metric_families(generate_latest(page.registry).decode())
    return {sample.name: sample.labels for family in families for sample in family.samples}


def test_the_dashboard_has_the_form_that_grafana_imports() -> None:
    assert {"uid", "title", "schemaVersion", "panels", "templating", "time", "refresh"} <= set(DASHBOARD)
    assert re.fullmatch(r"[\w-]{1,40}", DASHBOARD["uid"])
    assert DASHBOARD["schemaVersion"] >= 36
    assert len({panel["id"] for panel in PANELS}) == len({panel["title"] for panel in PANELS}) == len(PANELS) > 10
    for panel in PANELS:
        assert panel["type"] in ("timeseries", "stat", "heatmap")
        assert panel["datasource"] == SOURCE
        assert panel["description"].endswith(".")
        references = [target["refId"] for target in panel["targets"]]
        assert references == ["A", "B", "C"][: len(references)] != []
        assert all(target["datasource"] == SOURCE for target in panel["targets"])
    variables = {each["name"]: each["type"] for each in DASHBOARD["templating"]["list"]}
    assert variables == {"datasource": "datasource", "model": "query", "server": "query"}


def test_the_types_that_grafana_publishes_take_the_dashboard() -> None:
    models = pytest.importorskip("grafana_foundation_sdk.models.dashboard", reason="pip install grafana-foundation-sdk")
    from grafana_foundation_sdk.cog import plugins

    plugins.register_default_plugins()
    board = models.Dashboard.from_json(DASHBOARD)
    assert [panel.type_val for panel in board.panels] == [panel["type"] for panel in PANELS]
    assert [target.expr for panel in board.panels for target in panel.targets] == EXPRESSIONS
    assert {type(target).__module__ for panel in board.panels for target in panel.targets} == {
        "grafana_foundation_sdk.models.prometheus"
    }, "not taken as they stand, but read"


def test_no_panel_lies_on_another_or_beside_the_grid_of_24() -> None:
    def cells(place: Mapping[str, int]) -> set[tuple[int, int]]:
        right, bottom = place["x"] + place["w"], place["y"] + place["h"]
        assert right <= 24
        return {(x, y) for x in range(place["x"], right) for y in range(place["y"], bottom)}

    taken = [cells(panel["gridPos"]) for panel in PANELS]
    assert not any(one & other for one, other in combinations(taken, 2))


def test_every_metric_and_label_of_a_query_is_exported(exported: Mapping[str, Mapping[str, str]]) -> None:
    for expression in EXPRESSIONS:
        (names, asked) = (
            re.findall(r"(\w+)\{", expression),
            re.findall(r"(\w+)[!=]~?\"", expression) + re.findall(r"by \((\w+)\)", expression),
        )
        assert names
        for name in names:
            assert set(asked) <= set(exported[name]) | {"le"}, expression
    for variable in DASHBOARD["templating"]["list"][1:]:
        name, label = re.findall(r"\w+", variable["definition"])[1:]
        assert label in exported[name]


def test_every_metric_has_a_place(exported: Mapping[str, Mapping[str, str]]) -> None:
    text = " ".join(EXPRESSIONS)
    assert [each.name for each in INSTRUMENTS if each.on_page not in text] == []
    assert len(exported) >= len(INSTRUMENTS)


@pytest.fixture
def prometheus(tmp_path: Path) -> Iterator[str]:
    """A Prometheus that reads the page of the example; the URL of its API."""
    if os.environ.get("TEST_PROMETHEUS") != "1":
        pytest.skip("needs a Prometheus; set TEST_PROMETHEUS=1 (apt-get install prometheus)")
    program = shutil.which("prometheus")
    assert program is not None, "prometheus is not on PATH"
    config = (
        (FOLDER / "prometheus.yml").read_text(encoding="utf-8").replace("scrape_interval: 2s", "scrape_interval: 1s")
    )
    (tmp_path / "prometheus.yml").write_text(config, encoding="utf-8")
    words = ["--config.file=prometheus.yml", "--storage.tsdb.path=data", "--web.listen-address=127.0.0.1:19090"]
    process = subprocess.Popen([program, *words], cwd=tmp_path, stderr=subprocess.DEVNULL)
    yield "http://127.0.0.1:19090/api/v1"
    process.terminate()
    process.wait()


def test_the_configuration_of_prometheus_reads_the_page_of_the_documentation() -> None:
    config = YAML(typ="safe").load((FOLDER / "prometheus.yml").read_text(encoding="utf-8"))
    (job,) = config["scrape_configs"]
    (place,) = job["static_configs"][0]["targets"]
    assert f"--prometheus {place}" in (ROOT / "docs" / "telemetry.md").read_text(encoding="utf-8")


ANSWER = chunked(token("a"), 0.2, token("b"), 0.1, FINISH, usage(9, 2), DONE)


def test_a_prometheus_answers_every_query_of_the_dashboard(prometheus: str, serve: Serve, tmp_path: Path) -> None:
    load = ["--rate", "8", "--duration", "15", "--model", "m", "--no-report", "--no-compression-check"]
    target = ["--url", serve(ANSWER).url("/v1/chat/completions"), "--api-key", "-"]
    command = [sys.executable, SCRIPT, *target, *load, "--prometheus", "127.0.0.1:9464"]
    subprocess.run(command, cwd=tmp_path, check=True, stdout=subprocess.DEVNULL)
    values = {"$__rate_interval": "8s", "$model": ".*", "$server": ".*"}
    answers = {}
    for expression in EXPRESSIONS:
        query = expression
        for name, value in values.items():
            query = query.replace(name, value)
        found = requests.get(f"{prometheus}/query", {"query": query, "time": time.time() - 4}, timeout=30).json()
        assert found["status"] == "success", (query, found)
        answers[expression] = found["data"]["result"]
    empty = [expression for expression, result in answers.items() if not result]
    assert all("error_type" in expression for expression in empty), empty
    (per_second,) = (
        float(result[0]["value"][1])
        for expression, result in answers.items()
        if expression.startswith("sum(rate(sse_perf_requests_started_total")
    )
    assert 4 < per_second < 12, "eight a second"
