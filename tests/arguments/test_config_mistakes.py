"""A mistake in a file or the environment gets one line with its source."""

from __future__ import annotations

import itertools
import json
import re
import sys

import pytest

from command_lines import KEY, KEYED, problem, write
from config_files import MASKED
from sse_perf_tool.arguments import config_file, sources
from sse_perf_tool.flags import FLAGS
from sse_perf_tool.texts import display_width

KEY_MASKED = "is masked, as in files and reports; give the key by --api-key, SSE_PERF_API_KEY or --api-key-file"
WHOLE = "give a whole number from 1 to 100000"
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
    "a.yaml": "user: true",
    "b.yaml": "threads: 5\nthreads: 6",
    "c.yaml": "a: [",
    "d.yaml": "- threads",
    "e.yaml": "a: &a [*a]",
    "f.yaml": "threads: 5\n---\nthreads: 6",
    "g.yaml": "header: [true]",
    "a.json": '{"threads": 5, "threads": 6}',
    "b.json": '{"threads": 5',
    "c.json": "[1]",
    "d.json": '{"schema": "sse-perf-summary/1", "config": {"threads": 5}}',
    "e.json": '{"threads": NaN}',
    "a.jsonl": '{"threads": 0}\n',
    "a.txt": "threads = 5",
}
LISTED = "give a value or a list of them, texts or numbers"
QUOTED = "this is true or false, not a text; put the value in quotes"
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
     "--config c.toml: xyz: no such setting; settings in a file have the names of the flags, see --help"),
    (["--config", "d.toml"], {}, "--config d.toml: threads: given twice; keep one"),
    (["--config", "e.toml"], {}, "--config e.toml: execution-time: given twice; keep one"),
    (["--config", "f.toml"], {},
     "--config f.toml: is not valid TOML (at the end: Cannot overwrite a value); correct it there"),
    (["--config", "g.toml"], {},
     ("--config g.toml: is not valid TOML (line 1, column 9: Expected '=' after a key in a key/value pair); "
     "correct it there")),
    (["--config", "h.toml"], {}, f"--config h.toml: user: {QUOTED}"),
    (["--config", "i.toml"], {}, "--config i.toml: threads: give one value, a text or a number"),
    (["--config", "j.toml"], {}, f"--config j.toml: header: {LISTED}"),
    (["--config", "k.toml"], {}, 'k.toml: quiet = "perhaps": give true or false'),
    (["--config", "l.toml"], {},
     "--config l.toml: config: no such setting; settings in a file have the names of the flags, see --help"),
    (["--config", "m.toml"], {},
     'm.toml: url = "http://h/": holds host, port and path already; leave out m.toml: port'),
    (["--config", "m.toml", "--port", "82"], {},
     'm.toml: url = "http://h/": holds host, port and path already; leave out --port'),
    (["--config", "n.toml"], {}, f"n.toml: api-key: {KEY_MASKED}"),
    (["--api-key", MASKED], {}, f"--api-key: {KEY_MASKED}"),
    (["--config", "o.toml"], {},
     ('o.toml: url = "https://h/?key=app-…4Knu": holds a masked secret (…), as in files and reports; '
     "give the full value by --url or SSE_PERF_URL")),
    (["--config", "p.toml"], {},
     ('p.toml: header = "Authorization": holds a masked secret (…), as in files and reports; '
     "give the full value by --header or SSE_PERF_HEADER")),
    ([*KEYED, "--config", "q.toml"], {}, "q.toml: param-file = no.txt: no such file; check the path"),
    (["--config", "r.toml"], {}, "r.toml: header = x-a: given twice; keep one"),
    (["--config", "s.toml"], {},
     ('s.toml: api-path = "/x?key=…4Knu": holds a masked secret (…), as in files and reports; '
     "give the full value by --api-path or SSE_PERF_API_PATH")),
    (["--config", "t.toml"], {},
     "t.toml: raw: only works with --format custom; leave it out or leave out --format tgi"),
    (["--config", "a.yaml"], {}, f"--config a.yaml: user: {QUOTED}"),
    (["--config", "b.yaml"], {}, "--config b.yaml: threads is given twice; keep one"),
    (["--config", "c.yaml"], {},
     ("--config c.yaml: is not valid YAML (line 1, column 5: expected the node content, but found '<stream end>'); "
     "correct it there")),
    (["--config", "d.yaml"], {},
     "--config d.yaml: has no named settings; write lines such as threads: 5"),
    (["--config", "e.yaml"], {}, "--config e.yaml: is nested too deep; give names with values"),
    (["--config", "f.yaml"], {},
     "--config f.yaml: is not valid YAML (line 2, column 1: but found another document); correct it there"),
    (["--config", "g.yaml"], {}, f"--config g.yaml: header: {QUOTED}"),
    (["--config", "a.json"], {}, "--config a.json: threads is given twice; keep one"),
    (["--config", "b.json"], {},
     "--config b.json: is not valid JSON (line 1, column 14: Expecting ',' delimiter); correct it there"),
    (["--config", "c.json"], {},
     '--config c.json: has no named settings; write lines such as {"threads": 5}'),
    (["--config", "d.json"], {},
     "--config d.json: was written by an older version, without the flags of its run; run its config.command again"),
    (["--config", "e.json"], {},
     "--config e.json: is not valid JSON (NaN is not JSON); correct it there"),
    (["--config", "a.jsonl"], {}, f"a.jsonl: threads = 0: {WHOLE}"),
    (["--config", "a.txt"], {},
     "--config a.txt: unknown file type; use a name that ends in .toml, .yaml, .yml, .json or .jsonl"),
    (["--config", "none.toml", "--json", "none.toml"], {},
     "--json none.toml: is also the file of --config; choose another name"),
]  # fmt: skip


