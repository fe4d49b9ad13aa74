"""Answers that came whole, one JSON object each, as the documentation of each API shows them, and what is in them."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from scripted_server import Step, sized
from sse_perf_tool.records import Usage


class WholeAnswer(NamedTuple):
    """A format, an answer in it, and what a reader must find; what is not named here is not there."""

    name: str
    format: str
    document: dict[str, Any]
    text: str = ""
    reasoning: str = ""
    usage: Usage | None = None
    finish_reason: str | None = None
    message_id: str | None = None
    conversation_id: str | None = None
    error: str | None = None
    choices: tuple[str, ...] = ()
    options: dict[str, Any] = {}  # noqa: RUF012 - nobody changes it


OPENAI = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1741569952,
    "model": "gpt-4",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Hello! How are you?", "refusal": None, "annotations": []},
            "logprobs": None,
            "finish_reason": "stop",
        }
    ],
    "usage": {
        "prompt_tokens": 19,
        "completion_tokens": 10,
        "total_tokens": 29,
        "completion_tokens_details": {"reasoning_tokens": 4},
    },
}

TOOL_CALL = {
    **OPENAI,
    "choices": [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
            },
            "finish_reason": "tool_calls",
        }
    ],
    "usage": {"prompt_tokens": 82, "completion_tokens": 17, "total_tokens": 99},
}

DIFY = {
    "event": "message",
    "task_id": "t-1",
    "id": "m-1",
    "message_id": "m-1",
    "conversation_id": "c-1",
    "mode": "chat",
    "answer": "iPhone 13 Pro Max specs are listed here.",
    "metadata": {
        "usage": {"prompt_tokens": 1033, "completion_tokens": 128, "total_tokens": 1161, "latency": 0.76},
        "retriever_resources": [],
    },
    "created_at": 1705407629,
}

WORKFLOW = {
    "workflow_run_id": "r-1",
    "task_id": "t-1",
    "data": {
        "id": "r-1",
        "workflow_id": "w-1",
        "status": "succeeded",
        "outputs": {"text": "Nice to meet you.", "score": 3},
        "error": None,
        "elapsed_time": 0.875,
        "total_tokens": 3562,
        "total_steps": 8,
    },
}

TGI = {
    "generated_text": " Deep learning is",
    "details": {
        "finish_reason": "length",
        "generated_tokens": 3,
        "seed": None,
        "prefill": [],
        "tokens": [{"id": 1, "text": " Deep", "logprob": -0.1, "special": False}],
    },
}

GEMINI = {
    "candidates": [
        {
            "content": {
                "parts": [{"text": "Hmm.", "thought": True}, {"text": "Hello"}, {"text": "!"}],
                "role": "model",
            },
            "finishReason": "STOP",
            "index": 0,
        }
    ],
    "usageMetadata": {
        "promptTokenCount": 4,
        "candidatesTokenCount": 5,
        "thoughtsTokenCount": 7,
        "totalTokenCount": 16,
    },
    "modelVersion": "gemini-2.0-flash",
    "responseId": "resp-1",
}

RESPONSES = {
    "id": "resp_1",
    "object": "response",
    "status": "completed",
    "error": None,
    "incomplete_details": None,
    "output": [
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Think."}]},
        {"type": "function_call", "id": "fc_1", "name": "f", "arguments": "{}"},
        {
            "type": "message",
            "id": "msg_1",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "In a land", "annotations": []}],
        },
    ],
    "usage": {"input_tokens": 36, "output_tokens": 87, "output_tokens_details": {"reasoning_tokens": 5}},
}

QIANFAN = {
    "id": "as-1",
    "object": "chat.completion",
    "created": 1680167072,
    "result": "您好，我是文心一言。",
    "is_truncated": False,
    "need_clear_history": False,
    "finish_reason": "normal",
    "usage": {"prompt_tokens": 7, "completion_tokens": 67, "total_tokens": 74},
}

CUSTOM = {
    "fields": {"text": "data.answer", "completion_tokens": "data.tokens", "conversation_id": "sid", "error": "msg"},
    "error_code": {"path": "code", "ok": [0]},
    "text_events": ["say"],
    "end_events": ["bye"],
}

ANSWERS = (
    WholeAnswer("openai", "openai_chat", OPENAI, "Hello! How are you?", "", Usage(19, 10, 4), "stop", "chatcmpl-1"),
    WholeAnswer(
        "calls of tools alone",
        "openai_chat",
        TOOL_CALL,
        usage=Usage(82, 17),
        finish_reason="tool_calls",
        message_id="chatcmpl-1",
    ),
    WholeAnswer(
        "reasoning and two choices",
        "openai_chat",
        {
            "id": "x",
            "choices": [
                {"index": 1, "message": {"content": "B"}, "finish_reason": "stop"},
                {"index": 0, "message": {"content": "A", "reasoning_content": "why"}, "finish_reason": "length"},
            ],
        },
        "A",
        "why",
        finish_reason="length",
        message_id="x",
        choices=("A", "B"),
    ),
    WholeAnswer(
        "openai error",
        "openai_chat",
        {"error": {"message": "overloaded", "type": "server_error", "param": None, "code": None}},
        error="overloaded (server_error)",
    ),
    WholeAnswer(
        "ragflow",
        "ragflow",
        {
            "code": 0,
            "data": {
                "answer": "Hello",
                "reference": {"chunks": [{"id": "k1"}]},
                "audio_binary": None,
                "id": "m-1",
                "session_id": "s-1",
            },
        },
        "Hello",
        message_id="m-1",
        conversation_id="s-1",
    ),
    WholeAnswer("ragflow error", "ragflow", {"code": 102, "message": "Ask a question."}, error="Ask a question. (102)"),
    WholeAnswer(
        "ragflow agent",
        "ragflow_agent",
        {
            "code": 0,
            "data": {
                "data": {"content": "Hello", "reference": {}, "trace": []},
                "message_id": "m-1",
                "session_id": "s-1",
                "task_id": "t-1",
            },
        },
        "Hello",
        message_id="m-1",
        conversation_id="s-1",
    ),
    WholeAnswer(
        "ragflow agent error",
        "ragflow_agent",
        {"code": 500, "message": "no agent", "data": False},
        error="no agent (500)",
    ),
    WholeAnswer(
        "fastgpt with details",
        "fastgpt",
        {
            "responseData": [{"moduleName": "AI chat", "tokens": 303}],
            "id": "",
            "model": "",
            "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
            "choices": [{"message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop", "index": 0}],
        },
        "Hello",
        usage=Usage(1, 1),
        finish_reason="stop",
    ),
    WholeAnswer(
        "completions",
        "openai_completions",
        {
            "id": "cmpl-1",
            "object": "text_completion",
            "choices": [{"text": "\n\nThis is a test", "index": 0, "logprobs": None, "finish_reason": "length"}],
            "usage": {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12},
        },
        "\n\nThis is a test",
        "",
        Usage(5, 7),
        "length",
        "cmpl-1",
    ),
    WholeAnswer(
        "responses", "openai_responses", RESPONSES, "In a land", "Think.", Usage(36, 87, 5), "completed", "resp_1"
    ),
    WholeAnswer(
        "responses cut at its limit",
        "openai_responses",
        {
            **RESPONSES,
            "status": "incomplete",
            "incomplete_details": {"reason": "max_output_tokens"},
            "output": [{"type": "message", "content": [{"type": "refusal", "refusal": "No."}]}],
            "usage": None,
        },
        "No.",
        finish_reason="max_output_tokens",
        message_id="resp_1",
    ),
    WholeAnswer(
        "responses failed",
        "openai_responses",
        {
            "id": "resp_1",
            "object": "response",
            "status": "failed",
            "error": {"code": "server_error", "message": "sorry"},
            "output": [],
        },
        finish_reason="failed",
        message_id="resp_1",
        error="sorry (server_error)",
    ),
    WholeAnswer(
        "anthropic",
        "anthropic",
        {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": "claude",
            "content": [
                {"type": "thinking", "thinking": "Let me see.", "signature": "abc"},
                {"type": "text", "text": "Hi! My name is Claude."},
                {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}},
            ],
            "stop_reason": "end_turn",
            "stop_sequence": None,
            "usage": {"input_tokens": 2095, "cache_read_input_tokens": 5, "output_tokens": 503},
        },
        "Hi! My name is Claude.",
        "Let me see.",
        Usage(2100, 503),
        "end_turn",
        "msg_1",
    ),
    WholeAnswer(
        "anthropic error",
        "anthropic",
        {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
        error="Overloaded (overloaded_error)",
    ),
    WholeAnswer("gemini", "gemini", GEMINI, "Hello!", "Hmm.", Usage(4, 12, 7), "STOP", "resp-1"),
    WholeAnswer(
        "gemini blocked",
        "gemini",
        {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 4}},
        usage=Usage(4),
        error="prompt blocked: SAFETY",
    ),
    WholeAnswer(
        "cohere",
        "cohere",
        {
            "id": "co-1",
            "finish_reason": "COMPLETE",
            "message": {
                "role": "assistant",
                "content": [{"type": "thinking", "thinking": "So."}, {"type": "text", "text": "LLMs stand for"}],
            },
            "usage": {
                "billed_units": {"input_tokens": 5, "output_tokens": 418},
                "tokens": {"input_tokens": 71, "output_tokens": 420},
            },
        },
        "LLMs stand for",
        "So.",
        Usage(71, 420),
        "COMPLETE",
        "co-1",
    ),
    WholeAnswer(
        "ollama chat",
        "ollama",
        {
            "model": "llama3.2",
            "created_at": "2023-12-12T14:13:43.416799Z",
            "message": {"role": "assistant", "content": "Hello! How are you today?", "thinking": "Greet."},
            "done": True,
            "done_reason": "stop",
            "total_duration": 5191566416,
            "prompt_eval_count": 26,
            "eval_count": 298,
        },
        "Hello! How are you today?",
        "Greet.",
        Usage(26, 298),
        "stop",
    ),
    WholeAnswer(
        "ollama generate",
        "ollama",
        {"model": "m", "response": "The sky is blue.", "done": True, "prompt_eval_count": 3, "eval_count": 4},
        "The sky is blue.",
        "",
        Usage(3, 4),
    ),
    WholeAnswer(
        "dify chat", "dify", DIFY, DIFY["answer"], "", Usage(1033, 128), message_id="m-1", conversation_id="c-1"
    ),
    WholeAnswer("dify workflow", "dify", WORKFLOW, "Nice to meet you.", "", finish_reason="succeeded"),
    WholeAnswer(
        "dify workflow that failed",
        "dify",
        {**WORKFLOW, "data": {"status": "failed", "outputs": None, "error": "node LLM: no credit"}},
        finish_reason="failed",
        error="node LLM: no credit",
    ),
    WholeAnswer("tgi", "tgi", TGI, " Deep learning is", "", Usage(None, 3), "length"),
    WholeAnswer(
        "dashscope",
        "dashscope",
        {
            "output": {
                "choices": [
                    {
                        "finish_reason": "stop",
                        "message": {"role": "assistant", "content": "我是通义千问。", "reasoning_content": "想"},
                    }
                ]
            },
            "usage": {"total_tokens": 50, "output_tokens": 17, "input_tokens": 33},
            "request_id": "q-1",
        },
        "我是通义千问。",
        "想",
        Usage(33, 17),
        "stop",
        "q-1",
    ),
    WholeAnswer(
        "dashscope application",
        "dashscope",
        {
            "output": {"finish_reason": "stop", "session_id": "s-1", "text": "Fine."},
            "usage": {"models": [{"input_tokens": 74, "output_tokens": 36, "model_id": "qwen-plus"}]},
            "request_id": "q-2",
        },
        "Fine.",
        "",
        Usage(74, 36),
        "stop",
        "q-2",
        "s-1",
    ),
    WholeAnswer("qianfan", "qianfan", QIANFAN, "您好，我是文心一言。", "", Usage(7, 67), "normal", "as-1"),
    WholeAnswer(
        "qianfan error",
        "qianfan",
        {"error_code": 18, "error_msg": "Open api qps request limit reached"},
        error="Open api qps request limit reached (18)",
    ),
    WholeAnswer(
        "chatbot",
        "chatbot",
        {
            "conversation_id": "c-1",
            "message_id": "m-1",
            "turn": 1,
            "content": "About it.",
            "finish_reason": "stop",
            "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
            "timing": {"ttft_ms": 300.0},
        },
        "About it.",
        "",
        Usage(3, 2),
        "stop",
        "m-1",
        "c-1",
    ),
    WholeAnswer(
        "custom, whose SSE names say nothing here",
        "custom",
        {"code": 0, "sid": "s-9", "data": {"answer": "Hello", "tokens": 2}},
        "Hello",
        "",
        Usage(None, 2),
        conversation_id="s-9",
        options=CUSTOM,
    ),
    WholeAnswer("custom error", "custom", {"code": 7, "msg": "no quota"}, error="no quota (7)", options=CUSTOM),
)

JSON = "application/json"
NS_PER_MS = 1_000_000


def bytes_of(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()


def answer(document: object, **more: Any) -> list[Step]:
    return sized(bytes_of(document), kind=JSON, **more)
