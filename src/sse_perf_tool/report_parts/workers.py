"""What each machine did, as a section of the page."""

from __future__ import annotations

from html import escape

from ..records import RunResult, WorkerFacts
from ..records.workers import LOST, clock_uncertainty_ms
from ..texts import printable
from ..trust import TEXTS as TRUST_TEXTS
from .figures import figure
from .tables import number_cell, table
from .wording import both, pair

_HEADS = (
    "worker", "worker.requests", "worker.missing", "worker.requests_per_s", "worker.chunks_per_s", "worker.ttft",
    "worker.cpu", "worker.trust", "worker.offset", "worker.round_trip",
)  # fmt: skip


def workers_html(result: RunResult) -> str:
    """A row a worker; nothing for a run on one machine."""
    if not result.workers:
        return ""
    rows = [_row(each) for each in result.workers]
    made = table(_HEADS, rows, caption=both("workers_each"), table_id="workers-table")
    apart_ms = clock_uncertainty_ms(result.workers)
    notes = [both("workers_note", ms=figure(apart_ms))] if apart_ms is not None else []
    if result.missing_requests:
        notes.append(both("workers_missing", n=f"{result.missing_requests:,}"))
    said = f'<p class="notes">{" ".join(notes)}</p>' if notes else ""
    return f'<section class="card" id="workers"><h2>{both("workers")}</h2>{made}{said}</section>'


def _mark(key: str, grade: str) -> str:
    return f' <small class="{grade}">{both(key)}</small>'


def _row(each: WorkerFacts) -> str:
    marks = _mark(f"worker.{each.lost if each.lost in LOST else 'lost'}", "bad") if each.lost else ""
    if each.slow:
        marks += _mark("worker.slow", "fair")
    name = f'<th scope="row" data-v="{each.number}">{each.number} {escape(printable(each.name, 64))}{marks}</th>'
    note = "" if each.clock_uncertainty_ms is None else f"± {figure(each.clock_uncertainty_ms)}"
    verdict = each.trust if each.trust in TRUST_TEXTS else "not_measured"
    cells = [
        number_cell(each.requests, f"{each.requests:,}"),
        number_cell(each.missing, f"{each.missing:,}"),
        number_cell(each.requests_per_s),
        number_cell(each.chunks_per_s),
        number_cell(each.ttft_p50_ms),
        number_cell(each.cpu_share, None if each.cpu_share is None else f"{100 * each.cpu_share:.0f} %"),
        f'<td class="text">{pair(*TRUST_TEXTS[verdict])}</td>',
        number_cell(each.clock_offset_ms, note=note),
        number_cell(each.round_trip_ms),
    ]
    return f"<tr>{name}{''.join(cells)}</tr>"
