"""Settings from the environment and from files: which source counts, and how a run is made again from what it wrote."""

from __future__ import annotations

import dataclasses
import itertools
import json
import re
import sys
from pathlib import Path
from typing import Any

import certifi
import pytest

from command_lines import EFFECTS, KEY, KEYED, WITH_FILES, older_run, parsed, problem, write
from sse_perf_tool.arguments import EXCLUSIONS, TEXTS, Arguments, config_file, sources
from sse_perf_tool.arguments.flag_values import FlagValues
from sse_perf_tool.exporters import EXPORTERS
from sse_perf_tool.exporters.json_summary import summary_document
from sse_perf_tool.flags import FLAGS, help_text
from sse_perf_tool.metrics import Tally
from sse_perf_tool.records import RunConfig
from sse_perf_tool.records.file import RecordsHeader, config_of, header_line
from sse_perf_tool.texts import display_width

ROOT = Path(__file__).resolve().parents[2]
MASKED = "app-…4Knu"
KEY_MASKED = "is masked, as files and reports show it; give the key by --api-key, SSE_PERF_API_KEY or --api-key-file"
WHOLE = "give a whole number from 1 to 100000"
NOT_RUN_AGAIN = {"config", "print_config", "version", "help", "debug"}
"""They make no run that could be made again."""


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def toml(text: str) -> list[str]:
    return ["--config", write("run.toml", text)]


def with_key(*argv: str, **environ: str) -> Arguments:
    return parsed("--api-key", KEY, *argv, environ=environ)


def summary_of(config: RunConfig) -> str:
    return json.dumps(summary_document(Tally(origin_ns=0).result(config, 0)))


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
    file = write("run.yaml", "turns: 2\nthink-time: 1:3\nuser: 010\nmodel: 1.10\n")
    config = with_key("--config", file).config
    assert (config.think_time_s, config.think_time_max_s, config.user, config.model) == (1.0, 3.0, "010", "1.10")


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
    assert problem("calibrate", *file, "--json", "run.toml").startswith("--json run.toml: is the file of --config too")


def test_a_setting_of_calibrate_alone_is_no_mistake_of_a_run() -> None:
    assert with_key(*toml("quick = true"), SSE_PERF_QUICK="1").warnings == ()


@pytest.mark.parametrize(
    ("environ", "warning"),
    [
        ({"SSE_PERF_THREAD": KEY}, "SSE_PERF_THREAD: no such setting; did you mean SSE_PERF_THREADS?"),
        ({"SSE_PERF_XYZ": KEY},
         "SSE_PERF_XYZ: no such setting; those of the environment have the names of the flags, see --help"),
    ],
)  # fmt: skip
def test_a_variable_that_names_no_flag_is_a_warning(environ: dict[str, str], warning: str) -> None:
    assert with_key(**environ).warnings == (warning,)


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


# --- mistakes

FILES = {
    "a.toml": "threads = 'x'",
    "b.toml": "[load]\nthread = 5",
    "c.toml": "xyz = 5",
    "d.toml": "threads = 5\n[load]\nthreads = 6",
    "e.toml": "duration = 5\nexecution-time = 6",
    "f.toml": "threads = 5\nthreads = 6",
    "g.toml": "threads 5",
    "h.toml": "user = true",
    "i.toml": "threads = [5]",
    "j.toml": "header = ['X-A: 1', {a = 1}]",
    "k.toml": "quiet = 'perhaps'",
    "l.toml": "config = 'other.toml'",
    "m.toml": "url = 'http://h/'\nport = 81",
    "n.toml": "api-key = 'app-…4Knu'",
    "o.toml": "url = 'https://h/?key=app-…4Knu'",
    "p.toml": "header = ['Authorization: Bearer app-…4Knu']",
    "q.toml": "param-file = 'no.txt'",
    "r.toml": "header = ['X-A: 1', 'x-a: 2']",
    "s.toml": "api-path = '/x?key=…4Knu'",
    "t.toml": "format = 'tgi'\nraw = true",
    "a.yaml": "user: no",
    "b.yaml": "threads: 5\nthreads: 6",
    "c.yaml": "a: [",
    "d.yaml": "- threads",
    "e.yaml": "a: &a [*a]",
    "f.yaml": "threads: 5\n---\nthreads: 6",
    "g.yaml": "header: [yes]",
    "a.json": '{"threads": 5, "threads": 6}',
    "b.json": '{"threads": 5',
    "c.json": "[1]",
    "d.json": '{"schema": "sse-perf-summary/1", "config": {"threads": 5}}',
    "e.json": '{"threads": NaN}',
    "a.jsonl": '{"threads": 0}\n',
    "a.txt": "threads = 5",
}
LISTED = "give a value or a list of them, texts or numbers"
QUOTED = "this is a true or false (in YAML yes, no, on, off are, too); put the value in quotes"