@pytest.fixture
def _files(own_folder: None) -> None:
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


@pytest.mark.usefixtures("_files")
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("f.toml", "不是有效的 TOML（文件末尾：Cannot overwrite a value），请改正该处"),
        ("g.toml", "不是有效的 TOML（第 1 行第 9 列：Expected '=' after a key in a key/value pair），请改正该处"),
        ("f.yaml", "不是有效的 YAML（第 2 行第 1 列：but found another document），请改正该处"),
        ("b.json", "不是有效的 JSON（第 1 行第 14 列：Expecting ',' delimiter），请改正该处"),
    ],
)
def test_where_a_file_is_broken_is_said_in_chinese(name: str, expected: str) -> None:
    assert problem("--config", name, "--lang", "zh") == f"--config {name}: {expected}"


def test_every_text_of_a_mistake_is_tested() -> None:
    spoken = "\n".join(expected for _, _, expected in MISTAKES)
    elsewhere = {"missing_package", "unknown_setting", "the_environment", "the_file"}
    for key, (english, _) in itertools.chain(config_file.TEXTS.items(), sources.TEXTS.items()):
        pattern = ".*".join(map(re.escape, re.split(r"\{\w+\}", english)))
        assert key in elsewhere or re.search(pattern, spoken), key


@pytest.mark.parametrize(
    ("name", "module", "expected"),
    [
        ("run.yaml", "ruamel.yaml",
         ("run.yaml: YAML needs the package {module}; "
          "install it (pip install {module}) or write the file as TOML, JSON")),
        ("run.toml", "tomllib" if sys.version_info >= (3, 11) else "tomli",
         "run.toml: TOML needs the package {module}; install it (pip install {module}) or write the file as JSON"),
    ],
)  # fmt: skip
def test_a_package_that_is_missing_is_named(
    name: str, module: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    assert problem("--config", write(name)) == "--config " + expected.format(module=module)


@pytest.mark.parametrize(
    "key",
    [flag.key for flag in FLAGS if flag.metavar in ("FILE", "DIR") and flag.key not in sources.NOT_IN_A_FILE],
)
def test_no_path_of_a_settings_file_holds_a_nul(key: str) -> None:
    file = write("nul.json", json.dumps({key: "a\0b"}))
    assert problem("--config", file).endswith("holds a NUL character; give a path without one")
