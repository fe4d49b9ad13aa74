"""Proxies of the environment."""

from __future__ import annotations

import pytest

from requests_to_server import ask, failing, target_of
from scripted_server import ANSWER, Serve
from sse_perf_tool.errors import UsageError
from sse_perf_tool.load.run import LoadRun
from sse_perf_tool.masking import Masker
from sse_perf_tool.providers import Query, QueryProvider
from sse_perf_tool.records import Outcome, RunConfig
from sse_perf_tool.request.body import BodyBuilder
from sse_perf_tool.request.proxy import proxies_of
from sse_perf_tool.request.target import Target


def target_at(url: str) -> Target:
    return Target(url, BodyBuilder(), QueryProvider([Query("q")]), Masker(()))


def test_proxy_of_the_environment_is_used(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = serve(ANSWER)
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
    record = ask(proxy, url="http://somewhere.invalid/v1/chat/completions")
    assert record.outcome is Outcome.OK
    assert proxy.requests[0].line == "POST http://somewhere.invalid/v1/chat/completions HTTP/1.1"


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_proxy_that_is_not_there_is_named(serve: Serve, monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    proxy = serve()
    proxy.stop()
    monkeypatch.setenv(f"{scheme}_proxy", f"http://127.0.0.1:{proxy.port}")
    record = ask(proxy, url=f"{scheme}://somewhere.invalid/v1/chat/completions")
    assert record.outcome is Outcome.CONNECT_ERROR
    assert record.error == f"no connection to the proxy http://127.0.0.1:{proxy.port}: Connection refused"


BROKEN = [
    "http://",
    "http://:8080",
    "socks5://127.0.0.1:1080",
    "ftp://proxy:21",
    "http://proxy:port",
    "://",
    "http://[::1",
]


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("proxy", BROKEN)
def test_an_address_that_is_no_proxy_is_told_before_the_run(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, proxy: str, lang: str
) -> None:
    server = serve(ANSWER)
    monkeypatch.setenv("HTTP_PROXY", proxy)
    monkeypatch.delenv("http_proxy", raising=False)
    target = target_of(server, url="http://somewhere.invalid/v1/chat/completions", lang=lang)
    for processes in (1, 2):
        with pytest.raises(UsageError) as told:
            LoadRun(target, RunConfig(threads=2, requests=2, processes=processes))
        assert str(told.value).startswith(f"HTTP_PROXY={proxy}")
        assert "somewhere.invalid" in str(told.value)
    assert server.requests == []


def test_a_password_in_a_broken_proxy_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "ftp://user:geheim@proxy")
    with pytest.raises(UsageError) as told:
        proxies_of(target_at("http://somewhere.invalid/"))
    assert "geheim" not in str(told.value)


def test_a_broken_proxy_for_others_is_none_of_our_business(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://:1")
    assert proxies_of(target_at("http://somewhere.invalid/"))["https"] == "http://:1"
    monkeypatch.setenv("http_proxy", "http://:1")
    monkeypatch.setenv("no_proxy", "somewhere.invalid")
    assert proxies_of(target_at("http://somewhere.invalid/")) == {}


def test_proxy_that_refuses_the_tunnel_is_called_a_proxy(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = serve(failing("403 Forbidden by policy"))
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.port}")
    record = ask(proxy, url="https://somewhere.invalid/v1/chat/completions")
    assert record.outcome is Outcome.CONNECT_ERROR
    assert record.error
    assert "proxy" in record.error
    assert "403 Forbidden by policy" in record.error