Mistake = tuple[list[str], dict[str, str], str]
MISTAKES: list[Mistake] = [
    ([], {"SSE_PERF_THREADS": "abc"}, f"SSE_PERF_THREADS=abc: {WHOLE}"),
    ([], {"SSE_PERF_QUIET": "perhaps"}, "SSE_PERF_QUIET=perhaps: give true or false"),
    ([], {"SSE_PERF_DURATION": "5", "SSE_PERF_EXECUTION_TIME": "6"},
     "SSE_PERF_EXECUTION_TIME: given twice; keep one"),
    ([], {"SSE_PERF_API_KEY": "app 1"},
     "SSE_PERF_API_KEY: character 4 of the key (not shown) cannot be part of one; give visible ASCII without spaces"),
    (KEYED, {"SSE_PERF_PARAM_FILE": "no.txt"}, "SSE_PERF_PARAM_FILE=no.txt: no such file; check the path"),
    ([], {"SSE_PERF_CONFIG": "no.toml"}, "SSE_PERF_CONFIG=no.toml: no such file; check the path"),
    ([], {"SSE_PERF_URL": "http://h/", "SSE_PERF_PORT": "81"},
     "SSE_PERF_URL=http://h/: holds host, port and path already; leave out SSE_PERF_PORT"),
    (["--config", ""], {}, "--config: is empty; give a text or leave the flag out"),
    (["--config", "a.toml"], {}, f'a.toml: threads = "x": {WHOLE}'),
    (["--config", "b.toml"], {}, "--config b.toml: thread: no such setting; did you mean threads?"),
    (["--config", "c.toml"], {},
     "--config c.toml: xyz: no such setting; those of a file have the names of the flags, see --help"),
    (["--config", "d.toml"], {}, "--config d.toml: threads: given twice; keep one"),
    (["--config", "e.toml"], {}, "--config e.toml: execution-time: given twice; keep one"),
    (["--config", "f.toml"], {},
     "--config f.toml: is not valid TOML (Cannot overwrite a value (at end of document)); correct it there"),
    (["--config", "g.toml"], {},
     ("--config g.toml: is not valid TOML (Expected '=' after a key in a key/value pair (at line 1, column 9)); "
     "correct it there")),
    (["--config", "h.toml"], {}, f"--config h.toml: user: {QUOTED}"),
    (["--config", "i.toml"], {}, "--config i.toml: threads: give one value, a text or a number"),
    (["--config", "j.toml"], {}, f"--config j.toml: header: {LISTED}"),
    (["--config", "k.toml"], {}, 'k.toml: quiet = "perhaps": give true or false'),
    (["--config", "l.toml"], {},
     "--config l.toml: config: no such setting; those of a file have the names of the flags, see --help"),
    (["--config", "m.toml"], {},
     'm.toml: url = "http://h/": holds host, port and path already; leave out m.toml: port'),
    (["--config", "m.toml", "--port", "82"], {},
     'm.toml: url = "http://h/": holds host, port and path already; leave out --port'),
    (["--config", "n.toml"], {}, f"n.toml: api-key: {KEY_MASKED}"),
    (["--api-key", MASKED], {}, f"--api-key: {KEY_MASKED}"),
    (["--config", "o.toml"], {},
     ('o.toml: url = "https://h/?key=…": holds a masked secret (…), as files and reports show it; '
     "give it whole by --url or SSE_PERF_URL")),
    (["--config", "p.toml"], {},
     ('p.toml: header = "Authorization": holds a masked secret (…), as files and reports show it; '
     "give it whole by --header or SSE_PERF_HEADER")),
    ([*KEYED, "--config", "q.toml"], {}, "q.toml: param-file = no.txt: no such file; check the path"),
    (["--config", "r.toml"], {}, "r.toml: header = x-a: given twice; keep one"),
    (["--config", "s.toml"], {},
     ('s.toml: api-path = "/x?key=…4Knu": holds a masked secret (…), as files and reports show it; '
     "give it whole by --api-path or SSE_PERF_API_PATH")),
    (["--config", "t.toml"], {}, "t.toml: raw: is for --format custom; leave it out or leave out --format tgi"),
    (["--config", "a.yaml"], {}, f"--config a.yaml: user: {QUOTED}"),
    (["--config", "b.yaml"], {}, "--config b.yaml: threads is given twice; keep one"),
    (["--config", "c.yaml"], {},
     ("--config c.yaml: is not valid YAML (expected the node content, but found '<stream end>', line 1, column 5); "
     "correct it there")),
    (["--config", "d.yaml"], {},
     "--config d.yaml: holds no settings by name; write lines such as threads: 5"),
    (["--config", "e.yaml"], {}, "--config e.yaml: is nested too deep; give names with values"),
    (["--config", "f.yaml"], {},
     "--config f.yaml: is not valid YAML (but found another document, line 2, column 1); correct it there"),
    (["--config", "g.yaml"], {}, f"--config g.yaml: header: {QUOTED}"),
    (["--config", "a.json"], {}, "--config a.json: threads is given twice; keep one"),
    (["--config", "b.json"], {},
     "--config b.json: is not valid JSON (Expecting ',' delimiter: line 1 column 14 (char 13)); correct it there"),
    (["--config", "c.json"], {},
     '--config c.json: holds no settings by name; write lines such as {"threads": 5}'),
    (["--config", "d.json"], {},
     "--config d.json: does not hold the flags of its run, as an older version wrote it; run its config.command again"),
    (["--config", "e.json"], {},
     "--config e.json: is not valid JSON (NaN is not JSON); correct it there"),
    (["--config", "a.jsonl"], {}, f"a.jsonl: threads = 0: {WHOLE}"),
    (["--config", "a.txt"], {},
     "--config a.txt: the ending says what a file is; name it .toml, .yaml, .yml, .json or .jsonl"),
    (["--config", "none.toml", "--json", "none.toml"], {},
     "--json none.toml: is the file of --config too; choose another name"),
]  # fmt: skip


