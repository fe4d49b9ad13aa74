"""Answers without a stream: what is asked for, what is read, how it is judged, and what is shown of it."""

from __future__ import annotations

import copy
import io
import json
from pathlib import Path
from typing import Any

import pytest

from scripted_server import ScriptedServer, Serve, Step, chunked, sized, token, until_close
from sse_perf_tool.arguments import Arguments, parse_arguments
from sse_perf_tool.cli import Environment, main
from sse_perf_tool.console import Console
from sse_perf_tool.exporters.csv_table import to_csv
from sse_perf_tool.exporters.json_summary import summary_document
from sse_perf_tool.exporters.markdown import to_markdown
from sse_perf_tool.formats import FORMATS, AnswerReader, guess_from_url
from sse_perf_tool.formats.table import detect_whole
from sse_perf_tool.goals.compare import differences
from sse_perf_tool.masking import Masker
from sse_perf_tool.metrics import Tally
from sse_perf_tool.providers import Query, QueryProvider
from sse_perf_tool.records import Outcome, RequestRecord, RunConfig, RunResult, TextMode
from sse_perf_tool.records.file import RecordsHeader, header_line, read_header
from sse_perf_tool.report_generator import generate_compare_report, generate_html_report
from sse_perf_tool.report_parts.data import run_data
from sse_perf_tool.report_parts.tables import groups_section
from sse_perf_tool.report_parts.verdict import verdict
from sse_perf_tool.request.body import BodyBuilder
from sse_perf_tool.request.target import Target
from sse_perf_tool.test_runner import count_finished, new_shared_stats, sample_between, snapshot
from sse_perf_tool.tester import SSETester
from sse_perf_tool.texts import display_width
from whole_answers import ANSWERS, DIFY, OPENAI, TGI, TOOL_CALL, WholeAnswer

JSON = "application/json"
NS_PER_MS = 1_000_000


def bytes_of(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()


def read(body: bytes, name: str | None, *, pieces: int | None = None, **options: Any) -> AnswerReader:
    reader = AnswerReader(FORMATS[name] if name else None, options, JSON, whole=True)
    size = pieces or max(1, len(body))
    assert all(reader.feed(body[at : at + size]) == 0 for at in range(0, len(body), size)), "nothing before the end"
    reader.close()
    return reader


# --- what is read


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer.name)
@pytest.mark.parametrize("pieces", [None, 1], ids=["at once", "byte by byte"])
def test_a_whole_answer_is_read_as_its_format_says(answer: WholeAnswer, pieces: int | None) -> None:
    reader = read(bytes_of(answer.document), answer.format, pieces=pieces, **answer.options)
    assert (reader.text, reader.reasoning, reader.usage) == (answer.text, answer.reasoning, answer.usage)
    assert (reader.finish_reason, reader.error) == (answer.finish_reason, answer.error)
    assert (reader.message_id, reader.conversation_id) == (answer.message_id, answer.conversation_id)
    assert tuple(reader.choices) == answer.choices
    assert reader.complete is (answer.error is None)


def test_every_format_that_gives_whole_answers_is_shown_to_be_read() -> None:
    assert {answer.format for answer in ANSWERS} == {name for name, row in FORMATS.items() if row.whole is not None}


@pytest.mark.parametrize(
    "answer", [a for a in ANSWERS if a.format != "custom" and "error" not in a.name], ids=lambda answer: answer.name
)
def test_a_whole_answer_shows_its_format(answer: WholeAnswer) -> None:
    found = detect_whole(answer.document)
    assert found is not None
    assert found.name == answer.format
    reader = read(bytes_of(answer.document), None)
    assert (reader.text, reader.format_name, reader.detected) == (answer.text, answer.format, answer.format)


def test_another_format_than_the_guessed_one_is_read_as_what_it_is() -> None:
    reader = AnswerReader(None, {}, JSON, FORMATS["dify"], whole=True)
    reader.feed(bytes_of(OPENAI))
    reader.close()
    assert (reader.text, reader.format_name) == ("Hello! How are you?", "openai_chat")


def test_a_list_of_one_object_is_that_object() -> None:
    assert read(b" [" + bytes_of(TGI) + b"]\n", "tgi").text == " Deep learning is"
    assert read(bytes_of([TGI, TGI]), "tgi").json_events == 0


