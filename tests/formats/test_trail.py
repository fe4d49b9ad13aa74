"""What an answer does beside bringing text: how its parts are paired, named and counted."""

from __future__ import annotations

import pytest

from sse_perf_tool.formats import AnswerReader
from sse_perf_tool.formats.base import Call
from sse_perf_tool.formats.trail import MOST_NAMES, MOST_PARTS, Trail
from sse_perf_tool.records import Kind, Mark
from stream_bodies import chunk, read, says


def parts(reader: AnswerReader, *kinds: Kind) -> list[tuple[str, str, int, bool]]:
    """Kind, name, events, and whether it was said to end; of these kinds, else of all but the ends of an answer."""
    found = [part for part in reader.trail.parts if part.kind not in (Kind.USAGE, Kind.END)]
    return [
        (part.kind.value, part.name, part.count, part.end is not None)
        for part in found
        if not kinds or part.kind in kinds
    ]


def called(name: str = "", arguments: str = "", index: int = 0, own_id: str = "") -> dict:
    call = {"index": index, "function": {"name": name, "arguments": arguments}}
    return chunk({"tool_calls": [{**call, "id": own_id} if own_id else call]})


def node(event: str, own_id: str, title: str, **more: object) -> dict:
    return {"event": event, "task_id": "t", "data": {"id": own_id, "title": title, **more}}


def test_text_alone_is_a_plain_trail() -> None:
    reader = read("openai_chat", says("a"), says("b"), chunk(finish="stop"), "[DONE]")
    assert reader.trail.plain
    assert parts(reader) == [("text", "", 2, False)]


def test_the_blocks_and_items_of_an_ordinary_answer_leave_it_plain() -> None:
    block = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    said = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "a"}}
    assert read("anthropic", block, {"type": "ping"}, said, {"type": "content_block_stop", "index": 0}).trail.plain
    item = {"type": "message", "id": "m", "content": [{"text": "a"}]}
    added = {"type": "response.output_item.added", "item": {**item, "content": []}}
    assert read("openai_responses", added, {"type": "response.output_item.done", "item": item}).trail.plain
    assert read("dify", {"event": "ping"}, {"event": "message", "answer": "a", "task_id": "t"}).trail.plain


def test_text_reasoning_and_calls_follow_each_other() -> None:
    thinks = [chunk({"reasoning_content": text}) for text in "xyz"]
    reader = read("openai_chat", *thinks, says("a"), called("f", "{"), called("", "}"), says("b"), says("c"))
    assert not reader.trail.plain
    assert parts(reader) == [
        ("reasoning", "", 3, False), ("text", "", 1, False), ("tool_call", "f", 2, False), ("text", "", 2, False),
    ]  # fmt: skip
    assert (reader.chunks, reader.call_chunks) == (8, 2)


def test_parallel_calls_are_told_apart_by_index_and_successive_ones_by_id() -> None:
    reader = read(
        "openai_chat",
        called("rain", "", 0, "c1"), called("sun", "", 1, "c2"), called("", "{}", 0), called("", "{}", 1),
        called("", "{}", 1), called("wind", "{}", 0, "c3"),
    )  # fmt: skip
    assert parts(reader) == [
        ("tool_call", "rain", 2, False), ("tool_call", "sun", 3, False), ("tool_call", "wind", 1, False),
    ]  # fmt: skip


def test_an_event_with_text_and_a_call_is_one_chunk_of_both() -> None:
    both = chunk({"content": "a", "tool_calls": [{"index": 0, "function": {"name": "f"}}]}, finish="tool_calls")
    reader = read("openai_chat", both)
    assert (reader.chunks, reader.call_chunks) == (1, 0)
    assert parts(reader) == [("text", "", 1, False), ("tool_call", "f", 1, False)]


