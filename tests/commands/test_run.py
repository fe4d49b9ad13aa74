"""The whole tool against a scripted server: exit status, console, files, signals."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from scripted_server import (
    ANSWER,
    CLOSE,
    DONE,
    FINISH,
    ScriptedServer,
    Serve,
    Step,
    chunk,
    chunked,
    event,
    head,
    sized,
    tls_context,
    token,
    usage,
)
from sse_perf_tool import __version__
from sse_perf_tool.cli import Environment, main

ROOT = Path(__file__).resolve().parents[2]
KEY = "sk-0123456789abcdef4Knu"
JSON = "application/json"
NO_KEY = sized(b'{"error": {"message": "invalid api key"}}', status="401 Unauthorized", kind=JSON)
SLOW = chunked(token("Hello"), 0.1, token(" world"), FINISH, usage(9, 2), DONE)
"""Two tokens 100 ms apart."""


class Ran(NamedTuple):
    """What a command gave."""

    status: int
    out: str
    err: str

    @property
    def facts(self) -> dict[str, str]:
        """The indented lines of two columns; of several with one name the last."""
        lines = (line.strip().split("  ", 1) for line in self.out.splitlines() if line.startswith("  "))
        return {parts[0]: parts[1].strip() for parts in lines if len(parts) == 2}


Tool = Callable[..., Ran]


class Terminal(io.StringIO):
    """A standard output that says it is a terminal."""

    def isatty(self) -> bool:
        """Always."""
        return True


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tool:
    """Runs the tool in an empty directory, without any variable of the environment but those given."""
    monkeypatch.chdir(tmp_path)

    def run(*argv: str, stdout: io.StringIO | None = None, **environ: str) -> Ran:
        out, err = stdout or io.StringIO(), io.StringIO()
        status = main(argv, Environment(out, err, environ))
        return Ran(status, out.getvalue(), err.getvalue())

    return run


def at(server: ScriptedServer, *more: str, path: str = "/v1/chat/completions") -> list[str]:
    """The arguments that point the tool at the server."""
    return ["--url", server.url(path), "--api-key", KEY, "--html-report", "report.html", *more]


FILES = ("--json", "run.json", "--records", "run.jsonl")


def summary() -> dict[str, Any]:
    """The JSON summary in the current directory."""
    document: dict[str, Any] = json.loads(Path("run.json").read_text(encoding="utf-8"))
    return document


def records(path: Path = Path("run.jsonl")) -> list[dict[str, Any]]:
    """The lines of the records file behind its header."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()[1:]]


# Exit status.


def test_status_is_0_when_all_answers_are_whole(serve: Serve, tool: Tool) -> None:
    ran = tool(*at(serve(ANSWER), "--requests", "3"))
    assert (ran.status, ran.err) == (0, "")


def test_status_is_1_when_one_request_of_three_failed(serve: Serve, tool: Tool) -> None:
    ran = tool(*at(serve(ANSWER, NO_KEY, ANSWER), "--requests", "3"))
    assert (ran.status, ran.facts["ok"], ran.facts["failed"]) == (1, "2", "1")


