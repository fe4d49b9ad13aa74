"""Line, environment and file: which goes before which, and what excludes what."""

from __future__ import annotations

import dataclasses
import json

import pytest

from command_lines import KEY, parsed, problem, write
from config_files import MASKED, toml, with_key
from sse_perf_tool.arguments import EXCLUSIONS, TEXTS
from sse_perf_tool.arguments.flag_values import FlagValues
from sse_perf_tool.compiled import PURE
from sse_perf_tool.flags import FLAGS, help_text

# --- three sources


def test_the_line_goes_before_the_environment_and_that_before_the_file() -> None:
    file = toml("threads = 3\nturns = 3\nretries = 9\nuser = 'file'\n")
    environ = {"SSE_PERF_THREADS": "4", "SSE_PERF_TURNS": "4"}
    config = with_key(*file, "--threads", "5", **environ).config
    assert (config.threads, config.turns, config.retries, config.user, config.timeout_s) == (5, 4, 9, "file", 60.0)


def test_the_environment_names_the_file_and_the_key() -> None:
    file = write("run.toml", "port = 8000")
    arguments = parsed(environ={"SSE_PERF_CONFIG": file, "SSE_PERF_API_KEY": KEY})
    assert arguments.url == "http://localhost:8000/v1/chat-messages"
    assert arguments.keys is not None
    assert arguments.keys.keys == (KEY,)
    assert (arguments.config.api_key, arguments.config.flags["api_key"]) == (MASKED, MASKED)
    assert arguments.masker(f"the server said {KEY}") == f"the server said {MASKED}"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("run.toml", "threads = 5\nramp_up = '1m'\nduration = 2.5\nquiet = true\ntext-event = ['a', 'b']\nraw = true"),
        ("run.toml", ("[load]\nthreads = '5'\nramp-up = 60\nduration = 2.5\n[other]\nquiet = true\n"
                     "[custom]\nraw = true\ntext-event = ['a', 'b']")),
        ("run.yaml", "threads: 5\nramp-up: 1m\nduration: 2.5\nquiet: yes\ntext-event: [a, b]\nraw: on\nmodel: ~"),
        ("run.yml", ("load: {threads: 5, ramp_up: 60s}\nduration: 2.5\nquiet: true\ncustom:\n"
                    "  raw: true\n  text_event:\n  - a\n  - b\n")),
        ("run.JSON", ('{"threads": 5, "ramp-up": 60, "duration": 2.5, "quiet": true, "raw": true, "model": null,'
                     ' "load": {"text-event": ["a", "b"]}}')),
    ],
)  # fmt: skip
def test_a_file_is_toml_yaml_or_json(name: str, text: str) -> None:
    arguments = with_key("--config", write(name, text))
    config = arguments.config
    assert (config.threads, config.ramp_up_s, config.duration_s, arguments.quiet) == (5, 60.0, 2.5, True)
    assert (config.format, config.format_options["text_events"], config.model) == ("custom", ["a", "b"], None)


def test_yaml_is_taken_as_it_stands_not_as_numbers_to_the_base_of_60_or_8() -> None:
    file = write("run.yaml", "turns: 2\nthink-time: 1:3\nuser: 010\nmodel: 1.10\nquery: yes\n")
    config = with_key("--config", file).config
    assert (config.think_time_s, config.think_time_max_s, config.user, config.model) == (1.0, 3.0, "010", "1.10")
    assert config.query == "yes"


def test_a_list_in_the_environment_is_one_value_or_json() -> None:
    assert with_key(SSE_PERF_HEADER="X-A: [1]").headers == {"X-A": "[1]"}
    assert with_key(SSE_PERF_HEADER='["X-A: 1", "X-B: 2"]').headers == {"X-A": "1", "X-B": "2"}
    assert with_key(SSE_PERF_RAW="1", SSE_PERF_TEXT_EVENT="[true]").options["text_events"] == ["[true]"]
    raw = {"SSE_PERF_RAW": "1", "SSE_PERF_ERROR_CODE_PATH": "c", "SSE_PERF_ERROR_CODE_OK": "[1"}
    assert with_key(**raw).options["error_code"]["ok"] == ["[1"]


@pytest.mark.parametrize("word", ["1", "true", "YES", "on"])
def test_a_switch_in_the_environment_is_on(word: str) -> None:
    assert with_key(SSE_PERF_QUIET=word).quiet


@pytest.mark.parametrize("word", ["0", "False", "no", "off"])
def test_a_switch_that_is_off_in_the_environment_is_off_whatever_the_file_says(word: str) -> None:
    arguments = with_key(*toml("quiet = true\ndemo = true"), SSE_PERF_QUIET=word, SSE_PERF_DEMO=word)
    assert (arguments.quiet, arguments.command, arguments.config.flags) == (False, "run", {"api_key": MASKED})


