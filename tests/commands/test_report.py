"""The `report` command and the outputs of a run, from the command line to the files."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from scripted_server import ANSWER, Serve, sized
from sse_perf_tool import report_generator
from sse_perf_tool.exporters import EXPORTERS
from sse_perf_tool.flags import FLAGS
from sse_perf_tool.metrics import METRICS
from sse_perf_tool.records import Outcome, RequestRecord, RunConfig, WorkerFacts
from sse_perf_tool.records.file import RecordsHeader, header_line, record_line, workers_line
from sse_perf_tool.texts import display_width
from tool_runs import KEY, Ran, Terminal, Tool

MS = 1_000_000
STARTED_UNIX_NS = 1_763_600_000 * 1_000_000_000
REFUSED = sized(b'{"error": {"message": "invalid <b>api</b> key"}}', status="401 Unauthorized", kind="application/json")
EXPORTS = {"json": "run.json", "csv": "run.csv", "markdown": "run.md", "junit": "run.xml"}


def text_of(name: str) -> str:
    return Path(name).read_bytes().decode("utf-8")


def write_records(name: str, ttft_ms: int, count: int = 120, failed: int = 0, threads: int = 1) -> str:
    """A records file of `count` answers a tenth of a second apart, each first token after `ttft_ms` or up to 9 more."""
    lines = [header_line(RecordsHeader(RunConfig(url="http://h/v1/messages", threads=threads), STARTED_UNIX_NS))]
    for number in range(1, count + 1):
        ttft_ns = (ttft_ms + number % 10) * MS
        record = RequestRecord(
            number,
            number % threads + 1,
            number * 100 * MS,
            Outcome.TIMEOUT if number <= failed else Outcome.OK,
            ttft_ns + 40 * MS,
            ttfb_ns=ttft_ns,
            ttft_ns=ttft_ns,
            streaming_ns=40 * MS,
            output_tokens=3,
            token_source="usage",
            chunks=3,
            gaps_us=(20_000, 20_000),
        )
        lines.append(record_line(record, STARTED_UNIX_NS))
    Path(name).parent.mkdir(exist_ok=True)
    Path(name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return name


# One run.


def test_a_report_made_again_tells_of_workers_and_of_what_is_missing(tool: Tool) -> None:
    name = write_records("lost.jsonl", 200)
    workers = (WorkerFacts(1, "near", requests=80), WorkerFacts(2, "far", requests=40, missing=37, lost="lost"))
    with Path(name).open("a", encoding="utf-8") as file:
        file.write(workers_line(workers, 37) + "\n")
    ran = tool("report", name, "--html-report", "lost.html")
    assert ran.status == 0
    assert "PARTIAL: 37 requests of lost processes or workers are missing" in ran.out
    assert re.search(r"^  2 far +40 .* lost$", ran.out, re.MULTILINE)
    assert "was lost in mid-run; missing: 37 requests." in text_of("lost.html")


def test_a_worker_that_left_with_all_it_had_sent_takes_no_requests_with_it(tool: Tool) -> None:
    name = write_records("left.jsonl", 200)
    with Path(name).open("a", encoding="utf-8") as file:
        file.write(workers_line((WorkerFacts(1, "near", requests=200, lost="left"),), 0) + "\n")
    ran = tool("report", name, "--html-report", "left.html")
    assert "PARTIAL: a process or a worker ended early, but none of its requests is missing" in ran.out
    assert "are missing" not in ran.out.replace("is missing", "")
    assert "ended early; none of its requests is missing." in text_of("left.html")


def test_a_run_writes_every_output_that_is_asked_for(serve: Serve, tool: Tool) -> None:
    flags = [word for name, file in EXPORTS.items() for word in (f"--{name}", file)]
    ran = tool(
        "--url", serve(ANSWER, REFUSED, ANSWER).url(), "--api-key", KEY, "--requests", "3", *flags,
        "--html-report", "run.html", "--brand", "ACME & Co", "--report-title", "Nightly",
    )  # fmt: skip
    assert (ran.status, ran.err) == (1, "")
    assert json.loads(text_of("run.json"))["requests"]["sent"] == 3
    assert {row["metric"]: row["count"] for row in csv.DictReader(io.StringIO(text_of("run.csv")))}["ttft_ms"] == "2"
    assert text_of("run.csv").count("\r\n") == text_of("run.csv").count("\n") == 1 + len(METRICS)
    assert "- 1 × HTTP error: `HTTP 401: invalid <b>api</b> key` (e.g. request 2)" in text_of("run.md")
    failures = [failure.attrib["message"] for failure in ET.fromstring(text_of("run.xml")).iter("failure")]
    assert failures == ["1 of 3 requests failed", "1 of 3 requests ended with http_error"]
    assert "<title>Nightly · ACME &amp; Co</title>" in text_of("run.html")
    for label, file in (("summary as JSON", "run.json"), ("metrics as CSV", "run.csv"), ("JUnit XML", "run.xml")):
        assert re.search(rf"^  {label} +{file}$", ran.out, re.MULTILINE)


def test_every_output_that_the_exporters_know_is_tested_here() -> None:
    assert list(EXPORTS) == list(EXPORTERS)


def test_the_brand_of_the_flag_is_that_of_the_page() -> None:
    assert [flag.default for flag in FLAGS if flag.key == "brand"] == [report_generator.BRAND]


@pytest.mark.parametrize("answers", [(ANSWER, REFUSED, ANSWER), (REFUSED,), (ANSWER,)])
def test_the_report_command_makes_every_file_of_the_run_again(serve: Serve, tool: Tool, answers: tuple) -> None:
    def outputs(folder: str) -> list[str]:
        Path(folder).mkdir()
        flags = [word for name, file in EXPORTS.items() for word in (f"--{name}", f"{folder}/{file}")]
        return [*flags, "--html-report", f"{folder}/run.html"]

    more = ["--threads", "2", "--requests", "12"] if len(answers) > 1 else []
    tool("--url", serve(*answers).url(), "--api-key", KEY, *more, *outputs("live"), "--records", "run.jsonl")
    again = tool("report", "run.jsonl", *outputs("again"))
    assert (again.status, again.err) == (0, "")
    for file in (*EXPORTS.values(), "run.html"):
        assert text_of(f"again/{file}") == text_of(f"live/{file}")


def test_the_report_command_takes_another_limit_for_stalls(tool: Tool) -> None:
    records = write_records("run.jsonl", 100)
    assert "stalls" not in tool("report", records, "--json", "run.json").out
    assert json.loads(text_of("run.json"))["stalls"]["count"] == 0
    # Each of 120 answers has two gaps of 20 ms, a quarter of which is beyond 15.
    assert (
        "120 answers (100 %) with a gap over 15.0 ms"
        in tool("report", records, "--json", "run.json", "--stall-ms", "15").out
    )
    stalls = json.loads(text_of("run.json"))["stalls"]
    assert stalls == {"stall_ms": 15.0, "requests": 120, "share": 1.0, "count": 240, "time_ratio": 0.25}


def test_an_output_that_cannot_be_written_costs_only_itself(tool: Tool) -> None:
    ran = tool("report", write_records("run.jsonl", 100), "--csv", "/dev/full", "--junit", "run.xml")
    assert (ran.status, ran.err) == (1, "sse_perfTestTool.py: /dev/full: cannot be written: No space left on device\n")
    assert Path("run.xml").is_file()
    assert "metrics as CSV" not in ran.out


# Several runs.


def compared(tool: Tool, *more: str, stdout: io.StringIO | None = None) -> Ran:
    write_records("a.jsonl", 100)
    write_records("b.jsonl", 130, failed=30, threads=2)
    return tool("report", "a.jsonl", "b.jsonl", "--html-report", "page.html", *more, stdout=stdout)


def rows_of(out: str) -> dict[str, list[str]]:
    """Name of each figure -> its other cells."""
    rows = (re.split(r" {2,}", line.strip()) for line in out.splitlines() if " … " in line)
    return {name: cells for name, *cells in rows}


def test_two_files_make_a_table_of_their_differences_and_one_page(tool: Tool) -> None:
    ran = compared(tool)
    assert (ran.status, ran.err) == (0, "")
    assert "  A  a.jsonl: 120 requests, 100 % ok" in ran.out
    assert "  B  b.jsonl: 120 requests, 75.0 % ok" in ran.out
    assert "warning: the runs differ in: load" in ran.out
    assert "<title>Comparison of load tests · 7DGroup</title>" in text_of("page.html")
    assert all(f"<small>{name}</small>" in text_of("page.html") for name in ("a.jsonl", "b.jsonl"))


def test_the_table_has_every_compared_figure_with_difference_interval_and_word(tool: Tool) -> None:
    out = compared(tool).out
    a, b, difference, interval, word = rows_of(out)["TTFT ms P50"]
    assert (float(a), float(b), difference, word) == (104, 134, "+30.0", "worse")  # of 100..109 and 130..139
    low, high = map(float, interval.split(" … "))
    assert 26 < low < 30 < high < 34
    assert rows_of(out)["success %"][:3] == ["100", "75.0", "−25.0"]
    assert rows_of(out)["TPOT ms P50"] == ["20.0", "20.0", "0", "0 … 0", "none found"]
    shown = [line for line in out.splitlines() if re.search(r" (better|worse|none found|too few|of the rest)$", line)]
    assert len(shown) == 21
    assert all(display_width(line) <= 80 for line in out.splitlines() if not line.startswith("warning"))


def test_the_table_speaks_chinese(tool: Tool) -> None:
    out = compared(tool, "--lang", "zh").out
    assert "SSE 性能测试对比" in out
    assert rows_of(out)["TTFT ms P50"][-1] == "更差"
    assert "警告：各次测试的设置不同：负载" in out
    assert '<html lang="zh-CN" data-ui="zh">' in text_of("page.html")


def test_words_are_coloured_on_a_terminal(tool: Tool) -> None:
    assert "\x1b[31mworse\x1b[0m" in compared(tool, stdout=Terminal()).out
    plain = compared(tool, "--no-color", stdout=Terminal()).out
    assert re.search(r"\x1b\[[\d;]*m", plain) is None, "what it is at may be erased, nothing is coloured"


def test_each_further_file_has_a_table_against_the_first(tool: Tool) -> None:
    write_records("c.jsonl", 100, count=5)
    out = compared(tool, "c.jsonl").out
    assert out.count("B - A") == out.count("C - A") == 1
    assert "C - B" not in out
    assert out.count("too few") >= 10, "of five requests nothing is said"


def test_files_of_the_same_name_are_told_apart_by_their_folders(tool: Tool) -> None:
    names = [write_records("old/run.jsonl", 100), write_records("new/run.jsonl", 130)]
    assert "  B  new/run.jsonl: 120 requests" in tool("report", *names, "--html-report", "page.html").out
    assert "<small>new/run.jsonl</small>" in text_of("page.html")


def test_brand_and_title_of_the_comparison_are_those_of_the_flags(tool: Tool) -> None:
    compared(tool, "--brand", "ACME", "--report-title", "<i>Nightly</i>")
    assert "<title>&lt;i&gt;Nightly&lt;/i&gt; · ACME</title>" in text_of("page.html")


def test_a_file_that_is_no_records_file_is_one_line(tool: Tool) -> None:
    Path("b.jsonl").write_text("{}\n", encoding="utf-8")
    ran = tool("report", write_records("a.jsonl", 100), "b.jsonl", "--html-report", "page.html")
    assert ran.status == 2
    assert ran.err.count("\n") == 1
    assert "b.jsonl: not a records file" in ran.err
    assert not Path("page.html").exists()


def test_the_page_is_not_written_over_one_of_its_files(tool: Tool) -> None:
    write_records("a.jsonl", 100)
    shutil.copy("a.jsonl", "b.jsonl")
    ran = tool("report", "a.jsonl", "b.jsonl", "--html-report", "b.jsonl")
    assert (ran.status, ran.err) == (
        2,
        "sse_perfTestTool.py: --html-report b.jsonl: is also the file of report; choose another name\n",
    )
