"""What the run is judged by: whether its figures are true, its thresholds, and an older run."""

from __future__ import annotations

from functools import partial

from ..goals.thresholds import value_text
from ..records import RunResult
from ..report_parts.verdict import baseline_cells
from ..texts import Texts, pad, printable
from ..trust import verdict_words, words
from .writer import BOLD, GREEN, RED, YELLOW, Paper, in_columns

TEXTS: Texts = {
    "trust": ("Trust", "可信度"),
    "thresholds": ("Thresholds", "阈值"),
    "missed": ("missed", "未达到"),
    "baseline": ("Against {file}", "与 {file} 对照"),
    "rule": ("rule", "规则"),
    "old": ("old", "旧"),
    "new": ("new", "新"),
    "worse": ("worse", "变差"),
}


BASELINE_WIDTHS = (24, 9, 9, 10, 19)
RULE_COLUMNS = 36
TICK, CROSS = "✓", "✗"
TRUST_COLORS = {"trusted": GREEN, "degraded": YELLOW, "invalid": RED}


def show_trust(paper: Paper, result: RunResult) -> None:
    """Whether the figures are true, how far off they can be at most, and why if that is too much."""
    trust = result.trust
    if trust is None or trust.verdict == "not_measured":
        return
    paper.gap()
    said = verdict_words(trust)[paper.column]
    paper.line(f"{paper.paint(paper.say('trust'), BOLD)}  {paper.paint(said, TRUST_COLORS[trust.verdict])}")
    for reason in trust.reasons:
        paper.line(f"  - {words(reason, paper.lang)}")


def show(paper: Paper, result: RunResult) -> None:
    """Each rule beside what was measured, with a tick or a cross; nothing when there was none."""
    if result.thresholds:
        paper.gap()
        paper.heading("thresholds")
        width = max(RULE_COLUMNS, *(len(each.rule) for each in result.thresholds))
        for each in result.thresholds:
            note = each.note or ("" if each.ok else paper.say("missed"))
            cells = f"{pad(each.rule, width)} {pad(value_text(each.value), 12, '>')}  {_judged(paper, each.ok, note)}"
            paper.line(f"  {_mark(paper, each.ok)} {cells}".rstrip())
    if result.baseline:
        _baseline_table(paper, result)


def _mark(paper: Paper, ok: bool) -> str:
    return paper.paint(TICK, GREEN) if ok else paper.paint(CROSS, RED)


def _judged(paper: Paper, ok: bool, words: str) -> str:
    return words if ok else paper.paint(words, RED)


def _baseline_table(paper: Paper, result: RunResult) -> None:
    say = paper.say
    widths = (max(BASELINE_WIDTHS[0], *(len(each.rule) for each in result.baseline)), *BASELINE_WIDTHS[1:])
    joined = partial(in_columns, widths=widths, aligns="<>>>>")
    paper.gap()
    paper.heading("baseline", file=printable(result.config.baseline or ""))
    heads = (say("rule"), say("old"), say("new"), say("difference"), say("interval"))
    paper.bold("    " + joined(heads))
    for each in result.baseline:
        paper.line(f"  {_mark(paper, each.ok)} {joined([each.rule, *baseline_cells(each)])}")
        if note := each.note or ("" if each.ok else say("worse")):
            paper.line(f"      {_judged(paper, each.ok, note)}")
