"""The text of `--help`."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence

from .. import __version__
from ..formats import FORMATS
from ..texts import LANGUAGES, default_language, display_width, pad, speaker
from .program import COMMAND, COMMANDS, PROGRAM, own_words
from .table import (
    BENCH_FLAGS,
    CALIBRATE_FLAGS,
    CAPACITY_FLAGS,
    FLAGS,
    PROFILE_DEFAULTS,
    PROFILE_FLAGS,
    REPORT_FLAGS,
    STUDIO_FLAGS,
    WORKER_FLAGS,
    Flag,
)
from .wording import BENCH_HELP, CAPACITY_HELP, HELP, PROFILE_HELP, STUDIO_HELP, WORKER_HELP

TEXTS = {
    "default": ("(default {default})", "（默认 {default}）"),
    "usage": ("Usage: ", "用法："),
    "heading": ("{title}:", "{title}："),
    "flags": ("[flags]", "[参数]"),
    "run_flags": ("[URL] [flags]", "[网址] [参数]"),
    "examples": ("Examples", "示例"),
    "about": (
        "Load tester for streaming (Server-Sent Events) AI services.",
        "流式（Server-Sent Events）AI 服务压力测试工具。",
    ),
    "about_report": (
        "Rebuilds the reports from --records files; with several files it compares them.",
        "由 --records 写的文件重新生成报告；给出多个文件时进行对比。",
    ),
    "about_calibrate": (
        "Measures the error of this tool on this machine, with a server of known timing.",
        "用计时已知的服务器，测量本工具在本机的误差。",
    ),
    "about_capacity": (
        "Finds the highest load that still meets the goals, and what limits it.",
        "寻找仍能满足要求的最高负载，并指出瓶颈所在。",
    ),
    "about_bench": (
        "Sends the same work to many providers and models, and shows them side by side.",
        "向多个提供商和模型发送同样的请求，并排比较结果。",
    ),
    "about_serve": (
        "A chat server to test against: Dify, OpenAI, Anthropic, and an API of its own.",
        "供测试用的流式聊天服务：Dify、OpenAI、Anthropic 及自有接口。",
    ),
    "environment_serve": (
        "Each setting is also an environment variable or a line in .env: RESPONSE_DELAY for --response-delay.",
        "每项设置也可写成环境变量或 .env 中的一行：RESPONSE_DELAY 即 --response-delay。",
    ),
    "about_worker": (
        "Joins a run that another machine leads, and sends its part of the load.",
        "加入由另一台机器主持的测试，承担一部分负载。",
    ),
    "serve": ("Server", "服务"),
    "about_profile": (
        (
            "Starts a server under profilers, loads it and says what limits it.\n"
            "PASSES: doctor (always), flame (CPU), heap (memory by line), async, all."
        ),
        (
            "在分析器下启动服务端并施加负载，指出瓶颈所在。\n"
            "PASSES：doctor（始终执行）、flame（CPU）、heap（按行的内存）、async、all。"
        ),
    ),
    "profile": ("Profile", "分析"),
    "about_studio": (
        "A local web page for benchmarks, load tests and their results.",
        "用于基准测试、压力测试及其结果的本地网页。",
    ),
    "bench": ("Benchmark", "基准测试"),
    "studio": ("Studio", "Studio"),
    "capacity": ("Search", "搜索"),
    "target": ("Target", "目标"),
    "load": ("Load", "负载"),
    "workers": ("Several machines", "多台机器"),
    "input": ("Input", "输入"),
    "goals": ("Goals", "目标与判定"),
    "output": ("Output", "输出"),
    "custom": (
        "Custom format (PATH: a path into the JSON of an event, e.g. choices.0.text)",
        "自定义格式（PATH：事件 JSON 中的路径，如 choices.0.text）",
    ),
    "other": ("Other", "其他"),
    "serve_usage": (
        "serve [flags]      start the embedded server",
        "serve [参数]       启动内置聊天服务",
    ),
    "report_usage": (
        "report FILE.jsonl  rebuild the reports",
        "report FILE.jsonl  重新生成报告",
    ),
    "capacity_usage": (
        "capacity [flags]   find the highest load",
        "capacity [参数]    寻找最高负载",
    ),
    "calibrate_usage": (
        "calibrate [flags]  measure the tool's error",
        "calibrate [参数]   测量本工具的误差",
    ),
    "bench_usage": (
        "bench [flags]      many models side by side",
        "bench [参数]       多个模型并排比较",
    ),
    "profile_usage": (
        "profile -- COMMAND find what limits a server",
        "profile -- COMMAND 分析服务端的瓶颈",
    ),
    "studio_usage": (
        "studio [flags]     the same in a browser",
        "studio [参数]      在浏览器中使用",
    ),
    "worker_usage": (
        "worker [flags]     send a part of a load",
        "worker [参数]      承担一部分负载",
    ),
}

EXAMPLES = """\
  {command} --demo
  {command} http://localhost:8000 -c 10 -n 100
  {command} --host localhost --port 8080 --api-key app-xxx \\
      --threads 10 --duration 60 --param-file examples/queries.txt
  {command} --url https://api.deepseek.com/chat/completions \\
      --api-key sk-xxx --model deepseek-chat --json run.json --records run.jsonl
  {command} report run.jsonl --html-report again.html
  {command} capacity --url http://localhost:8080/chat --max 50
  {command} calibrate --threads 200 --itl-ms 20