def test_an_empty_variable_says_nothing() -> None:
    assert with_key(SSE_PERF_THREADS="", SSE_PERF_QUIET="").config.threads == 1


def test_a_setting_that_is_null_or_an_empty_list_says_nothing() -> None:
    config = with_key("--config", write("run.json", '{"threads": null, "text-event": [], "header": []}')).config
    assert (config.threads, config.format, config.flags) == (1, "auto", {"api_key": MASKED})


def test_settings_of_another_command_may_stand_in_the_same_file_but_names_must_be_right() -> None:
    report = [flag for flag in FLAGS if flag.key in ("brand", "config")]
    file = write("run.toml", "threads = 5\nbrand = 'ACME'")
    asked = FlagValues(report, ["--config", file], "en", TEXTS)
    assert asked.given == {"config": file, "brand": "ACME"}


def test_the_language_comes_from_all_sources() -> None:
    environ = {"LANG": "en_US.UTF-8"}
    assert with_key(*toml("lang = 'zh'"), **environ).lang == "zh"
    assert with_key(*toml("lang = 'zh'"), SSE_PERF_LANG="en").lang == "en"
    assert parsed("--help", environ={"SSE_PERF_LANG": "zh"}).text == help_text("zh")
    assert problem(*toml("lang = 'zh'\nthreads = 0")) == "run.toml: threads = 0: 请给出 1 到 100000 之间的整数"


def test_the_report_takes_its_looks_from_the_environment_but_no_file_to_write() -> None:
    write("run.jsonl")
    environ = {"SSE_PERF_BRAND": "ACME", "SSE_PERF_JSON": "run.json", "SSE_PERF_THREADS": "3", "SSE_PERF_NO_COLOR": "1"}
    arguments = parsed("report", "run.jsonl", environ=environ)
    assert (arguments.brand, arguments.exports, arguments.color) == ("ACME", {}, False)


def test_calibrate_takes_its_load_from_all_sources_but_no_file_to_write() -> None:
    file = toml("itl-ms = 10\nprocesses = 2\njson = 'run.json'\nturns = 3")
    environ = {"SSE_PERF_THREADS": "3", "SSE_PERF_QUICK": "1", "SSE_PERF_JSON": "run.json", "SSE_PERF_URL": "http://h"}
    arguments = parsed("calibrate", *file, environ=environ)
    config = arguments.config
    assert (config.threads, config.processes, config.calibrate_itl_ms) == (3, 2, 10.0)
    assert (arguments.quick, arguments.exports, arguments.warnings) == (True, {}, ())
    assert problem("calibrate", *file, "--json", "run.toml").startswith("--json run.toml: is also the file of --config")


def test_a_setting_of_calibrate_alone_is_no_mistake_of_a_run() -> None:
    assert with_key(*toml("quick = true"), SSE_PERF_QUICK="1").warnings == ()


@pytest.mark.parametrize(
    ("environ", "warning"),
    [
        ({"SSE_PERF_THREAD": KEY}, "SSE_PERF_THREAD: no such setting; did you mean SSE_PERF_THREADS?"),
        ({"SSE_PERF_XYZ": KEY},
         "SSE_PERF_XYZ: no such setting; settings in the environment have the names of the flags, see --help"),
    ],
)  # fmt: skip
def test_a_variable_that_names_no_flag_is_a_warning(environ: dict[str, str], warning: str) -> None:
    assert with_key(**environ).warnings == (warning,)


@pytest.mark.parametrize("variable", [PURE, "SSE_PERF_NO_COMPILE"])
def test_a_variable_that_is_read_elsewhere_is_none(variable: str) -> None:
    assert with_key(**{variable: "1"}).warnings == ()


# --- what excludes what


@pytest.mark.parametrize(
    ("strong", "weak", "url"),
    [
        (["--url", "https://a/x"], "host = 'b'\nport = 81\napi-path = '/y'", "https://a/x"),
        (["--host", "a"], "url = 'https://b/x'", "http://a/v1/chat-messages"),
        (["--host", "a", "--port", "81", "--api-path", "/y"], "url = 'https://b/x'", "http://a:81/y"),
        (["--port", "81"], "host = 'b'\napi-path = '/y'", "http://b:81/y"),
        (["--url", "https://a/x"], "demo = true", "https://a/x"),
    ],
)
def test_where_to_is_said_by_the_stronger_source(strong: list[str], weak: str, url: str) -> None:
    assert with_key(*strong, *toml(weak)).url == url


