"""Files under a full disk, under a second run, and for whom they are."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripted_server import ANSWER, ScriptedServer, Serve, chunked, token
from tool_runs import KEY, Tool

ROOT = Path(__file__).resolve().parents[2]
FULL = "No space left on device"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of its own with 48 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=48k,nr_inodes=64", "none", str(folder)]
    if os.name != "posix" or os.getuid() or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("no small disk without the right to mount one")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def at(server: ScriptedServer, *more: str) -> list[str]:
    return ["--url", server.url("/v1/chat/completions"), "--api-key", KEY, "--lang", "en", "--quiet", *more]


OTHERS = ("--json", "run.json", "--html-report", "run.html", "--csv", "run.csv", "--junit", "run.xml")


def fill(disk: Path) -> None:
    """Takes every byte that is left."""
    with contextlib.suppress(OSError), (disk / "filler").open("wb", buffering=0) as filler:
        while filler.write(bytes(4096)):
            pass


def summary() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(Path("run.json").read_text(encoding="utf-8"))
    return document


def mode_of(path: str | Path) -> str:
    return oct(stat.S_IMODE(Path(path).stat().st_mode))


# A full disk under the records.


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_disk_that_is_full_from_the_start_costs_the_records_only(serve: Serve, tool: Tool, processes: str) -> None:
    ran = tool(*at(serve(ANSWER), "--records", "/dev/full", *OTHERS),
               "--threads", "2", "--requests", "6", "--processes", processes)  # fmt: skip
    at_once = f"/dev/full: cannot be written: {FULL}: the run goes on, the records end here"
    at_the_end = f"the records are not whole: /dev/full: {FULL}: 7 lines are missing"
    assert ran.status == 4
    assert ran.out.count(at_once) == ran.out.count(at_the_end) == 1
    assert ran.out.index(at_once) < ran.out.index("ok  ") < ran.out.index(at_the_end)
    assert ran.err == f"sse_perfTestTool.py: /dev/full: cannot be written: {FULL}\n"
    document = summary()
    assert (document["requests"]["sent"], document["requests"]["ok"]) == (6, 6)
    assert (document["partial"], document["records_partial"]) == (True, True)
    assert document["trust"]["verdict"] in ("trusted", "not_measured", "degraded", "invalid")
    assert not any("process of the tool died" in reason for reason in document["trust"]["reasons"])
    assert any(at_the_end in text for text in document["warnings"])
    assert "the records are not whole" in Path("run.html").read_text(encoding="utf-8")
    assert "The records file is incomplete because it could not be written" in Path("run.xml").read_text(
        encoding="utf-8"
    )
    assert Path("run.csv").stat().st_size > 0


@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_disk_that_fills_up_in_mid_run_leaves_whole_lines(
    serve: Serve, tool: Tool, small_disk: Path, processes: str
) -> None:
    path = small_disk / "run.jsonl"
    ran = tool(*at(serve(ANSWER), "--records", str(path), *OTHERS),
               "--threads", "4", "--requests", "120", "--processes", processes)  # fmt: skip
    assert (ran.status, ran.err.count("\n"), FULL in ran.err) == (4, 1, True)
    assert summary()["requests"]["ok"] == 120
    again = tool("report", str(path), "--json", "again.json", "--html-report", "again.html")
    assert again.status == 0
    found = json.loads(Path("again.json").read_text(encoding="utf-8"))
    assert 0 < found["requests"]["ok"] < 120
    assert found.get("skipped_lines", 0) <= int(processes)


def test_a_file_of_records_that_is_there_outlives_a_full_disk(serve: Serve, tool: Tool, small_disk: Path) -> None:
    path = small_disk / "run.jsonl"
    server = serve(ANSWER)
    assert tool(*at(server, "--records", str(path), "--requests", "5", *OTHERS)).status == 0
    before = path.read_bytes()
    ran = tool(*at(server, "--records", str(path), "--requests", "120", *OTHERS))
    assert (ran.status, path.read_bytes()) == (4, before)
    assert f"{path} is there already: it stays until the run is over" in ran.out
    assert len((small_disk / "run.part.jsonl").read_text(encoding="utf-8").splitlines()) > 1


@pytest.mark.parametrize(("lang", "said"), [("en", "did not come to its end"), ("zh", "没有正常结束")])
def test_what_a_killed_run_left_beside_its_records_is_said_by_the_next_and_by_report(
    lang: str, said: str, serve: Serve, tool: Tool
) -> None:
    server = serve(ANSWER)
    tool(*at(server, "--records", "run.jsonl", "--requests", "2", *OTHERS))
    Path("run.part.jsonl").write_bytes(Path("run.jsonl").read_bytes())
    again = tool("report", "run.jsonl", "--lang", lang, "--json", "run.json")
    (warning,) = summary()["warnings"]
    assert said in warning
    assert "`report run.part.jsonl`" in warning
    assert said in again.out.replace("\n ", "")
    assert said in tool(*at(server, "--records", "run.jsonl", "--lang", lang)).out
    assert said not in tool("report", "run.part.jsonl", "--lang", lang).out


def test_no_output_is_spoilt_by_a_full_disk(serve: Serve, tool: Tool, small_disk: Path) -> None:
    names = {"--json": "run.json", "--html-report": "run.html", "--csv": "run.csv", "--junit": "run.xml"}
    for name in names.values():
        (small_disk / name).write_bytes(b"of the run before")
    fill(small_disk)
    flags = [word for flag, name in names.items() for word in (flag, str(small_disk / name))]
    ran = tool(*at(serve(ANSWER), *flags, "--records", "run.jsonl"))
    assert ran.status == 1
    for name in names.values():
        assert f"{small_disk / name}: cannot be written: {FULL}\n" in ran.err
        assert (small_disk / name).read_bytes() == b"of the run before"
    assert sorted(each.name for each in small_disk.iterdir()) == sorted([*names.values(), "filler"])
    assert len(Path("run.jsonl").read_text(encoding="utf-8").splitlines()) == 2


def test_an_output_that_cannot_be_written_is_said_in_the_language_of_the_run(serve: Serve, tool: Tool) -> None:
    ran = tool(*at(serve(ANSWER), "--records", "/dev/full", "--json", "/dev/full", "--lang", "zh"))
    assert ran.status == 4
    assert ran.err == 2 * "sse_perfTestTool.py: /dev/full：无法写入：设备上没有剩余空间\n"
    assert "/dev/full：无法写入：设备上没有剩余空间：测试继续，记录到此为止" in ran.out


def test_a_limit_of_file_size_is_as_a_full_disk(serve: Serve, tmp_path: Path) -> None:
    """Its process is not measured: coverage would write more into its own file than the limit allows."""
    command = [sys.executable, str(ROOT / "sse_perfTestTool.py"), *at(serve(ANSWER)), "--records", "run.jsonl",
               "--requests", "60", "--threads", "2"]  # fmt: skip
    done = subprocess.run(
        command,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)),
    )
    assert "run.jsonl: cannot be written: File too large" in done.stderr
    assert "Traceback" not in done.stderr
    lines = (tmp_path / "run.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    assert len(lines) > 10
    assert all(json.loads(line) for line in lines)


def test_the_default_report_leaves_nothing_when_it_cannot_be_written(
    serve: Serve, tool: Tool, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(small_disk)
    ran = tool(*at(serve(ANSWER)))
    assert (ran.status, FULL in ran.err) == (1, True)
    assert list((small_disk / "report").iterdir()) == []


# Two runs, one file.


def test_a_second_run_into_the_same_records_is_refused_before_it_sends_anything(serve: Serve, tool: Tool) -> None:
    pytest.importorskip("fcntl", reason="this system has no locks of files")
    first, second = serve(chunked(token("slow"), 3.0, token("end"))), serve(ANSWER)
    command = [sys.executable, str(ROOT / "sse_perfTestTool.py"), *at(first), "--records", "run.jsonl"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        while not (Path("run.jsonl").exists() and Path("run.jsonl").stat().st_size):
            assert running.poll() is None
        ran = tool(*at(second, "--records", "run.jsonl"))
        running.kill()
    assert (ran.status, ran.err.count("\n"), second.connections) == (2, 1, 0)
    assert "run.jsonl: another run is writing this file; name another one" in ran.err
    assert json.loads(Path("run.jsonl").read_text(encoding="utf-8").splitlines()[0])["schema"] == "sse-perf-records/1"


# For whom they are.


def test_files_that_hold_queries_are_for_their_owner(serve: Serve, tool: Tool) -> None:
    before = os.umask(0o022)
    try:
        ran = tool(*at(serve(ANSWER), "--records", "run.jsonl", "--markdown", "run.md", *OTHERS))
    finally:
        os.umask(before)
    assert ran.status == 0
    assert {mode_of(name) for name in ("run.jsonl", "run.json", "run.html")} == {"0o600"}
    assert {mode_of(name) for name in ("run.csv", "run.xml", "run.md")} == {"0o644"}
    query = summary()["config"]["query"]
    assert query
    assert not [name for name in ("run.csv", "run.xml", "run.md") if query in Path(name).read_text(encoding="utf-8")]