@pytest.fixture
def _files() -> None:
    write("none.toml", f"api-key = '{KEY}'")
    for name, text in FILES.items():
        write(name, text)


@pytest.mark.usefixtures("_files")
@pytest.mark.parametrize(("argv", "environ", "expected"), MISTAKES)
def test_a_mistake_gets_one_line_with_its_source(argv: list[str], environ: dict[str, str], expected: str) -> None:
    assert problem(*argv, environ=environ) == expected


@pytest.mark.usefixtures("_files")
@pytest.mark.parametrize(("argv", "environ", "english"), MISTAKES)
def test_in_chinese_too(argv: list[str], environ: dict[str, str], english: str) -> None:
    chinese = problem(*argv, environ={**environ, "LANG": "zh_CN.UTF-8"})
    assert chinese.startswith(english.split(":")[0])
    assert display_width(chinese) > len(chinese)


def test_every_text_of_a_mistake_is_tested() -> None:
    spoken = "\n".join(expected for _, _, expected in MISTAKES)
    elsewhere = {"missing_package", "unknown_setting", "the_environment", "the_file"}
    for key, (english, _) in itertools.chain(config_file.TEXTS.items(), sources.TEXTS.items()):
        pattern = ".*".join(map(re.escape, re.split(r"\{\w+\}", english)))
        assert key in elsewhere or re.search(pattern, spoken), key


