"""A run of the terminal that the page watches: it is one of the jobs, and one of the results."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from patience import PROMPT_S
from scripted_server import DONE, FINISH, Serve, chunked, token
from studio_server import Studio, running
from tool_runs import Tool


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    folder = tmp_path / "here"
    folder.mkdir()
    with running(folder) as found:
        yield found


def jobs(studio: Studio, *states: str) -> list[dict[str, Any]]:
    deadline = time.monotonic() + PROMPT_S
    while True:
        found: list[dict[str, Any]] = studio.get("/api/jobs")["jobs"]
        if found and found[0]["state"] in states:
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.02)


def test_a_run_is_watched_and_listed(studio: Studio, serve: Serve, tool: Tool) -> None:
    server = serve(chunked(token("a"), 0.05, token("b"), FINISH, DONE))
    folder = studio.workspace.settings.folder
    ran = tool("--url", server.url(), "--api-key", "-", "--threads", "2", "--duration", "1.2", "--studio", str(folder))
    assert ran.status == 0, ran.err
    (job,) = jobs(studio, "done")
    assert (job["origin"], job["kind"], job["can_cancel"], job["can_run_rest"]) == ("terminal", "run", False, False)
    assert job["title"] == server.url()
    with studio.events(f"/api/events?job={job['id']}") as events:
        kinds = []
        for event in events:
            if "id" in event:
                kinds.append(event["event"])
            if event["event"] == "snapshot":
                assert event["data"]["ttft_p50_ms"] is not None
            if event["event"] == "end":
                break
    assert list(dict.fromkeys(kinds)) == ["job", "load", "snapshot", "end"], "on a busy machine a second snapshot"
    (row,) = studio.get("/api/results")["results"]
    assert (row["id"], row["has_report"]) == (job["result_id"], True)
    assert list((folder / ".studio" / "live").iterdir()) == []


def kinds_of(studio: Studio, job: dict[str, Any]) -> list[str]:
    """Which events a job has, each kind once."""
    kinds = []
    with studio.events(f"/api/events?job={job['id']}") as events:
        for event in events:
            if "id" in event:
                kinds.append(event["event"])
            if event["event"] == "end":
                return list(dict.fromkeys(kinds))
    raise AssertionError("no end")


def test_a_benchmark_is_watched_and_listed(studio: Studio, serve: Serve, tool: Tool, tmp_path: Path) -> None:
    server = serve(chunked(token("a"), 0.02, token("b"), FINISH, DONE))
    config = tmp_path / "config.yaml"
    config.write_text(f"providers: {{p: {{api_base: '{server.url('/v1')}', models: [{{id: m}}, {{id: n}}]}}}}\n")
    folder = studio.workspace.settings.folder
    ran = tool("bench", "--config", str(config), "--runs", "1", "--studio", str(folder))
    assert ran.status == 0, ran.err
    assert "p / m" in ran.out
    (job,) = jobs(studio, "done")
    assert (job["origin"], job["kind"], job["title"], job["done"], job["total"]) == (
        "terminal", "bench", "p / m, p / n", 4, 4
    )  # fmt: skip
    assert kinds_of(studio, job) == ["job", "plan", "lane", "run", "cell", "end"]
    (row,) = studio.get("/api/results")["results"]
    assert (row["id"], row["state"], row["ok"]) == (job["result_id"], "done", 2)


def test_a_search_for_capacity_is_watched_and_listed(studio: Studio, serve: Serve, tool: Tool) -> None:
    server = serve(chunked(token("a"), 0.05, token("b"), FINISH, DONE))
    folder = studio.workspace.settings.folder
    words = ["--url", server.url(), "--api-key", "-", "--sweep", "1", "--step-duration", "1.2", "--no-report"]
    ran = tool("capacity", *words, "--slo", "ttft_ms:p(50)<5000", "--studio", str(folder))
    assert ran.status == 0, ran.err
    (job,) = jobs(studio, "done")
    assert (job["kind"], job["title"]) == ("capacity", server.url())
    assert kinds_of(studio, job) == ["job", "load", "step_begin", "snapshot", "step", "end"]
    (row,) = studio.get("/api/results")["results"]
    assert (row["id"], row["kind"], row["level"]) == (job["result_id"], "capacity", 1)


def test_ctrl_c_in_the_terminal_is_a_cancelled_job(studio: Studio, serve: Serve, tool: Tool) -> None:
    server = serve(chunked(token("a"), 0.05, token("b"), FINISH, DONE))
    folder = studio.workspace.settings.folder
    Thread(target=lambda: (server.seen(1), signal.raise_signal(signal.SIGINT))).start()
    ran = tool("--url", server.url(), "--api-key", "-", "--duration", "60", "--studio", str(folder))
    assert ran.status == 130, ran.err
    (job,) = jobs(studio, "cancelled")
    assert job["error"] is None


def test_a_run_that_was_killed_is_interrupted(studio: Studio) -> None:
    live = studio.workspace.settings.own / "live"
    live.mkdir(parents=True)
    gone = os.fork()
    if gone == 0:
        os._exit(0)
    os.waitpid(gone, 0)
    lines = [{"event": "hello", "pid": gone, "kind": "run", "title": "h"}, {"event": "load", "result_id": "run_1"}]
    (live / "x.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"event": "snap')
    (live / "y.jsonl").write_text("of others\n")
    (job,) = jobs(studio, "interrupted")
    assert (job["result_id"], job["origin"]) == ("run_1", "terminal")


def test_a_run_goes_on_under_its_name_when_the_studio_is_started_again(tmp_path: Path) -> None:
    live = tmp_path / ".studio" / "live"
    live.mkdir(parents=True)
    lines = [{"event": "hello", "pid": os.getpid(), "kind": "run", "title": "h"}, {"event": "load", "result_id": "r"}]
    feed = live / "20260131_080000_abc123.jsonl"
    feed.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with running(tmp_path) as first:
        (job,) = first.get("/api/jobs")["jobs"]
        assert (job["id"], job["state"]) == ("t20260131_080000_abc123", "running")
    with feed.open("a") as file:
        file.write('{"event": "snapshot", "total": 3}\n')
    with running(tmp_path) as second:
        (again,) = second.get("/api/jobs")["jobs"]
        assert (again["id"], again["state"], again["done"]) == (job["id"], "running", 3)
        assert again["last_event_id"] == job["last_event_id"] + 1, "each event once"
        with feed.open("a") as file:
            file.write('{"event": "end", "state": "done"}\n')
        jobs(second, "done")


def test_a_folder_that_is_none_gets_a_line(tool: Tool) -> None:
    ran = tool("--url", "http://127.0.0.1:9/v1/chat/completions", "--api-key", "-", "--studio", "nowhere")
    assert ran.status == 2
    assert "--studio nowhere: the folder nowhere does not exist" in ran.err
