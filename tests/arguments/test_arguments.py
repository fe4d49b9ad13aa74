"""The command line: what each flag does, and the one line that each mistake gets."""

from __future__ import annotations

import dataclasses
import itertools
import json
import re
import subprocess
import sys
import time
from pathlib import Path

import certifi
import pytest

from command_lines import (
    CUSTOM,
    EFFECTS,
    KEY,
    KEYED,
    ROOT,
    WITH_FILES,
    body_of,
    keyed,
    older_run,
    parsed,
    problem,
    write,
)
from sse_perf_tool.arguments import TEXTS, Address, flag_values, sources
from sse_perf_tool.arguments.load import TEXTS as LOAD_TEXTS
from sse_perf_tool.arguments.load import WARNINGS as LOAD_WARNINGS
from sse_perf_tool.exporters import EXPORTERS
from sse_perf_tool.flags import COMMANDS, EVERY_FLAG, FLAGS, HELP, PROGRAM, checks, help_text
from sse_perf_tool.formats import FORMATS
from sse_perf_tool.goals.thresholds import RUN_FIGURES
from sse_perf_tool.load.abort import LIVE_FIGURES
from sse_perf_tool.metrics import METRICS, estimate_tokens
from sse_perf_tool.providers import Query
from sse_perf_tool.texts import display_width


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


# --- defaults


def test_the_defaults_are_those_of_the_manual() -> None:
    arguments = keyed()
    config = arguments.config
    assert arguments.command == "run"
    assert arguments.address == Address("http", "localhost", 80, "/v1/chat-messages")
    assert arguments.format is FORMATS["dify"]
    assert (config.format, config.query, config.user, config.conversation_id) == ("auto", "你是谁", "gaolou", "")
    assert (config.threads, config.duration_s, config.ramp_up_s, config.timeout_s) == (1, 0.0, 0.0, 60.0)
    assert (config.retries, config.requests, config.idle_timeout_s) == (3, None, None)
    assert (arguments.verify, arguments.quiet, arguments.color, arguments.lang) == (True, False, True, "en")
    assert (arguments.exports, arguments.records_file, arguments.warnings) == ({}, None, ())
    assert (arguments.brand, arguments.report_title) == ("7DGroup", None)
    assert arguments.queries.next() == Query("你是谁", {})
    assert body_of(arguments)["query"] == "你是谁"


# --- one flag after the other


"""Flags whose effect takes more than a row to show: they have tests of their own."""


@pytest.mark.parametrize("flag", EFFECTS)
def test_a_flag_has_its_effect(flag: str) -> None:
    argv, seen, expected = EFFECTS[flag]
    common = CUSTOM if argv[:2] == CUSTOM else []
    given = [] if flag == "api_key" else KEYED
    assert seen(keyed(*common)) != expected, "without the flag it is otherwise"
    assert seen(parsed(*given, *argv)) == expected


def test_every_flag_is_shown_to_have_an_effect() -> None:
    keys = [flag.key for flag in FLAGS]
    assert sorted([*EFFECTS, *WITH_FILES]) == sorted(keys)
    assert set(HELP) == {flag.key for flag in EVERY_FLAG}


def test_execution_time_is_another_name_of_duration() -> None:
    assert keyed("--execution-time", "7").config.duration_s == 7.0


def test_values_may_be_joined_with_an_equals_sign() -> None:
    assert keyed("--port=81", "--query=-x").config.url == "http://localhost:81/v1/chat-messages"


def test_names_of_formats_may_be_written_with_dashes() -> None:
    assert keyed("--format", "OpenAI-chat").config.format == "openai_chat"


# --- where to


@pytest.mark.parametrize(
    ("url", "address", "again"),
    [
        ("http://h", Address("http", "h", 80, "/"), "http://h/"),
        ("HTTPS://H.cn:8443/a?b=c#d", Address("https", "h.cn", 8443, "/a?b=c"), "https://h.cn:8443/a?b=c"),
        ("http://[::1]:8000/a", Address("http", "::1", 8000, "/a"), "http://[::1]:8000/a"),
        ("https://h?x=1", Address("https", "h", 443, "/?x=1"), "https://h/?x=1"),
        ("http://服务.cn/路径", Address("http", "服务.cn", 80, "/路径"), "http://服务.cn/路径"),
    ],
)
def test_a_url_is_taken_apart_and_put_together_again(url: str, address: Address, again: str) -> None:
    arguments = keyed("--url", url)
    assert arguments.address == address
    assert arguments.url == again == arguments.config.url


def test_the_certificates_to_trust_are_a_file_or_a_folder() -> None:
    assert keyed("--cacert", certifi.where()).verify == certifi.where()
    assert keyed("--cacert", ".").verify == "."
    assert keyed("--cacert", ".").config.cacert == "."


@pytest.mark.parametrize("host", ["::1", "[::1]"])
def test_an_ipv6_host_is_given_with_or_without_brackets(host: str) -> None:
    assert keyed("--host", host, "--port", "8000").url == "http://[::1]:8000/v1/chat-messages"


def test_the_demo_server_is_put_in_place_of_the_address() -> None:
    arguments = parsed("--demo", "--api-path", "/v1/chat/completions").at("127.0.0.1", 4567)
    assert arguments.url == arguments.config.url == "http://127.0.0.1:4567/v1/chat/completions"
    assert arguments.keys is not None


# --- format and body


@pytest.mark.parametrize(
    ("argv", "name"),
    [
        (["--api-path", "/v1/chat/completions"], "openai_chat"),
        (["--url", "https://h/v1/messages?beta=1"], "anthropic"),
        (["--api-path", "/own"], None),
        (["--api-path", "/own", "--format", "tgi"], "tgi"),
        (["--api-path", "/v1/chat/completions", *CUSTOM], "custom"),
        (["--format", "custom", "--raw"], "custom"),
    ],
)
def test_the_format_is_that_named_else_that_of_the_url(argv: list[str], name: str | None) -> None:
    row = keyed(*argv).format
    assert (row.name if row else None) == name