def test_status_is_2_and_nothing_is_sent_when_the_report_cannot_be_written(serve: Serve, tool: Tool) -> None:
    server = serve(ANSWER)
    ran = tool("--url", server.url(), "--api-key", KEY, "--html-report", "nowhere/report.html")
    assert (ran.status, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert "nowhere" in ran.err
    assert server.connections == 0


def test_server_that_is_not_there_is_one_plain_line(serve: Serve, tool: Tool) -> None:
    server = serve()
    server.stop()
    ran = tool(*at(server))
    assert ran.status == 1
    assert ran.facts["error"].startswith(f"connection refused by 127.0.0.1:{server.port}: is the server running")
    assert "Traceback" not in ran.out + ran.err


needs_full_device = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")


@needs_full_device
def test_full_disk_under_the_records_ends_the_run_with_one_line(serve: Serve, tool: Tool) -> None:
    ran = tool(*at(serve(ANSWER), "--records", "/dev/full"))
    assert ran.status != 0
    assert ran.err.count("\n") == 1
    assert "/dev/full: cannot be written: No space left on device" in ran.err


@needs_full_device
def test_output_that_cannot_be_written_costs_only_itself(serve: Serve, tool: Tool) -> None:
    server = serve(ANSWER)
    ran = tool("--url", server.url(), "--api-key", KEY, "--html-report", "/dev/full", *FILES)
    assert ran.status != 0
    assert "/dev/full: cannot be written: No space left on device" in ran.err
    assert summary()["requests"]["ok"] == 1


def test_version_and_help_need_nothing_else(tool: Tool) -> None:
    assert tool("--version") == (0, f"sse_perfTestTool.py {__version__}\n", "")
    assert tool("--help").out.startswith("Usage: sse_perfTestTool.py [flags]\n")


def test_unknown_flag_is_one_line_with_the_closest_one(tool: Tool) -> None:
    ran = tool("--thread", "3")
    assert (ran.status, ran.out) == (2, "")
    assert ran.err == "sse_perfTestTool.py: --thread: no such flag; did you mean --threads?\n"


def test_demo_tests_the_embedded_server(tool: Tool) -> None:
    pytest.importorskip("sse_starlette", reason="the embedded server needs the extra [server]")
    ran = tool("--demo", "--threads", "2", "--duration", "0.5", "--html-report", "report.html", *FILES)
    assert ran.status == 0
    rows = records()
    assert len(rows) >= 2
    assert {(row["outcome"], row["format"], row["token_source"]) for row in rows} == {("ok", "dify", "usage")}


# Console.


def test_single_request_shows_its_course_and_closing_block(serve: Serve, tool: Tool) -> None:
    ran = tool(*at(serve(SLOW), "--query", "What is SSE?"))
    course, _, closing = ran.out.partition("Answer\n")
    assert [line.split()[0] for line in course.splitlines() if line] == [
        "SSE", "Target", "Format", "Query", "Load", "HTTP", "TTFB", "TTFT",
    ]  # fmt: skip
    assert "What is SSE?" in course
    facts = Ran(0, closing, "").facts
    assert {name: facts[name] for name in ("outcome", "message id", "finish reason", "blocks", "length", "tokens")} == {
        "outcome": "ok",
        "message id": "chatcmpl-1",
        "finish reason": "stop",
        "blocks": "2",
        "length": "11 characters",
        "tokens": "2 (reported by the server)",
    }
    milliseconds = {name: float(facts[name].removesuffix(" ms")) for name in ("TTFT", "streaming", "total", "TPOT")}
    assert milliseconds["TTFT"] < 60
    assert 90 < milliseconds["TPOT"] < 150
    assert milliseconds["TPOT"] <= milliseconds["streaming"] <= milliseconds["total"] < 300
    assert 13 < float(facts["throughput"].removesuffix(" tokens/s")) < 22.3  # 2 tokens in 0.09 to 0.15 s


def test_single_request_that_takes_seconds_shows_a_row_a_second(serve: Serve, tool: Tool) -> None:
    ran = tool(*at(serve(chunked(token("a"), 1.1, token("b"), DONE))))
    assert [line.split() for line in ran.out.splitlines() if "0:01" in line] == [
        ["0:01", "1/1", "1", "-", "-", "1.00", "-"]
    ]


def test_several_threads_show_a_row_a_second_and_a_summary(serve: Serve, tool: Tool) -> None:
    ran = tool(*at(serve(SLOW), "--threads", "3", "--duration", "1.1"))
    table_head, row = [line.split() for line in ran.out.splitlines() if "success" in line or "0:01" in line][:2]
    assert " ".join(table_head) == "time threads blocks avg resp ms TPOT ms tokens/s success"
    assert row[:2] + row[-1:] == ["0:01", "3/3", "100%"]
    blocks, latency_ms, tpot_ms, tokens_per_s = map(float, row[2:6])
    assert 40 <= blocks <= 63  # at most 10 answers of 2 blocks a thread, and a first one under way
    assert 100 <= latency_ms < 150
    assert 90 < tpot_ms < 150
    assert tokens_per_s == blocks
    assert ran.facts["threads"] == "3"
    assert ran.facts["success"] == "100%"
    assert int(ran.facts["blocks"]) == 2 * int(ran.facts["ok"])


def test_failed_requests_are_grouped_with_an_example(serve: Serve, tool: Tool) -> None:
    ran = tool(*at(serve(ANSWER, NO_KEY, [CLOSE], NO_KEY), "--requests", "4", "--retries", "0"))
    groups = [line.strip() for line in ran.out.splitlines() if " x " in line]
    # The third was closed in the moment of its sending, so it was sent again and refused like the others.
    assert groups == ["3 x http_error: HTTP 401: invalid api key (e.g. request 2)"]


def test_chinese_output(serve: Serve, tool: Tool) -> None:
    single = tool(*at(serve(ANSWER), "--lang", "zh"))
    assert (single.facts["结束原因"], single.facts["长度"]) == ("stop", "11 字符")
    several = tool(*at(serve(NO_KEY), "--threads", "2", "--lang", "zh"))
    assert (several.facts["线程"], several.facts["失败"]) == ("2", "2")
    assert "错误" in several.out
    assert "汇总" in several.out


def test_locale_decides_the_language(serve: Serve, tool: Tool) -> None:
    assert "性能测试" in tool(*at(serve(ANSWER)), LANG="zh_CN.UTF-8").out


def test_quiet_leaves_the_table_out_and_the_summary_in(serve: Serve, tool: Tool) -> None:
    ran = tool(*at(serve(SLOW), "--threads", "2", "--duration", "1.1", "--quiet"))
    assert "0:01" not in ran.out
    assert "avg resp ms" not in ran.out
    assert ran.facts["success"] == "100%"


def test_terminal_gets_colours_and_the_time_left(serve: Serve, tool: Tool) -> None:
    ran = tool(*at(serve(SLOW), "--duration", "1.1"), stdout=Terminal())
    assert "\x1b[32m" in ran.out
    assert "0:00 left" in ran.out


@pytest.mark.parametrize(("flags", "environ"), [(["--no-color"], {}), ([], {"NO_COLOR": "1"})])
def test_no_colours_where_they_are_not_wanted(
    serve: Serve, tool: Tool, flags: list[str], environ: dict[str, str]
) -> None:
    assert "\x1b[" not in tool(*at(serve(ANSWER), *flags), stdout=Terminal(), **environ).out


def test_debug_shows_what_is_sent_and_received_with_its_times(serve: Serve, tool: Tool) -> None:
    server = serve(SLOW)
    ran = tool(*at(server, "--debug"))
    shown = [line.split(" ms ", 1) for line in ran.out.splitlines() if " ms > " in line or " ms < " in line]
    times = {text: float(at_ms) for at_ms, text in shown}
    assert times["> POST /v1/chat/completions HTTP/1.1"] == 0
    assert "> Authorization: Bearer sk-…4Knu" in times
    first, second = (f"< {text.decode().strip()}" for text in (token("Hello"), token(" world")))
    assert 90 < times[second] - times[first] < 150
    assert (ran.status, len(server.requests)) == (0, 1)
    assert KEY not in ran.out


def test_debug_over_tls_shows_plain_text_only(serve: Serve, tool: Tool, certificate: Path) -> None:
    ran = tool(*at(serve(ANSWER, tls=tls_context(certificate)), "--debug", "--insecure"))
    shown = [line.partition(" ms ")[2] for line in ran.out.splitlines() if " ms > " in line or " ms < " in line]
    assert shown[0] == "> POST /v1/chat/completions HTTP/1.1"
    assert "< data: [DONE]" in shown
    assert "\ufffd" not in ran.out


def test_debug_fails_as_its_request_does(serve: Serve, tool: Tool) -> None:
    ran = tool(*at(serve(NO_KEY), "--debug"))
    assert ran.status == 1
    assert '{"error": {"message": "invalid api key"}}' in ran.out


# Files.


@pytest.fixture
def run_of_four(serve: Serve, tool: Tool) -> Ran:
    """Three whole answers of different length and a refused one, with all files."""
    quick, slow = (chunked(token("你好"), wait_s, token("吗？"), DONE) for wait_s in (0.03, 0.12))
    return tool(*at(serve(quick, SLOW, NO_KEY, slow), "--requests", "4", *FILES))


def middle(values: list[float], share: float) -> float:
    """The percentile of three values by linear interpolation, from 50 % up."""
    low, high = sorted(values)[1:]
    return low + (high - low) * (share * 2 - 1)


def assert_stats(found: dict[str, Any], values: list[float]) -> None:
    """The figures of exactly three values."""
    mean = sum(values) / 3
    assert found == pytest.approx(
        {
            "count": 3,
            "mean": mean,
            "stddev": (sum((value - mean) ** 2 for value in values) / 2) ** 0.5,
            "min": min(values),
            "p50": middle(values, 0.5),
            "p90": middle(values, 0.9),
            "p95": middle(values, 0.95),
            "p99": middle(values, 0.99),
            "max": max(values),
        },
        abs=2e-6,
    )


def test_figures_of_the_summary_are_those_of_the_records(run_of_four: Ran) -> None:
    found, rows = summary(), records()
    ok = [row for row in rows if row["outcome"] == "ok"]
    for name in ("ttfb_ms", "ttft_ms", "ttfa_ms", "tpot_ms", "latency_ms", "streaming_ms", "max_gap_ms"):
        assert_stats(found["metrics"][name], [row[name] for row in ok])
    assert_stats(found["metrics"]["itl_ms"], [row["gaps_us"][0] / 1000 for row in ok])
    tokens_per_s = [row["output_tokens"] / row["streaming_ms"] * 1000 for row in ok]
    assert_stats(found["metrics"]["tokens_per_s"], tokens_per_s)
    assert found["metrics"]["connect_ms"]["count"] == 1
    assert found["metrics"]["tls_ms"]["count"] == 0
    assert found["metrics"]["tls_ms"]["p50"] is None


def test_counts_of_the_summary(run_of_four: Ran) -> None:
    found = summary()
    assert run_of_four.status == 1
    assert found["schema"] == "sse-perf-summary/1"
    assert found["requests"] == {"sent": 4, "ok": 3, "failed": 1, "cancelled": 0, "retried": 0, "left_early": 0}
    assert found["outcomes"] == {"ok": 3, "http_error": 1}
    assert found["errors"] == [
        {"outcome": "http_error", "message": "HTTP 401: invalid api key", "count": 1, "example_request": 3}
    ]
    # 你好吗 are three tokens by estimate, twice; the answer of two words came with its usage.
    assert found["tokens"] == {"output": 8, "prompt": 9, "source": "mixed", "left_early": 0}


def test_rates_and_seconds_of_the_summary(run_of_four: Ran) -> None:
    found, rows = summary(), records()
    begun_ns = json.loads(Path("run.jsonl").read_text(encoding="utf-8").splitlines()[0])["started_at_ns"]
    duration_s = max(row["started_at_ns"] - begun_ns + row["latency_ms"] * 1e6 for row in rows) / 1e9
    assert 0.25 < duration_s < 1
    assert found["duration_s"] == pytest.approx(duration_s, abs=2e-6)
    assert found["rates"]["requests_per_s"] == pytest.approx(4 / duration_s, abs=1e-3)
    assert found["rates"]["output_tokens_per_s"] == pytest.approx(8 / duration_s, abs=1e-3)
    assert found["rates"]["chunks_per_s"] == pytest.approx(6 / duration_s, abs=1e-3)
    (second,) = found["time_series"]
    assert (second["second"], second["requests_done"], second["requests_ok"], second["chunks"]) == (0, 4, 3, 6)
    assert second["success_rate"] == 0.75
    ok = [row["latency_ms"] for row in rows if row["outcome"] == "ok"]
    assert second["avg_latency_ms"] == pytest.approx(sum(ok) / 3)


def test_records_hold_a_line_for_each_request(run_of_four: Ran) -> None:
    rows = records()
    assert [row["request_id"] for row in rows] == [1, 2, 3, 4]
    assert [row["outcome"] for row in rows] == ["ok", "ok", "http_error", "ok"]
    assert [row["status"] for row in rows] == [200, 200, 401, 200]
    assert [row["output_tokens"] for row in rows] == [3, 2, None, 3]
    assert [row["token_source"] for row in rows] == ["estimate", "usage", None, "estimate"]
    assert [row["chunks"] for row in rows] == [2, 2, 0, 2]
    assert [row["query"] for row in rows] == ["你是谁"] * 4
    first, second, third, _ = rows
    assert 25 < first["gaps_us"][0] / 1000 < 60
    assert 95 < second["gaps_us"][0] / 1000 < 140
    assert third["error"] == "HTTP 401: invalid api key"
    assert all(
        row["started_at_ns"] >= before["started_at_ns"] + before["latency_ms"] * 1e6 - 1
        for before, row in pairwise(rows)
    )


def test_report_command_gives_the_same_figures_as_the_run(run_of_four: Ran, tool: Tool) -> None:
    live = summary()
    again = tool("report", "run.jsonl", "--json", "again.json", "--html-report", "again.html")
    assert again.status == 0
    assert json.loads(Path("again.json").read_text(encoding="utf-8")) == live
    assert "http_error" in Path("again.html").read_text(encoding="utf-8")
    assert again.facts["failed"] == "1"


def test_stream_of_another_format_than_the_url_says_is_read_and_warned_of(serve: Serve, tool: Tool) -> None:
    dify = chunked(
        event({"event": "message", "answer": "你好", "message_id": "m1", "conversation_id": "c1"}),
        event({"event": "message_end", "metadata": {"usage": {"prompt_tokens": 5, "completion_tokens": 2}}}),
    )
    ran = tool(*at(serve(dify), *FILES))
    (row,) = records()
    assert (row["outcome"], row["format"], row["output_tokens"]) == ("ok", "dify", 2)
    assert (ran.facts["conversation id"], ran.facts["message id"]) == ("c1", "m1")
    (warning,) = summary()["warnings"]
    assert "dify" in warning
    assert f"warning: {warning}" in ran.out
    tool("report", "run.jsonl", "--json", "again.json", "--html-report", "again.html")
    assert json.loads(Path("again.json").read_text(encoding="utf-8"))["warnings"] == [warning]


def test_default_report_has_the_model_in_its_name(serve: Serve, tool: Tool) -> None:
    tool("--url", serve(ANSWER).url(), "--api-key", KEY, "--model-name", "qwen2.5/7b")
    (report,) = Path("report").iterdir()
    assert report.name.startswith("report_qwen2.5_7b_20")
    assert report.suffix == ".html"


def test_key_stands_in_no_output(serve: Serve, tool: Tool) -> None:
    message = event({"error": {"message": f"bad key {KEY}"}})[6:-2]
    refused = sized(message, status="401 Unauthorized", kind=JSON)
    ran = tool(*at(serve(refused), "--requests", "2", "-H", f"X-Token: {KEY[::-1]}", *FILES))
    for text in (ran.out, ran.err, *(path.read_text(encoding="utf-8") for path in Path().glob("*.*"))):
        assert KEY not in text
        assert KEY[::-1] not in text
    assert "HTTP 401: bad key sk-…4Knu" in ran.out


def test_terminal_escapes_of_the_server_reach_no_output(serve: Serve, tool: Tool) -> None:
    evil = "\x1b[2J\x1b]0;owned\x07"
    answer = chunked(event({"id": evil, "choices": [{"delta": {"content": evil}, "finish_reason": evil}]}), DONE)
    error = sized(event({"error": {"message": evil}})[6:-2], status="401 Unauthorized", kind=JSON)
    for script, more in ((answer, []), (error, []), (error, ["--threads", "2"])):
        ran = tool(*at(serve(script), *more, *FILES))
        assert "\x1b" not in ran.out
        assert "\x07" not in ran.out
        assert "\x1b" not in Path("run.jsonl").read_text(encoding="utf-8")


# Flags and what they do.


def test_requests_is_the_total_over_all_threads(serve: Serve, tool: Tool) -> None:
    server = serve(chunked(token("a"), 0.02, DONE))
    tool(*at(server, "--requests", "5", "--threads", "2", *FILES))
    assert (len(server.requests), server.connections) == (5, 2)
    assert sorted(row["request_id"] for row in records()) == [1, 2, 3, 4, 5]
    assert {row["thread_id"] for row in records()} == {1, 2}


def test_threads_send_at_the_same_time_once_each(serve: Serve, tool: Tool) -> None:
    server = serve(SLOW)
    tool(*at(server, "--threads", "4", *FILES))
    rows = records()
    assert sorted(row["thread_id"] for row in rows) == [1, 2, 3, 4]
    assert max(row["started_at_ns"] for row in rows) < min(
        row["started_at_ns"] + row["latency_ms"] * 1e6 for row in rows
    )


def test_ramp_up_spreads_the_starts_of_the_threads(serve: Serve, tool: Tool) -> None:
    tool(*at(serve(ANSWER), "--threads", "3", "--ramp-up", "0.3", *FILES))
    starts_ns = sorted(row["started_at_ns"] for row in records())
    assert [round((start_ns - starts_ns[0]) / 1e8) for start_ns in starts_ns] == [0, 1, 2]


def test_duration_is_how_long_a_thread_sends_again_and_again(serve: Serve, tool: Tool) -> None:
    tool(*at(serve(SLOW), "--duration", "0.45", *FILES))
    rows = records()
    starts_ns = [row["started_at_ns"] for row in rows]
    assert 4 <= len(rows) <= 5  # of a little more than 0.1 s each; the last one is finished
    assert max(starts_ns) - min(starts_ns) < 0.45e9
    assert {row["outcome"] for row in rows} == {"ok"}


def test_requests_and_duration_end_the_run_by_what_comes_first(serve: Serve, tool: Tool) -> None:
    server = serve(ANSWER)
    began_s = time.monotonic()
    tool(*at(server, "--duration", "60", "--requests", "3"))
    assert len(server.requests) == 3
    assert time.monotonic() - began_s < 5


def test_timeouts_are_those_of_the_flags(serve: Serve, tool: Tool) -> None:
    stalling: list[Step] = [head("200 OK", "text/event-stream", "Transfer-Encoding: chunked"), chunk(token("a"))]
    assert tool(*at(serve(stalling), "--timeout", "0.2")).facts["outcome"] == "timeout"
    assert tool(*at(serve(stalling), "--idle-timeout", "0.2")).facts["outcome"] == "idle_timeout"


def test_retries_are_as_many_as_the_flag_says_and_are_shown(serve: Serve, tool: Tool) -> None:
    busy = sized(status="503 Busy")
    server = serve(busy, ANSWER)
    ran = tool(*at(server, "--retries", "1", *FILES))
    assert (ran.status, ran.facts["retries"], len(server.requests)) == (0, "1", 2)
    assert summary()["requests"]["retried"] == 1
    server = serve(busy, ANSWER)
    assert (tool(*at(server, "--retries", "0")).status, len(server.requests)) == (1, 1)


def test_certificate_flags(serve: Serve, tool: Tool, certificate: Path) -> None:
    tls = serve(ANSWER, tls=tls_context(certificate))
    assert tool(*at(tls)).facts["outcome"] == "tls_error"
    insecure = tool(*at(tls, "--insecure"))
    assert (insecure.status, insecure.err) == (0, "")
    assert tool(*at(tls, "--cacert", str(certificate))).status == 0


def test_queries_of_the_parameter_file_go_round_over_all_threads(serve: Serve, tool: Tool) -> None:
    Path("queries.txt").write_text("你好\n\nWho are you?\nhow\n", encoding="utf-8")
    server = serve(chunked(token("a"), 0.01, DONE))
    tool(*at(server, "--param-file", "queries.txt", "--threads", "2", "--requests", "6", *FILES))
    asked = [json.loads(request.body)["messages"][0]["content"] for request in server.requests]
    assert Counter(asked) == {"你好": 2, "Who are you?": 2, "how": 2}
    assert Counter(row["query"] for row in records()) == Counter(asked)


def test_keys_of_the_key_file_go_round_and_are_shown_nowhere(serve: Serve, tool: Tool) -> None:
    keys = ["sk-aaaaaaaaaaaaaaaaaaaa", "sk-bbbbbbbbbbbbbbbbbbbb"]
    Path("keys").write_text("\n".join(keys), encoding="utf-8")
    server = serve(ANSWER)
    ran = tool(*at(server, "--requests", "4", "--api-key-file", "keys", *FILES))
    sent = [request.header("Authorization") for request in server.requests]
    assert sent == [f"Bearer {key}" for key in keys * 2]
    for text in (ran.out, *(path.read_text(encoding="utf-8") for path in Path().glob("*.*"))):
        assert not any(key in text for key in keys)


AUTH = {
    "openai_chat": ("/v1/chat/completions", "Authorization", f"Bearer {KEY}"),
    "dify": ("/v1/chat-messages", "Authorization", f"Bearer {KEY}"),
    "anthropic": ("/v1/messages", "x-api-key", KEY),
    "gemini": ("/v1beta/models/gemini-pro:streamGenerateContent?alt=sse", "x-goog-api-key", KEY),
}


@pytest.mark.parametrize(("path", "name", "value"), AUTH.values(), ids=AUTH)
@pytest.mark.parametrize("key", [KEY, f"Bearer {KEY}"], ids=["bare", "Bearer"])
def test_key_goes_into_the_header_that_the_format_wants(
    serve: Serve, tool: Tool, path: str, name: str, value: str, key: str
) -> None:
    server = serve(ANSWER)
    tool("--url", server.url(path), "--api-key", key, "--html-report", "report.html")
    (request,) = server.requests
    assert request.header(name) == value
    assert request.head.count(KEY) == 1


def test_server_without_keys_gets_none(serve: Serve, tool: Tool) -> None:
    server = serve(ANSWER)
    tool("--url", server.url("/api/chat"), "--html-report", "report.html")
    assert server.requests[0].header("Authorization") is None


def test_body_of_dify_carries_query_user_and_conversation(serve: Serve, tool: Tool) -> None:
    server = serve(ANSWER)
    more = ("--query", "早", "--user", "me", "--conversation-id", "c9")
    tool(*at(server, *more, path="/v1/chat-messages"))
    assert json.loads(server.requests[0].body) == {
        "inputs": {"query": "早"},
        "query": "早",
        "response_mode": "streaming",
        "conversation_id": "c9",
        "user": "me",
        "files": [],
    }


def test_header_and_model_are_sent(serve: Serve, tool: Tool) -> None:
    server = serve(ANSWER)
    tool(*at(server, "-H", "X-Team: red", "--model", "qwen-max"))
    (request,) = server.requests
    assert request.header("X-Team") == "red"
    assert json.loads(request.body)["model"] == "qwen-max"


# Signals, and other ends of the process.

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts the tool as a process of its own in the test's directory; what still runs at the end is killed."""
    processes: list[subprocess.Popen[str]] = []

    def begin(*argv: str, **environ: str) -> subprocess.Popen[str]:
        command = [sys.executable, str(ROOT / "sse_perfTestTool.py"), *argv]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        given = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **environ}
        processes.append(subprocess.Popen(command, cwd=tmp_path, env=given, encoding="utf-8", **pipes))  # type: ignore[call-overload]
        return processes[-1]

    yield begin
    for process in processes:
        process.kill()
        process.communicate()


