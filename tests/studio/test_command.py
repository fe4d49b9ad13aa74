"""The command itself, and a job from the page to the result with the worker that measures."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from chromium import FOUND, Browser
from command_lines import ROOT
from patience import FOREVER_S, PROMPT_S
from scripted_server import DONE, FINISH, Serve, chunked, token
from sse_perf_tool.calibration.server import paced_server
from studio_server import TOKEN, Studio, running
from tool_runs import Tool

pytestmark = pytest.mark.measures_processes

KEY = "sk-canary-0123456789abcdef"
WORKER = (sys.executable, "-m", "sse_perf_tool.studio_worker")


def test_what_is_missing_is_named_with_what_to_install(tool: Tool, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("sse_perf_tool.studio.server")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    ran = tool("studio", "--lang", "en")
    assert ran.status == 2
    assert 'studio needs the package uvicorn; install it: pip install "sse-perf-tool[studio]"' in ran.err


def test_a_port_that_is_taken_is_said(tool: Tool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ran = tool("studio", "--port", str(taken.getsockname()[1]), "--lang", "en")
    assert ran.status == 2
    assert "is a studio running there?" in ran.err


def test_it_prints_its_link_serves_and_ends_in_order(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "sse_perfTestTool.py"), "studio", "--port", "0", "--lang", "en"]
    environ = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environ
    ) as process:
        assert process.stdout is not None
        first = process.stdout.readline().decode()
        found = re.search(r"open http://127\.0\.0\.1:(\d+)/\?token=([\w-]{43})$", first.strip())
        assert found is not None, first
        studio = Studio(None, None, int(found[1]))  # type: ignore[arg-type]
        assert studio.ask("GET", "/api/health", token=found[2]).json["status"] == "ok"
        assert studio.ask("GET", f"/?token={found[2]}", token=None).status == 303
        state = studio.ask("GET", "/api/state", token=found[2]).json
        assert (state["dir"], state["first_use"], state["remote"]) == (str(tmp_path), True, False)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=FOREVER_S)
    assert (process.returncode, err) == (0, b"")
    assert found[2] not in out.decode()
    assert (tmp_path / ".studio").stat().st_mode & 0o777 == 0o700


def write_config(folder: Path, url: str) -> None:
    (folder / "config.yaml").write_text(
        f"providers:\n  p:\n    api_base: {url}\n    api_key_env: A_KEY\n    models: [{{id: m}}]\n"
    )
    (folder / ".env").write_text(f"A_KEY={KEY}\n")


def ended(studio: Studio, job_id: str) -> dict[str, Any]:
    deadline = time.monotonic() + FOREVER_S
    while True:
        job: dict[str, Any] = studio.get(f"/api/jobs/{job_id}")
        if job["ended_at"] is not None:
            return job
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_benchmark_that_is_cancelled_keeps_what_it_measured(tmp_path: Path, serve: Serve) -> None:
    server = serve(chunked(token("a"), 0.1, token("b"), FINISH, DONE))
    write_config(tmp_path, server.url("/v1"))
    (tmp_path / "json.py").write_text("raise RuntimeError('of the user')\n")
    with running(tmp_path, worker=WORKER) as studio:
        job = studio.ask("POST", "/api/jobs", {"kind": "bench", "runs": 1000, "label": "Before"}).json
        with studio.events(f"/api/events?job={job['id']}") as events:
            for _ in range(3):
                assert next(event for event in events if event["event"] == "run")["data"]["outcome"] == "ok"
            began_s = time.monotonic()
            studio.ask("POST", f"/api/jobs/{job['id']}/cancel")
            end = next(event for event in events if event["event"] == "end")["data"]
        assert time.monotonic() - began_s < PROMPT_S, "a thousand answers of 0.1 s"
        assert (end["state"], end["status"]) == ("cancelled", 130)
        found = studio.get(f"/api/results/{end['result_id']}")
        assert (found["head"]["state"], found["document"]["state"]) == ("cancelled", "cancelled")
        assert (found["head"]["label"], found["document"]["command"].partition("sse_perfTestTool.py ")[2]) == (
            "Before",
            "bench --runs=1000 --lang=en",
        )
        assert found["head"]["ok"] >= 2
        checked = studio.ask("POST", "/api/check", {"provider_key": "p", "model_id": "m"}).json
        assert (checked["ok"], checked["key"]) == (True, "good")
    texts = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and path.name != ".env"]
    assert all(KEY.encode() not in text for text in texts)


def measured(studio: Studio, asked: dict[str, Any], watchers: int = 0, browsers: int = 0) -> dict[str, Any]:
    """The document of a job's result, with so many readers of its events and of the history meanwhile.

    `browsers` are real ones, each with the job's page open, which draws its charts.
    """
    with contextlib.ExitStack() as opened:
        pages = [opened.enter_context(Browser()) for _ in range(browsers)]
        for page in pages:
            page.do("Page.navigate", url=f"http://127.0.0.1:{studio.port}/?token={TOKEN}")
            page.until("document.readyState === 'complete'", FOREVER_S)
        job = studio.ask("POST", "/api/jobs", asked).json
        for page in pages:
            page.do("Page.navigate", url=f"http://127.0.0.1:{studio.port}/jobs/{job['id']}")
        for page in pages:
            page.until("document.querySelectorAll('canvas').length > 0", FOREVER_S)
        return result_of(studio, job["id"], watchers)


def result_of(studio: Studio, job_id: str, watchers: int) -> dict[str, Any]:
    """The document of a job's result when it has ended, with so many readers of its events meanwhile."""

    def watch() -> None:
        with studio.events(f"/api/events?job={job_id}") as events:
            for event in events:
                if event["event"] == "snapshot":
                    studio.get("/api/results")
                if event["event"] == "end":
                    return

    threads = [threading.Thread(target=watch) for _ in range(watchers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found: dict[str, Any] = studio.get(f"/api/results/{ended(studio, job_id)['result_id']}")["document"]
    return found


@pytest.mark.skipif("STUDIO_TIMING" not in os.environ, reason="STUDIO_TIMING=1 on a quiet machine")
def test_a_job_measures_what_the_command_line_measures_also_when_five_watch(tmp_path: Path) -> None:
    flags = {"threads": 4, "requests": 80, "no_compression_check": True}
    words = [f"--{name.replace('_', '-')}" + ("" if value is True else f"={value}") for name, value in flags.items()]
    with paced_server(ttft_ms=50, itl_ms=20, chunks=20) as port, running(tmp_path, worker=WORKER) as studio:
        url = f"http://127.0.0.1:{port}/v1/chat/completions"
        write_config(tmp_path, url)
        summary = tmp_path / "line.json"
        command = [sys.executable, str(ROOT / "sse_perfTestTool.py"), "--url", url, "--api-key", "-", *words]
        subprocess.run(
            [*command, "--json", str(summary), "--no-report", "--quiet"], check=True, stdout=subprocess.DEVNULL
        )
        asked = {"kind": "run", "target": {"kind": "url", "url": url}, "flags": flags}
        found = {
            "command line": json.loads(summary.read_text()),
            "job": measured(studio, asked),
            "job, five watch": measured(studio, asked, watchers=5),
            "job, five browsers": measured(studio, asked, browsers=5 if FOUND else 0),
            "bench": measured(studio, {"kind": "bench", "runs": 40})["cells"][0],
        }
    for name, document in found.items():
        stats = document["metrics"]["ttft_ms"]
        found_ms = f"P50 {stats['p50']:.2f} ms, P95 {stats['p95']:.2f} ms, max {stats['max']:.2f} ms"
        print(f"{name:18} TTFT {found_ms}, {document['trust']['verdict']}")
    medians = {name: document["metrics"]["ttft_ms"]["p50"] for name, document in found.items()}
    assert medians == pytest.approx(dict.fromkeys(found, medians["command line"]), abs=1)
    assert {document["trust"]["verdict"] for document in found.values()} == {"trusted"}