"""

_COMMAND_HELP = {
    "report": (REPORT_FLAGS, "FILE.jsonl|FOLDER ... "),
    "capacity": (CAPACITY_FLAGS, ""),
    "calibrate": (CALIBRATE_FLAGS, ""),
    "bench": (BENCH_FLAGS, ""),
    "profile": (
        tuple(flag._replace(default=PROFILE_DEFAULTS.get(flag.key, flag.default)) for flag in PROFILE_FLAGS),
        "[PASSES] ",
    ),
    "studio": (STUDIO_FLAGS, ""),
    "worker": (WORKER_FLAGS, ""),
}
"""Command -> (its flags, the operands before them in its usage line)."""


_OWN_HELP: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "capacity": CAPACITY_HELP,
    "bench": BENCH_HELP,
    "worker": WORKER_HELP,
    "profile": PROFILE_HELP,
    "studio": STUDIO_HELP,
}
"""Command -> what it says of flags that mean something else in a run."""


def help_text(language: str, command: str = "run") -> str:
    """The text of --help, at most 80 columns wide, for "run" or another command."""
    say = speaker(TEXTS, language)
    usage = f"{say('usage')}{PROGRAM} "
    if command != "run":
        flags, helps = flags_and_help(command)
        operands = _COMMAND_HELP[command][1] if command in _COMMAND_HELP else ""
        behind = " -- COMMAND" if command == "profile" else ""
        head = [f"{usage}{command} {operands}{say('flags')}{behind}", "", say(f"about_{command}")]
        more = ["", *_wrapped(say("environment_serve"), 80)] if command == "serve" else []
        return "\n".join([*head, *_groups_help(flags, language, helps), *more]) + "\n"
    indent = " " * (display_width(usage) - len(PROGRAM) - 1) + PROGRAM
    others = [f"{indent} {say(f'{each}_usage')}" for each in COMMANDS]
    head = [usage + say("run_flags"), *others, "", say("about"), *_groups_help(FLAGS, language, HELP)]
    return "\n".join([*head, "", say("heading", title=say("examples")), EXAMPLES.format(command=COMMAND)])


def flags_and_help(command: str) -> tuple[Sequence[Flag], Mapping[str, tuple[str, str]]]:
    """The flags of a command other than a run, and what is said of each, as in `HELP`."""
    if command == "serve":
        flags, own = _serve()
    else:
        flags, own = _COMMAND_HELP[command][0], _OWN_HELP.get(command, {})
    return flags, {**HELP, **own}


def _serve() -> tuple[Sequence[Flag], Mapping[str, tuple[str, str]]]:
    from .serve import SERVE_FLAGS, SERVE_HELP  # only here: the help of a run shows none of it

    return SERVE_FLAGS, SERVE_HELP


def group_title(group: str, language: str) -> str:
    """What a group of flags is called."""
    return speaker(TEXTS, language)(group)


def _groups_help(flags: Sequence[Flag], language: str, helps: Mapping[str, tuple[str, str]]) -> Iterator[str]:
    """The lines of these flags, group by group; `helps` as `HELP`."""
    say = speaker(TEXTS, language)
    for group in dict.fromkeys(flag.group for flag in flags):
        yield from ("", say("heading", title=say(group)))
        for flag in flags:
            if flag.group == group:
                yield from _flag_help(flag, language, helps[flag.key])


_NAME_COLUMNS = 28


def _flag_help(flag: Flag, language: str, about: tuple[str, str]) -> list[str]:
    """The lines of one flag: its names at the left, what it does at the right."""
    say = speaker(TEXTS, language)
    text = about[LANGUAGES.index(language)].replace("{formats}", ", ".join(["auto", *sorted(FORMATS)]))
    if flag.default not in (None, "") and flag.key != "format":
        default = f"{flag.default:g}" if isinstance(flag.default, float) else flag.default
        text += (" " if language == "en" else "") + say("default", default=default)
    names = "  " + ", ".join(sorted(flag.names, key=len)) + (f" {flag.metavar}" if flag.metavar else "")
    lines = _wrapped(text, 80 - _NAME_COLUMNS)
    if len(names) >= _NAME_COLUMNS:
        lines.insert(0, "")
    return [pad(name, _NAME_COLUMNS) + line for name, line in zip([names, *[""] * len(lines)], lines, strict=False)]


def _wrapped(text: str, width: int) -> list[str]:
    """`text` in lines of at most `width` columns, cut at spaces and between Chinese characters."""
    lines = [""]
    for word in re.findall(r"\s+|[^\s\u2e80-\uffef]+[，。；：、）]*|[\u2e80-\uffef][，。；：、）]*", text):
        if display_width(lines[-1] + word) > width:
            lines.append("")
        lines[-1] += word if lines[-1] else word.lstrip()
    return [line.rstrip() for line in lines]


def language_of(argv: Sequence[str], environ: Mapping[str, str]) -> str:
    """The language, "en" or "zh": that of --lang anywhere in `argv`, else of SSE_PERF_LANG, else of the locale."""
    argv = own_words(argv)
    pairs = [*itertools.pairwise(argv), *(tuple(arg.split("=", 1)) for arg in argv if "=" in arg)]
    named = [environ.get("SSE_PERF_LANG", ""), *(value for name, value in pairs if name == "--lang")]
    known = [value.lower() for value in named if value.lower() in LANGUAGES]
    return known[-1] if known else default_language(environ)


def text_asked_for(argv: Sequence[str], environ: Mapping[str, str]) -> str | None:
    """The text that --help or --version in `argv` asks for, None without them."""
    argv = own_words(argv)
    name = argv[0] if argv and argv[0] in COMMANDS else "run"
    if "--help" in argv or "-h" in argv:
        return help_text(language_of(argv, environ), name)
    return f"{PROGRAM} {__version__}\n" if "--version" in argv else None