@pytest.mark.parametrize(
    ("argv", "field"),
    [
        ([], "response_mode"),
        (["--api-path", "/own"], "response_mode"),
        (["--format", "openai_chat"], "response_mode"),
        (["--api-path", "/own", "--format", "openai_chat"], "messages"),
        (["--api-path", "/v1/chat/completions"], "messages"),
        (["--api-path", "/v1/chat/completions", *CUSTOM], "messages"),
    ],
)
def test_without_a_template_the_body_is_that_of_the_path_then_of_the_format(argv: list[str], field: str) -> None:
    assert field in body_of(keyed(*argv))


def test_the_model_name_goes_into_bodies_that_need_a_model() -> None:
    assert body_of(keyed("--api-path", "/v1/chat/completions", "--model-name", "m"))["model"] == "m"


def test_a_custom_stream_whose_events_matter_is_told_by_their_sse_names() -> None:
    arguments = keyed("--text-path", "choices.0.delta.content", "--end-event", "done")
    assert arguments.options == {
        "fields": {"text": "choices.0.delta.content", "event": "@event"},
        "end_events": ["done"],
    }
    assert arguments.config.format_options == arguments.options


def test_dashscopes_body_says_whether_the_stream_is_cumulative() -> None:
    path = ["--api-path", "/api/v1/services/aigc/text-generation/generation"]
    assert keyed(*path).options == {"incremental_output": True}
    template = write("t.json", '{"parameters": {"incremental_output": false}}')
    assert keyed(*path, "--request-body-file", template).options == {"incremental_output": False}


def test_the_configuration_is_plain_data_that_can_be_copied() -> None:
    config = keyed(*CUSTOM, "--end-event", "x", "--error-code-path", "c", "-H", "X-A: 1", "--cumulative").config
    copied = dataclasses.asdict(config)
    assert copied["format_options"] == {
        "fields": {"text": "a.0.b", "event": "@event"},
        "end_events": ["x"],
        "error_code": {"path": "c", "ok": [0]},
        "cumulative": True,
    }
    assert copied["headers"] == {"X-A": "1"}
    assert json.loads(json.dumps(copied)) == copied


# --- files


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


def test_inputs_that_nothing_fills_are_a_warning() -> None:
    template = write("t.json", '{"a": "{inputs.city} {inputs.lang}"}')
    queries = write("q.csv", "query,lang\nq,de\n")
    assert keyed("--request-body-file", template, "--param-file", queries).warnings == (
        "--request-body-file t.json: nothing is known for {inputs.city}, sent as it stands; add it to --param-file",
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


# --- who pays: keys and headers


@pytest.mark.parametrize(
    ("argv", "auth"),
    [
        ([], ("Authorization", "Bearer ")),
        (["--api-path", "/own"], ("Authorization", "Bearer ")),
        (["--api-path", "/v1/messages"], ("x-api-key", "")),
        (["-H", "authorization: Basic xxxx"], None),
        (["--api-path", "/v1/messages", "-H", "Authorization: Basic xxxx"], ("x-api-key", "")),
        (["--format", "qianfan"], None),
    ],
)
def test_the_header_of_the_key_is_the_formats_unless_h_gives_it(argv: list[str], auth: tuple[str, str] | None) -> None:
    assert keyed(*argv).auth == auth


@pytest.mark.parametrize(
    "argv",
    [
        ["--format", "ollama"],
        ["-H", "X-Api-Key: abcdef"],
        ["--url", "https://h/v1beta/models/m:streamGenerateContent?alt=sse&key=abcdef"],
    ],
)
def test_no_key_is_needed_when_the_format_takes_none_or_another_secret_is_given(argv: list[str]) -> None:
    arguments = parsed(*argv)
    assert (arguments.keys, arguments.auth) == (None, None)


def test_user_and_password_of_a_url_become_a_header_and_leave_the_url() -> None:
    arguments = parsed("--url", "https://us%65r:pass@h/x")
    assert arguments.headers == {"Authorization": "Basic dXNlcjpwYXNz"}  # base64 of user:pass
    assert arguments.url == "https://h/x"
    assert parsed("--url", "https://user:pass@h/x", "-H", "Authorization: own").headers == {"Authorization": "own"}


SECRET = "s3cr3t-value-0001"


@pytest.mark.parametrize(
    "argv",
    [
        ["--api-key", SECRET],
        [f"--api-key=Bearer {SECRET}"],
        ["--api-key-file", "k.txt"],
        ["-H", f"Authorization: Token {SECRET}"],
        [f"--header=X-Api-Key: {SECRET}"],
        ["--url", f"https://h/x?api_key={SECRET}"],
        ["--url", f"https://me:{SECRET}@h/x"],
    ],
)
def test_nothing_that_may_be_shown_holds_a_secret(argv: list[str]) -> None:
    write("k.txt", SECRET)
    arguments = parsed(*argv, "--model-name", "m")
    assert SECRET not in str(dataclasses.asdict(arguments.config))
    if not argv[-1].startswith("https://me"):
        assert SECRET not in arguments.masker(f"the server says: {SECRET} is wrong")


def test_short_keys_do_not_show_in_the_command_line() -> None:
    assert parsed("--api-key", "abc").config.command == f"{PROGRAM} --api-key '…'"
    assert parsed("--api-key=abc").config.command == f"{PROGRAM} '--api-key=…'"


@pytest.mark.parametrize("value", ["-", "Bearer -"])
def test_a_dash_for_a_key_sends_none(value: str) -> None:
    arguments = parsed("--api-key", value)
    assert (arguments.keys, arguments.auth, arguments.config.api_key) == (None, None, None)
    assert arguments.warnings == ()


def test_a_dash_for_a_key_stays_a_dash_in_the_command_line() -> None:
    assert parsed("--api-key", "-").config.command == f"{PROGRAM} --api-key -"
    assert parsed("--api-key=-").config.command == f"{PROGRAM} --api-key=-"


def test_a_dash_for_a_key_is_what_a_key_file_that_is_missing_falls_back_to() -> None:
    arguments = parsed("--api-key", "-", "--api-key-file", "no.txt")
    assert arguments.keys is None
    assert arguments.warnings == ("--api-key-file no.txt: no such file; check the path; --api-key is used instead",)


def test_a_key_file_goes_before_a_dash_for_a_key() -> None:
    arguments = parsed("--api-key", "-", "--api-key-file", write("k.txt", KEY))
    assert arguments.keys is not None
    assert arguments.keys.next() == KEY


def test_the_command_line_is_kept_as_typed_but_for_the_key() -> None:
    arguments = keyed("--query", "who are you")
    assert arguments.config.command == f"{PROGRAM} --api-key 'app-…4Knu' --query 'who are you'"
    assert arguments.config.api_key == "app-…4Knu"


def test_secrets_in_the_url_of_a_proxy_are_known_too() -> None:
    arguments = parsed(*KEYED, environ={"HTTPS_PROXY": f"http://user:{SECRET}@proxy:3128"})
    assert SECRET not in arguments.masker(f"cannot connect to user:{SECRET}@proxy")


# --- an older run


@pytest.mark.parametrize("name", ["old.json", "old.jsonl"])
def test_an_older_run_is_read_before_anything_is_sent(name: str) -> None:
    arguments = keyed("--baseline", older_run(name))
    assert arguments.baseline is not None
    assert arguments.baseline.result.summary.failed == 1
    assert arguments.config.baseline == name
    assert arguments.config.allow == ["ttft_ms:p(95)<+10%", "latency_ms:p(95)<+10%", "errors:rate<+10%"]
    assert keyed().baseline is None


def test_without_anything_said_whole_answers_are_not_held_against_a_first_token() -> None:
    whole = keyed("--baseline", older_run("old.json"), "--no-stream")
    assert whole.config.allow == ["latency_ms:p(95)<+10%", "errors:rate<+10%"]


def test_what_is_allowed_takes_the_place_of_the_defaults() -> None:
    given = keyed("--baseline", older_run("old.json"), "--allow", "tokens:rate>-5%", "--allow", "ttft_ms:avg<+5")
    assert given.config.allow == ["tokens:rate>-5%", "ttft_ms:avg<+5"]


def test_the_older_run_is_not_written_over() -> None:
    name = older_run("old.json")
    assert problem(*KEYED, "--baseline", name, "--json", name) == (
        "--json old.json: is the file of --baseline too; choose another name"
    )


# --- outputs


def test_the_default_report_is_dated_and_its_folder_made() -> None:
    assert keyed().html_report == Path("report/report_20250304_120506.html")
    assert Path("report").is_dir()


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("gpt-4", "report_gpt-4_20250304_120506.html"),
        ("Qwen/Qwen2.5 7B", "report_Qwen_Qwen2.5_7B_20250304_120506.html"),
        ("../..", "report_20250304_120506.html"),
        ("通义", "report_通义_20250304_120506.html"),
        ("x" * 300, f"report_{'x' * 80}_20250304_120506.html"),
    ],
)
def test_the_model_name_is_made_safe_for_the_name_of_the_report(name: str, file: str) -> None:
    assert keyed("--model-name", name).html_report == Path("report") / file


