"""Where the body of each format says how long an answer may be, and at which temperature."""

from __future__ import annotations

import pytest

from sse_perf_tool.formats import FORMATS
from sse_perf_tool.formats.base import with_field

LIMITS = {
    "anthropic": "max_tokens",
    "cohere": "max_tokens",
    "dashscope": "parameters.max_tokens",
    "gemini": "generationConfig.maxOutputTokens",
    "ollama": "options.num_predict",
    "openai_chat": "max_tokens",
    "openai_completions": "max_tokens",
    "openai_responses": "max_output_tokens",
    "qianfan": "max_output_tokens",
    "tgi": "parameters.max_new_tokens",
}
AGENTS = {"a2a", "adk", "ag_ui", "coze_workflow", "langgraph", "langgraph_v2", "langserve", "mcp", "vercel_ui"}
NO_LIMIT = {"chatbot", "coze", "custom", "dify", "fastgpt", "ragflow", "ragflow_agent", *AGENTS}


def test_every_format_says_where_its_limit_stands() -> None:
    assert {name: ".".join(row.limit) for name, row in FORMATS.items() if row.limit} == LIMITS
    assert {name for name, row in FORMATS.items() if not row.limit} == NO_LIMIT
    assert {name for name, row in FORMATS.items() if not row.temperature} == NO_LIMIT


@pytest.mark.parametrize("name", sorted(LIMITS))
def test_a_limit_leaves_the_rest_of_the_body_as_it_is(name: str) -> None:
    row = FORMATS[name]
    body = row.body("hi", "m", "u", "")
    limited = with_field(with_field(body, row.limit, 64), row.temperature, 0.5)
    for path, value in ((row.limit, 64), (row.temperature, 0.5)):
        found = limited
        for part in path:
            found = found[part]
        assert found == value
    assert body == row.body("hi", "m", "u", "")
    outer = {row.limit[0], row.temperature[0]}
    assert {key: value for key, value in limited.items() if key not in outer} == {
        key: value for key, value in body.items() if key not in outer
    }


def test_what_stands_beside_a_nested_field_stays() -> None:
    assert with_field({"a": {"b": 1}}, ("a", "c"), 2) == {"a": {"b": 1, "c": 2}}
    assert with_field({"a": "text"}, ("a", "c"), 2) == {"a": {"c": 2}}
