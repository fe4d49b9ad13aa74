"""The table of formats: how the format of a stream or a URL is found, minimal bodies, headers."""

from __future__ import annotations

import base64
import json

import pytest

from sse_perf_tool.formats import FORMATS, AnswerReader, detect, guess_from_url
from sse_perf_tool.formats.table import _OF_CHOICES
from sse_perf_tool.records import Usage
from stream_bodies import NDJSON, SSE, VECTORS, chunk, lines_of, read, read_body, says, stream_of


class TestDetection:
    @pytest.mark.parametrize(
        ("event", "doc", "name"),
        [
            ("conversation.chat.created", {}, "coze"),
            ("message", {"type": "response.created"}, "openai_responses"),
            ("message", {"type": "content_block_start"}, "anthropic"),
            ("message", {"type": "message_delta"}, "anthropic"),
            ("error", {"type": "error", "error": {"type": "overloaded_error"}}, "anthropic"),
            ("message", {"type": "message-start"}, "cohere"),
            ("message", {"type": "content-end"}, "cohere"),
            ("message", {"event": "error", "task_id": "t"}, "dify"),
            ("message", {"event": "message", "answer": ""}, "dify"),
            ("message", {"event": 1, "answer": ""}, None),
            ("message", {"promptFeedback": {}}, "gemini"),
            ("message", {"token": {"text": ""}}, "tgi"),
            ("message", {"is_end": False, "result": "", "object": "chat.completion"}, "qianfan"),
            ("result", {"output": {}, "request_id": "r"}, "dashscope"),
            ("message", {"object": "text_completion", "choices": []}, "openai_completions"),
            ("message", {"choices": [{"text": "a"}]}, "openai_completions"),
            ("message", {"object": "chat.completion.chunk"}, "openai_chat"),
            ("message", {"choices": [{"delta": None}]}, "openai_chat"),
            ("message", {"choices": []}, None),
            ("message", {"error": {"message": "x", "type": "y"}}, None),
            ("error", {"code": 4000, "msg": "x"}, None),
            ("ping", {"type": "ping"}, None),
            ("message", {"done": False, "response": "a"}, None),
        ],
    )
    def test_events(self, event, doc, name):
        found = detect(event, doc)
        assert (found.name if found else None) == name

    @pytest.mark.parametrize("name", [name for name in FORMATS if name not in ("openai_completions", "openai_chat")])
    def test_no_other_format_looks_at_the_names_of_openai(self, name):
        values = (None, True, 1, "", "message", "error", "conversation.chat", [], [{}], {}, {"text": "a", "error": {}})
        docs = [dict.fromkeys(_OF_CHOICES, value) for value in values] + [{one: 1} for one in _OF_CHOICES] + [{}]
        assert not any(FORMATS[name].detects("message", doc) for doc in docs)

    def test_ollama_is_looked_for_in_lines_only(self):
        found = detect("message", {"done": False, "response": "a"}, ndjson=True)
        assert found is not None
        assert found.name == "ollama"

    @pytest.mark.parametrize(
        "vector", [v for v in VECTORS if v["detect"] == v["format"]], ids=lambda vector: vector["name"]
    )
    def test_a_format_that_shows_need_not_be_named(self, vector):
        body = base64.b64decode(vector["stream"])
        options, content_type = vector.get("options") or {}, vector["content_type"]
        named, found = (AnswerReader(fmt, options, content_type) for fmt in (FORMATS[vector["format"]], None))
        assert sum(map(found.feed, (body[i : i + 1] for i in range(len(body))))) + found.close() == found.chunks
        named.feed(body)
        named.close()
        assert found.format_name == vector["format"]
        for fact in (
            "text",
            "reasoning",
            "choices",
            "chunks",
            "usage",
            "finish_reason",
            "message_id",
            "error",
            "complete",
        ):
            assert getattr(found, fact) == getattr(named, fact), fact
        assert (found.first_token_event, found.first_answer_event) == (
            named.first_token_event,
            named.first_answer_event,
        )

    def test_events_before_the_one_that_decides_are_read_again(self):
        early = {"id": "c0", "choices": [], "usage": {"prompt_tokens": 3}}
        reader = AnswerReader(None, {}, SSE)
        assert reader.feed(stream_of(("ping", {"type": "ping"}), early, "x")) == 0
        assert (reader.format_name, reader.detected, reader.usage) == ("", None, None)
        assert reader.feed(stream_of(says("a"))) == 1
        assert (reader.format_name, reader.detected, reader.message_id) == ("openai_chat", "openai_chat", "c0")
        assert (reader.usage, reader.first_token_event) == (Usage(3, None, None), 3)

    def test_an_error_before_the_decision_is_told_once(self):
        reader = read(None, {"error": {"message": "boom"}}, says("a"))
        assert (reader.error, reader.text) == ("boom", "a")

    def test_nothing_decides(self):
        reader = read(None, *[{"answer": "a"}] * 100, "[DONE]")
        assert (reader.text, reader.error, reader.complete, reader.format_name) == ("", None, True, "")
        reader = read(None, {"answer": "a"}, {"error": "boom"})
        assert (reader.error, reader.last, reader.complete) == ("boom", True, False)

    def test_lines_of_json_without_a_name(self):
        body = lines_of({"response": "a", "done": True, "done_reason": "stop"})
        for content_type in (NDJSON, "", "text/plain"):
            reader = read_body(None, body, content_type)
            assert (reader.text, reader.format_name) == ("a", "ollama")

    def test_a_guess_holds_until_the_body_shows_another_format(self):
        early = {"id": "c0", "choices": [], "usage": {"prompt_tokens": 3}}
        for guess in ("dify", "openai_chat", "tgi"):
            reader = AnswerReader(None, {}, SSE, FORMATS[guess])
            assert (reader.format_name, reader.feed(stream_of(early))) == (guess, 0)
            assert (reader.feed(stream_of(says("a"))), reader.feed(stream_of(says("b"), "[DONE]"))) == (1, 1)
            assert (reader.format_name, reader.detected) == ("openai_chat", "openai_chat")
            assert (reader.text, reader.message_id, reader.usage) == ("ab", "c0", Usage(3, None, None))
            assert (reader.complete, reader.first_token_event) == (True, 1)

    def test_a_guess_stands_when_nothing_decides(self):
        reader = AnswerReader(None, {}, SSE, FORMATS["openai_chat"])
        reader.feed(stream_of({"object": "error", "message": "boom"}))
        assert (reader.format_name, reader.detected, reader.error) == ("openai_chat", None, "boom")

    def test_a_guess_that_brought_text_stands(self):
        reader = AnswerReader(None, {}, SSE, FORMATS["qianfan"])
        reader.feed(stream_of({"result": "a"}, says("b")))
        assert (reader.format_name, reader.detected, reader.text) == ("qianfan", "openai_chat", "a")

    def test_a_named_format_stays_though_the_body_shows_another(self):
        reader = read("dify", says("a"), chunk(finish="stop"))
        assert (reader.format_name, reader.detected, reader.text, reader.complete) == ("dify", "openai_chat", "", False)


