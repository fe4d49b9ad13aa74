"""A run is made again from the flags that it wrote down, and shows those that it would use."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import certifi
import pytest

from command_lines import EFFECTS, KEY, WITH_FILES, older_run, parsed, write
from config_files import MASKED, toml, with_key
from small_tokenizers import tokenizer_json
from sse_perf_tool.exporters import EXPORTERS
from sse_perf_tool.exporters.json_summary import summary_document
from sse_perf_tool.flags import FLAGS
from sse_perf_tool.metrics import Tally
from sse_perf_tool.records import RunConfig
from sse_perf_tool.records.file import RecordsHeader, config_of, header_line

ROOT = Path(__file__).resolve().parents[2]
NOT_RUN_AGAIN = {"config", "print_config", "completion", "version", "help", "debug", "cluster_token"}
"""They make no run that could be made again, or are of this one alone."""


def summary_of(config: RunConfig) -> str:
    return json.dumps(summary_document(Tally(origin_ns=0).result(config, 0)))


# --- the same run again


def argv_of(key: str) -> list[str]:
    """A line on which the flag is shown to have its effect, with the files that it takes."""
    if key in ("baseline", "allow"):
        argv = ["--baseline", older_run("older.jsonl"), "--allow", "ttft_ms:avg<+5"]
    elif key == "shuffle":
        argv = ["--param-file", write("some_queries", "one\ntwo\n"), "--shuffle"]
    elif key in ("replay", "speed"):
        argv = ["--replay", write("some_trace", '{"timestamp": 0}\n{"timestamp": 9}\n'), "--speed", "2"]
    elif key == "tokenizer":
        argv = ["--tokenizer", tokenizer_json(Path.cwd())]
    elif key in WITH_FILES:
        text = {"cacert": Path(certifi.where()).read_text(), "request_body_file": '{"q": "{query}"}'}.get(key, "app-x")
        argv = [f"--{key.replace('_', '-')}", write(f"some_{key}", text)]
    else:
        argv = EFFECTS[key][0]
    return argv if key in ("api_key", "api_key_file") else ["--api-key", KEY, *argv]


def comparable(config: RunConfig) -> dict[str, Any]:
    """A configuration without what tells one run from the other."""
    return dataclasses.asdict(dataclasses.replace(config, command="", flags={}))


AGAIN = [flag.key for flag in FLAGS if flag.key not in NOT_RUN_AGAIN and not flag.writes_file]


@pytest.mark.not_measured
@pytest.mark.parametrize("key", AGAIN)
@pytest.mark.parametrize("kind", ["summary", "records", "flags"])
def test_a_run_with_any_flag_can_be_made_again_from_what_it_wrote(key: str, kind: str) -> None:
    first = parsed(*argv_of(key))
    file = {
        "summary": ("old.json", summary_of(first.config)),
        "records": ("old.jsonl", header_line(RecordsHeader(first.config, 0)) + "\n{}\n"),
        "flags": ("again.json", json.dumps(first.config.flags)),
    }[kind]
    needed = {"SSE_PERF_API_KEY": argv_of(key)[1]} if "api_key" in first.config.flags else {}
    again = parsed("--config", write(*file), environ=needed)
    assert key in first.config.flags, "the flag is written down"
    assert comparable(again.config) == comparable(first.config)
    assert again.config.flags == first.config.flags
    assert (again.command, again.brand, again.report_title, again.quiet, again.color, again.verify) == (
        first.command, first.brand, first.report_title, first.quiet, first.color, first.verify,
    )  # fmt: skip
    if key in EFFECTS:
        _, seen, expected = EFFECTS[key]
        assert seen(again) == expected


def test_only_files_that_are_written_are_left_out() -> None:
    """A flag of the group "output" with a FILE that is read would not be written down: give it another group."""
    assert {flag.key for flag in FLAGS if flag.writes_file} == {"html_report", "records", "studio", *EXPORTERS}


@pytest.mark.parametrize("key", [flag.key for flag in FLAGS if flag.writes_file])
def test_a_run_that_is_made_again_does_not_write_over_the_files_of_the_first(key: str) -> None:
    first = parsed(*argv_of(key))
    assert first.config.flags == {"api_key": MASKED}


def test_flags_are_written_down_as_they_were_given_with_numbers_as_numbers() -> None:
    given = ["--threads", "5", "--duration", "1m", "--ramp-up", "2.5", "--user", "007", "-H", "X-A: 1", "--quiet"]
    assert with_key(*given, "--model", "1.10", SSE_PERF_TURNS="2").config.flags == {
        "api_key": MASKED,
        "model": "1.10",
        "header": ["X-A: 1"],
        "threads": 5,
        "duration": "1m",
        "turns": 2,
        "ramp_up": 2.5,
        "user": "007",
        "quiet": True,
    }


def test_no_secret_is_written_down() -> None:
    secrets = ["s3cretuser0001", "s3cretquery0002", "s3cretheader0003", "app-s3cretkey0004"]
    user, query, header, key = secrets
    config = parsed(
        "--url", f"https://me:{user}@h/x?token={query}", "-H", f"Authorization: Bearer {header}", "--api-key", key,
        "--user", f"my key is {key}", "--config", write("run.toml", ""),
    ).config  # fmt: skip
    written = json.dumps(config.flags, ensure_ascii=False) + config.command
    assert not [secret for secret in secrets if secret in written]
    assert config.flags["user"] == "my key is app-…0004"
    assert parsed("--api-path", f"/x?token={query}", "--api-key", key).config.flags["api_path"] == "/x?token=…0002"


def test_a_key_file_is_named_and_the_key_that_stands_by_for_it_is_not_needed_again() -> None:
    first = with_key("--api-key-file", write("keys.txt", "app-one\n"))
    again = parsed("--config", write("old.json", summary_of(first.config)))
    assert again.keys is not None
    assert again.keys.keys == ("app-one",)


def test_a_key_that_does_not_count_may_be_masked() -> None:
    write("keys.txt", "app-one\n")
    assert parsed(*toml(f"api-key = '{MASKED}'"), "--api-key-file", "keys.txt").config.api_key_file == "keys.txt"


def test_files_of_before_flags_were_written_down_can_still_be_read() -> None:
    assert config_of({"threads": 5}).flags == {}


# --- what would be used


def test_the_settings_are_shown_with_their_origin_as_a_file_that_can_be_used() -> None:
    text = parsed(
        *toml(f"port = 8000\n[load]\nthreads = 5\nduration = '1m'\n[target]\napi-key = '{KEY}'"),
        "--print-config", "--quiet", "-H", 'X-A: "1"', "--user", f"my {KEY}",
        environ={"SSE_PERF_THREADS": "7", "SSE_PERF_THREAD": "8"},
    ).text  # fmt: skip
    lines = text.splitlines()
    assert lines[0] == "# SSE_PERF_THREAD: no such setting; did you mean SSE_PERF_THREADS?"
    assert lines[2:6] == [
        "[target]",
        '# host = "localhost"',
        "port = 8000  # run.toml",
        '# api-path = "/v1/chat-messages"',
    ]
    for line in (
        f'# api-key = "{MASKED}"  # run.toml; masked, so give it again',
        'header = ["X-A: \\"1\\""]  # -H',
        f'# user = "my {MASKED}"  # --user; masked, so give it again',
        "threads = 7  # SSE_PERF_THREADS",
        'duration = "1m"  # run.toml',
        "quiet = true  # --quiet",
    ):
        assert line in lines
    assert KEY not in text
    assert "# timeout = 60.0" in lines
    again = with_key("--config", write("again", text)).config
    assert (again.threads, again.duration_s, again.url) == (7, 60.0, "http://localhost:8000/v1/chat-messages")


@pytest.mark.parametrize("name", ["again", "again.toml"])
def test_what_print_config_prints_is_read_again_with_the_key_given_anew(name: str) -> None:
    given = ["--url", "http://h/v1/messages?token=s3cret-0001", "--threads", "3", "--extra-body", '{"top_k": 3}',
             "-H", "Authorization: Bearer s3cret-0002"]  # fmt: skip
    write(name, parsed(*given, "--api-key", KEY, "--print-config").text)
    again = parsed("--config", name, "--api-key", KEY)
    assert (again.config.threads, again.config.extra_body) == (3, '{"top_k": 3}')
    assert again.config.url == "http://localhost/v1/chat-messages", "the masked URL is a comment"


def test_a_file_without_an_ending_may_be_json() -> None:
    assert with_key("--config", write("some", ' {"threads": 4, "extra-body": {"top_k": 3}}')).config.threads == 4


def test_the_settings_of_the_demo_are_shown_with_its_own_defaults() -> None:
    lines = parsed("--demo", "--print-config").text.splitlines()
    assert {"# threads = 5", "# duration = 10.0", "demo = true  # --demo"} <= set(lines)


def test_the_example_is_understood_and_says_what_the_examples_say() -> None:
    Path("examples").symlink_to(ROOT / "examples")
    arguments = with_key("--config", "examples/run.toml")
    assert arguments.warnings == ()
    assert arguments.config.param_file == "examples/queries.txt"
    assert arguments.address.host == "localhost"
