"""A run from the command line: its exit status, and what the console shows of it."""

from __future__ import annotations

import json
import re
from functools import partial
from pathlib import Path

import pytest

from patience import undisturbed
from scripted_server import ANSWER, CLOSE, DONE, Serve, chunked, tls_context, token
from sse_perf_tool import __version__
from sse_perf_tool.compiled import PURE
from sse_perf_tool.records import Host
from tool_runs import FILES, KEY, NO_KEY, SLOW, Ran, Terminal, Tool, at, records, summary

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
def test_output_that_cannot_be_written_costs_only_itself(serve: Serve, tool: Tool) -> None:
    server = serve(ANSWER)
    ran = tool("--url", server.url(), "--api-key", KEY, "--html-report", "/dev/full", *FILES)
    assert ran.status != 0
    assert "/dev/full: cannot be written: No space left on device" in ran.err
    assert summary()["requests"]["ok"] == 1


def test_version_and_help_need_nothing_else(tool: Tool) -> None:
    assert tool("--version") == (0, f"sse_perfTestTool.py {__version__}\n", "")
    assert tool("--help").out.startswith("Usage: sse_perfTestTool.py [URL] [flags]\n")


def test_unknown_flag_is_one_line_with_the_closest_one(tool: Tool) -> None:
    ran = tool("--thread", "3")
    assert (ran.status, ran.out) == (2, "")
    assert ran.err == "sse_perfTestTool.py: --thread: no such flag; did you mean --threads?\n"


def test_demo_tests_the_embedded_server(tool: Tool, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sse_starlette", reason="the embedded server needs the extra [server]")
    from sse_perf_tool.chat_server import run as chat_server

    monkeypatch.setattr(chat_server, "Settings", partial(chat_server.Settings, token_delay_s=0.002))
    ran = tool("--demo", "--threads", "2", "--requests", "4", "--html-report", "report.html", *FILES)
    assert ran.status == 0
    rows = records()
    assert len(rows) == 4
    assert {(row["outcome"], row["format"], row["token_source"]) for row in rows} == {("ok", "dify", "usage")}


# Console.


@undisturbed
def test_single_request_shows_its_course_and_closing_block(serve: Serve, tool: Tool) -> None:
    ran = tool(*at(serve(SLOW), "--query", "What is SSE?"))
    course, _, closing = ran.out.partition("Answer\n")
    rows = course.splitlines()[-3:-1] if not course.splitlines()[-1] else course.splitlines()[-2:]
    rows_at = [row.split()[0] for row in rows]
    assert [line.split()[0] for line in course.splitlines() if line] == [
        "SSE", "Target", "Format", "Query", "Load", "HTTP", "TTFB", "TTFT", "at", *rows_at,
    ]  # fmt: skip
    assert [row.split()[1] for row in rows] == ["1", "2"], "a row a block"
    assert "What is SSE?" in course
    facts = Ran(0, closing, "").facts
    assert {name: facts[name] for name in ("outcome", "message id", "finish reason", "chunks", "length", "tokens")} == {
        "outcome": "ok",
        "message id": "chatcmpl-1",
        "finish reason": "stop",
        "chunks": "2",
        "length": "11 characters",
        "tokens": "2 (reported by the server)",
    }
    milliseconds = {name: float(facts[name].removesuffix(" ms")) for name in ("TTFT", "streaming", "total", "TPOT")}
    assert milliseconds["TTFT"] < 60
    assert 90 < milliseconds["TPOT"] < 150
    assert milliseconds["TPOT"] <= milliseconds["streaming"] <= milliseconds["total"] < 300
    assert 13 < float(facts["throughput"].removesuffix(" tokens/s")) < 22.3  # 2 tokens in 0.09 to 0.15 s


@undisturbed
def test_single_request_shows_a_row_a_second_until_its_first_block(serve: Serve, tool: Tool) -> None:
    ran = tool(*at(serve(chunked(1.1, token("a"), 1.1, token("b"), DONE))))
    assert [line.split() for line in ran.out.splitlines() if re.search("0:0[12]", line)] == [
        ["0:01", "1/1", "0", "-", "-", "-", "0", "-"]
    ]


@undisturbed
def test_several_threads_show_a_row_a_second_and_a_summary(serve: Serve, tool: Tool) -> None:
    ran = tool(*at(serve(SLOW), "--threads", "3", "--duration", "1.1"))
    table_head, row = [line.split() for line in ran.out.splitlines() if "success" in line or "0:01" in line][:2]
    assert " ".join(table_head) == "time threads chunks TTFT ms avg resp ms TPOT ms tokens/s success"
    assert row[:2] + row[-2:] == ["0:01", "3/3", "100", "%"]
    blocks, ttft_ms, latency_ms, tpot_ms, tokens_per_s = map(float, row[2:7])
    assert 0 < ttft_ms < 60
    assert 40 <= blocks <= 63  # at most 10 answers of 2 blocks a thread, and a first one under way
    assert 100 <= latency_ms < 150
    assert 90 < tpot_ms < 150
    assert tokens_per_s == blocks
    assert ran.facts["threads"] == "3"
    assert ran.facts["success"] == "100 %"
    assert int(ran.facts["chunks"]) == 2 * int(ran.facts["ok"])


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
    assert ran.facts["success"] == "100 %"


@undisturbed
def test_terminal_gets_colours_and_the_time_left(serve: Serve, tool: Tool) -> None:
    ran = tool(*at(serve(SLOW), "--duration", "1.1"), stdout=Terminal())
    assert "\x1b[32m" in ran.out
    assert "0:00 left" in ran.out


@pytest.mark.parametrize(("flags", "environ"), [(["--no-color"], {}), ([], {"NO_COLOR": "1"})])
def test_no_colours_where_they_are_not_wanted(
    serve: Serve, tool: Tool, flags: list[str], environ: dict[str, str]
) -> None:
    out = tool(*at(serve(ANSWER), *flags), stdout=Terminal(), **environ).out
    assert re.search(r"\x1b\[[\d;]*m", out) is None, "what it is at may be erased, nothing is coloured"


@undisturbed
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


@pytest.mark.parametrize(("lang", "shown"), [("en", "Reading thread    Python"), ("zh", "读取线程          Python 版")])
def test_debug_and_the_json_say_which_thread_reads(
    serve: Serve, tool: Tool, monkeypatch: pytest.MonkeyPatch, lang: str, shown: str
) -> None:
    monkeypatch.setenv(PURE, "1")
    server = serve(ANSWER)
    assert shown in [line.strip() for line in tool(*at(server, "--debug", "--lang", lang)).out.splitlines()]
    tool(*at(server, "--json", "run.json", "--no-compression-check"))
    config = json.loads(Path("run.json").read_text(encoding="utf-8"))["config"]
    assert config["reader"] == "python"
    assert config["host_info"].endswith(" CPUs, python reader")
    assert config["host"]["reader"] == "python"
    assert config["host_info"] == Host(**config["host"]).line


def test_debug_fails_as_its_request_does(serve: Serve, tool: Tool) -> None:
    ran = tool(*at(serve(NO_KEY), "--debug"))
    assert ran.status == 1
    assert '{"error": {"message": "invalid api key"}}' in ran.out
