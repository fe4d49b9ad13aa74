"""`run_load` and `read_run`: the same run as on the command line, as a result."""

from __future__ import annotations

import io
import json
import threading
from pathlib import Path

import pytest

from patience import FOREVER_S
from scripted_server import ANSWER, Serve, chunked, sized, token
from sse_perf_tool import UsageError, generate_html_report, read_records, read_run, run_load, summary_document
from sse_perf_tool.api import load
from sse_perf_tool.commands import run as run_command
from tool_runs import KEY, NO_KEY

pytestmark = pytest.mark.usefixtures("own_folder")


def test_a_run_gives_its_result_and_leaves_no_file_behind(serve: Serve, capsys: pytest.CaptureFixture[str]) -> None:
    result = run_load(url=serve(ANSWER, NO_KEY, ANSWER).url(), api_key=KEY, requests=3)
    assert (result.summary.sent, result.summary.ok, result.summary.failed) == (3, 2, 1)
    assert "invalid api key" in result.summary.errors[0].message
    assert list(Path().iterdir()) == []
    assert capsys.readouterr() == ("", "")


def test_flags_mean_what_they_mean_on_the_command_line(serve: Serve) -> None:
    server = serve(ANSWER)
    result = run_load(
        url=server.url(),
        api_key=KEY,
        header={"X-Team": "search", "X-Run": "7"},
        model="m-1",
        retries=0,
        threshold=["errors:rate<1%", "requests:count>5"],
        quiet=False,
        query=None,
        html_report=Path("page.html"),
        no_color=True,
    )
    (request,) = server.requests
    assert (request.header("X-Team"), request.header("X-Run")) == ("search", "7")
    assert json.loads(request.body)["model"] == "m-1"
    assert result.config.flags["retries"] == 0
    assert [each.ok for each in result.thresholds] == [True, False]
    assert result.missed
    assert Path("page.html").stat().st_size > 1000


def test_what_the_console_shows_goes_where_it_is_wanted(serve: Serve) -> None:
    shown = io.StringIO()
    run_load(url=serve(ANSWER).url(), api_key=KEY, requests=2, lang="zh", output=shown)
    assert "耗时" in shown.getvalue() or "成功" in shown.getvalue()


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        ({"thread": 2}, "--thread: no such flag; did you mean --threads?"),
        ({"threads": 0}, "--threads 0: give a whole number from 1 to 100000"),
        ({"threads": True}, "--threads true: give a whole number from 1 to 100000"),
        ({"demo": "yes"}, "--demo: takes no value; write it alone"),
        ({"debug": True, "api_key": KEY}, "run_load: --debug, --help, --print-config and --version show something"),
        ({"help": True}, "run_load: --debug, --help, --print-config and --version show something"),
    ],
)
def test_what_the_command_line_refuses_is_refused(flags: dict[str, object], line: str) -> None:
    with pytest.raises(UsageError) as caught:
        run_load(**flags)  # type: ignore[arg-type]
    assert str(caught.value).startswith(line)


def test_no_variable_of_the_environment_counts(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSE_PERF_REQUESTS", "4")
    monkeypatch.setenv("SSE_PERF_LANG", "zh")
    result = run_load(url=serve(ANSWER).url(), api_key=KEY)
    assert (result.summary.sent, result.config.lang) == (1, "en")


def test_there_is_one_process_unless_more_are_asked_for(serve: Serve) -> None:
    url = serve(ANSWER).url()
    Path("run.json").write_text('{"processes": 2, "threads": 2, "requests": 4}')
    assert run_load(url=url, api_key=KEY, threads=300, requests=1).config.processes == 1
    assert run_load(url=url, api_key=KEY, batch=2, requests=2).config.processes == 1
    result = run_load(url=url, api_key=KEY, config="run.json")
    assert (result.config.processes, result.summary.ok) == (2, 4)


def test_it_may_be_called_on_any_thread(serve: Serve) -> None:
    url, found = serve(ANSWER).url(), []
    caller = threading.Thread(target=lambda: found.append(run_load(url=url, api_key=KEY, requests=2)))
    caller.start()
    caller.join(FOREVER_S)
    assert [result.summary.ok for result in found] == [2]


def test_ctrl_c_ends_the_run_and_goes_on_to_the_caller(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = threading.Event()

    class Interrupted(run_command.LoadRun):
        def run(self, *_callbacks: object) -> None:  # type: ignore[override]
            raise KeyboardInterrupt

        def stop(self) -> None:
            stopped.set()

    monkeypatch.setattr(run_command, "LoadRun", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_load(url=serve(ANSWER).url(), api_key=KEY)
    assert stopped.is_set()


def test_a_file_that_could_not_be_written_is_said(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = sized(b"{}", status="400 Bad Request", kind="application/json")
    Path("some").mkdir()
    server = serve(answer)

    def gone(*arguments: object) -> object:
        Path("some").rmdir()
        return finished(*arguments)  # type: ignore[arg-type]

    finished = run_command.finished_run
    monkeypatch.setattr(load, "finished_run", gone)
    result = run_load(url=server.url(), api_key=KEY, json="some/run.json")
    assert (result.summary.failed, result.warnings[-1].split(": ", 1)[1][:13]) == (1, "some/run.json")
    assert "cannot be written" in result.warnings[-1]


def test_a_run_is_read_back_from_its_records(serve: Serve) -> None:
    servers = serve(ANSWER, chunked(token("Hello")), ANSWER)
    result = run_load(url=servers.url(), api_key=KEY, requests=3, records="run.jsonl", threshold="errors:rate<1%")
    again = read_run("run.jsonl")
    now, then = summary_document(result), summary_document(again)
    assert then["metrics"] == now["metrics"]
    assert then["requests"] == now["requests"]
    assert [each.ok for each in again.thresholds] == [False]
    records = list(read_records("run.jsonl"))
    assert [record.request_id for record in records] == [1, 2, 3]
    assert sum(record.latency_ns for record in records if not record.error) > 0
    with pytest.raises(UsageError, match=r"none\.jsonl"):
        read_run("none.jsonl")


def test_the_page_of_a_run_has_all_of_its_warnings_in_both_languages(serve: Serve, tmp_path: Path) -> None:
    result = run_load(url=serve(ANSWER).url(), api_key=KEY, simple=True, threads=3)
    generate_html_report(result, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    english = "--threads: not used, --simple sends one request"
    assert f'<span lang="en">{english}</span><span lang="zh">--threads：未使用，--simple 只发送一个请求</span>' in page
