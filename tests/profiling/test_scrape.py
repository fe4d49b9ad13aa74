"""A page is fetched within bounds of time and size, and why there is none is said without the URL."""

from __future__ import annotations

import base64
import time

import pytest

from patience import FOREVER_S, PROMPT_S
from requests_to_server import redirect
from scripted_server import RESET, Script, Serve, chunked, head, sized
from sse_perf_tool.profiling import scrape
from sse_perf_tool.profiling.scrape import ScrapeError, Scraper

PLAIN = "text/plain; version=0.0.4"


def failure(serve: Serve, script: Script) -> str:
    with pytest.raises(ScrapeError) as caught:
        Scraper(serve(script).url("/metrics?key=s3cr3t-value")).page()
    assert "s3cr3t" not in str(caught.value)
    return str(caught.value)


def test_a_page_comes_over_one_connection(serve: Serve) -> None:
    server = serve(sized(b"a 1\n", kind=PLAIN), chunked(b"b 1\n", b"b 2\n", kind=PLAIN))
    scraper = Scraper(server.url("/metrics"))
    assert [scraper.page(), scraper.page()] == ["a 1\n", "b 1\nb 2\n"]
    assert server.connections == 1
    assert server.requests[0].header("Accept") == "text/plain;version=0.0.4, */*;q=0.1"


def test_user_and_password_of_the_url_become_a_header(serve: Serve) -> None:
    server = serve(sized(b""))
    Scraper(server.url("/metrics").replace("//", "//me:p%40ss@")).page()
    assert server.requests[0].header("Authorization") == "Basic " + base64.b64encode(b"me:p@ss").decode()
    assert server.requests[0].line == "GET /metrics HTTP/1.1"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (sized(b"no", status="404 Not Found"), "HTTP 404"),
        (redirect("302 Found"), "HTTP 302"),
        ([RESET], "ProtocolError"),
        ([b"what\r\n\r\n"], "ProtocolError"),
    ],
)
def test_what_is_no_page_is_said_in_a_word(serve: Serve, script: Script, said: str) -> None:
    assert failure(serve, script) == said


def test_a_page_that_is_too_large_is_not_read(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scrape, "MOST_BYTES", 1 << 20)
    assert failure(serve, sized(b"x" * (3 << 20))) == "more than 1 MB"


def test_a_page_that_drips_is_left(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scrape, "WHOLE_S", 0.3)
    drip = [head("200 OK", PLAIN, "Content-Length: 600"), *[step for _ in range(600) for step in (b"x", 0.1)]]
    begin_s = time.monotonic()
    assert failure(serve, drip) == "took over 0.3 s"
    assert time.monotonic() - begin_s < PROMPT_S


def test_a_server_that_says_nothing_is_left(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scrape, "WHOLE_S", 0.2)
    assert failure(serve, [FOREVER_S]) == "no answer in time"


def test_nobody_listens(serve: Serve) -> None:
    server = serve([])
    server.stop()
    with pytest.raises(ScrapeError, match=r"^no connection$"):
        Scraper(server.url("/metrics")).page()
