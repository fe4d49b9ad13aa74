"""The documentation says what the code does: names, fields, links, and commands that can be typed as they stand."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import asdict, fields, replace
from datetime import datetime
from itertools import takewhile
from pathlib import Path

import certifi
import pytest

from markdown_pages import (
    DOCS,
    FENCED,
    LINK,
    ROOT,
    anchors_of,
    headings_of,
    links_of,
    prose_of,
    shell_lines_of,
    text_of,
)
from sse_perf_tool.arguments import Arguments, parse_arguments
from sse_perf_tool.arguments.endpoint import Reply
from sse_perf_tool.calibration.command import document_of
from sse_perf_tool.capacity.file import capacity_document
from sse_perf_tool.commands import environment as world
from sse_perf_tool.exporters.json_summary import summary_document, to_json
from sse_perf_tool.formats import FORMATS, AnswerReader
from sse_perf_tool.goals.baseline import Baseline, held_against
from sse_perf_tool.goals.thresholds import METRIC_FUNCTIONS, RUN_FIGURES, judged, slos_of
from sse_perf_tool.metrics import METRICS, Tally, enough_for, percentile
from sse_perf_tool.records import (
    AnswerHead,
    Calibration,
    CalibrationLimit,
    Capacity,
    CapacitySearch,
    Ending,
    IntervalSample,
    Limit,
    Outcome,
    Plateau,
    RequestRecord,
    RunConfig,
    RunResult,
    Span,
    Stats,
    StepResult,
    ThresholdResult,
    TrustSample,
    Usage,
    WorkerFacts,
)
from sse_perf_tool.records.file import RecordsHeader, header_line, record_line

PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *(ROOT / "examples").glob("*.md")])
READMES = ("README.md", "README_zh.md")
STATUSES = (
    world.OK,
    world.SOME_FAILED,
    world.WRONG_USAGE,
    world.NO_WORKERS,
    world.PARTIAL,
    world.MISSED,
    world.INTERRUPTED,
)

_COMMAND = re.compile(r"(?:python3 )?sse_perfTestTool\.py .*")


def table_after(text: str, line: str) -> list[str]:
    """The names in the first column of the first table behind a line that begins so; a cell may hold several."""
    behind = re.split(rf"^{re.escape(line)}.*\n", text, maxsplit=1, flags=re.MULTILINE)[1]
    table = re.search(r"(?:^\|.*\n)+", behind, re.MULTILINE)
    assert table is not None
    rows = table[0].splitlines()[2:]
    return [name.strip(" `") for row in rows for name in row.split("|")[1].split(",")]


def tool_commands() -> Iterator[tuple[str, str]]:
    """(page, command) for every command line of the tool: in blocks, indented, and in running text; each once."""
    found: dict[str, str] = {}
    for page in PAGES:
        text = page.read_text(encoding="utf-8").replace("\\\n", " ")
        blocks = "\n".join(block for _, block in FENCED.findall(text))
        lines = [*blocks.splitlines(), *re.findall(r"^ {4}(.*)$", prose_of(text), re.MULTILINE)]
        lines += re.findall(r"`([^`\n]+)`", prose_of(text))
        for command in (" ".join(line.split()) for line in lines if _COMMAND.match(line.strip())):
            found.setdefault(command, page.name)
    return ((page_name, command) for command, page_name in found.items())


def parsed(command: str) -> Arguments:
    """What a command line asks for."""
    _, words = command.split("sse_perfTestTool.py", 1)
    argv = list(takewhile(lambda word: word != ">", shlex.split(words, comments=True)))
    return parse_arguments(argv, {}, lambda: datetime(2025, 3, 4), lambda *_: Reply(200, {"data": [{"id": "m"}]}))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which every command can be typed: the examples, some records, some certificate."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    for name in ("run", "before", "after", "dify", "good", "alone", "company"):
        (tmp_path / f"{name}.jsonl").write_text(header_line(RecordsHeader(RunConfig(), 0)) + "\n")
    (tmp_path / "mine").write_text("threads = 20\n")
    (tmp_path / "old.json").write_text(to_json(Tally(0).result(RunConfig(), 0)))
    shutil.copy(certifi.where(), tmp_path / "company-ca.pem")
    return tmp_path


@pytest.fixture(scope="module")
def result() -> RunResult:
    """A run of one answer and one failure, with goals of every kind."""
    config = RunConfig(thresholds=["errors:count<1"], slo=["ttft_ms<5"], allow=["errors:rate<+1%"])
    tally = Tally(0, slos_of(config))
    tally.add(RequestRecord(1, 1, 0, Outcome.OK, 5_000_000, ttft_ns=1_000_000, output_tokens=2, chunks=1))
    tally.add(RequestRecord(2, 1, 6_000_000, Outcome.TIMEOUT, 1_000_000, error="too late"))
    judged_run = judged(tally.result(config, 0))
    return held_against(judged_run, Baseline(judged_run, sampled=True))


def test_every_metric_has_its_row_and_nothing_else_has_one():
    named = table_after(text_of("docs/metrics.md"), "## Metrics of requests")
    assert sorted(named) == sorted(METRICS)


def test_every_subject_of_a_threshold_has_its_functions():
    page = text_of("docs/usage.md")
    rows = dict(re.findall(r"^\| `?(a metric|\w+)`? \| ((?:`[^`]+`(?:, )?)+) \|", page, re.MULTILINE))
    named = {subject: tuple(re.findall("`([^`]+)`", functions)) for subject, functions in rows.items()}
    assert {name: named.get(name) for name in RUN_FIGURES} == {name: tuple(RUN_FIGURES[name]) for name in RUN_FIGURES}
    assert named["a metric"] == METRIC_FUNCTIONS


def test_every_field_of_a_second_is_defined():
    named = table_after(text_of("docs/metrics.md"), "## Per-second series")
    assert sorted([*named, "second"]) == sorted(field.name for field in fields(IntervalSample))


def test_the_summary_has_the_fields_that_the_page_names(result):
    page, document = text_of("docs/files.md"), summary_document(result)
    assert sorted(table_after(page, "## Summary")) == sorted(document)
    assert sorted(table_after(page, "`requests`:")) == sorted(document["requests"])
    assert sorted(table_after(page, "`errors[]`:")) == sorted(document["errors"][0])
    assert sorted(table_after(page, "`metrics.NAME`")) == sorted(field.name for field in fields(Stats))
    assert sorted(table_after(page, "`stream_shape`, of")) == sorted(document["stream_shape"])
    assert sorted(table_after(page, "`stalls`, [")) == sorted(document["stalls"])
    assert sorted(table_after(page, "`tokens`:")) == sorted(document["tokens"])
    assert sorted(table_after(page, "`goodput`")) == sorted(document["goodput"])
    assert sorted(table_after(page, "`thresholds[]`:")) == sorted(document["thresholds"][0])
    assert sorted(table_after(page, "`baseline[]`:")) == sorted(document["baseline"][0])
    assert sorted(table_after(page, "`trust`,")) == sorted(document["trust"])
    assert sorted(table_after(page, "`workers[]`:")) == sorted(field.name for field in fields(WorkerFacts))
    watched = summary_document(replace(result, self_watch=(TrustSample(0),)))["time_series"][0]["self_watch"]
    loose = {*document["rates"], *watched, *(field.name for field in fields(Plateau))}
    assert {name for name in loose if f"`{name}`" not in page} == set()


def test_a_calibration_has_the_fields_that_the_page_names():
    page = text_of("docs/files.md")
    assert sorted(table_after(page, "`calibration`, also")) == sorted(field.name for field in fields(Calibration))
    assert sorted(table_after(page, "`limits[]`:")) == sorted(field.name for field in fields(CalibrationLimit))
    found = Calibration(*[{}] * len(fields(Calibration)))
    document = document_of(RunConfig(), 0, found, [], [])
    assert sorted(table_after(page, "## Calibration: ")) == sorted(document)
    assert f"`{document['schema']}`" in page


def test_a_search_has_the_fields_that_the_page_names():
    page = text_of("docs/files.md")
    step = StepResult(1, 0, 1.0, 1, 1, 0, 1.0, 1.0, {}, (ThresholdResult("errors:rate<0.01", 0.0, True),))
    document = capacity_document(
        Capacity(CapacitySearch(), (step,), Ending.MOST, 1, None, None, None, 1.0), RunConfig(), ("", "")
    )
    assert sorted(table_after(page, "`--json` writes one object:")) == sorted(document)
    assert sorted(table_after(page, "`search`:")) == sorted(document["search"])
    assert sorted(table_after(page, "`capacity`:")) == sorted(document["capacity"])
    assert sorted(table_after(page, "`steps[]`, of")) == sorted(document["steps"][0])
    assert f"`{document['schema']}`" in page
    assert {f"`{word.value}`" in page for word in (*Ending, *Limit)} == {True}


def test_the_settings_have_the_fields_that_the_page_names():
    named = table_after(text_of("docs/files.md"), "## Settings")
    assert sorted(named) == sorted(asdict(RunConfig()))


def test_records_have_the_fields_that_the_page_names():
    page = text_of("docs/files.md")
    header = json.loads(header_line(RecordsHeader(RunConfig(), 0)))
    assert sorted(table_after(page, "The header:")) == sorted(header)
    more = {"head": AnswerHead(), "self_watch": (TrustSample(0),), "spans": (Span("end", "", 0, None, 1),)}
    more["estimates"] = (1, 1)
    record = RequestRecord(1, 1, 0, Outcome.OK, 0, **more)
    row = json.loads(record_line(record, 0))
    assert sorted(table_after(page, "A request:")) == sorted(row)


def test_the_schemas_are_those_of_the_page(result):
    page = text_of("docs/files.md")
    header = json.loads(header_line(RecordsHeader(RunConfig(), 0)))
    assert {f"`{document['schema']}`" in page for document in (header, summary_document(result))} == {True}


@pytest.mark.parametrize(("page", "heading"), [("outcomes.md", "## Of a request"), ("outcomes_zh.md", "## 单个请求")])
def test_every_outcome_is_explained(page, heading):
    assert table_after(text_of(f"docs/{page}"), heading) == [outcome.value for outcome in Outcome]


def test_every_exit_status_is_explained():
    assert table_after(text_of("docs/files.md"), "## Exit status") == [str(status) for status in STATUSES]


def test_the_readmes_count_the_apis():
    assert len(FORMATS) - len({"custom", "chatbot"}) > 20
    assert "over 20 APIs" in text_of("README.md")
    assert "20 多种接口" in text_of("README_zh.md")


def test_the_worked_percentiles_are_those_of_the_code():
    page = text_of("docs/metrics.md")
    assert "Of 10, 20, 30, 40 the P50 is 25 and the P90 is 37." in page
    assert (percentile([10, 20, 30, 40], 50), percentile([10, 20, 30, 40], 90)) == (25, 37)
    assert "2 for P50, 10 for P90, 20 for P95, 100 for P99" in page
    fewest = {50: 2, 90: 10, 95: 20, 99: 100}
    assert [(enough_for(p, n - 1), enough_for(p, n)) for p, n in fewest.items()] == [(False, True)] * 4


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    broken = []
    for link in LINK.findall(prose_of(page.read_text(encoding="utf-8"))):
        path, _, anchor = link.partition("#")
        if "://" in link:
            continue
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors_of(target.read_text(encoding="utf-8"))):
            broken.append(link)
    assert broken == []


def test_the_two_readmes_have_the_same_shape():
    shapes = [[heading.split(" ")[0] for heading in headings_of(text_of(name))] for name in READMES]
    assert shapes[0] == shapes[1]
    assert len(shapes[0]) > 4
    assert links_of(ROOT / "README.md") == links_of(ROOT / "README_zh.md")


def test_the_two_readmes_have_the_same_commands():
    english, chinese = (shell_lines_of(text_of(name)) for name in READMES)
    assert english == chinese
    assert english[:2] == [["make", "demo"], ["make", "test"]]


@pytest.mark.parametrize(("page", "command"), list(tool_commands()))
def test_commands_can_be_typed_as_they_stand(folder, page, command):
    arguments = parsed(command)
    assert arguments.command in (
        "run",
        "debug",
        "demo",
        "serve",
        "report",
        "capacity",
        "calibrate",
        "bench",
        "profile",
        "studio",
        "worker",
        "show",
    )
    assert arguments.warnings == ()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_command_fits_beside_the_menus_of_the_site(page):
    blocks = re.findall(
        r"^```(?:sh|bash|console)$(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    lines = (re.sub(r"\s+# .*", "", line) for block in blocks for line in block.splitlines())
    assert [line for line in lines if len(line) > 104] == []


def test_commands_are_found_in_all_places():
    found = {command for _, command in tool_commands()}
    assert "python3 sse_perfTestTool.py --help" in found
    assert "python3 sse_perfTestTool.py serve --port 8000" in found
    assert any("--param-file examples/queries.csv --threads 3" in command for command in found), "indented"


def test_the_flags_of_the_custom_format_read_the_stream_beside_them(folder):
    page = text_of("docs/usage.md").replace("\\\n", " ")
    blocks = [block for _, block in FENCED.findall(page)]
    stream = next(block for block in blocks if block.startswith("event: say"))
    command = next(block for block in blocks if "--reasoning-path data.thought" in block)
    reader = AnswerReader(FORMATS["custom"], parsed(command).options, "text/event-stream")
    reader.feed((stream + "\n").encode())
    assert (reader.text, reader.chunks, reader.usage, reader.complete) == ("Hello world", 2, Usage(3, 2, None), True)
    assert (reader.message_id, reader.conversation_id, reader.finish_reason) == ("m1", "s9", "stop")