def test_a_folder_for_the_default_report_that_cannot_be_made_is_an_error() -> None:
    write("report")
    assert problem(*KEYED) == "--html-report: cannot be written (report: File exists); choose another place"


def test_checking_outputs_leaves_no_trace() -> None:
    write("old.json", "old")
    keyed("--json", "old.json", "--records", "new.jsonl", "--html-report", "new.html")
    assert Path("old.json").read_text(encoding="utf-8") == "old"
    assert sorted(path.name for path in Path().iterdir()) == ["old.json"]


def test_a_device_may_be_more_than_one_output() -> None:
    arguments = keyed("--json", "/dev/null", "--records", "/dev/null")
    assert arguments.exports["json"] == arguments.records_file == Path("/dev/null")


# --- language and colour


@pytest.mark.parametrize(
    ("argv", "environ", "lang"),
    [
        ([], {"LANG": "zh_CN.UTF-8"}, "zh"),
        ([], {"LANG": "en_US.UTF-8"}, "en"),
        (["--lang", "en"], {"LANG": "zh_CN.UTF-8"}, "en"),
        (["--lang=zh"], {}, "zh"),
        (["--lang", "ZH"], {}, "zh"),
    ],
)
def test_the_language_is_that_of_the_flag_else_of_the_locale(
    argv: list[str], environ: dict[str, str], lang: str
) -> None:
    arguments = parsed(*KEYED, *argv, environ=environ)
    assert (arguments.lang, arguments.config.lang) == (lang, lang)


@pytest.mark.parametrize(("value", "color"), [("1", False), ("", True)])
def test_no_color_of_the_environment_counts_unless_it_is_empty(value: str, *, color: bool) -> None:
    assert parsed(*KEYED, environ={"NO_COLOR": value}).color is color


# --- commands


def test_serve_passes_everything_through() -> None:
    arguments = parsed("serve", "--port", "8000", "--help", "--lang", "zh")
    assert (arguments.command, arguments.rest) == ("serve", ("--port", "8000", "--help", "--lang", "zh"))
    assert arguments.lang == "zh"


def test_report_takes_files_and_its_outputs() -> None:
    write("a.jsonl")
    write("b.jsonl")
    arguments = parsed("report", "a.jsonl", "--html-report", "r.html", "b.jsonl", "--brand", "ACME", "--lang", "zh")
    assert (arguments.command, arguments.lang, arguments.brand) == ("report", "zh", "ACME")
    assert arguments.files == (Path("a.jsonl"), Path("b.jsonl"))
    assert arguments.html_report == Path("r.html")
    named = parsed("report", "a.jsonl", "--json", "s.json", "--csv", "s.csv", "--report-title", "Nightly")
    assert named.exports == {"json": Path("s.json"), "csv": Path("s.csv")}
    assert named.report_title == "Nightly"


@pytest.mark.parametrize("name", EXPORTERS)
def test_an_output_about_one_run_cannot_be_asked_for_several(name: str) -> None:
    write("a.jsonl")
    write("b.jsonl")
    assert problem("report", "a.jsonl", "b.jsonl", f"--{name}", "out").startswith(f"--{name} out: is of one run")