def test_json_of_no_known_format_is_complete_only_when_the_format_is_named() -> None:
    assert not read(b'{"a": 1}', None).complete
    named = read(b'{"a": 1}', "dify")
    assert (named.complete, named.text) == (True, "")


@pytest.mark.parametrize(
    ("body", "cut_short"),
    [(b'{"answer": "Hel', True), (b'{"answer": "Hel"} ', False), (b"oops", False), (b"", False), (b"[{", False)],
)
def test_a_body_that_stops_within_its_json_shows_it(body: bytes, cut_short: bool) -> None:
    assert read(body, "dify").cut_short is cut_short


def spots(value: Any) -> list[tuple[Any, Any]]:
    """(container, key) of all values inside `value`."""
    keys = list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    return [spot for key in keys for spot in ((value, key), *spots(value[key]))]


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer.name)
def test_no_reader_raises_whatever_stands_anywhere(answer: WholeAnswer) -> None:
    for foreign in (None, True, -1, 1.5, "x", [], {}, [None], [{}], {"a": 1}):
        for number in range(len(spots(answer.document))):
            document = copy.deepcopy(answer.document)
            container, key = spots(document)[number]
            container[key] = foreign
            assert read(bytes_of(document), answer.format, **answer.options).json_events == 1
            detect_whole(document)


# --- what is asked for


def body_of(name: str) -> dict[str, Any]:
    builder = BodyBuilder(row=FORMATS[name], model="m", stream=False)
    body: dict[str, Any] = json.loads(builder.build(Query("hi")))
    return body


@pytest.mark.parametrize(
    ("name", "stream"),
    [(name, False) for name in FORMATS if name not in ("dify", "gemini", "dashscope", "coze")]
    + [("dify", None), ("gemini", None), ("dashscope", None)],
)
def test_the_body_asks_for_no_stream(name: str, stream: bool | None) -> None:
    body = body_of(name)
    assert body.get("stream") is stream
    assert "stream_options" not in body
    assert body.get("response_mode") == ("blocking" if name == "dify" else None)
    assert body.get("parameters") == {"dashscope": {"result_format": "message"}, "tgi": {"details": True}}.get(name)


def test_a_template_is_switched_and_tells_what_was_changed() -> None:
    template = {"stream": True, "stream_options": {"include_usage": True}, "messages": [], "n": 1}
    builder = BodyBuilder(template, FORMATS["openai_chat"], stream=False)
    assert json.loads(builder.build(Query("hi"))) == {"stream": False, "messages": [], "n": 1}
    assert builder.switched == ("stream", "stream_options")
    assert template["stream"] is True, "the template itself stays"


def test_a_template_that_asks_for_no_stream_stays_as_it_is() -> None:
    assert BodyBuilder({"stream": False, "query": "{query}"}, FORMATS["openai_chat"], stream=False).switched == ()
    assert BodyBuilder({"stream": True}, FORMATS["openai_chat"]).switched == ()


def test_ollama_streams_unless_it_is_told_not_to() -> None:
    builder = BodyBuilder({"model": "m", "prompt": "{query}"}, FORMATS["ollama"], stream=False)
    assert json.loads(builder.build(Query("hi"))) == {"model": "m", "prompt": "hi", "stream": False}
    assert builder.switched == ("stream",)


@pytest.mark.parametrize(
    ("path", "streamed", "whole"),
    [
        ("/v1beta/models/gemini-2.0-flash:generateContent", None, "gemini"),
        ("/generate", None, "tgi"),
        ("/api/generate", "ollama", "ollama"),
        ("/generate_stream", "tgi", "tgi"),
        ("/v1/chat/completions", "openai_chat", "openai_chat"),
        ("/x", None, None),
    ],
)
def test_paths_of_whole_answers_are_known_without_a_stream(path: str, streamed: str | None, whole: str | None) -> None:
    found = [guess_from_url("localhost", path, stream=stream) for stream in (True, False)]
    assert [None if row is None else row.name for row in found] == [streamed, whole]


