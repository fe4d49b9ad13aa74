"""Who is named for what happened to a stream: by evidence, never without, and the same in every output."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest

from sse_perf_tool.console import Console
from sse_perf_tool.exporters.json_summary import summary_document
from sse_perf_tool.exporters.markdown import to_markdown
from sse_perf_tool.metrics import Tally
from sse_perf_tool.records import AnswerHead, Outcome, Reason, RequestRecord, RunConfig, RunResult, StreamShape, Trust
from sse_perf_tool.report_parts.causes import on_this_machine
from sse_perf_tool.report_parts.shape import shape_html, stream_text
from sse_perf_tool.report_parts.verdict import verdict

AFAR, SECURE, HERE = "http://ai.example.com/v1", "https://ai.example.com/v1", "http://127.0.0.1:8000/v1"
WHOLE = StreamShape("whole", {"whole": 9}, chunks_per_read=100.0)
CUT = StreamShape("buffered", {"buffered": 9}, chunks_per_lump=20.0, lump_bytes=4096, lump_gap_ms=400.0, cut_share=1.0)
EVENTS = replace(CUT, cut_share=0.0)
BURSTS = StreamShape("bursts", {"bursts": 9}, chunks_per_lump=4.0, lump_bytes=800, lump_gap_ms=60.0, cut_share=0.0)
SMOOTH = StreamShape("smooth", {"steady": 9}, tokens_per_chunk=1.0, chunks_per_read=1.0)
CHUNKED = AnswerHead(framing="chunked")
ACCUSATIONS = ("proxy", "nginx", "代理")


def run(
    shape: StreamShape, head: AnswerHead | None = CHUNKED, url: str = AFAR, *reasons: str, lang: str = "en"
) -> RunResult:
    tally = Tally(0)
    tally.add(
        RequestRecord(
            1, 1, 0, Outcome.OK, 10**9, ttft_ns=10**8, chunks=1, output_tokens=1, token_source="usage", head=head
        )
    )
    result = tally.result(RunConfig(url=url, lang=lang), 0)
    values = {"ttft": "1", "gap": "1", "share": "2 %", "ms": "3", "value": "4", "bound": "5", "count": "6"}
    trust = Trust("degraded" if reasons else "trusted", tuple(Reason(key, values) for key in reasons))
    return replace(result, trust=trust, summary=replace(result.summary, shape=shape))


def said(*arguments: object) -> str:
    text = stream_text(run(*arguments))  # type: ignore[arg-type]
    assert text is not None
    return " ".join(text)


@pytest.mark.parametrize(
    ("shape", "head", "url", "words"),
    [
        (WHOLE, AnswerHead("lighttpd/1.4.69", framing="length"), AFAR, "server.stream-response-body"),
        (WHOLE, AnswerHead("lighttpd/1.4.69", framing="length"), HERE, "server.stream-response-body"),
        (CUT, AnswerHead("nginx/1.22.1", framing="chunked"), AFAR, "nginx is buffering: `proxy_buffering off`"),
        (CUT, AnswerHead("nginx/1.22.1", framing="chunked"), HERE, "nginx is buffering: `proxy_buffering off`"),
        (CUT, AnswerHead("openresty", framing="chunked"), SECURE, "nginx over TLS gathers 16 KiB"),
        (WHOLE, AnswerHead("nginx", content_encoding="gzip", framing="chunked"), SECURE, "gzip_types"),
        (WHOLE, AnswerHead("Caddy", content_encoding="gzip", framing="chunked"), AFAR, "caddy's `encode`"),
        (WHOLE, AnswerHead(None, None, "Express", "gzip", "chunked"), AFAR, "Express's `compression`"),
        (EVENTS, AnswerHead("Apache/2.4.71", content_encoding="gzip", framing="chunked"), AFAR, "mod_deflate"),
        (EVENTS, AnswerHead("Apache/2.4.71", framing="chunked"), AFAR, "flushpackets=on"),
        (WHOLE, AnswerHead("uvicorn", "1.1 varnish (Varnish/7.1)", framing="chunked"), AFAR, "Varnish"),
        (WHOLE, AnswerHead("uvicorn", framing="chunked"), AFAR, "sync generator"),
        (WHOLE, AnswerHead("uvicorn", framing="chunked"), HERE, "sync generator"),
        (WHOLE, AnswerHead("daphne", framing="chunked"), HERE, "sync generator"),
        (CUT, AnswerHead("envoy", framing="chunked"), HERE, "A proxy stands between"),
        (WHOLE, AnswerHead("service/1", content_encoding="br", framing="chunked"), AFAR, "It came compressed"),
        (WHOLE, AnswerHead("service/1", framing="length"), AFAR, "tells the length of the body"),
        (replace(EVENTS, lump_period_ms=204.0), AnswerHead("uvicorn", framing="chunked"), HERE, "http-no-delay"),
        (replace(BURSTS, lump_period_ms=40.0), AnswerHead("uvicorn", framing="chunked"), HERE, "TCP_NODELAY"),
        (WHOLE, CHUNKED, AFAR, "or a proxy holds it back"),
        (CUT, None, AFAR, "A proxy between you and the model"),
    ],
)  # fmt: skip
def test_the_heads_choose_the_words(shape: StreamShape, head: AnswerHead, url: str, words: str) -> None:
    assert words in said(shape, head, url)


@pytest.mark.parametrize("shape", [WHOLE, CUT, EVENTS, BURSTS], ids=["whole", "cut", "events", "bursts"])
@pytest.mark.parametrize("server", [None, "uvicorn", "gunicorn", "Werkzeug/3.1"])
def test_on_this_machine_no_proxy_is_accused_that_no_head_names(shape: StreamShape, server: str | None) -> None:
    text = said(shape, AnswerHead(server, framing="chunked"), HERE)
    assert not [word for word in ACCUSATIONS if word in text]


@pytest.mark.parametrize("shape", [CUT, EVENTS, BURSTS], ids=["cut", "events", "bursts"])
@pytest.mark.parametrize("reason", ["starved", "busy", "merged", "tight", "full", "user_clock", "itl_bound", "start"])
def test_nobody_is_accused_where_this_machine_was_too_busy(shape: StreamShape, reason: str) -> None:
    text = said(shape, AnswerHead("nginx", framing="chunked"), AFAR, reason)
    assert "This machine was too busy to tell" in text
    assert not [word for word in ACCUSATIONS if word in text]


def test_a_busy_machine_does_not_hide_who_told_the_length_first() -> None:
    assert "server.stream-response-body" in said(WHOLE, AnswerHead("lighttpd", framing="length"), HERE, "starved")
    assert "too busy" in said(WHOLE, CHUNKED, AFAR, "starved")


def test_reasons_that_lie_elsewhere_change_nothing() -> None:
    assert "A proxy between you" in said(CUT, CHUNKED, AFAR, "steps", "lost")


def test_smooth_streams_have_no_advice() -> None:
    assert said(SMOOTH, AnswerHead("nginx", framing="chunked")).count("nginx") == 0


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://localhost:8000/v1", True), ("http://LOCALHOST./", True), ("http://app.localhost/", True),
        ("http://127.8.0.1/", True), ("http://[::1]:80/", True), ("https://10.0.0.1/", False),
        ("https://localhost.example.com/", False), ("", False),
    ],
)  # fmt: skip
def test_which_addresses_are_of_this_machine(url: str, here: bool) -> None:
    assert on_this_machine(RunConfig(url=url)) is here


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize(
    "arguments",
    [
        (CUT, AnswerHead("nginx", framing="chunked"), AFAR),
        (EVENTS, CHUNKED, HERE),
        (CUT, CHUNKED, AFAR, "starved"),
        (WHOLE, AnswerHead("lighttpd", framing="length"), HERE),
    ],
    ids=["nginx", "here", "busy", "lighttpd"],
)
def test_console_report_markdown_and_json_say_the_same(lang: str, arguments: tuple[object, ...]) -> None:
    result = run(*arguments, lang=lang)  # type: ignore[arg-type, misc]
    both = stream_text(result)
    assert both is not None
    text = both[lang == "zh"]
    stream = io.StringIO()
    Console(stream, lang).findings(result)
    assert f"  - {text}\n" in stream.getvalue()
    assert summary_document(result)["stream_shape"]["evidence"] == text
    assert f"- {text}" in to_markdown(result)
    assert both in [look.text for look in verdict(result).looks]
    assert 'id="shape"' in shape_html(result)
