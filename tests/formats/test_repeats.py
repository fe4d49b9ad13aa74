"""Texts that come once more at the end: never counted twice, and the answer where nothing was streamed before."""

from __future__ import annotations

import pytest

from sse_perf_tool.formats import FORMATS, AnswerReader
from stream_bodies import Item, chunk, read, says

PIECES = ("alpha ", "beta gamma")
AB = "".join(PIECES)
WHO = {"task_id": "t", "message_id": "m", "conversation_id": "c"}


def responses_end(text: str) -> list[Item]:
    """All the events with which a response repeats its text."""
    part = {"type": "output_text", "text": text}
    item = {"id": "msg_1", "type": "message", "role": "assistant", "content": [part]}
    response = {"id": "r", "status": "completed", "output": [item]}
    return [
        {"type": "response.output_text.done", "item_id": "msg_1", "text": text},
        {"type": "response.content_part.done", "item_id": "msg_1", "part": part},
        {"type": "response.output_item.done", "item": item},
        {"type": "response.completed", "response": response},
    ]


def coze(kind: str, text: str, message: str = "m1") -> Item:
    return f"conversation.message.{kind}", {"id": message, "type": "answer", "content": text}


def cohere(text: str) -> Item:
    return {"type": "content-delta", "delta": {"message": {"content": {"text": text}}}}


def token(text: str, whole: str | None = None) -> Item:
    return {"token": {"text": text}, "generated_text": whole}


REPEATS: dict[str, tuple[list[Item], list[Item], list[Item]]] = {
    "openai_responses": (
        [{"type": "response.output_text.delta", "item_id": "msg_1", "delta": text} for text in PIECES],
        responses_end(AB),
        [],
    ),
    "openai_chat": (
        [says("alpha "), says("beta gamma")],
        [{"choices": [{"index": 0, "message": {"role": "assistant", "content": AB}, "finish_reason": "stop"}]}],
        ["[DONE]"],
    ),
    "tgi": ([token("alpha "), token("beta gamma")], [token("", AB)], []),
    "coze": (
        [coze("delta", "alpha "), coze("delta", "beta gamma")],
        [coze("completed", AB)],
        [("conversation.chat.completed", {"status": "completed"})],
    ),
    "dify": (
        [{"event": "text_chunk", "data": {"text": text}, **WHO} for text in ("alpha ", "beta gamma")],
        [{"event": "workflow_finished", "data": {"status": "succeeded", "outputs": {"text": AB}}, **WHO}],
        [],
    ),
    "chatbot": (
        [("message", {"content": "alpha "}), ("message", {"content": "beta gamma"})],
        [("completed", {"content": AB, "finish_reason": "stop"})],
        [],
    ),
    "anthropic": (
        [{"type": "content_block_delta", "delta": {"type": "text_delta", "text": t}} for t in PIECES],
        [
            {
                "type": "message",
                "role": "assistant",
                "content": [{"type": "text", "text": AB}],
                "stop_reason": "end_turn",
            }
        ],
        [{"type": "message_stop"}],
    ),
    "cohere": (
        [cohere("alpha "), cohere("beta gamma")],
        [
            {
                "type": "message-end",
                "delta": {"message": {"content": [{"type": "text", "text": AB}]}, "finish_reason": "COMPLETE"},
            }
        ],
        [],
    ),
}


@pytest.mark.parametrize("name", REPEATS)
def test_what_was_streamed_is_not_counted_again(name: str) -> None:
    streamed, repeat, end = REPEATS[name]
    reader = read(name, *streamed, *repeat, *end)
    assert (reader.text, reader.chunks, reader.complete, reader.first_token_event) == (AB, 2, True, 0)


@pytest.mark.parametrize("name", REPEATS)
def test_where_nothing_was_streamed_the_repetition_is_the_answer_of_one_chunk(name: str) -> None:
    _, repeat, end = REPEATS[name]
    reader = read(name, *repeat, *end)
    assert (reader.text, reader.chunks, reader.complete, reader.first_token_event) == (AB, 1, True, 0)
    assert reader.first_answer_event == 0


AT_THE_END: dict[str, tuple[list[Item], Item]] = {
    "openai_chat": ([says("alpha "), says("beta gamma")], chunk({"content": AB}, finish="stop")),
    "openai_completions": (
        [{"choices": [{"text": "alpha "}]}, {"choices": [{"text": "beta gamma"}]}],
        {"choices": [{"text": AB, "finish_reason": "stop"}]},
    ),
    "ollama": (
        [{"response": "alpha ", "done": False}, {"response": "beta gamma", "done": False}],
        {"response": AB, "done": True, "done_reason": "stop"},
    ),
    "qianfan": (
        [{"result": "alpha ", "is_end": False}, {"result": "beta gamma", "is_end": False}],
        {"result": AB, "is_end": True},
    ),
    "gemini": (
        [{"candidates": [{"content": {"parts": [{"text": text}]}}]} for text in ("alpha ", "beta gamma")],
        {"candidates": [{"content": {"parts": [{"text": AB}]}, "finishReason": "STOP"}]},
    ),
}