def parsed(*argv: str) -> Arguments:
    return parse_arguments(["--no-stream", "--lang", "en", "--html-report", "r.html", "--api-key", "k", *argv], {})


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("path", "streams", "gives_whole"),
    [
        ("/m:streamGenerateContent?alt=sse", ":streamGenerateContent", ":generateContent"),
        ("/generate_stream", "/generate_stream", "/generate"),
    ],
)
def test_a_path_that_asks_for_a_stream_is_a_warning(path: str, streams: str, gives_whole: str) -> None:
    asks = f"--no-stream: the path ends in {streams}, which asks for a stream; a whole answer is at {gives_whole}"
    assert parsed("--url", f"http://h{path}").warnings == (asks,)
    assert parsed("--url", f"http://h{path.replace(streams, gives_whole)}").warnings == ()


def test_a_switched_template_is_a_warning() -> None:
    Path("t.json").write_text('{"query": "{query}", "response_mode": "streaming", "user": "u"}')
    arguments = parsed("--request-body-file", "t.json")
    assert arguments.warnings == (
        "--no-stream: changed in the template, so that it asks for a whole answer: response_mode",
    )
    assert json.loads(arguments.body.build(Query("hi")))["response_mode"] == "blocking"


def test_dashscope_is_read_as_one_whole_text() -> None:
    arguments = parsed("--url", "https://dashscope.aliyuncs.com/api/v1/services/aigc/text-generation/generation")
    assert arguments.options == {}
    answer = {"output": {"text": "x"}, "request_id": "q"}
    assert FORMATS["dashscope"].reader(arguments.options)("", answer).mode is TextMode.WHOLE


# --- requests


def target_of(url: str, name: str | None, **more: Any) -> Target:
    row = FORMATS[name] if name else None
    body = BodyBuilder(row=row, stream=False)
    queries = QueryProvider([Query("one"), Query("two"), Query("three")])
    return Target(url, body, queries, Masker(()), format=row, named=row is not None, stream=False, **more)


def asked(server: ScriptedServer, name: str | None = "openai_chat", times: int = 1, **more: Any) -> list[RequestRecord]:
    tester = SSETester(target_of(server.url("/x"), name, **more))
    try:
        return [tester.test_streaming(number) for number in range(1, times + 1)]
    finally:
        tester.close()


def answer(document: object, **more: Any) -> list[Step]:
    return sized(bytes_of(document), kind=JSON, **more)


HALF, REST = bytes_of(OPENAI)[:40], bytes_of(OPENAI)[40:]


@pytest.mark.parametrize("framing", [sized, chunked, until_close])
def test_a_whole_answer_has_a_latency_and_no_time_of_a_stream(serve: Serve, framing: Any) -> None:
    (record,) = asked(serve(framing(HALF, 0.05, REST, kind=JSON)))
    assert (record.outcome, record.error) == (Outcome.OK, None)
    assert (record.ttft_ns, record.ttfa_ns, record.streaming_ns, record.tpot_ns, record.max_gap_ns) == (None,) * 5
    assert (record.chunks, record.gaps_us) == (0, ())
    assert record.ttfb_ns is not None
    assert 40 * NS_PER_MS < record.latency_ns - record.ttfb_ns < 500 * NS_PER_MS
    assert (record.output_tokens, record.prompt_tokens, record.token_source) == (10, 19, "usage")
    assert (record.message_id, record.finish_reason, record.text_chars) == ("chatcmpl-1", "stop", 19)
    assert record.bytes_received > len(bytes_of(OPENAI))


def test_tokens_are_estimated_where_no_usage_came(serve: Serve) -> None:
    (record,) = asked(serve(answer({"answer": "four words are here"})), "dify")
    assert (record.outcome, record.output_tokens, record.token_source) == (Outcome.OK, 4, "estimate")


def test_an_answer_that_only_calls_tools_is_ok(serve: Serve) -> None:
    (record,) = asked(serve(answer(TOOL_CALL)))
    assert (record.outcome, record.output_tokens, record.text_chars) == (Outcome.OK, 17, 0)


def test_the_format_is_found_in_the_answer(serve: Serve) -> None:
    seen: list[str] = []
    server = serve(answer(OPENAI))
    tester = SSETester(target_of(server.url("/x"), None), on_format=seen.append)
    record = tester.test_streaming(1)
    tester.close()
    assert (record.outcome, record.format, seen) == (Outcome.OK, "openai_chat", ["openai_chat"])