def test_calibrate_takes_a_load_and_a_file() -> None:
    arguments = parsed(
        "calibrate", "--threads", "7", "--processes", "2", "--itl-ms", "5", "--quick", "--json", "c.json"
    )
    config = arguments.config
    assert (arguments.command, config.threads, config.processes, config.calibrate_itl_ms) == ("calibrate", 7, 2, 5.0)
    assert (arguments.processes, arguments.quick, arguments.exports) == (2, True, {"json": Path("c.json")})
    assert config.command == f"{PROGRAM} calibrate --threads 7 --processes 2 --itl-ms 5 --quick --json c.json"


def test_calibrate_has_50_threads_in_as_many_processes_as_a_run_and_20_ms_unless_told() -> None:
    arguments = parsed("calibrate")
    assert (arguments.config.threads, arguments.config.processes, arguments.config.calibrate_itl_ms) == (50, 1, 20.0)
    assert (arguments.processes, arguments.quick, arguments.html_report) == (None, False, None)


@pytest.mark.parametrize("argv", [["--no-color"], []])
def test_report_takes_colours_as_a_run_does(argv: list[str]) -> None:
    assert parsed("report", write("a.jsonl"), *argv).color is not bool(argv)
    assert not parsed("report", "a.jsonl", *argv, environ={"NO_COLOR": "1"}).color


def test_report_without_a_name_is_dated() -> None:
    assert parsed("report", write("a.jsonl")).html_report == Path("report/report_20250304_120506.html")


def test_debug_sends_one_request_and_says_what_it_passes_over() -> None:
    arguments = keyed("--debug", "--threads", "5", "--duration", "9", "--requests", "7")
    config = arguments.config
    assert (config.threads, config.duration_s, config.requests) == (1, 0.0, 1)
    assert arguments.warnings == (
        "--threads: not used, --debug sends one request",
        "--duration: not used, --debug sends one request",
        "--requests: not used, --debug sends one request",
    )


def test_debug_judges_nothing_and_says_so() -> None:
    arguments = keyed("--debug", "--threshold", "errors:count<1", "--abort-on", "errors:count>1")
    assert (arguments.config.thresholds, arguments.config.abort_on) == ([], [])
    assert arguments.warnings == (
        "--threshold: not used, --debug sends one request",
        "--abort-on: not used, --debug sends one request",
    )


def test_simple_sends_one_request_in_the_demo_too_and_says_what_it_passes_over() -> None:
    arguments = keyed("--demo", "--simple", "--threads", "5", "--turns", "3", "--think-time", "1")
    assert (arguments.command, arguments.config.requests_wanted, arguments.config.turns) == ("demo", 1, 1)
    assert arguments.config.duration_s == arguments.config.think_time_s == 0
    assert arguments.warnings == (
        "--threads: not used, --simple sends one request",
        "--turns: not used, --simple sends one request",
        "--think-time: not used, --simple sends one request",
    )


def test_one_think_time_is_a_fixed_one() -> None:
    config = keyed("--turns", "2", "--think-time", "0.5").config
    assert (config.think_time_s, config.think_time_max_s) == (0.5, 0.5)


@pytest.mark.parametrize("threads", [1, 4])
def test_a_run_without_time_or_number_is_a_conversation_a_thread(threads: int) -> None:
    assert keyed("--turns", "3", "--threads", str(threads)).config.requests_wanted == 3 * threads
    assert keyed("--turns", "3", "--requests", "5").config.requests_wanted == 5
    assert keyed("--turns", "3", "--duration", "5").config.requests_wanted is None


def test_a_template_with_a_place_for_the_conversation_makes_any_format_take_turns() -> None:
    with_place, without = (
        write("t.json", '{"q": "{query}", "c": "{conversation_id}"}'),
        write("u.json", '{"q": "{query}"}'),
    )
    tgi = ("--format", "tgi", "--turns", "2", "--request-body-file")
    assert keyed(*tgi, with_place).config.turns == 2
    assert problem(*KEYED, *tgi, without) == (
        "--turns 2: --request-body-file has no place for the conversation; put {conversation_id} into it"
    )


def test_the_demo_takes_the_load_that_is_asked_for() -> None:
    config = parsed("--demo", "--threads", "2", "--duration", "1").config
    assert (config.threads, config.duration_s) == (2, 1.0)


# --- mistakes


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90.0),
        ("1.5", 1.5),
        ("90s", 90.0),
        ("250ms", 0.25),
        ("5m", 300.0),
        ("1h30m", 5400.0),
        ("1H 30m", None),
        ("30m1h", None),
        ("s", None),
        ("", None),
        ("5x", None),
        ("-5s", None),
    ],
)
def test_a_duration_has_units_in_falling_order(text, seconds):
    assert checks.duration_s(text) == seconds


SECONDS = "give a time above 0: seconds, or with units, e.g. 90, 90s, 5m, 1h30m"
SECONDS_0 = "give a time, 0 or above: seconds, or with units, e.g. 90, 90s, 5m, 1h30m"
SPACE = "is a space or control character; write it as"
QUOTES = f"put a value with spaces in quotes, and a command ({', '.join(COMMANDS)}) first"
NO_PART = "of the key (not shown) cannot be part of one; give visible ASCII without spaces"

LENGTH = "give the tokens of a prompt, 1 to 10000000, e.g. 512, or with their spread 512:64"
TIERS = "give different whole numbers from 0 to 10000000, joined by commas, e.g. 0,1000,8000"

