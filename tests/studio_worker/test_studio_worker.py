"""One job of the studio in its worker: the same functions as the command line, told of as events."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pydantic")

from scripted_server import ANSWER, DONE, FINISH, ScriptedServer, Serve, chunked, event, sized, token
from sse_perf_tool.commands.feed import Feed
from sse_perf_tool.errors import UsageError
from sse_perf_tool.goals.past_run import read_run
from sse_perf_tool.studio_worker.bench import measure
from sse_perf_tool.studio_worker.check import check
from sse_perf_tool.studio_worker.load import send_load
from sse_perf_tool.studio_worker.order import Order

KEY = "sk-canary-0123456789abcdef"

pytestmark = pytest.mark.usefixtures("own_folder")


class Heard:
    """A feed that keeps what it is told."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.feed = Feed(lambda line: self.events.append(json.loads(line)))

    def kinds(self, *but: str) -> list[str]:
        return [each["event"] for each in self.events if each["event"] not in but]

    def all(self, kind: str) -> list[dict[str, Any]]:
        return [each for each in self.events if each["event"] == kind]


def config(*servers: ScriptedServer, models: str = "[{id: m}, {id: n}]") -> None:
    text = "providers:\n"
    for number, server in enumerate(servers):
        text += f"  p{number}:\n    api_base: {server.url('/v1')}\n    api_key_env: A_KEY\n    models: {models}\n"
    Path("config.yaml").write_text(text)


def order(**job: Any) -> Order:
    return Order.of({"job": job, "lang": "en", "environ": {"A_KEY": KEY}})


def test_a_benchmark_measures_the_models_that_were_chosen(serve: Serve) -> None:
    one, two = serve(ANSWER), serve(ANSWER)
    config(one, two)
    heard = Heard()
    chosen = [{"provider_key": "p1", "model_id": "n"}, {"provider_key": "p0", "model_id": "m"}]
    asked = order(kind="bench", models=chosen, runs=2, max_tokens=7)
    status, result_id = measure(asked, asked.job, heard.feed)  # type: ignore[arg-type]
    assert status == 0
    (plan,) = heard.all("plan")
    assert [(cell["provider_key"], cell["model_id"]) for cell in plan["cells"]] == [("p0", "m"), ("p1", "n")]
    assert (plan["total"], plan["cells_measured"], plan["result_id"]) == (6, 2, result_id)
    assert sorted(each["name"] for each in heard.all("lane")) == ["p0", "p1"]
    runs = heard.all("run")
    assert sorted((run["cell"], run["number"], run["cold"]) for run in runs) == [
        (cell, number, number == 0) for cell in (0, 1) for number in (0, 1, 2)
    ]
    assert {run["outcome"] for run in runs} == {"ok"}
    assert {each["cell"]: each["document"]["state"] for each in heard.all("cell")} == {0: "done", 1: "done"}
    assert "runs" not in heard.all("cell")[0]["document"]
    document = json.loads(Path("results", f"{result_id}.json").read_text())
    assert (document["state"], len(document["cells"])) == ("done", 2)
    assert json.loads(two.requests[0].body)["model"] == "n"
    assert json.loads(two.requests[0].body)["max_tokens"] == 7
    assert KEY in two.requests[0].head
    assert KEY not in json.dumps(heard.events) + json.dumps(document)


def test_a_load_test_leaves_records_and_a_summary_and_tells_each_second(serve: Serve) -> None:
    server = serve(chunked(token("a"), 0.02, token("b"), FINISH, DONE))
    config(server)
    heard = Heard()
    target = {"kind": "model", "provider_key": "p0", "model_id": "m", "max_tokens": 5}
    flags = {"threads": 2, "duration": "1.3s", "threshold": ["ttft_ms:p(50)<0.001"], "no_compression_check": True}
    asked = order(kind="run", target=target, flags=flags)
    status, result_id = send_load(asked, asked.job, heard.feed)  # type: ignore[arg-type]
    assert status == 99, "a threshold is missed"
    assert list(dict.fromkeys(heard.kinds("warning"))) == ["load", "records", "snapshot"]
    (load,), second = heard.all("load"), heard.all("snapshot")[0]
    assert (load["result_id"], load["threads"], load["duration_s"], load["format"]) == (
        result_id,
        2,
        1.3,
        "openai_chat",
    )
    assert (second["second"], second["active"], second["rps"]) == (0, 2, second["done"])
    assert second["ok"] > 5
    assert second["ttft_mean_ms"] > 0
    records = Path("results", f"{result_id}.jsonl")
    assert heard.all("records")[0]["path"] == str(records.resolve())
    assert read_run(records, "en").result().summary.sent > 5
    summary = json.loads(Path("results", f"{result_id}.json").read_text())
    assert summary["thresholds"][0]["ok"] is False
    body = json.loads(server.requests[0].body)
    assert (body["model"], body["max_tokens"]) == ("m", 5)
    assert f"Bearer {KEY}" in server.requests[0].head
    assert KEY not in records.read_text() + json.dumps(heard.events) + json.dumps(summary)


