"""Proxies of the environment."""

from __future__ import annotations

import pytest

from requests_to_server import ask, failing
from scripted_server import ANSWER, Serve
from sse_perf_tool.records import Outcome


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
    assert record.error
    assert f"127.0.0.1:{proxy.port}" in record.error
    assert "proxy" in record.error


def test_proxy_that_refuses_the_tunnel_is_called_a_proxy(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = serve(failing("403 Forbidden by policy"))
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.port}")
    record = ask(proxy, url="https://somewhere.invalid/v1/chat/completions")
    assert record.outcome is Outcome.CONNECT_ERROR
    assert record.error
    assert "proxy" in record.error
    assert "403 Forbidden by policy" in record.error