MISTAKES: list[tuple[list[str], str]] = [
    ([*KEYED, "--prompt-tokens", "0"], f"--prompt-tokens 0: {LENGTH}"),
    ([*KEYED, "--prompt-tokens", "9:"], f"--prompt-tokens 9:: {LENGTH}"),
    ([*KEYED, "--prompt-tokens", "512:a"], f"--prompt-tokens 512:a: {LENGTH}"),
    ([*KEYED, "--context-tiers", "0,1k"], f'--context-tiers 0,1k: entry 2, "1k": {TIERS}'),
    ([*KEYED, "--context-tiers", "0,"], f'--context-tiers 0,: entry 2, "": {TIERS}'),
    ([*KEYED, "--context-tiers", "5, 8,5"], f'--context-tiers 5, 8,5: entry 3, "5": {TIERS}'),
    ([*KEYED, "--context-tiers", "-1"], f'--context-tiers -1: entry 1, "-1": {TIERS}'),
    ([*KEYED, "--shared-prefix-tokens", "x"], "--shared-prefix-tokens x: give a whole number from 0 to 10000000"),
    ([*KEYED, "--seed", "-"], "--seed -: give a whole number from 0 to 2147483647"),
    ([*KEYED, "--shuffle"], "--shuffle: is for the queries of a file; add --param-file FILE"),
    ([*KEYED, "--prompt-tokens", "9", "--param-file", "some"],
     "--prompt-tokens 9: cannot go with --param-file; keep one of them"),
    ([*KEYED, "--prompt-tokens", "9", "--query", "hi"],
     "--prompt-tokens 9: cannot go with --query; keep one of them"),
    ([*KEYED, "--turns", "2", "--param-file", "short.json"],
     "--turns 2: no conversation of --param-file has a second turn of a person; leave this out"),
    (["--thread", "4"], "--thread: no such flag; did you mean --threads?"),
    (["--api_key", KEY], "--api_key: no such flag; did you mean --api-key?"),
    (["-host", "h"], "-host: no such flag; did you mean --host?"),
    (["--xyzzy=1"], "--xyzzy: no such flag; --help lists all"),
    (["--api-key", "x", "world"], f'unexpected argument "world"; {QUOTES}'),
    (["--api-key", "x", "a-long-secret-0001"],
     f'unexpected argument "a-long-secr…"; {QUOTES}'),
    (["demo"], 'unexpected argument "demo"; did you mean --demo?'),
    (["serv", "--port", "8000"], 'unexpected argument "serv"; did you mean serve?'),
    ([*KEYED, "thread", "4"], 'unexpected argument "thread"; did you mean --threads?'),
    ([*KEYED, "serve"], f'unexpected argument "serve"; {QUOTES}'),
    (["--port"], "--port: a value is missing; write --port PORT (or --port=PORT if it begins with -)"),
    (["--execution-time", "--quiet"],
     "--execution-time: a value is missing; write --execution-time S (or --execution-time=S if it begins with -)"),
    (["--quiet=yes"], "--quiet: takes no value; write it alone"),
    (["--port", "70000"], "--port 70000: give a whole number from 1 to 65535"),
    (["--port", "0"], "--port 0: give a whole number from 1 to 65535"),
    (["--port", "http"], "--port http: give a whole number from 1 to 65535"),
    (["--port", "8_0"], "--port 8_0: give a whole number from 1 to 65535"),
    (["--port", "９"], "--port ９: give a whole number from 1 to 65535"),
    (["--port", ""], "--port: give a whole number from 1 to 65535"),
    (["--threads", "0"], "--threads 0: give a whole number from 1 to 100000"),
    (["--threads", "-3"], "--threads -3: give a whole number from 1 to 100000"),
    (["--threads", "1.5"], "--threads 1.5: give a whole number from 1 to 100000"),
    (["--processes", "65"], "--processes 65: give auto, or a whole number from 1 to 64"),
    (["--requests", "0"], "--requests 0: give a whole number from 1 to 1000000000000"),
    (["--stall-ms", "0"], "--stall-ms 0: give a number from 1 to 600000"),
    (["--stall-ms", "1e3"], "--stall-ms 1e3: give a number from 1 to 600000"),
    (["--retries", "-1"], "--retries -1: give a whole number from 0 to 100"),
    (["--timeout", "0"], f"--timeout 0: {SECONDS}"),
    (["--timeout", "60x"], f'--timeout 60x: character 3, "x", does not fit; {SECONDS}'),
    (["--timeout", "nan"], f'--timeout nan: character 1, "n", does not fit; {SECONDS}'),
    (["--timeout", "inf"], f"--timeout inf: {SECONDS}"),
    (["--timeout", "1e9"], f"--timeout 1e9: {SECONDS}"),
    (["--idle-timeout", "-1"], f'--idle-timeout -1: character 1, "-", does not fit; {SECONDS}'),
    (["--duration", "-1"], f'--duration -1: character 1, "-", does not fit; {SECONDS_0}'),
    (["--duration", ""], f"--duration: {SECONDS_0}"),
    (["--duration", "1h30"], f"--duration 1h30: it breaks off at its end; {SECONDS_0}"),
    (["--duration", "5s3m"], f'--duration 5s3m: character 4, "m", does not fit; {SECONDS_0}'),
    (["--execution-time", "x"], f'--execution-time x: character 1, "x", does not fit; {SECONDS_0}'),
    (["--ramp-up", "-0.1"], f'--ramp-up -0.1: character 1, "-", does not fit; {SECONDS_0}'),
    (["--api-path", "v1/chat"], "--api-path v1/chat: a path begins with /; write /v1/chat"),
    (["--api-path", "/a b"], f"--api-path /a b: character 3 {SPACE} %20"),
    (["--api-path", "/a\n"], f"--api-path /a: character 3 {SPACE} %0A"),
    (["--host", "http://h/x"], "--host http://h/x: a host has no scheme or path; for a whole URL use --url"),
    (["--host", "h:8000"], "--host h:8000: a host has no port; use --host h --port 8000"),
    (["--host", "a b"], "--host a b: not a host name or address; check it"),
    (["--host", "1:2:3"], "--host 1:2:3: not a host name or address; check it"),
    (["--host", ""], "--host: not a host name or address; check it"),
    (["--url", "h/x"], "--url h/x: a URL begins with http:// or https://; write it so"),
    (["--url", "ftp://h/x"], "--url ftp://h/x: a URL begins with http:// or https://; write it so"),
    (["--url", "http:///x"], "--url http:///x: no host in it; write it as https://HOST/PATH"),
    (["--url", "http://h:99999/"], "--url http://h:99999/: its port is not a number from 1 to 65535; correct it"),
    (["--url", "http://h:0/"], "--url http://h:0/: its port is not a number from 1 to 65535; correct it"),
    (["--url", "http://h:x/"], "--url http://h:x/: its port is not a number from 1 to 65535; correct it"),
    (["--url", "http://[::1/"], "--url http://[::1/: not a host name or address; check it"),
    (["--url", "http://h/a b"], f"--url http://h/ab: character 11 {SPACE} %20"),
    (["--url", f"https://h /?key={KEY}"], f"--url https://h/?key=app-…4Knu: character 10 {SPACE} %20"),
    (["--url", "http://h/", "--port", "81"],
     "--url http://h/: holds host, port and path already; leave out --port"),
    (["--url", "http://h/", "--api-path", "/"],
     "--url http://h/: holds host, port and path already; leave out --api-path"),
    (["--api-key", ""], "--api-key: is empty; give the key, or - for a server that takes none"),
    (["--api-key", "Bearer", KEY],
     '--api-key: only the word "Bearer"; put both parts in quotes: --api-key "Bearer app-xxx"'),
    (["--api-key", "app 123"], f"--api-key: character 4 {NO_PART}"),
    (["--api-key", "app-密钥"], f"--api-key: character 5 {NO_PART}"),
    (["--api-key", "app\r\nX: y"], f"--api-key: character 4 {NO_PART}"),
    (["--api-key", "app-…4Knu"],
     ("--api-key: is masked, as files and reports show it; "
      "give the key by --api-key, SSE_PERF_API_KEY or --api-key-file")),
    (["--api-path", "/x?key=…4Knu"],
     ("--api-path /x?key=…4Knu: holds a masked secret (…), as files and reports show it; "
      "give it whole by --api-path or SSE_PERF_API_PATH")),
    ([], "--api-key: missing; give the key of the service (or --api-key-file), or - for a server that takes none"),
    (["-H", "Authorization:", "Bearer", "x"], '-H Authorization: write it in quotes as "Name: value"'),
    (["-H", f"Bearer {KEY}"], '-H: write it in quotes as "Name: value"'),
    (["--header", "X Y: z"], '--header: write it in quotes as "Name: value"'),
    (["-H", "X: a\r\nY: b"], "-H X: a line end in the value; write the value on one line"),
    (["-H", "X: 密钥"], "-H X: a character of the value is not Latin-1; percent-encode it"),
    (["-H", "Content-Length: 5"], "-H Content-Length: is set by the tool; leave it out"),
    (["-H", "X: a", "-H", "x: b"], "--header x: given twice; keep one"),
    (["--format", "openai"], "--format openai: no such name; did you mean openai_chat?"),
    (["--lang", "fr"], "--lang fr: choose one of en, zh"),
    (["--format", "xyz"], f"--format xyz: choose one of auto, {', '.join(sorted(FORMATS))}"),
    ([*KEYED, "--turns", "0"], "--turns 0: give a whole number from 1 to 1000"),
    (
        [*KEYED, "--turns", "2", "--think-time", "3:1"],
        "--think-time 3:1: give a time, 0 or above, e.g. 2, or the least and the most, e.g. 1:3",
    ),
    (
        [*KEYED, "--turns", "2", "--think-time", "1:x"],
        ('--think-time 1:x: character 3, "x", does not fit; '
         "give a time, 0 or above, e.g. 2, or the least and the most, e.g. 1:3"),
    ),
    (
        [*KEYED, "--think-time", "1"],
        "--think-time 1: is between the turns of a conversation; add --turns N, or leave it out",
    ),
    (
        ["--url", "https://api.coze.cn/v3/chat", "--no-stream"],
        ("--no-stream: Coze v3 gives no whole answer to one request, it must be asked for again and again; "
         "leave this out"),
    ),
    (["--no-stream", "--raw"], "--no-stream: cannot go with --raw; keep one of them"),
    (
        ["--api-path", "/generate_stream", "--turns", "2"],
        ("--turns 2: format tgi carries no conversation (anthropic, dify, openai_chat, chatbot, custom do); "
         "give a --request-body-file with {conversation_id}"),
    ),
    (
        [*CUSTOM, "--turns", "2"],
        "--turns 2: where the id of the conversation stands is not told; add --conversation-id-path PATH",
    ),
    (["--query", " "], "--query: is empty; give a text or leave the flag out"),
    (["--model", "\udcff"], "--model \ufffd: is not UTF-8; check the encoding of the terminal"),
    (["--text-path", "a..b"], "--text-path a..b: a path has names joined by dots, e.g. data.0.text"),
    (["--format", "dify", "--text-path", "a"],
     "--text-path: is for --format custom; leave it out or leave out --format dify"),
    (["--format", "custom"], "--format custom: where the text stands is not told; add --text-path PATH (or --raw)"),
    (["--raw", "--error-code-ok", "1"], "--error-code-ok: where the code stands is not told; add --error-code-path"),
    (["--demo", "--debug"], "--debug: cannot go with --demo; keep one of them"),
    (["--demo", "--port", "1"], "--port 1: cannot go with --demo; keep one of them"),
    (["--insecure", "--cacert", "x.pem"], "--cacert x.pem: cannot go with --insecure; keep one of them"),
    ([*KEYED, "--cacert", "no.pem"],
     "--cacert no.pem: cannot be read (No such file or directory); check the path"),
    ([*KEYED, "--cacert", "empty"],
     "--cacert empty: holds no usable certificate (NO_CERTIFICATE_OR_CRL_FOUND); give a PEM file"),
    ([*KEYED, "--param-file", "no.txt"], "--param-file no.txt: no such file; check the path"),
    ([*KEYED, "--param-file", "folder"], "--param-file folder: is a directory; name a file in it"),
    ([*KEYED, "--param-file", "empty"], "--param-file empty: holds no query; write one query a line"),
    ([*KEYED, "--json", "no/s.json"], "--json no/s.json: the folder no does not exist; make it first"),
    ([*KEYED, "--json", "-"], "--json -: standard output has the console; name a file, e.g. ./- for one of this name"),
    ([*KEYED, "--html-report", "folder"], "--html-report folder: is a directory; name a file in it"),
    ([*KEYED, "--records", "x" * 300],
     f"--records {'x' * 79}…: cannot be written (File name too long); choose another place"),
    ([*KEYED, "--json", "s", "--records", "folder/../s"],
     "--records folder/../s: is the file of --json too; choose another name"),
    ([*KEYED, "--json", "some", "--param-file", "some"],
     "--json some: is the file of --param-file too; choose another name"),
    ([*KEYED, "--threshold", "ttft:p(95)<5"],
     "--threshold ttft:p(95)<5: character 1: nothing is called ttft; did you mean ttft_ms?"),
    ([*KEYED, "--threshold", "(5)"],
     f"--threshold (5): character 1: expected one of {', '.join([*METRICS, *RUN_FIGURES])}"),
    ([*KEYED, "--threshold", "errors:count<9", "--threshold", "errors<5"],
     "--threshold errors<5: character 7: expected a colon, then rate, count"),
    ([*KEYED, "--threshold", "ttft_ms:q(95)<5"],
     "--threshold ttft_ms:q(95)<5: character 9: expected a function: avg, min, max, med, p(N), count"),
    ([*KEYED, "--threshold", "ttft_ms:p95<5"],
     "--threshold ttft_ms:p95<5: character 10: expected a percentile in brackets, as in p(95)"),
    ([*KEYED, "--threshold", "ttft_ms:p(100)<5"],
     ("--threshold ttft_ms:p(100)<5: character 11: expected a percentile from 0 to below 100 "
      "(max is the largest value)")),
    ([*KEYED, "--threshold", "ttft_ms:avg=5"],
     "--threshold ttft_ms:avg=5: character 12: expected an operator: < <= > >= == !="),
    ([*KEYED, "--threshold", "ttft_ms:avg<5ms"],
     "--threshold ttft_ms:avg<5ms: character 13: expected a number, without a unit"),
    ([*KEYED, "--threshold", "errors:rate<5"],
     "--threshold errors:rate<5: character 13: expected a share from 0 to 1, or per cent, as in 0.05 or 5%"),
    ([*KEYED, "--threshold", "errors:rate<1 errors:count<1"],
     ("--threshold errors:rate<1 errors:count<1: character 15: expected the end of the rule; "
      "quote rules one by one")),
    ([*KEYED, "--threshold", "goodput:rate>0.9"],
     "--threshold: there is no goodput without --slo; add one, e.g. --slo 'ttft_ms<500'"),
    ([*KEYED, "--slo", "ttft_ms:avg<5"],
     ("--slo ttft_ms:avg<5: character 8: a request has one ttft_ms, so no function goes with it; "
      "write ttft_ms and an operator")),
    ([*KEYED, "--abort-on", "ttft_ms:p(95)>5"],
     ("--abort-on ttft_ms:p(95)>5: ttft_ms:p(95) is not known while a run goes on; these are: "
      f"{', '.join(map(':'.join, LIVE_FIGURES))}")),
    *(
        ([*KEYED, "--no-stream", *rest, flag, rule],
         f"{flag}: ttft_ms is not measured with --no-stream; take another metric, e.g. latency_ms")
        for flag, rule, rest in (
            ("--threshold", "ttft_ms:p(95)<500", []),
            ("--slo", "ttft_ms<500", []),
            ("--abort-on", "ttft_ms:avg>500", []),
            ("--allow", "ttft_ms:avg<+5", ["--baseline", "some"]),
        )
    ),
    *(
        ([*KEYED, *load, "--slo", "ttft_from_schedule_ms<500"],
         ("--slo: ttft_from_schedule_ms is measured with --rate, --replay or --stages of a rate alone; "
          "add one, or take another metric"))
        for load in ([], ["--stages", "9s:5"])
    ),
    ([*KEYED, "--no-stream", "--rate", "5", "--requests", "9", "--slo", "ttft_from_schedule_ms<500"],
     ("--slo: ttft_from_schedule_ms is not measured with --no-stream; take another metric, e.g. latency_ms")),
    ([*KEYED, "--abort-after", "5"], "--abort-after 5: means nothing without --abort-on; add it, or leave this out"),
    ([*KEYED, "--baseline", "no.json"],
     "--baseline no.json: cannot be read (No such file or directory); check the path"),
    ([*KEYED, "--baseline", "some"],
     "--baseline some: neither a summary of --json nor records of --records; give one of these"),
    ([*KEYED, "--allow", "ttft_ms:avg<+5"], "--allow: means nothing without --baseline; add it, or leave this out"),
    ([*KEYED, "--allow", "ttft_ms:avg=5"],
     "--allow ttft_ms:avg=5: character 12: expected <+ and how much higher it may be, or >- and how much lower"),
    ([*KEYED, "--allow", "ttft_ms:avg<5%"],
     "--allow ttft_ms:avg<5%: character 13: expected + and how much, as in 10% or 50"),
    ([*KEYED, "--allow", "itl_ms:p(95)<+5%"],
     ("--allow itl_ms:p(95)<+5%: character 1: gaps of one answer are alike, which hides chance; "
      "take tpot_ms or max_gap_ms")),
    (["calibrate", "--itl-ms", "0"], "--itl-ms 0: give a number from 1 to 1000"),
    (["calibrate", "--itl-ms", "1e2"], "--itl-ms 1e2: give a number from 1 to 1000"),
    (["calibrate", "--url", "http://h"], "--url: no such flag; --help lists all"),
    (["calibrate", "quick"], 'unexpected argument "quick"; did you mean --quick?'),
    (["calibrate", "--json", "no/c.json"], "--json no/c.json: the folder no does not exist; make it first"),
    (["--itl-ms", "5"], "--itl-ms 5: means nothing without --calibrate; add it, or leave this out"),
    (["--calibrate", "--debug"], "--calibrate: cannot go with --debug; keep one of them"),
    (["report"], "report: no file; name one or more .jsonl files of --records"),
    (["report", "no.jsonl"], "report no.jsonl: cannot be read (No such file or directory); check the path"),
    (["report", "some", "--json", "some"], "--json some: is the file of report too; choose another name"),
    (["report", "some", "empty", "--csv", "t"],
     "--csv t: is of one run, but there are 2 files; name one of them or leave this out"),
    (["report", "some", "--threads", "1"], "--threads: no such flag; --help lists all"),
]  # fmt: skip