@pytest.mark.parametrize(
    ("script", "outcome", "words"),
    [
        (answer({"error": {"message": "no quota"}}), Outcome.IN_STREAM_ERROR, "no quota"),
        (answer({"error": "bad key"}, status="401 Unauthorized"), Outcome.HTTP_ERROR, "HTTP 401: bad key"),
        (answer({"choices": [{"message": {"content": ""}}]}), Outcome.EMPTY, "without any token"),
        (sized(kind=JSON), Outcome.EMPTY, "the body is empty"),
        (chunked(token("Hello")), Outcome.MALFORMED, "a stream came although"),
        (chunked(b'{"a":1}\n{"a":2}\n', kind="application/x-ndjson"), Outcome.MALFORMED, "a stream came although"),
        (sized(b"<html><title>Login</title>", kind="text/html"), Outcome.MALFORMED, 'is no JSON object: "<html>'),
        (sized(b"[1, 2]", kind=JSON), Outcome.MALFORMED, 'the body of 6 bytes is no JSON object: "[1, 2]"'),
        (until_close(HALF, kind=JSON), Outcome.TRUNCATED, "ended after 40 bytes, within its JSON"),
        ([*chunked(HALF, kind=JSON)[:-1], *until_close()[-1:]], Outcome.TRUNCATED, "after 40 bytes of the body"),
    ],
    ids=["error", "http", "no token", "no body", "stream", "lines", "page", "list", "cut", "broken"],
)  # fmt: skip
def test_what_is_no_whole_answer_is_called_by_its_name(
    serve: Serve, script: list[Step], outcome: Outcome, words: str
) -> None:
    (record,) = asked(serve(script))
    assert record.outcome is outcome
    assert words in (record.error or "")


def test_json_of_no_known_format_asks_for_its_name(serve: Serve) -> None:
    (record,) = asked(serve(answer({"foo": 1})), None)
    assert (record.outcome, record.error) == (
        Outcome.MALFORMED,
        "the JSON is an answer of no known format: name it with --format",
    )


def test_the_time_out_of_a_whole_answer_is_a_time_out(serve: Serve) -> None:
    (record,) = asked(serve(sized(HALF, 1.0, REST, kind=JSON)), timeout_s=0.1)
    assert (record.outcome, record.output_tokens) == (Outcome.TIMEOUT, None)


@pytest.mark.parametrize(("stream", "accept", "sse"), [(True, "text/event-stream", "enable"), (False, JSON, None)])
def test_the_headers_ask_for_what_is_wanted(serve: Serve, stream: bool, accept: str, sse: str | None) -> None:
    server = serve(answer({}))
    row = FORMATS["dashscope"]
    queries = QueryProvider([Query("one")])
    target = Target(
        server.url("/x"), BodyBuilder(row=row, stream=stream), queries, Masker(()), format=row, stream=stream
    )
    SSETester(target).test_streaming(1)
    (request,) = server.requests
    assert (request.header("Accept"), request.header("X-DashScope-SSE")) == (accept, sse)


def test_a_conversation_goes_on_by_whole_answers(serve: Serve) -> None:
    server = serve(answer(DIFY))
    records = asked(server, "dify", 3, turns=2)
    assert [json.loads(request.body)["conversation_id"] for request in server.requests] == ["", "c-1", ""]
    assert [record.turn for record in records] == [1, 2, 1]


def test_history_grows_by_whole_answers(serve: Serve) -> None:
    server = serve(answer(OPENAI))
    asked(server, times=2, turns=2)
    assert json.loads(server.requests[1].body)["messages"] == [
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": "Hello! How are you?"},
        {"role": "user", "content": "two"},
    ]


# --- figures


def record_of(number: int, latency_ms: int, tokens: int, size: int = 1000, turn: int = 1) -> RequestRecord:
    return RequestRecord(
        request_id=number,
        thread_id=1,
        started_ns=0,
        outcome=Outcome.OK,
        latency_ns=latency_ms * NS_PER_MS,
        status=200,
        ttfb_ns=latency_ms * NS_PER_MS // 2,
        output_tokens=tokens,
        token_source="usage",
        bytes_received=size,
        query="hi",
        format="openai_chat",
        turn=turn,
    )


def result_of(*records: RequestRecord, **config: Any) -> RunResult:
    tally = Tally(0)
    for record in records:
        tally.add(record)
    return tally.result(RunConfig(stream=False, **config), 0)


RESULT = result_of(record_of(1, 500, 10, 1000), record_of(2, 2000, 30, 3000))