@pytest.mark.parametrize(
    ("name", "module", "expected"),
    [
        ("run.yaml", "yaml",
         "run.yaml: YAML needs the package pyyaml; install it (pip install pyyaml) or write the file as TOML, JSON"),
        ("run.toml", "tomllib" if sys.version_info >= (3, 11) else "tomli",
         "run.toml: TOML needs the package {module}; install it (pip install {module}) or write the file as JSON"),
    ],
)  # fmt: skip
def test_a_package_that_is_missing_is_named(
    name: str, module: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    assert problem("--config", write(name)) == "--config " + expected.format(module=module)


# --- the same run again


def argv_of(key: str) -> list[str]:
    """A line on which the flag is shown to have its effect, with the files that it takes."""
    if key in ("baseline", "allow"):
        argv = ["--baseline", older_run("older.jsonl"), "--allow", "ttft_ms:avg<+5"]
    elif key == "shuffle":
        argv = ["--param-file", write("some_queries", "one\ntwo\n"), "--shuffle"]
    elif key in ("replay", "speed"):
        argv = ["--replay", write("some_trace", '{"timestamp": 0}\n{"timestamp": 9}\n'), "--speed", "2"]
    elif key in WITH_FILES:
        text = {"cacert": Path(certifi.where()).read_text(), "request_body_file": '{"q": "{query}"}'}.get(key, "app-x")
        argv = [f"--{key.replace('_', '-')}", write(f"some_{key}", text)]
    else:
        argv = EFFECTS[key][0]
    return argv if key in ("api_key", "api_key_file") else ["--api-key", KEY, *argv]


def comparable(config: RunConfig) -> dict[str, Any]:
    """A configuration without what tells one run from the other."""
    return dataclasses.asdict(dataclasses.replace(config, command="", flags={}))


AGAIN = [flag.key for flag in FLAGS if flag.key not in NOT_RUN_AGAIN and not flag.writes_file]


@pytest.mark.parametrize("key", AGAIN)
@pytest.mark.parametrize("kind", ["summary", "records", "flags"])
def test_a_run_with_any_flag_can_be_made_again_from_what_it_wrote(key: str, kind: str) -> None:
    first = parsed(*argv_of(key))
    file = {
        "summary": ("old.json", summary_of(first.config)),
        "records": ("old.jsonl", header_line(RecordsHeader(first.config, 0)) + "\n{}\n"),
        "flags": ("again.json", json.dumps(first.config.flags)),
    }[kind]
    needed = {"SSE_PERF_API_KEY": argv_of(key)[1]} if "api_key" in first.config.flags else {}
    again = parsed("--config", write(*file), environ=needed)
    assert key in first.config.flags, "the flag is written down"
    assert comparable(again.config) == comparable(first.config)
    assert again.config.flags == first.config.flags
    assert (again.command, again.brand, again.report_title, again.quiet, again.color, again.verify) == (
        first.command, first.brand, first.report_title, first.quiet, first.color, first.verify,
    )  # fmt: skip
    if key in EFFECTS:
        _, seen, expected = EFFECTS[key]
        assert seen(again) == expected


def test_only_files_that_are_written_are_left_out() -> None:
    """A flag of the group "output" with a FILE that is read would not be written down: give it another group."""
    assert {flag.key for flag in FLAGS if flag.writes_file} == {"html_report", "records", *EXPORTERS}


@pytest.mark.parametrize("key", [flag.key for flag in FLAGS if flag.writes_file])
def test_a_run_that_is_made_again_does_not_write_over_the_files_of_the_first(key: str) -> None:
    first = parsed(*argv_of(key))
    assert first.config.flags == {"api_key": MASKED}


def test_flags_are_written_down_as_they_were_given_with_numbers_as_numbers() -> None:
    given = ["--threads", "5", "--duration", "1m", "--ramp-up", "2.5", "--user", "007", "-H", "X-A: 1", "--quiet"]
    assert with_key(*given, "--model", "1.10", SSE_PERF_TURNS="2").config.flags == {
        "api_key": MASKED,
        "model": "1.10",
        "header": ["X-A: 1"],
        "threads": 5,
        "duration": "1m",
        "turns": 2,
        "ramp_up": 2.5,
        "user": "007",
        "quiet": True,
    }


def test_no_secret_is_written_down() -> None:
    secrets = ["s3cretuser0001", "s3cretquery0002", "s3cretheader0003", "app-s3cretkey0004"]
    user, query, header, key = secrets
    config = parsed(
        "--url", f"https://me:{user}@h/x?token={query}", "-H", f"Authorization: Bearer {header}", "--api-key", key,
        "--user", f"my key is {key}", "--config", write("run.toml", ""),
    ).config  # fmt: skip
    written = json.dumps(config.flags, ensure_ascii=False) + config.command
    assert not [secret for secret in secrets if secret in written]
    assert config.flags["user"] == "my key is app-…0004"
    assert parsed("--api-path", f"/x?token={query}", "--api-key", key).config.flags["api_path"] == "/x?token=…0002"


def test_a_key_file_is_named_and_the_key_that_stands_by_for_it_is_not_needed_again() -> None:
    first = with_key("--api-key-file", write("keys.txt", "app-one\n"))
    again = parsed("--config", write("old.json", summary_of(first.config)))
    assert again.keys is not None
    assert again.keys.keys == ("app-one",)


def test_a_key_that_does_not_count_may_be_masked() -> None:
    write("keys.txt", "app-one\n")
    assert parsed(*toml(f"api-key = '{MASKED}'"), "--api-key-file", "keys.txt").config.api_key_file == "keys.txt"


def test_files_of_before_flags_were_written_down_can_still_be_read() -> None:
    assert config_of({"threads": 5}).flags == {}


# --- what would be used


def test_the_settings_are_shown_with_their_origin_as_a_file_that_can_be_used() -> None:
    text = parsed(
        *toml(f"port = 8000\n[load]\nthreads = 5\nduration = '1m'\n[target]\napi-key = '{KEY}'"),
        "--print-config", "--quiet", "-H", 'X-A: "1"', "--user", f"my {KEY}",
        environ={"SSE_PERF_THREADS": "7", "SSE_PERF_THREAD": "8"},
    ).text  # fmt: skip
    lines = text.splitlines()
    assert lines[0] == "# SSE_PERF_THREAD: no such setting; did you mean SSE_PERF_THREADS?"
    assert lines[2:6] == [
        "[target]",
        '# host = "localhost"',
        "port = 8000  # run.toml",
        '# api-path = "/v1/chat-messages"',
    ]
    for line in (
        f'api-key = "{MASKED}"  # run.toml',
        'header = ["X-A: \\"1\\""]  # -H',
        f'user = "my {MASKED}"  # --user',
        "threads = 7  # SSE_PERF_THREADS",
        'duration = "1m"  # run.toml',
        "quiet = true  # --quiet",
    ):
        assert line in lines
    assert KEY not in text
    assert "# timeout = 60.0" in lines
    again = with_key("--config", write("again.toml", text)).config
    assert (again.threads, again.duration_s, again.url) == (7, 60.0, "http://localhost:8000/v1/chat-messages")


def test_the_settings_of_the_demo_are_shown_with_its_own_defaults() -> None:
    lines = parsed("--demo", "--print-config").text.splitlines()
    assert {"# threads = 5", "# duration = 10.0", "demo = true  # --demo"} <= set(lines)


def test_the_example_is_understood_and_says_what_the_examples_say() -> None:
    Path("examples").symlink_to(ROOT / "examples")
    arguments = with_key("--config", "examples/run.toml")
    assert arguments.warnings == ()
    assert arguments.config.param_file == "examples/queries.txt"
    assert arguments.address.host == "localhost"