@pytest.fixture
def _some_files() -> None:
    write("empty")
    write("some", "text")
    write("short.json", '[{"messages": [{"role": "user", "content": "hi"}]}]')
    Path("folder").mkdir()


@pytest.mark.usefixtures("_some_files")
@pytest.mark.parametrize(("argv", "expected"), MISTAKES)
def test_a_mistake_gets_one_line_with_the_flag_the_value_and_what_to_do(argv: list[str], expected: str) -> None:
    assert problem(*argv) == expected


@pytest.mark.usefixtures("_some_files")
@pytest.mark.parametrize(("argv", "english"), MISTAKES)
def test_in_chinese_the_same_mistake_gets_a_line_with_the_same_flag_and_value(argv: list[str], english: str) -> None:
    chinese = problem(*argv, environ={"LANG": "zh_CN.UTF-8"})
    place = re.split("[:：]", english)[0] if not english.startswith("unexpected") else "多余的参数"
    assert chinese.startswith(place)
    assert re.search("[请用是]", chinese), "it says what to do"
    assert display_width(chinese) > len(chinese)


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["--port", "70000"], "--port 70000: 请给出 1 到 65535 之间的整数"),
        (["--thread", "4"], "--thread：没有这个参数，是否想用 --threads？"),
        ([], "--api-key: 缺少密钥，请给出服务的密钥（或 --api-key-file），服务无需密钥时写 -"),
    ],
)
def test_mistakes_in_chinese(argv: list[str], expected: str) -> None:
    assert problem(*argv, "--lang", "zh") == expected


