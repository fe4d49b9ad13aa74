"""The console output of a comparison of runs."""

from __future__ import annotations

from collections.abc import Sequence

from ..goals.compare import Difference, failing_more
from ..metrics import success_rate
from ..records import RunResult
from ..report_parts.comparison import run_letter, unlike_settings
from ..report_parts.figures import percent_text
from ..report_parts.verdict import failing_text
from ..texts import Texts, clip_middle, display_width, printable
from ..units import REQUESTS_PER_S, figure, signed
from .writer import BOLD, DIM, GREEN, RED, TABLE_WIDTH, Column, Writer

TEXTS: Texts = {
    "comparison": ("Comparison of SSE performance tests", "SSE 性能测试对比"),
    "run_facts": ("{sent} requests, {share} ok", "{sent} 个请求，成功 {share}"),
    "unlike": ("the runs differ in: {names}", "各次测试的设置不同：{names}"),
    "interval": ("95 % interval", "95 % 区间"),
    "difference": ("difference", "差异"),
    "word_better": ("better", "更好"),
    "word_worse": ("worse", "更差"),
    "word_same": ("none found", "不显著"),
    "word_unknown": ("too few", "样本不足"),
    "word_survivors": ("of the rest", "仅余下部分"),
    "failing": (
        "{letter}: {failing}; all else is of the answers left",
        "{letter}：{failing}；其余数据只来自余下的回答",
    ),
    "difference_note": (
        "About one figure in twenty differs by chance, and runs vary: repeat the runs.",
        "每二十项中约有一项因偶然而不同，多次测试之间也有波动：请重复测试。",
    ),
    "success_rate": ("success %", "成功率 %"),
    "requests_per_s": REQUESTS_PER_S,
    "output_tokens_per_s": ("tokens/s, whole run", "token/s（整体）"),
    "max_gap_ms": ("longest gap ms", "最长间隔 ms"),
}


DIFFERENCE_WIDTHS = (19, 8, 8, 8, 17)
DIFFERENCE_DROPPED = {4: 2, 3: 1}
"""Place of the column -> as `Column.drop`: the interval goes first, then the difference."""
WORD_COLORS = {"better": GREEN, "worse": RED, "same": DIM, "unknown": DIM, "survivors": DIM}


def show(
    writer: Writer, results: Sequence[RunResult], names: Sequence[str], compared: Sequence[Sequence[Difference]]
) -> None:
    """The runs with their letters, and a table of the differences of each from the first."""
    say = writer.say
    writer.heading("comparison")
    for at, (result, name) in enumerate(zip(results, names, strict=True)):
        found = result.summary
        share = percent_text(success_rate(found.ok, found.ok + found.failed))
        facts = ": " + say("run_facts", sent=f"{found.sent:,}", share=share)
        begin = f"  {run_letter(at)}  "
        writer.line(begin + clip_middle(printable(name), TABLE_WIDTH - display_width(begin + facts)) + facts)
    for at, differences in enumerate(compared, 1):
        if failing_more(differences):
            failing = failing_text(results[at].summary)[writer.column]
            said = say("failing", letter=run_letter(at), failing=failing)
            writer.line("  " + writer.paint(said, f"{BOLD};{RED}"))
    unlike = unlike_settings(results)
    if unlike:
        writer.warn(say("unlike", names=unlike[writer.column]))
    for at, differences in enumerate(compared, 1):
        writer.gap()
        _difference_table(writer, run_letter(at), differences)
    writer.line(writer.paint("  " + say("difference_note"), DIM))


def _difference_table(writer: Writer, letter: str, differences: Sequence[Difference]) -> None:
    say = writer.say
    heads = (say("metric"), "A", letter, f"{letter} - A", say("interval"))
    columns = [
        Column(head, ">" if at else "<", width, DIFFERENCE_DROPPED.get(at, 0))
        for at, (head, width) in enumerate(zip(heads, DIFFERENCE_WIDTHS, strict=True))
    ]
    rows = []
    for each in differences:
        scale = 100 if each.metric == "success_rate" else 1
        base, other, difference, low, high = (
            None if value is None else value * scale
            for value in (each.base, each.other, each.difference, each.low, each.high)
        )
        cells = [f"{say(each.metric)} {each.statistic}".rstrip(), figure(base), figure(other), signed(difference)]
        cells.append("n/a" if low is None else f"{signed(low)} … {signed(high)}")
        word = writer.paint(say(f"word_{each.word}"), WORD_COLORS[each.word])
        rows.append([*cells, " " + word])
    writer.table([*columns, Column(" " + say("difference"), "<")], rows)