@pytest.mark.parametrize(
    ("strong", "weak", "gone"),
    [
        (["--demo"], "url = 'https://b/x'", ["url"]),
        (["--demo"], "host = 'b'\nport = 81", ["host", "port"]),
        (["--demo"], "debug = true", ["debug"]),
        (["--debug"], "calibrate = true\nitl-ms = 5", ["calibrate", "itl_ms"]),
        (["--insecure"], "cacert = 'no.pem'", ["cacert"]),
        (["--query", "hi"], "param-file = 'no.txt'", ["param_file"]),
        (["--threads", "2"], "simple = true", ["simple"]),
        (["--simple"], "threads = 7\nduration = 9", ["threads", "duration"]),
        (["--format", "tgi"], "text-path = 'a'\nraw = true", ["text_path", "raw"]),
        (["--raw"], "format = 'dify'", ["format"]),
        (["--no-stream"], "raw = true", ["raw"]),
        (["--prompt-tokens", "9"], "param-file = 'no.txt'\nshuffle = true", ["param_file", "shuffle"]),
        (["--prompt-tokens", "9"], "query = 'hi'", ["query"]),
        (["--query", "hi"], "prompt-tokens = '9:3'", ["prompt_tokens"]),
        (["--query", "hi"], "param-file = 'no.txt'\nshuffle = true", ["param_file", "shuffle"]),
        (["--simple"], "context-tiers = '0,1000'", ["context_tiers"]),
        (["--simple"], "rate = 5\narrival = 'poisson'\nwarmup = 3", ["rate", "arrival", "warmup"]),
        (["--stages", "9s:5/s"], "rate = 5\nduration = 60\nramp-up = 1", ["rate", "duration", "ramp_up"]),
        (
            ["--stages", "9s:5"],
            "rate = 5\nduration = 60\narrival = 'poisson'\nthreads = 7",
            ["rate", "duration", "arrival", "threads"],
        ),
        (["--stages", "9s:5/s"], "think-time = 1", ["think_time"]),
        (["--threads", "2"], "stages = '9s:5'", ["stages"]),
        (["--batch", "2"], "replay = 'no.jsonl'\nspeed = 2\nprocesses = 2", ["replay", "speed", "processes"]),
        (["--rate", "5", "--requests", "9"], "batch = 2\nthink-time = 1", ["batch", "think_time"]),
    ],
)
def test_what_the_stronger_source_excludes_is_as_if_it_were_not_there(
    strong: list[str], weak: str, gone: list[str]
) -> None:
    alone, both = with_key(*strong), with_key(*strong, *toml(weak))
    assert set(gone).isdisjoint(both.config.flags)
    assert (both.warnings, both.command) == ((), alone.command)
    assert dataclasses.replace(both.config, command="") == dataclasses.replace(alone.config, command="")


def test_stages_of_a_rate_leave_the_threads_of_a_weaker_source_alone() -> None:
    assert with_key("--stages", "9s:5/s", *toml("threads = 7")).config.threads == 7


def test_a_key_on_the_line_goes_before_a_file_of_keys_elsewhere_and_the_other_way_round() -> None:
    write("keys.txt", "app-one\napp-two\n")
    assert with_key(*toml("api-key-file = 'keys.txt'")).config.api_key_file is None
    arguments = parsed("--api-key-file", "keys.txt", environ={"SSE_PERF_API_KEY": KEY})
    assert arguments.keys is not None
    assert arguments.keys.keys == ("app-one", "app-two")


def test_debug_elsewhere_is_still_one_request_and_says_so() -> None:
    (warning,) = with_key("--threads", "3", SSE_PERF_DEBUG="1").warnings
    assert warning == "--threads: not used, SSE_PERF_DEBUG sends one request"


def test_debug_on_the_line_lets_go_of_goals_elsewhere() -> None:
    arguments = with_key("--debug", *toml("threshold = ['errors:rate<1%']\nabort-on = 'errors:count>3'"))
    assert (arguments.config.thresholds, arguments.config.abort_on, arguments.warnings) == ([], [], ())


def test_rules_are_a_list_in_a_file_and_json_in_the_environment() -> None:
    rules = ["errors:rate<1%", "latency_ms:p(95)<500"]
    assert with_key(*toml(f"[goals]\nthreshold = {json.dumps(rules)}")).config.thresholds == rules
    assert with_key(SSE_PERF_THRESHOLD=json.dumps(rules)).config.thresholds == rules
    assert with_key(SSE_PERF_THRESHOLD=rules[0]).config.thresholds == rules[:1]


def test_every_pair_of_exclusive_flags_is_of_flags_that_exist() -> None:
    keys = {flag.key for flag in FLAGS}
    assert {key for row in EXCLUSIONS for key in (row.key, row.other)} <= keys
