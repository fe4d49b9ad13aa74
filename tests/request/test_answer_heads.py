"""What is kept of the heads of answers, on its way from the wire to every output and back from the records."""

from __future__ import annotations

import json

import pytest

from scripted_server import DONE, EVENT_STREAM, FINISH, Serve, chunk, chunked, head, token, until_close
from sse_perf_tool.exporters.json_summary import summary_document
from sse_perf_tool.formats.table import FORMATS
from sse_perf_tool.masking import Masker
from sse_perf_tool.metrics import Tally
from sse_perf_tool.providers import Query, QueryProvider
from sse_perf_tool.records import MOST_HEADS, AnswerHead, Outcome, RequestRecord, RunConfig
from sse_perf_tool.records.file import record_line, record_of
from sse_perf_tool.report_parts.page import facts_html
from sse_perf_tool.request.body import BodyBuilder
from sse_perf_tool.request.target import Target
from sse_perf_tool.tester import SSETester

BODY = (token("a"), token("b"), FINISH, DONE)


def records_of(server: object, number: int, secrets: tuple[str, ...] = ()) -> list[RequestRecord]:
    row = FORMATS["openai_chat"]
    target = Target(
        server.url(), BodyBuilder(row=row), QueryProvider([Query("?")]), Masker(secrets), format=row, retries=0,
        timeout_s=5,
    )  # type: ignore[attr-defined] # fmt: skip
    tester = SSETester(target)
    try:
        return [tester.test_streaming(number) for number in range(1, number + 1)]
    finally:
        tester.close()


def answered(*lines: str) -> list[bytes]:
    body = b"".join(map(chunk, BODY)) + b"0\r\n\r\n"
    return [head("200 OK", EVENT_STREAM, "Transfer-Encoding: chunked", *lines), body]


def test_a_head_says_who_sent_it_and_how(serve: Serve) -> None:
    lines = ("Server: nginx/1.22.1", "Via: 1.1 varnish", "X-Powered-By: Express", "Connection: Close")
    (record,) = records_of(serve(answered(*lines)), 1)
    assert record.outcome is Outcome.OK
    assert record.head == AnswerHead("nginx/1.22.1", "1.1 varnish", "Express", None, "chunked", True)


def test_the_three_framings(serve: Serve) -> None:
    whole = b"".join(BODY)
    scripts = [
        chunked(*BODY),
        [head("200 OK", EVENT_STREAM, f"Content-Length: {len(whole)}"), whole],
        until_close(*BODY),
    ]
    found = [records_of(serve(script), 1)[0].head for script in scripts]
    assert [each and each.framing for each in found] == ["chunked", "length", "close"]
    assert [each and each.connection_close for each in found] == [False, False, True]


def test_a_thread_notes_a_head_once_and_each_new_one(serve: Serve) -> None:
    one, other = answered("Server: a"), answered("Server: b")
    records = records_of(serve(one, one, other, other, one), 5)
    assert [each.head and each.head.server for each in records] == ["a", None, "b", None, "a"]
    tally = Tally(0)
    for record in records:
        tally.add(record)
    assert [each.server for each in tally.result(RunConfig(), 0).heads] == ["a", "b"]


def test_an_error_page_says_nothing_of_answers(serve: Serve) -> None:
    page = [head("502 Bad Gateway", "text/html", "Content-Length: 2", "Server: nginx"), b"no"]
    assert records_of(serve(page), 1)[0].head is None


def test_foreign_text_is_short_printable_and_without_secrets(serve: Serve) -> None:
    lines = (f"Server: \x1b[31m{'x' * 5000}", "Via: 1.1 app-verysecretkey1234")
    (record,) = records_of(serve(answered(*lines)), 1, ("app-verysecretkey1234",))
    assert record.head is not None
    assert record.head.via == "1.1 app-…1234"
    assert record.head.server is not None
    assert len(record.head.server) == 200
    assert record.head.server.isprintable()


HEAD = AnswerHead("Caddy, uvicorn", None, None, "gzip", "chunked", False)


def answer(number: int, found: AnswerHead | None) -> RequestRecord:
    return RequestRecord(number, 1, 0, Outcome.OK, 10**8, ttft_ns=10**7, chunks=1, output_tokens=1, head=found)


def test_records_bring_heads_back() -> None:
    record, plain = answer(1, HEAD), answer(2, None)
    assert record_of(json.loads(record_line(record, 0)), 0) == record
    assert "head" not in json.loads(record_line(plain, 0))
    row = json.loads(record_line(record, 0))
    row["head"]["of_a_later_version"] = 1
    assert record_of(row, 0) == record


def test_few_are_kept_whatever_comes_and_processes_add_theirs() -> None:
    tallies = [Tally(0), Tally(0)]
    for number in range(100):
        tallies[number % 2].add(answer(number, HEAD._replace(server=f"s{number}")))
    tallies[0].merge(tallies[1])
    heads = tallies[0].result(RunConfig(), 0).heads
    assert len(heads) == MOST_HEADS
    assert heads[0].server == "s0"


@pytest.mark.parametrize(("lang", "framing"), [("en", "chunked"), ("zh", "分块传输")])
def test_json_and_page_have_them(lang: str, framing: str) -> None:
    tally = Tally(0)
    tally.add(answer(1, HEAD._replace(server="<b>", connection_close=True)))
    run = tally.result(RunConfig(lang=lang), 0)
    assert summary_document(run)["response_heads"] == [
        {
            "server": "<b>", "via": None, "powered_by": None, "content_encoding": "gzip", "framing": "chunked",
            "connection_close": True,
        }
    ]  # fmt: skip
    page = facts_html(run)
    assert "<code>&lt;b&gt;</code> · <code>gzip</code> · " in page
    assert framing in page
    assert "Connection: close" in page
    assert summary_document(Tally(0).result(RunConfig(), 0))["response_heads"] == []