def test_nodes_of_dify_are_paired_by_id_and_named_by_title() -> None:
    reader = read(
        "dify",
        node("node_started", "1", "Search"), node("node_started", "2", "Search"), node("node_finished", "1", "Search"),
        {"event": "message", "answer": "a", "task_id": "t"}, node("node_started", "3", "", node_type="llm"),
        node("node_finished", "3", "", node_type="llm", status="failed", error="no GPU"), {"event": "ping"},
    )  # fmt: skip
    assert reader.error is None
    assert parts(reader) == [
        ("step", "Search", 1, True), ("step", "Search", 1, False), ("text", "", 1, False), ("step", "llm", 1, True),
        ("keep_alive", "", 1, False),
    ]  # fmt: skip


def test_a_round_of_a_dify_agent_is_a_tool_call_once_its_tool_is_named() -> None:
    thought = {"event": "agent_thought", "task_id": "t", "id": "a1"}
    reader = read(
        "dify",
        {**thought, "tool": ""}, {**thought, "tool": "search"}, {**thought, "tool": "search", "observation": "found"},
        {"event": "message_end", "task_id": "t", "metadata": {"retriever_resources": [{}, {}]}},
    )  # fmt: skip
    assert parts(reader) == [
        ("tool_call", "search", 1, True), ("tool_result", "search", 1, True), ("citation", "", 2, False),
    ]  # fmt: skip


def test_blocks_of_anthropic_are_steps_and_the_results_of_its_own_tools_end_their_calls() -> None:
    start, stop = "content_block_start", "content_block_stop"
    search = {"type": "server_tool_use", "id": "s1", "name": "web_search"}
    reader = read(
        "anthropic",
        {"type": start, "index": 0, "content_block": {"type": "thinking", "thinking": "hm"}},
        {"type": stop, "index": 0},
        {"type": start, "index": 1, "content_block": search}, {"type": stop, "index": 1},
        {"type": start, "index": 2, "content_block": {"type": "web_search_tool_result", "tool_use_id": "s1"}},
        {"type": stop, "index": 2}, {"type": "ping"},
    )  # fmt: skip
    assert parts(reader) == [
        ("reasoning", "", 1, False), ("step", "thinking", 1, True), ("step", "server_tool_use web_search", 1, True),
        ("tool_call", "web_search", 1, True), ("tool_result", "web_search", 1, True),
        ("step", "web_search_tool_result", 1, True), ("keep_alive", "", 1, False),
    ]  # fmt: skip


def test_items_of_the_responses_api_are_steps_and_its_own_tools_answer_with_their_items() -> None:
    search = {"type": "web_search_call", "id": "w"}
    function = {"type": "function_call", "id": "f", "call_id": "c", "name": "rain"}
    reader = read(
        "openai_responses",
        {"type": "response.output_item.added", "item": search}, {"type": "response.output_item.done", "item": search},
        {"type": "response.output_item.added", "item": function},
        {"type": "response.function_call_arguments.delta", "item_id": "f", "delta": "{}"},
        {"type": "response.function_call_arguments.done", "item_id": "f", "arguments": "{}"},
        {"type": "response.output_item.done", "item": function},
        {"type": "response.output_text.annotation.added", "annotation": {"type": "url_citation"}},
    )  # fmt: skip
    assert parts(reader) == [
        ("step", "web_search_call", 1, True), ("tool_call", "web_search_call", 1, True),
        ("tool_result", "web_search_call", 1, True), ("step", "function_call rain", 1, True),
        ("tool_call", "rain", 2, True), ("citation", "url_citation", 1, False),
    ]  # fmt: skip


@pytest.mark.parametrize("order", ["together", "one behind the other"])
def test_reasoning_under_two_names_counts_once(order: str) -> None:
    names = ("response.reasoning_text.delta", "response.reasoning_summary_text.delta")
    pieces = ("Let ", "me ", "think")
    pairs = [(n, p) for p in pieces for n in names] if order == "together" else [(n, p) for n in names for p in pieces]
    reader = read("openai_responses", *({"type": name, "item_id": "r", "delta": piece} for name, piece in pairs))
    assert (reader.reasoning, reader.chunks) == ("Let me think", 3)


