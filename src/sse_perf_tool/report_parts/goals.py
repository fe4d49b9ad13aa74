"""The goals as a section of the page: thresholds, goodput, and the comparison with an older run."""

from __future__ import annotations

from ..records import Goodput, RunResult
from ..texts import printable
from .messages import message
from .page import code
from .tables import number_cell, table
from .verdict import baseline_cells, baseline_title, goodput_text, measured
from .wording import both, pair


def goals_html(result: RunResult) -> str:
    """A section with each rule and its measured value; nothing when the run had no goal."""
    parts = [_thresholds_table(result), _goodput_html(result.summary.goodput), _baseline_table(result)]
    shown = "".join(parts)
    return f'<section class="card" id="goals">{shown}</section>' if shown else ""


def _goodput_html(goodput: Goodput | None) -> str:
    return f'<p id="goodput">{pair(*goodput_text(goodput))}</p>' if goodput else ""


def _mark(ok: bool, bad: str) -> str:
    kind, key = ("ok", "kept") if ok else ("failed", bad)
    return f'<td class="text"><span class="mark {kind}">{both(key)}</span></td>'


def _thresholds_table(result: RunResult) -> str:
    noted = any(each.note for each in result.thresholds)
    rows = [
        f'<tr><th scope="row">{code(each.rule)}</th>{number_cell(each.value, measured(each.rule, each.value))}'
        f"{_mark(each.ok, 'missed')}{_note_cell(each.note) if noted else ''}</tr>"
        for each in result.thresholds
    ]
    heads = ("threshold", "measured", "judgement", *(("note",) if noted else ()))
    return table(heads, rows, caption=both("thresholds"), table_id="thresholds-table", short=True) if rows else ""


def _note_cell(note: str) -> str:
    return f'<td class="text">{pair(*map(printable, message(note)))}</td>'


def _baseline_table(result: RunResult) -> str:
    rows = []
    for each in result.baseline:
        unit, old, new, difference, interval = baseline_cells(each)
        bad = "not_comparable" if each.old is None or each.new is None else "worse"
        figures = f"{number_cell(each.old, old)}{number_cell(each.new, new)}<td>{difference}</td><td>{interval}</td>"
        rows.append(
            f'<tr><th scope="row">{code(each.rule)}</th><td class="text">{pair(*unit)}</td>{figures}'
            f"{_mark(each.ok, bad)}{_note_cell(each.note)}</tr>"
        )
    if not rows:
        return ""
    heads = ("allowed", "unit", "baseline.old", "baseline.new", "difference", "interval", "judgement", "note")
    caption = pair(*baseline_title(printable(result.config.baseline or "")))
    return table(heads, rows, caption=caption, table_id="baseline-table")
