"""What vectors cannot show of the formats of agents: cut streams, requests, and how they are recognised."""

from __future__ import annotations

import json

import pytest

from sse_perf_tool.formats import FORMATS, AnswerReader, guess_from_url
from sse_perf_tool.providers import Query
from sse_perf_tool.request.body import BodyBuilder
from sse_perf_tool.sse import NO_DATA, SSEParser
from stream_bodies import JSON_KINDS, SSE, read, read_body, stream_of

AGENTS = ("ag_ui", "vercel_ui", "a2a", "mcp", "langgraph", "langgraph_v2", "langserve", "adk", "coze_workflow")


@pytest.mark.parametrize("name", ["langgraph", "adk"])
def test_a_stream_that_only_its_connection_ends_is_not_whole_when_that_breaks(name: str) -> None:
    chunk = {"content": "Hello", "type": "AIMessageChunk"}
    event = {"content": {"parts": [{"text": "Hello"}]}, "partial": True, "invocationId": "i", "author": "a"}
    body = stream_of(("messages", json.dumps([chunk, {}]))) if name == "langgraph" else stream_of(event)
    for cut in (False, True):
        reader = AnswerReader(FORMATS[name], {}, SSE)
        reader.feed(body)
        reader.close(cut=cut)
        assert (reader.text, reader.complete) == ("Hello", not cut)


@pytest.mark.parametrize("name", ["langgraph", "adk"])
def test_a_stream_in_which_nothing_came_is_not_whole(name: str) -> None:
    assert not read_body(name, b": heartbeat\n\n").complete


def test_a_block_without_data_comes_out_only_when_it_is_asked_for() -> None:
    body = b"event: end\r\n\r\ndata:\r\n\r\nid: 7\r\n\r\n"
    assert [event.data for event in SSEParser().feed(body)] == [""]
    bare = SSEParser(bare=True).feed(body)
    assert [(event.event, event.data is NO_DATA) for event in bare] == [("end", True), ("message", False)]


@pytest.mark.parametrize("name", AGENTS)
def test_the_request_has_the_query_and_no_two_have_the_same_ids(name: str) -> None:
    first, second = (json.dumps(FORMATS[name].body("What?", "model-1", "user-1", "s1")) for _ in range(2))
    assert "What?" in first
    assert (first != second) == (name in ("ag_ui", "vercel_ui", "a2a"))


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/ag-ui", "ag_ui"), ("/api/copilotkit/agent/default/run", "ag_ui"), ("/a2a/", "a2a"),
        ("/v1/message:stream", "a2a"),
        ("/mcp", "mcp"), ("/threads/t1/runs/stream", "langgraph"), ("/chain/stream_events", "langserve"),
        ("/run_sse", "adk"), ("/v1/workflow/stream_run", "coze_workflow"), ("/v1/workflows/run", "dify"),
    ],
)  # fmt: skip
def test_the_path_of_a_url_tells_the_format(path: str, name: str) -> None:
    guess = guess_from_url("localhost", path)
    assert guess is not None
    assert guess.name == name


def test_over_rest_an_agent_is_sent_the_message_without_a_call_around_it() -> None:
    query = Query("What?")
    call = json.loads(BodyBuilder(row=FORMATS["a2a"], path="/a2a").build(query))
    bare = json.loads(BodyBuilder(row=FORMATS["a2a"], path="/v1/message:stream").build(query))
    assert (call["jsonrpc"], call["method"]) == ("2.0", "SendStreamingMessage")
    assert bare["message"].pop("messageId") != call["params"]["message"].pop("messageId")
    assert bare == call["params"] == {"message": {"role": "ROLE_USER", "parts": [{"text": "What?"}]}}


def test_an_mcp_server_is_told_that_both_kinds_of_answers_will_do() -> None:
    assert FORMATS["mcp"].headers["Accept"] == "application/json, text/event-stream"
    assert FORMATS["a2a"].headers["A2A-Version"] == "1.0"


def test_a_vercel_stream_is_known_by_its_second_event() -> None:
    reader = read(
        None, {"type": "start", "messageId": "m"}, {"type": "start-step"}, {"type": "text-delta", "delta": "a"}
    )
    assert (reader.format_name, reader.text, reader.message_id) == ("vercel_ui", "a", "m")