def test_figures_of_whole_answers() -> None:
    metrics = RESULT.summary.metrics
    assert (metrics["latency_ms"].mean, metrics["ttfb_ms"].mean, metrics["response_bytes"].mean) == (1250, 625, 2000)
    # 10 tokens in 0.5 s are 20 a second, 30 in 2 s are 15.
    assert (metrics["tokens_per_s"].min, metrics["tokens_per_s"].max) == pytest.approx((15, 20))
    for name in ("ttft_ms", "ttfa_ms", "itl_ms", "tpot_ms", "streaming_ms", "max_gap_ms"):
        assert (metrics[name].count, metrics[name].mean) == (0, None), name
    # 4000 bytes within 2 s
    assert (RESULT.summary.bytes_per_s, RESULT.summary.output_tokens_per_s) == (2000, 20)


def test_the_tokens_of_a_whole_answer_count_when_it_ends() -> None:
    assert [sample.tokens for sample in RESULT.time_series] == [10, 0]
    later = result_of(record_of(1, 1500, 10), record_of(2, 2500, 30))
    assert [sample.tokens for sample in later.time_series] == [0, 10, 30]


def test_the_live_figures_have_the_tokens_of_whole_answers() -> None:
    stats = new_shared_stats()
    before = snapshot(stats)
    count_finished(stats, record_of(1, 500, 10))
    count_finished(stats, record_of(2, 500, 30))
    sample = sample_between(0, before, snapshot(stats), {})
    assert (sample.tokens, sample.chunks, sample.avg_ttft_ms) == (40, 0, None)


def test_the_json_tells_the_rate_and_leaves_out_what_no_stream_has() -> None:
    document = summary_document(RESULT)
    assert document["rates"]["bytes_per_s"] == 2000
    assert document["config"]["stream"] is False
    assert document["metrics"]["ttft_ms"] == dict.fromkeys(document["metrics"]["ttft_ms"]) | {"count": 0}
    assert "ttft_ms,0,,,,,,,,\r\n" in to_csv(RESULT)


def test_markdown_has_no_row_of_a_stream() -> None:
    text = to_markdown(RESULT)
    assert "TTFT" not in text
    assert "TPOT" not in text
    assert "1 thread, not streamed" in text
    assert text.splitlines()[-1].endswith("· 2.00 kB/s")


@pytest.mark.parametrize(("lang", "rate"), [("en", "2.00 kB/s"), ("zh", "2.00 kB/秒")])
def test_the_console_shows_no_figure_of_a_stream(lang: str, rate: str) -> None:
    out = io.StringIO()
    Console(out, lang).summary(result_of(*(record_of(n, 2000, 10, 2000, n) for n in (1, 2)), turns=2))
    lines = out.getvalue().splitlines()
    assert rate in out.getvalue()
    assert not [line for line in lines if "TTFT" in line or "TPOT" in line or "blocks" in line or "数据块" in line]
    assert max(map(display_width, lines)) <= 80


def test_the_live_table_has_requests_in_place_of_blocks() -> None:
    stats, out = new_shared_stats(), io.StringIO()
    count_finished(stats, record_of(1, 500, 10))
    totals = snapshot(stats)
    sample = sample_between(0, snapshot(new_shared_stats()), totals, {})
    Console(out, "en").row(sample, totals, RESULT.config)
    head, row = (line.split() for line in out.getvalue().splitlines())
    assert head == ["time", "threads", "requests", "avg", "resp", "ms", "tokens/s", "success"]
    assert row == ["0:01", "0/1", "1", "500.0", "10.0", "100%"]


def test_one_whole_answer_is_shown_with_its_size() -> None:
    out = io.StringIO()
    Console(out, "en").answer(record_of(1, 500, 10))
    facts = out.getvalue()
    assert "received          1000 bytes" in facts
    assert "throughput        20.0 tokens/s" in facts
    assert [word for word in ("blocks", "TTFT", "TPOT", "streaming") if word in facts] == []


def test_the_verdict_is_about_whole_answers() -> None:
    found = verdict(result_of(*(record_of(n, 100 if n < 190 else 900, 10) for n in range(200))))
    assert found.sentences[1][0] == "Half of the answers were complete within 100 ms, 99 % within 900 ms."
    assert "The slowest 1 % of answers took 9.00 times the median. See when." in [look.text[0] for look in found.looks]
    few = verdict(RESULT).sentences[1]
    assert few == ("Half of the answers were complete within 1.25 s.", "一半的回答在 1.25 s 内完成。")