AGENTS = frozenset(
    {"ag_ui", "vercel_ui", "a2a", "mcp", "langgraph", "langgraph_v2", "langserve", "adk", "coze_workflow"}
)
"""The formats of agents, which have no answers that come whole."""


class TestTable:
    @pytest.mark.parametrize(
        ("url", "name"),
        [
            ("api.openai.com /v1/chat/completions", "openai_chat"),
            ("localhost /chat/completions?x=1", "openai_chat"),
            ("x.openai.azure.com /openai/deployments/d/chat/completions?api-version=1", "openai_chat"),
            ("dashscope.aliyuncs.com /compatible-mode/v1/chat/completions", "openai_chat"),
            ("qianfan.baidubce.com /v2/chat/completions", "openai_chat"),
            ("localhost /v1/completions", "openai_completions"),
            ("localhost /v1/responses", "openai_responses"),
            ("localhost /v1/messages", "anthropic"),
            ("api.anthropic.com /other", "anthropic"),
            ("x /v1beta/models/gemini-2.0-flash:streamGenerateContent?alt=sse", "gemini"),
            ("api.cohere.com /v2/chat", "cohere"),
            ("localhost /api/chat", "ollama"),
            ("localhost /api/generate", "ollama"),
            ("localhost /v1/chat-messages", "dify"),
            ("localhost /v1/completion-messages", "dify"),
            ("localhost /v1/workflows/run", "dify"),
            ("localhost /v1/workflows/5/run", "dify"),
            ("API.DIFY.AI /x", "dify"),
            ("localhost /api/v1/chats/c1/completions", "ragflow"),
            ("localhost /api/v1/agents/chat/completions", "ragflow_agent"),
            ("localhost /api/v1/agents/a1/completions", "ragflow_agent"),
            ("api.fastgpt.in /x", "fastgpt"),
            ("api.fastgpt.in /api/v1/chat/completions", "openai_chat"),
            ("localhost /generate_stream", "tgi"),
            ("api.coze.cn /v3/chat?conversation_id=1", "coze"),
            ("dashscope.aliyuncs.com /api/v1/services/aigc/text-generation/generation", "dashscope"),
            ("dashscope-intl.aliyuncs.com /api/v1/apps/a1/completion", "dashscope"),
            ("aip.baidubce.com /rpc/2.0/ai_custom/v1/wenxinworkshop/chat/eb-instant", "qianfan"),
            ("localhost /", None),
            ("localhost /v1/chat", None),
            ("notdify.ai.example /x", None),
        ],
    )
    def test_urls(self, url, name):
        found = guess_from_url(*url.split(" "))
        assert (found.name if found else None) == name

    def test_twenty_six_formats_under_their_names(self):
        assert len(FORMATS) == 26
        assert all(name == row.name for name, row in FORMATS.items())

    @pytest.mark.parametrize("row", FORMATS.values(), ids=lambda row: row.name)
    def test_minimal_bodies_hold_the_query_and_ask_for_a_stream(self, row):
        body = row.body("QUERY", "MODEL", "USER", "CONVERSATION")
        text = json.dumps(body)
        assert "QUERY" in text
        without = ("gemini", "dify", "tgi", "qianfan", "chatbot", "ag_ui", "vercel_ui", "a2a", "langserve")
        assert ("MODEL" in text) is (row.name not in without)
        streams = body.get("stream") is True or body.get("response_mode") == "streaming"
        # The path, a header, as a rule; agents always do, or say so in words of their own.
        assert streams or row.name in ("gemini", "dashscope", "chatbot", *AGENTS)

    def test_usage_is_asked_for_where_it_has_to_be(self):
        assert FORMATS["openai_chat"].body("q", "m", "", "")["stream_options"] == {"include_usage": True}
        assert FORMATS["openai_completions"].body("q", "m", "", "")["stream_options"] == {"include_usage": True}
        assert FORMATS["tgi"].body("q", "m", "", "")["parameters"] == {"details": True}

    def test_headers(self):
        assert FORMATS["anthropic"].headers == {"anthropic-version": "2023-06-01"}
        assert FORMATS["dashscope"].stream_headers == {"X-DashScope-SSE": "enable"}
        assert [name for name, row in FORMATS.items() if row.ndjson] == ["ollama"]
        assert [name for name, row in FORMATS.items() if not row.needs_key] == [
            "ollama",
            *(name for name in FORMATS if name in AGENTS and name != "coze_workflow"),
            "tgi",
            "qianfan",
            "chatbot",
            "custom",
        ]


def test_only_a_format_that_makes_threads_says_where_they_stand() -> None:
    found = {name: row.threads for name, row in FORMATS.items() if row.threads or row.pair is not None}
    assert found == {"langgraph_v2": "/threads"}
