"""The console of the whole tool: colours, warnings, names of reports, closed streams."""

from __future__ import annotations

import io
import json
import os
import re
import runpy
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from command_lines import ROOT
from console_output import HALFWAY, LANGUAGES, TEN_SECONDS
from patience import FOREVER_S
from scripted_server import ANSWER, Serve, head, sized
from sse_perf_tool import __version__, cli
from sse_perf_tool.arguments import output_paths, parse_arguments
from sse_perf_tool.commands import report
from sse_perf_tool.commands.outputs import printed
from sse_perf_tool.commands.setup import console_of
from sse_perf_tool.records import IntervalSample
from tool_runs import KEY, SCRIPT, Terminal, Tool, at, summary

# The whole tool.


@pytest.mark.parametrize(
    ("flags", "environ", "colours", "progress"),
    [
        ([], {}, True, True),
        ([], {"NO_COLOR": ""}, True, True),
        ([], {"NO_COLOR": "1"}, False, True),
        (["--no-color"], {}, False, True),
        ([], {"TERM": "dumb"}, False, False),
    ],
)
@pytest.mark.usefixtures("tool")
def test_a_terminal_gets_colours_and_a_progress_line_unless_told_otherwise(
    flags: list[str], environ: dict[str, str], *, colours: bool, progress: bool
) -> None:
    arguments = parse_arguments(["--api-key", KEY, *flags], environ)
    texts = []
    for stream in (Terminal(), io.StringIO()):
        console = console_of(arguments, cli.Environment(stream, stream, environ))
        console.row(IntervalSample(2), HALFWAY, TEN_SECONDS)
        texts.append(stream.getvalue())
    assert ("\x1b[1m" in texts[0], "\x1b[K" in texts[0]) == (colours, progress)
    assert "\x1b" not in texts[1], "a pipe never gets any"


def test_a_single_request_says_what_it_warns_of_once(serve: Serve, tool: Tool) -> None:
    ran = tool(*at(serve(ANSWER), "--request-body-file", "no.json"))
    assert ran.out.count("warning: ") == 1


def test_several_requests_say_at_the_end_again_what_they_warned_of(serve: Serve, tool: Tool) -> None:
    ran = tool(*at(serve(ANSWER), "--request-body-file", "no.json", "--requests", "2"))
    assert ran.out.count("warning: ") == 2


def test_a_warning_of_the_answer_itself_is_said_for_a_single_request_too(serve: Serve, tool: Tool) -> None:
    ran = tool(*at(serve(ANSWER), path="/v1/chat-messages"))
    assert "warning: the URL looks like dify, but the answers are openai_chat and were read so" in ran.out


def test_debug_says_which_format_the_url_speaks_for(serve: Serve, tool: Tool) -> None:
    ran = tool(*at(serve(ANSWER), "--debug"))
    assert "  Format            openai_chat (auto, from the URL)\n" in ran.out
    assert "  Load              1 request\n" in ran.out


def test_report_says_the_format_that_most_answers_had(serve: Serve, tool: Tool) -> None:
    broken = sized(b"no", status="500 Broken")
    server = serve(broken, ANSWER, broken, broken)
    tool(*at(server, "--requests", "4", "--retries", "0", "--records", "run.jsonl", path="/gateway"))
    ran = tool("report", "run.jsonl", "--html-report", "again.html")
    assert "  Format            openai_chat (auto)\n" in ran.out


def test_report_of_a_run_without_answers_knows_no_format(serve: Serve, tool: Tool) -> None:
    tool(*at(serve(sized(b"no", status="401 No")), "--records", "run.jsonl", path="/gateway"))
    ran = tool("report", "run.jsonl", "--html-report", "again.html")
    assert "  Format            auto: detected from the stream\n" in ran.out


def test_a_redirect_that_loses_the_body_is_named_when_the_answer_is_none(serve: Serve, tool: Tool) -> None:
    moved = [head("302 Found", "text/plain", "Location: /elsewhere", "Content-Length: 0")]
    server = serve(moved, sized(b"", status="405 Method Not Allowed"))
    ran = tool(*at(server, "--retries", "0"))
    said = (
        f"HTTP 405: Method Not Allowed (redirected to {server.url('/elsewhere')}) "
        "(a redirect had turned the POST into a GET: give the final URL)"
    )
    assert said in " ".join(ran.out.split())


def test_https_to_a_port_without_it_is_one_plain_line(serve: Serve, tool: Tool) -> None:
    server = serve([], greeting=[0.05, b"HTTP/1.1 400 Bad Request\r\n\r\n"])
    ran = tool("--url", server.url().replace("http:", "https:"), "--api-key", KEY, "--html-report", "report.html")
    place = f"127.0.0.1:{server.port}"
    assert re.search(rf"the TLS connection to {place} failed: [a-z ]+; does this port speak https\?\n", ran.out)


@LANGUAGES
def test_the_demo_without_its_packages_says_how_to_get_them(
    tool: Tool, monkeypatch: pytest.MonkeyPatch, lang: str
) -> None:
    monkeypatch.delitem(sys.modules, "sse_perf_tool.chat_server.run", raising=False)
    monkeypatch.setitem(sys.modules, "sse_perf_tool.chat_server.settings", None)
    ran = tool("--demo", "--lang", lang)
    assert (ran.status, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert 'pip install "sse-perf-tool[server]"' in ran.err
    assert ("目录" in ran.err) is (lang == "zh")


# Names of reports.


def test_an_unused_name_is_counted_up_and_taken(tmp_path: Path) -> None:
    names = [output_paths.unused(tmp_path / "report_gpt-4.1_x.html").name for _ in range(3)]
    assert names == ["report_gpt-4.1_x.html", "report_gpt-4.1_x_2.html", "report_gpt-4.1_x_3.html"]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)