@pytest.mark.parametrize("name", AT_THE_END)
def test_an_event_that_ends_the_answer_and_holds_all_of_it_is_a_repeat(name: str) -> None:
    streamed, last = AT_THE_END[name]
    reader = read(name, *streamed, last)
    assert (reader.text, reader.chunks) == (AB, 2)
    assert (alone := read(name, last)).text == AB
    assert alone.chunks == 1


def test_dashscope_repeats_with_deltas_too() -> None:
    def said(text: str, reason: str = "null") -> Item:
        return {"request_id": "r", "output": {"text": text, "finish_reason": reason}}

    reader = read("dashscope", said("alpha "), said("beta gamma"), said(AB, "stop"), incremental_output=True)
    assert (reader.text, reader.chunks) == (AB, 2)


def test_two_tokens_alike_are_two_tokens() -> None:
    assert read("openai_chat", says("哈"), chunk({"content": "哈"}, finish="stop")).text == "哈哈"
    assert read("openai_chat", *[says("ab")] * 3, chunk({"content": "ab"}, finish="stop")).chunks == 4


def test_custom_application_that_repeats_all_at_its_end() -> None:
    fields = {"text": "t"}
    reader = read("custom", {"t": "alpha "}, {"t": "beta gamma"}, {"t": AB}, "[DONE]", fields=fields)
    assert (reader.text, reader.chunks) == (AB, 2)
    assert read("custom", {"t": "ab"}, {"t": "ab"}, {"t": "ab"}, fields=fields).text == "ababab"


def test_a_message_of_coze_that_was_not_streamed_counts_beside_one_that_was() -> None:
    reader = read("coze", coze("delta", "one"), coze("completed", "one"), coze("completed", "two", "m2"))
    assert (reader.text, reader.chunks) == ("onetwo", 2)


def test_items_of_a_response_that_were_not_streamed_count_once_each() -> None:
    done = [
        {"type": "response.output_text.done", "item_id": item, "text": text} for item, text in (("a", "1"), ("b", "2"))
    ]
    whole = {
        "output": [{"type": "message", "content": [{"text": "1"}]}, {"type": "message", "content": [{"text": "2"}]}]
    }
    reader = read("openai_responses", *done, {"type": "response.completed", "response": whole})
    assert (reader.text, reader.chunks) == ("12", 2)


def test_reasoning_that_is_repeated_counts_once_and_is_the_answer_where_it_was_not_streamed() -> None:
    done = {"type": "response.reasoning_summary_text.done", "item_id": "rs", "text": "why"}
    streamed = {"type": "response.reasoning_summary_text.delta", "item_id": "rs", "delta": "why"}
    assert (read("openai_responses", streamed, done).reasoning, read("openai_responses", done).reasoning) == (
        "why",
    ) * 2
    assert read("openai_responses", streamed, done).chunks == 1


def test_a_relay_that_gives_the_message_at_its_start_and_in_blocks_is_read_once() -> None:
    start = {"type": "message_start", "message": {"id": "m", "content": [{"type": "text", "text": "Hi"}]}}
    block = {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "Hi"}}
    stop = {"type": "message_stop"}
    assert (read("anthropic", start, block, stop).text, read("anthropic", start, block, stop).chunks) == ("Hi", 1)
    assert (read("anthropic", start, stop).text, read("anthropic", start, stop).chunks) == ("Hi", 1)


@pytest.mark.parametrize("name", ["openai_chat", "anthropic", "openai_responses"])
def test_a_whole_answer_as_the_only_event_is_known_without_a_name(name: str) -> None:
    docs = {
        "openai_chat": REPEATS["openai_chat"][1][0],
        "anthropic": REPEATS["anthropic"][1][0],
        "openai_responses": {
            "object": "response",
            "status": "completed",
            "output": [{"type": "message", "content": [{"type": "output_text", "text": AB}]}],
        },
    }
    reader = read(None, docs[name])
    assert (reader.format_name, reader.text, reader.chunks, reader.complete) == (name, AB, 1, True)


def test_replacement_is_no_repeat() -> None:
    replaced = [{"event": "message", "answer": "bad", **WHO}, {"event": "message_replace", "answer": "no", **WHO}]
    reader = read("dify", *replaced, {"event": "message_end", **WHO})
    assert (reader.text, reader.chunks) == ("no", 1)


def test_repeats_behind_stops_in_every_chunk_stay_cheap() -> None:
    reader = AnswerReader(FORMATS["openai_chat"], {}, "text/event-stream")
    for _ in range(8_000):
        reader.feed(b'data: {"choices":[{"delta":{"content":"word "},"finish_reason":"stop"}]}\n\n')
    assert reader.chunks == 8_000
