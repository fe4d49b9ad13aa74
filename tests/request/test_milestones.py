"""When the parts of an answer begin and how long they take, held against what the server sent when."""

from __future__ import annotations

import json

import pytest

from agent_answers import value_of
from patience import undisturbed
from requests_to_server import CHUNKED_HEAD, HELLO, MS, WORLD, ask, ask_often, assert_arrival, assert_lasted
from scripted_server import DONE, FINISH, ScriptedServer, Serve, chunk, chunked, event, usage
from sse_perf_tool.formats import FORMATS
from sse_perf_tool.records import Outcome, RequestRecord, Span
from sse_perf_tool.records.checked import UnfitError
from sse_perf_tool.records.file import record_line, record_of

LAST = b"0\r\n\r\n"
ANSWERS = 12


def call(name: str, arguments: str) -> bytes:
    function = {"name": name, "arguments": arguments}
    return event({"choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0, "function": function}]}}]})


def thinks(text: str) -> bytes:
    return event({"choices": [{"index": 0, "delta": {"reasoning_content": text}}]})


def assert_span(span: Span, record: RequestRecord, server: ScriptedServer, begin: bytes, end: bytes) -> None:
    """A span lies between the sending of these two pieces."""
    assert span.lasted_us is not None
    assert_arrival(record, span.begin_us * 1000, server, begin)
    assert_lasted(server, span.lasted_us * 1000, begin, end)


@undisturbed
def test_an_answer_of_tool_calls_alone_has_a_first_token_gaps_and_tokens(serve: Serve) -> None:
    begin, rest = call("weather", ""), call("", '{"city": "Paris"}')
    server = serve(chunked(begin, 0.1, rest, FINISH, DONE))
    record = ask(server)
    assert (record.outcome, record.chunks, record.output_tokens) == (Outcome.OK, 2, 3)
    assert_arrival(record, record.ttft_ns, server, begin)
    assert record.ttfa_ns is None
    assert_lasted(server, record.gaps_us[0] * 1000, begin, rest)
    assert [(span.kind, span.name, span.events) for span in record.spans] == [
        ("tool_call", "weather", 2), ("end", "", 1),
    ]  # fmt: skip
    assert_span(record.spans[0], record, server, begin, rest)


@undisturbed
def test_reasoning_a_call_and_text_have_times_of_their_own(serve: Serve) -> None:
    steps = (thinks("hm"), 0.1, thinks("so"), 0.05, call("f", "{"), 0.1, call("", "}"), 0.05, HELLO, 0.1, WORLD)
    server = serve(chunked(*steps, FINISH, DONE))
    record = ask(server)
    pieces = [step for step in steps if isinstance(step, bytes)]
    assert [span.kind for span in record.spans] == ["reasoning", "tool_call", "text", "end"]
    for at, span in enumerate(record.spans[:3]):
        assert_span(span, record, server, *pieces[2 * at : 2 * at + 2])
    times = {name: value_of(record, f"{name}_time_ms") for name in ("reasoning", "tool", "text", "waiting")}
    assert sum(value or 0 for value in times.values()) == pytest.approx(record.latency_ns / MS, abs=0.002)
    for name, first, last in (("reasoning", 0, 2), ("tool", 4, 6), ("text", 8, 10)):
        assert_lasted(server, (times[name] or 0) * MS, steps[first], steps[last])
    assert value_of(record, "first_tool_call_ms") == pytest.approx(record.spans[1].begin_us / 1000)
    assert (value_of(record, "tool_calls"), value_of(record, "steps")) == (1, 0)


@undisturbed
def test_durations_are_right_to_a_millisecond(serve: Serve) -> None:
    """Held against the stamps of the server. A pause of the machine spoils an answer; it does not spoil most of them,
    and an error of the tool would be in each."""
    steps = (thinks("hm"), 0.01, thinks("so"), 0.005, call("f", "{"), 0.02, call("", "}"), 0.005, HELLO, 0.01, WORLD)
    pieces = [step for step in steps if isinstance(step, bytes)]
    server = serve(*[chunked(*steps, FINISH, DONE)] * ANSWERS)
    records = ask_often(server, ANSWERS)
    sent_ns = [[sent.begun_ns for sent in server.sent if piece in sent.data] for piece in pieces]
    errors_ms = sorted(
        max(
            abs(span.lasted_us / 1000 - (sent_ns[2 * at + 1][number] - sent_ns[2 * at][number]) / MS)
            for at, span in enumerate(record.spans[:3])
            if span.lasted_us is not None
        )
        for number, record in enumerate(records)
    )
    assert all([span.kind for span in record.spans] == ["reasoning", "tool_call", "text", "end"] for record in records)
    assert errors_ms[ANSWERS // 4] < 1, errors_ms


@undisturbed
def test_nodes_without_any_output_are_timed_by_the_reads_that_brought_them(serve: Serve) -> None:
    def node(kind: str, own_id: str) -> bytes:
        return event({"event": kind, "task_id": "t", "data": {"id": own_id, "title": f"node {own_id}"}})

    answer = event({"event": "text_chunk", "task_id": "t", "data": {"text": "a"}})
    end = event({"event": "workflow_finished", "task_id": "t", "data": {"status": "succeeded"}})
    pieces = (
        node("node_started", "1"),
        node("node_finished", "1"),
        node("node_started", "2"),
        node("node_finished", "2"),
    )
    server = serve(chunked(pieces[0], 0.1, pieces[1], 0.05, pieces[2], 0.05, answer, 0.05, pieces[3], end))
    record = ask(server, format=FORMATS["dify"])
    assert record.outcome is Outcome.OK
    first, second = (span for span in record.spans if span.kind == "step")
    assert (first.name, second.name) == ("node 1", "node 2")
    assert_span(first, record, server, pieces[0], pieces[1])
    assert_span(second, record, server, pieces[2], pieces[3])
    lasted_us = [span.lasted_us or 0 for span in (first, second)]
    assert value_of(record, "step_ms[node 2]") == pytest.approx(lasted_us[1] / 1000)
    assert value_of(record, "step_ms") == pytest.approx(max(lasted_us) / 1000)
    assert value_of(record, "step_ms[node 3]") is None
    assert value_of(record, "first_step_ms[node 2]") == pytest.approx(second.begin_us / 1000)


def test_an_answer_of_text_alone_keeps_no_spans(serve: Serve) -> None:
    record = ask(serve(chunked(HELLO, WORLD, FINISH, usage(1, 2), DONE)))
    assert record.spans == ()
    assert value_of(record, "text_time_ms") is None


def test_spans_go_into_a_records_file_and_come_back(serve: Serve) -> None:
    record = ask(serve(chunked(thinks("hm"), call("f", "{}"), FINISH, DONE)))
    row = json.loads(record_line(record, 0))
    assert record_of(row, 0).spans == record.spans
    assert "spans" not in json.loads(record_line(ask(serve(chunked(HELLO, FINISH, DONE))), 0))
    del row["spans"]  # as files of before
    assert record_of(row, 0).spans == ()


@pytest.mark.parametrize(
    "spans",
    [
        "x", [["text"]], [["walk", "", 1, 1, 1]], [["text", "", -1, 1, 1]], [["text", "", 1, "1", 1]],
        [["text", "", 1, 1, None]], [["text", None, 1, 1, 1]], [["text", "n" * 81, 1, 1, 1]],
        [["end", "", 1, None, 1]] * 257,
    ],
)  # fmt: skip
def test_damaged_spans_are_refused(serve: Serve, spans: object) -> None:
    row = json.loads(record_line(ask(serve(chunked(HELLO, FINISH, DONE))), 0))
    with pytest.raises(UnfitError, match="spans"):
        record_of({**row, "spans": spans}, 0)


@undisturbed
def test_usage_behind_the_end_marker_is_waited_for_until_that_was_in_vain(serve: Serve) -> None:
    begin = [CHUNKED_HEAD, chunk(HELLO + FINISH + DONE)]
    late = [*begin, 0.18, chunk(usage(9, 7)), LAST]
    server = serve(late, begin, [*begin, 0.18, chunk(usage(9, 7)), LAST])
    first, second, third = ask_often(server, 3)
    assert (first.outcome, first.output_tokens, first.token_source) == (Outcome.OK, 7, "usage")
    assert (second.outcome, second.token_source) == (Outcome.OK, "estimate")
    assert (third.outcome, third.token_source) == (Outcome.OK, "estimate")
    assert_arrival(second, second.latency_ns, server, DONE, answer=2)
