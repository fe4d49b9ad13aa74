"""Conversations of several turns: what each turn carries, when one ends, what is noted and shown of it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain, combinations
from operator import add
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from patience import FOREVER_S, PROMPT_S, undisturbed
from scripted_server import ANSWER, ScriptedServer, Serve, Step, chunked, event, sized
from sse_perf_tool.console import Console
from sse_perf_tool.exporters.json_summary import summary_document
from sse_perf_tool.formats import FORMATS
from sse_perf_tool.load.run import LoadRun
from sse_perf_tool.masking import Masker
from sse_perf_tool.metrics import Tally
from sse_perf_tool.providers import ApiKeyProvider, Query, QueryProvider
from sse_perf_tool.queries.prompts import Prompts
from sse_perf_tool.records import GroupStats, Outcome, RequestRecord, RunConfig, RunResult, Stats
from sse_perf_tool.records.file import RecordsHeader, header_line, record_line
from sse_perf_tool.records.reader import read_header, read_records
from sse_perf_tool.report_generator import generate_html_report
from sse_perf_tool.report_parts.tables import groups_section
from sse_perf_tool.report_parts.verdict import load_text
from sse_perf_tool.request.body import BodyBuilder
from sse_perf_tool.request.target import Target
from sse_perf_tool.sse import encode
from sse_perf_tool.tester import SSETester
from sse_perf_tool.texts import display_width
from tool_runs import Tool, records

ROOT = Path(__file__).resolve().parents[2]
QUERIES = [Query(text) for text in ("one", "two", "three", "four", "five")]
FAILED = sized(b'{"error": "no"}', status="400 Bad Request", kind="application/json")


def target_of(url: str, name: str, turns: int, **more: Any) -> Target:
    """An endpoint of a format, as the command line would make it."""
    row = FORMATS[name]
    body = more.pop("body", BodyBuilder(row=row))
    return Target(url, body, QueryProvider(QUERIES), Masker(()), format=row, named=True, turns=turns, **more)


def bodies(server: ScriptedServer) -> list[dict[str, Any]]:
    return [json.loads(request.body) for request in server.requests]


def asked(target: Target, times: int) -> list[RequestRecord]:
    """So many requests one after another."""
    tester = SSETester(target)
    records = [tester.test_streaming(number) for number in range(1, times + 1)]
    tester.close()
    return records


def named_events(*events: tuple[str, dict[str, Any]]) -> list[Step]:
    return chunked(*(encode(json.dumps(data), event=name) for name, data in events))


def chat(conversation: str) -> list[Step]:
    """An answer of the chat server."""
    ids = {"conversation_id": conversation, "message_id": "m", "turn": 1}
    text = ("message", {"index": 0, "content": "fine"})
    return named_events(("connected", ids), text, ("completed", {**ids, "content": "fine", "finish_reason": "stop"}))


def dify(conversation: str) -> list[Step]:
    said = {"event": "message", "answer": "fine", "conversation_id": conversation}
    return named_events(("message", said), ("message", {"event": "message_end", "conversation_id": conversation}))


ANTHROPIC = named_events(
    ("content_block_delta", {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "Hello world"}}),
    ("message_delta", {"type": "message_delta", "delta": {"stop_reason": "end_turn"}}),
    ("message_stop", {"type": "message_stop"}),
)


# --- what a turn carries


@pytest.mark.parametrize(("name", "answer"), [("chatbot", chat), ("dify", dify)])
def test_a_turn_carries_the_id_of_the_answer_before_and_a_new_conversation_none(
    serve: Serve, name: str, answer: Any
) -> None:
    server = serve(answer("c-1"), answer("c-1"), answer("c-2"))
    records = asked(target_of(server.url("/x"), name, 2), 4)
    assert [body.get("conversation_id", "") for body in bodies(server)] == ["", "c-1", "", "c-2"]
    assert [record.turn for record in records] == [1, 2, 1, 2]
    assert [record.query for record in records] == ["one", "two", "three", "four"]
    assert [record.conversation_id for record in records] == ["c-1", "c-1", "c-2", "c-2"]


RESPONSES = chunked(
    event({"type": "response.output_text.delta", "item_id": "m", "delta": "Hello world"}),
    event({"type": "response.completed", "response": {"id": "resp_1", "status": "completed"}}),
)


@pytest.mark.parametrize(
    ("name", "answer"), [("openai_chat", ANSWER), ("anthropic", ANTHROPIC), ("openai_responses", RESPONSES)]
)
def test_the_history_grows_by_question_and_answer(serve: Serve, name: str, answer: list[Step]) -> None:
    server = serve(answer)
    records = asked(target_of(server.url("/x"), name, 3), 4)
    sent = [body.get("messages") or body["input"] for body in bodies(server)]
    # The first turn of a response is a string, as ever.
    lists = [[{"role": "user", "content": each}] if isinstance(each, str) else each for each in sent]
    said = [[(message["role"], message["content"]) for message in each] for each in lists]
    one, two = [("user", "one"), ("assistant", "Hello world")], [("user", "two"), ("assistant", "Hello world")]
    assert said == [[("user", "one")], [*one, ("user", "two")], [*one, *two, ("user", "three")], [("user", "four")]]
    assert [record.turn for record in records] == [1, 2, 3, 1]


def test_with_one_turn_nothing_is_carried(serve: Serve) -> None:
    server = serve(chat("c-1"))
    records = asked(target_of(server.url("/x"), "chatbot", 1), 2)
    assert bodies(server) == [{"message": "one"}, {"message": "two"}]
    assert [record.turn for record in records] == [1, 1]


def test_a_template_carries_the_id_in_its_place(serve: Serve) -> None:
    server = serve(chat("c-1"))
    body = BodyBuilder({"ask": "{query}", "in": ["{conversation_id}"]})
    asked(target_of(server.url("/x"), "chatbot", 2, body=body), 2)
    assert bodies(server) == [{"ask": "one", "in": [""]}, {"ask": "two", "in": ["c-1"]}]


def test_a_conversation_keeps_its_key(serve: Serve) -> None:
    server = serve(chat("c-1"))
    keys = ApiKeyProvider(["first", "second"])
    asked(target_of(server.url("/x"), "chatbot", 2, keys=keys, auth=("Authorization", "Bearer ")), 4)
    sent = [request.header("Authorization") for request in server.requests]
    assert sent == ["Bearer first", "Bearer first", "Bearer second", "Bearer second"]


# --- when a conversation ends early


def test_a_failed_turn_ends_the_conversation(serve: Serve) -> None:
    server = serve(chat("c-1"), FAILED, chat("c-2"))
    records = asked(target_of(server.url("/x"), "chatbot", 3), 5)
    assert [body.get("conversation_id") for body in bodies(server)] == [None, "c-1", None, "c-2", "c-2"]
    assert [(record.turn, record.outcome is Outcome.OK) for record in records] == [
        (1, True), (2, False), (1, True), (2, True), (3, True),
    ]  # fmt: skip


def test_an_answer_that_names_no_conversation_ends_it(serve: Serve) -> None:
    server = serve(chat(""))
    assert [record.turn for record in asked(target_of(server.url("/x"), "chatbot", 3), 2)] == [1, 1]


def test_a_run_whose_answers_name_no_conversation_says_so(serve: Serve) -> None:
    server = serve(chat(""))
    result = run_of(target_of(server.url("/x"), "chatbot", 3), RunConfig(threads=2))
    assert list(result.requests["turn"]) == [1] * 6
    assert result.warnings == (
        "--turns 3: no answer gave a conversation to continue, so every request started a new conversation",
    )


# --- conversations of a file

TOLD = [Query("hi", {}, ("why?", "bye")), Query("one", {}, ()), Query("yes", {}, ("no",))]


def told(url: str, name: str, turns: int, queries: list[Query] = TOLD) -> Target:
    return replace(target_of(url, name, turns), queries=QueryProvider(queries))


def test_a_conversation_of_a_file_is_asked_turn_by_turn_and_ends_with_its_last(serve: Serve) -> None:
    server = serve(ANSWER)
    records = asked(told(server.url("/x"), "openai_chat", 3), 7)
    assert [(record.query, record.turn) for record in records] == [
        ("hi", 1), ("why?", 2), ("bye", 3), ("one", 1), ("yes", 1), ("no", 2), ("hi", 1),
    ]  # fmt: skip
    said = [[message["content"] for message in body["messages"]] for body in bodies(server)]
    assert said[2] == ["hi", "Hello world", "why?", "Hello world", "bye"]
    assert said[3:5] == [["one"], ["yes"]]


def test_without_turns_only_the_beginning_of_each_conversation_is_asked(serve: Serve) -> None:
    records = asked(told(serve(ANSWER).url("/x"), "openai_chat", 1), 4)
    assert [record.query for record in records] == ["hi", "one", "yes", "hi"]


def test_a_failed_turn_drops_the_rest_of_its_conversation(serve: Serve) -> None:
    server = serve(chat("c"), FAILED, chat("d"))
    records = asked(told(server.url("/x"), "chatbot", 3, [TOLD[0], TOLD[2]]), 4)
    assert [record.query for record in records] == ["hi", "why?", "yes", "no"]


def test_a_conversation_is_handed_to_one_thread(serve: Serve) -> None:
    queries = [Query(f"{name}1", {}, (f"{name}2", f"{name}3")) for name in "abcd"]
    target = told(serve(chat("c")).url("/x"), "chatbot", 3, queries)
    table = run_of(target, RunConfig(threads=4)).requests
    by_thread = defaultdict(list)
    for record in sorted(table.details.values(), key=lambda record: record.started_ns):
        by_thread[record.thread_id].append(record.query)
    assert sorted(by_thread.values()) == [[f"{name}{turn}" for turn in (1, 2, 3)] for name in "abcd"]


def test_prefix_and_filler_begin_a_conversation_and_come_again_only_as_its_history(serve: Serve) -> None:
    server = serve(ANSWER)
    prompts = Prompts(shared_prefix_tokens=3)
    provider = QueryProvider(TOLD[:1], prompts=prompts)
    asked(replace(target_of(server.url("/x"), "openai_chat", 2), queries=provider, context_tokens=4), 2)
    first, second = ([message["content"] for message in body["messages"]] for body in bodies(server))
    assert first == [f"{prompts.prefix()}\n\n{prompts.filler(0, 4)}\n\nhi"]
    assert second == [*first, "Hello world", "why?"]


# --- how much is sent, and when


def run_of(target: Target, config: RunConfig, **more: Any) -> RunResult:
    return LoadRun(target, replace(config, turns=target.turns), **more).run()


def test_each_thread_holds_one_conversation_when_nothing_else_is_said(serve: Serve) -> None:
    server = serve(chat("c"))
    result = run_of(target_of(server.url("/x"), "chatbot", 3), RunConfig(threads=2))
    assert sorted(result.requests["turn"]) == [1, 1, 2, 2, 3, 3]
    assert [(row.value, row.sent, row.ok) for row in result.summary.turns] == [(1, 2, 2), (2, 2, 2), (3, 2, 2)]


def test_a_number_of_requests_may_cut_the_last_conversation(serve: Serve) -> None:
    server = serve(chat("c"))
    result = run_of(target_of(server.url("/x"), "chatbot", 3), RunConfig(requests=5))
    assert list(result.requests["turn"]) == [1, 2, 3, 1, 2]
    assert result.warnings == ()


@undisturbed
def test_think_time_is_between_the_turns_alone_and_in_no_latency(serve: Serve) -> None:
    server = serve(chat("c"))
    config = RunConfig(requests=4, think_time_s=0.2, think_time_max_s=0.2)
    table = run_of(target_of(server.url("/x"), "chatbot", 2), config).requests
    ends = [start + latency for start, latency in table.rows("started_ns", "latency_ns")]
    waits_s = [(start - end) / 1e9 for end, start in zip(ends, list(table["started_ns"])[1:], strict=False)]
    assert 0.19 < waits_s[0] < 0.6
    assert waits_s[1] < 0.15, "a new conversation begins at once"
    assert 0.19 < waits_s[2] < 0.6
    assert max(table["latency_ns"]) < 150e6


def test_think_time_between_two_bounds_is_the_same_in_each_run(serve: Serve) -> None:
    server = serve(chat("c"))
    config = RunConfig(requests=5, think_time_s=0.01, think_time_max_s=0.2)
    waits: list[list[float]] = []
    # A busy machine may start one of them late; that of chance alone agrees in one pair of 600.
    while not any(one == pytest.approx(other, abs=0.02) for one, other in combinations(waits, 2)):
        assert len(waits) < 6
        table = run_of(target_of(server.url("/x"), "chatbot", 5), config).requests
        ends = map(add, table["started_ns"], table["latency_ns"])
        waits.append([(after - before) / 1e9 for before, after in zip(ends, table["started_ns"][1:], strict=False)])
    assert all(wait >= 0.01 for wait in chain(*waits))
    assert max(waits[0]) - min(waits[0]) > 0.02


def test_nobody_waits_for_a_turn_that_time_will_not_allow(serve: Serve) -> None:
    server = serve(chat("c"))
    config = RunConfig(duration_s=0.3, think_time_s=FOREVER_S, think_time_max_s=FOREVER_S)
    began_s = time.monotonic()
    assert len(run_of(target_of(server.url("/x"), "chatbot", 2), config).requests) == 1
    assert time.monotonic() - began_s < PROMPT_S


def test_a_stopped_run_does_not_wait_for_thought(serve: Serve) -> None:
    server = serve(chat("c"))
    load = LoadRun(
        target_of(server.url("/x"), "chatbot", 2),
        RunConfig(turns=2, think_time_s=FOREVER_S, think_time_max_s=FOREVER_S),
    )
    began_s = time.monotonic()
    # Called once a second; by the first time the thread is deep in thought.
    assert len(load.run(lambda _sample, _totals: load.stop()).requests) == 1
    assert time.monotonic() - began_s < PROMPT_S


# --- what is noted and shown


def turn_record(turn: int, ttft_ms: int, latency_ms: int, tokens: int | None, ok: bool = True) -> RequestRecord:
    outcome = Outcome.OK if ok else Outcome.TIMEOUT
    times = {"ttft_ns": ttft_ms * 1_000_000, "latency_ns": latency_ms * 1_000_000}
    return RequestRecord(
        1,
        1,
        0,
        outcome,
        chunks=1,
        output_tokens=tokens,
        token_source="usage",
        turn=turn,
        **times,  # type: ignore[arg-type]
    )


RECORDS = [
    turn_record(1, 100, 300, 10),
    turn_record(1, 200, 500, 20),
    turn_record(2, 50, 90, None),
    turn_record(2, 900, 9000, 7, ok=False),
]


def result_of(*records: RequestRecord) -> RunResult:
    tally = Tally(0)
    for record in records:
        tally.add(record)
    return tally.result(RunConfig(turns=2), 0)


def test_figures_by_turn_are_of_the_ok_requests_of_that_turn() -> None:
    first, second = result_of(*RECORDS).summary.turns
    assert (first.value, first.sent, first.ok, first.output_tokens) == (1, 2, 2, 15.0)
    assert (first.ttft_ms.mean, first.ttft_ms.max, first.latency_ms.mean) == (150.0, 200.0, 400.0)
    assert (second.value, second.sent, second.ok, second.output_tokens) == (2, 2, 1, None)
    assert (second.ttft_ms.count, second.ttft_ms.mean, second.latency_ms.mean) == (1, 50.0, 90.0)


def test_tallies_of_processes_merge_by_turn() -> None:
    one, other = Tally(0), Tally(0)
    for record in RECORDS[:2]:
        one.add(record)
    for record in RECORDS[2:]:
        other.add(record)
    one.merge(other)
    assert one.result(RunConfig(turns=2), 0).summary.turns == result_of(*RECORDS).summary.turns


def test_without_a_second_turn_there_is_nothing_by_turn() -> None:
    result = result_of(*RECORDS[:2])
    assert (result.summary.turns, summary_document(result)["turns"]) == ((), [])
    assert groups_section("turn", result.summary.turns) == ""


def test_the_json_has_a_row_a_turn() -> None:
    first, second = summary_document(result_of(*RECORDS))["turns"]
    assert (first["turn"], first["sent"], first["ok"], first["output_tokens"]) == (1, 2, 2, 15.0)
    assert (first["ttft_ms"]["p50"], first["latency_ms"]["mean"]) == (150.0, 400.0)
    assert second["output_tokens"] is None


@pytest.mark.parametrize(("lang", "title"), [("en", "By turn, times in ms"), ("zh", "按轮次（时间单位 ms）")])
def test_the_console_has_a_row_a_turn_within_80_columns(lang: str, title: str, capsys: Any) -> None:
    Console(sys.stdout, lang).summary(result_of(*RECORDS))
    lines = capsys.readouterr().out.splitlines()
    table = lines[lines.index(title) :]
    assert [line.split() for line in table[2:]] == [
        ["1", "2/2", "150", "n/a", "400", "n/a", "15.0"],
        ["2", "1/2", "50.0", "n/a", "90.0", "n/a", "n/a"],
    ]
    assert max(map(display_width, table)) <= 80


def test_the_console_bounds_the_turns_it_shows(capsys: Any) -> None:
    Console(sys.stdout, "en").summary(result_of(*(turn_record(turn, 1, 2, 3) for turn in range(1, 16))))
    assert capsys.readouterr().out.splitlines()[-1] == "  … and 3 more rows"


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", "2 threads, one conversation each, 3 turns per conversation, think time 1–2.5 s"),
        ("zh", "2 个线程，各一个会话，每个会话 3 轮，轮间等待 1–2.5 秒"),
    ],
)
def test_the_load_is_told_with_its_turns_and_thought(lang: str, words: str, capsys: Any) -> None:
    config = RunConfig(threads=2, turns=3, think_time_s=1.0, think_time_max_s=2.5)
    Console(sys.stdout, lang).start(config)
    assert words in capsys.readouterr().out
    assert "3 turns per conversation, think time 1–2.5 s" in load_text(config)[0]
    assert "每个会话 3 轮，轮间等待 1–2.5 秒" in load_text(config)[1]


def test_the_report_has_a_row_a_turn_in_both_languages(tmp_path: Path) -> None:
    row = GroupStats(2, 1500, 1400, Stats(1400, mean=12.5, p50=12.0, p95=20.0), Stats(), 7.25)
    table = groups_section("turn", [row])
    assert '<th scope="row" data-v="2">2</th><td data-v="1500">1,500</td><td data-v="1400">1,400</td>' in table
    assert '<span lang="en">TTFT mean</span><span lang="zh">TTFT 平均</span>' in table
    generate_html_report(result_of(*RECORDS), tmp_path / "r.html")
    assert 'id="turns-table"' in (tmp_path / "r.html").read_text(encoding="utf-8")


def test_a_record_keeps_its_turn_and_one_of_before_there_were_turns_is_the_first(tmp_path: Path) -> None:
    header = RecordsHeader(RunConfig(), 0)
    old = json.loads(record_line(RECORDS[3], 0))
    assert old.pop("turn") == 2
    path = tmp_path / "r.jsonl"
    path.write_text("\n".join([header_line(header), record_line(RECORDS[3], 0), json.dumps(old)]) + "\n")
    assert [record.turn for record in read_records(path, read_header(path))] == [2, 1]


# --- against the chat server


def records_of(tool: Tool, *argv: str) -> list[dict[str, Any]]:
    """The records of a run of the tool that has to succeed."""
    # Without the check of compression: on a busy machine it may show something, and is a record then.
    ran = tool("--lang", "en", "--records", "run.jsonl", "--no-compression-check", *argv)
    assert ran.status == 0, ran.out + ran.err
    return records()


def by_conversation(records: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found = defaultdict(list)
    for record in records:
        found[record["conversation_id"]].append(record)
    return found


def remembered(port: int, conversation: str) -> dict[str, Any] | None:
    """What the server (the worker that takes a new connection) knows of a conversation, None for nothing."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=FOREVER_S)
    connection.request("GET", f"/conversations/{conversation}", headers={"Connection": "close"})
    response = connection.getresponse()
    document = json.loads(response.read())
    connection.close()
    return document if response.status == 200 else None


