"""The names that people know from other load testers, and the hints for those that are none here."""

from __future__ import annotations

import pytest

from command_lines import CHAT, KEYED, ROOT, body_of, keyed, parsed, problem, write
from sse_perf_tool.arguments.output_paths import STANDARD_OUTPUT
from sse_perf_tool.flags import EVERY_FLAG
from sse_perf_tool.flags.synonyms import SYNONYMS, meant_by

# --- other names of a flag


@pytest.mark.parametrize("name", ["-c", "--concurrency", "--connections", "--concurrent"])
def test_threads_have_the_names_of_other_load_testers(name: str) -> None:
    assert keyed(name, "7").config.threads == 7
    assert parsed("calibrate", name, "7").config.threads == 7


def test_the_short_names_of_requests_and_duration_and_the_long_ones_of_rate_and_turns() -> None:
    assert keyed("-n", "9").config.requests == keyed("-n9").config.requests == 9
    assert keyed("-z", "5m").config.duration_s == 300.0
    assert keyed("--requests-per-second", "3", "-n", "9").config.rate_per_s == 3.0
    assert keyed("--multi-turn", "2").config.turns == 2


def test_a_name_and_its_other_name_are_one_setting() -> None:
    config = keyed("--config", write("run.toml", "concurrency = 4\nrequests-per-second = 2\nrequests = 5\n")).config
    assert (config.threads, config.rate_per_s) == (4, 2.0)
    assert config.flags["threads"] == 4


# --- a URL that stands alone


@pytest.mark.parametrize(
    ("word", "url"),
    [
        ("http://h:8000/v1/chat/completions", "http://h:8000/v1/chat/completions"),
        ("localhost:8000/chat", "http://localhost:8000/chat"),
        ("10.0.0.7:80/chat", "http://10.0.0.7/chat"),
        ("localhost", "http://localhost/"),
        ("gpu-3:9/x?a=b", "http://gpu-3:9/x?a=b"),
    ],
)
def test_a_url_may_stand_alone_and_without_its_scheme_when_it_has_a_port(word: str, url: str) -> None:
    assert keyed(word, "-n", "3").config.url == url
    assert keyed("-n", "3", word).config.flags["url"].startswith("http://")


def test_a_url_alone_goes_before_one_of_the_environment() -> None:
    arguments = parsed(*KEYED, "http://h/x", environ={"SSE_PERF_URL": "http://other/y"})
    assert arguments.url == "http://h/x"


@pytest.mark.parametrize("word", ["examples/queries.txt", "run.jsonl", "./h.cn/x", "abc", "app:x1"])
def test_what_is_no_url_is_none(word: str) -> None:
    assert problem(*KEYED, word).startswith("unexpected argument")


def test_a_secret_in_a_url_alone_is_masked() -> None:
    config = keyed("http://h/x?token=s3cretvalue0001").config
    assert "s3cretvalue" not in config.command + config.url + str(config.flags)


# --- fields of the body


FIELDS = ("--max-tokens", "64", "--temperature", "0.5")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/v1/chat/completions", {"max_tokens": 64, "temperature": 0.5}),
        ("/v1/completions", {"max_tokens": 64, "temperature": 0.5}),
        ("/v1/responses", {"max_output_tokens": 64, "temperature": 0.5}),
        ("/v1/messages", {"max_tokens": 64, "temperature": 0.5}),
        ("/v2/chat", {"max_tokens": 64, "temperature": 0.5}),
        ("/v1/x:streamGenerateContent", {"generationConfig": {"maxOutputTokens": 64, "temperature": 0.5}}),
        ("/api/chat", {"options": {"num_predict": 64, "temperature": 0.5}}),
        ("/generate_stream", {"parameters": {"details": True, "max_new_tokens": 64, "temperature": 0.5}}),
    ],
)
def test_limit_and_temperature_stand_where_the_format_has_them(path: str, expected: dict[str, object]) -> None:
    body = body_of(keyed("--api-path", path, *FIELDS))
    assert {name: body[name] for name in expected} == expected


@pytest.mark.parametrize("path", ["/chat", "/v3/chat"])
def test_a_format_without_the_field_says_so(path: str) -> None:
    assert "has no such field" in problem(*KEYED, "--api-path", path, "--max-tokens", "9")


