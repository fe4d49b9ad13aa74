"""The verdicts on a run: trust in its figures, thresholds, and comparison with an older run."""

from __future__ import annotations

from functools import partial

from ..goals.thresholds import value_text
from ..records import RunResult
from ..report_parts.findings import findings
from ..report_parts.shape import notable, stream_text
from ..report_parts.verdict import baseline_cells
from ..texts import Texts, clip_middle, display_width, pad, printable
from ..trust import verdict_words, words
from .writer import BOLD, GREEN, RED, TABLE_WIDTH, YELLOW, Writer, in_columns

TEXTS: Texts = {
    "trust": ("Trust", "可信度"),
    "findings": ("What the run shows", "测试发现"),
    "thresholds": ("Thresholds", "阈值"),
    "missed": ("missed", "未达到"),
    "baseline": ("Compared with {file}", "与 {file} 对比"),
    "rule": ("rule", "规则"),
    "old": ("old", "旧"),
    "new": ("new", "新"),
    "worse": ("worse", "变差"),
}


BASELINE_WIDTHS = (24, 9, 9, 10, 19)
RULE_COLUMNS = 36
TICK, CROSS = "✓", "✗"
TRUST_COLORS = {"trusted": GREEN, "degraded": YELLOW, "invalid": RED}


def show_trust(writer: Writer, result: RunResult) -> None:
    """Whether the figures can be trusted, the bounds of their errors, and the reasons for doubts."""
    trust = result.trust
    if trust is None or trust.verdict == "not_measured":
        return
    writer.gap()
    said = verdict_words(trust)[writer.column]
    writer.line(f"{writer.paint(writer.say('trust'), BOLD)}  {writer.paint(said, TRUST_COLORS[trust.verdict])}")
    for reason in trust.reasons:
        writer.line(f"  - {words(reason, writer.lang)}")


def show_findings(writer: Writer, result: RunResult) -> None:
    """What the run shows beside its figures, a line each; nothing when there is nothing."""
    shape = stream_text(result) if notable(result.summary.shape) else None
    texts = [*(each.text for each in findings(result)), *([shape] if shape else [])]
    if texts:
        writer.gap()
        writer.heading("findings")
    for text in texts:
        writer.line(f"  - {text[writer.column]}")


def show(writer: Writer, result: RunResult) -> None:
    """Each rule with its measured value and a tick or a cross; nothing when there are no rules."""
    if result.thresholds:
        writer.gap()
        writer.heading("thresholds")
        width = max(RULE_COLUMNS, *(len(each.rule) for each in result.thresholds))
        for each in result.thresholds:
            note = each.note or ("" if each.ok else writer.say("missed"))
            cells = f"{pad(each.rule, width)} {pad(value_text(each.value), 12, '>')}  {_judged(writer, each.ok, note)}"
            writer.line(f"  {_mark(writer, each.ok)} {cells}".rstrip())
    if result.baseline:
        _baseline_table(writer, result)


def _mark(writer: Writer, ok: bool) -> str:
    return writer.paint(TICK, GREEN) if ok else writer.paint(CROSS, RED)


def _judged(writer: Writer, ok: bool, words: str) -> str:
    return words if ok else writer.paint(words, RED)


def _baseline_table(writer: Writer, result: RunResult) -> None:
    say = writer.say
    widths = (max(BASELINE_WIDTHS[0], *(len(each.rule) for each in result.baseline)), *BASELINE_WIDTHS[1:])
    joined = partial(in_columns, widths=widths, aligns="<>>>>")
    writer.gap()
    room = TABLE_WIDTH - display_width(say("baseline", file=""))
    writer.heading("baseline", file=clip_middle(printable(result.config.baseline or ""), room))
    heads = (say("rule"), say("old"), say("new"), say("difference"), say("interval"))
    writer.bold("    " + joined(heads))
    for each in result.baseline:
        writer.line(f"  {_mark(writer, each.ok)} {joined([each.rule, *baseline_cells(each)])}")
        if note := each.note or ("" if each.ok else say("worse")):
            writer.line(f"      {_judged(writer, each.ok, note)}")
