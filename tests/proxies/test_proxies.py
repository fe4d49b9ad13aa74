"""The tool behind reverse proxies written by others: what each does to a stream, and what is said about it.

`make test-proxies` runs this; without TEST_PROXIES in the environment everything here is skipped, and so is a proxy
that is not installed.  At the end stands a table of what was seen.  The server behind the proxies writes an event every
8 ms, 300 in all.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from proxies import Ways, binary_of, caddy, free_port, haproxy, lighttpd, nginx, proxying
from sse_perf_tool.cli import Environment, main
from upstream import EVENTS

pytestmark = [
    pytest.mark.proxies,
    pytest.mark.skipif(
        not os.environ.get("TEST_PROXIES"),
        reason="streams through proxies by others: make test-proxies (TEST_PROXIES=1)",
    ),
]


class Way(NamedTuple):
    """A proxy with a configuration; no proxy: straight to the server."""

    proxy: str
    config: Callable[[Ways], str] | None = None
    tls: bool = False


OFF = "proxy_buffering off;"
HTTP11 = "proxy_http_version 1.1;"
GZIP = "gzip on; gzip_types text/event-stream;"
WAYS = {
    "no proxy": Way(""),
    "nginx": Way("nginx", nginx),
    "nginx, HTTP/1.1 up": Way("nginx", lambda ways: nginx(ways, HTTP11)),
    "nginx, HTTP/1.1 up, TLS": Way("nginx", lambda ways: nginx(ways, HTTP11, tls=True), tls=True),
    "nginx, TLS, buffering off": Way("nginx", lambda ways: nginx(ways, HTTP11, OFF, tls=True), tls=True),
    "nginx, gzip": Way("nginx", lambda ways: nginx(ways, HTTP11, GZIP)),
    "nginx, 1 s limit": Way("nginx", lambda ways: nginx(ways, HTTP11, "proxy_read_timeout 1s;")),
    "haproxy": Way("haproxy", haproxy),
    "haproxy, http-no-delay": Way("haproxy", lambda ways: haproxy(ways, "option http-no-delay")),
    "haproxy, TLS": Way("haproxy", lambda ways: haproxy(ways, tls=True), tls=True),
    "haproxy, 1 s limit": Way("haproxy", lambda ways: haproxy(ways).replace("timeout server 50s", "timeout server 1s")),
    "caddy": Way("caddy", caddy),
    "caddy, TLS": Way("caddy", lambda ways: caddy(ways, tls=True), tls=True),
    "caddy, encode gzip": Way("caddy", lambda ways: caddy(ways, "encode gzip")),
    "lighttpd": Way("lighttpd", lighttpd),
    "lighttpd, streaming": Way("lighttpd", lambda ways: lighttpd(ways, "server.stream-response-body = 1")),
}


class Seen(NamedTuple):
    """What a run of five requests left behind."""

    outcome: str
    kind: str
    reads: int
    """The median over the answers, of the reads of the socket that brought text."""
    errors: list[str]
    summary: dict[str, Any]
    out: str

    @property
    def short(self) -> bool:
        """Whether an answer ended before any text, or another one than all ended early."""
        return "empty" in self.outcome or self.outcome == "ok, truncated"


Through = Callable[..., Seen]


@pytest.fixture(scope="module")
def upstream() -> Iterator[int]:
    """The port of the server behind the proxies."""
    command = [sys.executable, str(Path(__file__).with_name("upstream.py"))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())
        process.terminate()


@pytest.fixture
def through(
    upstream: int,
    certificate: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    table: list[tuple[str, ...]],
) -> Through:
    """Sends five requests at once through a proxy and notes what came of them in the table."""
    monkeypatch.chdir(tmp_path)

    def run(name: str, situation: str, *flags: str, down: bool = False) -> Seen:
        way = WAYS[name]
        if way.proxy and binary_of(way.proxy) is None:
            pytest.skip(f"{way.proxy} is not installed")
        behind = free_port() if down else upstream
        mode = re.split(r"\W", situation)[0]
        proxy = proxying(way.proxy, way.config, behind, certificate, tmp_path) if way.config else None
        with proxy or contextlib.nullcontext(behind) as port:
            url = f"http{'s' * way.tls}://127.0.0.1:{port}/{mode}/chat/completions"
            seen = _run(url, flags)
            # caddy 2.6.2 ends about one answer in 200 after no event or a few, with a proper end of its chunks: a plain
            # http.client sees the same there, and none in 300 without caddy.
            if way.proxy == "caddy" and seen.short and not down:
                seen = _run(url, flags)
        ttft = seen.summary["metrics"]["ttft_ms"].get("p50")
        chunks = seen.summary["stream_shape"]["chunks_per_read"]
        others = ("other_programs",)  # of this machine, not of a proxy
        findings = [each["text"] for each in seen.summary["findings"] if each["kind"] not in others]
        said = "; ".join(filter(None, (seen.summary["stream_shape"]["evidence"], *seen.errors, *findings)))
        shown = ("-" if ttft is None else f"{ttft:.0f} ms", "-" if chunks is None else f"{chunks:.1f}", said)
        table.append((name, situation, seen.outcome, seen.kind, *shown))
        return seen

    return run


def _run(url: str, flags: tuple[str, ...]) -> Seen:
    out = io.StringIO()
    argv = ["--url", url, "--format", "openai_chat", "--api-key", "-", "--insecure", "--threads", "5",
            "--requests", "5", "--retries", "0", "--lang", "en", "--json", "s.json", "--records", "r.jsonl",
            "--html-report", "r.html"]  # fmt: skip
    main([*argv, *flags], Environment(out, out, {}))
    summary = json.loads(Path("s.json").read_text(encoding="utf-8"))
    records = [json.loads(line) for line in Path("r.jsonl").read_text(encoding="utf-8").splitlines()[1:]]
    outcome = ", ".join(summary["outcomes"])
    reads = sorted(record["reads"] for record in records)[2]
    errors = [error["message"] for error in summary["errors"]]
    return Seen(outcome, summary["stream_shape"]["kind"], reads, errors, summary, out.getvalue())


# --- whole answers: how they arrive

ONE_BY_ONE = (EVENTS // 2, EVENTS + 3)
"""Reads of an answer; a busy machine joins some."""


@pytest.mark.parametrize(
    ("name", "situation", "kinds", "reads", "advice"),
    [
        ("no proxy", "smooth", "smooth", ONE_BY_ONE, ""),
        ("nginx", "smooth", "buffered", (7, 25), "nginx is buffering: `proxy_buffering off`"),  # 4 KiB
        ("nginx, HTTP/1.1 up", "smooth", "smooth", ONE_BY_ONE, ""),
        ("nginx, HTTP/1.1 up, TLS", "smooth", "buffered", (2, 6), "16 KiB"),  # a record of TLS
        ("nginx, TLS, buffering off", "smooth", "smooth", ONE_BY_ONE, ""),
        ("nginx, gzip", "smooth", "smooth", ONE_BY_ONE, ""),  # nobody asked for gzip
        ("nginx, gzip", "smooth, asked with gzip", "whole", (1, 2), "`gzip_types`"),
        ("haproxy", "smooth", "buffered bursts", (8, 40), ""),
        ("haproxy", "slow", "buffered bursts", (7, 25), "`option http-no-delay`"),  # 200 ms
        ("haproxy, http-no-delay", "smooth", "smooth", ONE_BY_ONE, ""),
        ("haproxy, TLS", "smooth", "smooth", ONE_BY_ONE, ""),
        ("caddy", "smooth", "smooth", ONE_BY_ONE, ""),
        ("caddy, TLS", "smooth", "smooth", ONE_BY_ONE, ""),
        ("caddy, encode gzip", "smooth", "smooth", ONE_BY_ONE, ""),
        # Not compressed when the first write is below 512 bytes; a busy machine may join the first events of an answer.
        ("caddy, encode gzip", "smooth, asked with gzip", "smooth whole", ONE_BY_ONE, ""),
        ("caddy, encode gzip", "wide, asked with gzip", "buffered", (2, 6), "`encode`"),  # events of 600 bytes
        ("lighttpd", "smooth", "whole", (1, 2), "`server.stream-response-body = 1`"),
        ("lighttpd, streaming", "smooth", "smooth", ONE_BY_ONE, ""),
    ],
)
def test_an_even_stream_arrives_as_the_proxy_lets_it(
    through: Through, name: str, situation: str, kinds: str, reads: tuple[int, int], advice: str
) -> None:
    asking = ["-H", "Accept-Encoding: gzip"] if "gzip" in situation.split() else ["--no-compression-check"]
    seen = through(name, situation, *asking)
    assert (seen.outcome, seen.errors) == ("ok", [])
    assert seen.kind in kinds.split()
    assert reads[0] <= seen.reads <= reads[1]
    said = seen.summary["stream_shape"]["evidence"]
    late = seen.summary["trust"]["verdict"] != "trusted" and "too busy to tell who did it" in said
    assert advice in said or late, "who holds the text back, and how to let go of it"


@pytest.mark.parametrize(
    ("name", "situation", "encoding"),
    [
        ("no proxy", "smooth", None),
        ("nginx, HTTP/1.1 up", "smooth", None),
        ("nginx, gzip", "smooth", "gzip"),
        ("caddy, encode gzip", "wide", "gzip"),
    ],
)
def test_what_clients_that_accept_gzip_get_is_said_where_it_is_another_thing(
    through: Through, name: str, situation: str, encoding: str | None
) -> None:
    seen = through(name, f"{situation}, client view")
    assert seen.outcome == "ok"
    check = seen.summary["compression_check"]
    if encoding is None:
        assert check is None or not check["held_back"]
        return
    assert (check["content_encoding"], check["held_back"]) == (encoding, True)
    assert check["ttft_ms"] > 5 * check["run_ttft_ms"]
    assert "compression" in [finding["kind"] for finding in seen.summary["findings"]]


# --- broken answers: none of them is called whole


@pytest.mark.parametrize("name", [name for name in WAYS if "limit" not in name and "gzip" not in name])
def test_an_answer_that_was_cut_behind_the_proxy_is_never_ok(through: Through, name: str) -> None:
    seen = through(name, "cut")
    assert seen.outcome == "truncated"
    assert f"after {EVENTS // 2} chunks" in seen.errors[0]


@pytest.mark.parametrize(("name", "status"), [("nginx", 502), ("haproxy", 503), ("caddy", 502), ("lighttpd", 503)])
def test_a_proxy_without_its_server_is_an_error_of_http(through: Through, name: str, status: int) -> None:
    seen = through(name, "down", down=True)
    assert seen.outcome == "http_error"
    assert f"HTTP {status}" in seen.errors[0]


@pytest.mark.parametrize("name", ["nginx, 1 s limit", "haproxy, 1 s limit"])
def test_silence_that_a_proxy_cuts_is_told_from_an_answer(through: Through, name: str) -> None:
    seen = through(name, "stall")
    assert seen.outcome == "truncated"
    late = through(name, "late")
    assert late.outcome == "http_error"
    assert "HTTP 504" in late.errors[0]
