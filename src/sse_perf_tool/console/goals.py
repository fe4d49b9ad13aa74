"""The verdicts on a run: trust in its figures, thresholds, and comparison with an older run."""

from __future__ import annotations

from ..goals.thresholds import measured_text
from ..records import RunResult
from ..report_parts.findings import findings
from ..report_parts.shape import notable, stream_text
from ..report_parts.verdict import baseline_cells, failing_text
from ..texts import Texts, clip_middle, display_width, pad, printable
from ..trust import verdict_key, verdict_words, words
from .writer import BOLD, GREEN, RED, TABLE_WIDTH, YELLOW, Column, Writer

TEXTS: Texts = {
    "trust": ("Trust", "可信度"),
    "findings": ("What the run shows", "测试发现"),
    "thresholds": ("Thresholds", "阈值"),
    "missed": ("missed", "未达到"),
    "baseline": ("Compared with {file}", "与 {file} 对比"),
    "rule": ("rule", "规则"),
    "unit": ("unit", "单位"),
    "old": ("old", "旧"),
    "new": ("new", "新"),
    "worse": ("worse", "变差"),
}


BASELINE_WIDTHS = (22, 0, 7, 7, 10, 15)
BASELINE_DROPPED = {"interval": 2, "difference": 1}
RULE_COLUMNS = 36
VALUE_ROOM = 26
"""What a value, its mark and "missed" take of a line."""
TICK, CROSS = "✓", "✗"
TRUST_COLORS = {"trusted": GREEN, "usable": GREEN, "degraded": YELLOW, "invalid": RED}


def show_trust(writer: Writer, result: RunResult) -> None:
    """Whether the figures can be trusted, the bounds of their errors, and the reasons for doubts."""
    trust = result.trust
    if trust is None or trust.verdict == "not_measured":
        return
    writer.gap()
    said = verdict_words(result)[writer.column]
    color = TRUST_COLORS[verdict_key(trust)]
    writer.line(f"{writer.paint(writer.say('trust'), BOLD)}  {writer.paint(said, color)}")
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
        width = min(width, max(20, writer.width - VALUE_ROOM))
        for each in result.thresholds:
            note = each.note or ("" if each.ok else writer.say("missed"))
            value = pad(measured_text(each.rule, each.value, writer.lang), 12, ">")
            cells = f"{pad(each.rule, width)} {value}  {_judged(writer, each.ok, note)}"
            writer.line(f"  {_mark(writer, each.ok)} {cells}".rstrip(), hang=4)
    if result.baseline:
        _baseline_table(writer, result)


def _mark(writer: Writer, ok: bool) -> str:
    return writer.paint(TICK, GREEN) if ok else writer.paint(CROSS, RED)


def _judged(writer: Writer, ok: bool, words: str) -> str:
    return words if ok else writer.paint(words, RED)


def _baseline_table(writer: Writer, result: RunResult) -> None:
    say = writer.say
    writer.gap()
    room = TABLE_WIDTH - display_width(say("baseline", file=""))
    writer.heading("baseline", file=clip_middle(printable(result.config.baseline or ""), room))
    if result.fails_more:
        writer.line("  " + writer.paint(failing_text(result.summary)[writer.column], f"{BOLD};{RED}"))
    keys = ("rule", "unit", "old", "new", "difference", "interval")
    columns = [Column(" ", "<", 1)]
    columns += [
        Column(say(key), "<" if key in ("rule", "unit") else ">", width, BASELINE_DROPPED.get(key, 0))
        for key, width in zip(keys, BASELINE_WIDTHS, strict=True)
    ]
    rows = []
    for each in result.baseline:
        unit, *cells = baseline_cells(each)
        rows.append([_mark(writer, each.ok), each.rule, unit[writer.column], *cells])
    writer.table(columns, rows)
    for each in result.baseline:
        if note := each.note or ("" if each.ok else say("worse")):
            writer.line(f"      {each.rule}: {_judged(writer, each.ok, note)}")
