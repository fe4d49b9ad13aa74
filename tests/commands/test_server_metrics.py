"""`--metrics-url`: what the server says of itself goes into every output of a run, and its absence costs one line."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from metrics_pages import SGLANG, VLLM
from patience import undisturbed
from scripted_server import DONE, FINISH, ScriptedServer, Serve, chunked, sized, token
from sse_perf_tool.profiling import watch
from sse_perf_tool.records import ServerMetrics, ServerSample
from sse_perf_tool.records.file import server_line
from tool_runs import FILES, Tool, at, records, summary

ANSWER = chunked(token("a"), 1.3, token("b"), FINISH, DONE)
"""Lasts so long that two seconds of the run begin."""
QUICK = chunked(token("a"), FINISH, DONE)
PASSWORD = "s3cr3t-pass-word"


def page_server(serve: Serve, *pages: str) -> ScriptedServer:
    return serve(*(sized(page.encode(), kind="text/plain") for page in pages))


def with_metrics(server: ScriptedServer, metrics: ScriptedServer, *more: str, user: str = "") -> list[str]:
    url = metrics.url("/metrics").replace("//", f"//{user}")
    return at(server, *FILES, "--no-compression-check", "--metrics-url", url, *more)


def drawn() -> dict[str, Any]:
    """The seconds of the page's charts."""
    found = re.search(r'<script[^>]*id="data"[^>]*>(.*?)</script>', Path("report.html").read_text("utf-8"), re.DOTALL)
    assert found is not None
    columns: dict[str, Any] = json.loads(found[1])["seconds"]["columns"]
    return columns


@undisturbed
def test_what_the_server_says_is_in_every_output(serve: Serve, tool: Tool) -> None:
    busier = VLLM.replace('running{engine="0",model_name="m"} 8.0', 'running{engine="0",model_name="m"} 30.0')
    more = busier.replace("} 5000.0", "} 6000.0")
    metrics = page_server(serve, VLLM, more)
    ran = tool(*with_metrics(serve(ANSWER), metrics, "--threads", "2"))
    assert ran.status == 0, ran.err
    found = summary()["server_metrics"]
    assert found["url"] == metrics.url("/metrics")
    assert (found["server"], found["failed"], found["error"]) == ("vLLM", 0, "")
    assert found["scrapes"] == len(metrics.requests) >= 2
    last = found["samples"][-1]
    assert (last["running"], last["waiting"], last["kv_cache_percent"], last["memory_mb"]) == (37, 5, 50, 2500)
    rates = [row["generated_tokens_per_s"] for row in found["samples"] if "generated_tokens_per_s" in row]
    assert 200 < max(rates) < 2000, "1000 tokens between two scrapes a second apart"
    assert ran.facts["server"] == "vLLM: running max 37, waiting max 5, KV cache max 50 %, memory max 2,500 MB"
    columns = drawn()
    assert max(value for value in columns["server_running"] if value is not None) == 37
    assert len(columns["server_waiting"]) == len(columns["second"])
    assert records()[-1] == {"server_metrics": found}


def test_report_has_it_from_the_records(serve: Serve, tool: Tool) -> None:
    ran = tool(*with_metrics(serve(ANSWER), page_server(serve, SGLANG), "--threads", "2", "--lang", "zh"))
    before, columns = summary(), drawn()
    assert ran.facts["服务端"] == "SGLang：处理中最多 16，排队最多 4，KV 缓存最高 75 %"
    again = tool("report", "run.jsonl", "--json", "run.json", "--html-report", "report.html", "--lang", "zh")
    assert again.status == 0, again.err
    after = summary()
    assert after["server_metrics"] == before["server_metrics"]
    assert after["requests"] == before["requests"]
    assert (after["skipped_lines"], again.facts["服务端"]) == (0, ran.facts["服务端"])
    kept = {name: column for name, column in columns.items() if name.startswith("server_")}
    assert len(kept) >= 3
    assert {name: drawn()[name] for name in kept} == kept


def test_figures_that_the_server_does_not_tell_have_no_chart(serve: Serve, tool: Tool) -> None:
    tool(*with_metrics(serve(QUICK), page_server(serve, "tgi_queue_size 3\n"), "--threads", "2"))
    assert {name for name in drawn() if name.startswith("server_")} == {"server_waiting"}


def test_a_run_without_it_has_none(serve: Serve, tool: Tool) -> None:
    ran = tool(*at(serve(QUICK), *FILES, "--no-compression-check", "--threads", "2"))
    assert summary()["server_metrics"] is None
    assert "server" not in ran.facts
    assert not any(name.startswith("server_") for name in drawn())
    assert len(records()) == 2


def test_a_dead_endpoint_costs_one_line(serve: Serve, tool: Tool) -> None:
    metrics = page_server(serve, "")
    metrics.stop()
    ran = tool(*with_metrics(serve(QUICK), metrics, "--threads", "2"))
    assert ran.status == 0
    found = summary()["server_metrics"]
    assert found["samples"] == []
    assert found["failed"] == found["scrapes"] >= 1
    count = found["scrapes"]
    (said,) = [text for text in summary()["warnings"] if "metrics" in text]
    assert said == f"--metrics-url {metrics.url('/metrics')}: {count} of {count} scrapes failed (no connection)"
    assert (ran.out + ran.err).count("scrapes failed") == 1


def test_a_page_of_an_unknown_server_costs_one_line(serve: Serve, tool: Tool) -> None:
    metrics = page_server(serve, "other_requests 5\n")
    ran = tool(*with_metrics(serve(QUICK), metrics, "--threads", "2"))
    assert ran.status == 0
    (said,) = [text for text in summary()["warnings"] if "metrics" in text]
    assert said.endswith("/metrics: the page has no metric of a known server; nothing is shown")


