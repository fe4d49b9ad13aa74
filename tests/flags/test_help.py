"""The help: its width, what it names, that its examples are understood, and how fast it comes."""

from __future__ import annotations

import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from command_lines import NOON, ROOT, body_of, parsed, write
from sse_perf_tool.arguments import parse_arguments
from sse_perf_tool.arguments.endpoint import Reply
from sse_perf_tool.flags import FLAGS, PROGRAM, help_text
from sse_perf_tool.formats import FORMATS
from sse_perf_tool.texts import display_width

pytestmark = pytest.mark.usefixtures("own_folder")


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("command", ["run", "report", "calibrate", "capacity", "bench", "serve", "profile", "studio"])
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
    assert examples.count(PROGRAM) == 7


def test_the_commands_of_the_help_are_understood() -> None:
    write("run.jsonl")
    Path("examples").symlink_to(ROOT / "examples")
    examples = help_text("en").partition("Examples:\n")[2].replace("\\\n", "")
    commands = [line.partition(f"  python3 {PROGRAM}")[2].split() for line in examples.splitlines() if line.strip()]
    models = Reply(200, {"data": [{"id": "m"}]})
    understood = [parse_arguments(command, {}, lambda: NOON, lambda *_: models) for command in commands]
    assert [arguments.command for arguments in understood] == [
        "demo",
        "run",
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
        ("/lib/sse_perf_tool/__main__.py", "sse_perf_tool", "  python3 -m sse_perf_tool --demo"),
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
    assert lines[0] == f"{program} Usage: {program} [URL] [flags]"
    assert example in lines


def test_help_loads_nothing_heavy_and_answers_at_once() -> None:
    code = (
        "import sys\n"
        "from sse_perf_tool.arguments import parse_arguments\n"
        "heavy = {'requests', 'urllib3', 'ssl', 'yaml', 'tomllib'}\n"
        "print(parse_arguments(['--help'], {}).command, *heavy & set(sys.modules))"
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                          env={"PYTHONPATH": str(ROOT / "src")})  # fmt: skip
    assert done.stdout == "show\n"
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert used_s < 2, "0.1 s of the CPU; how long that takes is the machine's"


@pytest.mark.parametrize(("command", "status"), [("report", 0), ("--help", 0), ("--no-such-flag", 2)])
def test_garbage_is_collected_but_while_a_command_is_imported(command: str, status: int, tmp_path: Path) -> None:
    code = (
        "import gc, sys\n"
        "from sse_perf_tool import cli\n"
        "cli._command = lambda _name: print(gc.isenabled()) or (lambda *_: print(gc.isenabled()) or 0)\n"
        f"status = cli.main([{command!r}, *{['x.jsonl'] if command == 'report' else []!r}])\n"
        "print(status, gc.isenabled(), file=sys.stderr)"
    )
    (tmp_path / "x.jsonl").write_text("{}\n")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path,
                          env={"PYTHONPATH": str(ROOT / "src")})  # fmt: skip
    assert done.stderr.splitlines()[-1] == f"{status} True"
    if command == "report":
        assert done.stdout.split() == ["False", "True"]


def test_help_imports_what_it_shows_and_nothing_else() -> None:
    """A list and no time, so that it is the same on every machine: a name more here is paid by each start."""
    code = "import sys\nfrom sse_perf_tool.cli import main\nmain(['--help'])\nprint(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                          env={"PYTHONPATH": str(ROOT / "src")})  # fmt: skip
    assert "--threads" in done.stdout
    imported = set(done.stderr.split())
    own = {name.removeprefix("sse_perf_tool.") for name in imported if name.startswith("sse_perf_tool.")}
    formats = {f"formats.{path.stem}" for path in (ROOT / "src/sse_perf_tool/formats").glob("*.py")}
    reading = {f"formats.{name}" for name in ("__init__", "answer", "body", "marking", "shape", "strange", "trail")}
    assert own == {
        "cli", "commands", "commands.environment", "commands.interrupts", "errors",
        "exporters", "exporters.table",
        "flags", "flags.capacity_checks", "flags.checks", "flags.help", "flags.load_checks", "flags.program",
        "flags.table", "flags.wording", "flags.worker_checks",
        "formats", *formats - reading,
        "masking", "records", "records.stream", "texts",
    }  # fmt: skip
    dear = {"csv", "html", "orjson", "requests", "rich", "ssl", "threading", "tomllib", "urllib3", "uuid"}
    assert not imported & dear