def test_answers_that_become_slower_are_pointed_at() -> None:
    def at(number: int) -> RequestRecord:
        record = record_of(number, 100 if number < 50 else 300, 10)
        return RequestRecord(
            **{name: getattr(record, name) for name in ("request_id", "thread_id", "outcome", "latency_ns", "status")},
            started_ns=number * 100 * NS_PER_MS,
        )

    looks = [look.text[0] for look in verdict(result_of(*map(at, range(150)))).looks]
    assert "Answers took 3.00 times as long in the last fifth of the run as in the first." in looks


def test_the_report_has_no_figure_and_no_column_of_a_stream(tmp_path: Path) -> None:
    path = tmp_path / "r.html"
    generate_html_report(result_of(*(record_of(n, 2000, 10, 2000, n) for n in (1, 2)), turns=2), path)
    markup = path.read_text(encoding="utf-8").partition('<script type="application/json"')[0]
    assert [word for word in ("TTFT", "TPOT", "ITL", "Streaming time") if word in markup] == []
    assert "Transfer rate" in markup
    assert "2,000 bytes per answer" in markup
    assert run_data(RESULT)["streamed"] is False
    assert run_data(RESULT)["requests"]["columns"]["rate"] == [20.0, 15.0]


def test_the_table_of_turns_has_the_columns_of_streams_only_for_streams() -> None:
    turns = result_of(*(record_of(n, 2000, 10, 2000, n) for n in (1, 2))).summary.turns
    assert "TTFT" in groups_section("turn", turns)
    assert "TTFT" not in groups_section("turn", turns, stream=False)


def test_a_comparison_leaves_out_what_neither_run_measured(tmp_path: Path) -> None:
    runs = [result_of(*(record_of(n, ms, 10) for n in range(20))) for ms in (500, 700)]
    assert {each.metric for each in differences(*runs)} == {
        "success_rate", "requests_per_s", "output_tokens_per_s", "ttfb_ms", "latency_ms", "tokens_per_s",
    }  # fmt: skip
    path = tmp_path / "c.html"
    generate_compare_report(runs, path)
    markup = path.read_text(encoding="utf-8")
    assert "TTFT" not in markup.partition('<script type="application/json"')[0]
    assert '"streamed":false' in markup


def test_runs_with_and_without_a_stream_are_told_apart() -> None:
    whole = result_of(*(record_of(n, 500, 10) for n in range(20)))
    tally = Tally(0)
    tally.add(RequestRecord(1, 1, 0, Outcome.OK, 5, ttft_ns=1, output_tokens=2, chunks=1))
    streamed = tally.result(RunConfig(), 0)
    assert "ttft_ms" in {each.metric for each in differences(whole, streamed)}


# --- the whole tool


def run(*argv: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    status = main([*argv, "--html-report", "r.html", "--lang", "en"], Environment(out, err, {}))
    return status, out.getvalue(), err.getvalue()


def test_a_run_without_streams_and_its_report_made_again(serve: Serve) -> None:
    server = serve(answer(OPENAI))
    url = server.url()
    files = ("--json", "run.json", "--records", "run.jsonl")
    status, out, err = run("--url", url, "--api-key", "-", "--no-stream", "--threads", "2", "--requests", "6", *files)
    assert (status, err) == (0, "")
    assert "2 threads, 6 requests in all, not streamed" in out
    document = json.loads(Path("run.json").read_text())
    assert (document["requests"]["ok"], document["tokens"]["output"], document["metrics"]["ttft_ms"]["count"]) == (
        6,
        60,
        0,
    )
    assert document["warnings"] == []
    assert json.loads(server.requests[0].body)["stream"] is False
    status, again, _ = run("report", "run.jsonl", "--json", "again.json")
    assert status == 0
    assert "not streamed" in again
    assert json.loads(Path("again.json").read_text())["metrics"] == document["metrics"]


def test_a_records_file_of_before_there_was_the_flag_is_of_streams(tmp_path: Path) -> None:
    header = json.loads(header_line(RecordsHeader(RunConfig(stream=False), 0)))
    del header["config"]["stream"]
    path = tmp_path / "old.jsonl"
    path.write_text(json.dumps(header) + "\n")
    assert read_header(path).config.stream is True
