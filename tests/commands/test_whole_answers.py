"""A run without streams by the whole tool, and its report made again."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from scripted_server import Serve
from sse_perf_tool.cli import Environment, main
from sse_perf_tool.records import RunConfig
from sse_perf_tool.records.file import RecordsHeader, header_line
from sse_perf_tool.records.reader import read_header
from whole_answers import OPENAI, answer

pytestmark = pytest.mark.usefixtures("own_folder")


def run(*argv: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    status = main([*argv, "--html-report", "r.html", "--lang", "en"], Environment(out, err, {}))
    return status, out.getvalue(), err.getvalue()


def test_a_run_without_streams_and_its_report_made_again(serve: Serve) -> None:
    server = serve(answer(OPENAI))
    url = server.url()
    files = ("--json", "run.json", "--records", "run.jsonl")
    status, out, err = run("--url", url, "--api-key", "-", "--no-stream", "--threads", "2", "--requests", "6", *files)
    assert (status, err) == (0, "")
    assert "2 threads, 6 requests in total, not streamed" in out
    document = json.loads(Path("run.json").read_text())
    assert (document["requests"]["ok"], document["tokens"]["output"], document["metrics"]["ttft_ms"]["count"]) == (
        6,
        60,
        0,
    )
    assert document["warnings"] == []
    assert json.loads(server.requests[0].body)["stream"] is False
    status, again, _ = run("report", "run.jsonl", "--json", "again.json")
    assert status == 0
    assert "not streamed" in again
    assert json.loads(Path("again.json").read_text())["metrics"] == document["metrics"]


def test_a_records_file_of_before_there_was_the_flag_is_of_streams(tmp_path: Path) -> None:
    header = json.loads(header_line(RecordsHeader(RunConfig(stream=False), 0)))
    del header["config"]["stream"]
    path = tmp_path / "old.jsonl"
    path.write_text(json.dumps(header) + "\n")
    assert read_header(path).config.stream is True