def check_intact(records: list[dict[str, Any]], known: Callable[[str], dict[str, Any] | None]) -> None:
    """20 conversations of three ok turns each, and the server has said and heard just that: `known` tells it."""
    conversations = by_conversation(records)
    assert [len(conversations), len(records)] == [20, 60]
    for conversation, turns in conversations.items():
        assert [record["turn"] for record in turns] == [1, 2, 3]
        assert {record["thread_id"] for record in turns} == {turns[0]["thread_id"]}
        found = known(conversation)
        assert found is not None
        assert found["turns"] == 3
        questions = [message["content"] for message in found["messages"] if message["role"] == "user"]
        assert questions == [record["query"] for record in turns]


LOAD = ("--turns", "3", "--threads", "20", "--param-file", str(ROOT / "examples" / "queries.txt"))


@pytest.mark.parametrize("processes", ["1", "2"])
@pytest.mark.parametrize("path", ["/chat", "/v1/chat-messages"])
def test_all_conversations_are_intact_on_the_chat_server(tool: Tool, path: str, processes: str) -> None:
    pytest.importorskip("fastapi", reason="the chat server is not installed")
    from sse_perf_tool.chat_server.run import BackgroundServer
    from sse_perf_tool.chat_server.settings import Settings

    quick = Settings(port=0, response_delay_s=0, token_delay_s=0.002, answer_tokens=5)
    with BackgroundServer(quick) as server:
        key = ("--api-key", "app-0123456789", "--processes", processes)
        found = records_of(tool, "--url", server.url + path, *key, *LOAD)
        check_intact(found, lambda conversation: remembered(server.port, conversation))