def test_a_folder_that_has_gone_leaves_the_name_as_it_is(tmp_path: Path) -> None:
    assert output_paths.unused(tmp_path / "gone" / "report.html") == tmp_path / "gone" / "report.html"


def test_two_reports_of_the_same_second_do_not_overwrite_each_other(serve: Serve, tool: Tool) -> None:
    tool(*at(serve(ANSWER), "--records", "run.jsonl"))
    again = [parse_arguments(["report", "run.jsonl"], {}, lambda: datetime(2025, 3, 4)) for _ in range(2)]
    said = io.StringIO()
    for arguments in again:
        assert report.main(arguments, cli.Environment(said, said, {})) == 0
    names = ["report_20250304_000000.html", "report_20250304_000000_2.html"]
    assert sorted(path.name for path in Path("report").iterdir()) == names
    assert re.findall(r"report/(\S+)", said.getvalue()) == names
    assert min(path.stat().st_size for path in Path("report").iterdir()) > 1_000


def test_a_report_that_was_named_is_written_over(serve: Serve, tool: Tool) -> None:
    Path("report.html").write_text("old", encoding="utf-8")
    tool(*at(serve(ANSWER)))
    assert Path("report.html").stat().st_size > 1_000
    assert not Path("report_2.html").exists()


# Processes.

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a command in the test's directory; what still runs at the end is killed."""
    processes: list[subprocess.Popen[str]] = []

    def begin(*command: str) -> subprocess.Popen[str]:
        environ = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        processes.append(subprocess.Popen(command, cwd=tmp_path, env=environ, encoding="utf-8", **pipes))  # type: ignore[call-overload]
        return processes[-1]

    yield begin
    for process in processes:
        process.kill()
        process.communicate()


@pytest.mark.skipif(os.name != "posix", reason="a shell closes the streams")
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_closed_streams_are_no_reason_to_stop(serve: Serve, start: Start, tmp_path: Path, closed: str) -> None:
    arguments = at(serve(ANSWER), "--json", "run.json")
    process = start("sh", "-c", f'"$@" {closed}', "sh", sys.executable, SCRIPT, *arguments)
    _, err = process.communicate(timeout=FOREVER_S)
    assert (process.returncode, err) == (0, "")
    assert (tmp_path / "run.json").stat().st_size > 100


def test_ctrl_c_while_the_imports_are_under_way_is_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupting:
        @staticmethod
        def find_spec(name: str, *_: object) -> None:
            if name == "sse_perf_tool.cli":
                raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, "sse_perf_tool.cli")
    monkeypatch.setattr(sys, "meta_path", [Interrupting, *sys.meta_path])
    monkeypatch.setattr(sys, "path", list(sys.path))
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(SCRIPT, run_name="__main__")
    assert ended.value.code == 130


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_debug_ends_with_its_closing_block(serve: Serve, start: Start, number: signal.Signals) -> None:
    server = serve([head("200 OK", "text/event-stream", "Transfer-Encoding: chunked")])
    process = start(sys.executable, SCRIPT, *at(server, "--debug"))
    assert process.stdout is not None
    while "Transfer-Encoding: chunked" not in (line := process.stdout.readline()):
        assert line, "it ended before the head of the answer came"
    process.send_signal(number)
    out, err = process.communicate(timeout=FOREVER_S)
    assert (process.returncode, err) == (130, "")
    assert "  outcome           cancelled\n" in out


# Standard output, and the other doors.


def test_json_on_standard_output_is_alone_there(serve: Serve, tool: Tool) -> None:
    ran = tool("--url", serve(ANSWER).url(), "--api-key", KEY, "--no-report", "--json", "-", "--requests", "2")
    assert json.loads(ran.out)["requests"]["ok"] == 2
    assert "SSE performance test" in ran.err
    assert not Path("report").exists()


def test_csv_of_a_search_on_standard_output_is_in_utf_8_whatever_the_console_takes() -> None:
    bytes_out = io.BytesIO()
    environment = cli.Environment(io.TextIOWrapper(bytes_out, "ascii"), io.StringIO(), {})
    printed("你是谁".encode(), environment.with_document)
    assert bytes_out.getvalue().decode() == "你是谁"


def test_a_server_without_a_path_is_asked_and_then_tested(serve: Serve, tool: Tool) -> None:
    server = serve(sized(b'{"data": [{"id": "m"}]}', kind="application/json"), ANSWER)
    ran = tool(f"127.0.0.1:{server.port}", "--no-report", "--json", "run.json")
    assert [request.line.split()[:2] for request in server.requests[:2]] == [
        ["GET", "/v1/models"],
        ["POST", "/v1/chat/completions"],
    ]
    assert "  Found             /v1/chat/completions, model m (GET /v1/models)\n" in ran.out
    assert (ran.status, summary()["requests"]["ok"]) == (0, 1)


def test_the_package_is_a_command_of_its_own() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sse_perf_tool", "--version"], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )  # fmt: skip
    assert done.stdout == f"sse_perf_tool {__version__}\n"