def test_every_text_of_a_mistake_is_tested() -> None:
    """A text in the table that no test brings out is dead."""
    spoken = "\n".join(expected for _, expected in MISTAKES)
    elsewhere = {
        "stream_path",
        "switched",
        "key_fallback",
        "template_fallback",
        "model_unused",
        "unfilled",
        "one_unused",
        "no_turns_template",
        *LOAD_TEXTS,
        *LOAD_WARNINGS,
    }
    tables = (TEXTS, flag_values.TEXTS, checks.TEXTS)
    keys = [key for table in (*tables, sources.TEXTS) for key in table]
    assert len(set(keys)) == len(keys), "no key stands for two texts"
    for key, (english, _) in itertools.chain.from_iterable(table.items() for table in tables):
        parts = re.split(r"\{\w+\}", english)
        pattern = ".*".join(map(re.escape, parts))
        assert key in elsewhere or re.search(pattern, spoken), key


def test_secrets_of_a_wrong_url_do_not_show() -> None:
    assert SECRET not in problem("--url", f"ftp://me:{SECRET}@h/?token={SECRET}")


def test_a_path_cannot_steer_the_terminal() -> None:
    assert "\x1b" not in problem(*KEYED, "--param-file", "\x1b[2Jx\n")


# --- help


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("command", ["run", "report", "calibrate"])
def test_help_fits_80_columns(language: str, command: str) -> None:
    assert max(map(display_width, help_text(language, command).splitlines())) <= 80


