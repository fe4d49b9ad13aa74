"""Files of queries, bodies and keys."""

from __future__ import annotations

import pytest

from command_lines import KEY, KEYED, body_of, keyed, problem, write
from sse_perf_tool.formats import FORMATS
from sse_perf_tool.metrics import estimate_tokens
from sse_perf_tool.providers import Query


def test_a_parameter_file_takes_the_place_of_the_query() -> None:
    arguments = keyed("--query", "no", "--param-file", write("q.jsonl", '{"query": "a", "n": 1}\n{"query": "b"}\n'))
    assert [arguments.queries.next() for _ in range(2)] == [
        Query("a", {"query": "a", "n": 1}),
        Query("b", {"query": "b"}),
    ]
    assert (arguments.config.query, arguments.config.param_file) == (None, "q.jsonl")


def test_shuffled_queries_are_the_same_in_an_order_that_the_seed_decides() -> None:
    path = write("q.txt", "\n".join(map(str, range(30))))

    def order(*argv: str) -> list[str]:
        return [query.text for query in keyed("--param-file", path, *argv).queries.queries]

    assert sorted(order("--shuffle"), key=int) == order()
    assert order("--shuffle") == order("--shuffle", "--seed", "1") != order()
    assert order("--shuffle", "--seed", "2") != order("--shuffle")
    assert keyed("--param-file", path, "--shuffle").config.shuffle


def test_made_prompts_take_the_place_of_the_query_and_fill_the_body() -> None:
    arguments = keyed("--prompt-tokens", "40", "--shared-prefix-tokens", "10")
    first, second = body_of(arguments)["query"], body_of(arguments)["query"]
    assert (estimate_tokens(first), estimate_tokens(second)) == (50, 50)
    assert first != second
    assert first.split("\n\n")[0] == second.split("\n\n")[0]


def test_conversations_with_one_turn_each_are_no_mistake_without_turns() -> None:
    path = write("q.json", '[{"messages": [{"role": "user", "content": "hi"}]}]')
    assert body_of(keyed("--param-file", path))["query"] == "hi"


def test_a_template_is_filled_with_the_query() -> None:
    arguments = keyed("--request-body-file", write("t.json", '{"q": "{query}", "u": "{user}"}'))
    assert body_of(arguments) == {"q": "你是谁", "u": "gaolou"}
    assert arguments.warnings == ()


def test_a_template_that_cannot_be_loaded_is_a_warning_and_the_default_body() -> None:
    arguments = keyed("--request-body-file", write("t.json", "{"))
    assert body_of(arguments)["response_mode"] == "streaming"
    (warning,) = arguments.warnings
    assert warning.startswith("--request-body-file t.json, line 1, column 2: ")
    assert warning.endswith("; correct the JSON there; the default body is used instead")


def test_with_strict_such_a_template_is_an_error() -> None:
    assert problem(*KEYED, "--strict", "--request-body-file", "no.json") == (
        "--request-body-file no.json: no such file; check the path"
    )


def test_a_model_that_has_no_place_in_the_body_is_a_warning() -> None:
    assert keyed("--model", "m").warnings == (
        '--model m: not used, the body has no "model"; add it to the template of --request-body-file',
    )


@pytest.mark.parametrize(
    ("path", "said"), [("", 0), ("/{id}/stream/events", 0), ("/t1/stream/events", 1), ("/t1/commands", 1)]
)
def test_a_thread_in_the_url_that_is_not_used_is_a_warning(path: str, said: int) -> None:
    arguments = keyed("--url", f"http://h:2024/threads{path}")
    assert arguments.format is FORMATS["langgraph_v2"]
    warning = "--url: the thread in the path is not used, each request gets a new one; write .../threads"
    assert arguments.warnings == (warning,) * said


def test_inputs_that_nothing_fills_are_a_warning() -> None:
    template = write("t.json", '{"a": "{inputs.city} {inputs.lang}"}')
    queries = write("q.csv", "query,lang\nq,de\n")
    assert keyed("--request-body-file", template, "--param-file", queries).warnings == (
        "--request-body-file t.json: no value for {inputs.city}, sent unchanged; add it to --param-file",
    )


def test_the_keys_of_a_file_are_used_in_turn_instead_of_the_key() -> None:
    arguments = keyed("--api-key-file", write("k.txt", "app-1\nBearer app-2\n"))
    assert arguments.keys is not None
    assert arguments.keys.keys == ("app-1", "app-2")


def test_a_key_file_that_cannot_be_read_is_a_warning_and_the_key() -> None:
    arguments = keyed("--api-key-file", "no.txt", "--lang", "zh")
    assert arguments.keys is not None
    assert arguments.keys.keys == (KEY,)
    assert arguments.warnings == ("--api-key-file no.txt：没有这个文件，请检查路径；改用 --api-key",)


def test_without_a_key_or_with_strict_such_a_key_file_is_an_error() -> None:
    expected = "--api-key-file no.txt: no such file; check the path"
    assert problem("--api-key-file", "no.txt") == expected
    assert problem(*KEYED, "--strict", "--api-key-file", "no.txt") == expected