class TwoWorkers(NamedTuple):
    """The chat server under gunicorn."""

    port: int
    process: subprocess.Popen[bytes]

    def each(self) -> Iterator[None]:
        """Comes twice, and each time another one of the two takes new connections, as the other stands still."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        workers = [int(word) for word in children.read_text(encoding="ascii").split()]
        assert len(workers) == 2
        for worker in workers:
            os.kill(worker, signal.SIGSTOP)
            try:
                yield
            finally:
                os.kill(worker, signal.SIGCONT)


@pytest.fixture
def two_workers(tmp_path: Path) -> Iterator[TwoWorkers]:
    """The chat server under gunicorn with two workers, on a free port."""
    pytest.importorskip("uvicorn_worker", reason="gunicorn and uvicorn-worker are not installed")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = {"PORT": str(port), "WORKERS": "2", "RESPONSE_DELAY": "0", "TOKEN_DELAY": "0.002", "ANSWER_TOKENS": "5",
                "SHUTDOWN_GRACE": "0.5", "API_KEYS": "", "LOG_LEVEL": "WARNING"}  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "-c", str(ROOT / "src/sse_perf_tool/chat_server/gunicorn.conf.py")],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), **settings},
        cwd=tmp_path,
    )
    try:
        for _ in range(round(FOREVER_S / 0.05)):
            try:
                remembered(port, "none")
            except ConnectionError:
                time.sleep(0.05)
            else:
                break
        yield TwoWorkers(port, process)
    finally:
        process.terminate()
        process.wait(timeout=FOREVER_S)


@pytest.mark.skipif(sys.platform != "linux", reason="which processes the workers are is told by Linux alone")
def test_all_conversations_are_intact_behind_two_workers(
    tool: Tool, two_workers: TwoWorkers, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A connection is given up whose answer has not ended so soon behind its last event; the next may lead elsewhere.
    for name in ("DRAIN_S", "USAGE_DRAIN_S"):
        monkeypatch.setattr(f"sse_perf_tool.tester.{name}", FOREVER_S)
    sent = records_of(tool, "--url", f"http://127.0.0.1:{two_workers.port}/chat", *LOAD)
    known: dict[str, dict[str, Any]] = {}
    for _ in two_workers.each():  # a conversation is known to the worker that held its connection
        for conversation in by_conversation(sent).keys() - known.keys():
            if found := remembered(two_workers.port, conversation):
                known[conversation] = found
    check_intact(sent, known.get)


def test_simple_is_one_request(tool: Tool, serve: Serve) -> None:
    server = serve(chat("c"))
    (record,) = records_of(tool, "--url", server.url("/chat"), "--simple", *LOAD)
    assert (record["turn"], record["format"], len(server.requests)) == (1, "chatbot", 1)