WHILE_RUNNING = ("--threads", "2", "--duration", "30", *FILES)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_first_signal_lets_answers_finish_and_writes_everything(
    serve: Serve, start: Start, tmp_path: Path, number: signal.Signals
) -> None:
    server = serve(chunked(token("a"), 0.3, token("b"), DONE))
    process = start(*at(server, *WHILE_RUNNING))
    server.seen(3, within_s=10)
    process.send_signal(number)
    out, err = process.communicate(timeout=10)
    assert (process.returncode, err) == (130, "")
    assert "stopping: " in out
    found = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    assert found["interrupted"] is True
    assert found["outcomes"] == {"ok": len(server.requests)}
    assert len(records(tmp_path / "run.jsonl")) == len(server.requests)
    assert (tmp_path / "report.html").stat().st_size > 1_000


def test_second_signal_ends_at_once(serve: Serve, start: Start, tmp_path: Path) -> None:
    server = serve([head("200 OK", "text/event-stream", "Transfer-Encoding: chunked"), chunk(token("a"))])
    process = start(*at(server, *WHILE_RUNNING))
    server.seen(2, within_s=10)
    process.send_signal(signal.SIGINT)
    assert process.stdout is not None
    while "stopping" not in process.stdout.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    began_s = time.monotonic()
    assert process.wait(timeout=5) == 130
    assert time.monotonic() - began_s < 1
    assert records(tmp_path / "run.jsonl") == []  # the header is there, and can be read