class TestCustom:
    """What an application of one's own may need to be read."""

    def test_all_parts_of_a_message(self) -> None:
        parts = [{"text": "a"}, {"data": 1}, {"text": "b"}]
        reader = read(
            "custom", {"m": {"parts": parts}}, {"m": {"parts": {"x": {"text": "c"}}}}, fields={"text": "m.parts.*.text"}
        )
        assert reader.text == "abc"

    def test_lists_at_the_top(self) -> None:
        reader = read("custom", json.dumps([{"content": "a"}, {"node": "n"}]), "[DONE]", fields={"text": "0.content"})
        assert (reader.text, reader.complete) == ("a", True)

    def test_reasoning_has_events_of_its_own_at_the_path_of_text(self) -> None:
        reader = read(
            "custom",
            {"type": "think", "delta": "hm"}, {"type": "say", "delta": "a"}, {"type": "args", "delta": "{"},
            {"type": "end"},
            fields={"text": "delta", "event": "type"}, text_events=["say"], reasoning_events=["think"],
            end_events=["end"],
        )  # fmt: skip
        assert (reader.text, reader.reasoning, reader.chunks, reader.complete) == ("a", "hm", 2, True)

    def test_an_error_event_and_an_error_path_at_once(self) -> None:
        options = {
            "fields": {"text": "t", "event": "status.state", "error": "error.message"},
            "error_events": ["FAILED"],
        }
        assert read("custom", {"t": "a"}, {"error": {"message": "died"}}, **options).error == "died"
        assert read("custom", {"t": "a"}, {"status": {"state": "FAILED"}, "message": "lost"}, **options).error == "lost"
        fine = read("custom", {"status": {"state": "WORKING"}, "error": {"message": "a word"}}, **options)
        assert fine.error is None

    @pytest.mark.parametrize("value", ["true", "True"])
    def test_truth_is_compared_as_json_writes_it(self, value: str) -> None:
        options = {"fields": {"text": "t", "event": "partial"}, "text_events": [value]}
        assert read("custom", {"t": "a", "partial": True}, {"t": "ab", "partial": False}, **options).text == "a"

    def test_an_end_without_data(self) -> None:
        reader = AnswerReader(FORMATS["custom"], {"fields": {"text": "t"}, "end_events": ["end"]}, SSE)
        reader.feed(b'event: x\ndata: {"t": "a"}\n\nevent: end\n\n')
        assert (reader.text, reader.complete, reader.events) == ("a", True, 1)

    @pytest.mark.parametrize("kind", JSON_KINDS)
    def test_a_document_with_text_at_the_path_is_an_answer(self, kind: str) -> None:
        good = read_body("custom", b'{"out": {"text": "a"}}', kind, fields={"text": "out.text"})
        assert (good.text, good.complete, good.chunks) == ("a", True, 1)
        bad = read_body("custom", b'{"error": "no quota"}', kind, fields={"text": "out.text"})
        assert (bad.error, bad.complete) == ("no quota", False)
        raw = read_body("custom", b'{"text": "a"}', kind, raw=True)
        assert raw.error is not None

    def test_the_end_of_the_connection_as_the_end(self) -> None:
        options = {"fields": {"text": "t"}, "close_ends": True}
        assert read("custom", {"t": "a"}, **options).complete
        assert not read("custom", {"t": "a"}, fields={"text": "t"}).complete
        reader = AnswerReader(FORMATS["custom"], options, SSE)
        reader.feed(stream_of({"t": "a"}))
        reader.close(cut=True)
        assert not reader.complete


@pytest.mark.parametrize(
    ("rule", "parts"),
    [
        ("seen=a.b", [("step", "seen", 2)]), ("seen=a.b=2", [("step", "seen", 1)]),
        ("seen=event:note", [("step", "seen", 1)]),
        ("tool_call=tool", [("tool_call", "f", 1)]), ("citation:web=ok=true", [("citation", "web", 1)]),
        ("step_begin:s=event:note", [("step", "s", 1)]), ("seen=nothing", []),
    ],
)  # fmt: skip
def test_milestones_that_the_user_names(rule: str, parts: list[tuple[str, str, int]]) -> None:
    reader = read(
        "openai_chat",
        {"choices": [{"delta": {"content": "x"}}], "a": {"b": 1}}, {"a": {"b": 2}, "tool": "f"}, ("note", {"ok": True}),
        milestones=[rule],
    )  # fmt: skip
    assert [(part.kind.value, part.name, part.count) for part in reader.trail.parts if part.kind != "text"] == parts
    assert reader.text == "x"


def test_ndjson_is_no_document() -> None:
    reader = read_body("custom", b'{"t": "a"}\n{"t": "b"}\n', "application/json", fields={"text": "t"})
    assert (reader.text, reader.chunks) == ("ab", 2)