def test_a_password_of_the_url_reaches_the_server_and_no_output(serve: Serve, tool: Tool) -> None:
    metrics = serve(sized(f"no {PASSWORD}".encode(), status="401 Unauthorized"))
    ran = tool(*with_metrics(serve(QUICK), metrics, "--threads", "2", user=f"me:{PASSWORD}@"))
    assert (metrics.requests[0].header("Authorization") or "").startswith("Basic ")
    shown = f"http://…@127.0.0.1:{metrics.port}/metrics"
    assert summary()["config"]["metrics_url"] == summary()["server_metrics"]["url"] == shown
    for text in (ran.out, ran.err, *(path.read_text("utf-8") for path in Path().iterdir() if path.is_file())):
        assert PASSWORD not in text
    assert f"{shown}: " in " ".join(summary()["warnings"])
    assert "HTTP 401" in " ".join(summary()["warnings"])


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_without_its_package_it_is_refused_before_anything_is_sent(
    serve: Serve, tool: Tool, monkeypatch: pytest.MonkeyPatch, lang: str
) -> None:
    monkeypatch.setattr(watch, "find_spec", lambda _name: None)
    server, metrics = serve(QUICK), page_server(serve, VLLM)
    ran = tool(*with_metrics(server, metrics, "--threads", "2", "--lang", lang))
    assert ran.status == 2
    assert 'pip install "sse-perf-tool[profile]"' in ran.err
    assert len(ran.err.strip().splitlines()) == 1
    assert (server.requests, metrics.requests) == ([], [])


def test_a_sampler_that_dies_costs_one_line(serve: Serve, tool: Tool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "_SAMPLER", "raise SystemExit(3)")
    ran = tool(*with_metrics(serve(QUICK), page_server(serve, VLLM), "--threads", "2"))
    assert ran.status == 0
    (said,) = [text for text in summary()["warnings"] if "metrics" in text]
    assert said.endswith("the process that reads it ended early; later seconds are missing")


@pytest.mark.parametrize(
    "damaged",
    [
        '{"server_metrics": 5}',
        '{"server_metrics": {"samples": [{"second": "x"}]}}',
        '{"server_metrics": {"samples": [5]}}',
        server_line(ServerMetrics("u", "TGI", 1, 0, "", [ServerSample(0, {"waiting": 1e300})])),
    ],
)
def test_a_damaged_line_of_the_records_is_skipped_and_said(serve: Serve, tool: Tool, damaged: str) -> None:
    tool(*with_metrics(serve(QUICK), page_server(serve, VLLM), "--threads", "2"))
    lines = Path("run.jsonl").read_text("utf-8").splitlines()[:-1]
    Path("run.jsonl").write_text("\n".join([*lines, damaged, ""]), "utf-8")
    assert tool("report", "run.jsonl", "--json", "run.json", "--html-report", "report.html").status == 0
    assert (summary()["skipped_lines"], summary()["server_metrics"], summary()["requests"]["ok"]) == (1, None, 2)


def test_the_highest_values_stand_in_the_outputs_for_pipelines(serve: Serve, tool: Tool) -> None:
    outputs = ("--markdown", "run.md", "--csv", "run.csv", "--junit", "run.xml")
    tool(*with_metrics(serve(QUICK), page_server(serve, VLLM), "--threads", "2", *outputs))
    said = "vLLM: running max 15, waiting max 5, KV cache max 50 %, memory max 2,500 MB"
    assert f"**The server's own metrics** `{said}`" in Path("run.md").read_text("utf-8")
    rows = {line.split(",")[0]: line.split(",") for line in Path("run.csv").read_text("utf-8").splitlines()}
    assert rows["server_waiting"][-1] == "5.0"
    suite = ET.parse("run.xml").getroot()[0]
    properties = {each.get("name"): each.get("value") for each in suite.iter("property")}
    assert (properties["server_running_max"], properties["server_memory_mb_max"]) == ("15", "2500")
    assert suite[0].tag == "properties"


def test_runs_are_compared_by_them_too(serve: Serve, tool: Tool) -> None:
    for name, text in (("a", VLLM), ("b", SGLANG)):
        files = ("--records", f"{name}.jsonl", "--no-compression-check")
        tool(*at(serve(QUICK), *files, "--metrics-url", page_server(serve, text).url("/metrics")))
    assert tool("report", "a.jsonl", "b.jsonl", "--html-report", "both.html").status == 0
    page = Path("both.html").read_text("utf-8")
    row = page.partition("Server: waiting, most")[2].partition("</tr>")[0]
    assert re.findall(r"<td[^>]*>([^<]*)</td>", row) == ["5.00", "4.00"]


def test_each_step_of_a_search_has_them(serve: Serve, tool: Tool) -> None:
    metrics = page_server(serve, VLLM)
    target = ("--url", serve(QUICK).url("/v1/chat/completions"), "--api-key", "-")
    search = ("--sweep", "1,2", "--step-duration", "0.6", "--slo", "ttft_ms<60000", "--json", "c.json")
    page = ("--html-report", "c.html", "--resume", "c.jsonl")
    ran = tool("capacity", *target, *search, *page, "--metrics-url", metrics.url("/metrics"))
    assert ran.status == 0, ran.out + ran.err
    steps = json.loads(Path("c.json").read_text("utf-8"))["steps"]
    assert [(step["server"]["running"], step["server"]["waiting"]) for step in steps] == [(15, 5), (15, 5)]
    assert ran.out.count("running max 15, waiting max 5") == 2
    assert "running max 15, waiting max 5" in Path("c.html").read_text("utf-8")
    again = tool("capacity", *target, *search, *page, "--metrics-url", metrics.url("/metrics"))
    assert json.loads(Path("c.json").read_text("utf-8"))["steps"] == steps, again.err