def test_killed_process_leaves_records_that_report_accepts(
    serve: Serve, start: Start, tool: Tool, tmp_path: Path
) -> None:
    server = serve(chunked(token("a"), 0.05, token("b"), DONE))
    process = start(*at(server, *WHILE_RUNNING))
    server.seen(7, within_s=10)
    process.kill()
    process.wait(timeout=5)
    ran = tool("report", "run.jsonl", "--html-report", "again.html", "--json", "again.json")
    assert ran.status == 0
    found = json.loads((tmp_path / "again.json").read_text(encoding="utf-8"))
    assert found["requests"]["ok"] == found["requests"]["sent"] == len(records(tmp_path / "run.jsonl"))
    assert 5 <= found["requests"]["ok"] <= len(server.requests)


def test_reader_that_has_seen_enough_does_not_break_the_run(serve: Serve, start: Start, tmp_path: Path) -> None:
    process = start(*at(serve(SLOW), "--threads", "2", "--duration", "1.2", *FILES))
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline() == "SSE performance test\n"
    process.stdout.close()
    assert process.wait(timeout=10) == 0
    assert process.stderr.read() == ""
    found = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    assert found["requests"]["ok"] == found["requests"]["sent"] >= 10


def test_terminal_that_lacks_characters_does_not_break_the_run(serve: Serve, start: Start) -> None:
    process = start(*at(serve(ANSWER), "--lang", "zh"), PYTHONIOENCODING="ascii")
    out, err = process.communicate(timeout=10)
    assert (process.returncode, err) == (0, "")
    assert "chatcmpl-1" in out


def test_help_answers_without_what_only_a_run_needs() -> None:
    show = r"print(*sys.modules, sep='\n', file=sys.stderr)"
    code = f"import sys; from sse_perf_tool.cli import main; main(['--help']); {show}"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT / "src", capture_output=True, text=True, check=True)
    loaded = set(done.stderr.split())
    needless = {"requests", "urllib3", *(f"sse_perf_tool.{name}" for name in ("arguments", "metrics", "wire"))}
    assert "--threads" in done.stdout
    assert not loaded & needless
