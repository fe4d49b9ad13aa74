"""The files of the page, and the page that documents the API."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sse_perf_tool.flags import CAPACITY_FLAGS, FLAGS
from sse_perf_tool.report_parts.page import build_page
from studio_server import Studio, running


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    with running(tmp_path_factory.mktemp("studio")) as found:
        yield found


@pytest.fixture
def pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "index.html").write_text("<!doctype html>page")
    (tmp_path / "views").mkdir()
    (tmp_path / "views" / "run.js").write_text("run()")
    (tmp_path / "secret.py").write_text("")
    monkeypatch.setattr("sse_perf_tool.studio.routes.page_files.PAGES", tmp_path)
    return tmp_path


def test_the_page_is_served_under_every_path_of_its_own(shared: Studio, pages: Path) -> None:
    for path in ("/", "/history", "/result/bench_1", "/?x=1"):
        answer = shared.ask("GET", path)
        assert (answer.status, answer.body) == (200, b"<!doctype html>page"), path
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
    for path in ("/api/nothing", "/x.php", "/static/", "/docs/x"):
        assert shared.ask("GET", path).code == "not_found", path


def test_files_are_served_with_their_type_and_not_again_when_they_are_known(shared: Studio, pages: Path) -> None:
    answer = shared.ask("GET", "/static/views/run.js")
    assert (answer.status, answer.body) == (200, b"run()")
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    tag = answer.headers["etag"]
    assert answer.headers["cache-control"] == "no-cache"
    again = shared.ask("GET", "/static/views/run.js", headers={"If-None-Match": f'"other", W/{tag}'})
    assert (again.status, again.body) == (304, b"")
    (pages / "views" / "run.js").write_text("run(2)")
    assert shared.ask("GET", "/static/views/run.js", headers={"If-None-Match": tag}).status == 200
    for name in ("secret.py", "views", "nothing.js"):
        assert shared.ask("GET", f"/static/{name}").status == 404, name


def test_the_colours_are_those_that_reports_hold(shared: Studio) -> None:
    answer = shared.ask("GET", "/static/palette.css")
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    page, _ = build_page("<style>{{style}}</style>", {}, {}, scripts=[])
    assert answer.body.decode() in page.decode()


def test_the_documentation_has_every_operation_and_needs_no_other_host(shared: Studio) -> None:
    page = shared.ask("GET", "/docs").body.decode()
    document = shared.get("/openapi.json")
    for path, methods in document["paths"].items():
        for method in methods:
            assert f"{method.upper()} {path}" in page
    assert re.findall(r"(?:src|href)=\"([^\"]+)\"", page) == ["docs.css", "openapi.json"]
    assert "://" not in page
    assert shared.ask("GET", "/docs.css").headers["content-type"].startswith("text/css")


def test_the_flags_of_a_load_are_those_of_the_command_line_with_their_help(shared: Studio) -> None:
    flags = {flag["key"]: flag for flag in shared.get("/api/flags?command=run&lang=zh")["flags"]}
    assert flags["threads"]["name"] == "--threads"
    assert flags["threads"]["default"] == 1
    assert "并发" in flags["threads"]["help"]
    assert (flags["no_stream"]["switch"], flags["threshold"]["repeat"]) == (True, True)
    assert not {"records", "json", "html_report", "api_key", "url", "config", "cacert", "param_file"} & flags.keys()
    assert flags.keys() <= {flag.key for flag in FLAGS}
    search = {flag["key"] for flag in shared.get("/api/flags?command=capacity")["flags"]}
    assert {"slo", "max", "step_duration"} <= search <= {flag.key for flag in CAPACITY_FLAGS}
    assert shared.ask("GET", "/api/flags?command=bench").status == 422
