"""Jobs: one at a time, their events on disk first, resumed after any of them, and what is left when something dies."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from command_lines import ROOT
from patience import FOREVER_S, PROMPT_S
from sse_perf_tool.flags.checks import file_path
from sse_perf_tool.studio.jobs.load import flags_of
from studio_server import TOKEN, Studio, running

KEY = "sk-canary-0123456789abcdef"
WORKER = (sys.executable, str(ROOT / "tests" / "helpers" / "fake_worker.py"))
CONFIG = """\
providers:
  a:
    api_base: http://127.0.0.1:9/v1
    api_key_env: A_KEY
    models: [{id: m}, {id: n}]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config.yaml").write_text(CONFIG)
    (tmp_path / ".env").write_text(f"A_KEY={KEY}\n")
    return tmp_path


@pytest.fixture
def studio(folder: Path) -> Iterator[Studio]:
    with running(folder, worker=WORKER) as found:
        yield found


def started(studio: Studio, label: str, **more: Any) -> dict[str, Any]:
    answer = studio.ask("POST", "/api/jobs", {"kind": "bench", "label": label, **more})
    assert answer.status == 202, answer.body
    return answer.json


def until(studio: Studio, job_id: str, *states: str) -> dict[str, Any]:
    deadline = time.monotonic() + FOREVER_S
    while True:
        job = studio.get(f"/api/jobs/{job_id}")
        if job["state"] in states:
            return job
        assert time.monotonic() < deadline, job
        time.sleep(0.01)


def kept(studio: Studio, job_id: str, after: int | None = None) -> list[dict[str, Any]]:
    """The events with a number, up to the end."""
    found = []
    with studio.events(f"/api/events?job={job_id}", after) as events:
        for event in events:
            if "id" in event:
                found.append(event)
            if event["event"] == "end":
                return found
    raise AssertionError("no end")


def test_a_job_tells_what_happens_and_is_kept(studio: Studio) -> None:
    job = started(studio, "events 3")
    assert (job["state"], job["total"], job["request"]["label"]) == ("queued", 8, "events 3")
    events = kept(studio, job["id"])
    assert [event["event"] for event in events] == ["job", "plan", "run", "run", "run", "job", "end"]
    assert [int(event["id"]) for event in events] == list(range(1, 8))
    assert events[-1]["data"]["state"] == "done"
    ended = studio.get(f"/api/jobs/{job['id']}")
    assert (ended["state"], ended["done"], ended["result_id"], ended["last_event_id"]) == ("done", 3, "bench_1", 7)
    assert (ended["can_cancel"], ended["can_run_rest"]) == (False, False)
    assert [each["id"] for each in studio.get("/api/jobs")["jobs"]] == [job["id"]]


def test_events_resume_after_any_of_them(studio: Studio) -> None:
    job = started(studio, "events 4")
    everything = kept(studio, job["id"])
    for after in range(len(everything)):
        assert kept(studio, job["id"], after) == everything[after:]
    with studio.events(f"/api/events?job={job['id']}&after=3") as events:
        assert next(event for event in events if "id" in event)["id"] == "4"


def test_events_resume_after_a_restart_of_the_server(folder: Path) -> None:
    with running(folder, worker=WORKER) as first:
        job = started(first, "events 2")
        everything = kept(first, job["id"])
    with running(folder, worker=WORKER) as second:
        assert kept(second, job["id"], 2) == everything[2:]
        assert second.get("/api/state")["instance"] != first.workspace.instance