def test_a_summary_in_its_own_words_is_reasoning_of_its_own() -> None:
    reader = read(
        "openai_responses",
        {"type": "response.reasoning_text.delta", "item_id": "r", "delta": "Let me think"},
        {"type": "response.reasoning_summary_text.delta", "item_id": "r", "delta": "Thinking"},
        {"type": "response.reasoning_summary_text.delta", "item_id": "r", "delta": " hard"},
    )
    assert (reader.reasoning, reader.chunks) == ("Let me thinkThinking hard", 3)


@pytest.mark.parametrize("incremental", [True, False])
def test_every_choice_of_dashscope_is_read(incremental: bool) -> None:
    said = (("a", "x"), ("b", "y")) if incremental else (("a", "x"), ("ab", "xy"))
    docs = [
        {"request_id": "r", "output": {"choices": [{"message": {"content": first}}, {"message": {"content": second}}]}}
        for first, second in said
    ]
    reader = read("dashscope", *docs, incremental_output=incremental)
    assert reader.choices == ["ab", "xy"]


def test_functions_of_a_coze_bot_are_paired_by_their_order() -> None:
    completed = "conversation.message.completed"
    call = {"type": "function_call", "content": '{"name": "weather-now", "arguments": {}}'}
    reader = read("coze", (completed, call), (completed, {"type": "tool_response", "content": "sunny"}))
    assert parts(reader) == [("tool_call", "weather-now", 1, True), ("tool_result", "weather-now", 1, True)]
    assert reader.text == ""


class TestTrail:
    """The trail by itself."""

    def test_a_result_ends_the_oldest_call_that_it_fits(self) -> None:
        trail = Trail()
        for place, name in enumerate(("f", "g", "f"), start=1):
            trail.call(Call(name, ""), place, place)
        trail.add(Mark(Kind.TOOL_RESULT, "f"), 7)
        trail.add(Mark(Kind.TOOL_RESULT), 8)
        trail.add(Mark(Kind.TOOL_RESULT, "unasked"), 9)
        assert [(part.name, part.begin, part.end) for part in trail.parts] == [
            ("f", 1, 7), ("g", 2, 8), ("f", 3, None), ("f", 1, 7), ("g", 2, 8), ("unasked", 9, None),
        ]  # fmt: skip

    def test_steps_of_one_name_end_from_the_inside(self) -> None:
        trail = Trail()
        for place, kind in enumerate((Kind.STEP_BEGIN, Kind.STEP_BEGIN, Kind.STEP_END, Kind.STEP_END), start=1):
            trail.add(Mark(kind, "agent"), place)
        trail.add(Mark(Kind.STEP_END, "agent"), 9)
        assert [(part.begin, part.end) for part in trail.parts] == [(1, 4), (2, 3)]

    def test_a_step_without_any_name_ends_the_newest(self) -> None:
        trail = Trail()
        trail.add(Mark(Kind.STEP_BEGIN), 1)
        trail.add(Mark(Kind.STEP_END), 2)
        assert [(part.begin, part.end) for part in trail.parts] == [(1, 2)]

    def test_it_is_bounded_whatever_comes(self) -> None:
        trail = Trail()
        for place in range(3 * MOST_PARTS):
            trail.add(Mark(Kind.STEP_BEGIN, f"step {place}" * 50), place)
            trail.add(Mark(Kind.CITATION, f"source {place}"), place)
            trail.add(Mark(Kind.KEEP_ALIVE), place)
            trail.turn(Kind.TEXT if place % 2 else Kind.REASONING, place, place)
        assert len(trail.parts) == MOST_PARTS
        assert max(len(part.name) for part in trail.parts) == 80
        assert sum(part.kind is Kind.CITATION for part in trail.parts) <= MOST_NAMES