def test_a_search_tells_its_steps_and_goes_on_where_it_was(serve: Serve) -> None:
    server = serve(ANSWER)
    heard = Heard()
    headers = {"X-Team": "a", "X-Api-Key": "$A_KEY"}
    target = {"kind": "url", "url": server.url(), "api_key_env": "A_KEY", "format": "openai_chat", "headers": headers}
    flags = {"slo": ["latency_ms:p(50)<5000"], "sweep": "1,2", "step_duration": "0.2"}
    asked = order(kind="capacity", target=target, flags=flags)
    _, result_id = send_load(asked, asked.job, heard.feed)  # type: ignore[arg-type]
    assert [server.requests[0].header(name) for name in ("X-Team", "X-Api-Key")] == ["a", KEY]
    assert [each["level"] for each in heard.all("step_begin")] == [1, 2]
    assert [(each["level"], each["passed"]) for each in heard.all("step")] == [(1, True), (2, True)]
    steps = Path("results", f"{result_id}.steps.jsonl")
    lines = steps.read_text().splitlines(keepends=True)
    steps.write_text("".join(lines[:2]))
    again = Heard()
    rest = Order(asked.job, "en", {"A_KEY": KEY}, rest_of=result_id)
    assert send_load(rest, asked.job, again.feed)[1] == result_id  # type: ignore[arg-type]
    assert [each["level"] for each in again.all("step_begin")] == [2], "the first step is there"
    assert len(steps.read_text().splitlines()) == 3
    assert json.loads(Path("results", f"{result_id}.json").read_text())["capacity"]["level"] == 2


def test_what_cannot_be_done_is_said(serve: Serve) -> None:
    config(serve(ANSWER))
    asked = order(kind="bench", models=[{"provider_key": "p0", "model_id": "gone"}])
    with pytest.raises(UsageError, match="has no model gone"):
        measure(asked, asked.job, Feed())  # type: ignore[arg-type]


def checked(server: ScriptedServer, **more: Any) -> dict[str, Any]:
    config(server, **more)
    asked = Order.of(
        {"job": {"check": {"provider_key": "p0", "model_id": "m"}}, "lang": "en", "environ": {"A_KEY": KEY}}
    )
    return check(asked, asked.job)  # type: ignore[arg-type]


def test_a_check_sends_one_request_of_one_token(serve: Serve) -> None:
    server = serve(ANSWER)
    found = checked(server)
    assert (found["ok"], found["outcome"], found["status"], found["key"]) == (True, "ok", 200, "good")
    assert found["ttft_ms"] > 0
    assert len(server.requests) == 1
    assert json.loads(server.requests[0].body)["max_tokens"] == 1


@pytest.mark.parametrize(
    ("status", "message", "key", "refused", "hint"),
    [
        ("401 Unauthorized", "bad key", "refused", [], None),
        ("400 Bad Request", "temperature is not supported", "unknown", ["temperature"], "skip_temperature: true"),
        ("400 Bad Request", "use max_completion_tokens", "unknown", ["max_completion_tokens"], None),
        ("500 Internal Server Error", "temperature", "unknown", [], None),
    ],
)
def test_a_check_says_what_is_refused(
    serve: Serve, status: str, message: str, key: str, refused: list[str], hint: str | None
) -> None:
    answer = sized(event({"error": {"message": f"{message} {KEY}"}}), status=status, kind="application/json")
    found = checked(serve(answer))
    assert (found["ok"], found["key"], found["refused"], found["hint"]) == (False, key, refused, hint)
    assert message in found["error"]
    assert KEY not in json.dumps(found)


def test_a_check_of_nobody_says_so(serve: Serve) -> None:
    server = serve(ANSWER)
    server.stop()
    found = checked(server)
    assert (found["ok"], found["outcome"], found["status"], found["key"]) == (False, "connect_error", None, "unknown")