def up_to(kind: str, events: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The events that are kept, up to the first of a kind."""
    for event in events:
        if "id" in event:
            yield event
        if event["event"] == kind:
            return


def test_readers_do_not_disturb_each_other_or_the_job(studio: Studio) -> None:
    job = started(studio, "wait")
    with contextlib.ExitStack() as stack:
        readers = [stack.enter_context(studio.events(f"/api/events?job={job['id']}")) for _ in range(5)]
        seen = [list(up_to("plan", each)) for each in readers]
        # A sixth comes and goes.
        with studio.events(f"/api/events?job={job['id']}") as leaving:
            next(leaving)
        studio.ask("POST", f"/api/jobs/{job['id']}/cancel")
        seen = [[*first, *up_to("end", each)] for first, each in zip(seen, readers, strict=True)]
    ids = [[int(event["id"]) for event in each] for each in seen]
    assert ids == [list(range(1, len(ids[0]) + 1))] * 5


def test_ticks_pass_without_a_number(studio: Studio) -> None:
    job = started(studio, "wait")
    with studio.events(f"/api/events?job={job['id']}") as events:
        tick = next(event for event in events if event["event"] == "tick")
    assert "id" not in tick
    studio.ask("POST", f"/api/jobs/{job['id']}/cancel")
    assert all(event["event"] != "tick" for event in kept(studio, job["id"]))


def test_jobs_wait_for_each_other(studio: Studio) -> None:
    first, second, third = (started(studio, label) for label in ("wait", "events 1", "events 1"))
    until(studio, first["id"], "running")
    assert [studio.get(f"/api/jobs/{job['id']}")["position"] for job in (first, second, third)] == [None, 1, 2]
    state = studio.get("/api/state")
    assert (state["running"]["id"], [job["id"] for job in state["queue"]]) == (first["id"], [second["id"], third["id"]])
    assert studio.ask("DELETE", f"/api/jobs/{first['id']}").code == "too_late"
    assert studio.ask("DELETE", f"/api/jobs/{second['id']}").status == 204
    assert studio.ask("GET", f"/api/jobs/{second['id']}").status == 404
    assert studio.ask("POST", f"/api/jobs/{first['id']}/cancel").status == 202
    assert until(studio, third["id"], "done")
    assert studio.get(f"/api/jobs/{first['id']}")["state"] == "cancelled"


def test_cancelled_is_cancelled_and_twice_is_harmless(studio: Studio) -> None:
    running_job, waiting = started(studio, "wait"), started(studio, "wait")
    until(studio, running_job["id"], "running")
    for job in (waiting, waiting, running_job, running_job):
        assert studio.ask("POST", f"/api/jobs/{job['id']}/cancel").status == 202
    ended = until(studio, running_job["id"], "cancelled")
    assert (ended["error"], ended["result_id"], ended["can_run_rest"]) == (None, "bench_1", True)
    assert studio.get(f"/api/jobs/{waiting['id']}")["state"] == "cancelled"
    assert studio.ask("POST", f"/api/jobs/{running_job['id']}/cancel").status == 202
    assert studio.get(f"/api/jobs/{running_job['id']}")["state"] == "cancelled"


def test_a_worker_that_is_killed_leaves_a_failed_job_with_what_it_measured(studio: Studio) -> None:
    job = started(studio, "die")
    ended = until(studio, job["id"], "failed")
    assert "-9" in ended["error"]
    assert (ended["result_id"], ended["can_run_rest"]) == ("bench_1", True)
    assert [event["event"] for event in kept(studio, job["id"])][-3:] == ["cell", "job", "end"]
    after = started(studio, "events 1")
    until(studio, after["id"], "done")


def test_the_rest_of_a_job_is_what_it_did_not_come_to(studio: Studio) -> None:
    job = started(studio, "die", context_tiers=[0, 50])
    until(studio, job["id"], "failed")
    rest = studio.ask("POST", f"/api/jobs/{job['id']}/rest")
    assert rest.status == 202
    assert rest.json["request"]["models"] == [
        {"provider_key": "a", "model_id": "n"},
        {"provider_key": "a", "model_id": "m"},
    ]
    whole = started(studio, "events 1")
    until(studio, whole["id"], "done")
    assert studio.ask("POST", f"/api/jobs/{whole['id']}/rest").code == "rest_none"


def test_a_worker_that_refuses_its_job_says_why(studio: Studio) -> None:
    ended = until(studio, started(studio, "fail")["id"], "failed")
    assert ended["error"] == "--threads: no"


def test_no_key_is_in_what_anybody_can_read(studio: Studio, folder: Path) -> None:
    job = started(studio, "secret")
    ended = until(studio, job["id"], "failed")
    assert "sk-…cdef" in ended["error"]
    events = kept(studio, job["id"])
    assert "sk-…cdef" in json.dumps(events, ensure_ascii=False)
    texts = [json.dumps(events), json.dumps(ended), json.dumps(studio.get("/api/jobs"))]
    texts += [path.read_text() for path in folder.rglob("*") if path.is_file() and path.name != ".env"]
    assert all(KEY not in text for text in texts)
    answer = studio.ask("POST", "/api/check", {"provider_key": "a", "model_id": "m"})
    assert answer.code == "invalid"
    assert KEY not in answer.body.decode()


def test_a_benchmark_under_its_first_name_streams_its_events(studio: Studio) -> None:
    answer = studio.ask("POST", "/api/benchmark", {"models": ["a/m"], "runs": 2})
    assert (answer.status, answer.headers["content-type"].partition(";")[0]) == (200, "text/event-stream")
    lines = [line for line in answer.body.decode().splitlines() if line.startswith("data: ")]
    events = [json.loads(line.removeprefix("data: ")) for line in lines]
    assert [event["type"] for event in events] == ["job", "plan", "job", "end"]
    assert events[-1]["state"] == "done"
    (job,) = studio.get("/api/jobs")["jobs"]
    assert {event["job"] for event in events} == {job["id"]}
    assert (job["request"]["models"], job["request"]["runs"]) == ([{"provider_key": "a", "model_id": "m"}], 2)
    assert studio.ask("POST", "/api/benchmark", {"models": ["x"]}).json["error"]["field"] == "models"


def test_the_same_key_gives_the_same_job(studio: Studio) -> None:
    one, two, other = (
        studio.ask("POST", "/api/jobs", {"kind": "bench", "label": "events 1"}, headers={"Idempotency-Key": key}).json
        for key in ("k", "k", "l")
    )
    assert one["id"] == two["id"] != other["id"]


def test_a_job_names_no_file_of_this_machine() -> None:
    keys = {flag.key for kind in ("run", "capacity") for flag in flags_of(kind) if flag.check is file_path}
    assert keys == set()


def test_what_the_engine_refuses_is_refused_with_its_field(studio: Studio) -> None:
    target = {"kind": "url", "url": "http://h/v1/chat/completions"}
    wrong: list[tuple[dict[str, Any], str | None]] = [
        ({"kind": "bench", "models": [{"provider_key": "a", "model_id": "x"}]}, "models"),
        ({"kind": "bench", "runs": 0}, "runs"),
        ({"kind": "run", "target": target, "flags": {"threads": 0}}, "flags.threads"),
        ({"kind": "run", "target": target, "flags": {"records": "/etc/passwd"}}, "flags.records"),
        ({"kind": "run", "target": target, "flags": {"threads": [1, 2]}}, "flags.threads"),
        ({"kind": "run", "target": target, "flags": {"no-stream": "x"}}, "flags.no_stream"),
        ({"kind": "run", "target": {**target, "url": "file:///etc/passwd"}}, "target.url"),
        ({"kind": "run", "target": {**target, "format": "x"}}, "target.format"),
        ({"kind": "run", "target": {**target, "api_key_env": "NOT_SET"}}, "target.api_key_env"),
        ({"kind": "run", "target": {"kind": "model", "provider_key": "a", "model_id": "x"}}, "target"),
        (
            {
                "kind": "run",
                "target": {"kind": "model", "provider_key": "a", "model_id": "m"},
                "flags": {"max-tokens": 5},
            },
            "flags.max_tokens",
        ),
        ({"kind": "capacity", "target": target, "flags": {"slo": ["x"]}}, "flags.slo"),
        ({"kind": "run", "target": {**target, "headers": {"X-Api-Key": KEY}}}, "target.headers"),
        ({"kind": "run", "target": {**target, "headers": {"X-Api-Key": "$NOT_SET"}}}, "target.headers"),
        ({"kind": "run", "target": {**target, "headers": {"no colon": ""}}}, "target.headers"),
        ({"kind": "run", "target": {**target, "url": f"http://u:{KEY}@h/v1/chat/completions"}}, "target.url"),
        ({"kind": "run", "target": target, "flags": {"extra_body": f'{{"api_key": "{KEY}"}}'}}, "flags.extra_body"),
        ({"kind": "run", "target": target, "flags": {"metrics-url": f"http://h/?key={KEY}"}}, "flags.metrics_url"),
        ({"kind": "capacity", "target": target, "flags": {"rate": "5"}}, "flags.rate"),
        ({"kind": "other"}, None),
    ]
    for body, field in wrong:
        for path in ("/api/plan", "/api/jobs"):
            answer = studio.ask("POST", path, body)
            assert (answer.status, answer.json["error"]["field"]) == (422, field), (body, answer.body)
    assert studio.get("/api/jobs")["jobs"] == []


@pytest.mark.parametrize(
    ("body", "english", "chinese"),
    [
        ({"runs": "3x"}, "runs: give a whole number", "runs: 请填写整数"),
        ({"runs": 0}, "runs: give at least 1", "runs: 不能小于 1"),
        ({"temperature": "hot"}, "temperature: give a number", "temperature: 请填写数字"),
        ({"label": "x" * 1000}, "label: give at most", "label: 最多"),
        ({"order": "x"}, "order: give 'lanes' or 'interleaved'", "order: 只能是 'lanes' or 'interleaved'"),
        ({"colour": 1}, "colour: there is no such field", "colour: 没有这个字段"),
    ],
)
def test_a_wrong_field_is_said_in_the_language_of_the_page(
    studio: Studio, body: dict[str, Any], english: str, chinese: str
) -> None:
    for lang, text in (("en", english), ("zh", chinese)):
        answer = studio.ask("POST", f"/api/plan?lang={lang}", {"kind": "bench", **body})
        assert answer.status == 422
        assert answer.json["error"]["message"].startswith(text)


def test_a_plan_says_what_would_be_sent(studio: Studio) -> None:
    plan = studio.ask("POST", "/api/plan", {"kind": "bench", "context_tiers": [0, 200_000], "max_tokens": 10}).json
    assert [cell["skipped"] is None for cell in plan["cells"]] == [True, True, False, False]
    assert (plan["requests"], plan["max_tokens"]) == (2 * 4, 2 * 4 * 10)
    assert plan["lanes"] == [{"name": "a", "requests": 8}]
    assert plan["command"].partition(" ")[2] == "bench --max-tokens=10 --context-tiers=0,200000 --lang=en"
    target = {"kind": "url", "url": "http://h/v1/chat/completions"}
    assert studio.ask("POST", "/api/plan", {"kind": "run", "target": target}).json["requests"] == 1, "without a key"
    target = {"kind": "model", "provider_key": "a", "model_id": "m"}
    plan = studio.ask("POST", "/api/plan", {"kind": "run", "target": target, "flags": {"threads": 3}}).json
    assert (plan["requests"], plan["cells"]) == (3, [])
    assert "--url" in plan["command"]
    assert KEY not in plan["command"]


def test_a_full_disk_ends_the_job_and_nothing_else(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    job = started(studio, "wait")
    with studio.events(f"/api/events?job={job['id']}") as events:
        next(event for event in events if event["event"] == "cell")

    def full(*_args: object, **_more: object) -> int:
        raise OSError(28, "No space left on device")

    names = {name: getattr(os, name) for name in ("open", "close", "ftruncate", "lseek")}
    flags = {name: getattr(os, name) for name in dir(os) if name.startswith(("O_", "SEEK_"))}
    monkeypatch.setattr("sse_perf_tool.studio.jobs.log.os", SimpleNamespace(**names, **flags, write=full))
    monkeypatch.setattr("sse_perf_tool.studio.jobs.job.write_atomically", full)
    assert studio.ask("POST", "/api/jobs", {"kind": "bench", "label": "events 1"}).code == "unwritable"
    assert studio.ask("POST", f"/api/jobs/{job['id']}/cancel").status == 202
    assert until(studio, job["id"], "failed", "cancelled")["result_id"] == "bench_1"
    monkeypatch.undo()
    until(studio, started(studio, "events 1")["id"], "done")
    assert [event["id"] for event in up_to_the_disk(studio, job["id"])] == ["1", "2", "3"]


def up_to_the_disk(studio: Studio, job_id: str) -> list[dict[str, Any]]:
    with studio.events(f"/api/events?job={job_id}") as events:
        return [event for _, event in zip(range(3), (e for e in events if "id" in e), strict=False)]


def spawn(folder: Path) -> tuple[subprocess.Popen[str], int]:
    """A studio in a process of its own, with the fake worker, and its port."""
    code = (
        "import sys; sys.path[:0] = sys.argv[3:]\n"
        "from pathlib import Path\n"
        "import studio_server\n"
        "with studio_server.running(Path(sys.argv[1]), worker=(sys.executable, sys.argv[2])) as s:\n"
        "    print(s.port, flush=True); sys.stdin.read()\n"
    )
    paths = [str(ROOT / "src"), str(ROOT / "tests" / "helpers")]
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(folder), WORKER[1], *paths],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PROMPT_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return b"Z" not in Path(f"/proc/{pid}/stat").read_bytes().split()[2:3]


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="asks the system for processes")
def test_a_server_that_is_killed_takes_its_worker_with_it_and_what_waited_goes_on(folder: Path) -> None:
    process, port = spawn(folder)
    with process:
        first = Studio(None, None, port)  # type: ignore[arg-type]
        job = started(first, "wait")
        waiting, old = started(first, "events 2"), started(first, "wait")
        with first.events(f"/api/events?job={job['id']}") as events:
            plan = next(event for event in events if event["event"] == "plan")
            next(event for event in events if event["event"] == "cell")
        worker = plan["data"]["pid"]
        assert alive(worker)
        process.send_signal(signal.SIGKILL)
    wait_for(lambda: not alive(worker))
    path = folder / ".studio" / "jobs" / f"{old['id']}.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "created_at": "2026-01-31T08:00:00.000Z"}))
    with running(folder, worker=WORKER) as second:
        assert [event["event"] for event in kept(second, waiting["id"])] == ["job", "plan", "run", "run", "job", "end"]
        for each in (job, old):
            found = second.get(f"/api/jobs/{each['id']}")
            assert (found["state"], found["can_run_rest"]) == ("interrupted", True)
        events = kept(second, job["id"])
        assert [event["event"] for event in events] == ["job", "plan", "cell", "job", "end"]
        assert events[-1]["data"]["state"] == "interrupted"
        assert [int(event["id"]) for event in events] == [1, 2, 3, 4, 5]
        assert TOKEN not in json.dumps(events)


def test_a_job_that_cannot_be_done_when_its_turn_comes_fails_and_the_next_one_begins(
    studio: Studio, folder: Path
) -> None:
    first, second, third = (started(studio, label) for label in ("wait", "events 1", "wait"))
    until(studio, first["id"], "running")
    (folder / "config.yaml").write_text("providers: [")
    for job in (first, third):
        studio.ask("POST", f"/api/jobs/{job['id']}/cancel")
    failed = until(studio, second["id"], "failed")
    assert "config.yaml:1 cannot be read" in failed["error"]
    (folder / "config.yaml").write_text(CONFIG)
    until(studio, started(studio, "events 1")["id"], "done")


def test_keys_are_those_of_the_moment_in_which_a_job_begins(studio: Studio, folder: Path) -> None:
    first, second = started(studio, "wait"), started(studio, "secret")
    until(studio, first["id"], "running")
    (folder / ".env").write_text("A_KEY=sk-another-0123456789wxyz\n")
    studio.ask("POST", f"/api/jobs/{first['id']}/cancel")
    assert "sk-…wxyz" in until(studio, second["id"], "failed")["error"]
