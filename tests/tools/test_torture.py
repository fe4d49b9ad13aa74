"""A few trials of `make torture`, and that it would see a promise that is broken."""

from __future__ import annotations

import random
import re
import sys
from pathlib import Path

import pytest

import fuzz
import torture
import torture_servers
from fuzz_properties import PROPERTIES

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="make torture needs Linux")

DOCS = [Path(__file__).resolve().parents[2] / "docs" / name for name in ("reliability.md", "reliability_zh.md")]


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize("from_answer", [False, True])
def test_a_killed_run_leaves_readable_records(tmp_path: Path, processes: int, from_answer: bool) -> None:
    after_s = random.Random(processes).uniform(0.1, 0.6)
    killed = torture.kill_once(processes, after_s, tmp_path, from_answer=from_answer)
    assert killed.sent - killed.recorded <= torture.THREADS
    assert killed.begun or not from_answer


@pytest.mark.parametrize("name", ["gzip-comments", "gzip-redirect", "endless-headers", "short-chunk", "steering"])
def test_a_hostile_server_breaks_no_promise(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torture, "HOSTILE", {name: torture_servers.HOSTILE[name]})
    (trial,) = torture.servers()
    assert trial.broken == ""
    assert re.fullmatch(r"(timeout|http_error|malformed); \d+ s, \d+ MiB", trial.result[0])


def test_a_full_device_costs_its_output_only() -> None:
    assert torture._on_full_device("json", 1).broken == ""


def test_a_good_answer_of_a_hostile_server_is_a_promise_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    body = torture_servers.event("x") + torture_servers.END
    answer = torture_servers.CHUNKED + torture_servers.chunk(body) + b"0\r\n\r\n"
    good = ("good", "好", lambda connection: connection.sendall(answer))
    monkeypatch.setattr(torture, "HOSTILE", {"good": good})
    (trial,) = torture.servers()
    assert trial.broken == "status 0; requests that are not counted"


def test_the_exit_status_and_the_table_say_what_was_broken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = torture.Trial("server", ("a", "甲"), ("fine", "很好"))
    bad = torture.Trial("server", ("b", "乙"), ("", ""), "stood still")
    marks = "before\n<!-- made by make torture: begin -->\nold\n<!-- made by make torture: end -->\nbehind\n"
    (tmp_path / "docs").mkdir()
    for path in DOCS:
        (tmp_path / "docs" / path.name).write_text(marks, encoding="utf-8")
    monkeypatch.setattr(torture, "ROOT", tmp_path)
    monkeypatch.setattr(torture, "servers", lambda: iter([good, bad]))
    assert torture.main(["--only", "server", "--write"]) == 1
    assert "BROKEN: stood still" in capsys.readouterr().out
    assert "old" in (tmp_path / "docs" / "reliability.md").read_text(encoding="utf-8")
    monkeypatch.setattr(torture, "servers", lambda: iter([good]))
    assert torture.main(["--only", "server", "--write"]) == 0
    written = (tmp_path / "docs" / "reliability_zh.md").read_text(encoding="utf-8")
    assert "| 甲 | 很好 |" in written
    assert written.startswith("before\n")
    assert written.endswith("behind\n")
    assert "old" not in written


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_the_docs_have_a_row_for_each_trial_and_each_property(path: Path) -> None:
    page = path.read_text(encoding="utf-8")
    tortured = page.partition(torture._MARKS[0])[2].partition(torture._MARKS[1])[0]
    names = [each[DOCS.index(path)] for each in torture_servers.HOSTILE.values()]
    assert [name for name in names if f"| {name} |" not in tortured] == []
    assert len(re.findall(r"^\| `kill -9`", tortured, re.MULTILINE)) == 2
    assert len(re.findall(r"/dev/full`", tortured)) == 2 * len(torture._OUTPUTS)
    fuzzed = page.partition(fuzz._MARKS[0])[2].partition(fuzz._MARKS[1])[0]
    assert [each.name for each in PROPERTIES if f"| {each.name} |" not in fuzzed] == []
