"""Older runs that are read and files that are written."""

from __future__ import annotations

from pathlib import Path

import pytest

from command_lines import KEYED, keyed, older_run, problem, write

# --- an older run


@pytest.mark.parametrize("name", ["old.json", "old.jsonl"])
def test_an_older_run_is_read_before_anything_is_sent(name: str) -> None:
    arguments = keyed("--baseline", older_run(name))
    assert arguments.baseline is not None
    assert arguments.baseline.result.summary.failed == 1
    assert arguments.config.baseline == name
    assert arguments.config.allow == ["ttft_ms:p(95)<+10%", "latency_ms:p(95)<+10%", "errors:rate<+10%"]
    assert keyed().baseline is None


def test_without_anything_said_whole_answers_are_not_held_against_a_first_token() -> None:
    whole = keyed("--baseline", older_run("old.json"), "--no-stream")
    assert whole.config.allow == ["latency_ms:p(95)<+10%", "errors:rate<+10%"]


def test_what_is_allowed_takes_the_place_of_the_defaults() -> None:
    given = keyed("--baseline", older_run("old.json"), "--allow", "tokens:rate>-5%", "--allow", "ttft_ms:avg<+5")
    assert given.config.allow == ["tokens:rate>-5%", "ttft_ms:avg<+5"]


def test_the_older_run_is_not_written_over() -> None:
    name = older_run("old.json")
    assert problem(*KEYED, "--baseline", name, "--json", name) == (
        "--json old.json: is also the file of --baseline; choose another name"
    )


# --- outputs


def test_the_default_report_is_dated_and_its_folder_made() -> None:
    assert keyed().html_report == Path("report/report_20250304_120506.html")
    assert Path("report").is_dir()


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("gpt-4", "report_gpt-4_20250304_120506.html"),
        ("Qwen/Qwen2.5 7B", "report_Qwen_Qwen2.5_7B_20250304_120506.html"),
        ("../..", "report_20250304_120506.html"),
        ("通义", "report_通义_20250304_120506.html"),
        ("x" * 300, f"report_{'x' * 80}_20250304_120506.html"),
    ],
)
def test_the_model_name_is_made_safe_for_the_name_of_the_report(name: str, file: str) -> None:
    assert keyed("--model-name", name).html_report == Path("report") / file


def test_a_folder_for_the_default_report_that_cannot_be_made_is_an_error() -> None:
    write("report")
    assert problem(*KEYED) == "--html-report: cannot be written (report: File exists); choose another place"


def test_checking_outputs_leaves_no_trace() -> None:
    write("old.json", "old")
    keyed("--json", "old.json", "--records", "new.jsonl", "--html-report", "new.html")
    assert Path("old.json").read_text(encoding="utf-8") == "old"
    assert sorted(path.name for path in Path().iterdir()) == ["old.json"]


def test_a_device_may_be_more_than_one_output() -> None:
    arguments = keyed("--json", "/dev/null", "--records", "/dev/null")
    assert arguments.exports["json"] == arguments.records_file == Path("/dev/null")