@pytest.mark.parametrize("language", ["en", "zh"])
def test_help_names_every_flag_format_and_default_and_ends_with_examples(language: str) -> None:
    text = help_text(language)
    for flag in FLAGS:
        for name in flag.names:
            assert re.search(rf"(^|[ ,]){re.escape(name)}\b", text, re.MULTILINE), name
    assert all(name in text for name in [*FORMATS, "/v1/chat-messages", "你是谁", "gaolou", "60"])
    examples = text[text.rindex(f"{PROGRAM} --demo") :]
    assert examples.count(PROGRAM) == 6


def test_the_commands_of_the_help_are_understood() -> None:
    write("run.jsonl")
    Path("examples").symlink_to(ROOT / "examples")
    examples = help_text("en").partition("Examples:\n")[2].replace("\\\n", "")
    commands = [line.partition(f"  python3 {PROGRAM}")[2].split() for line in examples.splitlines() if line.strip()]
    assert [parsed(*command).command for command in commands] == [
        "demo",
        "run",
        "run",
        "report",
        "capacity",
        "calibrate",
    ]


def test_the_commands_of_the_examples_readme_are_understood() -> None:
    Path("examples").symlink_to(ROOT / "examples")
    readme = (ROOT / "examples" / "README.md").read_text(encoding="utf-8").replace("\\\n", "")
    commands = re.findall(rf"^    python3 {re.escape(PROGRAM)} (.*)$", readme, re.MULTILINE)
    assert len(commands) == 6
    for command in commands:
        arguments = parsed(*[word.strip('"') for word in re.findall(r'"[^"]*"|\S+', command)])
        assert arguments.warnings == ()
        assert body_of(arguments)


def test_help_is_chosen_by_the_language_and_the_command() -> None:
    assert parsed("--help", "--lang", "zh").text == help_text("zh")
    assert parsed("report", "-h", "--lang", "zh").text == help_text("zh", "report")
    assert parsed("calibrate", "--help").text == help_text("en", "calibrate")
    assert parsed("--threads", "x", "--help").command == "show", "help comes even when something else is wrong"


@pytest.mark.parametrize(
    ("started_as", "program", "example"),
    [
        ("/usr/local/bin/sse-perf", "sse-perf", "  sse-perf --demo"),
        ("sse-perf.exe", "sse-perf", "  sse-perf --demo"),
        ("sse_perfTestTool.py", "sse_perfTestTool.py", "  python3 sse_perfTestTool.py --demo"),
    ],
)
def test_help_speaks_of_the_command_that_was_started(started_as: str, program: str, example: str) -> None:
    code = (
        f"import sys; sys.argv = [{started_as!r}, '--help']\n"
        "from sse_perf_tool.arguments import PROGRAM, parse_arguments\n"
        "print(PROGRAM, parse_arguments(sys.argv[1:], {}).text)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                          env={"PYTHONPATH": str(ROOT / "src")})  # fmt: skip
    lines = done.stdout.splitlines()
    assert lines[0] == f"{program} Usage: {program} [flags]"
    assert example in lines


def test_help_loads_nothing_heavy_and_answers_at_once() -> None:
    code = (
        "import sys\n"
        "from sse_perf_tool.arguments import parse_arguments\n"
        "heavy = {'requests', 'urllib3', 'ssl', 'yaml', 'tomllib'}\n"
        "print(parse_arguments(['--help'], {}).command, *heavy & set(sys.modules))"
    )
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                          env={"PYTHONPATH": str(ROOT / "src")})  # fmt: skip
    assert done.stdout == "show\n"
    assert time.perf_counter() - started < 2, "0.1 s on an idle machine"