def test_an_extra_body_goes_into_objects_and_replaces_all_else() -> None:
    body = body_of(keyed(*CHAT, "--extra-body", '{"stream_options": {"x": 1}, "messages": [], "top_p": 0.9}'))
    assert body["stream_options"] == {"include_usage": True, "x": 1}
    assert (body["messages"], body["top_p"], body["stream"]) == ([], 0.9, True)


def test_an_extra_body_may_be_a_table_of_a_file() -> None:
    file = write("run.toml", "[input.extra-body]\ntop_k = 3\n")
    assert body_of(keyed("--config", file))["top_k"] == 3


def test_a_template_takes_the_fields_as_well() -> None:
    template = write("t.json", '{"messages": [{"role": "user", "content": "{query}"}], "max_tokens": 5}')
    body = body_of(keyed(*CHAT, "--request-body-file", template, *FIELDS, "--extra-body", '{"who": "{user}"}'))
    assert (body["max_tokens"], body["temperature"], body["who"]) == (64, 0.5, "gaolou")


def test_a_secret_of_an_extra_body_is_masked_and_a_masked_one_refused() -> None:
    config = keyed(*CHAT, "--extra-body", '{"api_token": "s3cretvalue0001"}').config
    assert "s3cretvalue" not in f"{config.command} {config.extra_body} {config.flags}"
    assert "holds a masked secret" in problem(*KEYED, *CHAT, "--extra-body", str(config.extra_body))


# --- outputs


def test_json_may_go_to_standard_output() -> None:
    assert keyed("--json", "-").exports["json"] is STANDARD_OUTPUT
    assert keyed("--json", "./-").exports["json"] is not STANDARD_OUTPUT


# --- language


def test_english_asks_an_english_question_when_it_is_asked_for() -> None:
    assert body_of(keyed("--lang", "en"))["query"] == "Who are you?"
    assert body_of(parsed(*KEYED, environ={"SSE_PERF_LANG": "en"}))["query"] == "Who are you?"
    assert body_of(parsed(*KEYED, environ={"LANG": "en_US.UTF-8"}))["query"] == "你是谁", "a locale changes no load"
    assert body_of(keyed("--lang", "en", "--query", "hi"))["query"] == "hi"


# --- hints


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("--users", "--threads"),
        ("-u", "--threads"),
        ("--qps", "--rate"),
        ("--num-prompts", "--requests"),
        ("--output-len", "--max-tokens"),
        ("--endpoint", "--api-path"),
        ("--dataset", "--param-file"),
        ("-k", "--insecure"),
        ("--durations", "--duration"),
        ("--apikey", "--api-key"),
    ],
)
def test_a_word_of_another_tool_or_a_slip_names_the_flag(typed: str, meant: str) -> None:
    assert problem(*KEYED, typed, "1") == f"{typed}: no such flag; did you mean {meant}?"


@pytest.mark.parametrize("typed", ["--xyzzy", "--cookie", "--prefix-cache", "--sleepy", "--stop-words"])
def test_a_word_that_is_not_close_to_any_gets_no_hint(typed: str) -> None:
    assert problem(*KEYED, typed, "1") == f"{typed}: no such flag; --help lists all"


def test_every_synonym_names_a_flag_and_is_none_itself() -> None:
    names = {name.lstrip("-") for flag in EVERY_FLAG for name in flag.names}
    of_runs = {
        name.lstrip("-")
        for flag in EVERY_FLAG
        if flag.group not in ("bench", "capacity", "profile")
        for name in flag.names
    }
    for word, flags in SYNONYMS.items():
        assert set(flags) <= names, word
        assert word not in of_runs or flags == ["step-duration"], word
    assert meant_by("--VUS", ["threads"]) == "threads"
    assert meant_by("vus", ["rate"]) is None, "a command that has no such flag"


# --- examples


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("request_body_template_default.json", "dify_body.json"),
        ("request_body_template_example.json", "openai_body.json"),
        ("queries_example.txt", "queries.txt"),
    ],
)
def test_examples_stand_under_their_first_names_as_well(name: str, other: str) -> None:
    assert (ROOT / "examples" / name).read_bytes() == (ROOT / "examples" / other).read_bytes()
