"""What clients that accept compressed answers get: one more request behind a run, when, and what is said of it."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import replace

import pytest
import urllib3.response

from scripted_server import DONE, EVENT_STREAM, FINISH, Script, ScriptedServer, Serve, chunk, chunked, head, token
from sse_perf_tool.load import compression
from sse_perf_tool.metrics import Tally
from sse_perf_tool.metrics.compression import compression_check_of
from sse_perf_tool.records import AnswerHead, Lumps, Outcome, Phase, RequestRecord, RunConfig
from sse_perf_tool.report_parts.findings import findings
from tool_runs import FILES, Tool, at, records, summary

MS = 1_000_000
WORDS = [token(f"w{n} ") for n in range(12)]
PLAIN = chunked(*(step for word in WORDS for step in (word, 0.005)), FINISH, DONE)


def zipped(*steps: bytes | float, flush: bool, server: str = "Caddy", coding: str = "gzip") -> Script:
    """The answer in gzip; not flushed behind each event all of it comes at the end."""
    packer = zlib.compressobj(wbits=31)
    lines = ("Transfer-Encoding: chunked", f"Server: {server}", f"Content-Encoding: {coding}")
    pieces: list[bytes | float] = [head("200 OK", EVENT_STREAM, *lines)]
    for step in steps:
        if isinstance(step, float):
            pieces.append(step)
        elif data := packer.compress(step) + (packer.flush(zlib.Z_SYNC_FLUSH) if flush else b""):
            pieces.append(chunk(data))
    return [*pieces, chunk(packer.flush()), b"0\r\n\r\n"]


SLOW = [step for word in WORDS for step in (word, 0.04)]
HELD = zipped(*SLOW, FINISH, DONE, flush=False)
PROMPT = zipped(*SLOW, FINISH, DONE, flush=True, server="Apache/2.4")


def encodings(server: ScriptedServer) -> list[str | None]:
    return [request.header("Accept-Encoding") for request in server.requests]


def text_of() -> list[str]:
    return [each["text"] for each in summary()["findings"] if each["kind"] == "compression"]


def test_one_more_request_follows_the_run_and_is_in_no_figure(serve: Serve, tool: Tool) -> None:
    server = serve(*[PLAIN] * 5, HELD)
    ran = tool(*at(server, "--requests", "5", *FILES, path="/v1/chat/completions"))
    assert encodings(server)[:5] == ["identity"] * 5
    assert (encodings(server)[5] or "").startswith("gzip")
    document = summary()
    assert (document["requests"]["sent"], document["metrics"]["ttft_ms"]["count"]) == (5, 5)
    assert [line["phase"] for line in records()] == ["main"] * 5 + ["compression_check"]
    assert "one more request, which accepts a compressed answer (--no-compression-check leaves it out)" in ran.out
    check = document["compression_check"]
    assert (check["content_encoding"], check["server"], check["held_back"]) == ("gzip", "Caddy", True)
    assert check["ttft_ms"] > 400 > 100 > check["run_ttft_ms"]
    (text,) = text_of()
    assert text.startswith("Clients that accept gzip get the answer compressed (gzip) and held back: TTFT ")
    assert "caddy's `encode`" in text
    assert f"  - {text}" in ran.out


def test_records_bring_it_again(serve: Serve, tool: Tool) -> None:
    tool(*at(serve(*[PLAIN] * 5, HELD), "--requests", "5", *FILES))
    before = summary()
    tool("report", "run.jsonl", "--json", "run.json", "--html-report", "again.html")
    after = summary()
    assert after["compression_check"] == before["compression_check"]
    assert after["findings"] == before["findings"]
    assert after["requests"] == before["requests"]
    assert len(after["time_series"]) == len(before["time_series"])


def test_what_is_compressed_and_comes_as_promptly_is_said_without_advice(serve: Serve, tool: Tool) -> None:
    tool(*at(serve(*[PLAIN] * 5, PROMPT), "--requests", "5", "--lang", "zh", *FILES))
    (text,) = text_of()
    assert "同样及时" in text
    assert summary()["compression_check"]["held_back"] is False


def test_what_is_not_compressed_is_not_worth_a_word(serve: Serve, tool: Tool) -> None:
    plain = chunked(*(step for word in WORDS for step in (word, 0.03)), FINISH, DONE)  # no two are read at once
    tool(*at(serve(plain), "--requests", "5", *FILES))
    assert text_of() == []
    assert summary()["compression_check"] is None
    assert len(records()) == 5


def test_a_compression_that_cannot_be_read_here_is_named(
    serve: Serve, tool: Tool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(urllib3.response.HTTPResponse, "CONTENT_DECODERS", ["gzip", "deflate"])
    body = gzip.compress(b"".join(WORDS))
    odd = [head("200 OK", EVENT_STREAM, f"Content-Length: {len(body)}", "Content-Encoding: br"), body]
    ran = tool(*at(serve(*[PLAIN] * 5, odd), "--requests", "5", *FILES))
    assert ran.status == 0, "the run itself was whole"
    (text,) = text_of()
    assert "compressed (br), unreadable here" in text


def test_its_failure_is_none_of_the_run(serve: Serve, tool: Tool) -> None:
    broken = [head("500 Broken", "text/plain", "Content-Length: 2"), b"no"]
    server = serve(*[PLAIN] * 5, broken)
    ran = tool(*at(server, "--requests", "5", *FILES))
    assert ran.status == 0
    assert text_of()[0].startswith("The one request that accepts gzip failed, HTTP error: HTTP 500")
    assert len(server.requests) == 6, "it is sent once"
    assert [line["phase"] for line in records()] == ["main"] * 5 + ["compression_check"]


@pytest.mark.parametrize(
    ("known", "accepts"), [(("gzip", "br"), "gzip, br"), (("gzip",), "gzip")], ids=["both", "gzip alone"]
)
def test_it_accepts_what_can_be_decoded_here(
    known: tuple[str, ...], accepts: str, serve: Serve, tool: Tool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compression, "can_decode", known.__contains__)
    server = serve(PLAIN)
    tool(*at(server, "--requests", "5"))
    assert encodings(server) == ["identity"] * 5 + [accepts]


@pytest.mark.parametrize(
    ("flags", "sent"),
    [
        (["--requests", "5", "--no-compression-check"], 5),
        (["--requests", "4"], 4),
        (["--debug"], 1),
        (["--requests", "5", "-H", "Accept-Encoding: gzip"], 5),
        (["--requests", "5", "--no-stream"], 5),
        (["--requests", "5", "--processes", "2", "--threads", "2"], 6),
    ],
    ids=["off", "few requests", "debug", "said by the user", "no stream", "processes"],
)
def test_when_it_is_sent(flags: list[str], sent: int, serve: Serve, tool: Tool) -> None:
    server = serve(PLAIN)
    tool(*at(server, *flags, "--json", "run.json"))
    assert len(server.requests) == sent


def test_not_behind_a_run_without_a_whole_answer(serve: Serve, tool: Tool) -> None:
    server = serve([head("500 Broken", "text/plain", "Content-Length: 2"), b"no"])
    tool(*at(server, "--requests", "5", "--retries", "0", "--json", "run.json"))
    assert len(server.requests) == 5
    assert summary()["compression_check"] is None


def answer(number: int, ttft_ms: float, lumps: int = 20) -> RequestRecord:
    return RequestRecord(
        number, 1, 0, Outcome.OK, 2000 * MS, ttft_ns=round(ttft_ms * MS), chunks=20, output_tokens=20,
        token_source="usage", came=Lumps(lumps, lumps), head=AnswerHead("nginx", content_encoding="gzip"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("check", "held"),
    [
        (answer(9, 11), False),
        (answer(9, 200), False),
        (answer(9, 1992), True),
        (answer(9, 11, lumps=3), True),
        (replace(answer(9, 1992), outcome=Outcome.TRUNCATED), False),
    ],
    ids=["as prompt", "no later than some", "much later", "in lumps", "not whole"],
)
def test_held_back_is_later_or_in_larger_lumps_than_the_run(check: RequestRecord, held: bool) -> None:
    tally = Tally(0)
    for number in range(1, 9):
        tally.add(answer(number, 120 if number > 6 else 11))
    tally.add(replace(check, phase=Phase.COMPRESSION_CHECK))
    found = tally.result(RunConfig(), 0).compression_check
    assert found is not None
    assert (found.held_back, found.run_ttft_ms) == (held, 11)
    assert found == compression_check_of(check, tally.table)


def test_lumps_are_not_the_compressions_where_the_run_has_them_too() -> None:
    tally = Tally(0)
    for number in range(1, 9):
        tally.add(answer(number, 11, lumps=3))
    assert compression_check_of(answer(9, 11, lumps=3), tally.table).held_back is False


def test_foreign_text_of_its_head_is_short() -> None:
    tally = Tally(0)
    tally.add(answer(1, 11))
    odd = replace(answer(2, 11), head=AnswerHead(content_encoding="x" * 190))
    tally.add(replace(odd, phase=Phase.COMPRESSION_CHECK))
    (found,) = [each for each in findings(tally.result(RunConfig(), 0)) if each.kind == "compression"]
    assert "x" * 41 not in found.text[0]
