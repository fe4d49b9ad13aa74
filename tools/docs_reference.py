"""Writes the pages of docs/ that are made from the code: `python tools/docs_reference.py`.

flags.md, formats.md and names.md, each in both languages.  tests/docs/test_reference.py fails when one is not of today.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tools")]

from markdown_pages import DOCS, in_chinese  # noqa: E402  the path comes first
from sse_perf_tool.flags.help import TEXTS as HELP_TEXTS  # noqa: E402
from sse_perf_tool.flags.help import flags_and_help, group_title  # noqa: E402
from sse_perf_tool.flags.program import COMMANDS  # noqa: E402
from sse_perf_tool.flags.table import FLAGS, Flag  # noqa: E402
from sse_perf_tool.flags.wording import HELP  # noqa: E402
from sse_perf_tool.formats import FORMATS  # noqa: E402
from sse_perf_tool.formats.base import Format  # noqa: E402
from sse_perf_tool.goals.thresholds import METRIC_FUNCTIONS, RUN_FIGURES  # noqa: E402
from sse_perf_tool.metrics import METRICS, MILESTONE_METRICS  # noqa: E402
from sse_perf_tool.records import Outcome  # noqa: E402
from sse_perf_tool.report_parts.wording.lookup import TEXTS as REPORT_TEXTS  # noqa: E402
from sse_perf_tool.texts import LANGUAGES, Say, speaker  # noqa: E402

TEXTS = {
    "other_language": ("[中文]({page}_zh.md)", "[English]({page}.md)"),
    "made": (
        "<!-- Made from the code by tools/docs_reference.py; changed there, not here. -->",
        "<!-- 由 tools/docs_reference.py 根据代码生成；请修改代码，不要修改此页。 -->",
    ),
    "colon": (": ", "："),
    "comma": (", ", "、"),
    "yes": ("yes", "是"),
    "no": ("", ""),
    "flags.title": ("Flags", "参数"),
    "flags.about": (
        (
            "Every flag of every command, as `--help` says it. How they work together: [usage]({usage}). Most can also "
            "stand in a file (`--config`) or in the environment: `--api-key` is `api_key` there and "
            "`SSE_PERF_API_KEY` here ([configuration]({configuration}))."
        ),
        (
            "所有命令的全部参数，内容与 `--help` 相同。如何配合使用见[用法]({usage})。多数参数也可写在文件"
            "（`--config`）或环境变量中：`--api-key` 在文件中为 `api_key`，在环境变量中为 `SSE_PERF_API_KEY`"
            "（[配置]({configuration})）。"
        ),
    ),
    "flags.run": ("A run", "测试"),
    "flags.run_about": ("The flags without a command: a load test.", "不写命令时的参数：进行一次压力测试。"),
    "flags.command": ("The command {name}", "命令 {name}"),
    "flags.also": (
        "It also takes these, which mean the same as in a run{colon}{names}.",
        "还接受以下参数，含义与测试相同{colon}{names}。",
    ),
    "flags.all": (
        "It also takes the flags of a run, except these{colon}{names}.",
        "还接受测试的参数，以下除外{colon}{names}。",
    ),
    "flags.formats": ("one of the [formats]({formats})", "[格式]({formats})之一"),
    "flags.head": ("flag | value | default | what it does", "参数 | 值 | 默认 | 作用"),
    "formats.title": ("Formats", "格式"),
    "formats.about": (
        (
            "What `--format` may name. `auto`, the default, detects the format from the URL and confirms it from the "
            "stream. The patterns are regular expressions: the first is searched in the path of the URL, the second in "
            "its host name."
        ),
        (
            "`--format` 可取的值。默认的 `auto` 由网址识别格式，再由数据流确认。表中的模式是正则表达式："
            "前者在网址的路径中查找，后者在主机名中查找。"
        ),
    ),
    "formats.table": ("The table", "一览"),
    "formats.head": (
        "`--format` | service | path | host | header of the key | key needed | JSON lines | whole answers",
        "`--format` | 服务 | 路径 | 主机 | 密钥所在请求头 | 需要密钥 | JSON 行 | 非流式回答",
    ),
    "formats.more": ("Where no format fits", "没有合适的格式时"),
    "formats.custom": (
        "`custom` reads any stream by the paths that you give: [custom formats]({custom}).",
        "`custom` 按您给出的路径读取任意数据流：[自定义格式]({custom})。",
    ),
    "names.title": ("Names of figures", "指标名称"),
    "names.about": (
        "What files, thresholds and outputs call each figure. Formulas and what is left out: [metrics]({metrics}).",
        "文件、阈值和各种输出中每个数据的名称。公式与排除规则见[指标]({metrics})。",
    ),
    "names.metrics": ("Metrics of requests", "请求指标"),
    "names.metrics_about": (
        "In a threshold each takes {functions}.",
        "用于阈值时，每项都可用 {functions}。",
    ),
    "names.milestones": ("Metrics of what happens inside an answer", "回答内部的指标"),
    "names.milestones_about": (
        "Only in runs whose answers do more than bring text ([milestones]({milestones})).",
        "仅当回答不只是文本时才有（[里程碑]({milestones})）。",
    ),
    "names.head": ("name | in the report | what it is", "名称 | 报告中的名称 | 含义"),
    "names.run": ("Figures of a whole run", "整次测试的数据"),
    "names.run_about": (
        "What else a threshold may be about ([goals]({goals})).",
        "阈值还可以针对的对象（[目标]({goals})）。",
    ),
    "names.run_head": ("name | functions", "名称 | 函数"),
    "names.outcomes": ("Outcomes", "请求结果"),
    "names.outcomes_about": (
        "How a request can end; what each means: [outcomes]({outcomes}).",
        "请求可能的结果；各自的含义见[请求结果]({outcomes})。",
    ),
    "names.outcomes_head": ("name | in the report", "名称 | 报告中的名称"),
}

LINKS = {
    "usage": ("usage.md", ""),
    "configuration": ("usage.md", "configuration"),
    "custom": ("usage.md", "custom-formats"),
    "goals": ("usage.md", "goals"),
    "metrics": ("metrics.md", ""),
    "formats": ("formats.md", ""),
    "milestones": ("milestones.md", ""),
    "outcomes": ("outcomes.md", ""),
}
"""Name in the texts -> English page and anchor."""


@cache  # each row asks for them, and the pages are read for it
def links(language: str) -> dict[str, str]:
    """Name in the texts -> where the link leads from a page of this language."""
    found = {}
    for name, (page_name, anchor) in LINKS.items():
        target, heading = DOCS / page_name, anchor
        if language == "zh":
            target, heading = in_chinese(target, anchor)
        found[name] = f"{target.name}#{heading}" if heading else target.name
    return found


def cell(text: str) -> str:
    """Text for a cell: no sign of it is taken for markup."""
    signs = {"<": "&lt;", "*": "\\*", "|": "&#124;", "://": "&#58;//"}  # the last would be taken for a link
    return re.sub("|".join(map(re.escape, signs)), lambda found: signs[found[0]], text)


def code(text: str) -> str:
    """Text as code; a bar in a table must not stand in backticks, where not every reader of Markdown takes it."""
    return f"<code>{text.replace('|', '&#124;')}</code>" if "|" in text else f"`{text}`" if text else ""


def table(head: str, rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """The lines of a table whose head has its columns between bars."""
    yield f"| {head} |"
    yield "|---" * len(head.split(" | ")) + "|"
    yield from ("|" + "".join(f" {each} |" if each else " |" for each in row) for row in rows)
    yield ""


def page(name: str, say: Say, lines: Iterable[str]) -> str:
    return (
        "\n".join(
            [f"# {say(f'{name}.title')}", "", say("other_language", page=name), "", say("made"), "", *lines]
        ).rstrip("\n")
        + "\n"
    )


def flag_row(flag: Flag, about: tuple[str, str], language: str) -> tuple[str, ...]:
    formats = speaker(TEXTS, language)("flags.formats", **links(language))
    text = cell(about[LANGUAGES.index(language)]).replace("{formats}", formats)
    default = (
        "" if flag.default in (None, "") else f"{flag.default:g}" if isinstance(flag.default, float) else flag.default
    )
    return ", ".join(map(code, flag.names)), code(flag.metavar), code(str(default)), cell(text)


def flag_tables(
    flags: Sequence[Flag], helps: Mapping[str, tuple[str, str]], language: str, say: Say, level: str
) -> Iterator[str]:
    """The flags, group by group; a single group needs no heading."""
    groups = list(dict.fromkeys(flag.group for flag in flags))
    for group in groups:
        if len(groups) > 1:
            yield from (f"{level} {cell(group_title(group, language))}", "")
        rows = (flag_row(flag, helps[flag.key], language) for flag in flags if flag.group == group)
        yield from table(say("flags.head"), rows)


def flags_page(language: str) -> str:
    say = speaker(TEXTS, language)
    lines = [say("flags.about", **links(language)), "", f"## {say('flags.run')}", "", say("flags.run_about"), ""]
    lines += flag_tables(FLAGS, HELP, language, say, "###")
    for command in COMMANDS:
        flags, helps = flags_and_help(command)
        own = [flag for flag in flags if flag not in FLAGS or helps[flag.key] != HELP[flag.key]]
        same = [flag for flag in flags if flag not in own]
        lines += [f"## {say('flags.command', name=code(command))}", "", purpose_of(command, language), ""]
        lines += flag_tables(own, helps, language, say, "###")
        if same:
            lines += [shared_with_a_run(flags, same, say), ""]
    return page("flags", say, lines)


def shared_with_a_run(flags: Sequence[Flag], same: Sequence[Flag], say: Say) -> str:
    """The sentence about the flags of a command that are as in a run: those, or if they are most the others."""
    most = len(same) > len(FLAGS) / 2
    keys = {flag.key for flag in flags}
    named = [flag for flag in FLAGS if flag.key not in keys] if most else same
    names = say("comma").join(code(flag.names[0]) for flag in named)
    return say("flags.all" if most else "flags.also", colon=say("colon"), names=names)


def purpose_of(command: str, language: str) -> str:
    """What --help says that a command does."""
    return cell(speaker(HELP_TEXTS, language)(f"about_{command}").replace("\n", " "))


def format_row(row: Format, say: Say) -> tuple[str, ...]:
    def patterns(found: Sequence[str]) -> str:
        return say("comma").join(map(code, found))

    def mark(holds: bool) -> str:
        return say("yes" if holds else "no")

    header = "" if row.auth is None else code(f"{row.auth[0]}: {row.auth[1]}".strip())
    return (
        code(row.name), cell(row.title), patterns(row.paths), patterns(row.hosts), header,
        mark(row.needs_key), mark(row.ndjson), mark(row.whole is not None),
    )  # fmt: skip


def formats_page(language: str) -> str:
    say = speaker(TEXTS, language)
    rows = sorted((format_row(row, say) for row in FORMATS.values()), key=lambda cells: cells[0])
    lines = [say("formats.about"), "", f"## {say('formats.table')}", "", *table(say("formats.head"), rows)]
    return page("formats", say, [*lines, f"## {say('formats.more')}", "", say("formats.custom", **links(language))])


def names_page(language: str) -> str:
    say, report = speaker(TEXTS, language), speaker(REPORT_TEXTS, language)

    def metrics(names: Iterable[str]) -> Iterator[str]:
        rows = ((code(name), cell(report(f"metric.{name}")), cell(report(f"about.{name}"))) for name in names)
        return table(say("names.head"), rows)

    functions = say("comma").join(map(code, METRIC_FUNCTIONS))
    run = ((code(name), say("comma").join(map(code, found))) for name, found in RUN_FIGURES.items())
    outcomes = ((code(each.value), cell(report(f"outcome.{each.value}"))) for each in Outcome)
    lines = [say("names.about", **links(language)), ""]
    for name, rows in (
        ("metrics", metrics(METRICS)),
        ("milestones", metrics(MILESTONE_METRICS)),
        ("run", table(say("names.run_head"), run)),
        ("outcomes", table(say("names.outcomes_head"), outcomes)),
    ):
        lines += [
            f"## {say(f'names.{name}')}",
            "",
            say(f"names.{name}_about", functions=functions, **links(language)),
            "",
            *rows,
        ]
    return page("names", say, lines)


def pages() -> dict[str, str]:
    """File name in docs/ -> what it has to hold."""
    makers = {"flags": flags_page, "formats": formats_page, "names": names_page}
    suffixes = dict(zip(LANGUAGES, (".md", "_zh.md"), strict=True))
    return {f"{name}{suffixes[each]}": make(each) for name, make in makers.items() for each in LANGUAGES}


def main() -> int:
    for name, text in pages().items():
        (ROOT / "docs" / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
